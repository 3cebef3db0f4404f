//! MySQL and MariaDB.
//!
//! Tests run on MariaDB 10.11. For MySQL 8 the store relies on documented features only: `START
//! TRANSACTION WITH CONSISTENT SNAPSHOT`, `SELECT ... FOR UPDATE`, `IGNORE INDEX FOR ORDER BY`,
//! `GET_LOCK`, `VARBINARY` keys, InnoDB.

use super::connection::{Cell, TxMode};
use super::driver::{Driver, Pooled};
use super::error::{DbError, ErrorClass};
use super::options::SqlOptions;
use super::statement::unsupported;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::mysql::{
    MySqlConnectOptions, MySqlDatabaseError, MySqlPoolOptions, MySqlQueryResult, MySqlRow,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Executor as _, MySql, Row as _, TypeInfo as _,
    ValueRef as _,
};
use std::str::FromStr;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<MySql>, DbError> {
    let connect =
        MySqlConnectOptions::from_str(url).map_err(|error| DbError::Internal(error.to_string()))?;
    let (lock, statement) = (options.lock.as_secs().max(1), options.statement);
    let session = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
         SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES'), \
         innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}"
    );
    // The two products name the statement time-out differently, and use different units.
    let (mysql, mariadb) = (
        format!("SET SESSION max_execution_time = {}", statement.as_millis()),
        format!("SET SESSION max_statement_time = {}", statement.as_secs_f64()),
    );
    let pool = MySqlPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire);
    let pool = pool.after_connect(move |connection, _| {
        let (session, mysql, mariadb) = (session.clone(), mysql.clone(), mariadb.clone());
        Box::pin(async move {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(session))).await?;
            if connection.execute(sqlx::raw_sql(AssertSqlSafe(mariadb))).await.is_err() {
                connection.execute(sqlx::raw_sql(AssertSqlSafe(mysql))).await?;
            }
            Ok(())
        })
    });
    let pool =
        pool.connect_with(connect).await.map_err(|error| DbError::new(&error, MySql::classify))?;
    Ok(Pooled { pool, limit: options.statement.max(options.lock) })
}

impl Driver for MySql {
    const DIALECT: Dialect = Dialect::MySql;

    fn begin(mode: TxMode) -> &'static str {
        match mode {
            TxMode::Read => "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            TxMode::Write => "START TRANSACTION READ WRITE",
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
            // Too many connections, aborted and lost ones, shutdown, lock time-out, statement
            // time-out (MySQL, MariaDB), killed, read-only, disk full.
            1040
            | 1053
            | 1077
            | 1079
            | 1080
            | 1152..=1161
            | 1184
            | 1203
            | 1205
            | 1290
            | 1317
            | 1836
            | 1021
            | 1114
            | 1927
            | 1969
            | 3024
            | 3169 => ErrorClass::Unavailable,
            _ if error.code().is_some_and(|code| code.starts_with("08")) => ErrorClass::Unavailable,
            _ => ErrorClass::Internal,
        }
    }
}
