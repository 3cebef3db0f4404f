//! Circuit breaker for the store.
//!
//! A request waits for a connection of an unreachable database until a time-out of seconds. Once a
//! lookup of a caller has failed that way, further requests are rejected at once, until a probe in
//! the background succeeds.

use scieve_users::{StoreError, UserStore};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time between two probes of an unavailable store.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// The last known state of the store, by tenant: a cluster may have lost some of them.
#[derive(Debug, Default)]
pub(super) struct Availability {
    lost: Mutex<HashSet<String>>,
}

impl Availability {
    pub(super) fn is_available(&self, tenant: &str) -> bool {
        !self.lost_tenants().contains(tenant)
    }

    /// Marks the tenant as unavailable and probes it in the background until it is available.
    pub(super) fn lost<S: UserStore>(self: &Arc<Self>, store: &Arc<S>, tenant: &str) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let tenant = tenant.to_owned();
        if !self.lost_tenants().insert(tenant.clone()) {
            return;
        }
        tracing::warn!("the store is unavailable: requests are rejected until a probe succeeds");
        let (availability, store) = (Arc::clone(self), Arc::downgrade(store));
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(PROBE_INTERVAL).await;
                let Some(store) = store.upgrade() else { return };
                if probe(&*store, &tenant).await.is_ok() {
                    break;
                }
            }
            availability.lost_tenants().remove(&tenant);
            tracing::info!("the store is available again");
        });
    }

    fn lost_tenants(&self) -> MutexGuard<'_, HashSet<String>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that the store responds.
async fn probe<S: UserStore>(store: &S, tenant: &str) -> Result<(), StoreError> {
    match store.get(tenant, "").await {
        Ok(_) | Err(StoreError::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
