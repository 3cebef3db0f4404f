//! The cost of a filter: the sum of the weights of its tests, see [`Weights`].

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Expr, ExprKind, Filter};
use crate::operator::Operator;
use crate::plan::{Node, Plan, Predicate};
use crate::policy::{Policy, Weights};
use crate::schema::AttributeId;
use crate::span::Span;

impl<R: ?Sized> Policy<R> {
    /// Returns the cost of a plan of this policy: the sum of the [`Weights`] of its tests.
    #[must_use]
    pub fn cost(&self, plan: &Plan<R>) -> usize {
        self.node_cost(plan.root(), false)
    }

    /// Returns false if the number of clauses shows that the filter cannot exceed the maximum cost.
    // PERF: all that `check` executes for most filters.
    #[inline]
    pub(super) fn may_be_too_costly(&self, filter: &Filter) -> bool {
        filter.usage().clauses.saturating_mul(self.max_weight) > self.limits.cost
    }

    /// Returns an error if the filter, whose plan has this root, exceeds the maximum cost.
    #[cold]
    pub(super) fn too_costly(&self, filter: &Filter, root: &Node) -> Option<Diagnostic> {
        let (cost, limit) = (self.node_cost(root, false), self.limits.cost);
        if cost <= limit {
            return None;
        }
        let message = format!("the filter costs {cost}, more than the {limit} allowed");
        let heaviest = Checker::new(self, filter).heaviest(filter.root(), None);
        let diagnostic = match heaviest {
            Some(Heaviest { span, label, .. }) => {
                Diagnostic::new(Code::TooCostly, span, message).with_label(label)
            }
            None => Diagnostic::new(Code::TooCostly, Span::new(0, 1), message),
        };
        Some(diagnostic.with_help(
            "use fewer of these clauses, operators with an index such as `eq`, or several queries",
        ))
    }

    /// The cost of a node. `negated` is true below an odd number of `not`.
    // The recursion is bounded by the depth of the plan.
    fn node_cost(&self, node: &Node, negated: bool) -> usize {
        let sum = |nodes: &[Node]| {
            nodes
                .iter()
                .fold(0, |sum: usize, node| sum.saturating_add(self.node_cost(node, negated)))
        };
        let test = match node {
            Node::All(nodes) | Node::Any(nodes) => return sum(nodes),
            Node::Not(node) => return self.node_cost(node, !negated),
            Node::Test(test) => test,
        };
        let weights = self.weights(test.attribute());
        let equality = if negated { Operator::Ne } else { Operator::Eq };
        let weight = |operator| weights.of(operator) as usize;
        match test.predicate() {
            Predicate::Never => 0,
            Predicate::Present => weight(Operator::Pr),
            Predicate::Equal(_) => weight(equality),
            Predicate::In(operands) => weight(equality).saturating_add(operands.len() - 1),
            Predicate::Differs(_) => weight(Operator::Ne),
            Predicate::Less(_) => weight(Operator::Lt),
            Predicate::LessOrEqual(_) => weight(Operator::Le),
            Predicate::Greater(_) => weight(Operator::Gt),
            Predicate::GreaterOrEqual(_) => weight(Operator::Ge),
            Predicate::Contains(_) => weight(Operator::Co),
            Predicate::StartsWith(_) => weight(Operator::Sw),
            Predicate::EndsWith(_) => weight(Operator::Ew),
            Predicate::Element(node) => self.node_cost(node, negated),
            Predicate::Untyped(operator, _) => weight(*operator),
        }
    }

    fn weights(&self, attribute: AttributeId) -> Weights {
        self.rule(attribute).map_or(Weights::ONE, |rule| rule.weights)
    }
}

/// The clause that weighs most.
struct Heaviest {
    weight: u32,
    span: Span,
    label: String,
}

impl<'f, R: ?Sized> Checker<'_, 'f, R> {
    /// Finds the first of the clauses that weigh most. `parent` is the attribute before the
    /// brackets that contain the expression.
    // The recursion is bounded by `Limits::depth`.
    fn heaviest(&mut self, expr: Expr<'f>, parent: Option<AttributeId>) -> Option<Heaviest> {
        match expr.kind() {
            ExprKind::Clause(clause) => self.weigh(expr, &clause, parent),
            ExprKind::Not(inner) => self.heaviest(inner, parent),
            ExprKind::ValuePath(path, inner) => {
                let attribute = self.attribute(path, parent)?;
                self.heaviest(inner, Some(attribute))
            }
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                let mut heaviest: Option<Heaviest> = None;
                for operand in operands {
                    let found = self.heaviest(operand, parent);
                    if weight_of(&found) > weight_of(&heaviest) {
                        heaviest = found;
                    }
                }
                heaviest
            }
        }
    }

    fn weigh(
        &mut self,
        expr: Expr<'f>,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
    ) -> Option<Heaviest> {
        self.look_up(clause, parent);
        let id = self.last.as_ref()?.compared_id();
        let (operator, path) = (clause.operator(), quoted(clause.path().as_str()));
        let weight = self.policy.weights(id).of(operator);
        let label = format!("`{operator}` on {path} weighs {weight}, which no clause exceeds");
        Some(Heaviest { weight, span: expr.span(), label })
    }
}

fn weight_of(heaviest: &Option<Heaviest>) -> Option<u32> {
    heaviest.as_ref().map(|heaviest| heaviest.weight)
}
