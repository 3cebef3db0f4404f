//! `scieve eval`: prints the records that filters match.

use crate::batch;
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::records::{InputRecord, Records};
use scieve::{Plan, StoredValues};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::PathBuf;

/// Print the records that match each filter
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve eval --records examples/users.json 'name co \"ann\" and status eq \"active\"'

Each matching record is printed on one line, with its members unchanged. With `--json`, each line \
of the output is an object:
  {filter, matched, total, records: [..]}, or {filter, ok: false, diagnostics} for a filter with \
errors, as in `scieve check --json`
With `--policy none`, attributes are the members of the JSON objects.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Eval {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Records to search: a .json file with an array of objects, or a .jsonl file with one object
    /// per line
    #[arg(long, value_name = "FILE")]
    records: PathBuf,
    /// Print the number of matching records instead of the records
    #[arg(long)]
    count: bool,
    /// Compare strings case-sensitively; requires `--policy none`
    #[arg(long)]
    case_exact: bool,
    /// Stored values of another type than their attribute's: `typed`, present and equal to
    /// nothing, or `coerced`: common wrong forms such as the string `"True"` are read as what they
    /// mean [default: the policy's]
    #[arg(long, value_name = "READING", hide_possible_values = true)]
    values: Option<Values>,
    /// Print one JSON object per filter
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Values {
    Typed,
    Coerced,
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
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let policy = self.policy.policy(self.case_exact)?;
        let policy = match self.values {
            Some(Values::Typed) => policy.with_stored_values(StoredValues::Typed),
            Some(Values::Coerced) => policy.with_stored_values(StoredValues::Coerced),
            None => policy,
        };
        let records = Records::open(&self.records, self.policy.is("users"))?;
        let (json, count) = (self.json, self.count);
        batch::for_each_plan(self.filters, &policy, json, output, |output, filter, plan| match json
        {
            true => print_json(output, filter, plan, &records, count),
            false => print_lines(output, plan, &records, count),
        })
    }
}

fn print_json(
    output: &mut Output,
    filter: &str,
    plan: &Plan<Value>,
    records: &Records,
    count: bool,
) -> Result<(), CliError> {
    let (mut matched, mut found) = (0, Vec::new());
    let total = for_each_match(plan, records, |record| {
        matched += 1;
        if !count {
            // Cannot fail: the record was parsed as JSON before.
            found.extend(RawValue::from_string(record.json.clone()).ok());
        }
        Ok(())
    })?;
    output.json(&Matched { filter, matched, total, records: (!count).then_some(found) })
}

fn print_lines(
    output: &mut Output,
    plan: &Plan<Value>,
    records: &Records,
    count: bool,
) -> Result<(), CliError> {
    let mut matched = 0_u64;
    let total = for_each_match(plan, records, |record| {
        matched += 1;
        if count { Ok(()) } else { output.line(&record.json) }
    })?;
    if count {
        output.line(&matched.to_string())?;
    }
    output.note(&format!("{matched} of {total} records match"))
}

/// Passes each record that matches to `process`; returns the number of all records.
fn for_each_match(
    plan: &Plan<Value>,
    records: &Records,
    mut process: impl FnMut(&InputRecord) -> Result<(), CliError>,
) -> Result<u64, CliError> {
    records.for_each(|record| if plan.matches(&record.value) { process(record) } else { Ok(()) })
}
