//! `scieve fmt`: filters in their canonical text.

use super::exit::{Stop, Verdict};
use super::input::Filters;
use super::output::Output;
use super::policy::Choice;
use super::report;
use serde::Serialize;

/// Prints filters in their canonical text, with the fewest parentheses
#[derive(clap::Args)]
#[command(mut_arg("policy", |policy| policy.default_value("none")), after_help = "\
Example:
  scieve fmt '((name EQ \"Bob\")  OR (status eq \"active\"))'

With --json, one object a line: {filter, canonical}; of a filter with errors {filter, ok: false, diagnostics}, as `check` has it.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input.")]
pub(super) struct Fmt {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    choice: Choice,
    /// Writes one JSON object a line to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Formatted<'a> {
    filter: &'a str,
    canonical: &'a str,
}

impl Fmt {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        let rules = self.choice.rules()?;
        let mut input = self.filters.open(rules.limits().bytes)?;
        let mut verdict = Verdict::Fine;
        while let Some(given) = input.next()? {
            match rules.read(&given.text) {
                Ok((filter, plan)) => {
                    let canonical = filter.to_string();
                    if self.json {
                        output.json(&Formatted { filter: &given.text, canonical: &canonical })?;
                    } else {
                        report::remarks(
                            output,
                            &given,
                            plan.as_ref().map_or(filter.warnings(), |plan| plan.warnings()),
                        )?;
                        output.line(&canonical)?;
                    }
                }
                Err(findings) => {
                    verdict = Verdict::Refused;
                    report::refused(output, self.json, &given, &findings)?;
                }
            }
            if input.waits() {
                output.flush()?;
            }
        }
        Ok(verdict)
    }
}
