//! Completion: the attributes, operators, values and connectives that can follow in a filter.

use super::document::Entry;
use super::hover::{describe, operators};
use crate::checks::Checks;
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent,
    MarkupKind, TextEdit,
};
use scieve::{Attribute, AttributeType, Operators, Policy, Span, quote};
use serde_json::Value;

/// A part of a filter before the cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    /// A path, operator, connective, number or string.
    Word(&'t str),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
}

/// The kind of token that is needed next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next<'t> {
    Path,
    Operator(&'t str),
    Value(&'t str),
    Connective,
}

/// A proposal: what to insert, with its kind.
struct Proposal {
    text: String,
    kind: CompletionItemKind,
    detail: String,
    documentation: Option<String>,
}

pub(super) fn complete(entry: &Entry, offset: usize, checks: &Checks) -> Vec<CompletionItem> {
    let before = entry.text().get(..offset).unwrap_or_default();
    let (tokens, started) = tokens(before);
    let (next, parent) = next(&tokens);
    let policy = checks.policy();
    let typed = before.get(started..).unwrap_or_default().to_lowercase();
    let range = entry.range_in_filter(Span::new(started, offset));
    proposals(next, parent, policy)
        .into_iter()
        .filter(|proposal| proposal.text.to_lowercase().starts_with(&typed))
        .map(|Proposal { text, kind, detail, documentation }| {
            let new = entry.filter.excerpt.as_ref().map(|excerpt| excerpt.encode(&text));
            let edit = TextEdit::new(range, new.unwrap_or_else(|| text.clone()));
            let documentation = documentation.map(|value| {
                Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
            });
            CompletionItem {
                label: text,
                kind: Some(kind),
                detail: Some(detail),
                documentation,
                text_edit: Some(CompletionTextEdit::Edit(edit)),
                ..CompletionItem::default()
            }
        })
        .collect()
}

/// Splits the text before the cursor. The word that ends at the cursor is left out; the number is
/// its start.
fn tokens(text: &str) -> (Vec<Token<'_>>, usize) {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let token = match char {
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            char if char.is_whitespace() => {
                at += char.len_utf8();
                continue;
            }
            _ => {
                let length = word_length(rest);
                let is_closed = char == '"'
                    && length > 1
                    && rest.get(..length).is_some_and(|word| word.ends_with('"'));
                if at + length == text.len() && !is_closed {
                    return (tokens, at);
                }
                tokens.push(Token::Word(rest.get(..length).unwrap_or_default()));
                at += length;
                continue;
            }
        };
        tokens.push(token);
        at += 1;
    }
    (tokens, text.len())
}

/// Returns the length of the word or string at the start.
fn word_length(text: &str) -> usize {
    if text.starts_with('"') {
        let mut is_escaped = false;
        let end = text.bytes().enumerate().skip(1).find(|(_, byte)| {
            let ends = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        });
        return end.map_or(text.len(), |(at, _)| at + 1);
    }
    text.find(|char: char| char.is_whitespace() || "()[]\"".contains(char)).unwrap_or(text.len())
}

/// Returns what follows the tokens, and the path before the open bracket.
fn next<'t>(tokens: &[Token<'t>]) -> (Next<'t>, Option<&'t str>) {
    let mut next = Next::Path;
    let mut parent = None;
    for token in tokens {
        next = match (next, *token) {
            (Next::Path, Token::Word(word)) if word.eq_ignore_ascii_case("not") => Next::Path,
            (Next::Path, Token::Word(path)) => Next::Operator(path),
            (Next::Path, Token::Open) => Next::Path,
            (Next::Operator(path), Token::OpenBracket) => {
                parent = Some(path);
                Next::Path
            }
            (Next::Operator(_), Token::Word(word)) if word.eq_ignore_ascii_case("pr") => {
                Next::Connective
            }
            (Next::Operator(path), Token::Word(_)) => Next::Value(path),
            (Next::Connective, Token::Word(_)) => Next::Path,
            (_, Token::CloseBracket) => {
                parent = None;
                Next::Connective
            }
            _ => Next::Connective,
        };
    }
    (next, parent)
}

fn proposals(
    next: Next<'_>,
    parent: Option<&str>,
    policy: Option<&Policy<Value>>,
) -> Vec<Proposal> {
    let plain = |text: &str, kind, detail: &str| Proposal {
        text: text.to_owned(),
        kind,
        detail: detail.to_owned(),
        documentation: None,
    };
    let find = |path: &str| {
        let path = parent.map_or_else(|| path.to_owned(), |parent| format!("{parent}.{path}"));
        policy.and_then(|policy| policy.schema().find_path(&path))
    };
    match next {
        Next::Path => {
            let Some(policy) = policy else { return Vec::new() };
            let attributes = policy.schema().attributes();
            attributes.filter_map(|attribute| path(policy, attribute, parent)).collect()
        }
        Next::Operator(path) => {
            let all = policy.is_none().then(|| Operators::of_type(AttributeType::Any));
            let allowed = policy.zip(find(path)).map(|(policy, found)| operators(policy, found));
            let operators = allowed.or(all).unwrap_or_default();
            let operator = |name: &str| plain(name, CompletionItemKind::OPERATOR, "operator");
            operators.iter().map(|one| operator(one.name())).collect()
        }
        Next::Value(path) => {
            let Some(attribute) = find(path) else { return Vec::new() };
            let value = |text: &str| plain(text, CompletionItemKind::VALUE, "value");
            match attribute.attribute_type() {
                AttributeType::Boolean => ["true", "false"].map(value).into(),
                _ => attribute
                    .canonical_values()
                    .iter()
                    .map(|canonical| value(&quote(canonical)))
                    .collect(),
            }
        }
        Next::Connective => {
            ["and", "or"].map(|word| plain(word, CompletionItemKind::KEYWORD, "connective")).into()
        }
    }
}

/// Proposes an attribute that filters can use; inside brackets, a sub-attribute of `parent`.
fn path(policy: &Policy<Value>, attribute: &Attribute, parent: Option<&str>) -> Option<Proposal> {
    let rule = policy.rule(attribute.id()).filter(|rule| !rule.hidden)?;
    if rule.operators.is_empty() {
        return None;
    }
    let text = match parent {
        Some(parent) => {
            let parent = policy.schema().find_path(parent)?;
            let is_part = attribute.parent() == Some(parent.id());
            attribute.sub_attribute().filter(|_| is_part)?.to_owned()
        }
        None => attribute.to_string(),
    };
    Some(Proposal {
        text,
        kind: CompletionItemKind::FIELD,
        detail: attribute.attribute_type().to_string(),
        documentation: Some(describe(policy, attribute)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Next, next, tokens};

    #[test]
    fn the_text_before_the_cursor_decides_what_follows() {
        for (text, expected, parent, started) in [
            ("", Next::Path, None, ""),
            ("user", Next::Path, None, "user"),
            ("not (", Next::Path, None, ""),
            ("userName ", Next::Operator("userName"), None, ""),
            ("userName e", Next::Operator("userName"), None, "e"),
            ("emails[type ", Next::Operator("type"), Some("emails"), ""),
            ("emails[type eq \"wo", Next::Value("type"), Some("emails"), "\"wo"),
            ("emails[type eq \"work\"] ", Next::Connective, None, ""),
            ("title pr a", Next::Connective, None, "a"),
            ("title pr and ", Next::Path, None, ""),
            ("title eq \"a \\\" b\" or ", Next::Path, None, ""),
        ] {
            let (found, start) = tokens(text);
            assert_eq!(text.get(start..), Some(started), "{text}");
            let (next, open) = next(&found);
            assert!(next == expected && open == parent, "{text}");
        }
    }
}
