//! A minimal correct parser: one list of nodes that borrow from the input, without diagnostics.
//!
//! It accepts the grammar of RFC 7644 with scieve's limits on depth and clauses. Escapes in strings
//! are validated but not decoded.

use super::lexer::{is_end_of_word, string_end};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node<'t> {
    /// A conjunction of the preceding nodes; the value is their number, including descendants.
    And(u32),
    Or(u32),
    Not,
    ValuePath(&'t str),
    Clause(&'t str, Operator, Value<'t>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
    Pr,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'t> {
    None,
    Text(&'t str),
    Escaped(&'t str),
    Number(&'t str),
    True,
    False,
    Null,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    clauses: usize,
    brackets: bool,
    nodes: Vec<Node<'t>>,
}

/// Returns the nodes, children before their parents, or `None` if the text is not a filter.
pub(crate) fn parse(text: &str) -> Option<Vec<Node<'_>>> {
    let nodes = Vec::with_capacity(text.len() / 16 + 2);
    let mut parser = Parser { text, at: 0, depth: 0, clauses: 0, brackets: false, nodes };
    parser.skip_whitespace();
    parser.or()?;
    (parser.at == text.len()).then_some(parser.nodes)
}

impl<'t> Parser<'t> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_whitespace(&mut self) -> bool {
        let start = self.at;
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.at > start
    }

    fn word(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let len = rest.bytes().position(is_end_of_word).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn or(&mut self) -> Option<()> {
        self.chain("or", Self::and, Node::Or)
    }

    fn and(&mut self) -> Option<()> {
        self.chain("and", Self::unary, Node::And)
    }

    /// Parses operands with the connective between them, and the whitespace after the last one.
    fn chain(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Option<()>,
        node: fn(u32) -> Node<'t>,
    ) -> Option<()> {
        let first = self.nodes.len();
        operand(self)?;
        self.skip_whitespace();
        if !self.connective(word)? {
            return Some(());
        }
        loop {
            operand(self)?;
            self.skip_whitespace();
            if !self.connective(word)? {
                self.nodes.push(node((self.nodes.len() - first) as u32));
                return Some(());
            }
        }
    }

    fn connective(&mut self, word: &str) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let Some(found) = bytes.get(self.at..self.at + word.len()) else { return Some(false) };
        if !found.eq_ignore_ascii_case(word.as_bytes()) {
            return Some(false);
        }
        if !matches!(
            bytes.get(self.at + word.len()),
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'(')
        ) {
            return Some(false);
        }
        if !matches!(bytes[self.at - 1], b' ' | b'\t' | b'\r' | b'\n' | b')' | b']') {
            return None;
        }
        self.at += word.len();
        self.skip_whitespace();
        Some(true)
    }

    fn unary(&mut self) -> Option<()> {
        match self.byte()? {
            b'(' => self.group(b')'),
            b'n' | b'N' if self.is_not() => {
                self.group(b')')?;
                self.nodes.push(Node::Not);
                Some(())
            }
            _ => self.attribute(),
        }
    }

    /// Skips `not` if a group follows.
    fn is_not(&mut self) -> bool {
        let start = self.at;
        if self.text.as_bytes()[start..]
            .get(..3)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"not"))
        {
            self.at += 3;
            self.skip_whitespace();
            if self.byte() == Some(b'(') {
                return true;
            }
        }
        self.at = start;
        false
    }

    fn group(&mut self, close: u8) -> Option<()> {
        self.depth += 1;
        if self.depth > 32 {
            return None;
        }
        self.at += 1;
        self.skip_whitespace();
        self.or()?;
        self.skip_whitespace();
        self.depth -= 1;
        (self.byte() == Some(close)).then(|| self.at += 1)
    }

    fn attribute(&mut self) -> Option<()> {
        let path = self.word();
        if !is_path(path, self.brackets) {
            return None;
        }
        let separated = self.skip_whitespace();
        if self.byte() == Some(b'[') {
            if std::mem::replace(&mut self.brackets, true) {
                return None;
            }
            self.group(b']')?;
            self.brackets = false;
            self.nodes.push(Node::ValuePath(path));
            return Some(());
        }
        let operator = if separated { operator(self.word())? } else { return None };
        self.clauses += 1;
        if self.clauses > 500 {
            return None;
        }
        let value = match operator {
            Operator::Pr => Value::None,
            _ if !self.skip_whitespace() => return None,
            _ => self.value(operator)?,
        };
        self.nodes.push(Node::Clause(path, operator, value));
        Some(())
    }

    fn value(&mut self, operator: Operator) -> Option<Value<'t>> {
        if self.byte()? == b'"' {
            let start = self.at + 1;
            self.at = string_end(self.text.as_bytes(), start)?;
            let body = &self.text[start..self.at - 1];
            if body.bytes().fold(false, |found, byte| found | (byte < 0x20)) {
                return None;
            }
            return if memchr::memchr(b'\\', body.as_bytes()).is_none() {
                Some(Value::Text(body))
            } else {
                // The escapes are those of JSON.
                serde_json::from_str::<&serde_json::value::RawValue>(&self.text[start - 1..self.at])
                    .ok()
                    .map(|_| Value::Escaped(body))
            };
        }
        match self.word() {
            "true" => Some(Value::True),
            "false" => Some(Value::False),
            "null" if matches!(operator, Operator::Eq | Operator::Ne) => Some(Value::Null),
            word => is_number(word.as_bytes()).then_some(Value::Number(word)),
        }
    }
}

fn operator(word: &str) -> Option<Operator> {
    let &[first, second] = word.as_bytes() else { return None };
    Some(match [first | 0x20, second | 0x20] {
        [b'e', b'q'] => Operator::Eq,
        [b'n', b'e'] => Operator::Ne,
        [b'c', b'o'] => Operator::Co,
        [b's', b'w'] => Operator::Sw,
        [b'e', b'w'] => Operator::Ew,
        [b'g', b't'] => Operator::Gt,
        [b'g', b'e'] => Operator::Ge,
        [b'l', b't'] => Operator::Lt,
        [b'l', b'e'] => Operator::Le,
        [b'p', b'r'] => Operator::Pr,
        _ => return None,
    })
}

fn is_path(path: &str, inside: bool) -> bool {
    let name = match path.rfind(':') {
        Some(colon) => {
            let uri = &path[..colon];
            let in_uri =
                |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
            if !uri.contains(':')
                || !uri.starts_with(|first: char| first.is_ascii_alphabetic())
                || !uri.bytes().all(in_uri)
            {
                return false;
            }
            &path[colon + 1..]
        }
        None => path,
    };
    match name.split_once('.') {
        Some((name, sub)) => !inside && is_name(name) && is_name(sub),
        None => is_name(name),
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
}

/// RFC 8259 section 6.
fn is_number(word: &[u8]) -> bool {
    fn digits(word: &[u8]) -> &[u8] {
        let end = word.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(word.len());
        &word[end..]
    }
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let mut rest = match word {
        [b'0', rest @ ..] => rest,
        [b'1'..=b'9', ..] => digits(word),
        _ => return false,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction);
        if rest.len() == fraction.len() {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent =
            exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        rest = digits(exponent);
        if rest.len() == exponent.len() {
            return false;
        }
    }
    rest.is_empty()
}
