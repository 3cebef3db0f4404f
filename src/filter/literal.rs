//! The comparison values of grammar.md, one function per production, named as there.

use super::ast::{Literal, LiteralKind, LiteralRange};
use super::fault::{VALUES, bad_value};
use super::reader::{Reader, short};
use super::string;
use super::token::{Input, Step, blanks, is_plain_word, stop, word};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::operator::Operator;
use crate::span::Span;
use crate::syntax::Syntax;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{opt, recognize};
use nom::sequence::preceded;

/// ```text
/// compValue = false / null / true / number / string
/// ```
/// after at least one blank.
#[inline(always)]
pub(super) fn comp_value<'s>(
    reader: &mut Reader,
    operator: Operator,
    input: Input<'s>,
) -> Step<'s, LiteralRange> {
    let after = blanks(input);
    if after.first() == Some(&b'"') && after.len() < input.len() {
        return string(reader, after);
    }
    let (rest, literal) = other_value(reader, operator, input, after)?;
    Ok((rest, literal))
}

/// A value that is no string in double quotes, or none.
fn other_value<'s>(
    reader: &mut Reader,
    operator: Operator,
    input: Input<'s>,
    after: Input<'s>,
) -> Step<'s, LiteralRange> {
    match after.first() {
        None | Some(b')' | b']') => {
            let fault = Diagnostic::new(
                Code::ExpectedValue,
                reader.span(after, 0),
                format!("no value after `{operator}`"),
            );
            stop(fault.expecting(VALUES))
        }
        Some(_) if after.len() == input.len() => {
            let fault = Diagnostic::new(
                Code::MissingBlank,
                reader.span(after, 0),
                format!("a blank is missing after `{operator}`"),
            );
            stop(fault.with_help("write a blank between the operator and the value"))
        }
        Some(b'\'') if reader.filter.syntax.single_quotes => made_string(reader, after, '\''),
        Some(_) => word_value(reader, operator, after),
    }
}

fn word_value<'s>(
    reader: &mut Reader,
    operator: Operator,
    input: Input<'s>,
) -> Step<'s, LiteralRange> {
    let start = reader.offset(input);
    let (rest, word) = word(input)?;
    let text = reader.text(input, word.len());
    let Some(kind) = word_literal(text, &reader.filter.syntax) else {
        return stop(bad_value(reader, input, text));
    };
    let span = Span::new(start, start + word.len());
    if kind == LiteralKind::Null && !matches!(operator, Operator::Eq | Operator::Ne) {
        let fault = Diagnostic::new(
            Code::NullOperator,
            span,
            format!("`null` cannot be compared with `{operator}`"),
        );
        return stop(
            fault.with_help("`null` goes with `eq` and `ne`; `pr` asks whether there is a value"),
        );
    }
    let warning = match kind {
        LiteralKind::True | LiteralKind::False if !matches!(text, "true" | "false") => {
            let right = text.to_ascii_lowercase();
            let warning = Diagnostic::new(
                Code::AcceptedBooleanCase,
                span,
                format!("{} for `{right}`", quoted(text)),
            );
            Some(warning.replace(span, right))
        }
        LiteralKind::String => {
            let right = Literal::String(text).to_string();
            let warning = Diagnostic::new(
                Code::AcceptedUnquotedWord,
                span,
                format!("{} has no quotes", quoted(text)),
            );
            Some(warning.replace(span, right))
        }
        _ => None,
    };
    reader.filter.warnings.extend(warning);
    Ok((
        rest,
        LiteralRange {
            kind,
            source_start: short(start),
            start: short(start),
            end: short(span.end),
        },
    ))
}

/// A word in a value's place, by RFC 8259: `true`, `false`, `null` or a number; by dialect, other words.
fn word_literal(text: &str, syntax: &Syntax) -> Option<LiteralKind> {
    match text {
        "true" => Some(LiteralKind::True),
        "false" => Some(LiteralKind::False),
        "null" => Some(LiteralKind::Null),
        _ if matches!(number(text.as_bytes()), Ok(([], _))) => Some(LiteralKind::Number),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("true") => Some(LiteralKind::True),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("false") => Some(LiteralKind::False),
        _ if syntax.unquoted_words && is_plain_word(text) => Some(LiteralKind::String),
        _ => None,
    }
}

/// ```text
/// string = quotation-mark *char quotation-mark      ; RFC 8259 section 7
/// ```
#[inline(always)]
fn string<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, LiteralRange> {
    let Some(rest) = string::behind_plain(input) else {
        let (rest, literal) = made_string(reader, input, '"')?;
        return Ok((rest, literal));
    };
    let (start, end) = (reader.at(input), reader.at(rest));
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

/// A string whose value is not just what stands between double quotes, or that is none.
fn made_string<'s>(reader: &mut Reader, input: Input<'s>, quote: char) -> Step<'s, LiteralRange> {
    let offset = reader.offset(input);
    let scanned = string::scan(input, offset).or_else(stop)?;
    let (mut start, mut end) = (short(offset + 1), short(offset + scanned.len - 1));
    if scanned.escaped {
        let body = reader.filter.slice(start, end).to_owned();
        start = short(reader.filter.text.len());
        string::decode(&body, offset + 1, quote, &mut reader.filter.text).or_else(stop)?;
        end = short(reader.filter.text.len());
    }
    if quote == '\'' {
        let right = Literal::String(reader.filter.slice(start, end)).to_string();
        let span = reader.span(input, scanned.len);
        let warning =
            Diagnostic::new(Code::AcceptedSingleQuotes, span, "a string in single quotes");
        reader.filter.warnings.push(warning.replace(span, right));
    }
    let rest = input.get(scanned.len..).unwrap_or(&[]);
    Ok((rest, LiteralRange { kind: LiteralKind::String, source_start: short(offset), start, end }))
}

/// ```text
/// number = [ "-" ] int [ frac ] [ exp ]             ; RFC 8259 section 6
/// ```
fn number(input: Input<'_>) -> Step<'_, Input<'_>> {
    let digits = || take_while1(|byte: u8| byte.is_ascii_digit());
    let int = alt((tag("0".as_bytes()), digits()));
    let frac = preceded(tag(".".as_bytes()), digits());
    let exp = (one_of("eE"), opt(one_of("+-")), digits());
    recognize((opt(tag("-".as_bytes())), int, opt(frac), opt(exp))).parse(input)
}
