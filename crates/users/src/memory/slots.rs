//! Records by number.

use std::array;
use std::sync::Arc;

const LEAF: usize = 16;
const BRANCH: usize = 256;

/// A list that grows, and that is cheap to copy: copies share what neither changes.
#[derive(Clone)]
pub(super) struct Slots<T> {
    branches: Vec<Arc<Branch<T>>>,
    len: u32,
}

type Leaf<T> = [Option<T>; LEAF];
type Branch<T> = [Option<Arc<Leaf<T>>>; BRANCH];

impl<T: Clone> Slots<T> {
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

    pub(super) fn set(&mut self, slot: u32, value: T) {
        if slot < self.len {
            self.put(slot as usize, value);
        }
    }

    /// Appends, and gives the number; `None` where there are no numbers left.
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
        if let Some(place) = Arc::make_mut(leaf).get_mut(slot % LEAF) {
            *place = Some(value);
        }
    }
}
