//! SQLite.

use super::connection::{Cell, TxMode};
use super::driver::{Driver, Pooled};
use super::error::{DbError, ErrorClass};
use super::options::SqlOptions;
use super::statement::unsupported;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteQueryResult, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments as _, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Opens a database file, and creates it if it does not exist.
///
/// In write-ahead log mode readers and the writer do not block one another. With `synchronous=FULL`
/// a write is on disk before it is acknowledged.
pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<Sqlite>, DbError> {
    let connect = SqliteConnectOptions::from_str(url)
        .map_err(|error| DbError::Internal(error.to_string()))?;
    let name = url
        .trim_start_matches("sqlite:")
        .trim_start_matches("//")
        .split('?')
        .next()
        .unwrap_or_default();
    if name.is_empty() || name == ":memory:" || url.contains("mode=memory") {
        return Err(DbError::Internal(
            "each connection would get an in-memory database of its own: name a file, or use the \
             store `memory`"
                .into(),
        ));
    }
    let connect = connect
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.lock);
    let pool = SqlitePoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire);
    let deadline = Instant::now() + options.lock;
    let pool = loop {
        match pool.clone().connect_with(connect.clone()).await {
            Ok(pool) => break pool,
            // The switch to write-ahead log mode does not wait for `busy_timeout`.
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await
            }
            Err(error) => return Err(DbError::new(&error, Sqlite::classify)),
        }
    };
    Ok(Pooled { pool, limit: options.statement.max(options.lock) })
}

fn is_busy(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<i32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

impl Driver for Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;

    fn begin(mode: TxMode) -> &'static str {
        match mode {
            TxMode::Read => "BEGIN",
            // A deferred transaction that reads first fails with SQLITE_BUSY_SNAPSHOT on its first
            // write if another connection has written in between.
            TxMode::Write => "BEGIN IMMEDIATE",
        }
    }

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError> {
        match value {
            Value::String(string) => arguments.add(string),
            Value::BigInt(integer) => arguments.add(integer),
            other => Err(unsupported(&other)),
        }
    }

    fn cells(row: &SqliteRow) -> Result<Vec<Cell>, sqlx::Error> {
        let cell = |index| {
            let value = row.try_get_raw(index)?;
            Ok(match value.type_info().name() {
                _ if value.is_null() => Cell::Null,
                "INTEGER" => Cell::Integer(row.try_get_unchecked(index)?),
                _ => Cell::String(row.try_get_unchecked(index)?),
            })
        };
        (0..row.len()).map(cell).collect()
    }

    fn count(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn classify(error: &dyn DatabaseError) -> ErrorClass {
        // The low byte is the primary result code: https://www.sqlite.org/rescode.html
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        match (code, code & 0xff) {
            // BUSY_SNAPSHOT
            (517, _) => ErrorClass::Conflict,
            // BUSY, LOCKED, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
            (_, 5 | 6 | 8 | 9 | 10 | 13 | 14 | 15) => ErrorClass::Unavailable,
            _ => ErrorClass::Internal,
        }
    }
}
