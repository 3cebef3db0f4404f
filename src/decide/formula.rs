//! Plans in negation normal form: `not` occurs at atoms only.

use crate::operator::Operator;
use crate::plan::{Node, Predicate, Test};
use crate::schema::AttributeId;

/// A formula over the values of a record, of an element, or of one value.
#[derive(Debug, PartialEq)]
pub(super) enum Formula<'a> {
    /// True if every part is true. Without parts, it is always true.
    All(Vec<Self>),
    /// True if a part is true. Without parts, it is never true.
    Any(Vec<Self>),
    Atom(Atom<'a>),
}

/// A requirement on the values of one attribute, or its negation.
#[derive(Debug, PartialEq)]
pub(super) struct Atom<'a> {
    pub(super) attribute: AttributeId,
    pub(super) positive: bool,
    pub(super) requirement: Requirement<'a>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Requirement<'a> {
    /// There is a value.
    Present,
    /// A value makes the test true. The negation is that no value does.
    Value(&'a Test),
    /// Of a positive atom: an element makes the formula true. Of a negative atom: every element
    /// makes the formula true, which is already negated.
    Element(Box<Formula<'a>>),
}

impl<'a> Formula<'a> {
    /// Translates a node, or its negation.
    // The recursion is bounded by the depth of the plan, which `Limits` bounds.
    pub(super) fn new(node: &'a Node, positive: bool) -> Self {
        let parts = |children: &'a [Node]| {
            children.iter().map(|child| Formula::new(child, positive)).collect()
        };
        match node {
            Node::All(children) if positive => Self::All(parts(children)),
            Node::Any(children) if !positive => Self::All(parts(children)),
            Node::All(children) | Node::Any(children) => Self::Any(parts(children)),
            Node::Not(child) => Self::new(child, !positive),
            Node::Test(test) => Self::test(test, positive),
        }
    }

    fn test(test: &'a Test, positive: bool) -> Self {
        let atom = |positive, requirement| {
            Self::Atom(Atom { attribute: test.attribute(), positive, requirement })
        };
        match test.predicate() {
            Predicate::Never if positive => Self::Any(Vec::new()),
            Predicate::Never => Self::All(Vec::new()),
            Predicate::Present => atom(positive, Requirement::Present),
            Predicate::Element(inner) => {
                atom(positive, Requirement::Element(Box::new(Self::new(inner, positive))))
            }
            // These are also true if there is no value.
            Predicate::Differs(_) | Predicate::Untyped(Operator::Ne, _) if positive => {
                Self::Any(vec![
                    atom(false, Requirement::Present),
                    atom(true, Requirement::Value(test)),
                ])
            }
            Predicate::Differs(_) | Predicate::Untyped(Operator::Ne, _) => Self::All(vec![
                atom(true, Requirement::Present),
                atom(false, Requirement::Value(test)),
            ]),
            _ => atom(positive, Requirement::Value(test)),
        }
    }

    /// Returns the formula that one of the attributes has a value.
    pub(super) fn any_present(attributes: impl Iterator<Item = AttributeId>) -> Self {
        Self::Any(
            attributes
                .map(|attribute| {
                    Self::Atom(Atom {
                        attribute,
                        positive: true,
                        requirement: Requirement::Present,
                    })
                })
                .collect(),
        )
    }
}

/// A formula or an atom that has to be true.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal<'f, 'a> {
    Formula(&'f Formula<'a>),
    Atom(&'f Atom<'a>),
}
