//! Boolean SQL expressions, with `AND` and `OR` as flat chains.
//!
//! sea-query would nest a chain of 500 conditions 500 levels deep, and build, render and drop it
//! recursively. A flat chain is rendered from one template instead.

use super::dialect::Dialect;
use sea_query::{BinOper, Condition, Expr, ExprTrait};

/// A Boolean expression, with what is needed to write it inside another.
pub(super) struct SqlExpr {
    expr: Expr,
    /// The outermost connective, because of which it needs parentheses inside another expression.
    connective: Option<Connective>,
    /// The nesting depth of parentheses.
    depth: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Connective {
    And,
    Or,
}

/// Maximum number of operands of a chain; a longer one is split into chains of chains. SQLite
/// parses a chain as nested binary expressions, and rejects a depth over 1000
/// (`SQLITE_MAX_EXPR_DEPTH`).
const MAX_CHAIN: usize = 400;

/// Maximum number of operands that sea-query's nested `AND` and `OR` are used for.
// PERF: a template is parsed and copied when it is rendered, nested operators are not. Bench item:
// SQL F2 and F4 (`cargo bench --manifest-path benches/peers/Cargo.toml -- --only sql`).
const MAX_NESTED: usize = 8;

impl SqlExpr {
    /// A comparison or a function call.
    pub(super) fn leaf(expr: Expr) -> Self {
        Self { expr, connective: None, depth: 0 }
    }

    /// Returns true if sea-query renders the expression under this connective with the meaning of a
    /// template, and if it is not deeply nested.
    fn nests_in(&self, connective: Connective) -> bool {
        use BinOper::{
            And, Equal, GreaterThan, GreaterThanOrEqual, In, Is, IsNot, Like, NotEqual, NotIn,
            NotLike, Or, SmallerThan, SmallerThanOrEqual,
        };
        let operator = match &self.expr {
            Expr::Binary(_, operator, _) => operator,
            Expr::SubQuery(..) => return true,
            _ => return false,
        };
        match operator {
            Equal | NotEqual | SmallerThan | SmallerThanOrEqual | GreaterThan
            | GreaterThanOrEqual => true,
            In | NotIn | Like | NotLike | Is | IsNot => true,
            // The parentheses of a conjunction in another one change nothing.
            And => self.depth < 2,
            Or => connective == Connective::And && self.depth < 2,
            _ => false,
        }
    }

    /// True or false for every row.
    pub(super) fn constant(truth: bool) -> Self {
        Self::leaf(Expr::cust(if truth { "(1=1)" } else { "(1=0)" }))
    }

    /// Two or three comparisons of one column, which count as depth 0.
    pub(super) fn pair(
        dialect: Dialect,
        connective: Connective,
        comparisons: impl IntoIterator<Item = Expr>,
    ) -> Self {
        let operands = comparisons.into_iter().map(Self::leaf).collect();
        Self { depth: 0, ..join(dialect, connective, operands) }
    }

    /// Joins operands, the deepest first: for an opening parenthesis at the start of a chain a
    /// parser has no operator to keep on its stack, and SQLite's stack is small.
    pub(super) fn chain(dialect: Dialect, connective: Connective, mut operands: Vec<Self>) -> Self {
        operands.sort_by_key(|operand| std::cmp::Reverse(operand.depth));
        while operands.len() > MAX_CHAIN {
            let mut rest = operands.into_iter();
            let mut groups = Vec::new();
            while rest.len() > 0 {
                groups.push(join(dialect, connective, rest.by_ref().take(MAX_CHAIN).collect()));
            }
            operands = groups;
        }
        join(dialect, connective, operands)
    }

    /// Restricts the expression to rows for which `tenant` is true.
    pub(super) fn for_tenant(mut self, dialect: Dialect, tenant: Expr) -> Self {
        // Prepending to a nested chain of AND saves the parentheses around it.
        if self.connective == Some(Connective::And) && matches!(self.expr, Expr::Binary(..)) {
            self.expr = prepend(tenant, self.expr);
            return self;
        }
        self.connective = self.connective.filter(|connective| *connective != Connective::And);
        join(dialect, Connective::And, vec![Self::leaf(tenant), self])
    }

    pub(super) fn into_expr(self) -> Expr {
        self.expr
    }

    /// Converts the expression to a condition for WHERE. sea-query adds parentheses if another
    /// condition is added to it.
    pub(super) fn into_condition(self) -> Condition {
        Condition::all().add(self.expr)
    }
}

/// Adds `first` at the start of a nested chain of AND.
fn prepend(first: Expr, chain: Expr) -> Expr {
    match chain {
        Expr::Binary(left, BinOper::And, right) => {
            Expr::Binary(Box::new(prepend(first, *left)), BinOper::And, right)
        }
        _ => first.and(chain),
    }
}

fn join(dialect: Dialect, connective: Connective, mut operands: Vec<SqlExpr>) -> SqlExpr {
    if operands.len() < 2 {
        // Fail closed: an empty chain matches nothing.
        return operands.pop().unwrap_or_else(|| SqlExpr::constant(false));
    }
    let keyword = if connective == Connective::And { " AND " } else { " OR " };
    let depth = operands.iter().map(|operand| operand.depth).max().unwrap_or(0) + 1;
    if operands.len() <= MAX_NESTED && operands.iter().all(|operand| operand.nests_in(connective)) {
        let both = |left: Expr, right| match connective {
            Connective::And => left.and(right),
            Connective::Or => left.or(right),
        };
        let expr = operands.into_iter().map(|operand| operand.expr).reduce(both);
        return SqlExpr {
            connective: Some(connective),
            depth,
            ..expr.map_or_else(|| SqlExpr::constant(false), SqlExpr::leaf)
        };
    }
    let mut template = String::new();
    let mut exprs = Vec::with_capacity(operands.len());
    for (index, operand) in operands.into_iter().enumerate() {
        template.push_str(if index == 0 { "" } else { keyword });
        let (open, close) = if operand.connective.is_some() { ("(", ")") } else { ("", "") };
        template.extend([open, &dialect.placeholder(index), close]);
        exprs.push(operand.expr);
    }
    SqlExpr { expr: Expr::cust_with_exprs(template, exprs), connective: Some(connective), depth }
}
