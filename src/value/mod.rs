//! Values, their types, case folding and comparison.
//!
//! This is the only module that folds or compares values. All back ends use it, so that evaluation
//! in memory and in every database agrees.

mod attribute_type;
pub(crate) mod base64;
mod compare;
pub(crate) mod datetime;
mod fold;
pub(crate) mod number;
mod prefilter;
mod substring;
#[cfg(any(test, feature = "sql"))]
mod successor;
pub(crate) mod swar;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

pub use attribute_type::AttributeType;
pub use compare::CaseSensitivity;
pub(crate) use compare::compare;
pub(crate) use compare::ends_with;
pub(crate) use compare::equals;
pub(crate) use compare::order;
pub(crate) use compare::starts_with;
pub use datetime::DateTime;
pub use fold::FOLD_VERSION;
pub use fold::fold_key;
pub(crate) use number::IntegerLiteral;
pub(crate) use number::Number;
pub(crate) use prefilter::EqualityPrefilter;
pub use substring::Substring;
#[cfg(any(test, feature = "sql"))]
pub(crate) use successor::successor;
pub use text::Text;

/// One value of an attribute, borrowed from its record.
///
/// Only assigned values are passed to the evaluator. `null` and the empty array are unassigned
/// (RFC 7643 section 2.5); the empty string is a value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// A string or a reference (RFC 7643 sections 2.3.1 and 2.3.7).
    Text {
        /// The string as stored.
        text: &'a str,
        /// The [`fold_key`] of the string, if the record stores it. Avoids folding the string.
        key: Option<&'a str>,
    },
    /// A Boolean (RFC 7643 section 2.3.2).
    Boolean(bool),
    /// An integer (RFC 7643 section 2.3.4).
    Integer(i64),
    /// A decimal (RFC 7643 section 2.3.3), as a binary64 number. NaN matches no comparison.
    Decimal(f64),
    /// An instant in microseconds since 1970-01-01T00:00:00Z (RFC 7643 section 2.3.5). Finer digits
    /// are rounded towards the past.
    DateTime(i64),
    /// Decoded bytes, not base64 (RFC 7643 section 2.3.6).
    Binary(&'a [u8]),
    /// A complex value with an assigned sub-attribute (RFC 7643 section 2.3.8). It counts for
    /// presence tests and is never compared.
    Complex,
}

impl<'a> ValueRef<'a> {
    /// Creates a string value without its fold key.
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::Text { text, key: None }
    }

    /// Creates a string value with its fold key, which must be [`fold_key`] of `text` computed with
    /// the current [`FOLD_VERSION`].
    #[must_use]
    pub const fn keyed(text: &'a str, key: &'a str) -> Self {
        Self::Text { text, key: Some(key) }
    }
}

impl<'a> From<&'a str> for ValueRef<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

impl From<bool> for ValueRef<'_> {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i64> for ValueRef<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<f64> for ValueRef<'_> {
    fn from(decimal: f64) -> Self {
        Self::Decimal(decimal)
    }
}

impl<'a> From<&'a [u8]> for ValueRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

/// An operand of a plan: typed, and case-folded if the attribute ignores case.
///
/// The order is total and intended for sorting and removing duplicates. Values of different types
/// are ordered by type. The two zeros of [`Value::Decimal`] are equal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// The [`fold_key`] of the literal if the attribute ignores case, otherwise the literal itself.
    Text(Text),
    /// A Boolean (RFC 7643 section 2.3.2).
    Boolean(bool),
    /// An integer (RFC 7643 section 2.3.4).
    Integer(i64),
    /// A decimal (RFC 7643 section 2.3.3). Always finite in a plan, and never negative zero.
    Decimal(f64),
    /// An instant in microseconds since 1970-01-01T00:00:00Z (RFC 7643 section 2.3.5).
    DateTime(i64),
    /// Decoded bytes (RFC 7643 section 2.3.6).
    Binary(Box<[u8]>),
}

impl Value {
    /// Returns the type of the attributes that this value can be compared with.
    /// [`AttributeType::String`] includes [`AttributeType::Reference`].
    #[must_use]
    pub const fn kind(&self) -> AttributeType {
        match self {
            Self::Text(_) => AttributeType::String,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::Integer(_) => AttributeType::Integer,
            Self::Decimal(_) => AttributeType::Decimal,
            Self::DateTime(_) => AttributeType::DateTime,
            Self::Binary(_) => AttributeType::Binary,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) | (Self::DateTime(a), Self::DateTime(b)) => {
                a.cmp(b)
            }
            (Self::Decimal(a), Self::Decimal(b)) => {
                number::without_negative_zero(*a).total_cmp(&number::without_negative_zero(*b))
            }
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        match self {
            Self::Text(text) => text.hash(state),
            Self::Boolean(boolean) => boolean.hash(state),
            Self::Integer(number) | Self::DateTime(number) => number.hash(state),
            Self::Decimal(number) => number::without_negative_zero(*number).to_bits().hash(state),
            Self::Binary(bytes) => bytes.hash(state),
        }
    }
}
