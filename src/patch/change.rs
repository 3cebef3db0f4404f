//! Changes the value of one attribute.

use super::members::{get, prune, remove, set, spelling};
use super::target::{Shape, SubAttribute, declared, sub_shape};
use crate::plan::Plan;
use crate::schema::{Attribute, AttributeId, Mutability, Schema, is_assigned};
use crate::value::AttributeType;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A change of one attribute. An operation without a path has one for each member of its value.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) operation: usize,
    pub(super) path: Box<str>,
    pub(super) pointer: Box<str>,
    pub(super) target: Target,
    pub(super) change: Change,
}

#[derive(Clone, Debug)]
pub(super) enum Target {
    /// All attributes of an extension, which can only be removed.
    Extension(Box<str>),
    Attribute {
        attribute: AttributeId,
        sub: Option<SubAttribute>,
        selector: Option<Selector>,
    },
}

/// The filter in the brackets of a path.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// True for a resource with an element that the filter selects.
    pub(super) plan: Plan<Value>,
    /// The element to create if an `add` selects none.
    pub(super) template: Option<Map<String, Value>>,
}

/// The value that an edit adds or sets, in the spelling of the schema. That of a multi-valued
/// attribute without a filter is an array.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Add(Value),
    Replace(Value),
    Remove,
    RemoveValues(Vec<Value>),
}

/// The reason why an edit cannot be applied.
#[derive(Debug)]
pub(super) enum Problem {
    NotAnObject,
    NoTarget,
    ReadOnly(Box<str>),
    Immutable(Box<str>),
    Required(Box<str>),
    SeveralPrimaries(Box<str>),
}

impl Edit {
    /// Returns the value of the attribute after the edit, or `None` if it is unassigned.
    pub(super) fn change_attribute(
        &self,
        stored: Value,
        attribute: &Attribute,
        schema: &Schema,
    ) -> Result<Option<Value>, Problem> {
        let Target::Attribute { sub, selector, .. } = &self.target else { return Ok(None) };
        let shape = Shape::of(attribute);
        let sub = sub.and_then(|sub| Shape::of_sub_attribute(schema, sub));
        let context = Context { schema, attribute };
        let mut after = match (selector, sub) {
            (None, None) if shape.multi_valued => {
                let elements = elements_of(stored);
                Value::Array(context.change_elements(elements, &self.change)?)
            }
            (None, None) => context.change_single(stored, &shape, &self.change)?,
            (selector, sub) if shape.multi_valued => {
                let elements = elements_of(stored);
                let elements =
                    context.change_selected(elements, selector.as_ref(), sub, &self.change)?;
                Value::Array(elements)
            }
            (selector, sub) => {
                let elements = if is_assigned(&stored) { vec![stored] } else { Vec::new() };
                let elements =
                    context.change_selected(elements, selector.as_ref(), sub, &self.change)?;
                elements.into_iter().next().unwrap_or_default()
            }
        };
        prune(&mut after);
        Ok(Some(after).filter(is_assigned))
    }
}

/// A value that is not in an array counts as an array of one.
fn elements_of(stored: Value) -> Vec<Value> {
    match stored {
        Value::Array(elements) => elements,
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

/// The attribute that is changed.
pub(super) struct Context<'a> {
    pub(super) schema: &'a Schema,
    pub(super) attribute: &'a Attribute,
}

impl Context<'_> {
    pub(super) fn sub(&self, name: &str) -> Option<Shape<'_>> {
        sub_shape(self.schema, self.attribute, name)
    }

    fn change_single(
        &self,
        stored: Value,
        shape: &Shape<'_>,
        change: &Change,
    ) -> Result<Value, Problem> {
        match change {
            Change::Remove => {
                self.check_removal(&stored)?;
                Ok(Value::Null)
            }
            Change::RemoveValues(values) => {
                let is_named = values.iter().any(|value| self.is_named(shape, &stored, value));
                Ok(if is_named { Value::Null } else { stored })
            }
            Change::Add(value) | Change::Replace(value) => match (stored, value) {
                (Value::Object(mut object), Value::Object(members))
                    if shape.attribute_type == AttributeType::Complex =>
                {
                    self.update(&mut object, members, matches!(change, Change::Add(_)))?;
                    Ok(Value::Object(object))
                }
                (_, Value::Object(members)) => {
                    let mut object = Map::new();
                    self.update(&mut object, members, true)?;
                    Ok(Value::Object(object))
                }
                (_, value) => Ok(value.clone()),
            },
        }
    }

    /// Changes a multi-valued attribute as a whole.
    fn change_elements(
        &self,
        mut elements: Vec<Value>,
        change: &Change,
    ) -> Result<Vec<Value>, Problem> {
        match change {
            Change::Remove => Ok(Vec::new()),
            Change::RemoveValues(values) => {
                self.remove_values(&mut elements, values);
                Ok(elements)
            }
            Change::Replace(value) => {
                let new = elements_of(value.clone());
                self.check_read_only(&elements, &new)?;
                Ok(new)
            }
            Change::Add(value) => {
                let new = elements_of(value.clone());
                self.check_read_only(&elements, &new)?;
                self.add(elements, new)
            }
        }
    }

    /// Sets each of the members. A `null` removes the sub-attribute.
    pub(super) fn update(
        &self,
        object: &mut Map<String, Value>,
        members: &Map<String, Value>,
        is_add: bool,
    ) -> Result<(), Problem> {
        for (name, value) in members {
            let change = match value {
                Value::Null => Change::Remove,
                value if is_add => Change::Add(value.clone()),
                value => Change::Replace(value.clone()),
            };
            self.change_member(object, name, &change)?;
        }
        Ok(())
    }

    /// Changes one sub-attribute.
    pub(super) fn change_member(
        &self,
        object: &mut Map<String, Value>,
        name: &str,
        change: &Change,
    ) -> Result<(), Problem> {
        let Some(shape) = self.sub(name) else {
            match change {
                Change::Add(value) | Change::Replace(value) => set(object, name, value.clone()),
                _ => drop(remove(object, name)),
            }
            return Ok(());
        };
        let before = get(object, name).filter(|value| is_assigned(value)).cloned();
        let after = match change {
            Change::Remove => None,
            Change::RemoveValues(values) => before.clone().and_then(|stored| {
                let mut stored = stored;
                let is_named = |one: &Value| values.iter().any(|value| shape.equals(one, value));
                match &mut stored {
                    Value::Array(elements) => elements.retain(|element| !is_named(element)),
                    single if is_named(single) => return None,
                    _ => {}
                }
                Some(stored)
            }),
            Change::Add(Value::Array(new)) => {
                let mut elements = elements_of(before.clone().unwrap_or_default());
                for element in new {
                    if !elements.iter().any(|known| shape.equals(known, element)) {
                        elements.push(element.clone());
                    }
                }
                Some(Value::Array(elements))
            }
            Change::Add(value) | Change::Replace(value) => Some(value.clone()),
        };
        let after = after.filter(is_assigned);
        let full_name = || format!("{}.{}", self.attribute, shape.name).into_boxed_str();
        match shape.mutability {
            Mutability::ReadOnly if before != after => Err(Problem::ReadOnly(full_name())),
            Mutability::Immutable if before.is_some() && before != after => {
                Err(Problem::Immutable(full_name()))
            }
            _ if shape.required && before.is_some() && after.is_none() => {
                Err(Problem::Required(full_name()))
            }
            _ => {
                match after {
                    Some(value) => set(object, name, value),
                    None => drop(remove(object, name)),
                }
                Ok(())
            }
        }
    }

    /// Reports the removal of a complex value with assigned immutable sub-attributes.
    fn check_removal(&self, stored: &Value) -> Result<(), Problem> {
        let Value::Object(members) = stored else { return Ok(()) };
        for sub in declared(self.schema, self.attribute.id()) {
            let shape = Shape::of(sub);
            if shape.mutability == Mutability::Immutable
                && get(members, shape.name).is_some_and(is_assigned)
            {
                return Err(Problem::Immutable(sub.to_string().into()));
            }
        }
        Ok(())
    }

    /// Reports new values of read-only sub-attributes of elements.
    pub(super) fn check_read_only(&self, stored: &[Value], new: &[Value]) -> Result<(), Problem> {
        for sub in declared(self.schema, self.attribute.id()) {
            let shape = Shape::of(sub);
            if shape.mutability != Mutability::ReadOnly {
                continue;
            }
            let value_of = |element: &Value| match element {
                Value::Object(members) => {
                    let key = spelling(members, shape.name)?;
                    members.get(&key).filter(|value| is_assigned(value)).map(ToString::to_string)
                }
                _ => None,
            };
            let known: HashSet<String> = stored.iter().filter_map(value_of).collect();
            if new.iter().filter_map(value_of).any(|value| !known.contains(&value)) {
                return Err(Problem::ReadOnly(sub.to_string().into()));
            }
        }
        Ok(())
    }
}
