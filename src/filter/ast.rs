//! The tree as written: one list of entries over one text, whatever the size of the filter.

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use crate::span::Span;
use crate::syntax::Syntax;
use std::fmt;

/// No entry: the end of a list of siblings.
pub(crate) const NONE: u32 = u32::MAX;

/// A filter as it was written (RFC 7644 section 3.4.2.2): its clauses in their order, with the place of each in the text.
///
/// Chains of one connective are flat, parentheses that change nothing are gone. Two filters are equal where their canonical
/// texts are (as [`Display`](std::fmt::Display) writes them). Nothing here recurses, so filters of any shape can be cloned, compared, printed and
/// dropped on any stack.
#[derive(Clone)]
pub struct Filter {
    /// The source text, then what had to be made: decoded strings, and names that a dialect implies.
    pub(super) text: String,
    pub(super) source_len: usize,
    /// Children before their parents, the root last.
    pub(super) entries: Vec<Entry>,
    pub(super) usage: LimitUsage,
    pub(super) syntax: Syntax,
    pub(super) warnings: Vec<Diagnostic>,
}

/// How much of each limit a filter takes, as counted while it was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitUsage {
    pub(crate) depth: usize,
    pub(crate) clauses: usize,
    pub(crate) connective_levels: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    pub(super) next: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum EntryKind {
    Logical { connective: Connective, first: u32, last: u32 },
    Not { child: u32 },
    ValuePath { path: PathRange, child: u32 },
    Clause(ClauseParts),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ClauseParts {
    pub(super) path: PathRange,
    pub(super) operator: Operator,
    pub(super) operator_start: u32,
    pub(super) literal: LiteralRange,
}

/// As wide as its neighbours in what is handed on, as the kind of a literal is: a processor waits where it reads several
/// fields at once that it has just written one by one, and padding makes the compiler do so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Connective {
    And,
    Or,
}

/// Where a path stands in the text: `start` of the URN or of the name, `name`, the dot or 0, `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathRange {
    pub(super) start: u32,
    pub(super) name: u32,
    pub(super) dot: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LiteralRange {
    pub(super) kind: LiteralKind,
    /// Where the literal begins in the source; it ends where the clause does.
    pub(super) source_start: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// As wide as a [`Connective`], for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum LiteralKind {
    Absent,
    String,
    Number,
    True,
    False,
    Null,
}

impl Filter {
    /// The text that was parsed, to which every span refers.
    #[must_use]
    pub fn source_text(&self) -> &str {
        self.text.get(..self.source_len).unwrap_or(&self.text)
    }

    pub(crate) fn usage(&self) -> LimitUsage {
        self.usage
    }

    /// The dialect it was read in.
    #[must_use]
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// The deviations from RFC 7644 that were accepted, each with the replacement that makes it right.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The top of the tree.
    #[must_use]
    pub fn root(&self) -> Expr<'_> {
        Expr {
            filter: self,
            index: u32::try_from(self.entries.len()).unwrap_or(NONE).wrapping_sub(1),
        }
    }

    #[inline]
    pub(super) fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        // Children stand before their parents in both, so equal entries in equal places make equal trees.
        let same = |(mine, theirs): (&Entry, &Entry)| {
            mine.next == theirs.next
                && match (mine.kind, theirs.kind) {
                    (
                        EntryKind::Logical { connective: a, first: b, .. },
                        EntryKind::Logical { connective: c, first: d, .. },
                    ) => (a, b) == (c, d),
                    (EntryKind::Not { child: a }, EntryKind::Not { child: b }) => a == b,
                    (
                        EntryKind::ValuePath { path: a, child: b },
                        EntryKind::ValuePath { path: c, child: d },
                    ) => b == d && Path::new(self, a).parts() == Path::new(other, c).parts(),
                    (EntryKind::Clause(a), EntryKind::Clause(b)) => {
                        let (c, d) = (a.literal, b.literal);
                        a.operator == b.operator
                            && Path::new(self, a.path).parts() == Path::new(other, b.path).parts()
                            && c.kind == d.kind
                            && (!matches!(c.kind, LiteralKind::String | LiteralKind::Number)
                                || self.slice(c.start, c.end) == other.slice(d.start, d.end))
                    }
                    _ => false,
                }
        };
        self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(same)
    }
}

impl Eq for Filter {}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({self})")
    }
}

/// A part of a filter that is true or false by itself.
#[derive(Clone, Copy)]
pub struct Expr<'f> {
    filter: &'f Filter,
    index: u32,
}

/// What an [`Expr`] is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ExprKind<'f> {
    /// True where all are: at least two.
    And(Operands<'f>),
    /// True where one is: at least two.
    Or(Operands<'f>),
    /// True where it is false.
    Not(Expr<'f>),
    /// True where one element of the attribute makes the expression true.
    ValuePath(Path<'f>, Expr<'f>),
    /// A comparison or a test of presence.
    Clause(Clause<'f>),
}

impl<'f> Expr<'f> {
    /// What it is.
    #[must_use]
    #[inline]
    pub fn kind(self) -> ExprKind<'f> {
        let filter = self.filter;
        let expr = |index| Expr { filter, index };
        match filter.entries.get(self.index as usize) {
            Some(Entry {
                kind: EntryKind::Logical { connective: Connective::And, first, .. },
                ..
            }) => ExprKind::And(Operands { filter, next: *first }),
            Some(Entry {
                kind: EntryKind::Logical { connective: Connective::Or, first, .. },
                ..
            }) => ExprKind::Or(Operands { filter, next: *first }),
            Some(Entry { kind: EntryKind::Not { child }, .. }) => ExprKind::Not(expr(*child)),
            Some(Entry { kind: EntryKind::ValuePath { path, child }, .. }) => {
                ExprKind::ValuePath(Path::new(filter, *path), expr(*child))
            }
            Some(Entry { kind: EntryKind::Clause(parts), end, .. }) => {
                ExprKind::Clause(Clause { filter, parts, end: *end })
            }
            // No parse leaves a tree without its root; an empty chain is what comes nearest to nothing.
            None => ExprKind::Or(Operands { filter, next: NONE }),
        }
    }

    /// Where it stands in the source; parentheses around it apart.
    #[must_use]
    pub fn span(self) -> Span {
        let entry = self.filter.entries.get(self.index as usize);
        entry.map_or(Span::default(), |entry| Span::new(entry.start as usize, entry.end as usize))
    }

    /// The filter that it is a part of.
    #[must_use]
    pub fn filter(self) -> &'f Filter {
        self.filter
    }

    pub(super) fn next(self) -> Option<Self> {
        let next = self.filter.entries.get(self.index as usize)?.next;
        (next != NONE).then_some(Self { index: next, ..self })
    }
}

impl fmt::Debug for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span();
        write!(f, "Expr({}..{})", span.start, span.end)
    }
}

/// The operands of a chain, in the order written.
#[derive(Clone, Copy)]
pub struct Operands<'f> {
    filter: &'f Filter,
    next: u32,
}

impl<'f> Iterator for Operands<'f> {
    type Item = Expr<'f>;

    fn next(&mut self) -> Option<Expr<'f>> {
        let index = self.next;
        self.next = self.filter.entries.get(index as usize)?.next;
        Some(Expr { filter: self.filter, index })
    }
}

impl fmt::Debug for Operands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// A comparison, such as `name eq "Bob"`, or a test of presence, such as `name pr`.
#[derive(Clone, Copy)]
pub struct Clause<'f> {
    filter: &'f Filter,
    parts: &'f ClauseParts,
    end: u32,
}

impl<'f> Clause<'f> {
    /// The attribute.
    #[must_use]
    #[inline]
    pub fn path(&self) -> Path<'f> {
        Path::new(self.filter, self.parts.path)
    }

    /// The operator.
    #[must_use]
    #[inline]
    pub fn operator(&self) -> Operator {
        self.parts.operator
    }

    /// Where the operator stands in the source.
    #[must_use]
    pub fn operator_span(&self) -> Span {
        let start = self.parts.operator_start as usize;
        Span::new(start, start + self.operator().name().len())
    }

    /// The comparison value; `None` for `pr`.
    #[must_use]
    #[inline]
    pub fn literal(&self) -> Option<Literal<'f>> {
        let literal = &self.parts.literal;
        let text = self.filter.slice(literal.start, literal.end);
        match literal.kind {
            LiteralKind::Absent => None,
            LiteralKind::String => Some(Literal::String(text)),
            LiteralKind::Number => Some(Literal::Number(text)),
            LiteralKind::True => Some(Literal::Boolean(true)),
            LiteralKind::False => Some(Literal::Boolean(false)),
            LiteralKind::Null => Some(Literal::Null),
        }
    }

    /// Where the comparison value stands in the source, quotes included; empty for `pr`.
    #[must_use]
    pub fn literal_span(&self) -> Span {
        match self.parts.literal.kind {
            LiteralKind::Absent => Span::new(self.end as usize, self.end as usize),
            _ => Span::new(self.parts.literal.source_start as usize, self.end as usize),
        }
    }
}

impl fmt::Debug for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clause({:?} {} {:?})", self.path(), self.operator(), self.literal())
    }
}

/// A comparison value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal<'f> {
    /// A string, its escapes decoded.
    String(&'f str),
    /// A number as it was written, of any precision.
    Number(&'f str),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

/// An attribute as a filter names it: `name`, `name.familyName`, or either with a schema URN and a colon before it.
#[derive(Clone, Copy)]
pub struct Path<'f> {
    filter: &'f Filter,
    range: PathRange,
    text: &'f str,
}

impl<'f> Path<'f> {
    #[inline]
    pub(super) fn new(filter: &'f Filter, range: PathRange) -> Self {
        Self { filter, range, text: filter.slice(range.start, range.end) }
    }

    /// The schema URN before the last colon.
    #[must_use]
    #[inline]
    pub fn urn(self) -> Option<&'f str> {
        (self.range.name > self.range.start)
            .then(|| self.filter.slice(self.range.start, self.range.name - 1))
    }

    /// The attribute's name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'f str {
        if self.range.dot == 0 {
            self.without_urn()
        } else {
            self.filter.slice(self.range.name, self.range.dot)
        }
    }

    /// The name after the dot.
    #[must_use]
    #[inline]
    pub fn sub_attribute(self) -> Option<&'f str> {
        (self.range.dot != 0).then(|| self.filter.slice(self.range.dot + 1, self.range.end))
    }

    /// The name with the one after the dot.
    #[inline]
    pub(crate) fn without_urn(self) -> &'f str {
        if self.range.name == self.range.start {
            self.text
        } else {
            self.filter.slice(self.range.name, self.range.end)
        }
    }

    /// The path as written.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> &'f str {
        self.text
    }

    /// Where it stands in the source; empty, at the end, for a name that the dialect implied.
    #[must_use]
    pub fn span(self) -> Span {
        let (start, end) = (self.range.start as usize, self.range.end as usize);
        if end <= self.filter.source_len {
            Span::new(start, end)
        } else {
            Span::new(self.filter.source_len, self.filter.source_len)
        }
    }

    fn parts(self) -> (&'f str, u32, u32) {
        let from_start = |at: u32| at.saturating_sub(self.range.start);
        (self.as_str(), from_start(self.range.name), from_start(self.range.dot))
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.as_str())
    }
}
