//! Memoised results of a test that depends on one interned membership list alone.
//!
//! Thousands of users share the same role, group or scope list ([`Interner`]), and the code of a
//! list identifies it. A query therefore evaluates such a test once per list instead of once per
//! user. The memo is a direct-mapped cache: code `c` uses entry `c % 256`, and a collision
//! overwrites the older result.
//!
//! [`Interner`]: super::interner::Interner

use super::interner::NO_CODE;
use std::cell::Cell;

/// Test results by list code. An entry is `code << 1 | result`, or `u32::MAX` if it is unused: no
/// code has 31 bits.
pub(super) struct Memo(Box<[Cell<u32>]>);

impl Memo {
    const ENTRIES: usize = 256;

    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(|| Cell::new(u32::MAX)).take(Self::ENTRIES).collect())
    }

    /// Returns the stored result for the code, if there is one.
    pub(super) fn get(&self, code: u16) -> Option<bool> {
        let entry = self.0.get(usize::from(code) % Self::ENTRIES)?.get();
        (entry >> 1 == u32::from(code) && code != NO_CODE).then_some(entry & 1 == 1)
    }

    /// Returns the result for the code, from `evaluate` if it is not stored.
    pub(super) fn get_or_insert_with(&self, code: u16, evaluate: impl FnOnce() -> bool) -> bool {
        let Some(entry) = self.0.get(usize::from(code) % Self::ENTRIES).filter(|_| code != NO_CODE)
        else {
            return evaluate();
        };
        let stored = entry.get();
        if stored >> 1 == u32::from(code) {
            return stored & 1 == 1;
        }
        let result = evaluate();
        entry.set(u32::from(code) << 1 | u32::from(result));
        result
    }
}
