//! Conditions joined by AND and OR, side by side rather than one inside the other.

use super::dialect::Dialect;
use sea_query::{BinOper, Condition, Expr, ExprTrait};

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

/// Comparisons up to so many nest, one inside the other: a template is dearer to draw.
const SHORT: usize = 8;

impl Part {
    /// One comparison, or a call.
    pub(super) fn leaf(expr: Expr) -> Self {
        Self { expr, joined: None, depth: 0 }
    }

    /// Whether sea-query's own AND or OR writes it as a template would, and nests little.
    fn nests_in(&self, join: Join) -> bool {
        use BinOper::{
            And, Equal, GreaterThan, GreaterThanOrEqual, In, Is, IsNot, Like, NotEqual, NotIn,
            NotLike, Or, SmallerThan, SmallerThanOrEqual,
        };
        let Expr::Binary(_, operator, _) = &self.expr else { return false };
        match operator {
            Equal | NotEqual | SmallerThan | SmallerThanOrEqual | GreaterThan
            | GreaterThanOrEqual => true,
            In | NotIn | Like | NotLike | Is | IsNot => true,
            And => join == Join::Or && self.depth < 2,
            Or => join == Join::And && self.depth < 2,
            _ => false,
        }
    }

    /// The same for every row.
    pub(super) fn constant(truth: bool) -> Self {
        Self::leaf(Expr::cust(if truth { "(1=1)" } else { "(1=0)" }))
    }

    /// Two or three comparisons of one column. Deep or not, they stay where they are.
    pub(super) fn pair(
        dialect: Dialect,
        join: Join,
        leaves: impl IntoIterator<Item = Expr>,
    ) -> Self {
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
    pub(super) fn for_tenant(mut self, dialect: Dialect, tenant: Expr) -> Self {
        // One more at the start of a chain needs no parentheses about the rest.
        if self.joined == Some(Join::And) && matches!(self.expr, Expr::Binary(..)) {
            self.expr = before(tenant, self.expr);
            return self;
        }
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

/// The chain of ANDs with one more before it.
fn before(first: Expr, chain: Expr) -> Expr {
    match chain {
        Expr::Binary(left, BinOper::And, right) => {
            Expr::Binary(Box::new(before(first, *left)), BinOper::And, right)
        }
        _ => first.and(chain),
    }
}

fn joined(dialect: Dialect, join: Join, mut parts: Vec<Part>) -> Part {
    if parts.len() < 2 {
        // An empty chain matches nothing rather than everything.
        return parts.pop().unwrap_or_else(|| Part::constant(false));
    }
    let word = if join == Join::And { " AND " } else { " OR " };
    let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1;
    if parts.len() <= SHORT && parts.iter().all(|part| part.nests_in(join)) {
        let both =
            |left: Expr, right| if join == Join::And { left.and(right) } else { left.or(right) };
        let expr = parts.into_iter().map(|part| part.expr).reduce(both);
        return Part {
            joined: Some(join),
            depth,
            ..expr.map_or_else(|| Part::constant(false), Part::leaf)
        };
    }
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
