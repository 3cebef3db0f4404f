//! Trigram index: a bit-sliced Bloom filter that names the segments that may contain a substring.
//!
//! # Idea
//!
//! A string that contains `query` contains the trigrams `que`, `uer` and `ery`. A substring search
//! therefore reads only the segments that have all trigrams of the substring, and verifies the
//! strings of these. PostgreSQL's `pg_trgm` and Google Code Search (R. Cox, "Regular Expression
//! Matching with a Trigram Index", 2012) work in the same way with posting lists. Here the index is
//! a Bloom filter with two hash functions per segment: no false negatives, some false positives.
//!
//! # Layout
//!
//! The filters of the up to 64 segments of a branch are stored bit-sliced (transposed): word `h`
//! holds bit `h` of all filters. One query trigram costs two loads for all the segments, and the
//! conjunction of trigrams is a bitwise AND of words. Signature files use this layout, BitFunnel
//! among them (B. Goodwin et al., SIGIR 2017).
//!
//! ```text
//!               bit s: segment s of the branch
//! word 0        0 ... 0 1 0 1     segments 0 and 2 have a trigram that hashes to 0
//! word 1        0 ... 0 0 0 0
//! ...
//! word 8191     0 ... 1 0 0 1
//! ```
//!
//! Trigrams are bytes of fold keys, not characters. They are hashed multiplicatively (D. Knuth, The
//! Art of Computer Programming, volume 3, section 6.4): `0x9E37_79B1` is a prime near 2^32
//! divided by the golden ratio.
//!
//! A Bloom filter has no deletion, so the trigrams of removed strings stay until the segment is
//! indexed anew ([`TrigramIndex::clear_segment`]).

use std::sync::Arc;

/// Number of bits in the filter of a segment. One table of words takes 64 KiB.
const WORDS: usize = 1 << 13;

/// The hash of a trigram: the numbers of two words in a [`TrigramIndex`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trigram(u16, u16);

/// The trigrams of one column in the segments of a branch. Clones share the table until one of them
/// changes it.
#[derive(Clone)]
pub(super) struct TrigramIndex(Arc<Vec<u64>>);

impl TrigramIndex {
    pub(super) fn new() -> Self {
        Self(Arc::new(vec![0; WORDS]))
    }

    /// Adds the trigrams of strings in a segment.
    pub(super) fn add<'s>(
        &mut self,
        segment: usize,
        strings: impl Iterator<Item = &'s [u8]> + Clone,
    ) {
        let bit = 1 << segment;
        // PERF: most strings have no new trigram, so look before copying the 64 KiB of a table that
        // a snapshot shares (`benches/store.rs`, `write`).
        if Arc::get_mut(&mut self.0).is_none()
            && strings.clone().flat_map(trigrams).all(|trigram| self.segments(trigram) & bit != 0)
        {
            return;
        }
        let table = Arc::make_mut(&mut self.0);
        for Trigram(first, second) in strings.flat_map(trigrams) {
            for index in [first, second] {
                table.get_mut(usize::from(index)).into_iter().for_each(|word| *word |= bit);
            }
        }
    }

    /// Returns the segments, one bit each, that may have a string with all of the trigrams.
    pub(super) fn segments_with_all(&self, trigrams: &[Trigram]) -> u64 {
        let mut segments = u64::MAX;
        for trigram in trigrams {
            segments &= self.segments(*trigram);
            if segments == 0 {
                break;
            }
        }
        segments
    }

    fn segments(&self, Trigram(first, second): Trigram) -> u64 {
        let word = |index: u16| self.0.get(usize::from(index)).copied().unwrap_or_default();
        word(first) & word(second)
    }

    /// Removes all trigrams of a segment.
    pub(super) fn clear_segment(&mut self, segment: usize) {
        self.update_words(|word| word & !(1 << segment));
    }

    /// Inserts an empty segment and moves the segments from this index on up by one. There must be
    /// fewer than 64 segments.
    pub(super) fn insert_segment(&mut self, segment: usize) {
        let below = (1 << segment) - 1;
        self.update_words(|word| word & below | (word & !below) << 1);
    }

    /// Removes a segment and moves the segments after it down by one.
    pub(super) fn remove_segment(&mut self, segment: usize) {
        let below = (1 << segment) - 1;
        self.update_words(|word| word & below | word >> 1 & !below);
    }

    /// Removes and returns the segments from this index on.
    pub(super) fn split_off(&mut self, segment: usize) -> Self {
        let mut upper = self.clone();
        upper.update_words(|word| word >> segment);
        self.update_words(|word| word & ((1 << segment) - 1));
        upper
    }

    fn update_words(&mut self, update: impl Fn(u64) -> u64) {
        Arc::make_mut(&mut self.0).iter_mut().for_each(|word| *word = update(*word));
    }
}

/// Returns the hashed trigrams of a string, in order. A string below three bytes has none.
pub(super) fn trigrams(string: &[u8]) -> impl Iterator<Item = Trigram> {
    string.windows(3).map(|bytes| {
        let trigram = bytes.iter().fold(0_u32, |trigram, byte| trigram << 8 | u32::from(*byte));
        let hash = trigram.wrapping_mul(0x9E37_79B1);
        let index = |hash: u32| (hash % WORDS as u32) as u16;
        Trigram(index(hash >> 19), index(hash >> 6))
    })
}

#[cfg(test)]
mod tests {
    use super::{Trigram, TrigramIndex, trigrams};

    fn all(string: &str) -> Vec<Trigram> {
        trigrams(string.as_bytes()).collect()
    }

    #[test]
    fn index_has_no_false_negatives_and_few_false_positives() {
        let mut index = TrigramIndex::new();
        let strings = ["josé \"pepe\" núñez", "auth0|0123456789abcdef", "ab", ""];
        index.add(3, strings.into_iter().map(str::as_bytes));
        assert!(
            ["osé", "sé \"p", "auth0|0123456789abcdef", "9ab"]
                .into_iter()
                .all(|substring| index.segments_with_all(&all(substring)) == 1 << 3)
        );
        assert!(
            ["", "é"]
                .into_iter()
                .all(|substring| index.segments_with_all(&all(substring)) == u64::MAX)
        );
        assert!(
            ["alice", "query", "zzz", "pepe "]
                .into_iter()
                .filter(|substring| index.segments_with_all(&all(substring)) != 0)
                .count()
                <= 1
        );
    }

    #[test]
    fn inserted_split_and_removed_segments_keep_their_trigrams() {
        let mut index = TrigramIndex::new();
        for (segment, string) in ["zero", "one", "two"].into_iter().enumerate() {
            index.add(segment, std::iter::once(string.as_bytes()));
        }
        let segments = |index: &TrigramIndex| {
            ["zero", "one", "two", "new"].map(|string| index.segments_with_all(&all(string)))
        };
        let snapshot = index.clone();
        index.insert_segment(1);
        assert_eq!(segments(&index), [1, 1 << 2, 1 << 3, 0]);
        index.add(1, std::iter::once(b"new".as_slice()));
        let upper = index.split_off(2);
        assert_eq!((segments(&index), segments(&upper)), ([1, 0, 0, 2], [0, 1, 2, 0]));
        index.clear_segment(0);
        index.remove_segment(0);
        assert_eq!(segments(&index), [0, 0, 0, 1]);
        assert_eq!(segments(&snapshot), [1, 2, 4, 0]);
    }
}
