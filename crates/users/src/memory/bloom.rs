//! Bloom filter over the memberships of a segment's users.
//!
//! A filter such as `assignedRoles.name eq "TenantAdmin"` can skip a segment if none of its users
//! has that role. Each segment keeps a Bloom filter (B. H. Bloom, "Space/Time Trade-offs in Hash
//! Coding with Allowable Errors", CACM 13(7), 1970) of 1,024 bits with two hash functions over the
//! fold keys of role ids and names, group ids, names of the groups' roles, and scopes. It has no
//! false negatives, some false positives, and no deletion: values of users who have left a segment
//! stay in its filter.

use crate::role::{Group, Role};
use scieve::fold_key;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Number of bits in a filter.
const BITS: u64 = 1024;

/// A Bloom filter over membership values.
#[derive(Clone, Default)]
pub(super) struct BloomFilter([u64; BITS as usize / 64]);

/// The hash of a membership value: the numbers of two bits in a [`BloomFilter`].
#[derive(Clone, Copy, Debug)]
pub(super) struct BloomHash(u16, u16);

impl BloomFilter {
    pub(super) fn from_hashes(hashes: impl Iterator<Item = BloomHash>) -> Self {
        let mut filter = Self::default();
        hashes.for_each(|hash| filter.insert(hash));
        filter
    }

    fn insert(&mut self, hash: BloomHash) {
        for bit in [hash.0, hash.1] {
            if let Some(word) = self.0.get_mut(usize::from(bit / 64)) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Inserts all values of the other filter.
    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    /// Returns false only if the value was not inserted.
    pub(super) fn may_contain(&self, hash: BloomHash) -> bool {
        [hash.0, hash.1].into_iter().all(|bit| {
            self.0.get(usize::from(bit / 64)).is_some_and(|word| word >> (bit % 64) & 1 == 1)
        })
    }
}

/// Elements of membership lists, with the values that filters compare.
pub(super) trait BloomKeys {
    fn bloom_hashes(&self) -> Vec<BloomHash>;
}

impl BloomKeys for Role {
    fn bloom_hashes(&self) -> Vec<BloomHash> {
        [&self.id, &self.name].map(|value| BloomHash::new(&fold_key(value))).to_vec()
    }
}

impl BloomKeys for Group {
    fn bloom_hashes(&self) -> Vec<BloomHash> {
        std::iter::once(&self.id)
            .chain(self.assigned_roles.iter().map(|role| &role.name))
            .map(|value| BloomHash::new(&fold_key(value)))
            .collect()
    }
}

impl BloomKeys for String {
    fn bloom_hashes(&self) -> Vec<BloomHash> {
        vec![BloomHash::new(&fold_key(self))]
    }
}

impl BloomHash {
    /// Hashes a fold key. Both bit numbers come from one 64-bit hash.
    pub(super) fn new(key: &str) -> Self {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(key);
        Self((hash % BITS) as u16, (hash >> 32 & (BITS - 1)) as u16)
    }
}
