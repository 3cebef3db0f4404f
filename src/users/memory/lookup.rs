//! Users by the hash of a text.

use super::tree::{Leaf, Tree};
use std::hash::{BuildHasher, RandomState};

/// Which text it is that a user is found by. All by their keys ([`crate::key`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    Id,
    Subject,
    Email,
    Client,
}

/// Numbers of users by hashes, sorted: the hash above, the number below. Users with another text may come along, so whoever asks
/// looks at the text again.
#[derive(Clone)]
pub(super) struct Lookup {
    tree: Tree<Entries>,
    state: RandomState,
}

#[derive(Clone)]
struct Entries(Vec<u64>);

impl Leaf for Entries {
    const MAX: usize = 512;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn split(&mut self) -> Self {
        let upper = self.0.split_off(self.0.len() / 2);
        self.0.shrink_to(self.0.len() + self.0.len() / 4);
        Self(upper)
    }
}

impl Lookup {
    pub(super) fn new() -> Self {
        Self { tree: Tree::new(), state: RandomState::new() }
    }

    fn hash(&self, by: By, key: &str) -> u64 {
        self.state.hash_one((by, key)) & !u64::from(u32::MAX)
    }

    /// The entry of a user; many of them make [`Lookup::fill`] faster than [`Lookup::insert`] one by one.
    pub(super) fn entry(&self, by: By, key: &str, slot: u32) -> u64 {
        self.hash(by, key) | u64::from(slot)
    }

    /// Puts the entries into a lookup that is empty.
    pub(super) fn fill(&mut self, mut entries: Vec<u64>) {
        entries.sort_unstable();
        self.tree = Tree::of(entries.chunks(Entries::MAX * 3 / 4).map(|chunk| Entries(chunk.to_vec())));
    }

    pub(super) fn insert(&mut self, by: By, key: &str, slot: u32) {
        let entry = self.entry(by, key, slot);
        if self.tree.is_empty() {
            self.tree = Tree::of([Entries(vec![entry])]);
            return;
        }
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(|first| *first <= entry));
        self.tree.change(path, |leaf| {
            if let Err(place) = leaf.0.binary_search(&entry) {
                leaf.0.insert(place, entry);
            }
        });
    }

    pub(super) fn remove(&mut self, by: By, key: &str, slot: u32) {
        let entry = self.entry(by, key, slot);
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(|first| *first <= entry));
        self.tree.change(path, |leaf| {
            if let Ok(place) = leaf.0.binary_search(&entry) {
                leaf.0.remove(place);
            }
        });
    }

    /// The users that may have the text, in the order of their numbers.
    pub(super) fn find(&self, by: By, key: &str) -> impl Iterator<Item = u32> {
        let hash = self.hash(by, key);
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(|first| *first < hash));
        let leaves = self.tree.leaves_from(path).enumerate();
        let entries = leaves.flat_map(move |(place, leaf)| {
            let from = if place == 0 { leaf.0.partition_point(|entry| *entry < hash) } else { 0 };
            leaf.0.iter().skip(from)
        });
        entries.take_while(move |entry| *entry & !u64::from(u32::MAX) == hash).map(|entry| (entry & u64::from(u32::MAX)) as u32)
    }
}
