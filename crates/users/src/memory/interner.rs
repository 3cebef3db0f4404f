//! Interner for membership lists: equal role, group and scope lists of a tenant are stored once.
//!
//! An interned list has a code, so that segments store two bytes per list and row and queries
//! memoise their results by code ([`Memo`](super::memo::Memo)). Codes are not reused: the first
//! 65,535 lists get one each, later lists get [`NO_CODE`] and are evaluated per user.

use super::bloom::{BloomHash, BloomKeys};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// Maximum number of lists kept for sharing. At the limit the interner drops them all, which bounds
/// its memory; a list stays alive as long as a user has it.
const CAPACITY: usize = 1 << 16;

/// The code of the lists that have no code of their own.
pub(super) const NO_CODE: u16 = u16::MAX;

/// The membership lists of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MembershipKind {
    Roles,
    Groups,
    Scopes,
}

/// An interned list.
#[derive(Debug)]
pub(super) struct Interned<T> {
    /// Unique among the lists of a kind in a tenant, except [`NO_CODE`].
    pub(super) code: u16,
    pub(super) list: Box<[T]>,
    /// The Bloom filter hashes of everything that filters can compare in the list.
    pub(super) bloom_hashes: Box<[BloomHash]>,
}

/// The lists of one kind.
pub(super) struct Interner<T> {
    lists: HashMap<u64, Arc<Interned<T>>>,
    next_code: u16,
    state: RandomState,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { lists: HashMap::new(), next_code: 0, state: RandomState::new() }
    }
}

impl<T: Clone + Eq + Hash + BloomKeys> Interner<T> {
    /// Returns the shared copy of the list.
    pub(super) fn intern(&mut self, list: &[T]) -> Arc<Interned<T>> {
        let hash = self.state.hash_one(list);
        // On a hash collision the newer list replaces the older one.
        if let Some(interned) = self.lists.get(&hash).filter(|interned| *interned.list == *list) {
            return Arc::clone(interned);
        }
        if self.lists.len() >= CAPACITY {
            self.lists.clear();
        }
        let interned = Arc::new(Interned {
            code: self.next_code,
            list: list.into(),
            bloom_hashes: list.iter().flat_map(BloomKeys::bloom_hashes).collect(),
        });
        self.next_code = self.next_code.saturating_add(1);
        self.lists.insert(hash, Arc::clone(&interned));
        interned
    }
}
