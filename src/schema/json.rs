//! JSON resources as records.
//!
//! Names are compared ignoring ASCII case. An unassigned attribute (absent, `null`, `[]`, or an
//! object without an assigned member: RFC 7643 section 2.5) has no value. A value of another type
//! than the attribute's, such as `"5"` for an integer, is present and equals nothing, unless the
//! policy coerces it ([`StoredValues`]). An array is treated as its elements, and a single value of
//! a multi-valued attribute as an array of one.

use super::coerce::coerced;
use super::json_number::kept_number;
use super::json_value::{is_assigned, simple, typed};
use super::{Attribute, Record, StoredValues, is_core_urn};
use crate::value::{AttributeType, ValueRef, swar};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

type Object = Map<String, Value>;

/// A JSON resource (RFC 7643 section 3): the attributes of an extension are in an object named by
/// the URN of its schema.
///
/// An attribute of [`AttributeType::Any`] takes its type from the JSON value. An object with a
/// `value` member is treated as that member; any other object can only be tested for presence.
impl Record for Value {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let Some(found) = self.as_object().and_then(|resource| attribute_of(resource, attribute))
        else {
            return false;
        };
        match attribute.sub_attribute() {
            None => values(found, attribute, test),
            Some(sub) => elements(found).any(|element| sub_values(element, sub, attribute, test)),
        }
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let attribute_type = attribute.attribute_type();
        if !can_be_one_string(attribute_type, attribute.yields_many()) {
            return None;
        }
        let found = self.as_object().and_then(|resource| attribute_of(resource, attribute));
        match (found, attribute.sub_attribute()) {
            (Some(found), None) => one_string(found),
            (Some(found), Some(sub)) => sub_string(found, sub, attribute),
            (None, _) => Some(None),
        }
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        let Some(found) = self.as_object().and_then(|resource| attribute_of(resource, attribute))
        else {
            return false;
        };
        let mut pass = |element: &Value| is_assigned(element) && test(&Element(element));
        match attribute.sub_attribute() {
            None => elements(found).any(&mut pass),
            Some(sub) => elements(found)
                .filter_map(|element| member(element.as_object()?, sub))
                .flat_map(elements)
                .any(pass),
        }
    }
}

/// An element of a multi-valued attribute, inside brackets. Has values of the sub-attributes.
struct Element<'a>(&'a Value);

impl Record for Element<'_> {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.sub_attribute() {
            None => value(self.0, attribute, test),
            Some(sub) => sub_values(self.0, sub, attribute, test),
        }
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let (attribute_type, sub) = (attribute.attribute_type(), attribute.sub_attribute());
        if !can_be_one_string(attribute_type, sub.is_some() && attribute.is_multi_valued()) {
            return None;
        }
        match sub {
            None => one_string(self.0),
            Some(sub) => sub_string(self.0, sub, attribute),
        }
    }
}

/// Returns whether an attribute can have a single string. Without a schema every attribute can have
/// several values, but most have one.
fn can_be_one_string(attribute_type: AttributeType, many: bool) -> bool {
    attribute_type == AttributeType::Any
        || (!many && matches!(attribute_type, AttributeType::String | AttributeType::Reference))
}

/// Returns the string that a value is, `Some(None)` for `null`, and `None` if it can be several
/// values or one of another type.
fn one_string(value: &Value) -> Option<Option<&str>> {
    match value {
        Value::String(string) => Some(Some(string)),
        Value::Null => Some(None),
        _ => None,
    }
}

/// Returns what [`one_string`] returns of a sub-attribute of an element.
fn sub_string<'a>(element: &'a Value, sub: &str, attribute: &Attribute) -> Option<Option<&'a str>> {
    match element {
        Value::Object(object) => match member(object, sub) {
            Some(found) => one_string(found),
            None if kept_number(object).is_some() && is_its_own_value(attribute, sub) => None,
            None => Some(None),
        },
        Value::Array(_) => None,
        _ if is_its_own_value(attribute, sub) => None,
        _ => Some(None),
    }
}

/// Returns whether a simple element of a complex attribute is its own sub-attribute `sub`. Without
/// a schema, an attribute with simple values is recognised so.
fn is_its_own_value(attribute: &Attribute, sub: &str) -> bool {
    (attribute.attribute_type() == AttributeType::Any
        || attribute.stored_values() == StoredValues::Coerced)
        && sub.eq_ignore_ascii_case("value")
}

/// Returns the member of the resource that contains the attribute or its complex attribute.
fn attribute_of<'a>(resource: &'a Object, attribute: &Attribute) -> Option<&'a Value> {
    let Some(urn) = attribute.urn() else { return member(resource, attribute.name()) };
    match member(resource, urn) {
        Some(extension) => member(extension.as_object()?, attribute.name()),
        // Without a schema, the URN of the core schema is recognised by the prefix that RFC 7643
        // section 10.3 registers.
        None if attribute.attribute_type() == AttributeType::Any && is_core_urn(urn) => {
            member(resource, attribute.name())
        }
        None => None,
    }
}

/// Numbers of members for which a linear scan is used.
// PERF: a scan rejects most names by their length; `BTreeMap::get` compares bytes at each step.
// With `get` only, `matches` executes 34 % more instructions on F6 (JSON) and 2 % fewer on F5.
const SCANNED: RangeInclusive<usize> = 5..=16;

/// Returns the member of this name, otherwise the first whose name differs only in ASCII case.
#[inline]
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    match SCANNED.contains(&object.len()) {
        true => member_by_scan(object, name),
        false => object.get(name).or_else(|| member_in_other_case(object, name)),
    }
}

fn member_by_scan<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    // PERF: members are sorted by name, unless the feature `preserve_order` of serde_json is enabled:
    // names of the second half of the alphabet are found sooner from the end. Without this,
    // `matches` executes 14 % more instructions on F6 (JSON).
    let is = |(key, _): &(&String, _)| swar::equal(key.as_bytes(), name.as_bytes());
    let found = match name.as_bytes().first() {
        Some(b'a'..=b'l') => object.iter().find(is),
        _ => object.iter().rev().find(is),
    };
    found.map(|(_, value)| value).or_else(|| member_in_other_case(object, name))
}

// PERF: `#[cold]` keeps this search out of line: names nearly always have the spelling of the
// schema.
#[cold]
fn member_in_other_case<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let is = |key: &str| key.len() == name.len() && key.eq_ignore_ascii_case(name);
    object.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
}

/// Returns the elements of an array, or the value itself.
fn elements(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(elements) => elements.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn values(
    found: &Value,
    attribute: &Attribute,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    elements(found).any(|element| value(element, attribute, test))
}

fn sub_values(
    element: &Value,
    sub: &str,
    attribute: &Attribute,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    let is_simple = match element {
        Value::Object(object) => match member(object, sub) {
            Some(found) => return values(found, attribute, test),
            None => kept_number(object).is_some(),
        },
        _ => true,
    };
    is_simple && is_its_own_value(attribute, sub) && value(element, attribute, test)
}

/// Passes one value to `test`, if it is assigned.
fn value(value: &Value, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match (attribute.attribute_type(), value) {
        (AttributeType::String | AttributeType::Reference, Value::String(string)) => {
            test(ValueRef::text(string))
        }
        (AttributeType::Boolean, Value::Bool(boolean)) => test(ValueRef::Boolean(*boolean)),
        (AttributeType::Any, Value::Object(object)) => match member(object, "value") {
            Some(main) if is_assigned(main) => elements(main).any(|main| simple(main, test)),
            _ => simple(value, test),
        },
        (AttributeType::Any, other) => simple(other, test),
        (attribute_type, other) => match typed(other, attribute_type, test) {
            Some(passed) => passed,
            None => other_type(other, attribute, test),
        },
    }
}

/// Passes a value of another type than the attribute's to `test`.
#[cold]
fn other_type(
    value: &Value,
    attribute: &Attribute,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    let coerced = match attribute.stored_values() {
        StoredValues::Typed => None,
        StoredValues::Coerced => coerced(value, attribute.attribute_type(), test),
    };
    coerced.unwrap_or_else(|| is_assigned(value) && test(ValueRef::Unreadable))
}
