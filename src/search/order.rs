//! The order of results by an attribute.

use super::request::SortOrder;
use crate::schema::{Attribute, Record, Schema, SchemaError};
use crate::value::{AttributeType, Text, Value, ValueRef};
use std::cmp::Ordering;

/// Sorts records by the attribute of a path (RFC 7644 section 3.4.2.3).
///
/// Strings are compared by the case rule of the schema. Of several values, the primary one counts,
/// otherwise the first; of a complex attribute its `value`. Records without a value are last in
/// ascending and first in descending order. The sort is stable.
///
/// # Errors
/// Returns an error if the schema has no attribute of this path, or if it is complex without a
/// `value`.
pub fn sort<R: Record>(
    records: &mut [R],
    schema: &Schema,
    path: &str,
    order: SortOrder,
) -> Result<(), SchemaError> {
    let error = |problem: &str| SchemaError::new(format!("attribute `{path}`: {problem}"));
    let mut attribute = schema.find_path(path).ok_or_else(|| error("not in the schema"))?;
    if attribute.attribute_type() == AttributeType::Complex {
        let value = schema.find(attribute.urn(), attribute.name(), Some("value"));
        attribute = value.ok_or_else(|| error("a complex attribute without `value`"))?;
    }
    records.sort_by_cached_key(|record| Key { value: key(record, attribute, schema), order });
    Ok(())
}

/// A sort key in its direction.
struct Key {
    value: Option<Value>,
    order: SortOrder,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let ascending = match (&self.value, &other.value) {
            (Some(one), Some(other)) => one.cmp(other),
            // Without a value last.
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        match self.order {
            SortOrder::Ascending => ascending,
            SortOrder::Descending => ascending.reverse(),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

fn key<R: Record>(record: &R, attribute: &Attribute, schema: &Schema) -> Option<Value> {
    let parent = attribute.parent().and_then(|id| schema.attribute(id));
    if let Some(parent) = parent.filter(|parent| parent.is_multi_valued())
        && let Some(primary) = schema.find(parent.urn(), parent.name(), Some("primary"))
    {
        let mut found = None;
        record.any_element(parent, &mut |element| {
            let is_primary =
                element.any_value(primary, &mut |value| value == ValueRef::Boolean(true));
            if is_primary {
                found = first(element, attribute);
            }
            is_primary
        });
        if found.is_some() {
            return found;
        }
    }
    first(record, attribute)
}

fn first(record: &dyn Record, attribute: &Attribute) -> Option<Value> {
    let mut found = None;
    record.any_value(attribute, &mut |value| {
        found = match value {
            ValueRef::Text { text, .. } => {
                Some(Value::Text(Text::from(&*attribute.case().key(text))))
            }
            ValueRef::Boolean(boolean) => Some(Value::Boolean(boolean)),
            ValueRef::Integer(number) => Some(Value::Integer(number)),
            ValueRef::Number(number) => Some(Value::Number(number.into())),
            ValueRef::Decimal(number) => Some(Value::Decimal(number)),
            ValueRef::DateTime(instant) => Some(Value::DateTime(instant.into_owned())),
            ValueRef::Binary(bytes) => Some(Value::Binary(bytes.into())),
            _ => None,
        };
        found.is_some()
    });
    found
}
