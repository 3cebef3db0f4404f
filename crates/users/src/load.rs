//! Checks of a bulk load.

use super::error::StoreError;
use super::role::{Group, Role};
use super::string_limits::{check_groups, check_roles, check_user, is_valid_tenant};
use super::user::{Status, User};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Whether all of it can be loaded, by the ids of users and the subjects of those not deleted that are there already.
pub(super) fn check_load(
    tenant: &str,
    (roles, groups, users): (&[Role], &[Group], &[User]),
    has_id: impl Fn(&str) -> bool,
    has_subject: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    if !is_valid_tenant(tenant) {
        return Err(StoreError::invalid("/tenant", "there can be no such tenant"));
    }
    check_roles(roles, "/roles")?;
    check_groups(groups, "/groups")?;
    let id_again = again(users.iter().map(|user| Some(&*user.id)));
    let subject_again =
        again(users.iter().map(|user| (user.status != Status::Deleted).then_some(&*user.subject)));
    for (place, user) in users.iter().enumerate() {
        check_user(tenant, user, format_args!("/users/{place}"))?;
        if id_again == Some(place) || has_id(&user.id) {
            return Err(StoreError::invalid(
                format!("/users/{place}/id"),
                format!("the id `{}` is there already", user.id),
            ));
        }
        if subject_again == Some(place)
            || user.status != Status::Deleted && has_subject(&user.subject)
        {
            return Err(StoreError::SubjectTaken { subject: user.subject.clone() });
        }
    }
    Ok(())
}

/// The first place of a text that stands before it too.
fn again<'t>(texts: impl Iterator<Item = Option<&'t str>> + Clone) -> Option<usize> {
    // Sorted hashes take a third of the time that a set of so many texts does.
    let state = RandomState::new();
    let hashes =
        texts.clone().enumerate().filter_map(|(place, text)| Some((state.hash_one(text?), place)));
    let mut hashes: Vec<(u64, usize)> = hashes.collect();
    hashes.sort_unstable();
    let alike =
        hashes.chunk_by(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1);
    let mut places: Vec<usize> = alike.flatten().map(|(_, place)| *place).collect();
    places.sort_unstable();
    let mut seen = HashSet::new();
    let mut places = places.into_iter().peekable();
    texts
        .enumerate()
        .filter(|(place, _)| places.next_if_eq(place).is_some())
        .find(|(_, text)| !seen.insert(*text))
        .map(|(place, _)| place)
}
