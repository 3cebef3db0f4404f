//! The index: for each key the plans that can match records with this key.
//!
//! All parts are shared with snapshots and copied when they are changed (copy on write). Buckets are
//! in shards, so that a change copies a small part of the index.

use super::cover::{Cover, Proved};
use super::key::{CheckedKey, GRAM_LENGTHS, Key, KeyHasher, Kind, LENGTHS};
use super::shard::{Bucket, EXACT, PARTLY, SEVERAL_KEYS, Shard, Slot, remove};
use crate::schema::AttributeId;
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const SHARDS: usize = 1_024;

/// Numbers of keys of one attribute and kind.
#[derive(Clone, Copy, Default)]
struct Count {
    /// The keys of all plans.
    keys: u32,
    /// The buckets, which have different keys.
    buckets: u32,
}

/// Number of kinds of keys.
const KINDS: usize = PARTS + 2 * LENGTHS.len() + GRAM_LENGTHS.len();

/// The position of the first kind that is a part of a string.
const PARTS: usize = 4;

/// The keys of an attribute by kind, and its ranges.
#[derive(Clone)]
pub(super) struct AttributeKeys {
    counts: [Count; KINDS],
    /// The kinds of keys that are parts of strings.
    // PERF: searching `counts` for them takes 2 % of matching (`benches/peers -- --only filter-sets`).
    parts: Vec<Kind>,
    /// The number of plans with a second key.
    pub(super) seconds: u32,
    pub(super) above: BTreeMap<Value, Vec<Slot>>,
    pub(super) below: BTreeMap<Value, Vec<Slot>>,
}

impl AttributeKeys {
    fn position(kind: Kind) -> usize {
        match kind {
            Kind::Equal => 0,
            Kind::Present => 1,
            Kind::Above => 2,
            Kind::Below => 3,
            Kind::Prefix(position) => PARTS + usize::from(position),
            Kind::Suffix(position) => PARTS + LENGTHS.len() + usize::from(position),
            Kind::Gram(position) => PARTS + 2 * LENGTHS.len() + usize::from(position),
        }
    }

    fn count(&self, kind: Kind) -> Count {
        self.counts.get(Self::position(kind)).copied().unwrap_or_default()
    }

    /// Returns whether a plan has a key of a kind.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.count(kind).keys > 0
    }

    /// Returns the kinds of keys that are parts of strings.
    pub(super) fn parts(&self) -> &[Kind] {
        &self.parts
    }

    /// Returns whether no plan has a key, or a second key, of the attribute.
    fn are_unused(&self) -> bool {
        self.seconds == 0 && self.counts.iter().all(|count| count.keys == 0)
    }

    fn change(&mut self, kind: Kind, change: impl FnOnce(&mut Count)) {
        let position = Self::position(kind);
        let Some(count) = self.counts.get_mut(position) else { return };
        change(count);
        if position >= PARTS {
            match (count.keys, self.parts.binary_search(&kind)) {
                (0, Ok(at)) => drop(self.parts.remove(at)),
                (1.., Err(at)) => self.parts.insert(at, kind),
                _ => {}
            }
        }
    }

    fn ranges_mut(&mut self, kind: Kind) -> Option<&mut BTreeMap<Value, Vec<Slot>>> {
        match kind {
            Kind::Above => Some(&mut self.above),
            Kind::Below => Some(&mut self.below),
            _ => None,
        }
    }
}

impl Default for AttributeKeys {
    fn default() -> Self {
        Self {
            counts: [Count::default(); KINDS],
            parts: Vec::new(),
            seconds: 0,
            above: BTreeMap::new(),
            below: BTreeMap::new(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Index {
    pub(super) hasher: KeyHasher,
    shards: Vec<Arc<Shard>>,
    /// The attributes with keys, sorted. Others are not read.
    attributes: Vec<(AttributeId, Arc<AttributeKeys>)>,
    /// The plans without keys.
    unindexed: Arc<Vec<Slot>>,
}

/// The place of a plan in the index.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) keys: Box<[Key]>,
    /// The attribute of the second key.
    second: Option<AttributeId>,
}

/// Returns the position of the shard of a hash, and the part of the hash that is searched there.
fn split(hash: u64) -> (usize, u16) {
    ((hash >> 32) as usize % SHARDS, hash as u16)
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            hasher: KeyHasher::new(),
            shards: vec![Arc::default(); SHARDS],
            attributes: Vec::new(),
            unindexed: Arc::default(),
        }
    }

    /// Returns the bucket of a hash.
    pub(super) fn find(&self, hash: u64) -> Option<&Bucket> {
        let (shard, hash) = split(hash);
        self.shards.get(shard)?.find(hash)
    }

    /// Estimates how many other plans a record selects by a key, averaged over all records: as many
    /// as the key has, if all keys of its kind are equally frequent in records.
    pub(super) fn cost(&self, key: &Key) -> f64 {
        let found = self.position(key.attribute).ok().and_then(|at| self.attributes.get(at));
        let Some((_, keys)) = found else { return 1.0 };
        let (plans, keys) = match key.kind {
            // A value is above half of the operands.
            Kind::Above => (keys.above.len(), 1),
            Kind::Below => (keys.below.len(), 1),
            kind => {
                let plans = self.find(key.hash()).map_or(0, |bucket| bucket.plans().len());
                (plans, keys.count(kind).buckets)
            }
        };
        (plans as f64 + 1.0) / (f64::from(keys) + 1.0)
    }

    fn position(&self, attribute: AttributeId) -> Result<usize, usize> {
        self.attributes.binary_search_by_key(&attribute, |(known, _)| *known)
    }

    /// Changes the keys of an attribute.
    fn change(&mut self, attribute: AttributeId, change: impl FnOnce(&mut AttributeKeys)) {
        let found = self.position(attribute);
        let (Ok(at) | Err(at)) = found;
        if found.is_err() {
            self.attributes.insert(at, (attribute, Arc::default()));
        }
        let Some((_, keys)) = self.attributes.get_mut(at) else { return };
        let keys = Arc::make_mut(keys);
        change(keys);
        if keys.are_unused() {
            self.attributes.remove(at);
        }
    }

    /// Adds a plan and returns its place. `ranges` returns the operands of its comparisons by order.
    pub(super) fn insert<'v>(
        &mut self,
        slot: Slot,
        cover: Cover,
        ranges: impl Fn(&Key) -> Vec<&'v Value>,
    ) -> Place {
        let Cover { mut keys, proved, second, .. } = cover;
        keys.sort_unstable_by_key(|CheckedKey { key, check, .. }| {
            (key.hash(), key.attribute, key.kind, *check)
        });
        keys.dedup_by_key(|CheckedKey { key, check, .. }| (*key, *check));
        let several = if keys.len() > 1 { SEVERAL_KEYS } else { 0 };
        let proved = match proved {
            Proved::Root => EXACT,
            Proved::Child(_) => PARTLY,
            Proved::Nothing => 0,
        };
        let plan = slot | several | proved;
        for CheckedKey { key, check, .. } in &keys {
            let (shard, hash) = split(key.hash());
            let is_new = !key.kind.is_range()
                && self
                    .shards
                    .get_mut(shard)
                    .is_some_and(|shard| Arc::make_mut(shard).insert(hash, *check, plan));
            self.change(key.attribute, |attribute| {
                attribute.change(key.kind, |count| {
                    count.keys += 1;
                    count.buckets += u32::from(is_new);
                });
                let Some(list) = attribute.ranges_mut(key.kind) else { return };
                for operand in ranges(key) {
                    list.entry(operand.clone()).or_default().push(plan);
                }
            });
        }
        // The second key is found only if its attribute is read.
        let second = second.map(|key| key.attribute);
        if let Some(second) = second {
            self.change(second, |attribute| attribute.seconds += 1);
        }
        Place { keys: keys.into_iter().map(|key| key.key).collect(), second }
    }

    /// Removes a plan that was added with the same ranges.
    pub(super) fn remove<'v>(
        &mut self,
        slot: Slot,
        place: &Place,
        ranges: impl Fn(&Key) -> Vec<&'v Value>,
    ) {
        for key in &place.keys {
            let (shard, hash) = split(key.hash());
            let is_last = !key.kind.is_range()
                && self
                    .shards
                    .get_mut(shard)
                    .is_some_and(|shard| Arc::make_mut(shard).remove(hash, slot));
            self.change(key.attribute, |attribute| {
                attribute.change(key.kind, |count| {
                    count.keys = count.keys.saturating_sub(1);
                    count.buckets = count.buckets.saturating_sub(u32::from(is_last));
                });
                let Some(list) = attribute.ranges_mut(key.kind) else { return };
                for operand in ranges(key) {
                    if list.get_mut(operand).is_some_and(|plans| {
                        remove(plans, slot);
                        plans.is_empty()
                    }) {
                        list.remove(operand);
                    }
                }
            });
        }
        if let Some(second) = place.second {
            self.change(second, |attribute| {
                attribute.seconds = attribute.seconds.saturating_sub(1);
            });
        }
    }

    pub(super) fn insert_unindexed(&mut self, slot: Slot) {
        Arc::make_mut(&mut self.unindexed).push(slot);
    }

    pub(super) fn remove_unindexed(&mut self, slot: Slot) {
        remove(Arc::make_mut(&mut self.unindexed), slot);
    }

    pub(super) fn unindexed(&self) -> &[Slot] {
        &self.unindexed
    }

    /// Iterates over the attributes with keys.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (AttributeId, &AttributeKeys)> {
        self.attributes.iter().map(|(attribute, keys)| (*attribute, &**keys))
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeKeys, GRAM_LENGTHS, KINDS, Kind, LENGTHS, split};
    use std::collections::BTreeSet;

    #[test]
    fn each_kind_has_its_own_position() {
        let lengths = (0_u8..).take(LENGTHS.len());
        let ends = lengths.flat_map(|length| [Kind::Prefix(length), Kind::Suffix(length)]);
        let grams = (0_u8..).take(GRAM_LENGTHS.len()).map(Kind::Gram);
        let others = [Kind::Equal, Kind::Present, Kind::Above, Kind::Below];
        let positions = others.into_iter().chain(ends).chain(grams).map(AttributeKeys::position);
        assert!(positions.collect::<BTreeSet<_>>().into_iter().eq(0..KINDS));
    }

    #[test]
    fn the_upper_and_lower_bits_of_a_hash_are_used() {
        assert_eq!(split(5 << 32 | 7), (5, 7));
        assert_ne!(split(5 << 32).0, split(6 << 32).0);
    }
}
