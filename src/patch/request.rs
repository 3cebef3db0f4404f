//! Parses and builds PATCH requests.

use super::error::{PatchDiagnostic, PatchErrors, ScimType};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::span::Span;
use serde_json::{Map, Value, json};
use std::fmt;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Limits on one PATCH request.
///
/// ```
/// use scieve::Code;
/// use scieve::patch::{PatchLimits, PatchRequest};
///
/// let mut limits = PatchLimits::default();
/// limits.operations = 1;
/// let body = r#"[{"op": "remove", "path": "title"}, {"op": "remove", "path": "locale"}]"#;
/// let errors = PatchRequest::parse_with(body, &limits).unwrap_err();
/// assert_eq!(errors.first().map(|first| first.code()), Some(Code::TooManyOperations));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatchLimits {
    /// Maximum length of the request in bytes. Default 1 MiB.
    pub bytes: usize,
    /// Maximum number of operations. Default 1,000.
    pub operations: usize,
}

impl Default for PatchLimits {
    fn default() -> Self {
        Self { bytes: 1 << 20, operations: 1000 }
    }
}

/// A PATCH request as written (RFC 7644 section 3.5.2): a list of operations.
///
/// [`PatchRequest::check`] turns it into a [`PatchPlan`](super::PatchPlan), which can be applied.
///
/// ```
/// use scieve::patch::PatchRequest;
/// use serde_json::json;
///
/// let request = PatchRequest::new()
///     .replace("name.familyName", "Jensen")
///     .add("emails", json!([{"value": "b@example.com", "type": "home"}]))
///     .remove(r#"phoneNumbers[type eq "fax"]"#);
/// assert_eq!(request.operations().len(), 3);
/// assert_eq!(PatchRequest::from_json(request.to_json())?, request);
/// # Ok::<(), scieve::patch::PatchErrors>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchRequest {
    operations: Vec<PatchOperation>,
}

/// An operation of a PATCH request, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchOperation {
    /// `add`, `remove` or `replace`, or something else that the check rejects.
    pub op: String,
    /// The path.
    pub path: Option<String>,
    /// The value.
    pub value: Option<Value>,
}

impl PatchRequest {
    /// Creates a request without operations, to which the methods of the same names add some.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an `add` operation.
    #[must_use]
    pub fn add(self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with("add", path.into(), Some(value.into()))
    }

    /// Adds a `replace` operation.
    #[must_use]
    pub fn replace(self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with("replace", path.into(), Some(value.into()))
    }

    /// Adds a `remove` operation.
    #[must_use]
    pub fn remove(self, path: impl Into<String>) -> Self {
        self.with("remove", path.into(), None)
    }

    fn with(mut self, op: &str, path: String, value: Option<Value>) -> Self {
        self.operations.push(PatchOperation { op: op.to_owned(), path: Some(path), value });
        self
    }

    /// Parses a request within the default [`PatchLimits`].
    ///
    /// Accepts the `PatchOp` message of RFC 7644, an array of operations, and a single operation.
    ///
    /// # Errors
    /// Returns an error with `scimType` `invalidSyntax` if the request exceeds a limit, is not
    /// JSON, or has another structure. Operations and paths are checked by [`PatchRequest::check`].
    pub fn parse(text: &str) -> Result<Self, PatchErrors> {
        Self::parse_with(text, &PatchLimits::default())
    }

    /// Parses a request within limits.
    ///
    /// # Errors
    /// See [`PatchRequest::parse`].
    pub fn parse_with(text: &str, limits: &PatchLimits) -> Result<Self, PatchErrors> {
        if text.len() > limits.bytes {
            let message = format!("the request is longer than the {} bytes allowed", limits.bytes);
            return Err(structure(Code::TooLong, None, message));
        }
        let body = serde_json::from_str(text).map_err(|error| bad(None, error.to_string()))?;
        Self::from_body(body, limits)
    }

    /// Reads a request from JSON, within the default limit on the number of operations.
    ///
    /// A value of [`json_record`](crate::json_record) keeps the digits of numbers beyond 64 bits, for
    /// resources that [`json_text`](crate::json_text) formats. [`PatchRequest::parse`] rounds them as
    /// `serde_json` does.
    ///
    /// # Errors
    /// See [`PatchRequest::parse`].
    pub fn from_json(body: Value) -> Result<Self, PatchErrors> {
        Self::from_body(body, &PatchLimits::default())
    }

    fn from_body(body: Value, limits: &PatchLimits) -> Result<Self, PatchErrors> {
        let list = match body {
            Value::Array(list) => list,
            Value::Object(mut message) => match take(&mut message, "Operations") {
                Some(Value::Array(list)) => {
                    check_schemas(&message)?;
                    list
                }
                Some(_) => return Err(bad(None, "`Operations` is not an array")),
                None if take(&mut message.clone(), "op").is_some() => vec![Value::Object(message)],
                None => return Err(bad(None, "`Operations` is missing")),
            },
            _ => return Err(bad(None, "a PATCH request is a JSON object with `Operations`")),
        };
        if list.is_empty() {
            return Err(bad(None, "`Operations` is empty"));
        }
        if list.len() > limits.operations {
            let message = format!("more than the {} operations allowed", limits.operations);
            return Err(structure(Code::TooManyOperations, None, message));
        }
        let operations = list.into_iter().enumerate().map(|(index, one)| operation(index, one));
        Ok(Self { operations: operations.collect::<Result<_, _>>()? })
    }

    /// Returns the operations.
    #[must_use]
    pub fn operations(&self) -> &[PatchOperation] {
        &self.operations
    }

    /// Returns true if there are no operations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Returns the `PatchOp` message of RFC 7644.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let operations = self.operations.iter().map(|PatchOperation { op, path, value }| {
            let mut members = Map::new();
            members.insert("op".into(), op.as_str().into());
            members.extend(path.iter().map(|path| ("path".into(), path.as_str().into())));
            members.extend(value.iter().map(|value| ("value".into(), value.clone())));
            Value::Object(members)
        });
        json!({"schemas": [PATCH_OP], "Operations": operations.collect::<Vec<_>>()})
    }
}

impl fmt::Display for PatchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

fn operation(index: usize, operation: Value) -> Result<PatchOperation, PatchErrors> {
    let Value::Object(mut members) = operation else {
        return Err(bad(Some(index), "an operation is a JSON object"));
    };
    let op = match take(&mut members, "op") {
        Some(Value::String(op)) => op,
        Some(_) => return Err(bad(Some(index), "`op` is not a string")),
        None => return Err(bad(Some(index), "`op` is missing")),
    };
    let path = match take(&mut members, "path") {
        Some(Value::String(path)) => Some(path),
        None | Some(Value::Null) => None,
        Some(_) => return Err(bad(Some(index), "`path` is not a string")),
    };
    let value = take(&mut members, "value");
    // Other members are ignored, such as the `name` that Microsoft Entra ID sends.
    let is_second = |name: &&String| {
        ["op", "path", "value"].iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    match members.keys().find(is_second) {
        None => Ok(PatchOperation { op, path, value }),
        Some(name) => Err(bad(Some(index), format!("two members are named {}", quoted(name)))),
    }
}

/// Removes and returns the member of this name, ignoring ASCII case.
fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    members.remove(&key)
}

fn check_schemas(message: &Map<String, Value>) -> Result<(), PatchErrors> {
    let is_patch = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP));
    let schemas = message.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    match schemas {
        Some((_, Value::Array(urns))) if urns.iter().any(is_patch) => Ok(()),
        _ => Err(bad(None, format!("`schemas` does not contain `{PATCH_OP}`"))),
    }
}

fn bad(operation: Option<usize>, message: impl Into<String>) -> PatchErrors {
    structure(Code::BadPatch, operation, message.into())
}

fn structure(code: Code, operation: Option<usize>, message: String) -> PatchErrors {
    PatchErrors(vec![PatchDiagnostic {
        diagnostic: Diagnostic::new(code, Span::default(), message),
        scim_type: ScimType::InvalidSyntax,
        operation,
        path: "".into(),
        pointer: "".into(),
    }])
}
