//! The users of one tenant, with their indexes.

use super::block::{self, Block, ROWS, Row};
use super::ids::Ids;
use super::lookup::{By, Lookup};
use super::record::Record;
use super::slots::Slots;
use super::tree::{Path, Summary, Tree};
use crate::error::StoreError;
use crate::role::{Group, Role};
use crate::user::{Members, Status, User};
use scieve::fold_key;
use std::sync::Arc;

/// Rows of a block that there is room in.
const FULL: usize = ROWS * 3 / 4;

/// A whole state. A copy is cheap: it shares what neither changes.
#[derive(Clone)]
pub(super) struct Tenant {
    records: Slots<Record>,
    lookup: Lookup,
    /// By name.
    order: Tree<Block>,
    ids: Ids,
    pub(super) roles: Arc<Vec<Role>>,
    pub(super) groups: Arc<Vec<Group>>,
    /// Users by status.
    counts: [u64; Status::ALL.len()],
}

impl Tenant {
    pub(super) fn new() -> Self {
        Self {
            records: Slots::new(),
            lookup: Lookup::new(),
            order: Tree::new(),
            ids: Ids::new(),
            roles: Arc::default(),
            groups: Arc::default(),
            counts: [0; Status::ALL.len()],
        }
    }

    pub(super) fn record(&self, slot: u32) -> Option<&Record> {
        self.records.get(slot)
    }

    pub(super) fn order(&self) -> &Tree<Block> {
        &self.order
    }

    pub(super) fn ids(&self) -> &Ids {
        &self.ids
    }

    /// How many users have one of the statuses, a bit for each.
    pub(super) fn count(&self, statuses: u8) -> u64 {
        self.counts
            .iter()
            .enumerate()
            .filter(|(place, _)| statuses >> place & 1 == 1)
            .map(|(_, count)| count)
            .sum()
    }

    /// The users whose text has the key.
    pub(super) fn with(&self, by: By, wanted: &str) -> impl Iterator<Item = (u32, &Record)> {
        let found =
            self.lookup.find(by, wanted).filter_map(|slot| Some((slot, self.records.get(slot)?)));
        found.filter(move |(_, record)| {
            let text = match by {
                By::Id => Some(record.id()),
                By::Subject => Some(record.subject()),
                By::Email => record.email(),
                By::Client => record.client_id(),
            };
            text.is_some_and(|text| fold_key(text) == wanted)
        })
    }

    /// The user of that very id, deleted or not.
    pub(super) fn user(&self, id: &str) -> Option<(u32, &Record)> {
        self.with(By::Id, &fold_key(id)).find(|(_, record)| record.id() == id)
    }

    /// Returns the user with exactly this subject (case-sensitive), unless deleted.
    pub(super) fn live_by_subject(&self, subject: &str) -> Option<&Record> {
        self.with(By::Subject, &fold_key(subject))
            .map(|(_, record)| record)
            .find(|record| record.subject() == subject && record.status() != Status::Deleted)
    }

    /// Returns whether a user who is not deleted has exactly this subject.
    pub(super) fn has_subject(&self, subject: &str) -> bool {
        self.live_by_subject(subject).is_some()
    }

    /// Adds a user, whose id and subject nobody has.
    pub(super) fn insert(&mut self, record: Record) -> Result<(), StoreError> {
        let row = Row::new(self.records.len(), &record);
        let slot = self.push(record)?;
        self.ids.insert(slot, row.id(), |slot| self.records.get(slot));
        for (by, key) in keys(&row) {
            key.into_iter().for_each(|key| self.lookup.insert(by, key, slot));
        }
        self.lookup.insert(By::Id, &fold_key(row.id()), slot);
        self.place(&row);
        Ok(())
    }

    fn push(&mut self, record: Record) -> Result<u32, StoreError> {
        let status = record.status();
        let slot = self
            .records
            .push(record)
            .ok_or_else(|| StoreError::Internal("too many users".into()))?;
        self.counted(status, true);
        Ok(slot)
    }

    /// Adds users, whose ids and subjects nobody has. Where there are none yet this is faster than one by one. The users are to live until
    /// it is done: blocks that fill the holes where they were are scattered, and a walk along all of them takes a tenth longer.
    pub(super) fn extend(
        &mut self,
        users: &[User],
        mut record: impl FnMut(&User) -> Record,
    ) -> Result<(), StoreError> {
        if self.records.len() > 0 {
            return users.iter().try_for_each(|user| self.insert(record(user)));
        }
        let mut places = Vec::with_capacity(users.len());
        for user in users {
            places.push((block::beginning_of(&user.name), self.push(record(user))?));
        }
        places.sort_unstable();
        let (mut rows, mut blocks, mut entries) =
            (Vec::new(), Vec::new(), Vec::with_capacity(places.len() * 3));
        for alike in places.chunk_by(|(one, _), (other, _)| one == other) {
            let mut alike: Vec<Row> = alike
                .iter()
                .filter_map(|(_, slot)| Some(Row::new(*slot, self.records.get(*slot)?)))
                .collect();
            alike.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
            for row in &alike {
                entries.push(self.lookup.entry(By::Id, &fold_key(row.id()), row.slot()));
                entries.extend(
                    keys(row).filter_map(|(by, key)| Some(self.lookup.entry(by, key?, row.slot()))),
                );
            }
            rows.append(&mut alike);
            let full = rows.len() - rows.len() % FULL;
            blocks.extend(rows.get(..full).unwrap_or_default().chunks(FULL).map(Block::of));
            rows.drain(..full);
        }
        blocks.extend(rows.chunks(FULL).map(Block::of));
        self.order = Tree::of(blocks);
        self.lookup.fill(entries);
        self.ids.fill(0..self.records.len(), |slot| self.records.get(slot));
        Ok(())
    }

    /// Puts another record in the place of a user's; its id is the same.
    pub(super) fn replace(&mut self, slot: u32, record: Record) {
        let Some(old) = self.records.get(slot) else { return };
        let (old_status, old_row, row) =
            (old.status(), Row::new(slot, old), Row::new(slot, &record));
        self.counted(old_status, false);
        self.counted(record.status(), true);
        for (by, old, new) in keys(&old_row)
            .zip(keys(&row))
            .map(|((by, old), (_, new))| (by, old, new))
            .filter(|(_, old, new)| old != new)
        {
            old.into_iter().for_each(|key| self.lookup.remove(by, key, slot));
            new.into_iter().for_each(|key| self.lookup.insert(by, key, slot));
        }
        self.records.set(slot, record);
        let path = self.leaf_of(&old_row);
        let stays = old_row.place() == row.place() && old_row.has_name_of(&row);
        self.order.change(path, |block, digest, place| {
            let at = block.seek(|place| place < old_row.place());
            match block.slots.get(at) == Some(&slot) {
                true if stays => {
                    block.update(at, &row);
                    digest.add(place, &row);
                }
                true => block.remove(at),
                false => {}
            }
            if block.is_worn() {
                digest.renew(place, block);
            }
        });
        if !stays {
            self.place(&row);
        }
    }

    fn counted(&mut self, status: Status, more: bool) {
        if let Some(count) = self.counts.get_mut(status as usize) {
            *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
        }
    }

    fn leaf_of(&self, row: &Row) -> Path {
        block::find(&self.order, |place| place <= row.place())
    }

    fn place(&mut self, row: &Row) {
        if self.order.is_empty() {
            self.order = Tree::of([Block::of(std::slice::from_ref(row))]);
            return;
        }
        let path = self.leaf_of(row);
        self.order.change(path, |block, digest, place| {
            let at = block.seek(|place| place < row.place());
            block.insert(at, row);
            digest.add(place, row);
        });
    }
}

/// What the user is found by. The id is not among it, for it never changes.
fn keys(row: &Row) -> impl Iterator<Item = (By, Option<&str>)> {
    [(By::Subject, Some(row.subject())), (By::Email, row.email()), (By::Client, row.client())]
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::{By, Tenant};
    use crate::memory::grams::{Gram, grams};
    use crate::memory::record::{Record, Sharing};
    use crate::memory::texts::Text;
    use crate::{User, sample};

    #[test]
    fn what_a_user_no_longer_has_is_forgotten() {
        let (mut tenant, mut sharing) = (Tenant::new(), Sharing::default());
        let mut record = |user: &User| Record::new(user, "t".into(), &mut sharing);
        let old = User {
            email: Some("old@x".into()),
            client_id: Some("old".into()),
            ..sample(1).next().unwrap()
        };
        tenant.insert(record(&old)).unwrap();
        let new = User {
            name: "New".into(),
            subject: "new".into(),
            email: None,
            client_id: None,
            ..old.clone()
        };
        tenant.replace(0, record(&new));
        for (by, key) in
            [(By::Subject, old.subject.as_str()), (By::Email, "old@x"), (By::Client, "old")]
        {
            assert_eq!(tenant.lookup.find(by, &scieve::fold_key(key)).count(), 0, "{by:?}");
        }
        assert_eq!(tenant.lookup.find(By::Subject, "new").count(), 1);
        assert_eq!(
            tenant
                .order
                .leaves_from(tenant.order.find(|_| false))
                .map(|leaf| leaf.slots.len())
                .sum::<usize>(),
            1
        );
    }

    #[test]
    fn blocks_know_the_grams_of_all_their_texts_and_few_others() {
        let (mut tenant, mut sharing) = (Tenant::new(), Sharing::default());
        let users: Vec<User> = sample(4000).collect();
        let mut record = |user: &User| Record::new(user, "t".into(), &mut sharing);
        users.iter().for_each(|user| tenant.insert(record(user)).unwrap());
        for (turn, slot) in (0..9000_usize).map(|turn| (turn, turn * 7 % users.len())) {
            let mut user = users[slot].clone();
            match turn % 3 {
                0 => user.name = format!("{turn} {}", user.name),
                1 => user.email = Some(format!("{turn}@other.example")),
                _ => user.subject = format!("subject of {turn}"),
            }
            tenant.replace(slot as u32, record(&user));
        }
        let strange: Vec<_> = grams(b"zzzqqqjjj").collect();
        let (mut rows, mut confused) = (0, 0);
        for spot in tenant.order.spots_from(tenant.order.find(|_| false), |_| u64::MAX) {
            for text in [Text::Name, Text::Email, Text::Subject] {
                let known = |all: &[Gram]| spot.summary.with(text, all) >> spot.place & 1 == 1;
                confused += usize::from(known(&strange));
                for row in 0..spot.leaf.slots.len() {
                    rows += 1;
                    assert!(
                        known(&grams(spot.leaf.column(text).row(row)).collect::<Vec<_>>()),
                        "{text:?}"
                    );
                }
            }
        }
        assert_eq!((rows, confused), (3 * users.len(), 0));
    }
}
