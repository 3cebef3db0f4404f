//! Policies within a scope: callers see only the records that match a plan.

use super::{Decision, Domain, no_model};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::filter::Filter;
use crate::plan::{Node, Plan, Predicate, all};
use crate::policy::Policy;
use crate::schema::{Attribute, AttributeId, SchemaError};
use crate::span::Span;

/// A policy whose plans match only records of a scope. Created by [`Policy::within`].
///
/// Every plan is the filter of the caller joined by `and` with the scope. The scope can name
/// attributes that the policy hides. A caller cannot query them: a filter that names one gets the
/// diagnostic of an unknown attribute, and neither errors nor the decision to refuse a filter
/// depend on them.
pub struct ScopedPolicy<R: ?Sized> {
    policy: Policy<R>,
    scope: Plan<R>,
    /// The conditions of the scope on attributes that the policy lets callers query.
    visible: Option<Node>,
    refuses_outside: bool,
}

impl<R: ?Sized> Policy<R> {
    /// Restricts the policy to the records that match a plan.
    ///
    /// The scope is a plan of a policy with the same schema, which can allow more than this one.
    ///
    /// # Errors
    /// Returns an error if the schemas differ in an attribute.
    ///
    /// ```
    /// use scieve::{Code, scim};
    /// use serde_json::json;
    ///
    /// let all = scim::user_policy();
    /// let caller = all.clone().hiding(["userType"])?;
    /// let scope = all.parse(r#"userType eq "Employee" and active eq true"#)?;
    /// let scoped = caller.within(scope)?;
    ///
    /// let plan = scoped.parse(r#"userName sw "b" or title pr"#)?;
    /// assert!(plan.matches(&json!({"userName": "bjensen", "userType": "Employee", "active": true})));
    /// assert!(!plan.matches(&json!({"userName": "bjensen", "userType": "Contractor", "active": true})));
    ///
    /// // The scope does not make its attributes known.
    /// let error = scoped.parse(r#"userType eq "Employee""#).unwrap_err();
    /// assert_eq!(error.first().map(|first| first.code()), Some(Code::UnknownAttribute));
    ///
    /// // Filters that reach outside can be refused instead of narrowed.
    /// let scoped = scoped.refusing_outside(true);
    /// assert!(scoped.parse(r#"userName sw "b" and active eq true"#).is_ok());
    /// let error = scoped.parse(r#"userName sw "b""#).unwrap_err();
    /// assert_eq!(error.first().map(|first| first.code()), Some(Code::OutsideScope));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn within(&self, scope: Plan<R>) -> Result<ScopedPolicy<R>, SchemaError> {
        if self.schemaless.is_none() && *scope.schema() != *self.schema {
            return Err(SchemaError::new("the scope has another schema than the policy"));
        }
        let conditions = match scope.root() {
            Node::All(children) => children.to_vec(),
            other => vec![other.clone()],
        };
        let is_visible = |node: &Node| self.can_query(&scope, node);
        let visible = all(conditions.into_iter().filter(is_visible).collect());
        Ok(ScopedPolicy { policy: self.clone(), scope, visible, refuses_outside: false })
    }

    /// Returns whether filters can query each attribute of a node.
    // The recursion is bounded by the depth of the plan, which `Limits` bounds.
    fn can_query(&self, scope: &Plan<R>, node: &Node) -> bool {
        match node {
            Node::All(children) | Node::Any(children) => {
                children.iter().all(|child| self.can_query(scope, child))
            }
            Node::Not(child) => self.can_query(scope, child),
            Node::Test(test) => {
                let parent = scope.schema().attribute(test.attribute()).and_then(Attribute::parent);
                let is_open = |id: AttributeId| {
                    self.schemaless.is_some() || self.rule(id).is_some_and(|rule| !rule.hidden)
                };
                let has_operators = self.schemaless.is_some()
                    || self.rule(test.attribute()).is_some_and(|rule| !rule.operators.is_empty());
                let inner = match test.predicate() {
                    Predicate::Element(inner) => self.can_query(scope, inner),
                    _ => has_operators,
                };
                is_open(test.attribute()) && parent.is_none_or(is_open) && inner
            }
        }
    }
}

impl<R: ?Sized> ScopedPolicy<R> {
    /// Sets whether a filter is an error ([`Code::OutsideScope`]) unless it is proven that each
    /// record that it matches fulfils the scope. The default is false: the scope narrows it.
    ///
    /// Conditions of the scope on attributes that the policy hides are not considered; they narrow
    /// the filter in any case.
    #[must_use]
    pub fn refusing_outside(mut self, refuse: bool) -> Self {
        self.refuses_outside = refuse;
        self
    }

    /// Returns the policy without the scope.
    #[must_use]
    pub fn policy(&self) -> &Policy<R> {
        &self.policy
    }

    /// Returns the scope.
    #[must_use]
    pub fn scope(&self) -> &Plan<R> {
        &self.scope
    }

    /// Parses and checks a filter like [`Policy::parse`], and joins its plan with the scope.
    ///
    /// # Errors
    /// Returns the errors of [`Policy::parse`], and [`Code::OutsideScope`] for a filter that is
    /// refused.
    pub fn parse(&self, text: &str) -> Result<Plan<R>, Diagnostics> {
        self.check(&Filter::parse_with(text, &self.policy.syntax, &self.policy.limits)?)
    }

    /// Checks a filter like [`Policy::check`], and joins its plan with the scope.
    ///
    /// Conditions of the filter that the scope implies are removed.
    ///
    /// # Errors
    /// Returns the errors of [`Policy::check`], and [`Code::OutsideScope`] for a filter that is
    /// refused.
    pub fn check(&self, filter: &Filter) -> Result<Plan<R>, Diagnostics> {
        let plan = self.policy.check(filter)?;
        if self.refuses_outside && !self.is_inside(&plan) {
            let source = filter.source_text();
            let message = "the filter matches records that you cannot search";
            let diagnostic =
                Diagnostic::new(Code::OutsideScope, Span::new(0, source.len()), message)
                    .with_help("add a condition that excludes them");
            return Err(Diagnostics::new(source, vec![diagnostic]));
        }
        // Never fails: the schemas were compared before, and schemaless ones do not differ.
        let outside = |_| {
            let message = "the scope has another schema than the policy";
            let span = Span::new(0, filter.source_text().len());
            let diagnostic = Diagnostic::new(Code::OutsideScope, span, message);
            Diagnostics::new(filter.source_text(), vec![diagnostic])
        };
        let (schema, scope) = self.scope.merged_into(plan.shared_schema()).map_err(outside)?;
        let plan = Plan::new(plan.root().clone(), schema, plan.warnings().to_vec());
        let simple = plan.simplified_within(&[&scope]);
        let joined = all(vec![scope.into_owned(), simple.root().clone()]);
        Ok(match joined {
            Some(root) => plan.with_root(root),
            None => plan,
        })
    }

    /// Returns whether it is proven that each record that matches the plan fulfils the visible
    /// conditions of the scope.
    fn is_inside(&self, plan: &Plan<R>) -> bool {
        let Some(visible) = &self.visible else { return true };
        let visible = self.scope.with_root(visible.clone());
        let Ok((schema, scope)) = visible.merged_into(plan.shared_schema()) else { return false };
        let nodes = [(plan.root(), true), (&*scope, false)];
        no_model(&schema, &nodes, Domain::AnyRecord) == Decision::Yes
    }
}
