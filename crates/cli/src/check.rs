//! `scieve check`: reports the errors and warnings of filters, and fixes them.

use crate::checks::{Checked, Checks, Kind, LintArgs};
use crate::exit::{CliError, ExitStatus};
use crate::format::{Findings, Format};
use crate::input::{Filters, InputFilter};
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::report::{self, Report};
use crate::rewrite::Changes;
use scieve::{Code, Safety, Severity};
use std::collections::BTreeMap;

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
In files of filters, `# scieve: allow(RULES)` suppresses rules for the next filter and \
`# scieve: allow-file(RULES)` for all below. Options can be set in `scieve.toml`, which is searched \
from the current folder upwards.
Exit status: 0 success, 1 a filter has errors, a denied rule has findings, there are too many \
warnings or `--diff` shows changes, 2 wrong usage or unreadable input")]
pub(crate) struct Check {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Kind of input; only the grammar of PATCH paths is checked, whatever the policy
    #[arg(long, value_enum, default_value = "filter")]
    kind: Kind,
    /// Find the filters in other text: `filter=` in URLs and the key `filter` in JSON, YAML, TOML and
    /// HTTP files
    #[arg(long, conflicts_with = "kind")]
    extract: bool,
    /// Print one JSON object per filter; the same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How findings are printed
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "full",
        hide_default_value = true
    )]
    format: Format,
    /// Print nothing for filters without errors and warnings
    #[arg(long, short)]
    quiet: bool,
    /// Print the number of findings of each rule at the end
    #[arg(long)]
    statistics: bool,
    #[command(flatten)]
    lint: LintArgs,
    /// Exit with status 1 if there are more warnings
    #[arg(long, value_name = "NUMBER")]
    max_warnings: Option<usize>,
    /// Print each filter with its safe fixes applied, and report what is left
    #[arg(long, conflicts_with_all = ["json", "format", "kind"])]
    fix: bool,
    /// Include fixes that can change the meaning in the member `fixed` and in `--fix`
    #[arg(long)]
    unsafe_fixes: bool,
    /// Print the changes of `--fix` as a diff, and exit with status 1 if there are any
    #[arg(long, conflicts_with_all = ["fix", "json", "format", "kind"])]
    diff: bool,
    /// Rewrite the files with the fixes, after copying each to its name with a suffix
    #[arg(
        long,
        value_name = "SUFFIX",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ".bak",
        conflicts_with_all = ["diff", "fix", "json", "format", "kind"]
    )]
    in_place: Option<String>,
}

/// Numbers of findings.
#[derive(Default)]
struct Counts {
    is_denied: bool,
    warnings: usize,
    codes: BTreeMap<Code, usize>,
}

impl Check {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let max = if self.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
        let checks = Checks::new(self.policy.checker()?, &self.lint, max)?;
        let format = if self.json { Format::Json } else { self.format };
        let is_fixing = self.fix || self.diff || self.in_place.is_some();
        if format == Format::Full && self.quiet {
            output.allow_progress();
        }
        let mut findings = Findings::new(format);
        let mut changes = Changes::default();
        let mut counts = Counts::default();
        let mut arguments = 0;
        let mut input = self.filters.open_with(checks.limits().bytes, self.extract)?;
        while let Some(mut filter) = input.next()? {
            let (done, size) = input.progress();
            output.progress(done, size);
            if filter.location.is_none() {
                arguments += 1;
            }
            let mut checked = checks.check_kind(&filter, self.kind);
            if is_fixing && let Some(fixed) = checks.converge(&filter, &checked) {
                let (file, line) = filter.origin().unwrap_or(("argument", arguments));
                let before = filter.line();
                changes.add(file, line, before, filter.line_with(&fixed));
                if !self.diff {
                    filter = filter.replaced(fixed);
                    checked = checks.check_kind(&filter, self.kind);
                }
            }
            counts.add(&checked, &checks);
            if self.fix
                && let Ok(text) = &filter.text
            {
                output.line(text)?;
            }
            let is_clean = checked.diagnostics.is_empty() && checked.canonical.is_some();
            let is_quiet = self.quiet || is_fixing;
            if !(is_quiet && is_clean && format != Format::Junit || self.diff) {
                if !is_clean {
                    output.end_progress();
                }
                match format {
                    Format::Full => print(output, &filter, &checked, is_quiet)?,
                    Format::Json => print_json(output, &filter, &checked)?,
                    _ => {
                        let (file, line) = filter.origin().unwrap_or(("argument", arguments));
                        let source = checked.diagnostics.source_text();
                        let found = checked.diagnostics.iter();
                        let found = found.map(|one| filter.in_line(one, source));
                        findings.add(file, line, found, output)?;
                    }
                }
            }
            // A program that sends one filter at a time waits for the result of each.
            if input.may_block() {
                output.flush()?;
            }
        }
        output.end_progress();
        findings.finish(output)?;
        if self.diff {
            changes.print(output)?;
            return Ok(match changes.is_empty() {
                true => ExitStatus::Success,
                false => ExitStatus::FilterErrors,
            });
        }
        if let Some(suffix) = &self.in_place {
            changes.write(suffix)?;
        }
        if self.statistics {
            for (code, count) in &counts.codes {
                output.note(&format!("{count:>6} {code}"))?;
            }
        }
        let has_many = self.max_warnings.is_some_and(|max| counts.warnings > max);
        Ok(match counts.is_denied || has_many {
            true => ExitStatus::FilterErrors,
            false => ExitStatus::Success,
        })
    }
}

impl Counts {
    fn add(&mut self, checked: &Checked, checks: &Checks) {
        self.is_denied |= checked.canonical.is_none();
        for one in &checked.diagnostics {
            self.is_denied |= checks.is_denied(one);
            self.warnings += usize::from(one.severity() == Severity::Warning);
            *self.codes.entry(one.code()).or_default() += 1;
        }
    }
}

fn print_json(
    output: &mut Output,
    filter: &InputFilter,
    Checked { diagnostics, canonical, fixed }: &Checked,
) -> Result<(), CliError> {
    // The beginning of the filter if it is too long.
    let source = diagnostics.source_text();
    output.json(&Report {
        filter: source,
        ok: canonical.is_some(),
        canonical: canonical.as_deref(),
        fixed: fixed.as_deref(),
        diagnostics: report::located(diagnostics, source, filter)?,
    })
}

fn print(
    output: &mut Output,
    filter: &InputFilter,
    Checked { diagnostics, canonical, .. }: &Checked,
    quiet: bool,
) -> Result<(), CliError> {
    let renderer = filter.renderer();
    for one in diagnostics {
        let (one, source) = filter.in_line(one, diagnostics.source_text());
        output.diagnostic(&one, &source, &renderer)?;
    }
    match canonical {
        Some(canonical) if !quiet => {
            let place = filter.location.as_ref().map(|place| format!("{place}: "));
            output.note(&format!("{}ok: {canonical}", place.unwrap_or_default()))
        }
        _ => Ok(()),
    }
}
