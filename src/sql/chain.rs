//! Conditions joined by AND and OR, side by side rather than one inside the other.

use super::dialect::Dialect;
use sea_query::{Condition, Expr};

/// A condition, and how it has to be written inside another.
pub(super) struct Part {
    expr: Expr,
    /// Joined of several, so that inside another it needs parentheses.
    joined: Option<Join>,
    /// How deep its parentheses nest.
    depth: usize,
}

/// How parts are joined.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Join {
    And,
    Or,
}

/// SQLite refuses expressions deeper than 1000, and reads a chain as one term inside the other.
const LONGEST: usize = 400;

impl Part {
    /// One comparison, or a call.
    pub(super) fn leaf(expr: Expr) -> Self {
        Self { expr, joined: None, depth: 0 }
    }

    /// The same for every row.
    pub(super) fn constant(truth: bool) -> Self {
        Self::leaf(Expr::cust(if truth { "(1=1)" } else { "(1=0)" }))
    }

    /// Two or three comparisons of one column. Deep or not, they stay where they are.
    pub(super) fn pair(dialect: Dialect, join: Join, leaves: impl IntoIterator<Item = Expr>) -> Self {
        Self { depth: 0, ..joined(dialect, join, leaves.into_iter().map(Self::leaf).collect()) }
    }

    /// The parts joined. The deepest stands first: databases read an opening parenthesis at the start of a chain without holding
    /// anything back for it, so that nesting on the left costs SQLite little of its small parser stack.
    pub(super) fn chain(dialect: Dialect, join: Join, mut parts: Vec<Self>) -> Self {
        parts.sort_by_key(|part| std::cmp::Reverse(part.depth));
        while parts.len() > LONGEST {
            let mut rest = parts.into_iter();
            let mut groups = Vec::new();
            while rest.len() > 0 {
                groups.push(joined(dialect, join, rest.by_ref().take(LONGEST).collect()));
            }
            parts = groups;
        }
        joined(dialect, join, parts)
    }

    /// The part, in the rows alone where `tenant` is true.
    pub(super) fn within(mut self, dialect: Dialect, tenant: Expr) -> Self {
        // One more at the start of a chain needs no parentheses about the rest.
        self.joined = self.joined.filter(|join| *join != Join::And);
        joined(dialect, Join::And, vec![Self::leaf(tenant), self])
    }

    pub(super) fn into_expr(self) -> Expr {
        self.expr
    }

    /// The condition for a WHERE; whatever is joined to it there finds it in parentheses.
    pub(super) fn into_condition(self) -> Condition {
        Condition::all().add(self.expr)
    }
}

fn joined(dialect: Dialect, join: Join, mut parts: Vec<Part>) -> Part {
    if parts.len() < 2 {
        // An empty chain matches nothing rather than everything.
        return parts.pop().unwrap_or_else(|| Part::constant(false));
    }
    let word = if join == Join::And { " AND " } else { " OR " };
    let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1;
    let mut template = String::new();
    let mut exprs = Vec::with_capacity(parts.len());
    for (at, part) in parts.into_iter().enumerate() {
        template.push_str(if at == 0 { "" } else { word });
        let (open, close) = if part.joined.is_some() { ("(", ")") } else { ("", "") };
        template.extend([open, &dialect.placeholder(at), close]);
        exprs.push(part.expr);
    }
    // A template and not `Expr::and`, which would nest, draw and drop a chain of 500 by 500 calls inside one another.
    Part { expr: Expr::cust_with_exprs(template, exprs), joined: Some(join), depth }
}
