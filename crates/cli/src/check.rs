//! `scieve check`: whether filters are legal, and what is wrong with those that are not.

use super::exit::{Stop, Verdict};
use super::input::{Filters, Given};
use super::output::Output;
use super::policy::{Choice, Rules};
use super::report::{self, Finding};
use scieve::{Diagnostic, Diagnostics, PatchPath};

/// Checks filters: every error of each, with its place and what would be right
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve check 'name eq \"Bob\" and nmae co \"b\"'

With --json, one object a line on standard output:
  {filter, ok, canonical?, diagnostics: [{code, severity, message, help?, start, end, replacement?: {start, end, text}}]}
Offsets are in bytes. With `--policy none` the grammar alone is checked.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input.")]
pub(super) struct Check {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    choice: Choice,
    /// What the texts are; of a PATCH path the grammar alone is checked, whatever the policy
    #[arg(long, value_enum, default_value = "filter")]
    kind: Kind,
    /// Writes one JSON object a line to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Kind {
    /// A filter (RFC 7644 section 3.4.2.2)
    Filter,
    /// The path of a PATCH operation (RFC 7644 section 3.5.2)
    Path,
}

/// A legal text.
struct Legal {
    canonical: String,
    warnings: Vec<Diagnostic>,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        let rules = self.choice.rules()?;
        let mut input = self.filters.open(rules.limits().bytes)?;
        let mut verdict = Verdict::Fine;
        while let Some(given) = input.next()? {
            match read(&rules, self.kind, &given.text) {
                Ok(legal) => accepted(output, self.json, &given, &legal)?,
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

fn read(rules: &Rules, kind: Kind, text: &str) -> Result<Legal, Diagnostics> {
    if kind == Kind::Path {
        let path = PatchPath::parse_with(text, &rules.syntax(), &rules.limits())?;
        return Ok(Legal { canonical: path.to_string(), warnings: path.warnings().to_vec() });
    }
    let (filter, plan) = rules.read(text)?;
    let warnings = plan.as_ref().map_or(filter.warnings(), |plan| plan.warnings()).to_vec();
    Ok(Legal { canonical: filter.to_string(), warnings })
}

fn accepted(output: &mut Output, json: bool, given: &Given, legal: &Legal) -> Result<(), Stop> {
    let Legal { canonical, warnings } = legal;
    if json {
        let diagnostics = warnings.iter().collect();
        return output.json(&Finding {
            filter: &given.text,
            ok: true,
            canonical: Some(canonical),
            diagnostics,
        });
    }
    report::remarks(output, given, warnings)?;
    output.note(given.place.as_deref(), &format!("ok: {canonical}"))
}
