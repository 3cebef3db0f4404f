//! Finds filters in other text: in query strings of URLs, and as values of the key `filter` in JSON,
//! YAML, TOML and HTTP files.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use scieve::{Diagnostic, Span};

/// A filter in a line of other text.
pub(crate) struct Excerpt {
    /// The line without its end.
    pub(crate) line: String,
    /// The filter, decoded.
    pub(crate) filter: String,
    /// The offset in the line of each byte of the filter, and of its end.
    offsets: Vec<usize>,
    encoding: Encoding,
}

/// How a filter is written in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// As it is.
    Plain,
    /// Percent-encoded, with `+` or `%20` for a space.
    Url,
    /// With the escapes of JSON strings.
    Json,
    /// In single quotes, which are doubled.
    SingleQuotes,
}

/// Characters that are percent-encoded in a query, except those of RFC 3986 section 2.3.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const KEY: &str = "filter";

impl Excerpt {
    /// Returns a diagnostic about the filter as one about the line.
    pub(crate) fn transpose(&self, diagnostic: &Diagnostic) -> Diagnostic {
        diagnostic.transposed(|span| self.place(span), |text| self.encoding.encode(text))
    }

    /// Returns the place in the line of a part of the filter.
    pub(crate) fn place(&self, span: Span) -> Span {
        let offset =
            |at: usize| self.offsets.get(at).or(self.offsets.last()).copied().unwrap_or_default();
        Span::new(offset(span.start), offset(span.end))
    }

    /// Writes text as in the line, for example percent-encoded.
    pub(crate) fn encode(&self, text: &str) -> String {
        self.encoding.encode(text)
    }

    /// Returns the line with another filter in it.
    pub(crate) fn with_filter(&self, filter: &str) -> String {
        let Span { start, end } = self.place(Span::new(0, self.filter.len()));
        let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let (before, after) = (part(self.line.get(..start)), part(self.line.get(end..)));
        format!("{before}{}{after}", self.encoding.encode(filter))
    }
}

impl Encoding {
    fn encode(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => utf8_percent_encode(text, QUERY).to_string(),
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
            Self::SingleQuotes => text.replace('\'', "''"),
        }
    }

    /// Reads one character at the start of `text`. Returns it with its length in the text.
    fn decode(self, text: &str) -> Option<(Decoded, usize)> {
        let char = text.chars().next()?;
        let plain = Some((Decoded::Char(char), char.len_utf8()));
        match (self, char) {
            (Self::Url, '+') => Some((Decoded::Char(' '), 1)),
            (Self::Url, '%') => match text.get(1..3).map(|hex| u8::from_str_radix(hex, 16)) {
                Some(Ok(byte)) => Some((Decoded::Byte(byte), 3)),
                _ => plain,
            },
            (Self::Json, '\\') => {
                let length = if text.get(1..2) == Some("u") { 6 } else { 2 };
                let escape = text.get(..length)?;
                match serde_json::from_str::<String>(&format!("\"{escape}\"")) {
                    Ok(decoded) => decoded.chars().next().map(|char| (Decoded::Char(char), length)),
                    Err(_) => plain,
                }
            }
            (Self::SingleQuotes, '\'') if text.starts_with("''") => Some((Decoded::Char('\''), 2)),
            _ => plain,
        }
    }
}

enum Decoded {
    Char(char),
    Byte(u8),
}

/// Returns the filters in a line.
pub(crate) fn excerpts(line: &str) -> Vec<Excerpt> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find_key(line, from) {
        from = at + KEY.len();
        let Some((span, encoding)) = value(line, at) else { continue };
        from = from.max(span.end);
        found.extend(excerpt(line, span, encoding));
    }
    found
}

/// Returns the offset of the next word `filter`.
fn find_key(line: &str, from: usize) -> Option<usize> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    let rest = line.get(from..)?;
    rest.match_indices(KEY).map(|(at, _)| from + at).find(|at| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        let after = line.get(at + KEY.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Returns the place and encoding of the value of the key at an offset.
fn value(line: &str, key: usize) -> Option<(Span, Encoding)> {
    let before = line.get(..key)?;
    let after = line.get(key + KEY.len()..)?;
    let is_quoted_key = before.ends_with(['"', '\'']);
    let rest = if is_quoted_key { after.strip_prefix(['"', '\''])? } else { after };
    let rest = rest.trim_start();
    let is_parameter = !is_quoted_key && after.starts_with('=');
    let rest = rest.strip_prefix([':', '='])?;
    // `filter:` in a URL or in other text.
    let rest = if is_parameter { rest } else { rest.trim_start() };
    let start = line.len() - rest.len();
    let ending = |end: usize| Span::new(start, start + end);
    if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
        // A string of TOML that can have several lines.
        return None;
    }
    if let Some(inner) = rest.strip_prefix('"') {
        let end = unescaped_quote(inner)?;
        return Some((Span::new(start + 1, start + 1 + end), Encoding::Json));
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let end = inner.replace("''", "__").find('\'')?;
        return Some((Span::new(start + 1, start + 1 + end), Encoding::SingleQuotes));
    }
    if !is_parameter {
        // A value without quotes in YAML.
        let is_key = before.trim_start().trim_start_matches("- ").is_empty() && !is_quoted_key;
        let plain = plain_scalar(rest).filter(|_| is_key && after.starts_with(':'))?;
        return Some((ending(plain.len()), Encoding::Plain));
    }
    // In a URL: encoded up to the next space, or with spaces up to the end.
    let is_in_string = before.matches('"').count() % 2 == 1;
    let stops = |char: char| char.is_whitespace() || "&\"'<>`#".contains(char);
    let token = rest.find(stops).unwrap_or(rest.len());
    let word = rest.get(..token)?;
    if word.contains(['%', '+']) {
        return Some((ending(token), Encoding::Url));
    }
    let mut end = match is_in_string {
        true => unescaped_quote(rest)?,
        false => rest.len(),
    };
    for stop in [" HTTP/", "&"] {
        end = rest.get(..end)?.find(stop).unwrap_or(end);
    }
    let end = rest.get(..end)?.trim_end().len();
    Some((ending(end), if is_in_string { Encoding::Json } else { Encoding::Plain }))
}

/// Returns a value of YAML without quotes and without the comment after it. Returns `None` for a
/// value that is no string, for one that continues on the next lines, and for a single word, which
/// is no filter.
fn plain_scalar(text: &str) -> Option<&str> {
    let end = text.find(" #").unwrap_or(text.len());
    let text = text.get(..end)?.trim_end();
    let is_other = text.starts_with(['[', '{', '*', '&', '!', '|', '>', '%', '@', '`', '#', '<'])
        || text.starts_with("- ");
    let is_word = !text.contains([' ', '=', ':', '(', '%', '+']);
    (!is_other && !is_word).then_some(text)
}

/// Returns the offset of the first `"` that no backslash precedes.
fn unescaped_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// Decodes a value. Returns `None` for a template, and for one that is empty or not UTF-8.
fn excerpt(line: &str, span: Span, encoding: Encoding) -> Option<Excerpt> {
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let (decoded, length) = encoding.decode(line.get(at..span.end)?)?;
        let mut buffer = [0; 4];
        let new = match decoded {
            Decoded::Byte(byte) => {
                buffer[0] = byte;
                buffer.get(..1)?
            }
            Decoded::Char(char) => char.encode_utf8(&mut buffer).as_bytes(),
        };
        bytes.extend_from_slice(new);
        offsets.resize(bytes.len(), at);
        at += length;
    }
    offsets.push(span.end);
    let filter = String::from_utf8(bytes).ok()?;
    let is_template = ["{{", "${", "{%", "<%"].iter().any(|open| filter.starts_with(open))
        || filter.starts_with(['$', '%', '<', ':', '@']) && !filter.contains(' ');
    let is_filter = !filter.trim().is_empty() && !is_template;
    is_filter.then(|| Excerpt { line: line.to_owned(), filter, offsets, encoding })
}

#[cfg(test)]
mod tests {
    use super::excerpts;
    use scieve::Span;

    #[test]
    fn filters_are_found_in_urls_and_files() {
        for (line, expected) in [
            (
                r#"1.2.3.4 - "GET /Users?filter=userName%20eq%20%22b%22&count=1 HTTP/1.1" 200"#,
                r#"userName eq "b""#,
            ),
            ("GET /Users?count=1&filter=userName+eq+%22%C3%A9%22 HTTP/1.1", r#"userName eq "é""#),
            (r#"GET https://x/Users?filter=userName eq "b" HTTP/1.1"#, r#"userName eq "b""#),
            (
                r#"{"url": "https://x/Users?filter=userName eq \"b\"&count=1"}"#,
                r#"userName eq "b""#,
            ),
            (r#"  "filter": "userName eq \"\u00e9\"","#, r#"userName eq "é""#),
            (r#"filter = 'userName eq "b"'"#, r#"userName eq "b""#),
            (r#"  filter: userName eq "b""#, r#"userName eq "b""#),
            (r#"- filter: userName eq "b" # of YAML"#, r#"userName eq "b""#),
            (r##"filter: userName eq "#b""##, r##"userName eq "#b""##),
            (r#"list(filter="userName eq \"b\"")"#, r#"userName eq "b""#),
        ] {
            let found = excerpts(line);
            let filters: Vec<&str> = found.iter().map(|one| one.filter.as_str()).collect();
            assert_eq!(filters, [expected], "{line}");
            let excerpt = &found[0];
            // The same filter in its place gives a line that reads alike.
            let again = excerpts(&excerpt.with_filter(expected));
            assert_eq!(again[0].filter, expected, "{line}");
            let name = excerpt.place(Span::new(0, 8));
            assert_eq!(name.text(line), Some("userName"), "{line}");
        }
        for line in [
            "filters=a",
            "the filter: of a sentence",
            "filter={{query}}",
            "\"filter\": 5",
            "filter=",
            "filter: true",
            "filter: ~",
            "  filter: >-",
            "- filter: |",
            "filter: [a, b]",
            "filter: {a: b}",
            "filter: *alias",
            "filter: &anchor x",
            "filter: !!str x",
            "filter: lanczos # of images",
            "filter = \"\"\"",
            "filter = '''title pr'''",
            "\"filter\": \"$filter\"",
            "filter=:filter",
        ] {
            assert!(excerpts(line).is_empty(), "{line}");
        }
    }
}
