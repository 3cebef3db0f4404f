//! Diagnostics as JSON: an object for each, and the body of a SCIM error response.

use super::{Arguments, Code, Diagnostic, Diagnostics, Fix, Safety, Severity};
use crate::snippet::Position;
use crate::span::Span;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A diagnostic with positions in its source, which serialises to a JSON object.
///
/// See [`Diagnostic::located`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Located<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    byte_column: usize,
    byte_end_column: usize,
    utf16_column: usize,
    utf16_end_column: usize,
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Arguments::is_empty")]
    arguments: &'a Arguments,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    expected: &'a [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
    fixes: Vec<FixObject<'a>>,
}

#[derive(Debug, Serialize)]
struct Related<'a> {
    start: usize,
    end: usize,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct FixObject<'a> {
    safety: &'static str,
    message: &'a str,
    edits: Vec<Edit<'a>>,
    result: String,
}

#[derive(Debug, Serialize)]
struct Edit<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> Located<'a> {
    /// `origin` is the file of the source and the line on which the source starts.
    fn new(diagnostic: &'a Diagnostic, source: &str, origin: Option<(&'a str, usize)>) -> Self {
        let Span { start, end } = diagnostic.span();
        let first_line = origin.map_or(1, |(_, line)| line);
        let position = |offset| Position::new(source, offset);
        let (from, to) = (position(start), position(end));
        Self {
            code: diagnostic.code().name(),
            severity: diagnostic.severity().name(),
            message: diagnostic.message(),
            help: diagnostic.help(),
            file: origin.map(|(file, _)| file),
            line: first_line.saturating_add(from.line - 1),
            column: from.column,
            end_line: first_line.saturating_add(to.line - 1),
            end_column: to.column,
            byte_column: from.byte_column,
            byte_end_column: to.byte_column,
            utf16_column: from.utf16_column,
            utf16_end_column: to.utf16_column,
            start,
            end,
            arguments: diagnostic.arguments(),
            expected: diagnostic.expected(),
            related: diagnostic
                .related()
                .map(|(Span { start, end }, message)| Related { start, end, message })
                .collect(),
            fixes: diagnostic.fixes().iter().map(|fix| FixObject::new(fix, source)).collect(),
        }
    }
}

impl<'a> FixObject<'a> {
    fn new(fix: &'a Fix, source: &str) -> Self {
        let edit =
            |(span, text): &'a (Span, String)| Edit { start: span.start, end: span.end, text };
        Self {
            safety: fix.safety.name(),
            message: &fix.message,
            edits: fix.edits.iter().map(edit).collect(),
            result: fix.apply(source),
        }
    }
}

/// Serialises as the name.
impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Serialises as the name.
impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Serialises as the name.
impl Serialize for Safety {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Serialises as an array of the objects of [`Diagnostic::located`].
impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|one| one.located(self.source_text(), None)))
    }
}

impl Diagnostic {
    /// Returns the diagnostic for serialisation to `{code, severity, message, help?, file?, line,
    /// column, endLine, endColumn, byteColumn, byteEndColumn, utf16Column, utf16EndColumn, start,
    /// end, arguments?: {attribute?, operator?, literal?, type?, allowed?}, expected?, related?:
    /// [{start, end, message}], fixes: [{safety, message, edits: [{start, end, text}], result}]}`.
    ///
    /// Offsets are in bytes; lines and columns count from 1. `column` is in characters, `byteColumn`
    /// in bytes and `utf16Column` in UTF-16 code units. `result` is the source with the fix applied.
    /// `origin` is the name of a file, and the line on which the source starts in it.
    ///
    /// ```
    /// let errors = scieve::Filter::parse("name eq Bob").unwrap_err();
    /// let first = errors.first().unwrap();
    /// let located = first.located(errors.source_text(), Some(("a.filters", 7)));
    /// let object = serde_json::to_value(located)?;
    /// assert_eq!((&object["line"], &object["column"]), (&7.into(), &9.into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn located<'a>(&'a self, source: &str, origin: Option<(&'a str, usize)>) -> Located<'a> {
        Located::new(self, source, origin)
    }
}

impl Diagnostics {
    /// Returns the body of an error response with status 400 (RFC 7644 section 3.12).
    ///
    /// ```
    /// let diagnostics = scieve::Filter::parse("name eq Bob").unwrap_err();
    /// let body = diagnostics.to_scim_error();
    /// assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    /// assert_eq!((&body["scimType"], &body["status"]), (&"invalidFilter".into(), &"400".into()));
    /// ```
    #[must_use]
    pub fn to_scim_error(&self) -> Value {
        let detail = match self.first().and_then(Diagnostic::help) {
            Some(help) => format!("{self}; {help}"),
            None => self.to_string(),
        };
        scim_error(400, Some(self.scim_type()), &detail)
    }
}

/// Returns the body of an error response (RFC 7644 section 3.12).
pub(crate) fn scim_error(status: u16, scim_type: Option<&str>, detail: &str) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "detail": detail,
    });
    if let (Value::Object(members), Some(scim_type)) = (&mut body, scim_type) {
        members.insert("scimType".into(), scim_type.into());
    }
    body
}
