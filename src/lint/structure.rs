//! Clauses that together hardly mean what was intended.

use super::Linter;
use crate::check::clauses;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety};
use crate::filter::{Clause, Expr, ExprKind, Filter, Literal, Path};
use crate::operator::Operator;
use crate::plan::Plan;
use crate::schema::{Attribute, AttributeId};
use crate::span::Span;

/// Maximum number of operands of one connective that are compared pairwise.
const MAX_OPERANDS: usize = 32;

/// Maximum number of operands of one connective whose plans are compared pairwise.
const MAX_DECIDED: usize = 8;

/// Maximum number of clauses of such an operand.
const MAX_DECIDED_CLAUSES: usize = 4;

pub(super) fn run<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    let mut pending: Vec<(Expr<'_>, Option<Path<'_>>)> = vec![(linter.filter.root(), None)];
    while let Some((expr, parent)) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) => {
                pair_rules(linter, expr, parent, true, list);
                if parent.is_none() {
                    split_elements(linter, expr, list);
                }
                pending.extend(operands.map(|operand| (operand, parent)));
            }
            ExprKind::Or(operands) => {
                pair_rules(linter, expr, parent, false, list);
                list.extend(operands.filter_map(|operand| mixed(linter, operand)));
                pending.extend(operands.map(|operand| (operand, parent)));
            }
            ExprKind::Not(child) => pending.push((child, parent)),
            ExprKind::ValuePath(path, child) => pending.push((child, Some(path))),
            ExprKind::Clause(_) => {}
        }
    }
    let is_constant =
        |one: &Diagnostic| matches!(one.code(), Code::NeverMatches | Code::AlwaysMatches);
    if !list.iter().any(is_constant) {
        list.extend(constant(linter));
    }
}

/// A filter that no record matches, or every record.
fn constant<R: ?Sized>(linter: &Linter<'_, R>) -> Option<Diagnostic> {
    let root = linter.filter.root();
    // With several values, `a ne "x" or a ne "y"` is true of every record, but hardly a mistake.
    let has_many = |at: &clauses::ClauseAt<'_>| at.attribute.is_none_or(Attribute::yields_many);
    if linter.clauses.len() < 2 || linter.clauses.iter().any(has_many) {
        return None;
    }
    let (code, message, is_and) = if linter.plan.is_empty().is_yes() {
        (Code::NeverMatches, "no record matches: the conditions exclude one another", true)
    } else if linter.plan.is_universal().is_yes() {
        (Code::AlwaysMatches, "every record matches: one of the conditions is always true", false)
    } else {
        return None;
    };
    let diagnostic = Diagnostic::new(code, root.span(), message);
    let ((ExprKind::And(operands), true) | (ExprKind::Or(operands), false)) = (root.kind(), is_and)
    else {
        return Some(diagnostic);
    };
    let spans: Vec<Span> = operands.map(Expr::span).collect();
    let connective = if is_and { "or" } else { "and" };
    let help = format!("did you mean `{connective}`?");
    let [first, second] = spans[..] else { return Some(diagnostic.with_help(help)) };
    let Some(fix) = swap(linter, first, second, is_and) else { return Some(diagnostic) };
    // The other connective can make it as constant as before.
    let is_useful = linter
        .accepted(&fix)
        .is_some_and(|plan| plan.is_empty().is_no() && plan.is_universal().is_no());
    Some(if is_useful { diagnostic.with_fix(fix) } else { diagnostic })
}

/// Returns the fix that replaces the connective between two operands by the other one.
fn swap<R: ?Sized>(linter: &Linter<'_, R>, first: Span, second: Span, is_and: bool) -> Option<Fix> {
    let (from, to) = if is_and { ("and", "or") } else { ("or", "and") };
    let between = Span::new(first.end, second.start);
    let gap = linter.source(between);
    let word = gap.trim();
    if !word.eq_ignore_ascii_case(from) {
        return None;
    }
    let start = between.start + gap.len() - gap.trim_start().len();
    let edit = (Span::new(start, start + word.len()), to.to_owned());
    Some(Fix::new(Safety::Unsafe, format!("did you mean `{to}`?"), vec![edit]))
}

/// A conjunction beside a disjunction, without parentheses.
fn mixed<R: ?Sized>(linter: &Linter<'_, R>, operand: Expr<'_>) -> Option<Diagnostic> {
    if !matches!(operand.kind(), ExprKind::And(_)) {
        return None;
    }
    let span = operand.span();
    let source = linter.filter.source_text();
    let is_grouped = source.get(..span.start)?.trim_end().ends_with('(')
        && source.get(span.end..)?.trim_start().starts_with(')');
    if is_grouped {
        return None;
    }
    let message = "`and` binds tighter than `or`";
    let diagnostic = Diagnostic::new(Code::MixedAndOr, span, message);
    let edits = vec![
        (Span::new(span.start, span.start), "(".to_owned()),
        (Span::new(span.end, span.end), ")".to_owned()),
    ];
    Some(
        linter.offer(diagnostic, Fix::new(Safety::Safe, "add parentheses around the `and`", edits)),
    )
}

/// Clauses on different sub-attributes of one multi-valued attribute, joined by `and`.
fn split_elements<R: ?Sized>(linter: &Linter<'_, R>, expr: Expr<'_>, list: &mut Vec<Diagnostic>) {
    let ExprKind::And(operands) = expr.kind() else { return };
    let operands: Vec<Expr<'_>> = operands.collect();
    let part = |expr: &Expr<'_>| {
        let ExprKind::Clause(clause) = expr.kind() else { return None };
        let attribute = clauses::attribute(linter.policy, clause.path(), None)?;
        let parent = attribute.parent()?;
        let complex = linter.policy.schema().attribute(parent)?;
        complex.is_multi_valued().then_some((parent, attribute.sub_attribute()?))
    };
    let parts: Vec<Option<(AttributeId, &str)>> = operands.iter().map(part).collect();
    let mut done: Vec<AttributeId> = Vec::new();
    for (first, found) in parts.iter().enumerate() {
        let Some((parent, name)) = found else { continue };
        if done.contains(parent) {
            continue;
        }
        done.push(*parent);
        let members: Vec<usize> = (first..operands.len())
            .filter(|at| {
                parts.get(*at).is_some_and(|part| part.is_some_and(|(id, _)| id == *parent))
            })
            .collect();
        let differs = members
            .iter()
            .any(|at| parts.get(*at).copied().flatten().is_some_and(|(_, other)| other != *name));
        let names: Vec<&str> = members
            .iter()
            .filter_map(|at| parts.get(*at).copied().flatten())
            .map(|(_, n)| n)
            .collect();
        // The same sub-attribute twice needs two elements.
        let is_repeated = names
            .iter()
            .enumerate()
            .any(|(at, name)| names.iter().skip(at + 1).any(|other| other == name));
        if differs && !is_repeated {
            list.extend(split_element(linter, &operands, &members, *parent));
        }
    }
}

fn split_element<R: ?Sized>(
    linter: &Linter<'_, R>,
    operands: &[Expr<'_>],
    members: &[usize],
    parent: AttributeId,
) -> Option<Diagnostic> {
    let complex = linter.policy.schema().attribute(parent)?;
    let (first, last) = (*members.first()?, *members.last()?);
    let span = operands.get(first)?.span().to(operands.get(last)?.span());
    let message = format!("each condition can be true of another element of `{complex}`");
    let diagnostic = Diagnostic::new(Code::SplitElements, span, message);
    if last - first + 1 != members.len() {
        return Some(
            diagnostic.with_help(format!("for one element, write `{complex}[... and ...]`")),
        );
    }
    let mut inner = Vec::new();
    for at in members {
        let ExprKind::Clause(clause) = operands.get(*at)?.kind() else { return None };
        let name = clause.path().sub_attribute()?;
        inner.push(match clause.literal() {
            Some(literal) => format!("{name} {} {literal}", clause.operator()),
            None => format!("{name} {}", clause.operator()),
        });
    }
    let ExprKind::Clause(clause) = operands.get(first)?.kind() else { return None };
    let path = clause.path().to_string();
    let complex_path = path.rsplit_once('.').map_or(path.as_str(), |(complex, _)| complex);
    let text = format!("{complex_path}[{}]", inner.join(" and "));
    let help = format!("for one element, write `{text}`");
    Some(linter.offer(diagnostic, Fix::new(Safety::Unsafe, help, vec![(span, text)])))
}

/// A comparison of an attribute that has one value with a string or Boolean.
struct Comparison<'f> {
    expr: Expr<'f>,
    attribute: &'f Attribute,
    operator: Operator,
    /// The operand in the form in which it is compared; empty for `pr`.
    operand: String,
}

impl Comparison<'_> {
    /// Returns whether every value for which this is true makes the other true.
    fn implies(&self, other: &Self) -> bool {
        use Operator::{Co, Eq, Ew, Pr, Sw};
        let (mine, theirs) = (self.operand.as_str(), other.operand.as_str());
        match (self.operator, other.operator) {
            (Eq | Sw | Ew | Co, Pr) => true,
            (Eq | Sw, Sw) => mine.starts_with(theirs),
            (Eq | Ew, Ew) => mine.ends_with(theirs),
            (Eq | Sw | Ew | Co, Co) => mine.contains(theirs),
            _ => false,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.operator == other.operator && self.operand == other.operand
    }
}

fn comparison<'f, R: ?Sized>(
    linter: &Linter<'f, R>,
    expr: Expr<'f>,
    parent: Option<Path<'_>>,
) -> Option<Comparison<'f>> {
    let ExprKind::Clause(clause) = expr.kind() else { return None };
    let attribute = clauses::attribute(linter.policy, clause.path(), parent)?;
    let has_one = match parent {
        None => !attribute.yields_many(),
        Some(_) => attribute.sub_attribute().is_some() && !attribute.is_multi_valued(),
    };
    let operand = match clause.literal() {
        None => String::new(),
        Some(Literal::String(text)) if text.is_empty() && clause.operator().is_substring() => {
            return None;
        }
        Some(Literal::String(text)) => attribute.case().key(text).into_owned(),
        Some(Literal::Boolean(value)) => value.to_string(),
        _ => return None,
    };
    let is_text = matches!(
        attribute.attribute_type(),
        crate::value::AttributeType::String
            | crate::value::AttributeType::Reference
            | crate::value::AttributeType::Boolean
    );
    (has_one && is_text).then_some(Comparison {
        expr,
        attribute,
        operator: clause.operator(),
        operand,
    })
}

/// Rules on two comparisons of one attribute that has one value: contradictions, tautologies and
/// implications.
fn pair_rules<'f, R: ?Sized>(
    linter: &Linter<'f, R>,
    chain: Expr<'f>,
    parent: Option<Path<'_>>,
    is_and: bool,
    list: &mut Vec<Diagnostic>,
) {
    let (ExprKind::And(operands) | ExprKind::Or(operands)) = chain.kind() else { return };
    let count = operands.count();
    if count > MAX_OPERANDS {
        return;
    }
    let comparisons: Vec<Comparison<'_>> =
        operands.filter_map(|operand| comparison(linter, operand, parent)).collect();
    let mut removed: Vec<Span> = Vec::new();
    for (at, one) in comparisons.iter().enumerate() {
        for other in comparisons.iter().skip(at + 1) {
            if one.attribute.id() != other.attribute.id() || one.is_same(other) {
                continue;
            }
            if conflicts(one, other, is_and) {
                list.push(conflict(linter, chain, one, other, is_and, count));
                return;
            }
            let (implying, implied) = if one.implies(other) {
                (one, other)
            } else if other.implies(one) {
                (other, one)
            } else {
                continue;
            };
            // In a conjunction the weaker condition is superfluous, in a disjunction the stronger.
            let superfluous = if is_and { implied } else { implying };
            let span = superfluous.expr.span();
            if removed.contains(&span) {
                continue;
            }
            removed.push(span);
            let kept = if is_and { implying } else { implied };
            let plan = |comparison: &Comparison<'_>| operand_plan(linter, comparison.expr, parent);
            let is_proven = plan(implying)
                .zip(plan(implied))
                .is_some_and(|(implying, implied)| implying.implies(&implied).is_yes());
            list.push(implication(linter, chain, superfluous.expr, kept.expr, is_proven));
        }
    }
    decided_implications(linter, chain, parent, is_and, &mut removed, list);
}

/// Implications between other conditions on one attribute, by the decisions about their plans.
fn decided_implications<R: ?Sized>(
    linter: &Linter<'_, R>,
    chain: Expr<'_>,
    parent: Option<Path<'_>>,
    is_and: bool,
    removed: &mut Vec<Span>,
    list: &mut Vec<Diagnostic>,
) {
    let (ExprKind::And(operands) | ExprKind::Or(operands)) = chain.kind() else { return };
    let plan = |operand: Expr<'_>| {
        let plan = operand_plan(linter, operand, parent)?;
        let is_decided = plan.is_empty().is_yes() || plan.is_universal().is_yes();
        (!is_decided).then_some(plan)
    };
    let subjects: Vec<(Expr<'_>, AttributeId)> = operands
        .filter(|operand| count_clauses(*operand) <= MAX_DECIDED_CLAUSES)
        .filter_map(|operand| Some((operand, subject(linter, operand, parent)?)))
        .collect();
    if subjects.len() > MAX_DECIDED {
        return;
    }
    let has_pair = |id: AttributeId| subjects.iter().filter(|(_, other)| *other == id).count() > 1;
    let plans: Vec<_> = subjects
        .iter()
        .filter(|(_, id)| has_pair(*id))
        .filter_map(|(operand, id)| Some((*operand, *id, plan(*operand)?)))
        .collect();
    for (at, (one, id, plan)) in plans.iter().enumerate() {
        for (other, _, others) in plans.iter().skip(at + 1).filter(|(_, other, _)| other == id) {
            if removed.contains(&one.span())
                || removed.contains(&other.span())
                || plan.root() == others.root()
            {
                continue;
            }
            let (superfluous, kept) = match (plan.implies(others), others.implies(plan)) {
                (there, _) if there.is_yes() && is_and => (*other, *one),
                (_, back) if back.is_yes() && !is_and => (*other, *one),
                (there, back) if there.is_yes() || back.is_yes() => (*one, *other),
                _ => continue,
            };
            removed.push(superfluous.span());
            list.push(implication(linter, chain, superfluous, kept, true));
        }
    }
}

/// Returns the plan of an operand alone, inside the brackets of `parent`.
fn operand_plan<R: ?Sized>(
    linter: &Linter<'_, R>,
    operand: Expr<'_>,
    parent: Option<Path<'_>>,
) -> Option<Plan<R>> {
    let text = match parent {
        Some(parent) => format!("{parent}[{operand}]"),
        None => operand.to_string(),
    };
    let limits = &linter.policy.limits;
    let filter = Filter::parse_with(&text, linter.filter.syntax(), limits).ok()?;
    linter.policy.check(&filter).ok()
}

fn count_clauses(expr: Expr<'_>) -> usize {
    let (mut pending, mut count) = (vec![expr], 0);
    while let Some(expr) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => pending.extend(operands),
            ExprKind::Not(child) | ExprKind::ValuePath(_, child) => pending.push(child),
            ExprKind::Clause(_) => count += 1,
        }
    }
    count
}

/// Returns the attribute that an expression is about, of a sub-attribute the complex one.
fn subject<R: ?Sized>(
    linter: &Linter<'_, R>,
    expr: Expr<'_>,
    parent: Option<Path<'_>>,
) -> Option<AttributeId> {
    let path = match expr.kind() {
        ExprKind::Clause(clause) => clause.path(),
        ExprKind::ValuePath(path, _) => path,
        ExprKind::Not(child) => return subject(linter, child, parent),
        ExprKind::And(_) | ExprKind::Or(_) => return None,
    };
    let attribute = clauses::attribute(linter.policy, path, parent)?;
    Some(attribute.parent().unwrap_or(attribute.id()))
}

/// Returns whether no value makes both true, or every value one of them.
fn conflicts(one: &Comparison<'_>, other: &Comparison<'_>, is_and: bool) -> bool {
    use Operator::{Eq, Ew, Ne, Sw};
    let (mine, theirs) = (one.operand.as_str(), other.operand.as_str());
    match (one.operator, other.operator, is_and) {
        (Eq, Eq, true) | (Ne, Ne, false) => mine != theirs,
        (Eq, Sw, true) => !mine.starts_with(theirs),
        (Sw, Eq, true) => !theirs.starts_with(mine),
        (Eq, Ew, true) => !mine.ends_with(theirs),
        (Ew, Eq, true) => !theirs.ends_with(mine),
        (Sw, Sw, true) => !mine.starts_with(theirs) && !theirs.starts_with(mine),
        (Eq, Ne, true) | (Ne, Eq, true) => mine == theirs,
        (Eq, Ne, false) | (Ne, Eq, false) => mine == theirs,
        _ => false,
    }
}

fn conflict<R: ?Sized>(
    linter: &Linter<'_, R>,
    chain: Expr<'_>,
    one: &Comparison<'_>,
    other: &Comparison<'_>,
    is_and: bool,
    count: usize,
) -> Diagnostic {
    let name = one.attribute;
    let (code, message, connective) = if is_and {
        (Code::NeverMatches, format!("no record matches: `{name}` has one value"), "or")
    } else {
        (
            Code::AlwaysMatches,
            format!("every record matches: one of the conditions on `{name}` is true"),
            "and",
        )
    };
    let (first, second) = (one.expr.span(), other.expr.span());
    let span = if count == 2 { chain.span() } else { first.to(second) };
    let diagnostic = Diagnostic::new(code, span, message);
    // `a eq "x" or a eq "x"` would not be meant either.
    let can_swap = count == 2 && one.operator == other.operator;
    match swap(linter, first, second, is_and).filter(|_| can_swap) {
        Some(fix) => linter.offer(diagnostic, fix),
        None => diagnostic.with_help(format!("did you mean `{connective}`?")),
    }
}

fn implication<R: ?Sized>(
    linter: &Linter<'_, R>,
    chain: Expr<'_>,
    superfluous: Expr<'_>,
    kept: Expr<'_>,
    is_proven: bool,
) -> Diagnostic {
    let message = format!("superfluous beside `{kept}`");
    let diagnostic = Diagnostic::new(Code::ImpliedCondition, superfluous.span(), message)
        .with_related(kept.span(), "decides alone");
    match removal(linter, chain, superfluous) {
        // An equivalent part makes an equivalent filter.
        Some(span) => {
            let safety = if is_proven { Safety::Safe } else { Safety::Unsafe };
            let fix = Fix::new(safety, "remove it", vec![(span, String::new())]);
            linter.offer_proven(diagnostic, fix)
        }
        None => diagnostic,
    }
}

/// Returns the span to remove an operand of a chain with a connective beside it.
pub(super) fn removal<R: ?Sized>(
    linter: &Linter<'_, R>,
    chain: Expr<'_>,
    operand: Expr<'_>,
) -> Option<Span> {
    let (ExprKind::And(operands) | ExprKind::Or(operands)) = chain.kind() else { return None };
    let spans: Vec<Span> = operands.map(Expr::span).collect();
    let at = spans.iter().position(|span| *span == operand.span())?;
    let span = *spans.get(at)?;
    let is_plain = |gap: Span| {
        let word = linter.source(gap).trim();
        word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
    };
    let before = at.checked_sub(1).and_then(|before| spans.get(before));
    if let Some(before) = before
        && is_plain(Span::new(before.end, span.start))
    {
        return Some(Span::new(before.end, span.end));
    }
    let after = spans.get(at + 1)?;
    is_plain(Span::new(span.end, after.start)).then(|| Span::new(span.start, after.start))
}

/// Returns the clause of an expression.
pub(super) fn clause(expr: Expr<'_>) -> Option<Clause<'_>> {
    match expr.kind() {
        ExprKind::Clause(clause) => Some(clause),
        _ => None,
    }
}
