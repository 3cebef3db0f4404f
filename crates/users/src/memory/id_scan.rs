//! Scans of the id order: user by user, in either direction, from any id.

use super::id_index::id_key;
use super::scan_start::ScanStart;
use super::search::Search;
use super::tenant::Tenant;
use crate::deadline::Deadline;
use crate::page::Query;
use crate::user::Members;

/// Number of users that are read between two checks of the deadline.
pub(super) const USERS_PER_CHECK: usize = 64;

/// Returns the slots of the matches in the order of ids, in scan direction.
pub(super) fn id_scan(
    tenant: &Tenant,
    query: &Query<'_>,
    search: &Search<'_>,
    start: &ScanStart,
    ascending: bool,
) -> impl Iterator<Item = u32> {
    // The bounds compare ids, while the index is ordered by their fold keys. If the two orders
    // differ, the bounds limit no range of the index, and only the search evaluates them.
    let has_order = |bound: &&str| tenant.id_index().is_byte_order(bound);
    let above = query.id_above.as_deref().filter(has_order);
    let below = query.id_below.as_deref().filter(has_order);
    let id = move |slot: u32| tenant.user(slot).map_or("", |user| user.id());
    let is_too_low = move |slot: u32| above.is_some_and(|bound| id(slot) <= bound);
    let is_too_high = move |slot: u32| below.is_some_and(|bound| id(slot) >= bound);
    // The elements before the position that divides the index where the scan starts.
    let is_before = |slot: u32| {
        let (key, id) = id_key(id(slot));
        let key = (key.as_bytes(), id.as_bytes());
        match ascending {
            true => start.is_below_ascending(key) || is_too_low(slot),
            false => start.is_in_descending(key) && !is_too_high(slot),
        }
    };
    let index = tenant.id_index();
    let slots = index.scan(index.lower_bound(is_before), ascending);
    let in_bounds = slots
        .take_while(move |slot| if ascending { !is_too_high(*slot) } else { !is_too_low(*slot) });
    let deadline = query.deadline;
    let in_time = in_bounds.enumerate().take_while(move |(index, _)| {
        index % USERS_PER_CHECK != 0 || !deadline.is_some_and(Deadline::is_over)
    });
    let slots = in_time.map(|(_, slot)| slot);
    slots.filter(move |slot| tenant.user(*slot).is_some_and(|user| search.matches(*slot, user)))
}
