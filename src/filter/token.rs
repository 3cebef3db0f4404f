//! Lexical elements of the grammar: whitespace, words, names and URIs.

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use nom::bytes::complete::take_till;
use nom::error::ErrorKind;
use nom::{IResult, Parser as _};

/// The rest of the source, from the current position on.
pub(super) type Input<'s> = &'s [u8];
pub(super) type ParseResult<'s, T> = IResult<Input<'s>, T, ParseError>;

/// A parse error. `None` is the error of a nom combinator, which the caller replaces by a
/// diagnostic.
#[derive(Debug)]
pub(super) struct ParseError(pub(super) Option<Diagnostic>);

impl<'s> nom::error::ParseError<Input<'s>> for ParseError {
    fn from_error_kind(_: Input<'s>, _: ErrorKind) -> Self {
        Self(None)
    }

    fn append(_: Input<'s>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Returns an error that no alternative of the grammar can recover from.
pub(super) fn fail<T>(diagnostic: Diagnostic) -> Result<T, nom::Err<ParseError>> {
    Err(nom::Err::Failure(ParseError(Some(diagnostic))))
}

// Classes of bytes, one bit each.
const WHITESPACE: u8 = 1;
const ENDS_WORD: u8 = 2;
const IN_NAME: u8 = 4;
const IN_URI: u8 = 8;
const STARTS_NAME: u8 = 16;

// PERF: one load and mask per byte, instead of a comparison with each byte of the class.
const CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time only, where an invalid index is a compile error"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' | b'\r' | b'\n' => WHITESPACE | ENDS_WORD,
            b'(' | b')' | b'[' | b']' | b'"' => ENDS_WORD,
            b'a'..=b'z' | b'A'..=b'Z' | b'$' => STARTS_NAME | IN_NAME | IN_URI,
            b'0'..=b'9' | b'-' | b'_' => IN_NAME | IN_URI,
            b'.' | b'~' | b':' | b'/' | b'?' | b'#' | b'@' | b'!' | b'&' | b'\'' | b'*' | b'+'
            | b',' | b';' | b'=' | b'%' => IN_URI,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Skips whitespace: space, tab, carriage return and line feed.
// PERF: inlined without a loop for the two common cases, a single space and no whitespace. Part of
// the change that halved the time of `parse`; check with `benches/peers -- --only parse`, F2.
#[inline(always)]
pub(super) fn skip_whitespace(input: Input<'_>) -> Input<'_> {
    match input {
        [b' ', rest @ ..] if rest.first().is_some_and(|byte| *byte > b' ') => rest,
        [first, ..] if *first > b' ' => input,
        [] => input,
        _ => skip_whitespace_run(input),
    }
}

// PERF: kept out of line, so that the loop does not grow every caller of `skip_whitespace`.
#[inline(never)]
fn skip_whitespace_run(mut input: Input<'_>) -> Input<'_> {
    while let [first, rest @ ..] = input
        && is(*first, WHITESPACE)
    {
        input = rest;
    }
    input
}

/// Parses everything up to the next whitespace, parenthesis, bracket or double quote.
pub(super) fn word(input: Input<'_>) -> ParseResult<'_, Input<'_>> {
    take_till(|byte| is(byte, ENDS_WORD)).parse(input)
}

/// Returns whether a word before `input` ends there.
pub(super) fn at_end_of_word(input: Input<'_>) -> bool {
    input.first().is_none_or(|byte| is(*byte, ENDS_WORD))
}

/// Returns whether `input` starts with the first character of a name: a letter or `$`.
pub(super) fn starts_name(input: Input<'_>) -> bool {
    input.first().is_some_and(|byte| is(*byte, STARTS_NAME))
}

/// Skips the characters of a name. The caller checks the first one with [`starts_name`].
// PERF: part of the clause that is inlined into one function; see the documentation of `parse`.
#[inline(always)]
pub(super) fn skip_name(input: Input<'_>) -> Input<'_> {
    let mut rest = input.iter();
    while rest.as_slice().first().is_some_and(|byte| is(*byte, IN_NAME)) {
        rest.next();
    }
    rest.as_slice()
}

/// Parses an operator that is a whole word.
pub(super) fn operator(input: Input<'_>) -> Option<(Input<'_>, Operator)> {
    let (name, rest) = input.split_first_chunk()?;
    let operator = Operator::from_bytes(*name)?;
    at_end_of_word(rest).then_some((rest, operator))
}

/// Parses `not` as an operator, which requires a parenthesis after it. Returns the input from the
/// parenthesis on.
pub(super) fn not_operator(input: Input<'_>) -> Option<Input<'_>> {
    let [b'n' | b'N', b'o' | b'O', b't' | b'T', rest @ ..] = input else { return None };
    let after = skip_whitespace(rest);
    (after.first() == Some(&b'(')).then_some(after)
}

/// Returns whether `text` is an absolute URI (RFC 3986) followed by a colon.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.strip_suffix(':').and_then(|uri| uri.split_once(':')) else {
        return false;
    };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| is(byte, IN_URI))
}

/// Returns whether a word can be accepted as an unquoted string. A word that contains any kind of
/// quote cannot, because it is ambiguous where the intended string ends.
pub(super) fn is_plain_word(text: &str) -> bool {
    let quote = |char| {
        matches!(char, '\'' | '"' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›')
    };
    !text.is_empty()
        && !text
            .chars()
            .any(|char| quote(char) || char == '\\' || char.is_control() || char.is_whitespace())
}
