//! Users in the order of their ids: slots in a copy-on-write B+tree, sorted by the users' ids.
//!
//! The index stores slots alone and reads the ids from the stored users. Ids never change and
//! deleted users stay, so entries are only added.

use super::cow_btree::{CowBTree, LeafNode, LeafPath};
use super::stored_user::StoredUser;
use crate::sort;
use crate::user::Members;
use scieve::fold_key;
use std::borrow::Cow;

/// Slots of users, ordered by [`IdKey`].
#[derive(Clone)]
pub(super) struct IdIndex {
    tree: CowBTree<SlotLeaf>,
    /// True if every id is its own fold key, so that the order is that of the bytes of ids.
    is_byte_order: bool,
}

#[derive(Clone)]
struct SlotLeaf(Vec<u32>);

impl LeafNode for SlotLeaf {
    const MAX: usize = 512;
    type Separator = ();
    type Summary = ();

    fn len(&self) -> usize {
        self.0.len()
    }

    fn separator(&self) {}

    fn split(&mut self) -> Self {
        // New ids are the greatest ones, so a leaf that has been split seldom grows again: leave it
        // almost full.
        Self(self.0.split_off(self.0.len() * 7 / 8))
    }
}

/// The position of a user in the order. Valid until the next change of the index.
#[derive(Clone, Copy)]
pub(super) struct IdPosition {
    path: LeafPath,
    index: usize,
}

/// The key of the order: the fold key of the id, truncated to the length that sorting compares,
/// then the id itself.
pub(super) type IdKey<'r> = (Cow<'r, str>, &'r str);

pub(super) fn id_key(id: &str) -> IdKey<'_> {
    let key = match fold_key(id) {
        Cow::Borrowed(key) => Cow::Borrowed(sort::truncate(key)),
        Cow::Owned(key) => Cow::Owned(sort::truncate(&key).to_owned()),
    };
    (key, id)
}

fn is_own_key(id: &str) -> bool {
    id_key(id).0 == id
}

impl IdIndex {
    pub(super) const fn new() -> Self {
        Self { tree: CowBTree::new(), is_byte_order: true }
    }

    /// Returns whether comparing the bytes of ids places `id` correctly in the order.
    pub(super) fn is_byte_order(&self, id: &str) -> bool {
        self.is_byte_order && is_own_key(id)
    }

    /// Adds a user. `user` returns the stored user of a slot.
    pub(super) fn insert<'r>(
        &mut self,
        slot: u32,
        id: &str,
        user: impl Fn(u32) -> Option<&'r StoredUser>,
    ) {
        self.is_byte_order &= is_own_key(id);
        if self.tree.is_empty() {
            self.tree = CowBTree::from_leaves([SlotLeaf(vec![slot])]);
            return;
        }
        let key = id_key(id);
        let is_before = |slot: &u32| user(*slot).is_some_and(|user| id_key(user.id()) < key);
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(is_before));
        self.tree.change(path, |leaf, (), _| {
            let index = leaf.0.partition_point(is_before);
            leaf.0.insert(index, slot);
        });
    }

    /// Adds users to an empty index: faster than [`IdIndex::insert`] one by one.
    pub(super) fn fill<'r>(
        &mut self,
        slots: std::ops::Range<u32>,
        user: impl Fn(u32) -> Option<&'r StoredUser>,
    ) {
        let id = |slot: u32| user(slot).map_or("", |user| user.id());
        self.is_byte_order = slots.clone().all(|slot| is_own_key(id(slot)));
        let mut slots: Vec<u32> = slots.collect();
        slots.sort_by(|a, b| id_key(id(*a)).cmp(&id_key(id(*b))));
        let leaves = slots.chunks(SlotLeaf::MAX).map(|chunk| SlotLeaf(chunk.to_vec()));
        self.tree = CowBTree::from_leaves(leaves);
    }

    /// Returns the position of the first user that does not satisfy `is_before`, which must hold
    /// for a prefix of the order.
    pub(super) fn lower_bound(&self, is_before: impl Fn(u32) -> bool) -> IdPosition {
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(|slot| is_before(*slot)));
        let leaf = self.tree.leaves_from(path).next();
        let index = leaf.map_or(0, |leaf| leaf.0.partition_point(|slot| is_before(*slot)));
        IdPosition { path, index }
    }

    /// Returns the users from the position on, or, descending, the users before it.
    pub(super) fn scan(
        &self,
        IdPosition { path, index }: IdPosition,
        ascending: bool,
    ) -> impl Iterator<Item = u32> {
        let up = ascending.then(|| {
            let leaves = self.tree.leaves_from(path).enumerate();
            leaves.flat_map(move |(nth, leaf)| leaf.0.iter().skip(if nth == 0 { index } else { 0 }))
        });
        let down = (!ascending).then(|| {
            let leaves = self.tree.leaves_back_from(path).enumerate();
            leaves.flat_map(move |(nth, leaf)| {
                leaf.0.iter().take(if nth == 0 { index } else { usize::MAX }).rev()
            })
        });
        up.into_iter().flatten().chain(down.into_iter().flatten()).copied()
    }
}
