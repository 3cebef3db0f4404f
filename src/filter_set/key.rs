//! Keys of the index: hashes of an attribute and a property of one of its values.
//!
//! Equal values have equal keys. Different values can have one key; the plan is evaluated in any
//! case, so that a collision costs time only. The hash has a random seed.

use crate::plan::Untyped;
use crate::schema::AttributeId;
use crate::value::swar::for_each_word;
use crate::value::{CaseSensitivity, DateTime, Value, ValueRef, number};
use std::hash::{BuildHasher, RandomState};

/// Lengths of indexed prefixes and suffixes in bytes.
pub(super) const LENGTHS: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24];

/// Maximum length of indexed substrings in bytes.
pub(super) const GRAM: usize = 4;

/// The property of a value that a key is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The value itself.
    Equal,
    /// The first bytes; the number is a position in [`LENGTHS`].
    Prefix(u8),
    /// The last bytes.
    Suffix(u8),
    /// Some bytes; the number is their length.
    Gram(u8),
    /// There is a value.
    Present,
    /// The value is above an operand.
    Above,
    /// The value is below an operand.
    Below,
}

/// A key under which a plan is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The halves of the hash. An integer of 64 bits would take 4 bytes more for each key.
    hash: [u32; 2],
    pub(super) attribute: AttributeId,
    pub(super) kind: Kind,
}

impl Key {
    fn new(hash: u64, attribute: AttributeId, kind: Kind) -> Self {
        Self { hash: [hash as u32, (hash >> 32) as u32], attribute, kind }
    }

    pub(super) fn hash(&self) -> u64 {
        u64::from(self.hash[0]) | u64::from(self.hash[1]) << 32
    }
}

/// The types whose values are equal to each other only.
#[derive(Clone, Copy)]
enum Class {
    Text,
    Boolean,
    Number,
    DateTime,
    Binary,
}

/// Computes keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyHasher(u64);

impl KeyHasher {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0_u8) | 1)
    }

    fn hash(self, attribute: AttributeId, tag: u64, bytes: &[u8]) -> u64 {
        // 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3,
        // section 6.4).
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let start = (attribute.index() as u64) << 40 | tag << 32 | bytes.len() as u64;
        let mut hash = (self.0 ^ start).wrapping_mul(MIX);
        for_each_word(bytes, |word| {
            let product = u128::from(hash ^ word) * u128::from(MIX);
            hash = product as u64 ^ (product >> 64) as u64;
        });
        let product = u128::from(hash ^ self.0.rotate_left(32)) * u128::from(MIX);
        product as u64 ^ (product >> 64) as u64
    }

    fn equal(self, attribute: AttributeId, class: Class, bytes: &[u8]) -> u64 {
        self.hash(attribute, class as u64, bytes)
    }

    pub(super) fn part(self, attribute: AttributeId, kind: Kind, bytes: &[u8]) -> Key {
        let tag = match kind {
            Kind::Equal => Class::Text as u64,
            Kind::Prefix(length) => 16 + u64::from(length),
            Kind::Suffix(length) => 32 + u64::from(length),
            Kind::Gram(length) => 48 + u64::from(length),
            Kind::Present => 64,
            Kind::Above => 65,
            Kind::Below => 66,
        };
        Key::new(self.hash(attribute, tag, bytes), attribute, kind)
    }

    /// Passes the hash of each key that a stored value has for equality to `found`. `text` is the
    /// form in which a string is compared.
    pub(super) fn of_value(
        self,
        attribute: AttributeId,
        value: ValueRef<'_>,
        text: &[u8],
        is_untyped: bool,
        mut found: impl FnMut(u64),
    ) {
        let hash = |class, bytes: &[u8]| self.equal(attribute, class, bytes);
        let hash = match value {
            ValueRef::Text { text: stored, .. } => {
                // Without a schema, strings that are date-times are compared as such.
                if let Some(instant) = is_untyped.then(|| DateTime::parse(stored)).flatten() {
                    found(hash(Class::DateTime, &instant.micros.to_le_bytes()));
                }
                hash(Class::Text, text)
            }
            ValueRef::Boolean(value) => hash(Class::Boolean, &[u8::from(value)]),
            ValueRef::Integer(number) => hash(Class::Number, &number_bytes(number as f64)),
            ValueRef::Decimal(number) => hash(Class::Number, &number_bytes(number)),
            ValueRef::Number(digits) => hash(Class::Number, &number_bytes(number::nearest(digits))),
            ValueRef::DateTime(instant) => hash(Class::DateTime, &instant.micros.to_le_bytes()),
            ValueRef::Binary(bytes) => hash(Class::Binary, bytes),
            ValueRef::Complex | ValueRef::Unreadable => return,
        };
        found(hash);
    }

    /// Returns the key of the values that equal an operand.
    pub(super) fn of_operand(self, attribute: AttributeId, operand: &Value) -> Key {
        let hash = |class, bytes: &[u8]| self.equal(attribute, class, bytes);
        let hash = match operand {
            Value::Text(text) => hash(Class::Text, text.as_bytes()),
            Value::Boolean(value) => hash(Class::Boolean, &[u8::from(*value)]),
            Value::Integer(number) => hash(Class::Number, &number_bytes(*number as f64)),
            Value::Decimal(number) => hash(Class::Number, &number_bytes(*number)),
            Value::Number(digits) => hash(Class::Number, &number_bytes(number::nearest(digits))),
            Value::DateTime(instant) => hash(Class::DateTime, &instant.micros.to_le_bytes()),
            Value::Binary(bytes) => hash(Class::Binary, bytes),
        };
        Key::new(hash, attribute, Kind::Equal)
    }

    /// Returns the keys of the values that equal a literal of a filter without a schema.
    pub(super) fn of_literal(self, attribute: AttributeId, literal: &Untyped) -> Vec<Key> {
        let key = |class, bytes: &[u8]| {
            Key::new(self.equal(attribute, class, bytes), attribute, Kind::Equal)
        };
        match literal {
            Untyped::Text { substring, instant, boolean } => {
                let text = match instant {
                    Some(instant) => key(Class::DateTime, &instant.micros.to_le_bytes()),
                    None => key(Class::Text, substring.as_str().as_bytes()),
                };
                let boolean = boolean.map(|value| key(Class::Boolean, &[u8::from(value)]));
                [text].into_iter().chain(boolean).collect()
            }
            Untyped::Number(digits) => {
                vec![key(Class::Number, &number_bytes(number::nearest(digits)))]
            }
            Untyped::Boolean(value) => vec![key(Class::Boolean, &[u8::from(*value)])],
            Untyped::Coerced(literal) => self.of_literal(attribute, literal),
        }
    }
}

/// Equal numbers have equal bytes. Integers beyond 2^53 that differ in the last digits can share
/// them.
fn number_bytes(number: f64) -> [u8; 8] {
    number::without_negative_zero(number).to_le_bytes()
}

/// Passes the form in which a stored string is compared to `f`.
pub(super) fn with_compared_form<T>(
    text: &str,
    key: Option<&str>,
    case: CaseSensitivity,
    f: impl FnOnce(&[u8]) -> T,
) -> T {
    let (text, case) = case.select(text, key);
    if case == CaseSensitivity::Exact {
        return f(text.as_bytes());
    }
    let mut buffer = [0; 64];
    match buffer.get_mut(..text.len()) {
        Some(folded) if text.is_ascii() => {
            folded.copy_from_slice(text.as_bytes());
            folded.make_ascii_lowercase();
            f(folded)
        }
        _ => f(case.key(text).as_bytes()),
    }
}
