//! Substring searches in PostgreSQL in the attribute that a list is sorted by, if it has few different
//! values, as first names have: each value is read from the index once and tested, and the first rows
//! of those that match are read. The trigram index would find every row that matches, to be sorted.

use super::keyset::Start;
use super::sort_values::VALUES;
use super::statement::{USERS, select_users, user_column};
use super::tenant::Tenant;
use sea_query::{
    CommonTableExpression, Condition, Expr, ExprTrait as _, JoinType, Order, SelectStatement,
    UnionType, WithClause,
};

/// Maximum number of values that are read, which takes about 7 ms.
pub(super) const MAX_VALUES: u64 = 1_000;

/// The table of all values.
const ALL: &str = "all_values";
/// The alias of the next value.
const NEXT: &str = "n";

/// The values of the column that a list is sorted by.
pub(super) struct DistinctValues {
    column: &'static str,
    /// The condition of the filter and the tenant, on no other column.
    condition: Condition,
}

impl DistinctValues {
    /// Returns the values for a filter with this condition, which needs only this column.
    pub(super) fn new(column: &'static str, condition: Condition) -> Self {
        Self { column, condition }
    }

    /// Selects the number of values, of all tenants, as ANALYZE estimated it; NULL before the first
    /// ANALYZE, or if the number grows with that of the users.
    pub(super) fn select_count(&self) -> SelectStatement {
        let mut select = SelectStatement::new();
        // One row, even if there are statistics of partitions too.
        select
            .expr(Expr::cust("CAST(MAX(n_distinct) AS bigint)"))
            .from("pg_stats")
            .and_where(Expr::col("schemaname").eq(Expr::cust("current_schema()")))
            .and_where(Expr::col("tablename").eq("users"))
            .and_where(Expr::col("attname").eq(self.column))
            .and_where(Expr::col("n_distinct").gte(1_i64));
        select
    }

    /// Selects the values, from the start of the list on, that fulfil the filter; `None` if there are
    /// none.
    pub(super) fn select(
        &self,
        tenant: Tenant<'_>,
        start: Start<'_>,
        ascending: bool,
    ) -> Option<SelectStatement> {
        let columns = ["tenant", self.column];
        let order = if ascending { Order::Asc } else { Order::Desc };
        let first_of = |mut rows: SelectStatement| {
            rows.columns(columns.map(|column| (USERS, column)));
            rows.order_by((USERS, self.column), order.clone()).limit(1);
            rows
        };
        let mut rows = select_users(tenant);
        start.restrict(&mut rows, ascending)?;
        let mut all = SelectStatement::new();
        all.columns(columns).from_subquery(first_of(rows), USERS);
        let mut later = select_users(tenant);
        let last = Expr::col((ALL, self.column));
        later.and_where(match ascending {
            true => user_column(self.column).gt(last),
            false => user_column(self.column).lt(last),
        });
        let mut next = SelectStatement::new();
        next.columns(columns.map(|column| (NEXT, column))).from(ALL).join_lateral(
            JoinType::InnerJoin,
            first_of(later),
            NEXT,
            Expr::Constant(true.into()),
        );
        all.union(UnionType::All, next);
        let mut table = CommonTableExpression::new();
        table.table_name(ALL).columns(columns).query(all);
        let mut matching = SelectStatement::new();
        matching
            .with_cte(WithClause::new().recursive(true).cte(table).clone())
            .expr_as(user_column(self.column), VALUES)
            // The condition refers to the columns of users.
            .from_as(ALL, USERS)
            .cond_where(self.condition.clone());
        let mut select = SelectStatement::new();
        select.from_subquery(matching, VALUES);
        Some(select)
    }
}
