//! Reads comparison values.

use super::Finding;
use super::read::{Operand, Reader};
use super::token::{Kind, Quote, Token};
use super::words;
use crate::diagnostic::{Code, Safety, quoted};
use crate::operator::Operator;
use crate::snippet::write_json_string;
use crate::span::Span;
use crate::value::number::is_number;

/// A value as JSON, with the mistake in how it is written.
pub(super) struct Literal {
    pub(super) text: String,
    pub(super) finding: Option<Finding>,
}

impl Reader<'_> {
    /// Reads a value after the operator at `operator`. Returns its text as JSON.
    pub(super) fn value(&mut self, operator: Span) -> Option<String> {
        let missing = |reader: &mut Self| {
            let name = reader.slice(operator).to_owned();
            let end = Span::new(operator.end, operator.end);
            let message = format!("missing value after {}", quoted(&name));
            reader.report(Finding::new(Code::ExpectedValue, end, message));
            None
        };
        let Some(token) = self.peek(0).cloned() else { return missing(self) };
        match token.kind {
            Kind::String(_) => {
                self.at += 1;
                let Literal { text, finding } = self.literal(&token);
                let is_glued = !token.after_blank
                    && token.span.start == operator.end
                    && self.is_word_before(operator);
                if let Some(mut finding) = finding {
                    if let Some((_, text)) = finding.edits.first_mut().filter(|_| is_glued) {
                        text.insert(0, ' ');
                    }
                    self.report(finding);
                } else if is_glued {
                    let finding = Finding::new(
                        Code::MissingBlank,
                        token.span,
                        "missing whitespace between the operator and the value",
                    );
                    let at = Span::new(token.span.start, token.span.start);
                    self.report(finding.help("add a space before it").edit(Safety::Safe, at, " "));
                }
                Some(text)
            }
            Kind::Word if token.connective().is_some() && self.starts_operand(1) => missing(self),
            Kind::Word => self.word_value(&token),
            Kind::Close | Kind::Comma | Kind::Semicolon | Kind::Comment => missing(self),
            _ if token.connective().is_some() => missing(self),
            Kind::Open | Kind::Sign => {
                let message =
                    format!("{} is not a valid comparison value", quoted(self.slice(token.span)));
                self.report(Finding::new(Code::BadValue, token.span, message));
                self.at += 1;
                None
            }
        }
    }

    /// Returns whether the operator is a word here: signs are replaced with the spaces around them.
    fn is_word_before(&self, operator: Span) -> bool {
        self.slice(operator).starts_with(|char: char| char.is_ascii_alphabetic())
    }

    fn word_value(&mut self, token: &Token) -> Option<String> {
        let text = token.text.as_str();
        if is_placeholder(text) {
            self.at += 1;
            let message = format!("{} is not a valid comparison value", quoted(text));
            let finding = Finding::new(Code::BadValue, token.span, message);
            self.report(finding.help("replace the placeholder by a value in double quotes"));
            return None;
        }
        if self.peek(1).is_some_and(|next| next.is(Kind::Open, "(") && !next.after_blank)
            && (words::is_function(text)
                || self.peek(2).is_some_and(|next| next.is(Kind::Close, ")") || next.is_string()))
        {
            return self.called_value(token);
        }
        let ends_here = self.is_end_of_value(1);
        if ends_here {
            let literal = self.literal(token);
            self.at += 1;
            self.findings.extend(literal.finding);
            return Some(literal.text);
        }
        // The whole text up to the next clause.
        let mut count = 1;
        while !self.is_end_of_value(count) {
            count += 1;
        }
        self.at += count;
        let span = token.span.to(Span::new(self.end(), self.end()));
        let source = self.slice(span).trim();
        // A closing quote without an opening one.
        let text = match source.strip_suffix(['"', '\'']) {
            Some(text) if !text.contains(['"', '\'']) => text,
            _ => source,
        };
        let is_certain = text == source && !source.contains(char::is_whitespace);
        let safety = if is_certain { Safety::Safe } else { Safety::Unsafe };
        let whole = json(text);
        let message = format!("{} is not a valid comparison value", quoted(self.slice(span)));
        let finding = Finding::new(Code::BadValue, span, message);
        let finding = finding.help(format!("strings need double quotes: {}", quoted(&whole)));
        self.report(finding.edit(safety, span, whole.clone()));
        Some(whole)
    }

    /// Returns whether the token cannot belong to an unquoted value that starts at the next token.
    fn is_end_of_value(&self, ahead: usize) -> bool {
        let Some(token) = self.peek(ahead) else { return true };
        if matches!(token.kind, Kind::Close | Kind::Comma | Kind::Semicolon | Kind::Comment) {
            return true;
        }
        if !token.after_blank && token.kind != Kind::Open {
            return false;
        }
        if let Some(name) = token.connective() {
            // `Research and Development` is one value, `jane or john` are two.
            let is_text = name == "and"
                && token.text != "&&"
                && self.peek(ahead + 1).is_some_and(|next| next.kind == Kind::Word)
                && !self.starts_operand(ahead + 1);
            return !is_text;
        }
        match token.kind {
            Kind::Word => {
                let next = self.peek(ahead + 1);
                let is_operator = next.is_some_and(|next| match next.kind {
                    Kind::Word => words::is_operator(&next.text),
                    Kind::Sign => words::operator(&next.text).is_some(),
                    Kind::Open => next.text == "[",
                    _ => false,
                });
                is_operator
                    || (token.is_word("not") && next.is_some_and(|next| next.kind == Kind::Open))
            }
            _ => true,
        }
    }

    /// Returns the value of one token.
    pub(super) fn literal(&self, token: &Token) -> Literal {
        match token.kind {
            Kind::String(quote) => self.string(token, quote),
            _ => word(token),
        }
    }

    fn string(&self, token: &Token, quote: Quote) -> Literal {
        let span = token.span;
        let source = self.slice(span);
        let right = |text: String| Literal { text, finding: None };
        let wrong = |code, span: Span, message: &'static str, safety, text: String| {
            let finding = Finding::new(code, span, message);
            let finding = finding.help(format!("write {}", quoted(&text)));
            Literal { finding: Some(finding.edit(safety, token.span, text.clone())), text }
        };
        match quote {
            Quote::Double => match bad_escape(&token.text) {
                None => {
                    if let Some(text) = plain_json(&token.text) {
                        right(text)
                    } else if let Some(inner) = doubly_quoted(&token.text) {
                        let message = "the quotes are doubled";
                        wrong(Code::BadValue, span, message, Safety::Unsafe, json(inner))
                    } else {
                        let text = format!("\"{}\"", with_escapes(&token.text));
                        let control = token.text.find(is_control);
                        match control.filter(|_| !has_bare_quote(&token.text)) {
                            Some(at) => {
                                let start = span.start + 1 + at;
                                let place = Span::new(start, start + 1);
                                let message = "control characters in a string need an escape";
                                wrong(Code::ControlCharacter, place, message, Safety::Unsafe, text)
                            }
                            None => {
                                let message = "quotes inside a string need a backslash";
                                wrong(Code::BadValue, span, message, Safety::Unsafe, text)
                            }
                        }
                    }
                }
                Some(BadEscape { at, len, is_only }) => {
                    let start = span.start + 1 + at;
                    let place = Span::new(start, start + len);
                    let text = format!("\"{}\"", doubled_backslashes(&token.text));
                    let safety = if is_only { Safety::Safe } else { Safety::Unsafe };
                    wrong(Code::BadEscape, place, "invalid escape in a JSON string", safety, text)
                }
            },
            Quote::Single => {
                let inner = token.text.replace("''", "'");
                let text = json(&unescaped(&inner, '\''));
                let has_quote =
                    inner.replace("\\'", "").contains('\'') && !token.text.contains("''");
                if has_quote {
                    let message = "an apostrophe inside single quotes";
                    wrong(Code::UnterminatedString, span, message, Safety::Unsafe, text)
                } else if self.syntax.single_quotes {
                    let message = "a string in single quotes";
                    wrong(Code::AcceptedSingleQuotes, span, message, Safety::Safe, text)
                } else {
                    let message = "strings need double quotes, not single quotes";
                    wrong(Code::BadValue, span, message, Safety::Safe, text)
                }
            }
            Quote::Escaped => {
                let text = json(&unescaped(&token.text.replace("\\\\", "\\"), '"'));
                let message = "quotes around a string have no backslash";
                wrong(Code::EscapedText, span, message, Safety::Safe, text)
            }
            Quote::Typographic => {
                let text = json(&unescaped(&token.text, '"'));
                let message = "typographic quotes instead of `\"`";
                wrong(Code::TypographicQuotes, span, message, Safety::Safe, text)
            }
            Quote::Mixed => {
                let first = source.chars().next().map_or(0, char::len_utf8);
                let last = source.chars().next_back().map_or(0, char::len_utf8);
                let is_first_right = source.starts_with(['"', '\'']);
                let place = if is_first_right {
                    Span::new(span.end - last, span.end)
                } else {
                    Span::new(span.start, span.start + first)
                };
                let text = json(&unescaped(&token.text, '"'));
                let message = "two different quotes around a string";
                let code = match source.ends_with(['"', '\'']) && is_first_right {
                    true => Code::UnterminatedString,
                    false => Code::TypographicQuotes,
                };
                wrong(code, place, message, Safety::Unsafe, text)
            }
            Quote::Open => {
                let first = source.chars().next().map_or(0, char::len_utf8);
                let place = Span::new(span.start, span.start + first);
                let text = json(&unescaped(&token.text, '"'));
                let message = "the string has no closing quote";
                wrong(Code::UnterminatedString, place, message, Safety::Unsafe, text)
            }
        }
    }

    /// Reads values in parentheses after an operator: one value, or several joined by `or`, `and`
    /// or commas.
    pub(super) fn value_group(
        &mut self,
        start: Span,
        path: &str,
        operator: Operator,
    ) -> Option<Operand> {
        let open = self.peek(0)?.clone();
        let before = self.at;
        let Some((values, joint, close)) = self.values() else {
            self.at = before;
            return None;
        };
        let comparisons: Vec<String> = values
            .iter()
            .skip(1)
            .map(|value| format!(" {joint} {path} {operator} {value}"))
            .collect();
        let first = values.first()?;
        let span = open.span.to(close);
        let (code, message) = match comparisons.is_empty() {
            true => (Code::BadValue, "a value has no parentheses"),
            false => (Code::EllipticOperand, "each side of a connective is a whole comparison"),
        };
        let text = format!("{first}{}", comparisons.concat());
        let finding =
            Finding::new(code, span, message).help(format!("write `{path} {operator} {text}`"));
        let space = if open.after_blank { "" } else { " " };
        let position = self.report(finding.edit(Safety::Safe, span, format!("{space}{text}")));
        let mut operand = Operand::new(Span::new(start.start, self.end()));
        if joint == "or" && !comparisons.is_empty() {
            operand.disjunction = Some(position);
        }
        Some(operand)
    }

    /// Reads a list of values in brackets. Returns them as JSON, with the connective between them
    /// and the position of the closing bracket.
    pub(super) fn values(&mut self) -> Option<(Vec<String>, &'static str, Span)> {
        self.next().filter(|token| token.kind == Kind::Open)?;
        let (mut values, mut joint) = (Vec::new(), "or");
        loop {
            let token = self.next()?;
            match token.kind {
                Kind::Close => break,
                Kind::Comma | Kind::Semicolon => {}
                _ if token.connective().is_some() => joint = token.connective()?,
                Kind::String(Quote::Open) => return None,
                Kind::String(_) | Kind::Word => values.push(self.literal(&token).text),
                _ => return None,
            }
        }
        let close = Span::new(self.end() - 1, self.end());
        (!values.is_empty()).then_some((values, joint, close))
    }
}

/// Returns the value of a word.
fn word(token: &Token) -> Literal {
    let (text, span) = (token.text.as_str(), token.span);
    let lower = text.to_ascii_lowercase();
    let right = |text: &str| Literal { text: text.into(), finding: None };
    let wrong = |message: String, safety, right: String| {
        let finding = Finding::new(Code::BadValue, span, message);
        let finding = finding.help(format!("write {}", quoted(&right)));
        Literal { finding: Some(finding.edit(safety, span, right.clone())), text: right }
    };
    let message = || format!("{} is not a valid comparison value", quoted(text));
    match lower.as_str() {
        "true" | "false" | "null" if text == lower => return right(text),
        "true" | "false" | "null" => {
            return wrong(format!("{} is written in lowercase", quoted(text)), Safety::Safe, lower);
        }
        "nil" | "none" | "undefined" if text != "none" => {
            return wrong(message(), Safety::Unsafe, "null".into());
        }
        _ => {}
    }
    if is_number(text) {
        return right(text);
    }
    let number = text.strip_prefix('+').unwrap_or(text);
    let number = if number.starts_with('.') { format!("0{number}") } else { number.to_owned() };
    let number = number.strip_suffix('.').unwrap_or(&number);
    if is_number(number) {
        return wrong(message(), Safety::Safe, number.to_owned());
    }
    let right = json(text);
    let finding = Finding::new(Code::BadValue, span, message())
        .help(format!("strings need double quotes: {}", quoted(&right)));
    Literal { finding: Some(finding.edit(Safety::Safe, span, right.clone())), text: right }
}

/// Returns whether an unquoted value stands for one that should have been inserted.
fn is_placeholder(text: &str) -> bool {
    text == "?"
        || text.starts_with(['$', '%', '{', '<'])
        || text
            .strip_prefix([':', '@'])
            .is_some_and(|name| name.starts_with(|char: char| char.is_ascii_alphabetic()))
}

/// Returns a JSON string with this content.
pub(super) fn json(content: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_json_string(content, &mut out);
    out
}

/// Returns the content as a JSON string if it needs no other escapes.
fn plain_json(content: &str) -> Option<String> {
    let mut escaped = false;
    for char in content.chars() {
        match char {
            _ if std::mem::take(&mut escaped) => {}
            '\\' => escaped = true,
            '"' | '\0'..='\u{1f}' => return None,
            _ => {}
        }
    }
    (!escaped).then(|| format!("\"{content}\""))
}

fn is_control(char: char) -> bool {
    char < ' '
}

/// Returns whether the content has a quote without a backslash.
fn has_bare_quote(content: &str) -> bool {
    let mut escaped = false;
    content.chars().any(|char| {
        let is_bare = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        is_bare
    })
}

/// Adds escapes for quotes and control characters, and keeps the escapes of the content.
fn with_escapes(content: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for char in content.chars() {
        match char {
            _ if std::mem::take(&mut escaped) => out.push(char),
            '\\' => {
                escaped = true;
                out.push(char);
            }
            '"' => out.push_str("\\\""),
            char if is_control(char) => {
                out.push_str(json(char.encode_utf8(&mut [0; 4])).trim_matches('"'));
            }
            char => out.push(char),
        }
    }
    out
}

/// Returns the content without the second pair of quotes, as in `""b""`, which spreadsheets write.
fn doubly_quoted(content: &str) -> Option<&str> {
    let inner = content.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.is_empty() && !inner.contains(['"', '\\'])).then_some(inner)
}

/// Removes the backslashes before quotes and backslashes.
fn unescaped(content: &str, quote: char) -> String {
    let mut out = String::new();
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\\' && chars.peek().is_some_and(|next| *next == quote || *next == '\\') {
            out.extend(chars.next());
        } else {
            out.push(char);
        }
    }
    out
}

struct BadEscape {
    /// Offset in the content.
    at: usize,
    len: usize,
    /// True if every backslash of the string is invalid.
    is_only: bool,
}

/// Finds the first invalid escape of a JSON string.
fn bad_escape(content: &str) -> Option<BadEscape> {
    let mut found: Option<BadEscape> = None;
    let mut has_valid = false;
    let mut at = 0;
    while let Some(offset) = content.get(at..)?.find('\\') {
        let start = at + offset;
        let rest = content.get(start + 1..).unwrap_or("");
        let next = rest.chars().next();
        let is_valid = match next {
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => true,
            Some('u') => rest
                .get(1..5)
                .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())),
            _ => false,
        };
        let len = 1 + next.map_or(0, char::len_utf8);
        if is_valid {
            has_valid |= !matches!(next, Some('"' | '\\'));
        } else if found.is_none() {
            found = Some(BadEscape { at: start, len, is_only: true });
        }
        at = start + len;
        if at >= content.len() {
            break;
        }
    }
    found.map(|found| BadEscape { is_only: !has_valid, ..found })
}

/// Doubles each backslash that does not escape a quote or a backslash.
fn doubled_backslashes(content: &str) -> String {
    let mut out = String::new();
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char != '\\' {
            continue;
        }
        match chars.peek() {
            Some('"' | '\\') => out.extend(chars.next()),
            _ => out.push('\\'),
        }
    }
    out
}
