//! The attributes and sub-attributes that an operation can change.

use crate::schema::{Attribute, AttributeId, Mutability, Schema, kept_number_of};
use crate::value::{AttributeType, CaseSensitivity, DateTime, base64, number};
use serde_json::Value;
use std::borrow::Cow;

/// A sub-attribute of an attribute of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubAttribute {
    Declared(AttributeId),
    /// Index into [`IMPLIED`].
    Implied(usize),
}

/// The sub-attributes that every multi-valued complex attribute can have (RFC 7643 section 2.4).
const IMPLIED: [(&str, AttributeType); 5] = [
    ("type", AttributeType::String),
    ("primary", AttributeType::Boolean),
    ("display", AttributeType::String),
    ("value", AttributeType::String),
    ("$ref", AttributeType::Reference),
];

/// The properties of an attribute or sub-attribute that a change depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'s> {
    /// The name of the member, in the spelling of the schema.
    pub(super) name: &'s str,
    /// The attribute of the schema, if it has one.
    pub(super) declared: Option<AttributeId>,
    pub(super) attribute_type: AttributeType,
    pub(super) multi_valued: bool,
    pub(super) mutability: Mutability,
    pub(super) required: bool,
    case: CaseSensitivity,
}

impl<'s> Shape<'s> {
    pub(super) fn of(attribute: &'s Attribute) -> Self {
        Self {
            name: attribute.sub_attribute().unwrap_or(attribute.name()),
            declared: Some(attribute.id()),
            attribute_type: attribute.attribute_type(),
            multi_valued: attribute.is_multi_valued(),
            mutability: attribute.mutability(),
            required: attribute.is_required(),
            case: attribute.case(),
        }
    }

    pub(super) fn of_sub_attribute(schema: &'s Schema, sub: SubAttribute) -> Option<Self> {
        match sub {
            SubAttribute::Declared(id) => schema.attribute(id).map(Self::of),
            SubAttribute::Implied(index) => {
                let (name, attribute_type) = *IMPLIED.get(index)?;
                let case = match attribute_type {
                    AttributeType::Reference => CaseSensitivity::Exact,
                    _ => CaseSensitivity::Ignore,
                };
                Some(Self {
                    name,
                    declared: None,
                    attribute_type,
                    multi_valued: false,
                    mutability: Mutability::ReadWrite,
                    required: false,
                    case,
                })
            }
        }
    }

    /// Returns a string that is equal for equal values.
    pub(super) fn key<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        match value {
            Value::String(text) if self.attribute_type == AttributeType::DateTime => {
                match DateTime::parse(text) {
                    Some(DateTime { micros, finer }) => format!("{micros}.{finer}").into(),
                    None => Cow::Borrowed(text),
                }
            }
            Value::String(text) if self.attribute_type == AttributeType::Binary => {
                base64::decode(text)
                    .map_or(Cow::Borrowed(text), |bytes| format!("{bytes:?}").into())
            }
            Value::String(text) => self.case.key(text),
            Value::Number(number) => number::shortest(&number.to_string()).into(),
            other => match kept_number_of(other) {
                Some(digits) => number::shortest(digits).into(),
                None => other.to_string().into(),
            },
        }
    }

    pub(super) fn equals(&self, one: &Value, other: &Value) -> bool {
        one == other || self.key(one) == self.key(other)
    }
}

/// Finds a sub-attribute by name, ignoring ASCII case.
pub(super) fn sub_attribute(
    schema: &Schema,
    parent: &Attribute,
    name: &str,
) -> Option<SubAttribute> {
    let declared = schema.find(parent.urn(), parent.name(), Some(name));
    if let Some(declared) = declared {
        return Some(SubAttribute::Declared(declared.id()));
    }
    let is = |(implied, _): &(&str, _)| implied.eq_ignore_ascii_case(name);
    let can = parent.is_multi_valued() && parent.attribute_type() == AttributeType::Complex;
    IMPLIED.iter().position(is).filter(|_| can).map(SubAttribute::Implied)
}

/// Returns the shape of a sub-attribute with this name.
pub(super) fn sub_shape<'s>(
    schema: &'s Schema,
    parent: &Attribute,
    name: &str,
) -> Option<Shape<'s>> {
    Shape::of_sub_attribute(schema, sub_attribute(schema, parent, name)?)
}

/// Returns the declared sub-attributes.
pub(super) fn declared(schema: &Schema, parent: AttributeId) -> impl Iterator<Item = &Attribute> {
    schema.attributes().filter(move |attribute| attribute.parent() == Some(parent))
}
