//! The attribute under the cursor, and the plan of its filter.

use super::document::Entry;
use crate::checks::Checks;
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};
use scieve::{Attribute, Expr, ExprKind, Filter, Operators, Path, Policy, Span};
use serde_json::Value;

pub(super) fn hover(entry: &Entry, offset: usize, checks: &Checks) -> Option<Hover> {
    let policy = checks.policy()?;
    let filter = Filter::parse_with(entry.text(), policy.syntax(), policy.limits()).ok()?;
    let (path, span) = path_at(&filter, offset).unzip();
    let attribute = path.and_then(|path| policy.schema().find_path(&path));
    let plan = || policy.check(&filter).ok().map(|plan| format!("```text\n{plan:?}\n```"));
    let (text, span) = match attribute {
        Some(attribute) => (describe(policy, attribute), span?),
        None => (plan()?, Span::new(0, entry.text().len())),
    };
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: text };
    let range = Some(entry.range_in_filter(span));
    Some(Hover { contents: HoverContents::Markup(contents), range })
}

/// Returns the full path of the attribute at an offset, and its span.
fn path_at(filter: &Filter, offset: usize) -> Option<(String, Span)> {
    let mut pending: Vec<(Expr<'_>, Option<Path<'_>>)> = vec![(filter.root(), None)];
    let contains = |span: Span| (span.start..=span.end).contains(&offset);
    while let Some((expr, parent)) = pending.pop() {
        let path = match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                pending.extend(operands.map(|operand| (operand, parent)));
                continue;
            }
            ExprKind::Not(child) => {
                pending.push((child, parent));
                continue;
            }
            ExprKind::ValuePath(path, child) => {
                pending.push((child, Some(path)));
                path
            }
            ExprKind::Clause(clause) => clause.path(),
            _ => continue,
        };
        if contains(path.span()) {
            let is_part = parent.filter(|parent| parent.span() != path.span());
            let prefix = is_part.map(|parent| format!("{parent}.")).unwrap_or_default();
            return Some((format!("{prefix}{path}"), path.span()));
        }
    }
    None
}

/// Describes an attribute: its type, operators and canonical values.
pub(super) fn describe(policy: &Policy<Value>, attribute: &Attribute) -> String {
    let many = if attribute.yields_many() { ", several values" } else { "" };
    let mut text = format!("**{attribute}**: {}{many}", attribute.attribute_type());
    let operators = operators(policy, attribute);
    if !operators.is_empty() {
        text += &format!("\n\nOperators: {operators}");
    }
    let values = attribute.canonical_values();
    if !values.is_empty() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        text += &format!("\n\nValues: {}", values.join(", "));
    }
    text
}

/// Returns the operators that the policy allows on an attribute.
pub(super) fn operators(policy: &Policy<Value>, attribute: &Attribute) -> Operators {
    let allowed = policy.rule(attribute.id()).map(|rule| rule.operators).unwrap_or_default();
    let of_type = Operators::of_type(attribute.attribute_type());
    of_type.iter().filter(|operator| allowed.contains(*operator)).collect()
}
