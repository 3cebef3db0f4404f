//! A short-lived cache of accounts, which every request of a server reads.

use super::recent::Recent;
use crate::account::{Account, AccountKey};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(super) struct AccountCache(Mutex<Accounts>);

#[derive(Default)]
struct Accounts {
    by_key: Recent<Key, Account>,
    /// The number of times that the cache was emptied because of a change.
    changes: u64,
}

/// A tenant, whether the string is a subject, and the id or subject.
type Key = (String, bool, String);

/// The state of the cache before an account is read from the database.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    changes: u64,
}

impl AccountCache {
    /// Returns an account that was read less than `ttl` ago.
    pub(super) fn get(&self, tenant: &str, key: AccountKey<'_>, ttl: Duration) -> Option<Account> {
        if ttl.is_zero() {
            return None;
        }
        self.lock().by_key.get(&owned(tenant, key), ttl).cloned()
    }

    /// Must be called before the account is read from the database.
    pub(super) fn begin_reading(&self) -> Reading {
        Reading { changes: self.lock().changes }
    }

    /// Stores an account, unless there was a change since `reading`, which the account may miss.
    pub(super) fn insert(
        &self,
        reading: Reading,
        tenant: &str,
        key: AccountKey<'_>,
        account: &Account,
        ttl: Duration,
    ) {
        let mut accounts = self.lock();
        if ttl.is_zero() || accounts.changes != reading.changes {
            return;
        }
        accounts.by_key.insert(owned(tenant, key), account.clone());
    }

    /// Forgets every account. Must be called after each change of a user's status or roles.
    pub(super) fn clear(&self) {
        let mut accounts = self.lock();
        accounts.changes += 1;
        accounts.by_key.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owned(tenant: &str, key: AccountKey<'_>) -> Key {
    match key {
        AccountKey::Id(id) => (tenant.to_owned(), false, id.to_owned()),
        AccountKey::Subject(subject) => (tenant.to_owned(), true, subject.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::AccountCache;
    use crate::account::{Account, AccountKey};
    use crate::user::Status;
    use std::time::Duration;

    const TTL: Duration = Duration::from_secs(60);

    fn account() -> Account {
        Account { id: "1".into(), status: Status::Active, is_administrator: true }
    }

    #[test]
    fn accounts_are_found_by_tenant_and_kind_of_key() {
        let cache = AccountCache::default();
        cache.insert(cache.begin_reading(), "t", AccountKey::Id("1"), &account(), TTL);
        assert_eq!(cache.get("t", AccountKey::Id("1"), TTL), Some(account()));
        assert_eq!(cache.get("u", AccountKey::Id("1"), TTL), None);
        assert_eq!(cache.get("t", AccountKey::Subject("1"), TTL), None);
        assert_eq!(cache.get("t", AccountKey::Id("1"), Duration::ZERO), None);
    }

    #[test]
    fn a_change_forgets_accounts_also_those_being_read() {
        let cache = AccountCache::default();
        let before = cache.begin_reading();
        cache.insert(before, "t", AccountKey::Id("1"), &account(), TTL);
        cache.clear();
        assert_eq!(cache.get("t", AccountKey::Id("1"), TTL), None);
        cache.insert(before, "t", AccountKey::Id("1"), &account(), TTL);
        assert_eq!(cache.get("t", AccountKey::Id("1"), TTL), None);
    }
}
