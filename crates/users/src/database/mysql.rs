//! MySQL and MariaDB.
//!
//! Tests run on MariaDB 10.11. For MySQL 8 the store relies on documented features only: `START
//! TRANSACTION WITH CONSISTENT SNAPSHOT`, `SELECT ... FOR UPDATE`, `IGNORE INDEX FOR ORDER BY`,
//! `GET_LOCK`, `VARBINARY` keys, InnoDB.

use super::connection::Cell;
use super::driver::{Driver, Pooled};
use super::error::{DbError, ErrorClass};
use super::options::SqlOptions;
use super::pool::Pool;
use super::statement::unsupported;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::mysql::{
    MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlQueryResult, MySqlRow,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Executor as _, MySql, Row as _, TypeInfo as _,
    ValueRef as _,
};
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<MySql>, DbError> {
    let connect =
        MySqlConnectOptions::from_str(url).map_err(|error| DbError::Internal(error.to_string()))?;
    let pool = Pool::open(connect, Some(begin_session), options)
        .await
        .map_err(|error| DbError::new(&error, MySql::classify))?;
    let limit = options.statement.max(options.lock);
    Ok(Pooled::new(pool, options.statement, limit, None))
}

fn begin_session<'c>(
    connection: &'c mut MySqlConnection,
    options: &'c SqlOptions,
) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>> {
    let lock = options.lock.as_secs().max(1);
    let session = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
         SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES'), \
         innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}; \
         {}",
        statement_timeout(options.statement)
    );
    Box::pin(
        async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(session))).await.map(drop) },
    )
}

/// The statement that sets the statement time-out of the session. MariaDB and MySQL name it
/// differently and use different units; each executes only the comment meant for it
/// (<https://mariadb.com/kb/en/comment-syntax/>).
fn statement_timeout(limit: Duration) -> String {
    format!(
        "SET SESSION /*M! max_statement_time = {} *//*!80000 max_execution_time = {} */",
        limit.as_secs_f64(),
        limit.as_millis().max(1)
    )
}

impl Driver for MySql {
    const DIALECT: Dialect = Dialect::MySql;

    const BEGIN_READ: &'static str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    const BEGIN_WRITE: &'static str = "START TRANSACTION READ WRITE";

    /// The id of the session.
    type Search = u64;

    async fn begin_search(
        connection: &mut MySqlConnection,
        limit: Duration,
    ) -> Result<u64, sqlx::Error> {
        let begin =
            format!("{}; {}; SELECT CONNECTION_ID()", statement_timeout(limit), Self::BEGIN_READ);
        connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(begin))).await?.try_get_unchecked(0)
    }

    async fn end_search(
        connection: &mut MySqlConnection,
        _: &u64,
        limit: Duration,
    ) -> Result<(), sqlx::Error> {
        let end = format!("COMMIT; {}", statement_timeout(limit));
        connection.execute(sqlx::raw_sql(AssertSqlSafe(end))).await.map(drop)
    }

    async fn stop(pool: Pool<Self>, session: u64) {
        let cancel = sqlx::raw_sql(AssertSqlSafe(format!("KILL QUERY {session}")));
        // The session may have ended, which is what counts.
        let cancelled = async { pool.acquire().await?.execute(cancel).await };
        if let Err(error) = cancelled.await {
            tracing::debug!(%error, "a statement was not cancelled");
        }
    }

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError> {
        match value {
            // As bytes, which do not depend on the character set of the connection.
            Value::String(string) => arguments.add(string.map(String::into_bytes)),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::BigInt(integer) => arguments.add(integer),
            other => Err(unsupported(&other)),
        }
    }

    fn cells(row: &MySqlRow) -> Result<Vec<Cell>, sqlx::Error> {
        let cell = |column: &sqlx::mysql::MySqlColumn| {
            let index = column.ordinal();
            Ok(match column.type_info().name() {
                _ if row.try_get_raw(index)?.is_null() => Cell::Null,
                name if name.contains("INT") || name == "BOOLEAN" => {
                    Cell::Integer(row.try_get_unchecked(index)?)
                }
                _ => {
                    let bytes: Vec<u8> = row.try_get_unchecked(index)?;
                    Cell::String(
                        String::from_utf8(bytes)
                            .map_err(|error| sqlx::Error::Decode(error.into()))?,
                    )
                }
            })
        };
        row.columns().iter().map(cell).collect()
    }

    fn count(result: &MySqlQueryResult) -> u64 {
        result.rows_affected()
    }

    fn classify(error: &dyn DatabaseError) -> ErrorClass {
        // https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
        let number =
            error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
        match number {
            // Deadlock; a row changed since the snapshot (MariaDB 11.6 and later).
            1213 | 1020 => ErrorClass::Conflict,
            // Shutdown, aborted, lost and killed connections.
            1053 | 1077 | 1079 | 1080 | 1152..=1161 | 1184 | 1927 => ErrorClass::Broken,
            // Too many connections, lock time-out, statement time-out (MySQL, MariaDB), killed,
            // read-only, disk full or failing.
            1040 | 1203 | 1205 | 1290 | 1317 | 1836 | 1036 | 1021 | 1026 | 1030 | 1114 | 1180
            | 1969 | 3024 | 3169 => ErrorClass::Unavailable,
            _ if error.code().is_some_and(|code| code.starts_with("08")) => ErrorClass::Unavailable,
            _ => ErrorClass::Internal,
        }
    }
}
