//! The arguments of diagnostics: the attribute, operator and literal of the clause at their place.

use super::clauses::{ClauseAt, clauses};
use crate::diagnostic::{Arguments, Code, Diagnostic};
use crate::filter::{ExprKind, Filter, Path};
use crate::operator::Operators;
use crate::policy::Policy;
use crate::schema::Attribute;
use crate::span::Span;

/// Sets the arguments of each diagnostic inside one clause, or at the brackets of one value path.
#[cold]
pub(crate) fn name_arguments<R: ?Sized>(
    policy: &Policy<R>,
    filter: &Filter,
    diagnostics: &mut [Diagnostic],
) {
    let clauses = clauses(filter, policy);
    let value_paths = value_paths(filter);
    for diagnostic in diagnostics {
        let span = diagnostic.span();
        let index = clauses.partition_point(|at| at.span.start <= span.start);
        let at = index.checked_sub(1).and_then(|index| clauses.get(index));
        let arguments = match at.filter(|at| span.end <= at.span.end) {
            Some(at) => of_clause(policy, at, diagnostic.code()),
            None => {
                let found = value_paths.binary_search_by_key(&span.start, |(span, _)| span.start);
                let found = found.ok().and_then(|index| value_paths.get(index));
                match found.filter(|(whole, path)| [*whole, path.span()].contains(&span)) {
                    Some((_, path)) => of_value_path(policy, *path),
                    None => continue,
                }
            }
        };
        *diagnostic.arguments_mut() = arguments;
    }
}

fn of_clause<R: ?Sized>(policy: &Policy<R>, at: &ClauseAt<'_>, code: Code) -> Arguments {
    let path = at.clause.path().as_str();
    let written = match at.parent {
        Some(parent) => format!("{}.{path}", parent.as_str()),
        None => path.to_owned(),
    };
    // A hidden attribute has the diagnostic of an unknown one, without anything of the schema.
    let attribute = at.attribute.filter(|attribute| !policy.hides(attribute));
    let mut arguments = attribute.map(Arguments::of).unwrap_or_default();
    arguments.operator = Some(at.clause.operator().name().into());
    arguments.literal = at.clause.literal().map(|_| at.clause.literal_source().into());
    match attribute {
        Some(attribute) => {
            let compared = compared(policy, attribute, at);
            arguments.attribute_type = Some(compared.attribute_type());
            arguments.allowed = allowed(policy, compared, code);
        }
        None => arguments.attribute = Some(written.into()),
    }
    arguments
}

/// Returns the attribute that a clause compares: of a complex one, its sub-attribute `value`.
fn compared<'p, R: ?Sized>(
    policy: &'p Policy<R>,
    attribute: &'p Attribute,
    at: &ClauseAt<'_>,
) -> &'p Attribute {
    let value = policy.schema().find(attribute.urn(), attribute.name(), Some("value"));
    let is_value = attribute.parent().is_none() && at.clause.operator().takes_value();
    value.filter(|value| is_value && !policy.hides(value)).unwrap_or(attribute)
}

fn allowed<R: ?Sized>(policy: &Policy<R>, attribute: &Attribute, code: Code) -> Vec<Box<str>> {
    match code {
        Code::OperatorNotAllowed | Code::OperatorForType => {
            let rule = policy.rule(attribute.id()).map(|rule| rule.operators);
            let of_type = Operators::of_type(attribute.attribute_type());
            let operators = rule.unwrap_or(of_type);
            operators.iter().map(|operator| operator.name().into()).collect()
        }
        Code::UnknownValue => attribute.canonical_values().to_vec(),
        _ => Vec::new(),
    }
}

/// Returns the arguments of a diagnostic about a value path.
fn of_value_path<R: ?Sized>(policy: &Policy<R>, path: Path<'_>) -> Arguments {
    let schema = policy.schema();
    let found = schema.find_in(schema.extension(path.urn()), path.without_urn());
    let found = found.filter(|attribute| !policy.hides(attribute));
    let mut arguments = found.map(Arguments::of).unwrap_or_default();
    arguments.attribute.get_or_insert_with(|| path.as_str().into());
    arguments
}

/// Returns the value paths of a filter, in the order of the source.
fn value_paths(filter: &Filter) -> Vec<(Span, Path<'_>)> {
    let mut found = Vec::new();
    let mut pending = vec![filter.root()];
    while let Some(expr) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => pending.extend(operands),
            ExprKind::Not(child) => pending.push(child),
            ExprKind::ValuePath(path, _) => found.push((expr.span(), path)),
            ExprKind::Clause(_) => {}
        }
    }
    found.sort_by_key(|(span, _)| *span);
    found
}
