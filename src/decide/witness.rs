//! Records that show the result of a decision.

use super::model::{Element, ModelValue};
use crate::schema::{Attribute, AttributeId, Record, Schema};
use crate::value::{AttributeType, ValueRef};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A record that shows why a [`Decision`](super::Decision) is `No`.
///
/// The evaluator has confirmed it. It is small: an attribute has only the values that are needed.
/// Strings are in the form in which they are compared, which is their fold key if the attribute
/// ignores case.
///
/// It implements [`Record`], so that other plans can be evaluated on it with
/// [`Plan::matches_witness`](crate::Plan::matches_witness). With feature `serde`, `to_json` returns
/// it as a resource. [`Display`](fmt::Display) lists its values, one attribute per line.
#[derive(Clone, PartialEq)]
pub struct Witness {
    schema: Arc<Schema>,
    attributes: BTreeMap<AttributeId, Vec<Element>>,
}

impl Witness {
    pub(super) fn new(
        schema: Arc<Schema>,
        attributes: impl Iterator<Item = (AttributeId, Vec<Element>)>,
    ) -> Self {
        let attributes = attributes.filter(|(_, elements)| !elements.is_empty());
        Self { schema, attributes: attributes.collect() }
    }

    /// Returns the schema of the attributes.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Removes the elements that are not needed: without which the condition is still true.
    pub(super) fn reduce(&mut self, condition: impl Fn(&Self) -> bool) {
        const MAX_ELEMENTS: usize = 32;
        let lists: Vec<AttributeId> = self
            .attributes
            .iter()
            .filter(|(_, elements)| (2..=MAX_ELEMENTS).contains(&elements.len()))
            .map(|(attribute, _)| *attribute)
            .collect();
        for attribute in lists {
            let mut position = 0;
            while let Some(elements) = self.attributes.get_mut(&attribute)
                && elements.len() > 1
                && position < elements.len()
            {
                let removed = elements.remove(position);
                if condition(self) {
                    continue;
                }
                if let Some(elements) = self.attributes.get_mut(&attribute) {
                    elements.insert(position, removed);
                }
                position += 1;
            }
        }
    }

    pub(super) fn shared_schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Returns the attributes that have elements, without sub-attributes.
    pub(super) fn elements(&self) -> impl Iterator<Item = (&Attribute, &[Element])> {
        self.attributes
            .iter()
            .filter_map(|(id, elements)| Some((self.schema.attribute(*id)?, elements.as_slice())))
    }

    fn elements_of(&self, attribute: &Attribute) -> &[Element] {
        let root = attribute.parent().unwrap_or_else(|| attribute.id());
        self.attributes.get(&root).map_or(&[], Vec::as_slice)
    }

    fn any_value_of(
        &self,
        element: &Element,
        attribute: &Attribute,
        test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ) -> bool {
        if attribute.attribute_type() == AttributeType::Complex {
            return test(ValueRef::Complex);
        }
        let mut values = element.values(attribute.id());
        let is_any = |attribute: &Attribute| attribute.attribute_type() == AttributeType::Any;
        if values.is_empty() && is_any(attribute) {
            // Without a schema, a simple value is its own `value`, and an object is compared by its
            // `value`.
            match attribute.parent() {
                Some(parent) if attribute.sub_attribute().is_some_and(is_value) => {
                    let simple = element.values(parent);
                    if simple != [ModelValue::Complex] {
                        values = simple;
                    }
                }
                Some(_) => {}
                None => {
                    let main = self.schema.find(attribute.urn(), attribute.name(), Some("value"));
                    values = main.map_or(&[], |main| element.values(main.id()));
                    if values.is_empty() {
                        return test(ValueRef::Complex);
                    }
                }
            }
        }
        values.iter().any(|value| test(value.as_ref()))
    }
}

fn is_value(name: &str) -> bool {
    name.eq_ignore_ascii_case("value")
}

impl Record for Witness {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let elements = self.elements_of(attribute);
        elements.iter().any(|element| self.any_value_of(element, attribute, test))
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        self.elements_of(attribute).iter().any(|element| match attribute.parent() {
            None => test(&ElementOf { witness: self, element }),
            Some(_) => element.values(attribute.id()).iter().any(|value| {
                let element = &Element::of(attribute.id(), vec![value.clone()]);
                test(&ElementOf { witness: self, element })
            }),
        })
    }
}

/// An element of a witness, inside brackets.
struct ElementOf<'a> {
    witness: &'a Witness,
    element: &'a Element,
}

impl Record for ElementOf<'_> {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        self.witness.any_value_of(self.element, attribute, test)
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attributes.is_empty() {
            return f.write_str("a record without values");
        }
        let mut separator = "";
        for (attribute, elements) in self.elements() {
            for element in elements {
                let values = element.attributes().map(|(id, values)| {
                    let name = self
                        .schema
                        .attribute(id)
                        .map_or_else(String::new, |attribute| attribute.to_string());
                    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                    format!("{name} = {}", values.join(", "))
                });
                let values: Vec<String> = values.collect();
                write!(f, "{separator}")?;
                separator = "\n";
                match values.is_empty() {
                    true => write!(f, "{attribute} is present")?,
                    false => f.write_str(&values.join(" and "))?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({self})")
    }
}
