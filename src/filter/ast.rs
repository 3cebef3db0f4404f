//! The tree of a filter as it was written: a flat list of entries over one string.
//!
//! Entries are stored in post-order, so children precede their parents and the root is last. The
//! operands of an `and` or `or` form a linked list through `Entry::next`. Entries refer to the
//! string by 32-bit byte offsets. A filter of any size therefore takes two allocations, and
//! cloning, comparing, printing and dropping it never recurse.
//!
//! ```text
//! source   name pr and (id pr or email pr)
//! entries  0  name pr    next = 3
//!          1  id pr      next = 2
//!          2  email pr   next = NONE
//!          3  or         next = NONE   first = 1, last = 2
//!          4  and        next = NONE   first = 0, last = 3
//! ```
//!
//! The public types [`Expr`], [`Clause`] and [`Path`] are views of an entry.

use crate::diagnostic::Diagnostic;
use crate::operator::Operator;
use crate::span::Span;
use crate::syntax::Syntax;
use std::fmt;

/// Index that marks the end of a list of siblings.
pub(super) const NONE: u32 = u32::MAX;

/// A parsed filter (RFC 7644 section 3.4.2.2), with the position of each part in its source.
///
/// A filter contains what was written, not what it means: [`Policy::check`](crate::Policy::check)
/// turns it into a [`Plan`](crate::Plan). Operands of one connective are flattened, and redundant
/// parentheses are removed. Two filters are equal if their canonical forms are equal, which
/// [`Display`](std::fmt::Display) prints. No operation recurses, so a filter of any shape is safe
/// on a small stack.
///
/// ```
/// use scieve::{ExprKind, Filter};
///
/// let filter = Filter::parse(r#"(name EQ "Bob")  and id pr"#)?;
/// assert_eq!(filter.to_string(), r#"name eq "Bob" and id pr"#);
/// let ExprKind::And(operands) = filter.root().kind() else { unreachable!() };
/// assert_eq!(operands.count(), 2);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone)]
pub struct Filter {
    /// The source, followed by strings that are not part of it: decoded string literals, and
    /// attribute names implied by a dialect.
    pub(super) text: String,
    pub(super) source_len: usize,
    /// In post-order; see the module documentation.
    pub(super) entries: Vec<Entry>,
    pub(super) usage: LimitUsage,
    pub(super) syntax: Syntax,
    pub(super) warnings: Vec<Diagnostic>,
}

/// The amount of each limit that a filter uses, counted during parsing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitUsage {
    pub(crate) depth: usize,
    pub(crate) clauses: usize,
    pub(crate) connective_levels: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    /// Index of the next operand of the same parent, or `NONE`.
    pub(super) next: u32,
    /// Start of the expression in the source, without enclosing parentheses.
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum EntryKind {
    /// Two or more operands joined by one connective, as a linked list.
    Logical {
        connective: Connective,
        first: u32,
        last: u32,
    },
    Not {
        child: u32,
    },
    ValuePath {
        path: PathRange,
        child: u32,
    },
    Clause(ClauseParts),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ClauseParts {
    pub(super) path: PathRange,
    pub(super) operator: Operator,
    pub(super) operator_start: u32,
    pub(super) literal: LiteralRange,
}

/// A connective of two or more operands.
// PERF: `repr(u32)` gives this enum the width of the neighbouring fields, so that the structs
// around it have no padding. With padding, the compiler copies them by wide loads of fields that
// were just written one by one, and each such load waits for store forwarding (Agner Fog, "The
// microarchitecture of Intel, AMD and VIA CPUs", store forwarding). One of the changes that
// together halved the time of `parse` (F1 to F9): `cargo bench --manifest-path
// benches/peers/Cargo.toml -- --only parse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Connective {
    And,
    Or,
}

/// The position of an attribute path in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathRange {
    /// Start of the schema URN, or of the name if there is no URN.
    pub(super) start: u32,
    /// Start of the attribute name.
    pub(super) name: u32,
    /// Offset of the dot before a sub-attribute, or 0 if there is none. (A path cannot start with a
    /// dot.)
    pub(super) dot: u32,
    pub(super) end: u32,
}

/// The position of a comparison value: of its value in the text, and of its start in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiteralRange {
    pub(super) kind: LiteralKind,
    /// Start of the literal in the source, quotes included. It ends where its clause ends.
    pub(super) source_start: u32,
    /// Start of the value. The value of a string with escapes lies behind the source.
    pub(super) start: u32,
    pub(super) end: u32,
}

// PERF: `repr(u32)` for the same reason as on `Connective`.
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
    /// Returns the source that was parsed. Every [`Span`] of this filter refers to it.
    #[must_use]
    pub fn source_text(&self) -> &str {
        self.text.get(..self.source_len).unwrap_or(&self.text)
    }

    pub(crate) fn usage(&self) -> LimitUsage {
        self.usage
    }

    /// Returns the dialect that the filter was parsed with.
    #[must_use]
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Returns a warning for each accepted deviation from RFC 7644, with a replacement that
    /// conforms to it.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Returns the root of the tree.
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
        // Both lists are in post-order, so the trees are equal if all entries are equal pairwise.
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

/// A Boolean expression: a whole filter or a part of it.
#[derive(Clone, Copy)]
pub struct Expr<'f> {
    filter: &'f Filter,
    index: u32,
}

/// The kind of an [`Expr`], with its parts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ExprKind<'f> {
    /// A conjunction of two or more operands.
    And(Operands<'f>),
    /// A disjunction of two or more operands.
    Or(Operands<'f>),
    /// A negation.
    Not(Expr<'f>),
    /// A value path such as `emails[type eq "work"]`: true if one element of the attribute matches
    /// the expression.
    ValuePath(Path<'f>, Expr<'f>),
    /// A comparison or presence test.
    Clause(Clause<'f>),
}

impl<'f> Expr<'f> {
    /// Returns the kind of this expression.
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
            // Unreachable: every parsed filter has a root. An empty disjunction matches nothing.
            None => ExprKind::Or(Operands { filter, next: NONE }),
        }
    }

    /// Returns the position in the source, without enclosing parentheses.
    #[must_use]
    pub fn span(self) -> Span {
        let entry = self.filter.entries.get(self.index as usize);
        entry.map_or(Span::default(), |entry| Span::new(entry.start as usize, entry.end as usize))
    }

    /// Returns the filter that contains this expression.
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

/// The operands of a conjunction or disjunction, in source order.
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

/// A comparison such as `name eq "Bob"`, or a presence test such as `name pr`.
#[derive(Clone, Copy)]
pub struct Clause<'f> {
    filter: &'f Filter,
    parts: &'f ClauseParts,
    end: u32,
}

impl<'f> Clause<'f> {
    /// Returns the attribute path.
    #[must_use]
    #[inline]
    pub fn path(&self) -> Path<'f> {
        Path::new(self.filter, self.parts.path)
    }

    /// Returns the operator.
    #[must_use]
    #[inline]
    pub fn operator(&self) -> Operator {
        self.parts.operator
    }

    /// Returns the position of the operator in the source.
    #[must_use]
    pub fn operator_span(&self) -> Span {
        let start = self.parts.operator_start as usize;
        Span::new(start, start + self.operator().name().len())
    }

    /// Returns the comparison value, or `None` for `pr`.
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

    /// Returns the comparison value as written in the source.
    pub(crate) fn literal_source(&self) -> &'f str {
        self.literal_span().text(self.filter.source_text()).unwrap_or("")
    }

    /// Returns the position of the comparison value in the source, quotes included. For `pr` the
    /// span is empty.
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
///
/// [`Display`](std::fmt::Display) prints it as JSON, in the canonical form.
///
/// ```
/// use scieve::{ExprKind, Filter, Literal};
///
/// let filter = Filter::parse(r#"displayName eq "caf\u00e9""#)?;
/// let ExprKind::Clause(clause) = filter.root().kind() else { unreachable!() };
/// assert_eq!(clause.literal(), Some(Literal::String("café")));
/// assert_eq!(Literal::String("a\"b").to_string(), r#""a\"b""#);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal<'f> {
    /// A string, with its escapes decoded.
    String(&'f str),
    /// A JSON number as written, of any size and precision.
    Number(&'f str),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

/// An attribute path: `name`, `name.familyName`, or either of them preceded by a schema URN and a
/// colon.
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

    /// Returns the schema URN before the last colon.
    #[must_use]
    #[inline]
    pub fn urn(self) -> Option<&'f str> {
        (self.range.name > self.range.start)
            .then(|| self.filter.slice(self.range.start, self.range.name - 1))
    }

    /// Returns the name of the attribute.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'f str {
        if self.range.dot == 0 {
            self.without_urn()
        } else {
            self.filter.slice(self.range.name, self.range.dot)
        }
    }

    /// Returns the name of the sub-attribute, after the dot.
    #[must_use]
    #[inline]
    pub fn sub_attribute(self) -> Option<&'f str> {
        (self.range.dot != 0).then(|| self.filter.slice(self.range.dot + 1, self.range.end))
    }

    /// Returns the path without the schema URN: `name` or `name.familyName`.
    #[inline]
    pub(crate) fn without_urn(self) -> &'f str {
        if self.range.name == self.range.start {
            self.text
        } else {
            self.filter.slice(self.range.name, self.range.end)
        }
    }

    /// Returns the path as written.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> &'f str {
        self.text
    }

    /// Returns the position in the source. For a name implied by a dialect, the span is empty and
    /// at the end of the source.
    #[must_use]
    pub fn span(self) -> Span {
        let (start, end) = (self.range.start as usize, self.range.end as usize);
        if end <= self.filter.source_len {
            Span::new(start, end)
        } else {
            Span::new(self.filter.source_len, self.filter.source_len)
        }
    }

    /// Returns the URN, the name and the sub-attribute.
    fn parts(self) -> (Option<&'f str>, &'f str, Option<&'f str>) {
        (self.urn(), self.name(), self.sub_attribute())
    }
}
