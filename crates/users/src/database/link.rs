//! What the store needs of a database: transactions, statements and rows, whichever driver is behind them.

use super::fault::Fault;
use super::statement::Statement;
use scieve::sql::Dialect;
use std::pin::Pin;

/// A future that several drivers have in common.
pub(super) type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading: every statement sees the same state.
    Read,
    /// Writing: whoever reads a row to change it locks it.
    Write,
}

/// A database, with its pool of connections.
pub(super) trait Engine: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// Begins a transaction; it is rolled back where it is dropped.
    fn begin(&self, purpose: Purpose) -> Later<'_, Box<dyn Transaction>>;

    /// A connection for statements that stand for themselves.
    fn connection(&self) -> Later<'_, Box<dyn Link>>;

    /// Ends every connection.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A connection.
pub(super) trait Link: Send {
    /// The rows that a statement finds.
    fn rows<'a>(&'a mut self, statement: &'a Statement) -> Later<'a, Vec<Row>>;

    /// How many rows a statement found and changed.
    fn run<'a>(&'a mut self, statement: &'a Statement) -> Later<'a, u64>;

    /// Runs statements without values, one after the other.
    fn script<'a>(&'a mut self, text: &'static str) -> Later<'a, ()>;
}

/// A connection in a transaction.
pub(super) trait Transaction: Link {
    fn commit(self: Box<Self>) -> Later<'static, ()>;
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Text(String),
}

/// A row, whose values are taken from the left.
#[derive(Debug)]
pub(super) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    pub(super) fn text(&mut self) -> Result<String, Fault> {
        self.maybe_text()?.ok_or_else(|| Fault::Broken("a text is NULL".into()))
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, Fault> {
        match self.0.next() {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            other => Err(Fault::Broken(format!("expected a text, found {other:?}"))),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, Fault> {
        self.maybe_integer()?.ok_or_else(|| Fault::Broken("a number is NULL".into()))
    }

    pub(super) fn maybe_integer(&mut self) -> Result<Option<i64>, Fault> {
        match self.0.next() {
            Some(Cell::Integer(number)) => Ok(Some(number)),
            Some(Cell::Null) => Ok(None),
            other => Err(Fault::Broken(format!("expected a number, found {other:?}"))),
        }
    }
}
