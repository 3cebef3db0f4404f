//! Pages of a list: `sort >= ? AND (sort > ? OR id > ?)`, the only form that every database answers from its index.

use super::fault::Fault;
use super::link::{Link, Row};
use super::lists;
use super::record;
use super::statement::Statement;
use crate::mapping::mapping;
use crate::page::{Page, Position, Query, Window};
use crate::sort::{SortKey, truncate};
use crate::user::{Status, User};
use scieve::sql::{self, Dialect};
use scieve::{Node, Plan, Predicate, Test};
use scieve::{Value, fold_key};
use std::cmp::Ordering;
use std::sync::Arc;

/// One list, as it is asked for.
pub(super) struct List<'q> {
    dialect: Dialect,
    tenant: &'q str,
    query: &'q Query<'q>,
    /// The column that is sorted by before the id.
    sort: Option<&'static str>,
    /// Of the plan and the tenant.
    condition: Option<sql::Statement>,
    /// Whether the order is better not looked for in an index.
    sorted_late: bool,
    /// What the filter says of that column: it holds one of these, unless there are none.
    among: Vec<String>,
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Start<'q> {
    /// At the edge.
    Edge,
    /// Beyond a place, or with it.
    Beyond { place: &'q Position, with: bool },
    /// Behind all of them.
    Nowhere,
}

impl<'q> List<'q> {
    pub(super) fn new(
        dialect: Dialect,
        tenant: &'q str,
        query: &'q Query<'q>,
    ) -> Result<Self, Fault> {
        let condition = match query.plan {
            Some(plan) => {
                let condition = plan.to_where(&mapping().for_tenant(tenant), dialect);
                Some(condition.map_err(|error| Fault::Broken(error.to_string()))?)
            }
            None => None,
        };
        let sorted_late = query.plan.is_some_and(|plan| is_sorted_late(dialect, plan));
        let among = query.plan.map(|plan| places(plan, query.sort.key)).unwrap_or_default();
        Ok(Self {
            dialect,
            tenant,
            query,
            sort: record::sort_column(query.sort.key),
            condition,
            sorted_late,
            among,
        })
    }

    /// The page, in a transaction whose statements all see one state.
    pub(super) async fn read(&self, link: &mut dyn Link) -> Result<Page, Fault> {
        let (forwards, place) = self.window();
        let ascending = forwards != self.query.sort.descending;
        let start = place.map_or(Start::Edge, |place| Start::Beyond { place, with: false });
        let rows = self
            .rows(link, record::READ, start, ascending, self.query.limit.saturating_add(1))
            .await?;
        let mut users: Vec<User> =
            rows.into_iter().map(|row| record::user(self.tenant, row)).collect::<Result<_, _>>()?;
        let more = users.len() > self.query.limit;
        users.truncate(self.query.limit);
        // The user at the place itself stands on the other side as well.
        let other = match place {
            Some(place) => !self
                .rows(link, "1", Start::Beyond { place, with: true }, !ascending, 1)
                .await?
                .is_empty(),
            None => false,
        };
        if !forwards {
            users.reverse();
        }
        lists::fill(link, self.dialect, self.tenant, &mut users).await?;
        let total = if self.query.total { Some(self.count(link).await?) } else { None };
        let (has_previous, has_next) = if forwards { (other, more) } else { (more, other) };
        Ok(Page { users: users.into_iter().map(Arc::new).collect(), has_previous, has_next, total })
    }

    fn total(&self) -> Result<Statement, Fault> {
        self.matching(Statement::new(self.dialect, "SELECT COUNT(*) FROM users AS u WHERE "))
    }

    async fn count(&self, link: &mut dyn Link) -> Result<u64, Fault> {
        let mut rows = link.rows(&self.total()?).await?;
        let count = rows.pop().ok_or_else(|| Fault::Broken("no count".into()))?.integer()?;
        Ok(count.unsigned_abs())
    }

    /// The statements of [`List::read`]: the page, with one user more; whether one stands on the other side of the place; how many match.
    pub(super) fn statements(&self) -> Result<Vec<Statement>, Fault> {
        let (forwards, place) = self.window();
        let ascending = forwards != self.query.sort.descending;
        let start = place.map_or(Start::Edge, |place| Start::Beyond { place, with: false });
        let mut statements = Vec::new();
        statements.extend(self.select(
            record::READ,
            start,
            ascending,
            self.query.limit.saturating_add(1),
        )?);
        if let Some(place) = place {
            statements.extend(self.select(
                "1",
                Start::Beyond { place, with: true },
                !ascending,
                1,
            )?);
        }
        if self.query.total {
            statements.push(self.total()?);
        }
        Ok(statements)
    }

    fn window(&self) -> (bool, Option<&'q Position>) {
        match &self.query.window {
            Window::First => (true, None),
            Window::Last => (false, None),
            Window::After(place) => (true, Some(place)),
            Window::Before(place) => (false, Some(place)),
        }
    }

    async fn rows(
        &self,
        link: &mut dyn Link,
        read: &str,
        start: Start<'_>,
        ascending: bool,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        match self.select(read, start, ascending, limit)? {
            Some(select) => link.rows(&select).await,
            None => Ok(Vec::new()),
        }
    }

    /// Rows from the start on, the nearest first; `None` where there can be none.
    fn select(
        &self,
        read: &str,
        start: Start<'_>,
        ascending: bool,
        limit: usize,
    ) -> Result<Option<Statement>, Fault> {
        let start = match (self.sort, start) {
            (None, Start::Beyond { place, with }) => self.within_tenant(place, with, ascending),
            (_, start) => start,
        };
        let ignored = match (self.dialect, self.sort) {
            (Dialect::MySql, Some(sort)) if self.sorted_late => {
                format!(" IGNORE INDEX FOR ORDER BY (users_{sort})")
            }
            _ => String::new(),
        };
        let mut select = self.matching(Statement::new(
            self.dialect,
            &format!("SELECT {read} FROM users AS u{ignored} WHERE "),
        ))?;
        match start {
            Start::Edge => {}
            Start::Beyond { place, with } => select = self.beyond(select, place, with, ascending),
            Start::Nowhere => return Ok(None),
        }
        if let (Some(sort), false) = (self.sort, self.among.is_empty()) {
            select = select
                .push(&format!(" AND u.{sort}"))
                .one_of(self.among.iter().map(String::as_str));
        }
        let direction = if ascending { "" } else { " DESC" };
        let late = if self.sorted_late && self.dialect == Dialect::Sqlite { "+" } else { "" };
        let sort = self.sort.map(|sort| format!("{late}u.{sort}{direction}, ")).unwrap_or_default();
        select = select.push(&format!(" ORDER BY {sort}u.id{direction} LIMIT "));
        Ok(Some(select.bind(i64::try_from(limit).unwrap_or(i64::MAX))))
    }

    /// The same start where all are sorted by the tenant, that is by the id alone.
    fn within_tenant<'p>(&self, place: &'p Position, with: bool, ascending: bool) -> Start<'p> {
        let tenant = place_of(self.tenant);
        match (tenant.cmp(&place.key), ascending) {
            (Ordering::Equal, _) => Start::Beyond { place, with },
            (Ordering::Greater, true) | (Ordering::Less, false) => Start::Edge,
            (Ordering::Greater, false) | (Ordering::Less, true) => Start::Nowhere,
        }
    }

    /// Appends what a user has to be like to be on the list.
    fn matching(&self, select: Statement) -> Result<Statement, Fault> {
        let mut select = match &self.condition {
            Some(condition) => select.condition(condition.clone())?,
            None => select.push("u.tenant_id = ").bind(self.tenant),
        };
        if self.query.without_deleted {
            select = select.push(" AND u.status_f <> ").bind(Status::Deleted.name());
        }
        if let Some(bound) = &self.query.id_above {
            select = compared(select.push(" AND "), "id", bound, true, false);
        }
        if let Some(bound) = &self.query.id_below {
            select = compared(select.push(" AND "), "id", bound, false, false);
        }
        Ok(select)
    }

    fn beyond(&self, select: Statement, place: &Position, with: bool, above: bool) -> Statement {
        let Some(sort) = self.sort else {
            return compared(select.push(" AND "), "id", &place.id, above, with);
        };
        let select = compared(select.push(" AND "), sort, &place.key, above, true);
        let select = compared(select.push(" AND ("), sort, &place.key, above, false);
        compared(select.push(" OR "), "id", &place.id, above, with).push(")")
    }
}

/// Appends `column > text` and the like. No stored text has U+0000, and PostgreSQL takes none: what comes before the first of a bound says
/// the same.
fn compared(select: Statement, column: &str, text: &str, above: bool, with: bool) -> Statement {
    let (text, with) = match text.split_once('\0') {
        Some((before, _)) => (before, !above),
        None => (text, with),
    };
    let operator = match (above, with) {
        (true, true) => ">=",
        (true, false) => ">",
        (false, true) => "<=",
        (false, false) => "<",
    };
    select.push(&format!("u.{column} {operator} ")).bind(text)
}

/// What the column of the order holds where the attribute has that value.
fn place_of(text: &str) -> String {
    format!("1{}", truncate(&fold_key(text)))
}

/// The only places in the order that users who match can have, where the filter says so: it names the values of what is sorted by. Databases
/// cannot know, and would walk along the order until they come to them.
fn places(plan: &Plan<User>, sort: SortKey) -> Vec<String> {
    let of_test = |test: &Test| {
        let attribute = plan.schema().attribute(test.attribute())?;
        let values = match test.predicate() {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(values) => values,
            _ => return None,
        };
        let text = |value: &Value| match value {
            Value::Text(text) => Some(place_of(text)),
            _ => None,
        };
        if attribute.path() == sort.name() { values.iter().map(text).collect() } else { None }
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

/// Whether an index of the order is no way to the users. Where few match, MySQL and SQLite would fetch row after row along it until a page
/// is full, which takes ten times as long as one look at all of them.
///
/// So it is where the filter looks into texts, for which they have no index. SQLite goes that way even where an index leads to a name or
/// an address at once; whether one leads to the few who have a role it knows from its statistics.
fn is_sorted_late(dialect: Dialect, plan: &Plan<User>) -> bool {
    let few = |test: &Test| match test.predicate() {
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
    let few = |node: &Node| matches!(node, Node::Test(test) if few(test));
    match plan.root() {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(few),
        node => few(node),
    }
}
