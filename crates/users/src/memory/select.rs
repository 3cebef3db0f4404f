//! The evaluator: which segments can be skipped, and which rows of a segment match.
//!
//! Conditions are evaluated on sets of rows, condition by condition rather than row by row: a
//! conjunction passes the rows that are left from one condition to the next, a disjunction the rows
//! that have not matched yet. Each kind of condition has a loop of its own over one column.

use super::cow_btree::LeafRef;
use super::memo::Memo;
use super::rowset::RowSet;
use super::search::Search;
use super::segment::Segment;
use super::segment_summary::SegmentSummary;
use super::tenant::Tenant;
use super::text_column::TextColumn;
use scieve::Substring;

/// Maximum number of slots to look for one by one in a segment; more are looked up per row.
const FEW_SLOTS: usize = 8;

impl Search<'_> {
    /// Returns the segments of a branch, one bit each, that may have matches according to their
    /// summary.
    pub(super) fn segments(&self, summary: &SegmentSummary) -> u64 {
        match self {
            Self::All(parts) => {
                parts.iter().fold(u64::MAX, |segments, part| segments & part.segments(summary))
            }
            Self::Any(parts) => {
                parts.iter().fold(0, |segments, part| segments | part.segments(summary))
            }
            Self::Contains { column, trigrams, .. } => summary.segments_with_all(*column, trigrams),
            _ => u64::MAX,
        }
    }

    /// Returns true only if the segment has no match, according to its trigrams and its Bloom
    /// filter. Cheaper than reading any row.
    pub(super) fn excludes(&self, segment: LeafRef<'_, Segment>) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.excludes(segment)),
            Self::Any(parts) => parts.iter().all(|part| part.excludes(segment)),
            Self::Contains { column, trigrams, .. } => {
                let segments = segment.summary.segments_with_all(*column, trigrams);
                segments >> segment.index & 1 == 0
            }
            Self::User { memberships: Some(memberships), .. } => {
                !memberships.iter().any(|hash| segment.leaf.memberships().may_contain(*hash))
            }
            _ => false,
        }
    }

    /// Returns those of the rows that match.
    pub(super) fn select(
        &self,
        segment: LeafRef<'_, Segment>,
        rows: RowSet,
        tenant: &Tenant,
    ) -> RowSet {
        if rows.is_empty() {
            return rows;
        }
        let leaf = segment.leaf;
        match self {
            Self::All(parts) => {
                parts.iter().fold(rows, |rows, part| part.select(segment, rows, tenant))
            }
            Self::Any(parts) => parts.iter().fold(RowSet::EMPTY, |found, part| {
                found.union(part.select(segment, rows.difference(found), tenant))
            }),
            Self::Not(inner) => rows.difference(inner.select(segment, rows, tenant)),
            Self::Status(mask) => with_status(*mask, leaf.statuses(), rows),
            Self::Slots(slots) if slots.len() <= FEW_SLOTS => {
                let mut found = RowSet::EMPTY;
                slots
                    .iter()
                    .filter_map(|slot| leaf.slots.iter().position(|other| other == slot))
                    .for_each(|row| found.insert(row));
                found.intersection(rows)
            }
            Self::Slots(slots) => filter_rows(rows, |row| {
                leaf.slots.get(row).is_some_and(|slot| slots.binary_search(slot).is_ok())
            }),
            Self::Names(names) => with_name(names, leaf, rows),
            Self::Contains { .. } | Self::User { .. } if self.excludes(segment) => RowSet::EMPTY,
            Self::Contains { column, substring, .. } => containing(substring, *column, leaf, rows),
            Self::IdAbove(id) => with_id(leaf, rows, |other| other > id.as_bytes()),
            Self::IdBelow(id) => with_id(leaf, rows, |other| other < id.as_bytes()),
            Self::User { test, schema, memo, .. } => {
                let matches = |row: usize| {
                    let user = leaf.slots.get(row).and_then(|slot| tenant.user(*slot));
                    user.is_some_and(|user| test.matches(schema, user))
                };
                match memo {
                    Some((kind, memo)) => {
                        memoised(memo, leaf.membership_codes(*kind), rows, matches)
                    }
                    None => filter_rows(rows, matches),
                }
            }
        }
    }
}

fn filter_rows(rows: RowSet, condition: impl Fn(usize) -> bool) -> RowSet {
    let mut found = RowSet::EMPTY;
    rows.iter().filter(|row| condition(*row)).for_each(|row| found.insert(row));
    found
}

/// Returns the rows whose list satisfies a test, evaluated once per list code.
fn memoised(
    memo: &Memo,
    codes: impl Iterator<Item = u16>,
    rows: RowSet,
    evaluate: impl Fn(usize) -> bool,
) -> RowSet {
    let (start, end) = rows.bounds();
    let (mut found, mut word) = (RowSet::EMPTY, 0);
    for (row, code) in codes.enumerate().take(end).skip(start) {
        // PERF: a stored result is used for every row, also outside of `rows`: testing membership
        // first costs more than the result itself (`benches/store.rs`, `page role`, `total F3`).
        let matches = memo.get(code).unwrap_or_else(|| {
            rows.contains(row) && memo.get_or_insert_with(code, || evaluate(row))
        });
        word |= u64::from(matches) << (row % 64);
        if row % 64 == 63 || row + 1 == end {
            found.insert_word(row / 64, std::mem::take(&mut word));
        }
    }
    found.intersection(rows)
}

/// Returns the rows whose status is in the mask.
fn with_status(mask: u8, statuses: &[u8], rows: RowSet) -> RowSet {
    let mut found = RowSet::EMPTY;
    let (start, end) = rows.bounds();
    let chunks = statuses.chunks(8).enumerate().take(end.div_ceil(8)).skip(start / 8);
    for (index, chunk) in chunks {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        found.insert_byte(index, bytes_in_mask(bytes, mask & 0x7F));
    }
    found.intersection(rows)
}

/// Returns bit `i` set if byte `i` has a bit in common with the mask, whose highest bit must be 0.
// PERF: SWAR, eight statuses at a time without a branch (`benches/store.rs`, `page F4`).
fn bytes_in_mask(bytes: [u8; 8], mask: u8) -> u8 {
    const LOWEST_BITS: u64 = 0x0101_0101_0101_0101;
    let common = u64::from_le_bytes(bytes) & (LOWEST_BITS * u64::from(mask));
    // Adding 0x7F to a byte of up to 0x7F sets its highest bit if the byte is not zero, and carries
    // nothing into the next byte (H. Warren, Hacker's Delight, section 6-1, "Find First 0-Byte").
    let nonzero = ((common + LOWEST_BITS * 0x7F) >> 7) & LOWEST_BITS;
    // Gathers bit 0 of each byte into the highest byte: bit `8 * i` times bit `56 - 7 * i` of the
    // multiplier is bit `56 + i`. All other products are distinct bits below 56, or overflow.
    // S. E. Anderson, Bit Twiddling Hacks, gathers bits with the same multiplication in "Interleave
    // bits with 64-bit multiply".
    (nonzero.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// Returns the rows with one of the names, which are sorted fold keys.
fn with_name(names: &[&str], segment: &Segment, rows: RowSet) -> RowSet {
    let column = segment.column(TextColumn::Name);
    filter_rows(rows, |row| {
        let name = column.string(row);
        match names {
            [one] => one.as_bytes() == name,
            many => many.binary_search_by(|other| other.as_bytes().cmp(name)).is_ok(),
        }
    })
}

fn with_id(segment: &Segment, rows: RowSet, condition: impl Fn(&[u8]) -> bool) -> RowSet {
    let column = segment.column(TextColumn::Id);
    filter_rows(rows, |row| condition(column.string(row)))
}

/// Returns the rows whose string contains the substring.
// PERF: one search over the bytes of all rows instead of one per row. A match cannot span rows, see
// the layout in `segment.rs`. After a match the search continues with the next row
// (`benches/store.rs`, `total F3`).
fn containing(
    substring: &Substring,
    column: TextColumn,
    segment: &Segment,
    rows: RowSet,
) -> RowSet {
    let column = segment.column(column);
    let (start, end) = rows.bounds();
    let (bytes, offset) = column.bytes(start, end);
    let mut found = RowSet::EMPTY;
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| substring.first_in(rest)) {
        let row = column.row_at(offset + from + at);
        found.insert(row);
        from = column.next_start(row).saturating_sub(offset);
    }
    found.intersection(rows)
}

#[cfg(test)]
mod tests {
    use super::bytes_in_mask;

    #[test]
    fn bytes_in_mask_agrees_with_a_loop_over_the_bytes() {
        for (first, mask) in (0..=0xFF).flat_map(|first| (0..0x80).map(move |mask| (first, mask))) {
            let bytes =
                std::array::from_fn(|index| (first ^ (index as u8).wrapping_mul(0x25)) & 0x7F);
            let expected = bytes.iter().enumerate().fold(0, |bits, (index, byte): (usize, &u8)| {
                bits | u8::from(byte & mask != 0) << index
            });
            assert_eq!(bytes_in_mask(bytes, mask), expected, "{bytes:?} {mask}");
        }
    }
}
