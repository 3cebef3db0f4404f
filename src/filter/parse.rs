//! The grammar of grammar.md, one function per production, named as there.
//!
//! The first byte or word decides which production it is, so nothing is read twice and an error stands where it is. Every
//! nesting production goes through `Reader::deeper`, the one budget on depth, so the stack that reading takes is bounded.

use super::ast::{Connective, Kind, Literal, LiteralKind, LiteralRange, PathRange};
use super::fault::{ONE_PATH, VALUES, bad_operator, bad_path, bad_value, no_operand, unexpected};
use super::reader::{Built, Chain, Reader, short};
use super::string;
use super::token::{Fault, Input, Step, at_end_of_word, blanks, is_blank, is_plain_word, is_uri, name, not_operator, operator, stop, word};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::operator::Operator;
use crate::schema::is_name;
use crate::span::Span;
use crate::syntax::Syntax;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{opt, recognize};
use nom::sequence::preceded;

/// ```text
/// patchPath = attrPath / valuePath [ "." ATTRNAME ]
/// ```
/// The attribute, and the sub-attribute after the brackets; what is in the brackets is the tree that was read.
pub(super) fn patch_path<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, (PathRange, Option<(u32, u32)>)> {
    let input = blanks(input);
    if !input.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'$') {
        return stop(no_operand(reader, input).expecting(&["an attribute"]));
    }
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    let (rest, sub_attribute) = if after.first() == Some(&b'[') {
        let (rest, _) = value_path(reader, after)?;
        match rest.split_first() {
            Some((b'.', name)) => {
                let (rest, name) = word(name)?;
                let end = short(reader.offset(rest));
                let start = end - short(name.len());
                if !is_name(reader.filter.slice(start, end)) {
                    let (span, text) = (Span::new(start as usize, end as usize), reader.filter.slice(start, end));
                    return stop(bad_path(span, text, "", text, None));
                }
                (rest, Some((start, end)))
            }
            _ => (rest, None),
        }
    } else {
        (after, None)
    };
    let rest = blanks(rest);
    match rest {
        [] => Ok((rest, (path, sub_attribute))),
        _ => stop(unexpected(reader, rest).expecting(&["the end"]).with_help(ONE_PATH)),
    }
}

/// ```text
/// filter = *WS orExp *WS
/// ```
pub(super) fn filter<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let input = blanks(input);
    if input.is_empty() {
        let end = reader.filter.source_len;
        let fault = Diagnostic::new(Code::EmptyFilter, Span::new(end, end), "the filter is empty");
        return stop(fault.with_help("leave the filter out to ask for everything, or write one such as `name eq \"Bob\"`"));
    }
    let (input, built) = or_exp(reader, input)?;
    if input.is_empty() { Ok((input, built)) } else { stop(unexpected(reader, input)) }
}

/// ```text
/// orExp = andExp *( SEP "or" SEP andExp )
/// ```
fn or_exp<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (mut input, (first, mut more)) = and_exp(reader, input)?;
    if !more {
        return Ok((input, first));
    }
    let mut chain = Chain::of(reader, Connective::Or, first);
    while more {
        let operand;
        (input, (operand, more)) = and_exp(reader, input)?;
        chain.push(reader, operand);
    }
    Ok((input, chain.finish(reader)?))
}

/// ```text
/// andExp = unary *( SEP "and" SEP unary )
/// ```
/// What follows is taken too, blanks or an `or`: whether it is one is told besides.
fn and_exp<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, (Built, bool)> {
    let (input, first) = unary(reader, input)?;
    let (mut input, mut next) = connective(reader, input)?;
    if next != Some(Connective::And) {
        return Ok((input, (first, next.is_some())));
    }
    let mut chain = Chain::of(reader, Connective::And, first);
    while next == Some(Connective::And) {
        let (rest, operand) = unary(reader, input)?;
        chain.push(reader, operand);
        (input, next) = connective(reader, rest)?;
    }
    Ok((input, (chain.finish(reader)?, next.is_some())))
}

/// The connective behind an operand, if there is one, with the blanks on both sides.
/// ```text
/// SEP = 1*WS      ; may be empty next to a parenthesis or bracket
/// ```
fn connective<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, Option<Connective>> {
    let after = blanks(input);
    let (rest, found, name) = match after {
        [b'a' | b'A', b'n' | b'N', b'd' | b'D', rest @ ..] => (rest, Connective::And, "and"),
        [b'o' | b'O', b'r' | b'R', rest @ ..] => (rest, Connective::Or, "or"),
        _ => return Ok((after, None)),
    };
    if rest.first().is_some_and(|byte| !is_blank(*byte) && *byte != b'(') {
        return Ok((after, None));
    }
    let before = reader.offset(after).checked_sub(1).and_then(|at| reader.filter.text.as_bytes().get(at));
    if before.is_some_and(|byte| !is_blank(*byte) && !matches!(byte, b')' | b']')) {
        let fault = Diagnostic::new(Code::MissingBlank, reader.span(after, name.len()), format!("a blank is missing before `{name}`"));
        return stop(fault.with_help(format!("write a blank between the value and `{name}`")));
    }
    Ok((blanks(rest), Some(found)))
}

/// ```text
/// unary = "not" *WS group / group / valuePath / attrExp
/// ```
#[inline]
fn unary<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    match input.first() {
        Some(b'(') => group(reader, input),
        Some(b'n' | b'N') => match not_operator(input) {
            Some(after) => not_group(reader, input, after),
            None => attribute(reader, input),
        },
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'$' => attribute(reader, input),
        _ => stop(no_operand(reader, input)),
    }
}

/// ```text
/// group = "(" *WS orExp ")"
/// ```
fn group<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    reader.deeper(input)?;
    let (rest, built) = or_exp(reader, blanks(input.get(1..).unwrap_or(&[])))?;
    let rest = close(reader, input, rest, b')')?;
    reader.depth -= 1;
    Ok((rest, Built { start: short(reader.offset(input)), end: short(reader.offset(rest)), ..built }))
}

fn not_group<'s>(reader: &mut Reader, input: Input<'s>, after_not: Input<'s>) -> Step<'s, Built> {
    let (rest, child) = group(reader, after_not)?;
    let (start, end) = (short(reader.offset(input)), short(reader.offset(rest)));
    let index = reader.push(Kind::Not { child: child.index }, start, end);
    let top = child.top.map(|top| if top == Connective::And { Connective::Or } else { Connective::And });
    Ok((rest, Built { index, start, end, top, ..child }))
}

fn close<'s>(reader: &Reader, open: Input<'_>, input: Input<'s>, bracket: u8) -> Result<Input<'s>, nom::Err<Fault>> {
    let input = blanks(input);
    match input.split_first() {
        Some((first, rest)) if *first == bracket => Ok(rest),
        None => {
            let (open_with, close_with) = if bracket == b')' { ("`(`", "`)`") } else { ("`[`", "`]`") };
            let fault = Diagnostic::new(Code::Unclosed, reader.span(open, 1), format!("{open_with} is never closed"));
            stop(fault.label("opened here").with_help(format!("add {close_with} where its part ends")))
        }
        Some(_) => stop(unexpected(reader, input)),
    }
}

/// What begins with an attribute: a value path, or a clause.
#[inline]
fn attribute<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    if after.first() != Some(&b'[') {
        return attr_exp(reader, path, rest);
    }
    let (rest, inner) = value_path(reader, after)?;
    if rest.first() == Some(&b'.') || operator(blanks(rest)).is_some() {
        return after_brackets(reader, path, inner, rest);
    }
    let built = reader.value_path(path, inner, rest);
    Ok((rest, built))
}

/// ```text
/// valuePath = attrPath *WS "[" *WS orExp "]"
/// ```
/// From the bracket on; what it gives is the expression inside.
pub(super) fn value_path<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    if reader.in_brackets {
        let fault = Diagnostic::new(Code::NestedValuePath, reader.span(input, 1), "brackets inside brackets");
        return stop(fault.with_help("a sub-attribute has no sub-attributes of its own; ask for both with `and`"));
    }
    reader.deeper(input)?;
    reader.in_brackets = true;
    let (rest, inner) = or_exp(reader, blanks(input.get(1..).unwrap_or(&[])))?;
    let rest = close(reader, input, rest, b']')?;
    reader.in_brackets = false;
    reader.depth -= 1;
    Ok((rest, inner))
}

/// By dialect, and to tell what would be right: a sub-attribute or operator after a value path, moved into its brackets.
fn after_brackets<'s>(reader: &mut Reader, path: PathRange, inner: Built, input: Input<'s>) -> Step<'s, Built> {
    let fault = |reader: &Reader, input, help: String| {
        let fault = Diagnostic::new(Code::TextAfterBrackets, reader.span(input, 1), "nothing may follow `]` but `and`, `or`, `)`");
        stop(fault.with_help(help))
    };
    let dotted = input.first() == Some(&b'.');
    let (sub, rest) = if dotted {
        let (rest, name) = word(input.get(1..).unwrap_or(&[]))?;
        let end = reader.offset(rest);
        let sub = PathRange { start: short(end - name.len()), name: short(end - name.len()), dot: 0, end: short(end) };
        if !is_name(reader.filter.slice(sub.start, sub.end)) || operator(blanks(rest)).is_none() {
            let help =
                "a sub-attribute after `]` belongs to PATCH paths; a filter asks inside: `emails[type eq \"work\" and value eq \"x\"]`";
            return fault(reader, input, help.into());
        }
        (sub, rest)
    } else {
        let start = short(reader.filter.text.len());
        reader.filter.text.push_str("value");
        (PathRange { start, name: start, dot: 0, end: start + 5 }, input)
    };
    let mut chain = Chain::of(reader, Connective::And, inner);
    let (rest, clause) = attr_exp(reader, sub, rest)?;
    chain.push(reader, clause);
    let inner = chain.finish(reader)?;
    let built = reader.value_path(path, inner, rest);
    let right = reader.expr(built.index).to_string();
    let syntax = &reader.filter.syntax;
    let (code, allowed, message) = if dotted {
        (Code::AcceptedSubAttribute, syntax.sub_attribute_after_brackets, "a sub-attribute after `]`")
    } else {
        (Code::AcceptedOperator, syntax.operator_after_brackets, "an operator after `]`")
    };
    if !allowed {
        return fault(reader, input, format!("write `{right}`"));
    }
    let span = Span::new(built.start as usize, built.end as usize);
    reader.filter.warnings.push(Diagnostic::new(code, span, message).replace(span, right));
    Ok((rest, built))
}

/// ```text
/// attrExp = attrPath 1*WS "pr" / attrPath 1*WS compareOp 1*WS compValue
/// ```
/// From the blanks after the path on.
fn attr_exp<'s>(reader: &mut Reader, path: PathRange, input: Input<'s>) -> Step<'s, Built> {
    let (rest, operator) = compare_op(reader, path, input)?;
    let operator_start = short(reader.offset(rest) - operator.name().len());
    reader.one_more_clause(path.start)?;
    let nothing = LiteralRange { kind: LiteralKind::Absent, source_start: 0, start: 0, end: 0 };
    let (rest, literal) = if operator.takes_value() { comp_value(reader, operator, rest)? } else { (rest, nothing) };
    let end = short(reader.offset(rest));
    let index = reader.push(Kind::Clause { path, operator, operator_start, literal }, path.start, end);
    Ok((rest, Built { index, start: path.start, end, alternations: 0, top: None }))
}

/// ```text
/// compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "ge" / "lt" / "le"
/// ```
/// or `pr`, in any case, after at least one blank.
fn compare_op<'s>(reader: &Reader, path: PathRange, input: Input<'s>) -> Step<'s, Operator> {
    let after = blanks(input);
    match operator(after) {
        Some(found) if after.len() < input.len() => Ok(found),
        _ => {
            let (_, word) = word(after)?;
            stop(bad_operator(reader, path, after, word.len(), after.len() < input.len()))
        }
    }
}

/// ```text
/// compValue = false / null / true / number / string
/// ```
/// after at least one blank.
fn comp_value<'s>(reader: &mut Reader, operator: Operator, input: Input<'s>) -> Step<'s, LiteralRange> {
    let after = blanks(input);
    let start = reader.offset(after);
    let missing_blank = after.len() == input.len();
    match after.first() {
        None | Some(b')' | b']') => {
            let fault = Diagnostic::new(Code::ExpectedValue, reader.span(after, 0), format!("no value after `{operator}`"));
            stop(fault.expecting(VALUES))
        }
        Some(_) if missing_blank => {
            let fault = Diagnostic::new(Code::MissingBlank, reader.span(after, 0), format!("a blank is missing after `{operator}`"));
            stop(fault.with_help("write a blank between the operator and the value"))
        }
        Some(b'"') => string(reader, after, '"'),
        Some(b'\'') if reader.filter.syntax.single_quotes => string(reader, after, '\''),
        Some(_) => {
            let (rest, word) = word(after)?;
            let text = reader.text(after, word.len());
            let Some(kind) = word_literal(text, &reader.filter.syntax) else { return stop(bad_value(reader, after, text)) };
            let span = Span::new(start, start + word.len());
            if kind == LiteralKind::Null && !matches!(operator, Operator::Eq | Operator::Ne) {
                let fault = Diagnostic::new(Code::NullOperator, span, format!("`null` cannot be compared with `{operator}`"));
                return stop(fault.with_help("`null` goes with `eq` and `ne`; `pr` asks whether there is a value"));
            }
            let warning = match kind {
                LiteralKind::True | LiteralKind::False if !matches!(text, "true" | "false") => {
                    let right = text.to_ascii_lowercase();
                    let warning = Diagnostic::new(Code::AcceptedBooleanCase, span, format!("{} for `{right}`", quoted(text)));
                    Some(warning.replace(span, right))
                }
                LiteralKind::String => {
                    let right = Literal::String(text).to_string();
                    let warning = Diagnostic::new(Code::AcceptedUnquotedWord, span, format!("{} has no quotes", quoted(text)));
                    Some(warning.replace(span, right))
                }
                _ => None,
            };
            reader.filter.warnings.extend(warning);
            Ok((rest, LiteralRange { kind, source_start: short(start), start: short(start), end: short(span.end) }))
        }
    }
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
fn string<'s>(reader: &mut Reader, input: Input<'s>, quote: char) -> Step<'s, LiteralRange> {
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
        let warning = Diagnostic::new(Code::AcceptedSingleQuotes, span, "a string in single quotes");
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

/// ```text
/// attrPath = [ URI ":" ] ATTRNAME [ "." ATTRNAME ]
/// ```
/// A URI has a colon of its own; the name begins after the last one.
pub(super) fn attr_path<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, PathRange> {
    // Nearly always a name alone, which is then read once.
    let (rest, bare) = name(input)?;
    if at_end_of_word(rest) && bare.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'$') {
        let start = short(reader.offset(input));
        return Ok((rest, PathRange { start, name: start, dot: 0, end: short(reader.offset(rest)) }));
    }
    long_path(reader, input)
}

/// A path with a URN or a dot, or none at all.
fn long_path<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, PathRange> {
    let (rest, word) = word(input)?;
    let start = reader.offset(input);
    let name_at = memchr::memrchr(b':', word).map_or(0, |colon| colon + 1);
    let text = reader.text(input, word.len());
    let (urn, name) = text.split_at_checked(name_at).unwrap_or(("", text));
    let dot = name.find('.');
    let (name, sub) = dot.and_then(|dot| name.split_at_checked(dot)).map_or((name, None), |(name, sub)| (name, sub.get(1..)));
    let range = PathRange {
        start: short(start),
        name: short(start + name_at),
        dot: dot.map_or(0, |dot| short(start + name_at + dot)),
        end: short(start + word.len()),
    };
    if !is_name(name) || !sub.is_none_or(is_name) || !(urn.is_empty() || is_uri(urn)) {
        return stop(bad_path(reader.span(input, word.len()), text, urn, name, sub));
    }
    if sub.is_some() && reader.in_brackets {
        let fault = Diagnostic::new(Code::DottedNameInBrackets, reader.span(input, word.len()), "a dotted name inside brackets");
        return stop(fault.with_help("inside `[...]` stand bare names of sub-attributes, such as `type`"));
    }
    Ok((rest, range))
}
