//! Checks a filter against a policy and builds the plan.
//!
//! [`Checker`] walks the tree of the filter once ([`expr`]). Each clause is resolved: its path to
//! an attribute ([`resolve`]), its operator against the rule of the attribute ([`clause`]), and its
//! literal to a typed predicate ([`interpret`]). Rules on the filter as a whole are in [`limits`]
//! and [`group_rule`]. All errors of a filter are collected before the check fails.

mod arguments;
mod clause;
pub(crate) mod clauses;
mod cost;
mod expr;
mod group_rule;
mod interpret;
mod limits;
mod resolve;
mod values;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::filter::Filter;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::schema::Schema;
use crate::syntax::Syntax;
#[cfg(feature = "patch")]
pub(crate) use values::unknown_value;

pub(crate) use arguments::name_arguments;

use clause::ResolvedAttribute;
use group_rule::GroupRules;
use limits::Comparisons;
use std::sync::Arc;

impl<R: ?Sized> Policy<R> {
    /// Checks a filter and returns its plan.
    ///
    /// Takes time linear in the length of the filter, except that each of the first 16 unknown
    /// names is compared with all names of the schema.
    ///
    /// # Errors
    /// Returns every problem of the filter, in the order of the source:
    ///
    /// - an attribute that the schema does not have or that the policy hides
    /// - an operator that the attribute does not take or that the policy does not allow on it
    /// - a literal of another type than the attribute, or an invalid date, number or base64 string
    /// - `not`, brackets, URNs or `null`, if the policy does not allow them
    /// - more comparisons of an attribute than
    ///   [`FieldRule::max_count`](crate::FieldRule::max_count)
    /// - clauses that break a [`GroupRule`](crate::GroupRule)
    /// - a sum of [`Weights`](crate::Weights) above [`Limits::cost`](crate::Limits::cost), if there
    ///   is no other error
    ///
    /// If the filter exceeds [`Policy::limits`], which can be lower than those that it was parsed
    /// with, only that is returned.
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
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("userName", AttributeType::String),
    ///         Attribute::new("active", AttributeType::Boolean),
    ///     ],
    /// )?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    ///
    /// let filter = Filter::parse(r#"usreName sw "J" and active eq "yes""#)?;
    /// let errors = policy.check(&filter).unwrap_err();
    /// let codes: Vec<_> = errors.iter().map(|error| error.code()).collect();
    /// assert_eq!(codes, [Code::UnknownAttribute, Code::WrongType]);
    /// assert_eq!(errors.first().and_then(|error| error.help()), Some("did you mean `userName`?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self, filter: &Filter) -> Result<Plan<R>, Diagnostics> {
        limits::check(filter, &self.limits)?;
        let mut checker = Checker::new(self, filter);
        let root = checker.root(filter.root());
        checker.check_comparison_counts();
        checker.check_group_rules(filter.root());
        let Checker { schema, mut diagnostics, .. } = checker;
        let has_error = !diagnostics.is_empty() && arrange(&mut diagnostics);
        if !diagnostics.is_empty() {
            name_arguments(self, filter, &mut diagnostics);
        }
        match root {
            Some(root) if !has_error => {
                if self.may_be_too_costly(filter)
                    && let Some(diagnostic) = self.too_costly(filter, &root)
                {
                    return Err(Diagnostics::new(filter.source_text(), vec![diagnostic]));
                }
                Ok(Plan::new(root, schema, diagnostics))
            }
            _ => Err(Diagnostics::new(filter.source_text(), diagnostics)),
        }
    }

    /// Parses a filter in the policy's dialect and within its limits, and checks it.
    ///
    /// # Errors
    /// Returns the errors of [`Filter::parse`] and [`Policy::check`].
    pub fn parse(&self, text: &str) -> Result<Plan<R>, Diagnostics> {
        self.check(&Filter::parse_with(text, &self.syntax, &self.limits)?)
    }
}

/// Sorts diagnostics by position. Of two warnings about one literal only the later one is kept,
/// whose fix takes the type of the attribute into account. Beside an error no fix is safe, because
/// the fixed filter has the error too.
#[cold]
fn arrange(diagnostics: &mut Vec<Diagnostic>) -> bool {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
    diagnostics.dedup_by(|later, earlier| {
        let is_same = later.span() == earlier.span()
            && [&*later, &*earlier].iter().all(|one| one.severity() == Severity::Warning);
        if is_same {
            std::mem::swap(later, earlier);
        }
        is_same
    });
    let has_error = diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    if has_error {
        diagnostics.iter_mut().for_each(Diagnostic::distrust_fixes);
    }
    has_error
}

/// The state of the check of one filter.
struct Checker<'p, 'f, R: ?Sized> {
    policy: &'p Policy<R>,
    /// The schema of the policy; of a schemaless policy, the attributes that the filter named so
    /// far.
    schema: Arc<Schema>,
    filter: &'f Filter,
    /// The attribute of the last clause.
    // PERF: consecutive clauses often name one attribute (`id eq ... or id eq ...`). Without it,
    // `check` executes 57 % more instructions on F7 and 11 % on F2.
    last: Option<ResolvedAttribute<'f>>,
    group_rules: GroupRules,
    diagnostics: Vec<Diagnostic>,
    comparisons: Comparisons,
    /// Unknown names, each with the help for it.
    unknown: Vec<(String, String)>,
}

impl<'p, 'f, R: ?Sized> Checker<'p, 'f, R> {
    // PERF: without inlining and the case without warnings, `check` executes 4 % more instructions
    // on F1.
    #[inline(always)]
    fn new(policy: &'p Policy<R>, filter: &'f Filter) -> Self {
        Self {
            policy,
            schema: Arc::clone(&policy.schema),
            filter,
            last: None,
            group_rules: GroupRules::new(&policy.groups),
            diagnostics: match filter.warnings() {
                [] => Vec::new(),
                warnings => warnings.to_vec(),
            },
            comparisons: Comparisons::default(),
            unknown: Vec::new(),
        }
    }

    /// Returns whether the dialect of the filter or that of the policy accepts a deviation that
    /// only a check recognises.
    fn accepts(&self, deviation: impl Fn(&Syntax) -> bool) -> bool {
        deviation(self.filter.syntax()) || deviation(&self.policy.syntax)
    }

    /// Adds a diagnostic and returns `None`.
    fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }
}
