//! A tenant, and the numbers of tenants that were read recently.

use super::recent::Recent;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time after which a cached number is read again.
const TTL: Duration = Duration::from_secs(60);

/// A tenant that has a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenant<'a> {
    pub(super) id: &'a str,
    pub(super) number: i64,
}

/// The numbers of tenants that were read recently, by id.
#[derive(Default)]
pub(super) struct TenantCache(Mutex<Recent<String, i64>>);

impl TenantCache {
    pub(super) fn get(&self, id: &str) -> Option<i64> {
        self.lock().get(id, TTL).copied()
    }

    pub(super) fn insert(&self, id: &str, number: i64) {
        self.lock().insert(id.to_owned(), number);
    }

    /// Forgets every number. Must be called after a write whose number the database did not know.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Recent<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::TenantCache;
    use crate::database::recent::MAX_VALUES;

    #[test]
    fn a_full_cache_is_emptied() {
        let cache = TenantCache::default();
        for tenant in 0..MAX_VALUES {
            cache.insert(&tenant.to_string(), 1);
        }
        assert_eq!((cache.get("5"), cache.get("x")), (Some(1), None));
        cache.insert("x", 2);
        assert_eq!((cache.get("5"), cache.get("x")), (None, Some(2)));
        cache.clear();
        assert_eq!(cache.get("x"), None);
    }
}
