//! Tokens and nothing more: no reader can be faster than finding out where its words end.

use memchr::memchr2;

/// How many tokens the text has; `None` where a string does not end.
pub(crate) fn tokens(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'(' | b')' | b'[' | b']' => at + 1,
            b'"' => string_end(bytes, at + 1)?,
            _ => at + bytes[at..].iter().position(|byte| is_end_of_word(*byte)).unwrap_or(bytes.len() - at),
        };
        tokens += 1;
    }
    Some(tokens)
}

/// Behind the closing quote of the string whose first byte is at `at`.
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

pub(crate) fn is_end_of_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b'[' | b']' | b'"')
}
