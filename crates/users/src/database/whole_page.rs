//! The statement that reads a whole page: its users, and whether there are others.

use super::connection::Row;
use super::error::DbError;
use super::statement::user_column;
use super::user_row::{self, SortColumn};
use sea_query::{Expr, ExprTrait as _, JoinType, Order, SelectStatement, Value};

/// Aliases of the parts of the statement.
const SUMMARY: &str = "s";
const PAGE: &str = "p";
/// The column of [`PAGE`] that it is sorted by before the id.
const SORT: &str = "sort_key";

/// The statements of a page.
#[derive(Default)]
pub(super) struct Statements {
    /// The rows of the page and one more.
    pub(super) page: Option<SelectStatement>,
    /// If one of them returns a row, there is one on the other side of the position. They are run
    /// until then.
    pub(super) other_side: Vec<SelectStatement>,
    /// Counts the rows of all pages.
    pub(super) total: Option<SelectStatement>,
    /// Counts the candidates, or the values of the sort column, to decide what is searched.
    pub(super) count: Option<SelectStatement>,
}

impl Statements {
    /// Returns true if there is more than the page.
    pub(super) fn has_summary(&self) -> bool {
        !self.other_side.is_empty() || self.total.is_some() || self.count.is_some()
    }

    /// Combines the statements of a page: the columns of [`Summary`], if there is one, in every row,
    /// and those of [`user_row::READ`], which are NULL if the page is empty. `None` if there is
    /// nothing to read.
    pub(super) fn whole(
        self,
        sort: Option<SortColumn>,
        ascending: bool,
    ) -> Option<SelectStatement> {
        if !self.has_summary() {
            return self.page;
        }
        let Self { page, other_side, total, count } = self;
        let null = || Expr::Constant(Value::BigInt(None));
        let value = |select: Option<SelectStatement>| {
            select.map_or_else(null, |select| Expr::SubQuery(None, Box::new(select.into())))
        };
        let mut summary = SelectStatement::new();
        summary.expr_as(value(total), "total");
        let other_side = other_side.into_iter().map(Expr::exists).reduce(Expr::or);
        summary.expr_as(other_side.unwrap_or_else(null), "other_side");
        summary.expr_as(value(count), "count");
        let mut whole = SelectStatement::new();
        whole.columns(["total", "other_side", "count"].map(|column| (SUMMARY, column)));
        whole.from_subquery(summary, SUMMARY);
        if let Some(mut page) = page {
            let order = if ascending { Order::Asc } else { Order::Desc };
            whole.columns(user_row::READ.map(|column| (PAGE, column)));
            if let Some(sort) = sort {
                page.expr_as(user_column(sort.name()), SORT);
                whole.order_by((PAGE, SORT), order.clone());
            }
            whole.order_by((PAGE, "id"), order);
            whole.join_subquery(JoinType::LeftJoin, page, PAGE, Expr::Constant(true.into()));
        }
        Some(whole)
    }
}

/// Metadata of a page.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) total: Option<u64>,
    pub(super) has_other_side: bool,
    pub(super) count: u64,
}

impl Summary {
    pub(super) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self {
            total: row.optional_integer()?.map(i64::unsigned_abs),
            has_other_side: row.optional_integer()? == Some(1),
            count: row.optional_integer()?.unwrap_or_default().unsigned_abs(),
        })
    }
}
