//! Lists that many users have in common, kept once.

use super::marks::{Mark, Marked};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// Lists that are kept to be shared, at most.
const KEPT: usize = 1 << 16;

/// The code of lists that have none of their own.
pub(super) const UNKNOWN: u16 = u16::MAX;

/// Which list of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Roles,
    Groups,
    Scopes,
}

/// A list.
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// No two lists of a tenant have the same, [`UNKNOWN`] apart.
    pub(super) code: u16,
    pub(super) list: Box<[T]>,
    pub(super) marks: Box<[Mark]>,
}

/// The lists of one kind.
pub(super) struct Lists<T> {
    /// By their hashes.
    known: HashMap<u64, Arc<Shared<T>>>,
    /// The code of the next.
    next: u16,
    state: RandomState,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), next: 0, state: RandomState::new() }
    }
}

impl<T: Clone + Eq + Hash + Marked> Lists<T> {
    /// The list, shared with those who have it already.
    pub(super) fn share(&mut self, list: &[T]) -> Arc<Shared<T>> {
        let hash = self.state.hash_one(list);
        // Another list of the same hash gives way.
        if let Some(shared) = self.known.get(&hash).filter(|shared| *shared.list == *list) {
            return Arc::clone(shared);
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let shared = Arc::new(Shared {
            code: self.next,
            list: list.into(),
            marks: list.iter().flat_map(Marked::marks).collect(),
        });
        self.next = self.next.saturating_add(1);
        self.known.insert(hash, Arc::clone(&shared));
        shared
    }
}
