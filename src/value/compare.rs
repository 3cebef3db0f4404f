//! Questions about a stored text and an operand's key, without allocating where the stored text is ASCII.
//!
//! Under [`CaseSensitivity::Ignore`] every function asks about `fold_key(text)`; the other side has to be a key already. Where a record keeps the key of its
//! text, ask about that key under [`CaseSensitivity::Exact`]: [`CaseSensitivity::of`] picks the two.

use std::cmp::Ordering;

use super::fold::{fold_key, folded, folds_to_ascii};
use super::swar::splat;
use super::{Value, ValueRef, number};

/// Whether capitals differ from small letters (`caseExact`, RFC 7643 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseSensitivity {
    /// Texts are compared as they are, without normalization.
    Exact,
    /// The keys of the texts are compared.
    Ignore,
}

impl CaseSensitivity {
    /// The text to ask about, and how: the key as it is where case does not matter and the record has one.
    pub(crate) fn of<'a>(self, text: &'a str, key: Option<&'a str>) -> (&'a str, Self) {
        match (self, key) {
            (Self::Ignore, Some(key)) => (key, Self::Exact),
            _ => (text, self),
        }
    }
}

/// Where the stored text stands relative to the key, by code points, which is also the byte order of UTF-8.
pub(crate) fn compare(text: &str, key: &str, case: CaseSensitivity) -> Ordering {
    match case {
        CaseSensitivity::Exact => text.cmp(key),
        CaseSensitivity::Ignore if text.is_ascii() => lower(text).cmp(key.bytes()),
        CaseSensitivity::Ignore => folded(text).cmp(key.chars()),
    }
}

/// Whether the stored text is the key's.
#[inline]
pub(crate) fn equals(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text == key,
        CaseSensitivity::Ignore => {
            !differs_at_start(text, key) && !differs_at_end(text, key) && equals_key(text, key)
        }
    }
}

fn equals_key(text: &str, key: &str) -> bool {
    match text.is_ascii() {
        true => text.eq_ignore_ascii_case(key),
        // An ASCII key is only that of a text whose every character gives ASCII; nearly always the first other one does not.
        false if key.is_ascii() => text.chars().all(folds_to_ascii) && folded(text).eq(key.chars()),
        false => folded(text).eq(key.chars()),
    }
}

/// Whether the first bytes tell that no key of `text` can begin as `key` does: what an ASCII letter is folded to is its small
/// letter, or with a mark behind it no ASCII at all.
#[inline]
fn differs_at_start(text: &str, key: &str) -> bool {
    match (text.as_bytes().first(), key.as_bytes().first()) {
        (Some(text), Some(key)) => apart((*text).into(), (*key).into()),
        _ => false,
    }
}

/// Whether the last bytes tell that `key` is no key of `text`: nothing combines with an ASCII character that ends a text.
#[inline]
fn differs_at_end(text: &str, key: &str) -> bool {
    match (text.as_bytes().last_chunk::<8>(), key.as_bytes().last_chunk::<8>()) {
        (Some(text), Some(key)) => apart(u64::from_ne_bytes(*text), u64::from_ne_bytes(*key)),
        _ => match (text.as_bytes().last(), key.as_bytes().last()) {
            (Some(text), Some(key)) => apart((*text).into(), (*key).into()),
            _ => false,
        },
    }
}

/// Whether both, of up to eight bytes, are ASCII and differ in more than case.
#[inline]
fn apart(text: u64, key: u64) -> bool {
    (text | key) & splat(0x80) == 0 && (text ^ key) & !splat(0x20) != 0
}

/// Whether the stored text begins with the key.
pub(crate) fn starts_with(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text.starts_with(key),
        CaseSensitivity::Ignore if text.is_ascii() => {
            text.get(..key.len()).is_some_and(|head| head.eq_ignore_ascii_case(key))
        }
        CaseSensitivity::Ignore => {
            if differs_at_start(text, key) {
                return false;
            }
            let mut stored = folded(text);
            key.chars().all(|wanted| stored.next() == Some(wanted))
        }
    }
}

/// Whether the stored text ends with the key.
pub(crate) fn ends_with(text: &str, end: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text.ends_with(end),
        CaseSensitivity::Ignore if text.is_ascii() => {
            let tail = text.len().checked_sub(end.len()).and_then(|start| text.get(start..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        }
        CaseSensitivity::Ignore => fold_key(text).ends_with(end),
    }
}

/// The bytes of the key of an ASCII text.
fn lower(ascii: &str) -> impl Iterator<Item = u8> + '_ {
    ascii.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Where a stored value stands relative to an operand; `None` where the two types do not compare, and for NaN.
///
/// An integer against a decimal operand becomes binary64 first; a decimal against an integer operand is compared exactly.
pub(crate) fn order(
    stored: ValueRef<'_>,
    operand: &Value,
    case: CaseSensitivity,
) -> Option<Ordering> {
    match (stored, operand) {
        (ValueRef::Text { text, key }, Value::Text(wanted)) => {
            let (text, case) = case.of(text, key);
            Some(compare(text, wanted, case))
        }
        (ValueRef::Boolean(stored), Value::Boolean(wanted)) => Some(stored.cmp(wanted)),
        (ValueRef::Integer(stored), Value::Integer(wanted)) => Some(stored.cmp(wanted)),
        (ValueRef::Integer(stored), Value::Decimal(wanted)) => (stored as f64).partial_cmp(wanted),
        (ValueRef::Decimal(stored), Value::Decimal(wanted)) => stored.partial_cmp(wanted),
        (ValueRef::Decimal(stored), Value::Integer(wanted)) => {
            number::order_f64_i64(stored, *wanted)
        }
        (ValueRef::DateTime(stored), Value::DateTime(wanted)) => Some(stored.cmp(wanted)),
        (ValueRef::Binary(stored), Value::Binary(wanted)) => Some(stored.cmp(wanted)),
        _ => None,
    }
}
