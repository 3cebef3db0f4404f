//! `scieve explain`: prints the plans of filters as outlines.

use crate::batch;
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::PolicyArgs;
use serde::Serialize;

/// Print the plan of each filter as an outline
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve explain '(name eq \"Bob\" or name eq \"Alice\") and status eq \"active\"'

With `--json`, each line of the output is an object: {filter, plan}, or \
{filter, ok: false, diagnostics} for a filter with errors, as in `scieve check --json`.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Explain {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Compare strings case-sensitively; requires `--policy none`
    #[arg(long)]
    case_exact: bool,
    /// Print one JSON object per filter
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explained<'a> {
    filter: &'a str,
    plan: &'a str,
}

impl Explain {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let policy = self.policy.policy(self.case_exact)?;
        let mut separator = "";
        batch::for_each_plan(self.filters, &policy, self.json, output, |output, filter, plan| {
            let outline = plan.explain();
            if self.json {
                return output.json(&Explained { filter, plan: &outline });
            }
            output.line(&format!("{separator}{outline}"))?;
            separator = "\n";
            Ok(())
        })
    }
}
