//! Users in the order of their names, in blocks whose columns lie one text behind the other.

use super::digest::Digest;
use super::marks::Marks;
use super::record::Record;
use super::shared::Kind;
use super::texts::{Text, Texts};
use super::tree::{Leaf, Path, Tree};
use crate::sort;
use crate::user::{Members, Status};
use scieve::fold_key;

/// Rows of a block, at most.
pub(super) const ROWS: usize = 512;

/// Stands behind every text; no byte of UTF-8.
const END: u8 = 0xFF;
/// Stands for no text; no byte of UTF-8.
const ABSENT: u8 = 0xFE;

type Beginning = [u8; 16];

/// Neighbours in the order of (name, id).
#[derive(Clone, Default)]
pub(super) struct Block {
    pub(super) slots: Vec<u32>,
    statuses: Vec<u8>,
    codes: Vec<[u16; 3]>,
    ids: Column,
    names: Column,
    emails: Column,
    subjects: Column,
    marks: Marks,
    /// Texts that are gone since the grams were found.
    removed: usize,
}

/// What a block holds of one user.
pub(super) struct Row {
    slot: u32,
    status: Status,
    codes: [u16; 3],
    id: String,
    name: String,
    email: Option<String>,
    subject: String,
    client: Option<String>,
    marks: Marks,
}

impl Row {
    pub(super) fn new(slot: u32, record: &Record) -> Self {
        Self {
            slot,
            status: record.status(),
            codes: record.codes(),
            id: record.id().to_owned(),
            name: fold_key(record.name()).into_owned(),
            email: record.email().map(|email| fold_key(email).into_owned()),
            subject: fold_key(record.subject()).into_owned(),
            client: record.client_id().map(|client| fold_key(client).into_owned()),
            marks: Marks::of(record.marks()),
        }
    }

    pub(super) fn place(&self) -> (&[u8], &[u8]) {
        (clip(self.name.as_bytes()), self.id.as_bytes())
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether the names have one key, beyond what the order heeds too.
    pub(super) fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }

    pub(super) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

impl Texts for Row {
    fn texts(&self, which: Text) -> impl Iterator<Item = &[u8]> + Clone {
        let text = match which {
            Text::Id => Some(&self.id),
            Text::Name => Some(&self.name),
            Text::Email => self.email.as_ref(),
            Text::Subject => Some(&self.subject),
        };
        text.map(|text| text.as_bytes()).into_iter()
    }
}

/// The part of a name's key that the order heeds.
pub(super) fn clip(key: &[u8]) -> &[u8] {
    match key.len() <= sort::SortKey::MAX_BYTES {
        true => key,
        false => std::str::from_utf8(key).map_or(key, |key| sort::truncate(key).as_bytes()),
    }
}

/// A number that stands to those of other names as their places do, where the two differ.
pub(super) fn beginning_of(name: &str) -> u128 {
    u128::from_be_bytes(beginning(fold_key(name).as_bytes()))
}

fn beginning(name: &[u8]) -> Beginning {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    bytes
}

/// The last block whose first row is `before`, as the rows that come before it are too; the first block where there is none.
pub(super) fn find(order: &Tree<Block>, before: impl Fn((&[u8], &[u8])) -> bool) -> Path {
    let decide = |mark: Beginning| {
        // The least place that has such a mark, and one above them all.
        let shown = mark.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let mut above = [u8::MAX; 17];
        above.iter_mut().zip(mark).for_each(|(to, from)| *to = from);
        match (before((mark.get(..shown).unwrap_or_default(), b"")), before((&above, b""))) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        }
    };
    order.find_by_mark(decide, |leaf| before(leaf.place(0)))
}

impl Block {
    /// The block of rows that are in their order already.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut block = Self::default();
        for (at, row) in rows.iter().enumerate() {
            block.insert(at, row);
        }
        block.fit();
        block
    }

    pub(super) fn column(&self, text: Text) -> &Column {
        match text {
            Text::Id => &self.ids,
            Text::Name => &self.names,
            Text::Email => &self.emails,
            Text::Subject => &self.subjects,
        }
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The codes of a list of each user.
    pub(super) fn codes(&self, kind: Kind) -> impl Iterator<Item = u16> {
        self.codes.iter().map(move |[roles, groups, scopes]| match kind {
            Kind::Roles => *roles,
            Kind::Groups => *groups,
            Kind::Scopes => *scopes,
        })
    }

    pub(super) fn statuses(&self) -> &[u8] {
        &self.statuses
    }

    /// Clipped name and id of a row.
    pub(super) fn place(&self, row: usize) -> (&[u8], &[u8]) {
        (clip(self.names.row(row)), self.ids.row(row))
    }

    /// The first row whose place is not before what is looked for.
    pub(super) fn seek(&self, before: impl Fn((&[u8], &[u8])) -> bool) -> usize {
        let (mut low, mut high) = (0, self.slots.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(self.place(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(super) fn insert(&mut self, at: usize, row: &Row) {
        self.slots.insert(at, row.slot);
        self.statuses.insert(at, 1 << row.status as u8);
        self.codes.insert(at, row.codes);
        self.ids.insert(at, Some(&row.id));
        self.names.insert(at, Some(&row.name));
        self.emails.insert(at, row.email.as_deref());
        self.subjects.insert(at, Some(&row.subject));
        self.marks.add(&row.marks);
    }

    /// Puts a row in the place of another that has the same id and name.
    pub(super) fn update(&mut self, at: usize, row: &Row) {
        self.statuses.get_mut(at).into_iter().for_each(|status| *status = 1 << row.status as u8);
        self.codes.get_mut(at).into_iter().for_each(|codes| *codes = row.codes);
        for (column, text) in
            [(&mut self.emails, row.email.as_deref()), (&mut self.subjects, Some(&*row.subject))]
        {
            if column.row(at) != text.map_or([ABSENT].as_slice(), str::as_bytes) {
                column.remove(at);
                column.insert(at, text);
                self.removed += 1;
            }
        }
        self.marks.add(&row.marks);
    }

    /// Whether its grams are to be found anew, as many may be of texts that are gone; then that is not asked for again for a while.
    pub(super) fn is_worn(&mut self) -> bool {
        let worn = self.removed > ROWS;
        if worn {
            self.removed = 0;
        }
        worn
    }

    /// Takes a row out; its marks stay, and its grams for a while, so that a block can have more of them than it needs.
    pub(super) fn remove(&mut self, at: usize) {
        self.slots.remove(at);
        self.statuses.remove(at);
        self.codes.remove(at);
        self.ids.remove(at);
        self.names.remove(at);
        self.emails.remove(at);
        self.subjects.remove(at);
        self.removed += 1;
    }

    fn fit(&mut self) {
        self.slots.shrink_to_fit();
        self.statuses.shrink_to_fit();
        self.codes.shrink_to_fit();
        for column in [&mut self.ids, &mut self.names, &mut self.emails, &mut self.subjects] {
            column.ends.shrink_to_fit();
            column.bytes.shrink_to_fit();
        }
    }
}

impl Texts for Block {
    fn texts(&self, which: Text) -> impl Iterator<Item = &[u8]> + Clone {
        let column = self.column(which);
        (0..column.ends.len()).map(|row| column.row(row)).filter(|text| *text != [ABSENT])
    }
}

impl Leaf for Block {
    const MAX: usize = ROWS;
    /// How the first name begins, with zeros behind it where it is shorter.
    type Mark = Beginning;
    type Summary = Digest;

    fn len(&self) -> usize {
        self.slots.len()
    }

    fn mark(&self) -> Beginning {
        beginning(self.names.row(0))
    }

    fn split(&mut self) -> Self {
        let at = self.slots.len() / 2;
        let mut upper = Self {
            slots: self.slots.split_off(at),
            statuses: self.statuses.split_off(at),
            codes: self.codes.split_off(at),
            ids: self.ids.split_off(at),
            names: self.names.split_off(at),
            emails: self.emails.split_off(at),
            subjects: self.subjects.split_off(at),
            marks: self.marks.clone(),
            ..Self::default()
        };
        self.removed = 0;
        self.fit();
        upper.fit();
        upper
    }
}

/// Texts one behind the other.
#[derive(Clone, Default)]
pub(super) struct Column {
    /// Where each text ends; [`END`] stands there.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Column {
    fn start(&self, row: usize) -> usize {
        row.checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| *end as usize + 1)
    }

    /// The text; a byte that is in no text where there is none.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        let end = self.ends.get(row).map_or(0, |end| *end as usize);
        self.bytes.get(self.start(row)..end).unwrap_or_default()
    }

    /// The texts of the rows in one piece, and where it begins.
    pub(super) fn rows(&self, start: usize, end: usize) -> (&[u8], usize) {
        let from = self.start(start);
        (self.bytes.get(from..self.start(end)).unwrap_or_default(), from)
    }

    /// The row that the byte is of.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| (*end as usize) < byte)
    }

    /// Where the row after this one begins.
    pub(super) fn next(&self, row: usize) -> usize {
        self.start(row + 1)
    }

    fn insert(&mut self, at: usize, text: Option<&str>) {
        let start = self.start(at);
        let text = text.map_or([ABSENT].as_slice(), str::as_bytes);
        if self.bytes.capacity() - self.bytes.len() <= text.len() {
            self.bytes.reserve_exact(text.len() + self.bytes.len() / 8 + 1);
        }
        self.bytes.splice(start..start, text.iter().copied().chain([END]));
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.ends.insert(at, u32::try_from(start).unwrap_or(u32::MAX) + length);
        for end in self.ends.iter_mut().skip(at + 1) {
            *end = end.wrapping_add(length + 1);
        }
    }

    fn remove(&mut self, at: usize) {
        let (start, next) = (self.start(at), self.next(at));
        self.bytes.drain(start..next);
        self.ends.remove(at);
        let length = u32::try_from(next - start).unwrap_or_default();
        for end in self.ends.iter_mut().skip(at) {
            *end = end.wrapping_sub(length);
        }
    }

    fn split_off(&mut self, at: usize) -> Self {
        let start = self.start(at);
        let bytes = self.bytes.split_off(start);
        let mut ends = self.ends.split_off(at);
        let start = u32::try_from(start).unwrap_or_default();
        ends.iter_mut().for_each(|end| *end -= start);
        Self { ends, bytes }
    }
}
