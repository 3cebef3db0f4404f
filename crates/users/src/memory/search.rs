//! A plan made ready for the indexes: what they answer is looked up, the rest is asked of the records.

use super::answers::Answers;
use super::bits::Bits;
use super::block::Block;
use super::digest::Digest;
use super::grams::{Gram, grams};
use super::lookup::By;
use super::marks::Mark;
use super::record::Record;
use super::shared::Kind;
use super::tenant::Tenant;
use super::texts::Text;
use super::tree::Spot;
use crate::attributes;
use crate::page::Query;
use crate::user::{Members, Status, User};
use scieve::{Attribute, Schema};
use scieve::{CaseSensitivity, Substring, Value, fold_key};
use scieve::{Node, Plan, Predicate, Test};

/// Grams of a needle that blocks are asked for, at most.
const GRAMS: usize = 16;

/// A question about rows of blocks.
pub(super) enum Search<'q> {
    /// All of them; true where there are none. The cheap ones come first.
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// One of the statuses, a bit for each.
    Status(u8),
    /// One of these users, sorted.
    Users(Vec<u32>),
    /// The name's key is one of these, sorted.
    Names(Vec<&'q str>),
    /// With the grams of the needle: a block that lacks one has no such user.
    Contains(Text, &'q Substring, Vec<Gram>),
    IdAbove(&'q str),
    IdBelow(&'q str),
    /// What only the record knows; where `marks` are given, a block that has none of them has no such user; where
    /// `answers`, they depend on that list alone.
    Record {
        test: &'q Test,
        schema: &'q Schema,
        marks: Option<Vec<Mark>>,
        answers: Option<(Kind, Answers)>,
    },
}

impl<'q> Search<'q> {
    /// What the query asks for, its order and window apart.
    pub(super) fn of(query: &'q Query<'_>, tenant: &Tenant) -> Self {
        let mut all = Vec::new();
        if query.without_deleted {
            all.push(Self::Status(statuses(|status| status != Status::Deleted)));
        }
        all.extend(query.id_above.as_deref().map(Self::IdAbove));
        all.extend(query.id_below.as_deref().map(Self::IdBelow));
        if let Some(plan) = query.plan {
            match Self::node(plan.root(), plan, tenant) {
                Self::All(parts) => all.extend(parts),
                part => all.push(part),
            }
        }
        all.sort_by_key(Self::cost);
        Self::All(all)
    }

    fn node(node: &'q Node, plan: &'q Plan<User>, tenant: &Tenant) -> Self {
        let parts = |children: &'q [Node]| {
            let mut parts: Vec<_> =
                children.iter().map(|child| Self::node(child, plan, tenant)).collect();
            parts.sort_by_key(Self::cost);
            parts
        };
        match node {
            Node::All(children) => Self::All(parts(children)),
            Node::Any(children) => Self::Any(parts(children)),
            Node::Not(child) => Self::Not(Box::new(Self::node(child, plan, tenant))),
            Node::Test(test) => Self::test(test, plan.schema(), tenant),
        }
    }

    fn test(test: &'q Test, schema: &'q Schema, tenant: &Tenant) -> Self {
        let attribute = schema.attribute(test.attribute()).map_or(u32::MAX, Attribute::slot);
        let values: Option<&[Value]> = match test.predicate() {
            Predicate::Equal(value) => Some(std::slice::from_ref(value)),
            Predicate::In(values) => Some(values),
            Predicate::Never => return Self::Any(Vec::new()),
            _ => None,
        };
        let kind = match attribute {
            slot if attributes::ROLES.contains(&slot) => Some(Kind::Roles),
            slot if attributes::GROUPS.contains(&slot) => Some(Kind::Groups),
            attributes::SCOPES => Some(Kind::Scopes),
            _ => None,
        };
        let record = |marks| Self::Record {
            test,
            schema,
            marks,
            answers: kind.map(|kind| (kind, Answers::new())),
        };
        if test.case() == CaseSensitivity::Exact {
            return record(None);
        }
        match (attribute, test.predicate(), values.map(texts)) {
            (attributes::NAME, Predicate::Contains(needle), _) => {
                Self::contains(Text::Name, needle)
            }
            (attributes::EMAIL, Predicate::Contains(needle), _) => {
                Self::contains(Text::Email, needle)
            }
            (attributes::SUBJECT, Predicate::Contains(needle), _) => {
                Self::contains(Text::Subject, needle)
            }
            (attributes::ID, _, Some(Some(keys))) => Self::users(By::Id, &keys, tenant),
            (attributes::SUBJECT, _, Some(Some(keys))) => Self::users(By::Subject, &keys, tenant),
            (attributes::EMAIL, _, Some(Some(keys))) => Self::users(By::Email, &keys, tenant),
            (attributes::CLIENT_ID, _, Some(Some(keys))) => Self::users(By::Client, &keys, tenant),
            (attributes::NAME, _, Some(Some(keys))) => Self::Names(keys),
            (attributes::STATUS, _, Some(Some(keys))) => {
                Self::Status(statuses(|status| keys.contains(&status.name())))
            }
            (attributes::ID | attributes::STATUS, _, _) => record(None),
            (_, _, Some(Some(keys))) => record(Some(keys.into_iter().map(Mark::of).collect())),
            _ => record(None),
        }
    }

    fn contains(text: Text, needle: &'q Substring) -> Self {
        let mut grams: Vec<_> = grams(needle.as_str().as_bytes()).take(GRAMS).collect();
        grams.sort_unstable();
        grams.dedup();
        Self::Contains(text, needle, grams)
    }

    fn users(by: By, keys: &[&str], tenant: &Tenant) -> Self {
        let mut slots: Vec<u32> =
            keys.iter().flat_map(|key| tenant.with(by, key)).map(|(slot, _)| slot).collect();
        slots.sort_unstable();
        slots.dedup();
        Self::Users(slots)
    }

    fn cost(&self) -> u8 {
        match self {
            Self::Status(_) => 0,
            Self::Users(_) => 1,
            Self::Names(_) | Self::IdAbove(_) | Self::IdBelow(_) => 2,
            Self::Contains(..) => 3,
            Self::Record { .. } => 4,
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::cost).max().unwrap_or_default()
            }
        }
    }

    /// Whether records have to be looked at.
    pub(super) fn is_slow(&self) -> bool {
        self.cost() == 4
    }

    /// The statuses, where nothing else is asked for.
    pub(super) fn only_statuses(&self) -> Option<u8> {
        match self {
            Self::Status(mask) => Some(*mask),
            Self::All(parts) => {
                parts.iter().try_fold(u8::MAX, |mask, part| Some(mask & part.only_statuses()?))
            }
            _ => None,
        }
    }

    /// Users among whom are all that match, each once, where the indexes know them.
    pub(super) fn candidates(&self) -> Option<Vec<u32>> {
        match self {
            Self::Users(slots) => Some(slots.clone()),
            Self::All(parts) => parts.iter().filter_map(Self::candidates).min_by_key(Vec::len),
            Self::Any(parts) => {
                let mut slots =
                    parts.iter().map(Self::candidates).collect::<Option<Vec<_>>>()?.concat();
                slots.sort_unstable();
                slots.dedup();
                Some(slots)
            }
            _ => None,
        }
    }

    /// The names, sorted, of all that match, where the plan says so.
    pub(super) fn names(&self) -> Option<Vec<&'q str>> {
        match self {
            Self::Names(names) => Some(names.clone()),
            Self::All(parts) => parts.iter().filter_map(Self::names).min_by_key(Vec::len),
            Self::Any(parts) if !parts.is_empty() => {
                let mut names = parts.iter().map(Self::names).collect::<Option<Vec<_>>>()?.concat();
                names.sort_unstable();
                names.dedup();
                Some(names)
            }
            _ => None,
        }
    }

    /// Whether the user of that number matches, whose record this is.
    pub(super) fn matches(&self, slot: u32, record: &Record) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(slot, record)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(slot, record)),
            Self::Not(inner) => !inner.matches(slot, record),
            Self::Status(mask) => mask >> record.status() as u8 & 1 == 1,
            Self::Users(slots) => slots.binary_search(&slot).is_ok(),
            Self::Names(names) => names.binary_search(&&*fold_key(record.name())).is_ok(),
            Self::Contains(Text::Id, needle, _) => needle.found_in(record.id()),
            Self::Contains(Text::Name, needle, _) => needle.found_in(record.name()),
            Self::Contains(Text::Email, needle, _) => {
                record.email().is_some_and(|email| needle.found_in(email))
            }
            Self::Contains(Text::Subject, needle, _) => needle.found_in(record.subject()),
            Self::IdAbove(id) => record.id() > *id,
            Self::IdBelow(id) => record.id() < *id,
            Self::Record { test, schema, .. } => test.matches(schema, record),
        }
    }

    /// The blocks of a branch, a bit for each, that may have users who match, as far as its digest knows.
    pub(super) fn blocks(&self, digest: &Digest) -> u64 {
        match self {
            Self::All(parts) => {
                parts.iter().fold(u64::MAX, |blocks, part| blocks & part.blocks(digest))
            }
            Self::Any(parts) => parts.iter().fold(0, |blocks, part| blocks | part.blocks(digest)),
            Self::Contains(text, _, wanted) => digest.with(*text, wanted),
            _ => u64::MAX,
        }
    }

    /// Whether what is known of all rows of the block leaves none that could match: cheaper than looking at any of them.
    pub(super) fn leaves_out(&self, block: Spot<'_, Block>) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.leaves_out(block)),
            Self::Any(parts) => parts.iter().all(|part| part.leaves_out(block)),
            Self::Contains(text, _, wanted) => {
                block.summary.with(*text, wanted) >> block.place & 1 == 0
            }
            Self::Record { marks: Some(marks), .. } => {
                !marks.iter().any(|mark| block.leaf.marks().has(*mark))
            }
            _ => false,
        }
    }

    /// Which of the rows match.
    pub(super) fn select(&self, spot: Spot<'_, Block>, rows: Bits, tenant: &Tenant) -> Bits {
        if rows.is_empty() {
            return rows;
        }
        let block = spot.leaf;
        match self {
            Self::All(parts) => {
                parts.iter().fold(rows, |rows, part| part.select(spot, rows, tenant))
            }
            Self::Any(parts) => parts.iter().fold(Bits::NONE, |found, part| {
                found.or(part.select(spot, rows.without(found), tenant))
            }),
            Self::Not(inner) => rows.without(inner.select(spot, rows, tenant)),
            Self::Status(mask) => with_statuses(*mask, block.statuses(), rows),
            Self::Users(slots) => {
                let mut found = Bits::NONE;
                match slots.len() {
                    0..=8 => slots
                        .iter()
                        .filter_map(|slot| block.slots.iter().position(|other| other == slot))
                        .for_each(|row| found.set(row)),
                    _ => passing(&mut found, rows, |row| {
                        block.slots.get(row).is_some_and(|slot| slots.binary_search(slot).is_ok())
                    }),
                }
                found.and(rows)
            }
            Self::Names(names) => {
                let column = block.column(Text::Name);
                let mut found = Bits::NONE;
                passing(&mut found, rows, |row| {
                    let name = column.row(row);
                    match names.as_slice() {
                        [one] => one.as_bytes() == name,
                        many => many.binary_search_by(|other| other.as_bytes().cmp(name)).is_ok(),
                    }
                });
                found
            }
            Self::Contains(..) | Self::Record { .. } if self.leaves_out(spot) => Bits::NONE,
            Self::Contains(text, needle, _) => containing(needle, *text, block, rows),
            Self::IdAbove(id) => by_id(block, rows, |other| other > id.as_bytes()),
            Self::IdBelow(id) => by_id(block, rows, |other| other < id.as_bytes()),
            Self::Record { test, schema, answers, .. } => {
                let ask = |row: usize| {
                    let record = block.slots.get(row).and_then(|slot| tenant.record(*slot));
                    record.is_some_and(|record| test.matches(schema, record))
                };
                match answers {
                    Some((kind, answers)) => answered(answers, block.codes(*kind), rows, ask),
                    None => {
                        let mut found = Bits::NONE;
                        passing(&mut found, rows, ask);
                        found
                    }
                }
            }
        }
    }
}

/// A bit for each status.
pub(super) fn statuses(wanted: impl Fn(Status) -> bool) -> u8 {
    Status::ALL
        .into_iter()
        .filter(|status| wanted(*status))
        .fold(0, |mask, status| mask | 1 << status as u8)
}

/// The values, where all are texts.
fn texts(values: &[Value]) -> Option<Vec<&str>> {
    let texts = values.iter().map(|value| match value {
        Value::Text(text) => Some(&**text),
        _ => None,
    });
    texts.collect()
}

fn passing(found: &mut Bits, rows: Bits, passes: impl Fn(usize) -> bool) {
    rows.rows().filter(|row| passes(*row)).for_each(|row| found.set(row));
}

/// The rows whose list, by its code, has a yes for its answer.
fn answered(
    answers: &Answers,
    codes: impl Iterator<Item = u16>,
    rows: Bits,
    ask: impl Fn(usize) -> bool,
) -> Bits {
    let (start, end) = rows.span();
    let (mut found, mut word) = (Bits::NONE, 0);
    for (row, code) in codes.enumerate().take(end).skip(start) {
        // Rows that nobody asks for cost less than to pass them over, where the answer is known.
        let passes =
            answers.known(code).unwrap_or_else(|| rows.has(row) && answers.get(code, || ask(row)));
        word |= u64::from(passes) << (row % 64);
        if row % 64 == 63 || row + 1 == end {
            found.set_word(row / 64, std::mem::take(&mut word));
        }
    }
    found.and(rows)
}

fn with_statuses(mask: u8, statuses: &[u8], rows: Bits) -> Bits {
    const EACH: u64 = u64::MAX / 0xFF;
    let mut found = Bits::NONE;
    let (start, end) = rows.span();
    for (place, eight) in statuses.chunks(8).enumerate().take(end.div_ceil(8)).skip(start / 8) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(eight).for_each(|(to, from)| *to = *from);
        // A byte has one of the lower bits, or none: adding carries that to the uppermost one.
        let wanted = u64::from_le_bytes(bytes) & (EACH * u64::from(mask & 0x7F));
        let ones = ((wanted + EACH * 0x7F) >> 7) & EACH;
        // The one of each byte moves to its place in the uppermost byte.
        found.set_eight(place, (ones.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8);
    }
    found.and(rows)
}

fn by_id(block: &Block, rows: Bits, passes: impl Fn(&[u8]) -> bool) -> Bits {
    let column = block.column(Text::Id);
    let mut found = Bits::NONE;
    passing(&mut found, rows, |row| passes(column.row(row)));
    found
}

fn containing(needle: &Substring, text: Text, block: &Block, rows: Bits) -> Bits {
    let column = block.column(text);
    let (start, end) = rows.span();
    let (bytes, from) = column.rows(start, end);
    let mut found = Bits::NONE;
    let mut at = 0;
    while let Some(place) = bytes.get(at..).and_then(|rest| needle.first_in(rest)) {
        let row = column.row_at(from + at + place);
        found.set(row);
        at = column.next(row).saturating_sub(from);
    }
    found.and(rows)
}

#[cfg(test)]
mod tests {
    use super::statuses;
    use crate::user::Status;

    #[test]
    fn statuses_are_bits() {
        assert_eq!(statuses(|_| true), 0b11111);
        assert_eq!(statuses(|status| status == Status::Active).count_ones(), 1);
    }
}
