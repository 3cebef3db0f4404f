//! Limits on concurrent expensive requests.

use super::config::SearchLimits;
use super::problem::Problem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Minimum number of users at which those without a scan are removed.
const SWEEP: usize = 1024;

/// Bounds the scans in progress, per user and in total, so that the scans of one user neither slow
/// down other requests nor occupy all connections of a database.
pub(super) struct ScanLimiter {
    limits: SearchLimits,
    total: Arc<Semaphore>,
    /// By tenant and user id.
    users: Mutex<HashMap<(String, String), Arc<Semaphore>>>,
}

/// The permission for one scan, until it is dropped.
pub(super) struct ScanPermit {
    _user: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
}

impl ScanLimiter {
    pub(super) fn new(limits: SearchLimits) -> Self {
        Self { limits, total: semaphore(limits.total), users: Mutex::default() }
    }

    pub(super) fn limits(&self) -> SearchLimits {
        self.limits
    }

    /// Waits for permission to scan, for at most [`SearchLimits::time`].
    pub(super) async fn enter(&self, tenant: &str, user: &str) -> Result<ScanPermit, Problem> {
        let permits = async {
            // The scarce permit last: a user who waits for its own scans does not hold it.
            let user = self.user(tenant, user).acquire_owned().await;
            let total = Arc::clone(&self.total).acquire_owned().await;
            Some(ScanPermit { _user: user.ok()?, _total: total.ok()? })
        };
        let permits = tokio::time::timeout(self.limits.time, permits).await.ok().flatten();
        permits.ok_or_else(|| Problem::rate_limited(1))
    }

    fn user(&self, tenant: &str, user: &str) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= SWEEP {
            // A permit, or a request that waits for one, holds a reference.
            users.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        let key = (tenant.to_owned(), user.to_owned());
        Arc::clone(users.entry(key).or_insert_with(|| semaphore(self.limits.per_user)))
    }
}

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)))
}

#[cfg(test)]
mod tests {
    use super::{SWEEP, ScanLimiter};
    use crate::config::SearchLimits;
    use std::time::Duration;

    fn limiter() -> ScanLimiter {
        let mut limits = SearchLimits::default();
        (limits.per_user, limits.total, limits.time) = (2, 3, Duration::from_millis(1));
        ScanLimiter::new(limits)
    }

    #[tokio::test]
    async fn scans_are_limited_per_user_and_in_total() {
        let limiter = limiter();
        let first = limiter.enter("t", "u").await;
        let second = limiter.enter("t", "u").await;
        assert!(first.is_ok() && second.is_ok());
        assert!(limiter.enter("t", "u").await.is_err(), "two scans of one user");
        let other = limiter.enter("t", "v").await;
        assert!(other.is_ok());
        assert!(limiter.enter("s", "u").await.is_err(), "three scans in total");
        drop(first);
        assert!(limiter.enter("s", "u").await.is_ok());
    }

    #[tokio::test]
    async fn users_without_a_scan_are_removed() {
        let limiter = limiter();
        let kept = limiter.enter("t", "kept").await;
        for user in 0..SWEEP {
            assert!(limiter.enter("t", &user.to_string()).await.is_ok());
        }
        assert!(limiter.users.lock().unwrap().len() < 10);
        drop(kept);
    }
}
