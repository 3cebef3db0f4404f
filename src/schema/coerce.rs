//! Common wrong forms of stored JSON values, for [`StoredValues::Coerced`](super::StoredValues).

use super::json_number::kept_number;
use super::json_value::typed_number;
use crate::value::{
    AttributeType, DateTime, ValueRef, number, parse_boolean, with_colon_in_offset,
};
use serde_json::Value;

/// Passes what a value of another type means to `test`. Returns `None` if it is not one of the
/// forms that [`StoredValues::Coerced`](super::StoredValues) lists.
pub(super) fn coerced(
    value: &Value,
    attribute_type: AttributeType,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> Option<bool> {
    match (attribute_type, value) {
        (AttributeType::Boolean, Value::String(string)) => {
            Some(test(ValueRef::Boolean(parse_boolean(string)?)))
        }
        (AttributeType::String | AttributeType::Reference, Value::Number(number)) => {
            Some(test(ValueRef::text(&number.to_string())))
        }
        (AttributeType::String | AttributeType::Reference, Value::Object(object)) => {
            Some(test(ValueRef::text(kept_number(object)?)))
        }
        (AttributeType::Integer | AttributeType::Decimal, Value::String(string)) => {
            if !number::is_number(string) {
                return None;
            }
            typed_number(string, attribute_type, test)
        }
        (AttributeType::DateTime, Value::String(string)) => {
            let text = with_colon_in_offset(string)?;
            Some(test(ValueRef::DateTime(DateTime::parse(&text)?)))
        }
        (AttributeType::Complex, Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            Some(test(ValueRef::Complex))
        }
        _ => None,
    }
}
