//! A plan as an outline: one line a node, children indented.

use super::{Node, Plan, Predicate, Test, Untyped};
use crate::schema::Schema;
use crate::value::{CaseSensitivity, Value, base64, datetime};
use std::fmt::Write as _;

impl<R: ?Sized> Plan<R> {
    /// The plan as an outline, for people: what is asked of which attribute, with operands as they are compared.
    ///
    /// The lines are not a format that programs should read.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut out = String::new();
        node(&mut out, &self.root, &self.schema, 0);
        out.truncate(out.trim_end().len());
        out
    }
}

// The depth of a plan is that of its filter, which `Limits` bounds.
fn node(out: &mut String, part: &Node, schema: &Schema, depth: usize) {
    let indent = depth * 2;
    let list = |out: &mut String, title: &str, children: &[Node]| {
        let _ = writeln!(out, "{:indent$}{title}", "");
        for child in children {
            node(out, child, schema, depth + 1);
        }
    };
    match part {
        Node::All(children) => list(out, "all of", children),
        Node::Any(children) => list(out, "any of", children),
        Node::Not(child) => list(out, "not", std::slice::from_ref(child)),
        Node::Test(test) => self::test(out, test, schema, depth),
    }
}

fn test(out: &mut String, test: &Test, schema: &Schema, depth: usize) {
    let Some(attribute) = schema.attribute(test.attribute) else { return };
    let _ = write!(out, "{:indent$}{attribute}", "", indent = depth * 2);
    let (word, operands): (&str, &[Value]) = match &test.predicate {
        Predicate::Present => (" is present", &[]),
        Predicate::Never => (" never matches", &[]),
        Predicate::Equal(value) => (" = ", std::slice::from_ref(value)),
        Predicate::In(values) => (" in ", values),
        Predicate::Differs(value) => {
            (" has another value than, or none: ", std::slice::from_ref(value))
        }
        Predicate::Less(value) => (" < ", std::slice::from_ref(value)),
        Predicate::LessOrEqual(value) => (" <= ", std::slice::from_ref(value)),
        Predicate::Greater(value) => (" > ", std::slice::from_ref(value)),
        Predicate::GreaterOrEqual(value) => (" >= ", std::slice::from_ref(value)),
        Predicate::Contains(substring) => {
            return text(out, " contains ", substring.as_str(), test.case);
        }
        Predicate::StartsWith(part) => return text(out, " starts with ", part, test.case),
        Predicate::EndsWith(part) => return text(out, " ends with ", part, test.case),
        Predicate::Element(inner) => {
            out.push_str(" has one element with\n");
            return node(out, inner, schema, depth + 1);
        }
        Predicate::Untyped(operator, literal) => {
            let _ = write!(out, " {operator} ");
            return match literal {
                Untyped::Text { substring, .. } => text(out, "", substring.as_str(), test.case),
                Untyped::Number(number) => out.push_str(&format!("{number}\n")),
                Untyped::Boolean(value) => out.push_str(&format!("{value}\n")),
            };
        }
    };
    out.push_str(word);
    let shown: Vec<String> = operands.iter().map(value).collect();
    match operands {
        [_, _, ..] => {
            let _ = write!(out, "({})", shown.join(", "));
        }
        _ => out.push_str(&shown.concat()),
    }
    let texts = matches!(operands.first(), Some(Value::Text(_)));
    out.push_str(if texts && test.case == CaseSensitivity::Ignore { ", any case\n" } else { "\n" });
}

fn text(out: &mut String, word: &str, operand: &str, case: CaseSensitivity) {
    let any_case = if case == CaseSensitivity::Ignore { ", any case" } else { "" };
    let _ = writeln!(out, "{word}{}{any_case}", value(&Value::Text(operand.into())));
}

fn value(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", crate::snippet::escape(text)),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::DateTime(micros) => datetime::format(*micros),
        Value::Binary(bytes) => format!("base64 {}", base64::encode(bytes)),
    }
}
