//! Pages of an order that no index has: the smallest elements after the cursor, selected with a
//! bounded heap.
//!
//! One pass over the matches keeps `limit + 1` users in a max-heap whose greatest element is
//! replaced by each smaller one: O(matches * log limit), and memory for one page.

use super::tenant::Tenant;
use super::window::{PageSlots, direction};
use crate::page::{Page, Query};
use crate::user::Members;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Returns the page of a query from its matches, which may be in any order.
pub(super) fn top_k(
    tenant: &Tenant,
    query: &Query<'_>,
    matches: impl Iterator<Item = u32>,
) -> Page {
    let (forwards, cursor) = direction(&query.window);
    // Compare such that the users next to the cursor, or to the edge, are the smallest.
    let reversed = forwards == query.sort.descending;
    let order = |a: (&str, &str), b: (&str, &str)| if reversed { b.cmp(&a) } else { a.cmp(&b) };
    let mut nearest: BinaryHeap<Candidate> = BinaryHeap::new();
    let (mut any_behind, mut total, mut key) = (false, 0, String::new());
    for slot in matches {
        let Some(user) = tenant.user(slot) else { continue };
        total += 1;
        key.clear();
        query.sort.key.write(user, &mut key);
        let id = user.id();
        if cursor.is_some_and(|cursor| order((&key, id), (&cursor.key, &cursor.id)).is_le()) {
            any_behind = true;
            continue;
        }
        if nearest.len() > query.limit {
            let greatest = nearest.peek();
            if greatest
                .is_some_and(|greatest| order((&key, id), (&greatest.key, &greatest.id)).is_ge())
            {
                continue;
            }
            nearest.pop();
        }
        nearest.push(Candidate { key: key.clone(), id: id.to_owned(), slot, reversed });
    }
    let more_ahead = nearest.len() > query.limit;
    let nearest = nearest.into_sorted_vec().into_iter();
    let slots = nearest.take(query.limit).map(|candidate| candidate.slot).collect();
    let total = query.total.then_some(total);
    PageSlots { slots, forwards, more_ahead, any_behind, total }.load(tenant)
}

/// A user of the page, ordered by sort key and id.
struct Candidate {
    key: String,
    id: String,
    slot: u32,
    reversed: bool,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = (&self.key, &self.id).cmp(&(&other.key, &other.id));
        if self.reversed { order.reverse() } else { order }
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}
