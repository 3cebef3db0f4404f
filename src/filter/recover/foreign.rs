//! Translates whole filters of LDAP (RFC 4515) and of JSON query objects.

use super::Finding;
use super::value::json;
use super::words;
use crate::diagnostic::{Code, Safety};
use crate::span::Span;

/// Maximum nesting that is translated.
const MAX_DEPTH: usize = 16;

/// Returns the finding for a filter of another language, with its translation.
pub(super) fn translate(text: &str) -> Option<Finding> {
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let span = Span::new(start, start + trimmed.len());
    let (name, translated) = if looks_like_ldap(trimmed) {
        ("an LDAP filter", ldap(trimmed))
    } else if trimmed.starts_with('{') {
        ("a JSON object", object(trimmed))
    } else {
        return None;
    };
    let finding = Finding::new(Code::ForeignLanguage, span, format!("this is {name}"));
    Some(match translated {
        Some(filter) => {
            finding.help(format!("write `{filter}`")).edit(Safety::Unsafe, span, filter)
        }
        None => finding.help("write a filter such as `userName eq \"bjensen\"`"),
    })
}

fn looks_like_ldap(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('(') else { return false };
    let is_set = inner.starts_with(['&', '|', '!'])
        && inner.get(1..).is_some_and(|rest| rest.trim_start().starts_with('('));
    let is_item = text.ends_with(')')
        && !inner.contains([' ', '"', '\''])
        && inner.split_once('=').is_some_and(|(name, value)| {
            !name.is_empty() && !value.starts_with('=') && value.matches(')').count() == 1
        });
    is_set || is_item
}

fn ldap(text: &str) -> Option<String> {
    let mut parser = Ldap { rest: text };
    let (filter, _) = parser.filter(0)?;
    parser.rest.trim().is_empty().then_some(filter)
}

struct Ldap<'t> {
    rest: &'t str,
}

impl Ldap<'_> {
    fn eat(&mut self, char: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(char)?;
        Some(())
    }

    /// Returns the translation, and whether it is a disjunction.
    fn filter(&mut self, depth: usize) -> Option<(String, bool)> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.eat('(')?;
        self.rest = self.rest.trim_start();
        let result = match self.rest.chars().next()? {
            '&' => self.set(" and ", depth)?,
            '|' => self.set(" or ", depth)?,
            '!' => {
                self.eat('!')?;
                let (filter, _) = self.filter(depth + 1)?;
                (format!("not ({filter})"), false)
            }
            _ => (self.item()?, false),
        };
        self.eat(')')?;
        Some(result)
    }

    fn set(&mut self, connective: &str, depth: usize) -> Option<(String, bool)> {
        self.rest = self.rest.get(1..)?;
        let mut operands = Vec::new();
        while self.rest.trim_start().starts_with('(') {
            let (filter, is_or) = self.filter(depth + 1)?;
            let needs_group = is_or && connective == " and ";
            operands.push(if needs_group { format!("({filter})") } else { filter });
        }
        let is_or = connective == " or " && operands.len() > 1;
        (!operands.is_empty()).then(|| (operands.join(connective), is_or))
    }

    fn item(&mut self) -> Option<String> {
        let end = self.rest.find([')', '('])?;
        let (item, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let (name, value) = item.split_once('=')?;
        let (name, operator) = match name.chars().next_back()? {
            '>' => (name.trim_end_matches('>'), Some("ge")),
            '<' => (name.trim_end_matches('<'), Some("le")),
            '~' => (name.trim_end_matches('~'), Some("co")),
            _ => (name, None),
        };
        let (name, value) = (name.trim(), value.trim());
        let is_name = name.starts_with(|char: char| char.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-$:".contains(&byte));
        if !is_name || value.is_empty() {
            return None;
        }
        Some(match operator {
            Some(operator) => format!("{name} {operator} {}", json(value)),
            None => format!("{name} {}", words::lucene_value(value)),
        })
    }
}

/// Translates an object such as `{"userName": "bjensen", "active": true}`, or with operators as
/// those of MongoDB.
fn object(text: &str) -> Option<String> {
    let mut parser = Json { rest: text };
    let filter = parser.members(None, 0)?;
    parser.rest.trim().is_empty().then_some(filter)
}

struct Json<'t> {
    rest: &'t str,
}

impl<'t> Json<'t> {
    fn eat(&mut self, char: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(char)?;
        Some(())
    }

    /// Reads a string or a word, with its quotes.
    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        let end = match rest.chars().next()? {
            quote @ ('"' | '\'') => {
                let mut escaped = false;
                rest.char_indices().skip(1).find_map(|(at, char)| {
                    let is_end = char == quote && !escaped;
                    escaped = char == '\\' && !escaped;
                    is_end.then_some(at + 1)
                })?
            }
            _ => {
                rest.find(|char: char| !char.is_ascii_alphanumeric() && !"$_.+-".contains(char))?
            }
        };
        let (word, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Reads the members of an object: attributes, or the operators on one attribute.
    fn members(&mut self, attribute: Option<&str>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.eat('{')?;
        let mut clauses = Vec::new();
        loop {
            let name = self.word()?.trim_matches(['"', '\'']).to_owned();
            self.eat(':')?;
            let (path, operator) = match (attribute, name.strip_prefix('$')) {
                (Some(attribute), Some(operator)) => (attribute.to_owned(), operator.to_owned()),
                (None, None) => (name, "eq".to_owned()),
                (Some(attribute), None) => (format!("{attribute}.{name}"), "eq".to_owned()),
                _ => return None,
            };
            let is_object = self.rest.trim_start().starts_with('{');
            if is_object {
                clauses.push(self.members(Some(&path), depth + 1)?);
            } else {
                let operator = words::strict_operator(&operator)
                    .or_else(|| words::operator(&operator).map(|(operator, _)| operator))?;
                let word = self.word()?;
                let value = match word.strip_prefix('\'') {
                    Some(inner) => json(inner.trim_end_matches('\'')),
                    None => word.to_owned(),
                };
                clauses.push(format!("{path} {operator} {value}"));
            }
            if self.eat(',').is_none() {
                break;
            }
        }
        self.eat('}')?;
        Some(clauses.join(" and "))
    }
}
