//! What to say of text that is no filter.

use super::ast::{Connective, Literal};
use super::parser::Parser;
use super::token::{Input, is_uri, word};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::span::Span;
use crate::suggest;

pub(super) const OPERATORS: &[&str] =
    &["`eq`", "`ne`", "`co`", "`sw`", "`ew`", "`gt`", "`ge`", "`lt`", "`le`", "`pr`"];
pub(super) const ONE_PATH: &str =
    "a path names one attribute, such as `name.familyName` or `emails[type eq \"work\"].value`";
pub(super) const VALUES: &[&str] =
    &["a string in double quotes", "a number", "`true`", "`false`", "`null`"];

pub(super) fn no_operand(parser: &Parser, input: Input<'_>) -> Diagnostic {
    let (_, word) = word(input).unwrap_or((input, &[]));
    let text = parser.text(input, word.len());
    if input.first().is_some_and(u8::is_ascii_digit)
        || (!word.is_empty() && !text.starts_with(['\'', '-', '+', '=']))
    {
        return bad_path(parser.span(input, word.len()), text, "", text, None);
    }
    let found = match input.first() {
        None => "the end".to_owned(),
        Some(b'"' | b'\'') => "a string".to_owned(),
        Some(_) => quoted(parser.text(input, text.len().max(1))),
    };
    let message = format!("expected an attribute, not {found}");
    let error =
        Diagnostic::new(Code::ExpectedAttribute, parser.span(input, input.len().min(1)), message);
    let error = error.expecting(&["an attribute", "`(`", "`not (`"]);
    match input.first() {
        Some(b'[') => error.with_help(
            "brackets follow the attribute that they look into: `emails[type eq \"work\"]`",
        ),
        Some(b')') => error.with_help("parentheses hold at least one clause"),
        _ => error,
    }
}

pub(super) fn unexpected(parser: &Parser, input: Input<'_>) -> Diagnostic {
    let (_, word) = word(input).unwrap_or((input, &[]));
    let text = parser.text(input, word.len().max(1));
    let error = Diagnostic::new(
        Code::UnexpectedText,
        parser.span(input, text.len().max(1)),
        format!("unexpected {}", quoted(text)),
    );
    let error = error.expecting(&["`and`", "`or`", "the end"]);
    match text.chars().next() {
        Some(')') => error.with_help("there is no `(` for it"),
        Some(']') => error.with_help("there is no `[` for it"),
        Some(char) if char.is_whitespace() => {
            error.with_help("blanks are spaces, tabs and line ends")
        }
        Some(char) if char.is_ascii_alphabetic() => {
            error.with_help("join two clauses with `and` or `or`")
        }
        _ => error,
    }
}

#[cold]
pub(super) fn unclosed(parser: &Parser, open: Input<'_>) -> Diagnostic {
    let (open_with, close_with) =
        if open.first() == Some(&b'(') { ("`(`", "`)`") } else { ("`[`", "`]`") };
    let error = Diagnostic::new(
        Code::Unclosed,
        parser.span(open, 1),
        format!("{open_with} is never closed"),
    );
    error.label("opened here").with_help(format!("add {close_with} where its part ends"))
}

#[cold]
pub(super) fn missing_blank(span: Span, connective: Connective) -> Diagnostic {
    let name = if connective == Connective::And { "and" } else { "or" };
    let error =
        Diagnostic::new(Code::MissingBlank, span, format!("a blank is missing before `{name}`"));
    error.with_help(format!("write a blank between the value and `{name}`"))
}

pub(super) fn bad_value(parser: &Parser, input: Input<'_>, text: &str) -> Diagnostic {
    let len = text.len().max(1);
    let text = if text.is_empty() { parser.text(input, 1) } else { text };
    let error = Diagnostic::new(
        Code::BadValue,
        parser.span(input, len),
        format!("{} is no comparison value", quoted(text)),
    );
    let error = error.expecting(VALUES);
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false" | "null") {
        return error.with_help(format!("write it in lower case: `{lower}`"));
    }
    match text.chars().next() {
        Some('0'..='9' | '-' | '+' | '.') if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            error.with_help("numbers are written as in JSON, such as `5`, `-0.5` or `1e3`; a text goes in double quotes")
        }
        Some('(' | '[' | '{') => error.with_help("compare with one value at a time: `a eq \"x\" or a eq \"y\"`"),
        Some('\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«') => error.with_help("strings stand in double quotes: `\"...\"`"),
        _ => error.with_help(format!("a text goes in double quotes: {}", quoted(&Literal::String(text).to_string()))),
    }
}

pub(super) fn bad_path(
    span: Span,
    text: &str,
    urn: &str,
    name: &str,
    sub: Option<&str>,
) -> Diagnostic {
    let error = Diagnostic::new(
        Code::BadAttributePath,
        span,
        format!("{} is no attribute path", quoted(text)),
    );
    error.with_help(if sub.is_some_and(|sub| sub.contains('.')) {
        "a path has at most one dot: an attribute and a sub-attribute"
    } else if !urn.is_empty() && !is_uri(urn) {
        "what stands before the last colon is no schema URN, such as `urn:ietf:params:scim:schemas:core:2.0:User`"
    } else if name.is_empty() || sub == Some("") {
        "a name is missing beside the dot or colon"
    } else {
        "a name is a letter or `$`, then letters, digits, `-`, `_` and `$`"
    })
}

/// No operator, or a word that is none, where one belongs: behind the path from `start` to `end`.
#[cold]
pub(super) fn bad_operator(parser: &Parser, start: u32, end: u32, input: Input<'_>) -> Diagnostic {
    let name = parser.filter.slice(start, end);
    let len = word(input).map_or(0, |(_, word)| word.len());
    let text = parser.text(input, len);
    if text.is_empty() {
        let error = Diagnostic::new(
            Code::ExpectedOperator,
            parser.span(input, 0),
            format!("no operator after {}", quoted(name)),
        );
        return error.expecting(OPERATORS).with_help(format!(
            "to ask whether there is a value, write {}",
            quoted(&format!("{name} pr"))
        ));
    }
    let span = parser.span(input, len);
    if name.eq_ignore_ascii_case("not") {
        let error = Diagnostic::new(
            Code::NotWithoutGroup,
            span,
            "`not` needs parentheses around what it negates",
        );
        return error.with_help("write `not (...)`");
    }
    let error =
        Diagnostic::new(Code::UnknownOperator, span, format!("{} is no operator", quoted(text)))
            .expecting(OPERATORS);
    match suggest::operator(text) {
        Some(help) => error.with_help(help),
        None => error,
    }
}
