//! The comparison values of `grammar.md`: one function per production, with the same name.

use super::ast::{Literal, LiteralKind, LiteralRange};
use super::error::{VALUES, bad_value};
use super::parser::{Parser, to_u32};
use super::string;
use super::token::{Input, ParseResult, fail, is_plain_word, skip_whitespace, word};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::operator::Operator;
use crate::span::Span;
use crate::syntax::Syntax;
use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{opt, recognize};
use nom::sequence::preceded;

/// ```text
/// compValue = false / null / true / number / string
/// ```
/// Also parses the whitespace before the value, which is mandatory.
// PERF: see the documentation of `parse`.
#[inline(always)]
pub(super) fn comp_value<'s>(
    parser: &mut Parser,
    operator: Operator,
    input: Input<'s>,
) -> ParseResult<'s, LiteralRange> {
    let start = skip_whitespace(input);
    if start.first() == Some(&b'"') && start.len() < input.len() {
        return string(parser, start);
    }
    let (rest, literal) = other_value(parser, operator, input, start)?;
    Ok((rest, literal))
}

/// Parses any value except a string in double quotes. `start` is `input` without the whitespace
/// before the value.
fn other_value<'s>(
    parser: &mut Parser,
    operator: Operator,
    input: Input<'s>,
    start: Input<'s>,
) -> ParseResult<'s, LiteralRange> {
    match start.first() {
        None | Some(b')' | b']') => {
            let error = Diagnostic::new(
                Code::ExpectedValue,
                parser.span(start, 0),
                format!("missing value after `{operator}`"),
            );
            fail(error.expecting(VALUES))
        }
        Some(_) if start.len() == input.len() => {
            let error = Diagnostic::new(
                Code::MissingBlank,
                parser.span(start, 0),
                format!("missing whitespace after `{operator}`"),
            );
            fail(error.with_help("add a space between the operator and the value"))
        }
        Some(b'\'') if parser.filter.syntax.single_quotes => general_string(parser, start, '\''),
        Some(_) => word_value(parser, operator, start),
    }
}

fn word_value<'s>(
    parser: &mut Parser,
    operator: Operator,
    input: Input<'s>,
) -> ParseResult<'s, LiteralRange> {
    let start = parser.offset(input);
    let (rest, word) = word(input)?;
    let text = parser.text(input, word.len());
    let Some(kind) = word_literal(text, &parser.filter.syntax) else {
        return fail(bad_value(parser, input, text));
    };
    let span = Span::new(start, start + word.len());
    if kind == LiteralKind::Null && !matches!(operator, Operator::Eq | Operator::Ne) {
        let error = Diagnostic::new(
            Code::NullOperator,
            span,
            format!("`null` cannot be compared with `{operator}`"),
        );
        return fail(
            error.with_help(
                "`null` is valid with `eq` and `ne` only; to test for presence, use `pr`",
            ),
        );
    }
    let warning = match kind {
        LiteralKind::Null if text != "null" => {
            let warning = Diagnostic::new(
                Code::AcceptedNullCase,
                span,
                format!("{} instead of `null`", quoted(text)),
            );
            Some(warning.replace(span, "null"))
        }
        LiteralKind::True | LiteralKind::False if !matches!(text, "true" | "false") => {
            let corrected = text.to_ascii_lowercase();
            let warning = Diagnostic::new(
                Code::AcceptedBooleanCase,
                span,
                format!("{} instead of `{corrected}`", quoted(text)),
            );
            Some(warning.replace(span, corrected))
        }
        LiteralKind::String => {
            let corrected = Literal::String(text).to_string();
            let warning = Diagnostic::new(
                Code::AcceptedUnquotedWord,
                span,
                format!("{} is not quoted", quoted(text)),
            );
            Some(warning.replace(span, corrected))
        }
        _ => None,
    };
    parser.filter.warnings.extend(warning);
    Ok((
        rest,
        LiteralRange {
            kind,
            source_start: to_u32(start),
            start: to_u32(start),
            end: to_u32(span.end),
        },
    ))
}

/// Classifies a word as a JSON literal or number (RFC 8259), or as a value that the dialect
/// accepts.
fn word_literal(text: &str, syntax: &Syntax) -> Option<LiteralKind> {
    match text {
        "true" => Some(LiteralKind::True),
        "false" => Some(LiteralKind::False),
        "null" => Some(LiteralKind::Null),
        _ if matches!(number(text.as_bytes()), Ok(([], _))) => Some(LiteralKind::Number),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("true") => Some(LiteralKind::True),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("false") => Some(LiteralKind::False),
        _ if syntax.null_case && text.eq_ignore_ascii_case("null") => Some(LiteralKind::Null),
        _ if syntax.unquoted_words && is_plain_word(text) => Some(LiteralKind::String),
        _ => None,
    }
}

/// ```text
/// string = quotation-mark *char quotation-mark      ; RFC 8259 section 7
/// ```
// PERF: see the documentation of `parse`.
#[inline(always)]
fn string<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, LiteralRange> {
    let Some(rest) = string::skip_plain(input) else {
        let (rest, literal) = general_string(parser, input, '"')?;
        return Ok((rest, literal));
    };
    let (start, end) = (parser.offset_u32(input), parser.offset_u32(rest));
    Ok((
        rest,
        LiteralRange {
            kind: LiteralKind::String,
            source_start: start,
            start: start.wrapping_add(1),
            end: end.wrapping_sub(1),
        },
    ))
}

/// Parses a string with escapes or in single quotes, or reports why a string is invalid.
fn general_string<'s>(
    parser: &mut Parser,
    input: Input<'s>,
    quote: char,
) -> ParseResult<'s, LiteralRange> {
    let offset = parser.offset(input);
    let scanned = string::scan(input, offset).or_else(fail)?;
    let (mut start, mut end) = (to_u32(offset + 1), to_u32(offset + scanned.len - 1));
    if scanned.escaped {
        let body = parser.filter.slice(start, end).to_owned();
        start = to_u32(parser.filter.text.len());
        string::decode(&body, offset + 1, quote, &mut parser.filter.text).or_else(fail)?;
        end = to_u32(parser.filter.text.len());
    }
    if quote == '\'' {
        let corrected = Literal::String(parser.filter.slice(start, end)).to_string();
        let span = parser.span(input, scanned.len);
        let warning =
            Diagnostic::new(Code::AcceptedSingleQuotes, span, "a string in single quotes");
        parser.filter.warnings.push(warning.replace(span, corrected));
    }
    let rest = input.get(scanned.len..).unwrap_or(&[]);
    Ok((rest, LiteralRange { kind: LiteralKind::String, source_start: to_u32(offset), start, end }))
}

/// ```text
/// number = [ "-" ] int [ frac ] [ exp ]             ; RFC 8259 section 6
/// ```
fn number(input: Input<'_>) -> ParseResult<'_, Input<'_>> {
    let digits = || take_while1(|byte: u8| byte.is_ascii_digit());
    let int = alt((tag("0".as_bytes()), digits()));
    let frac = preceded(tag(".".as_bytes()), digits());
    let exp = (one_of("eE"), opt(one_of("+-")), digits());
    recognize((opt(tag("-".as_bytes())), int, opt(frac), opt(exp))).parse(input)
}
