//! Smaller plans with the same meaning, and plans for records that are known in part.

use super::search::Budget;
use super::{BUDGET, Decision, Domain, no_model_within};
use crate::plan::{self, Node, Plan, Predicate, Test};
use crate::schema::{Attribute, AttributeId, Record, Schema, SchemaError};
use std::sync::Arc;

impl<R: ?Sized> Plan<R> {
    /// Returns a plan that matches the same records, without the parts that have no effect: those
    /// that the other parts imply, and alternatives that never match.
    ///
    /// The result is the same for every record ([`Domain::AnyRecord`]). Parts that are not decided
    /// within the budget are kept. Filters inside brackets are kept as they are.
    ///
    /// ```
    /// use scieve::scim;
    ///
    /// let plan = |filter| scim::user_policy().parse(filter);
    /// assert_eq!(
    ///     plan(r#"userName sw "b" and userName eq "bjensen" and (title pr or userName pr)"#)?.simplify(),
    ///     plan(r#"userName eq "bjensen""#)?,
    /// );
    /// assert_eq!(plan("title pr and title eq null")?.simplify().constant(), Some(false));
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn simplify(&self) -> Self {
        self.simplified_within(&[])
    }

    /// Returns the simplest plan that has the same result for all records that match the nodes.
    pub(super) fn simplified_within(&self, context: &[&Node]) -> Self {
        let mut simplifier =
            Simplifier { schema: self.shared_schema(), budget: Budget::new(BUDGET) };
        let mut context: Vec<(Node, bool)> =
            context.iter().map(|node| (Node::clone(node), true)).collect();
        self.with_root(simplifier.simplify(self.root(), &mut context))
    }

    /// Returns the result if it is the same for every record and visible in the plan itself, as
    /// after [`Plan::simplify`].
    #[must_use]
    pub fn constant(&self) -> Option<bool> {
        plan::constant(self.root())
    }
}

impl<R: Record> Plan<R> {
    /// Returns the plan for the records that have the known attributes of `record`: partial
    /// evaluation.
    ///
    /// `known` are paths of attributes; a complex attribute includes its sub-attributes. Tests on
    /// them are replaced by their results on `record`. [`Plan::constant`] is the result of the plan
    /// if they determine it.
    ///
    /// # Errors
    /// Returns an error if the schema has no attribute of one of the paths.
    ///
    /// ```
    /// use scieve::scim;
    /// use serde_json::json;
    ///
    /// let plan = |filter| scim::user_policy().parse(filter);
    /// let record = json!({"active": true});
    /// let filter = plan(r#"active eq true and userName sw "b" or active eq false"#)?;
    /// assert_eq!(filter.given(&record, ["active"])?, plan(r#"userName sw "b""#)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn given<'p>(
        &self,
        record: &R,
        known: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, SchemaError> {
        let schema = self.schema();
        let known: Vec<AttributeId> = known
            .into_iter()
            .map(|path| {
                let found = schema.find_path(path).map(Attribute::id);
                found.ok_or_else(|| {
                    SchemaError::new(format!("attribute `{path}`: not in the schema"))
                })
            })
            .collect::<Result<_, _>>()?;
        let is_known = |id: AttributeId| {
            let parent = schema.attribute(id).and_then(Attribute::parent);
            known.contains(&id) || parent.is_some_and(|parent| known.contains(&parent))
        };
        let result = |test: &Test| is_known(test.attribute()).then(|| test.matches(schema, record));
        Ok(self.with_root(replace(self.root(), &result)))
    }
}

/// Returns the node with the results of some tests.
// The recursion is bounded by the depth of the plan, which `Limits` bounds.
fn replace(node: &Node, result: &impl Fn(&Test) -> Option<bool>) -> Node {
    let children = |children: &[Node]| -> Vec<Node> {
        children.iter().map(|child| replace(child, result)).collect()
    };
    match node {
        Node::All(list) => plan::all(children(list)).unwrap_or_else(|| node.clone()),
        Node::Any(list) => plan::any(children(list)).unwrap_or_else(|| node.clone()),
        Node::Not(child) => plan::not(replace(child, result)),
        Node::Test(test) => result(test).map_or_else(|| node.clone(), always),
    }
}

/// Returns the node with this result for every record.
fn always(result: bool) -> Node {
    let never = plan::never(AttributeId::ABSENT);
    if result { plan::not(never) } else { never }
}

struct Simplifier<'s> {
    schema: &'s Arc<Schema>,
    budget: Budget,
}

impl Simplifier<'_> {
    /// Returns whether it is proven that no record that fulfils the context makes the node true or,
    /// if `result` is false, not true.
    fn is_impossible(&mut self, context: &[(Node, bool)], node: &Node, result: bool) -> bool {
        let nodes: Vec<(&Node, bool)> =
            context.iter().map(|(node, result)| (node, *result)).chain([(node, result)]).collect();
        let steps = nodes.iter().map(|(node, _)| size(node)).sum();
        if !self.budget.take(steps) {
            return false;
        }
        let decision = no_model_within(self.schema, &nodes, Domain::AnyRecord, &mut self.budget);
        decision == Decision::Yes
    }

    // The recursion is bounded by the depth of the plan, which `Limits` bounds.
    fn simplify(&mut self, node: &Node, context: &mut Vec<(Node, bool)>) -> Node {
        if plan::constant(node).is_some() {
            return node.clone();
        }
        if self.is_impossible(context, node, true) {
            return always(false);
        }
        if self.is_impossible(context, node, false) {
            return always(true);
        }
        match node {
            Node::Test(_) => node.clone(),
            Node::Not(child) => plan::not(self.simplify(child, context)),
            Node::All(children) => {
                let children = self.simplify_children(children, true, context);
                plan::all(children).unwrap_or_else(|| always(true))
            }
            Node::Any(children) => {
                let children = self.simplify_children(children, false, context);
                plan::any(children).unwrap_or_else(|| always(false))
            }
        }
    }

    /// Simplifies each child, given that the others do not decide: that they are true if joined by
    /// `and`, false if joined by `or`. Children that are constant then have no effect.
    fn simplify_children(
        &mut self,
        children: &[Node],
        joined_by_and: bool,
        context: &mut Vec<(Node, bool)>,
    ) -> Vec<Node> {
        let mut kept: Vec<Node> = children.to_vec();
        // The largest child is the most worthwhile to remove.
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by_key(|position| std::cmp::Reverse(kept.get(*position).map(size)));
        for position in order {
            let Some(child) = kept.get(position).cloned() else { continue };
            let outer = context.len();
            let others = kept.iter().enumerate().filter(|(other, _)| *other != position);
            context.extend(others.map(|(_, other)| (other.clone(), joined_by_and)));
            let simple = self.simplify(&child, context);
            context.truncate(outer);
            if let Some(child) = kept.get_mut(position) {
                *child = simple;
            }
        }
        kept
    }
}

/// Returns the number of tests of a node.
fn size(node: &Node) -> u32 {
    match node {
        Node::All(children) | Node::Any(children) => children.iter().map(size).sum(),
        Node::Not(child) => size(child),
        Node::Test(test) => match test.predicate() {
            Predicate::Element(inner) => size(inner) + 1,
            _ => 1,
        },
    }
}
