//! `scieve check`: reports the errors and warnings of filters.

use crate::batch::{self, Valid};
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::{Checker, PolicyArgs};
use crate::report::{self, Report};
use scieve::{Diagnostics, PatchPath};

/// Check filters and report every error with its location
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve check 'name eq \"Bob\" and nmae co \"b\"'

With `--json`, each line of the output is an object:
  {filter, ok, canonical?, diagnostics: [{code, severity, message, help?, file?, line, column, \
endLine, endColumn, start, end, expected?, related?, fixes: [{safety, message, \
edits: [{start, end, text}], result}]}]}
Offsets are in bytes, columns in characters. With `--policy none`, only the grammar is checked.
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
    /// Print nothing for filters without errors and warnings
    #[arg(long, short)]
    quiet: bool,
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
        let Self { filters, policy, kind, json, quiet } = self;
        let checker = policy.checker()?;
        let parse = |text: &str| canonical(&checker, kind, text);
        let max_bytes = checker.limits().bytes;
        batch::for_each(filters, max_bytes, json, output, parse, |output, filter, valid| {
            if quiet && (!json || valid.warnings.is_empty()) {
                return Ok(());
            }
            if json {
                return output.json(&Report {
                    filter: filter.text,
                    ok: true,
                    canonical: Some(&valid.value),
                    diagnostics: report::located(&valid.warnings, filter.text, filter.input),
                });
            }
            match &filter.input.location {
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
