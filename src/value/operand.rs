//! Operands of a plan.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::attribute_type::AttributeType;
use super::datetime::DateTime;
use super::number;
use super::text::Text;

/// An operand of a plan: typed, and case-folded if the attribute ignores case.
///
/// The order is total and intended for sorting and removing duplicates. Values of different types
/// are ordered by type. The two zeros of [`Value::Decimal`] are equal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// The [`fold_key`](super::fold_key) of the literal if the attribute ignores case, otherwise
    /// the literal itself.
    Text(Text),
    /// A Boolean (RFC 7643 section 2.3.2).
    Boolean(bool),
    /// An integer of 64 bits (RFC 7643 section 2.3.4).
    Integer(i64),
    /// A number outside the range of 64-bit integers, in the form of RFC 8259 section 6 with the
    /// fewest digits: digits without a point, then `e` and an exponent unless it is zero. Compared
    /// with integers.
    Number(Box<str>),
    /// A decimal (RFC 7643 section 2.3.3). Always finite in a plan, and never negative zero.
    Decimal(f64),
    /// An instant (RFC 7643 section 2.3.5).
    DateTime(DateTime),
    /// Decoded bytes (RFC 7643 section 2.3.6).
    Binary(Box<[u8]>),
}

impl Value {
    /// Returns the type of the attributes that this value can be compared with.
    /// [`AttributeType::String`] includes [`AttributeType::Reference`].
    #[must_use]
    pub const fn attribute_type(&self) -> AttributeType {
        match self {
            Self::Text(_) => AttributeType::String,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::Integer(_) | Self::Number(_) => AttributeType::Integer,
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
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Integer(a), Self::Number(b)) => number::order_i64(b, *a).reverse(),
            (Self::Number(a), Self::Integer(b)) => number::order_i64(a, *b),
            (Self::Number(a), Self::Number(b)) => number::order(a, b),
            (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => {
                number::without_negative_zero(*a).total_cmp(&number::without_negative_zero(*b))
            }
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            _ => self.attribute_type().cmp(&other.attribute_type()),
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
        self.attribute_type().hash(state);
        match self {
            Self::Text(text) => text.hash(state),
            Self::Boolean(boolean) => boolean.hash(state),
            Self::Integer(number) => number.hash(state),
            Self::Number(number) => number.hash(state),
            Self::DateTime(instant) => instant.hash(state),
            Self::Decimal(number) => number::without_negative_zero(*number).to_bits().hash(state),
            Self::Binary(bytes) => bytes.hash(state),
        }
    }
}
