//! The grammar of grammar.md, one function per production, named as there.
//!
//! The first byte or word decides which production it is, so nothing is read twice and an error stands where it is. Every
//! nesting production goes through `Parser::deeper`, the one budget on depth, so the stack that reading takes is bounded.
//!
//! A clause is read by what becomes one function, as handing results up through memory costs more than reading does: hence
//! `inline(always)` on what it consists of. What it takes from other functions is taken apart and put together again
//! (`let (rest, path) = long_path(..)?; Ok((rest, path))`): then its parts stay in registers wherever they come from.

use super::ast::{ClauseParts, Connective, EntryKind, LiteralKind, LiteralRange, PathRange};
use super::error::{
    ONE_PATH, bad_operator, bad_path, missing_blank, no_operand, unclosed, unexpected,
};
use super::literal::comp_value;
use super::parser::{LogicalBuilder, Parsed, Parser, to_u32};
use super::token::{
    Input, ParseError, ParseResult, at_end_of_word, fail, is_uri, not_operator, operator,
    skip_name, skip_whitespace, starts_name, word,
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
    parser: &mut Parser,
    input: Input<'s>,
) -> ParseResult<'s, (PathRange, Option<(u32, u32)>)> {
    let input = skip_whitespace(input);
    if !starts_name(input) {
        return fail(no_operand(parser, input).expecting(&["an attribute"]));
    }
    let (rest, path) = attr_path(parser, input)?;
    let after = skip_whitespace(rest);
    let (rest, sub_attribute) = if after.first() == Some(&b'[') {
        let (rest, _) = value_path(parser, after)?;
        match rest.split_first() {
            Some((b'.', name)) => {
                let (rest, name) = word(name)?;
                let end = parser.offset_u32(rest);
                let start = end - to_u32(name.len());
                if !is_name(parser.filter.slice(start, end)) {
                    let (span, text) =
                        (Span::new(start as usize, end as usize), parser.filter.slice(start, end));
                    return fail(bad_path(span, text, "", text, None));
                }
                (rest, Some((start, end)))
            }
            _ => (rest, None),
        }
    } else {
        (after, None)
    };
    let rest = skip_whitespace(rest);
    match rest {
        [] => Ok((rest, (path, sub_attribute))),
        _ => fail(unexpected(parser, rest).expecting(&["the end"]).with_help(ONE_PATH)),
    }
}

/// ```text
/// filter = *WS orExp *WS
/// ```
#[inline]
pub(super) fn filter<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    let input = skip_whitespace(input);
    if input.is_empty() {
        let end = parser.filter.source_len;
        let error = Diagnostic::new(Code::EmptyFilter, Span::new(end, end), "the filter is empty");
        return fail(error.with_help(
            "leave the filter out to ask for everything, or write one such as `name eq \"Bob\"`",
        ));
    }
    let (input, built) = or_exp(parser, input)?;
    if input.is_empty() { Ok((input, built)) } else { fail(unexpected(parser, input)) }
}

/// ```text
/// orExp = andExp *( SEP "or" SEP andExp )
/// ```
fn or_exp<'s>(parser: &mut Parser, mut input: Input<'s>) -> ParseResult<'s, Parsed> {
    let start = parser.offset_u32(input);
    let mut chain: Option<LogicalBuilder> = None;
    loop {
        let (rest, (operand, more)) = and_exp(parser, input)?;
        input = rest;
        match &mut chain {
            None if !more => return Ok((input, operand)),
            None => chain = Some(LogicalBuilder::new(parser, Connective::Or, start, operand)),
            Some(chain) => chain.push(parser, operand),
        }
        if !more && let Some(chain) = chain {
            return Ok((input, chain.finish(parser)?));
        }
    }
}

/// ```text
/// andExp = unary *( SEP "and" SEP unary )
/// ```
/// What follows is taken too, blanks or an `or`: whether it is one is told besides.
#[inline(always)]
fn and_exp<'s>(parser: &mut Parser, mut input: Input<'s>) -> ParseResult<'s, (Parsed, bool)> {
    let start = parser.offset_u32(input);
    let mut chain: Option<LogicalBuilder> = None;
    loop {
        let (rest, operand) = unary(parser, input)?;
        let next;
        (input, next) = connective(parser, rest)?;
        let more = next == Some(Connective::And);
        match &mut chain {
            None if !more => return Ok((input, (operand, next.is_some()))),
            None => chain = Some(LogicalBuilder::new(parser, Connective::And, start, operand)),
            Some(chain) => chain.push(parser, operand),
        }
        if !more && let Some(chain) = chain {
            return Ok((input, (chain.finish(parser)?, next.is_some())));
        }
    }
}

/// The connective behind an operand, if there is one, with the blanks on both sides.
/// ```text
/// SEP = 1*WS      ; may be empty next to a parenthesis or bracket
/// ```
#[inline(always)]
fn connective<'s>(parser: &Parser, input: Input<'s>) -> ParseResult<'s, Option<Connective>> {
    let after = skip_whitespace(input);
    let (rest, found) = match after {
        [b'a' | b'A', b'n' | b'N', b'd' | b'D', rest @ ..] => (rest, Connective::And),
        [b'o' | b'O', b'r' | b'R', rest @ ..] => (rest, Connective::Or),
        _ => return Ok((after, None)),
    };
    let behind = skip_whitespace(rest);
    if behind.len() == rest.len() && rest.first().is_some_and(|byte| *byte != b'(') {
        return Ok((after, None));
    }
    if after.len() == input.len() && !parser.is_after_bracket(input) {
        return fail(missing_blank(parser.span(after, after.len() - rest.len()), found));
    }
    Ok((behind, Some(found)))
}

/// ```text
/// unary = "not" *WS group / group / valuePath / attrExp
/// ```
#[inline(always)]
fn unary<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    if input.first() == Some(&b'(') {
        group(parser, input)
    } else if let Some(after) = not_operator(input) {
        not_group(parser, input, after)
    } else if starts_name(input) {
        attribute(parser, input)
    } else {
        fail(no_operand(parser, input))
    }
}

/// ```text
/// group = "(" *WS orExp ")"
/// ```
#[inline]
fn group<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    parser.descend(input)?;
    let (rest, built) = or_exp(parser, skip_whitespace(input.get(1..).unwrap_or(&[])))?;
    let rest = close(parser, input, rest, b')')?;
    parser.depth -= 1;
    Ok((rest, Parsed { end: parser.offset_u32(rest), ..built }))
}

fn not_group<'s>(
    parser: &mut Parser,
    input: Input<'s>,
    after_not: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let (rest, child) = group(parser, after_not)?;
    parser.push(EntryKind::Not { child: parser.last_index() }, parser.offset_u32(input), child.end);
    let top =
        child.top.map(|top| if top == Connective::And { Connective::Or } else { Connective::And });
    Ok((rest, Parsed { top, ..child }))
}

#[inline]
fn close<'s>(
    parser: &Parser,
    open: Input<'_>,
    input: Input<'s>,
    bracket: u8,
) -> Result<Input<'s>, nom::Err<ParseError>> {
    let input = skip_whitespace(input);
    match input.split_first() {
        Some((first, rest)) if *first == bracket => Ok(rest),
        None => fail(unclosed(parser, open)),
        Some(_) => fail(unexpected(parser, input)),
    }
}

/// What begins with an attribute: a value path, or a clause.
#[inline(always)]
fn attribute<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    let (rest, path) = attr_path(parser, input)?;
    let after = skip_whitespace(rest);
    if after.first() == Some(&b'[') {
        let (rest, built) = with_brackets(parser, path, after)?;
        return Ok((rest, built));
    }
    attr_exp(parser, path, after)
}

/// A value path, from the bracket on.
fn with_brackets<'s>(
    parser: &mut Parser,
    path: PathRange,
    input: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let (rest, inner) = value_path(parser, input)?;
    let after = skip_whitespace(rest);
    if rest.first() == Some(&b'.') || after.len() < rest.len() && operator(after).is_some() {
        let start = parser.offset_u32(skip_whitespace(input.get(1..).unwrap_or(&[])));
        let inner = LogicalBuilder::new(parser, Connective::And, start, inner);
        return after_brackets(parser, path, inner, rest);
    }
    let built = parser.value_path(path, inner, rest);
    Ok((rest, built))
}

/// ```text
/// valuePath = attrPath *WS "[" *WS orExp "]"
/// ```
/// From the bracket on; what it gives is the expression inside.
pub(super) fn value_path<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    if parser.in_brackets {
        let error = Diagnostic::new(
            Code::NestedValuePath,
            parser.span(input, 1),
            "brackets inside brackets",
        );
        return fail(error.with_help(
            "a sub-attribute has no sub-attributes of its own; ask for both with `and`",
        ));
    }
    parser.descend(input)?;
    parser.in_brackets = true;
    let (rest, inner) = or_exp(parser, skip_whitespace(input.get(1..).unwrap_or(&[])))?;
    let rest = close(parser, input, rest, b']')?;
    parser.in_brackets = false;
    parser.depth -= 1;
    Ok((rest, inner))
}

/// By dialect, and to tell what would be right: a sub-attribute or operator after a value path, moved into its brackets.
fn after_brackets<'s>(
    parser: &mut Parser,
    path: PathRange,
    mut inner: LogicalBuilder,
    input: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let error = |parser: &Parser, input, help: String| {
        let error = Diagnostic::new(
            Code::TextAfterBrackets,
            parser.span(input, 1),
            "nothing may follow `]` but `and`, `or`, `)`",
        );
        fail(error.with_help(help))
    };
    let dotted = input.first() == Some(&b'.');
    let (sub, rest) = if dotted {
        let (rest, name) = word(input.get(1..).unwrap_or(&[]))?;
        let end = parser.offset_u32(rest);
        let start = end - to_u32(name.len());
        let sub = PathRange { start, name: start, dot: 0, end };
        if !is_name(parser.filter.slice(sub.start, sub.end))
            || operator(skip_whitespace(rest)).is_none()
        {
            let help = "a sub-attribute after `]` belongs to PATCH paths; a filter asks inside: `emails[type eq \"work\" and value eq \"x\"]`";
            return error(parser, input, help.into());
        }
        (sub, rest)
    } else {
        let start = to_u32(parser.filter.text.len());
        parser.filter.text.push_str("value");
        (PathRange { start, name: start, dot: 0, end: start + 5 }, input)
    };
    let (rest, clause) = attr_exp(parser, sub, skip_whitespace(rest))?;
    inner.push(parser, clause);
    let inner = inner.finish(parser)?;
    let built = parser.value_path(path, inner, rest);
    let right = parser.filter.root().to_string();
    let syntax = &parser.filter.syntax;
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
        return error(parser, input, format!("write `{right}`"));
    }
    let span = Span::new(path.start as usize, built.end as usize);
    parser.filter.warnings.push(Diagnostic::new(code, span, message).replace(span, right));
    Ok((rest, built))
}

/// ```text
/// attrExp = attrPath 1*WS "pr" / attrPath 1*WS compareOp 1*WS compValue
/// ```
/// From behind the path and its blanks on; without any, no operator stands there, as paths end where words do.
#[inline(always)]
fn attr_exp<'s>(parser: &mut Parser, path: PathRange, input: Input<'s>) -> ParseResult<'s, Parsed> {
    let (rest, operator) = compare_op(parser, path, input)?;
    let operator_start = parser.offset_u32(input);
    parser.count_clause(path.start)?;
    let nothing = LiteralRange { kind: LiteralKind::Absent, source_start: 0, start: 0, end: 0 };
    let (rest, literal) =
        if operator.takes_value() { comp_value(parser, operator, rest)? } else { (rest, nothing) };
    let end = parser.offset_u32(rest);
    parser.push(
        EntryKind::Clause(ClauseParts { path, operator, operator_start, literal }),
        path.start,
        end,
    );
    Ok((rest, Parsed { end, connective_levels: 0, top: None }))
}

/// ```text
/// compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "ge" / "lt" / "le"
/// ```
/// or `pr`, in any case.
#[inline(always)]
fn compare_op<'s>(parser: &Parser, path: PathRange, input: Input<'s>) -> ParseResult<'s, Operator> {
    match operator(input) {
        Some(found) => Ok(found),
        None => fail(bad_operator(parser, path.start, path.end, input)),
    }
}

/// ```text
/// attrPath = [ URI ":" ] ATTRNAME [ "." ATTRNAME ]
/// ```
/// A URI has a colon of its own; the name begins after the last one.
/// Whoever asks for one has seen its first byte: a letter or `$`.
#[inline(always)]
pub(super) fn attr_path<'s>(parser: &Parser, input: Input<'s>) -> ParseResult<'s, PathRange> {
    // Nearly always one name or two, which are then read once.
    let start = parser.offset_u32(input);
    let rest = skip_name(input);
    if at_end_of_word(rest) {
        return Ok((rest, PathRange { start, name: start, dot: 0, end: parser.offset_u32(rest) }));
    }
    if let [b'.', sub @ ..] = rest
        && starts_name(sub)
        && !parser.in_brackets
    {
        let (dot, rest) = (parser.offset_u32(rest), skip_name(sub));
        if at_end_of_word(rest) {
            return Ok((rest, PathRange { start, name: start, dot, end: parser.offset_u32(rest) }));
        }
    }
    let (rest, path) = long_path(parser, input)?;
    Ok((rest, path))
}

/// A path with a URN, or none at all.
fn long_path<'s>(parser: &Parser, input: Input<'s>) -> ParseResult<'s, PathRange> {
    let (rest, word) = word(input)?;
    let start = parser.offset(input);
    let name_at = memchr::memrchr(b':', word).map_or(0, |colon| colon + 1);
    let text = parser.text(input, word.len());
    let (urn, name) = text.split_at_checked(name_at).unwrap_or(("", text));
    let dot = name.find('.');
    let (name, sub) = dot
        .and_then(|dot| name.split_at_checked(dot))
        .map_or((name, None), |(name, sub)| (name, sub.get(1..)));
    let range = PathRange {
        start: to_u32(start),
        name: to_u32(start + name_at),
        dot: dot.map_or(0, |dot| to_u32(start + name_at + dot)),
        end: to_u32(start + word.len()),
    };
    if !is_name(name) || !sub.is_none_or(is_name) || !(urn.is_empty() || is_uri(urn)) {
        return fail(bad_path(parser.span(input, word.len()), text, urn, name, sub));
    }
    if sub.is_some() && parser.in_brackets {
        let error = Diagnostic::new(
            Code::DottedNameInBrackets,
            parser.span(input, word.len()),
            "a dotted name inside brackets",
        );
        return fail(
            error.with_help("inside `[...]` stand bare names of sub-attributes, such as `type`"),
        );
    }
    Ok((rest, range))
}
