//! Substring searches in MySQL in the attribute that a list is sorted by. Their statements read the
//! index of the attribute, which is smaller than the rows, until the page is full.

use super::keyset::{Start, order};
use super::statement::{MYSQL_KEY, USERS, is_row_of};
use sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_query::{Condition, Expr, JoinType, SelectStatement};

/// The alias of the entries of the index.
const ENTRIES: &str = "e";

/// An index that has the order of a list and every column that the filter needs.
pub(super) struct CoveringIndex {
    column: &'static str,
    /// The condition of the filter and the tenant.
    condition: Condition,
}

impl CoveringIndex {
    /// Returns the index for a filter with this condition, which needs only this column.
    pub(super) fn new(column: &'static str, condition: Condition) -> Self {
        Self { column, condition }
    }

    /// Selects the rows that fulfil the filter and a condition, from the start on, the nearest first,
    /// without columns yet; `None` if there are none.
    pub(super) fn select(
        &self,
        condition: Condition,
        start: Start<'_>,
        ascending: bool,
        limit: usize,
    ) -> Option<SelectStatement> {
        let mut entries = SelectStatement::new();
        entries
            .columns(MYSQL_KEY.map(|column| (USERS, column)))
            .column((USERS, self.column))
            .from_as("users", USERS)
            .force_index(format!("users_{}", self.column), IndexHintScope::All)
            .cond_where(self.condition.clone());
        start.restrict(&mut entries, ascending)?;
        let mut select = SelectStatement::new();
        select
            .from_subquery(entries, ENTRIES)
            .join_as(JoinType::StraightJoin, "users", USERS, is_row_of(ENTRIES))
            .cond_where(condition);
        order(&mut select, Some(Expr::col((ENTRIES, self.column))), ascending, limit);
        Some(select)
    }
}
