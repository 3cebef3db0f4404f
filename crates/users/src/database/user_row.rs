//! Conversion between users and rows of the table `users`.

use super::connection::Row;
use super::error::DbError;
use super::memberships::Memberships;
use super::tenant::Tenant;
use crate::account::Account;
use crate::sort::{SortKey, truncate};
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use scieve::fold_key;
use sea_query::Value;

/// The columns that [`user`] reads, in order.
pub(super) const READ: [&str; 15] = [
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
    "memberships",
];

/// The columns that the store writes, in the order of [`values`]. The first two identify a user.
pub(super) const COLUMNS: [&str; 24] = [
    "tenant",
    "id",
    "id_f",
    "subject",
    "subject_f",
    "name",
    "name_f",
    "email",
    "email_f",
    "email_sort",
    "status",
    "client_id",
    "client_id_f",
    "client_id_sort",
    "picture",
    "locale",
    "zoneinfo",
    "preferred_locale",
    "preferred_zoneinfo",
    "created_at",
    "last_updated_at",
    "invite_expiry",
    "invite_expiry_sort",
    "memberships",
];

/// The column that a list is sorted by before the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortColumn {
    /// A fold key, never NULL. The sort key is `1` and the fold key.
    FoldKey(&'static str),
    /// Milliseconds, never NULL. The sort key is `1` and the number, see
    /// [`InstantPosition`](crate::sort::InstantPosition).
    Millis(&'static str),
    /// The sort key itself: of members that a user may not have.
    SortKey(&'static str),
}

impl SortColumn {
    /// Returns the column of a sort key; `None` for the tenant, which is the same for every user of
    /// a list.
    pub(super) fn of(key: SortKey) -> Option<Self> {
        Some(match key {
            SortKey::Name => Self::FoldKey("name_f"),
            SortKey::Id => Self::FoldKey("id_f"),
            SortKey::TenantId => return None,
            SortKey::ClientId => Self::SortKey("client_id_sort"),
            SortKey::Status => Self::FoldKey("status"),
            SortKey::Subject => Self::FoldKey("subject_f"),
            SortKey::Email => Self::SortKey("email_sort"),
            SortKey::InviteExpiry => Self::SortKey("invite_expiry_sort"),
            SortKey::CreatedAt => Self::Millis("created_at"),
        })
    }

    /// Returns the name of the column.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FoldKey(name) | Self::Millis(name) | Self::SortKey(name) => name,
        }
    }
}

/// The value of the sort column of a user whose attribute has that value.
pub(super) fn sort_value(string: &str) -> String {
    format!("1{}", truncate(&fold_key(string)))
}

/// The values of a user's row, in the order of [`COLUMNS`].
pub(super) fn values(tenant: Tenant<'_>, user: &User) -> Vec<Value> {
    let folded =
        |string: Option<&str>| Value::from(string.map(|string| fold_key(string).into_owned()));
    let sorted = |key: SortKey| Value::from(key.of(user));
    let (email, client) = (user.email.as_deref(), user.client_id.as_deref());
    vec![
        tenant.number.into(),
        user.id.as_str().into(),
        folded(Some(&user.id)),
        user.subject.as_str().into(),
        folded(Some(&user.subject)),
        user.name.as_str().into(),
        folded(Some(&user.name)),
        email.into(),
        folded(email),
        sorted(SortKey::Email),
        user.status.name().into(),
        client.into(),
        folded(client),
        sorted(SortKey::ClientId),
        user.picture.as_deref().into(),
        user.locale.as_deref().into(),
        user.zoneinfo.as_deref().into(),
        user.preferred_locale.as_deref().into(),
        user.preferred_zoneinfo.as_deref().into(),
        user.created_at.millis().into(),
        user.last_updated_at.millis().into(),
        user.invite_expiry.into(),
        sorted(SortKey::InviteExpiry),
        Memberships::document(user).into(),
    ]
}

/// Reads a user from a row with the columns of [`READ`].
pub(super) fn user(tenant: Tenant<'_>, row: Row) -> Result<User, DbError> {
    optional_user(tenant, row)?.ok_or_else(|| DbError::Internal("expected a user, got NULL".into()))
}

/// Reads a user from a row with the columns of [`READ`], which are NULL if there is none.
pub(super) fn optional_user(tenant: Tenant<'_>, mut row: Row) -> Result<Option<User>, DbError> {
    let Some(id) = row.optional_string()? else { return Ok(None) };
    let mut user = User {
        tenant_id: tenant.id.to_owned(),
        id,
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
    };
    if let Some(document) = row.optional_string()? {
        Memberships::parse(&document)?.assign_to(&mut user);
    }
    Ok(Some(user))
}

/// Reads an account from a row with id, status and memberships.
pub(super) fn account(mut row: Row) -> Result<Account, DbError> {
    let (id, status) = (row.string()?, status(&row.string()?)?);
    let document = row.optional_string()?;
    let memberships = document.as_deref().map(Memberships::parse).transpose()?;
    let has_role = memberships.is_some_and(|memberships| memberships.have_administrator_role());
    let is_administrator = status.can_act() && has_role;
    Ok(Account { id, status, is_administrator })
}

fn status(name: &str) -> Result<Status, DbError> {
    let found = Status::ALL.into_iter().find(|status| status.name() == name);
    found.ok_or_else(|| DbError::Internal(format!("`{name}` is not a valid status")))
}
