//! Evaluates plans on records in memory.
//!
//! [`matches`] walks the tree; a test on the only string of a record takes the fast path in
//! [`string`], any other test iterates over the values in [`values`].

mod explain_match;
mod string;
mod untyped;
mod values;

pub use explain_match::MatchExplanation;
pub(crate) use values::passes as value_passes;

use crate::plan::{Node, Plan, Predicate, Test};
use crate::schema::{Attribute, Record, Schema};

impl<R: Record> Plan<R> {
    /// Returns whether the record matches.
    ///
    /// Cannot fail. Takes time linear in the number of tests of the plan and in the length of the
    /// values. Allocates nothing as long as the compared strings are ASCII, or come with their fold
    /// key ([`ValueRef::keyed`](crate::ValueRef::keyed)).
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
    ///
    /// struct Employee {
    ///     name: &'static str,
    ///     email: Option<&'static str>,
    /// }
    ///
    /// impl Record for Employee {
    ///     fn any_value(
    ///         &self,
    ///         attribute: &Attribute,
    ///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ///     ) -> bool {
    ///         match attribute.path() {
    ///             "name" => test(ValueRef::text(self.name)),
    ///             "email" => self.email.is_some_and(|email| test(ValueRef::text(email))),
    ///             _ => false,
    ///         }
    ///     }
    /// }
    ///
    /// let attributes = ["name", "email"].map(|path| Attribute::new(path, AttributeType::String));
    /// let policy: Policy<Employee> = Policy::new(Schema::new(None, attributes)?)?;
    /// let plan = policy.parse(r#"name eq "STRASSE" and not (email pr)"#)?;
    ///
    /// assert!(plan.matches(&Employee { name: "Stra\u{df}e", email: None }));
    /// assert!(!plan.matches(&Employee { name: "Stra\u{df}e", email: Some("x@example.com") }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    // PERF: inlined into the caller's loop, because the first test of a conjunction rejects most
    // records. Out of line, `matches` executes 78 % more instructions per user on F1, 52 % on F2 and
    // 66 % on F4 (callgrind; see `scripts/instructions matches`).
    #[must_use]
    #[inline(always)]
    pub fn matches(&self, record: &R) -> bool {
        match self.root() {
            Node::Test(test) => test_matches(test, self.schema(), record),
            Node::All(children) => match &**children {
                [Node::Test(first), others @ ..] => {
                    test_matches(first, self.schema(), record)
                        && all_match(others, self.schema(), record)
                }
                children => all_match(children, self.schema(), record),
            },
            node => matches(node, self.schema(), record),
        }
    }
}

impl Test {
    /// Returns whether the record passes this test alone, for stores that evaluate the rest of a
    /// plan from their indexes.
    ///
    /// `schema` is the schema of the plan's policy. Returns false if the schema does not have the
    /// test's attribute.
    #[must_use]
    pub fn matches<R: Record + ?Sized>(&self, schema: &Schema, record: &R) -> bool {
        test_matches(self, schema, record)
    }
}

// The recursion is bounded by the depth of the filter, which `Limits` bounds.
#[inline]
pub(crate) fn matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    match node {
        Node::Test(test) => test_matches_outlined(test, schema, record),
        node => inner_node_matches(node, schema, record),
    }
}

fn inner_node_matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    match node {
        Node::All(children) => all_match(children, schema, record),
        Node::Any(children) => match &**children {
            [Node::Test(first), Node::Test(next), ..] if first.attribute == next.attribute => {
                any_of_attribute_matches(first, children, schema, record)
            }
            children => any_matches(children, schema, record),
        },
        Node::Not(child) => !matches(child, schema, record),
        Node::Test(test) => test_matches_outlined(test, schema, record),
    }
}

// PERF: out of line here and below, so that a node saves only the registers that its kind needs.
#[inline(never)]
fn all_match<R: Record + ?Sized>(children: &[Node], schema: &Schema, record: &R) -> bool {
    children.iter().all(|child| matches(child, schema, record))
}

#[inline(never)]
fn any_matches<R: Record + ?Sized>(children: &[Node], schema: &Schema, record: &R) -> bool {
    children.iter().any(|child| matches(child, schema, record))
}

/// Does what [`any_matches`] does, looking up the attribute of the first tests once.
// PERF: with a look-up per test, `matches` executes 70 % more instructions on F4 without a schema.
#[inline(never)]
fn any_of_attribute_matches<R: Record + ?Sized>(
    first: &Test,
    children: &[Node],
    schema: &Schema,
    record: &R,
) -> bool {
    let Some(attribute) = schema.attribute(first.attribute) else { return false };
    let string = record.single_text(attribute);
    let mut rest = children;
    while let [Node::Test(test), others @ ..] = rest
        && test.attribute == first.attribute
    {
        if test_attribute(test, string, attribute, schema, record) {
            return true;
        }
        rest = others;
    }
    any_matches(rest, schema, record)
}

// PERF: if this were inlined into the loop over a chain, the fields of the record would be loaded
// before the test is known: 5 % more instructions on F4 without a schema.
#[inline(never)]
fn test_matches_outlined<R: Record + ?Sized>(test: &Test, schema: &Schema, record: &R) -> bool {
    test_matches(test, schema, record)
}

// PERF: part of `Plan::matches`, and inlined for the same reason, as is `test_attribute`.
#[inline(always)]
fn test_matches<R: Record + ?Sized>(test: &Test, schema: &Schema, record: &R) -> bool {
    let Some(attribute) = schema.attribute(test.attribute) else { return false };
    test_attribute(test, record.single_text(attribute), attribute, schema, record)
}

/// Evaluates a test whose attribute is looked up. `string` is [`Record::single_text`] of it.
#[inline(always)]
fn test_attribute<R: Record + ?Sized>(
    test: &Test,
    string: Option<Option<&str>>,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> bool {
    match string {
        Some(Some(string)) if !test.prefilter.accepts(string) => false,
        Some(string) if !matches!(test.predicate, Predicate::Element(_)) => {
            string::test_string(test, string)
        }
        _ => values::test_values(test, attribute, schema, record),
    }
}
