//! Users by the hash of a text.

use super::tree::{Leaf, Path, Tree};
use std::hash::{BuildHasher, RandomState};

/// Which text it is that a user is found by. All by their keys ([`scieve::fold_key`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    Id,
    Subject,
    Email,
    Client,
}

/// Numbers of users by hashes, sorted: the hash above, the number below. Users with another text may come along, so whoever asks
/// looks at the text again.
#[derive(Clone)]
pub(super) struct Lookup {
    tree: Tree<Entries>,
    state: RandomState,
}

/// Entries in one piece, of which a lookup touches one line of memory, mostly.
#[derive(Clone)]
struct Entries {
    len: usize,
    all: [u64; Self::ROOM],
}

/// What is asked of entries without looking at them.
#[derive(Clone, Copy)]
struct Mark {
    /// The upper half of the first entry.
    first: u32,
    len: u32,
}

impl Leaf for Entries {
    /// A leaf has one too many before it is split.
    const MAX: usize = Self::ROOM - 1;
    type Mark = Mark;
    type Summary = ();

    fn len(&self) -> usize {
        self.len
    }

    fn mark(&self) -> Mark {
        Mark { first: upper(self.first()), len: self.len as u32 }
    }

    fn split(&mut self) -> Self {
        let at = self.len / 2;
        let upper = Self::of(self.entries().get(at..).unwrap_or_default());
        self.len = at;
        upper
    }
}

impl Entries {
    const ROOM: usize = 512;

    /// Of sorted entries, for which there has to be room.
    fn of(entries: &[u64]) -> Self {
        let mut all = [0; Self::ROOM];
        all.iter_mut().zip(entries).for_each(|(to, from)| *to = *from);
        Self { len: entries.len().min(Self::ROOM), all }
    }

    fn first(&self) -> u64 {
        self.all.first().copied().unwrap_or_default()
    }

    fn entries(&self) -> &[u64] {
        self.all.get(..self.len).unwrap_or_default()
    }

    fn insert(&mut self, entry: u64) {
        let Err(place) = self.entries().binary_search(&entry) else { return };
        if self.len < Self::ROOM {
            self.all.copy_within(place..self.len, place + 1);
            self.all.get_mut(place).into_iter().for_each(|to| *to = entry);
            self.len += 1;
        }
    }

    fn remove(&mut self, entry: u64) {
        let Ok(place) = self.entries().binary_search(&entry) else { return };
        self.all.copy_within(place + 1..self.len, place);
        self.len -= 1;
    }

    /// The entries from the first on that is not below the hash. Hashes are spread evenly between the first entry of this leaf and that
    /// of the next, so it is not far from where they would have it.
    fn from(&self, hash: u64, mark: Mark, next: Option<Mark>) -> &[u64] {
        let entries = self.all.get(..mark.len as usize).unwrap_or_default();
        let (span, offset) = (
            next.map_or(u32::MAX, |next| next.first).saturating_sub(mark.first),
            upper(hash).saturating_sub(mark.first),
        );
        let expected = (u64::from(offset) * entries.len() as u64 / u64::from(span.max(1))) as usize;
        let (mut low, mut step) = (expected.min(entries.len()), 8);
        while low > 0 && entries.get(low - 1).is_some_and(|entry| *entry >= hash) {
            low = low.saturating_sub(step);
            step *= 2;
        }
        let (mut high, mut step) = (low, 8);
        while entries.get(high).is_some_and(|entry| *entry < hash) {
            low = high + 1;
            high = high.saturating_add(step);
            step *= 2;
        }
        let high = high.min(entries.len());
        low += entries.get(low..high).map_or(0, |rest| rest.partition_point(|entry| *entry < hash));
        entries.get(low..).unwrap_or_default()
    }
}

fn upper(entry: u64) -> u32 {
    (entry >> 32) as u32
}

impl Lookup {
    pub(super) fn new() -> Self {
        Self { tree: Tree::new(), state: RandomState::new() }
    }

    fn hash(&self, by: By, key: &str) -> u64 {
        self.state.hash_one((by, key)) & !u64::from(u32::MAX)
    }

    /// The entry of a user; many of them make [`Lookup::fill`] faster than [`Lookup::insert`] one by one.
    pub(super) fn entry(&self, by: By, key: &str, slot: u32) -> u64 {
        self.hash(by, key) | u64::from(slot)
    }

    /// Puts the entries into a lookup that is empty.
    pub(super) fn fill(&mut self, mut entries: Vec<u64>) {
        entries.sort_unstable();
        self.tree = Tree::of(entries.chunks(Entries::MAX * 3 / 4).map(Entries::of));
    }

    /// The last leaf whose first entry is not above this one.
    fn path(&self, entry: u64) -> Path {
        let upper = upper(entry);
        self.tree.find_by_mark(
            |mark| (mark.first != upper).then_some(mark.first < upper),
            |leaf| leaf.first() <= entry,
        )
    }

    pub(super) fn insert(&mut self, by: By, key: &str, slot: u32) {
        let entry = self.entry(by, key, slot);
        if self.tree.is_empty() {
            self.tree = Tree::of([Entries::of(&[entry])]);
            return;
        }
        let path = self.path(entry);
        self.tree.change(path, |leaf, (), _| leaf.insert(entry));
    }

    pub(super) fn remove(&mut self, by: By, key: &str, slot: u32) {
        let entry = self.entry(by, key, slot);
        let path = self.path(entry);
        self.tree.change(path, |leaf, (), _| leaf.remove(entry));
    }

    /// The users that may have the text, in the order of their numbers.
    pub(super) fn find(&self, by: By, key: &str) -> impl Iterator<Item = u32> {
        let hash = self.hash(by, key);
        let path = self.path(hash);
        let (mark, next) = self.tree.marks(path);
        let leaves = self.tree.leaves_from(path).enumerate();
        let entries = leaves.flat_map(move |(place, leaf)| match mark {
            Some(mark) if place == 0 => leaf.from(hash, mark, next),
            _ => leaf.entries(),
        });
        entries
            .take_while(move |entry| *entry & !u64::from(u32::MAX) == hash)
            .map(|entry| (entry & u64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{By, Lookup};
    use std::collections::BTreeSet;

    #[test]
    fn finds_what_was_put_in_and_not_taken_out() {
        let mut lookup = Lookup::new();
        let mut model = BTreeSet::new();
        for step in 0..20_000_u32 {
            // Few texts, so that many users have one.
            let (text, slot) =
                (format!("text {}", step % 97), step.wrapping_mul(2_654_435_761) % 3000);
            if step % 3 == 0 {
                lookup.remove(By::Email, &text, slot);
                model.remove(&(text, slot));
            } else {
                lookup.insert(By::Email, &text, slot);
                model.insert((text, slot));
            }
        }
        for number in 0..100 {
            let text = format!("text {number}");
            let found: Vec<u32> = lookup.find(By::Email, &text).collect();
            let expected: Vec<u32> =
                model.iter().filter(|(other, _)| *other == text).map(|(_, slot)| *slot).collect();
            assert_eq!(found, expected);
            assert_eq!(lookup.find(By::Subject, &text).count(), 0);
        }
    }
}
