//! Pages of a list, by keyset pagination: `sort >= ? AND (sort > ? OR id > ?)`, the only form that
//! every database answers from the index of the sort column.

use super::connection::{Connection, Row};
use super::error::DbError;
use super::memberships;
use super::statement::{Statement, USERS, is_one_of, one, user_column};
use super::user_row;
use crate::mapping::mapping;
use crate::page::{Page, Position, Query, Window};
use crate::sort::{SortKey, truncate};
use crate::user::{Status, User};
use scieve::sql::Dialect;
use scieve::{Node, Plan, Predicate, Test};
use scieve::{Value, fold_key};
use sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_query::{Condition, Expr, ExprTrait as _, Order, SelectStatement};
use std::cmp::Ordering;
use std::sync::Arc;

/// One list query.
pub(super) struct ListQuery<'q> {
    dialect: Dialect,
    tenant: &'q str,
    query: &'q Query<'q>,
    /// The column that is sorted by before the id.
    sort: Option<&'static str>,
    /// The conditions on a user of the list, including the tenant.
    condition: Condition,
    /// True to keep the database from walking the index of the sort column.
    avoid_sort_index: bool,
    /// The only values of the sort column that the filter allows; empty if it allows any.
    sort_values: Vec<String>,
}

/// The row at which a scan starts.
#[derive(Clone, Copy)]
enum Start<'q> {
    /// The first row.
    First,
    /// The row after this position, or at it if `inclusive`.
    Position { position: &'q Position, inclusive: bool },
    /// Behind the last row.
    End,
}

/// The statements of a page.
struct Statements {
    /// The rows of the page and one more.
    page: Option<SelectStatement>,
    /// Tests if there is a row on the other side of the position.
    other_side: Option<SelectStatement>,
    /// Counts the rows of all pages.
    total: Option<SelectStatement>,
}

impl<'q> ListQuery<'q> {
    pub(super) fn new(
        dialect: Dialect,
        tenant: &'q str,
        query: &'q Query<'q>,
    ) -> Result<Self, DbError> {
        let mut condition = match query.plan {
            Some(plan) => plan
                .to_condition(&mapping().for_tenant(tenant), dialect)
                .map_err(|error| DbError::Internal(error.to_string()))?,
            None => Condition::all().add(user_column("tenant_id").eq(tenant)),
        };
        if query.without_deleted {
            condition = condition.add(user_column("status_f").ne(Status::Deleted.name()));
        }
        if let Some(bound) = &query.id_above {
            condition = condition.add(compare("id", bound, true, false));
        }
        if let Some(bound) = &query.id_below {
            condition = condition.add(compare("id", bound, false, false));
        }
        Ok(Self {
            dialect,
            tenant,
            query,
            sort: user_row::sort_column(query.sort.key),
            condition,
            avoid_sort_index: query.plan.is_some_and(|plan| avoids_sort_index(dialect, plan)),
            sort_values: query.plan.map(|p| sort_values(p, query.sort.key)).unwrap_or_default(),
        })
    }

    /// Reads the page. All statements have to see the same snapshot.
    pub(super) async fn read(&self, connection: &mut dyn Connection) -> Result<Page, DbError> {
        let statements = self.build();
        let (forwards, _) = self.window();
        let rows = fetch(connection, statements.page.as_ref()).await?;
        let mut users: Vec<User> = rows
            .into_iter()
            .map(|row| user_row::user(self.tenant, row))
            .collect::<Result<_, _>>()?;
        let more = users.len() > self.query.limit;
        users.truncate(self.query.limit);
        let other = !fetch(connection, statements.other_side.as_ref()).await?.is_empty();
        if !forwards {
            users.reverse();
        }
        memberships::fill(connection, self.tenant, &mut users).await?;
        let total = match &statements.total {
            Some(total) => Some(count(connection, total).await?),
            None => None,
        };
        let (has_previous, has_next) = if forwards { (other, more) } else { (more, other) };
        Ok(Page { users: users.into_iter().map(Arc::new).collect(), has_previous, has_next, total })
    }

    /// The statements of [`ListQuery::read`], rendered.
    pub(super) fn statements(&self) -> Vec<Statement> {
        let Statements { page, other_side, total } = self.build();
        let statements = [page, other_side, total].into_iter().flatten();
        statements.map(|select| Statement::new(self.dialect, &select)).collect()
    }

    fn build(&self) -> Statements {
        let (forwards, position) = self.window();
        let ascending = forwards != self.query.sort.descending;
        let start = |inclusive| match position {
            Some(position) => Start::Position { position, inclusive },
            None => Start::First,
        };
        let mut page = self.select(start(false), ascending, self.query.limit.saturating_add(1));
        if let Some(page) = &mut page {
            page.columns(user_row::READ.map(|column| (USERS, column)));
        }
        // The row at the position itself is on the other side as well.
        let mut other_side = position.and_then(|_| self.select(start(true), !ascending, 1));
        if let Some(other_side) = &mut other_side {
            other_side.expr(one());
        }
        let total = self.query.total.then(|| {
            let mut total = self.matching();
            total.expr(Expr::cust("COUNT(*)"));
            total
        });
        Statements { page, other_side, total }
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

    /// Selects rows from the start on, the nearest first, without columns yet; `None` if there are
    /// none.
    fn select(&self, start: Start<'_>, ascending: bool, limit: usize) -> Option<SelectStatement> {
        let start = match (self.sort, start) {
            (None, Start::Position { position, inclusive }) => {
                self.start_by_id(position, inclusive, ascending)
            }
            (_, start) => start,
        };
        let mut select = self.matching();
        match start {
            Start::First => {}
            Start::Position { position, inclusive } => {
                select.cond_where(self.beyond(position, inclusive, ascending));
            }
            Start::End => return None,
        }
        let order = if ascending { Order::Asc } else { Order::Desc };
        if let Some(sort) = self.sort {
            if !self.sort_values.is_empty() {
                let values = self.sort_values.iter().map(String::as_str);
                select.and_where(is_one_of(self.dialect, user_column(sort), values));
            }
            let mut sorted = user_column(sort);
            match self.dialect {
                Dialect::MySql if self.avoid_sort_index => {
                    select.ignore_index(format!("users_{sort}"), IndexHintScope::OrderBy);
                }
                // A unary plus keeps SQLite from using an index for the term:
                // https://www.sqlite.org/optoverview.html#uplus
                Dialect::Sqlite if self.avoid_sort_index => {
                    sorted = Expr::cust_with_expr("+?", sorted);
                }
                _ => {}
            }
            select.order_by_expr(sorted, order.clone());
        }
        select.order_by_expr(user_column("id"), order);
        select.limit(u64::try_from(limit).unwrap_or(u64::MAX));
        Some(select)
    }

    /// The start of a list that is sorted by the tenant. As the tenant is the same for all rows,
    /// they are sorted by id only, and the position is before, at or after all of them.
    fn start_by_id<'p>(
        &self,
        position: &'p Position,
        inclusive: bool,
        ascending: bool,
    ) -> Start<'p> {
        let tenant = sort_value(self.tenant);
        match (tenant.cmp(&position.key), ascending) {
            (Ordering::Equal, _) => Start::Position { position, inclusive },
            (Ordering::Greater, true) | (Ordering::Less, false) => Start::First,
            (Ordering::Greater, false) | (Ordering::Less, true) => Start::End,
        }
    }

    /// Selects the users of the list.
    fn matching(&self) -> SelectStatement {
        let mut select = SelectStatement::new();
        select.from_as("users", USERS).cond_where(self.condition.clone());
        select
    }

    fn beyond(&self, position: &Position, inclusive: bool, above: bool) -> Condition {
        let by_id = compare("id", &position.id, above, inclusive);
        let Some(sort) = self.sort else { return Condition::all().add(by_id) };
        let later = compare(sort, &position.key, above, false);
        Condition::all()
            .add(compare(sort, &position.key, above, true))
            .add(Condition::any().add(later).add(by_id))
    }
}

async fn fetch(
    connection: &mut dyn Connection,
    select: Option<&SelectStatement>,
) -> Result<Vec<Row>, DbError> {
    match select {
        Some(select) => connection.fetch(select).await,
        None => Ok(Vec::new()),
    }
}

/// Runs a statement that counts rows.
pub(super) async fn count(
    connection: &mut dyn Connection,
    select: &SelectStatement,
) -> Result<u64, DbError> {
    let row = connection.fetch(select).await?.pop();
    let count = row.ok_or_else(|| DbError::Internal("COUNT returned no row".into()))?.integer()?;
    Ok(count.unsigned_abs())
}

/// `column > string`, or `>=`, `<`, `<=`.
///
/// PostgreSQL does not accept U+0000. As no stored string contains it, a comparison with the part
/// of the string before it gives the same result.
fn compare(column: &'static str, string: &str, above: bool, inclusive: bool) -> Expr {
    let (string, inclusive) = match string.split_once('\0') {
        Some((before, _)) => (before, !above),
        None => (string, inclusive),
    };
    let column = user_column(column);
    match (above, inclusive) {
        (true, true) => column.gte(string),
        (true, false) => column.gt(string),
        (false, true) => column.lte(string),
        (false, false) => column.lt(string),
    }
}

/// The value of the sort column of a user whose attribute has that value.
fn sort_value(string: &str) -> String {
    format!("1{}", truncate(&fold_key(string)))
}

/// If the filter restricts the sort attribute to given values, the values of the sort column that
/// remain. The planners do not infer this condition, and would walk the index of the sort column
/// from its start.
fn sort_values(plan: &Plan<User>, sort: SortKey) -> Vec<String> {
    let of_test = |test: &Test| {
        let attribute = plan.schema().attribute(test.attribute())?;
        let values = match test.predicate() {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(values) => values,
            _ => return None,
        };
        let string = |value: &Value| match value {
            Value::Text(string) => Some(sort_value(string)),
            _ => None,
        };
        if attribute.path() == sort.name() { values.iter().map(string).collect() } else { None }
    };
    let of_node = |node: &Node| match node {
        Node::Test(test) => of_test(test),
        _ => None,
    };
    let found = match plan.root() {
        Node::All(nodes) => nodes.iter().find_map(of_node),
        node => of_node(node),
    };
    found.unwrap_or_default()
}

/// Returns true if the filter is likely to match so few users that the index of the sort column is
/// the wrong way to them: MySQL and SQLite would fetch row after row along it until a page is full,
/// which takes ten times as long as one scan of the tenant.
///
/// These are filters with a substring search, for which MySQL and SQLite have no index. SQLite
/// walks the index of the sort column even if another index leads to the rows of an `eq` directly,
/// except for roles, whose selectivity its statistics show.
fn avoids_sort_index(dialect: Dialect, plan: &Plan<User>) -> bool {
    let is_selective = |test: &Test| match test.predicate() {
        Predicate::Contains(_) | Predicate::EndsWith(_) => dialect != Dialect::Postgres,
        Predicate::Equal(_) | Predicate::In(_) => {
            let attribute = plan.schema().attribute(test.attribute());
            dialect == Dialect::Sqlite
                && attribute.is_some_and(|attribute| {
                    !attribute.yields_many() && attribute.path() != "status"
                })
        }
        _ => false,
    };
    let is_selective = |node: &Node| matches!(node, Node::Test(test) if is_selective(test));
    match plan.root() {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(is_selective),
        node => is_selective(node),
    }
}
