//! `scieve check`: reports the errors and warnings of filters.

use crate::batch::{self, Valid};
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::{Checker, PolicyArgs};
use crate::report::Report;
use scieve::{Diagnostics, PatchPath};

/// Check filters and report every error with its location
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve check 'name eq \"Bob\" and nmae co \"b\"'

With `--json`, each line of the output is an object:
  {filter, ok, canonical?, diagnostics: [{code, severity, message, help?, start, end, \
replacement?: {start, end, text}}]}
Offsets are in bytes. With `--policy none`, only the grammar is checked.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Check {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Kind of input; only the grammar of PATCH paths is checked, whatever the policy
    #[arg(long, value_enum, default_value = "filter")]
    kind: Kind,
    /// Print one JSON object per filter
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// A filter (RFC 7644 section 3.4.2.2)
    Filter,
    /// The path of a PATCH operation (RFC 7644 section 3.5.2)
    Path,
}

impl Check {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let Self { filters, policy, kind, json } = self;
        let checker = policy.checker()?;
        let parse = |text: &str| canonical(&checker, kind, text);
        let max_bytes = checker.limits().bytes;
        batch::for_each(filters, max_bytes, json, output, parse, |output, filter, valid| {
            if json {
                return output.json(&Report {
                    filter: &filter.text,
                    ok: true,
                    canonical: Some(&valid.value),
                    diagnostics: valid.warnings.iter().collect(),
                });
            }
            match &filter.location {
                Some(location) => output.note(&format!("{location}: ok: {}", valid.value)),
                None => output.note(&format!("ok: {}", valid.value)),
            }
        })
    }
}

/// Checks a filter or path and returns its canonical form.
fn canonical(checker: &Checker, kind: Kind, text: &str) -> Result<Valid<String>, Diagnostics> {
    match kind {
        Kind::Filter => {
            let Valid { value, warnings } = checker.check(text)?;
            Ok(Valid { value: value.to_string(), warnings })
        }
        Kind::Path => {
            let path = PatchPath::parse_with(text, &checker.syntax(), &checker.limits())?;
            Ok(Valid { value: path.to_string(), warnings: path.warnings().to_vec() })
        }
    }
}
