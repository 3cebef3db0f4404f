//! What the grammar is made of: blanks, words, and why reading stops.

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use nom::bytes::complete::{tag_no_case, take_till, take_while};
use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

pub(super) type Input<'s> = &'s [u8];
pub(super) type Step<'s, T> = IResult<Input<'s>, T, Fault>;

/// Why reading stopped; `None` where a token of nom's own did not fit, which its caller turns into a diagnostic.
#[derive(Debug)]
pub(super) struct Fault(pub(super) Option<Diagnostic>);

impl<'s> ParseError<Input<'s>> for Fault {
    fn from_error_kind(_: Input<'s>, _: ErrorKind) -> Self {
        Self(None)
    }

    fn append(_: Input<'s>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

pub(super) fn stop<T>(diagnostic: Diagnostic) -> Result<T, nom::Err<Fault>> {
    Err(nom::Err::Failure(Fault(Some(diagnostic))))
}

/// WS = SP / HTAB / CR / LF
pub(super) fn blanks(input: Input<'_>) -> Input<'_> {
    let skipped: Step<'_, Input<'_>> = take_while(is_blank).parse(input);
    skipped.map_or(input, |(rest, _)| rest)
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Everything up to the next blank, bracket or double quote.
pub(super) fn word(input: Input<'_>) -> Step<'_, Input<'_>> {
    take_till(|byte| is_blank(byte) || matches!(byte, b'(' | b')' | b'[' | b']' | b'"')).parse(input)
}

pub(super) fn word_operator(input: Input<'_>) -> Option<Operator> {
    let (_, word) = word(input).ok()?;
    Operator::from_name(std::str::from_utf8(word).ok()?)
}

/// The input from the parenthesis on, where it begins with `not` as an operator: with a group behind it.
pub(super) fn not_operator(input: Input<'_>) -> Option<Input<'_>> {
    let not: Step<'_, Input<'_>> = tag_no_case("not".as_bytes()).parse(input);
    let after = blanks(not.ok()?.0);
    (after.first() == Some(&b'(')).then_some(after)
}

/// An absolute URI (RFC 3986) and the colon after it.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.strip_suffix(':').and_then(|uri| uri.split_once(':')) else { return false };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let in_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(in_uri)
}

/// Quotes of any sort in a word say that a string was meant, and its end is anyone's guess.
pub(super) fn is_plain_word(text: &str) -> bool {
    let quote = |char| matches!(char, '\'' | '"' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›');
    !text.is_empty() && !text.chars().any(|char| quote(char) || char == '\\' || char.is_control() || char.is_whitespace())
}
