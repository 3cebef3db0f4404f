//! The users resource.

use super::role::{Group, Role};
use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A user, as the users API sends one.
///
/// Members of the JSON form are named in camel case; an absent member is left out, an empty list is written. Members that are
/// not here, such as `links`, are passed over when a user is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Unique; later users have greater ones.
    pub id: String,
    /// The tenant that the user is of.
    pub tenant_id: String,
    /// Unique in the tenant: who the user is at the identity provider.
    pub subject: String,
    /// For people.
    pub name: String,
    /// Absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user can log in.
    pub status: Status,
    /// Roles of the user's own.
    #[serde(default)]
    pub assigned_roles: Vec<Role>,
    /// Groups, with the roles that come with them.
    #[serde(default)]
    pub assigned_groups: Vec<Group>,
    /// OAuth scopes.
    #[serde(default)]
    pub assigned_scopes: Vec<String>,
    /// The OAuth client that the user stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// From the identity provider, such as `en-US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// From the identity provider, such as `Europe/Paris`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// The user's own choice, before [`User::locale`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_locale: Option<String>,
    /// The user's own choice, before [`User::zoneinfo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_zoneinfo: Option<String>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was changed last.
    pub last_updated_at: Timestamp,
    /// When the invitation ends, in seconds since 1970-01-01T00:00:00Z; only of invited users.
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

/// Whether a user can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The user can.
    Active,
    /// The user is invited and has not come yet.
    Invited,
    /// The user may not.
    Disabled,
    /// The user is gone.
    Deleted,
    /// The user was made ahead of the first login.
    Provisioned,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Invited, Self::Disabled, Self::Deleted, Self::Provisioned];

    /// The status as filters and JSON write it.
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

/// What filters and orders read of a user, however it is kept.
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

/// Whether the text could be an e-mail address: something on both sides of one `@`, no white space or control characters.
#[must_use]
pub fn is_email_address(text: &str) -> bool {
    let parts = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    parts && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
