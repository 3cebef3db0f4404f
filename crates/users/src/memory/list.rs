//! Pages of a list, by the way that is expected to be the cheapest.

use super::bits::Bits;
use super::block::{self, Block, clip};
use super::digest::Digest;
use super::ids;
use super::search::Search;
use super::tenant::Tenant;
use super::tree::{Leaf, Spot};
use crate::page::{Page, Position, Query, Window};
use crate::sort::SortKey;
use crate::user::Members;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Users that are sorted rather than looked for along the order of ids, at most.
const FEW: usize = 4096;
/// Rows that are looked at in one go where records have to be looked at.
const STEP: usize = 32;

/// The page.
pub(super) fn list(tenant: &Tenant, query: &Query<'_>) -> Page {
    let search = Search::of(query, tenant);
    let names: Option<Vec<&[u8]>> =
        search.names().map(|names| names.into_iter().map(|name| clip(name.as_bytes())).collect());
    if let Some(candidates) = search.candidates() {
        let found = matching(tenant, &search, &candidates);
        // Who is alone needs no order.
        if found.len() <= query.limit.min(1) && matches!(query.window, Window::First | Window::Last)
        {
            let total = query.total.then_some(found.len() as u64);
            return page(tenant, found, true, false, false, total);
        }
        return select(tenant, query, found.into_iter());
    }
    let stretches = Stretches::of(names);
    let all = || stretches.walk(tenant, &search, &Start::Edge, true);
    // All users of a tenant have one key of it: they stand in the order of their ids as they are.
    let by_tenant = query.sort.key == SortKey::TenantId && tenant.ids().are_plain("");
    let by_id = query.sort.key == SortKey::Id || by_tenant;
    match query.sort.key {
        SortKey::Name => {}
        _ if by_id => {
            let few: Vec<u32> = all().take(FEW + 1).collect();
            if few.len() <= FEW {
                return select(tenant, query, few.into_iter());
            }
        }
        _ => {
            // In the order in which they lie in memory.
            let mut slots: Vec<u32> = all().collect();
            slots.sort_unstable();
            return select(tenant, query, slots.into_iter());
        }
    }
    let (forwards, start) = match &query.window {
        Window::First => (true, Start::Edge),
        Window::Last => (false, Start::Edge),
        Window::After(position) if by_tenant => (true, Start::of_tenant(position, tenant)),
        Window::Before(position) if by_tenant => (false, Start::of_tenant(position, tenant)),
        Window::After(position) => (true, Start::of(position)),
        Window::Before(position) => (false, Start::of(position)),
    };
    let ascending = forwards != query.sort.descending;
    let walk = |start: &Start, ascending, count| -> Vec<u32> {
        match by_id {
            true => walk_ids(tenant, query, &search, start, ascending).take(count).collect(),
            false => stretches.walk(tenant, &search, start, ascending).take(count).collect(),
        }
    };
    let mut slots = walk(&start, ascending, query.limit.saturating_add(1));
    let more = slots.len() > query.limit;
    slots.truncate(query.limit);
    // The user at the place itself stands on the other side as well.
    let other =
        matches!(start, Start::Beyond { .. }) && !walk(&start.turned(), !ascending, 1).is_empty();
    let total = query.total.then(|| stretches.count(tenant, &search));
    page(tenant, slots, forwards, more, other, total)
}

/// The users that match, in the order of ids or against it.
fn walk_ids(
    tenant: &Tenant,
    query: &Query<'_>,
    search: &Search<'_>,
    start: &Start,
    ascending: bool,
) -> impl Iterator<Item = u32> {
    // Bounds on the id are places in the order only where ids are their own keys; elsewhere the search sees to them.
    let plain = |bound: &&str| tenant.ids().are_plain(bound);
    let above = query.id_above.as_deref().filter(plain);
    let below = query.id_below.as_deref().filter(plain);
    let id = move |slot: u32| tenant.record(slot).map_or("", |record| record.id());
    let (too_low, too_high) = (
        move |slot: u32| above.is_some_and(|bound| id(slot) <= bound),
        move |slot: u32| below.is_some_and(|bound| id(slot) >= bound),
    );
    let before = |slot: u32| {
        let (key, id) = ids::place(id(slot));
        let edge = start.is_above((key.as_bytes(), id.as_bytes()), ascending);
        if ascending { edge || too_low(slot) } else { edge && !too_high(slot) }
    };
    let slots = tenant.ids().walk(tenant.ids().seek(before), ascending);
    let slots =
        slots.take_while(move |slot| if ascending { !too_high(*slot) } else { !too_low(*slot) });
    slots.filter(move |slot| {
        tenant.record(*slot).is_some_and(|record| search.matches(*slot, record))
    })
}

fn page(
    tenant: &Tenant,
    mut slots: Vec<u32>,
    forwards: bool,
    more: bool,
    other: bool,
    total: Option<u64>,
) -> Page {
    let (has_previous, has_next) = if forwards { (other, more) } else { (more, other) };
    if !forwards {
        slots.reverse();
    }
    let records: Vec<_> = slots.into_iter().filter_map(|slot| tenant.record(slot)).collect();
    records.iter().for_each(|record| record.fetch());
    let users = records.into_iter().map(|record| Arc::new(record.user())).collect();
    Page { users, has_previous, has_next, total }
}

/// The candidates that match.
fn matching(tenant: &Tenant, search: &Search<'_>, candidates: &[u32]) -> Vec<u32> {
    let passes =
        |slot: &u32| tenant.record(*slot).is_some_and(|record| search.matches(*slot, record));
    candidates.iter().copied().filter(passes).collect()
}

/// The page of users that match, in whatever order they come.
fn select(tenant: &Tenant, query: &Query<'_>, matches: impl Iterator<Item = u32>) -> Page {
    let (forwards, place) = match &query.window {
        Window::First => (true, None),
        Window::Last => (false, None),
        Window::After(position) => (true, Some(position)),
        Window::Before(position) => (false, Some(position)),
    };
    // What stands nearest to the place, or to the edge, is the least.
    let reversed = forwards == query.sort.descending;
    let order = |a: (&str, &str), b: (&str, &str)| if reversed { b.cmp(&a) } else { a.cmp(&b) };
    let mut nearest: BinaryHeap<Candidate> = BinaryHeap::new();
    let (mut other, mut total, mut key) = (false, 0, String::new());
    for slot in matches {
        let Some(record) = tenant.record(slot) else { continue };
        total += 1;
        key.clear();
        query.sort.key.write(record, &mut key);
        let id = record.id();
        if place
            .is_some_and(|place| order((&key, id), (&place.key, &place.id)) != Ordering::Greater)
        {
            other = true;
            continue;
        }
        let full = nearest.len() > query.limit;
        if full
            && nearest
                .peek()
                .is_some_and(|worst| order((&key, id), (&worst.key, &worst.id)).is_ge())
        {
            continue;
        }
        if full {
            nearest.pop();
        }
        nearest.push(Candidate { key: key.clone(), id: id.to_owned(), slot, reversed });
    }
    let more = nearest.len() > query.limit;
    let mut slots: Vec<u32> =
        nearest.into_sorted_vec().into_iter().map(|candidate| candidate.slot).collect();
    slots.truncate(query.limit);
    page(tenant, slots, forwards, more, other, query.total.then_some(total))
}

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

/// Where a walk begins.
#[derive(Clone)]
enum Start {
    /// At the edge that the walk leads away from.
    Edge,
    /// Behind the place, as the walk goes; with it where `with` says so.
    Beyond { key: Vec<u8>, id: String, with: bool },
}

impl Start {
    fn of(position: &Position) -> Self {
        // What stands behind the tag; a place that nobody has is behind all of them or before.
        let key = match position.key.strip_prefix('1') {
            Some(key) => key.as_bytes().to_vec(),
            None if position.key.as_str() > "1" => vec![u8::MAX],
            None => Vec::new(),
        };
        Self::Beyond { key, id: position.id.clone(), with: false }
    }

    /// Among users who differ in their ids alone.
    fn of_tenant(position: &Position, tenant: &Tenant) -> Self {
        let mut own = String::new();
        tenant.record(0).into_iter().for_each(|record| SortKey::TenantId.write(record, &mut own));
        let (key, id) = match position.key.cmp(&own) {
            Ordering::Less => (Vec::new(), String::new()),
            Ordering::Equal => (position.id.as_bytes().to_vec(), position.id.clone()),
            Ordering::Greater => (vec![u8::MAX], String::new()),
        };
        Self::Beyond { key, id, with: false }
    }

    /// The same place for the walk that goes the other way, which takes what is at the place along.
    fn turned(&self) -> Self {
        match self {
            Self::Edge => Self::Edge,
            Self::Beyond { key, id, with } => {
                Self::Beyond { key: key.clone(), id: id.clone(), with: !with }
            }
        }
    }

    /// Whether a row stands before the first one of an ascending walk, or among those of a descending walk.
    fn is_above(&self, place: (&[u8], &[u8]), ascending: bool) -> bool {
        match self {
            Self::Edge => !ascending,
            Self::Beyond { key, id, with } => match place.cmp(&(key.as_slice(), id.as_bytes())) {
                Ordering::Less => true,
                Ordering::Equal => *with != ascending,
                Ordering::Greater => false,
            },
        }
    }
}

/// Stretches of the order: all of it, or those of a few names, ascending.
struct Stretches<'n> {
    names: Option<Vec<&'n [u8]>>,
}

impl<'n> Stretches<'n> {
    fn of(names: Option<Vec<&'n [u8]>>) -> Self {
        let names = names.map(|mut names| {
            names.dedup();
            names
        });
        Self { names }
    }

    /// The users that match, in the order of the walk.
    fn walk(
        &self,
        tenant: &Tenant,
        search: &Search<'_>,
        start: &Start,
        ascending: bool,
    ) -> impl Iterator<Item = u32> {
        self.hits(tenant, search, start, ascending, search.is_slow()).flat_map(
            move |(block, bits)| {
                let rows = bits.rows();
                let (up, down) =
                    if ascending { (Some(rows), None) } else { (None, Some(rows.rev())) };
                let rows = up.into_iter().flatten().chain(down.into_iter().flatten());
                rows.filter_map(|row| block.slots.get(row).copied())
            },
        )
    }

    fn count(&self, tenant: &Tenant, search: &Search<'_>) -> u64 {
        match search.only_statuses() {
            Some(mask) => tenant.count(mask),
            None => self
                .hits(tenant, search, &Start::Edge, true, false)
                .map(|(_, bits)| bits.count())
                .sum(),
        }
    }

    /// The rows that match, piece by piece; small pieces for whom a few are enough.
    fn hits<'t>(
        &self,
        tenant: &'t Tenant,
        search: &Search<'_>,
        start: &Start,
        ascending: bool,
        small: bool,
    ) -> impl Iterator<Item = (&'t Block, Bits)> {
        let stretches = self.names.as_ref().map_or(1, Vec::len);
        let stretch = move |place: usize| {
            let place = if ascending { place } else { stretches - 1 - place };
            self.names.as_ref().and_then(|names| names.get(place).copied())
        };
        let pieces = (0..stretches)
            .flat_map(move |place| pieces(tenant, search, stretch(place), start, ascending, small));
        pieces.filter_map(move |(spot, rows)| {
            let found = if search.leaves_out(spot) {
                Bits::NONE
            } else {
                search.select(spot, rows, tenant)
            };
            (!found.is_empty()).then_some((spot.leaf, found))
        })
    }
}

/// The rows of one name, or of all, that a walk comes by.
fn pieces<'t>(
    tenant: &'t Tenant,
    search: &Search<'_>,
    name: Option<&[u8]>,
    start: &Start,
    ascending: bool,
    small: bool,
) -> impl Iterator<Item = (Spot<'t, Block>, Bits)> {
    // Ascending: the rows that are not `before` and not `behind`; descending: the same ones from the other end.
    let before = move |place: (&[u8], &[u8])| {
        (ascending && start.is_above(place, true)) || name.is_some_and(|name| place.0 < name)
    };
    let within = move |place: (&[u8], &[u8])| {
        (ascending || start.is_above(place, false)) && name.is_none_or(|name| place.0 <= name)
    };
    let order = tenant.order();
    // Where a name ends the walk, the leaf behind it has to come by.
    let wanted =
        move |digest: &Digest| if name.is_some() { u64::MAX } else { search.blocks(digest) };
    let (up, down) = match ascending {
        true => (Some(order.spots_from(block::find(order, before), wanted)), None),
        false => (None, Some(order.spots_back_from(block::find(order, within), wanted))),
    };
    let leaves = up.into_iter().flatten().chain(down.into_iter().flatten());
    // Behind the first leaf only the name is a bound, and only on the far side.
    let spans = leaves.enumerate().map(move |(place, spot)| {
        let leaf = spot.leaf;
        let whole = place > 0 && name.is_none();
        let from = if whole || (place > 0 && ascending) { 0 } else { leaf.seek(before) };
        let to = if whole || (place > 0 && !ascending) { leaf.len() } else { leaf.seek(within) };
        (spot, from, to)
    });
    // A leaf whose rows are all on the far side ends the walk; the first leaf may have no rows of it on the near side.
    let spans = spans.take_while(
        move |(spot, from, to)| if ascending { *to > 0 } else { *from < spot.leaf.len() },
    );
    spans.flat_map(move |(spot, from, to)| {
        let step = if small { STEP } else { spot.leaf.len().max(1) };
        let count = to.saturating_sub(from).div_ceil(step);
        (0..count).map(move |piece| {
            let bits = match ascending {
                true => Bits::range(from + piece * step, (from + (piece + 1) * step).min(to)),
                false => {
                    Bits::range(to.saturating_sub((piece + 1) * step).max(from), to - piece * step)
                }
            };
            (spot, bits)
        })
    })
}
