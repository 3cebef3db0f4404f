//! Generators of users for fuzzing and property tests (feature `arbitrary`).

use crate::role::{Group, ProviderType, Role, RoleKind, RoleLevel};
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use ::arbitrary::{Result, Unstructured};
use scieve::arbitrary::string;

/// Maximum number of elements of a generated list.
const MAX_LENGTH: usize = 4;

/// Generates a user with arbitrary strings. `id` and `subject` are not unique among generated
/// users.
///
/// # Errors
/// The errors of [`Unstructured`].
pub fn user(u: &mut Unstructured<'_>) -> Result<User> {
    let status = *u.choose(&Status::ALL)?;
    Ok(User {
        id: string(u)?,
        tenant_id: string(u)?,
        subject: string(u)?,
        name: string(u)?,
        email: optional(u, string)?,
        status,
        assigned_roles: list(u, MAX_LENGTH, role)?,
        assigned_groups: list(u, MAX_LENGTH, |u| {
            let provider_type =
                optional(u, |u| u.choose(&[ProviderType::Idp, ProviderType::Custom]).copied())?;
            Ok(Group {
                id: string(u)?,
                name: string(u)?,
                provider_type,
                assigned_roles: list(u, MAX_LENGTH, role)?,
            })
        })?,
        assigned_scopes: list(u, MAX_LENGTH, string)?,
        client_id: optional(u, string)?,
        picture: optional(u, string)?,
        preferred_locale: optional(u, string)?,
        preferred_zoneinfo: optional(u, string)?,
        locale: optional(u, string)?,
        zoneinfo: optional(u, string)?,
        created_at: Timestamp::from_millis(i64::from(u.arbitrary::<u32>()?) * 1000),
        last_updated_at: Timestamp::from_millis(i64::from(u.arbitrary::<u32>()?) * 1000),
        invite_expiry: (status == Status::Invited).then_some(2_000_000_000),
    })
}

fn role(u: &mut Unstructured<'_>) -> Result<Role> {
    let kind = *u.choose(&[RoleKind::Default, RoleKind::Custom])?;
    let level = *u.choose(&[RoleLevel::User, RoleLevel::Admin])?;
    Ok(Role { id: string(u)?, name: string(u)?, kind, level })
}

fn optional<T>(
    u: &mut Unstructured<'_>,
    make: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if u.ratio(1, 4)? { Ok(None) } else { make(u).map(Some) }
}

fn list<'a, T>(
    u: &mut Unstructured<'a>,
    max_length: usize,
    mut make: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=max_length)?;
    (0..count).map(|_| make(u)).collect()
}
