//! Options of a store in a database.

use crate::timestamp::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Options of a [`SqlStore`](super::SqlStore).
///
/// ```
/// use scieve_users::SqlOptions;
/// use std::time::Duration;
///
/// let options = SqlOptions::default().connections(20).statement_timeout(Duration::from_secs(2));
/// ```
#[derive(Clone)]
pub struct SqlOptions {
    pub(super) connections: u32,
    pub(super) acquire: Duration,
    pub(super) statement: Duration,
    pub(super) lock: Duration,
    pub(super) account_cache: Duration,
    pub(super) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) on_load: Arc<dyn Fn(u64, u64) + Send + Sync>,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self {
            connections: 10,
            acquire: Duration::from_secs(3),
            statement: Duration::from_secs(10),
            lock: Duration::from_secs(5),
            account_cache: Duration::from_secs(2),
            clock: Arc::new(|| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }),
            on_load: Arc::new(|_, _| {}),
        }
    }
}

impl SqlOptions {
    /// Sets the maximum number of connections; the default is 10, and 0 counts as 1.
    #[must_use]
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets the maximum time to wait for a connection of the pool, including the time to open a new
    /// one; the default is 3 s. After it the operation fails with
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    #[must_use]
    pub fn acquire_timeout(mut self, time: Duration) -> Self {
        self.acquire = time;
        self
    }

    /// Sets the maximum time of a statement; the default is 10 s. After it the database cancels the
    /// statement, and the operation fails with
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    #[must_use]
    pub fn statement_timeout(mut self, time: Duration) -> Self {
        self.statement = time;
        self
    }

    /// Sets the maximum time that a statement waits for locks of other transactions; the default is
    /// 5 s. After it the operation fails with
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    #[must_use]
    pub fn lock_timeout(mut self, time: Duration) -> Self {
        self.lock = time;
        self
    }

    /// Sets how long the result of [`UserStore::account`](crate::UserStore::account) is cached; the
    /// default is 2 s, and 0 disables the cache.
    ///
    /// A change by this store takes effect at once. If another process disables, deletes or demotes a
    /// user, that user keeps its access here for at most this time.
    #[must_use]
    pub fn account_cache(mut self, time: Duration) -> Self {
        self.account_cache = time;
        self
    }

    /// Sets the source of the current time; the default is the system clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets a function that [`UserStore::load`](crate::UserStore::load) calls as it proceeds, with
    /// the work done so far and the whole work, in a unit of its own: for a progress bar.
    #[must_use]
    pub fn on_load(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.on_load = Arc::new(progress);
        self
    }
}

impl fmt::Debug for SqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, acquire, statement, lock, account_cache, .. } = self;
        f.debug_struct("SqlOptions")
            .field("connections", connections)
            .field("acquire", acquire)
            .field("statement", statement)
            .field("lock", lock)
            .field("account_cache", account_cache)
            .finish_non_exhaustive()
    }
}
