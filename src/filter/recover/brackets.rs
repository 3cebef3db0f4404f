//! Parses groups and value paths, and their forms in other languages.

use super::Finding;
use super::read::{Operand, Reader};
use super::token::{Kind, Token};
use super::words;
use crate::diagnostic::{Code, Safety};
use crate::span::Span;
use crate::suggest;

impl Reader<'_> {
    /// Reads the rest of a clause on a path with two dots, such as `emails.primary.value` or
    /// `emails.work.value`, which names an element by its properties.
    pub(super) fn nested_path(&mut self, token: &Token) -> Option<Operand> {
        let mut names = token.text.split('.');
        let (complex, element, sub) = (names.next()?, names.next()?, names.next()?);
        if names.next().is_some() || token.text.contains(':') {
            return None;
        }
        let condition = match suggest::element_type(element) {
            Some(name) => format!("type eq \"{name}\""),
            None if element.eq_ignore_ascii_case("primary") => "primary eq true".to_owned(),
            None => return None,
        };
        let finding =
            Finding::new(Code::BadAttributePath, token.span, "a path has at most one dot");
        let finding = finding.help(format!("write `{complex}[{condition} and {sub} ...]`"));
        let text = format!("{complex}[{condition} and {sub}");
        let position = self.report(finding.edit(Safety::Unsafe, token.span, text));
        self.after_path(token.span, sub.to_owned());
        let end = self.end();
        if let Some(finding) = self.findings.get_mut(position) {
            finding.edits.push((Span::new(end, end), "]".into()));
        }
        Some(Operand::new(Span::new(token.span.start, end)))
    }

    /// Returns whether the brackets at the next token contain a clause.
    pub(super) fn is_clause_in_brackets(&self) -> bool {
        let mut inner = self.tokens.iter().skip(self.at + 1);
        let is_name = inner.next().is_some_and(|token| token.kind == Kind::Word);
        is_name && inner.next().is_some_and(|token| words::is_operator(&token.text))
    }

    /// Reads brackets with a position instead of a filter, such as `[0]`.
    pub(super) fn index(&mut self, path: &mut String) -> bool {
        let is_position = |token: &Token| {
            token.kind == Kind::Word
                && token
                    .text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'-'))
        };
        let (Some(open), Some(inner), Some(close)) = (self.peek(0), self.peek(1), self.peek(2))
        else {
            return false;
        };
        if !is_position(inner) || !close.is(Kind::Close, "]") {
            return false;
        }
        let span = open.span.to(close.span);
        self.at += 3;
        let finding =
            Finding::new(Code::ForeignLanguage, span, "brackets contain a filter, not a position");
        self.report(finding.help("remove it: a comparison is true if one element matches").edit(
            Safety::Unsafe,
            span,
            "",
        ));
        if let Some(sub) =
            self.peek(0).filter(|next| !next.after_blank && next.text.starts_with('.'))
        {
            path.push_str(&sub.text);
            self.at += 1;
        }
        true
    }

    /// Reads a value path from its opening bracket on, and a sub-attribute or operator after it.
    pub(super) fn brackets(&mut self, start: &Token, path: &str) -> Operand {
        let Some(open) = self.next() else { return Operand::new(start.span) };
        if open.text != "[" {
            let message = format!("`{}` does not follow an attribute", open.text);
            let finding = Finding::new(Code::WrongBracket, open.span, message).help("write `[`");
            self.report(finding.edit(Safety::Safe, open.span, "["));
        }
        if self.parent.is_some() {
            self.report(Finding::new(Code::NestedValuePath, open.span, "brackets inside brackets"));
        }
        let outer = self.parent.replace(path.to_owned());
        let last = self.last.take();
        self.descend();
        let chain = self.chain();
        let inner_end = self.end();
        self.close(&open, "]");
        self.ascend();
        self.parent = outer;
        self.last = last;
        let close_end = self.end();
        let whole = |reader: &Self| Operand::new(Span::new(start.span.start, reader.end()));
        let Some(next) = self.peek(0).cloned() else { return whole(self) };
        let sub = (!next.after_blank && next.kind == Kind::Word)
            .then(|| next.text.strip_prefix('.').map(str::to_owned))
            .flatten();
        let is_operator = next.kind == Kind::Word && words::strict_operator(&next.text).is_some()
            || next.kind == Kind::Sign && words::operator(&next.text).is_some();
        let (name_at, name) = match &sub {
            Some(name) => {
                self.at += 1;
                (next.span.start + 1, name.clone())
            }
            None if is_operator => (next.span.start, "value".to_owned()),
            None => return whole(self),
        };
        let (code, message) = match (&sub, self.syntax) {
            (Some(_), syntax) if syntax.sub_attribute_after_brackets => {
                (Code::AcceptedSubAttribute, "a sub-attribute after `]`")
            }
            (None, syntax) if syntax.operator_after_brackets => {
                (Code::AcceptedOperator, "an operator after `]`")
            }
            _ => (Code::TextAfterBrackets, "only `and`, `or` or `)` may follow `]`"),
        };
        let span = if sub.is_some() { Span::new(close_end, next.span.end) } else { next.span };
        let finding = Finding::new(code, span, message)
            .help(format!("move it into the brackets: `and {name} ...`"));
        let position = self.report(finding);
        self.after_path(Span::new(name_at, name_at), name);
        let end = self.end();
        let (open_or, close_or) = if chain.has_or { ("(", ")") } else { ("", "") };
        let joint = if sub.is_some() { " and " } else { " and value " };
        if let Some(finding) = self.findings.get_mut(position) {
            let edits = &mut finding.edits;
            if chain.has_or {
                edits.push((Span::new(open.span.end, open.span.end), open_or.into()));
            }
            edits.push((Span::new(inner_end, name_at), format!("{close_or}{joint}")));
            edits.push((Span::new(end, end), "]".into()));
        }
        whole(self)
    }

    /// Reads a group. Other brackets than parentheses are replaced.
    pub(super) fn group(&mut self, open: &Token) -> Operand {
        self.at += 1;
        self.descend();
        let chain = self.chain();
        let mut operand = Operand::new(open.span);
        let is_empty = chain.is_empty && self.peek(0).is_some_and(|next| next.kind == Kind::Close);
        if open.text != "(" {
            let message = format!("`{}` does not group clauses", open.text);
            let finding = Finding::new(Code::WrongBracket, open.span, message);
            self.report(finding.help("write `(`").edit(Safety::Safe, open.span, "("));
        }
        self.close(open, ")");
        self.ascend();
        operand.span.end = self.end();
        operand.is_empty = is_empty;
        operand
    }

    /// Reads the closing bracket of `open`, which should be `wanted`.
    pub(super) fn close(&mut self, open: &Token, wanted: &'static str) {
        let opened = if wanted == ")" { "(" } else { "[" };
        let Some(token) = self.peek(0).filter(|token| token.kind == Kind::Close).cloned() else {
            let end = self.end();
            let safety = if wanted == ")" { Safety::Unsafe } else { Safety::Safe };
            let finding = Finding::new(Code::Unclosed, open.span, format!("unclosed `{opened}`"));
            let finding = finding.help(format!("add the closing `{wanted}`"));
            self.report(finding.edit(safety, Span::new(end, end), wanted));
            return;
        };
        self.at += 1;
        if token.text == wanted {
            return;
        }
        let is_pair = matches!(
            (open.text.as_str(), token.text.as_str()),
            ("(", ")") | ("[", "]") | ("{", "}")
        );
        if is_pair {
            // Reported with the opening bracket.
            if let Some(finding) =
                self.findings.iter_mut().rev().find(|finding| finding.span == open.span)
            {
                finding.edits.push((token.span, wanted.into()));
            }
            return;
        }
        let message = format!("`{opened}` is closed by `{wanted}`, not by `{}`", token.text);
        let mut finding = Finding::new(Code::WrongBracket, token.span, message);
        finding.related = Some((open.span, "opened here"));
        let finding = finding.help(format!("write `{wanted}`"));
        self.report(finding.edit(Safety::Safe, token.span, wanted));
    }
}
