//! Which rows of a block.

use super::block::ROWS;

const WORDS: usize = ROWS.div_ceil(64);

/// A set of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    pub(super) const NONE: Self = Self([0; WORDS]);

    /// The rows from `start` up to `end`, without it.
    pub(super) fn range(start: usize, end: usize) -> Self {
        let mut bits = Self::NONE;
        for (place, word) in bits.0.iter_mut().enumerate() {
            let below = |row: usize| match row.saturating_sub(place * 64) {
                0 => 0,
                count @ 1..64 => (1 << count) - 1,
                _ => u64::MAX,
            };
            *word = below(end) & !below(start);
        }
        bits
    }

    pub(super) fn set(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    pub(super) fn has(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Adds rows of the 64 that begin at 64 times `place`, a bit for each.
    pub(super) fn set_word(&mut self, place: usize, rows: u64) {
        if let Some(word) = self.0.get_mut(place) {
            *word |= rows;
        }
    }

    /// Adds rows of the eight that begin at eight times `place`, a bit for each.
    pub(super) fn set_eight(&mut self, place: usize, rows: u8) {
        if let Some(word) = self.0.get_mut(place / 8) {
            *word |= u64::from(rows) << (place % 8 * 8);
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    pub(super) fn without(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    fn zip(mut self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word = join(*word, other);
        }
        self
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(super) fn count(self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The first row and the one behind the last.
    pub(super) fn span(self) -> (usize, usize) {
        let first = self.0.iter().position(|word| *word != 0);
        let last = self.0.iter().rposition(|word| *word != 0);
        let word = |place: usize| self.0.get(place).copied().unwrap_or_default();
        match (first, last) {
            (Some(first), Some(last)) => (
                first * 64 + word(first).trailing_zeros() as usize,
                last * 64 + 64 - word(last).leading_zeros() as usize,
            ),
            _ => (0, 0),
        }
    }

    /// Ascending.
    pub(super) fn rows(self) -> impl DoubleEndedIterator<Item = usize> {
        let (start, end) = self.span();
        (start..end)
            .filter(move |row| self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1))
    }
}
