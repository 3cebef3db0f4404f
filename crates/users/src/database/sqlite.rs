//! SQLite.

use super::connection::Cell;
use super::driver::{Driver, Pooled};
use super::error::{DbError, ErrorClass};
use super::options::SqlOptions;
use super::pool::Pool;
use super::statement::unsupported;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteQueryResult, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{
    Arguments as _, ConnectOptions as _, Executor as _, Row as _, Sqlite, TypeInfo as _,
    ValueRef as _,
};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Number of virtual machine instructions between two checks of a search, some 20 us.
const PROGRESS_OPS: i32 = 2000;
// States of a search.
const RUNNING: u8 = 0;
const ENDED: u8 = 1;
const STOPPED: u8 = 2;

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
    let deadline = Instant::now() + options.lock;
    let pool = loop {
        match Pool::open(connect.clone(), None, options).await {
            Ok(pool) => break pool,
            // The switch to write-ahead log mode does not wait for `busy_timeout`.
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await
            }
            Err(error) => return Err(DbError::new(&error, Sqlite::classify)),
        }
    };
    let idle = connect.connect().await.map_err(|error| DbError::new(&error, Sqlite::classify))?;
    let limit = options.statement.max(options.lock);
    Ok(Pooled::new(pool, options.statement, limit, Some(idle)))
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

    const BEGIN_READ: &'static str = "BEGIN";
    // A deferred transaction that reads first fails with SQLITE_BUSY_SNAPSHOT on its first write if
    // another connection has written in between.
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";

    /// One of [`RUNNING`], [`ENDED`] and [`STOPPED`].
    type Search = Arc<AtomicU8>;

    async fn begin_search(
        connection: &mut SqliteConnection,
        limit: Duration,
    ) -> Result<Self::Search, sqlx::Error> {
        let search = Arc::new(AtomicU8::new(RUNNING));
        let state = Arc::clone(&search);
        let end = Instant::now() + limit;
        // Replaces the handler of an earlier search. A statement fails if it returns false.
        connection.lock_handle().await?.set_progress_handler(PROGRESS_OPS, move || {
            match state.load(Ordering::Relaxed) {
                RUNNING => Instant::now() < end,
                state => state == ENDED,
            }
        });
        connection.execute(Self::BEGIN_READ).await?;
        Ok(search)
    }

    async fn end_search(
        connection: &mut SqliteConnection,
        search: &Self::Search,
        _: Duration,
    ) -> Result<(), sqlx::Error> {
        search.store(ENDED, Ordering::Relaxed);
        connection.execute("COMMIT").await.map(drop)
    }

    async fn stop(_: Pool<Self>, search: Self::Search) {
        search.store(STOPPED, Ordering::Relaxed);
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
