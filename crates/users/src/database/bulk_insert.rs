//! Insertion of many users: by COPY into empty tables of PostgreSQL, else by INSERT with many rows.

use super::connection::{Backend, Connection};
use super::deferred_indexes::{self, Deferred};
use super::error::DbError;
use super::memberships::{self, IN_LIST, ROWS_PER_INSERT, TABLES};
use super::statement::{Statement, USERS, is_one_of, select_users, unsupported, user_column};
use super::tenant::Tenant;
use super::user_row::{self, COLUMNS};
use crate::user::User;
use scieve::sql::Dialect;
use sea_query::{Expr, SelectStatement, Value};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Minimum number of users whose load into empty tables builds the indexes last.
const DEFER_INDEXES: usize = 10_000;
/// Number of rows that are sent to COPY at once.
const ROWS_PER_MESSAGE: usize = 1000;

/// Is given the work done and the whole work.
type Report = dyn Fn(u64, u64) + Send + Sync;

/// Inserts any number of new users.
pub(super) async fn insert_users<'r>(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    users: &[User],
    report: &'r Report,
) -> Result<AfterCommit<'r>, DbError> {
    let dialect = connection.dialect();
    let Deferred { last_steps, trigrams } = match users.len() >= DEFER_INDEXES {
        true => deferred_indexes::defer(connection).await?,
        false => Deferred::default(),
    };
    let is_deferred = !last_steps.is_empty();
    // The statement of a COPY may take as long as an index.
    let method = match (dialect, is_deferred) {
        (Dialect::Postgres, true) => Method::Copy,
        _ => Method::Insert,
    };
    // One unit for each user and table. The indexes take about as long as the rows.
    let of_rows = users.len() as u64 * (1 + TABLES.len() as u64);
    let steps = (last_steps.len() + trigrams.len()) as u64;
    let of_step = of_rows.checked_div(steps).unwrap_or(0);
    let whole = of_rows + of_step * steps;
    let mut progress = Progress { report, done: 0, reported: 0, whole };
    let first = match (dialect, method) {
        // Only one transaction of SQLite writes at a time.
        (Dialect::Sqlite, _) => Some(next_number(connection).await?),
        // The tables are locked: no other transaction inserts users.
        (_, Method::Copy) => Some(reserve_numbers(connection, users.len()).await?),
        (_, Method::Insert) => None,
    };
    let numbered = if first.is_some() { &["number"][..] } else { &[] };
    let rows = (first.unwrap_or_default()..).zip(users).map(|(number, user)| {
        progress.add(1);
        let number = first.map(|_| Value::from(number));
        number.into_iter().chain(user_row::values(tenant, user)).collect()
    });
    insert_rows(connection, method, "users", &[numbered, &COLUMNS].concat(), rows).await?;
    let numbers = match first {
        Some(first) => (first..).take(users.len()).collect(),
        None => numbers(connection, tenant, users).await?,
    };
    // PostgreSQL plans the foreign key checks of the first role by the statistics of an empty
    // table, and would scan all users of the tenant for each role.
    if dialect == Dialect::Postgres && !is_deferred && users.len() > ROWS_PER_INSERT {
        connection.script("ANALYZE users".into()).await?;
    }
    for (table, (name, columns)) in TABLES.iter().enumerate() {
        let rows = numbers.iter().zip(users).flat_map(|(number, user)| {
            progress.add(1);
            let elements = memberships::elements(table, user);
            memberships::rows_of(tenant, Value::from(*number), elements)
        });
        insert_rows(connection, method, name, columns, rows).await?;
    }
    for step in last_steps {
        connection.script(step.into()).await?;
        progress.add(of_step);
    }
    Ok(AfterCommit { trigrams, progress })
}

/// The part of an insertion that follows the transaction.
pub(super) struct AfterCommit<'r> {
    trigrams: Vec<String>,
    progress: Progress<'r>,
}

impl AfterCommit<'_> {
    /// Builds the trigram indexes of PostgreSQL.
    pub(super) async fn run(mut self, backend: &dyn Backend) -> Result<(), DbError> {
        if !self.trigrams.is_empty() {
            deferred_indexes::build(backend, self.trigrams).await?;
            self.progress.add(self.progress.whole - self.progress.done);
        }
        Ok(())
    }
}

/// The work of an insertion.
struct Progress<'r> {
    report: &'r Report,
    done: u64,
    reported: u64,
    whole: u64,
}

impl Progress<'_> {
    /// Units between two reports.
    const INTERVAL: u64 = 1000;

    fn add(&mut self, units: u64) {
        self.done += units;
        if self.done - self.reported >= Self::INTERVAL || self.done == self.whole {
            self.reported = self.done;
            (self.report)(self.done, self.whole);
        }
    }
}

/// Returns a number that is greater than those of all users of SQLite.
async fn next_number(connection: &mut dyn Connection) -> Result<i64, DbError> {
    let mut select = SelectStatement::new();
    select.from("users").expr(Expr::cust("COALESCE(MAX(number), 0)"));
    let row = connection.fetch(&select).await?.pop();
    let greatest = row.map_or(Ok(0), |mut row| row.integer())?;
    greatest.checked_add(1).ok_or_else(|| DbError::Internal("no number of a user is left".into()))
}

/// Reserves numbers of users in PostgreSQL, and returns the first one.
async fn reserve_numbers(connection: &mut dyn Connection, count: usize) -> Result<i64, DbError> {
    const RESERVE: &str = "SELECT setval(s, nextval(s) + $1) - $1 \
        FROM CAST(pg_get_serial_sequence('users', 'number') AS regclass) AS s";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let reserve = Statement { sql: RESERVE.into(), values: vec![count.into()] };
    let row = connection.fetch_statement(reserve).await?.pop();
    row.map_or_else(
        || Err(DbError::Internal("users have no sequence".into())),
        |mut row| row.integer(),
    )
}

/// Reads the numbers of users.
async fn numbers(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    users: &[User],
) -> Result<Vec<i64>, DbError> {
    let mut numbers = Vec::with_capacity(users.len());
    for users in users.chunks(IN_LIST) {
        let ids = users.iter().map(|user| user.id.as_str());
        let has_id = is_one_of(connection.dialect(), user_column("id"), ids);
        let mut select = select_users(tenant);
        select.columns(["id", "number"].map(|column| (USERS, column))).and_where(has_id);
        let mut by_id = HashMap::with_capacity(users.len());
        for mut row in connection.fetch(&select).await? {
            by_id.insert(row.string()?, row.integer()?);
        }
        for user in users {
            let number = by_id.get(&user.id).copied();
            let lost = || DbError::Internal("an inserted user cannot be read".into());
            numbers.push(number.ok_or_else(lost)?);
        }
    }
    Ok(numbers)
}

#[derive(Clone, Copy)]
enum Method {
    Copy,
    Insert,
}

/// Inserts rows.
async fn insert_rows(
    connection: &mut dyn Connection,
    method: Method,
    table: &'static str,
    columns: &[&'static str],
    mut rows: impl Iterator<Item = Vec<Value>> + Send,
) -> Result<(), DbError> {
    if let Method::Copy = method {
        let sql = format!(r#"COPY "{table}" ("{}") FROM STDIN"#, columns.join(r#"", ""#));
        let mut messages = std::iter::from_fn(|| {
            let rows: Vec<Vec<Value>> = rows.by_ref().take(ROWS_PER_MESSAGE).collect();
            (!rows.is_empty()).then(|| copy_text(&rows))
        });
        return connection.copy(sql, &mut messages).await;
    }
    let mut inserts = Inserts { dialect: connection.dialect(), table, columns, text: None };
    let mut next = inserts.next(&mut rows)?;
    while let Some(statement) = next {
        let run = connection.execute_statement(statement);
        // The next statement is built while the database runs this one.
        let (done, following) = tokio::join!(run, async { inserts.next(&mut rows) });
        done?;
        next = following?;
    }
    Ok(())
}

/// Builds statements that insert rows into a table.
struct Inserts<'c> {
    dialect: Dialect,
    table: &'static str,
    columns: &'c [&'static str],
    /// The text of the last statement, and its number of rows. Others of that many rows have it too.
    text: Option<(usize, String)>,
}

impl Inserts<'_> {
    /// Builds a statement for the next rows; `None` if there are none.
    fn next(
        &mut self,
        rows: &mut impl Iterator<Item = Vec<Value>>,
    ) -> Result<Option<Statement>, DbError> {
        let rows: Vec<Vec<Value>> = rows.take(ROWS_PER_INSERT).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let sql = match &self.text {
            Some((number, sql)) if *number == rows.len() => sql.clone(),
            _ => {
                let rows = rows.iter().map(|row| row.iter().cloned().map(Expr::from).collect());
                let insert = memberships::insert_statement(self.table, self.columns, rows)?;
                Statement::new(self.dialect, &insert).sql
            }
        };
        self.text = Some((rows.len(), sql.clone()));
        let values = rows.into_iter().flatten().collect();
        Ok(Some(Statement { sql, values }))
    }
}

/// Writes rows in the text format of COPY (<https://www.postgresql.org/docs/current/sql-copy.html>).
fn copy_text(rows: &[Vec<Value>]) -> Result<String, DbError> {
    let mut text = String::new();
    for row in rows {
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            match value {
                Value::String(None) | Value::BigInt(None) => text.push_str("\\N"),
                // Writing to a string does not fail.
                Value::BigInt(Some(integer)) => drop(write!(text, "{integer}")),
                Value::String(Some(string)) => {
                    for character in string.chars() {
                        match character {
                            '\\' => text.push_str("\\\\"),
                            '\t' => text.push_str("\\t"),
                            '\n' => text.push_str("\\n"),
                            '\r' => text.push_str("\\r"),
                            character => text.push(character),
                        }
                    }
                }
                other => return Err(DbError::Internal(unsupported(other).to_string())),
            }
        }
        text.push('\n');
    }
    Ok(text)
}
