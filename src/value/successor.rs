//! The end of the range of all strings with a prefix.

/// Returns the least string, in code point order, that is greater than every string with this
/// prefix. Returns `None` if there is none, which is the case if the prefix consists of U+10FFFF.
pub(crate) fn successor(prefix: &str) -> Option<String> {
    let mut next = prefix.to_owned();
    while let Some(last) = next.pop() {
        let above = match last {
            // Surrogates are not characters.
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(above) = above {
            next.push(above);
            return Some(next);
        }
    }
    None
}
