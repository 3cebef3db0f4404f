//! Reads operands and connectives.

use super::Finding;
use super::token::{Kind, Token};
use super::words;
use crate::diagnostic::{Code, Safety, quoted};
use crate::span::Span;
use crate::syntax::Syntax;

/// Maximum nesting of brackets that is read.
const MAX_DEPTH: usize = 32;

/// Returns the mistakes of the tokens, in order.
pub(super) fn findings(source: &str, tokens: Vec<Token>, syntax: &Syntax) -> Vec<Finding> {
    let mut reader = Reader {
        source,
        tokens,
        at: 0,
        findings: Vec::new(),
        depth: 0,
        parent: None,
        last: None,
        syntax: *syntax,
    };
    reader.chain();
    reader.findings
}

pub(super) struct Reader<'s> {
    pub(super) source: &'s str,
    pub(super) tokens: Vec<Token>,
    /// Index of the next token.
    pub(super) at: usize,
    pub(super) findings: Vec<Finding>,
    depth: usize,
    /// The attribute before the brackets that are open.
    pub(super) parent: Option<String>,
    /// The path and operator of the last comparison.
    pub(super) last: Option<(String, String)>,
    pub(super) syntax: Syntax,
}

/// An operand of a connective.
pub(super) struct Operand {
    pub(super) span: Span,
    /// The finding that turns the operand into a disjunction.
    pub(super) disjunction: Option<usize>,
    /// True if there is nothing between the parentheses.
    pub(super) is_empty: bool,
}

impl Operand {
    pub(super) fn new(span: Span) -> Self {
        Self { span, disjunction: None, is_empty: false }
    }
}

/// Operands joined by connectives.
#[derive(Clone, Copy, Default)]
pub(super) struct Chain {
    pub(super) has_or: bool,
    pub(super) is_empty: bool,
}

impl Reader<'_> {
    pub(super) fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    /// Returns the end of the last token that was read.
    pub(super) fn end(&self) -> usize {
        let read = self.tokens.get(..self.at).unwrap_or(&self.tokens);
        read.last().map_or(0, |token| token.span.end)
    }

    pub(super) fn report(&mut self, finding: Finding) -> usize {
        self.findings.push(finding);
        self.findings.len() - 1
    }

    /// Skips to the next place from which reading can go on.
    pub(super) fn skip_operand(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => return,
                Kind::Close => depth -= 1,
                _ if depth == 0 && token.connective().is_some() => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Returns whether a clause or a group starts `ahead` tokens ahead.
    pub(super) fn starts_operand(&self, ahead: usize) -> bool {
        let Some(token) = self.peek(ahead) else { return false };
        let next = self.peek(ahead + 1);
        match token.kind {
            Kind::Open => token.text == "(",
            Kind::Sign => token.text == "!",
            Kind::Word if token.text.eq_ignore_ascii_case("not") => next.is_some(),
            Kind::Word => next.is_some_and(|next| match next.kind {
                Kind::Open => !next.after_blank || next.text == "[",
                Kind::Word => words::is_operator(&next.text),
                Kind::Sign => words::operator(&next.text).is_some(),
                _ => false,
            }),
            _ => false,
        }
    }

    /// Reads operands and connectives up to a closing bracket or the end.
    pub(super) fn chain(&mut self) -> Chain {
        let mut chain = Chain { has_or: false, is_empty: true };
        let mut operands: Vec<Operand> = Vec::new();
        // The connective before each operand but the first.
        let mut connectives: Vec<(&'static str, Span)> = Vec::new();
        let mut pending: Option<(&'static str, Span)> = None;
        loop {
            pending = self.surplus_connectives(pending, operands.is_empty());
            let Some(token) = self.peek(0).cloned() else { break };
            if token.kind == Kind::Close {
                if self.depth > 0 {
                    break;
                }
                self.surplus_close();
                continue;
            }
            if matches!(token.kind, Kind::Comment | Kind::Semicolon | Kind::Comma) {
                if self.trailing_mark() {
                    continue;
                }
                let span = token.span;
                self.report(unexpected(span, self.slice(span)));
                self.at += 1;
                continue;
            }
            let operand = self.operand();
            if let Some(joint) = pending.take() {
                connectives.push(joint);
            } else if !operands.is_empty() {
                connectives.push(("and", Span::default()));
            }
            if operand.is_empty
                && self.remove_empty(&operand, connectives.last().copied(), operands.is_empty())
            {
                continue;
            }
            operands.push(operand);
            pending = self.connective();
        }
        if let Some((_, span)) = pending {
            self.extra_connective(span, Safety::Unsafe);
        }
        for (position, operand) in operands.iter().enumerate() {
            let Some(finding) = operand.disjunction else { continue };
            let before = position.checked_sub(1).and_then(|before| connectives.get(before));
            let is_and =
                |joint: Option<&(&str, Span)>| joint.is_some_and(|(name, _)| *name == "and");
            if is_and(before) || is_and(connectives.get(position)) {
                self.parenthesise(finding, operand.span);
            }
        }
        chain.is_empty = operands.is_empty();
        chain.has_or = connectives.iter().any(|(name, _)| *name == "or")
            || operands.iter().any(|operand| operand.disjunction.is_some());
        chain
    }

    /// Adds parentheses around a span to the edits of a finding.
    pub(super) fn parenthesise(&mut self, finding: usize, span: Span) {
        let Some(finding) = self.findings.get_mut(finding) else { return };
        match finding.edits.iter_mut().find(|(edit, _)| edit.start == span.start) {
            Some((_, text)) => text.insert(0, '('),
            None => finding.edits.push((Span::new(span.start, span.start), "(".into())),
        }
        match finding
            .edits
            .iter_mut()
            .find(|(edit, _)| edit.end == span.end && edit.start > span.start)
        {
            Some((_, text)) => text.push(')'),
            None => finding.edits.push((Span::new(span.end, span.end), ")".into())),
        }
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        span.text(self.source).unwrap_or("")
    }

    /// Reports connectives where an operand is expected. Returns the one that remains.
    fn surplus_connectives(
        &mut self,
        pending: Option<(&'static str, Span)>,
        is_first: bool,
    ) -> Option<(&'static str, Span)> {
        while let Some(token) = self.peek(0)
            && let Some(name) = token.connective()
        {
            // An attribute can have the name of a connective.
            let is_path = token.kind == Kind::Word
                && self.peek(1).is_some_and(|next| {
                    next.kind == Kind::Word && words::strict_operator(&next.text).is_some()
                });
            if is_path {
                break;
            }
            let span = token.span;
            self.at += 1;
            let is_same = pending.is_some_and(|(other, _)| other == name);
            let safety = if is_same && !is_first { Safety::Safe } else { Safety::Unsafe };
            // Up to the next token.
            let end = self.peek(0).map_or(span.end, |next| next.span.start);
            let finding = Finding::new(
                Code::ExtraConnective,
                span,
                format!("nothing to join before {}", quoted(self.slice(span))),
            );
            let finding = finding.help("remove it, or add a clause before it");
            self.report(finding.edit(safety, Span::new(span.start, end), ""));
        }
        pending
    }

    /// Reports a connective without an operand after it.
    fn extra_connective(&mut self, span: Span, safety: Safety) {
        let before = self.source.get(..span.start).unwrap_or("").trim_end().len();
        let end = self.peek(0).map_or(span.end, |next| next.span.start);
        let finding = Finding::new(
            Code::ExtraConnective,
            span,
            format!("nothing to join after {}", quoted(self.slice(span))),
        );
        let finding = finding.help("remove it, or add a clause after it");
        self.report(finding.edit(safety, Span::new(before, end), ""));
    }

    /// Removes an empty group with the connective before or after it. Returns true if the latter was
    /// read.
    fn remove_empty(
        &mut self,
        operand: &Operand,
        before: Option<(&'static str, Span)>,
        is_first: bool,
    ) -> bool {
        let span = operand.span;
        let mut has_connective_after = false;
        let removed = match before {
            Some((_, joint)) if !is_first => {
                let start = self.source.get(..joint.start).unwrap_or("").trim_end().len();
                Some(Span::new(start, span.end))
            }
            _ => match (self.peek(0).and_then(Token::connective), self.peek(1)) {
                (Some(_), Some(next)) => {
                    let start = next.span.start;
                    self.at += 1;
                    has_connective_after = true;
                    Some(Span::new(span.start, start))
                }
                _ => None,
            },
        };
        let finding = Finding::new(Code::ExpectedAttribute, span, "empty parentheses");
        let finding = finding.help("remove them, or add a clause");
        self.report(match removed {
            Some(removed) => finding.edit(Safety::Unsafe, removed, ""),
            None => finding,
        });
        has_connective_after
    }

    fn surplus_close(&mut self) {
        let Some(token) = self.next() else { return };
        let open = match token.text.as_str() {
            ")" => "(",
            "]" => "[",
            _ => "{",
        };
        let message = format!("no matching `{open}`");
        let finding = Finding::new(Code::UnexpectedText, token.span, message).help("remove it");
        self.report(finding.edit(Safety::Unsafe, token.span, ""));
    }

    /// Removes a semicolon, a comma or a comment at the end. Returns false if it is not at the end.
    fn trailing_mark(&mut self) -> bool {
        let Some(token) = self.peek(0).cloned() else { return false };
        let is_last = token.kind == Kind::Comment
            || self.peek(1).is_none_or(|next| matches!(next.kind, Kind::Comment | Kind::Semicolon));
        if !is_last {
            return false;
        }
        self.at += 1;
        let (start, message) = match token.kind {
            Kind::Comment => {
                let before = self.source.get(..token.span.start).unwrap_or("");
                (before.trim_end().len(), "a filter has no comments")
            }
            _ => (token.span.start, "a filter has no end mark"),
        };
        let finding = Finding::new(Code::TrailingMark, token.span, message).help("remove it");
        self.report(finding.edit(Safety::Safe, Span::new(start, token.span.end), ""));
        true
    }

    /// Reads the connective after an operand, and reports anything else.
    fn connective(&mut self) -> Option<(&'static str, Span)> {
        loop {
            let token = self.peek(0)?.clone();
            if let Some(name) = token.connective() {
                return Some(self.spelt_connective(&token, name));
            }
            match token.kind {
                Kind::Close if self.depth > 0 => return None,
                Kind::Close => self.surplus_close(),
                Kind::Comment | Kind::Semicolon | Kind::Comma => {
                    if self.trailing_mark() {
                        continue;
                    }
                    self.at += 1;
                    let joins = token.kind == Kind::Comma || self.starts_operand(0);
                    if !joins {
                        self.report(unexpected(token.span, &token.text));
                        self.skip_operand();
                        continue;
                    }
                    return Some(self.separator(&token));
                }
                Kind::Word if self.is_misspelt_connective(&token) => {
                    return self.misspelt_connective(&token);
                }
                _ if self.starts_operand(0) => {
                    let space = if token.after_blank { "" } else { " " };
                    let at = Span::new(token.span.start, token.span.start);
                    let finding = Finding::new(
                        Code::MissingConnective,
                        token.span,
                        "`and` or `or` is missing before this clause",
                    );
                    let finding = finding.help("join two clauses with `and` or `or`");
                    self.report(finding.edit(Safety::Unsafe, at, format!("{space}and ")));
                    return Some(("and", token.span));
                }
                _ => {
                    self.report(unexpected(token.span, &token.text));
                    self.at += 1;
                    self.skip_operand();
                }
            }
        }
    }

    fn spelt_connective(&mut self, token: &Token, name: &'static str) -> (&'static str, Span) {
        self.at += 1;
        let span = token.span;
        let is_after_close = self.source.get(..span.start).unwrap_or("").ends_with([')', ']', '}']);
        if token.kind == Kind::Sign {
            let before = if token.after_blank { "" } else { " " };
            let after = if self.peek(0).is_none_or(|next| next.after_blank) { "" } else { " " };
            let message = format!("{} is written `{name}`", quoted(&token.text));
            let finding = Finding::new(Code::ForeignConnective, span, message);
            let finding = finding.help(format!("write `{name}`"));
            self.report(finding.edit(Safety::Safe, span, format!("{before}{name}{after}")));
        } else if !token.text.is_ascii() {
            self.look_alikes(token);
        } else if !token.after_blank && !is_after_close {
            let message = format!("missing whitespace before `{name}`");
            let finding = Finding::new(Code::MissingBlank, span, message)
                .help(format!("add a space before `{name}`"));
            self.report(finding.edit(Safety::Safe, Span::new(span.start, span.start), " "));
        }
        (name, span)
    }

    /// Replaces a comma or semicolon between two operands by a connective.
    fn separator(&mut self, token: &Token) -> (&'static str, Span) {
        let is_value = self.peek(0).is_some_and(Token::is_string) && !self.is_reversed();
        let name = if is_value && token.kind == Kind::Comma { "or" } else { "and" };
        let before = if token.after_blank { "" } else { " " };
        let after = if self.peek(0).is_none_or(|next| next.after_blank) { "" } else { " " };
        let finding = Finding::new(
            Code::MissingConnective,
            token.span,
            format!("`{}` does not join clauses", token.text),
        );
        let finding = finding.help("join two clauses with `and` or `or`");
        self.report(finding.edit(Safety::Unsafe, token.span, format!("{before}{name}{after}")));
        (name, token.span)
    }

    /// Reads an operand.
    pub(super) fn operand(&mut self) -> Operand {
        let Some(token) = self.peek(0).cloned() else { return Operand::new(Span::default()) };
        if self.depth > MAX_DEPTH {
            self.report(unexpected(token.span, &token.text));
            self.at = self.tokens.len();
            return Operand::new(token.span);
        }
        match token.kind {
            Kind::Open => self.group(&token),
            Kind::Sign if token.text == "!" => self.negation(&token),
            Kind::Word if token.is_word("not") && !self.is_path_named_not() => {
                self.negation(&token)
            }
            Kind::Word if self.is_misspelt_not(&token) => {
                self.misspelling(&token, "not");
                self.negation(&token)
            }
            _ => self.clause(),
        }
    }

    fn is_path_named_not(&self) -> bool {
        let operator = |token: &Token| {
            token.kind == Kind::Word && words::strict_operator(&token.text).is_some()
        };
        self.peek(1).is_some_and(operator) && !self.peek(2).is_some_and(operator)
    }

    /// Reads `not` or `!` with its operand, which needs parentheses.
    fn negation(&mut self, token: &Token) -> Operand {
        self.at += 1;
        self.depth += 1;
        let has_group = self.peek(0).is_some_and(|next| next.is(Kind::Open, "("));
        let Some(next) = self.peek(0).map(|next| next.span) else {
            self.depth -= 1;
            self.report(unexpected(token.span, &token.text));
            return Operand::new(token.span);
        };
        let is_sign = token.kind == Kind::Sign;
        let finding = if is_sign {
            let finding = Finding::new(Code::ForeignConnective, token.span, "`!` is written `not`");
            Some(finding.help("write `not (...)`"))
        } else if has_group {
            None
        } else {
            let message = "`not` needs parentheses around its operand";
            let finding = Finding::new(Code::NotWithoutGroup, token.span, message);
            Some(finding.help("write `not (...)`"))
        };
        let position = finding.map(|finding| self.report(finding));
        self.operand();
        self.depth -= 1;
        let end = self.end();
        if let Some(finding) = position.and_then(|position| self.findings.get_mut(position)) {
            let edits = &mut finding.edits;
            match (is_sign, has_group) {
                (true, true) => edits.push((token.span, "not ".into())),
                (true, false) => {
                    edits.push((Span::new(token.span.start, next.start), "not (".into()));
                    edits.push((Span::new(end, end), ")".into()));
                }
                (false, _) => {
                    edits.push((Span::new(next.start, next.start), "(".into()));
                    edits.push((Span::new(end, end), ")".into()));
                }
            }
        }
        Operand::new(Span::new(token.span.start, end))
    }

    pub(super) fn descend(&mut self) {
        self.depth += 1;
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Replaces letters of other scripts in a word. Returns the word in ASCII if that is possible.
    pub(super) fn look_alikes(&mut self, token: &Token) -> Option<String> {
        let plain = words::without_look_alikes(&token.text)?;
        let mut finding: Option<Finding> = None;
        let source = token.span.text(self.source).unwrap_or("");
        for (offset, char) in source.char_indices() {
            let Some(latin) = words::latin(char) else { continue };
            let start = token.span.start + offset;
            let span = Span::new(start, start + char.len_utf8());
            let new = || {
                let message =
                    format!("U+{:04X} looks like `{latin}` but is another letter", u32::from(char));
                Finding::new(Code::LookAlike, span, message).help(format!("write `{plain}`"))
            };
            finding = Some(finding.unwrap_or_else(new).edit(Safety::Safe, span, latin));
        }
        self.findings.extend(finding);
        Some(plain)
    }
}

pub(super) fn unexpected(span: Span, text: &str) -> Finding {
    Finding::new(Code::UnexpectedText, span, format!("unexpected {}", quoted(text)))
}
