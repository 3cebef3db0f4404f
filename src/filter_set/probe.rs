//! The search for the plans that one record can match.

use super::index::{AttributeKeys, Index};
use super::key::{Kind, Label, Source, of_date_time, of_value, push_compared_form};
use super::shard::{Bucket, EXACT, FLAGS, PARTLY, SEVERAL_KEYS, Slot};
use crate::schema::{Attribute, AttributeId};
use crate::value::{AttributeType, CaseSensitivity, Text, Value, ValueRef};
use arrayvec::ArrayVec;
use std::hint::black_box;
use std::mem::take;
use std::ops::{Bound, Range};

/// The plans that a record can match.
pub(super) struct Candidates<'h> {
    /// The plans, each once. The record matches those with the flag [`EXACT`].
    pub(super) plans: Vec<Slot>,
    /// The values of [`second`] for the keys of the record, sorted.
    pub(super) equal: &'h [u32],
}

/// Returns the part of the hash of a second key that is stored with a plan. It is not zero.
pub(super) fn second(hash: u64) -> u32 {
    hash as u32 | 1
}

/// Enough elements for most records, so that lists do not grow step by step.
// PERF: the lists take less than 1,024 bytes, from which on glibc first merges the memory that others
// have freed.
const FEW: usize = 24;

/// The buckets with the keys of a record.
pub(super) struct Hits<'i> {
    index: &'i Index,
    /// Sorted by [`Hit::key`], each once.
    hits: Vec<Hit<'i>>,
    /// The plans that are found by order.
    ranges: Vec<Slot>,
    /// The values of [`second`], sorted.
    equal: Vec<u32>,
}

/// A bucket with a key of the record.
struct Hit<'i> {
    bucket: &'i Bucket,
    hash: u64,
    check: u64,
}

impl Hit<'_> {
    fn key(&self) -> (u64, u64) {
        (self.hash, self.check)
    }

    /// Returns true if the bucket has this key, and not another one with the same hash.
    fn is_confirmed(&self) -> bool {
        self.bucket.check == self.check
    }
}

impl<'i> Hits<'i> {
    /// Searches an index. `read` passes the values of an attribute.
    pub(super) fn find<'s>(
        index: &'i Index,
        attribute: impl Fn(usize) -> Option<&'s Attribute>,
        mut read: impl FnMut(&Attribute, &mut dyn FnMut(ValueRef<'_>)),
    ) -> Self {
        let mut probe = Probe::new(index);
        for (id, keys) in index.attributes() {
            let Some(attribute) = attribute(id.index()) else { continue };
            let mut is_first = true;
            read(attribute, &mut |value| {
                probe.add(keys, attribute, value, take(&mut is_first));
            });
        }
        probe.look_up();
        let mut hits = probe.hits;
        // Values can be equal to each other, and a string can contain a substring twice.
        hits.hits.sort_unstable_by_key(Hit::key);
        hits.hits.dedup_by_key(|hit| hit.key());
        hits.equal.sort_unstable();
        hits
    }

    /// Returns the plans that the record can match, without those of [`Hits::common`].
    pub(super) fn candidates(&self, other: Option<&Self>) -> Candidates<'_> {
        let unindexed = self.index.unindexed();
        let mut plans = Vec::with_capacity(unindexed.len() + self.ranges.len() + FEW);
        plans.extend_from_slice(unindexed);
        plans.extend_from_slice(&self.ranges);
        for (hit, is_common) in self.beside(other) {
            let is_confirmed = hit.is_confirmed();
            let is_possible = |plan: &&Slot| match **plan & (EXACT | PARTLY) {
                0 => true,
                EXACT => is_confirmed && !is_common,
                _ => is_confirmed,
            };
            plans.extend(hit.bucket.plans().iter().filter(is_possible));
        }
        if plans.iter().any(|plan| plan & SEVERAL_KEYS != 0) {
            // A plan with the flag `EXACT` comes first.
            plans.sort_unstable_by_key(|plan| (plan & !FLAGS, !plan & EXACT));
            plans.dedup_by_key(|plan| *plan & !FLAGS);
            plans.iter_mut().for_each(|plan| *plan &= !SEVERAL_KEYS);
        }
        Candidates { plans, equal: &self.equal }
    }

    /// Returns the slots of the plans that both records match by the same key, sorted.
    pub(super) fn common(&self, other: &Self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for (hit, is_common) in self.beside(Some(other)) {
            if is_common && hit.is_confirmed() {
                let exact = hit.bucket.plans().iter().filter(|plan| **plan & EXACT != 0);
                slots.extend(exact.map(|plan| plan & !FLAGS));
            }
        }
        slots.sort_unstable();
        slots
    }

    /// Iterates over the hits, each with whether another record has the same key.
    fn beside<'a>(&'a self, other: Option<&'a Self>) -> impl Iterator<Item = (&'a Hit<'i>, bool)> {
        let mut others = other.map_or(&[][..], |other| &other.hits).iter().map(Hit::key).peekable();
        self.hits.iter().map(move |hit| {
            while others.next_if(|key| *key < hit.key()).is_some() {}
            (hit, others.peek() == Some(&hit.key()))
        })
    }
}

/// Number of keys that are looked up together. It bounds the memory for the keys of long strings.
const BATCH: usize = 64;

/// Collects the keys of a record, and looks them up.
struct Probe<'i> {
    /// The keys that are not looked up yet.
    keys: ArrayVec<RecordKey, BATCH>,
    /// The compared forms of strings, and the bytes of other keys.
    bytes: Vec<u8>,
    /// The buckets and plans of the keys before, not sorted.
    hits: Hits<'i>,
}

struct RecordKey {
    hash: u64,
    label: Label,
    /// The place of its bytes.
    bytes: Range<usize>,
}

impl<'i> Probe<'i> {
    fn new(index: &'i Index) -> Self {
        Self {
            keys: ArrayVec::new(),
            bytes: Vec::with_capacity(16 * FEW),
            hits: Hits {
                index,
                hits: Vec::new(),
                ranges: Vec::new(),
                equal: Vec::with_capacity(FEW),
            },
        }
    }

    fn add(
        &mut self,
        keys: &AttributeKeys,
        attribute: &Attribute,
        value: ValueRef<'_>,
        is_first: bool,
    ) {
        let id = attribute.id();
        if is_first && keys.has(Kind::Present) {
            self.part(Label::new(id, Kind::Present), 0..0);
        }
        self.ranges(keys, value, attribute);
        let has_equal = keys.has(Kind::Equal) || keys.seconds > 0;
        let is_untyped = attribute.attribute_type() == AttributeType::Any;
        let ValueRef::Text { text, key } = value else {
            if has_equal {
                of_value(id, value, |source| self.equal_to(keys, source));
            }
            return;
        };
        let start = self.bytes.len();
        push_compared_form(&mut self.bytes, text, key, attribute.case());
        let form = start..self.bytes.len();
        if has_equal {
            if is_untyped {
                of_date_time(id, text, |source| self.equal_to(keys, source));
            }
            self.equal(keys, Label::new(id, Kind::Equal), form.clone());
        }
        self.parts(keys, id, &form);
    }

    /// Adds a key for equality.
    fn equal(&mut self, keys: &AttributeKeys, label: Label, bytes: Range<usize>) {
        let hash = self.hash(label, &bytes);
        if keys.seconds > 0 {
            self.hits.equal.push(second(hash));
        }
        if keys.has(Kind::Equal) {
            self.push(RecordKey { hash, label, bytes });
        }
    }

    /// Adds a key for equality with bytes that are not those of a string.
    fn equal_to(&mut self, keys: &AttributeKeys, source: Source<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(source.bytes);
        self.equal(keys, source.label, start..self.bytes.len());
    }

    /// Adds the prefixes, suffixes and substrings of a string.
    fn parts(&mut self, keys: &AttributeKeys, attribute: AttributeId, text: &Range<usize>) {
        for kind in keys.parts() {
            let label = Label::new(attribute, *kind);
            let length = kind.length();
            let Some(last) = text.end.checked_sub(length).filter(|last| *last >= text.start) else {
                continue;
            };
            let starts = match kind {
                Kind::Prefix(_) => text.start..=text.start,
                Kind::Suffix(_) => last..=last,
                _ => text.start..=last,
            };
            starts.for_each(|start| self.part(label, start..start + length));
        }
    }

    fn hash(&self, label: Label, bytes: &Range<usize>) -> u64 {
        self.hits.index.hasher.hash(label.of(self.bytes.get(bytes.clone()).unwrap_or_default()))
    }

    /// Adds a key other than one for equality.
    fn part(&mut self, label: Label, bytes: Range<usize>) {
        self.push(RecordKey { hash: self.hash(label, &bytes), label, bytes });
    }

    fn push(&mut self, key: RecordKey) {
        self.keys.push(key);
        if self.keys.is_full() {
            self.look_up();
        }
    }

    /// Adds the plans with an operand below or above the value.
    fn ranges(&mut self, keys: &AttributeKeys, value: ValueRef<'_>, attribute: &Attribute) {
        if keys.above.is_empty() && keys.below.is_empty() {
            return;
        }
        let operand = operand(value, attribute);
        let (above, below) = match &operand {
            Some(operand) => (
                keys.above.range((Bound::Unbounded, Bound::Included(operand))),
                keys.below.range((Bound::Included(operand), Bound::Unbounded)),
            ),
            // A value that no operand of a plan has, such as a decimal of an integer attribute.
            None => (keys.above.range::<Value, _>(..), keys.below.range::<Value, _>(..)),
        };
        let plans = above.chain(below).flat_map(|(_, plans)| plans);
        // Another value can select the plans again.
        self.hits.ranges.extend(plans.map(|plan| plan | SEVERAL_KEYS));
    }

    /// Looks up the collected keys.
    // PERF: inside `push`, it would make that too long to be inlined.
    #[inline(never)]
    fn look_up(&mut self) {
        // PERF: loads of different keys do not depend on each other in these loops, so that their
        // cache misses overlap (`benches/peers -- --only filter-sets`).
        let index = self.hits.index;
        let found = self.keys.iter().filter_map(|key| Some((key, index.find(key.hash)?)));
        let found: ArrayVec<_, BATCH> = found.collect();
        black_box(found.iter().fold(0, |sum, (_, bucket)| sum ^ bucket.load()));
        self.hits.hits.extend(found.into_iter().map(|(key, bucket)| {
            let bytes = self.bytes.get(key.bytes.clone()).unwrap_or_default();
            let check = index.hasher.check(key.label.of(bytes));
            Hit { bucket, hash: key.hash, check }
        }));
        self.keys.clear();
    }
}

/// Returns the operand that has the place of a stored value in the order of operands, which have the
/// type of the attribute.
fn operand(value: ValueRef<'_>, attribute: &Attribute) -> Option<Value> {
    let case = attribute.case();
    Some(match (value, attribute.attribute_type()) {
        (ValueRef::Text { text, key }, _) => match key {
            Some(key) if case != CaseSensitivity::Exact => Value::Text(key.into()),
            _ => Value::Text(Text::operand(text, case)),
        },
        (ValueRef::Integer(number), AttributeType::Decimal) => Value::Decimal(number as f64),
        (ValueRef::Decimal(number), AttributeType::Decimal) => Value::Decimal(number),
        (ValueRef::Integer(number), AttributeType::Integer) => Value::Integer(number),
        (ValueRef::Number(digits), AttributeType::Integer) => Value::Number(digits.into()),
        (ValueRef::DateTime(instant), AttributeType::DateTime) => {
            Value::DateTime(instant.into_owned())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{EXACT, Hits, Kind, PARTLY};
    use crate::filter_set::cover::{Cover, Proved};
    use crate::filter_set::index::Index;
    use crate::schema::{Attribute, AttributeId, Schema};
    use crate::value::{AttributeType, ValueRef};

    /// Of two strings with the same hash, the second hash distinguishes the plans that are not
    /// evaluated, or only in part.
    #[test]
    fn plans_of_another_key_with_the_same_hash_are_not_proved() {
        let attributes = [Attribute::new("a", AttributeType::String)];
        let schema = Schema::new(None, attributes).unwrap_or_default();
        let id = schema.find_path("a").map_or(AttributeId::ABSENT, Attribute::id);
        let candidates = |is_other: bool, proved: Proved| {
            let mut index = Index::new();
            let mut key = index.hasher.part(id, Kind::Equal, b"x");
            key.check ^= u64::from(is_other);
            let cover = Cover { keys: vec![key], cost: 0.0, proved, second: None };
            index.insert(0, cover, |_| Vec::new());
            let find = |position: usize| schema.attributes().nth(position);
            let hits = Hits::find(&index, find, |_, found| found(ValueRef::text("x")));
            hits.candidates(None).plans
        };
        for (proved, flag) in [(Proved::Root, EXACT), (Proved::Child(0), PARTLY)] {
            assert_eq!(candidates(false, proved), [flag]);
            assert!(candidates(true, proved).is_empty());
        }
        assert_eq!(candidates(false, Proved::Nothing), [0]);
        assert_eq!(candidates(true, Proved::Nothing), [0]);
    }
}
