//! JSON strings (RFC 8259 section 7), decoded.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::value::swar::{equal_mask, less_mask};

/// What follows the string in double quotes at the start of `input`; `None` where it holds an escape or a error.
#[inline(always)]
pub(super) fn skip_plain(input: &[u8]) -> Option<&[u8]> {
    match skip_unescaped(input.get(1..)?, b'"') {
        [b'"', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A string that was read: how many bytes of the text it took, quotes included, and whether it holds escapes.
pub(super) struct Scanned {
    pub(super) len: usize,
    pub(super) escaped: bool,
}

/// Finds the end of the string at the start of `input`, whose first byte is the opening quote, and checks all between.
/// `offset` is where `input` starts in the source.
pub(super) fn scan(input: &[u8], offset: usize) -> Result<Scanned, Diagnostic> {
    let quote = input.first().copied().unwrap_or(b'"');
    let mut at = 1;
    let mut escaped = false;
    loop {
        let rest = input.get(at..).unwrap_or(&[]);
        let special = skip_unescaped(rest, quote);
        at += rest.len() - special.len() + 1;
        match special.first() {
            Some(byte) if *byte == quote => return Ok(Scanned { len: at, escaped }),
            Some(b'\\') => {}
            Some(byte) => return Err(control(*byte, offset + at - 1)),
            None => return Err(unterminated(offset, input.len())),
        }
        escaped = true;
        // Whatever is escaped cannot end the string; `decode` looks at what it is.
        match input.get(at) {
            Some(byte) if *byte >= 0x20 => at += 1,
            Some(_) => {}
            None => return Err(unterminated(offset, input.len())),
        }
    }
}

/// From the first byte on that ends a string, begins an escape or has to be escaped.
#[inline(always)]
fn skip_unescaped(mut bytes: &[u8], quote: u8) -> &[u8] {
    // Most texts are short: eight bytes at a time need no start of their own.
    while let Some((eight, rest)) = bytes.split_first_chunk() {
        let special = specials(u64::from_le_bytes(*eight), quote);
        if special != 0 {
            return bytes.get(special.trailing_zeros() as usize / 8..).unwrap_or(&[]);
        }
        bytes = rest;
    }
    while let [first, rest @ ..] = bytes
        && *first != quote
        && *first != b'\\'
        && *first >= 0x20
    {
        bytes = rest;
    }
    bytes
}

/// The top bit of each of the eight bytes that is the quote, a backslash or a control character; exact up to the first of them.
fn specials(eight: u64, quote: u8) -> u64 {
    equal_mask(eight, quote) | equal_mask(eight, b'\\') | less_mask(eight, 0x20)
}

fn control(byte: u8, at: usize) -> Diagnostic {
    let message = format!("control character U+{byte:04X} in a string");
    let error = Diagnostic::new(Code::ControlCharacter, Span::new(at, at + 1), message);
    error.label("not allowed as it is").with_help(format!("write it as an escape: \\u{byte:04x}"))
}

fn unterminated(start: usize, len: usize) -> Diagnostic {
    let error = Diagnostic::new(
        Code::UnterminatedString,
        Span::new(start, start + len.min(1)),
        "the string has no closing quote",
    );
    error
        .label("opened here")
        .with_help("close it with `\"`; inside, a quote is written `\\\"` and a backslash `\\\\`")
}

/// Appends the decoded form of `body`, the text between the quotes, to `out`.
pub(super) fn decode(
    body: &str,
    offset: usize,
    quote: char,
    out: &mut String,
) -> Result<(), Diagnostic> {
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let start = offset + (body.len() - rest.len()) + at;
        let after = rest.get(at + 1..).unwrap_or("");
        let escape = after.chars().next().unwrap_or('\\');
        let mut used = escape.len_utf8();
        out.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\'' if quote == '\'' => '\'',
            'u' => {
                let (char, len) = unicode(after, start)?;
                used = len;
                char
            }
            _ => {
                let span = Span::new(start, start + 1 + used);
                let error =
                    Diagnostic::new(Code::BadEscape, span, "JSON strings have no such escape");
                let error = error.expecting(&[
                    "`\\\"`",
                    "`\\\\`",
                    "`\\/`",
                    "`\\b`",
                    "`\\f`",
                    "`\\n`",
                    "`\\r`",
                    "`\\t`",
                    "`\\uXXXX`",
                ]);
                return Err(error.with_help("a backslash itself is written twice: `\\\\`"));
            }
        });
        rest = after.get(used..).unwrap_or("");
    }
    out.push_str(rest);
    Ok(())
}

/// Reads `uXXXX`, or `uXXXX\uXXXX` for a character beyond U+FFFF: the character and the length taken.
fn unicode(after: &str, start: usize) -> Result<(char, usize), Diagnostic> {
    let span = |len| Span::new(start, start + 1 + len);
    let Some(first) = unit(after) else {
        let width = after.chars().take(5).map(char::len_utf8).sum();
        let error =
            Diagnostic::new(Code::BadEscape, span(width), "`\\u` needs four hexadecimal digits");
        return Err(
            error.with_help("a character beyond U+FFFF is written as two: `\\ud83d\\ude00`")
        );
    };
    if first == 0 {
        let error =
            Diagnostic::new(Code::NulCharacter, span(5), "U+0000 is not allowed in a string");
        return Err(error.with_help("no database stores it in a text, so no value can equal it"));
    }
    let low = after.get(5..).and_then(|rest| rest.strip_prefix('\\')).and_then(unit);
    let mut units = [first, low.unwrap_or(0)];
    let take = if matches!(first, 0xd800..=0xdbff) && matches!(units, [_, 0xdc00..=0xdfff]) {
        2
    } else {
        1
    };
    if take == 1 {
        units = [first, 0];
    }
    match char::decode_utf16(units.into_iter().take(take)).next() {
        Some(Ok(char)) => Ok((char, if take == 2 { 11 } else { 5 })),
        _ => {
            let error = Diagnostic::new(Code::LoneSurrogate, span(5), "half of a surrogate pair");
            Err(error.with_help("a character beyond U+FFFF is written as two escapes, the high half first: `\\ud83d\\ude00`"))
        }
    }
}

fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}
