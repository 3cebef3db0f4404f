//! The rule that clauses on one attribute form a group; see [`GroupRule`](crate::GroupRule).
//!
//! A condition is an operand of the `and` at the root, or the whole filter if the root is something
//! else. Each condition with a clause on the attribute must have no clause on another attribute,
//! and these conditions must be adjacent.
//!
//! [`GroupRules`] decides while clauses are resolved, so that a valid filter is walked once.
//! [`Group`] finds the spans and the suggestion for the diagnostic of an invalid one.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety, Severity};
use crate::filter::{Expr, ExprKind, Operands, Path};
use crate::policy::GroupRule;
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use std::iter;
use std::mem::take;
use std::num::NonZeroU32;

/// The group rules of a policy, applied to one filter.
pub(super) struct GroupRules {
    /// The first rule, or one without attribute if there is none.
    first: RuleState,
    /// Further rules: few policies have any.
    others: Vec<RuleState>,
}

/// The state of one group rule. Conditions are identified by their position, from 1.
#[derive(Default)]
struct RuleState {
    attribute: Option<AttributeId>,
    /// The kinds of clauses of the current condition: on the attribute, and others.
    has_member: bool,
    has_other: bool,
    /// Number of conditions that ended.
    conditions: u32,
    /// Last condition of the group.
    last: Option<NonZeroU32>,
    /// Last condition that is not of the group but comes after one that is.
    between: Option<NonZeroU32>,
    /// First condition with both kinds of clauses.
    mixed: Option<NonZeroU32>,
    split: Option<Split>,
}

/// Two conditions of the group, and one between them.
#[derive(Clone, Copy)]
struct Split {
    first: NonZeroU32,
    between: NonZeroU32,
    second: NonZeroU32,
}

impl GroupRules {
    #[inline]
    pub(super) fn new(rules: &[GroupRule]) -> Self {
        let state = |rule: &GroupRule| RuleState {
            attribute: Some(rule.attribute()),
            ..RuleState::default()
        };
        match rules.split_first() {
            Some((first, others)) => {
                Self { first: state(first), others: others.iter().map(state).collect() }
            }
            None => Self { first: RuleState::default(), others: Vec::new() },
        }
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = &RuleState> {
        iter::once(&self.first).chain(&self.others)
    }

    #[inline]
    fn for_each(&mut self, update: impl Fn(&mut RuleState)) {
        update(&mut self.first);
        self.others.iter_mut().for_each(update);
    }

    /// Adds a clause on the attribute to the current condition.
    #[inline]
    pub(super) fn add_clause(&mut self, attribute: AttributeId) {
        self.for_each(|rule| rule.add(rule.attribute == Some(attribute)));
    }

    /// Adds a clause whose path is in error, to report violations of the rules as well.
    pub(super) fn add_invalid_clause(&mut self, path: Path<'_>, schema: &Schema) {
        self.for_each(|rule| {
            let attribute = rule.attribute.and_then(|id| schema.attribute(id));
            rule.add(attribute.is_some_and(|attribute| is_on(path, attribute, schema)));
        });
    }

    /// Adds brackets to the current condition. Names inside brackets are those of sub-attributes,
    /// so brackets contain no clause of a group.
    pub(super) fn add_value_path(&mut self) {
        self.for_each(|rule| rule.add(false));
    }

    #[inline]
    pub(super) fn end_condition(&mut self) {
        self.for_each(RuleState::end_condition);
    }
}

impl RuleState {
    #[inline]
    fn add(&mut self, is_member: bool) {
        self.has_member |= is_member;
        self.has_other |= !is_member;
    }

    #[inline]
    fn is_broken(&self) -> bool {
        self.mixed.is_some() || self.split.is_some()
    }

    fn end_condition(&mut self) {
        self.conditions += 1;
        let current = NonZeroU32::new(self.conditions);
        match (take(&mut self.has_member), take(&mut self.has_other)) {
            (true, true) => self.mixed = self.mixed.or(current),
            (true, false) => {
                if let (None, Some(first), Some(between), Some(second)) =
                    (self.split, self.last, self.between, current)
                {
                    self.split = Some(Split { first, between, second });
                }
                self.last = current;
            }
            (false, _) => self.between = self.last.and(current),
        }
    }
}

impl<R: ?Sized> Checker<'_, '_, R> {
    /// Reports every group rule that the filter breaks.
    #[inline]
    pub(super) fn check_group_rules(&mut self, root: Expr<'_>) {
        if self.group_rules.iter().any(RuleState::is_broken) {
            self.report_broken_rules(root);
        }
    }

    #[cold]
    fn report_broken_rules(&mut self, root: Expr<'_>) {
        let Self { group_rules, schema, diagnostics, .. } = self;
        // A filter with other errors would be rejected after regrouping too.
        let is_only_error = group_rules.iter().filter(|rule| rule.is_broken()).count() == 1
            && diagnostics.iter().all(|other| other.severity() != Severity::Error);
        for rule in group_rules.iter().filter(|rule| rule.is_broken()) {
            if let Some(attribute) = rule.attribute.and_then(|id| schema.attribute(id)) {
                let group = Group { attribute, schema, is_only_error };
                diagnostics.extend(group.diagnostic(rule, root));
            }
        }
    }
}

/// Returns a fix that replaces the whole filter. It can have another meaning.
fn rewrite(root: Expr<'_>, message: String, filter: String) -> Fix {
    let whole = Span::new(0, root.filter().source_text().len());
    Fix::new(Safety::Unsafe, message, vec![(whole, filter)])
}

/// Returns whether the path names the attribute.
fn is_on(path: Path<'_>, attribute: &Attribute, schema: &Schema) -> bool {
    attribute.is_named(schema.extension(path.urn()), path.without_urn())
}

/// The attribute of a group rule, and the schema that resolves names.
struct Group<'s> {
    attribute: &'s Attribute,
    schema: &'s Schema,
    /// True if the filter has no other error, so that the regrouped filter is valid.
    is_only_error: bool,
}

/// The clauses of an expression by whether they are on the attribute of the group.
#[derive(Clone, Copy, Default)]
struct Members<'f> {
    /// The first subexpression with only clauses of the group.
    group: Option<Expr<'f>>,
    /// The first clause on another attribute.
    other: Option<Expr<'f>>,
}

impl Group<'_> {
    fn diagnostic(&self, rule: &RuleState, root: Expr<'_>) -> Option<Diagnostic> {
        // Clauses are of the group by name as they are by id, so each of these is found. Otherwise
        // the diagnostic would be on a larger part of the filter.
        let condition = |position: NonZeroU32| match root.kind() {
            ExprKind::And(mut operands) => {
                operands.nth(position.get() as usize - 1).unwrap_or(root)
            }
            _ => root,
        };
        if let Some(position) = rule.mixed {
            let condition = condition(position);
            let Members { group, other } = self.members(condition);
            return Some(self.mixed(root, group.unwrap_or(condition), other.unwrap_or(condition)));
        }
        let Split { first, between, second } = rule.split?;
        let between = condition(between);
        let between = self.members(between).other.unwrap_or(between);
        Some(self.split(root, [condition(first), between, condition(second)]))
    }

    fn mixed(&self, root: Expr<'_>, group: Expr<'_>, other: Expr<'_>) -> Diagnostic {
        let name = self.attribute;
        let message =
            format!("`{name}` clauses must be grouped together and apply to the whole query");
        let diagnostic = Diagnostic::new(Code::GroupMixed, group.span(), message)
            .with_label(format!("on `{name}`"))
            .with_related(other.span(), "on another attribute, in the same `or` or `not`");
        match self.regrouped(root) {
            Some(filter) => diagnostic.with_fix(rewrite(
                root,
                format!("to apply them to the whole query, write `{filter}`"),
                filter,
            )),
            None => {
                diagnostic.with_help(format!("join the `{name}` clauses to the others with `and`"))
            }
        }
    }

    fn split(&self, root: Expr<'_>, [first, between, second]: [Expr<'_>; 3]) -> Diagnostic {
        let message = format!("`{}` clauses must be grouped together", self.attribute);
        let diagnostic = Diagnostic::new(Code::GroupSplit, second.span(), message)
            .with_label("separated from the first group")
            .with_related(first.span(), "first group")
            .with_related(between.span(), "clause between the groups");
        match self.regrouped(root) {
            Some(filter) => diagnostic.with_fix(rewrite(root, format!("write `{filter}`"), filter)),
            None => diagnostic
                .with_help(format!("put the `{}` clauses next to one another", self.attribute)),
        }
    }

    fn members<'f>(&self, expr: Expr<'f>) -> Members<'f> {
        match expr.kind() {
            ExprKind::Clause(clause) if is_on(clause.path(), self.attribute, self.schema) => {
                Members { group: Some(expr), other: None }
            }
            // Names inside brackets are those of sub-attributes.
            ExprKind::Clause(_) | ExprKind::ValuePath(..) => {
                Members { group: None, other: Some(expr) }
            }
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                let mut found = Members::default();
                for operand in operands {
                    let inner = self.members(operand);
                    found.group = found.group.or(inner.group);
                    found.other = found.other.or(inner.other);
                }
                found.or_whole(expr)
            }
            ExprKind::Not(child) => self.members(child).or_whole(expr),
        }
    }

    /// Prints the filter with the clauses on the attribute in a group, joined to the rest by `and`.
    ///
    /// Returns `None` if the result would not be valid.
    fn regrouped(&self, root: Expr<'_>) -> Option<String> {
        if !self.is_only_error {
            return None;
        }
        let mut groups = Vec::new();
        let rest = self.remove(root, &mut groups)?;
        let is_pure = |operand| {
            let members = self.members(operand);
            members.group.is_none() || members.other.is_none()
        };
        let are_conditions =
            matches!(root.kind(), ExprKind::And(operands) if operands.clone().all(is_pure));
        // Groups that were conditions of the whole query remain conditions; others become
        // alternatives.
        let group = match (groups.as_slice(), are_conditions) {
            ([only], _) => only.clone(),
            (_, true) => Fragment::conjunction(groups)?,
            (_, false) => Fragment::disjunction(groups)?,
        };
        Fragment::conjunction(vec![rest, group]).map(|fragment| fragment.text)
    }

    /// Prints the expression without the clauses of the group, which are moved to `groups`.
    ///
    /// Returns `None` if nothing remains, or if moving a clause out of a `not` would change the
    /// meaning.
    fn remove(&self, expr: Expr<'_>, groups: &mut Vec<Fragment>) -> Option<Fragment> {
        let members = self.members(expr);
        if members.other.is_none() {
            groups.push(Fragment::new(expr));
            return None;
        }
        if members.group.is_none() {
            return Some(Fragment::new(expr));
        }
        let mut remaining = |operands: Operands<'_>| {
            operands.filter_map(|operand| self.remove(operand, groups)).collect()
        };
        match expr.kind() {
            ExprKind::And(operands) => Fragment::conjunction(remaining(operands)),
            ExprKind::Or(operands) => Fragment::disjunction(remaining(operands)),
            _ => None,
        }
    }
}

impl<'f> Members<'f> {
    /// Replaces the group by `expr`, whose members these are, if all clauses belong to the group.
    fn or_whole(self, expr: Expr<'f>) -> Self {
        if self.other.is_none() { Self { group: Some(expr), other: None } } else { self }
    }
}

/// Canonical text of an expression.
#[derive(Clone)]
struct Fragment {
    text: String,
    /// True if the outermost connective is `or`.
    is_disjunction: bool,
}

impl Fragment {
    fn new(expr: Expr<'_>) -> Self {
        Self { text: expr.to_string(), is_disjunction: matches!(expr.kind(), ExprKind::Or(_)) }
    }

    fn conjunction(fragments: Vec<Self>) -> Option<Self> {
        Self::join(fragments, " and ", |fragment| {
            if fragment.is_disjunction { format!("({})", fragment.text) } else { fragment.text }
        })
    }

    fn disjunction(fragments: Vec<Self>) -> Option<Self> {
        Self::join(fragments, " or ", |fragment| fragment.text)
    }

    fn join(
        mut fragments: Vec<Self>,
        connective: &str,
        operand: impl Fn(Self) -> String,
    ) -> Option<Self> {
        if fragments.len() < 2 {
            return fragments.pop();
        }
        let operands: Vec<String> = fragments.into_iter().map(operand).collect();
        Some(Self { text: operands.join(connective), is_disjunction: connective == " or " })
    }
}
