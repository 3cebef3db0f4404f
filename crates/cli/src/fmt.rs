//! `scieve fmt`: prints filters in canonical form.

use crate::batch;
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::PolicyArgs;
use serde::Serialize;

/// Print filters in canonical form, without redundant parentheses
#[derive(clap::Args)]
#[command(mut_arg("policy", |policy| policy.default_value("none")), after_help = "\
Example:
  scieve fmt '((name EQ \"Bob\")  OR (status eq \"active\"))'

With `--json`, each line of the output is an object: {filter, canonical}, or \
{filter, ok: false, diagnostics} for a filter with errors, as in `scieve check --json`.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Fmt {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Print nothing but the filters that are not in canonical form, and exit with status 1 if there
    /// are any
    #[arg(long, conflicts_with = "json")]
    check: bool,
    /// Print one JSON object per filter
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Formatted<'a> {
    filter: &'a str,
    canonical: &'a str,
}

impl Fmt {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let Self { filters, policy, check, json } = self;
        let mut differs = false;
        let checker = policy.checker()?;
        let parse = |text: &str| checker.check(text);
        let max_bytes = checker.limits().bytes;
        let status =
            batch::for_each(filters, max_bytes, json, output, parse, |output, filter, valid| {
                let canonical = valid.value.to_string();
                if check {
                    if canonical == filter.text {
                        return Ok(());
                    }
                    differs = true;
                    let place = filter.input.location.as_ref().map(|place| format!("{place}: "));
                    return output.line(&format!("{}{canonical}", place.unwrap_or_default()));
                }
                match json {
                    true => output.json(&Formatted { filter: filter.text, canonical: &canonical }),
                    false => output.line(&canonical),
                }
            })?;
        Ok(if differs { ExitStatus::FilterErrors } else { status })
    }
}
