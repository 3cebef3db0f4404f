//! Removes what is around a filter that was copied from somewhere: the name of the parameter,
//! percent-encoding, and the quotes and escapes of another language.

use super::Finding;
use super::words;
use crate::diagnostic::{Code, Safety};
use crate::span::Span;

/// The filter inside an input, and the position of its bytes.
pub(super) struct Peeled {
    pub(super) text: String,
    /// The offset in the source of each byte of the text, and of its end.
    pub(super) origins: Vec<usize>,
    pub(super) findings: Vec<Finding>,
    /// True if the text is a part of the source, so that edits of it are edits of the source.
    pub(super) is_part: bool,
}

pub(super) fn peel(source: &str) -> Peeled {
    let mut peeled = Peeled {
        text: source.to_owned(),
        origins: (0..=source.len()).collect(),
        findings: Vec::new(),
        is_part: true,
    };
    peeled.cut_parameter();
    peeled.cut_statement();
    if peeled.unquote() {
        peeled.cut_parameter();
    }
    peeled.decode_entities();
    // Logs can contain text that was encoded twice.
    for _ in 0..2 {
        if !peeled.decode() {
            break;
        }
        peeled.cut_parameter();
    }
    peeled
}

/// Query parameters of RFC 7644, which can follow a filter in a URL.
const PARAMETERS: &[&str] = &[
    "attributes",
    "count",
    "cursor",
    "excludedattributes",
    "filter",
    "sortby",
    "sortorder",
    "startindex",
];

impl Peeled {
    fn span(&self, start: usize, end: usize) -> Span {
        let origin = |at: usize| self.origins.get(at).copied().unwrap_or_default();
        Span::new(origin(start), origin(end))
    }

    /// Keeps only the bytes from `start` to `end`.
    fn keep(&mut self, start: usize, end: usize) {
        self.text = self.text.get(start..end).unwrap_or("").to_owned();
        self.origins = self.origins.get(start..=end).unwrap_or(&[0]).to_vec();
    }

    /// Replaces the text by one of which each byte has an origin.
    fn replace(&mut self, decoded: Vec<(u8, usize)>, end: usize) -> bool {
        let origins = decoded.iter().map(|(_, at)| self.origins.get(*at).copied().unwrap_or(0));
        let origins: Vec<usize> =
            origins.chain([self.origins.get(end).copied().unwrap_or(0)]).collect();
        let Ok(text) = String::from_utf8(decoded.into_iter().map(|(byte, _)| byte).collect())
        else {
            return false;
        };
        (self.text, self.origins, self.is_part) = (text, origins, false);
        true
    }

    /// Removes `filter=` with what precedes it in a URL, and the parameters after the filter.
    fn cut_parameter(&mut self) {
        let lower = self.text.to_ascii_lowercase();
        let start = lower.match_indices("filter").find_map(|(at, name)| {
            let before = lower.get(..at)?;
            let after = lower.get(at + name.len()..)?;
            let is_first = before.trim().is_empty() || before.ends_with(['?', '&', '$', '-']);
            let is_url = !before.contains(['"', '\'', '(']);
            let mark = if after.starts_with('=') && !after.starts_with("==") {
                1
            } else if after.starts_with(": ") && before.trim().is_empty() {
                2
            } else {
                return None;
            };
            (is_first && is_url).then_some(at + name.len() + mark)
        });
        let end = self.end_of_filter(start);
        if start.is_none() && end == self.text.len() {
            return;
        }
        let (from, old_end) = (start.unwrap_or(0), self.text.len());
        let (prefix, suffix) = (self.span(0, from), self.span(end, old_end));
        for span in [prefix, suffix].into_iter().filter(|span| span.start < span.end) {
            let message = if span == prefix {
                "the name of the parameter is not part of the filter"
            } else {
                "other parameters are not part of the filter"
            };
            let finding = Finding::new(Code::PastedParameter, span, message).help("remove it");
            self.findings.push(finding.edit(Safety::Safe, span, ""));
        }
        self.keep(from, end);
    }

    /// Removes what precedes the condition of an SQL statement.
    fn cut_statement(&mut self) {
        let lower = self.text.to_ascii_lowercase();
        let end = if lower.trim_start().starts_with("select ") {
            lower.find(" where ").map(|at| at + " where ".len())
        } else {
            lower.strip_prefix("where ").map(|_| "where ".len())
        };
        // An attribute can be called `where`.
        let next = end.and_then(|end| lower.get(end..)?.split_whitespace().next());
        let Some(end) = end.filter(|_| next.is_some_and(|word| !words::is_operator(word))) else {
            return;
        };
        let span = self.span(0, end);
        let finding =
            Finding::new(Code::ForeignLanguage, span, "SQL around the condition").help("remove it");
        self.findings.push(finding.edit(Safety::Unsafe, span, ""));
        self.keep(end, self.text.len());
    }

    /// Returns the offset of the parameters after the filter. `start` is that of the filter after
    /// the name of its parameter.
    fn end_of_filter(&self, start: Option<usize>) -> usize {
        let mut in_string = false;
        let mut escaped = false;
        let bytes = self.text.as_bytes();
        for (at, byte) in bytes.iter().enumerate().skip(start.unwrap_or(0)) {
            match byte {
                _ if std::mem::take(&mut escaped) => {}
                b'\\' => escaped = true,
                b'"' => in_string = !in_string,
                b'&' if !in_string => {
                    let rest = self.text.get(at + 1..).unwrap_or("");
                    let name = rest.split('=').next().unwrap_or("");
                    let is_name = name.len() < rest.len()
                        && PARAMETERS.contains(&name.to_ascii_lowercase().as_str());
                    if is_name {
                        return at;
                    }
                }
                b' ' if start.is_some() && !in_string => {
                    let rest = self.text.get(at..).unwrap_or("");
                    if rest.starts_with(" HTTP/") {
                        return at;
                    }
                }
                _ => {}
            }
        }
        self.text.len()
    }

    /// Removes quotes around the whole text, with the escapes inside. Returns true if there were
    /// any.
    fn unquote(&mut self) -> bool {
        let trimmed = self.text.trim();
        let start = self.text.len() - self.text.trim_start().len();
        let end = start + trimmed.len();
        let Some(inner) = ["\"", "'", "`"].into_iter().find_map(|quote| {
            let inner = trimmed.strip_prefix(quote)?.strip_suffix(quote)?;
            let is_escaped = quote == "\"" && (inner.contains("\\\"") || inner.contains("\"\""));
            let is_whole =
                is_escaped || !inner.contains(quote) || quote != "\"" && inner.contains('"');
            let mut words = inner.split_whitespace().skip(1);
            let is_clause = words.any(words::is_operator);
            (is_whole && is_clause).then_some(inner)
        }) else {
            return false;
        };
        let is_double = trimmed.starts_with('"');
        let mut bytes = Vec::new();
        let mut at = start + 1;
        while at < start + 1 + inner.len() {
            let rest = self.text.as_bytes().get(at..).unwrap_or(&[]);
            let pair = rest.get(..2).unwrap_or(&[]);
            let skipped = usize::from(is_double && matches!(pair, b"\\\"" | b"\\\\" | b"\"\""));
            let Some(byte) = rest.get(skipped) else { break };
            bytes.push((*byte, at));
            at += 1 + skipped;
        }
        let span = self.span(start, end);
        if !self.replace(bytes, end) {
            return false;
        }
        let finding = Finding::new(Code::EscapedText, span, "the whole filter is quoted")
            .help("remove the quotes around it and the backslashes before quotes");
        self.findings.push(finding);
        true
    }

    /// Decodes the character references of HTML and XML, and quotes that are escaped as in JSON.
    fn decode_entities(&mut self) {
        const JSON_QUOTE: (&str, u8) = ("\\u0022", b'"');
        const ENTITIES: &[(&str, u8)] = &[
            ("&quot;", b'"'),
            ("&#34;", b'"'),
            ("&apos;", b'\''),
            ("&#39;", b'\''),
            ("&lt;", b'<'),
            ("&gt;", b'>'),
            ("&amp;", b'&'),
        ];
        // Inside of a string, `\u0022` is a legal escape.
        let json_quote = (!self.text.contains('"')).then_some(&JSON_QUOTE);
        let mut decoded = Vec::new();
        let (mut at, mut count) = (0, 0);
        while let Some(byte) = self.text.as_bytes().get(at) {
            let rest = self.text.as_bytes().get(at..).unwrap_or(&[]);
            let is_next = |(name, _): &&(&str, u8)| rest.starts_with(name.as_bytes());
            match ENTITIES.iter().chain(json_quote).find(is_next) {
                Some((name, char)) => {
                    decoded.push((*char, at));
                    at += name.len();
                    count += 1;
                }
                None => {
                    decoded.push((*byte, at));
                    at += 1;
                }
            }
        }
        let (end, span) = (self.text.len(), self.span(0, self.text.len()));
        let is_html = self.text.contains('&');
        if count > 0 && self.replace(decoded, end) {
            let (message, help) = match is_html {
                true => (
                    "the filter is escaped for HTML",
                    "decode `&quot;` and the like before it is parsed",
                ),
                false => ("the quotes are escaped", "write `\"`"),
            };
            let finding = Finding::new(Code::EscapedText, span, message).help(help);
            self.findings.push(finding);
        }
    }

    /// Decodes percent-encoding and `+`. Returns false if there is none.
    fn decode(&mut self) -> bool {
        if self.text.trim().contains(' ') && !has_encoded_blank(&self.text) {
            return false;
        }
        let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        let bytes = self.text.as_bytes();
        let plus = self.text.split('+').nth(1).is_some_and(words::is_operator);
        let mut decoded = Vec::new();
        let (mut at, mut blanks) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
                (b'%', Some(high), Some(low)) => {
                    let byte = u8::try_from(high * 16 + low).unwrap_or(b'?');
                    blanks += usize::from(matches!(byte, b' ' | b'"' | b'%' | b'\''));
                    decoded.push((byte, at));
                    at += 3;
                }
                (b'+', ..) if plus => {
                    blanks += 1;
                    decoded.push((b' ', at));
                    at += 1;
                }
                _ => {
                    decoded.push((*byte, at));
                    at += 1;
                }
            }
        }
        let (end, span) = (bytes.len(), self.span(0, bytes.len()));
        if blanks == 0 || !self.replace(decoded, end) {
            return false;
        }
        if !self.findings.iter().any(|finding| finding.code == Code::UrlEncoded) {
            let finding = Finding::new(Code::UrlEncoded, span, "the filter is percent-encoded")
                .help("decode it before it is parsed");
            self.findings.push(finding);
        }
        true
    }
}

/// Returns whether an encoded space or quote is outside the strings.
fn has_encoded_blank(text: &str) -> bool {
    text.split('"').step_by(2).any(|part| part.contains("%20") || part.contains("%22"))
}
