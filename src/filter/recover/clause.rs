//! Reads clauses by their slots: path, operator, value.

use super::Finding;
use super::read::{Operand, Reader};
use super::token::{Kind, Quote, Token};
use super::words::{self, Meaning};
use crate::diagnostic::{Code, Safety, quoted};
use crate::filter::deviation::dot_after_urn;
use crate::operator::Operator;
use crate::span::Span;

impl Reader<'_> {
    /// Reads a clause or a value path.
    pub(super) fn clause(&mut self) -> Operand {
        let Some(token) = self.peek(0).cloned() else { return Operand::new(Span::default()) };
        let is_literal = token.is_string()
            || matches!(token.text.as_str(), "true" | "false")
            || token.text.starts_with(|char: char| char.is_ascii_digit());
        if is_literal && self.is_reversed() {
            return self.reversed(&token);
        }
        if token.is_string() && self.is_quoted_path(&token) {
            self.at += 1;
            let finding = Finding::new(
                Code::BadAttributePath,
                token.span,
                "the name of an attribute has no quotes",
            );
            let finding = finding.help(format!("write `{}`", token.text));
            self.report(finding.edit(Safety::Safe, token.span, token.text.clone()));
            return self.after_path(token.span, token.text);
        }
        if token.is_string() || self.is_lone_value(&token) {
            return self.elliptic(&token);
        }
        if token.kind != Kind::Word {
            let finding = Finding::new(
                Code::ExpectedAttribute,
                token.span,
                format!("expected an attribute, not {}", quoted(self.slice(token.span))),
            );
            self.report(finding);
            self.at += 1;
            self.skip_operand();
            return Operand::new(token.span);
        }
        if let Some(operand) = self.without_path(&token) {
            return operand;
        }
        self.at += 1;
        if let Some(operand) = self.colon_clause(&token) {
            return operand;
        }
        let mut path = self.path(&token);
        let next = self.peek(0).cloned();
        match next.as_ref().filter(|next| next.kind == Kind::Open).map(|next| next.text.as_str()) {
            Some("(") => {
                if let Some(operand) = self.call(&token) {
                    return operand;
                }
                if self.is_clause_in_brackets() {
                    return self.brackets(&token, &path);
                }
            }
            Some("{") if self.is_clause_in_brackets() => return self.brackets(&token, &path),
            Some("[") => match self.index(&mut path) {
                true => {}
                false => return self.brackets(&token, &path),
            },
            _ => {}
        }
        match self.nested_path(&token) {
            Some(operand) => operand,
            None => self.after_path(token.span, path),
        }
    }

    /// Reads an operator and a value without a path, which is that of the last comparison.
    fn without_path(&mut self, token: &Token) -> Option<Operand> {
        words::strict_operator(&token.text)?;
        let (path, _) = self.last.clone()?;
        let is_value = self.peek(1).is_some_and(|next| {
            next.is_string()
                || next.kind == Kind::Word
                    && next.connective().is_none()
                    && !words::is_operator(&next.text)
        });
        if !is_value {
            return None;
        }
        let at = Span::new(token.span.start, token.span.start);
        let finding = Finding::new(
            Code::EllipticOperand,
            token.span,
            "each side of a connective is a whole comparison",
        );
        let finding = finding.help(format!("repeat the attribute: `{path}`"));
        self.report(finding.edit(Safety::Safe, at, format!("{path} ")));
        Some(self.after_path(at, path))
    }

    /// Reads the operator and value after a path that starts at `start`.
    pub(super) fn after_path(&mut self, start: Span, path: String) -> Operand {
        let Some((meaning, span)) = self.operator(&path) else {
            self.skip_operand();
            return Operand::new(Span::new(start.start, self.end()));
        };
        match meaning {
            Meaning::Is(operator) => self.comparison(start, path, operator, span),
            other => self.idiom(start, &path, other, span),
        }
    }

    fn comparison(&mut self, start: Span, path: String, operator: Operator, span: Span) -> Operand {
        if operator == Operator::Pr {
            self.surplus_value();
            return Operand::new(Span::new(start.start, self.end()));
        }
        self.last = Some((path.clone(), operator.name().to_owned()));
        if self.peek(0).is_some_and(|next| next.kind == Kind::Open)
            && let Some(operand) = self.value_group(start, &path, operator)
        {
            return operand;
        }
        if self.value(span).is_none() {
            self.skip_operand();
        }
        Operand::new(Span::new(start.start, self.end()))
    }

    /// Reads a path, which ends with the token.
    fn path(&mut self, token: &Token) -> String {
        let text = if token.text.is_ascii() {
            token.text.clone()
        } else {
            match self.look_alikes(token) {
                Some(plain) => plain,
                None => {
                    let message = format!("{} is not a valid attribute path", quoted(&token.text));
                    self.report(Finding::new(Code::BadAttributePath, token.span, message));
                    token.text.clone()
                }
            }
        };
        // `urn:...:User.manager.value`
        let name_at = text.rfind(':').map_or(0, |colon| colon + 1);
        if let Some(dot) = dot_after_urn(&text, name_at) {
            let span = Span::new(token.span.start + dot, token.span.start + dot + 1);
            let finding = Finding::new(
                Code::BadAttributePath,
                token.span,
                "a dot instead of the colon after the URN",
            );
            self.report(finding.help("write `:` after the URN").edit(Safety::Safe, span, ":"));
        }
        // `emails[emails.type eq "work"]`
        if let Some(parent) = &self.parent
            && let Some(sub) = text.get(parent.len()..).and_then(|rest| rest.strip_prefix('.'))
            && text.get(..parent.len()).is_some_and(|start| start.eq_ignore_ascii_case(parent))
        {
            let finding = Finding::new(
                Code::DottedNameInBrackets,
                token.span,
                "a dotted name inside brackets",
            );
            let finding = finding.help(format!("write `{sub}`"));
            let prefix = Span::new(token.span.start, token.span.start + parent.len() + 1);
            let sub = sub.to_owned();
            self.report(finding.edit(Safety::Safe, prefix, ""));
            return sub;
        }
        text
    }

    /// Reads the operator after a path, and reports what is written otherwise.
    fn operator(&mut self, path: &str) -> Option<(Meaning, Span)> {
        let Some(token) = self.peek(0).cloned() else {
            let end = self.end();
            self.missing_operator(path, end);
            return None;
        };
        let text = match token.text.is_ascii() {
            true => Some(token.text.clone()),
            false => words::without_look_alikes(&token.text),
        };
        if token.kind == Kind::Word
            && let Some(operator) = text.as_deref().and_then(words::strict_operator)
        {
            self.at += 1;
            if !token.text.is_ascii() {
                self.look_alikes(&token);
            }
            if operator != Operator::Pr && self.second_operator(&token, operator) {
                return None;
            }
            return Some((Meaning::Is(operator), token.span));
        }
        let following: Vec<&str> = self
            .tokens
            .iter()
            .skip(self.at)
            .take(6)
            .take_while(|token| token.kind == Kind::Word)
            .map(|token| token.text.as_str())
            .collect();
        if let Some((meaning, count)) = words::phrase(&following) {
            self.at += count;
            let span = token.span.to(Span::new(self.end(), self.end()));
            if let Meaning::Is(operator) = meaning {
                let safety = if operator == Operator::Ne { Safety::Unsafe } else { Safety::Safe };
                self.foreign_operator(span, operator, safety);
            }
            return Some((meaning, span));
        }
        let is_slot = matches!(token.kind, Kind::Word | Kind::Sign);
        let found = text.as_deref().filter(|_| is_slot).and_then(|text| {
            let nearest = || Some((words::nearest_operator(text)?, Safety::Unsafe));
            words::operator(text)
                .or_else(|| if token.kind == Kind::Word { nearest() } else { None })
        });
        if let Some((operator, safety)) = found {
            self.at += 1;
            self.foreign_operator(token.span, operator, safety);
            // `= =`, `eq =`
            return Some((Meaning::Is(operator), token.span));
        }
        if token.kind == Kind::Word && token.connective().is_none() {
            let message = format!("unknown operator {}", quoted(&token.text));
            self.report(Finding::new(Code::UnknownOperator, token.span, message));
        } else {
            let end = self.end();
            self.missing_operator(path, end);
        }
        None
    }

    fn missing_operator(&mut self, path: &str, end: usize) {
        let message = format!("missing operator after {}", quoted(path));
        let finding = Finding::new(Code::ExpectedOperator, Span::new(end, end), message);
        let help = format!("to test for presence, write {}", quoted(&format!("{path} pr")));
        self.report(finding.help(help));
    }

    /// Reports an operator that is written otherwise here.
    fn foreign_operator(&mut self, span: Span, operator: Operator, safety: Safety) {
        let found = self.slice(span).to_owned();
        let before = if self.source.get(..span.start).unwrap_or("").ends_with(char::is_whitespace) {
            ""
        } else {
            " "
        };
        let rest = self.source.get(span.end..).unwrap_or("");
        let after = if rest.is_empty() || rest.starts_with(char::is_whitespace) { "" } else { " " };
        let message = match safety {
            Safety::Safe => format!("{} is written `{operator}`", quoted(&found)),
            _ => format!("unknown operator {}", quoted(&found)),
        };
        let help = match operator {
            Operator::Ne => "write `ne`, which is also true if there is no value".to_owned(),
            _ if safety == Safety::Safe => format!("write `{operator}`"),
            _ => format!("did you mean `{operator}`?"),
        };
        let finding = Finding::new(Code::UnknownOperator, span, message).help(help);
        self.report(finding.edit(safety, span, format!("{before}{operator}{after}")));
    }

    /// Reports a second operator after the first. Returns true if both differ.
    fn second_operator(&mut self, first: &Token, operator: Operator) -> bool {
        let Some(second) = self.peek(0).cloned() else { return false };
        let Some(after) = self.peek(1).cloned() else { return false };
        let is_value = after.connective().is_some() || after.kind == Kind::Close;
        let other = match second.kind {
            Kind::Word => words::strict_operator(&second.text),
            Kind::Sign => words::operator(&second.text).map(|(operator, _)| operator),
            _ => None,
        };
        let Some(other) = other.filter(|_| !is_value) else { return false };
        if other == operator {
            let finding =
                Finding::new(Code::BadValue, second.span, format!("`{operator}` is written twice"));
            let removed = Span::new(second.span.start, after.span.start);
            self.report(finding.help("remove it").edit(Safety::Safe, removed, ""));
            self.at += 1;
            return false;
        }
        let span = first.span.to(second.span);
        let finding = Finding::new(Code::BadValue, span, "two operators in one clause");
        self.report(finding.help("remove one of them"));
        true
    }

    /// Reports a value after `pr`.
    fn surplus_value(&mut self) {
        let Some(token) = self.peek(0).cloned() else { return };
        // A word before another clause is a connective of some kind.
        let is_value = token.is_string()
            || token.kind == Kind::Word
                && token.connective().is_none()
                && !self.starts_operand(0)
                && !self.starts_operand(1);
        if !is_value {
            return;
        }
        let before = self.end();
        // `pr eq true`
        let has_operator = words::is_operator(&token.text) && !token.is_string();
        self.at += if has_operator { 2 } else { 1 };
        let span = token.span.to(Span::new(self.end(), self.end()));
        let finding = Finding::new(Code::UnexpectedText, span, "`pr` takes no value");
        let removed = Span::new(before, span.end);
        self.report(finding.help("remove it").edit(Safety::Unsafe, removed, ""));
    }

    /// Returns whether a literal, an operator and a name follow.
    pub(super) fn is_reversed(&self) -> bool {
        let is_operator = |token: &Token| {
            words::strict_operator(&token.text).is_some() || words::operator(&token.text).is_some()
        };
        self.peek(1).is_some_and(is_operator)
            && self.peek(2).is_some_and(|path| {
                path.kind == Kind::Word
                    && path.text.starts_with(|char: char| char.is_ascii_alphabetic())
            })
            && self.peek(3).is_none_or(|next| {
                !matches!(next.kind, Kind::Word | Kind::Sign) || next.connective().is_some()
            })
    }

    /// Reads a comparison whose value comes first.
    fn reversed(&mut self, token: &Token) -> Operand {
        let operator = self.peek(1).cloned();
        let path = self.peek(2).cloned();
        let (Some(operator), Some(path)) = (operator, path) else {
            return Operand::new(token.span);
        };
        self.at += 3;
        let span = token.span.to(path.span);
        let found = words::strict_operator(&operator.text)
            .or_else(|| words::operator(&operator.text).map(|(operator, _)| operator));
        let mirrored = found.and_then(|operator| match operator {
            Operator::Eq | Operator::Ne => Some(operator),
            Operator::Gt => Some(Operator::Lt),
            Operator::Ge => Some(Operator::Le),
            Operator::Lt => Some(Operator::Gt),
            Operator::Le => Some(Operator::Ge),
            _ => None,
        });
        let finding =
            Finding::new(Code::ReversedOperands, span, "the value stands before the attribute");
        let finding = match mirrored {
            Some(operator) => {
                let text = format!("{} {operator} {}", path.text, self.literal(token).text);
                self.last = Some((path.text.clone(), operator.name().to_owned()));
                finding.help(format!("write `{text}`")).edit(Safety::Safe, span, text)
            }
            None => finding.help("write the attribute first"),
        };
        self.report(finding);
        Operand::new(span)
    }

    /// Returns whether a string is the name of an attribute before an operator.
    fn is_quoted_path(&self, token: &Token) -> bool {
        let is_name = token.text.starts_with(|char: char| char.is_ascii_alphabetic())
            && token
                .text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-$:".contains(&byte));
        let is_operator = |next: &Token| !next.is_string() && words::is_operator(&next.text);
        is_name && self.peek(1).is_some_and(is_operator)
    }

    /// Returns whether a word is a value for the path and operator of the last comparison.
    fn is_lone_value(&self, token: &Token) -> bool {
        let ends = |next: Option<&Token>| {
            next.is_none_or(|next| {
                next.connective().is_some()
                    || matches!(next.kind, Kind::Close | Kind::Comma | Kind::Semicolon)
            })
        };
        token.kind == Kind::Word && self.last.is_some() && ends(self.peek(1))
    }

    /// Reads a value without a path and an operator, which are those of the last comparison.
    fn elliptic(&mut self, token: &Token) -> Operand {
        self.at += 1;
        let finding = Finding::new(
            Code::EllipticOperand,
            token.span,
            "each side of a connective is a whole comparison",
        );
        let finding = match self.last.clone() {
            Some((path, operator)) => {
                let literal = self.literal(token);
                let safety = if token.is_string() { Safety::Safe } else { Safety::Unsafe };
                let finding = finding
                    .help(format!("repeat the attribute and the operator: `{path} {operator}`"));
                if literal.finding.is_some() || !token.is_string() {
                    let text = format!("{path} {operator} {}", literal.text);
                    finding.edit(safety, token.span, text)
                } else {
                    let at = Span::new(token.span.start, token.span.start);
                    finding.edit(safety, at, format!("{path} {operator} "))
                }
            }
            None => finding.help("write `attribute operator value`"),
        };
        self.report(finding);
        if token.kind == Kind::String(Quote::Open) {
            self.at = self.tokens.len();
        }
        Operand::new(token.span)
    }

    /// Reads `userName:bjensen`, the form of Lucene and of search boxes.
    fn colon_clause(&mut self, token: &Token) -> Option<Operand> {
        let (path, word) = token.text.split_once(':')?;
        let is_name = path.starts_with(|char: char| char.is_ascii_alphabetic())
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let next = self.peek(0).cloned();
        let has_operator = next.as_ref().is_some_and(|next| words::is_operator(&next.text));
        if !is_name || path.eq_ignore_ascii_case("urn") || has_operator {
            return None;
        }
        let (span, clause) = if word.is_empty() {
            let value = next.filter(|value| value.is_string() || value.kind == Kind::Word)?;
            self.at += 1;
            let text = match value.kind {
                Kind::Word => words::lucene_value(&value.text),
                _ => format!("eq {}", self.literal(&value).text),
            };
            (token.span.to(value.span), format!("{path} {text}"))
        } else {
            (token.span, format!("{path} {}", words::lucene_value(word)))
        };
        let message = format!("{} is the form of another language", quoted(self.slice(span)));
        let finding = Finding::new(Code::ForeignLanguage, span, message);
        let finding = finding.help(format!("write `{clause}`"));
        self.report(finding.edit(Safety::Unsafe, span, clause));
        Some(Operand::new(span))
    }
}
