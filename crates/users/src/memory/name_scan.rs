//! Scans of the name order: segment by segment, in either direction, from any key.
//!
//! A scan covers the whole order or, if the filter allows only a few names, one [`KeyRange`] per
//! name. For each range it
//!
//! 1. finds the first segment in the tree,
//! 2. skips the segments that the summaries of their branches exclude,
//! 3. cuts off the rows outside of the range, in the first segment and at the end of a name,
//! 4. evaluates the search on chunks of rows.

use super::cow_btree::{LeafNode, LeafRef};
use super::rowset::RowSet;
use super::scan_start::ScanStart;
use super::search::Search;
use super::segment::{self, MAX_ROWS, NameKey, Segment, truncate};
use super::segment_summary::SegmentSummary;
use super::tenant::Tenant;
use crate::deadline::Deadline;
use crate::page::Query;

/// Number of rows to evaluate at a time if this reads stored users: a page needs few matches, and
/// each row costs cache misses.
const SMALL_CHUNK: usize = 32;

/// A scan of the matches of a search in the order of names.
pub(super) struct NameScan<'s, 'q> {
    tenant: &'s Tenant,
    search: &'s Search<'q>,
    /// The truncated fold keys of the only names to scan, ascending; `None` for all names.
    names: Option<Vec<&'q [u8]>>,
    /// Ends the scan, after which its results are incomplete.
    deadline: Option<&'q Deadline>,
}

impl<'s, 'q> NameScan<'s, 'q> {
    pub(super) fn new(tenant: &'s Tenant, query: &'q Query<'_>, search: &'s Search<'q>) -> Self {
        let names = search.names().map(|names| {
            let mut names: Vec<_> =
                names.into_iter().map(|name| truncate(name.as_bytes())).collect();
            names.dedup();
            names
        });
        Self { tenant, search, names, deadline: query.deadline }
    }

    /// Returns the slots of the matches, in scan direction.
    pub(super) fn slots<'a>(
        &'a self,
        start: &'a ScanStart,
        ascending: bool,
    ) -> impl Iterator<Item = u32> {
        let chunk = if self.search.reads_users() { SMALL_CHUNK } else { MAX_ROWS };
        self.matches(start, ascending, chunk).flat_map(move |(segment, rows)| {
            let rows = rows.iter();
            let (up, down) = if ascending { (Some(rows), None) } else { (None, Some(rows.rev())) };
            let rows = up.into_iter().flatten().chain(down.into_iter().flatten());
            rows.filter_map(|row| segment.slots.get(row).copied())
        })
    }

    /// Returns the number of matches.
    pub(super) fn count(&self) -> u64 {
        match self.search.status_only() {
            Some(mask) => self.tenant.count(mask),
            None => {
                let matches = self.matches(&ScanStart::Edge, true, MAX_ROWS);
                matches.map(|(_, rows)| rows.len()).sum()
            }
        }
    }

    /// Returns the matching rows, `chunk` rows of a segment at a time. Empty results are left out.
    fn matches<'a>(
        &'a self,
        start: &'a ScanStart,
        ascending: bool,
        chunk: usize,
    ) -> impl Iterator<Item = (&'s Segment, RowSet)> {
        let (tenant, search) = (self.tenant, self.search);
        let count = self.names.as_ref().map_or(1, Vec::len);
        let ranges = (0..count).map(move |index| {
            let index = if ascending { index } else { count - 1 - index };
            let name = self.names.as_ref().and_then(|names| names.get(index).copied());
            KeyRange { name, start, ascending }
        });
        let chunks = ranges.flat_map(move |range| range.chunks(tenant, search, chunk));
        let deadline = self.deadline;
        let chunks = chunks.take_while(move |_| !deadline.is_some_and(Deadline::is_over));
        chunks.filter_map(move |(segment, rows)| {
            if search.excludes(segment) {
                return None;
            }
            let found = search.select(segment, rows, tenant);
            (!found.is_empty()).then_some((segment.leaf, found))
        })
    }
}

/// A part of the name order: all keys from the start on in scan direction, or those of one name.
#[derive(Clone, Copy)]
struct KeyRange<'r> {
    name: Option<&'r [u8]>,
    start: &'r ScanStart,
    ascending: bool,
}

impl<'r> KeyRange<'r> {
    /// Returns whether the range is above the key.
    // PERF: inlined into the binary searches, as is `reaches`: -11 % instructions for `name eq`
    // without a match, 2,000 users (`benches/store.rs`, `no match name`).
    #[inline]
    fn is_above(&self, key: NameKey<'_>) -> bool {
        (self.ascending && self.start.is_below_ascending(key))
            || self.name.is_some_and(|name| key.0 < name)
    }

    /// Returns whether the range contains the key or is above it.
    #[inline]
    fn reaches(&self, key: NameKey<'_>) -> bool {
        (self.ascending || self.start.is_in_descending(key))
            && self.name.is_none_or(|name| key.0 <= name)
    }

    /// Returns the rows of the range in scan direction, up to `size` rows of a segment at a time.
    fn chunks<'t>(
        self,
        tenant: &'t Tenant,
        search: &'r Search<'_>,
        size: usize,
    ) -> impl Iterator<Item = (LeafRef<'t, Segment>, RowSet)> {
        let segments = self.segments(tenant, search).enumerate().map(move |(index, segment)| {
            let (from, to) = self.rows(segment.leaf, index == 0);
            (segment, from, to)
        });
        // The scan ends at the first segment beyond the range. The first segment of a scan may have
        // no row in the range, if all its rows are before it.
        let segments = segments.take_while(move |(segment, from, to)| match self.ascending {
            true => *to > 0,
            false => *from < segment.leaf.len(),
        });
        segments.flat_map(move |(segment, from, to)| {
            chunks(from, to, size, self.ascending).map(move |rows| (segment, rows))
        })
    }

    /// Returns the segments from the start of the range on, in scan direction, except those that
    /// summaries exclude.
    fn segments<'t>(
        self,
        tenant: &'t Tenant,
        search: &'r Search<'_>,
    ) -> impl Iterator<Item = LeafRef<'t, Segment>> {
        // The scan of a name ends at the first segment beyond it, which must not be skipped.
        let select = move |summary: &SegmentSummary| match self.name {
            Some(_) => u64::MAX,
            None => search.segments(summary),
        };
        let order = tenant.name_order();
        let (up, down) = if self.ascending {
            let path = segment::find(order, |key| self.is_above(key));
            (Some(order.leaf_refs_from(path, select)), None)
        } else {
            let path = segment::find(order, |key| self.reaches(key));
            (None, Some(order.leaf_refs_back_from(path, select)))
        };
        up.into_iter().flatten().chain(down.into_iter().flatten())
    }

    /// Returns the rows `from..to` of a segment that are in the range. Only the first segment of a
    /// scan can contain its start, and only a name has an end; elsewhere no key is compared.
    fn rows(&self, segment: &Segment, is_first: bool) -> (usize, usize) {
        let ends = self.name.is_some();
        let from = match is_first || ends && !self.ascending {
            true => segment.lower_bound(|key| self.is_above(key)),
            false => 0,
        };
        let to = match is_first || ends && self.ascending {
            true => segment.lower_bound(|key| self.reaches(key)),
            false => segment.len(),
        };
        (from, to)
    }
}

/// Splits the rows `from..to` into sets of up to `size` rows, in scan direction.
fn chunks(from: usize, to: usize, size: usize, ascending: bool) -> impl Iterator<Item = RowSet> {
    let count = to.saturating_sub(from).div_ceil(size);
    (0..count).map(move |index| match ascending {
        true => RowSet::range(from + index * size, (from + (index + 1) * size).min(to)),
        false => RowSet::range(to.saturating_sub((index + 1) * size).max(from), to - index * size),
    })
}
