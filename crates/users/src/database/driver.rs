//! What the drivers of sqlx have in common.

use super::fault::{Fault, Verdict};
use super::link::{Cell, Engine, Later, Link, Purpose, Row, Transaction};
use super::statement::{Statement, Value};
use scieve::sql::Dialect;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Database, Executor, IntoArguments, Pool};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A database of sqlx, with the little that is its own.
pub(super) trait Driver: Database {
    const DIALECT: Dialect;

    /// The statement that begins a transaction.
    fn begin(purpose: Purpose) -> &'static str;

    fn add(arguments: &mut Self::Arguments, value: &Value) -> Result<(), BoxDynError>;

    fn cells(row: &Self::Row) -> Result<Vec<Cell>, sqlx::Error>;

    /// Rows that were found to be changed.
    fn count(result: &Self::QueryResult) -> u64;

    fn verdict(error: &dyn DatabaseError) -> Verdict;
}

/// A pool of connections.
pub(super) struct Pooled<D: Driver> {
    pub(super) pool: Pool<D>,
    /// How long a statement may take; a server that does not answer at all is given a second more.
    pub(super) limit: Duration,
}

/// A connection out of the pool.
struct Held<C> {
    connection: C,
    limit: Duration,
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let late = || Fault::Away(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit + Duration::from_secs(1), work).await.unwrap_or_else(|_| Err(late()))
}

fn fault<D: Driver>(error: sqlx::Error) -> Fault {
    Fault::of(&error, D::verdict)
}

impl<D: Driver> Engine for Pooled<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    fn dialect(&self) -> Dialect {
        D::DIALECT
    }

    fn begin(&self, purpose: Purpose) -> Later<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let begun = async { self.pool.begin_with(D::begin(purpose)).await.map_err(fault::<D>) };
            let connection = within(self.limit, begun).await?;
            Ok(Box::new(Held { connection, limit: self.limit }) as Box<dyn Transaction>)
        })
    }

    fn connection(&self) -> Later<'_, Box<dyn Link>> {
        Box::pin(async move {
            let connection = self.pool.acquire().await.map_err(fault::<D>)?;
            Ok(Box::new(Held { connection, limit: self.limit }) as Box<dyn Link>)
        })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.pool.close())
    }
}

fn rows<'a, D: Driver>(
    connection: &'a mut D::Connection,
    limit: Duration,
    statement: &'a Statement,
) -> Later<'a, Vec<Row>>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    Box::pin(within(limit, async move {
        let query =
            sqlx::query_with(AssertSqlSafe(statement.text.clone()), arguments::<D>(statement)?);
        let rows = connection.fetch_all(query).await.map_err(fault::<D>)?;
        rows.iter().map(|row| D::cells(row).map(Row::new).map_err(fault::<D>)).collect()
    }))
}

fn run<'a, D: Driver>(
    connection: &'a mut D::Connection,
    limit: Duration,
    statement: &'a Statement,
) -> Later<'a, u64>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    Box::pin(within(limit, async move {
        let query =
            sqlx::query_with(AssertSqlSafe(statement.text.clone()), arguments::<D>(statement)?);
        connection.execute(query).await.map(|result| D::count(&result)).map_err(fault::<D>)
    }))
}

fn arguments<D: Driver>(statement: &Statement) -> Result<D::Arguments, Fault> {
    let mut arguments = D::Arguments::default();
    for value in &statement.values {
        D::add(&mut arguments, value).map_err(|error| Fault::Broken(error.to_string()))?;
    }
    Ok(arguments)
}

macro_rules! link {
    ($held:ty) => {
        impl<D: Driver> Link for Held<$held>
        where
            for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
            D::Arguments: IntoArguments<D>,
        {
            fn rows<'a>(&'a mut self, statement: &'a Statement) -> Later<'a, Vec<Row>> {
                rows::<D>(&mut self.connection, self.limit, statement)
            }

            fn run<'a>(&'a mut self, statement: &'a Statement) -> Later<'a, u64> {
                run::<D>(&mut self.connection, self.limit, statement)
            }

            fn script<'a>(&'a mut self, text: &'static str) -> Later<'a, ()> {
                Box::pin(async move {
                    (&mut *self.connection)
                        .execute(sqlx::raw_sql(text))
                        .await
                        .map(drop)
                        .map_err(fault::<D>)
                })
            }
        }
    };
}

link!(PoolConnection<D>);
link!(sqlx::Transaction<'static, D>);

impl<D: Driver> Transaction for Held<sqlx::Transaction<'static, D>>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    fn commit(self: Box<Self>) -> Later<'static, ()> {
        Box::pin(async move {
            within(self.limit, async { self.connection.commit().await.map_err(fault::<D>) }).await
        })
    }
}
