//! Rules on the filter as a whole: limits, counts, groups.

use super::resolve::{Asked, Resolver};
use crate::diagnostic::{Code, Diagnostic};
use crate::filter::{Clause, Expr, ExprKind, Filter, Operands, Path};
use crate::limits::Limits;
use crate::plan::{self, Node, Predicate, Test};
use crate::schema::AttributeId;
use crate::span::Span;
use crate::value::AttributeType;

/// What the filter has too much of for these limits; it may have been read within others.
pub(super) fn over_limits(filter: &Filter, limits: &Limits) -> Vec<Diagnostic> {
    let usage = filter.usage();
    let bytes = filter.source_text().len();
    let within = bytes <= limits.bytes && usage.depth <= limits.depth;
    if within
        && usage.clauses <= limits.clauses
        && usage.connective_levels <= limits.connective_levels
    {
        return Vec::new();
    }
    let rows = [
        (Code::TooLong, bytes, limits.bytes, "bytes"),
        (Code::TooDeep, usage.depth, limits.depth, "levels of nesting"),
        (Code::TooManyClauses, usage.clauses, limits.clauses, "clauses"),
        (
            Code::TooManyAlternations,
            usage.connective_levels,
            limits.connective_levels,
            "levels on which `and` and `or` take turns",
        ),
    ];
    let over = rows.into_iter().filter(|(_, found, most, _)| found > most);
    over.map(|(code, found, most, what)| {
        let finding = Diagnostic::new(
            code,
            Span::new(0, bytes.min(1)),
            format!("{found} {what}, more than the {most} allowed"),
        );
        finding.with_help("filter too complex; ask in several queries")
    })
    .collect()
}

impl<'f, R: ?Sized> Resolver<'_, 'f, R> {
    /// What the whole filter means; `None` once its faults are reported, all of them.
    pub(super) fn root(&mut self, root: Expr<'f>) -> Option<Node> {
        if let ExprKind::And(operands) = root.kind() {
            return self.chain(operands, None, plan::Operands::all, true);
        }
        let meant = self.expr(root, None);
        self.grouping.next_condition();
        meant
    }

    /// What an expression means; `None` once its faults are reported, all of them.
    // The reader's budget on depth bounds the recursion; what only some levels need has functions of its own, so that all
    // levels together fit a small stack.
    fn expr(&mut self, expr: Expr<'f>, parent: Option<AttributeId>) -> Option<Node> {
        match expr.kind() {
            ExprKind::Clause(clause) => self.lone_clause(&clause, parent),
            ExprKind::Not(child) => {
                let meant = self.expr(child, parent);
                if self.policy.not { meant.map(plan::not) } else { self.not_not_allowed(expr) }
            }
            ExprKind::And(operands) => self.chain(operands, parent, plan::Operands::all, false),
            ExprKind::Or(operands) => self.chain(operands, parent, plan::Operands::any, false),
            ExprKind::ValuePath(path, inner) => {
                // Inside brackets names are of sub-attributes, so that none of them is a group's.
                self.grouping.take_other();
                let attribute = self.with_elements(path, expr, parent)?;
                let meant = self.expr(inner, Some(attribute))?;
                self.element(attribute, meant)
            }
        }
    }

    fn not_not_allowed(&mut self, expr: Expr<'_>) -> Option<Node> {
        let start = expr.span().start;
        let finding = Diagnostic::new(
            Code::NotNotAllowed,
            Span::new(start, start + 3),
            "`not` is not allowed here",
        );
        self.findings
            .push(finding.with_help("ask for what you want instead of what you do not want"));
        None
    }

    /// The attribute that brackets look into.
    fn with_elements(
        &mut self,
        path: Path<'f>,
        expr: Expr<'f>,
        parent: Option<AttributeId>,
    ) -> Option<AttributeId> {
        if !self.policy.value_paths {
            let finding = Diagnostic::new(
                Code::ValuePathNotAllowed,
                expr.span(),
                "brackets are not allowed here",
            );
            let help =
                format!("name a sub-attribute after a dot: `{}.`, then its name", path.as_str());
            self.findings.push(finding.with_help(help));
            return None;
        }
        let id = self.attribute(path, parent)?;
        let attribute = self.schema.attribute(id)?;
        if attribute.kind() == AttributeType::Complex || attribute.is_multi_valued() {
            return Some(id);
        }
        let finding = Diagnostic::new(
            Code::SimpleAttribute,
            path.span(),
            format!("`{attribute}` has no elements to look into"),
        );
        self.findings.push(finding.with_help(format!("compare it as it is: `{attribute} eq ...`")));
        None
    }

    /// That one element of the attribute makes `inner` true. A single complex value is its own element: there must be one,
    /// and the question is on its parts.
    fn element(&self, id: AttributeId, inner: Node) -> Option<Node> {
        let attribute = self.schema.attribute(id)?;
        let test = |predicate| Node::Test(Test::new(id, attribute.case(), predicate));
        Some(match attribute.is_multi_valued() {
            true => test(Predicate::Element(Box::new(inner))),
            false => plan::all(vec![test(Predicate::Present), inner])?,
        })
    }

    fn chain(
        &mut self,
        operands: Operands<'f>,
        parent: Option<AttributeId>,
        chain: impl FnOnce(usize) -> plan::Operands,
        are_conditions: bool,
    ) -> Option<Node> {
        let mut meant = chain(operands.count());
        let mut whole = true;
        for operand in operands {
            whole &= self.operand(operand, parent, &mut meant);
            if are_conditions {
                self.grouping.next_condition();
            }
        }
        if whole { meant.finish() } else { None }
    }

    /// Takes one operand into the chain; `false` once its faults are reported.
    fn operand(
        &mut self,
        operand: Expr<'f>,
        parent: Option<AttributeId>,
        chain: &mut plan::Operands,
    ) -> bool {
        match operand.kind() {
            ExprKind::Clause(clause) => self.clause_of_chain(&clause, parent, chain),
            _ => self.expr(operand, parent).map(|node| chain.push(node)).is_some(),
        }
    }

    // Apart from what recurses, as they take much stack.
    #[inline(never)]
    fn clause_of_chain(
        &mut self,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
        chain: &mut plan::Operands,
    ) -> bool {
        match self.clause(clause, parent) {
            Some(Asked::Equal(attribute, case, text)) => chain.push_equal(attribute, case, text),
            Some(Asked::Node(node)) => chain.push(node),
            None => return false,
        }
        true
    }

    #[inline(never)]
    fn lone_clause(&mut self, clause: &Clause<'f>, parent: Option<AttributeId>) -> Option<Node> {
        self.clause(clause, parent).map(Asked::node)
    }

    /// More comparisons of one attribute than its rule allows.
    pub(super) fn too_many_comparisons(&mut self) {
        for (id, found, place) in std::mem::take(&mut self.comparisons) {
            let most = self.policy.rule(id).and_then(|rule| rule.max_count);
            let (Some(most), Some(attribute)) = (most, self.schema.attribute(id)) else { continue };
            if found > most {
                let message =
                    format!("{found} comparisons of `{attribute}`, more than the {most} allowed");
                let finding = Diagnostic::new(Code::TooManyComparisons, place, message)
                    .label("one too many from here on");
                self.findings.push(finding.with_help("ask in several queries"));
            }
        }
    }

    /// Clauses that must stand in a group of their own: each condition that holds one must hold no other clause, and these
    /// conditions must follow one another. A condition is an operand of the `and` at the top, or the whole filter.
    pub(super) fn group(&mut self, attribute: AttributeId, root: Expr<'_>) {
        let name = || self.schema.attribute(attribute).map(ToString::to_string).unwrap_or_default();
        let conditions: Vec<Expr<'_>> = match root.kind() {
            ExprKind::And(operands) => operands.collect(),
            _ => vec![root],
        };
        let mut groups: Vec<Expr<'_>> = Vec::new();
        let mut between: Option<Expr<'_>> = None;
        let mut split = None;
        for condition in conditions {
            let members = self.members(condition, attribute);
            match (members.group, members.other) {
                (Some(group), Some(other)) => {
                    let name = name();
                    let message = format!(
                        "`{name}` clauses must be grouped together and apply to the whole query"
                    );
                    let finding = Diagnostic::new(Code::GroupMixed, group.span(), message);
                    let finding = finding
                        .label(format!("on `{name}`"))
                        .also(other.span(), "not on it, and joined by `or` or under one `not`");
                    let finding = match self.grouped(root, attribute) {
                        Some(right) => finding.with_help(format!(
                            "to apply them to the whole query, write `{right}`"
                        )),
                        None => finding.with_help(format!(
                            "join the group of `{name}` clauses to the rest by `and`"
                        )),
                    };
                    self.findings.push(finding);
                    return;
                }
                (Some(group), None) => {
                    if let (Some(first), Some(between)) = (groups.last(), between) {
                        split = split.or(Some((*first, between, group)));
                    }
                    groups.push(condition);
                }
                (None, other) => between = other.filter(|_| !groups.is_empty()).or(between),
            }
        }
        if let Some((first, between, second)) = split {
            let message = format!("`{}` clauses must be grouped together", name());
            let finding = Diagnostic::new(Code::GroupSplit, second.span(), message)
                .label("apart from the first ones");
            let finding =
                finding.also(first.span(), "the first ones").also(between.span(), "stands between");
            let right = self.grouped(root, attribute).unwrap_or_default();
            self.findings.push(finding.with_help(format!("write `{right}`")));
        }
    }

    fn is_member(&self, expr: Expr<'_>, attribute: AttributeId) -> Option<bool> {
        match expr.kind() {
            ExprKind::Clause(clause) => {
                let path = clause.path();
                let attribute = self.schema.attribute(attribute)?;
                Some(attribute.is_named(self.schema.extension(path.urn()), path.without_urn()))
            }
            // Inside brackets names are of sub-attributes.
            ExprKind::ValuePath(..) => Some(false),
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) => None,
        }
    }

    /// The first part with only members of the group in it, and the first clause that is none.
    fn members(&self, expr: Expr<'f>, attribute: AttributeId) -> Members<'f> {
        match (expr.kind(), self.is_member(expr, attribute)) {
            (_, Some(true)) => Members { group: Some(expr), other: None },
            (ExprKind::And(operands) | ExprKind::Or(operands), _) => {
                let mut found = Members { group: None, other: None };
                for operand in operands {
                    let inner = self.members(operand, attribute);
                    found = Members {
                        group: found.group.or(inner.group),
                        other: found.other.or(inner.other),
                    };
                }
                // All of it is the group: the whole part stands for it.
                Members {
                    group: if found.other.is_none() { Some(expr) } else { found.group },
                    ..found
                }
            }
            (ExprKind::Not(child), _) => {
                let inner = self.members(child, attribute);
                Members {
                    group: if inner.other.is_none() { Some(expr) } else { inner.group },
                    ..inner
                }
            }
            _ => Members { group: None, other: Some(expr) },
        }
    }

    /// The filter with the clauses on the attribute in a group of their own, joined to the rest by `and`.
    fn grouped(&self, root: Expr<'_>, attribute: AttributeId) -> Option<String> {
        let mut groups = Vec::new();
        let rest = self.without(root, attribute, &mut groups)?;
        let conjuncts = matches!(root.kind(), ExprKind::And(operands) if operands.clone().all(|operand| {
            let members = self.members(operand, attribute);
            members.group.is_none() || members.other.is_none()
        }));
        // Groups that were conditions of the whole query stay that; others are alternatives.
        let group = match (groups.as_slice(), conjuncts) {
            ([only], _) => only.clone(),
            (_, true) => Part::join(groups, false)?,
            (_, false) => Part::join(groups, true)?,
        };
        Part::join(vec![rest, group], false).map(|part| part.text)
    }

    /// The text of what is left without the members of the group, which go to `groups`; `None` where nothing is left, or
    /// where taking them out from under a `not` would turn their meaning.
    fn without(
        &self,
        expr: Expr<'_>,
        attribute: AttributeId,
        groups: &mut Vec<Part>,
    ) -> Option<Part> {
        let members = self.members(expr, attribute);
        if members.other.is_none() {
            groups.push(Part::of(expr));
            return None;
        }
        match expr.kind() {
            _ if members.group.is_none() => Some(Part::of(expr)),
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                let left: Vec<Part> = operands
                    .filter_map(|operand| self.without(operand, attribute, groups))
                    .collect();
                Part::join(left, matches!(expr.kind(), ExprKind::Or(_)))
            }
            _ => None,
        }
    }
}

struct Members<'f> {
    group: Option<Expr<'f>>,
    other: Option<Expr<'f>>,
}

/// A piece of canonical text, and whether an `or` is its outermost word.
#[derive(Clone)]
struct Part {
    text: String,
    or: bool,
}

impl Part {
    fn of(expr: Expr<'_>) -> Self {
        Self { text: expr.to_string(), or: matches!(expr.kind(), ExprKind::Or(_)) }
    }

    fn join(mut parts: Vec<Self>, or: bool) -> Option<Self> {
        if parts.len() < 2 {
            return parts.pop();
        }
        let texts: Vec<String> = parts
            .into_iter()
            .map(|part| if part.or && !or { format!("({})", part.text) } else { part.text })
            .collect();
        Some(Self { text: texts.join(if or { " or " } else { " and " }), or })
    }
}
