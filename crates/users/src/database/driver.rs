//! The code that the sqlx drivers share.

use super::connection::{Backend, BoxFuture, Cell, Connection, Row, Transaction, TxMode};
use super::error::{DbError, ErrorClass};
use super::statement::Statement;
use scieve::sql::Dialect;
use sea_query::Value;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::migrate::Migrate;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Database, Executor, IntoArguments, Pool};
use std::future::Future;
use std::marker::PhantomData;
use std::ops::DerefMut;
use std::pin::Pin;
use std::time::Duration;

/// A database of sqlx, with the operations that differ between databases.
pub(super) trait Driver: Database {
    const DIALECT: Dialect;

    /// The statement that begins a transaction.
    fn begin(mode: TxMode) -> &'static str;

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError>;

    fn cells(row: &Self::Row) -> Result<Vec<Cell>, sqlx::Error>;

    /// The number of rows that a statement matched or inserted.
    fn count(result: &Self::QueryResult) -> u64;

    fn classify(error: &dyn DatabaseError) -> ErrorClass;
}

/// A connection pool.
pub(super) struct Pooled<D: Driver> {
    pub(super) pool: Pool<D>,
    /// The statement time-out that the server enforces. A server that does not answer at all is
    /// given one second more.
    pub(super) limit: Duration,
}

/// A connection of the pool, in a transaction or not.
struct PooledConn<D, C> {
    connection: C,
    limit: Duration,
    driver: PhantomData<fn() -> D>,
}

impl<D, C> PooledConn<D, C> {
    fn new(connection: C, limit: Duration) -> Self {
        Self { connection, limit, driver: PhantomData }
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

impl<D: Driver> Backend for Pooled<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn dialect(&self) -> Dialect {
        D::DIALECT
    }

    fn begin(&self, mode: TxMode) -> BoxFuture<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let begin = async { self.pool.begin_with(D::begin(mode)).await.map_err(error::<D>) };
            let transaction = within(self.limit, begin).await?;
            let connection: Box<dyn Transaction> =
                Box::new(PooledConn::<D, _>::new(transaction, self.limit));
            Ok(connection)
        })
    }

    fn connection(&self) -> BoxFuture<'_, Box<dyn Connection>> {
        Box::pin(async move {
            let connection: PoolConnection<D> = self.pool.acquire().await.map_err(error::<D>)?;
            let connection: Box<dyn Connection> =
                Box::new(PooledConn::<D, _>::new(connection, self.limit));
            Ok(connection)
        })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.pool.close())
    }
}

fn arguments<D: Driver>(values: Vec<Value>) -> Result<D::Arguments, DbError> {
    let mut arguments = D::Arguments::default();
    for value in values {
        D::bind(&mut arguments, value).map_err(|error| DbError::Internal(error.to_string()))?;
    }
    Ok(arguments)
}

impl<D: Driver, C: DerefMut<Target = D::Connection> + Send> Connection for PooledConn<D, C>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn dialect(&self) -> Dialect {
        D::DIALECT
    }

    fn fetch_statement(&mut self, statement: Statement) -> BoxFuture<'_, Vec<Row>> {
        let connection = &mut *self.connection;
        Box::pin(within(self.limit, async move {
            let arguments = arguments::<D>(statement.values)?;
            let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
            let rows = connection.fetch_all(query).await.map_err(error::<D>)?;
            rows.iter().map(|row| D::cells(row).map(Row::new).map_err(error::<D>)).collect()
        }))
    }

    fn execute_statement(&mut self, statement: Statement) -> BoxFuture<'_, u64> {
        let connection = &mut *self.connection;
        Box::pin(within(self.limit, async move {
            let arguments = arguments::<D>(statement.values)?;
            let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
            let result = connection.execute(query).await.map_err(error::<D>)?;
            Ok(D::count(&result))
        }))
    }

    fn script(&mut self, sql: &'static str) -> BoxFuture<'_, ()> {
        let connection = &mut *self.connection;
        Box::pin(async move {
            connection.execute(sqlx::raw_sql(sql)).await.map(drop).map_err(error::<D>)
        })
    }

    fn migrate(&mut self) -> &mut (dyn Migrate + Send) {
        &mut *self.connection
    }
}

impl<D: Driver> Transaction for PooledConn<D, sqlx::Transaction<'static, D>>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    D::Connection: Migrate,
{
    fn commit(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            within(self.limit, async { self.connection.commit().await.map_err(error::<D>) }).await
        })
    }
}
