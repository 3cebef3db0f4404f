//! `scieve eval`: the records that filters match.

use super::exit::{Stop, Verdict};
use super::input::Filters;
use super::output::Output;
use super::plans;
use super::policy::Choice;
use super::records::{Record, Records};
use scieve::Plan;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::PathBuf;

/// Prints the records of a file that filters match
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve eval --records examples/users.json 'name co \"ann\" and status eq \"active\"'

Records are printed as they are in the file, one a line. With --json, one object a line for each filter:
  {filter, matched, total, records: [..]}; of a filter with errors {filter, ok: false, diagnostics}, as `check` has it
With `--policy none` attributes are looked up in the JSON as they are.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input.")]
pub(super) struct Eval {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    choice: Choice,
    /// The records: a .json file that is an array of objects, or a .jsonl file with an object a line
    #[arg(long, value_name = "FILE")]
    records: PathBuf,
    /// Says how many records match, not which
    #[arg(long)]
    count: bool,
    /// With `--policy none`: texts compare exactly, not without regard to case
    #[arg(long)]
    case_exact: bool,
    /// Writes one JSON object a line to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Matched<'a> {
    filter: &'a str,
    matched: u64,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Vec<Box<RawValue>>>,
}

impl Eval {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        let policy = self.choice.policy(self.case_exact)?;
        let records = Records::open(&self.records, self.choice.is("users"))?;
        let (json, count) = (self.json, self.count);
        plans::each(self.filters, &policy, json, output, |output, filter, plan| match json {
            true => as_json(output, filter, plan, &records, count),
            false => as_lines(output, plan, &records, count),
        })
    }
}

fn as_json(
    output: &mut Output,
    filter: &str,
    plan: &Plan<Value>,
    records: &Records,
    count: bool,
) -> Result<(), Stop> {
    let (mut matched, mut found) = (0, Vec::new());
    let total = matching(plan, records, |record| {
        matched += 1;
        if !count {
            // It was read as JSON before.
            found.extend(RawValue::from_string(record.text.clone()).ok());
        }
        Ok(())
    })?;
    output.json(&Matched { filter, matched, total, records: (!count).then_some(found) })
}

fn as_lines(
    output: &mut Output,
    plan: &Plan<Value>,
    records: &Records,
    count: bool,
) -> Result<(), Stop> {
    let mut matched = 0_u64;
    let total = matching(plan, records, |record| {
        matched += 1;
        if count { Ok(()) } else { output.line(&record.text) }
    })?;
    if count {
        output.line(&matched.to_string())?;
    }
    output.note(None, &format!("{matched} of {total} records match"))
}

/// Hands over the records that match; answers how many there are in all.
fn matching(
    plan: &Plan<Value>,
    records: &Records,
    mut take: impl FnMut(&Record) -> Result<(), Stop>,
) -> Result<u64, Stop> {
    records.each(|record| if plan.matches(&record.value) { take(record) } else { Ok(()) })
}
