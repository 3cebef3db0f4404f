//! The types that an attribute can have.

use std::fmt;

/// The type of an attribute (RFC 7643 section 2.3).
///
/// [`Display`](fmt::Display), [`AttributeType::from_name`] and, with the feature `serde`, the serialized form use the names of RFC 7643 section 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub enum AttributeType {
    /// `string`: any text; case matters or not, as the attribute says.
    String,
    /// `reference`: a URI, case matters.
    Reference,
    /// `boolean`
    Boolean,
    /// `integer`: 64 bits, signed.
    Integer,
    /// `decimal`: a binary64 number.
    Decimal,
    /// `dateTime`: an instant, in microseconds.
    DateTime,
    /// `binary`: bytes, written as base64.
    Binary,
    /// `complex`: has sub-attributes.
    Complex,
    /// `any`: the type shows only in the record, as in JSON without a schema. Not an RFC name.
    Any,
}

impl AttributeType {
    /// Every type, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::String,
        Self::Reference,
        Self::Boolean,
        Self::Integer,
        Self::Decimal,
        Self::DateTime,
        Self::Binary,
        Self::Complex,
        Self::Any,
    ];

    /// The name, such as `dateTime`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Reference => "reference",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Complex => "complex",
            Self::Any => "any",
        }
    }

    /// The type with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
