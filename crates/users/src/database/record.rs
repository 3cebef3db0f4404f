//! Users as rows of the table `users`, without their lists.

use super::fault::Fault;
use super::link::Row;
use super::statement::Value;
use crate::sort::SortKey;
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use scieve::fold_key;

/// What is read, in order.
pub(super) const READ: &str = "u.id, u.subject, u.name, u.email, u.status, u.client_id, u.picture, u.locale, u.zoneinfo, u.preferred_locale, \
    u.preferred_zoneinfo, u.created_at, u.last_updated_at, u.invite_expiry";

/// Every column, in the order of [`values`]. The first two never change.
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

/// The column that lists are sorted by; the tenant is the same for all.
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

/// The values of a user's row.
pub(super) fn values(user: &User) -> Vec<Value> {
    let folded = |text: Option<&str>| Value::Text(text.map(|text| fold_key(text).into_owned()));
    let sorted = |key: SortKey| Value::Text(Some(key.of(user)));
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

/// The user of a row with the columns of [`READ`].
pub(super) fn user(tenant: &str, mut row: Row) -> Result<User, Fault> {
    Ok(User {
        tenant_id: tenant.to_owned(),
        id: row.text()?,
        subject: row.text()?,
        name: row.text()?,
        email: row.maybe_text()?,
        status: status(&row.text()?)?,
        client_id: row.maybe_text()?,
        picture: row.maybe_text()?,
        locale: row.maybe_text()?,
        zoneinfo: row.maybe_text()?,
        preferred_locale: row.maybe_text()?,
        preferred_zoneinfo: row.maybe_text()?,
        created_at: Timestamp::from_millis(row.integer()?),
        last_updated_at: Timestamp::from_millis(row.integer()?),
        invite_expiry: row.maybe_integer()?,
        assigned_roles: Vec::new(),
        assigned_groups: Vec::new(),
        assigned_scopes: Vec::new(),
    })
}

fn status(name: &str) -> Result<Status, Fault> {
    let found = Status::ALL.into_iter().find(|status| status.name() == name);
    found.ok_or_else(|| Fault::Broken(format!("there is no status `{name}`")))
}
