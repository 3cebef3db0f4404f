//! Diagnostics of the parser.
//!
//! Functions named after a code create the diagnostic of that code; the others choose between
//! codes.

use super::ast::{Connective, Literal};
use super::parser::Parser;
use super::token::{Input, is_uri, word};
use crate::diagnostic::{Arguments, Code, Diagnostic, quoted};
use crate::span::Span;
use crate::suggest;

pub(super) const OPERATORS: &[&str] =
    &["`eq`", "`ne`", "`co`", "`sw`", "`ew`", "`gt`", "`ge`", "`lt`", "`le`", "`pr`"];
pub(super) const ONE_PATH: &str =
    "a path names one attribute, such as `name.familyName` or `emails[type eq \"work\"].value`";
pub(super) const VALUES: &[&str] =
    &["a string in double quotes", "a number", "`true`", "`false`", "`null`"];

/// Reports input that starts neither an attribute nor a group.
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
        Some(b'[') => error.with_help("brackets follow an attribute: `emails[type eq \"work\"]`"),
        Some(b')') => error.with_help("parentheses need at least one clause"),
        _ => error,
    }
}

/// Reports input that remains after a complete filter.
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
        Some(')') => error.with_help("no matching `(`"),
        Some(']') => error.with_help("no matching `[`"),
        Some(char) if char.is_whitespace() => {
            error.with_help("whitespace is space, tab, carriage return or line feed")
        }
        Some(char) if char.is_ascii_alphabetic() => {
            error.with_help("join two clauses with `and` or `or`")
        }
        _ => error,
    }
}

// PERF: `#[cold]`, here and below, moves the construction of errors out of the functions that are
// inlined into the parser of a clause.
#[cold]
pub(super) fn unclosed(parser: &Parser, open: Input<'_>) -> Diagnostic {
    let (open_with, close_with) =
        if open.first() == Some(&b'(') { ("`(`", "`)`") } else { ("`[`", "`]`") };
    let error =
        Diagnostic::new(Code::Unclosed, parser.span(open, 1), format!("unclosed {open_with}"));
    error.with_label("opened here").with_help(format!("add the closing {close_with}"))
}

/// Reports a closing mark that is not that of the innermost opening one.
#[cold]
pub(super) fn wrong_bracket(parser: &Parser, open: Input<'_>, input: Input<'_>) -> Diagnostic {
    let (opened, wanted) = if open.first() == Some(&b'(') { ("(", ")") } else { ("[", "]") };
    let span = parser.span(input, 1);
    let found = parser.text(input, 1);
    let error = Diagnostic::new(
        Code::WrongBracket,
        span,
        format!("`{opened}` is closed by `{wanted}`, not by `{found}`"),
    );
    error.with_related(parser.span(open, 1), "opened here").with_help(format!("write `{wanted}`"))
}

#[cold]
pub(super) fn missing_whitespace(span: Span, connective: Connective) -> Diagnostic {
    let name = if connective == Connective::And { "and" } else { "or" };
    let message = format!("missing whitespace before `{name}`");
    let error = Diagnostic::new(Code::MissingBlank, span, message);
    error.with_help(format!("add a space before `{name}`"))
}

pub(super) fn text_after_brackets(parser: &Parser, input: Input<'_>) -> Diagnostic {
    Diagnostic::new(
        Code::TextAfterBrackets,
        parser.span(input, 1),
        "only `and`, `or` or `)` may follow `]`",
    )
}

pub(super) fn bad_value(parser: &Parser, input: Input<'_>, text: &str) -> Diagnostic {
    let len = text.len().max(1);
    let text = if text.is_empty() { parser.text(input, 1) } else { text };
    let error = Diagnostic::new(
        Code::BadValue,
        parser.span(input, len),
        format!("{} is not a valid comparison value", quoted(text)),
    );
    let arguments = Arguments { literal: Some(text.into()), ..Arguments::default() };
    let error = error.with_arguments(arguments).expecting(VALUES);
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false" | "null") {
        return error.with_help(format!("write it in lowercase: `{lower}`"));
    }
    match text.chars().next() {
        Some('0'..='9' | '-' | '+' | '.') if is_like_number(text) => error.with_help(
            "numbers use JSON syntax, such as `5`, `-0.5` or `1e3`; strings need double quotes",
        ),
        Some('(' | '[' | '{') => {
            error.with_help("compare with one value at a time: `a eq \"x\" or a eq \"y\"`")
        }
        Some('\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«') => {
            error.with_help("strings need double quotes: `\"...\"`")
        }
        _ => {
            let string = Literal::String(text).to_string();
            error.with_help(format!("strings need double quotes: {}", quoted(&string)))
        }
    }
}

/// Reports an invalid path. `urn` is the part up to the last colon (inclusive), `name` the part
/// from there to the first dot, and `sub` the part after that dot.
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
        format!("{} is not a valid attribute path", quoted(text)),
    );
    let arguments = Arguments { attribute: Some(text.into()), ..Arguments::default() };
    let error = error.with_arguments(arguments);
    error.with_help(if sub.is_some_and(|sub| sub.contains('.')) {
        "a path has at most one dot, between an attribute and its sub-attribute"
    } else if !urn.is_empty() && !is_uri(urn) {
        "the part before the last colon must be a schema URN, such as \
         `urn:ietf:params:scim:schemas:core:2.0:User`"
    } else if name.is_empty() || sub == Some("") {
        "missing name next to the dot or colon"
    } else {
        "a name starts with a letter or `$`, followed by letters, digits, `-`, `_` and `$`"
    })
}

/// Reports a missing or unknown operator after the path `start..end`.
#[cold]
pub(super) fn bad_operator(parser: &Parser, start: u32, end: u32, input: Input<'_>) -> Diagnostic {
    let path = parser.filter.slice(start, end);
    let len = word(input).map_or(0, |(_, word)| word.len());
    let text = parser.text(input, len);
    let mut arguments = Arguments { attribute: Some(path.into()), ..Arguments::default() };
    if text.is_empty() {
        let error = Diagnostic::new(
            Code::ExpectedOperator,
            parser.span(input, 0),
            format!("missing operator after {}", quoted(path)),
        );
        return error
            .with_arguments(arguments)
            .expecting(OPERATORS)
            .with_help(format!("to test for presence, write {}", quoted(&format!("{path} pr"))));
    }
    let span = parser.span(input, len);
    if path.eq_ignore_ascii_case("not") {
        let error = Diagnostic::new(
            Code::NotWithoutGroup,
            span,
            "`not` needs parentheses around its operand",
        );
        return error.with_help("write `not (...)`");
    }
    arguments.operator = Some(text.into());
    let error =
        Diagnostic::new(Code::UnknownOperator, span, format!("unknown operator {}", quoted(text)))
            .with_arguments(arguments)
            .expecting(OPERATORS);
    match suggest::operator(text) {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// Returns whether text consists of the characters of numbers, but is no date.
fn is_like_number(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_date = text.as_bytes().windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'-']));
    let is_numeric = |byte: u8| byte.is_ascii_digit() || b"+-.eExX_,".contains(&byte);
    has_digit && !is_date && text.bytes().all(is_numeric)
}
