//! Sets of filters: the filters that a record matches, without evaluating all of them.
//!
//! # How it works
//!
//! ```text
//! insert: plan --cover--> keys: hash of (department, "sales") --> bucket: [plan, plan, ...]
//!
//! match:  record --values--> keys --> buckets --> candidates --Plan::matches--> matching plans
//! ```
//!
//! A plan is found by a *cover*: keys such that every record that matches has at least one of them
//! ([`cover`]). A key is the hash of an attribute and a value, a prefix, a suffix or four bytes of
//! a substring ([`key`]); comparisons by order are kept in sorted lists. Of a conjunction, one part
//! is enough, and the part that a record is expected to have least often is chosen. An equality of
//! another part is a second key, without which a candidate is not evaluated. The keys of the first
//! plans were chosen before it was known which keys are frequent, so they are chosen again while the
//! set grows.
//!
//! The keys select candidates, which [`Plan::matches`] evaluates, so that a set has the same meaning
//! as the loop over its plans. A plan whose keys are all that it requires, such as a list of
//! departments, is not evaluated: a second hash, with random keys, confirms its keys. This follows
//! "counting" and "access predicate" algorithms for publish/subscribe systems (Fabret et al.,
//! "Filtering Algorithms and Implementation for Very Fast Publish/Subscribe Systems", SIGMOD 2001).
//!
//! # Complexity
//!
//! Let `v` be the number of values of a record and `c` the number of candidates. Matching takes time
//! linear in the length of the values, in `v` look-ups, and in `c` evaluations. Inserting and
//! removing take time linear in the number of keys, and the bucket of each; an insertion after which
//! the keys are chosen again, at six sizes up to 4,096, takes that of all plans. A set is shared with its
//! snapshots, and only the changed parts are copied.
//!
//! # Limits
//!
//! A plan that can match a record without a value of its attributes (`not`, `ne`) has no key and is
//! a candidate for every record. [`FilterSet::explain`] lists such plans with the reason.
//! Comparisons by order select all plans on their side of the value. A set has at most 2^29 plans.

mod cover;
mod explain;
mod index;
mod key;
mod probe;
mod read_record;
mod shard;
#[cfg(test)]
mod tests;

use crate::eval;
use crate::plan::{Node, Plan, Predicate};
use crate::schema::{Record, Schema, SchemaError};
use crate::value::Value;
use arrayvec::ArrayVec;
use cover::{Chooser, Cover, Proved, Reason};
use index::{Index, Place};
use key::{Key, Kind};
use probe::{Candidates, Hits};
use read_record::ReadRecord;
use shard::{EXACT, FLAGS, PARTLY, Slot};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::hint::black_box;
use std::sync::Arc;

/// Number of plans of a part that is copied on write.
const CHUNK: usize = 128;

/// Numbers of slots at which the keys of all plans are chosen again, by the frequencies known then.
const CHOOSE_AGAIN: [usize; 6] = [4, 16, 64, 256, 1_024, 4_096];

/// Number of candidates that are evaluated together.
const BATCH: usize = 32;

/// Number of parts of the map from identifiers to plans.
const ID_SHARDS: usize = 256;

/// A set of plans, each with an identifier, that finds the plans that a record matches.
///
/// It has the same meaning as [`Plan::matches`] of every plan. The time does not depend on the
/// number of plans, but on the number of those that resemble the record: see the
/// [module documentation](https://docs.rs/scieve/latest/src/scieve/filter_set/mod.rs.html).
///
/// A clone is a snapshot: it takes time linear in the number of parts, some microseconds per
/// 100,000 plans, and shares them with the original until one of them changes. Readers can keep
/// matching a snapshot while one writer changes the set.
///
/// ```
/// use scieve::{FilterSet, scim};
/// use serde_json::{Value, json};
///
/// // Dynamic groups: the members of each are the users that match a filter.
/// let policy = scim::user_policy();
/// let mut groups: FilterSet<Value, &str> = FilterSet::new();
/// groups.insert("staff", policy.parse(r#"userType eq "Employee" and active eq true"#)?)?;
/// groups.insert("guests", policy.parse(r#"userType eq "Contractor""#)?)?;
/// groups.insert("work mail", policy.parse(r#"emails[type eq "work" and value ew "@x.org"]"#)?)?;
///
/// let before = json!({"userType": "Contractor", "active": true});
/// let after = json!({
///     "userType": "Employee",
///     "active": true,
///     "emails": [{"type": "work", "value": "ann@x.org"}],
/// });
/// let mut found = Vec::new();
/// groups.matching(&after, |group| found.push(*group));
/// found.sort();
/// assert_eq!(found, ["staff", "work mail"]);
///
/// let (mut entered, left) = groups.changed(&before, &after);
/// entered.sort();
/// assert_eq!((entered, left), (vec![&"staff", &"work mail"], vec![&"guests"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FilterSet<R: ?Sized, Id> {
    schema: Arc<Schema>,
    index: Index,
    chunks: Vec<Arc<Chunk<R, Id>>>,
    free: Arc<Vec<Slot>>,
    ids: Vec<Arc<HashMap<Id, Slot>>>,
    id_hasher: RandomState,
    len: usize,
}

/// Neighbouring slots. A slot is empty if its plan was removed.
struct Chunk<R: ?Sized, Id> {
    heads: Vec<Option<Head<Id>>>,
    entries: Vec<Option<Arc<Entry<R>>>>,
}

/// The parts of an entry that are read for each candidate.
// PERF: 12 bytes with an identifier of 4 bytes. Those of 100,000 plans stay in the cache of a
// processor, unlike the plans.
#[derive(Clone)]
struct Head<Id> {
    id: Id,
    /// Part of the hash of the second key, or zero.
    second: u32,
    /// The position of a child of the root that is not evaluated if a key has the flag [`PARTLY`].
    proved: Option<u8>,
}

struct Entry<R: ?Sized> {
    plan: Plan<R>,
    place: Result<Place, Reason>,
}

impl<R: ?Sized, Id: Clone + Eq + Hash> FilterSet<R, Id> {
    /// Creates an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            schema: Arc::default(),
            index: Index::new(),
            chunks: Vec::new(),
            free: Arc::default(),
            ids: vec![Arc::default(); ID_SHARDS],
            id_hasher: RandomState::new(),
            len: 0,
        }
    }

    /// Returns the number of plans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the set has no plan.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a plan or replaces the one with the same identifier, which is returned.
    ///
    /// # Errors
    /// Returns an error if the plan has another schema than the plans of the set. Plans of one
    /// policy can always be added, also those without a schema. The set is then unchanged.
    pub fn insert(&mut self, id: Id, plan: Plan<R>) -> Result<Option<Plan<R>>, SchemaError> {
        let plan = match self.len {
            0 => {
                self.schema = Arc::clone(plan.shared_schema());
                plan
            }
            _ => {
                let (schema, root) = plan.merged_into(&self.schema)?;
                let root = root.into_owned();
                self.schema = schema;
                Plan::new(root, Arc::clone(&self.schema), plan.warnings().to_vec())
            }
        };
        let before = self.remove(&id);
        let slot = match Arc::make_mut(&mut self.free).pop() {
            Some(slot) => slot,
            None => self.new_slot(),
        };
        self.place(slot, id.clone(), plan);
        let shard = self.id_shard(&id);
        if let Some(ids) = self.ids.get_mut(shard) {
            Arc::make_mut(ids).insert(id, slot);
        }
        self.len += 1;
        Ok(before)
    }

    /// Removes the plan with an identifier and returns it.
    pub fn remove(&mut self, id: &Id) -> Option<Plan<R>> {
        let shard = self.id_shard(id);
        self.ids.get(shard)?.get(id)?;
        let slot = Arc::make_mut(self.ids.get_mut(shard)?).remove(id)?;
        let (_, plan) = self.take(slot)?;
        Arc::make_mut(&mut self.free).push(slot);
        self.len -= 1;
        Some(plan)
    }

    /// Returns the plan with an identifier.
    #[must_use]
    pub fn get(&self, id: &Id) -> Option<&Plan<R>> {
        let slot = self.ids.get(self.id_shard(id))?.get(id)?;
        self.entry(*slot).map(|entry| &entry.plan)
    }

    /// Iterates over the plans and their identifiers, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&Id, &Plan<R>)> {
        self.entries().map(|(id, entry)| (id, &entry.plan))
    }

    /// Returns the identifiers of the plans without a key, which are evaluated on every record.
    pub fn unindexed(&self) -> impl Iterator<Item = &Id> {
        self.index.unindexed().iter().filter_map(|slot| self.head(*slot)).map(|head| &head.id)
    }

    fn id_shard(&self, id: &Id) -> usize {
        self.id_hasher.hash_one(id) as usize % ID_SHARDS
    }

    fn entries(&self) -> impl Iterator<Item = (&Id, &Entry<R>)> {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.heads.iter().zip(&chunk.entries));
        slots.filter_map(|(head, entry)| Some((&head.as_ref()?.id, &**entry.as_ref()?)))
    }

    fn head(&self, slot: Slot) -> Option<&Head<Id>> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.heads.get(slot % CHUNK)?.as_ref()
    }

    fn entry(&self, slot: Slot) -> Option<&Arc<Entry<R>>> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.entries.get(slot % CHUNK)?.as_ref()
    }

    /// Chooses the keys of a plan, and stores it in an empty slot.
    fn place(&mut self, slot: Slot, id: Id, plan: Plan<R>) {
        let chooser =
            Chooser { hasher: &self.index.hasher, cost: |key: &Key| self.index.cost(key) };
        let cover = chooser.cover(plan.root());
        let (second, proved) = match &cover {
            Ok(Cover { second, proved: Proved::Child(child), .. }) => (*second, Some(*child)),
            Ok(cover) => (cover.second, None),
            Err(_) => (None, None),
        };
        let place =
            cover.map(|cover| self.index.insert(slot, cover, |key| ranges(plan.root(), key)));
        if place.is_err() {
            self.index.insert_unindexed(slot);
        }
        let second = second.map_or(0, |key| probe::second(key.hash()));
        self.set_slot(slot, Some((Head { id, second, proved }, Arc::new(Entry { plan, place }))));
    }

    /// Removes a plan from its slot and from the index.
    fn take(&mut self, slot: Slot) -> Option<(Id, Plan<R>)> {
        let id = self.head(slot)?.id.clone();
        let entry = self.entry(slot).cloned()?;
        match &entry.place {
            Ok(place) => self.index.remove(slot, place, |key| ranges(entry.plan.root(), key)),
            Err(_) => self.index.remove_unindexed(slot),
        }
        self.set_slot(slot, None);
        let plan =
            Arc::try_unwrap(entry).map_or_else(|entry| entry.plan.clone(), |entry| entry.plan);
        Some((id, plan))
    }

    /// Adds a slot at the end.
    fn new_slot(&mut self) -> Slot {
        let count =
            self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.heads.len());
        if CHOOSE_AGAIN.contains(&count) {
            for slot in 0..count as Slot {
                if let Some((id, plan)) = self.take(slot) {
                    self.place(slot, id, plan);
                }
            }
        }
        if count.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Chunk {
                heads: Vec::with_capacity(CHUNK),
                entries: Vec::with_capacity(CHUNK),
            }));
        }
        if let Some(last) = self.chunks.last_mut() {
            let last = Arc::make_mut(last);
            last.heads.push(None);
            last.entries.push(None);
        }
        Slot::try_from(count).unwrap_or(Slot::MAX)
    }

    fn set_slot(&mut self, slot: Slot, entry: Option<(Head<Id>, Arc<Entry<R>>)>) {
        let slot = slot as usize;
        if let Some(chunk) = self.chunks.get_mut(slot / CHUNK) {
            let chunk = Arc::make_mut(chunk);
            if let Some(head) = chunk.heads.get_mut(slot % CHUNK)
                && let Some(place) = chunk.entries.get_mut(slot % CHUNK)
            {
                (*head, *place) = entry.unzip();
            }
        }
    }
}

impl<R: Record, Id: Clone + Eq + Hash> FilterSet<R, Id> {
    /// Passes the identifier of each plan that the record matches to `found`, in no particular
    /// order.
    pub fn matching<'s>(&'s self, record: &R, mut found: impl FnMut(&'s Id)) {
        let mut record = ReadRecord::new(record);
        let hits = self.hits(&mut record);
        self.matching_heads(&hits.candidates(None), &record, |_, head| found(&head.id));
    }

    /// Returns the identifiers of the plans that only the changed record matches, and of those that
    /// only the record before matches.
    pub fn changed(&self, before: &R, after: &R) -> (Vec<&Id>, Vec<&Id>) {
        let (mut before, mut after) = (ReadRecord::new(before), ReadRecord::new(after));
        let (old, new) = (self.hits(&mut before), self.hits(&mut after));
        let left = self.matching_slots(&old.candidates(Some(&new)), &before);
        let entered = self.matching_slots(&new.candidates(Some(&old)), &after);
        let common = old.common(&new);
        let only = |one: &[Slot], other: &[Slot]| {
            let is_in = |slots: &[Slot], slot: &Slot| slots.binary_search(slot).is_ok();
            one.iter()
                .filter(|slot| !is_in(other, slot) && !is_in(&common, slot))
                .filter_map(|slot| self.head(*slot))
                .map(|head| &head.id)
                .collect()
        };
        (only(&entered, &left), only(&left, &entered))
    }

    /// Returns the slots of the candidates that match, sorted.
    fn matching_slots(&self, candidates: &Candidates<'_>, record: &ReadRecord<'_, R>) -> Vec<Slot> {
        let mut slots = Vec::with_capacity(candidates.plans.len());
        self.matching_heads(candidates, record, |slot, _| slots.push(slot));
        slots.sort_unstable();
        slots
    }

    fn hits(&self, record: &mut ReadRecord<'_, R>) -> Hits<'_> {
        let attributes = self.schema.attributes().as_slice();
        Hits::find(
            &self.index,
            |position| attributes.get(position),
            |attribute, found| record.read(attribute, found),
        )
    }

    fn matching_heads<'s>(
        &'s self,
        Candidates { plans, equal }: &Candidates<'_>,
        record: &ReadRecord<'_, R>,
        mut found: impl FnMut(Slot, &'s Head<Id>),
    ) {
        for plans in plans.chunks(BATCH) {
            let mut open: ArrayVec<_, BATCH> = ArrayVec::new();
            for plan in plans {
                let slot = plan & !FLAGS;
                let Some(head) = self.head(slot) else { continue };
                if plan & EXACT != 0 {
                    found(slot, head);
                } else if head.second == 0 || equal.binary_search(&head.second).is_ok() {
                    let proved = head.proved.filter(|_| plan & PARTLY != 0);
                    let open_parts = |entry: &'s Arc<Entry<R>>| unproved(entry.plan.root(), proved);
                    open.extend(self.entry(slot).map(|entry| (slot, head, open_parts(entry))));
                }
            }
            // PERF: plans are rarely in a cache. The loads of the candidates are independent of each
            // other in each of these loops, so that their cache misses overlap. One loop takes twice
            // the time with 100,000 filters (`benches/peers -- --only filter-sets`).
            for (.., [before, after]) in &open {
                before.iter().chain(*after).take(1).for_each(load);
            }
            for (slot, head, [before, after]) in open {
                let mut parts = before.iter().chain(after);
                if parts.all(|part| eval::matches(part, &self.schema, record)) {
                    found(slot, head);
                }
            }
        }
    }
}

impl<R: ?Sized, Id: Clone> Clone for Chunk<R, Id> {
    fn clone(&self) -> Self {
        Self { heads: self.heads.clone(), entries: self.entries.clone() }
    }
}

impl<R: ?Sized, Id> Clone for FilterSet<R, Id> {
    fn clone(&self) -> Self {
        Self {
            schema: Arc::clone(&self.schema),
            index: self.index.clone(),
            chunks: self.chunks.clone(),
            free: Arc::clone(&self.free),
            ids: self.ids.clone(),
            id_hasher: self.id_hasher.clone(),
            len: self.len,
        }
    }
}

impl<R: ?Sized, Id: Clone + Eq + Hash> Default for FilterSet<R, Id> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: ?Sized, Id> std::fmt::Debug for FilterSet<R, Id> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterSet").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Returns the parts of a plan that have to be true, without a child of the root that is known to be.
fn unproved(root: &Node, proved: Option<u8>) -> [&[Node]; 2] {
    if let (Node::All(children), Some(child)) = (root, proved)
        && let Some((before, [_, after @ ..])) = children.split_at_checked(child.into())
    {
        return [before, after];
    }
    [std::slice::from_ref(root), &[]]
}

/// Loads the parts of a node that are evaluated first.
fn load(node: &Node) {
    let first = match node {
        Node::All(children) | Node::Any(children) => children.first().unwrap_or(node),
        node => node,
    };
    if let Node::Test(test) = first {
        black_box(match test.predicate() {
            Predicate::In(operands) => {
                operands.first().is_some_and(|at| matches!(at, Value::Text(_)))
            }
            Predicate::StartsWith(text) | Predicate::EndsWith(text) => text.starts_with('a'),
            Predicate::Element(inner) => matches!(**inner, Node::All(_)),
            _ => false,
        });
    }
}

/// Returns the operands of a plan's comparisons with the attribute in the direction of a key.
fn ranges<'p>(root: &'p Node, key: &Key) -> Vec<&'p Value> {
    let mut found = Vec::new();
    collect_ranges(root, key, &mut found);
    found.sort();
    found.dedup();
    found
}

// The recursion is bounded by the depth of the plan, which `Limits` bounds.
fn collect_ranges<'p>(node: &'p Node, key: &Key, found: &mut Vec<&'p Value>) {
    match node {
        Node::All(children) | Node::Any(children) => {
            children.iter().for_each(|child| collect_ranges(child, key, found));
        }
        Node::Not(child) => collect_ranges(child, key, found),
        Node::Test(test) => match (test.predicate(), key.kind) {
            (Predicate::Element(inner), _) => collect_ranges(inner, key, found),
            _ if test.attribute() != key.attribute => {}
            (Predicate::Greater(operand) | Predicate::GreaterOrEqual(operand), Kind::Above)
            | (Predicate::Less(operand) | Predicate::LessOrEqual(operand), Kind::Below) => {
                found.push(operand);
            }
            _ => {}
        },
    }
}
