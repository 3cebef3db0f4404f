//! Runs a command on each of its filters.

use crate::exit::{CliError, ExitStatus};
use crate::input::{Filters, Item};
use crate::output::Output;
use crate::report;
use scieve::{Diagnostic, Diagnostics, Plan, Policy};
use serde_json::Value;

/// The result of parsing valid input.
pub(crate) struct Valid<T> {
    pub(crate) value: T,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Parses each filter, passes the valid ones to `process` and reports the errors of the others.
///
/// Warnings are rendered before `process` is called, except with `json`.
pub(crate) fn for_each<T>(
    filters: Filters,
    max_bytes: usize,
    json: bool,
    output: &mut Output,
    parse: impl Fn(&str) -> Result<Valid<T>, Diagnostics>,
    mut process: impl FnMut(&mut Output, Item<'_>, &Valid<T>) -> Result<(), CliError>,
) -> Result<ExitStatus, CliError> {
    let mut input = filters.open(max_bytes)?;
    let mut status = ExitStatus::Success;
    while let Some(filter) = input.next()? {
        let text = filter.text.as_deref().map_err(Clone::clone);
        match text.and_then(|text| Ok((text, parse(text)?))) {
            Ok((text, valid)) => {
                let item = Item { text, input: &filter };
                if !json {
                    report::warnings(output, item, &valid.warnings)?;
                }
                process(output, item, &valid)?;
            }
            Err(diagnostics) => {
                status = ExitStatus::FilterErrors;
                report::errors(output, json, &filter, &diagnostics)?;
            }
        }
        // A program that sends one filter at a time waits for the result of each.
        if input.may_block() {
            output.flush()?;
        }
    }
    Ok(status)
}

/// Like [`for_each`], with the plan of each filter.
pub(crate) fn for_each_plan(
    filters: Filters,
    policy: &Policy<Value>,
    json: bool,
    output: &mut Output,
    mut process: impl FnMut(&mut Output, &str, &Plan<Value>) -> Result<(), CliError>,
) -> Result<ExitStatus, CliError> {
    let parse = |text: &str| {
        let plan = policy.parse(text)?;
        Ok(Valid { warnings: plan.warnings().to_vec(), value: plan })
    };
    for_each(filters, policy.limits().bytes, json, output, parse, |output, filter, valid| {
        process(output, filter.text, &valid.value)
    })
}
