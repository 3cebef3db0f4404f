//! Plans: checked filters in normal form, with typed operands.
//!
//! A plan is created by [`Policy::check`](crate::Policy::check) only, so evaluators need no checks
//! of their own.

mod build;
mod explain;
mod merge;

pub(crate) use build::{ChainBuilder, all, any, constant, never, not, string_equality};
pub(crate) use explain::{condition, format_value};

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use crate::schema::{AttributeId, Schema};
use crate::value::{CaseSensitivity, DateTime, EqualityPrefilter, Substring, Value};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A checked filter on records of type `R`.
///
/// Created by [`Policy::parse`](crate::Policy::parse) and [`Policy::check`](crate::Policy::check)
/// only. [`Plan::matches`] evaluates it on a record in memory, `Plan::to_sql` (feature `sql`)
/// compiles it to a query, and [`Plan::explain`] prints it. Other evaluators walk the tree from
/// [`Plan::root`].
///
/// ```
/// use scieve::{Attribute, AttributeType, Node, Policy, Predicate, Record, Schema, ValueRef};
///
/// struct Employee {
///     name: &'static str,
/// }
///
/// impl Record for Employee {
///     fn any_value(
///         &self,
///         _: &Attribute,
///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
///     ) -> bool {
///         test(ValueRef::text(self.name))
///     }
/// }
///
/// let schema = Schema::new(None, [Attribute::new("name", AttributeType::String)])?;
/// let policy: Policy<Employee> = Policy::new(schema)?;
/// let plan = policy.parse(r#"name eq "Bob" or name eq "Alice""#)?;
///
/// let staff = ["Alice", "Bob", "Carla"].map(|name| Employee { name });
/// assert_eq!(staff.iter().filter(|employee| plan.matches(employee)).count(), 2);
///
/// // Equalities of one attribute become a list.
/// let Node::Test(test) = plan.root() else { unreachable!() };
/// assert!(matches!(test.predicate(), Predicate::In(operands) if operands.len() == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Plan<R: ?Sized> {
    root: Node,
    schema: Arc<Schema>,
    // PERF: with a slice, the root is copied whole; with a vector, `check` takes 6 % longer on F1.
    warnings: Box<[Diagnostic]>,
    record: PhantomData<fn(&R)>,
}

impl<R: ?Sized> Plan<R> {
    pub(crate) fn new(root: Node, schema: Arc<Schema>, warnings: Vec<Diagnostic>) -> Self {
        Self { root, schema, warnings: warnings.into(), record: PhantomData }
    }

    /// Returns the root of the tree, from which evaluators of other kinds start.
    ///
    /// The tree is at most as deep as the limits of the policy allow, so a recursive function can
    /// visit it. An evaluator has to reject what it cannot express, because leaving it out would
    /// change which records match. The example `ldap_filter` is a complete compiler to another query
    /// language.
    ///
    /// ```
    /// use scieve::{Node, Plan};
    ///
    /// /// Returns the number of tests.
    /// fn tests(node: &Node) -> usize {
    ///     match node {
    ///         Node::All(children) | Node::Any(children) => children.iter().map(tests).sum(),
    ///         Node::Not(child) => tests(child),
    ///         Node::Test(_) => 1,
    ///     }
    /// }
    ///
    /// fn cost<R>(plan: &Plan<R>) -> usize {
    ///     tests(plan.root())
    /// }
    /// ```
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the schema that contains the attributes of the tests.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the warnings of the filter, such as for accepted deviations from RFC 7644.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

impl<R: ?Sized> Clone for Plan<R> {
    fn clone(&self) -> Self {
        Self::new(self.root.clone(), Arc::clone(&self.schema), self.warnings.to_vec())
    }
}

impl<R: ?Sized> PartialEq for Plan<R> {
    /// Compares trees and schemas, but not warnings.
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root && self.schema == other.schema
    }
}

impl<R: ?Sized> Eq for Plan<R> {}

/// Prints the outline of [`Plan::explain`].
impl<R: ?Sized> fmt::Debug for Plan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

/// A node of a plan.
///
/// `All` and `Any` have at least two children, none of which is a node of the same kind. The child
/// of `Not` is not a `Not`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// True if every child is true.
    All(Box<[Node]>),
    /// True if at least one child is true.
    Any(Box<[Node]>),
    /// True if the child is false.
    Not(Box<Node>),
    /// A test on one attribute.
    Test(Test),
}

/// A predicate on the values of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    pub(crate) attribute: AttributeId,
    pub(crate) case: CaseSensitivity,
    /// Rejects most strings that do not make the predicate true, by length and last bytes.
    pub(crate) prefilter: EqualityPrefilter,
    pub(crate) predicate: Predicate,
}

impl Test {
    #[inline]
    pub(crate) fn new(attribute: AttributeId, case: CaseSensitivity, predicate: Predicate) -> Self {
        Self { attribute, case, prefilter: predicate.prefilter(case), predicate }
    }

    /// Returns the attribute, of the plan's schema.
    #[must_use]
    pub fn attribute(&self) -> AttributeId {
        self.attribute
    }

    /// Returns how strings are compared: exactly or by their fold key.
    #[must_use]
    pub fn case(&self) -> CaseSensitivity {
        self.case
    }

    /// Returns the predicate.
    #[must_use]
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }
}

/// A predicate on the values that a record has of an attribute.
///
/// A comparison is true if at least one value makes it true, and false if there is no value, except
/// for [`Predicate::Differs`]. Operands have the type of the attribute. String operands are fold
/// keys ([`fold_key`](crate::fold_key)) if the test ignores case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Predicate {
    /// There is at least one value.
    Present,
    /// False for every record.
    Never,
    /// A value equals the operand.
    Equal(Value),
    /// A value equals one of the operands: two or more, sorted, without duplicates.
    In(Box<[Value]>),
    /// A value differs from the operand, or there is no value. Used for `ne` on attributes with
    /// several values; on other attributes `ne` is the negation of [`Predicate::Equal`].
    Differs(Value),
    /// A value is less than the operand.
    Less(Value),
    /// A value is less than or equal to the operand.
    LessOrEqual(Value),
    /// A value is greater than the operand.
    Greater(Value),
    /// A value is greater than or equal to the operand.
    GreaterOrEqual(Value),
    /// A value contains the operand, which is not empty.
    Contains(Box<Substring>),
    /// A value starts with the operand, which is not empty.
    StartsWith(Box<str>),
    /// A value ends with the operand, which is not empty.
    EndsWith(Box<str>),
    /// An element of the multi-valued attribute makes the node true.
    Element(Box<Node>),
    /// A comparison of an attribute of [`AttributeType::Any`](crate::AttributeType::Any), whose
    /// type only the record determines. Its `ne` is true if there is no value.
    Untyped(Operator, Untyped),
}

/// Maximum number of operands that are compared one by one. Most strings differ from an operand in
/// the first bytes; more operands are searched by bisection.
pub(crate) const FEW: usize = 4;

impl Predicate {
    /// Returns a prefilter of the strings that can make the predicate true.
    fn prefilter(&self, case: CaseSensitivity) -> EqualityPrefilter {
        match self {
            Self::Equal(Value::Text(operand)) => EqualityPrefilter::new(operand, case),
            // A prefilter for more operands would cost more than it saves.
            Self::In(operands) if operands.len() <= FEW => {
                operands.iter().fold(EqualityPrefilter::REJECT_ALL, |all, operand| match operand {
                    Value::Text(operand) => all.union(EqualityPrefilter::new(operand, case)),
                    _ => EqualityPrefilter::ACCEPT_ALL,
                })
            }
            // Strings of different lengths can be equal as dates and times.
            Self::Untyped(Operator::Eq, Untyped::Text { substring, instant: None, .. }) => {
                EqualityPrefilter::new(substring.as_str(), case)
            }
            _ => EqualityPrefilter::ACCEPT_ALL,
        }
    }
}

/// A literal that is compared with values of any type. Only values of its type equal it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Untyped {
    /// A string.
    Text {
        /// The string, folded if the test ignores case, and prepared for substring search.
        substring: Box<Substring>,
        /// The instant, if the string is a date and time. It is compared with strings that are
        /// dates and times too.
        instant: Option<DateTime>,
        /// The Boolean that equals the string too, if it is `"true"` or `"false"` in any case and
        /// the dialect has [`Syntax::boolean_text`](crate::Syntax::boolean_text).
        boolean: Option<bool>,
    },
    /// A number, as written in the filter.
    Number(Box<str>),
    /// A Boolean.
    Boolean(bool),
    /// A literal that equals stored values in common wrong forms too
    /// ([`StoredValues::Coerced`](crate::StoredValues::Coerced)).
    Coerced(Box<Untyped>),
}

impl Untyped {
    /// Returns the literal as written.
    pub(crate) fn literal(&self) -> &Self {
        match self {
            Self::Coerced(literal) => literal,
            literal => literal,
        }
    }
}
