//! JSON resources as records.
//!
//! Names are found without regard to ASCII case. What is not assigned (absent, `null`, `[]`, an object without an assigned
//! member: RFC 7643 section 2.5) is no value, and neither is a value of another type than the attribute's, such as `"5"`
//! for an integer: it is neither present nor equal to anything. A list counts as its elements, and a single value where a list
//! belongs as that value.

use super::{Attribute, Record};
use crate::value::{AttributeType, ValueRef, base64, datetime};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

type Object = Map<String, Value>;

/// So deep an object or list is looked into for something assigned; what lies deeper counts as assigned.
const DEPTH: usize = 8;

/// A resource as JSON (RFC 7643 section 3): extension attributes stand under the URN of their schema.
///
/// Attributes of [`AttributeType::Any`] have the type that the JSON shows. An object that has a `value` member stands for that member;
/// another object is only present.
impl Record for Value {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let Some(found) = self.as_object().and_then(|resource| attribute_of(resource, attribute))
        else {
            return false;
        };
        match attribute.sub_attribute() {
            None => values(found, attribute.kind(), test),
            Some(sub) => {
                elements(found).any(|element| sub_values(element, sub, attribute.kind(), test))
            }
        }
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let kind = attribute.kind();
        if !can_be_one_text(kind, attribute.yields_many()) {
            return None;
        }
        let found = self.as_object().and_then(|resource| attribute_of(resource, attribute));
        match (found, attribute.sub_attribute()) {
            (Some(found), None) => one_text(found, kind),
            (Some(found), Some(sub)) => sub_text(found, sub, kind),
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
        // Of another type than the attribute's, it is no element of it.
        let is_one = |element: &Value| match attribute.kind() {
            AttributeType::Any => assigned(element, DEPTH),
            kind => value(element, kind, &mut |_| true),
        };
        let mut pass = |element: &Value| is_one(element) && test(&Element(element));
        match attribute.sub_attribute() {
            None => elements(found).any(&mut pass),
            Some(sub) => elements(found)
                .filter_map(|element| member(element.as_object()?, sub))
                .flat_map(elements)
                .any(pass),
        }
    }
}

/// One element of an attribute, inside brackets: asked for sub-attributes, or for the attribute itself where its elements are
/// simple values.
struct Element<'a>(&'a Value);

impl Record for Element<'_> {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.sub_attribute() {
            None => value(self.0, attribute.kind(), test),
            Some(sub) => sub_values(self.0, sub, attribute.kind(), test),
        }
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let (kind, sub) = (attribute.kind(), attribute.sub_attribute());
        if !can_be_one_text(kind, sub.is_some() && attribute.is_multi_valued()) {
            return None;
        }
        match sub {
            None => one_text(self.0, kind),
            Some(sub) => sub_text(self.0, sub, kind),
        }
    }
}

/// Whether it is worth a look if there is one text. Without a schema any attribute can have several values, and most have one.
fn can_be_one_text(kind: AttributeType, many: bool) -> bool {
    kind == AttributeType::Any
        || (!many && matches!(kind, AttributeType::String | AttributeType::Reference))
}

/// The text that a value is, none where it is of another type; `None` where it can be several values, or one that is no text.
fn one_text(value: &Value, kind: AttributeType) -> Option<Option<&str>> {
    match value {
        Value::String(text) => Some(Some(text)),
        Value::Array(_) => None,
        Value::Null => Some(None),
        _ if kind == AttributeType::Any => None,
        _ => Some(None),
    }
}

/// The same of a part of a complex value.
fn sub_text<'a>(element: &'a Value, sub: &str, kind: AttributeType) -> Option<Option<&'a str>> {
    match element {
        Value::Object(object) => {
            member(object, sub).map_or(Some(None), |found| one_text(found, kind))
        }
        Value::Array(_) => None,
        _ if kind == AttributeType::Any => None,
        _ => Some(None),
    }
}

/// The member of the resource that holds the attribute, or the complex attribute that it is a part of.
fn attribute_of<'a>(resource: &'a Object, attribute: &Attribute) -> Option<&'a Value> {
    let Some(urn) = attribute.urn() else { return member(resource, attribute.name()) };
    match member(resource, urn) {
        Some(extension) => member(extension.as_object()?, attribute.name()),
        // Without a schema nobody knows yet which URN is the core schema's: it is the one that RFC 7643 section 10.3 calls so.
        None if attribute.kind() == AttributeType::Any && is_core(urn) => {
            member(resource, attribute.name())
        }
        None => None,
    }
}

fn is_core(urn: &str) -> bool {
    const PREFIX: &str = "urn:ietf:params:scim:schemas:core:";
    urn.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// So many members are looked through faster than they are searched, as most names differ in their length; fewer are not, nor are more.
const SOME: RangeInclusive<usize> = 5..=16;

/// The member of exactly that name, else the first one whose name differs in ASCII case alone.
#[inline]
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    match SOME.contains(&object.len()) {
        true => member_of_some(object, name),
        false => object.get(name).or_else(|| member_in_other_case(object, name)),
    }
}

fn member_of_some<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    // Members are in the order of their names, unless serde_json was told to keep the order that they were written in.
    let found = match name.as_bytes().first() {
        Some(b'a'..=b'l') => object.iter().find(|(key, _)| key.as_str() == name),
        _ => object.iter().rev().find(|(key, _)| key.as_str() == name),
    };
    found.map(|(_, value)| value).or_else(|| member_in_other_case(object, name))
}

// Apart, so that the way that is gone nearly always stays short.
#[cold]
fn member_in_other_case<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let is = |key: &str| key.len() == name.len() && key.eq_ignore_ascii_case(name);
    object.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
}

/// The elements of a list, or the one value.
fn elements(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(elements) => elements.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn values(found: &Value, kind: AttributeType, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    elements(found).any(|element| value(element, kind, test))
}

fn sub_values(
    element: &Value,
    sub: &str,
    kind: AttributeType,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    match element {
        Value::Object(object) => member(object, sub).is_some_and(|found| values(found, kind, test)),
        // Without a schema an attribute with simple values shows only here; each of its elements is its own `value`.
        simple if kind == AttributeType::Any && sub.eq_ignore_ascii_case("value") => {
            value(simple, kind, test)
        }
        _ => false,
    }
}

/// Hands out one value, where it has the type.
fn value(value: &Value, kind: AttributeType, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match (kind, value) {
        (AttributeType::String | AttributeType::Reference, Value::String(text)) => {
            test(ValueRef::text(text))
        }
        (AttributeType::Boolean, Value::Bool(boolean)) => test(ValueRef::Boolean(*boolean)),
        (AttributeType::Integer, Value::Number(number)) => integer(number).is_some_and(test),
        (AttributeType::Decimal, Value::Number(number)) => {
            number.as_f64().is_some_and(|number| test(ValueRef::Decimal(number)))
        }
        (AttributeType::DateTime, Value::String(text)) => {
            datetime::parse(text).is_some_and(|instant| test(ValueRef::DateTime(instant.micros)))
        }
        (AttributeType::Binary, Value::String(text)) => {
            base64::decode(text).is_some_and(|bytes| test(ValueRef::Binary(&bytes)))
        }
        (AttributeType::Complex, Value::Object(_)) => {
            assigned(value, DEPTH) && test(ValueRef::Complex)
        }
        (AttributeType::Any, Value::Object(object)) => match member(object, "value") {
            Some(main) if assigned(main, DEPTH) => elements(main).any(|main| simple(main, test)),
            _ => assigned(value, DEPTH) && test(ValueRef::Complex),
        },
        (AttributeType::Any, other) => simple(other, test),
        _ => false,
    }
}

/// Hands out one value by the type that the JSON shows.
fn simple(value: &Value, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match value {
        Value::String(text) => test(ValueRef::text(text)),
        Value::Bool(boolean) => test(ValueRef::Boolean(*boolean)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => test(ValueRef::Integer(integer)),
            None => number.as_f64().is_some_and(|number| test(ValueRef::Decimal(number))),
        },
        Value::Object(_) => assigned(value, DEPTH) && test(ValueRef::Complex),
        Value::Null | Value::Array(_) => false,
    }
}

/// An integer of 64 bits as it is, `5.0` or a larger integer as a decimal; `None` for a fraction.
fn integer(number: &serde_json::Number) -> Option<ValueRef<'static>> {
    match number.as_i64() {
        Some(integer) => Some(ValueRef::Integer(integer)),
        None => number.as_f64().filter(|number| number.fract() == 0.0).map(ValueRef::Decimal),
    }
}

/// RFC 7643 section 2.5.
fn assigned(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) if depth > 0 => {
            elements.iter().any(|element| assigned(element, depth - 1))
        }
        Value::Object(members) if depth > 0 => {
            members.values().any(|member| assigned(member, depth - 1))
        }
        _ => true,
    }
}
