//! Lists: chooses the access path that is expected to be the cheapest, and reads a page along it.
//!
//! | access path | used if | reads |
//! |---|---|---|
//! | hash index, [`top_k`] | the filter has [candidates](Search::candidates) | the candidates |
//! | [`NameScan`] | sorted by name | rows up to the end of the page |
//! | [`NameScan`], [`top_k`] | sorted by id, few matches | all rows, the matching users |
//! | [`id_scan`] | sorted by id, many matches | users up to the end of the page |
//! | [`NameScan`], [`top_k`] | sorted by anything else | all rows, the matching users |

use super::id_scan::{USERS_PER_CHECK, id_scan};
use super::name_scan::NameScan;
use super::scan_start::ScanStart;
use super::search::Search;
use super::tenant::Tenant;
use super::top_k::top_k;
use super::window::{PageSlots, direction};
use crate::deadline::Deadline;
use crate::page::{Page, Query, Window};
use crate::sort::SortKey;

/// Maximum number of matches to sort for a list by id instead of reading the id index, which visits
/// users that do not match.
const MAX_SORTED: usize = 4096;

/// Orders that an index has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IndexOrder {
    Name,
    Id,
    /// The order by tenant id, which the users of a tenant share: that of the ids themselves.
    TenantId,
}

impl IndexOrder {
    fn new(key: SortKey, tenant: &Tenant) -> Option<Self> {
        match key {
            SortKey::Name => Some(Self::Name),
            SortKey::Id => Some(Self::Id),
            // The id index is ordered by fold keys, which can differ from the order of ids.
            SortKey::TenantId if tenant.id_index().is_byte_order("") => Some(Self::TenantId),
            _ => None,
        }
    }
}

/// Returns a page of the users that match the query. If [`Query::deadline`] ends during the scan,
/// the page is incomplete.
pub(super) fn list(tenant: &Tenant, query: &Query<'_>) -> Page {
    let search = Search::new(query, tenant);
    if let Some(candidates) = search.candidates() {
        return list_candidates(tenant, query, &search, candidates);
    }
    let scan = NameScan::new(tenant, query, &search);
    let matches = || scan.slots(&ScanStart::Edge, true);
    let Some(order) = IndexOrder::new(query.sort.key, tenant) else {
        let mut slots: Vec<u32> = matches().collect();
        // PERF: reads the users in the order in which a load has allocated them
        // (`benches/store.rs`, `sort`).
        slots.sort_unstable();
        return top_k(tenant, query, slots.into_iter());
    };
    if order != IndexOrder::Name {
        let slots: Vec<u32> = matches().take(MAX_SORTED + 1).collect();
        if slots.len() <= MAX_SORTED {
            return top_k(tenant, query, slots.into_iter());
        }
    }
    list_in_order(tenant, query, &search, &scan, order)
}

/// Returns the page of the candidates that match.
fn list_candidates(
    tenant: &Tenant,
    query: &Query<'_>,
    search: &Search<'_>,
    mut slots: Vec<u32>,
) -> Page {
    let (mut index, mut is_over) = (0, false);
    slots.retain(|slot| {
        if index % USERS_PER_CHECK == 0 {
            is_over = query.deadline.is_some_and(Deadline::is_over);
        }
        index += 1;
        !is_over && tenant.user(*slot).is_some_and(|user| search.matches(*slot, user))
    });
    let is_edge = matches!(query.window, Window::First | Window::Last);
    // A single user, the usual result of a lookup, need not be sorted.
    if is_edge && slots.len() <= query.limit.min(1) {
        let total = query.total.then_some(slots.len() as u64);
        let page = PageSlots { slots, forwards: true, more_ahead: false, any_behind: false, total };
        return page.load(tenant);
    }
    top_k(tenant, query, slots.into_iter())
}

/// Returns the page along an index that has the order of the list.
fn list_in_order(
    tenant: &Tenant,
    query: &Query<'_>,
    search: &Search<'_>,
    name_scan: &NameScan<'_, '_>,
    order: IndexOrder,
) -> Page {
    let (forwards, cursor) = direction(&query.window);
    let start = match cursor {
        None => ScanStart::Edge,
        Some(cursor) if order == IndexOrder::TenantId => ScanStart::after_in_tenant(cursor, tenant),
        Some(cursor) => ScanStart::after(cursor),
    };
    let ascending = forwards != query.sort.descending;
    let scan = |start: &ScanStart, ascending: bool, count: usize| -> Vec<u32> {
        match order {
            IndexOrder::Name => name_scan.slots(start, ascending).take(count).collect(),
            IndexOrder::Id | IndexOrder::TenantId => {
                id_scan(tenant, query, search, start, ascending).take(count).collect()
            }
        }
    };
    // One more than the page has, to find out if there is a next page.
    let mut slots = scan(&start, ascending, query.limit.saturating_add(1));
    let more_ahead = slots.len() > query.limit;
    slots.truncate(query.limit);
    let any_behind = cursor.is_some() && !scan(&start.reversed(), !ascending, 1).is_empty();
    let total = query.total.then(|| name_scan.count());
    PageSlots { slots, forwards, more_ahead, any_behind, total }.load(tenant)
}
