//! Records by number.

use std::sync::Arc;

const LEAF: usize = 32;
const BRANCH: usize = 256;

/// A list that grows, and that is cheap to copy: copies share what neither changes.
#[derive(Clone)]
pub(super) struct Slots<T> {
    branches: Vec<Arc<Branch<T>>>,
    len: u32,
}

type Branch<T> = Vec<Arc<Vec<T>>>;

impl<T: Clone> Slots<T> {
    pub(super) const fn new() -> Self {
        Self { branches: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        let slot = slot as usize;
        self.branches.get(slot / (LEAF * BRANCH))?.get(slot / LEAF % BRANCH)?.get(slot % LEAF)
    }

    pub(super) fn set(&mut self, slot: u32, value: T) {
        let slot = slot as usize;
        let branch = self.branches.get_mut(slot / (LEAF * BRANCH)).map(Arc::make_mut);
        let leaf = branch.and_then(|branch| branch.get_mut(slot / LEAF % BRANCH)).map(Arc::make_mut);
        if let Some(place) = leaf.and_then(|leaf| leaf.get_mut(slot % LEAF)) {
            *place = value;
        }
    }

    /// Appends, and gives the number; `None` where there are no numbers left.
    pub(super) fn push(&mut self, value: T) -> Option<u32> {
        let slot = self.len;
        self.len = self.len.checked_add(1)?;
        let place = slot as usize;
        if place.is_multiple_of(LEAF * BRANCH) {
            self.branches.push(Arc::new(Vec::new()));
        }
        let branch = Arc::make_mut(self.branches.last_mut()?);
        if place.is_multiple_of(LEAF) {
            branch.push(Arc::new(Vec::with_capacity(LEAF)));
        }
        Arc::make_mut(branch.last_mut()?).push(value);
        Some(slot)
    }
}
