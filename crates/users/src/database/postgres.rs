//! PostgreSQL.

use super::driver::{Driver, Pooled};
use super::fault::{Fault, Verdict};
use super::link::{Cell, Purpose};
use super::options::SqlOptions;
use super::statement::Value;
use scieve::sql::Dialect;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow};
use sqlx::{Arguments as _, Column as _, Postgres, Row as _, TypeInfo as _, ValueRef as _};
use std::str::FromStr;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<Postgres>, Fault> {
    let connect =
        PgConnectOptions::from_str(url).map_err(|error| Fault::Broken(error.to_string()))?;
    let connect = connect.application_name("scieve").options([
        ("statement_timeout", options.statement.as_millis().to_string()),
        ("lock_timeout", options.lock.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", "60000".to_owned()),
    ]);
    let pool =
        PgPoolOptions::new().max_connections(options.connections).acquire_timeout(options.acquire);
    let pool =
        pool.connect_with(connect).await.map_err(|error| Fault::of(&error, Postgres::verdict))?;
    Ok(Pooled { pool, limit: options.statement })
}

impl Driver for Postgres {
    const DIALECT: Dialect = Dialect::Postgres;

    fn begin(purpose: Purpose) -> &'static str {
        match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    fn add(arguments: &mut Self::Arguments, value: &Value) -> Result<(), BoxDynError> {
        match value {
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Integer(number) => arguments.add(*number),
            Value::Texts(texts) => arguments.add(texts.as_slice()),
        }
    }

    fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
        let cell = |column: &sqlx::postgres::PgColumn| {
            let at = column.ordinal();
            Ok(match column.type_info().name() {
                _ if row.try_get_raw(at)?.is_null() => Cell::Null,
                "INT8" => Cell::Integer(row.try_get(at)?),
                "INT4" => Cell::Integer(row.try_get::<i32, _>(at)?.into()),
                "BOOL" => Cell::Integer(row.try_get::<bool, _>(at)?.into()),
                _ => Cell::Text(row.try_get_unchecked(at)?),
            })
        };
        row.columns().iter().map(cell).collect()
    }

    fn count(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    fn verdict(error: &dyn DatabaseError) -> Verdict {
        let code = error.code().unwrap_or_default().into_owned();
        match code.as_str() {
            // Serialization failure, deadlock.
            "40001" | "40P01" => Verdict::Conflict,
            // Lock timeout, cancelled (by the timeout of statements), a standby.
            "55P03" | "57014" | "25006" => Verdict::Away,
            // Connections, resources, a server that shuts down or starts.
            code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => {
                Verdict::Away
            }
            _ => Verdict::Broken,
        }
    }
}
