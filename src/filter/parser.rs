//! The state of the parser: the tree built so far, and the usage of each limit.

use super::ast::{Connective, Entry, EntryKind, Filter, LimitUsage, NONE, PathRange};
use super::token::{Input, ParseError, fail};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::span::Span;
use crate::syntax::Syntax;

pub(super) struct Parser {
    pub(super) filter: Filter,
    pub(super) limits: Limits,
    /// Number of `(`, `not (` and `[` that are open.
    pub(super) depth: usize,
    pub(super) in_brackets: bool,
}

/// The result of parsing an expression, whose entry is the last one.
#[derive(Clone, Copy)]
pub(super) struct Parsed {
    /// End in the source, after closing parentheses.
    pub(super) end: u32,
    /// Number of levels on which `and` and `or` alternate, negations resolved.
    pub(super) connective_levels: usize,
    /// The connective of the top level, negations resolved. `None` for a clause or value path.
    pub(super) connective: Option<Connective>,
}

/// Returns an error if the source is longer than [`Limits::bytes`].
#[inline]
pub(super) fn check_length(text: &str, limits: &Limits) -> Result<(), Diagnostics> {
    if text.len() <= limits.bytes { Ok(()) } else { Err(too_long(text, limits.bytes)) }
}

impl Parser {
    // PERF: inlined so that the large return value is built in the frame of the caller
    // instead of being copied there. Check with `benches/peers -- --only parse`, F1.
    #[inline(always)]
    pub(super) fn new(text: &str, syntax: &Syntax, limits: Limits) -> Self {
        // The shortest clause with its connective has eight bytes (`a pr or `). The cap keeps long
        // string literals from reserving entries.
        let entries =
            Vec::with_capacity((text.len() / 8 + 2).min(limits.clauses.saturating_mul(2)));
        let filter = Filter {
            text: text.to_owned(),
            source_len: text.len(),
            entries,
            usage: LimitUsage::default(),
            syntax: *syntax,
            warnings: Vec::new(),
        };
        Self { filter, limits, depth: 0, in_brackets: false }
    }

    // PERF: `#[cold]`, here and below, moves the construction of errors out of the path of valid
    // filters.
    #[cold]
    pub(super) fn into_diagnostics(mut self, error: nom::Err<ParseError>) -> Diagnostics {
        let diagnostic = match error {
            nom::Err::Failure(ParseError(Some(diagnostic)))
            | nom::Err::Error(ParseError(Some(diagnostic))) => diagnostic,
            _ => Diagnostic::new(Code::UnexpectedText, Span::default(), "invalid filter"),
        };
        self.filter.text.truncate(self.filter.source_len);
        Diagnostics::new(self.filter.text, vec![diagnostic])
    }

    /// Returns the offset of `input` in the source. `input` must be a suffix of the source.
    pub(super) fn offset(&self, input: Input<'_>) -> usize {
        self.filter.source_len - input.len()
    }

    /// Like [`Parser::offset`], as the tree stores it.
    pub(super) fn offset_u32(&self, input: Input<'_>) -> u32 {
        to_u32(self.filter.source_len).wrapping_sub(to_u32(input.len()))
    }

    /// Returns whether the byte before `input` is a closing parenthesis or bracket.
    pub(super) fn is_after_bracket(&self, input: Input<'_>) -> bool {
        let before =
            self.offset(input).checked_sub(1).and_then(|at| self.filter.text.as_bytes().get(at));
        before.is_none_or(|byte| matches!(byte, b')' | b']'))
    }

    /// Returns the span of the first `len` bytes of `input`.
    pub(super) fn span(&self, input: Input<'_>, len: usize) -> Span {
        let start = self.offset(input);
        Span::new(start, start + len)
    }

    /// Returns the first `len` bytes of `input`, or the empty string if they cut a character.
    pub(super) fn text<'p>(&'p self, input: Input<'_>, len: usize) -> &'p str {
        self.span(input, len).text(&self.filter.text).unwrap_or("")
    }

    pub(super) fn push(&mut self, kind: EntryKind, start: u32, end: u32) {
        self.filter.entries.push(Entry { kind, next: NONE, start, end });
    }

    pub(super) fn last_index(&self) -> u32 {
        to_u32(self.filter.entries.len()).wrapping_sub(1)
    }

    /// Returns whether the last entry is a disjunction that starts at `start`, without parentheses.
    pub(super) fn ends_with_or(&self, start: u32) -> bool {
        let last = self.filter.entries.last();
        last.is_some_and(|entry| {
            matches!(entry.kind, EntryKind::Logical { connective: Connective::Or, .. })
                && entry.start == start
        })
    }

    /// Makes the entry at `next` the sibling after the entry at `index`.
    fn link(&mut self, index: u32, next: u32) {
        if let Some(entry) = self.filter.entries.get_mut(index as usize) {
            entry.next = next;
        }
    }

    /// Enters the parenthesis or bracket at the start of `input`.
    #[inline]
    pub(super) fn descend(&mut self, input: Input<'_>) -> Result<(), nom::Err<ParseError>> {
        self.depth += 1;
        self.filter.usage.depth = self.filter.usage.depth.max(self.depth);
        if self.depth <= self.limits.depth {
            return Ok(());
        }
        fail(over_limit(Code::TooDeep, self.span(input, 1), self.limits.depth))
    }

    /// Leaves the innermost parenthesis or bracket.
    #[inline]
    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Counts the clause that starts at `start`.
    #[inline]
    pub(super) fn count_clause(&mut self, start: u32) -> Result<(), nom::Err<ParseError>> {
        self.filter.usage.clauses += 1;
        if self.filter.usage.clauses <= self.limits.clauses {
            return Ok(());
        }
        fail(over_limit(
            Code::TooManyClauses,
            Span::new(start as usize, start as usize + 1),
            self.limits.clauses,
        ))
    }

    /// Adds a value path that ends before `rest`.
    pub(super) fn push_value_path(
        &mut self,
        path: PathRange,
        inner: Parsed,
        rest: Input<'_>,
    ) -> Parsed {
        let end = self.offset_u32(rest);
        self.push(EntryKind::ValuePath { path, child: self.last_index() }, path.start, end);
        Parsed { end, connective: None, ..inner }
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
    let message = format!("longer than the {limit} bytes allowed");
    let error = Diagnostic::new(Code::TooLong, Span::new(0, shown), message)
        .with_help("use several queries, or shorter values");
    Diagnostics::new(text.get(..shown).unwrap_or(""), vec![error])
}

/// Creates the error for a filter that exceeds the limit of `code`.
#[cold]
fn over_limit(code: Code, span: Span, limit: usize) -> Diagnostic {
    let message = match code {
        Code::TooDeep => format!("nested deeper than the {limit} levels allowed"),
        Code::TooManyClauses => format!("more than the {limit} clauses allowed"),
        _ => format!("`and` and `or` alternate on more than the {limit} levels allowed"),
    };
    Diagnostic::new(code, span, message)
        .with_help("filter too complex; split it into several queries")
}

/// Converts an offset or index. [`Limits::MAX_BYTES`] keeps both below 2^32.
pub(super) const fn to_u32(number: usize) -> u32 {
    number as u32
}

/// Builds the entry of two or more operands that are joined by one connective.
pub(super) struct LogicalBuilder {
    connective: Connective,
    first: u32,
    last: u32,
    start: u32,
    end: u32,
    connective_levels: usize,
}

impl LogicalBuilder {
    /// Starts with the first operand, whose entry is the last one.
    pub(super) fn new(
        parser: &mut Parser,
        connective: Connective,
        start: u32,
        operand: Parsed,
    ) -> Self {
        let mut builder = Self {
            connective,
            first: NONE,
            last: NONE,
            start,
            end: operand.end,
            connective_levels: 0,
        };
        builder.push(parser, operand);
        builder
    }

    /// Appends an operand, whose entry is the last one.
    pub(super) fn push(&mut self, parser: &mut Parser, operand: Parsed) {
        let (mut first, mut last) = (parser.last_index(), parser.last_index());
        // Flattens `(a or b) or c` to `a or b or c`: takes over the operands of the inner entry and
        // removes that entry.
        if operand.connective == Some(self.connective)
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
        let is_new_level = operand.connective != Some(self.connective);
        self.connective_levels =
            self.connective_levels.max(operand.connective_levels + usize::from(is_new_level));
    }

    /// Adds the entry.
    #[inline]
    pub(super) fn finish(self, parser: &mut Parser) -> Result<Parsed, nom::Err<ParseError>> {
        let Self { connective, first, last, start, end, connective_levels } = self;
        let limit = parser.limits.connective_levels;
        let used = &mut parser.filter.usage.connective_levels;
        *used = (*used).max(connective_levels);
        if connective_levels > limit {
            return fail(over_limit(
                Code::TooManyConnectiveLevels,
                Span::new(start as usize, end as usize),
                limit,
            ));
        }
        parser.push(EntryKind::Logical { connective, first, last }, start, end);
        Ok(Parsed { end, connective_levels, connective: Some(connective) })
    }
}
