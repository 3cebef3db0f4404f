//! Comparison of stored strings with operands, without allocating if the stored string is ASCII.
//!
//! Unless strings are compared exactly, every function compares the key of `text`
//! ([`CaseSensitivity::key`]) with an operand that is already a key. If the record stores the key of
//! its string, that key is compared with [`CaseSensitivity::Exact`] instead;
//! [`CaseSensitivity::select`] chooses. The keys of an ASCII string are the same by every rule.

use std::cmp::Ordering;

use super::case_sensitivity::CaseSensitivity;
use super::fold::{folded, folds_to_ascii};
use super::number;
use super::operand::Value;
use super::swar::splat;
use super::username::username_key;
use super::value_ref::ValueRef;

/// Compares a stored string with a key by code points, which is the byte order of UTF-8.
pub(crate) fn compare(text: &str, key: &str, case: CaseSensitivity) -> Ordering {
    match case {
        CaseSensitivity::Exact => text.cmp(key),
        _ if text.is_ascii() => lowercase_bytes(text).cmp(key.bytes()),
        CaseSensitivity::Ignore => folded(text).cmp(key.chars()),
        CaseSensitivity::UsernameCaseMapped => username_key(text).as_ref().cmp(key),
    }
}

/// Returns whether a stored string is equal to a key.
// PERF: the inlined part compares the first byte and the last eight, which decides most comparisons
// without a call. Check with `benches/peers -- --only matches`, F2 and F3.
#[inline]
pub(crate) fn equals(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text == key,
        case => {
            !differs_at_start(text, key)
                && !differs_at_end(text, key)
                && equals_key(text, key, case)
        }
    }
}

fn equals_key(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match text.is_ascii() {
        true => text.eq_ignore_ascii_case(key),
        false if case == CaseSensitivity::UsernameCaseMapped => username_key(text) == key,
        // A key is ASCII only if every character folds to ASCII, and the first character that is
        // not ASCII itself rarely does. The check avoids folding.
        false if key.is_ascii() => text.chars().all(folds_to_ascii) && folded(text).eq(key.chars()),
        false => folded(text).eq(key.chars()),
    }
}

/// Returns true if the first bytes rule out that the key of `text` starts like `key`. An ASCII
/// character folds to its lowercase form, or to a character that is not ASCII if a combining mark
/// follows.
#[inline]
fn differs_at_start(text: &str, key: &str) -> bool {
    match (text.as_bytes().first(), key.as_bytes().first()) {
        (Some(text), Some(key)) => ascii_differs((*text).into(), (*key).into()),
        _ => false,
    }
}

/// Returns true if the last bytes rule out that `key` is the key of `text`. An ASCII character at
/// the end of a string always folds to its lowercase form, because no combining mark follows.
#[inline]
fn differs_at_end(text: &str, key: &str) -> bool {
    match (text.as_bytes().last_chunk::<8>(), key.as_bytes().last_chunk::<8>()) {
        (Some(text), Some(key)) => {
            ascii_differs(u64::from_ne_bytes(*text), u64::from_ne_bytes(*key))
        }
        _ => match (text.as_bytes().last(), key.as_bytes().last()) {
            (Some(text), Some(key)) => ascii_differs((*text).into(), (*key).into()),
            _ => false,
        },
    }
}

/// Returns whether the bytes of two words are ASCII and differ in more than the case bit.
#[inline]
fn ascii_differs(text: u64, key: u64) -> bool {
    (text | key) & splat(0x80) == 0 && (text ^ key) & !splat(0x20) != 0
}

/// Returns whether a stored string starts with a key.
pub(crate) fn starts_with(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text.starts_with(key),
        _ if text.is_ascii() => {
            text.get(..key.len()).is_some_and(|head| head.eq_ignore_ascii_case(key))
        }
        CaseSensitivity::Ignore => {
            if differs_at_start(text, key) {
                return false;
            }
            let mut stored = folded(text);
            key.chars().all(|char| stored.next() == Some(char))
        }
        CaseSensitivity::UsernameCaseMapped => username_key(text).starts_with(key),
    }
}

/// Returns whether a stored string ends with a key.
pub(crate) fn ends_with(text: &str, key: &str, case: CaseSensitivity) -> bool {
    match case {
        CaseSensitivity::Exact => text.ends_with(key),
        _ if text.is_ascii() => {
            let tail = text.len().checked_sub(key.len()).and_then(|start| text.get(start..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(key))
        }
        case => case.key(text).ends_with(key),
    }
}

/// Returns the bytes of the fold key of an ASCII string.
fn lowercase_bytes(ascii: &str) -> impl Iterator<Item = u8> + '_ {
    ascii.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Compares a stored value with an operand. Returns `None` if their types are not comparable, and
/// for NaN.
///
/// An integer is converted to binary64 for comparison with a decimal operand. A decimal is compared
/// exactly with an integer operand of 64 bits.
pub(crate) fn order(
    stored: ValueRef<'_>,
    operand: &Value,
    case: CaseSensitivity,
) -> Option<Ordering> {
    match (stored, operand) {
        (ValueRef::Text { text, key }, Value::Text(operand)) => {
            let (text, case) = case.select(text, key);
            Some(compare(text, operand, case))
        }
        (ValueRef::Boolean(stored), Value::Boolean(operand)) => Some(stored.cmp(operand)),
        (ValueRef::Integer(stored), Value::Integer(operand)) => Some(stored.cmp(operand)),
        (ValueRef::Integer(stored), Value::Decimal(operand)) => {
            (stored as f64).partial_cmp(operand)
        }
        (ValueRef::Decimal(stored), Value::Decimal(operand)) => stored.partial_cmp(operand),
        (ValueRef::Decimal(stored), Value::Integer(operand)) => {
            number::order_f64_i64(stored, *operand)
        }
        (ValueRef::DateTime(stored), Value::DateTime(operand)) => {
            Some(stored.cmp(&operand.as_ref()))
        }
        (ValueRef::Binary(stored), Value::Binary(operand)) => Some(stored.cmp(operand)),
        _ => order_large(stored, operand),
    }
}

/// Compares numbers of which one is outside the range of 64-bit integers.
#[cold]
fn order_large(stored: ValueRef<'_>, operand: &Value) -> Option<Ordering> {
    match (stored, operand) {
        (ValueRef::Number(stored), Value::Number(operand)) => Some(number::order(stored, operand)),
        (ValueRef::Number(stored), Value::Integer(operand)) => {
            Some(number::order_i64(stored, *operand))
        }
        (ValueRef::Number(stored), Value::Decimal(operand)) => {
            number::nearest(stored).partial_cmp(operand)
        }
        (ValueRef::Integer(stored), Value::Number(operand)) => {
            Some(number::order_i64(operand, stored).reverse())
        }
        (ValueRef::Decimal(stored), Value::Number(operand)) => {
            stored.partial_cmp(&number::nearest(operand))
        }
        _ => None,
    }
}
