//! Keys of the index: hashes of an attribute and a property of one of its values.
//!
//! Equal values have equal keys. Keys are found by a fast hash with a random seed. A second hash,
//! SipHash with random keys, confirms them if the plan is not evaluated: two strings have both hashes
//! with a probability of less than 2^-64. A collision of the first hash alone costs only time.

use crate::plan::Untyped;
use crate::schema::AttributeId;
use crate::value::swar::for_each_word;
use crate::value::{CaseSensitivity, DateTime, Value, ValueRef, number};
use std::hash::{BuildHasher, Hasher, RandomState};

/// Lengths of indexed prefixes and suffixes in bytes.
pub(super) const LENGTHS: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24];

/// Lengths of indexed substrings in bytes. Each length that is used takes a look-up for each byte of
/// a string.
pub(super) const GRAM_LENGTHS: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// The property of a value that a key is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The value itself.
    Equal,
    /// The first bytes; the number is a position in [`LENGTHS`].
    Prefix(u8),
    /// The last bytes.
    Suffix(u8),
    /// Some bytes; the number is a position in [`GRAM_LENGTHS`].
    Gram(u8),
    /// There is a value.
    Present,
    /// The value is above an operand.
    Above,
    /// The value is below an operand.
    Below,
}

impl Kind {
    /// Returns whether the keys are in a list that is sorted by operand.
    pub(super) fn is_range(self) -> bool {
        matches!(self, Self::Above | Self::Below)
    }

    /// Returns the number of bytes of a part of a string, otherwise zero.
    pub(super) fn length(self) -> usize {
        let length = match self {
            Self::Prefix(position) | Self::Suffix(position) => LENGTHS.get(usize::from(position)),
            Self::Gram(position) => GRAM_LENGTHS.get(usize::from(position)),
            Self::Equal | Self::Present | Self::Above | Self::Below => None,
        };
        length.copied().unwrap_or_default()
    }
}

/// A key under which a plan is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The lower bits of the hash. An integer of 64 bits would take 6 bytes more for each key.
    hash: [u16; 3],
    pub(super) attribute: AttributeId,
    pub(super) kind: Kind,
}

impl Key {
    /// Returns the lower 48 bits of the hash, by which the key is found.
    pub(super) fn hash(&self) -> u64 {
        let [low, middle, high] = self.hash.map(u64::from);
        low | middle << 16 | high << 32
    }
}

/// A key with the hash that confirms it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedKey {
    pub(super) key: Key,
    pub(super) check: u64,
    /// The number of bytes of the value, or of the part of a string.
    pub(super) length: usize,
}

/// The attribute and the tag of a key.
#[derive(Clone, Copy)]
pub(super) struct Label {
    attribute: AttributeId,
    /// The kind of the key and the type of the value.
    tag: u8,
}

impl Label {
    /// A label of a key of any kind. A key for equality is one of a string.
    pub(super) fn new(attribute: AttributeId, kind: Kind) -> Self {
        let tag = match kind {
            Kind::Equal => Class::Text as u8,
            Kind::Prefix(length) => 16 + length,
            Kind::Suffix(length) => 32 + length,
            Kind::Gram(length) => 48 + length,
            Kind::Present => 64,
            Kind::Above => 65,
            Kind::Below => 66,
        };
        Self { attribute, tag }
    }

    fn equal(attribute: AttributeId, class: Class) -> Self {
        Self { attribute, tag: class as u8 }
    }

    pub(super) fn of(self, bytes: &[u8]) -> Source<'_> {
        Source { label: self, bytes }
    }
}

/// The label and the bytes of a key.
#[derive(Clone, Copy)]
pub(super) struct Source<'b> {
    pub(super) label: Label,
    pub(super) bytes: &'b [u8],
}

impl Source<'_> {
    fn start(&self) -> u64 {
        let Label { attribute, tag } = self.label;
        (attribute.index() as u64) << 40 | u64::from(tag) << 32 | self.bytes.len() as u64
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
#[derive(Clone, Debug)]
pub(super) struct KeyHasher {
    seed: u64,
    check: RandomState,
}

impl KeyHasher {
    pub(super) fn new() -> Self {
        Self { seed: RandomState::new().hash_one(0_u8) | 1, check: RandomState::new() }
    }

    /// Returns the hash by which a key is found.
    pub(super) fn hash(&self, source: Source<'_>) -> u64 {
        // 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3,
        // section 6.4).
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = (self.seed ^ source.start()).wrapping_mul(MIX);
        for_each_word(source.bytes, |word| {
            let product = u128::from(hash ^ word) * u128::from(MIX);
            hash = product as u64 ^ (product >> 64) as u64;
        });
        let product = u128::from(hash ^ self.seed.rotate_left(32)) * u128::from(MIX);
        product as u64 ^ (product >> 64) as u64
    }

    /// Returns the hash that confirms a key.
    pub(super) fn check(&self, source: Source<'_>) -> u64 {
        let mut hasher = self.check.build_hasher();
        hasher.write_u64(source.start());
        hasher.write(source.bytes);
        hasher.finish()
    }

    fn key(&self, source: Source<'_>, kind: Kind) -> CheckedKey {
        let hash = self.hash(source);
        let hash = [hash as u16, (hash >> 16) as u16, (hash >> 32) as u16];
        let key = Key { hash, attribute: source.label.attribute, kind };
        CheckedKey { key, check: self.check(source), length: source.bytes.len() }
    }

    pub(super) fn part(&self, attribute: AttributeId, kind: Kind, bytes: &[u8]) -> CheckedKey {
        self.key(Label::new(attribute, kind).of(bytes), kind)
    }

    /// Returns the key of the values that equal an operand.
    pub(super) fn of_operand(&self, attribute: AttributeId, operand: &Value) -> CheckedKey {
        let key =
            |class, bytes: &[u8]| self.key(Label::equal(attribute, class).of(bytes), Kind::Equal);
        match operand {
            Value::Text(text) => key(Class::Text, text.as_bytes()),
            Value::Boolean(value) => key(Class::Boolean, &[u8::from(*value)]),
            Value::Integer(number) => key(Class::Number, &number_bytes(*number as f64)),
            Value::Decimal(number) => key(Class::Number, &number_bytes(*number)),
            Value::Number(digits) => key(Class::Number, &number_bytes(number::nearest(digits))),
            Value::DateTime(instant) => key(Class::DateTime, &instant.micros.to_le_bytes()),
            Value::Binary(bytes) => key(Class::Binary, bytes),
        }
    }

    /// Returns the keys of the values that equal a literal of a filter without a schema.
    pub(super) fn of_literal(&self, attribute: AttributeId, literal: &Untyped) -> Vec<CheckedKey> {
        let key =
            |class, bytes: &[u8]| self.key(Label::equal(attribute, class).of(bytes), Kind::Equal);
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

/// Passes the source of the key that a string without a schema has for equality, if it is a
/// date-time, to `found`.
pub(super) fn of_date_time(attribute: AttributeId, text: &str, found: impl FnOnce(Source<'_>)) {
    if let Some(instant) = DateTime::parse(text) {
        found(Label::equal(attribute, Class::DateTime).of(&instant.micros.to_le_bytes()));
    }
}

/// Passes the source of the key that a stored value other than a string has for equality to `found`.
pub(super) fn of_value(
    attribute: AttributeId,
    value: ValueRef<'_>,
    found: impl FnOnce(Source<'_>),
) {
    let key = |class, bytes: &[u8]| found(Label::equal(attribute, class).of(bytes));
    match value {
        ValueRef::Boolean(value) => key(Class::Boolean, &[u8::from(value)]),
        ValueRef::Integer(number) => key(Class::Number, &number_bytes(number as f64)),
        ValueRef::Decimal(number) => key(Class::Number, &number_bytes(number)),
        ValueRef::Number(digits) => key(Class::Number, &number_bytes(number::nearest(digits))),
        ValueRef::DateTime(instant) => key(Class::DateTime, &instant.micros.to_le_bytes()),
        ValueRef::Binary(bytes) => key(Class::Binary, bytes),
        ValueRef::Text { .. } | ValueRef::Complex | ValueRef::Unreadable => {}
    }
}

/// Equal numbers have equal bytes. Integers beyond 2^53 that differ in the last digits can share
/// them.
fn number_bytes(number: f64) -> [u8; 8] {
    number::without_negative_zero(number).to_le_bytes()
}

/// Appends the form in which a stored string is compared.
pub(super) fn push_compared_form(
    bytes: &mut Vec<u8>,
    text: &str,
    key: Option<&str>,
    case: CaseSensitivity,
) {
    let (text, case) = case.select(text, key);
    match case {
        CaseSensitivity::Exact => bytes.extend_from_slice(text.as_bytes()),
        // This does not allocate, unlike the general path.
        _ if text.is_ascii() => {
            let start = bytes.len();
            bytes.extend_from_slice(text.as_bytes());
            bytes.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        }
        _ => bytes.extend_from_slice(case.key(text).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyHasher, Kind, Label};
    use crate::schema::AttributeId;
    use std::collections::{BTreeMap, HashSet};

    #[test]
    fn different_sources_have_different_hashes_in_all_shards() {
        let hasher = KeyHasher::new();
        let (mut hashes, mut checks) = (HashSet::new(), HashSet::new());
        let mut shards: BTreeMap<u16, usize> = BTreeMap::new();
        let kinds = [Kind::Equal, Kind::Prefix(3), Kind::Suffix(3), Kind::Gram(3), Kind::Present];
        for kind in kinds {
            for number in 0..2_000 {
                let bytes = format!("user{number}");
                let source = Label::new(AttributeId::ABSENT, kind).of(bytes.as_bytes());
                let hash = hasher.hash(source);
                hashes.insert(hash << 16);
                checks.insert(hasher.check(source));
                *shards.entry((hash >> 32) as u16 % 1_024).or_default() += 1;
            }
        }
        assert_eq!((hashes.len(), checks.len()), (10_000, 10_000));
        // 10 are expected in each shard.
        assert!(shards.len() > 1_000 && shards.values().all(|count| *count < 50));
    }
}
