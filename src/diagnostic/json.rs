//! Diagnostics as JSON: an object for each, and the body of a SCIM error response.

use super::{Diagnostic, Diagnostics};
use crate::span::Span;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// Serialises as `{code, severity, message, help?, start, end, replacement?: {start, end, text}}`;
/// `start` and `end` are byte offsets.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Span { start, end } = self.span();
        let (help, replacement) = (self.help(), self.replacement());
        let members = 5 + usize::from(help.is_some()) + usize::from(replacement.is_some());
        let mut object = serializer.serialize_struct("Diagnostic", members)?;
        object.serialize_field("code", self.code().name())?;
        object.serialize_field("severity", self.severity().name())?;
        object.serialize_field("message", self.message())?;
        if let Some(help) = help {
            object.serialize_field("help", help)?;
        }
        object.serialize_field("start", &start)?;
        object.serialize_field("end", &end)?;
        if let Some((Span { start, end }, text)) = replacement {
            object.serialize_field("replacement", &Replacement { start, end, text })?;
        }
        object.end()
    }
}

#[derive(Serialize)]
struct Replacement<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

/// Serialises as an array of diagnostics.
impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
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
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "scimType": self.scim_type(),
            "status": "400",
            "detail": detail,
        })
    }
}
