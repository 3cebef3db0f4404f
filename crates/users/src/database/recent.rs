//! Values that were read recently, by key.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Maximum number of values. A full map is emptied.
pub(super) const MAX_VALUES: usize = 10_000;

/// Values with the time at which they were read.
pub(super) struct Recent<K, V>(HashMap<K, (V, Instant)>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// Returns a value that was read less than `ttl` ago.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, ttl: Duration) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (value, read) = self.0.get(key)?;
        (read.elapsed() < ttl).then_some(value)
    }

    /// Stores a value that was read now.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.0.len() >= MAX_VALUES {
            self.0.clear();
        }
        self.0.insert(key, (value, Instant::now()));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
