//! rusqlite: the condition in a statement of its own parameters.

use crate::{Error, employees};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use scieve::sql::{Dialect, Param};

/// Returns the names of the employees of the site that satisfy the filter.
pub fn names(
    connection: &Connection,
    site: i64,
    filter: &str,
    oldest: i64,
) -> Result<Vec<String>, Error> {
    let condition = employees::condition(filter, Dialect::Sqlite)?;
    let sql = format!(
        "SELECT user_name FROM employees WHERE site = ? AND ({}) AND coalesce(age, 0) <= ? ORDER BY id",
        condition.sql
    );
    let mut values = vec![Value::Integer(site)];
    for param in condition.params {
        values.push(match param {
            Param::Boolean(boolean) => Value::Integer(i64::from(boolean)),
            Param::Integer(number) => Value::Integer(number),
            Param::Decimal(number) => Value::Real(number),
            Param::Text(text) => Value::Text(text),
            Param::Bytes(bytes) => Value::Blob(bytes),
            other => return Err(format!("SQLite has no {other:?}").into()),
        });
    }
    values.push(Value::Integer(oldest));
    let mut statement = connection.prepare(&sql)?;
    let names = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
