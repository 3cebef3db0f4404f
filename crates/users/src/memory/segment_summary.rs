//! Summary of the segments of a branch: trigram indexes of their names, e-mail addresses and
//! subjects, which let a scan skip segments without reading them.

use super::cow_btree::NodeSummary;
use super::text_column::{ColumnStrings, TextColumn};
use super::trigram_index::{Trigram, TrigramIndex};
use std::sync::Arc;

/// Minimum number of segments in a branch to index it. The indexes take 192 KiB per branch, and
/// scanning fewer segments than this is fast without.
const MIN_SEGMENTS: usize = 8;

/// The indexed columns: those that policies allow `co` on.
const INDEXED: [TextColumn; 3] = [TextColumn::Name, TextColumn::Email, TextColumn::Subject];

/// The trigram indexes of a branch, in the order of [`INDEXED`]; `None` for a small branch.
#[derive(Clone, Default)]
pub(super) struct SegmentSummary(Option<[TrigramIndex; INDEXED.len()]>);

impl SegmentSummary {
    /// Adds strings that are new in a segment.
    pub(super) fn add(&mut self, segment: usize, rows: &impl ColumnStrings) {
        let indexes = self.0.iter_mut().flatten().zip(INDEXED);
        indexes.for_each(|(index, column)| index.add(segment, rows.strings(column)));
    }

    /// Returns the segments, one bit each, that may have a string with all of the trigrams in the
    /// column.
    pub(super) fn segments_with_all(&self, column: TextColumn, trigrams: &[Trigram]) -> u64 {
        let mut indexes = self.0.iter().flatten().zip(INDEXED);
        let index = indexes.find(|(_, indexed)| *indexed == column);
        index.map_or(u64::MAX, |(index, _)| index.segments_with_all(trigrams))
    }
}

impl<S: ColumnStrings> NodeSummary<S> for SegmentSummary {
    fn insert(&mut self, index: usize, segments: &[Arc<S>]) {
        if let Some(indexes) = &mut self.0 {
            indexes.iter_mut().for_each(|trigrams| trigrams.insert_segment(index));
            segments.get(index).into_iter().for_each(|segment| self.add(index, &**segment));
        } else if segments.len() >= MIN_SEGMENTS {
            self.0 = Some(std::array::from_fn(|_| TrigramIndex::new()));
            segments.iter().enumerate().for_each(|(index, segment)| self.add(index, &**segment));
        }
    }

    fn rebuild(&mut self, index: usize, segment: &S) {
        self.0.iter_mut().flatten().for_each(|trigrams| trigrams.clear_segment(index));
        self.add(index, segment);
    }

    fn remove(&mut self, index: usize) {
        self.0.iter_mut().flatten().for_each(|trigrams| trigrams.remove_segment(index));
    }

    fn split_off(&mut self, index: usize) -> Self {
        let indexes = self.0.as_mut();
        Self(indexes.map(|all| all.each_mut().map(|trigrams| trigrams.split_off(index))))
    }
}
