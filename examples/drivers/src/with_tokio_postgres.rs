//! tokio-postgres: the server determines the types of parameters.

use crate::{Error, employees};
use scieve::sql::{Dialect, Param};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

type Bound = Box<dyn ToSql + Sync + Send>;

/// Returns the names of the employees of the site that satisfy the filter.
pub async fn names(
    client: &Client,
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
    let mut values: Vec<Bound> = vec![Box::new(site)];
    for param in condition.params {
        values.push(bound(param)?);
    }
    values.push(Box::new(oldest));
    let values: Vec<&(dyn ToSql + Sync)> =
        values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
    let rows = client.query(&sql, &values).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn bound(param: Param) -> Result<Bound, Error> {
    Ok(match param {
        Param::Boolean(boolean) => Box::new(boolean),
        Param::Integer(number) => Box::new(number),
        Param::Decimal(number) => Box::new(number),
        Param::Text(text) => Box::new(text),
        Param::Bytes(bytes) => Box::new(bytes),
        Param::List(list) => list_of(list)?,
        other => return Err(format!("PostgreSQL has no {other:?}").into()),
    })
}

/// All elements of a list have the same type.
fn list_of(list: Vec<Param>) -> Result<Bound, Error> {
    let mut texts = Vec::new();
    let mut numbers = Vec::new();
    for param in list {
        match param {
            Param::Text(text) => texts.push(text),
            Param::Integer(number) => numbers.push(number),
            other => return Err(format!("no list of {other:?}").into()),
        }
    }
    Ok(if texts.is_empty() { Box::new(numbers) } else { Box::new(texts) })
}
