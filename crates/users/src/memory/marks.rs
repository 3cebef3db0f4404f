//! By which values blocks are told apart without looking at their users.

use crate::role::{Group, Role};
use scieve::fold_key;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// A set of values of attributes: one that was added is always found, another now and then.
#[derive(Clone, Default)]
pub(super) struct Marks([u64; 16]);

/// Two places in [`Marks`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u16, u16);

impl Marks {
    pub(super) fn of(some: impl Iterator<Item = Mark>) -> Self {
        let mut marks = Self::default();
        some.for_each(|mark| marks.set(mark));
        marks
    }

    fn set(&mut self, mark: Mark) {
        for place in [mark.0, mark.1] {
            if let Some(word) = self.0.get_mut(usize::from(place / 64)) {
                *word |= 1 << (place % 64);
            }
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn has(&self, mark: Mark) -> bool {
        [mark.0, mark.1].into_iter().all(|place| {
            self.0.get(usize::from(place / 64)).is_some_and(|word| word >> (place % 64) & 1 == 1)
        })
    }
}

/// What has values by which blocks are told apart.
pub(super) trait Marked {
    /// Their marks.
    fn marks(&self) -> Vec<Mark>;
}

impl Marked for Role {
    fn marks(&self) -> Vec<Mark> {
        [&self.id, &self.name].map(|text| Mark::of(&fold_key(text))).to_vec()
    }
}

impl Marked for Group {
    fn marks(&self) -> Vec<Mark> {
        std::iter::once(&self.id)
            .chain(self.assigned_roles.iter().map(|role| &role.name))
            .map(|text| Mark::of(&fold_key(text)))
            .collect()
    }
}

impl Marked for String {
    fn marks(&self) -> Vec<Mark> {
        vec![Mark::of(&fold_key(self))]
    }
}

impl Mark {
    /// The mark of a key.
    pub(super) fn of(key: &str) -> Self {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(key);
        Self((hash % 1024) as u16, (hash >> 32 & 1023) as u16)
    }
}
