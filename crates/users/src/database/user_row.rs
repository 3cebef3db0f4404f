//! Conversion between users and rows of the table `users`, which has no roles, groups and scopes.

use super::connection::Row;
use super::error::DbError;
use crate::sort::SortKey;
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use scieve::fold_key;
use sea_query::Value;

/// The columns that [`user`] reads, in order.
pub(super) const READ: [&str; 14] = [
    "id",
    "subject",
    "name",
    "email",
    "status",
    "client_id",
    "picture",
    "locale",
    "zoneinfo",
    "preferred_locale",
    "preferred_zoneinfo",
    "created_at",
    "last_updated_at",
    "invite_expiry",
];

/// All columns, in the order of [`values`]. The first two are the primary key.
pub(super) const COLUMNS: [&str; 30] = [
    "tenant_id",
    "id",
    "id_f",
    "id_sort",
    "subject",
    "subject_f",
    "subject_sort",
    "live_subject",
    "name",
    "name_f",
    "name_sort",
    "email",
    "email_f",
    "email_sort",
    "status",
    "status_f",
    "status_sort",
    "client_id",
    "client_id_f",
    "client_id_sort",
    "picture",
    "locale",
    "zoneinfo",
    "preferred_locale",
    "preferred_zoneinfo",
    "created_at",
    "created_at_sort",
    "last_updated_at",
    "invite_expiry",
    "invite_expiry_sort",
];

/// The column of a sort key; `None` for the tenant, which is the same for every user of a list.
pub(super) fn sort_column(key: SortKey) -> Option<&'static str> {
    Some(match key {
        SortKey::Name => "name_sort",
        SortKey::Id => "id_sort",
        SortKey::TenantId => return None,
        SortKey::ClientId => "client_id_sort",
        SortKey::Status => "status_sort",
        SortKey::Subject => "subject_sort",
        SortKey::Email => "email_sort",
        SortKey::InviteExpiry => "invite_expiry_sort",
        SortKey::CreatedAt => "created_at_sort",
    })
}

/// The values of a user's row, in the order of [`COLUMNS`].
pub(super) fn values(user: &User) -> Vec<Value> {
    let folded =
        |string: Option<&str>| Value::from(string.map(|string| fold_key(string).into_owned()));
    let sorted = |key: SortKey| Value::from(key.of(user));
    let (email, client) = (user.email.as_deref(), user.client_id.as_deref());
    let live = (user.status != Status::Deleted).then_some(user.subject.as_str());
    vec![
        user.tenant_id.as_str().into(),
        user.id.as_str().into(),
        folded(Some(&user.id)),
        sorted(SortKey::Id),
        user.subject.as_str().into(),
        folded(Some(&user.subject)),
        sorted(SortKey::Subject),
        live.into(),
        user.name.as_str().into(),
        folded(Some(&user.name)),
        sorted(SortKey::Name),
        email.into(),
        folded(email),
        sorted(SortKey::Email),
        user.status.name().into(),
        folded(Some(user.status.name())),
        sorted(SortKey::Status),
        client.into(),
        folded(client),
        sorted(SortKey::ClientId),
        user.picture.as_deref().into(),
        user.locale.as_deref().into(),
        user.zoneinfo.as_deref().into(),
        user.preferred_locale.as_deref().into(),
        user.preferred_zoneinfo.as_deref().into(),
        user.created_at.millis().into(),
        sorted(SortKey::CreatedAt),
        user.last_updated_at.millis().into(),
        user.invite_expiry.into(),
        sorted(SortKey::InviteExpiry),
    ]
}

/// Reads a user from a row with the columns of [`READ`].
pub(super) fn user(tenant: &str, mut row: Row) -> Result<User, DbError> {
    Ok(User {
        tenant_id: tenant.to_owned(),
        id: row.string()?,
        subject: row.string()?,
        name: row.string()?,
        email: row.optional_string()?,
        status: status(&row.string()?)?,
        client_id: row.optional_string()?,
        picture: row.optional_string()?,
        locale: row.optional_string()?,
        zoneinfo: row.optional_string()?,
        preferred_locale: row.optional_string()?,
        preferred_zoneinfo: row.optional_string()?,
        created_at: Timestamp::from_millis(row.integer()?),
        last_updated_at: Timestamp::from_millis(row.integer()?),
        invite_expiry: row.optional_integer()?,
        assigned_roles: Vec::new(),
        assigned_groups: Vec::new(),
        assigned_scopes: Vec::new(),
    })
}

fn status(name: &str) -> Result<Status, DbError> {
    let found = Status::ALL.into_iter().find(|status| status.name() == name);
    found.ok_or_else(|| DbError::Internal(format!("`{name}` is not a valid status")))
}
