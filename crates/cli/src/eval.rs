//! `scieve eval`: prints the records that filters match.

use crate::exit::{CliError, ExitStatus};
use crate::input::{Filters, Input, InputFilter, Item};
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::records::{Counts, Records, Selection};
use crate::report;
use scieve::{Diagnostics, Plan, Policy, StoredValues};
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
        let eval = Evaluation { records, count: self.count, json: self.json };
        let mut input = self.filters.open(policy.limits().bytes)?;
        let mut status = ExitStatus::Success;
        loop {
            let batch = read_batch(&mut input, &policy)?;
            if batch.is_empty() {
                return Ok(status);
            }
            if batch.iter().any(|(_, result)| result.is_err()) {
                status = ExitStatus::FilterErrors;
            }
            eval.run(&batch, output)?;
            output.flush()?;
        }
    }
}

/// A filter with its plan or errors.
type CheckedFilter = (InputFilter, Result<Plan<Value>, Diagnostics>);

/// Maximum number of filters that are evaluated together.
const MAX_BATCH: usize = 4_096;

/// Reads filters until the next one may block, as a program that sends one filter at a time waits
/// for the result of each.
fn read_batch(input: &mut Input, policy: &Policy<Value>) -> Result<Vec<CheckedFilter>, CliError> {
    let mut batch = Vec::new();
    while let Some(filter) = input.next()? {
        let plan = filter.text.as_deref().map_err(Clone::clone).and_then(|text| policy.parse(text));
        batch.push((filter, plan));
        if batch.len() == MAX_BATCH || input.may_block() {
            break;
        }
    }
    Ok(batch)
}

struct Evaluation {
    records: Records,
    count: bool,
    json: bool,
}

impl Evaluation {
    fn run(&self, batch: &[CheckedFilter], output: &mut Output) -> Result<(), CliError> {
        let plans: Vec<&Plan<Value>> =
            batch.iter().filter_map(|(_, plan)| plan.as_ref().ok()).collect();
        // One filter needs no more than one pass over the records.
        let mut selections = match plans.len() {
            0 | 1 => Vec::new(),
            _ => {
                let mut report = |done, size| output.progress(done, size);
                let selections = self.records.select(&plans, self.count, &mut report)?;
                output.end_progress();
                selections
            }
        }
        .into_iter();
        for (filter, plan) in batch {
            match plan {
                Err(diagnostics) => report::errors(output, self.json, filter, diagnostics)?,
                Ok(plan) => {
                    let text = filter.text.as_deref().unwrap_or_default();
                    if !self.json {
                        let item = Item { text, input: filter };
                        report::warnings(output, item, plan.warnings())?;
                    }
                    self.print(output, text, plan, selections.next())?;
                }
            }
        }
        Ok(())
    }

    fn print(
        &self,
        output: &mut Output,
        filter: &str,
        plan: &Plan<Value>,
        selection: Option<Selection>,
    ) -> Result<(), CliError> {
        if !self.json {
            let counts = self
                .for_each(plan, selection, output, |output, lines| output.line(lines.trim_end()))?;
            if self.count {
                output.line(&counts.matched.to_string())?;
            }
            return output.note(&format!("{} of {} records match", counts.matched, counts.total));
        }
        let mut found = Vec::new();
        let Counts { matched, total } = self.for_each(plan, selection, output, |_, lines| {
            // Cannot fail: the records were parsed as JSON before.
            let record = |line: &str| RawValue::from_string(line.to_owned()).ok();
            found.extend(lines.lines().filter_map(record));
            Ok(())
        })?;
        output.json(&Matched { filter, matched, total, records: (!self.count).then_some(found) })
    }

    /// Passes the records that match to `found`, one per line.
    fn for_each(
        &self,
        plan: &Plan<Value>,
        selection: Option<Selection>,
        output: &mut Output,
        mut found: impl FnMut(&mut Output, &str) -> Result<(), CliError>,
    ) -> Result<Counts, CliError> {
        match selection {
            None => {
                let output = std::cell::RefCell::new(output);
                let counts = self.records.matching(
                    plan,
                    self.count,
                    |lines| {
                        output.borrow_mut().end_progress();
                        found(&mut output.borrow_mut(), lines)
                    },
                    &mut |done, size| output.borrow_mut().progress(done, size),
                );
                output.borrow_mut().end_progress();
                counts
            }
            Some(selection) => {
                if !self.count {
                    self.records.selected(&selection, plan, |lines| found(output, lines))?;
                }
                Ok(selection.counts)
            }
        }
    }
}
