//! SQLite: a file.

use super::driver::{Driver, Pooled};
use super::fault::{Fault, Verdict};
use super::link::{Cell, Purpose};
use super::options::SqlOptions;
use super::statement::Value;
use scieve::sql::Dialect;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteQueryResult, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments as _, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The database in that file, which is made where it is not there.
///
/// Readers neither wait for writers nor hold them up (write-ahead log). A write is on disk before it is acknowledged: it survives the end
/// of the process at any moment, and a loss of power as far as the disk keeps what it says it has written.
pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<Pooled<Sqlite>, Fault> {
    let connect =
        SqliteConnectOptions::from_str(url).map_err(|error| Fault::Broken(error.to_string()))?;
    let name = url
        .trim_start_matches("sqlite:")
        .trim_start_matches("//")
        .split('?')
        .next()
        .unwrap_or_default();
    if name.is_empty() || name == ":memory:" || url.contains("mode=memory") {
        return Err(Fault::Broken("a database in memory is one for each connection: name a file, or use the store `memory`".into()));
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
    let until = Instant::now() + options.lock;
    let pool = loop {
        match pool.clone().connect_with(connect.clone()).await {
            Ok(pool) => break pool,
            // Where two open a new file at once, one is told at once that it is locked, whatever the timeout.
            Err(error) if is_busy(&error) && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(10)).await
            }
            Err(error) => return Err(Fault::of(&error, Sqlite::verdict)),
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

    fn begin(purpose: Purpose) -> &'static str {
        match purpose {
            Purpose::Read => "BEGIN",
            // Who reads first and locks later is refused where another wrote in between.
            Purpose::Write => "BEGIN IMMEDIATE",
        }
    }

    fn add(arguments: &mut Self::Arguments, value: &Value) -> Result<(), BoxDynError> {
        match value {
            Value::Text(text) => arguments.add(text.clone()),
            Value::Integer(number) => arguments.add(*number),
            Value::Texts(_) => Err("SQLite has no arrays".into()),
        }
    }

    fn cells(row: &SqliteRow) -> Result<Vec<Cell>, sqlx::Error> {
        let cell = |at| {
            let value = row.try_get_raw(at)?;
            Ok(match value.type_info().name() {
                _ if value.is_null() => Cell::Null,
                "INTEGER" => Cell::Integer(row.try_get_unchecked(at)?),
                _ => Cell::Text(row.try_get_unchecked(at)?),
            })
        };
        (0..row.len()).map(cell).collect()
    }

    fn count(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn verdict(error: &dyn DatabaseError) -> Verdict {
        // The primary code is the lowest byte: https://www.sqlite.org/rescode.html
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        match (code, code & 0xff) {
            // BUSY_SNAPSHOT
            (517, _) => Verdict::Conflict,
            // BUSY, LOCKED, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
            (_, 5 | 6 | 8 | 9 | 10 | 13 | 14 | 15) => Verdict::Away,
            _ => Verdict::Broken,
        }
    }
}
