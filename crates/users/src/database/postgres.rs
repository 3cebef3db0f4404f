//! PostgreSQL.

use super::connection::{Cell, Messages};
use super::driver::{Driver, Pooled};
use super::error::{DbError, ErrorClass};
use super::options::SqlOptions;
use super::pool::Pool;
use super::statement::{strings, unsupported};
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult, PgRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Executor as _, Postgres, Row as _, TypeInfo as _,
    ValueRef as _,
};
use std::str::FromStr;
use std::time::Duration;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<Postgres>, DbError> {
    let connect =
        PgConnectOptions::from_str(url).map_err(|error| DbError::Internal(error.to_string()))?;
    let connect = connect.application_name("scieve").options([
        ("statement_timeout", options.statement.as_millis().to_string()),
        ("lock_timeout", options.lock.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", "60000".to_owned()),
    ]);
    let pool = Pool::open(connect, None, options)
        .await
        .map_err(|error| DbError::new(&error, Postgres::classify))?;
    Ok(Pooled::new(pool, options.statement, options.statement, None))
}

impl Driver for Postgres {
    const DIALECT: Dialect = Dialect::Postgres;

    const BEGIN_READ: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    // Not READ WRITE, which a standby refuses with an error that does not tell why.
    const BEGIN_WRITE: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED";

    /// The process id of the session.
    type Search = i32;

    async fn begin_search(
        connection: &mut PgConnection,
        limit: Duration,
    ) -> Result<i32, sqlx::Error> {
        let begin = format!(
            "{}; SET LOCAL statement_timeout = {}; SELECT pg_backend_pid()",
            Self::BEGIN_READ,
            limit.as_millis().max(1),
        );
        connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(begin))).await?.try_get(0)
    }

    async fn end_search(
        connection: &mut PgConnection,
        _: &i32,
        _: Duration,
    ) -> Result<(), sqlx::Error> {
        connection.execute("COMMIT").await.map(drop)
    }

    async fn stop(pool: Pool<Self>, process: i32) {
        // It may have ended, which is what counts.
        let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(process);
        let cancelled = async { pool.acquire().await?.execute(cancel).await };
        if let Err(error) = cancelled.await {
            tracing::info!(%error, "a statement was not cancelled");
        }
    }

    async fn copy(
        connection: &mut PgConnection,
        sql: &str,
        messages: &mut Messages<'_>,
    ) -> Result<(), DbError> {
        let error = |error| DbError::new(&error, Self::classify);
        let mut copy = connection.copy_in_raw(sql).await.map_err(error)?;
        for message in messages {
            copy.send(message?.into_bytes()).await.map_err(error)?;
        }
        copy.finish().await.map(drop).map_err(error)
    }

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError> {
        match value {
            Value::String(string) => arguments.add(string),
            Value::BigInt(integer) => arguments.add(integer),
            Value::Array(_, Some(values)) => arguments.add(strings(*values)?),
            other => Err(unsupported(&other)),
        }
    }

    fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
        let cell = |column: &sqlx::postgres::PgColumn| {
            let index = column.ordinal();
            Ok(match column.type_info().name() {
                _ if row.try_get_raw(index)?.is_null() => Cell::Null,
                "INT8" => Cell::Integer(row.try_get(index)?),
                "INT4" => Cell::Integer(row.try_get::<i32, _>(index)?.into()),
                "BOOL" => Cell::Integer(row.try_get::<bool, _>(index)?.into()),
                _ => Cell::String(row.try_get_unchecked(index)?),
            })
        };
        row.columns().iter().map(cell).collect()
    }

    fn count(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    fn classify(error: &dyn DatabaseError) -> ErrorClass {
        // https://www.postgresql.org/docs/current/errcodes-appendix.html
        let code = error.code().unwrap_or_default();
        match &*code {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => ErrorClass::Conflict,
            // lock_not_available, query_canceled (`statement_timeout`), read_only_sql_transaction
            // (a standby)
            "55P03" | "57014" | "25006" => ErrorClass::Unavailable,
            // Connection exceptions, shutdown or start-up.
            code if ["08", "57P"].iter().any(|class| code.starts_with(class)) => ErrorClass::Broken,
            // Insufficient resources, system errors.
            code if ["53", "58"].iter().any(|class| code.starts_with(class)) => {
                ErrorClass::Unavailable
            }
            _ => ErrorClass::Internal,
        }
    }
}
