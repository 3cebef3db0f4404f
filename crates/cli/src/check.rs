//! `scieve check`: reports the errors and warnings of filters.

use crate::exit::{CliError, ExitStatus};
use crate::input::{Filters, InputFilter};
use crate::output::Output;
use crate::policy::{Checker, PolicyArgs};
use crate::report::{self, Report};
use crate::rules::{RuleArgs, Rules};
use scieve::{Diagnostics, PatchPath, Safety};

/// Check filters and report every error with its location
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve check 'name eq \"Bob\" and nmae co \"b\"'

With `--json`, each line of the output is an object:
  {filter, ok, canonical?, fixed?, diagnostics: [{code, severity, message, help?, file?, line, column, \
endLine, endColumn, start, end, expected?, related?, fixes: [{safety, message, \
edits: [{start, end, text}], result}]}]}
Offsets are in bytes, columns in characters. `fixed` is the filter with all safe fixes applied, with \
`--unsafe-fixes` all fixes, if that makes it valid. With `--policy none`, only the grammar is checked.
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
    #[command(flatten)]
    rules: RuleArgs,
    /// Include fixes that can change the meaning in the member `fixed`
    #[arg(long)]
    unsafe_fixes: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// A filter (RFC 7644 section 3.4.2.2)
    Filter,
    /// The path of a PATCH operation (RFC 7644 section 3.5.2)
    Path,
}

/// The result of checking one input.
struct Checked {
    diagnostics: Diagnostics,
    /// The canonical form of a valid input.
    canonical: Option<String>,
    /// The input with all fixes applied, if that makes it valid.
    fixed: Option<String>,
}

impl Check {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let checker = self.policy.checker()?;
        let rules = self.rules.rules()?;
        let max = if self.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
        let mut status = ExitStatus::Success;
        let mut input = self.filters.open(checker.limits().bytes)?;
        while let Some(filter) = input.next()? {
            let checked = match &filter.text {
                Ok(text) => check(&checker, self.kind, text, &rules, max),
                Err(error) => Checked { diagnostics: error.clone(), canonical: None, fixed: None },
            };
            if checked.canonical.is_none() {
                status = ExitStatus::FilterErrors;
            }
            let is_clean = checked.diagnostics.is_empty() && checked.canonical.is_some();
            if !(self.quiet && is_clean) {
                report(output, &filter, &checked, self.json, self.quiet)?;
            }
            // A program that sends one filter at a time waits for the result of each.
            if input.may_block() {
                output.flush()?;
            }
        }
        Ok(status)
    }
}

fn check(checker: &Checker, kind: Kind, text: &str, rules: &Rules, max: Safety) -> Checked {
    match kind {
        Kind::Filter => {
            let diagnostics = checker.diagnose(text).filtered(|found| rules.include(found));
            let canonical = checker.check(text).ok().map(|valid| valid.value.to_string());
            let fixed = diagnostics
                .fixed(max)
                .filter(|fixed| fixed != text && checker.check(fixed).is_ok());
            Checked { diagnostics, canonical, fixed }
        }
        Kind::Path => match PatchPath::parse_with(text, &checker.syntax(), &checker.limits()) {
            Ok(path) => Checked {
                diagnostics: path.diagnostics(),
                canonical: Some(path.to_string()),
                fixed: None,
            },
            Err(diagnostics) => Checked { diagnostics, canonical: None, fixed: None },
        },
    }
}

fn report(
    output: &mut Output,
    filter: &InputFilter,
    checked: &Checked,
    json: bool,
    quiet: bool,
) -> Result<(), CliError> {
    let Checked { diagnostics, canonical, fixed } = checked;
    // The beginning of the filter if it is too long.
    let source = diagnostics.source_text();
    if json {
        return output.json(&Report {
            filter: source,
            ok: canonical.is_some(),
            canonical: canonical.as_deref(),
            fixed: fixed.as_deref(),
            diagnostics: report::located(diagnostics, source, filter),
        });
    }
    let renderer = filter.renderer();
    diagnostics.iter().try_for_each(|one| output.diagnostic(one, source, &renderer))?;
    match canonical {
        Some(canonical) if !quiet => {
            let place = filter.location.as_ref().map(|place| format!("{place}: "));
            output.note(&format!("{}ok: {canonical}", place.unwrap_or_default()))
        }
        _ => Ok(()),
    }
}
