//! Sets of rows of a segment, as bitmaps with one bit per row.

use super::segment::MAX_ROWS;

const WORDS: usize = MAX_ROWS.div_ceil(64);

/// A set of rows of one segment: bit `row % 64` of word `row / 64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowSet([u64; WORDS]);

impl RowSet {
    pub(super) const EMPTY: Self = Self([0; WORDS]);

    /// Returns the rows `start..end`.
    pub(super) fn range(start: usize, end: usize) -> Self {
        let mut set = Self::EMPTY;
        for (index, word) in set.0.iter_mut().enumerate() {
            let below = |row: usize| match row.saturating_sub(index * 64) {
                0 => 0,
                count @ 1..64 => (1 << count) - 1,
                _ => u64::MAX,
            };
            *word = below(end) & !below(start);
        }
        set
    }

    pub(super) fn insert(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    /// Inserts the rows `64 * index + i` for each bit `i` that is set in `rows`.
    pub(super) fn insert_word(&mut self, index: usize, rows: u64) {
        if let Some(word) = self.0.get_mut(index) {
            *word |= rows;
        }
    }

    /// Inserts the rows `8 * index + i` for each bit `i` that is set in `rows`.
    pub(super) fn insert_byte(&mut self, index: usize, rows: u8) {
        if let Some(word) = self.0.get_mut(index / 8) {
            *word |= u64::from(rows) << (index % 8 * 8);
        }
    }

    pub(super) fn contains(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    pub(super) fn union(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    pub(super) fn difference(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    fn zip(mut self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word = combine(*word, other);
        }
        self
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    pub(super) fn len(self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Returns the smallest half-open range that contains all rows; `(0, 0)` for the empty set.
    pub(super) fn bounds(self) -> (usize, usize) {
        let first = self.0.iter().position(|word| *word != 0);
        let last = self.0.iter().rposition(|word| *word != 0);
        let word = |index: usize| self.0.get(index).copied().unwrap_or_default();
        match (first, last) {
            (Some(first), Some(last)) => (
                first * 64 + word(first).trailing_zeros() as usize,
                last * 64 + 64 - word(last).leading_zeros() as usize,
            ),
            _ => (0, 0),
        }
    }

    /// Returns the rows in ascending order.
    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = usize> {
        let (start, end) = self.bounds();
        (start..end).filter(move |row| self.contains(*row))
    }
}
