//! Changes the elements that a filter selects.

use super::change::{Change, Context, Problem, Selector};
use super::elements::{demote_others, is_primary};
use super::members::set;
use super::target::Shape;
use serde_json::{Map, Value};

impl Context<'_> {
    /// Changes the elements that a filter selects, or all of them, or one of their sub-attributes.
    pub(super) fn change_selected(
        &self,
        mut elements: Vec<Value>,
        selector: Option<&Selector>,
        sub: Option<Shape<'_>>,
        change: &Change,
    ) -> Result<Vec<Value>, Problem> {
        let selected = match selector {
            Some(selector) => self.select(&mut elements, selector),
            None => vec![true; elements.len()],
        };
        let is_removal = matches!(change, Change::Remove | Change::RemoveValues(_));
        if !selected.contains(&true) {
            let template = selector.map(|selector| selector.template.as_ref());
            return match (template, sub, change) {
                (None, _, _) if is_removal => Ok(elements),
                (None, Some(sub), Change::Add(value) | Change::Replace(value)) => {
                    let element = Map::from_iter([(sub.name.to_owned(), value.clone())]);
                    elements.push(Value::Object(element));
                    Ok(elements)
                }
                (Some(Some(template)), sub, Change::Add(value)) => {
                    let mut element = template.clone();
                    match (sub, value) {
                        (Some(sub), value) => set(&mut element, sub.name, value.clone()),
                        (None, Value::Object(members)) => element.extend(members.clone()),
                        (None, _) => return Err(Problem::NoTarget),
                    }
                    self.add(elements, vec![Value::Object(element)])
                }
                _ => Err(Problem::NoTarget),
            };
        }
        for (element, _) in elements.iter_mut().zip(&selected).filter(|(_, selected)| **selected) {
            self.change_element(element, sub, change)?;
        }
        if !is_removal {
            self.settle_primary(&mut elements, &selected, sub, change)?;
        }
        Ok(elements)
    }

    fn change_element(
        &self,
        element: &mut Value,
        sub: Option<Shape<'_>>,
        change: &Change,
    ) -> Result<(), Problem> {
        match (sub, change, element) {
            (Some(sub), change, Value::Object(members)) => {
                self.change_member(members, sub.name, change)
            }
            (
                None,
                Change::Add(Value::Object(new)) | Change::Replace(Value::Object(new)),
                Value::Object(members),
            ) => self.update(members, new, matches!(change, Change::Add(_))),
            (None, Change::Add(value) | Change::Replace(value), element) => {
                *element = value.clone();
                Ok(())
            }
            (None, Change::Remove, element) => {
                *element = Value::Null;
                Ok(())
            }
            // A simple value has no sub-attributes.
            _ => Err(Problem::NoTarget),
        }
    }

    /// Makes the elements that were set to primary the only primary one.
    fn settle_primary(
        &self,
        elements: &mut [Value],
        selected: &[bool],
        sub: Option<Shape<'_>>,
        change: &Change,
    ) -> Result<(), Problem> {
        let (Change::Add(value) | Change::Replace(value)) = change else { return Ok(()) };
        let sets_primary = match sub {
            Some(sub) => sub.name == "primary" && *value == Value::Bool(true),
            None => is_primary(value),
        };
        if !sets_primary {
            return Ok(());
        }
        if selected.iter().filter(|selected| **selected).count() > 1 {
            return Err(Problem::SeveralPrimaries(self.attribute.to_string().into()));
        }
        demote_others(elements, |position| selected.get(position) == Some(&true));
        Ok(())
    }

    /// Returns for each element whether the filter selects it.
    fn select(&self, elements: &mut [Value], selector: &Selector) -> Vec<bool> {
        // The plan is one of the resource: a resource with this element alone.
        let name = self.attribute.name();
        let mut probe = Map::from_iter([(name.to_owned(), Value::Null)]);
        let mut selected = Vec::with_capacity(elements.len());
        for element in elements {
            if let Some(slot) = probe.get_mut(name) {
                let value = element.take();
                *slot = match self.attribute.is_multi_valued() {
                    true => Value::Array(vec![value]),
                    false => value,
                };
            }
            let resource = match self.attribute.urn() {
                Some(urn) => {
                    Value::Object(Map::from_iter([(urn.to_owned(), Value::Object(probe))]))
                }
                None => Value::Object(probe),
            };
            selected.push(selector.plan.matches(&resource));
            probe = match (resource, self.attribute.urn()) {
                (Value::Object(mut resource), Some(urn)) => match resource.remove(urn) {
                    Some(Value::Object(probe)) => probe,
                    _ => Map::new(),
                },
                (Value::Object(probe), None) => probe,
                _ => Map::new(),
            };
            *element = match probe.get_mut(name).map(Value::take) {
                Some(Value::Array(mut one)) if self.attribute.is_multi_valued() => {
                    one.pop().unwrap_or_default()
                }
                Some(value) => value,
                None => Value::Null,
            };
        }
        selected
    }
}
