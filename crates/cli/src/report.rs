//! What every command says of a filter that is refused or accepted with remarks.

use super::exit::Stop;
use super::input::Given;
use super::output::Output;
use scieve::{Diagnostic, Diagnostics};
use serde::Serialize;

/// The answer of `check`, and of every command to a filter with errors.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub(super) filter: &'a str,
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) canonical: Option<&'a str>,
    pub(super) diagnostics: Vec<&'a Diagnostic>,
}

/// Says why the filter is refused.
pub(super) fn refused(
    output: &mut Output,
    json: bool,
    given: &Given,
    findings: &Diagnostics,
) -> Result<(), Stop> {
    // Of a text that is too long, its beginning.
    let filter = findings.source_text();
    match json {
        true => output.json(&Finding {
            filter,
            ok: false,
            canonical: None,
            diagnostics: findings.iter().collect(),
        }),
        false => findings.iter().try_for_each(|finding| {
            output.picture(given.place.as_deref(), &finding.render(filter))
        }),
    }
}

/// Says for people what was accepted although it deserves a remark.
pub(super) fn remarks(
    output: &mut Output,
    given: &Given,
    warnings: &[Diagnostic],
) -> Result<(), Stop> {
    warnings.iter().try_for_each(|warning| {
        output.picture(given.place.as_deref(), &warning.render(&given.text))
    })
}
