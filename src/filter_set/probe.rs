//! The search for the plans that one record can match.

use super::index::{AttributeKeys, Index};
use super::key::{GRAM_LENGTHS, Kind, LENGTHS, Source, of_value, with_compared_form};
use super::shard::{EXACT, FLAGS, SEVERAL_KEYS, Shard, Slot};
use crate::schema::{Attribute, AttributeId};
use crate::value::{AttributeType, CaseSensitivity, Text, Value, ValueRef};
use std::ops::Bound;

/// The plans that a record can match.
pub(super) struct Candidates {
    /// The plans, each once. Those that the record matches have the flag [`EXACT`].
    pub(super) plans: Vec<Slot>,
    /// The values of [`second`] for the keys of the record, sorted.
    pub(super) equal: Vec<u32>,
}

impl Candidates {
    /// Searches an index. `read` passes the values of an attribute.
    pub(super) fn of<'s>(
        index: &Index,
        attribute: impl Fn(usize) -> Option<&'s Attribute>,
        mut read: impl FnMut(&Attribute, &mut dyn FnMut(ValueRef<'_>)),
    ) -> Self {
        // Enough for most records, so that lists do not grow step by step.
        const FEW: usize = 32;
        let mut plans = Vec::with_capacity(index.unindexed().len() + FEW);
        plans.extend_from_slice(index.unindexed());
        let (hits, equal) = (Vec::with_capacity(FEW), Vec::with_capacity(FEW));
        let mut probe = Probe { index, hits, equal, plans };
        for (position, keys) in index.attributes() {
            let Some(attribute) = attribute(position) else { continue };
            let mut is_first = true;
            read(attribute, &mut |value| {
                probe.add(keys, attribute, value, std::mem::take(&mut is_first));
            });
        }
        probe.finish()
    }
}

/// Returns the part of the hash of a second key that is stored with a plan. It is not zero.
pub(super) fn second(hash: u64) -> u32 {
    hash as u32 | 1
}

/// A bucket with a key of the record.
struct Hit<'i> {
    shard: &'i Shard,
    bucket: usize,
    hash: u64,
    check: u64,
}

struct Probe<'i> {
    index: &'i Index,
    hits: Vec<Hit<'i>>,
    equal: Vec<u32>,
    plans: Vec<Slot>,
}

impl Probe<'_> {
    fn add(
        &mut self,
        keys: &AttributeKeys,
        attribute: &Attribute,
        value: ValueRef<'_>,
        is_first: bool,
    ) {
        if is_first && keys.has(Kind::Present) {
            self.look_up(Source::part(attribute.id(), Kind::Present, &[]));
        }
        self.ranges(keys, value, attribute);
        match value {
            ValueRef::Text { text, key } => {
                with_compared_form(text, key, attribute.case(), |compared| {
                    self.equal(keys, attribute, value, compared);
                    self.parts(keys, attribute.id(), compared);
                });
            }
            value => self.equal(keys, attribute, value, &[]),
        }
    }

    fn equal(
        &mut self,
        keys: &AttributeKeys,
        attribute: &Attribute,
        value: ValueRef<'_>,
        text: &[u8],
    ) {
        if keys.has(Kind::Equal) {
            let is_untyped = attribute.attribute_type() == AttributeType::Any;
            of_value(attribute.id(), value, text, is_untyped, |source| {
                let hash = self.look_up(source);
                self.equal.push(second(hash));
            });
        }
    }

    /// Looks up the prefixes, suffixes and substrings of a string.
    fn parts(&mut self, keys: &AttributeKeys, attribute: AttributeId, text: &[u8]) {
        for (position, length) in (0_u8..).zip(LENGTHS) {
            let mut look_up = |kind, part: Option<&[u8]>| {
                if let Some(part) = part
                    && keys.has(kind)
                {
                    self.look_up(Source::part(attribute, kind, part));
                }
            };
            look_up(Kind::Prefix(position), text.get(..length));
            let suffix = text.len().checked_sub(length).and_then(|start| text.get(start..));
            look_up(Kind::Suffix(position), suffix);
        }
        for (position, length) in (0_u8..).zip(GRAM_LENGTHS) {
            if keys.has(Kind::Gram(position)) {
                for gram in text.windows(length) {
                    self.look_up(Source::part(attribute, Kind::Gram(position), gram));
                }
            }
        }
    }

    /// Searches the bucket of a key and returns the hash.
    fn look_up(&mut self, source: Source<'_>) -> u64 {
        let hash = self.index.hasher.hash(source);
        if let Some((shard, bucket)) = self.index.find(hash) {
            let check = self.index.hasher.check(source);
            self.hits.push(Hit { shard, bucket, hash, check });
        }
        hash
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
        self.plans.extend(plans.map(|plan| plan | SEVERAL_KEYS));
    }

    fn finish(mut self) -> Candidates {
        // Values can be equal to each other, and a string can contain a substring twice.
        self.hits.sort_unstable_by_key(|hit| (hit.hash, hit.check));
        self.hits.dedup_by_key(|hit| (hit.hash, hit.check));
        for hit in &self.hits {
            let Some(bucket) = hit.shard.bucket(hit.bucket) else { continue };
            let is_confirmed = bucket.check == hit.check;
            let is_possible = |plan: &&Slot| is_confirmed || **plan & EXACT == 0;
            self.plans.extend(bucket.plans().iter().filter(is_possible));
        }
        if self.plans.iter().any(|plan| plan & SEVERAL_KEYS != 0) {
            // A plan with the flag comes first.
            self.plans.sort_unstable_by_key(|plan| (plan & !FLAGS, !plan & EXACT));
            self.plans.dedup_by_key(|plan| *plan & !FLAGS);
            self.plans.iter_mut().for_each(|plan| *plan &= !SEVERAL_KEYS);
        }
        self.equal.sort_unstable();
        Candidates { plans: self.plans, equal: self.equal }
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
    use super::{Candidates, EXACT, Kind};
    use crate::filter_set::cover::Cover;
    use crate::filter_set::index::Index;
    use crate::schema::{Attribute, AttributeId, Schema};
    use crate::value::{AttributeType, ValueRef};

    /// Of two strings with the same hash, the second hash distinguishes the plans that are not
    /// evaluated.
    #[test]
    fn exact_plans_of_another_key_with_the_same_hash_are_not_found() {
        let attributes = [Attribute::new("a", AttributeType::String)];
        let schema = Schema::new(None, attributes).unwrap_or_default();
        let id = schema.find_path("a").map_or(AttributeId::ABSENT, Attribute::id);
        let candidates = |is_other: bool, is_exact: bool| {
            let mut index = Index::new();
            let mut key = index.hasher.part(id, Kind::Equal, b"x");
            key.check ^= u64::from(is_other);
            let cover = Cover { keys: vec![key], cost: 0.0, is_exact, second: None };
            index.insert(0, cover, |_| Vec::new());
            let find = |position: usize| schema.attributes().nth(position);
            Candidates::of(&index, find, |_, found| found(ValueRef::text("x"))).plans
        };
        assert_eq!(candidates(false, true), [EXACT]);
        assert_eq!(candidates(false, false), [0]);
        assert_eq!(candidates(true, false), [0]);
        assert!(candidates(true, true).is_empty());
    }
}
