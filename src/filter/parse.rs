//! The grammar of `grammar.md` as a recursive-descent parser: one function per production, with the
//! same name.
//!
//! The first byte or word selects the production, so the parser never backtracks and each error is
//! reported at its position. Every production that nests goes through [`Parser::descend`], which
//! limits the depth and thereby the use of the stack.
//!
//! PERF: The productions of a clause are `inline(always)`, so that they compile to one function.
//! Returning their results, which are larger than two registers, through memory took longer than
//! parsing: this saved a quarter of the instructions of `parse`. Where they call a function that is
//! not inlined, the result is destructured and rebuilt (`let (rest, path) = long_path(..)?;
//! Ok((rest, path))`), which lets the compiler keep its parts in registers whichever branch they
//! come from; together with the layout of the entries in `ast` and the scanning in `token`, this
//! halved the time of `parse`. Check both with `cargo bench --manifest-path
//! benches/peers/Cargo.toml -- --only parse` and `scripts/instructions parse`.

use super::ast::{ClauseParts, Connective, EntryKind, LiteralKind, LiteralRange, PathRange};
use super::deviation::{MovedClause, dot_after_urn, urn_with_dot};
use super::error::{
    bad_operator, bad_path, missing_whitespace, no_operand, text_after_brackets, unclosed,
    unexpected, wrong_bracket,
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
use crate::snippet::escape;
use crate::span::Span;

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
            "omit the filter to match everything, or write one such as `name eq \"Bob\"`",
        ));
    }
    let (input, parsed) = or_exp(parser, input)?;
    if input.is_empty() { Ok((input, parsed)) } else { fail(unexpected(parser, input)) }
}

/// ```text
/// orExp = andExp *( SEP "or" SEP andExp )
/// ```
/// Also skips the whitespace after it.
fn or_exp<'s>(parser: &mut Parser, mut input: Input<'s>) -> ParseResult<'s, Parsed> {
    let start = parser.offset_u32(input);
    let mut disjunction: Option<LogicalBuilder> = None;
    loop {
        let (rest, (operand, or_follows)) = and_exp(parser, input)?;
        input = rest;
        match &mut disjunction {
            None if !or_follows => return Ok((input, operand)),
            None => {
                disjunction = Some(LogicalBuilder::new(parser, Connective::Or, start, operand));
            }
            Some(disjunction) => disjunction.push(parser, operand),
        }
        if !or_follows && let Some(disjunction) = disjunction {
            return Ok((input, disjunction.finish(parser)?));
        }
    }
}

/// ```text
/// andExp = unary *( SEP "and" SEP unary )
/// ```
/// Returns the conjunction and whether an `or` follows. The loop can only detect the end of the
/// conjunction by parsing the next connective, so it consumes that `or`, and the whitespace after
/// the conjunction.
// PERF: see the module documentation.
#[inline(always)]
fn and_exp<'s>(parser: &mut Parser, mut input: Input<'s>) -> ParseResult<'s, (Parsed, bool)> {
    let start = parser.offset_u32(input);
    let mut conjunction: Option<LogicalBuilder> = None;
    loop {
        let (rest, operand) = unary(parser, input)?;
        let next;
        (input, next) = connective(parser, rest)?;
        let and_follows = next == Some(Connective::And);
        let or_follows = next == Some(Connective::Or);
        match &mut conjunction {
            None if !and_follows => return Ok((input, (operand, or_follows))),
            None => {
                conjunction = Some(LogicalBuilder::new(parser, Connective::And, start, operand));
            }
            Some(conjunction) => conjunction.push(parser, operand),
        }
        if !and_follows && let Some(conjunction) = conjunction {
            return Ok((input, (conjunction.finish(parser)?, or_follows)));
        }
    }
}

/// Parses the connective after an operand, if there is one, with the whitespace around it.
/// ```text
/// SEP = 1*WS      ; may be empty next to a parenthesis or bracket
/// ```
// PERF: see the module documentation.
#[inline(always)]
fn connective<'s>(parser: &Parser, input: Input<'s>) -> ParseResult<'s, Option<Connective>> {
    let start = skip_whitespace(input);
    let (end, connective) = match start {
        [b'a' | b'A', b'n' | b'N', b'd' | b'D', end @ ..] => (end, Connective::And),
        [b'o' | b'O', b'r' | b'R', end @ ..] => (end, Connective::Or),
        _ => return Ok((start, None)),
    };
    let rest = skip_whitespace(end);
    if rest.len() == end.len() && end.first().is_some_and(|byte| *byte != b'(') {
        return Ok((start, None));
    }
    if start.len() == input.len() && !parser.is_after_bracket(input) {
        let span = parser.span(start, start.len() - end.len());
        return fail(missing_whitespace(span, connective));
    }
    Ok((rest, Some(connective)))
}

/// ```text
/// unary = "not" *WS group / group / valuePath / attrExp
/// ```
// PERF: see the module documentation.
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
    let (rest, parsed) = or_exp(parser, skip_whitespace(input.get(1..).unwrap_or(&[])))?;
    let rest = close(parser, input, rest, b')')?;
    parser.ascend();
    Ok((rest, Parsed { end: parser.offset_u32(rest), ..parsed }))
}

/// Parses the group after `not`. `group_start` is the input from its parenthesis on.
fn not_group<'s>(
    parser: &mut Parser,
    input: Input<'s>,
    group_start: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let (rest, child) = group(parser, group_start)?;
    let not = EntryKind::Not { child: parser.last_index() };
    parser.push(not, parser.offset_u32(input), child.end);
    // De Morgan: negation swaps the connectives.
    let connective = child.connective.map(|connective| match connective {
        Connective::And => Connective::Or,
        Connective::Or => Connective::And,
    });
    Ok((rest, Parsed { connective, ..child }))
}

/// Parses the closing `bracket` of the parenthesis or bracket at `open`.
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
        Some((b')' | b']', _)) => fail(wrong_bracket(parser, open, input)),
        Some(_) => fail(unexpected(parser, input)),
    }
}

/// Parses a value path or a clause: what starts with an attribute.
// PERF: see the module documentation.
#[inline(always)]
fn attribute<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    let (rest, path) = attr_path(parser, input)?;
    let after = skip_whitespace(rest);
    if after.first() == Some(&b'[') {
        let (rest, parsed) = after_path(parser, path, after)?;
        return Ok((rest, parsed));
    }
    attr_exp(parser, path, after)
}

/// Parses the rest of a value path from its bracket on, and what a dialect allows after it.
fn after_path<'s>(
    parser: &mut Parser,
    path: PathRange,
    input: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let (rest, inner) = value_path(parser, input)?;
    let after = skip_whitespace(rest);
    if rest.first() == Some(&b'.') || after.len() < rest.len() && operator(after).is_some() {
        let start = parser.offset_u32(skip_whitespace(input.get(1..).unwrap_or(&[])));
        let moved = MovedClause { start, end: inner.end, is_or: parser.ends_with_or(start) };
        let inner = LogicalBuilder::new(parser, Connective::And, start, inner);
        return after_brackets(parser, path, inner, moved, rest);
    }
    let parsed = parser.push_value_path(path, inner, rest);
    Ok((rest, parsed))
}

/// ```text
/// valuePath = attrPath *WS "[" *WS orExp "]"
/// ```
/// Parses it from the bracket on. Returns the expression in the brackets.
pub(super) fn value_path<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, Parsed> {
    if parser.in_brackets {
        let error = Diagnostic::new(
            Code::NestedValuePath,
            parser.span(input, 1),
            "brackets inside brackets",
        );
        return fail(
            error.with_help("sub-attributes have no sub-attributes; join conditions with `and`"),
        );
    }
    parser.descend(input)?;
    parser.in_brackets = true;
    let (rest, inner) = or_exp(parser, skip_whitespace(input.get(1..).unwrap_or(&[])))?;
    let rest = close(parser, input, rest, b']')?;
    parser.in_brackets = false;
    parser.ascend();
    Ok((rest, inner))
}

/// Parses a sub-attribute or an operator after a value path, which some dialects allow, and moves
/// it into the brackets: `emails[type pr].value eq "x"` and `emails[type pr] eq "x"` both become
/// `emails[type pr and value eq "x"]`. `conjunction` has the expression in the brackets as its only
/// operand, and `input` starts after the closing bracket.
///
/// If the dialect does not allow it, the filter is parsed all the same, because the help of the
/// error contains the corrected filter.
fn after_brackets<'s>(
    parser: &mut Parser,
    path: PathRange,
    mut conjunction: LogicalBuilder,
    moved: MovedClause,
    input: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let has_dot = input.first() == Some(&b'.');
    let (rest, sub_attribute) = if has_dot {
        let (rest, name) = attr_name(parser, input.get(1..).unwrap_or(&[]))?;
        let is_clause = is_name(parser.filter.slice(name.start, name.end))
            && operator(skip_whitespace(rest)).is_some();
        if !is_clause {
            let help = "a sub-attribute after `]` is valid in PATCH paths only; in a filter, write \
                        `emails[type eq \"work\" and value eq \"x\"]`";
            return fail(text_after_brackets(parser, input).with_help(help));
        }
        (rest, name)
    } else {
        (input, implied_name(parser, "value"))
    };
    let moved_to =
        if has_dot { sub_attribute.start } else { parser.offset_u32(skip_whitespace(rest)) };
    let (rest, clause) = attr_exp(parser, sub_attribute, skip_whitespace(rest))?;
    conjunction.push(parser, clause);
    let inner = conjunction.finish(parser)?;
    let parsed = parser.push_value_path(path, inner, rest);

    let corrected = parser.filter.root().to_string();
    let syntax = &parser.filter.syntax;
    let (is_allowed, code, message) = if has_dot {
        let is_allowed = syntax.sub_attribute_after_brackets;
        (is_allowed, Code::AcceptedSubAttribute, "a sub-attribute after `]`")
    } else {
        let is_allowed = syntax.operator_after_brackets;
        (is_allowed, Code::AcceptedOperator, "an operator after `]`")
    };
    if !is_allowed {
        let help = format!("write `{corrected}`");
        return fail(text_after_brackets(parser, input).with_help(help));
    }
    let span = Span::new(path.start as usize, parsed.end as usize);
    let fix = moved.fix(moved_to, parsed.end, has_dot, format!("write `{}`", escape(&corrected)));
    parser.filter.warnings.push(Diagnostic::new(code, span, message).with_fix(fix));
    Ok((rest, parsed))
}

/// Parses a word as the name of a sub-attribute. The caller checks it with [`is_name`].
pub(super) fn attr_name<'s>(parser: &Parser, input: Input<'s>) -> ParseResult<'s, PathRange> {
    let (rest, name) = word(input)?;
    let end = parser.offset_u32(rest);
    let start = end - to_u32(name.len());
    Ok((rest, PathRange { start, name: start, dot: 0, end }))
}

/// Appends a name that is not in the source to the text of the filter.
pub(super) fn implied_name(parser: &mut Parser, name: &str) -> PathRange {
    let start = to_u32(parser.filter.text.len());
    parser.filter.text.push_str(name);
    PathRange { start, name: start, dot: 0, end: start + to_u32(name.len()) }
}

/// ```text
/// attrExp = attrPath 1*WS "pr" / attrPath 1*WS compareOp 1*WS compValue
/// ```
/// Parses it from the operator on, after the path and the whitespace. Without whitespace there is
/// no operator, because a path extends to the end of its word.
// PERF: see the module documentation.
#[inline(always)]
pub(super) fn attr_exp<'s>(
    parser: &mut Parser,
    path: PathRange,
    input: Input<'s>,
) -> ParseResult<'s, Parsed> {
    let (rest, operator) = compare_op(parser, path, input)?;
    let operator_start = parser.offset_u32(input);
    parser.count_clause(path.start)?;
    let absent = LiteralRange { kind: LiteralKind::Absent, source_start: 0, start: 0, end: 0 };
    let (rest, literal) =
        if operator.takes_value() { comp_value(parser, operator, rest)? } else { (rest, absent) };
    let end = parser.offset_u32(rest);
    parser.push(
        EntryKind::Clause(ClauseParts { path, operator, operator_start, literal }),
        path.start,
        end,
    );
    Ok((rest, Parsed { end, connective_levels: 0, connective: None }))
}

/// ```text
/// compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "ge" / "lt" / "le"
/// ```
/// or `pr`, ignoring case.
// PERF: see the module documentation.
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
/// The name starts after the last colon, because a URI contains colons. The caller has checked that
/// the first byte is a letter or `$`.
// PERF: inlined (see the module documentation); the common paths, `name` and `name.sub`, are
// scanned once, without `word` and `is_name`.
#[inline(always)]
pub(super) fn attr_path<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, PathRange> {
    let start = parser.offset_u32(input);
    let rest = skip_name(input);
    if at_end_of_word(rest) {
        let end = parser.offset_u32(rest);
        return Ok((rest, PathRange { start, name: start, dot: 0, end }));
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

/// Parses a path that contains a URN, or reports why it is invalid.
fn long_path<'s>(parser: &mut Parser, input: Input<'s>) -> ParseResult<'s, PathRange> {
    let (rest, word) = word(input)?;
    let start = parser.offset(input);
    let name_at = memchr::memrchr(b':', word).map_or(0, |colon| colon + 1);
    let text = parser.text(input, word.len());
    if parser.filter.syntax.urn_dot
        && let Some(dot) = dot_after_urn(text, name_at)
    {
        return Ok((rest, urn_with_dot(parser, start, dot, word.len())));
    }
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
            error.with_help("inside `[...]`, use the bare name of a sub-attribute, such as `type`"),
        );
    }
    Ok((rest, range))
}
