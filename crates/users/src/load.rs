//! Validation of a bulk load.

use super::error::StoreError;
use super::role::{Group, Role};
use super::string_limits::{check_groups, check_roles, check_user, is_valid_tenant};
use super::user::{Status, User};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Checks that everything can be loaded into the tenant.
///
/// `has_id` returns whether a user of the tenant has an id, `has_subject` whether a user who is not
/// deleted has a subject.
pub(super) fn check_load(
    tenant: &str,
    (roles, groups, users): (&[Role], &[Group], &[User]),
    has_id: impl Fn(&str) -> bool,
    has_subject: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    if !is_valid_tenant(tenant) {
        return Err(StoreError::invalid("/tenant", "invalid tenant id"));
    }
    check_roles(roles, "/roles")?;
    check_groups(groups, "/groups")?;
    let live = |user: &User| user.status != Status::Deleted;
    let duplicate_id = first_duplicate(users.iter().map(|user| Some(&*user.id)));
    let duplicate_subject =
        first_duplicate(users.iter().map(|user| live(user).then_some(&*user.subject)));
    for (index, user) in users.iter().enumerate() {
        check_user(tenant, user, format_args!("/users/{index}"))?;
        if duplicate_id == Some(index) || has_id(&user.id) {
            return Err(StoreError::invalid(
                format!("/users/{index}/id"),
                format!("the id `{}` exists already", user.id),
            ));
        }
        if duplicate_subject == Some(index) || live(user) && has_subject(&user.subject) {
            return Err(StoreError::SubjectTaken { subject: user.subject.clone() });
        }
    }
    Ok(())
}

/// Returns the index of the first string that occurs earlier too.
fn first_duplicate<'s>(strings: impl Iterator<Item = Option<&'s str>> + Clone) -> Option<usize> {
    // PERF: sorting hashes takes a third of the time of inserting as many strings into a set; only
    // strings with equal hashes are compared.
    let state = RandomState::new();
    let hashes = strings
        .clone()
        .enumerate()
        .filter_map(|(index, string)| Some((state.hash_one(string?), index)));
    let mut hashes: Vec<(u64, usize)> = hashes.collect();
    hashes.sort_unstable();
    let equal = hashes.chunk_by(|(a, _), (b, _)| a == b).filter(|equal| equal.len() > 1);
    let mut candidates: Vec<usize> = equal.flatten().map(|(_, index)| *index).collect();
    candidates.sort_unstable();
    let mut seen = HashSet::new();
    let mut candidates = candidates.into_iter().peekable();
    strings
        .enumerate()
        .filter(|(index, _)| candidates.next_if_eq(index).is_some())
        .find(|(_, string)| !seen.insert(*string))
        .map(|(index, _)| index)
}
