//! Pages of a list, by keyset pagination: `sort >= ? AND (sort > ? OR id > ?)`, the only form that
//! every database answers from the index of the sort column.

use super::candidates::{self, MAX_CANDIDATES, NUMBER, has_trigrams};
use super::connection::Connection;
use super::covering_index::CoveringIndex;
use super::distinct_values::{DistinctValues, MAX_VALUES};
use super::error::DbError;
use super::filter_traits::{avoids_sort_index, has_unknown_share, searched_column};
use super::keyset::{Start, compare, order};
use super::sort_values::{given, select_by_value, sort_values};
use super::statement::{
    MYSQL_KEY, Statement, USERS, is_live, is_one_of, is_row_of, one, select_users, user_column,
};
use super::tenant::Tenant;
use super::user_counts::select_count;
use super::user_row::{self, SortColumn};
use super::whole_page::{Statements, Summary};
use crate::mapping::mapping;
use crate::page::{Page, Position, Query, Window};
use scieve::sql::{CheckedMapping, Dialect};
use sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_query::{Asterisk, Condition, Expr, ExprTrait as _, JoinType, SelectStatement};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One list query.
pub(super) struct ListQuery<'q> {
    dialect: Dialect,
    /// True if triggers maintain the number of users.
    has_counts: bool,
    tenant: Tenant<'q>,
    query: &'q Query<'q>,
    /// The column that is sorted by before the id.
    sort: Option<SortColumn>,
    /// The conditions on a user of the list, including the tenant.
    condition: Condition,
    /// The number of the next rows in the order of the list that are tested before all of them, and
    /// the same condition for them; `None` if an index finds the users or has them in the order of
    /// the list, or if all rows are needed anyway.
    next: Option<(usize, Condition)>,
    /// True to keep the database from walking the index of the sort column.
    avoid_sort_index: bool,
    /// The only values of the sort column that the filter allows, see [`sort_values`].
    sort_values: BTreeSet<String>,
    /// The numbers of all users of the list, and of others, from the trigram index of SQLite.
    candidates: Option<SelectStatement>,
    /// The index of MySQL that has the order of the list and all that the filter needs.
    covering: Option<CoveringIndex>,
    /// The values in PostgreSQL that decide which users are on the list.
    distinct: Option<DistinctValues>,
}

/// The rows that are searched.
#[derive(Clone, Copy)]
enum Searched {
    /// Those of the tenant.
    All,
    /// Those of the tenant, without a walk along the index of the sort column.
    Unordered,
    /// The next ones in the order of the list. They concern only the users of the page.
    Next,
    /// The candidates.
    Candidates,
    /// The first ones of each value of the sort column that fulfils the filter.
    EachValue,
}

/// Number of rows that are tested for each user of a page before all rows are searched: a filter
/// that one user in a hundred fulfils fills its pages.
const ROWS_PER_USER: usize = 100;
/// Pages that would need more rows are searched at once.
const MAX_ROWS_TO_TRY: usize = 10_100;

/// Aliases of subqueries.
const CANDIDATES: &str = "c";
const NEXT: &str = "n";

impl<'q> ListQuery<'q> {
    pub(super) fn new(
        dialect: Dialect,
        has_counts: bool,
        tenant: Tenant<'q>,
        query: &'q Query<'q>,
    ) -> Result<Self, DbError> {
        let of_filter = |mapping: &CheckedMapping| match query.plan {
            Some(plan) => plan
                .to_condition(mapping, dialect)
                .map_err(|error| DbError::Internal(error.to_string())),
            None => Ok(Condition::all().add(user_column("tenant").eq(tenant.number))),
        };
        let mapping = mapping().for_tenant(&tenant.number.to_string());
        let condition = of_filter(&mapping)?;
        let searched = query.plan.and_then(|plan| searched_column(plan, query.sort.key));
        let (covering, distinct) = match (dialect, searched) {
            (Dialect::MySql, Some(column)) => {
                (Some(CoveringIndex::new(column, condition.clone())), None)
            }
            (Dialect::Postgres, Some(column)) => {
                (None, Some(DistinctValues::new(column, condition.clone())))
            }
            _ => (None, None),
        };
        let is_unknown = query.plan.is_some_and(|plan| has_unknown_share(plan, plan.root()));
        let next_rows = query.limit.saturating_add(1).saturating_mul(ROWS_PER_USER);
        let tries_next =
            is_unknown && covering.is_none() && !query.total && next_rows <= MAX_ROWS_TO_TRY;
        let next = tries_next.then(|| of_filter(&mapping.for_few_rows())).transpose()?;
        let in_list = |mut condition: Condition| {
            if query.without_deleted {
                condition = condition.add(is_live());
            }
            if let Some(bound) = &query.id_above {
                condition = condition.add(compare("id", bound.as_str().into(), true, false));
            }
            if let Some(bound) = &query.id_below {
                condition = condition.add(compare("id", bound.as_str().into(), false, false));
            }
            condition
        };
        Ok(Self {
            dialect,
            has_counts,
            tenant,
            query,
            sort: SortColumn::of(query.sort.key),
            next: next.map(|condition| (next_rows, in_list(condition))),
            condition: in_list(condition),
            avoid_sort_index: query.plan.is_some_and(|plan| avoids_sort_index(dialect, plan)),
            sort_values: query
                .plan
                .map_or_else(BTreeSet::new, |plan| sort_values(dialect, plan, query.sort.key)),
            candidates: match (dialect, query.plan) {
                (Dialect::Sqlite, Some(plan)) => candidates::candidates(plan, tenant),
                _ => None,
            },
            covering,
            distinct,
        })
    }

    /// Reads the page, with one statement, so that all of it is of one snapshot.
    ///
    /// With `tries_rows`, a filter without an index, or with very many users, is first tested on the
    /// next rows in the order of the list, which may fill the page. In SQLite the candidates are
    /// tested before all rows, unless there are too many. In PostgreSQL, which estimates the share of
    /// the users, but not that they come late in the order, the trigram index finds them then.
    pub(super) async fn read(
        &self,
        connection: &mut dyn Connection,
        tries_rows: bool,
    ) -> Result<Page, DbError> {
        let mut searched = Searched::All;
        if tries_rows && self.next.is_some() {
            let (page, values) = self.read_with(connection, self.build(Searched::Next)).await?;
            let (forwards, _) = self.window();
            let is_full = if forwards { page.has_next } else { page.has_previous };
            if is_full {
                return Ok(page);
            }
            searched = self.after_next(values);
        }
        if self.candidates.is_some() {
            let statements = self.build(Searched::Candidates);
            let (page, candidates) = self.read_with(connection, statements).await?;
            if candidates <= MAX_CANDIDATES as u64 {
                return Ok(page);
            }
        }
        let (page, _) = self.read_with(connection, self.build(searched)).await?;
        Ok(page)
    }

    /// The rows that are searched if the next ones do not fill the page, and the sort column has so
    /// many values.
    fn after_next(&self, values: u64) -> Searched {
        let with_trigrams = || self.query.plan.is_some_and(|plan| has_trigrams(plan, self.tenant));
        match self.dialect {
            _ if (1..=MAX_VALUES).contains(&values) => Searched::EachValue,
            Dialect::Postgres if with_trigrams() => Searched::Unordered,
            _ => Searched::All,
        }
    }

    /// Reads a page, and [`Statements::count`].
    async fn read_with(
        &self,
        connection: &mut dyn Connection,
        statements: Statements,
    ) -> Result<(Page, u64), DbError> {
        let (forwards, _) = self.window();
        let with_summary = statements.has_summary();
        let with_users = statements.page.is_some();
        let mut summary = Summary::default();
        let mut users = Vec::with_capacity(self.query.limit.saturating_add(1).min(1000));
        if let Some(select) = statements.whole(self.sort, self.direction().0) {
            for mut row in connection.fetch_statement(self.render(&select)).await? {
                if with_summary {
                    summary = Summary::read(&mut row)?;
                }
                if with_users && let Some(user) = user_row::optional_user(self.tenant, row)? {
                    users.push(user);
                }
            }
        }
        let more = users.len() > self.query.limit;
        users.truncate(self.query.limit);
        if !forwards {
            users.reverse();
        }
        let other = summary.has_other_side;
        let (has_previous, has_next) = if forwards { (other, more) } else { (more, other) };
        let users = users.into_iter().map(Arc::new).collect();
        let page = Page { users, has_previous, has_next, total: summary.total };
        Ok((page, summary.count))
    }

    /// The statements of [`ListQuery::read`], rendered.
    pub(super) async fn statements(
        &self,
        connection: &mut dyn Connection,
    ) -> Result<Vec<Statement>, DbError> {
        let searched = match &self.candidates {
            Some(_) => Searched::Candidates,
            None if self.next.is_some() => {
                let count = self.distinct.as_ref().map(DistinctValues::select_count);
                let count = Statements { count, ..Statements::default() };
                let (_, values) = self.read_with(connection, count).await?;
                self.after_next(values)
            }
            None => Searched::All,
        };
        let Statements { page, other_side, total, .. } = self.build(searched);
        let statements = page.iter().chain(&other_side).chain(&total);
        Ok(statements.map(|select| self.render(select)).collect())
    }

    /// Renders a statement. The best plan for a filter depends on its values, that of another list
    /// does not.
    fn render(&self, select: &SelectStatement) -> Statement {
        match self.query.plan {
            Some(_) => Statement::new(self.dialect, select),
            None => Statement::with_constant_limit(self.dialect, select),
        }
    }

    /// Builds the statements.
    fn build(&self, searched: Searched) -> Statements {
        let (ascending, position) = self.direction();
        let start = |inclusive, ascending| match position {
            Some(position) => Start::at(position, self.sort, self.tenant, inclusive, ascending),
            None => Start::First,
        };
        let limit = self.query.limit.saturating_add(1);
        let mut page = match searched {
            Searched::Next => self.select_among(start(false, ascending), ascending, limit),
            _ => self.select(start(false, ascending), ascending, limit, searched),
        };
        if let Some(page) = &mut page {
            page.columns(user_row::READ.map(|column| (USERS, column)));
        }
        // The row at the position itself is on the other side as well.
        let other_side = position.map_or_else(Vec::new, |_| {
            let start = start(true, !ascending);
            let (near, all) = match searched {
                Searched::Next => (self.select_among(start.clone(), !ascending, 1), Searched::All),
                Searched::Candidates => (None, searched),
                _ => (None, Searched::All),
            };
            let all = self.select(start, !ascending, 1, all);
            near.into_iter().chain(all).map(|mut rows| rows.expr(one()).take()).collect()
        });
        let total = self.query.total.then(|| {
            let Query { plan, id_above, id_below, without_deleted, .. } = self.query;
            if plan.is_none() && id_above.is_none() && id_below.is_none() {
                let live = *without_deleted;
                return select_count(self.dialect, self.tenant, live, self.has_counts);
            }
            let mut total = self.matching(searched);
            total.expr(Expr::cust("COUNT(*)"));
            total
        });
        let count = match searched {
            Searched::Candidates => self.candidates.clone().map(|candidates| {
                let mut count = SelectStatement::new();
                count.expr(Expr::cust("COUNT(*)")).from_subquery(candidates, CANDIDATES);
                count
            }),
            Searched::Next => self.distinct.as_ref().map(DistinctValues::select_count),
            _ => None,
        };
        Statements { page, other_side, total, count }
    }

    /// The direction in which the window is read from its position.
    fn window(&self) -> (bool, Option<&'q Position>) {
        match &self.query.window {
            Window::First => (true, None),
            Window::Last => (false, None),
            Window::After(position) => (true, Some(position)),
            Window::Before(position) => (false, Some(position)),
        }
    }

    /// Returns whether the page is read in ascending order, and from which position.
    fn direction(&self) -> (bool, Option<&'q Position>) {
        let (forwards, position) = self.window();
        (forwards != self.query.sort.descending, position)
    }

    /// Selects rows from the start on, the nearest first, without columns yet; `None` if there are
    /// none.
    fn select(
        &self,
        start: Start<'_>,
        ascending: bool,
        limit: usize,
        searched: Searched,
    ) -> Option<SelectStatement> {
        if let Some(index) = &self.covering {
            return index.select(self.condition.clone(), start, ascending, limit);
        }
        let avoids_index = self.avoid_sort_index || matches!(searched, Searched::Unordered);
        let values = &self.sort_values;
        if let Some(column) = self.sort
            && self.dialect == Dialect::Postgres
            && !avoids_index
        {
            let values = match (&self.distinct, searched) {
                (Some(distinct), Searched::EachValue) => {
                    Some(distinct.select(self.tenant, start.clone(), ascending)?)
                }
                _ => (values.len() > 1).then(|| given(values)),
            };
            if let Some(values) = values {
                let mut rows = select_users(self.tenant);
                start.restrict(&mut rows, ascending)?;
                let (condition, column) = (self.condition.clone(), column.name());
                return Some(select_by_value(values, rows, condition, column, ascending, limit));
            }
        }
        let mut select = self.matching(searched);
        start.restrict(&mut select, ascending)?;
        let mut sorted = None;
        if let Some(column) = self.sort {
            let sort = column.name();
            if let (SortColumn::SortKey(_), false) = (column, values.is_empty()) {
                select.and_where(is_one_of(self.dialect, user_column(sort), values));
            }
            if self.dialect == Dialect::MySql && avoids_index {
                select.ignore_index(format!("users_{sort}"), IndexHintScope::OrderBy);
            }
            sorted = Some(match self.dialect {
                // A unary plus keeps SQLite from using an index for the term:
                // https://www.sqlite.org/optoverview.html#uplus
                Dialect::Sqlite if avoids_index => Expr::cust_with_expr("+?", user_column(sort)),
                // No index has the result of an operator.
                Dialect::Postgres if avoids_index => {
                    let unchanged = match column {
                        SortColumn::FoldKey(_) | SortColumn::SortKey(_) => "$1 || ''",
                        SortColumn::Millis(_) => "$1 + 0",
                    };
                    Expr::cust_with_expr(unchanged, user_column(sort))
                }
                _ => user_column(sort),
            });
        }
        order(&mut select, sorted, ascending, limit);
        Some(select)
    }

    /// Selects as [`ListQuery::select`] does, among the next rows in the order of the list.
    fn select_among(
        &self,
        start: Start<'_>,
        ascending: bool,
        limit: usize,
    ) -> Option<SelectStatement> {
        let (rows, condition) = self.next.as_ref()?;
        let mut next = select_users(self.tenant);
        start.restrict(&mut next, ascending)?;
        let sorted = self.sort.map(|sort| user_column(sort.name()));
        order(&mut next, sorted.clone(), ascending, *rows);
        let mut select = SelectStatement::new();
        if self.dialect == Dialect::MySql {
            // Long strings would put a temporary table on the disk. The index has the key.
            next.columns(MYSQL_KEY.map(|column| (USERS, column)));
            select.from_subquery(next, NEXT);
            select.join_as(JoinType::InnerJoin, "users", USERS, is_row_of(NEXT));
        } else {
            select.from_subquery(next.column((USERS, Asterisk)).take(), USERS);
        }
        select.cond_where(condition.clone());
        order(&mut select, sorted, ascending, limit);
        Some(select)
    }

    /// Selects the users of the list.
    fn matching(&self, searched: Searched) -> SelectStatement {
        let mut select = SelectStatement::new();
        match (&self.candidates, searched) {
            (Some(candidates), Searched::Candidates) => {
                let mut distinct = SelectStatement::new();
                distinct.distinct().column(NUMBER).from_subquery(candidates.clone(), CANDIDATES);
                // With CROSS JOIN, SQLite does not reorder the tables.
                let same = Expr::col((CANDIDATES, NUMBER)).equals((USERS, NUMBER));
                select
                    .from_subquery(distinct, CANDIDATES)
                    .join_as(JoinType::CrossJoin, "users", USERS, one())
                    .and_where(same);
            }
            _ => {
                select.from_as("users", USERS);
            }
        }
        select.cond_where(self.condition.clone());
        select
    }
}
