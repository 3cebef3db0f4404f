//! Users in the order of their ids.

use super::record::Record;
use super::tree::{Leaf, Path, Tree};
use crate::sort;
use crate::user::Members;
use scieve::fold_key;
use std::borrow::Cow;

/// Numbers of users by (key of the id, id). Ids never change, and users stay when they are deleted, so nothing is ever taken out.
#[derive(Clone)]
pub(super) struct Ids {
    tree: Tree<Numbers>,
    /// Whether every id is its own key, so that ids alone stand in this order.
    plain: bool,
}

#[derive(Clone)]
struct Numbers(Vec<u32>);

impl Leaf for Numbers {
    const MAX: usize = 512;
    type Mark = ();
    type Summary = ();

    fn len(&self) -> usize {
        self.0.len()
    }

    fn mark(&self) {}

    fn split(&mut self) -> Self {
        // New ids are the greatest: most leaves stay as full as they are when they split.
        Self(self.0.split_off(self.0.len() * 7 / 8))
    }
}

/// Where a walk begins. Good until the next change.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    path: Path,
    row: usize,
}

/// Where a user stands.
pub(super) type Place<'r> = (Cow<'r, str>, &'r str);

/// Where the user of that id stands.
pub(super) fn place(id: &str) -> Place<'_> {
    let key = match fold_key(id) {
        Cow::Borrowed(key) => Cow::Borrowed(sort::truncate(key)),
        Cow::Owned(key) => Cow::Owned(sort::truncate(&key).to_owned()),
    };
    (key, id)
}

fn is_plain(id: &str) -> bool {
    place(id).0 == id
}

impl Ids {
    pub(super) const fn new() -> Self {
        Self { tree: Tree::new(), plain: true }
    }

    /// Whether the order of ids up to this one is that of their bytes.
    pub(super) fn are_plain(&self, id: &str) -> bool {
        self.plain && is_plain(id)
    }

    /// Adds a user. `record` gives the records of users by their numbers.
    pub(super) fn insert<'r>(
        &mut self,
        slot: u32,
        id: &str,
        record: impl Fn(u32) -> Option<&'r Record>,
    ) {
        self.plain &= is_plain(id);
        if self.tree.is_empty() {
            self.tree = Tree::of([Numbers(vec![slot])]);
            return;
        }
        let here = place(id);
        let before = |slot: &u32| record(*slot).is_some_and(|record| place(record.id()) < here);
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(before));
        self.tree.change(path, |leaf, (), _| {
            let at = leaf.0.partition_point(before);
            leaf.0.insert(at, slot);
        });
    }

    /// Puts in the users, when there are none yet.
    pub(super) fn fill<'r>(
        &mut self,
        slots: std::ops::Range<u32>,
        record: impl Fn(u32) -> Option<&'r Record>,
    ) {
        let id = |slot: u32| record(slot).map_or("", |record| record.id());
        self.plain = slots.clone().all(|slot| is_plain(id(slot)));
        let mut slots: Vec<u32> = slots.collect();
        slots.sort_by(|a, b| place(id(*a)).cmp(&place(id(*b))));
        self.tree = Tree::of(slots.chunks(Numbers::MAX).map(|chunk| Numbers(chunk.to_vec())));
    }

    /// The first user who is not `before`.
    pub(super) fn seek(&self, before: impl Fn(u32) -> bool) -> Seat {
        let path = self.tree.find(|leaf| leaf.0.first().is_some_and(|slot| before(*slot)));
        let row = self
            .tree
            .leaves_from(path)
            .next()
            .map_or(0, |leaf| leaf.0.partition_point(|slot| before(*slot)));
        Seat { path, row }
    }

    /// The users from there on, or those before it, the last of them first.
    pub(super) fn walk(
        &self,
        Seat { path, row }: Seat,
        ascending: bool,
    ) -> impl Iterator<Item = u32> {
        let up = ascending.then(|| {
            let leaves = self.tree.leaves_from(path).enumerate();
            leaves
                .flat_map(move |(place, leaf)| leaf.0.iter().skip(if place == 0 { row } else { 0 }))
        });
        let down = (!ascending).then(|| {
            let leaves = self.tree.leaves_back_from(path).enumerate();
            leaves.flat_map(move |(place, leaf)| {
                leaf.0.iter().take(if place == 0 { row } else { usize::MAX }).rev()
            })
        });
        up.into_iter().flatten().chain(down.into_iter().flatten()).copied()
    }
}
