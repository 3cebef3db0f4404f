//! Which texts users, roles and groups can be kept with: one rule for every store, as narrow as the narrowest database.
//!
//! What is found or sorted by has to fit into an index, with a tenant and an id beside it (MySQL: 3072 bytes; PostgreSQL: 2704), and into
//! what MariaDB sorts by (1024). PostgreSQL has no U+0000 in its texts.

use super::error::{NUL, StoreError};
use super::role::{Group, Role};
use super::sort::SortKey;
use super::user::User;
use memchr::memchr;
use scieve::fold_key;
use std::fmt::Display;

/// Bytes of an id, at most: of a tenant, a user, a role or a group.
pub const MAX_ID_BYTES: usize = 255;
/// Bytes of a text that users are found or sorted by, and of its key ([`scieve::fold_key`]), at most.
pub const MAX_KEY_BYTES: usize = SortKey::MAX_BYTES;
/// Bytes of any other text, at most.
pub const MAX_STRING_BYTES: usize = 8192;

/// What is wrong with an id.
fn id_error(text: &str) -> Option<String> {
    fault(text, MAX_ID_BYTES)
}

/// What is wrong with a text that users are found or sorted by.
pub(super) fn key_error(text: &str) -> Option<String> {
    let long = || (fold_key(text).len() > MAX_KEY_BYTES).then(|| too_long(MAX_KEY_BYTES));
    // What is a third as long has a key that fits.
    fault(text, MAX_KEY_BYTES)
        .or_else(|| if text.is_ascii() || text.len() * 3 <= MAX_KEY_BYTES { None } else { long() })
}

/// What is wrong with a text that is kept and no more.
pub(super) fn string_error(text: &str) -> Option<String> {
    fault(text, MAX_STRING_BYTES)
}

fn fault(text: &str, most: usize) -> Option<String> {
    if text.len() > most {
        return Some(too_long(most));
    }
    memchr(0, text.as_bytes()).map(|_| NUL.to_owned())
}

fn too_long(most: usize) -> String {
    format!("longer than {most} bytes of UTF-8, with the capitals folded or without")
}

fn refuse(at: impl Fn() -> String, fault: Option<String>) -> Result<(), StoreError> {
    fault.map_or(Ok(()), |message| Err(StoreError::invalid(at(), message)))
}

/// Whether there can be such a tenant. Of one that cannot be, nothing is stored.
pub(super) fn is_valid_tenant(tenant: &str) -> bool {
    id_error(tenant).is_none()
}

/// Whether the user can be kept in the tenant. Places are below `at`, a JSON pointer.
pub(super) fn check_user(
    tenant: &str,
    user: &User,
    at: impl Display + Copy,
) -> Result<(), StoreError> {
    let member = |name: &str, fault| refuse(|| format!("{at}/{name}"), fault);
    if user.tenant_id != tenant {
        return Err(StoreError::invalid(format!("{at}/tenantId"), "the user is of another tenant"));
    }
    member("tenantId", id_error(tenant))?;
    member("id", id_error(&user.id))?;
    member("subject", key_error(&user.subject))?;
    member("email", user.email.as_deref().and_then(key_error))?;
    // It may be a copy of the one or the other.
    member("name", key_error(&user.name))?;
    member("clientId", user.client_id.as_deref().and_then(key_error))?;
    member("picture", user.picture.as_deref().and_then(string_error))?;
    member("locale", user.locale.as_deref().and_then(string_error))?;
    member("zoneinfo", user.zoneinfo.as_deref().and_then(string_error))?;
    member("preferredLocale", user.preferred_locale.as_deref().and_then(string_error))?;
    member("preferredZoneinfo", user.preferred_zoneinfo.as_deref().and_then(string_error))?;
    check_roles(&user.assigned_roles, format_args!("{at}/assignedRoles"))?;
    check_groups(&user.assigned_groups, format_args!("{at}/assignedGroups"))?;
    user.assigned_scopes.iter().enumerate().try_for_each(|(place, scope)| {
        refuse(|| format!("{at}/assignedScopes/{place}"), key_error(scope))
    })
}

/// Whether the roles can be kept.
pub(super) fn check_roles(roles: &[Role], at: impl Display + Copy) -> Result<(), StoreError> {
    roles.iter().enumerate().try_for_each(|(place, role)| {
        refuse(|| format!("{at}/{place}/id"), id_error(&role.id))?;
        refuse(|| format!("{at}/{place}/name"), key_error(&role.name))
    })
}

/// Whether the groups can be kept.
pub(super) fn check_groups(groups: &[Group], at: impl Display + Copy) -> Result<(), StoreError> {
    groups.iter().enumerate().try_for_each(|(place, group)| {
        refuse(|| format!("{at}/{place}/id"), id_error(&group.id))?;
        refuse(|| format!("{at}/{place}/name"), key_error(&group.name))?;
        check_roles(&group.assigned_roles, format_args!("{at}/{place}/assignedRoles"))
    })
}
