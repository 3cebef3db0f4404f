//! The user type.

use super::role::{Group, Role};
use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A user of the users API.
///
/// In JSON form, members have camel-case names, absent members are omitted and empty lists are
/// kept. Deserialisation ignores other members, such as `links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id, unique in the tenant. Generated ids increase with time.
    pub id: String,
    /// Id of the user's tenant.
    pub tenant_id: String,
    /// Identifier at the identity provider, unique among the tenant's users that are not deleted.
    pub subject: String,
    /// Display name.
    pub name: String,
    /// E-mail address, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// State of the account.
    pub status: Status,
    /// Roles assigned directly.
    #[serde(default)]
    pub assigned_roles: Vec<Role>,
    /// Groups, whose roles the user has too.
    #[serde(default)]
    pub assigned_groups: Vec<Group>,
    /// OAuth 2.0 scopes.
    #[serde(default)]
    pub assigned_scopes: Vec<String>,
    /// Id of the OAuth 2.0 client, if the user represents one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Locale from the identity provider, such as `en-US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Time zone from the identity provider, such as `Europe/Paris`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// Locale chosen by the user; takes precedence over [`User::locale`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_locale: Option<String>,
    /// Time zone chosen by the user; takes precedence over [`User::zoneinfo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_zoneinfo: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub last_updated_at: Timestamp,
    /// Expiry of the invitation as a Unix time in seconds, for invited users only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_expiry: Option<i64>,
}

impl User {
    /// Returns an active user created at `now`, whose name is the subject, with every other
    /// member absent or empty.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        tenant_id: impl Into<String>,
        subject: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        let subject = subject.into();
        Self {
            id: id.into(),
            tenant_id: tenant_id.into(),
            name: subject.clone(),
            subject,
            email: None,
            status: Status::Active,
            assigned_roles: Vec::new(),
            assigned_groups: Vec::new(),
            assigned_scopes: Vec::new(),
            client_id: None,
            picture: None,
            locale: None,
            zoneinfo: None,
            preferred_locale: None,
            preferred_zoneinfo: None,
            created_at: now,
            last_updated_at: now,
            invite_expiry: None,
        }
    }
}

/// State of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The user can log in.
    Active,
    /// The user has been invited and has not accepted yet.
    Invited,
    /// The user cannot log in.
    Disabled,
    /// The user has been deleted; the record remains.
    Deleted,
    /// The account was created before the first login.
    Provisioned,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Invited, Self::Disabled, Self::Deleted, Self::Provisioned];

    /// Returns the name used in filters and JSON.
    #[must_use]
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::Provisioned => "provisioned",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Access to the filterable and sortable members of a user, independent of its representation.
pub(super) trait Members {
    fn id(&self) -> &str;
    fn tenant_id(&self) -> &str;
    fn subject(&self) -> &str;
    fn name(&self) -> &str;
    fn email(&self) -> Option<&str>;
    fn status(&self) -> Status;
    fn client_id(&self) -> Option<&str>;
    fn assigned_roles(&self) -> &[Role];
    fn assigned_groups(&self) -> &[Group];
    fn assigned_scopes(&self) -> &[String];
    fn created_at(&self) -> Timestamp;
    fn invite_expiry(&self) -> Option<i64>;
}

impl Members for User {
    fn id(&self) -> &str {
        &self.id
    }

    fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    fn subject(&self) -> &str {
        &self.subject
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn status(&self) -> Status {
        self.status
    }

    fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    fn assigned_roles(&self) -> &[Role] {
        &self.assigned_roles
    }

    fn assigned_groups(&self) -> &[Group] {
        &self.assigned_groups
    }

    fn assigned_scopes(&self) -> &[String] {
        &self.assigned_scopes
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn invite_expiry(&self) -> Option<i64> {
        self.invite_expiry
    }
}

/// Returns whether a string has the shape of an e-mail address: one `@` with characters on both
/// sides, and no whitespace or control characters.
#[must_use]
pub fn is_email_address(string: &str) -> bool {
    let parts = string.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    parts && !string.chars().any(|c| c.is_whitespace() || c.is_control())
}
