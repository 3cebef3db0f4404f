//! Adds and removes elements of multi-valued attributes, without duplicates.

use super::change::{Change, Context, Problem};
use super::members::{get, set};
use super::target::Shape;
use crate::schema::{Mutability, is_assigned, kept_number_of};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

impl Context<'_> {
    /// Adds elements, except those that are there already.
    pub(super) fn add(
        &self,
        mut elements: Vec<Value>,
        new: Vec<Value>,
    ) -> Result<Vec<Value>, Problem> {
        let mut index = ElementIndex::default();
        for (position, element) in elements.iter().enumerate() {
            index.insert(self.identity(element), position);
        }
        let mut primary = None;
        for element in new {
            let identity = self.identity(&element);
            let is_primary = is_primary(&element);
            let position = match index.find(&identity) {
                Some(position) => {
                    if let (Some(Value::Object(stored)), Value::Object(members)) =
                        (elements.get_mut(position), &element)
                    {
                        let before = self.identity(&Value::Object(stored.clone()));
                        self.merge(stored, members)?;
                        // A new type makes it another element.
                        let after = self.identity(&Value::Object(stored.clone()));
                        index.replace(before, after, position);
                    }
                    position
                }
                None => {
                    elements.push(element);
                    index.insert(identity, elements.len() - 1);
                    elements.len() - 1
                }
            };
            if is_primary {
                primary = Some(position);
            }
        }
        if let Some(primary) = primary {
            demote_others(&mut elements, |position| position == primary);
        }
        Ok(elements)
    }

    /// Adds the members of an equal element to one that is there. Its `value`, and immutable
    /// sub-attributes that are assigned, are kept.
    fn merge(
        &self,
        stored: &mut Map<String, Value>,
        members: &Map<String, Value>,
    ) -> Result<(), Problem> {
        for (name, value) in members {
            let is_kept = self.sub(name).is_none_or(|sub| {
                ["value", "type"].iter().any(|fixed| sub.name.eq_ignore_ascii_case(fixed))
                    || sub.mutability == Mutability::Immutable
            });
            if !(is_kept && get(stored, name).is_some_and(is_assigned)) {
                self.change_member(stored, name, &Change::Add(value.clone()))?;
            }
        }
        Ok(())
    }

    /// Removes the elements that have all sub-attributes of one of the values.
    pub(super) fn remove_values(&self, elements: &mut Vec<Value>, values: &[Value]) {
        let shape = Shape::of(self.attribute);
        let mut named: HashMap<String, Vec<&Value>> = HashMap::new();
        let mut others = Vec::new();
        for value in values {
            match self.identity(value).value {
                Some(key) => named.entry(key).or_default().push(value),
                None => others.push(value),
            }
        }
        elements.retain(|element| {
            let same = self.identity(element).value.and_then(|key| named.get(&key));
            let mut candidates = same.into_iter().flatten().chain(&others);
            !candidates.any(|value| self.is_named(&shape, element, value))
        });
    }

    /// Returns whether a stored value has all sub-attributes of `value`, or is equal to it.
    pub(super) fn is_named(&self, shape: &Shape<'_>, stored: &Value, value: &Value) -> bool {
        match (stored, value) {
            (Value::Object(stored), Value::Object(members)) if kept_number_of(value).is_none() => {
                !members.is_empty()
                    && members.iter().all(|(name, value)| {
                        let known = get(stored, name);
                        known.is_some_and(|known| match self.sub(name) {
                            Some(sub) => sub.equals(known, value),
                            None => known == value,
                        })
                    })
            }
            (stored, value) => shape.equals(stored, value),
        }
    }

    /// Returns what makes an element the same as another.
    fn identity(&self, element: &Value) -> Identity {
        let members = match element {
            Value::Object(members) if kept_number_of(element).is_none() => members,
            simple => {
                let key = Shape::of(self.attribute).key(simple).into_owned();
                return Identity { value: Some(key), element_type: None };
            }
        };
        let key_of = |name: &str| {
            let value = get(members, name).filter(|value| is_assigned(value))?;
            Some(match self.sub(name) {
                Some(sub) => sub.key(value).into_owned(),
                None => value.to_string(),
            })
        };
        let whole = || {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            format!("{sorted:?}")
        };
        match key_of("value") {
            Some(value) => Identity { value: Some(value), element_type: key_of("type") },
            None => Identity { value: None, element_type: Some(whole()) },
        }
    }
}

/// The keys by which duplicates are found.
struct Identity {
    /// Of a simple element the element itself. `None` for an element without `value`.
    value: Option<String>,
    /// The type, or the whole element if it has no value.
    element_type: Option<String>,
}

/// The positions of elements by identity.
#[derive(Default)]
struct ElementIndex {
    exact: HashMap<(Option<String>, Option<String>), usize>,
    /// The first element with a value, of any type.
    by_value: HashMap<String, usize>,
}

impl ElementIndex {
    fn insert(&mut self, Identity { value, element_type }: Identity, position: usize) {
        if let Some(value) = &value {
            self.by_value.entry(value.clone()).or_insert(position);
        }
        self.exact.entry((value, element_type)).or_insert(position);
    }

    /// Replaces the identity of a position.
    fn replace(&mut self, before: Identity, after: Identity, position: usize) {
        let key = (before.value, before.element_type);
        if self.exact.get(&key) == Some(&position) {
            self.exact.remove(&key);
        }
        self.insert(after, position);
    }

    /// Returns the element with the same value and type, or with the same value if one of them has
    /// no type.
    fn find(&self, identity: &Identity) -> Option<usize> {
        let key = (identity.value.clone(), identity.element_type.clone());
        if let Some(position) = self.exact.get(&key) {
            return Some(*position);
        }
        let value = identity.value.clone()?;
        match identity.element_type {
            None => self.by_value.get(&value).copied(),
            Some(_) => self.exact.get(&(Some(value), None)).copied(),
        }
    }
}

pub(super) fn is_primary(element: &Value) -> bool {
    match element {
        Value::Object(members) => get(members, "primary") == Some(&Value::Bool(true)),
        _ => false,
    }
}

/// Sets `primary` to false in the other elements (RFC 7644 section 3.5.2).
pub(super) fn demote_others(elements: &mut [Value], is_primary_one: impl Fn(usize) -> bool) {
    for (position, element) in elements.iter_mut().enumerate() {
        if !is_primary_one(position)
            && is_primary(element)
            && let Value::Object(members) = element
        {
            set(members, "primary", Value::Bool(false));
        }
    }
}
