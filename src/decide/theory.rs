//! The theories of records, elements and values.
//!
//! The families of a record are its attributes, each with its sub-attributes. The values of an
//! attribute form a list of elements. The families of an element are the sub-attributes. The only
//! family of a value is the value itself, which [`candidates`](super::candidates) decides.

use super::Domain;
use super::candidates;
use super::formula::{Atom, Formula, Goal, Requirement};
use super::model::{Element, ModelValue};
use super::search::{Budget, Theory, Verdict, solve};
use crate::plan::Test;
use crate::schema::{Attribute, AttributeId, Schema};
use crate::value::AttributeType;
use std::collections::BTreeMap;

/// Everything that a decision depends on, except for the formulas.
pub(super) struct Context<'a> {
    schema: &'a Schema,
    domain: Domain,
    /// For each complex attribute, the formula that one of its sub-attributes has a value.
    assigned: BTreeMap<AttributeId, Formula<'a>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(schema: &'a Schema, domain: Domain) -> Self {
        let mut subs: BTreeMap<AttributeId, Vec<&Attribute>> = BTreeMap::new();
        for attribute in schema.attributes() {
            if let Some(parent) = attribute.parent() {
                subs.entry(parent).or_default().push(attribute);
            }
        }
        let assigned = subs.into_iter().map(|(parent, mut subs)| {
            // The main value is the most natural one to assign.
            subs.sort_by_key(|sub| sub.sub_attribute() != Some("value"));
            (parent, Formula::any_present(subs.into_iter().map(Attribute::id)))
        });
        Self { assigned: assigned.collect(), schema, domain }
    }

    /// Returns the attribute whose values contain the values of an attribute: its complex
    /// attribute, or itself.
    fn root(&self, id: AttributeId) -> AttributeId {
        self.schema.attribute(id).and_then(Attribute::parent).unwrap_or(id)
    }

    /// Returns whether an attribute, or a sub-attribute of one element, can have several values.
    fn is_list(&self, attribute: &Attribute) -> bool {
        attribute.is_multi_valued() || self.domain == Domain::AnyRecord
    }

    /// Decides the atoms on the values of a simple attribute, or of a sub-attribute of one element.
    fn check_values<'f>(
        &self,
        attribute: &Attribute,
        atoms: &[&'f Atom<'a>],
        budget: &mut Budget,
    ) -> Verdict<Vec<ModelValue>> {
        let list = ListGoals::new(attribute.id(), atoms);
        let theory = OneValue { attribute, names: [attribute.id(); 2], domain: self.domain };
        list.solve(self.is_list(attribute), |goals| theory.check_goals(goals, budget))
    }

    /// Decides the goals on one element of a complex attribute.
    fn check_element(
        &self,
        root: &Attribute,
        goals: &[Goal<'_, 'a>],
        budget: &mut Budget,
    ) -> Verdict<Element> {
        let shapes: &[Shape] = match root.attribute_type() {
            AttributeType::Any => &[Shape::Simple, Shape::WithoutValue, Shape::WithValue],
            _ => &[Shape::Complex],
        };
        let mut all_goals = goals.to_vec();
        if let (AttributeType::Complex, Domain::Conforming, Some(assigned)) =
            (root.attribute_type(), self.domain, self.assigned.get(&root.id()))
        {
            all_goals.push(Goal::Formula(assigned));
        }
        let mut known = Verdict::Unsatisfiable;
        for shape in shapes {
            let theory = OneElement { context: self, root, shape: *shape };
            match solve(&theory, &all_goals, budget) {
                Verdict::Satisfiable(models) => {
                    let mut element = Element::default();
                    let main = theory.main().filter(|main| !models.contains_key(&main.index()));
                    if let Some(main) = main {
                        match theory.check(main.index(), &[], budget) {
                            Verdict::Satisfiable(values) => element.set(main, values),
                            Verdict::Unsatisfiable | Verdict::Unknown => return Verdict::Unknown,
                        }
                    }
                    for (family, values) in models {
                        if let Some(attribute) = self.schema.attributes().nth(family) {
                            element.set(attribute.id(), values);
                        }
                    }
                    return Verdict::Satisfiable(element);
                }
                Verdict::Unsatisfiable => {}
                Verdict::Unknown => known = Verdict::Unknown,
            }
        }
        known
    }
}

/// The requirements on the elements of a list.
///
/// Small-model property: each requirement that an element exists is fulfilled by one element, and
/// elements do not influence each other. A list therefore needs one element for each positive atom.
struct ListGoals<'f, 'a> {
    /// An element has to exist.
    some: bool,
    /// No element can exist.
    none: bool,
    /// An element makes the goal true.
    existential: Vec<Goal<'f, 'a>>,
    /// Every element makes the goal true.
    universal: Vec<Goal<'f, 'a>>,
}

impl<'f, 'a> ListGoals<'f, 'a> {
    fn new(list: AttributeId, atoms: &[&'f Atom<'a>]) -> Self {
        let mut goals =
            Self { some: false, none: false, existential: Vec::new(), universal: Vec::new() };
        for atom in atoms {
            let goal = match &atom.requirement {
                Requirement::Present if atom.attribute == list => {
                    if atom.positive {
                        goals.some = true;
                    } else {
                        goals.none = true;
                    }
                    continue;
                }
                Requirement::Element(inner) if atom.attribute == list => Goal::Formula(inner),
                _ => Goal::Atom(atom),
            };
            if atom.positive { &mut goals.existential } else { &mut goals.universal }.push(goal);
        }
        goals
    }

    /// Decides the goals, given a function that decides the goals of one element.
    fn solve<M>(
        self,
        is_list: bool,
        mut one: impl FnMut(&[Goal<'f, 'a>]) -> Verdict<M>,
    ) -> Verdict<Vec<M>> {
        let Self { some, none, mut existential, mut universal } = self;
        if existential.is_empty() && !some {
            return Verdict::Satisfiable(Vec::new());
        }
        if none {
            return Verdict::Unsatisfiable;
        }
        if !is_list || existential.is_empty() {
            existential.append(&mut universal);
            return one(&existential).map(|element| vec![element]);
        }
        let mut elements = Vec::with_capacity(existential.len());
        let mut is_known = true;
        for goal in existential {
            universal.push(goal);
            match one(&universal) {
                Verdict::Satisfiable(element) => elements.push(element),
                Verdict::Unsatisfiable => return Verdict::Unsatisfiable,
                Verdict::Unknown => is_known = false,
            }
            universal.pop();
        }
        if is_known { Verdict::Satisfiable(elements) } else { Verdict::Unknown }
    }
}

/// The theory of a whole record.
pub(super) struct WholeRecord<'c, 'a>(pub(super) &'c Context<'a>);

impl<'f, 'a> Theory<'f, 'a> for WholeRecord<'_, 'a> {
    type Model = Vec<Element>;

    fn family(&self, attribute: AttributeId) -> usize {
        self.0.root(attribute).index()
    }

    fn check(
        &self,
        family: usize,
        atoms: &[&'f Atom<'a>],
        budget: &mut Budget,
    ) -> Verdict<Vec<Element>> {
        let context = self.0;
        let root = atoms.first().and_then(|atom| {
            let root = context.schema.attribute(context.root(atom.attribute))?;
            (root.id().index() == family).then_some(root)
        });
        let Some(root) = root else { return Verdict::Satisfiable(Vec::new()) };
        let is_simple = match root.attribute_type() {
            AttributeType::Complex => false,
            AttributeType::Any => !context.assigned.contains_key(&root.id()),
            _ => true,
        };
        if is_simple {
            return context.check_values(root, atoms, budget).map(|values| {
                values.into_iter().map(|value| Element::of(root.id(), vec![value])).collect()
            });
        }
        ListGoals::new(root.id(), atoms)
            .solve(context.is_list(root), |goals| context.check_element(root, goals, budget))
    }
}

/// The form of an element.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// An element of a complex attribute.
    Complex,
    /// Without a schema: a simple value, which is its own sub-attribute `value`.
    Simple,
    /// Without a schema: an object whose `value` has a value, which is compared instead.
    WithValue,
    /// Without a schema: an object without `value`, which is only present.
    WithoutValue,
}

/// The theory of one element.
struct OneElement<'c, 'a> {
    context: &'c Context<'a>,
    root: &'c Attribute,
    shape: Shape,
}

impl OneElement<'_, '_> {
    fn value_sub_attribute(&self) -> Option<AttributeId> {
        let found = self.context.schema.find(self.root.urn(), self.root.name(), Some("value"))?;
        (found.parent() == Some(self.root.id())).then(|| found.id())
    }

    /// Returns the attribute that has to have a value because of the shape.
    fn main(&self) -> Option<AttributeId> {
        match self.shape {
            Shape::Complex => None,
            // If no plan names `value`, the element has its value.
            Shape::WithValue => self.value_sub_attribute().or(Some(self.root.id())),
            Shape::Simple | Shape::WithoutValue => Some(self.root.id()),
        }
    }
}

impl<'f, 'a> Theory<'f, 'a> for OneElement<'_, 'a> {
    type Model = Vec<ModelValue>;

    fn family(&self, attribute: AttributeId) -> usize {
        let is_value = || self.value_sub_attribute() == Some(attribute);
        match self.shape {
            Shape::Simple if is_value() => self.root.id(),
            Shape::WithValue if attribute == self.root.id() => {
                self.value_sub_attribute().unwrap_or(attribute)
            }
            _ => attribute,
        }
        .index()
    }

    fn check(
        &self,
        family: usize,
        atoms: &[&'f Atom<'a>],
        budget: &mut Budget,
    ) -> Verdict<Vec<ModelValue>> {
        let main = self.main();
        let Some(attribute) = self.context.schema.attributes().nth(family) else {
            return Verdict::Unknown;
        };
        if self.shape == Shape::Complex {
            return self.context.check_values(attribute, atoms, budget);
        }
        if main == Some(attribute.id()) {
            return self.check_main(attribute, atoms, budget);
        }
        let is_absent = match self.shape {
            Shape::Simple => true,
            _ => self.value_sub_attribute() == Some(attribute.id()),
        };
        if is_absent {
            return match atoms.iter().any(|atom| atom.positive) {
                true => Verdict::Unsatisfiable,
                false => Verdict::Satisfiable(Vec::new()),
            };
        }
        self.context.check_values(attribute, atoms, budget)
    }
}

impl<'a> OneElement<'_, 'a> {
    /// Decides the atoms on the value that an element without a schema has to have.
    fn check_main<'f>(
        &self,
        attribute: &Attribute,
        atoms: &[&'f Atom<'a>],
        budget: &mut Budget,
    ) -> Verdict<Vec<ModelValue>> {
        // The atoms are on the element or on its `value`, which are the same here.
        if atoms.iter().any(|atom| atom.requirement == Requirement::Present && !atom.positive) {
            return Verdict::Unsatisfiable;
        }
        let others: Vec<&'f Atom<'a>> =
            atoms.iter().copied().filter(|atom| atom.requirement != Requirement::Present).collect();
        if self.shape == Shape::WithoutValue {
            let passes = |atom: &&Atom<'a>| match &atom.requirement {
                Requirement::Value(test) => ModelValue::Complex.passes(test) == atom.positive,
                _ => false,
            };
            return match others.iter().all(passes) {
                true => Verdict::Satisfiable(vec![ModelValue::Complex]),
                false => Verdict::Unsatisfiable,
            };
        }
        let mut list = ListGoals::new(attribute.id(), &others);
        list.some = true;
        let root = self.root.id();
        let names = [root, self.value_sub_attribute().unwrap_or(root)];
        let theory = OneValue { attribute, names, domain: self.context.domain };
        list.solve(self.shape == Shape::WithValue, |goals| theory.check_goals(goals, budget))
    }
}

/// The theory of one value.
struct OneValue<'c> {
    attribute: &'c Attribute,
    /// The attributes of which this is the value: without a schema, also the element that contains
    /// it.
    names: [AttributeId; 2],
    domain: Domain,
}

impl OneValue<'_> {
    /// Decides the goals on one value.
    fn check_goals<'a>(&self, goals: &[Goal<'_, 'a>], budget: &mut Budget) -> Verdict<ModelValue> {
        let atoms: Option<Vec<&Atom<'a>>> = goals
            .iter()
            .map(|goal| match *goal {
                Goal::Atom(atom) | Goal::Formula(Formula::Atom(atom)) => Some(atom),
                Goal::Formula(_) => None,
            })
            .collect();
        if let Some(atoms) = atoms {
            return self.check(0, &atoms, budget);
        }
        match solve(self, goals, budget) {
            Verdict::Satisfiable(mut models) => match models.remove(&0) {
                Some(value) => Verdict::Satisfiable(value),
                None => self.check(0, &[], budget),
            },
            Verdict::Unsatisfiable => Verdict::Unsatisfiable,
            Verdict::Unknown => Verdict::Unknown,
        }
    }
}

impl<'f, 'a> Theory<'f, 'a> for OneValue<'_> {
    type Model = ModelValue;

    fn family(&self, _: AttributeId) -> usize {
        0
    }

    fn check(&self, _: usize, atoms: &[&'f Atom<'a>], budget: &mut Budget) -> Verdict<ModelValue> {
        let mut literals: Vec<(&Test, bool)> = Vec::with_capacity(atoms.len());
        for atom in atoms {
            match &atom.requirement {
                _ if !self.names.contains(&atom.attribute) => return Verdict::Unknown,
                Requirement::Present if atom.positive => {}
                Requirement::Present => return Verdict::Unsatisfiable,
                Requirement::Value(test) => literals.push((test, atom.positive)),
                // The grammar has no brackets inside brackets.
                Requirement::Element(_) => return Verdict::Unknown,
            }
        }
        candidates::find(self.attribute, self.domain, &literals, budget)
    }
}
