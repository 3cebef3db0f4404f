//! Reports the diagnostics of a filter, as JSON or as text.

use crate::exit::CliError;
use crate::input::{InputFilter, Item};
use crate::output::Output;
use scieve::{Diagnostic, Diagnostics, Located};
use serde::Serialize;
use serde_json::Value;

/// The JSON output of `check`, and of every command for a filter with errors.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) filter: &'a str,
    pub(crate) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canonical: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fixed: Option<&'a str>,
    pub(crate) diagnostics: Vec<Positioned<'a>>,
}

/// A diagnostic with its position.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Positioned<'a> {
    Line(Located<'a>),
    /// In a line that contains the filter.
    Excerpt(Value),
}

/// Adds to diagnostics their positions in the file. Offsets and edits are those of the filter.
pub(crate) fn located<'d>(
    diagnostics: &'d Diagnostics,
    source: &str,
    filter: &'d InputFilter,
) -> Result<Vec<Positioned<'d>>, CliError> {
    const POSITIONS: [&str; 8] = [
        "line",
        "column",
        "endLine",
        "endColumn",
        "byteColumn",
        "byteEndColumn",
        "utf16Column",
        "utf16EndColumn",
    ];
    let value = |one: &Diagnostic, source: &str| {
        serde_json::to_value(one.located(source, filter.origin()))
            .map_err(|error| CliError::cannot_write(&error.into()))
    };
    let located = |one: &'d Diagnostic| {
        if filter.excerpt.is_none() {
            return Ok(Positioned::Line(one.located(source, filter.origin())));
        }
        let (transposed, line) = filter.in_line(one, source);
        let (mut object, mut in_line) = (value(one, source)?, value(&transposed, &line)?);
        if let (Some(object), Some(in_line)) = (object.as_object_mut(), in_line.as_object_mut()) {
            for position in POSITIONS {
                object.extend(in_line.remove_entry(position));
            }
        }
        Ok(Positioned::Excerpt(object))
    };
    diagnostics.iter().map(located).collect()
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
            diagnostics: located(diagnostics, source, filter)?,
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
