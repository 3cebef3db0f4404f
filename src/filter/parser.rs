//! What reading carries along: the tree so far, and what of the limits is used up.

use super::ast::{Connective, Entry, EntryKind, Filter, LimitUsage, NONE, PathRange};
use super::token::{Input, ParseError, fail};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::span::Span;
use crate::syntax::Syntax;

/// What reading carries along: the tree so far and what of the limits is used up.
pub(super) struct Parser {
    pub(super) filter: Filter,
    pub(super) limits: Limits,
    pub(super) depth: usize,
    pub(super) in_brackets: bool,
}

/// A part that was read, which is the newest entry: where it ends with the parentheses around it, and how often `and` and
/// `or` take turns in it.
#[derive(Clone, Copy)]
pub(super) struct Parsed {
    pub(super) end: u32,
    pub(super) connective_levels: usize,
    pub(super) top: Option<Connective>,
}

/// Whether the text is within the limit on bytes.
#[inline]
pub(super) fn check_length(text: &str, limits: &Limits) -> Result<(), Diagnostics> {
    if text.len() <= limits.bytes { Ok(()) } else { Err(too_long(text, limits.bytes)) }
}

impl Parser {
    /// What it makes is large: where it becomes a part of its caller, nothing of it is moved.
    #[inline(always)]
    pub(super) fn new(text: &str, syntax: &Syntax, limits: Limits) -> Self {
        // The shortest clause with its connective takes eight bytes; what a long string takes is no reason for more.
        let entries =
            Vec::with_capacity((text.len() / 8 + 2).min(limits.clauses.saturating_mul(2)));
        let usage = LimitUsage::default();
        let filter = Filter {
            text: text.to_owned(),
            source_len: text.len(),
            entries,
            usage,
            syntax: *syntax,
            warnings: Vec::new(),
        };
        Self { filter, limits, depth: 0, in_brackets: false }
    }

    #[cold]
    pub(super) fn into_diagnostics(mut self, error: nom::Err<ParseError>) -> Diagnostics {
        let diagnostic = match error {
            nom::Err::Failure(ParseError(Some(diagnostic)))
            | nom::Err::Error(ParseError(Some(diagnostic))) => diagnostic,
            _ => Diagnostic::new(Code::UnexpectedText, Span::default(), "the text is no filter"),
        };
        self.filter.text.truncate(self.filter.source_len);
        Diagnostics::new(self.filter.text, vec![diagnostic])
    }

    /// Where `input`, always a tail of the source, begins.
    pub(super) fn offset(&self, input: Input<'_>) -> usize {
        self.filter.source_len - input.len()
    }

    /// The same as the tree keeps it.
    pub(super) fn offset_u32(&self, input: Input<'_>) -> u32 {
        to_u32(self.filter.source_len).wrapping_sub(to_u32(input.len()))
    }

    /// Whether a parenthesis or bracket closes right before `input`.
    pub(super) fn is_after_bracket(&self, input: Input<'_>) -> bool {
        let before =
            self.offset(input).checked_sub(1).and_then(|at| self.filter.text.as_bytes().get(at));
        before.is_none_or(|byte| matches!(byte, b')' | b']'))
    }

    /// The span from `input` on, `len` bytes long.
    pub(super) fn span(&self, input: Input<'_>, len: usize) -> Span {
        let start = self.offset(input);
        Span::new(start, start + len)
    }

    pub(super) fn text<'r>(&'r self, input: Input<'_>, len: usize) -> &'r str {
        self.span(input, len).text(&self.filter.text).unwrap_or("")
    }

    pub(super) fn push(&mut self, kind: EntryKind, start: u32, end: u32) {
        self.filter.entries.push(Entry { kind, next: NONE, start, end });
    }

    /// The position of the newest entry.
    pub(super) fn last_index(&self) -> u32 {
        to_u32(self.filter.entries.len()).wrapping_sub(1)
    }

    pub(super) fn link(&mut self, index: u32, next: u32) {
        if let Some(entry) = self.filter.entries.get_mut(index as usize) {
            entry.next = next;
        }
    }

    #[inline]
    pub(super) fn descend(&mut self, input: Input<'_>) -> Result<(), nom::Err<ParseError>> {
        self.depth += 1;
        self.filter.usage.depth = self.filter.usage.depth.max(self.depth);
        if self.depth <= self.limits.depth {
            return Ok(());
        }
        fail(too_many(Code::TooDeep, self.span(input, 1), self.limits.depth))
    }

    #[inline]
    pub(super) fn count_clause(&mut self, start: u32) -> Result<(), nom::Err<ParseError>> {
        self.filter.usage.clauses += 1;
        if self.filter.usage.clauses <= self.limits.clauses {
            return Ok(());
        }
        fail(too_many(
            Code::TooManyClauses,
            Span::new(start as usize, start as usize + 1),
            self.limits.clauses,
        ))
    }

    /// Closes a value path that ends before `rest`.
    pub(super) fn value_path(&mut self, path: PathRange, inner: Parsed, rest: Input<'_>) -> Parsed {
        let end = self.offset_u32(rest);
        self.push(EntryKind::ValuePath { path, child: self.last_index() }, path.start, end);
        Parsed { end, top: None, ..inner }
    }
}

#[cold]
fn too_long(text: &str, limit: usize) -> Diagnostics {
    let shown = text
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|at| *at <= limit.min(256))
        .last()
        .unwrap_or(0);
    let message = format!("the text is longer than the {limit} bytes allowed");
    let error = Diagnostic::new(Code::TooLong, Span::new(0, shown), message)
        .with_help("ask in several queries, or with shorter values");
    Diagnostics::new(text.get(..shown).unwrap_or(""), vec![error])
}

/// More than `limit` of what the code is about.
#[cold]
fn too_many(code: Code, span: Span, limit: usize) -> Diagnostic {
    let message = match code {
        Code::TooDeep => format!("nested deeper than the {limit} levels allowed"),
        Code::TooManyClauses => format!("more than the {limit} clauses allowed"),
        _ => format!("`and` and `or` take turns on more than the {limit} levels allowed"),
    };
    Diagnostic::new(code, span, message).with_help("filter too complex; ask in several queries")
}

/// The limit on bytes keeps every offset of a text, and every position in its tree, within 32 bits.
pub(super) const fn to_u32(number: usize) -> u32 {
    number as u32
}

/// A chain of operands of one connective that is being read.
pub(super) struct LogicalBuilder {
    pub(super) connective: Connective,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) connective_levels: usize,
}

impl LogicalBuilder {
    pub(super) fn new(
        parser: &mut Parser,
        connective: Connective,
        start: u32,
        operand: Parsed,
    ) -> Self {
        let mut chain = Self {
            connective,
            first: NONE,
            last: NONE,
            start,
            end: operand.end,
            connective_levels: 0,
        };
        chain.push(parser, operand);
        chain
    }

    /// Takes in `operand`, the newest entry.
    pub(super) fn push(&mut self, parser: &mut Parser, operand: Parsed) {
        let (mut first, mut last) = (parser.last_index(), parser.last_index());
        // `(a or b) or c` is `a or b or c`: the inner chain gives its operands away and goes.
        if operand.top == Some(self.connective)
            && let Some(Entry {
                kind: EntryKind::Logical { first: inner_first, last: inner_last, .. },
                ..
            }) = parser.filter.entries.last()
        {
            (first, last) = (*inner_first, *inner_last);
            parser.filter.entries.pop();
        }
        if self.first == NONE {
            self.first = first;
        } else {
            parser.link(self.last, first);
        }
        self.last = last;
        self.end = operand.end;
        self.connective_levels = self
            .connective_levels
            .max(operand.connective_levels + usize::from(operand.top != Some(self.connective)));
    }

    #[inline]
    pub(super) fn finish(self, parser: &mut Parser) -> Result<Parsed, nom::Err<ParseError>> {
        let Self { connective, first, last, start, end, connective_levels } = self;
        let limit = parser.limits.connective_levels;
        let most = &mut parser.filter.usage.connective_levels;
        *most = (*most).max(connective_levels);
        if connective_levels > limit {
            return fail(too_many(
                Code::TooManyAlternations,
                Span::new(start as usize, end as usize),
                limit,
            ));
        }
        parser.push(EntryKind::Logical { connective, first, last }, start, end);
        Ok(Parsed { end, connective_levels, top: Some(connective) })
    }
}
