//! Parts of a filter that change nothing.

use super::Linter;
use super::structure::{clause, removal};
use crate::diagnostic::{Code, Diagnostic, Fix, Safety};
use crate::filter::{Expr, ExprKind, Filter, Literal, Path};
use crate::operator::Operator;
use crate::span::Span;
use std::collections::HashMap;

pub(super) fn run<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    let mut pending: Vec<(Expr<'_>, Option<Path<'_>>)> = vec![(linter.filter.root(), None)];
    while let Some((expr, parent)) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                duplicates(linter, expr, parent, list);
                pending.extend(operands.map(|operand| (operand, parent)));
            }
            ExprKind::Not(child) => match negation(linter, expr, child) {
                Some(found) => list.push(found),
                None => pending.push((child, parent)),
            },
            ExprKind::ValuePath(path, child) => pending.push((child, Some(path))),
            ExprKind::Clause(_) => list.extend(empty_needle(linter, expr)),
        }
    }
    list.extend(needless_parentheses(linter));
}

/// An operand of a chain that means the same as one before it.
fn duplicates<R: ?Sized>(
    linter: &Linter<'_, R>,
    chain: Expr<'_>,
    parent: Option<Path<'_>>,
    list: &mut Vec<Diagnostic>,
) {
    let (ExprKind::And(operands) | ExprKind::Or(operands)) = chain.kind() else { return };
    // By the outline of the plan, which is unambiguous.
    let mut seen: HashMap<String, Span> = HashMap::new();
    for operand in operands {
        let text = match parent {
            Some(parent) => format!("{parent}[{operand}]"),
            None => operand.to_string(),
        };
        let Ok(filter) = Filter::parse_with(&text, linter.filter.syntax(), &linter.policy.limits)
        else {
            continue;
        };
        let Ok(plan) = linter.policy.check(&filter) else { continue };
        let meaning = plan.explain();
        let Some(first) = seen.get(&meaning).copied() else {
            seen.insert(meaning, operand.span());
            continue;
        };
        let diagnostic =
            Diagnostic::new(Code::DuplicateCondition, operand.span(), "the same condition twice")
                .with_related(first, "first here");
        list.push(match removal(linter, chain, operand) {
            Some(span) => linter.offer(
                diagnostic,
                Fix::new(Safety::Safe, "remove it", vec![(span, String::new())]),
            ),
            None => diagnostic,
        });
    }
}

/// A negation that another operator expresses.
fn negation<R: ?Sized>(
    linter: &Linter<'_, R>,
    expr: Expr<'_>,
    child: Expr<'_>,
) -> Option<Diagnostic> {
    let (text, message) = match child.kind() {
        ExprKind::Not(inner) => {
            let needs_group = matches!(inner.kind(), ExprKind::And(_) | ExprKind::Or(_));
            let text = linter.source(inner.span());
            let text = if needs_group { format!("({text})") } else { text.to_owned() };
            (text, "two negations cancel out")
        }
        ExprKind::Clause(clause) => {
            let operator = match (clause.operator(), clause.literal()) {
                (Operator::Eq, Some(Literal::Null)) => Operator::Pr,
                (Operator::Eq, _) => Operator::Ne,
                (Operator::Ne, _) => Operator::Eq,
                _ => return None,
            };
            let literal = linter.source(clause.literal_span());
            let path = clause.path().as_str();
            let text = match operator {
                Operator::Pr => format!("{path} pr"),
                operator => format!("{path} {operator} {literal}"),
            };
            (text, "a comparison without negation has the same meaning")
        }
        _ => return None,
    };
    let span = expr.span();
    let diagnostic = Diagnostic::new(Code::NegatedComparison, span, message);
    let help = format!("write `{}`", crate::snippet::escape(&text));
    // Only if it means the same: not on an attribute with several values.
    let fix = linter.verify(Fix::new(Safety::Safe, help, vec![(span, text)]))?;
    Some(diagnostic.with_fix(fix))
}

/// A substring test with the empty string.
fn empty_needle<R: ?Sized>(linter: &Linter<'_, R>, expr: Expr<'_>) -> Option<Diagnostic> {
    let clause = clause(expr)?;
    let is_empty =
        clause.operator().is_substring() && clause.literal() == Some(Literal::String(""));
    if !is_empty {
        return None;
    }
    let span = expr.span();
    let message = "every string contains the empty string: true if there is a value";
    let diagnostic = Diagnostic::new(Code::EmptyNeedle, span, message);
    let text = format!("{} pr", clause.path().as_str());
    let help = format!("write `{text}`");
    Some(linter.offer(diagnostic, Fix::new(Safety::Safe, help, vec![(span, text)])))
}

/// A pair of parentheses in the source.
struct Pair {
    open: usize,
    close: usize,
    /// True if `not` precedes it.
    is_negated: bool,
    /// The connectives directly inside.
    has_and: bool,
    has_or: bool,
    /// The connectives before and after.
    before: Option<bool>,
    after: Option<bool>,
}

/// Parentheses that neither change the meaning nor clarify it.
fn needless_parentheses<R: ?Sized>(linter: &Linter<'_, R>) -> Vec<Diagnostic> {
    let source = linter.filter.source_text();
    let pairs = pairs(source);
    let is_needless = |pair: &Pair| {
        // Parentheses around an `and` beside an `or` clarify.
        let is_kept = |neighbour: Option<bool>| match neighbour {
            Some(is_and) => (pair.has_or && is_and) || (pair.has_and && !is_and),
            None => false,
        };
        !pair.is_negated && !is_kept(pair.before) && !is_kept(pair.after)
    };
    let needless: Vec<bool> = pairs.iter().map(is_needless).collect();
    let mut list = Vec::new();
    let mut end = 0;
    for (at, pair) in pairs.iter().enumerate() {
        let is = |at: usize| needless.get(at).copied().unwrap_or(false);
        if !is(at) || pair.open < end {
            continue;
        }
        // One finding for the outermost pair with all those inside it.
        end = pair.close;
        let mut edits = Vec::new();
        for (other, inner) in pairs.iter().enumerate() {
            if is(other) && inner.open >= pair.open && inner.close <= pair.close {
                let blanks = |text: &str| text.len() - text.trim_start().len();
                let after = blanks(source.get(inner.open + 1..).unwrap_or(""));
                let before = source.get(..inner.close).unwrap_or("");
                let trimmed = before.trim_end().len();
                edits.push((Span::new(inner.open, inner.open + 1 + after), String::new()));
                edits.push((Span::new(trimmed, inner.close + 1), String::new()));
            }
        }
        edits.sort_by_key(|(span, _)| *span);
        let span = Span::new(pair.open, pair.close + 1);
        let message = "these parentheses change nothing";
        let fix = Fix::new(Safety::Safe, "remove them", edits);
        if let Some(fix) = linter.verify(fix) {
            list.push(Diagnostic::new(Code::NeedlessParentheses, span, message).with_fix(fix));
        }
    }
    list
}

/// Returns the pairs of parentheses outside strings, in the order of their opening ones.
fn pairs(source: &str) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    // Indices of open pairs, or none for a bracket.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut last_word: &str = "";
    let mut last_closed: Option<usize> = None;
    let mut at = 0;
    while let Some(char) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = source.get(at..).unwrap_or("");
        match char {
            '"' => {
                at += string_len(rest);
                (last_word, last_closed) = ("", None);
                continue;
            }
            '(' => {
                let before = match last_word.to_ascii_lowercase().as_str() {
                    "and" => Some(true),
                    "or" => Some(false),
                    _ => None,
                };
                pairs.push(Pair {
                    open: at,
                    close: at,
                    is_negated: last_word.eq_ignore_ascii_case("not"),
                    has_and: false,
                    has_or: false,
                    before,
                    after: None,
                });
                open.push(Some(pairs.len() - 1));
                last_word = "";
            }
            '[' => open.push(None),
            ')' | ']' => {
                last_closed = open.pop().flatten();
                if let Some(pair) = last_closed.and_then(|index| pairs.get_mut(index)) {
                    pair.close = at;
                }
                last_word = "";
            }
            char if char.is_whitespace() => {}
            _ => {
                let len = rest
                    .find(|char: char| char.is_whitespace() || "()[]\"".contains(char))
                    .unwrap_or(rest.len());
                let word = rest.get(..len).unwrap_or("");
                let connective = match word.to_ascii_lowercase().as_str() {
                    "and" => Some(true),
                    "or" => Some(false),
                    _ => None,
                };
                if let Some(is_and) = connective {
                    if let Some(pair) =
                        open.last().copied().flatten().and_then(|at| pairs.get_mut(at))
                    {
                        pair.has_and |= is_and;
                        pair.has_or |= !is_and;
                    }
                    if let Some(pair) = last_closed.and_then(|at| pairs.get_mut(at)) {
                        pair.after = Some(is_and);
                    }
                }
                (last_word, last_closed) = (word, None);
                at += len;
                continue;
            }
        }
        at += char.len_utf8();
    }
    pairs.retain(|pair| pair.close > pair.open);
    pairs
}

/// Returns the length of the string in double quotes at the start of `text`.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
