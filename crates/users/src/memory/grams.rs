//! Which pieces of three bytes the texts of neighbouring blocks have.

use std::sync::Arc;

/// Places of a table.
const PLACES: usize = 1 << 13;

/// A piece of three bytes, as two places of a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gram(u16, u16);

/// The grams of the texts in a column of up to 64 blocks: for each place a bit for each block that has such a gram. A gram that was
/// added is always found, another now and then. Copies share the table until one of them changes.
#[derive(Clone)]
pub(super) struct Grams(Arc<Vec<u64>>);

impl Grams {
    pub(super) fn new() -> Self {
        Self(Arc::new(vec![0; PLACES]))
    }

    /// Adds those of texts in a block.
    pub(super) fn add<'t>(&mut self, block: usize, texts: impl Iterator<Item = &'t [u8]> + Clone) {
        let bit = 1 << block;
        // Most texts bring nothing new; a table that others have too is copied for those that do.
        if Arc::get_mut(&mut self.0).is_none()
            && texts.clone().flat_map(grams).all(|gram| self.word(gram) & bit != 0)
        {
            return;
        }
        let table = Arc::make_mut(&mut self.0);
        for Gram(one, other) in texts.flat_map(grams) {
            for place in [one, other] {
                table.get_mut(usize::from(place)).into_iter().for_each(|word| *word |= bit);
            }
        }
    }

    /// The blocks, a bit for each, that may have a text with all of the grams.
    pub(super) fn with(&self, all: &[Gram]) -> u64 {
        let mut blocks = u64::MAX;
        for gram in all {
            blocks &= self.word(*gram);
            if blocks == 0 {
                break;
            }
        }
        blocks
    }

    fn word(&self, Gram(one, other): Gram) -> u64 {
        let word = |place: u16| self.0.get(usize::from(place)).copied().unwrap_or_default();
        word(one) & word(other)
    }

    /// Forgets the grams of a block.
    pub(super) fn clear(&mut self, block: usize) {
        self.each(|word| word & !(1 << block));
    }

    /// Makes room for a block among the others, the last of which there must not be yet.
    pub(super) fn open(&mut self, block: usize) {
        let below = (1 << block) - 1;
        self.each(|word| word & below | (word & !below) << 1);
    }

    /// Takes a block out from among the others.
    pub(super) fn close(&mut self, block: usize) {
        let below = (1 << block) - 1;
        self.each(|word| word & below | word >> 1 & !below);
    }

    /// Takes the blocks from there on off.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let mut upper = self.clone();
        upper.each(|word| word >> at);
        self.each(|word| word & ((1 << at) - 1));
        upper
    }

    fn each(&mut self, change: impl Fn(u64) -> u64) {
        Arc::make_mut(&mut self.0).iter_mut().for_each(|word| *word = change(*word));
    }
}

/// The grams of a text, in its order.
pub(super) fn grams(text: &[u8]) -> impl Iterator<Item = Gram> {
    text.windows(3).map(|bytes| {
        let gram = bytes.iter().fold(0_u32, |gram, byte| gram << 8 | u32::from(*byte));
        let hash = gram.wrapping_mul(0x9E37_79B1);
        let place = |hash: u32| (hash % PLACES as u32) as u16;
        Gram(place(hash >> 19), place(hash >> 6))
    })
}

#[cfg(test)]
mod tests {
    use super::{Gram, Grams, grams};

    fn all(text: &str) -> Vec<Gram> {
        grams(text.as_bytes()).collect()
    }

    #[test]
    fn what_a_text_holds_is_found_and_most_else_is_not() {
        let mut table = Grams::new();
        let texts = ["josé \"pepe\" núñez", "auth0|0123456789abcdef", "ab", ""];
        table.add(3, texts.into_iter().map(str::as_bytes));
        assert!(
            ["osé", "sé \"p", "auth0|0123456789abcdef", "9ab"]
                .into_iter()
                .all(|text| table.with(&all(text)) == 1 << 3)
        );
        assert!(["", "é"].into_iter().all(|text| table.with(&all(text)) == u64::MAX));
        assert!(
            ["alice", "query", "zzz", "pepe "]
                .into_iter()
                .filter(|text| table.with(&all(text)) != 0)
                .count()
                <= 1
        );
    }

    #[test]
    fn blocks_come_and_go_with_their_grams() {
        let mut table = Grams::new();
        for (block, text) in ["zero", "one", "two"].into_iter().enumerate() {
            table.add(block, std::iter::once(text.as_bytes()));
        }
        let places =
            |table: &Grams| ["zero", "one", "two", "new"].map(|text| table.with(&all(text)));
        let kept = table.clone();
        table.open(1);
        assert_eq!(places(&table), [1, 1 << 2, 1 << 3, 0]);
        table.add(1, std::iter::once(b"new".as_slice()));
        let upper = table.split_off(2);
        assert_eq!((places(&table), places(&upper)), ([1, 0, 0, 2], [0, 1, 2, 0]));
        table.clear(0);
        table.close(0);
        assert_eq!(places(&table), [0, 0, 0, 1]);
        assert_eq!(places(&kept), [1, 2, 4, 0]);
    }
}
