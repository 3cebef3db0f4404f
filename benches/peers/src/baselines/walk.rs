//! The naive evaluator: walks the syntax tree for each record, looks up each attribute in the JSON
//! and compares lowercased strings.

use scieve::{Clause, Expr, ExprKind, Literal, Operator};
use serde_json::Value;

pub(crate) fn matches(expr: Expr<'_>, record: &Value) -> bool {
    match expr.kind() {
        ExprKind::And(mut operands) => operands.all(|operand| matches(operand, record)),
        ExprKind::Or(mut operands) => operands.any(|operand| matches(operand, record)),
        ExprKind::Not(operand) => !matches(operand, record),
        ExprKind::ValuePath(path, inner) => match member(record, path.name()) {
            Some(Value::Array(elements)) => elements.iter().any(|element| matches(inner, element)),
            Some(element) => matches(inner, element),
            None => false,
        },
        ExprKind::Clause(clause) => compares(&clause, record),
        _ => false,
    }
}

fn compares(clause: &Clause<'_>, record: &Value) -> bool {
    let path = clause.path();
    let mut found = Vec::new();
    match (member(record, path.name()), path.sub_attribute()) {
        (Some(Value::Array(elements)), Some(sub)) => {
            found.extend(elements.iter().filter_map(|element| member(element, sub)))
        }
        (Some(Value::Array(elements)), None) => found.extend(elements),
        (Some(element), Some(sub)) => found.extend(member(element, sub)),
        (Some(value), None) => found.push(value),
        (None, _) => {}
    }
    match (clause.operator(), clause.literal()) {
        (Operator::Pr, _) | (_, None) => !found.is_empty(),
        (operator, Some(Literal::String(wanted))) => {
            let wanted = wanted.to_lowercase();
            found.iter().filter_map(|value| value.as_str()).any(|value| {
                let value = value.to_lowercase();
                match operator {
                    Operator::Eq => value == wanted,
                    Operator::Ne => value != wanted,
                    Operator::Co => value.contains(&wanted),
                    Operator::Sw => value.starts_with(&wanted),
                    Operator::Ew => value.ends_with(&wanted),
                    Operator::Gt => value > wanted,
                    Operator::Ge => value >= wanted,
                    Operator::Lt => value < wanted,
                    _ => value <= wanted,
                }
            })
        }
        (operator, Some(Literal::Boolean(wanted))) => found
            .iter()
            .any(|value| (value.as_bool() == Some(wanted)) == (operator == Operator::Eq)),
        (operator, Some(Literal::Number(wanted))) => {
            let wanted: f64 = wanted.parse().unwrap_or(f64::NAN);
            found.iter().filter_map(|value| value.as_f64()).any(|value| match operator {
                Operator::Eq => value == wanted,
                Operator::Ne => value != wanted,
                Operator::Gt => value > wanted,
                Operator::Ge => value >= wanted,
                Operator::Lt => value < wanted,
                _ => value <= wanted,
            })
        }
        (operator, Some(Literal::Null)) => found.is_empty() == (operator == Operator::Eq),
    }
}

pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
