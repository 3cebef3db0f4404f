//! Advice on filters that other servers do not read alike.

use super::Linter;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety, quoted};
use crate::filter::Literal;
use crate::operator::Operator;
use crate::span::Span;
use crate::value::AttributeType;

pub(super) fn run<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    for at in &linter.clauses {
        let Some(attribute) = at.attribute else { continue };
        let path = at.clause.path();
        let own = match at.parent {
            None => attribute.path(),
            Some(_) => attribute.sub_attribute().unwrap_or("value"),
        };
        let written = match at.parent {
            None => path.without_urn(),
            Some(_) => path.name(),
        };
        if written != own && written.eq_ignore_ascii_case(own) {
            let span = path.span();
            let span = Span::new(span.end - written.len(), span.end);
            let message = format!("the schema spells it `{own}`");
            let diagnostic = Diagnostic::new(Code::NameCase, span, message);
            list.push(linter.offer(
                diagnostic,
                Fix::new(Safety::Safe, format!("write `{own}`"), vec![(span, own.to_owned())]),
            ));
        }
        let is_whole = attribute.attribute_type() == AttributeType::Complex
            && at.clause.operator() != Operator::Pr
            && at.clause.literal() != Some(Literal::Null);
        if is_whole {
            let span = path.span();
            let message =
                format!("{} means its `value`, which not every server knows", quoted(written));
            let diagnostic = Diagnostic::new(Code::ImplicitValue, span, message);
            let edit = (Span::new(span.end, span.end), ".value".to_owned());
            let help = format!("write `{}.value`", path.as_str());
            list.push(linter.offer(diagnostic, Fix::new(Safety::Safe, help, vec![edit])));
        }
    }
    keyword_case(linter, list);
}

/// Operators and connectives with capitals.
fn keyword_case<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    let source = linter.filter.source_text();
    // Everything but paths and values consists of keywords and brackets.
    let mut start = 0;
    let mut gaps: Vec<Span> = Vec::new();
    for at in &linter.clauses {
        let path = at.clause.path().span();
        gaps.push(Span::new(start, path.start));
        gaps.push(at.clause.operator_span());
        start = at.span.end;
    }
    gaps.push(Span::new(start, source.len()));
    for gap in gaps {
        let text = linter.source(gap);
        let mut offset = 0;
        for word in text.split(|char: char| !char.is_ascii_alphabetic()) {
            let at = gap.start + offset;
            offset += word.len() + 1;
            let lower = word.to_ascii_lowercase();
            let is_keyword = matches!(lower.as_str(), "and" | "or" | "not")
                || Operator::ALL.iter().any(|operator| operator.name() == lower);
            if lower == word || !is_keyword {
                continue;
            }
            let span = Span::new(at, at + word.len());
            let message = format!("`{word}` with capitals is rejected by some servers");
            let diagnostic = Diagnostic::new(Code::KeywordCase, span, message);
            let help = format!("write `{lower}`");
            list.push(linter.offer(diagnostic, Fix::new(Safety::Safe, help, vec![(span, lower)])));
        }
    }
}
