//! The only makers of nodes: they flatten chains, fold `eq`-chains into `In`, drop what is said twice and what is constant,
//! and never leave a chain empty.

use super::{Node, Predicate, Test};
use crate::schema::AttributeId;
use crate::value::{CaseSensitivity, Text, Value};
use std::collections::HashSet;
use std::mem::take;

/// The node that is true where `child` is false.
pub(crate) fn not(child: Node) -> Node {
    match child {
        Node::Not(inner) => *inner,
        child => Node::Not(Box::new(child)),
    }
}

/// The node that is true where all of these are; `None` of none.
pub(crate) fn all(children: Vec<Node>) -> Option<Node> {
    chain(children, Chain::All)
}

/// A chain of which the children come one after the other.
pub(crate) struct Operands {
    kind: Chain,
    room: usize,
    children: Children,
}

enum Children {
    Nodes(Vec<Node>),
    /// In a chain of `Any`, while each is an `Equal` of the same: of what, and to which values.
    Equals(AttributeId, CaseSensitivity, Vec<Value>),
}

impl Operands {
    /// True where all of so many children are.
    pub(crate) fn all(room: usize) -> Self {
        Self { kind: Chain::All, room, children: Children::Nodes(Vec::with_capacity(room)) }
    }

    /// True where one of so many children is.
    pub(crate) fn any(room: usize) -> Self {
        Self { kind: Chain::Any, room, children: Children::Nodes(Vec::new()) }
    }

    pub(crate) fn push(&mut self, child: Node) {
        match child {
            Node::Test(Test { attribute, case, predicate: Predicate::Equal(value), .. }) => {
                if let Some(values) = self.values(attribute, case) {
                    values.push(value);
                } else {
                    self.push_node(equal(attribute, case, value));
                }
            }
            child => self.push_node(child),
        }
    }

    /// The same for [`equal_text`].
    #[inline]
    pub(crate) fn push_equal(&mut self, attribute: AttributeId, case: CaseSensitivity, text: &str) {
        let Some(values) = self.values(attribute, case) else {
            return self.push_node(equal_text(attribute, case, text));
        };
        values.push(Value::Text(Text::EMPTY));
        if let Some(Value::Text(operand)) = values.last_mut() {
            operand.set(text, case);
        }
    }

    /// Where the value of an `Equal` of that belongs, while all children are one of it in a chain of `Any`.
    #[inline]
    fn values(&mut self, attribute: AttributeId, case: CaseSensitivity) -> Option<&mut Vec<Value>> {
        if matches!(&self.children, Children::Nodes(nodes) if self.kind == Chain::Any && nodes.is_empty())
        {
            self.children = Children::Equals(attribute, case, Vec::with_capacity(self.room));
        }
        match &mut self.children {
            Children::Equals(known, known_case, values)
                if (*known, *known_case) == (attribute, case) =>
            {
                Some(values)
            }
            _ => None,
        }
    }

    fn push_node(&mut self, child: Node) {
        let fresh = || Vec::with_capacity(self.room);
        match &mut self.children {
            Children::Nodes(nodes) => {
                if nodes.capacity() == 0 {
                    *nodes = fresh();
                }
                nodes.push(child);
            }
            Children::Equals(attribute, case, values) => {
                let mut nodes = fresh();
                nodes.extend(take(values).into_iter().map(|value| equal(*attribute, *case, value)));
                nodes.push(child);
                self.children = Children::Nodes(nodes);
            }
        }
    }

    /// The chain; `None` of no children.
    #[inline]
    pub(crate) fn finish(&mut self) -> Option<Node> {
        match &mut self.children {
            Children::Equals(attribute, case, values) => {
                Some(list(*attribute, *case, take(values), self.kind))
            }
            Children::Nodes(nodes) => chain(take(nodes), self.kind),
        }
    }
}

/// The test on the equality of a text, which need not be an operand yet.
pub(crate) fn equal_text(attribute: AttributeId, case: CaseSensitivity, text: &str) -> Node {
    equal(attribute, case, Value::Text(Text::operand(text, case)))
}

fn equal(attribute: AttributeId, case: CaseSensitivity, value: Value) -> Node {
    Node::Test(Test::new(attribute, case, Predicate::Equal(value)))
}

#[derive(Clone, Copy, PartialEq)]
enum Chain {
    All,
    Any,
}

impl Chain {
    /// The children of a node that is such a chain itself.
    fn inside(self, node: Node) -> Result<Box<[Node]>, Node> {
        match (self, node) {
            (Self::All, Node::All(inner)) | (Self::Any, Node::Any(inner)) => Ok(inner),
            (_, node) => Err(node),
        }
    }

    fn is(self, node: &Node) -> bool {
        matches!((self, node), (Self::All, Node::All(_)) | (Self::Any, Node::Any(_)))
    }
}

fn chain(mut children: Vec<Node>, kind: Chain) -> Option<Node> {
    if !are_apart(&children) {
        children = joined(children, kind);
    }
    match (children.len(), kind) {
        (0 | 1, _) => children.pop(),
        (_, Chain::All) => Some(Node::All(children.into())),
        (_, Chain::Any) => Some(Node::Any(children.into())),
    }
}

/// Whether they are nothing but tests on different attributes, so that none can be joined with another or said twice. It may say no where they are.
fn are_apart(children: &[Node]) -> bool {
    let mut seen: u64 = 0;
    children.iter().all(|child| match child {
        Node::Test(Test { predicate: Predicate::Never, .. }) => false,
        Node::Test(test) => {
            let bit = 1 << (test.attribute.index() % 64);
            let fresh = seen & bit == 0;
            seen |= bit;
            fresh
        }
        _ => false,
    })
}

/// The children flattened, joined and without what need not be said.
fn joined(mut children: Vec<Node>, kind: Chain) -> Vec<Node> {
    if children.iter().any(|child| kind.is(child)) {
        let mut flat = Vec::with_capacity(children.len());
        for child in children {
            match kind.inside(child) {
                Ok(inner) => flat.extend(inner),
                Err(child) => flat.push(child),
            }
        }
        children = flat;
    }
    // What decides the chain alone: false in `All`, true in `Any`.
    let decides = |node: &Node| constant(node) == Some(kind == Chain::Any);
    if let Some(place) = children.iter().position(decides) {
        children.swap(0, place);
        children.truncate(1);
        return children;
    }
    let mut folded = fold_equals(children, kind);
    remove_duplicates(&mut folded);
    // What is left of a chain of constants is one of them.
    match folded.iter().filter(|node| constant(node).is_some()).count() {
        0 => {}
        all if all == folded.len() => folded.truncate(1),
        _ => folded.retain(|node| constant(node).is_none()),
    }
    folded
}

/// Whether the node is the same for every record.
fn constant(node: &Node) -> Option<bool> {
    match node {
        Node::Test(Test { predicate: Predicate::Never, .. }) => Some(false),
        Node::Not(inner)
            if matches!(**inner, Node::Test(Test { predicate: Predicate::Never, .. })) =>
        {
            Some(true)
        }
        _ => None,
    }
}

/// What a child compares that can become a list with others: in `Any` an `Equal` or `In`, in `All` the opposite of one.
fn listed(child: &Node, kind: Chain) -> Option<(AttributeId, CaseSensitivity)> {
    let test = match (child, kind) {
        (Node::Test(test), Chain::Any) => test,
        (Node::Not(inner), Chain::All) => match &**inner {
            Node::Test(test) => test,
            _ => return None,
        },
        _ => return None,
    };
    matches!(test.predicate, Predicate::Equal(_) | Predicate::In(_))
        .then_some((test.attribute, test.case))
}

fn take_values(child: Node, values: &mut Vec<Value>) {
    match child {
        Node::Test(Test { predicate: Predicate::Equal(value), .. }) => values.push(value),
        Node::Test(Test { predicate: Predicate::In(more), .. }) => values.extend(more),
        Node::Not(inner) => take_values(*inner, values),
        _ => {}
    }
}

fn list(attribute: AttributeId, case: CaseSensitivity, values: Vec<Value>, kind: Chain) -> Node {
    let node = Node::Test(Test::new(attribute, case, one_of(values)));
    if kind == Chain::All { not(node) } else { node }
}

/// `a = 1 or a = 2` is `a in (1, 2)`; `not a = 1 and not a = 2` is `not a in (1, 2)`.
fn fold_equals(children: Vec<Node>, kind: Chain) -> Vec<Node> {
    // Most often no two can be joined, and then there is nothing to do.
    const FEW: usize = 8;
    let joins = |at: usize, child: &Node| {
        let subject = listed(child, kind);
        subject.is_some() && children.iter().take(at).any(|before| listed(before, kind) == subject)
    };
    if children.len() <= FEW && !children.iter().enumerate().any(|(at, child)| joins(at, child)) {
        return children;
    }
    let mut folded: Vec<Option<Node>> = Vec::new();
    let mut lists: Vec<(AttributeId, CaseSensitivity, usize, Vec<Value>)> = Vec::new();
    for child in children {
        let Some(subject) = listed(&child, kind) else {
            folded.push(Some(child));
            continue;
        };
        match lists.iter_mut().find(|(attribute, case, ..)| (*attribute, *case) == subject) {
            Some((.., values)) => take_values(child, values),
            None => {
                let mut values = Vec::new();
                take_values(child, &mut values);
                lists.push((subject.0, subject.1, folded.len(), values));
                folded.push(None);
            }
        }
    }
    for (attribute, case, place, values) in lists {
        if let Some(slot) = folded.get_mut(place) {
            *slot = Some(list(attribute, case, values, kind));
        }
    }
    folded.into_iter().flatten().collect()
}

/// `Equal` for one value, `In` for several; sorted, none twice.
fn one_of(mut values: Vec<Value>) -> Predicate {
    if !values.is_sorted_by(|one, next| one < next) {
        values.sort_unstable();
        values.dedup();
    }
    match values.pop() {
        None => Predicate::Never,
        Some(value) if values.is_empty() => Predicate::Equal(value),
        Some(value) => {
            values.push(value);
            Predicate::In(values.into())
        }
    }
}

#[expect(
    clippy::mutable_key_type,
    reason = "what a needle makes later is no part of what it equals"
)]
fn remove_duplicates(nodes: &mut Vec<Node>) {
    // Comparing a few is cheaper than hashing them.
    const FEW: usize = 8;
    if nodes.len() <= FEW
        && !nodes
            .iter()
            .enumerate()
            .any(|(at, node)| nodes.iter().take(at).any(|before| before == node))
    {
        return;
    }
    let mut seen = HashSet::new();
    let fresh: Vec<bool> = nodes.iter().map(|node| seen.insert(node)).collect();
    if fresh.contains(&false) {
        let mut fresh = fresh.into_iter();
        nodes.retain(|_| fresh.next().unwrap_or(true));
    }
}
