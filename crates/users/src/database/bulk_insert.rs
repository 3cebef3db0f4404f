//! Insertion of many users: by COPY in PostgreSQL, and by INSERT with many rows in the others.

use super::connection::Connection;
use super::deferred_indexes;
use super::error::DbError;
use super::memberships::{self, IN_LIST, ROWS_PER_INSERT, TABLES};
use super::statement::{Statement, USERS, is_one_of, select_users, unsupported, user_column};
use super::tenant::Tenant;
use super::user_row::{self, COLUMNS};
use crate::user::User;
use scieve::sql::Dialect;
use sea_query::{Expr, InsertStatement, SelectStatement, Value};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Minimum number of users whose load into empty tables builds the indexes last.
const DEFER_INDEXES: usize = 10_000;
/// Number of users between two reports of progress.
const STEP: usize = 5000;
/// Number of rows of one COPY.
const ROWS_PER_COPY: usize = 1000;

/// Inserts any number of new users. `on_progress` is given the work done and the whole work.
pub(super) async fn insert_users(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    users: &[User],
    on_progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<(), DbError> {
    let last_steps = match users.len() >= DEFER_INDEXES {
        true => deferred_indexes::defer(connection).await?,
        false => Vec::new(),
    };
    let rows = users.len() as u64;
    // The indexes take about as long as the rows of users, and as those of roles and so on.
    let whole = if last_steps.is_empty() { rows * 2 } else { rows * 3 };
    let mut done = 0;
    let mut progress = |more: usize| {
        done += more as u64;
        on_progress(done, whole);
    };
    let mut numbers = Vec::with_capacity(users.len());
    for chunk in users.chunks(STEP) {
        numbers.extend(insert_chunk(connection, tenant, chunk).await?);
        progress(chunk.len());
    }
    // PostgreSQL plans the foreign key checks of the first role by the statistics of an empty
    // table, and would scan all users of the tenant for each role.
    if connection.dialect() == Dialect::Postgres
        && last_steps.is_empty()
        && users.len() > ROWS_PER_INSERT
    {
        connection.script("ANALYZE users".into()).await?;
    }
    for (numbers, chunk) in numbers.chunks(STEP).zip(users.chunks(STEP)) {
        for (table, (name, columns)) in TABLES.iter().enumerate() {
            let rows = numbers.iter().zip(chunk).flat_map(|(number, user)| {
                memberships::rows(table, tenant, Value::from(*number), user)
            });
            insert_rows(connection, name, columns, rows).await?;
        }
        progress(chunk.len());
    }
    let count = last_steps.len() as u64;
    for (number, step) in (1..).zip(last_steps) {
        connection.script(step.into()).await?;
        on_progress(rows * 2 + rows * number / count, whole);
    }
    Ok(())
}

/// Inserts the rows of new users, without roles, groups and scopes, and returns their numbers.
async fn insert_chunk(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    users: &[User],
) -> Result<Vec<i64>, DbError> {
    let rows = users.iter().map(|user| user_row::values(tenant, user));
    if connection.dialect() != Dialect::Sqlite {
        insert_rows(connection, "users", &COLUMNS, rows).await?;
        return numbers(connection, tenant, users).await;
    }
    // No other transaction writes meanwhile.
    let first = next_number(connection).await?;
    let numbers: Vec<i64> = (first..).take(users.len()).collect();
    let columns = [&["number"][..], &COLUMNS].concat();
    let rows = numbers.iter().zip(rows).map(|(number, row)| [vec![(*number).into()], row].concat());
    insert_rows(connection, "users", &columns, rows).await?;
    Ok(numbers)
}

/// Returns a number that is greater than those of all users of SQLite.
async fn next_number(connection: &mut dyn Connection) -> Result<i64, DbError> {
    let mut select = SelectStatement::new();
    select.from("users").expr(Expr::cust("COALESCE(MAX(number), 0)"));
    let row = connection.fetch(&select).await?.pop();
    let greatest = row.map_or(Ok(0), |mut row| row.integer())?;
    greatest.checked_add(1).ok_or_else(|| DbError::Internal("no number of a user is left".into()))
}

/// Reads the numbers of users.
async fn numbers(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    users: &[User],
) -> Result<Vec<i64>, DbError> {
    let mut numbers = HashMap::with_capacity(users.len());
    for users in users.chunks(IN_LIST) {
        let ids = users.iter().map(|user| user.id.as_str());
        let has_id = is_one_of(connection.dialect(), user_column("id"), ids);
        let mut select = select_users(tenant);
        select.columns(["id", "number"].map(|column| (USERS, column))).and_where(has_id);
        for mut row in connection.fetch(&select).await? {
            numbers.insert(row.string()?, row.integer()?);
        }
    }
    let number = |user: &User| {
        let number = numbers.get(&user.id).copied();
        number.ok_or_else(|| DbError::Internal("an inserted user cannot be read".into()))
    };
    users.iter().map(number).collect()
}

/// Inserts rows. The next statement is built while the database runs the last one.
async fn insert_rows(
    connection: &mut dyn Connection,
    table: &'static str,
    columns: &[&'static str],
    mut rows: impl Iterator<Item = Vec<Value>> + Send,
) -> Result<(), DbError> {
    let mut statements = Statements { dialect: connection.dialect(), table, columns, insert: None };
    let mut next = statements.next(&mut rows)?;
    while let Some(statement) = next {
        let run = async {
            match statement {
                RowStatement::Copy { sql, rows } => connection.copy(sql, rows).await,
                RowStatement::Insert(insert) => {
                    connection.execute_statement(insert).await.map(drop)
                }
            }
        };
        let (done, following) = tokio::join!(run, async { statements.next(&mut rows) });
        done?;
        next = following?;
    }
    Ok(())
}

/// A statement that inserts rows.
enum RowStatement {
    Copy { sql: String, rows: String },
    Insert(Statement),
}

/// Builds the statements that insert rows into a table.
struct Statements<'c> {
    dialect: Dialect,
    table: &'static str,
    columns: &'c [&'static str],
    /// The text of the last INSERT, and its number of rows. Others of that many rows have it too.
    insert: Option<(usize, String)>,
}

impl Statements<'_> {
    /// Builds a statement for the next rows; `None` if there are none.
    fn next(
        &mut self,
        rows: &mut impl Iterator<Item = Vec<Value>>,
    ) -> Result<Option<RowStatement>, DbError> {
        let is_copy = self.dialect == Dialect::Postgres;
        let number = if is_copy { ROWS_PER_COPY } else { ROWS_PER_INSERT };
        let rows: Vec<Vec<Value>> = rows.take(number).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        if is_copy {
            let columns = self.columns.join(r#"", ""#);
            let sql = format!(r#"COPY "{}" ("{columns}") FROM STDIN"#, self.table);
            return Ok(Some(RowStatement::Copy { sql, rows: copy_text(&rows)? }));
        }
        let sql = match &self.insert {
            Some((number, sql)) if *number == rows.len() => sql.clone(),
            _ => self.render(&rows)?,
        };
        self.insert = Some((rows.len(), sql.clone()));
        let values = rows.into_iter().flatten().collect();
        Ok(Some(RowStatement::Insert(Statement { sql, values })))
    }

    fn render(&self, rows: &[Vec<Value>]) -> Result<String, DbError> {
        let mut insert = InsertStatement::new();
        insert.into_table(self.table).columns(self.columns.iter().copied());
        for row in rows {
            let row = row.iter().cloned().map(Expr::from);
            insert.values(row).map_err(|error| DbError::Internal(error.to_string()))?;
        }
        Ok(Statement::new(self.dialect, &insert).sql)
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
