//! Reports the diagnostics of a filter, as JSON or as text.

use crate::exit::CliError;
use crate::input::{InputFilter, Item};
use crate::output::Output;
use scieve::{Diagnostic, Diagnostics, Located};
use serde::Serialize;

/// The JSON output of `check`, and of every command for a filter with errors.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) filter: &'a str,
    pub(crate) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canonical: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fixed: Option<&'a str>,
    pub(crate) diagnostics: Vec<Located<'a>>,
}

/// Adds to diagnostics their positions in the file.
pub(crate) fn located<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    source: &str,
    filter: &'d InputFilter,
) -> Vec<Located<'d>> {
    let located = |one: &'d Diagnostic| one.located(source, filter.origin());
    diagnostics.into_iter().map(located).collect()
}

/// Reports the errors of a filter.
pub(crate) fn errors(
    output: &mut Output,
    json: bool,
    filter: &InputFilter,
    diagnostics: &Diagnostics,
) -> Result<(), CliError> {
    // The beginning of the filter if it is too long.
    let source = diagnostics.source_text();
    if json {
        return output.json(&Report {
            filter: source,
            ok: false,
            canonical: None,
            fixed: None,
            diagnostics: located(diagnostics, source, filter),
        });
    }
    let renderer = filter.renderer();
    diagnostics.iter().try_for_each(|error| output.diagnostic(error, source, &renderer))
}

/// Renders the warnings of a valid filter as text.
pub(crate) fn warnings(
    output: &mut Output,
    Item { text, input }: Item<'_>,
    warnings: &[Diagnostic],
) -> Result<(), CliError> {
    let renderer = input.renderer();
    warnings.iter().try_for_each(|warning| output.diagnostic(warning, text, &renderer))
}
