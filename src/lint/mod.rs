//! Every mistake of a filter with its repair, and warnings about filters that are valid.
//!
//! [`Policy::check`] decides whether a filter is valid and does as little as possible. This module
//! is for people: [`Policy::diagnose`] reads on after errors and adds fixes ([`repair`]), and
//! [`Policy::lint`] finds what is valid but hardly meant ([`suspicious`], [`structure`]), said twice
//! ([`redundant`]), not read alike everywhere ([`portability`]) or expensive ([`cost`]). A
//! [`Provider`] reports what another product does not support.
//!
//! A fix is verified before it is offered: the fixed filter is parsed and checked, and a safe fix of
//! a valid filter has the same plan.

mod cost;
mod dates;
mod knowledge;
mod names;
mod portability;
mod provider;
mod redundant;
mod repair;
mod structure;
mod suspicious;

use crate::check::clauses::{ClauseAt, clauses};
use crate::check::name_arguments;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Fix, Safety, Severity};
use crate::filter::{Filter, Repaired, recover};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::snippet::escape;
use crate::span::Span;

pub use provider::Provider;

impl<R: ?Sized> Policy<R> {
    /// Returns every error of an input with fixes, or the warnings of a valid filter, including those
    /// of [`Policy::lint`].
    ///
    /// [`Policy::parse`] is cheaper and decides alike, but returns the first syntax error only, and
    /// no fixes. Names and types are checked even if the syntax has errors, unless those cannot be
    /// repaired.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Safety, Schema};
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    ///
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("userName", AttributeType::String),
    ///         Attribute::new("active", AttributeType::Boolean),
    ///     ],
    /// )?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    ///
    /// let diagnostics = policy.diagnose("usrName = 'bjensen' && actve == True");
    /// assert_eq!(diagnostics.len(), 7);
    /// assert_eq!(
    ///     diagnostics.fixed(Safety::Unsafe).as_deref(),
    ///     Some(r#"userName eq "bjensen" and active eq true"#)
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diagnose(&self, text: &str) -> Diagnostics {
        let errors = match Filter::parse_with(text, &self.syntax, &self.limits) {
            Ok(filter) => return self.diagnose_filter(&filter),
            Err(errors) => errors,
        };
        let Some(first) = errors.first().filter(|_| errors.source_text().len() == text.len())
        else {
            return errors;
        };
        let recovery = recover(text, &self.syntax, &self.limits, first);
        let mut list = recovery.diagnostics;
        if let Some(repaired) = recovery.repaired {
            self.check_repaired(text, &mut list, &repaired);
        }
        list.sort_by_key(|diagnostic| diagnostic.span().start);
        Diagnostics::new(text, list)
    }

    /// Returns warnings and advice about a filter that the policy accepts.
    ///
    /// The warnings of [`Plan::warnings`] are not included. Returns no diagnostics if the policy
    /// rejects the filter.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Code, Filter, Policy, Schema};
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    ///
    /// let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    ///
    /// let filter = Filter::parse(r#"userName eq "b*""#)?;
    /// let warnings = policy.lint(&filter);
    /// assert_eq!(warnings.first().map(|first| first.code()), Some(Code::WildcardInValue));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lint(&self, filter: &Filter) -> Diagnostics {
        let list =
            self.check(filter).map_or_else(|_| Vec::new(), |plan| self.findings(filter, &plan));
        Diagnostics::new(filter.source_text(), list)
    }

    fn diagnose_filter(&self, filter: &Filter) -> Diagnostics {
        let source = filter.source_text();
        let list = match self.check(filter) {
            Ok(plan) => {
                let mut list = plan.warnings().to_vec();
                list.extend(self.findings(filter, &plan));
                list.sort_by_key(|diagnostic| diagnostic.span().start);
                list
            }
            Err(errors) => self.with_fixes(filter, &errors),
        };
        Diagnostics::new(source, list)
    }

    /// Runs all rules on a valid filter. Fixes that the policy rejects are left out.
    fn findings(&self, filter: &Filter, plan: &Plan<R>) -> Vec<Diagnostic> {
        let linter = Linter { policy: self, filter, plan, clauses: clauses(filter, self) };
        let mut list = Vec::new();
        suspicious::run(&linter, &mut list);
        structure::run(&linter, &mut list);
        redundant::run(&linter, &mut list);
        portability::run(&linter, &mut list);
        cost::run(&linter, &mut list);
        name_arguments(self, filter, &mut list);
        list.sort_by_key(|diagnostic| diagnostic.span().start);
        list
    }

    /// Adds verified fixes to the errors of a filter.
    fn with_fixes(&self, filter: &Filter, errors: &Diagnostics) -> Vec<Diagnostic> {
        let source = filter.source_text();
        let clauses = clauses(filter, self);
        let count = |errors: &Diagnostics| {
            errors.iter().filter(|one| one.severity() == Severity::Error).count()
        };
        let before = count(errors);
        errors
            .iter()
            .map(|error| {
                let error = error.clone();
                if error.severity() != Severity::Error || !error.fixes().is_empty() {
                    return error;
                }
                let Some(fix) = repair::fix(self, filter, &clauses, &error) else {
                    return repair::with_reason(error, source);
                };
                let after = self.errors_of(&fix.apply(source));
                if after.is_some_and(|after| count(&after) >= before) {
                    return error;
                }
                // A name that stands for a whole condition concerns the whole clause.
                let span = error.span().to(fix.span());
                let is_clause = error.code() == Code::UnknownAttribute;
                let error = if is_clause { error.moved(|_| span) } else { error };
                error.replace_help(fix)
            })
            .collect()
    }

    /// Returns the errors of an input, or `None` if the policy accepts it.
    fn errors_of(&self, text: &str) -> Option<Diagnostics> {
        let filter = match Filter::parse_with(text, &self.syntax, &self.limits) {
            Ok(filter) => filter,
            Err(errors) => return Some(errors),
        };
        self.check(&filter).err()
    }

    /// Checks the repaired text of a filter with syntax errors, and adds the errors of names and
    /// types at their place in the source.
    fn check_repaired(&self, source: &str, list: &mut Vec<Diagnostic>, repaired: &Repaired) {
        let Ok(filter) = Filter::parse_with(&repaired.text, &self.syntax, &self.limits) else {
            return;
        };
        let Err(errors) = self.check(&filter) else { return };
        let errors = Diagnostics::new(
            repaired.text.as_str(),
            self.with_fixes(&filter, &errors)
                .into_iter()
                .filter(|error| error.severity() == Severity::Error)
                .collect(),
        );
        let text = errors.fixed(Safety::Unsafe).unwrap_or_else(|| repaired.text.clone());
        let is_valid = self.errors_of(&text).is_none();
        let safety = errors
            .iter()
            .filter_map(|error| error.fixes().first())
            .map(|fix| fix.safety)
            .chain([repaired.safety])
            .max()
            .unwrap_or(Safety::Unsafe);
        let whole = || {
            let span = Span::new(0, source.len());
            let message = format!("write `{}`", escape(&text));
            Fix::new(safety, message, vec![(span, text.clone())])
        };
        let mut is_apart = repaired.is_apart;
        for error in &errors {
            let fix = error.fixes().first().map(|fix| {
                let edits =
                    fix.edits.iter().map(|(span, text)| (repaired.origin(*span), text.clone()));
                is_apart &= fix.edits.iter().all(|(span, _)| repaired.is_original(*span));
                Fix::new(fix.safety, fix.message.clone(), edits.collect())
            });
            let moved = error.moved(|span| repaired.origin(span));
            list.push(match fix {
                Some(fix) if is_valid => moved.with_fix(fix),
                _ => moved,
            });
        }
        // A filter with names that cannot be repaired is rejected after any fix of its syntax.
        if !is_valid {
            list.iter_mut().for_each(Diagnostic::distrust_fixes);
        } else if !is_apart {
            for (position, diagnostic) in list.iter_mut().enumerate() {
                diagnostic.set_fixes(if position == 0 { vec![whole()] } else { Vec::new() });
            }
        }
    }
}

/// What the rules read.
struct Linter<'l, R: ?Sized> {
    policy: &'l Policy<R>,
    filter: &'l Filter,
    plan: &'l Plan<R>,
    clauses: Vec<ClauseAt<'l>>,
}

impl<R: ?Sized> Linter<'_, R> {
    /// Returns the diagnostic with the fix if the policy accepts the fixed filter. A safe fix has
    /// to have the same plan.
    fn offer(&self, diagnostic: Diagnostic, fix: Fix) -> Diagnostic {
        match self.verify(fix) {
            Some(fix) => diagnostic.with_fix(fix),
            None => diagnostic,
        }
    }

    /// Like [`Linter::offer`], for a fix that changes the plan. The caller has proven that a safe one
    /// does not change the records that match.
    fn offer_proven(&self, diagnostic: Diagnostic, fix: Fix) -> Diagnostic {
        match self.accepted(&fix) {
            Some(_) => diagnostic.with_fix(fix),
            None => diagnostic,
        }
    }

    /// Returns the fix if the policy accepts the fixed filter, and if a safe one does not change the
    /// plan.
    fn verify(&self, fix: Fix) -> Option<Fix> {
        let plan = self.accepted(&fix)?;
        let is_same = plan.root() == self.plan.root();
        (fix.safety != Safety::Safe || is_same).then_some(fix)
    }

    /// Returns the plan of the fixed filter if the policy accepts it.
    fn accepted(&self, fix: &Fix) -> Option<Plan<R>> {
        let text = fix.apply(self.filter.source_text());
        let filter = Filter::parse_with(&text, self.filter.syntax(), &self.policy.limits).ok()?;
        self.policy.check(&filter).ok()
    }

    fn source(&self, span: Span) -> &str {
        span.text(self.filter.source_text()).unwrap_or("")
    }
}
