//! The index: for each key the plans that can match records with this key.
//!
//! All parts are shared with snapshots and copied when they are changed (copy on write). Buckets are
//! in shards, so that a change copies a small part of the index.

use super::key::{GRAM, Key, KeyHasher, Kind, LENGTHS, with_compared_form};
use crate::schema::{Attribute, AttributeId};
use crate::value::{AttributeType, CaseSensitivity, Text, Value, ValueRef};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Bound;
use std::sync::Arc;

/// The position of a plan in the set.
pub(super) type Slot = u32;

/// Marks a slot of a plan with several keys, which a record can select more than once.
const SEVERAL_KEYS: Slot = 1 << 31;

const SHARDS: usize = 1_024;

/// Number of plans of a bucket from which on further plans are found by their second key too.
const LARGE: usize = 16;

/// A hasher for keys, which are hashes already.
#[derive(Clone, Copy, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type ByHash<V> = HashMap<u64, V, BuildHasherDefault<Identity>>;

/// The plans under one key.
#[derive(Clone, Default)]
struct Bucket {
    plans: Vec<Slot>,
    /// Further plans by their second key.
    second: Option<Box<ByHash<Vec<Slot>>>>,
}

/// The number of keys of an attribute by kind, and its ranges.
#[derive(Clone, Default)]
struct AttributeKeys {
    equal: u32,
    present: u32,
    prefixes: [u32; LENGTHS.len()],
    suffixes: [u32; LENGTHS.len()],
    grams: [u32; GRAM + 1],
    above: BTreeMap<Value, Vec<Slot>>,
    below: BTreeMap<Value, Vec<Slot>>,
}

#[derive(Clone)]
pub(super) struct Index {
    pub(super) hasher: KeyHasher,
    shards: Vec<Arc<ByHash<Bucket>>>,
    /// By the position of the attribute in the schema.
    attributes: Vec<Arc<AttributeKeys>>,
    /// The plans without keys.
    unindexed: Arc<Vec<Slot>>,
}

/// The place of a plan in the index.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) keys: Box<[Key]>,
    second: Option<Key>,
}

impl Place {
    pub(super) fn new(mut keys: Vec<Key>, second: Option<Key>) -> Self {
        keys.sort_unstable_by_key(|key| (key.hash, key.attribute, key.kind));
        keys.dedup();
        Self { keys: keys.into(), second }
    }

    fn entry(&self, slot: Slot) -> Slot {
        if self.keys.len() > 1 { slot | SEVERAL_KEYS } else { slot }
    }
}

impl Index {
    pub(super) fn new() -> Self {
        let empty = Arc::new(ByHash::default());
        Self {
            hasher: KeyHasher::new(),
            shards: vec![empty; SHARDS],
            attributes: Vec::new(),
            unindexed: Arc::default(),
        }
    }

    fn shard(hash: u64) -> usize {
        (hash >> 16) as usize % SHARDS
    }

    fn bucket(&self, hash: u64) -> Option<&Bucket> {
        self.shards.get(Self::shard(hash))?.get(&hash)
    }

    /// Returns the number of plans under a key.
    pub(super) fn load(&self, key: &Key) -> u64 {
        let bucket = self.bucket(key.hash).map_or(0, |bucket| bucket.plans.len());
        let ranges = || self.attributes.get(key.attribute.index());
        let plans = match key.kind {
            Kind::Above => ranges().map_or(0, |keys| keys.above.len()),
            Kind::Below => ranges().map_or(0, |keys| keys.below.len()),
            _ => bucket,
        };
        plans as u64
    }

    fn attribute_mut(&mut self, attribute: AttributeId) -> Option<&mut AttributeKeys> {
        if attribute.index() >= self.attributes.len() {
            self.attributes.resize_with(attribute.index() + 1, Arc::default);
        }
        self.attributes.get_mut(attribute.index()).map(Arc::make_mut)
    }

    /// Adds a plan. `ranges` are the operands of its comparisons by order.
    pub(super) fn insert<'v>(
        &mut self,
        slot: Slot,
        place: &Place,
        ranges: impl Fn(&Key) -> Vec<&'v Value>,
    ) {
        let entry = place.entry(slot);
        for key in &place.keys {
            let Some(keys) = self.attribute_mut(key.attribute) else { continue };
            if let Some(count) = keys.count_mut(key.kind) {
                *count += 1;
            }
            if let Some(list) = keys.ranges_mut(key.kind) {
                for operand in ranges(key) {
                    list.entry(operand.clone()).or_default().push(entry);
                }
                continue;
            }
            let Some(shard) = self.shards.get_mut(Self::shard(key.hash)) else { continue };
            let bucket = Arc::make_mut(shard).entry(key.hash).or_default();
            match place.second {
                Some(second) if bucket.plans.len() >= LARGE => {
                    bucket
                        .second
                        .get_or_insert_default()
                        .entry(second.hash)
                        .or_default()
                        .push(entry);
                }
                _ => bucket.plans.push(entry),
            }
        }
        // The second key is found only if its attribute is read.
        if let Some(second) = place.second
            && let Some(keys) = self.attribute_mut(second.attribute)
        {
            keys.equal += 1;
        }
    }

    /// Removes a plan that was added with the same place and ranges.
    pub(super) fn remove<'v>(
        &mut self,
        slot: Slot,
        place: &Place,
        ranges: impl Fn(&Key) -> Vec<&'v Value>,
    ) {
        let entry = place.entry(slot);
        let remove = |plans: &mut Vec<Slot>| {
            let found = plans.iter().position(|known| *known == entry);
            found.map(|at| plans.swap_remove(at)).is_some()
        };
        for key in &place.keys {
            let Some(keys) = self.attribute_mut(key.attribute) else { continue };
            if let Some(count) = keys.count_mut(key.kind) {
                *count = count.saturating_sub(1);
            }
            if let Some(list) = keys.ranges_mut(key.kind) {
                for operand in ranges(key) {
                    if list.get_mut(operand).is_some_and(|plans| {
                        remove(plans);
                        plans.is_empty()
                    }) {
                        list.remove(operand);
                    }
                }
                continue;
            }
            let Some(shard) = self.shards.get_mut(Self::shard(key.hash)) else { continue };
            let shard = Arc::make_mut(shard);
            let Some(bucket) = shard.get_mut(&key.hash) else { continue };
            if !remove(&mut bucket.plans)
                && let (Some(second), Some(by_second)) = (place.second, &mut bucket.second)
                && let Some(plans) = by_second.get_mut(&second.hash)
            {
                remove(plans);
                if plans.is_empty() {
                    by_second.remove(&second.hash);
                }
                if by_second.is_empty() {
                    bucket.second = None;
                }
            }
            if bucket.plans.is_empty() && bucket.second.is_none() {
                shard.remove(&key.hash);
            }
        }
        if let Some(second) = place.second
            && let Some(keys) = self.attribute_mut(second.attribute)
        {
            keys.equal = keys.equal.saturating_sub(1);
        }
    }

    pub(super) fn insert_unindexed(&mut self, slot: Slot) {
        Arc::make_mut(&mut self.unindexed).push(slot);
    }

    pub(super) fn remove_unindexed(&mut self, slot: Slot) {
        let plans = Arc::make_mut(&mut self.unindexed);
        if let Some(at) = plans.iter().position(|known| *known == slot) {
            plans.swap_remove(at);
        }
    }

    pub(super) fn unindexed(&self) -> &[Slot] {
        &self.unindexed
    }

    /// Returns the plans that can match, each once. `read` passes the values of an attribute.
    pub(super) fn candidates<'s>(
        &self,
        attribute: impl Fn(usize) -> Option<&'s Attribute>,
        read: impl Fn(&Attribute, &mut dyn FnMut(ValueRef<'_>) -> bool),
    ) -> Vec<Slot> {
        let mut probe = Probe { index: self, equal: Vec::new(), found: self.unindexed.to_vec() };
        for (position, keys) in self.attributes.iter().enumerate() {
            if let Some(attribute) = attribute(position).filter(|_| keys.is_used()) {
                let mut is_first = true;
                read(attribute, &mut |value| {
                    probe.add(keys, attribute, value, std::mem::take(&mut is_first));
                    false
                });
            }
        }
        probe.finish()
    }
}

impl AttributeKeys {
    fn is_used(&self) -> bool {
        let any = |counts: &[u32]| counts.iter().any(|count| *count > 0);
        self.equal > 0
            || self.present > 0
            || any(&self.prefixes)
            || any(&self.suffixes)
            || any(&self.grams)
            || !self.above.is_empty()
            || !self.below.is_empty()
    }

    fn count_mut(&mut self, kind: Kind) -> Option<&mut u32> {
        match kind {
            Kind::Equal => Some(&mut self.equal),
            Kind::Present => Some(&mut self.present),
            Kind::Prefix(position) => self.prefixes.get_mut(usize::from(position)),
            Kind::Suffix(position) => self.suffixes.get_mut(usize::from(position)),
            Kind::Gram(length) => self.grams.get_mut(usize::from(length)),
            Kind::Above | Kind::Below => None,
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

/// The search for the plans of one record.
struct Probe<'i> {
    index: &'i Index,
    /// The hashes of the keys for equality.
    equal: Vec<u64>,
    found: Vec<Slot>,
}

impl Probe<'_> {
    fn add(
        &mut self,
        keys: &AttributeKeys,
        attribute: &Attribute,
        value: ValueRef<'_>,
        is_first: bool,
    ) {
        if keys.present > 0 && is_first {
            let key = self.index.hasher.part(attribute.id(), Kind::Present, &[]);
            self.bucket(key.hash);
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
        if keys.equal > 0 {
            let is_untyped = attribute.attribute_type() == AttributeType::Any;
            let equal = &mut self.equal;
            let hasher = self.index.hasher;
            hasher.of_value(attribute.id(), value, text, is_untyped, |hash| equal.push(hash));
        }
    }

    /// Adds the plans under prefixes, suffixes and substrings of a string.
    fn parts(&mut self, keys: &AttributeKeys, attribute: AttributeId, text: &[u8]) {
        let hasher = self.index.hasher;
        for (position, length) in (0_u8..).zip(LENGTHS) {
            let is_used =
                |counts: &[u32]| counts.get(usize::from(position)).is_some_and(|count| *count > 0);
            if let Some(prefix) = text.get(..length).filter(|_| is_used(&keys.prefixes)) {
                self.bucket(hasher.part(attribute, Kind::Prefix(position), prefix).hash);
            }
            let suffix = text.len().checked_sub(length).and_then(|start| text.get(start..));
            if let Some(suffix) = suffix.filter(|_| is_used(&keys.suffixes)) {
                self.bucket(hasher.part(attribute, Kind::Suffix(position), suffix).hash);
            }
        }
        for (length, count) in (0_u8..).zip(keys.grams).skip(1) {
            if count > 0 {
                for gram in text.windows(usize::from(length)) {
                    // Plans with a substring have one key, but a string can contain it twice.
                    let start = self.found.len();
                    self.bucket(hasher.part(attribute, Kind::Gram(length), gram).hash);
                    self.found.iter_mut().skip(start).for_each(|slot| *slot |= SEVERAL_KEYS);
                }
            }
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
        self.found.extend(plans.map(|slot| slot | SEVERAL_KEYS));
    }

    fn bucket(&mut self, hash: u64) {
        if let Some(bucket) = self.index.bucket(hash) {
            self.found.extend(&bucket.plans);
        }
    }

    fn finish(mut self) -> Vec<Slot> {
        // Values can be equal to each other.
        self.equal.sort_unstable();
        self.equal.dedup();
        for hash in &self.equal {
            let Some(bucket) = self.index.bucket(*hash) else { continue };
            self.found.extend(&bucket.plans);
            if let Some(second) = &bucket.second {
                let others = self.equal.iter().filter_map(|other| second.get(other));
                self.found.extend(others.flatten());
            }
        }
        if self.found.iter().any(|slot| slot & SEVERAL_KEYS != 0) {
            self.found.iter_mut().for_each(|slot| *slot &= !SEVERAL_KEYS);
            self.found.sort_unstable();
            self.found.dedup();
        }
        self.found
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
