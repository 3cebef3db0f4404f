//! sqlx: parameters of its own before and after those of the condition.

use crate::{Error, employees};
use scieve::sql::{BindDatabase, Dialect};
use sqlx::{
    Arguments as _, AssertSqlSafe, PgConnection, Postgres, Row as _, Sqlite, SqliteConnection,
};

/// Returns the names of the employees of the site that satisfy the filter, from SQLite.
pub async fn names_in_sqlite(
    connection: &mut SqliteConnection,
    site: i64,
    filter: &str,
    oldest: i64,
) -> Result<Vec<String>, Error> {
    let condition = employees::condition(filter, Dialect::Sqlite)?;
    let sql = format!(
        "SELECT user_name FROM employees WHERE site = ? AND ({}) AND coalesce(age, 0) <= ? ORDER BY id",
        condition.sql
    );
    let mut arguments = sqlx::sqlite::SqliteArguments::default();
    arguments.add(site)?;
    condition.params.iter().try_for_each(|param| Sqlite::bind(&mut arguments, param))?;
    arguments.add(oldest)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the names of the employees of the site that satisfy the filter, from PostgreSQL.
pub async fn names_in_postgres(
    connection: &mut PgConnection,
    site: i32,
    filter: &str,
    oldest: i32,
) -> Result<Vec<String>, Error> {
    let condition = employees::condition(filter, Dialect::Postgres)?.with_first_placeholder(2);
    let sql = format!(
        "SELECT user_name FROM employees WHERE site = $1 AND ({}) AND coalesce(age, 0) <= ${} ORDER BY id",
        condition.sql,
        condition.params.len() + 2
    );
    let mut arguments = sqlx::postgres::PgArguments::default();
    arguments.add(site)?;
    condition.params.iter().try_for_each(|param| Postgres::bind(&mut arguments, param))?;
    arguments.add(oldest)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
