//! Time limits of queries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The end of the time that a query may take. It can be brought forward by cancelling the query.
///
/// ```
/// use scieve_users::{Deadline, MemoryStore, Query, StoreError, UserStore as _};
/// use std::time::Duration;
///
/// let deadline = Deadline::after(Duration::from_millis(250));
/// let query = Query { limit: 20, deadline: Some(&deadline), ..Query::matching(None) };
/// # pollster::block_on(async {
/// assert!(MemoryStore::new().list("tenant-1", &query).await.is_ok());
/// # });
/// assert!(!deadline.is_over());
/// deadline.cancel();
/// assert!(deadline.is_over());
/// ```
#[derive(Debug)]
pub struct Deadline {
    at: Instant,
    /// True once the query was cancelled, or the end was observed.
    over: AtomicBool,
}

impl Deadline {
    /// Creates a deadline that is over after this time.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        // A time beyond the range of the clock is as good as none.
        let at = now.checked_add(time).unwrap_or_else(|| now + Duration::from_secs(1 << 30));
        Self { at, over: AtomicBool::new(false) }
    }

    /// Ends the query now.
    pub fn cancel(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Returns whether the time is over or the query was cancelled.
    #[must_use]
    pub fn is_over(&self) -> bool {
        if !self.was_over() && Instant::now() >= self.at {
            self.cancel();
        }
        self.was_over()
    }

    /// Returns whether a call of [`Deadline::is_over`] has returned true, or the query was
    /// cancelled. A query that ends afterwards is complete if this is false.
    pub(crate) fn was_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Returns the remaining time.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        match self.was_over() {
            true => Duration::ZERO,
            false => self.at.saturating_duration_since(Instant::now()),
        }
    }
}
