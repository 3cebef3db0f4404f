//! What the grammar is made of: skip_whitespace, words, and why reading stops.

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use nom::bytes::complete::take_till;
use nom::error::ErrorKind;
use nom::{IResult, Parser as _};

pub(super) type Input<'s> = &'s [u8];
pub(super) type ParseResult<'s, T> = IResult<Input<'s>, T, ParseError>;

/// Why reading stopped; `None` where a token of nom's own did not fit, which its caller turns into a diagnostic.
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

pub(super) fn fail<T>(diagnostic: Diagnostic) -> Result<T, nom::Err<ParseError>> {
    Err(nom::Err::Failure(ParseError(Some(diagnostic))))
}

/// What a byte can be: a bit each.
const BLANK: u8 = 1;
const ENDS_WORD: u8 = 2;
const IN_NAME: u8 = 4;
const IN_URI: u8 = 8;
const STARTS_NAME: u8 = 16;

/// One look instead of a comparison for each byte that there is a rule for.
const CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time only, where a bad index is a compile error"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' | b'\r' | b'\n' => BLANK | ENDS_WORD,
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

/// WS = SP / HTAB / CR / LF
///
/// Nearly always there is one space, or nothing: that takes no loop.
#[inline(always)]
pub(super) fn skip_whitespace(input: Input<'_>) -> Input<'_> {
    match input {
        [b' ', rest @ ..] if rest.first().is_some_and(|byte| *byte > b' ') => rest,
        [first, ..] if *first > b' ' => input,
        [] => input,
        _ => skip_whitespace_run(input),
    }
}

/// Whatever blanks there are; out of the way of the one that is usual.
#[inline(never)]
fn skip_whitespace_run(mut input: Input<'_>) -> Input<'_> {
    while let [first, rest @ ..] = input
        && is(*first, BLANK)
    {
        input = rest;
    }
    input
}

/// Everything up to the next blank, bracket or double quote.
pub(super) fn word(input: Input<'_>) -> ParseResult<'_, Input<'_>> {
    take_till(|byte| is(byte, ENDS_WORD)).parse(input)
}

/// Whether a word that goes up to here ends here.
pub(super) fn at_end_of_word(input: Input<'_>) -> bool {
    input.first().is_none_or(|byte| is(*byte, ENDS_WORD))
}

/// Whether a name can begin here.
pub(super) fn starts_name(input: Input<'_>) -> bool {
    input.first().is_some_and(|byte| is(*byte, STARTS_NAME))
}

/// The input behind the letters, digits and other bytes of a name; what its first one may be is not asked.
#[inline(always)]
pub(super) fn skip_name(input: Input<'_>) -> Input<'_> {
    let mut rest = input.iter();
    while rest.as_slice().first().is_some_and(|byte| is(*byte, IN_NAME)) {
        rest.next();
    }
    rest.as_slice()
}

/// The operator that is the next word, and what follows it.
pub(super) fn operator(input: Input<'_>) -> Option<(Input<'_>, Operator)> {
    let (name, rest) = input.split_first_chunk()?;
    let operator = Operator::from_bytes(*name)?;
    at_end_of_word(rest).then_some((rest, operator))
}

/// The input from the parenthesis on, where it begins with `not` as an operator: with a group behind it.
pub(super) fn not_operator(input: Input<'_>) -> Option<Input<'_>> {
    let [b'n' | b'N', b'o' | b'O', b't' | b'T', rest @ ..] = input else { return None };
    let after = skip_whitespace(rest);
    (after.first() == Some(&b'(')).then_some(after)
}

/// An absolute URI (RFC 3986) and the colon after it.
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

/// Quotes of any sort in a word say that a string was meant, and its end is anyone's guess.
pub(super) fn is_plain_word(text: &str) -> bool {
    let quote = |char| {
        matches!(char, '\'' | '"' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›')
    };
    !text.is_empty()
        && !text
            .chars()
            .any(|char| quote(char) || char == '\\' || char.is_control() || char.is_whitespace())
}
