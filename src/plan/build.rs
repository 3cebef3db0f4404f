//! Constructors of nodes. All nodes of a plan come from here, which keeps them in normal form.
//!
//! A chain is flattened, its equalities of one attribute are folded into a list
//! ([`Predicate::In`]), and duplicates and constants are removed. A chain has at least two children
//! afterwards.

use super::{Node, Predicate, Test};
use crate::schema::AttributeId;
use crate::value::{CaseSensitivity, Text, Value};
use std::collections::HashSet;
use std::mem::take;

/// Negates a node.
pub(crate) fn not(child: Node) -> Node {
    match child {
        Node::Not(inner) => *inner,
        child => Node::Not(Box::new(child)),
    }
}

/// Returns the test of an attribute that is false for every record.
pub(crate) fn never(attribute: AttributeId) -> Node {
    Node::Test(Test::new(attribute, CaseSensitivity::Exact, Predicate::Never))
}

/// Joins nodes by `and`. Returns `None` if there are none.
pub(crate) fn all(children: Vec<Node>) -> Option<Node> {
    chain(children, Connective::All)
}

/// Joins nodes by `or`. Returns `None` if there are none.
pub(crate) fn any(children: Vec<Node>) -> Option<Node> {
    chain(children, Connective::Any)
}

/// Returns the test that an attribute equals a string, which is not yet folded.
pub(crate) fn string_equality(attribute: AttributeId, case: CaseSensitivity, string: &str) -> Node {
    equality(attribute, case, Value::Text(Text::operand(string, case)))
}

fn equality(attribute: AttributeId, case: CaseSensitivity, value: Value) -> Node {
    Node::Test(Test::new(attribute, case, Predicate::Equal(value)))
}

#[derive(Clone, Copy, PartialEq)]
enum Connective {
    All,
    Any,
}

impl Connective {
    /// Returns the children of a node that has this connective.
    fn children(self, node: Node) -> Result<Box<[Node]>, Node> {
        match (self, node) {
            (Self::All, Node::All(children)) | (Self::Any, Node::Any(children)) => Ok(children),
            (_, node) => Err(node),
        }
    }

    fn is_of(self, node: &Node) -> bool {
        matches!((self, node), (Self::All, Node::All(_)) | (Self::Any, Node::Any(_)))
    }
}

/// Builds a chain of `and` or `or` from its children, one at a time.
// PERF: equalities of one attribute, joined by `or`, become the values of a list without a node for
// each. `fold_equalities` gives the same result for nodes; a test compares the two. With nodes only,
// `check` executes 100 % more instructions on F2, 95 % on F4 and 72 % on F7 (callgrind; see
// `scripts/instructions check`).
pub(crate) struct ChainBuilder {
    connective: Connective,
    /// Expected number of children.
    capacity: usize,
    children: Children,
}

enum Children {
    Nodes(Vec<Node>),
    /// The values of a list, as long as all children of a chain of `or` are equalities of one
    /// attribute.
    List(AttributeId, CaseSensitivity, Vec<Value>),
}

impl ChainBuilder {
    /// Creates a builder of a chain of `and` with an expected number of children.
    pub(crate) fn all(capacity: usize) -> Self {
        let children = Children::Nodes(Vec::with_capacity(capacity));
        Self { connective: Connective::All, capacity, children }
    }

    /// Creates a builder of a chain of `or` with an expected number of children.
    pub(crate) fn any(capacity: usize) -> Self {
        Self { connective: Connective::Any, capacity, children: Children::Nodes(Vec::new()) }
    }

    // PERF: the usual case is inlined and copies the node once; otherwise `check` takes 5 % longer on
    // F2.
    #[inline]
    pub(crate) fn push(&mut self, child: Node) {
        match &mut self.children {
            // No list can start here.
            Children::Nodes(nodes) if self.connective == Connective::All || !nodes.is_empty() => {
                nodes.push(child);
            }
            _ => self.push_to_list(child),
        }
    }

    /// Adds a child to a chain of `or` that can be or become a list.
    #[inline(never)]
    fn push_to_list(&mut self, child: Node) {
        match child {
            Node::Test(Test { attribute, case, predicate: Predicate::Equal(value), .. }) => {
                if let Some(values) = self.list_values(attribute, case) {
                    values.push(value);
                } else {
                    self.push_node(equality(attribute, case, value));
                }
            }
            child => self.push_node(child),
        }
    }

    /// Pushes the node that [`string_equality`] returns.
    #[inline]
    pub(crate) fn push_string_equality(
        &mut self,
        attribute: AttributeId,
        case: CaseSensitivity,
        string: &str,
    ) {
        let Some(values) = self.list_values(attribute, case) else {
            return self.push_node(string_equality(attribute, case, string));
        };
        // PERF: fold the string in its place in the list; see `Text::set`.
        values.push(Value::Text(Text::EMPTY));
        if let Some(Value::Text(operand)) = values.last_mut() {
            operand.set(string, case);
        }
    }

    /// Returns the list that an equality belongs to, or `None` if it needs a node.
    #[inline]
    fn list_values(
        &mut self,
        attribute: AttributeId,
        case: CaseSensitivity,
    ) -> Option<&mut Vec<Value>> {
        if self.connective == Connective::Any
            && matches!(&self.children, Children::Nodes(nodes) if nodes.is_empty())
        {
            self.children = Children::List(attribute, case, Vec::with_capacity(self.capacity));
        }
        match &mut self.children {
            Children::List(known, known_case, values)
                if (*known, *known_case) == (attribute, case) =>
            {
                Some(values)
            }
            _ => None,
        }
    }

    fn push_node(&mut self, child: Node) {
        match &mut self.children {
            Children::Nodes(nodes) => {
                if nodes.capacity() == 0 {
                    *nodes = Vec::with_capacity(self.capacity);
                }
                nodes.push(child);
            }
            Children::List(attribute, case, values) => {
                let mut nodes = Vec::with_capacity(self.capacity);
                let values = take(values).into_iter();
                nodes.extend(values.map(|value| equality(*attribute, *case, value)));
                nodes.push(child);
                self.children = Children::Nodes(nodes);
            }
        }
    }

    /// Returns the chain, or `None` if it has no children.
    #[inline]
    pub(crate) fn finish(self) -> Option<Node> {
        match self.children {
            Children::List(attribute, case, values) => {
                Some(list(attribute, case, values, self.connective))
            }
            Children::Nodes(nodes) => chain(nodes, self.connective),
        }
    }
}

fn chain(mut children: Vec<Node>, connective: Connective) -> Option<Node> {
    if !have_distinct_attributes(&children) {
        children = simplify(children, connective);
    }
    match (children.len(), connective) {
        (0 | 1, _) => children.pop(),
        (_, Connective::All) => Some(Node::All(children.into())),
        (_, Connective::Any) => Some(Node::Any(children.into())),
    }
}

/// Returns true if all nodes are tests on distinct attributes, none constant, so that there is
/// nothing to simplify. Can return false even then.
fn have_distinct_attributes(children: &[Node]) -> bool {
    let mut seen: u64 = 0;
    children.iter().all(|child| match child {
        Node::Test(Test { predicate: Predicate::Never, .. }) => false,
        Node::Test(test) => {
            let bit = 1 << (test.attribute.index() % 64);
            let is_new = seen & bit == 0;
            seen |= bit;
            is_new
        }
        _ => false,
    })
}

/// Flattens the children, folds equalities, and removes duplicates and constants.
fn simplify(mut children: Vec<Node>, connective: Connective) -> Vec<Node> {
    if children.iter().any(|child| connective.is_of(child)) {
        let mut flat = Vec::with_capacity(children.len());
        for child in children {
            match connective.children(child) {
                Ok(inner) => flat.extend(inner),
                Err(child) => flat.push(child),
            }
        }
        children = flat;
    }
    // A child that is always false decides `All`; one that is always true decides `Any`.
    let decides = |node: &Node| constant(node) == Some(connective == Connective::Any);
    if let Some(position) = children.iter().position(decides) {
        children.swap(0, position);
        children.truncate(1);
        return children;
    }
    let mut folded = fold_equalities(children, connective);
    remove_duplicates(&mut folded);
    // Constants that remain have no effect, unless there is nothing else.
    match folded.iter().filter(|node| constant(node).is_some()).count() {
        0 => {}
        all if all == folded.len() => folded.truncate(1),
        _ => folded.retain(|node| constant(node).is_none()),
    }
    folded
}

/// Returns the result of the node if it is the same for every record.
pub(crate) fn constant(node: &Node) -> Option<bool> {
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

/// Returns what a child compares if it can be folded into a list: in `Any` an `Equal` or `In`, in
/// `All` the negation of one.
fn list_subject(child: &Node, connective: Connective) -> Option<(AttributeId, CaseSensitivity)> {
    let test = match (child, connective) {
        (Node::Test(test), Connective::Any) => test,
        (Node::Not(inner), Connective::All) => match &**inner {
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

fn list(
    attribute: AttributeId,
    case: CaseSensitivity,
    values: Vec<Value>,
    connective: Connective,
) -> Node {
    let node = || Node::Test(Test::new(attribute, case, membership(values)));
    if connective == Connective::All { not(node()) } else { node() }
}

/// Replaces `a = 1 or a = 2` by `a in (1, 2)`, and `not a = 1 and not a = 2` by `not a in (1, 2)`.
fn fold_equalities(children: Vec<Node>, connective: Connective) -> Vec<Node> {
    // Few children are compared pairwise first: usually no two can be folded.
    const FEW: usize = 8;
    let can_fold = |position: usize, child: &Node| {
        let subject = list_subject(child, connective);
        let mut before = children.iter().take(position);
        subject.is_some() && before.any(|before| list_subject(before, connective) == subject)
    };
    if children.len() <= FEW
        && !children.iter().enumerate().any(|(position, child)| can_fold(position, child))
    {
        return children;
    }
    let mut folded: Vec<Option<Node>> = Vec::new();
    let mut lists: Vec<(AttributeId, CaseSensitivity, usize, Vec<Value>)> = Vec::new();
    for child in children {
        let Some(subject) = list_subject(&child, connective) else {
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
    for (attribute, case, position, values) in lists {
        if let Some(node) = folded.get_mut(position) {
            *node = Some(list(attribute, case, values, connective));
        }
    }
    folded.into_iter().flatten().collect()
}

/// Returns `Equal` for one distinct value, a sorted `In` for several.
fn membership(mut values: Vec<Value>) -> Predicate {
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
    reason = "the finder that a substring search caches takes no part in equality or hash"
)]
fn remove_duplicates(nodes: &mut Vec<Node>) {
    // Comparing few nodes pairwise is faster than hashing them.
    const FEW: usize = 8;
    let is_duplicate =
        |position: usize, node: &Node| nodes.iter().take(position).any(|before| before == node);
    if nodes.len() <= FEW
        && !nodes.iter().enumerate().any(|(position, node)| is_duplicate(position, node))
    {
        return;
    }
    let mut seen = HashSet::new();
    let is_new: Vec<bool> = nodes.iter().map(|node| seen.insert(node)).collect();
    if is_new.contains(&false) {
        let mut is_new = is_new.into_iter();
        nodes.retain(|_| is_new.next().unwrap_or(true));
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainBuilder, Connective, chain, string_equality};
    use crate::plan::{Node, Predicate, Test};
    use crate::schema::{Attribute, AttributeId, Schema};
    use crate::value::{AttributeType, CaseSensitivity};

    fn attributes() -> Vec<AttributeId> {
        let names = ["a", "b"].map(|name| Attribute::new(name, AttributeType::String));
        let schema = Schema::new(None, names).unwrap();
        schema.attributes().map(Attribute::id).collect()
    }

    /// Every chain of up to four equalities and presence tests, of two attributes and two strings.
    #[test]
    fn a_chain_built_one_child_at_a_time_equals_one_built_from_nodes() {
        let attributes = attributes();
        let case = CaseSensitivity::Ignore;
        let mut folded = 0;
        for code in 0..5_usize.pow(4) {
            let kinds: Vec<usize> = (0..4).map(|at| code / 5_usize.pow(at) % 5).collect();
            for length in 0..=kinds.len() {
                for connective in [Connective::All, Connective::Any] {
                    let mut nodes = Vec::new();
                    let mut by_node = ChainBuilder { connective, ..ChainBuilder::any(length) };
                    let mut by_string = ChainBuilder { connective, ..ChainBuilder::any(length) };
                    for kind in &kinds[..length] {
                        let attribute = attributes[kind % 2];
                        let present = || Node::Test(Test::new(attribute, case, Predicate::Present));
                        match ["x", "Y"].get(kind / 2) {
                            Some(string) => {
                                let node = || string_equality(attribute, case, string);
                                nodes.push(node());
                                by_node.push(node());
                                by_string.push_string_equality(attribute, case, string);
                            }
                            None => {
                                nodes.push(present());
                                by_node.push(present());
                                by_string.push(present());
                            }
                        }
                    }
                    let expected = chain(nodes, connective);
                    assert_eq!(by_node.finish(), expected, "{kinds:?}");
                    assert_eq!(by_string.finish(), expected, "{kinds:?}");
                    if let Some(Node::Test(test)) = &expected {
                        folded += usize::from(matches!(test.predicate, Predicate::In(_)));
                    }
                }
            }
        }
        assert!(folded > 10, "{folded}");
    }
}
