//! Escapes characters that are invisible or that a terminal interprets, and JSON strings.

use std::fmt::{self, Write};
use unicode_width::UnicodeWidthChar;

/// Escapes characters that are invisible or that a terminal interprets: `\t`, `\u{202e}`.
pub(crate) fn escape(string: &str) -> String {
    let mut escaped = String::with_capacity(string.len());
    for c in string.chars() {
        push_escaped(&mut escaped, c);
    }
    escaped
}

/// Returns the printed width of a character, with combining characters counted as one column:
/// otherwise any number of them would fit into a line.
pub(super) fn positive_width(c: char) -> usize {
    if c.is_ascii_graphic() || c == ' ' { 1 } else { push_escaped(&mut String::new(), c).max(1) }
}

/// Appends a character, escaped if necessary, and returns its width in columns.
pub(super) fn push_escaped(out: &mut String, c: char) -> usize {
    if c.is_ascii_graphic() || c == ' ' {
        out.push(c);
        return 1;
    }
    // Control characters have no width.
    if let Some(width) = c.width().filter(|_| !c.is_whitespace() && !is_invisible(c)) {
        out.push(c);
        return width;
    }
    let old = out.len();
    match c {
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        c => out.extend(c.escape_unicode()),
    }
    out.len() - old
}

/// Writes a JSON string (RFC 8259 section 7).
pub(crate) fn write_json_string(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain_from = 0;
    for (at, char) in text.char_indices() {
        if !needs_escape(char) {
            continue;
        }
        out.write_str(text.get(plain_from..at).unwrap_or(""))?;
        plain_from = at + char.len_utf8();
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_str(text.get(plain_from..).unwrap_or(""))?;
    out.write_char('"')
}

/// Returns whether to escape a character: those that JSON requires, and those that make a string
/// look like another one, which are control, bidirectional formatting and zero-width characters and
/// line separators.
fn needs_escape(char: char) -> bool {
    matches!(char,
        '"' | '\\' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_invisible(c: char) -> bool {
    let index = INVISIBLE.partition_point(|(_, last)| *last < c);
    INVISIBLE.get(index).is_some_and(|(first, _)| *first <= c)
}

/// Characters without a visible form or that change how others are displayed, except controls and
/// whitespace: the Unicode property `Default_Ignorable_Code_Point`, bidirectional and other format
/// controls, and the blank Braille pattern.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use super::{INVISIBLE, is_invisible};

    #[test]
    fn invisible_ranges_are_sorted_and_disjoint() {
        assert!(INVISIBLE.iter().all(|(first, last)| first <= last));
        assert!(INVISIBLE.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(INVISIBLE.iter().all(|&(first, last)| is_invisible(first) && is_invisible(last)));
    }
}
