//! How a store in a database is set up.

use crate::timestamp::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How a [`SqlStore`](super::SqlStore) is set up.
#[derive(Clone)]
pub struct SqlOptions {
    pub(super) connections: u32,
    pub(super) acquire: Duration,
    pub(super) statement: Duration,
    pub(super) lock: Duration,
    pub(super) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self {
            connections: 10,
            acquire: Duration::from_secs(3),
            statement: Duration::from_secs(10),
            lock: Duration::from_secs(5),
            clock: Arc::new(|| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }),
        }
    }
}

impl SqlOptions {
    /// Connections at most, at least one; 10 by default.
    #[must_use]
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How long an operation waits for a connection, a new one included; 3 s by default. Then the store is unavailable.
    #[must_use]
    pub fn acquire_timeout(mut self, time: Duration) -> Self {
        self.acquire = time;
        self
    }

    /// How long a statement may take; 10 s by default. Then it is ended, and the store is unavailable.
    #[must_use]
    pub fn statement_timeout(mut self, time: Duration) -> Self {
        self.statement = time;
        self
    }

    /// How long a statement waits for others that write; 5 s by default. Then the store is unavailable.
    #[must_use]
    pub fn lock_timeout(mut self, time: Duration) -> Self {
        self.lock = time;
        self
    }

    /// Who is asked for the time: the system by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for SqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, acquire, statement, lock, .. } = self;
        f.debug_struct("SqlOptions")
            .field("connections", connections)
            .field("acquire", acquire)
            .field("statement", statement)
            .field("lock", lock)
            .finish_non_exhaustive()
    }
}
