//! The order and the conditions of keyset pagination.

use super::statement::user_column;
use super::tenant::Tenant;
use super::user_row::{SortColumn, sort_value};
use crate::page::Position;
use crate::sort::InstantPosition;
use sea_query::{Condition, Expr, ExprTrait as _, Order, SelectStatement, Value};
use std::cmp::Ordering;

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

impl<'q> Start<'q> {
    /// Returns the start of a list at a position. A position whose sort key no row can have is before
    /// or behind all rows: in a list that is sorted by the tenant, which is the same for all, or by
    /// a member that every user has.
    pub(super) fn at(
        position: &'q Position,
        column: Option<SortColumn>,
        tenant: Tenant<'_>,
        inclusive: bool,
        ascending: bool,
    ) -> Self {
        let start = |sort| Self::Position { sort, id: &position.id, inclusive };
        let value = position.key.strip_prefix('1');
        let sort_is_above = match (column, value) {
            (Some(column @ SortColumn::SortKey(_)), _) => {
                return start(Some((column, Value::from(position.key.as_str()))));
            }
            (Some(column @ SortColumn::FoldKey(_)), Some(value)) => {
                return start(Some((column, Value::from(value))));
            }
            (Some(column @ SortColumn::Millis(name)), Some(digits)) => {
                match InstantPosition::of(digits) {
                    InstantPosition::At(instant) => {
                        return start(Some((column, Value::from(instant))));
                    }
                    InstantPosition::Before(instant) => {
                        return Self::Before(compare(name, instant.into(), ascending, ascending));
                    }
                    InstantPosition::Behind => true,
                }
            }
            (Some(_), None) => position.key.as_str() > "1",
            (None, _) => match sort_value(tenant.id).cmp(&position.key) {
                Ordering::Equal => return start(None),
                order => order.is_lt(),
            },
        };
        if sort_is_above == ascending { Self::End } else { Self::First }
    }

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
