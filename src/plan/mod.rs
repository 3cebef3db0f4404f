//! What a filter means, once it is proven legal: few kinds of node, typed values, nothing illegal.

mod build;
mod explain;

pub(crate) use build::{Operands, all, equal_text, not};

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use crate::schema::{AttributeId, Schema};
use crate::value::{CaseSensitivity, DateTime, EqualityPrefilter, Substring, Value};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A filter that was checked, for records of type `R`. Only a policy's check makes one, so whoever is handed a plan
/// need not ask again.
pub struct Plan<R: ?Sized> {
    root: Node,
    schema: Arc<Schema>,
    warnings: Vec<Diagnostic>,
    record: PhantomData<fn(&R)>,
}

impl<R: ?Sized> Plan<R> {
    pub(crate) fn new(root: Node, schema: Arc<Schema>, warnings: Vec<Diagnostic>) -> Self {
        Self { root, schema, warnings, record: PhantomData }
    }

    /// The top of the tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The attributes that the tests refer to.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What was accepted although it deserves a remark.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

impl<R: ?Sized> Clone for Plan<R> {
    fn clone(&self) -> Self {
        Self::new(self.root.clone(), Arc::clone(&self.schema), self.warnings.clone())
    }
}

impl<R: ?Sized> PartialEq for Plan<R> {
    /// Whether they ask the same of the same attributes; warnings apart.
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root && self.schema == other.schema
    }
}

impl<R: ?Sized> Eq for Plan<R> {}

/// The outline, as [`Plan::explain`] draws it.
impl<R: ?Sized> fmt::Debug for Plan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

/// A node of a plan. `All` and `Any` have at least two children and none of their own kind among them; the child of `Not`
/// is not itself a `Not`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// Every child is true.
    All(Box<[Node]>),
    /// Some child is true.
    Any(Box<[Node]>),
    /// The child is false.
    Not(Box<Node>),
    /// A question on one attribute.
    Test(Test),
}

/// A question on the values of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    pub(crate) attribute: AttributeId,
    pub(crate) case: CaseSensitivity,
    /// What follows from the predicate for the one text of a record.
    pub(crate) prefilter: EqualityPrefilter,
    pub(crate) predicate: Predicate,
}

impl Test {
    #[inline]
    pub(crate) fn new(attribute: AttributeId, case: CaseSensitivity, predicate: Predicate) -> Self {
        Self { attribute, case, prefilter: predicate.prefilter(case), predicate }
    }

    /// The attribute asked about, in the plan's schema.
    #[must_use]
    pub fn attribute(&self) -> AttributeId {
        self.attribute
    }

    /// Whether texts compare exactly or by their key.
    #[must_use]
    pub fn case(&self) -> CaseSensitivity {
        self.case
    }

    /// What is asked.
    #[must_use]
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }
}

/// What a test asks of the values of its attribute. "Some value" means: one is enough, and none is none. Operands have the
/// attribute's type; texts are keys already where case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Predicate {
    /// There is a value.
    Present,
    /// Nothing: true for no record. Its negation is true for every record.
    Never,
    /// Some value equals.
    Equal(Value),
    /// Some value is one of these: at least two, sorted, none twice.
    In(Box<[Value]>),
    /// Some value differs, or there is none. Only on attributes with several values; on others `ne` is `Not(Equal)`.
    Differs(Value),
    /// Some value is less.
    Less(Value),
    /// Some value is less or equal.
    LessOrEqual(Value),
    /// Some value is greater.
    Greater(Value),
    /// Some value is greater or equal.
    GreaterOrEqual(Value),
    /// Some value contains the text, which is not empty.
    Contains(Box<Substring>),
    /// Some value starts with the text, which is not empty.
    StartsWith(Box<str>),
    /// Some value ends with the text, which is not empty.
    EndsWith(Box<str>),
    /// Some element of the complex attribute makes the node true.
    Element(Box<Node>),
    /// The same questions on an attribute whose type shows only in the record ([`crate::AttributeType::Any`]).
    Untyped(Operator, Untyped),
}

/// Most texts differ from an operand in their first letters: so many operands are asked one by one.
pub(crate) const FEW: usize = 4;

impl Predicate {
    /// For the texts that it can be true of, where the record has one text.
    fn prefilter(&self, case: CaseSensitivity) -> EqualityPrefilter {
        match self {
            Self::Equal(Value::Text(operand)) => EqualityPrefilter::new(operand, case),
            // For many, finding out costs more than it spares.
            Self::In(operands) if operands.len() <= FEW => {
                operands.iter().fold(EqualityPrefilter::REJECT_ALL, |all, operand| match operand {
                    Value::Text(operand) => all.union(EqualityPrefilter::new(operand, case)),
                    _ => EqualityPrefilter::ACCEPT_ALL,
                })
            }
            // Dates and times that are equal can be written in different lengths.
            Self::Untyped(Operator::Eq, Untyped::Text { substring, instant: None }) => {
                EqualityPrefilter::new(substring.as_str(), case)
            }
            _ => EqualityPrefilter::ACCEPT_ALL,
        }
    }
}

/// A literal compared with values of any type: only those of its own type can match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Untyped {
    /// A string.
    Text {
        /// The text, folded where case does not matter, and ready to be looked for inside others.
        substring: Box<Substring>,
        /// The instant, where the text is a date and time: then texts that are dates and times compare as instants.
        instant: Option<DateTime>,
    },
    /// A number, as it was written.
    Number(Box<str>),
    /// A Boolean.
    Boolean(bool),
}
