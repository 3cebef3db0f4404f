//! Errors in policy files.

use crate::schema::SchemaError;
use std::fmt;

/// The errors in a policy file. There is at least one.
///
/// `Display` prints all of them in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(pub(super) Vec<PolicyFault>);

/// One error in a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    pub(super) kind: PolicyFaultKind,
    /// Line and column.
    pub(super) position: Option<(usize, usize)>,
    pub(super) message: String,
}

/// The kind of an error in a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyFaultKind {
    /// The file is not JSON or TOML, or has an unknown or missing key or a value of the wrong type.
    Format,
    /// The attributes are not a valid schema, or the record type does not have one of them.
    Schema,
    /// An operator cannot compare values of the attribute's type.
    OperatorForType,
    /// A group rule names an attribute that the policy does not have.
    UnknownGroup,
    /// A value that makes no sense, such as a limit of 0 clauses.
    Value,
    /// A restriction allows more than the policy that it restricts.
    Wider,
}

impl PolicyFaultKind {
    /// Returns a stable code, such as `policy-format`. Messages can change between versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Format => "policy-format",
            Self::Schema => "policy-schema",
            Self::OperatorForType => "policy-operator-for-type",
            Self::UnknownGroup => "policy-unknown-group",
            Self::Value => "policy-value",
            Self::Wider => "policy-wider",
        }
    }
}

impl PolicyError {
    /// Returns the errors in the order of the file.
    #[must_use]
    pub fn faults(&self) -> &[PolicyFault] {
        &self.0
    }

    /// Returns the code of the first error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.first().map_or(PolicyFaultKind::Format.code(), PolicyFault::code)
    }
}

impl PolicyFault {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> PolicyFaultKind {
        self.kind
    }

    /// Returns a stable code, such as `policy-format`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns the line and the column, starting at 1. Columns are in bytes. `None` without a file:
    /// for a policy that is deserialised from another format.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }

    /// Returns the description, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

impl From<SchemaError> for PolicyError {
    fn from(error: SchemaError) -> Self {
        let message = error.to_string();
        Self(vec![PolicyFault { kind: PolicyFaultKind::Schema, position: None, message }])
    }
}
