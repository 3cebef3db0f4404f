//! The state of one tenant: its users and their indexes.

use super::cow_btree::{CowBTree, LeafPath, NodeSummary};
use super::cow_vec::CowVec;
use super::hash_index::{HashIndex, IndexedAttribute};
use super::id_index::IdIndex;
use super::segment::{self, MAX_ROWS, Row, Segment};
use super::stored_user::StoredUser;
use crate::error::StoreError;
use crate::role::{Group, Role};
use crate::user::{Members, Status, User};
use scieve::fold_key;
use std::sync::Arc;

/// Number of rows in a segment after a load: three quarters, so that later insertions do not split
/// each segment.
const LOADED_ROWS: usize = MAX_ROWS * 3 / 4;

/// A state of a tenant. A clone is a snapshot: it shares all nodes that neither of the two changes.
#[derive(Clone)]
pub(super) struct Tenant {
    /// Users by slot, in the order in which they were added. Slots are never reused.
    users: CowVec<StoredUser>,
    hash_index: HashIndex,
    /// Segments in the order of names.
    name_order: CowBTree<Segment>,
    id_index: IdIndex,
    pub(super) roles: Arc<Vec<Role>>,
    pub(super) groups: Arc<Vec<Group>>,
    /// Number of users by status.
    status_counts: [u64; Status::ALL.len()],
}

impl Tenant {
    pub(super) fn new() -> Self {
        Self {
            users: CowVec::new(),
            hash_index: HashIndex::new(),
            name_order: CowBTree::new(),
            id_index: IdIndex::new(),
            roles: Arc::default(),
            groups: Arc::default(),
            status_counts: [0; Status::ALL.len()],
        }
    }

    pub(super) fn user(&self, slot: u32) -> Option<&StoredUser> {
        self.users.get(slot)
    }

    pub(super) fn name_order(&self) -> &CowBTree<Segment> {
        &self.name_order
    }

    pub(super) fn id_index(&self) -> &IdIndex {
        &self.id_index
    }

    /// Returns the number of users whose status is in the mask, which has one bit per status.
    pub(super) fn count(&self, statuses: u8) -> u64 {
        self.status_counts
            .iter()
            .enumerate()
            .filter(|(status, _)| statuses >> status & 1 == 1)
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns the users whose attribute has this fold key, with their slots.
    pub(super) fn find(
        &self,
        attribute: IndexedAttribute,
        key: &str,
    ) -> impl Iterator<Item = (u32, &StoredUser)> {
        let slots = self.hash_index.find(attribute, key);
        let users = slots.filter_map(|slot| Some((slot, self.users.get(slot)?)));
        users.filter(move |(_, user)| {
            let value = match attribute {
                IndexedAttribute::Id => Some(user.id()),
                IndexedAttribute::Subject => Some(user.subject()),
                IndexedAttribute::Email => user.email(),
                IndexedAttribute::ClientId => user.client_id(),
            };
            value.is_some_and(|value| fold_key(value) == key)
        })
    }

    /// Returns the user with exactly this id, deleted or not.
    pub(super) fn find_by_id(&self, id: &str) -> Option<(u32, &StoredUser)> {
        self.find(IndexedAttribute::Id, &fold_key(id)).find(|(_, user)| user.id() == id)
    }

    /// Returns the user with exactly this subject, unless deleted.
    pub(super) fn live_by_subject(&self, subject: &str) -> Option<&StoredUser> {
        self.find(IndexedAttribute::Subject, &fold_key(subject))
            .map(|(_, user)| user)
            .find(|user| user.subject() == subject && user.status() != Status::Deleted)
    }

    /// Returns whether a user that is not deleted has exactly this subject.
    pub(super) fn has_subject(&self, subject: &str) -> bool {
        self.live_by_subject(subject).is_some()
    }

    /// Adds a user. Its id and subject must be new.
    pub(super) fn insert(&mut self, user: StoredUser) -> Result<(), StoreError> {
        let row = Row::new(self.users.len(), &user);
        let slot = self.push(user)?;
        self.id_index.insert(slot, row.id(), |slot| self.users.get(slot));
        for (attribute, key) in mutable_keys(&row) {
            key.into_iter().for_each(|key| self.hash_index.insert(attribute, key, slot));
        }
        self.hash_index.insert(IndexedAttribute::Id, &fold_key(row.id()), slot);
        self.insert_row(&row);
        Ok(())
    }

    /// Appends a user without indexing it.
    fn push(&mut self, user: StoredUser) -> Result<u32, StoreError> {
        let status = user.status();
        let slot =
            self.users.push(user).ok_or_else(|| StoreError::Internal("too many users".into()))?;
        self.count_status(status, true);
        Ok(slot)
    }

    /// Adds users. Their ids and subjects must be new. If the tenant has none yet, the indexes are
    /// built at once, which is faster than [`Tenant::insert`] one by one.
    ///
    // PERF: `users` is borrowed so that the caller frees it after the load. Segments allocated in
    // the holes of freed users are scattered in memory, which makes a scan over all of them a tenth
    // slower (`benches/store.rs`, `total`).
    pub(super) fn extend(
        &mut self,
        users: &[User],
        mut to_stored: impl FnMut(&User) -> StoredUser,
    ) -> Result<(), StoreError> {
        if self.users.len() > 0 {
            return users.iter().try_for_each(|user| self.insert(to_stored(user)));
        }
        // Sort by the prefix of the name first: rows, with all their strings, then exist only for
        // the names that share a prefix and for one unfinished segment.
        let mut slots = Vec::with_capacity(users.len());
        for user in users {
            slots.push((segment::prefix_number(&user.name), self.push(to_stored(user))?));
        }
        slots.sort_unstable();
        let mut pending = Vec::new();
        let mut segments = Vec::new();
        let mut entries = Vec::with_capacity(slots.len() * 3);
        for same_prefix in slots.chunk_by(|(a, _), (b, _)| a == b) {
            let mut rows: Vec<Row> = same_prefix
                .iter()
                .filter_map(|(_, slot)| Some(Row::new(*slot, self.users.get(*slot)?)))
                .collect();
            rows.sort_unstable_by(|a, b| a.name_key().cmp(&b.name_key()));
            for row in &rows {
                let id_key = fold_key(row.id());
                let id = (IndexedAttribute::Id, Some(&*id_key));
                entries.extend(std::iter::once(id).chain(mutable_keys(row)).filter_map(
                    |(attribute, key)| Some(self.hash_index.entry(attribute, key?, row.slot())),
                ));
            }
            pending.append(&mut rows);
            let full = pending.len() - pending.len() % LOADED_ROWS;
            let complete = pending.get(..full).unwrap_or_default().chunks(LOADED_ROWS);
            segments.extend(complete.map(Segment::from_rows));
            pending.drain(..full);
        }
        segments.extend(pending.chunks(LOADED_ROWS).map(Segment::from_rows));
        self.name_order = CowBTree::from_leaves(segments);
        self.hash_index.fill(entries);
        self.id_index.fill(0..self.users.len(), |slot| self.users.get(slot));
        Ok(())
    }

    /// Replaces the user of a slot by another with the same id.
    pub(super) fn replace(&mut self, slot: u32, user: StoredUser) {
        let Some(old) = self.users.get(slot) else { return };
        let (old_status, old_row) = (old.status(), Row::new(slot, old));
        let row = Row::new(slot, &user);
        self.count_status(old_status, false);
        self.count_status(user.status(), true);
        for ((attribute, old_key), (_, key)) in mutable_keys(&old_row).zip(mutable_keys(&row)) {
            if old_key != key {
                old_key.into_iter().for_each(|key| self.hash_index.remove(attribute, key, slot));
                key.into_iter().for_each(|key| self.hash_index.insert(attribute, key, slot));
            }
        }
        self.users.set(slot, user);
        self.replace_row(&old_row, &row);
    }

    /// Replaces a row in place if its name stays the same, and moves it otherwise.
    fn replace_row(&mut self, old: &Row, row: &Row) {
        let in_place = old.name_key() == row.name_key() && old.has_same_name(row);
        let path = self.segment_path(old);
        self.name_order.change(path, |segment, summary, index| {
            let at = segment.lower_bound(|key| key < old.name_key());
            if segment.slots.get(at) == Some(&old.slot()) {
                if in_place {
                    segment.update(at, row);
                    summary.add(index, row);
                } else {
                    segment.remove(at);
                }
            }
            if segment.take_rebuild_due() {
                summary.rebuild(index, segment);
            }
        });
        if !in_place {
            self.insert_row(row);
        }
    }

    fn count_status(&mut self, status: Status, added: bool) {
        if let Some(count) = self.status_counts.get_mut(status as usize) {
            *count = if added { count.saturating_add(1) } else { count.saturating_sub(1) };
        }
    }

    /// Returns the path of the segment that contains the row, or that it belongs into.
    fn segment_path(&self, row: &Row) -> LeafPath {
        segment::find(&self.name_order, |key| key <= row.name_key())
    }

    fn insert_row(&mut self, row: &Row) {
        if self.name_order.is_empty() {
            let segment = Segment::from_rows(std::slice::from_ref(row));
            self.name_order = CowBTree::from_leaves([segment]);
            return;
        }
        let path = self.segment_path(row);
        self.name_order.change(path, |segment, summary, index| {
            let at = segment.lower_bound(|key| key < row.name_key());
            segment.insert(at, row);
            summary.add(index, row);
        });
    }
}

/// Returns the fold keys of the indexed attributes, except the id, which never changes.
fn mutable_keys(row: &Row) -> impl Iterator<Item = (IndexedAttribute, Option<&str>)> {
    [
        (IndexedAttribute::Subject, Some(row.subject())),
        (IndexedAttribute::Email, row.email()),
        (IndexedAttribute::ClientId, row.client_id()),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::{IndexedAttribute, Tenant};
    use crate::memory::stored_user::{Interners, StoredUser};
    use crate::memory::text_column::TextColumn;
    use crate::memory::trigram_index::{Trigram, trigrams};
    use crate::{User, sample};

    #[test]
    fn replaced_users_leave_no_entries_in_the_indexes() {
        let (mut tenant, mut interners) = (Tenant::new(), Interners::default());
        let mut stored = |user: &User| StoredUser::new(user, "t".into(), &mut interners);
        let old = User {
            email: Some("old@x".into()),
            client_id: Some("old".into()),
            ..sample(1).next().unwrap()
        };
        tenant.insert(stored(&old)).unwrap();
        let new = User {
            name: "New".into(),
            subject: "new".into(),
            email: None,
            client_id: None,
            ..old.clone()
        };
        tenant.replace(0, stored(&new));
        for (attribute, value) in [
            (IndexedAttribute::Subject, old.subject.as_str()),
            (IndexedAttribute::Email, "old@x"),
            (IndexedAttribute::ClientId, "old"),
        ] {
            let key = scieve::fold_key(value);
            assert_eq!(tenant.hash_index.find(attribute, &key).count(), 0, "{attribute:?}");
        }
        assert_eq!(tenant.hash_index.find(IndexedAttribute::Subject, "new").count(), 1);
        let first = tenant.name_order.find(|_| false);
        let rows = tenant.name_order.leaves_from(first).map(|segment| segment.slots.len());
        assert_eq!(rows.sum::<usize>(), 1);
    }

    #[test]
    fn summaries_have_all_trigrams_of_their_segments_after_many_writes() {
        let (mut tenant, mut interners) = (Tenant::new(), Interners::default());
        let users: Vec<User> = sample(4000).collect();
        let mut stored = |user: &User| StoredUser::new(user, "t".into(), &mut interners);
        users.iter().for_each(|user| tenant.insert(stored(user)).unwrap());
        for (turn, slot) in (0..9000_usize).map(|turn| (turn, turn * 7 % users.len())) {
            let mut user = users[slot].clone();
            match turn % 3 {
                0 => user.name = format!("{turn} {}", user.name),
                1 => user.email = Some(format!("{turn}@other.example")),
                _ => user.subject = format!("subject of {turn}"),
            }
            tenant.replace(slot as u32, stored(&user));
        }
        let absent: Vec<_> = trigrams(b"zzzqqqjjj").collect();
        let (mut rows, mut false_positives) = (0, 0);
        let first = tenant.name_order.find(|_| false);
        for leaf_ref in tenant.name_order.leaf_refs_from(first, |_| u64::MAX) {
            for column in [TextColumn::Name, TextColumn::Email, TextColumn::Subject] {
                let may_have = |all: &[Trigram]| {
                    leaf_ref.summary.segments_with_all(column, all) >> leaf_ref.index & 1 == 1
                };
                false_positives += usize::from(may_have(&absent));
                for row in 0..leaf_ref.leaf.slots.len() {
                    rows += 1;
                    let string = leaf_ref.leaf.column(column).string(row);
                    assert!(may_have(&trigrams(string).collect::<Vec<_>>()), "{column:?}");
                }
            }
        }
        assert_eq!((rows, false_positives), (3 * users.len(), 0));
    }
}
