//! Editing of filters.

use super::ast::{Clause, Expr, ExprKind, Filter, Operands};
use super::builder::{Builder, all, any, attr};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::span::Span;
use std::collections::HashSet;

/// The effect of [`Filter::rewrite`] on a clause.
#[derive(Clone, Debug)]
pub enum Rewrite {
    /// Keeps the clause.
    Keep,
    /// Removes the clause: the condition no longer applies. An error inside an `or` or a `not`,
    /// where the effect on the other operands is rarely intended.
    Drop,
    /// Removes the clause, also inside an `or` or a `not`. The other operands remain.
    DropAnywhere,
    /// Replaces the clause by a filter.
    Replace(Builder),
}

impl Filter {
    /// Returns the filter that matches if this one and the other match.
    ///
    /// Contains both unchanged, including numbers of any size, and adds parentheses where they are
    /// needed. Scopes a caller's filter: the caller cannot get out of the conjunction.
    ///
    /// ```
    /// use scieve::{Filter, attr};
    ///
    /// let filter = Filter::parse("age gt 12345678901234567890 or name pr")?;
    /// let scoped = filter.and(attr("tenant").eq("t1"))?;
    /// assert_eq!(
    ///     scoped.to_string(),
    ///     r#"(age gt 12345678901234567890 or name pr) and tenant eq "t1""#
    /// );
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the other is an invalid builder, or if the result is nested deeper than
    /// [`Limits::MAX_DEPTH`] or longer than [`Limits::MAX_BYTES`]. Other limits are checked by
    /// [`Policy::check`](crate::Policy::check).
    pub fn and(&self, other: impl Into<Builder>) -> Result<Self, Diagnostics> {
        Builder::from(self).and(other).build_with(&Limits::HIGHEST)
    }

    /// Returns the filter that matches if this one or the other matches.
    ///
    /// # Errors
    /// See [`Filter::and`].
    pub fn or(&self, other: impl Into<Builder>) -> Result<Self, Diagnostics> {
        Builder::from(self).or(other).build_with(&Limits::HIGHEST)
    }

    /// Returns the filter that matches if this one does not.
    ///
    /// # Errors
    /// See [`Filter::and`].
    pub fn not(&self) -> Result<Self, Diagnostics> {
        Builder::from(self).not().build_with(&Limits::HIGHEST)
    }

    /// Changes the clauses of a filter, those in brackets included. Returns `None` if every clause
    /// is dropped.
    ///
    /// A value path without clauses is dropped too.
    ///
    /// ```
    /// use scieve::{Filter, Operand, Rewrite, attr};
    ///
    /// let filter = Filter::parse(r#"login eq "bob" and secret pr and age gt 1e400"#)?;
    /// let rewritten = filter.rewrite(|clause| match clause.path().as_str() {
    ///     "login" => Rewrite::Replace(
    ///         attr("userName").compare(clause.operator(), clause.literal().map(Operand::from)),
    ///     ),
    ///     "secret" => Rewrite::Drop,
    ///     _ => Rewrite::Keep,
    /// })?;
    /// assert_eq!(rewritten.unwrap().to_string(), r#"userName eq "bob" and age gt 1e400"#);
    ///
    /// // Without the `or`, the other condition would apply to every user.
    /// let filter = Filter::parse(r#"active eq true or secret pr"#)?;
    /// assert!(filter.rewrite(|_| Rewrite::Drop).is_err());
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`Code::CannotDrop`] for each clause inside an `or` or `not` that is dropped by
    /// [`Rewrite::Drop`], and the errors of [`Filter::and`].
    pub fn rewrite(
        &self,
        mut decide: impl FnMut(&Clause<'_>) -> Rewrite,
    ) -> Result<Option<Self>, Diagnostics> {
        let mut rewriter = Rewriter { decide: &mut decide, errors: Vec::new() };
        let rewritten = rewriter.expr(self.root(), true);
        if !rewriter.errors.is_empty() {
            return Err(Diagnostics::new(self.source_text(), rewriter.errors));
        }
        let rewritten = rewritten.map(|builder| builder.with_syntax(*self.syntax()));
        rewritten.map(|builder| builder.build_with(&Limits::HIGHEST)).transpose()
    }

    /// Returns the paths of the attributes that the clauses name, as written, without duplicates.
    ///
    /// A clause in brackets has the path of the sub-attribute. Letter case is ignored.
    ///
    /// ```
    /// use scieve::Filter;
    ///
    /// let filter = Filter::parse(r#"emails[type eq "work" and value pr] and (ID pr or id pr)"#)?;
    /// assert_eq!(filter.attributes(), ["emails.type", "emails.value", "ID"]);
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn attributes(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut seen = HashSet::new();
        self.for_each_clause(&mut |outer, clause| {
            let path = match outer {
                Some(outer) => format!("{outer}.{}", clause.path().as_str()),
                None => clause.path().as_str().to_owned(),
            };
            if seen.insert(path.to_ascii_lowercase()) {
                paths.push(path);
            }
        });
        paths
    }

    /// Returns the places of the comparison values, in the order of the source.
    pub(super) fn literal_spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        self.for_each_clause(&mut |_, clause| spans.push(clause.literal_span()));
        spans
    }

    /// Calls `visit` for each clause, in the order of the source, with the path before the
    /// brackets.
    fn for_each_clause<'f>(&'f self, visit: &mut dyn FnMut(Option<&'f str>, Clause<'f>)) {
        // A work stack instead of recursion, as for printing.
        let mut pending = vec![(None, self.root())];
        while let Some((outer, expr)) = pending.pop() {
            match expr.kind() {
                ExprKind::And(operands) | ExprKind::Or(operands) => {
                    let start = pending.len();
                    pending.extend(operands.map(|operand| (outer, operand)));
                    if let Some(added) = pending.get_mut(start..) {
                        added.reverse();
                    }
                }
                ExprKind::Not(child) => pending.push((outer, child)),
                ExprKind::ValuePath(path, child) => pending.push((Some(path.as_str()), child)),
                ExprKind::Clause(clause) => visit(outer, clause),
            }
        }
    }
}

struct Rewriter<'r> {
    decide: &'r mut dyn FnMut(&Clause<'_>) -> Rewrite,
    errors: Vec<Diagnostic>,
}

impl Rewriter<'_> {
    /// Returns the rewritten expression, or `None` if it is dropped. `can_drop` is true if only
    /// conjunctions and brackets enclose it.
    // The recursion is bounded by the depth of the filter, which `Limits` bounds.
    fn expr(&mut self, expr: Expr<'_>, can_drop: bool) -> Option<Builder> {
        match expr.kind() {
            ExprKind::And(operands) => self.operands(operands, can_drop, all),
            ExprKind::Or(operands) => self.operands(operands, false, any),
            ExprKind::Not(child) => Some(self.expr(child, false)?.not()),
            ExprKind::ValuePath(path, child) => {
                Some(attr(path.as_str()).element(self.expr(child, can_drop)?))
            }
            ExprKind::Clause(clause) => match (self.decide)(&clause) {
                Rewrite::Keep => Some(Builder::clause_of(expr)),
                Rewrite::Replace(builder) => Some(builder),
                Rewrite::DropAnywhere => None,
                Rewrite::Drop => {
                    if !can_drop {
                        let message = "a condition inside `or` or `not` cannot be dropped";
                        self.errors.push(Diagnostic::new(Code::CannotDrop, expr.span(), message));
                    }
                    None
                }
            },
        }
    }

    fn operands(
        &mut self,
        operands: Operands<'_>,
        can_drop: bool,
        join: fn(Vec<Builder>) -> Builder,
    ) -> Option<Builder> {
        let kept: Vec<Builder> =
            operands.filter_map(|operand| self.expr(operand, can_drop)).collect();
        (!kept.is_empty()).then(|| join(kept))
    }
}
