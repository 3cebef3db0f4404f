//! Reads clauses that other languages have and SCIM has not: lists, ranges, patterns, tests for
//! null, and function calls.

use super::Finding;
use super::read::{Operand, Reader};
use super::token::{Kind, Token};
use super::value::json;
use super::words::{self, Meaning};
use crate::diagnostic::{Code, Safety, quoted};
use crate::operator::Operator;
use crate::span::Span;

impl Reader<'_> {
    /// Reads the rest of a clause after an operator that has no single counterpart.
    pub(super) fn idiom(
        &mut self,
        start: Span,
        path: &str,
        meaning: Meaning,
        span: Span,
    ) -> Operand {
        let name = self.slice(span).to_owned();
        let mut disjunction = false;
        let mut finding =
            Finding::new(Code::ForeignClause, span, format!("there is no {}", quoted(&name)));
        let (edit, negated, safety) = match meaning {
            Meaning::Null => (Some((span, "pr".to_owned())), true, Safety::Safe),
            Meaning::NotNull => (Some((span, "pr".to_owned())), false, Safety::Safe),
            Meaning::Not(operator) => {
                let position = self.report(finding);
                let value = self.value(span).is_some();
                let end = self.end();
                if let Some(finding) = self.findings.get_mut(position).filter(|_| value) {
                    finding.help = Some("write `not (...)` around the clause".into());
                    finding.edits = vec![
                        (Span::new(start.start, start.start), "not (".into()),
                        (span, operator.name().into()),
                        (Span::new(end, end), ")".into()),
                    ];
                }
                return Operand::new(Span::new(start.start, end));
            }
            Meaning::In { negated } => {
                let (edit, is_list) = self.list(path, span);
                disjunction = is_list && !negated;
                (edit, negated, Safety::Safe)
            }
            Meaning::Between { negated } => (self.range(path, span), negated, Safety::Safe),
            Meaning::Like { negated } => (self.pattern(span), negated, Safety::Unsafe),
            // Reported with its counterpart.
            Meaning::Is(_) => (None, false, Safety::Safe),
        };
        let end = self.end();
        finding.span = match meaning {
            Meaning::Null | Meaning::NotNull => span,
            _ => Span::new(span.start, end),
        };
        if let Some((replaced, text)) = edit {
            finding.help = Some(
                match negated {
                    true => format!("write `not ({path} {text})`"),
                    false => format!("write `{path} {text}`"),
                }
                .into(),
            );
            if negated {
                let at = Span::new(start.start, start.start);
                finding = finding.edit(safety, at, "not (");
            }
            let close = if negated { ")" } else { "" };
            finding = finding.edit(safety, replaced, format!("{text}{close}"));
        } else {
            self.skip_operand();
        }
        let position = self.report(finding);
        let mut operand = Operand::new(Span::new(start.start, self.end()));
        operand.disjunction = disjunction.then_some(position);
        operand
    }

    /// Reads the list of `in (...)`. Returns the text that replaces it, and whether that is a
    /// disjunction.
    fn list(&mut self, path: &str, span: Span) -> (Option<(Span, String)>, bool) {
        let is_open = self.peek(0).is_some_and(|next| next.kind == Kind::Open);
        let values = match is_open {
            true => self.values().map(|(values, ..)| values),
            false => self.next().filter(Token::is_string).map(|one| vec![self.literal(&one).text]),
        };
        let Some(values) = values else { return (None, false) };
        let comparisons: Vec<String> = values.iter().map(|value| format!("eq {value}")).collect();
        let text = comparisons.join(&format!(" or {path} "));
        (Some((Span::new(span.start, self.end()), text)), values.len() > 1)
    }

    /// Reads `... and ...` after `between`.
    fn range(&mut self, path: &str, span: Span) -> Option<(Span, String)> {
        let has_open = self.peek(0).is_some_and(|next| next.is(Kind::Open, "("));
        if has_open {
            let (values, ..) = self.values()?;
            let [low, high] = values.as_slice() else { return None };
            let text = format!("ge {low} and {path} le {high}");
            return Some((Span::new(span.start, self.end()), text));
        }
        let low = self.next().filter(|token| token.is_string() || token.kind == Kind::Word)?;
        self.next()
            .filter(|token| token.connective() == Some("and") || token.kind == Kind::Comma)?;
        let high = self.next().filter(|token| token.is_string() || token.kind == Kind::Word)?;
        let (low, high) = (self.literal(&low).text, self.literal(&high).text);
        Some((Span::new(span.start, self.end()), format!("ge {low} and {path} le {high}")))
    }

    /// Reads the pattern of `like`.
    fn pattern(&mut self, span: Span) -> Option<(Span, String)> {
        let token = self.next().filter(Token::is_string)?;
        let (operator, part) = words::pattern(&token.text)?;
        let text = match part.is_empty() {
            true => "pr".to_owned(),
            false => format!("{operator} {}", json(part)),
        };
        Some((Span::new(span.start, token.span.end), text))
    }

    /// Returns whether a token between two operands is `and` or `or` with a mistake.
    pub(super) fn is_misspelt_connective(&self, token: &Token) -> bool {
        words::misspelt_connective(&token.text).is_some()
            && self.starts_operand(1)
            && !self.starts_operand(0)
    }

    pub(super) fn misspelt_connective(&mut self, token: &Token) -> Option<(&'static str, Span)> {
        let name = words::misspelt_connective(&token.text)?;
        self.at += 1;
        self.misspelling(token, name);
        Some((name, token.span))
    }

    /// Reports a word instead of the keyword `name`.
    pub(super) fn misspelling(&mut self, token: &Token, name: &str) {
        let message = format!("{} is not a connective", quoted(&token.text));
        let finding = Finding::new(Code::ForeignConnective, token.span, message)
            .help(format!("did you mean `{name}`?"));
        self.report(finding.edit(Safety::Unsafe, token.span, name));
    }

    /// Returns whether a token before a group is `not` with a mistake.
    pub(super) fn is_misspelt_not(&self, token: &Token) -> bool {
        words::is_misspelt_not(&token.text)
            && self.peek(1).is_some_and(|next| next.is(Kind::Open, "("))
            && self.starts_operand(2)
    }

    /// Reads a function or method call whose name is `token`. Returns `None` if it is not one.
    pub(super) fn call(&mut self, token: &Token) -> Option<Operand> {
        let method = token.text.rsplit_once('.').filter(|(_, name)| words::is_function(name));
        let name = method.map_or(token.text.as_str(), |(_, name)| name);
        if !words::is_function(name) {
            return None;
        }
        let before = self.at;
        let mut arguments: Vec<Token> = Vec::new();
        if let Some((path, _)) = method {
            arguments.push(Token { kind: Kind::Word, text: path.to_owned(), ..token.clone() });
        }
        // Functions such as `tolower(...)` around an attribute are left out.
        let mut depth = 0_usize;
        while let Some(next) = self.next() {
            match next.kind {
                Kind::Open => {
                    depth += 1;
                    if depth > 1 {
                        arguments.pop();
                    }
                }
                Kind::Close if depth <= 1 => break,
                Kind::Close => depth -= 1,
                Kind::Comma => {}
                Kind::Word | Kind::String(_) if arguments.len() < 3 => arguments.push(next),
                _ => {
                    self.at = before;
                    return None;
                }
            }
        }
        if words::is_case_mapping(name) && arguments.len() == 1 {
            return self.case_mapping(token, &arguments);
        }
        let end = self.end();
        let span = Span::new(token.span.start, end);
        let clause = self.called(name, &arguments);
        let shown = method.map_or_else(|| format!("{name}(...)"), |_| format!(".{name}(...)"));
        let finding = Finding::new(
            Code::FunctionCall,
            span,
            format!("there are no functions such as {}", quoted(&shown)),
        );
        let finding = match clause {
            Some(clause) => {
                // OData compares the result with a Boolean.
                let is_next = |ahead: usize, word: &str| {
                    self.peek(ahead).is_some_and(|next| next.is_word(word))
                };
                let is_true = is_next(0, "eq") && is_next(1, "true")
                    || is_next(0, "ne") && is_next(1, "false");
                let is_false = is_next(0, "eq") && is_next(1, "false")
                    || is_next(0, "ne") && is_next(1, "true");
                if is_true || is_false {
                    self.at += 2;
                }
                let clause = if is_false { format!("not ({clause})") } else { clause };
                let span = Span::new(span.start, self.end());
                finding.help(format!("write `{clause}`")).edit(Safety::Safe, span, clause)
            }
            None => finding,
        };
        self.report(finding);
        Some(Operand::new(Span::new(span.start, self.end())))
    }

    /// Replaces a function such as `tolower(...)` by its argument, and reads the rest of the clause.
    fn case_mapping(&mut self, token: &Token, arguments: &[Token]) -> Option<Operand> {
        let path = arguments.first().filter(|path| path.kind == Kind::Word)?.text.clone();
        let span = Span::new(token.span.start, self.end());
        let finding = Finding::new(Code::FunctionCall, span, "there are no functions");
        let finding = finding.help(format!("write `{path}`"));
        self.report(finding.edit(Safety::Unsafe, span, path.clone()));
        Some(self.after_path(span, path))
    }

    /// Reads a call in the place of a value. A function such as `tolower(...)` or `date(...)` is
    /// replaced by its argument.
    pub(super) fn called_value(&mut self, token: &Token) -> Option<String> {
        self.at += 1;
        let mut arguments = Vec::new();
        let mut depth = 0_usize;
        while let Some(next) = self.next() {
            match next.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth <= 1 => break,
                Kind::Close => depth -= 1,
                _ => arguments.push(next),
            }
        }
        let span = Span::new(token.span.start, self.end());
        let message =
            format!("there are no functions such as {}", quoted(&format!("{}(...)", token.text)));
        let finding = Finding::new(Code::FunctionCall, span, message);
        match arguments.as_slice() {
            [value] if value.is_string() && words::is_conversion(&token.text) => {
                let text = self.literal(value).text;
                let finding = finding.help(format!("write {}", quoted(&text)));
                self.report(finding.edit(Safety::Unsafe, span, text.clone()));
                Some(text)
            }
            _ => {
                self.report(finding.help("write the value itself"));
                None
            }
        }
    }

    /// Returns the clause that a call means.
    fn called(&self, name: &str, arguments: &[Token]) -> Option<String> {
        let is_path = |token: &Token| {
            token.kind == Kind::Word
                && token.text.starts_with(|char: char| char.is_ascii_alphabetic())
        };
        let is_null = matches!(name.to_ascii_lowercase().as_str(), "isnull" | "isempty" | "empty");
        match arguments {
            [path] if is_path(path) && is_null => Some(format!("not ({} pr)", path.text)),
            [path] if is_path(path) && words::function(name) == Some(Operator::Pr) => {
                Some(format!("{} pr", path.text))
            }
            [path, value] if is_path(path) && !is_null => {
                let operator = words::function(name).filter(|operator| operator.takes_value())?;
                Some(format!("{} {operator} {}", path.text, self.literal(value).text))
            }
            // `substringof('x', a)` of OData 3.
            [value, path] if value.is_string() && is_path(path) => {
                let operator = words::function(name).filter(|operator| operator.takes_value())?;
                Some(format!("{} {operator} {}", path.text, self.literal(value).text))
            }
            _ => None,
        }
    }
}
