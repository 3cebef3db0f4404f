//! `scieve patch`: applies a PATCH request to records.

use crate::exit::{CliError, ExitStatus};
use crate::input::without_byte_order_mark;
use crate::output::Output;
use crate::policy::{Checker, PolicyArgs};
use crate::records::Records;
use scieve::Renderer;
use scieve::patch::{PatchDiagnostic, PatchErrors, PatchLimits, PatchRequest};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Apply a PATCH request (RFC 7644 section 3.5.2) to records
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve patch --policy scim-user --records users.json request.json

The request is a `PatchOp` message, an array of operations, or one operation. Each record is printed \
on one line, with the operations applied; a record to which an operation cannot be applied is \
reported instead.
With `--json`, errors are printed on standard output too, as an object:
  {ok: false, id?, scimType, diagnostics: [..]}
Exit status: 0 success, 1 the request has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Patch {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Records to change: a .json file with an array of objects, or a .jsonl file with one object
    /// per line
    #[arg(long, value_name = "FILE")]
    records: PathBuf,
    /// File with the request; `-` is standard input
    #[arg(value_name = "PATCHFILE")]
    request: PathBuf,
    /// Print errors as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused<'a> {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    scim_type: &'static str,
    diagnostics: &'a PatchErrors,
}

impl Patch {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let Checker::Policy(policy) = self.policy.checker()? else {
            return CliError::fail("`patch` needs a policy with a schema, not `none`");
        };
        let records = Records::open(&self.records, false)?;
        let text = read(&self.request)?;
        let plan = match parse(&text).and_then(|request| request.check(&policy)) {
            Ok(plan) => plan,
            Err(errors) => {
                self.refuse(output, None, &errors)?;
                return Ok(ExitStatus::FilterErrors);
            }
        };
        if !self.json {
            render(output, plan.warnings())?;
        }
        let mut status = ExitStatus::Success;
        records.for_each(|record| {
            let mut value = record.value.clone();
            match plan.apply(&mut value) {
                // Keeps the numbers and the order of the file.
                Ok(false) => output.line(&record.json),
                Ok(true) => output.line(&scieve::json_text(&value)),
                Err(errors) => {
                    status = ExitStatus::FilterErrors;
                    self.refuse(output, value.get("id"), &errors)
                }
            }
        })?;
        Ok(status)
    }

    fn refuse(
        &self,
        output: &mut Output,
        id: Option<&Value>,
        errors: &PatchErrors,
    ) -> Result<(), CliError> {
        if self.json {
            let scim_type = errors.scim_type().name();
            return output.json(&Refused { ok: false, id, scim_type, diagnostics: errors });
        }
        if let Some(id) = id {
            output.note(&format!("record {id} is unchanged:"))?;
        }
        render(output, errors)
    }
}

fn render<'a>(
    output: &mut Output,
    diagnostics: impl IntoIterator<Item = &'a PatchDiagnostic>,
) -> Result<(), CliError> {
    diagnostics.into_iter().try_for_each(|diagnostic| {
        let rendered = diagnostic.render_with(&Renderer::new());
        output.note(&format!("{}scimType: {}", rendered, diagnostic.scim_type()))
    })
}

/// Parses a request, with the exact value of each number.
fn parse(text: &str) -> Result<PatchRequest, PatchErrors> {
    if text.len() <= PatchLimits::default().bytes
        && let Ok(body) = scieve::json_record(text)
    {
        return PatchRequest::from_json(body);
    }
    PatchRequest::parse(text)
}

/// Reads the request, up to a length that still exceeds the maximum.
fn read(path: &PathBuf) -> Result<String, CliError> {
    let name = path.display().to_string();
    let cannot_read = |error| CliError::cannot_read(&name, &error);
    let max = PatchLimits::default().bytes.saturating_add(1);
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(max).read_to_end(&mut bytes).map_err(cannot_read)?;
    } else {
        let file = File::open(path).map_err(cannot_read)?;
        file.take(max).read_to_end(&mut bytes).map_err(cannot_read)?;
    }
    // A character that the maximum cuts is replaced; the request is too long in any case.
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_byte_order_mark(&text).to_owned()),
        Err(error) if error.as_bytes().len() as u64 == max => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(error) => CliError::fail(format!(
            "`{name}`: byte {} is not UTF-8",
            error.utf8_error().valid_up_to() + 1
        )),
    }
}
