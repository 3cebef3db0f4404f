//! Copy-on-write vector: a persistent radix tree of two levels, indexed by slot.
//!
//! ```text
//! branches [ * | * | ... ]            slot / 4096
//!            |
//! branch   [ * | * | ... | None ]     256 leaves: slot / 16 % 256
//!            |
//! leaf     [ value | ... | None ]     16 values: slot % 16
//! ```
//!
//! A clone takes one step per 4,096 values. The first change after it copies the branch and the
//! leaf of the changed value; the other nodes stay shared. The structure is that of the persistent
//! vectors of Clojure (P. Bagwell, "Ideal Hash Trees", 2001), with a fixed depth.

use std::array;
use std::sync::Arc;

/// Number of values in a leaf. Small, as a change to a shared leaf clones each of them.
const LEAF: usize = 16;
/// Number of leaves in a branch.
const BRANCH: usize = 256;

/// A growing vector with cheap clones, which share the nodes that none of them has changed.
#[derive(Clone)]
pub(super) struct CowVec<T> {
    branches: Vec<Arc<Branch<T>>>,
    len: u32,
}

type Leaf<T> = [Option<T>; LEAF];
type Branch<T> = [Option<Arc<Leaf<T>>>; BRANCH];

impl<T: Clone> CowVec<T> {
    pub(super) const fn new() -> Self {
        Self { branches: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        let slot = slot as usize;
        self.branches
            .get(slot / (LEAF * BRANCH))?
            .get(slot / LEAF % BRANCH)?
            .as_ref()?
            .get(slot % LEAF)?
            .as_ref()
    }

    /// Replaces the value of a slot below [`CowVec::len`].
    pub(super) fn set(&mut self, slot: u32, value: T) {
        if slot < self.len {
            self.put(slot as usize, value);
        }
    }

    /// Appends a value and returns its slot, or `None` if the vector has `u32::MAX` values.
    pub(super) fn push(&mut self, value: T) -> Option<u32> {
        let slot = self.len;
        self.len = self.len.checked_add(1)?;
        if (slot as usize).is_multiple_of(LEAF * BRANCH) {
            self.branches.push(Arc::new(array::from_fn(|_| None)));
        }
        self.put(slot as usize, value);
        Some(slot)
    }

    fn put(&mut self, slot: usize, value: T) {
        let branch = self.branches.get_mut(slot / (LEAF * BRANCH)).map(Arc::make_mut);
        let Some(leaf) = branch.and_then(|branch| branch.get_mut(slot / LEAF % BRANCH)) else {
            return;
        };
        let leaf = leaf.get_or_insert_with(|| Arc::new(array::from_fn(|_| None)));
        if let Some(entry) = Arc::make_mut(leaf).get_mut(slot % LEAF) {
            *entry = Some(value);
        }
    }
}
