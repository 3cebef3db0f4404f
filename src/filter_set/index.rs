//! The index: for each key the plans that can match records with this key.
//!
//! All parts are shared with snapshots and copied when they are changed (copy on write). Buckets are
//! in shards, so that a change copies a small part of the index.

use super::key::{GRAM, Key, KeyHasher, Kind, LENGTHS, with_compared_form};
use crate::schema::{Attribute, AttributeId};
use crate::value::{AttributeType, CaseSensitivity, Text, Value, ValueRef};
use arrayvec::ArrayVec;
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

/// The plans under one key. Most keys have few plans, which are stored without an allocation.
#[derive(Clone)]
enum Bucket {
    Few(ArrayVec<Slot, 2>),
    Many(Box<ManyPlans>),
}

#[derive(Clone)]
struct ManyPlans {
    plans: Vec<Slot>,
    /// Further plans by their second key.
    second: Option<Box<ByHash<Vec<Slot>>>>,
}

impl Bucket {
    fn plans(&self) -> &[Slot] {
        match self {
            Self::Few(plans) => plans,
            Self::Many(many) => &many.plans,
        }
    }

    fn second(&self) -> Option<&ByHash<Vec<Slot>>> {
        match self {
            Self::Many(many) => many.second.as_deref(),
            Self::Few(_) => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.plans().is_empty() && self.second().is_none()
    }

    fn insert(&mut self, plan: Slot, second: Option<Key>) {
        let plans = match self {
            Self::Few(plans) if !plans.is_full() => return plans.push(plan),
            Self::Few(plans) => plans.to_vec(),
            Self::Many(many) => {
                return match second {
                    Some(second) if many.plans.len() >= LARGE => {
                        let by_second = many.second.get_or_insert_default();
                        by_second.entry(second.hash()).or_default().push(plan);
                    }
                    _ => many.plans.push(plan),
                };
            }
        };
        let mut many = ManyPlans { plans, second: None };
        many.plans.push(plan);
        *self = Self::Many(Box::new(many));
    }

    fn remove(&mut self, plan: Slot, second: Option<Key>) {
        let many = match self {
            Self::Few(plans) => return plans.retain(|known| *known != plan),
            Self::Many(many) => many,
        };
        if !remove(&mut many.plans, plan)
            && let (Some(second), Some(by_second)) = (second, &mut many.second)
            && let Some(plans) = by_second.get_mut(&second.hash())
        {
            remove(plans, plan);
            if plans.is_empty() {
                by_second.remove(&second.hash());
            }
            if by_second.is_empty() {
                many.second = None;
            }
        }
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self::Few(ArrayVec::new_const())
    }
}

/// Removes a plan and returns whether it was in the list.
fn remove(plans: &mut Vec<Slot>, plan: Slot) -> bool {
    let found = plans.iter().position(|known| *known == plan);
    found.map(|at| plans.swap_remove(at)).is_some()
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
    /// The number of keys by the position of the attribute. Attributes without keys are not read.
    used: Vec<u32>,
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
        keys.sort_unstable_by_key(|key| (key.hash(), key.attribute, key.kind));
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
            used: Vec::new(),
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
        let bucket = self.bucket(key.hash()).map_or(0, |bucket| bucket.plans().len());
        let ranges = || self.attributes.get(key.attribute.index());
        let plans = match key.kind {
            Kind::Above => ranges().map_or(0, |keys| keys.above.len()),
            Kind::Below => ranges().map_or(0, |keys| keys.below.len()),
            _ => bucket,
        };
        plans as u64
    }

    /// Returns the keys of an attribute and their number.
    fn attribute_mut(&mut self, attribute: AttributeId) -> Option<(&mut AttributeKeys, &mut u32)> {
        if attribute.index() >= self.attributes.len() {
            self.attributes.resize_with(attribute.index() + 1, Arc::default);
            self.used.resize(attribute.index() + 1, 0);
        }
        let keys = self.attributes.get_mut(attribute.index())?;
        Some((Arc::make_mut(keys), self.used.get_mut(attribute.index())?))
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
            let Some((keys, all)) = self.attribute_mut(key.attribute) else { continue };
            *all += 1;
            if let Some(count) = keys.count_mut(key.kind) {
                *count += 1;
            }
            if let Some(list) = keys.ranges_mut(key.kind) {
                for operand in ranges(key) {
                    list.entry(operand.clone()).or_default().push(entry);
                }
                continue;
            }
            let Some(shard) = self.shards.get_mut(Self::shard(key.hash())) else { continue };
            Arc::make_mut(shard).entry(key.hash()).or_default().insert(entry, place.second);
        }
        // The second key is found only if its attribute is read.
        if let Some(second) = place.second
            && let Some((keys, all)) = self.attribute_mut(second.attribute)
        {
            keys.equal += 1;
            *all += 1;
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
        for key in &place.keys {
            let Some((keys, all)) = self.attribute_mut(key.attribute) else { continue };
            *all = all.saturating_sub(1);
            if let Some(count) = keys.count_mut(key.kind) {
                *count = count.saturating_sub(1);
            }
            if let Some(list) = keys.ranges_mut(key.kind) {
                for operand in ranges(key) {
                    if list.get_mut(operand).is_some_and(|plans| {
                        remove(plans, entry);
                        plans.is_empty()
                    }) {
                        list.remove(operand);
                    }
                }
                continue;
            }
            let Some(shard) = self.shards.get_mut(Self::shard(key.hash())) else { continue };
            let shard = Arc::make_mut(shard);
            let Some(bucket) = shard.get_mut(&key.hash()) else { continue };
            bucket.remove(entry, place.second);
            if bucket.is_empty() {
                shard.remove(&key.hash());
            }
        }
        if let Some(second) = place.second
            && let Some((keys, all)) = self.attribute_mut(second.attribute)
        {
            keys.equal = keys.equal.saturating_sub(1);
            *all = all.saturating_sub(1);
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

    /// Returns the plans that can match, each once. `read` passes the values of an attribute.
    pub(super) fn candidates<'s>(
        &self,
        attribute: impl Fn(usize) -> Option<&'s Attribute>,
        mut read: impl FnMut(&Attribute, &mut dyn FnMut(ValueRef<'_>)),
    ) -> Vec<Slot> {
        let mut probe = Probe {
            index: self,
            keys: Vec::new(),
            equal: Vec::new(),
            found: self.unindexed.to_vec(),
        };
        let used = self.used.iter().enumerate().filter(|(_, keys)| **keys > 0);
        for (position, _) in used {
            if let (Some(attribute), Some(keys)) =
                (attribute(position), self.attributes.get(position))
            {
                let mut is_first = true;
                read(attribute, &mut |value| {
                    probe.add(keys, attribute, value, std::mem::take(&mut is_first));
                });
            }
        }
        probe.finish()
    }
}

impl AttributeKeys {
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
    /// The hashes of the keys, except those for equality.
    keys: Vec<u64>,
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
            self.part(attribute.id(), Kind::Present, &[]);
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

    /// Adds the prefixes, suffixes and substrings of a string.
    fn parts(&mut self, keys: &AttributeKeys, attribute: AttributeId, text: &[u8]) {
        for (position, length) in (0_u8..).zip(LENGTHS) {
            let is_used =
                |counts: &[u32]| counts.get(usize::from(position)).is_some_and(|count| *count > 0);
            if let Some(prefix) = text.get(..length).filter(|_| is_used(&keys.prefixes)) {
                self.part(attribute, Kind::Prefix(position), prefix);
            }
            let suffix = text.len().checked_sub(length).and_then(|start| text.get(start..));
            if let Some(suffix) = suffix.filter(|_| is_used(&keys.suffixes)) {
                self.part(attribute, Kind::Suffix(position), suffix);
            }
        }
        for (length, count) in (0_u8..).zip(keys.grams).skip(1) {
            if count > 0 {
                for gram in text.windows(usize::from(length)) {
                    self.part(attribute, Kind::Gram(length), gram);
                }
            }
        }
    }

    fn part(&mut self, attribute: AttributeId, kind: Kind, bytes: &[u8]) {
        self.keys.push(self.index.hasher.part(attribute, kind, bytes).hash());
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

    fn finish(mut self) -> Vec<Slot> {
        self.keys.extend(&self.equal);
        // Values can be equal to each other, and a string can contain a substring twice.
        self.keys.sort_unstable();
        self.keys.dedup();
        let buckets: Vec<&Bucket> =
            self.keys.iter().filter_map(|hash| self.index.bucket(*hash)).collect();
        for bucket in buckets {
            self.found.extend(bucket.plans());
            if let Some(second) = bucket.second() {
                self.equal.sort_unstable();
                self.equal.dedup();
                self.found.extend(self.equal.iter().filter_map(|hash| second.get(hash)).flatten());
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
