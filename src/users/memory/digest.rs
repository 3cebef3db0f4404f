//! What is known of a few dozen neighbouring blocks without looking at them.

use super::block::{Block, Row, Text};
use super::grams::{Gram, Grams};
use super::tree::Summary;
use std::sync::Arc;

/// Blocks for which grams are kept, at least: fewer are looked through at once.
const FEW: usize = 8;

/// The grams of the names, e-mail addresses and subjects in the blocks of a branch, where there are enough of them.
#[derive(Clone, Default)]
pub(super) struct Digest(Option<[Grams; 3]>);

const TEXTS: [Text; 3] = [Text::Name, Text::Email, Text::Subject];

impl Digest {
    /// Adds the texts of a row in a block.
    pub(super) fn add(&mut self, block: usize, row: &Row) {
        for (grams, text) in self.0.iter_mut().flatten().zip(TEXTS.map(|text| row.text(text))) {
            grams.add(block, text.into_iter().map(str::as_bytes));
        }
    }

    /// The blocks, a bit for each, that may have a text with all of the grams.
    pub(super) fn with(&self, text: Text, all: &[Gram]) -> u64 {
        let grams = self.0.iter().flatten().zip(TEXTS).find(|(_, other)| *other == text);
        grams.map_or(u64::MAX, |(grams, _)| grams.with(all))
    }

    fn add_all(&mut self, place: usize, block: &Block) {
        for (grams, text) in self.0.iter_mut().flatten().zip(TEXTS) {
            grams.add(place, (0..block.slots.len()).map(|row| block.column(text).row(row)));
        }
    }
}

impl Summary<Block> for Digest {
    fn insert(&mut self, place: usize, blocks: &[Arc<Block>]) {
        if let Some(all) = &mut self.0 {
            all.iter_mut().for_each(|grams| grams.open(place));
            blocks.get(place).into_iter().for_each(|block| self.add_all(place, block));
        } else if blocks.len() >= FEW {
            self.0 = Some(std::array::from_fn(|_| Grams::new()));
            blocks.iter().enumerate().for_each(|(place, block)| self.add_all(place, block));
        }
    }

    fn renew(&mut self, place: usize, block: &Block) {
        self.0.iter_mut().flatten().for_each(|grams| grams.clear(place));
        self.add_all(place, block);
    }

    fn remove(&mut self, place: usize) {
        self.0.iter_mut().flatten().for_each(|grams| grams.close(place));
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self(self.0.as_mut().map(|all| all.each_mut().map(|grams| grams.split_off(at))))
    }
}
