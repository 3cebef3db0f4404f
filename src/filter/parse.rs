//! The grammar of grammar.md, one function per production, named as there.
//!
//! The first byte or word decides which production it is, so nothing is read twice and an error stands where it is. Every
//! nesting production goes through `Reader::deeper`, the one budget on depth, so the stack that reading takes is bounded.
//!
//! A clause is read by what becomes one function, as handing results up through memory costs more than reading does: hence
//! `inline(always)` on what it consists of. What it takes from other functions is taken apart and put together again
//! (`let (rest, path) = long_path(..)?; Ok((rest, path))`): then its parts stay in registers wherever they come from.

use super::ast::{ClauseParts, Connective, Kind, LiteralKind, LiteralRange, PathRange};
use super::fault::{
    ONE_PATH, bad_operator, bad_path, missing_blank, no_operand, unclosed, unexpected,
};
use super::literal::comp_value;
use super::reader::{Built, Chain, Reader, short};
use super::token::{
    Fault, Input, Step, at_end_of_word, behind_name, blanks, is_uri, not_operator, operator,
    starts_name, stop, word,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::operator::Operator;
use crate::schema::is_name;
use crate::span::Span;

/// ```text
/// patchPath = attrPath / valuePath [ "." ATTRNAME ]
/// ```
/// The attribute, and the sub-attribute after the brackets; what is in the brackets is the tree that was read.
pub(super) fn patch_path<'s>(
    reader: &mut Reader,
    input: Input<'s>,
) -> Step<'s, (PathRange, Option<(u32, u32)>)> {
    let input = blanks(input);
    if !starts_name(input) {
        return stop(no_operand(reader, input).expecting(&["an attribute"]));
    }
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    let (rest, sub_attribute) = if after.first() == Some(&b'[') {
        let (rest, _) = value_path(reader, after)?;
        match rest.split_first() {
            Some((b'.', name)) => {
                let (rest, name) = word(name)?;
                let end = reader.at(rest);
                let start = end - short(name.len());
                if !is_name(reader.filter.slice(start, end)) {
                    let (span, text) =
                        (Span::new(start as usize, end as usize), reader.filter.slice(start, end));
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
#[inline]
pub(super) fn filter<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let input = blanks(input);
    if input.is_empty() {
        let end = reader.filter.source_len;
        let fault = Diagnostic::new(Code::EmptyFilter, Span::new(end, end), "the filter is empty");
        return stop(fault.with_help(
            "leave the filter out to ask for everything, or write one such as `name eq \"Bob\"`",
        ));
    }
    let (input, built) = or_exp(reader, input)?;
    if input.is_empty() { Ok((input, built)) } else { stop(unexpected(reader, input)) }
}

/// ```text
/// orExp = andExp *( SEP "or" SEP andExp )
/// ```
fn or_exp<'s>(reader: &mut Reader, mut input: Input<'s>) -> Step<'s, Built> {
    let start = reader.at(input);
    let mut chain: Option<Chain> = None;
    loop {
        let (rest, (operand, more)) = and_exp(reader, input)?;
        input = rest;
        match &mut chain {
            None if !more => return Ok((input, operand)),
            None => chain = Some(Chain::of(reader, Connective::Or, start, operand)),
            Some(chain) => chain.push(reader, operand),
        }
        if !more && let Some(chain) = chain {
            return Ok((input, chain.finish(reader)?));
        }
    }
}

/// ```text
/// andExp = unary *( SEP "and" SEP unary )
/// ```
/// What follows is taken too, blanks or an `or`: whether it is one is told besides.
#[inline(always)]
fn and_exp<'s>(reader: &mut Reader, mut input: Input<'s>) -> Step<'s, (Built, bool)> {
    let start = reader.at(input);
    let mut chain: Option<Chain> = None;
    loop {
        let (rest, operand) = unary(reader, input)?;
        let next;
        (input, next) = connective(reader, rest)?;
        let more = next == Some(Connective::And);
        match &mut chain {
            None if !more => return Ok((input, (operand, next.is_some()))),
            None => chain = Some(Chain::of(reader, Connective::And, start, operand)),
            Some(chain) => chain.push(reader, operand),
        }
        if !more && let Some(chain) = chain {
            return Ok((input, (chain.finish(reader)?, next.is_some())));
        }
    }
}

/// The connective behind an operand, if there is one, with the blanks on both sides.
/// ```text
/// SEP = 1*WS      ; may be empty next to a parenthesis or bracket
/// ```
#[inline(always)]
fn connective<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, Option<Connective>> {
    let after = blanks(input);
    let (rest, found) = match after {
        [b'a' | b'A', b'n' | b'N', b'd' | b'D', rest @ ..] => (rest, Connective::And),
        [b'o' | b'O', b'r' | b'R', rest @ ..] => (rest, Connective::Or),
        _ => return Ok((after, None)),
    };
    let behind = blanks(rest);
    if behind.len() == rest.len() && rest.first().is_some_and(|byte| *byte != b'(') {
        return Ok((after, None));
    }
    if after.len() == input.len() && !reader.is_after_bracket(input) {
        return stop(missing_blank(reader.span(after, after.len() - rest.len()), found));
    }
    Ok((behind, Some(found)))
}

/// ```text
/// unary = "not" *WS group / group / valuePath / attrExp
/// ```
#[inline(always)]
fn unary<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    if input.first() == Some(&b'(') {
        group(reader, input)
    } else if let Some(after) = not_operator(input) {
        not_group(reader, input, after)
    } else if starts_name(input) {
        attribute(reader, input)
    } else {
        stop(no_operand(reader, input))
    }
}

/// ```text
/// group = "(" *WS orExp ")"
/// ```
#[inline]
fn group<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    reader.deeper(input)?;
    let (rest, built) = or_exp(reader, blanks(input.get(1..).unwrap_or(&[])))?;
    let rest = close(reader, input, rest, b')')?;
    reader.depth -= 1;
    Ok((rest, Built { end: reader.at(rest), ..built }))
}

fn not_group<'s>(reader: &mut Reader, input: Input<'s>, after_not: Input<'s>) -> Step<'s, Built> {
    let (rest, child) = group(reader, after_not)?;
    reader.push(Kind::Not { child: reader.newest() }, reader.at(input), child.end);
    let top =
        child.top.map(|top| if top == Connective::And { Connective::Or } else { Connective::And });
    Ok((rest, Built { top, ..child }))
}

#[inline]
fn close<'s>(
    reader: &Reader,
    open: Input<'_>,
    input: Input<'s>,
    bracket: u8,
) -> Result<Input<'s>, nom::Err<Fault>> {
    let input = blanks(input);
    match input.split_first() {
        Some((first, rest)) if *first == bracket => Ok(rest),
        None => stop(unclosed(reader, open)),
        Some(_) => stop(unexpected(reader, input)),
    }
}

/// What begins with an attribute: a value path, or a clause.
#[inline(always)]
fn attribute<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    if after.first() == Some(&b'[') {
        let (rest, built) = with_brackets(reader, path, after)?;
        return Ok((rest, built));
    }
    attr_exp(reader, path, after)
}

/// A value path, from the bracket on.
fn with_brackets<'s>(reader: &mut Reader, path: PathRange, input: Input<'s>) -> Step<'s, Built> {
    let (rest, inner) = value_path(reader, input)?;
    let after = blanks(rest);
    if rest.first() == Some(&b'.') || after.len() < rest.len() && operator(after).is_some() {
        let start = reader.at(blanks(input.get(1..).unwrap_or(&[])));
        let inner = Chain::of(reader, Connective::And, start, inner);
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
        let fault = Diagnostic::new(
            Code::NestedValuePath,
            reader.span(input, 1),
            "brackets inside brackets",
        );
        return stop(fault.with_help(
            "a sub-attribute has no sub-attributes of its own; ask for both with `and`",
        ));
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
fn after_brackets<'s>(
    reader: &mut Reader,
    path: PathRange,
    mut inner: Chain,
    input: Input<'s>,
) -> Step<'s, Built> {
    let fault = |reader: &Reader, input, help: String| {
        let fault = Diagnostic::new(
            Code::TextAfterBrackets,
            reader.span(input, 1),
            "nothing may follow `]` but `and`, `or`, `)`",
        );
        stop(fault.with_help(help))
    };
    let dotted = input.first() == Some(&b'.');
    let (sub, rest) = if dotted {
        let (rest, name) = word(input.get(1..).unwrap_or(&[]))?;
        let end = reader.at(rest);
        let start = end - short(name.len());
        let sub = PathRange { start, name: start, dot: 0, end };
        if !is_name(reader.filter.slice(sub.start, sub.end)) || operator(blanks(rest)).is_none() {
            let help = "a sub-attribute after `]` belongs to PATCH paths; a filter asks inside: `emails[type eq \"work\" and value eq \"x\"]`";
            return fault(reader, input, help.into());
        }
        (sub, rest)
    } else {
        let start = short(reader.filter.text.len());
        reader.filter.text.push_str("value");
        (PathRange { start, name: start, dot: 0, end: start + 5 }, input)
    };
    let (rest, clause) = attr_exp(reader, sub, blanks(rest))?;
    inner.push(reader, clause);
    let inner = inner.finish(reader)?;
    let built = reader.value_path(path, inner, rest);
    let right = reader.filter.root().to_string();
    let syntax = &reader.filter.syntax;
    let (code, allowed, message) = if dotted {
        (
            Code::AcceptedSubAttribute,
            syntax.sub_attribute_after_brackets,
            "a sub-attribute after `]`",
        )
    } else {
        (Code::AcceptedOperator, syntax.operator_after_brackets, "an operator after `]`")
    };
    if !allowed {
        return fault(reader, input, format!("write `{right}`"));
    }
    let span = Span::new(path.start as usize, built.end as usize);
    reader.filter.warnings.push(Diagnostic::new(code, span, message).replace(span, right));
    Ok((rest, built))
}

/// ```text
/// attrExp = attrPath 1*WS "pr" / attrPath 1*WS compareOp 1*WS compValue
/// ```
/// From behind the path and its blanks on; without any, no operator stands there, as paths end where words do.
#[inline(always)]
fn attr_exp<'s>(reader: &mut Reader, path: PathRange, input: Input<'s>) -> Step<'s, Built> {
    let (rest, operator) = compare_op(reader, path, input)?;
    let operator_start = reader.at(input);
    reader.one_more_clause(path.start)?;
    let nothing = LiteralRange { kind: LiteralKind::Absent, source_start: 0, start: 0, end: 0 };
    let (rest, literal) =
        if operator.takes_value() { comp_value(reader, operator, rest)? } else { (rest, nothing) };
    let end = reader.at(rest);
    reader.push(
        Kind::Clause(ClauseParts { path, operator, operator_start, literal }),
        path.start,
        end,
    );
    Ok((rest, Built { end, connective_levels: 0, top: None }))
}

/// ```text
/// compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "ge" / "lt" / "le"
/// ```
/// or `pr`, in any case.
#[inline(always)]
fn compare_op<'s>(reader: &Reader, path: PathRange, input: Input<'s>) -> Step<'s, Operator> {
    match operator(input) {
        Some(found) => Ok(found),
        None => stop(bad_operator(reader, path.start, path.end, input)),
    }
}

/// ```text
/// attrPath = [ URI ":" ] ATTRNAME [ "." ATTRNAME ]
/// ```
/// A URI has a colon of its own; the name begins after the last one.
/// Whoever asks for one has seen its first byte: a letter or `$`.
#[inline(always)]
pub(super) fn attr_path<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, PathRange> {
    // Nearly always one name or two, which are then read once.
    let start = reader.at(input);
    let rest = behind_name(input);
    if at_end_of_word(rest) {
        return Ok((rest, PathRange { start, name: start, dot: 0, end: reader.at(rest) }));
    }
    if let [b'.', sub @ ..] = rest
        && starts_name(sub)
        && !reader.in_brackets
    {
        let (dot, rest) = (reader.at(rest), behind_name(sub));
        if at_end_of_word(rest) {
            return Ok((rest, PathRange { start, name: start, dot, end: reader.at(rest) }));
        }
    }
    let (rest, path) = long_path(reader, input)?;
    Ok((rest, path))
}

/// A path with a URN, or none at all.
fn long_path<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, PathRange> {
    let (rest, word) = word(input)?;
    let start = reader.offset(input);
    let name_at = memchr::memrchr(b':', word).map_or(0, |colon| colon + 1);
    let text = reader.text(input, word.len());
    let (urn, name) = text.split_at_checked(name_at).unwrap_or(("", text));
    let dot = name.find('.');
    let (name, sub) = dot
        .and_then(|dot| name.split_at_checked(dot))
        .map_or((name, None), |(name, sub)| (name, sub.get(1..)));
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
        let fault = Diagnostic::new(
            Code::DottedNameInBrackets,
            reader.span(input, word.len()),
            "a dotted name inside brackets",
        );
        return stop(
            fault.with_help("inside `[...]` stand bare names of sub-attributes, such as `type`"),
        );
    }
    Ok((rest, range))
}
