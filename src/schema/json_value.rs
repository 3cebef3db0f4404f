//! One JSON value as a value of an attribute.

use crate::value::{AttributeType, DateTime, ValueRef, base64};
use serde_json::Value;

/// Maximum depth at which an assigned value is searched; anything deeper counts as assigned.
const MAX_DEPTH: usize = 8;

/// Passes one value to `test`. Returns `None` if it does not have the type.
pub(super) fn typed(
    value: &Value,
    attribute_type: AttributeType,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> Option<bool> {
    Some(match (attribute_type, value) {
        (AttributeType::Integer, Value::Number(number)) => test(integer(number)?),
        (AttributeType::Decimal, Value::Number(number)) => {
            test(ValueRef::Decimal(number.as_f64()?))
        }
        (AttributeType::DateTime, Value::String(string)) => {
            test(ValueRef::DateTime(DateTime::parse(string)?.micros))
        }
        (AttributeType::Binary, Value::String(string)) => {
            test(ValueRef::Binary(&base64::decode(string)?))
        }
        (AttributeType::Complex, Value::Object(_)) => is_assigned(value) && test(ValueRef::Complex),
        _ => return None,
    })
}

/// Passes one value to `test`, with the type of the JSON value.
pub(super) fn simple(value: &Value, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match value {
        Value::String(string) => test(ValueRef::text(string)),
        Value::Bool(boolean) => test(ValueRef::Boolean(*boolean)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => test(ValueRef::Integer(integer)),
            None => number.as_f64().is_some_and(|number| test(ValueRef::Decimal(number))),
        },
        Value::Object(_) => is_assigned(value) && test(ValueRef::Complex),
        Value::Array(_) => is_assigned(value) && test(ValueRef::Unreadable),
        Value::Null => false,
    }
}

/// Returns an integer of 64 bits unchanged, `5.0` or a larger integer as a decimal, and `None` for
/// a fraction.
fn integer(number: &serde_json::Number) -> Option<ValueRef<'static>> {
    match number.as_i64() {
        Some(integer) => Some(ValueRef::Integer(integer)),
        None => number.as_f64().filter(|number| number.fract() == 0.0).map(ValueRef::Decimal),
    }
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
