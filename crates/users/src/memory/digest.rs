//! What is known of a few dozen neighbouring blocks without looking at them.

use super::grams::{Gram, Grams};
use super::texts::{Text, Texts};
use super::tree::Summary;
use std::sync::Arc;

/// Blocks for which grams are kept, at least: fewer are looked through at once.
const FEW: usize = 8;

/// The texts of which grams are kept.
const KEPT: [Text; 3] = [Text::Name, Text::Email, Text::Subject];

/// The grams of the texts in the blocks of a branch, where there are enough of them.
#[derive(Clone, Default)]
pub(super) struct Digest(Option<[Grams; KEPT.len()]>);

impl Digest {
    /// Adds texts that are new in a block.
    pub(super) fn add(&mut self, block: usize, new: &impl Texts) {
        self.0
            .iter_mut()
            .flatten()
            .zip(KEPT)
            .for_each(|(grams, which)| grams.add(block, new.texts(which)));
    }

    /// The blocks, a bit for each, that may have a text with all of the grams.
    pub(super) fn with(&self, which: Text, all: &[Gram]) -> u64 {
        let kept = self.0.iter().flatten().zip(KEPT).find(|(_, other)| *other == which);
        kept.map_or(u64::MAX, |(grams, _)| grams.with(all))
    }
}

impl<B: Texts> Summary<B> for Digest {
    fn insert(&mut self, place: usize, blocks: &[Arc<B>]) {
        if let Some(all) = &mut self.0 {
            all.iter_mut().for_each(|grams| grams.open(place));
            blocks.get(place).into_iter().for_each(|block| self.add(place, &**block));
        } else if blocks.len() >= FEW {
            self.0 = Some(std::array::from_fn(|_| Grams::new()));
            blocks.iter().enumerate().for_each(|(place, block)| self.add(place, &**block));
        }
    }

    fn renew(&mut self, place: usize, block: &B) {
        self.0.iter_mut().flatten().for_each(|grams| grams.clear(place));
        self.add(place, block);
    }

    fn remove(&mut self, place: usize) {
        self.0.iter_mut().flatten().for_each(|grams| grams.close(place));
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self(self.0.as_mut().map(|all| all.each_mut().map(|grams| grams.split_off(at))))
    }
}
