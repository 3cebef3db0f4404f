//! The database operations that the store needs, independent of the driver.

use super::error::DbError;
use super::statement::Statement;
use scieve::sql::Dialect;
use sea_query::QueryStatementWriter;
use sqlx::migrate::Migrate;
use std::borrow::Cow;
use std::pin::Pin;
use std::time::Duration;

/// A future of a trait object's method.
pub(super) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// Messages with rows for COPY.
pub(super) type Messages<'m> = dyn Iterator<Item = Result<String, DbError>> + Send + 'm;

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TxMode {
    /// All statements see the same snapshot.
    Read,
    /// As `Read`, and the database ends each statement after this time, or when the connection is
    /// dropped.
    Search(Duration),
    /// A row that is read in order to change it has to be locked.
    Write,
}

/// A database with its connection pool.
pub(super) trait Backend: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// Returns the number of statements run so far, `BEGIN` and `COMMIT` included.
    fn statements_run(&self) -> u64;

    /// Begins a transaction, which is rolled back if dropped.
    fn begin(&self, mode: TxMode) -> BoxFuture<'_, Box<dyn Transaction>>;

    /// Takes a connection for statements outside a transaction.
    fn connection(&self) -> BoxFuture<'_, Box<dyn Connection>>;

    /// Returns the numbers of open and of idle connections.
    fn connections(&self) -> (u32, u32);

    /// Closes every connection.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A connection.
pub(super) trait Connection: Send {
    fn dialect(&self) -> Dialect;

    /// Runs a statement and returns its rows.
    fn fetch_statement(&mut self, statement: Statement) -> BoxFuture<'_, Vec<Row>>;

    /// Runs a statement and returns the number of rows that it matched or inserted.
    fn execute_statement(&mut self, statement: Statement) -> BoxFuture<'_, u64>;

    /// Runs `COPY ... FROM STDIN`, which only PostgreSQL has, without a time-out on this side. Each
    /// message has one or more rows.
    fn copy<'c>(&'c mut self, sql: String, messages: &'c mut Messages<'_>) -> BoxFuture<'c, ()>;

    /// Runs statements without values, one after the other, without a time-out on this side.
    fn script(&mut self, sql: Cow<'static, str>) -> BoxFuture<'_, ()>;

    /// The operations on the table of applied migrations.
    fn migrate(&mut self) -> &mut (dyn Migrate + Send);
}

impl dyn Connection + '_ {
    /// Runs a query and returns its rows.
    pub(super) fn fetch(&mut self, query: &impl QueryStatementWriter) -> BoxFuture<'_, Vec<Row>> {
        self.fetch_statement(Statement::new(self.dialect(), query))
    }

    /// Runs a query and returns the number of rows that it matched or inserted.
    pub(super) fn execute(&mut self, query: &impl QueryStatementWriter) -> BoxFuture<'_, u64> {
        self.execute_statement(Statement::new(self.dialect(), query))
    }
}

/// A connection in a transaction.
pub(super) trait Transaction: Connection {
    fn commit(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    String(String),
}

/// A row whose values are taken from left to right.
#[derive(Clone, Debug)]
pub(super) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// Returns whether the next value is this string.
    pub(super) fn begins_with(&self, string: &str) -> bool {
        matches!(self.0.as_slice().first(), Some(Cell::String(next)) if next == string)
    }

    pub(super) fn string(&mut self) -> Result<String, DbError> {
        self.optional_string()?
            .ok_or_else(|| DbError::Internal("expected a string, got NULL".into()))
    }

    pub(super) fn optional_string(&mut self) -> Result<Option<String>, DbError> {
        match self.0.next() {
            Some(Cell::String(string)) => Ok(Some(string)),
            Some(Cell::Null) => Ok(None),
            other => Err(DbError::Internal(format!("expected a string, got {other:?}"))),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, DbError> {
        self.optional_integer()?
            .ok_or_else(|| DbError::Internal("expected an integer, got NULL".into()))
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, DbError> {
        match self.0.next() {
            Some(Cell::Integer(integer)) => Ok(Some(integer)),
            Some(Cell::Null) => Ok(None),
            other => Err(DbError::Internal(format!("expected an integer, got {other:?}"))),
        }
    }
}
