//! Explains why a record matches a plan: the result of each node, with the values compared.

use super::test_matches;
use crate::plan::{Node, Plan, Predicate, Test, condition, format_value};
use crate::schema::{Attribute, Record, Schema, SimpleElement};
use crate::snippet::write_json_string;
use crate::value::{AttributeType, Value, ValueRef, base64, datetime};
use std::fmt;

/// Maximum number of values of an attribute, or of elements, that are listed.
const MAX_LISTED: usize = 20;
/// Maximum length of a value, in characters.
const MAX_VALUE: usize = 100;

/// Why a record matches a plan, or why not: a tree like the plan.
///
/// Created by [`Plan::explain_match`]. `Display` prints an outline: a line per node with `yes` or
/// `no`, the condition, and the values of the record. With feature `serde`, serialises to
/// `{matched, condition, values?, parts?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MatchExplanation {
    matched: bool,
    condition: String,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    values: Option<Vec<String>>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    parts: Vec<Self>,
}

impl<R: Record> Plan<R> {
    /// Returns which parts of the plan are true of a record, with the values compared.
    ///
    /// [`Plan::matches`] is faster and gives the same result as
    /// [`MatchExplanation::matched`].
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
    ///
    /// struct Employee {
    ///     name: &'static str,
    /// }
    ///
    /// impl Record for Employee {
    ///     fn any_value(
    ///         &self,
    ///         attribute: &Attribute,
    ///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ///     ) -> bool {
    ///         attribute.path() == "name" && test(ValueRef::text(self.name))
    ///     }
    /// }
    ///
    /// let attributes = ["name", "email"].map(|path| Attribute::new(path, AttributeType::String));
    /// let policy: Policy<Employee> = Policy::new(Schema::new(None, attributes)?)?;
    /// let plan = policy.parse(r#"name sw "b" and email pr"#)?;
    /// let explanation = plan.explain_match(&Employee { name: "Bob" });
    /// assert!(!explanation.matched());
    /// assert_eq!(
    ///     explanation.to_string(),
    ///     r#"no  all of
    /// yes   name starts with "b", any case: "Bob"
    /// no    email is present: no value"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_match(&self, record: &R) -> MatchExplanation {
        explain(self.root(), self.schema(), record)
    }
}

impl MatchExplanation {
    /// Returns whether the record matches.
    #[must_use]
    pub fn matched(&self) -> bool {
        self.matched
    }

    /// Returns the condition, as in [`Plan::explain`], or the number of an element.
    #[must_use]
    pub fn condition(&self) -> &str {
        &self.condition
    }

    /// Returns the values of the record, formatted as JSON, or `None` if the condition has parts.
    #[must_use]
    pub fn values(&self) -> Option<&[String]> {
        self.values.as_deref()
    }

    /// Returns the explanations of the parts: operands of a connective, or elements.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }

    // The recursion is bounded by the depth of the filter, which `Limits` bounds.
    fn print(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let separator = if depth == 0 { "" } else { "\n" };
        let word = if self.matched { "yes" } else { "no" };
        write!(f, "{separator}{word:<4}{:indent$}{}", "", self.condition, indent = depth * 2)?;
        match self.values.as_deref() {
            Some([]) => f.write_str(": no value")?,
            Some(values) => write!(f, ": {}", values.join(", "))?,
            None => {}
        }
        self.parts.iter().try_for_each(|part| part.print(f, depth + 1))
    }
}

impl fmt::Display for MatchExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

// The recursion is bounded by the depth of the filter, which `Limits` bounds.
fn explain<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> MatchExplanation {
    let (condition, children) = match node {
        Node::All(children) => ("all of", &**children),
        Node::Any(children) => ("any of", &**children),
        Node::Not(child) => ("not", std::slice::from_ref(&**child)),
        Node::Test(test) => return explain_test(test, schema, record),
    };
    let parts: Vec<_> = children.iter().map(|child| explain(child, schema, record)).collect();
    let matched = match node {
        Node::All(_) => parts.iter().all(MatchExplanation::matched),
        Node::Not(_) => !parts.iter().any(MatchExplanation::matched),
        _ => parts.iter().any(MatchExplanation::matched),
    };
    MatchExplanation { matched, condition: condition.to_owned(), values: None, parts }
}

fn explain_test<R: Record + ?Sized>(test: &Test, schema: &Schema, record: &R) -> MatchExplanation {
    let mut explanation = MatchExplanation {
        matched: test_matches(test, schema, record),
        condition: condition(test, schema),
        values: None,
        parts: Vec::new(),
    };
    let Some(attribute) = schema.attribute(test.attribute) else { return explanation };
    match &test.predicate {
        Predicate::Element(inner) => {
            explanation.parts = elements(inner, attribute, schema, record);
            if explanation.parts.is_empty() {
                explanation.values = Some(Vec::new());
            }
        }
        _ => explanation.values = Some(values(attribute, record)),
    }
    explanation
}

/// Returns the values of an attribute, without those after [`MAX_LISTED`].
fn values<R: Record + ?Sized>(attribute: &Attribute, record: &R) -> Vec<String> {
    let mut values = Vec::new();
    let has_more = record.any_value(attribute, &mut |value| {
        if values.len() < MAX_LISTED {
            values.push(format(value));
            return false;
        }
        true
    });
    if has_more {
        values.push("...".to_owned());
    }
    values
}

/// Explains the elements of an attribute, without those after [`MAX_LISTED`].
fn elements<R: Record + ?Sized>(
    inner: &Node,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> Vec<MatchExplanation> {
    let mut elements: Vec<MatchExplanation> = Vec::new();
    let mut add = |part: &dyn Fn() -> MatchExplanation| {
        if elements.len() == MAX_LISTED {
            return true;
        }
        let part = part();
        elements.push(MatchExplanation {
            matched: part.matched,
            condition: format!("element {}", elements.len() + 1),
            values: None,
            parts: vec![part],
        });
        false
    };
    match attribute.attribute_type() {
        AttributeType::Complex | AttributeType::Any => {
            record.any_element(attribute, &mut |element| add(&|| explain(inner, schema, element)))
        }
        _ => record.any_value(attribute, &mut |value| {
            add(&|| explain(inner, schema, &SimpleElement(value)))
        }),
    };
    elements
}

fn format(value: ValueRef<'_>) -> String {
    let owned = match value {
        ValueRef::Text { text, .. } => {
            let mut string = String::new();
            let cut: String = text.chars().take(MAX_VALUE).collect();
            // Writing to a string cannot fail.
            let _ = write_json_string(&cut, &mut string);
            if cut.len() < text.len() {
                string.push_str("...");
            }
            return string;
        }
        ValueRef::Boolean(value) => Value::Boolean(value),
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Number(value) => return value.chars().take(MAX_VALUE).collect(),
        ValueRef::Decimal(value) => return value.to_string(),
        ValueRef::DateTime(value) => return datetime::format(value),
        ValueRef::Binary(bytes) => {
            let encoded = base64::encode(bytes.get(..MAX_VALUE).unwrap_or(bytes));
            let more = if bytes.len() > MAX_VALUE { "..." } else { "" };
            return format!("base64 {encoded}{more}");
        }
        ValueRef::Complex => return "an object".to_owned(),
        ValueRef::Unreadable => return "a value of another type".to_owned(),
    };
    format_value(&owned)
}
