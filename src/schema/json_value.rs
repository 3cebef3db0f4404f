//! One JSON value as a value of an attribute.

use super::json_number::kept_number;
use crate::value::{AttributeType, DateTime, IntegerLiteral, ValueRef, base64, number};
use serde_json::{Number, Value};

/// Maximum depth at which an assigned value is searched; anything deeper counts as assigned.
const MAX_DEPTH: usize = 8;

/// Integers below this magnitude, 2^53, are exact in binary64.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Passes one value to `test`. Returns `None` if it does not have the type.
#[inline]
pub(super) fn typed(
    value: &Value,
    attribute_type: AttributeType,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> Option<bool> {
    Some(match (attribute_type, value) {
        (AttributeType::Integer, Value::Number(number)) => {
            if number.as_i64().is_none() && has_fraction(number) {
                return None;
            }
            untyped_number(number, test)
        }
        (AttributeType::Decimal, Value::Number(number)) => {
            test(ValueRef::Decimal(number.as_f64()?))
        }
        (AttributeType::Integer | AttributeType::Decimal, Value::Object(object)) => {
            return typed_number(kept_number(object)?, attribute_type, test);
        }
        (AttributeType::DateTime, Value::String(string)) => {
            // PERF: the fields are copied from registers; an instant that is copied from memory right
            // after it was written waits for the writes. `matches`, F6 (JSON).
            let DateTime { micros, finer } = DateTime::parse(string)?;
            test(ValueRef::DateTime(DateTime { micros, finer }))
        }
        (AttributeType::Binary, Value::String(string)) => {
            test(ValueRef::Binary(&base64::decode(string)?))
        }
        (AttributeType::Complex, Value::Object(_)) => is_assigned(value) && test(ValueRef::Complex),
        _ => return None,
    })
}

/// Passes one value to `test`, with the type of the JSON value.
pub(crate) fn simple(value: &Value, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match value {
        Value::String(string) => test(ValueRef::text(string)),
        Value::Bool(boolean) => test(ValueRef::Boolean(*boolean)),
        Value::Number(number) => untyped_number(number, test),
        Value::Object(object) => match kept_number(object) {
            Some(number) => test(ValueRef::Number(number)),
            None => is_assigned(value) && test(ValueRef::Complex),
        },
        Value::Array(_) => is_assigned(value) && test(ValueRef::Unreadable),
        Value::Null => false,
    }
}

/// Passes a number in the form of RFC 8259 section 6 to `test`. Returns `None` if it does not have
/// the type.
pub(super) fn typed_number(
    text: &str,
    attribute_type: AttributeType,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> Option<bool> {
    match (attribute_type, number::integer(text)) {
        (AttributeType::Decimal, _) => Some(test(ValueRef::Decimal(number::decimal(text)?))),
        (_, IntegerLiteral::Exact(integer)) => Some(test(ValueRef::Integer(integer))),
        _ if number::is_whole(text) => Some(test(ValueRef::Number(text))),
        _ => None,
    }
}

/// Passes a number to `test`, as an integer if it is one.
#[inline]
fn untyped_number(number: &Number, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match number.as_i64() {
        Some(integer) => test(ValueRef::Integer(integer)),
        None => other_number(number, test),
    }
}

#[cold]
fn other_number(number: &Number, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match number.as_f64() {
        _ if number.is_u64() => test(ValueRef::Number(&number.to_string())),
        Some(binary64) if binary64.fract() == 0.0 && binary64.abs() < MAX_EXACT => {
            test(ValueRef::Integer(binary64 as i64))
        }
        Some(binary64) => test(ValueRef::Decimal(binary64)),
        None => test(ValueRef::Unreadable),
    }
}

fn has_fraction(number: &Number) -> bool {
    number.as_f64().is_none_or(|binary64| binary64.fract() != 0.0)
}

/// Returns whether the value is assigned (RFC 7643 section 2.5).
pub(crate) fn is_assigned(value: &Value) -> bool {
    is_assigned_at(value, MAX_DEPTH)
}

fn is_assigned_at(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) if depth > 0 => {
            elements.iter().any(|element| is_assigned_at(element, depth - 1))
        }
        Value::Object(members) if depth > 0 => {
            members.values().any(|member| is_assigned_at(member, depth - 1))
        }
        _ => true,
    }
}
