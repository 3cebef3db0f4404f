//! JSON strings (RFC 8259 section 7): finding their end and decoding their escapes.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::value::swar::{equal_mask, less_mask};

/// Skips a string in double quotes. Returns `None` if it contains an escape or is invalid.
// PERF: part of the clause that is inlined into one function; see the documentation of `parse`.
#[inline(always)]
pub(super) fn skip_plain(input: &[u8]) -> Option<&[u8]> {
    match skip_unescaped(input.get(1..)?, b'"') {
        [b'"', rest @ ..] => Some(rest),
        _ => None,
    }
}

pub(super) struct Scanned {
    /// Length in the source in bytes, quotes included.
    pub(super) len: usize,
    /// True if the string contains escapes.
    pub(super) escaped: bool,
}

/// Finds the end of the string at the start of `input`, whose first byte is the opening quote, and
/// rejects control characters in it. `offset` is the offset of `input` in the source.
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
        // An escaped character never ends the string. `decode` checks the escape.
        match input.get(at) {
            Some(byte) if *byte >= 0x20 => at += 1,
            Some(_) => {}
            None => return Err(unterminated(offset, input.len())),
        }
    }
}

/// Skips all bytes before the first quote, backslash or control character.
// PERF: tests eight bytes per step (SWAR, see `value::swar`) without an alignment prologue, because
// most strings are short. Check with `benches/peers -- --only parse`, F2, and `hostile`, "string".
#[inline(always)]
fn skip_unescaped(mut bytes: &[u8], quote: u8) -> &[u8] {
    while let Some((chunk, rest)) = bytes.split_first_chunk() {
        let special = special_mask(u64::from_le_bytes(*chunk), quote);
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

/// Sets the top bit of each byte of `chunk` that is the quote, a backslash or a control character.
/// The lowest bit set is exact; bits above it may be false positives.
fn special_mask(chunk: u64, quote: u8) -> u64 {
    equal_mask(chunk, quote) | equal_mask(chunk, b'\\') | less_mask(chunk, 0x20)
}

fn control(byte: u8, at: usize) -> Diagnostic {
    let message = format!("control character U+{byte:04X} in a string");
    let error = Diagnostic::new(Code::ControlCharacter, Span::new(at, at + 1), message);
    error.with_label("must be escaped").with_help(format!("write it as an escape: \\u{byte:04x}"))
}

fn unterminated(start: usize, len: usize) -> Diagnostic {
    let error = Diagnostic::new(
        Code::UnterminatedString,
        Span::new(start, start + len.min(1)),
        "the string has no closing quote",
    );
    error.with_label("opened here").with_help(
        "close it with `\"`; inside a string, write a quote as `\\\"` and a backslash as `\\\\`",
    )
}

/// Appends the decoded form of `body`, the part between the quotes, to `out`. `offset` is the
/// offset of `body` in the source.
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
                    Diagnostic::new(Code::BadEscape, span, "invalid escape in a JSON string");
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
                return Err(error.with_help("write a backslash as `\\\\`"));
            }
        });
        rest = after.get(used..).unwrap_or("");
    }
    out.push_str(rest);
    Ok(())
}

/// Decodes `uXXXX`, or `uXXXX\uXXXX` for a surrogate pair. Returns the character and the number of
/// bytes decoded. `start` is the offset of the backslash in the source.
fn unicode(after: &str, start: usize) -> Result<(char, usize), Diagnostic> {
    let span = |len| Span::new(start, start + 1 + len);
    let Some(first) = unit(after) else {
        let width = after.chars().take(5).map(char::len_utf8).sum();
        let error =
            Diagnostic::new(Code::BadEscape, span(width), "`\\u` needs four hexadecimal digits");
        return Err(
            error.with_help("write a character above U+FFFF as a surrogate pair: `\\ud83d\\ude00`")
        );
    };
    if first == 0 {
        let error =
            Diagnostic::new(Code::NulCharacter, span(5), "U+0000 is not allowed in a string");
        return Err(error.with_help("not every database can store U+0000 in a string"));
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
            let error = Diagnostic::new(Code::LoneSurrogate, span(5), "unpaired surrogate");
            Err(error.with_help(
                "write a character above U+FFFF as two escapes, the high surrogate first: \
                 `\\ud83d\\ude00`",
            ))
        }
    }
}

/// Parses `uXXXX` as a UTF-16 code unit.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}
