//! Splits text that is not a valid filter into tokens. Every text has tokens.

use crate::diagnostic::Code;
use crate::span::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    String(Quote),
    /// A run of operator characters, such as `==` or `&&`.
    Sign,
    /// One of `(`, `[` and `{`.
    Open,
    /// One of `)`, `]` and `}`.
    Close,
    Comma,
    Semicolon,
    /// A comment up to the end of the line.
    Comment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// `"..."`
    Double,
    /// `'...'`
    Single,
    /// `\"...\"`
    Escaped,
    /// A pair of typographic quotes or of backticks.
    Typographic,
    /// Two different quotes.
    Mixed,
    /// A double quote without a closing one.
    Open,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// The text without invisible characters; of a string, the part between the quotes.
    pub(super) text: String,
    /// True if whitespace or the start of the source precedes the token.
    pub(super) after_blank: bool,
}

impl Token {
    pub(super) fn is(&self, kind: Kind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.kind, Kind::String(_))
    }

    /// Returns whether the token joins two clauses: `and`, `or`, `&&` and the like.
    pub(super) fn connective(&self) -> Option<&'static str> {
        let text =
            if self.text.is_ascii() { None } else { super::words::without_look_alikes(&self.text) };
        let text = text.as_deref().unwrap_or(&self.text);
        match self.kind {
            Kind::Word if text.eq_ignore_ascii_case("and") => Some("and"),
            Kind::Word if text.eq_ignore_ascii_case("or") => Some("or"),
            Kind::Sign if matches!(text, "&&" | "&") => Some("and"),
            Kind::Sign if matches!(text, "||" | "|") => Some("or"),
            _ => None,
        }
    }
}

/// A character outside strings that is invisible or looks like a space.
pub(super) struct Odd {
    pub(super) code: Code,
    pub(super) span: Span,
    pub(super) char: char,
}

/// Maximum number of tokens that are read.
const MAX_TOKENS: usize = 4096;

/// Returns the tokens and the odd characters between them, or `None` if there are too many.
pub(super) fn tokens(source: &str) -> Option<(Vec<Token>, Vec<Odd>)> {
    let mut scanner =
        Scanner { source, at: 0, tokens: Vec::new(), odd: Vec::new(), after_blank: true };
    while scanner.at < source.len() {
        scanner.next();
        if scanner.tokens.len() > MAX_TOKENS || scanner.odd.len() > MAX_TOKENS {
            return None;
        }
    }
    Some((scanner.tokens, scanner.odd))
}

struct Scanner<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    odd: Vec<Odd>,
    after_blank: bool,
}

impl Scanner<'_> {
    fn rest(&self, at: usize) -> &str {
        self.source.get(at..).unwrap_or("")
    }

    fn char(&self, at: usize) -> Option<char> {
        self.rest(at).chars().next()
    }

    fn next(&mut self) {
        let Some(char) = self.char(self.at) else { return };
        let start = self.at;
        if self.skip_blank(char) {
            return;
        }
        let rest = self.rest(start);
        let is_quote = opening(char) || rest.starts_with("\\\"");
        let is_comment = self.after_blank
            && !self.tokens.is_empty()
            && ["--", "//", "/*", "#"].iter().any(|mark| rest.starts_with(mark));
        let (kind, end, text) = match char {
            _ if is_comment => {
                let end = start + rest.find('\n').unwrap_or(rest.len());
                (Kind::Comment, end, String::new())
            }
            _ if is_quote => self.string(start),
            '(' | '[' | '{' => (Kind::Open, start + 1, char.into()),
            ')' | ']' | '}' => (Kind::Close, start + 1, char.into()),
            ',' => (Kind::Comma, start + 1, char.into()),
            ';' => (Kind::Semicolon, start + 1, char.into()),
            char if is_sign(char) => {
                let len = rest.find(|char| !is_sign(char)).unwrap_or(rest.len());
                // `!(` and `=!` are two signs, but no operator ends with `!`.
                let sign = rest.get(..len).unwrap_or("");
                let len = if len > 1 && sign.ends_with('!') { len - 1 } else { len };
                (Kind::Sign, start + len, rest.get(..len).unwrap_or("").into())
            }
            _ => self.word(start),
        };
        let span = Span::new(start, end);
        self.tokens.push(Token { kind, span, text, after_blank: self.after_blank });
        self.after_blank = false;
        self.at = end;
    }

    /// Skips a space or an invisible character.
    fn skip_blank(&mut self, char: char) -> bool {
        let start = self.at;
        let end = start + char.len_utf8();
        let code = match char {
            ' ' | '\t' | '\r' | '\n' => None,
            char if char.is_whitespace() => Some(Code::StrangeBlank),
            char if is_invisible(char) => Some(Code::InvisibleCharacter),
            _ => return false,
        };
        self.after_blank |= code != Some(Code::InvisibleCharacter);
        if let Some(code) = code {
            self.odd.push(Odd { code, span: Span::new(start, end), char });
        }
        self.at = end;
        true
    }

    fn word(&mut self, start: usize) -> (Kind, usize, String) {
        let mut text = String::new();
        let mut end = start;
        while let Some(char) = self.char(end) {
            let ends = char.is_whitespace()
                || matches!(char, '(' | ')' | '[' | ']' | '{' | '}' | '"' | ',' | ';')
                || is_sign(char)
                || (opening(char) && !matches!(char, '\'' | '’' | '‘' | '´' | '`'))
                || self.rest(end).starts_with("\\\"")
                // `eq'bjensen'`
                || (char == '\'' && super::words::strict_operator(&text).is_some());
            if ends && end > start {
                break;
            }
            if is_invisible(char) {
                let span = Span::new(end, end + char.len_utf8());
                self.odd.push(Odd { code: Code::InvisibleCharacter, span, char });
            } else {
                text.push(char);
            }
            end += char.len_utf8();
        }
        (Kind::Word, end, text)
    }

    /// Reads a string: up to its closing quote if that is followed by something that can follow a
    /// value. Otherwise the string ends at the next quote of any kind where that holds, before the
    /// next clause, or at the end.
    fn string(&self, start: usize) -> (Kind, usize, String) {
        let rest = self.rest(start);
        let text = |from: usize, to: usize| self.source.get(from..to).unwrap_or("").to_owned();
        if let Some(inner) = rest.strip_prefix("\\\"") {
            let from = start + 2;
            return match inner.find("\\\"") {
                Some(len) => (Kind::String(Quote::Escaped), from + len + 2, text(from, from + len)),
                None => (Kind::String(Quote::Escaped), self.source.len(), inner.to_owned()),
            };
        }
        let open = self.char(start).unwrap_or('"');
        let from = start + open.len_utf8();
        let found = |at: usize, char: char| {
            let kind = match (open, char) {
                ('"', '"') => Quote::Double,
                ('\'', '\'') => Quote::Single,
                ('"' | '\'', _) | (_, '"' | '\'') => Quote::Mixed,
                _ => Quote::Typographic,
            };
            (Kind::String(kind), at + char.len_utf8(), text(from, at))
        };
        let mut escaped = false;
        let mut closing = None;
        for (offset, char) in self.rest(from).char_indices() {
            let at = from + offset;
            if std::mem::take(&mut escaped) {
                continue;
            }
            if char == '\\' {
                escaped = true;
            } else if closes(open, char) {
                closing = Some((at, char));
                break;
            }
        }
        if let Some((at, char)) = closing
            && (self.can_follow_value(at + char.len_utf8())
                || (open == '"' && (self.is_before_word(at + 1) || self.is_before_string(at + 1))))
        {
            return found(at, char);
        }
        let mut end = from + self.rest(from).trim_end().len();
        let mut in_blank = false;
        for (offset, char) in self.rest(from).char_indices() {
            let at = from + offset;
            let is_other = closing.is_none() && matches!((open, char), ('"', '\'') | ('\'', '"'));
            if (closes(open, char) || closing_of_any(open, char) || is_other)
                && self.can_follow_value(at + char.len_utf8())
            {
                return found(at, char);
            }
            // Once for each run of whitespace.
            let starts_blank = char.is_whitespace() && !std::mem::replace(&mut in_blank, true);
            in_blank &= char.is_whitespace();
            if starts_blank && self.is_before_clause(at) {
                end = at;
                break;
            }
        }
        // Something else follows a string that is closed before a space.
        match closing.filter(|(at, _)| open == '"' && self.is_before_blank(at + 1)) {
            Some((at, char)) => found(at, char),
            None => (Kind::String(Quote::Open), end, text(from, end)),
        }
    }

    /// Returns whether what starts at `at` can follow a value.
    fn can_follow_value(&self, at: usize) -> bool {
        let rest = self.rest(at);
        let after = rest.trim_start();
        let first = first_word(after);
        let has_blank = after.len() < rest.len();
        after.is_empty()
            || after.starts_with([')', ']', '}', ',', ';', '&', '|', '#'])
            || after.starts_with("--")
            || after.starts_with("//")
            || (has_blank && (is_connective(first) || self.is_clause(at + rest.len() - after.len())))
            // The value of a reversed comparison.
            || (has_blank && super::words::is_operator(first))
            || after.starts_with(is_sign)
            || after.starts_with(':')
    }

    /// Returns whether a connective without a space before it starts at `at`.
    fn is_before_word(&self, at: usize) -> bool {
        is_connective(first_word(self.rest(at).trim_start()))
    }

    fn is_before_blank(&self, at: usize) -> bool {
        self.char(at).is_some_and(char::is_whitespace)
    }

    /// Returns whether a space and the start of another string are at `at`.
    fn is_before_string(&self, at: usize) -> bool {
        let after = self.rest(at).trim_start();
        let mut chars = after.chars();
        self.is_before_blank(at)
            && chars.next() == Some('"')
            && chars.next().is_some_and(|char| !char.is_whitespace() && char != '"')
    }

    /// Returns whether a connective and a clause follow the space at `at`.
    fn is_before_clause(&self, at: usize) -> bool {
        let rest = self.rest(at).trim_start();
        let word = first_word(rest);
        let next = rest.get(word.len()..).unwrap_or("").trim_start();
        is_connective(word) && self.is_clause(self.source.len() - next.len())
    }

    /// Returns whether a word and an operator start at `at`.
    fn is_clause(&self, at: usize) -> bool {
        let rest = self.rest(at).trim_start();
        let name = first_word(rest);
        let is_name =
            name.trim_start_matches('(').starts_with(|char: char| char.is_ascii_alphabetic())
                && !name.contains(['"', '\'']);
        let next = rest.get(name.len()..).unwrap_or("").trim_start();
        is_name && super::words::is_operator(first_word(next))
    }
}

/// Returns the first word of `text`, which does not start with whitespace. Of a word that is longer than
/// any name only the start is read, so that a search after each character takes linear time.
fn first_word(text: &str) -> &str {
    const MAX_CHARS: usize = 512;
    let ends =
        |(count, (_, char)): &(usize, (usize, char))| *count == MAX_CHARS || char.is_whitespace();
    let end = text.char_indices().enumerate().find(ends).map_or(text.len(), |(_, (at, _))| at);
    text.get(..end).unwrap_or(text)
}

fn is_connective(word: &str) -> bool {
    let plain = super::words::without_look_alikes(word);
    let word = plain.as_deref().unwrap_or(word);
    matches!(word.to_ascii_lowercase().as_str(), "and" | "or" | "&&" | "||" | "&" | "|")
}

fn is_sign(char: char) -> bool {
    matches!(char, '=' | '<' | '>' | '!' | '&' | '|' | '~' | '^')
}

fn opening(char: char) -> bool {
    matches!(char, '"' | '\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›' | '＂')
        || is_double_prime(char)
}

/// Returns whether `char` is a double prime or an ornamental double quote.
fn is_double_prime(char: char) -> bool {
    matches!(char, '″' | '‶' | 'ʺ' | '˝' | '❝' | '❞' | '〝' | '〞')
}

/// Returns whether `char` is the closing quote of `open`.
fn closes(open: char, char: char) -> bool {
    match open {
        '"' | '\'' => char == open,
        '`' => matches!(char, '`' | '´' | '\''),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '´' => {
            matches!(char, '\u{2018}' | '\u{2019}' | '\u{201b}' | '´')
        }
        '«' => char == '»',
        '»' => char == '«',
        '‹' => char == '›',
        '›' => char == '‹',
        '＂' => char == '＂',
        open if is_double_prime(open) => is_double_prime(char),
        _ => matches!(char, '\u{201c}' | '\u{201d}' | '\u{201f}'),
    }
}

/// Returns whether `char` can be a closing quote although it does not fit `open`.
fn closing_of_any(open: char, char: char) -> bool {
    match open {
        '\'' => matches!(char, '\'' | '\u{2018}' | '\u{2019}' | '´' | '`'),
        _ => matches!(char, '"' | '\u{201c}' | '\u{201d}' | '\u{201f}' | '»' | '«' | '＂'),
    }
}

/// Returns whether a character outside strings is not visible.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
