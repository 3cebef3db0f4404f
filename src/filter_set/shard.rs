//! A part of the index: plans by the hash of their keys, sorted by hash.

use arrayvec::ArrayVec;

/// The position of a plan in the set. Lists of plans use the upper bits for flags.
pub(super) type Slot = u32;

/// Marks a plan with several keys, which a record can select more than once.
pub(super) const SEVERAL_KEYS: Slot = 1 << 31;

/// Marks a plan that every record with the key matches.
pub(super) const EXACT: Slot = 1 << 30;

/// Marks a plan of which every record with the key passes one part.
pub(super) const PARTLY: Slot = 1 << 29;

pub(super) const FLAGS: Slot = SEVERAL_KEYS | EXACT | PARTLY;

/// The plans under one key. Most keys have few plans, which are stored without an allocation.
#[derive(Clone)]
pub(super) struct Bucket {
    /// Confirms the key of the plans with the flag [`EXACT`] or [`PARTLY`].
    pub(super) check: u64,
    plans: Plans,
}

#[derive(Clone)]
enum Plans {
    Few(ArrayVec<Slot, 3>),
    Many(Vec<Slot>),
}

impl Plans {
    fn push(&mut self, plan: Slot) {
        match self {
            Self::Few(plans) if plans.is_full() => {
                let mut plans = plans.to_vec();
                plans.push(plan);
                *self = Self::Many(plans);
            }
            Self::Few(plans) => plans.push(plan),
            Self::Many(plans) => {
                reserve(plans);
                plans.push(plan);
            }
        }
    }

    /// Removes a plan, if it is one of these.
    fn remove(&mut self, plan: Slot) {
        match self {
            Self::Few(plans) => plans.retain(|known| *known & !FLAGS != plan),
            Self::Many(plans) => remove(plans, plan),
        }
    }
}

impl Bucket {
    /// Loads the plans.
    pub(super) fn load(&self) -> Slot {
        self.plans().first().copied().unwrap_or_default()
    }

    /// Returns the plans with their flags.
    pub(super) fn plans(&self) -> &[Slot] {
        match &self.plans {
            Plans::Few(plans) => plans,
            Plans::Many(plans) => plans,
        }
    }
}

/// Removes a plan from a list, if it is in the list.
pub(super) fn remove(plans: &mut Vec<Slot>, plan: Slot) {
    let found = plans.iter().position(|known| *known & !FLAGS == plan);
    found.map(|at| plans.swap_remove(at));
}

/// Reserves an eighth of the length if a list is full. `Vec` would double the memory.
fn reserve<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 2);
    }
}

/// The buckets whose hashes have some bits in common.
#[derive(Clone, Default)]
pub(super) struct Shard {
    /// Bits of the hashes in ascending order.
    // PERF: 16 bits, so that few cache lines are searched. With the bits that select a shard, three
    // of 200 keys share a bucket with another one in a set of 1,000,000 keys.
    hashes: Vec<u16>,
    /// The bucket of each hash.
    buckets: Vec<Bucket>,
}

impl Shard {
    /// Returns the bucket of a hash.
    pub(super) fn find(&self, hash: u16) -> Option<&Bucket> {
        self.buckets.get(self.hashes.binary_search(&hash).ok()?)
    }

    /// Adds a plan to the bucket of a hash. Returns true if the bucket is new.
    pub(super) fn insert(&mut self, hash: u16, check: u64, plan: Slot) -> bool {
        let found = self.hashes.binary_search(&hash);
        let (Ok(at) | Err(at)) = found;
        if found.is_err() {
            reserve(&mut self.hashes);
            reserve(&mut self.buckets);
            self.hashes.insert(at, hash);
            self.buckets.insert(at, Bucket { check, plans: Plans::Few(ArrayVec::new_const()) });
        }
        if let Some(bucket) = self.buckets.get_mut(at) {
            // Another key can have the same hash: its plans are evaluated.
            let plan = if bucket.check == check { plan } else { plan & !(EXACT | PARTLY) };
            bucket.plans.push(plan);
        }
        found.is_err()
    }

    /// Removes a plan from the bucket of a hash. Returns true if the bucket was removed.
    pub(super) fn remove(&mut self, hash: u16, plan: Slot) -> bool {
        let Ok(at) = self.hashes.binary_search(&hash) else { return false };
        let is_empty = self.buckets.get_mut(at).is_some_and(|bucket| {
            bucket.plans.remove(plan);
            bucket.plans().is_empty()
        });
        if is_empty {
            self.hashes.remove(at);
            self.buckets.remove(at);
        }
        is_empty
    }
}

#[cfg(test)]
mod tests {
    use super::{EXACT, PARTLY, Plans, SEVERAL_KEYS, Shard, Slot};

    fn plans(shard: &Shard, hash: u16) -> Vec<Slot> {
        shard.find(hash).map_or(Vec::new(), |bucket| bucket.plans().to_vec())
    }

    #[test]
    fn buckets_are_found_whatever_the_distribution_of_hashes() {
        for factor in [1, 0x9e37, u16::MAX / 300] {
            let hash = |number: u32| (number as u16).wrapping_mul(factor);
            let mut shard = Shard::default();
            for number in 0..300 {
                assert!(shard.insert(hash(number), 7, number));
                assert!(!shard.insert(hash(number), 7, 1_000 + number));
            }
            assert!(shard.hashes.is_sorted());
            for number in 0..300 {
                assert_eq!(plans(&shard, hash(number)), [number, 1_000 + number]);
                assert!(!shard.remove(hash(number), 1_000 + number));
                assert!(shard.remove(hash(number), number));
                assert!(!shard.remove(hash(number), number));
            }
            assert!(shard.hashes.is_empty() && shard.buckets.is_empty());
        }
    }

    #[test]
    fn lists_take_little_more_memory_than_their_plans() {
        let mut shard = Shard::default();
        for length in 1..1_000 {
            shard.insert(5, 7, length);
            match shard.find(5).map(|bucket| &bucket.plans) {
                Some(Plans::Few(_)) => assert!(length <= 3),
                Some(Plans::Many(plans)) => {
                    assert!(length > 3 && plans.capacity() <= plans.len() * 9 / 8 + 4);
                }
                None => unreachable!("a plan was added"),
            }
        }
    }

    #[test]
    fn plans_of_another_key_with_the_same_hash_are_not_proved() {
        let mut shard = Shard::default();
        shard.insert(5, 7, 1 | EXACT);
        shard.insert(5, 8, 2 | EXACT | SEVERAL_KEYS);
        shard.insert(5, 8, 3 | PARTLY);
        shard.insert(5, 7, 4 | PARTLY);
        assert_eq!(plans(&shard, 5), [1 | EXACT, 2 | SEVERAL_KEYS, 3, 4 | PARTLY]);
        assert!([1, 3, 4].iter().all(|plan| !shard.remove(5, *plan)) && shard.remove(5, 2));
    }

    #[test]
    fn lists_of_any_length_lose_the_removed_plan() {
        for length in 1..20 {
            for removed in 0..length {
                let mut shard = Shard::default();
                for plan in 0..length {
                    shard.insert(5, 7, plan | SEVERAL_KEYS);
                }
                assert_eq!(shard.remove(5, removed), length == 1);
                let mut left = plans(&shard, 5);
                left.sort_unstable();
                let expected = (0..length).filter(|plan| *plan != removed);
                assert_eq!(left, expected.map(|plan| plan | SEVERAL_KEYS).collect::<Vec<_>>());
                assert!(!shard.remove(5, length) && !shard.remove(6, 0));
                // The memory of lists is bounded.
                assert!(shard.hashes.capacity() <= 2 && shard.buckets.capacity() <= 2);
            }
        }
    }
}
