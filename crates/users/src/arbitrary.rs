//! Generators of users for fuzzing and property tests (feature `arbitrary`).

use crate::role::{Group, ProviderType, Role, RoleKind, RoleLevel};
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use ::arbitrary::{Result, Unstructured};
use scieve::arbitrary::string;

/// Maximum number of elements of a generated list.
const WIDTH: usize = 4;

/// A user whose texts may be anything. `id` and `subject` are not unique among such users.
///
/// # Errors
/// None that a caller could cause.
pub fn user(u: &mut Unstructured<'_>) -> Result<User> {
    let status = *u.choose(&Status::ALL)?;
    Ok(User {
        id: string(u)?,
        tenant_id: string(u)?,
        subject: string(u)?,
        name: string(u)?,
        email: maybe(u, string)?,
        status,
        assigned_roles: some(u, WIDTH, role)?,
        assigned_groups: some(u, WIDTH, |u| {
            let provider_type =
                maybe(u, |u| u.choose(&[ProviderType::Idp, ProviderType::Custom]).copied())?;
            Ok(Group {
                id: string(u)?,
                name: string(u)?,
                provider_type,
                assigned_roles: some(u, WIDTH, role)?,
            })
        })?,
        assigned_scopes: some(u, WIDTH, string)?,
        client_id: maybe(u, string)?,
        picture: maybe(u, string)?,
        preferred_locale: maybe(u, string)?,
        preferred_zoneinfo: maybe(u, string)?,
        locale: maybe(u, string)?,
        zoneinfo: maybe(u, string)?,
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

fn maybe<T>(
    u: &mut Unstructured<'_>,
    make: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if u.ratio(1, 4)? { Ok(None) } else { make(u).map(Some) }
}

fn some<'a, T>(
    u: &mut Unstructured<'a>,
    most: usize,
    mut make: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| make(u)).collect()
}
