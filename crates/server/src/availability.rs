//! Circuit breaker for the store.
//!
//! A request waits for a connection of an unreachable database until a time-out of seconds. Once a
//! lookup of a caller has failed that way, further requests are rejected at once, until a probe in
//! the background succeeds.

use scieve_users::{StoreError, UserStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Time between two probes of an unavailable store.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// The last known state of the store.
#[derive(Debug, Default)]
pub(super) struct Availability {
    unavailable: AtomicBool,
}

impl Availability {
    pub(super) fn is_available(&self) -> bool {
        !self.unavailable.load(Ordering::Relaxed)
    }

    /// Marks the store as unavailable and probes it in the background until it is available.
    pub(super) fn lost<S: UserStore>(self: &Arc<Self>, store: &Arc<S>) {
        if self.unavailable.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.unavailable.store(false, Ordering::Relaxed);
            return;
        };
        tracing::warn!("the store is unavailable: requests are rejected until a probe succeeds");
        let (availability, store) = (Arc::clone(self), Arc::downgrade(store));
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(PROBE_INTERVAL).await;
                let Some(store) = store.upgrade() else { return };
                if probe(&*store).await.is_ok() {
                    break;
                }
            }
            availability.unavailable.store(false, Ordering::Relaxed);
            tracing::info!("the store is available again");
        });
    }
}

/// Checks that the store responds.
async fn probe<S: UserStore>(store: &S) -> Result<(), StoreError> {
    match store.get("", "").await {
        Ok(_) | Err(StoreError::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
