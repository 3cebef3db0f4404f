//! Translates expressions into nodes of the plan.

use super::Checker;
use super::clause::ClauseKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::filter::{Clause, Expr, ExprKind, Operands, Path};
use crate::plan::{self, ChainBuilder, Node, Predicate, Test};
use crate::schema::AttributeId;
use crate::span::Span;
use crate::value::AttributeType;

impl<'f, R: ?Sized> Checker<'_, 'f, R> {
    /// Translates the whole filter, and ends each of its conditions for the group rules.
    ///
    /// Returns `None` if the filter has errors; all of them are reported.
    pub(super) fn root(&mut self, root: Expr<'f>) -> Option<Node> {
        let ExprKind::And(operands) = root.kind() else {
            let node = self.expr(root, None);
            self.group_rules.end_condition();
            return node;
        };
        let mut chain = ChainBuilder::all(operands.count());
        let mut valid = true;
        for operand in operands {
            valid &= self.operand(operand, None, &mut chain);
            self.group_rules.end_condition();
        }
        if valid { chain.finish() } else { None }
    }

    /// Translates an expression. `parent` is the attribute before the brackets that contain it.
    ///
    /// Returns `None` if the expression has errors; all of them are reported.
    // The recursion is bounded by `Limits::depth`. Code that only some levels need is in functions
    // of its own, so that the stack frames of all levels fit a small stack.
    pub(super) fn expr(&mut self, expr: Expr<'f>, parent: Option<AttributeId>) -> Option<Node> {
        match expr.kind() {
            ExprKind::Clause(clause) => self.single_clause(&clause, parent),
            ExprKind::Not(child) => {
                let node = self.expr(child, parent);
                if self.policy.not { node.map(plan::not) } else { self.not_not_allowed(expr) }
            }
            ExprKind::And(operands) => self.chain(operands, parent, ChainBuilder::all),
            ExprKind::Or(operands) => self.chain(operands, parent, ChainBuilder::any),
            ExprKind::ValuePath(path, inner) => {
                self.group_rules.add_value_path();
                let attribute = self.bracketed_attribute(path, expr, parent)?;
                let node = self.expr(inner, Some(attribute))?;
                self.element(attribute, node)
            }
        }
    }

    fn not_not_allowed(&mut self, expr: Expr<'_>) -> Option<Node> {
        let start = expr.span().start;
        let diagnostic = Diagnostic::new(
            Code::NotNotAllowed,
            Span::new(start, start + 3),
            "`not` is not allowed here",
        );
        self.report(diagnostic.with_help("rewrite the condition without a negation"))
    }

    /// Resolves the attribute before brackets and checks that it has elements or sub-attributes.
    fn bracketed_attribute(
        &mut self,
        path: Path<'f>,
        expr: Expr<'f>,
        parent: Option<AttributeId>,
    ) -> Option<AttributeId> {
        if !self.policy.value_paths {
            let diagnostic = Diagnostic::new(
                Code::ValuePathNotAllowed,
                expr.span(),
                "brackets are not allowed here",
            );
            let help =
                format!("name a sub-attribute after a dot: `{}.`, then its name", path.as_str());
            return self.report(diagnostic.with_help(help));
        }
        let id = self.attribute(path, parent)?;
        if id == AttributeId::ABSENT {
            return Some(id);
        }
        let attribute = self.schema.attribute(id)?;
        if attribute.attribute_type() == AttributeType::Complex || attribute.is_multi_valued() {
            return Some(id);
        }
        let diagnostic = Diagnostic::new(
            Code::SimpleAttribute,
            expr.span(),
            format!("`{attribute}` has neither several values nor sub-attributes"),
        );
        let help = format!("compare it without brackets: `{attribute} eq ...`");
        self.report(diagnostic.with_help(help))
    }

    /// Returns the node that is true if one element of the attribute makes `inner` true.
    ///
    /// A single-valued complex attribute has one element, if it is present; `inner` then tests its
    /// sub-attributes directly.
    fn element(&self, id: AttributeId, inner: Node) -> Option<Node> {
        if id == AttributeId::ABSENT {
            return Some(plan::never(id));
        }
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
        new_chain: impl FnOnce(usize) -> ChainBuilder,
    ) -> Option<Node> {
        let mut chain = new_chain(operands.count());
        let mut valid = true;
        for operand in operands {
            valid &= self.operand(operand, parent, &mut chain);
        }
        if valid { chain.finish() } else { None }
    }

    /// Adds an operand to a chain. Returns false if it has errors.
    // PERF: most operands are clauses; otherwise `check` takes 5 % longer on F7.
    #[inline(always)]
    fn operand(
        &mut self,
        operand: Expr<'f>,
        parent: Option<AttributeId>,
        chain: &mut ChainBuilder,
    ) -> bool {
        match operand.kind() {
            ExprKind::Clause(clause) => self.chained_clause(&clause, parent, chain),
            _ => self.chained_expr(operand, parent, chain),
        }
    }

    /// Adds an operand that is not a clause to a chain. Returns false if it has errors.
    #[inline(never)]
    fn chained_expr(
        &mut self,
        operand: Expr<'f>,
        parent: Option<AttributeId>,
        chain: &mut ChainBuilder,
    ) -> bool {
        self.expr(operand, parent).map(|node| chain.push(node)).is_some()
    }

    /// Adds a clause to a chain. Returns false if it has errors.
    // Out of line: it takes much stack, and its caller recurses.
    #[inline(never)]
    fn chained_clause(
        &mut self,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
        chain: &mut ChainBuilder,
    ) -> bool {
        match self.clause(clause, parent) {
            Some(ClauseKind::StringEquality(attribute, case, string)) => {
                chain.push_string_equality(attribute, case, string);
                true
            }
            Some(ClauseKind::Other) => {
                self.other_clause(clause).map(|node| chain.push(node)).is_some()
            }
            None => false,
        }
    }

    // Out of line for the same reason.
    #[inline(never)]
    fn single_clause(&mut self, clause: &Clause<'f>, parent: Option<AttributeId>) -> Option<Node> {
        match self.clause(clause, parent)? {
            ClauseKind::StringEquality(attribute, case, string) => {
                Some(plan::string_equality(attribute, case, string))
            }
            ClauseKind::Other => self.other_clause(clause),
        }
    }
}
