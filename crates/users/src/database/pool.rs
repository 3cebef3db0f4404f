//! The pool of connections.
//!
//! The pool of sqlx tests every connection that returns to it, by a round trip. This one tests only
//! those that may be broken: after a time without use, and after a failure.

use super::options::SqlOptions;
use deadpool::managed::{self, Manager, Metrics, Object, PoolError, QueueMode, RecycleError};
use sqlx::{ConnectOptions as _, Connection as _, Database};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Maximum idle time of a connection that the pool hands out without a test. A test is a
/// round trip; a connection that broke more recently fails the operation as unavailable.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Time for which every connection is tested after a failed statement: others may be broken too.
const DISTRUST: Duration = Duration::from_secs(5);
/// Maximum age of a connection, so that it follows a database that has moved.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);
/// Time between two tests if a connection in use has been returned, when the pool is closed.
const CLOSE_INTERVAL: Duration = Duration::from_millis(5);

/// A connection of the pool, to which it returns when dropped.
pub(super) type PoolConnection<D> = Object<Connector<D>>;

/// Sets the options of a new connection that its URL cannot contain.
pub(super) type BeginSession<D> =
    for<'c> fn(
        &'c mut <D as Database>::Connection,
        &'c SqlOptions,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;

/// Opens and tests connections.
pub(super) struct Connector<D: Database> {
    connect: <D::Connection as sqlx::Connection>::Options,
    session: Option<BeginSession<D>>,
    options: SqlOptions,
    activity: Activity,
}

impl<D: Database> Manager for Connector<D> {
    type Type = D::Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<D::Connection, sqlx::Error> {
        let mut connection = self.connect.connect().await?;
        if let Some(begin_session) = self.session {
            begin_session(&mut connection, &self.options).await?;
        }
        Ok(connection)
    }

    async fn recycle(
        &self,
        connection: &mut D::Connection,
        metrics: &Metrics,
    ) -> Result<(), RecycleError<sqlx::Error>> {
        if metrics.age() > MAX_AGE {
            return Err(RecycleError::message("too old"));
        }
        if metrics.last_used() >= TRUSTED_IDLE || self.activity.failed_recently() {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// A pool of connections.
pub(super) struct Pool<D: Database>(managed::Pool<Connector<D>>);

impl<D: Database> Clone for Pool<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D: Database> Pool<D> {
    /// Creates a pool, and opens its first connection.
    pub(super) async fn open(
        connect: <D::Connection as sqlx::Connection>::Options,
        session: Option<BeginSession<D>>,
        options: &SqlOptions,
    ) -> Result<Self, sqlx::Error> {
        let options = options.clone();
        let connections = options.connections as usize;
        let pool = managed::Pool::builder(Connector {
            connect,
            session,
            options,
            activity: Activity::default(),
        })
        .max_size(connections)
        // The connection that was used last needs no test.
        .queue_mode(QueueMode::Lifo)
        .build()
        .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let pool = Self(pool);
        drop(pool.acquire().await?);
        Ok(pool)
    }

    /// Takes an idle connection, or opens another one.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<D>, sqlx::Error> {
        match tokio::time::timeout(self.0.manager().options.acquire, self.0.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(PoolError::Closed)) => Err(sqlx::Error::PoolClosed),
            Ok(Err(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.0.manager().activity
    }

    /// Returns the numbers of open and of idle connections.
    pub(super) fn connections(&self) -> (u32, u32) {
        let status = self.0.status();
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        (number(status.size), number(status.available))
    }

    /// Closes every connection; one in use when it is returned, or `limit` has passed.
    pub(super) async fn close(&self, limit: Duration) {
        let end = Instant::now() + limit;
        loop {
            for connection in self.0.retain(|_, _| false).removed {
                if let Err(error) = connection.close().await {
                    tracing::info!(%error, "a connection was not closed cleanly");
                }
            }
            if self.0.status().size == 0 || Instant::now() >= end {
                break;
            }
            tokio::time::sleep(CLOSE_INTERVAL).await;
        }
        self.0.close();
    }
}

/// Activity of the connections of a pool.
#[derive(Default)]
pub(super) struct Activity {
    statements: AtomicU64,
    /// When a statement last failed, or was cancelled.
    failed: Mutex<Option<Instant>>,
}

impl Activity {
    /// Counts a statement.
    pub(super) fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of statements.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Notes that a statement failed, or was cancelled.
    pub(super) fn set_failed(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn failed_recently(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < DISTRUST)
    }
}
