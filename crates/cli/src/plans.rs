//! From filters to plans, for the commands that do something with a plan.

use super::exit::{Stop, Verdict};
use super::input::Filters;
use super::output::Output;
use super::report;
use scieve::{Plan, Policy};
use serde_json::Value;

/// Hands the plan of every legal filter to `answer`, with the filter's text, and says what is wrong with the others.
pub(super) fn each(
    filters: Filters,
    policy: &Policy<Value>,
    json: bool,
    output: &mut Output,
    mut answer: impl FnMut(&mut Output, &str, &Plan<Value>) -> Result<(), Stop>,
) -> Result<Verdict, Stop> {
    let mut input = filters.open(policy.limits().bytes)?;
    let mut verdict = Verdict::Fine;
    while let Some(given) = input.next()? {
        match policy.parse(&given.text) {
            Ok(plan) => {
                if !json {
                    report::remarks(output, &given, plan.warnings())?;
                }
                answer(output, &given.text, &plan)?;
            }
            Err(findings) => {
                verdict = Verdict::Refused;
                report::refused(output, json, &given, &findings)?;
            }
        }
        if input.waits() {
            output.flush()?;
        }
    }
    Ok(verdict)
}
