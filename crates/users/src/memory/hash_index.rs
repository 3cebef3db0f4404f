//! Hash index from ids, subjects, e-mail addresses and client ids to users.
//!
//! # Layout
//!
//! An entry is a `u64`: the upper half is the hash of an attribute and a fold key, the lower half
//! the slot of a user. The entries of all four attributes are sorted in one copy-on-write B+tree,
//! so the users with a key are consecutive. Keys are not stored: the caller compares the attribute
//! of each user found, as a hash may collide.
//!
//! ```text
//! leaf   [ hash 0x0003..., slot 17 | hash 0x0003..., slot 90 | hash 0x0011..., slot 4 | ... ]
//! ```
//!
//! # Lookup
//!
//! Hashes are uniformly distributed, so interpolation search finds an entry in its leaf near the
//! expected position (W. W. Peterson, "Addressing for Random-Access Storage", 1957), and galloping
//! search corrects the guess (J. L. Bentley and A. C. Yao, "An Almost Optimal Algorithm for
//! Unbounded Searching", 1976). The bounds of the interpolation are separators, which lie in the
//! branch. A lookup therefore reads about one cache line of the leaf, while a binary search would
//! read several.

use super::cow_btree::{CowBTree, LeafNode, LeafPath};
use std::hash::{BuildHasher, RandomState};

/// An indexed attribute, by its fold key ([`scieve::fold_key`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum IndexedAttribute {
    Id,
    Subject,
    Email,
    ClientId,
}

/// Slots of users by hashes of their attributes.
#[derive(Clone)]
pub(super) struct HashIndex {
    tree: CowBTree<HashLeaf>,
    /// Seeded at random per tenant, so that clients cannot choose keys whose hashes collide.
    state: RandomState,
}

/// Sorted entries, stored inline so that a lookup needs no further pointer.
#[derive(Clone)]
struct HashLeaf {
    len: usize,
    entries: [u64; Self::CAPACITY],
}

#[derive(Clone, Copy)]
struct HashSeparator {
    /// The upper half of the first entry.
    first: u32,
    /// Number of entries in the leaf.
    len: u32,
}

impl LeafNode for HashLeaf {
    /// A leaf has one entry more before it is split.
    const MAX: usize = Self::CAPACITY - 1;
    type Separator = HashSeparator;
    type Summary = ();

    fn len(&self) -> usize {
        self.len
    }

    fn separator(&self) -> HashSeparator {
        HashSeparator { first: upper_half(self.first()), len: self.len as u32 }
    }

    fn split(&mut self) -> Self {
        let middle = self.len / 2;
        let upper = Self::from_sorted(self.entries().get(middle..).unwrap_or_default());
        self.len = middle;
        upper
    }
}

impl HashLeaf {
    const CAPACITY: usize = 512;

    /// Builds a leaf from up to [`HashLeaf::CAPACITY`] sorted entries.
    fn from_sorted(sorted: &[u64]) -> Self {
        let mut entries = [0; Self::CAPACITY];
        entries.iter_mut().zip(sorted).for_each(|(to, from)| *to = *from);
        Self { len: sorted.len().min(Self::CAPACITY), entries }
    }

    fn first(&self) -> u64 {
        self.entries.first().copied().unwrap_or_default()
    }

    fn entries(&self) -> &[u64] {
        self.entries.get(..self.len).unwrap_or_default()
    }

    fn insert(&mut self, entry: u64) {
        let Err(index) = self.entries().binary_search(&entry) else { return };
        if self.len < Self::CAPACITY {
            self.entries.copy_within(index..self.len, index + 1);
            self.entries.get_mut(index).into_iter().for_each(|to| *to = entry);
            self.len += 1;
        }
    }

    fn remove(&mut self, entry: u64) {
        let Ok(index) = self.entries().binary_search(&entry) else { return };
        self.entries.copy_within(index + 1..self.len, index);
        self.len -= 1;
    }

    /// Returns the entries from the first that is not below `hash`. `separator` is that of this
    /// leaf, `next` that of the next leaf.
    fn entries_from(
        &self,
        hash: u64,
        separator: HashSeparator,
        next: Option<HashSeparator>,
    ) -> &[u64] {
        // PERF: the length is taken from the separator, as `self.len` lies in a cache line of its
        // own (`benches/store.rs`, `lookup`).
        let entries = self.entries.get(..separator.len as usize).unwrap_or_default();
        let guess = interpolate(hash, separator, next);
        entries.get(lower_bound_near(entries, hash, guess)..).unwrap_or_default()
    }
}

/// Returns the expected index of the first entry that is not below `hash`: its distance from the
/// first hash of the leaf, in proportion to the range of hashes up to the next leaf.
fn interpolate(hash: u64, separator: HashSeparator, next: Option<HashSeparator>) -> usize {
    let end = next.map_or(u32::MAX, |next| next.first);
    let range = end.saturating_sub(separator.first);
    let distance = upper_half(hash).saturating_sub(separator.first);
    (u64::from(distance) * u64::from(separator.len) / u64::from(range.max(1))) as usize
}

/// Returns the index of the first entry that is not below `wanted`, by galloping search from a
/// guess. Entries are sorted.
fn lower_bound_near(entries: &[u64], wanted: u64, guess: usize) -> usize {
    // Downwards, until all entries before `low` are below `wanted`.
    let (mut low, mut step) = (guess.min(entries.len()), 8);
    while low > 0 && entries.get(low - 1).is_some_and(|entry| *entry >= wanted) {
        low = low.saturating_sub(step);
        step *= 2;
    }
    // Upwards, until the entry at `high` is not below `wanted`, or `high` is past the end.
    let (mut high, mut step) = (low, 8);
    while entries.get(high).is_some_and(|entry| *entry < wanted) {
        low = high + 1;
        high = high.saturating_add(step);
        step *= 2;
    }
    let range = entries.get(low..high.min(entries.len())).unwrap_or_default();
    low + range.partition_point(|entry| *entry < wanted)
}

fn upper_half(entry: u64) -> u32 {
    (entry >> 32) as u32
}

impl HashIndex {
    pub(super) fn new() -> Self {
        Self { tree: CowBTree::new(), state: RandomState::new() }
    }

    /// Returns the hash of a key, with a lower half of zeros.
    fn hash(&self, attribute: IndexedAttribute, key: &str) -> u64 {
        self.state.hash_one((attribute, key)) & !u64::from(u32::MAX)
    }

    /// Returns the entry of a user, for [`HashIndex::fill`].
    pub(super) fn entry(&self, attribute: IndexedAttribute, key: &str, slot: u32) -> u64 {
        self.hash(attribute, key) | u64::from(slot)
    }

    /// Puts entries into an empty index: faster than [`HashIndex::insert`] one by one.
    pub(super) fn fill(&mut self, mut entries: Vec<u64>) {
        entries.sort_unstable();
        let leaves = entries.chunks(HashLeaf::MAX * 3 / 4).map(HashLeaf::from_sorted);
        self.tree = CowBTree::from_leaves(leaves);
    }

    /// Returns the path of the last leaf whose first entry is not above this one.
    fn path(&self, entry: u64) -> LeafPath {
        let upper = upper_half(entry);
        self.tree.find_by_separator(
            |separator| (separator.first != upper).then_some(separator.first < upper),
            |leaf| leaf.first() <= entry,
        )
    }

    pub(super) fn insert(&mut self, attribute: IndexedAttribute, key: &str, slot: u32) {
        let entry = self.entry(attribute, key, slot);
        if self.tree.is_empty() {
            self.tree = CowBTree::from_leaves([HashLeaf::from_sorted(&[entry])]);
            return;
        }
        let path = self.path(entry);
        self.tree.change(path, |leaf, (), _| leaf.insert(entry));
    }

    pub(super) fn remove(&mut self, attribute: IndexedAttribute, key: &str, slot: u32) {
        let entry = self.entry(attribute, key, slot);
        let path = self.path(entry);
        self.tree.change(path, |leaf, (), _| leaf.remove(entry));
    }

    /// Returns the slots of the users that may have the key, in ascending order.
    pub(super) fn find(&self, attribute: IndexedAttribute, key: &str) -> impl Iterator<Item = u32> {
        let hash = self.hash(attribute, key);
        let path = self.path(hash);
        let (separator, next) = self.tree.separators(path);
        let leaves = self.tree.leaves_from(path).enumerate();
        let entries = leaves.flat_map(move |(index, leaf)| match separator {
            Some(separator) if index == 0 => leaf.entries_from(hash, separator, next),
            _ => leaf.entries(),
        });
        entries
            .take_while(move |entry| *entry & !u64::from(u32::MAX) == hash)
            .map(|entry| (entry & u64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{HashIndex, IndexedAttribute};
    use std::collections::BTreeSet;

    #[test]
    fn index_finds_the_same_slots_as_a_set_after_any_inserts_and_removals() {
        let mut index = HashIndex::new();
        let mut model = BTreeSet::new();
        for step in 0..20_000_u32 {
            // 97 keys, so that many users share one.
            let (key, slot) =
                (format!("key {}", step % 97), step.wrapping_mul(2_654_435_761) % 3000);
            if step % 3 == 0 {
                index.remove(IndexedAttribute::Email, &key, slot);
                model.remove(&(key, slot));
            } else {
                index.insert(IndexedAttribute::Email, &key, slot);
                model.insert((key, slot));
            }
        }
        for number in 0..100 {
            let key = format!("key {number}");
            let found: Vec<u32> = index.find(IndexedAttribute::Email, &key).collect();
            let expected: Vec<u32> =
                model.iter().filter(|(other, _)| *other == key).map(|(_, slot)| *slot).collect();
            assert_eq!(found, expected);
            assert_eq!(index.find(IndexedAttribute::Subject, &key).count(), 0);
        }
    }
}
