//! Errors and warnings about PATCH requests.

use crate::diagnostic::json::scim_error;
use crate::diagnostic::render::Renderer;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::filter::redacted_path;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// The kind of an error of a PATCH request (`scimType`, RFC 7644 section 3.12, table 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScimType {
    /// `invalidFilter`: the filter in the brackets of a path.
    InvalidFilter,
    /// `invalidPath`: a path that is not well-formed or not in the schema.
    InvalidPath,
    /// `invalidSyntax`: the structure of the request.
    InvalidSyntax,
    /// `invalidValue`: a value that is missing or does not fit the schema.
    InvalidValue,
    /// `mutability`: a change that the mutability of an attribute does not allow.
    Mutability,
    /// `noTarget`: a path that selects nothing.
    NoTarget,
}

impl ScimType {
    /// Returns the name of the RFC, such as `invalidPath`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidPath => "invalidPath",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidValue => "invalidValue",
            Self::Mutability => "mutability",
            Self::NoTarget => "noTarget",
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error or warning about one operation of a PATCH request, or about the request as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchDiagnostic {
    pub(super) diagnostic: Diagnostic,
    pub(super) scim_type: ScimType,
    pub(super) operation: Option<usize>,
    pub(super) path: Box<str>,
    pub(super) pointer: Box<str>,
}

impl PatchDiagnostic {
    /// Returns the code, message and help. Its span is a range of [`PatchDiagnostic::path`].
    #[must_use]
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.diagnostic.code()
    }

    /// Returns the `scimType` for an error response.
    #[must_use]
    pub fn scim_type(&self) -> ScimType {
        self.scim_type
    }

    /// Returns the index of the operation in the request, or `None` for the request as a whole.
    #[must_use]
    pub fn operation(&self) -> Option<usize> {
        self.operation
    }

    /// Returns the path of the operation. Empty if it has none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the JSON pointer (RFC 6901) to the part of the operation that is wrong, such as
    /// `/value/emails/0/type`. Empty for the operation as a whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the diagnostic without any literal of its path, any value, and the pointer.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self {
            diagnostic: self.diagnostic.redacted(),
            scim_type: self.scim_type,
            operation: self.operation,
            path: redacted_path(&self.path).into(),
            pointer: Box::default(),
        }
    }

    /// Formats the diagnostic as [`Diagnostic::render_with`] does, with the operation as the origin.
    #[must_use]
    pub fn render_with(&self, renderer: &Renderer<'_>) -> String {
        match self.operation {
            Some(index) if !self.path.is_empty() => self
                .diagnostic
                .render_with(&self.path, &renderer.origin(&format!("operation {}", index + 1), 1)),
            _ => format!("{}[{}]: {self}\n", self.diagnostic.severity().name(), self.code()),
        }
    }
}

/// Prints the operation, counted from 1, and the message.
impl fmt::Display for PatchDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.operation {
            write!(f, "operation {}: ", index + 1)?;
        }
        f.write_str(self.diagnostic.message())
    }
}

/// Serialises as the members of [`Diagnostic::located`] and `scimType`, `operation`, `path` and `pointer`.
impl Serialize for PatchDiagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Members<'a, D> {
            scim_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            operation: Option<usize>,
            #[serde(skip_serializing_if = "str::is_empty")]
            path: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            pointer: &'a str,
            #[serde(flatten)]
            diagnostic: D,
        }
        let Self { diagnostic, scim_type, operation, path, pointer } = self;
        let scim_type = scim_type.name();
        let diagnostic = diagnostic.located(path, None);
        Members { scim_type, operation: *operation, path, pointer, diagnostic }
            .serialize(serializer)
    }
}

/// The reasons why a PATCH request is rejected. Contains at least one error.
///
/// ```
/// use scieve::patch::PatchRequest;
/// use scieve::scim;
///
/// let request = PatchRequest::parse(
///     r#"{"op": "add", "path": "emials[type eq \"work\"].value", "value": "x"}"#,
/// )?;
/// let errors = request.check(scim::user_policy()).unwrap_err();
/// assert_eq!(errors.to_scim_error()["scimType"], "invalidPath");
/// # Ok::<(), scieve::patch::PatchErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchErrors(pub(super) Vec<PatchDiagnostic>);

impl PatchErrors {
    /// Returns the errors and warnings, in the order of the operations.
    pub fn iter(&self) -> std::slice::Iter<'_, PatchDiagnostic> {
        self.0.iter()
    }

    fn errors(&self) -> impl Iterator<Item = &PatchDiagnostic> {
        self.0.iter().filter(|one| one.diagnostic.severity() == Severity::Error)
    }

    /// Returns the first error.
    #[must_use]
    pub fn first(&self) -> Option<&PatchDiagnostic> {
        self.errors().next()
    }

    /// Returns the errors and warnings without any literal of the paths and any value, for logs and
    /// metrics ([`PatchDiagnostic::redacted`]).
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self(self.iter().map(PatchDiagnostic::redacted).collect())
    }

    /// Returns the `scimType` of the first error.
    #[must_use]
    pub fn scim_type(&self) -> ScimType {
        self.first().map_or(ScimType::InvalidSyntax, PatchDiagnostic::scim_type)
    }

    /// Returns the body of an error response with status 400 (RFC 7644 section 3.12).
    #[must_use]
    pub fn to_scim_error(&self) -> Value {
        let help = self.first().and_then(|first| first.diagnostic.help());
        let detail = help.map_or_else(|| self.to_string(), |help| format!("{self}; {help}"));
        scim_error(400, Some(self.scim_type().name()), &detail)
    }
}

impl<'a> IntoIterator for &'a PatchErrors {
    type Item = &'a PatchDiagnostic;
    type IntoIter = std::slice::Iter<'a, PatchDiagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Prints the first error and the number of the others.
impl fmt::Display for PatchErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first() else { return f.write_str("no errors") };
        write!(f, "{first}")?;
        match self.errors().count() {
            0 | 1 => Ok(()),
            errors => write!(f, ", and {} more", errors - 1),
        }
    }
}

impl std::error::Error for PatchErrors {}

/// Serialises as an array.
impl Serialize for PatchErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}
