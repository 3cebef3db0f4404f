//! `scieve explain`: what filters mean, as outlines.

use super::exit::{Stop, Verdict};
use super::input::Filters;
use super::output::Output;
use super::plans;
use super::policy::Choice;
use serde::Serialize;

/// Shows the plan of a filter as an outline: what is asked of which attribute
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve explain '(name eq \"Bob\" or name eq \"Alice\") and status eq \"active\"'

With --json, one object a line: {filter, plan}; of a filter with errors {filter, ok: false, diagnostics}, as `check` has it.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input.")]
pub(super) struct Explain {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    choice: Choice,
    /// With `--policy none`: texts compare exactly, not without regard to case
    #[arg(long)]
    case_exact: bool,
    /// Writes one JSON object a line to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explained<'a> {
    filter: &'a str,
    plan: &'a str,
}

impl Explain {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        let policy = self.choice.policy(self.case_exact)?;
        let mut first = true;
        plans::each(self.filters, &policy, self.json, output, |output, filter, plan| {
            let outline = plan.explain();
            if self.json {
                return output.json(&Explained { filter, plan: &outline });
            }
            let blank = if std::mem::take(&mut first) { "" } else { "\n" };
            output.line(&format!("{blank}{outline}"))
        })
    }
}
