//! Diesel: `sql_query` with the parameters of the condition.

use crate::{Error, employees};
use diesel::sql_types::{BigInt, Binary, Bool, Double, Text};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use scieve::sql::{Dialect, Param};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    user_name: String,
}

/// Returns the names of the employees of the site that satisfy the filter.
pub fn names(
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
    let mut query = sql_query(sql).into_boxed::<diesel::sqlite::Sqlite>().bind::<BigInt, _>(site);
    for param in condition.params {
        query = match param {
            Param::Boolean(boolean) => query.bind::<Bool, _>(boolean),
            Param::Integer(number) => query.bind::<BigInt, _>(number),
            Param::Decimal(number) => query.bind::<Double, _>(number),
            Param::Text(text) => query.bind::<Text, _>(text),
            Param::Bytes(bytes) => query.bind::<Binary, _>(bytes),
            other => return Err(format!("SQLite has no {other:?}").into()),
        };
    }
    let rows: Vec<Name> = query.bind::<BigInt, _>(oldest).load(connection)?;
    Ok(rows.into_iter().map(|row| row.user_name).collect())
}
