//! `scieve explain`: prints the plans of filters as outlines.

use crate::batch;
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::records::Records;
use scieve::MatchExplanation;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Print the plan of each filter as an outline
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve explain '(name eq \"Bob\" or name eq \"Alice\") and status eq \"active\"'

  scieve explain --record examples/users.json --id u1 'name eq \"Bob\"'

With `--record` and `--id`, each line of the outline starts with `yes` or `no` and ends with the \
values of the record.
With `--json`, each line of the output is an object: {filter, plan, id?, explanation?: {matched, \
condition, values?, parts?}}, or {filter, ok: false, diagnostics} for a filter with errors, as in `scieve check --json`.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Explain {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Compare strings case-sensitively; requires `--policy none`
    #[arg(long)]
    case_exact: bool,
    /// Explain which conditions are true of a record of this file: a .json file with an array of
    /// objects, or a .jsonl file with one object per line
    #[arg(long, value_name = "FILE", requires = "id")]
    record: Option<PathBuf>,
    /// The member `id` of the record
    #[arg(long, requires = "record")]
    id: Option<String>,
    /// Print one JSON object per filter
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explained<'a> {
    filter: &'a str,
    plan: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    of_record: Option<OfRecord<'a>>,
}

/// The result for one record.
#[derive(Serialize)]
struct OfRecord<'a> {
    id: &'a str,
    explanation: MatchExplanation,
}

impl Explain {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let policy = self.policy.policy(self.case_exact)?;
        let record = match (&self.record, &self.id) {
            (Some(path), Some(id)) => Some(find(path, id, self.policy.is("users"))?),
            _ => None,
        };
        let mut separator = "";
        batch::for_each_plan(self.filters, &policy, self.json, output, |output, filter, plan| {
            let outline = plan.explain();
            let explanation = record.as_ref().map(|record| plan.explain_match(record));
            if self.json {
                let id = self.id.as_deref().unwrap_or_default();
                let of_record = explanation.map(|explanation| OfRecord { id, explanation });
                return output.json(&Explained { filter, plan: &outline, of_record });
            }
            let outline = explanation.map_or(outline, |explanation| explanation.to_string());
            output.line(&format!("{separator}{outline}"))?;
            separator = "\n";
            Ok(())
        })
    }
}

/// Returns the first record with an id, which can be a number.
fn find(path: &Path, id: &str, derive_group_roles: bool) -> Result<Value, CliError> {
    let mut found = None;
    Records::open(path, derive_group_roles)?.for_each(|record| {
        let is_found = match record.value.get("id") {
            Some(Value::String(text)) => text == id,
            Some(Value::Number(number)) => {
                let text = number.to_string();
                text == id
            }
            _ => false,
        };
        if is_found && found.is_none() {
            found = Some(record.value.clone());
        }
        Ok(())
    })?;
    let name = path.display();
    found.ok_or_else(|| CliError::Failed(format!("`{name}` has no record with the id `{id}`")))
}
