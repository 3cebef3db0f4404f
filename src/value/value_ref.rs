//! Stored values, as a record passes them to the evaluator.

use super::datetime::DateTime;

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
        /// The [`fold_key`](super::fold_key) of the string, if the record stores it. Avoids folding
        /// the string.
        key: Option<&'a str>,
    },
    /// A Boolean (RFC 7643 section 2.3.2).
    Boolean(bool),
    /// An integer of 64 bits (RFC 7643 section 2.3.4).
    Integer(i64),
    /// A number of any size, in the form of RFC 8259 section 6. It is compared exactly.
    Number(&'a str),
    /// A decimal (RFC 7643 section 2.3.3), as a binary64 number. NaN matches no comparison.
    Decimal(f64),
    /// An instant (RFC 7643 section 2.3.5).
    DateTime(DateTime<&'a str>),
    /// Decoded bytes, not base64 (RFC 7643 section 2.3.6).
    Binary(&'a [u8]),
    /// A complex value with an assigned sub-attribute (RFC 7643 section 2.3.8). It counts for
    /// presence tests and is never compared.
    Complex,
    /// A value of another type than the attribute's, or in a form that cannot be read, such as the
    /// string `"True"` of a Boolean. It counts for presence tests, makes `ne` true, and no other
    /// comparison.
    Unreadable,
}

impl<'a> ValueRef<'a> {
    /// Creates a string value without its fold key.
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::Text { text, key: None }
    }

    /// Creates a string value with its fold key, which must be [`fold_key`](super::fold_key) of
    /// `text` computed with the current [`FOLD_VERSION`](super::FOLD_VERSION).
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

impl<'a> From<DateTime<&'a str>> for ValueRef<'a> {
    fn from(instant: DateTime<&'a str>) -> Self {
        Self::DateTime(instant)
    }
}

impl<'a> From<&'a [u8]> for ValueRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}
