//! Length and character limits of the strings of users, roles and groups.
//!
//! Every store enforces the limits of the strictest database, so that all accept the same users.
//! A string that users are found or sorted by has to fit into an index entry together with a tenant
//! and an id (3072 bytes in MySQL, 2704 in PostgreSQL) and into a sort key of MariaDB (1024 bytes).
//! PostgreSQL cannot store U+0000.

use super::error::{NUL, StoreError};
use super::role::{Group, Role};
use super::sort::SortKey;
use super::user::User;
use memchr::memchr;
use scieve::fold_key;
use std::fmt::Display;

/// Maximum length in bytes of the id of a tenant, a user, a role or a group.
pub const MAX_ID_BYTES: usize = 255;
/// Maximum length in bytes of a string that users are found or sorted by, and of its
/// [`fold_key`].
pub const MAX_KEY_BYTES: usize = SortKey::MAX_BYTES;
/// Maximum length in bytes of any other string.
pub const MAX_STRING_BYTES: usize = 8192;

/// Returns the error of an id, if any.
fn id_error(id: &str) -> Option<String> {
    error(id, MAX_ID_BYTES)
}

/// Returns the error of a string that users are found or sorted by, if any.
pub(super) fn key_error(string: &str) -> Option<String> {
    // Case folding at most triples the length, so shorter strings need not be folded.
    let fits = string.is_ascii() || string.len() * 3 <= MAX_KEY_BYTES;
    error(string, MAX_KEY_BYTES).or_else(|| {
        (!fits && fold_key(string).len() > MAX_KEY_BYTES).then(|| too_long(MAX_KEY_BYTES))
    })
}

/// Returns the error of a string that is only stored, if any.
pub(super) fn string_error(string: &str) -> Option<String> {
    error(string, MAX_STRING_BYTES)
}

fn error(string: &str, max_bytes: usize) -> Option<String> {
    if string.len() > max_bytes {
        return Some(too_long(max_bytes));
    }
    memchr(0, string.as_bytes()).map(|_| NUL.to_owned())
}

fn too_long(max_bytes: usize) -> String {
    format!("longer than {max_bytes} bytes of UTF-8, before or after case folding")
}

fn refuse(pointer: impl Fn() -> String, error: Option<String>) -> Result<(), StoreError> {
    error.map_or(Ok(()), |message| Err(StoreError::invalid(pointer(), message)))
}

/// Returns whether a string can be the id of a tenant. A tenant with another id is empty.
pub(super) fn is_valid_tenant(tenant: &str) -> bool {
    id_error(tenant).is_none()
}

/// Checks that a user can be stored in the tenant. `at` is the JSON pointer to the user.
pub(super) fn check_user(
    tenant: &str,
    user: &User,
    at: impl Display + Copy,
) -> Result<(), StoreError> {
    let member = |name: &str, error| refuse(|| format!("{at}/{name}"), error);
    if user.tenant_id != tenant {
        return Err(StoreError::invalid(format!("{at}/tenantId"), "the user is of another tenant"));
    }
    member("tenantId", id_error(tenant))?;
    member("id", id_error(&user.id))?;
    member("subject", key_error(&user.subject))?;
    member("email", user.email.as_deref().and_then(key_error))?;
    // After subject and e-mail address, because the name may be a copy of either.
    member("name", key_error(&user.name))?;
    member("clientId", user.client_id.as_deref().and_then(key_error))?;
    member("picture", user.picture.as_deref().and_then(string_error))?;
    member("locale", user.locale.as_deref().and_then(string_error))?;
    member("zoneinfo", user.zoneinfo.as_deref().and_then(string_error))?;
    member("preferredLocale", user.preferred_locale.as_deref().and_then(string_error))?;
    member("preferredZoneinfo", user.preferred_zoneinfo.as_deref().and_then(string_error))?;
    check_roles(&user.assigned_roles, format_args!("{at}/assignedRoles"))?;
    check_groups(&user.assigned_groups, format_args!("{at}/assignedGroups"))?;
    user.assigned_scopes.iter().enumerate().try_for_each(|(index, scope)| {
        refuse(|| format!("{at}/assignedScopes/{index}"), key_error(scope))
    })
}

/// Checks that roles can be stored. `at` is the JSON pointer to the array.
pub(super) fn check_roles(roles: &[Role], at: impl Display + Copy) -> Result<(), StoreError> {
    roles.iter().enumerate().try_for_each(|(index, role)| {
        refuse(|| format!("{at}/{index}/id"), id_error(&role.id))?;
        refuse(|| format!("{at}/{index}/name"), key_error(&role.name))
    })
}

/// Checks that groups can be stored. `at` is the JSON pointer to the array.
pub(super) fn check_groups(groups: &[Group], at: impl Display + Copy) -> Result<(), StoreError> {
    groups.iter().enumerate().try_for_each(|(index, group)| {
        refuse(|| format!("{at}/{index}/id"), id_error(&group.id))?;
        refuse(|| format!("{at}/{index}/name"), key_error(&group.name))?;
        check_roles(&group.assigned_roles, format_args!("{at}/{index}/assignedRoles"))
    })
}
