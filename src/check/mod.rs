//! From what was written to what it means, by a policy.

mod grouping;
mod meaning;
mod resolve;
mod shape;

use crate::diagnostic::{Diagnostics, Severity};
use crate::filter::Filter;
use crate::plan::Plan;
use crate::policy::Policy;
use grouping::Grouping;
use resolve::Resolver;
use std::borrow::Cow;
use std::sync::Arc;

impl<R: ?Sized> Policy<R> {
    /// Proves a filter legal, or says everything that is wrong with it.
    ///
    /// # Errors
    /// All that the policy refuses in the filter, in the order of the text: attributes that the resource does not have or that
    /// are hidden, operators and values that an attribute does not take, and what breaks the rules on the whole filter.
    pub fn check(&self, filter: &Filter) -> Result<Plan<R>, Diagnostics> {
        let over = shape::over_limits(filter, &self.limits);
        if !over.is_empty() {
            return Err(Diagnostics::new(filter.source_text(), over));
        }
        let mut resolver = Resolver {
            policy: self,
            schema: Cow::Borrowed(&*self.schema),
            boolean_text: filter.syntax().boolean_text || self.syntax.boolean_text,
            clauses: filter.usage().clauses,
            last: None,
            grouping: Grouping::of(&self.groups),
            findings: filter.warnings().to_vec(),
            comparisons: Vec::new(),
            unknown: Vec::new(),
        };
        let root = resolver.root(filter.root());
        resolver.too_many_comparisons();
        if root.is_none() || !resolver.grouping.holds() {
            for group in &self.groups {
                resolver.group(group.attribute, filter.root());
            }
        }
        let Resolver { schema, mut findings, .. } = resolver;
        findings.sort_by_key(|finding| finding.span().start);
        let refused = findings.iter().any(|finding| finding.severity() == Severity::Error);
        match root {
            Some(root) if !refused => {
                let schema = match schema {
                    Cow::Borrowed(_) => Arc::clone(&self.schema),
                    Cow::Owned(schema) => Arc::new(schema),
                };
                Ok(Plan::new(root, schema, findings))
            }
            _ => Err(Diagnostics::new(filter.source_text(), findings)),
        }
    }

    /// Reads a filter in the policy's dialect, within its limits, and checks it.
    ///
    /// # Errors
    /// As [`Filter::parse`] and [`Policy::check`].
    pub fn parse(&self, text: &str) -> Result<Plan<R>, Diagnostics> {
        self.check(&Filter::parse_with(text, &self.syntax, &self.limits)?)
    }
}
