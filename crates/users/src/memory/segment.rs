//! Columnar segments: up to 512 users that are neighbours in the name order.
//!
//! # Layout
//!
//! A segment stores the filterable attributes column by column, so that a scan reads only the
//! columns that the filter compares, sequentially.
//!
//! ```text
//! row                0        1        2       ...
//! slots            [ 17     | 4      | 901    | ... ]   numbers of the users
//! statuses         [ 1 << 0 | 1 << 3 | 1 << 0 | ... ]   one bit per status
//! membership_codes [ r,g,s  | r,g,s  | r,g,s  | ... ]   interner codes of the lists
//! names            [ "anna"   "bob"    "bob"    ... ]   text columns, see below
//! ids, emails, subjects
//! memberships      BloomFilter over the lists of all rows
//! ```
//!
//! The text columns concatenate their strings, each followed by a terminator:
//!
//! ```text
//! bytes  a  n  n  a  FF  b  o  b  FF  FE  FF  ...
//! ends               4            8       10         FE: the row has no string
//! ```
//!
//! Neither `FE` nor `FF` occurs in UTF-8, so a substring search over the bytes of many rows at once
//! finds no match that spans rows, and none in the marker of a missing string.
//!
//! # Order
//!
//! Rows are ordered by name and id ([`NameKey`]). The separator of a segment is the 16-byte prefix
//! of its first name.

use super::bloom::BloomFilter;
use super::cow_btree::{CowBTree, LeafNode, LeafPath};
use super::interner::MembershipKind;
use super::segment_summary::SegmentSummary;
use super::stored_user::StoredUser;
use super::text_column::{ColumnStrings, TextColumn};
use crate::sort;
use crate::user::{Members, Status};
use scieve::fold_key;

/// Maximum number of rows in a segment.
pub(super) const MAX_ROWS: usize = 512;

/// Follows every string of a column. Not a byte of UTF-8.
const TERMINATOR: u8 = 0xFF;
/// Represents a missing string. Not a byte of UTF-8.
const MISSING: u8 = 0xFE;

/// Length of [`KeyPrefix`].
const PREFIX: usize = 16;

/// The first bytes of a name's fold key, padded with zeros.
type KeyPrefix = [u8; PREFIX];

/// The key of the name order: the [truncated](truncate) fold key of the name, then the id.
pub(super) type NameKey<'k> = (&'k [u8], &'k [u8]);

/// Users that are neighbours in the name order.
#[derive(Clone, Default)]
pub(super) struct Segment {
    pub(super) slots: Vec<u32>,
    statuses: Vec<u8>,
    membership_codes: Vec<[u16; 3]>,
    ids: Column,
    names: Column,
    emails: Column,
    subjects: Column,
    memberships: BloomFilter,
    /// Number of strings removed since the trigrams of the segment were indexed.
    stale_strings: usize,
}

/// The values of one user that segments and indexes store.
pub(super) struct Row {
    slot: u32,
    status: Status,
    membership_codes: [u16; 3],
    id: String,
    name: String,
    email: Option<String>,
    subject: String,
    client_id: Option<String>,
    memberships: BloomFilter,
}

impl Row {
    pub(super) fn new(slot: u32, user: &StoredUser) -> Self {
        Self {
            slot,
            status: user.status(),
            membership_codes: user.membership_codes(),
            id: user.id().to_owned(),
            name: fold_key(user.name()).into_owned(),
            email: user.email().map(|email| fold_key(email).into_owned()),
            subject: fold_key(user.subject()).into_owned(),
            client_id: user.client_id().map(|client| fold_key(client).into_owned()),
            memberships: BloomFilter::from_hashes(user.bloom_hashes()),
        }
    }

    pub(super) fn name_key(&self) -> NameKey<'_> {
        (truncate(self.name.as_bytes()), self.id.as_bytes())
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether the fold keys of the names are equal, including what [`truncate`] removes.
    pub(super) fn has_same_name(&self, other: &Self) -> bool {
        self.name == other.name
    }

    pub(super) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }
}

impl ColumnStrings for Row {
    fn strings(&self, column: TextColumn) -> impl Iterator<Item = &[u8]> + Clone {
        let string = match column {
            TextColumn::Id => Some(&self.id),
            TextColumn::Name => Some(&self.name),
            TextColumn::Email => self.email.as_ref(),
            TextColumn::Subject => Some(&self.subject),
        };
        string.map(|string| string.as_bytes()).into_iter()
    }
}

/// Returns the part of a name's fold key that the order compares.
pub(super) fn truncate(key: &[u8]) -> &[u8] {
    match key.len() <= sort::SortKey::MAX_BYTES {
        true => key,
        false => std::str::from_utf8(key).map_or(key, |key| sort::truncate(key).as_bytes()),
    }
}

/// Returns a number that orders names like their fold keys, except that names with the same
/// 16-byte prefix have the same number.
pub(super) fn prefix_number(name: &str) -> u128 {
    u128::from_be_bytes(key_prefix(fold_key(name).as_bytes()))
}

fn key_prefix(key: &[u8]) -> KeyPrefix {
    let mut prefix = [0; PREFIX];
    prefix.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    prefix
}

/// Returns the path of the last segment whose first row satisfies `is_before`, or of the first
/// segment if none does. `is_before` must hold for all keys below some key, and for no other.
pub(super) fn find(order: &CowBTree<Segment>, is_before: impl Fn(NameKey<'_>) -> bool) -> LeafPath {
    order.find_by_separator(
        |prefix| all_or_none_before(prefix, &is_before),
        |segment| is_before(segment.name_key(0)),
    )
}

/// Returns whether all keys with the prefix satisfy `is_before`, or none does; `None` if the prefix
/// does not decide.
///
/// All these keys lie between the prefix without its padding, which is the least of them, and the
/// prefix followed by a byte that no name has, which is above them all. As `is_before` is
/// monotonic, its values for these two bounds suffice.
fn all_or_none_before(prefix: KeyPrefix, is_before: &impl Fn(NameKey<'_>) -> bool) -> Option<bool> {
    let unpadded = prefix.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let least = prefix.get(..unpadded).unwrap_or_default();
    if !is_before((least, b"")) {
        return Some(false);
    }
    let mut above = [u8::MAX; PREFIX + 1];
    above.iter_mut().zip(prefix).for_each(|(to, from)| *to = from);
    is_before((&above, b"")).then_some(true)
}

impl Segment {
    /// Builds a segment from ordered rows.
    pub(super) fn from_rows(rows: &[Row]) -> Self {
        let mut segment = Self::default();
        for (index, row) in rows.iter().enumerate() {
            segment.insert(index, row);
        }
        segment.shrink_to_fit();
        segment
    }

    pub(super) fn column(&self, column: TextColumn) -> &Column {
        match column {
            TextColumn::Id => &self.ids,
            TextColumn::Name => &self.names,
            TextColumn::Email => &self.emails,
            TextColumn::Subject => &self.subjects,
        }
    }

    pub(super) fn memberships(&self) -> &BloomFilter {
        &self.memberships
    }

    /// Returns the interner code of a list of each row.
    pub(super) fn membership_codes(&self, kind: MembershipKind) -> impl Iterator<Item = u16> {
        self.membership_codes.iter().map(move |[roles, groups, scopes]| match kind {
            MembershipKind::Roles => *roles,
            MembershipKind::Groups => *groups,
            MembershipKind::Scopes => *scopes,
        })
    }

    /// Returns the status of each row, as `1 << status`.
    pub(super) fn statuses(&self) -> &[u8] {
        &self.statuses
    }

    pub(super) fn name_key(&self, row: usize) -> NameKey<'_> {
        (truncate(self.names.string(row)), self.ids.string(row))
    }

    /// Returns the first row that does not satisfy `is_before`, which must hold for a prefix of the
    /// rows.
    pub(super) fn lower_bound(&self, is_before: impl Fn(NameKey<'_>) -> bool) -> usize {
        let (mut low, mut high) = (0, self.slots.len());
        while low < high {
            let middle = low.midpoint(high);
            if is_before(self.name_key(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(super) fn insert(&mut self, index: usize, row: &Row) {
        self.slots.insert(index, row.slot);
        self.statuses.insert(index, 1 << row.status as u8);
        self.membership_codes.insert(index, row.membership_codes);
        self.ids.insert(index, Some(&row.id));
        self.names.insert(index, Some(&row.name));
        self.emails.insert(index, row.email.as_deref());
        self.subjects.insert(index, Some(&row.subject));
        self.memberships.merge(&row.memberships);
    }

    /// Replaces a row by another with the same id and name.
    pub(super) fn update(&mut self, index: usize, row: &Row) {
        if let Some(status) = self.statuses.get_mut(index) {
            *status = 1 << row.status as u8;
        }
        if let Some(codes) = self.membership_codes.get_mut(index) {
            *codes = row.membership_codes;
        }
        for (column, string) in
            [(&mut self.emails, row.email.as_deref()), (&mut self.subjects, Some(&*row.subject))]
        {
            if column.string(index) != bytes_or_missing(string) {
                column.remove(index);
                column.insert(index, string);
                self.stale_strings += 1;
            }
        }
        self.memberships.merge(&row.memberships);
    }

    /// Removes a row. Its values stay in the Bloom filter, and its trigrams in the summary until
    /// they are rebuilt; both only cost false positives.
    pub(super) fn remove(&mut self, index: usize) {
        self.slots.remove(index);
        self.statuses.remove(index);
        self.membership_codes.remove(index);
        self.ids.remove(index);
        self.names.remove(index);
        self.emails.remove(index);
        self.subjects.remove(index);
        self.stale_strings += 1;
    }

    /// Returns whether the trigrams should be rebuilt because many may belong to removed strings,
    /// and restarts the count of these.
    pub(super) fn take_rebuild_due(&mut self) -> bool {
        let due = self.stale_strings > MAX_ROWS;
        if due {
            self.stale_strings = 0;
        }
        due
    }

    fn shrink_to_fit(&mut self) {
        self.slots.shrink_to_fit();
        self.statuses.shrink_to_fit();
        self.membership_codes.shrink_to_fit();
        for column in [&mut self.ids, &mut self.names, &mut self.emails, &mut self.subjects] {
            column.ends.shrink_to_fit();
            column.bytes.shrink_to_fit();
        }
    }
}

impl ColumnStrings for Segment {
    fn strings(&self, column: TextColumn) -> impl Iterator<Item = &[u8]> + Clone {
        let column = self.column(column);
        let strings = (0..column.ends.len()).map(|row| column.string(row));
        strings.filter(|string| *string != [MISSING])
    }
}

impl LeafNode for Segment {
    const MAX: usize = MAX_ROWS;
    type Separator = KeyPrefix;
    type Summary = SegmentSummary;

    fn len(&self) -> usize {
        self.slots.len()
    }

    fn separator(&self) -> KeyPrefix {
        key_prefix(self.names.string(0))
    }

    fn split(&mut self) -> Self {
        let middle = self.slots.len() / 2;
        let mut upper = Self {
            slots: self.slots.split_off(middle),
            statuses: self.statuses.split_off(middle),
            membership_codes: self.membership_codes.split_off(middle),
            ids: self.ids.split_off(middle),
            names: self.names.split_off(middle),
            emails: self.emails.split_off(middle),
            subjects: self.subjects.split_off(middle),
            memberships: self.memberships.clone(),
            ..Self::default()
        };
        // The tree rebuilds the trigrams of both parts.
        self.stale_strings = 0;
        self.shrink_to_fit();
        upper.shrink_to_fit();
        upper
    }
}

/// A column of concatenated strings, each followed by [`TERMINATOR`].
#[derive(Clone, Default)]
pub(super) struct Column {
    /// The position of the terminator of each string.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

fn bytes_or_missing(string: Option<&str>) -> &[u8] {
    string.map_or([MISSING].as_slice(), str::as_bytes)
}

impl Column {
    /// Returns the position of a row in the bytes.
    fn start(&self, row: usize) -> usize {
        row.checked_sub(1)
            .and_then(|previous| self.ends.get(previous))
            .map_or(0, |end| *end as usize + 1)
    }

    /// Returns the string of a row; the byte [`MISSING`] if it has none.
    pub(super) fn string(&self, row: usize) -> &[u8] {
        let end = self.ends.get(row).map_or(0, |end| *end as usize);
        self.bytes.get(self.start(row)..end).unwrap_or_default()
    }

    /// Returns the bytes of the rows `start..end`, terminators included, and their position.
    pub(super) fn bytes(&self, start: usize, end: usize) -> (&[u8], usize) {
        let from = self.start(start);
        (self.bytes.get(from..self.start(end)).unwrap_or_default(), from)
    }

    /// Returns the row that contains the byte at a position.
    pub(super) fn row_at(&self, position: usize) -> usize {
        self.ends.partition_point(|end| (*end as usize) < position)
    }

    /// Returns the position of the row after this one.
    pub(super) fn next_start(&self, row: usize) -> usize {
        self.start(row + 1)
    }

    fn insert(&mut self, row: usize, string: Option<&str>) {
        let start = self.start(row);
        let string = bytes_or_missing(string);
        // Growing by an eighth instead of doubling keeps the columns small.
        if self.bytes.capacity() - self.bytes.len() <= string.len() {
            self.bytes.reserve_exact(string.len() + self.bytes.len() / 8 + 1);
        }
        self.bytes.splice(start..start, string.iter().copied().chain([TERMINATOR]));
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        self.ends.insert(row, u32::try_from(start).unwrap_or(u32::MAX) + length);
        for end in self.ends.iter_mut().skip(row + 1) {
            *end = end.wrapping_add(length + 1);
        }
    }

    fn remove(&mut self, row: usize) {
        let (start, next) = (self.start(row), self.next_start(row));
        self.bytes.drain(start..next);
        self.ends.remove(row);
        let length = u32::try_from(next - start).unwrap_or_default();
        for end in self.ends.iter_mut().skip(row) {
            *end = end.wrapping_sub(length);
        }
    }

    fn split_off(&mut self, row: usize) -> Self {
        let start = self.start(row);
        let bytes = self.bytes.split_off(start);
        let mut ends = self.ends.split_off(row);
        let start = u32::try_from(start).unwrap_or_default();
        ends.iter_mut().for_each(|end| *end -= start);
        Self { ends, bytes }
    }
}
