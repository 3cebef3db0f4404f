//! A tenant, and the numbers of tenants that were read recently.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Maximum number of cached tenants. A full cache is emptied.
const MAX_TENANTS: usize = 10_000;
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
pub(super) struct TenantCache(Mutex<HashMap<String, (i64, Instant)>>);

impl TenantCache {
    pub(super) fn get(&self, id: &str) -> Option<i64> {
        let (number, read) = *self.lock().get(id)?;
        (read.elapsed() < TTL).then_some(number)
    }

    pub(super) fn insert(&self, id: &str, number: i64) {
        let mut numbers = self.lock();
        if numbers.len() >= MAX_TENANTS {
            numbers.clear();
        }
        numbers.insert(id.to_owned(), (number, Instant::now()));
    }

    /// Forgets every number. Must be called after a write whose number the database did not know.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (i64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TENANTS, TenantCache};

    #[test]
    fn a_full_cache_is_emptied() {
        let cache = TenantCache::default();
        for tenant in 0..MAX_TENANTS {
            cache.insert(&tenant.to_string(), 1);
        }
        assert_eq!((cache.get("5"), cache.get("x")), (Some(1), None));
        cache.insert("x", 2);
        assert_eq!((cache.get("5"), cache.get("x")), (None, Some(2)));
        cache.clear();
        assert_eq!(cache.get("x"), None);
    }
}
