//! Prints a plan as an outline: one line per node, children indented.

use super::{Node, Plan, Predicate, Test, Untyped};
use crate::schema::Schema;
use crate::snippet::write_json_string;
use crate::value::{CaseSensitivity, Value, base64, datetime};
use std::fmt::Write as _;

impl<R: ?Sized> Plan<R> {
    /// Formats the plan as an outline: one line per node, with operands as they are compared.
    ///
    /// The outline is for people; its format can change between versions.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    ///
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("name", AttributeType::String),
    ///         Attribute::new("logins", AttributeType::Integer),
    ///     ],
    /// )?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let plan = policy.parse(r#"(name eq "Bob" or name eq "Alice") and logins gt 9.5"#)?;
    /// assert_eq!(
    ///     plan.explain(),
    ///     r#"all of
    ///   name in ("alice", "bob"), any case
    ///   logins > 9"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self) -> String {
        let mut out = String::new();
        node(&mut out, &self.root, &self.schema, 0);
        out.truncate(out.trim_end().len());
        out
    }
}

// The recursion is bounded by the depth of the filter, which `Limits` bounds.
fn node(out: &mut String, node: &Node, schema: &Schema, depth: usize) {
    let indent = depth * 2;
    let list = |out: &mut String, title: &str, children: &[Node]| {
        let _ = writeln!(out, "{:indent$}{title}", "");
        for child in children {
            self::node(out, child, schema, depth + 1);
        }
    };
    match node {
        Node::All(children) => list(out, "all of", children),
        Node::Any(children) => list(out, "any of", children),
        Node::Not(child) => list(out, "not", std::slice::from_ref(child)),
        Node::Test(test) => self::test(out, test, schema, depth),
    }
}

fn test(out: &mut String, test: &Test, schema: &Schema, depth: usize) {
    let Some(attribute) = schema.attribute(test.attribute) else {
        let _ = writeln!(out, "{:indent$}never matches", "", indent = depth * 2);
        return;
    };
    let _ = write!(out, "{:indent$}{attribute}", "", indent = depth * 2);
    let (word, operands): (&str, &[Value]) = match &test.predicate {
        Predicate::Present => (" is present", &[]),
        Predicate::Never => (" never matches", &[]),
        Predicate::Equal(value) => (" = ", std::slice::from_ref(value)),
        Predicate::In(values) => (" in ", values),
        Predicate::Differs(value) => {
            (" has no value, or one other than ", std::slice::from_ref(value))
        }
        Predicate::Less(value) => (" < ", std::slice::from_ref(value)),
        Predicate::LessOrEqual(value) => (" <= ", std::slice::from_ref(value)),
        Predicate::Greater(value) => (" > ", std::slice::from_ref(value)),
        Predicate::GreaterOrEqual(value) => (" >= ", std::slice::from_ref(value)),
        Predicate::Contains(substring) => {
            return string(out, " contains ", substring.as_str(), test.case);
        }
        Predicate::StartsWith(part) => return string(out, " starts with ", part, test.case),
        Predicate::EndsWith(part) => return string(out, " ends with ", part, test.case),
        Predicate::Element(inner) => {
            out.push_str(" has an element with\n");
            return node(out, inner, schema, depth + 1);
        }
        Predicate::Untyped(operator, literal) => {
            let _ = write!(out, " {operator} ");
            return match literal.literal() {
                Untyped::Text { substring, .. } => string(out, "", substring.as_str(), test.case),
                Untyped::Number(number) => out.push_str(&format!("{number}\n")),
                Untyped::Boolean(value) => out.push_str(&format!("{value}\n")),
                Untyped::Coerced(_) => {}
            };
        }
    };
    out.push_str(word);
    let values: Vec<String> = operands.iter().map(format_value).collect();
    match operands {
        [_, _, ..] => {
            let _ = write!(out, "({})", values.join(", "));
        }
        _ => out.push_str(&values.concat()),
    }
    let are_strings = matches!(operands.first(), Some(Value::Text(_)));
    out.push_str(if are_strings { rule(test.case) } else { "" });
    out.push('\n');
}

fn string(out: &mut String, word: &str, operand: &str, case: CaseSensitivity) {
    let operand = format_value(&Value::Text(operand.into()));
    let _ = writeln!(out, "{word}{operand}{}", rule(case));
}

fn rule(case: CaseSensitivity) -> &'static str {
    match case {
        CaseSensitivity::Exact => "",
        CaseSensitivity::Ignore => ", any case",
        CaseSensitivity::UsernameCaseMapped => ", as a user name",
    }
}

/// Returns the line of a test in [`Plan::explain`].
pub(crate) fn condition(one: &Test, schema: &Schema) -> String {
    let mut out = String::new();
    test(&mut out, one, schema, 0);
    out.lines().next().unwrap_or_default().to_owned()
}

/// Formats a value as in [`Plan::explain`].
pub(crate) fn format_value(value: &Value) -> String {
    match value {
        Value::Text(text) => {
            let mut string = String::new();
            // Writing to a string cannot fail.
            let _ = write_json_string(text, &mut string);
            string
        }
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::DateTime(instant) => datetime::format(instant.as_ref()),
        Value::Binary(bytes) => format!("base64 {}", base64::encode(bytes)),
    }
}
