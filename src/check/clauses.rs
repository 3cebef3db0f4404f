//! The clauses of a filter with their place and attribute.

use crate::filter::{Clause, Expr, ExprKind, Filter, Literal, Path};
use crate::policy::Policy;
use crate::schema::Attribute;
use crate::span::Span;

/// A clause and its position.
#[derive(Clone, Copy)]
pub(crate) struct ClauseAt<'f> {
    pub(crate) clause: Clause<'f>,
    pub(crate) span: Span,
    /// The path before the brackets that contain the clause.
    pub(crate) parent: Option<Path<'f>>,
    /// The attribute that the path names, if there is a schema.
    pub(crate) attribute: Option<&'f Attribute>,
    /// True if an operand of a disjunction contains the clause.
    pub(crate) is_in_or: bool,
}

impl<'f> ClauseAt<'f> {
    /// Returns the string that the clause compares with.
    pub(crate) fn string(&self) -> Option<&'f str> {
        match self.clause.literal() {
            Some(Literal::String(string)) => Some(string),
            _ => None,
        }
    }

    /// Returns the span from the operator to the end of the clause.
    pub(crate) fn test_span(&self) -> Span {
        Span::new(self.clause.operator_span().start, self.span.end)
    }
}

/// Returns the clauses of a filter in the order of the source.
pub(crate) fn clauses<'f, R: ?Sized>(
    filter: &'f Filter,
    policy: &'f Policy<R>,
) -> Vec<ClauseAt<'f>> {
    let mut found = Vec::new();
    let mut pending: Vec<(Expr<'f>, Option<Path<'f>>, bool)> = vec![(filter.root(), None, false)];
    while let Some((expr, parent, is_in_or)) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) => {
                pending.extend(operands.map(|operand| (operand, parent, is_in_or)));
            }
            ExprKind::Or(operands) => {
                pending.extend(operands.map(|operand| (operand, parent, true)));
            }
            ExprKind::Not(child) => pending.push((child, parent, is_in_or)),
            ExprKind::ValuePath(path, child) => pending.push((child, Some(path), is_in_or)),
            ExprKind::Clause(clause) => {
                let attribute = attribute(policy, clause.path(), parent);
                let span = expr.span();
                found.push(ClauseAt { clause, span, parent, attribute, is_in_or });
            }
        }
    }
    found.sort_by_key(|clause| clause.span.start);
    found
}

/// Returns the attribute that a path names, inside the brackets of `parent`.
pub(crate) fn attribute<'p, R: ?Sized>(
    policy: &'p Policy<R>,
    path: Path<'_>,
    parent: Option<Path<'_>>,
) -> Option<&'p Attribute> {
    let schema = policy.schema();
    match parent {
        None => schema.find_in(schema.extension(path.urn()), path.without_urn()),
        Some(parent) => {
            let urn = schema.extension(parent.urn());
            let complex = schema.find_in(urn, parent.without_urn())?;
            schema
                .find(urn, complex.name(), Some(path.name()))
                .or_else(|| path.name().eq_ignore_ascii_case("value").then_some(complex))
        }
    }
}
