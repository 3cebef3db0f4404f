//! The values of a model: a record that makes a formula true.

use crate::eval;
use crate::plan::{Test, format_value};
use crate::schema::AttributeId;
use crate::value::{Value, ValueRef};
use std::collections::BTreeMap;
use std::fmt;

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ModelValue {
    Value(Value),
    /// An object without a main value.
    Complex,
    /// A value of another type than the attribute's, which is present and equals nothing.
    Foreign,
}

impl ModelValue {
    /// Returns the value as a record passes it to the evaluator.
    pub(super) fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Value(Value::Text(text)) => ValueRef::text(text),
            Self::Value(Value::Boolean(value)) => ValueRef::Boolean(*value),
            Self::Value(Value::Integer(number)) => ValueRef::Integer(*number),
            Self::Value(Value::Decimal(number)) => ValueRef::Decimal(*number),
            Self::Value(Value::Number(number)) => ValueRef::Number(number),
            Self::Value(Value::DateTime(instant)) => ValueRef::DateTime(instant.as_ref()),
            Self::Value(Value::Binary(bytes)) => ValueRef::Binary(bytes),
            Self::Complex => ValueRef::Complex,
            Self::Foreign => ValueRef::Unreadable,
        }
    }

    /// Returns whether the value makes a test true.
    pub(super) fn passes(&self, test: &Test) -> bool {
        eval::value_passes(test, self.as_ref())
    }
}

impl fmt::Display for ModelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&format_value(value)),
            Self::Complex => f.write_str("an object"),
            Self::Foreign => f.write_str("a value of another type"),
        }
    }
}

/// One element of an attribute: the values of its sub-attributes, or of the attribute itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element(BTreeMap<AttributeId, Vec<ModelValue>>);

impl Element {
    pub(super) fn of(attribute: AttributeId, values: Vec<ModelValue>) -> Self {
        Self(BTreeMap::from([(attribute, values)]))
    }

    pub(super) fn set(&mut self, attribute: AttributeId, values: Vec<ModelValue>) {
        if !values.is_empty() {
            self.0.insert(attribute, values);
        }
    }

    pub(super) fn values(&self, attribute: AttributeId) -> &[ModelValue] {
        self.0.get(&attribute).map_or(&[], Vec::as_slice)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (AttributeId, &[ModelValue])> {
        self.0.iter().map(|(attribute, values)| (*attribute, values.as_slice()))
    }
}
