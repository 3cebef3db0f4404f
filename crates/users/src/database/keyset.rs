//! The order and the conditions of keyset pagination.

use super::statement::user_column;
use super::user_row::SortColumn;
use sea_query::{Condition, Expr, ExprTrait as _, Order, SelectStatement, Value};

/// The row at which a scan starts.
#[derive(Clone)]
pub(super) enum Start<'q> {
    /// The first row.
    First,
    /// The row after this position, or at it if `inclusive`.
    Position { sort: Option<(SortColumn, Value)>, id: &'q str, inclusive: bool },
    /// The first row that fulfils this condition.
    Before(Expr),
    /// Behind the last row.
    End,
}

impl Start<'_> {
    /// Restricts a query to the rows from the start on; `None` if there are none.
    pub(super) fn restrict(self, select: &mut SelectStatement, ascending: bool) -> Option<()> {
        match self {
            Self::First => {}
            Self::Position { sort, id, inclusive } => {
                select.cond_where(beyond(sort, id, inclusive, ascending));
            }
            Self::Before(condition) => {
                select.and_where(condition);
            }
            Self::End => return None,
        }
        Some(())
    }
}

/// Selects the first rows in the order of an expression and the id.
pub(super) fn order(
    select: &mut SelectStatement,
    sorted: Option<Expr>,
    ascending: bool,
    limit: usize,
) {
    sort_rows(select, sorted, ascending);
    select.limit(u64::try_from(limit).unwrap_or(u64::MAX));
}

/// Sorts by an expression and the id.
pub(super) fn sort_rows(select: &mut SelectStatement, sorted: Option<Expr>, ascending: bool) {
    let order = if ascending { Order::Asc } else { Order::Desc };
    if let Some(sorted) = sorted {
        select.order_by_expr(sorted, order.clone());
    }
    select.order_by_expr(user_column("id"), order);
}

/// The condition that a row is on that side of a position.
pub(super) fn beyond(
    sort: Option<(SortColumn, Value)>,
    id: &str,
    inclusive: bool,
    above: bool,
) -> Condition {
    let by_id = compare("id", id.into(), above, inclusive);
    let Some((sort, value)) = sort else { return Condition::all().add(by_id) };
    let later = compare(sort.name(), value.clone(), above, false);
    Condition::all()
        .add(compare(sort.name(), value, above, true))
        .add(Condition::any().add(later).add(by_id))
}

/// `column > value`, or `>=`, `<`, `<=`.
///
/// PostgreSQL does not accept U+0000. As no stored string contains it, a comparison with the part
/// of the string before it gives the same result.
pub(super) fn compare(
    column: &'static str,
    mut value: Value,
    above: bool,
    mut inclusive: bool,
) -> Expr {
    if let Value::String(Some(string)) = &mut value
        && let Some(nul) = string.find('\0')
    {
        string.truncate(nul);
        inclusive = !above;
    }
    let column = user_column(column);
    match (above, inclusive) {
        (true, true) => column.gte(value),
        (true, false) => column.gt(value),
        (false, true) => column.lte(value),
        (false, false) => column.lt(value),
    }
}
