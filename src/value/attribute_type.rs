//! Attribute types.

use std::fmt;

/// The type of an attribute (RFC 7643 section 2.3).
///
/// [`Display`](fmt::Display), [`AttributeType::from_name`] and, with the feature `serde`, the
/// serialized form use the names of RFC 7643 section 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub enum AttributeType {
    /// `string`: a Unicode string, case-sensitive or not depending on `caseExact`.
    String,
    /// `reference`: a URI, case-sensitive.
    Reference,
    /// `boolean`: true or false.
    Boolean,
    /// `integer`: an integer, of 64 bits in databases.
    Integer,
    /// `decimal`: a binary64 number.
    Decimal,
    /// `dateTime`: an instant, with microsecond precision in databases.
    DateTime,
    /// `binary`: a byte string, encoded as base64.
    Binary,
    /// `complex`: an object with sub-attributes.
    Complex,
    /// `any`: the type is that of the value in the record, as for JSON without a schema. Not an RFC
    /// type.
    Any,
}

impl AttributeType {
    /// Every type, in declaration order.
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

    /// Returns the name, such as `dateTime`.
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

    /// Returns the type with this name. Names are case-sensitive.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute_type| attribute_type.name() == name)
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
