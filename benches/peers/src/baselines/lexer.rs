//! A lexer that builds nothing: no parser can be faster than finding the ends of its tokens.

use memchr::memchr2;

/// Returns the number of tokens, or `None` if a string is unterminated.
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
            _ => {
                at + bytes[at..]
                    .iter()
                    .position(|byte| is_end_of_word(*byte))
                    .unwrap_or(bytes.len() - at)
            }
        };
        tokens += 1;
    }
    Some(tokens)
}

/// Returns the index after the closing quote of the string whose content starts at `at`.
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
