//! The code that the sqlx drivers share.

use super::connection::{Backend, BoxFuture, Cell, Connection, Messages, Row, Transaction, TxMode};
use super::error::{DbError, ErrorClass};
use super::pool::{Pool, PoolConnection};
use super::statement::Statement;
use deadpool::managed::Object;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::migrate::Migrate;
use sqlx::{AssertSqlSafe, Connection as _, Database, Executor, IntoArguments, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager as _;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::Mutex;

/// Maximum time to close a connection that is not returned to the pool.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A database of sqlx, with the operations that differ between databases.
pub(super) trait Driver: Database {
    const DIALECT: Dialect;

    const BEGIN_READ: &'static str;
    const BEGIN_WRITE: &'static str;

    /// Identifies a search for [`Driver::stop`].
    type Search: Send + Sync;

    /// Begins a transaction to read in which each statement may take this long.
    fn begin_search(
        connection: &mut Self::Connection,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Search, sqlx::Error>> + Send;

    /// Commits the transaction of a search. `limit` applies to later statements.
    fn end_search(
        connection: &mut Self::Connection,
        search: &Self::Search,
        limit: Duration,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Stops the statement of a search, if it is still running.
    fn stop(pool: Pool<Self>, search: Self::Search) -> impl Future<Output = ()> + Send + 'static;

    /// Runs `COPY ... FROM STDIN`.
    fn copy(
        _connection: &mut Self::Connection,
        _sql: &str,
        _messages: &mut Messages<'_>,
    ) -> impl Future<Output = Result<(), DbError>> + Send {
        std::future::ready(Err(DbError::Internal("only PostgreSQL has COPY".into())))
    }

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError>;

    fn cells(row: &Self::Row) -> Result<Vec<Cell>, sqlx::Error>;

    /// The number of rows that a statement matched or inserted.
    fn count(result: &Self::QueryResult) -> u64;

    fn classify(error: &dyn DatabaseError) -> ErrorClass;
}

/// A connection pool.
pub(super) struct Pooled<D: Driver> {
    pool: Pool<D>,
    /// The statement time-out that the server enforces.
    statement: Duration,
    /// The maximum time of a statement including its wait for locks. A server that does not answer
    /// at all is given one second more.
    limit: Duration,
    /// A connection that no operation uses. SQLite deletes its shared-memory file with the last
    /// connection, and could not open another one on a full disk, not even to read.
    idle: Mutex<Option<D::Connection>>,
}

impl<D: Driver> Pooled<D> {
    pub(super) fn new(
        pool: Pool<D>,
        statement: Duration,
        limit: Duration,
        idle: Option<D::Connection>,
    ) -> Self {
        Self { pool, statement, limit, idle: Mutex::new(idle) }
    }
}

/// A connection of the pool, in a transaction or not.
///
/// On drop it returns to the pool. An unfinished transaction is rolled back. A connection whose
/// state is unknown is closed instead, because the next statement on it could fail or run in a
/// transaction that nobody commits.
struct PooledConn<D: Driver> {
    /// `None` only in `drop`.
    connection: Option<PoolConnection<D>>,
    pool: Pool<D>,
    statement: Duration,
    limit: Duration,
    transaction: TxState<D>,
    /// False during a statement, and after one that failed or was cancelled. For example, SQLite
    /// rolls back automatically if the disk is full, but not for every error.
    known_state: bool,
}

/// The transaction of a connection.
enum TxState<D: Driver> {
    None,
    /// A transaction of sqlx, which nests those of migrations.
    Sqlx,
    Search(D::Search),
}

/// Returns the connection of a [`PooledConn`].
#[expect(clippy::expect_used)]
fn connection<D: Driver>(connection: &mut Option<PoolConnection<D>>) -> &mut D::Connection {
    connection.as_mut().expect("taken only in `drop`")
}

impl<D: Driver> PooledConn<D> {
    /// Marks the start of a statement.
    fn starts(&mut self) {
        self.known_state = false;
        self.pool.activity().count();
    }

    /// Takes the result of a statement that has ended.
    fn ended<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        // These errors have the same effect in every database.
        self.known_state =
            matches!(result, Ok(_) | Err(DbError::UniqueViolation(_) | DbError::Conflict(_)));
        if !self.known_state {
            self.pool.activity().set_failed();
        }
        result
    }
}

impl<D: Driver> Drop for PooledConn<D> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let transaction = std::mem::replace(&mut self.transaction, TxState::None);
        if self.known_state && matches!(transaction, TxState::None) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(connection));
            return;
        };
        match transaction {
            TxState::Sqlx if self.known_state => {
                D::TransactionManager::start_rollback(&mut connection);
                runtime.spawn(async move {
                    // The pool may have the connection after its answer.
                    if connection.ping().await.is_err() {
                        drop(Object::take(connection));
                    }
                });
            }
            transaction => {
                let connection = Object::take(connection);
                let pool = self.pool.clone();
                runtime.spawn(async move {
                    if let TxState::Search(search) = transaction {
                        D::stop(pool, search).await;
                    }
                    // The result does not matter: nothing uses the connection any more.
                    let _ = tokio::time::timeout(CLOSE_LIMIT, connection.close()).await;
                });
            }
        }
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    let late = || DbError::Unavailable(format!("no response within {} s", limit.as_secs()));
    tokio::time::timeout(limit + Duration::from_secs(1), work).await.unwrap_or_else(|_| Err(late()))
}

fn error<D: Driver>(error: sqlx::Error) -> DbError {
    DbError::new(&error, D::classify)
}

impl<D: Driver> Pooled<D> {
    async fn acquire(&self) -> Result<PooledConn<D>, DbError> {
        let connection = self.pool.acquire().await.map_err(error::<D>)?;
        Ok(PooledConn {
            connection: Some(connection),
            pool: self.pool.clone(),
            statement: self.statement,
            limit: self.limit,
            transaction: TxState::None,
            known_state: true,
        })
    }
}

impl<D: Driver> Backend for Pooled<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn dialect(&self) -> Dialect {
        D::DIALECT
    }

    fn statements_run(&self) -> u64 {
        self.pool.activity().statements()
    }

    fn begin(&self, mode: TxMode) -> BoxFuture<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let mut transaction = self.acquire().await?;
            transaction.starts();
            let connection = connection(&mut transaction.connection);
            let begin = async {
                let statement = match mode {
                    TxMode::Read => D::BEGIN_READ,
                    TxMode::Write => D::BEGIN_WRITE,
                    TxMode::Search(limit) => {
                        return D::begin_search(connection, limit).await.map(TxState::Search);
                    }
                };
                D::TransactionManager::begin(connection, Some(statement.into_sql_str())).await?;
                Ok(TxState::Sqlx)
            };
            let result = within(self.limit, async { begin.await.map_err(error::<D>) }).await;
            transaction.transaction =
                transaction.ended(result).map_err(DbError::retry_if_broken)?;
            let transaction: Box<dyn Transaction> = Box::new(transaction);
            Ok(transaction)
        })
    }

    fn connection(&self) -> BoxFuture<'_, Box<dyn Connection>> {
        Box::pin(async move {
            let connection: Box<dyn Connection> = Box::new(self.acquire().await?);
            Ok(connection)
        })
    }

    fn connections(&self) -> (u32, u32) {
        self.pool.connections()
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.pool.close(self.limit).await;
            if let Some(idle) = self.idle.lock().await.take()
                && let Err(error) = idle.close().await
            {
                tracing::info!(%error, "a connection was not closed cleanly");
            }
        })
    }
}

fn arguments<D: Driver>(values: Vec<Value>) -> Result<D::Arguments, DbError> {
    let mut arguments = D::Arguments::default();
    for value in values {
        D::bind(&mut arguments, value).map_err(|error| DbError::Internal(error.to_string()))?;
    }
    Ok(arguments)
}

impl<D: Driver> Connection for PooledConn<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn dialect(&self) -> Dialect {
        D::DIALECT
    }

    fn fetch_statement(&mut self, statement: Statement) -> BoxFuture<'_, Vec<Row>> {
        Box::pin(async move {
            self.starts();
            let connection = connection(&mut self.connection);
            let result = within(self.limit, async move {
                let arguments = arguments::<D>(statement.values)?;
                let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
                let rows = connection.fetch_all(query).await.map_err(error::<D>)?;
                rows.iter().map(|row| D::cells(row).map(Row::new).map_err(error::<D>)).collect()
            })
            .await;
            match self.transaction {
                // A read: changes are in transactions, or counted by `execute_statement`.
                TxState::None => self.ended(result).map_err(DbError::retry_if_broken),
                _ => self.ended(result),
            }
        })
    }

    fn execute_statement(&mut self, statement: Statement) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            self.starts();
            let connection = connection(&mut self.connection);
            let result = within(self.limit, async move {
                let arguments = arguments::<D>(statement.values)?;
                let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
                let result = connection.execute(query).await.map_err(error::<D>)?;
                Ok(D::count(&result))
            })
            .await;
            self.ended(result)
        })
    }

    fn copy<'c>(&'c mut self, sql: String, messages: &'c mut Messages<'_>) -> BoxFuture<'c, ()> {
        Box::pin(async move {
            self.starts();
            let result = D::copy(connection(&mut self.connection), &sql, messages).await;
            self.ended(result)
        })
    }

    fn script(&mut self, sql: Cow<'static, str>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.starts();
            let result = connection(&mut self.connection)
                .execute(sqlx::raw_sql(AssertSqlSafe(sql.into_owned())))
                .await;
            self.ended(result.map(drop).map_err(error::<D>))
        })
    }

    fn migrate(&mut self) -> &mut (dyn Migrate + Send) {
        connection(&mut self.connection)
    }
}

impl<D: Driver> Transaction for PooledConn<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn commit(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.starts();
            let connection = connection(&mut self.connection);
            let commit = async {
                match &self.transaction {
                    TxState::Search(search) => {
                        D::end_search(connection, search, self.statement).await
                    }
                    TxState::Sqlx => D::TransactionManager::commit(connection).await,
                    TxState::None => Ok(()),
                }
            };
            let result = within(self.limit, async { commit.await.map_err(error::<D>) }).await;
            self.ended(result)?;
            self.transaction = TxState::None;
            Ok(())
        })
    }
}
