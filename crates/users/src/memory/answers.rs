//! Answers that are the same for all users with the same list.

use super::shared::UNKNOWN;
use std::cell::Cell;

/// Answers by the codes of lists; a later one can push an earlier one out.
pub(super) struct Answers(Box<[Cell<u32>]>);

impl Answers {
    const COUNT: usize = 256;

    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(|| Cell::new(u32::MAX)).take(Self::COUNT).collect())
    }

    /// The answer for the code, where it is known.
    pub(super) fn known(&self, code: u16) -> Option<bool> {
        let known = self.0.get(usize::from(code) % Self::COUNT)?.get();
        (known >> 1 == u32::from(code) && code != UNKNOWN).then_some(known & 1 == 1)
    }

    /// The answer for the code, from `find` where it is not known.
    pub(super) fn get(&self, code: u16, find: impl FnOnce() -> bool) -> bool {
        let Some(cell) = self.0.get(usize::from(code) % Self::COUNT).filter(|_| code != UNKNOWN)
        else {
            return find();
        };
        let known = cell.get();
        if known >> 1 == u32::from(code) {
            return known & 1 == 1;
        }
        let found = find();
        cell.set(u32::from(code) << 1 | u32::from(found));
        found
    }
}
