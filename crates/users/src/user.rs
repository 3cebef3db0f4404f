//! The user type.

use super::role::{Group, Role, has_administrator_role};
use super::timestamp::Timestamp;
use email_address::{EmailAddress, Options};
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

    /// Returns true if the user has the role [`ADMINISTRATOR_ROLE`](crate::ADMINISTRATOR_ROLE),
    /// directly or from a group, and is neither disabled nor deleted.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.status.can_act() && has_administrator_role(&self.assigned_roles, &self.assigned_groups)
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

    /// Returns true if requests can be made as a user with this status.
    #[must_use]
    pub const fn can_act(self) -> bool {
        !matches!(self, Self::Disabled | Self::Deleted)
    }

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

/// Returns whether a string is an e-mail address as of RFC 5321 and RFC 6531, without a display
/// name. Domain literals (`a@[127.0.0.1]`), whitespace, and characters that [`is_displayable`]
/// excludes are rejected also where the RFCs permit them.
#[must_use]
pub fn is_email_address(string: &str) -> bool {
    let options = Options::default().without_display_text().without_domain_literal();
    is_displayable(string)
        && !string.contains(char::is_whitespace)
        && EmailAddress::parse_with_options(string, options).is_ok()
}

/// Message for a name that is not displayable.
pub(super) const NOT_DISPLAYABLE: &str = "control characters, line separators and characters that \
    change the direction of text are not allowed, nor is whitespace alone";

/// Returns whether a string can be displayed without misleading its reader: it has a visible
/// character, and neither control characters nor line separators nor characters that change the
/// direction of text (Unicode Technical Report 36, section 2.5).
#[must_use]
pub fn is_displayable(string: &str) -> bool {
    let misleading = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            )
    };
    // Format characters and fillers that have no glyph.
    let invisible = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\u{ad}'
                    | '\u{34f}'
                    | '\u{115f}'
                    | '\u{1160}'
                    | '\u{180b}'..='\u{180f}'
                    | '\u{200b}'..='\u{200d}'
                    | '\u{2060}'..='\u{2064}'
                    | '\u{2800}'
                    | '\u{3164}'
                    | '\u{fe00}'..='\u{fe0f}'
                    | '\u{feff}'
                    | '\u{ffa0}'
                    | '\u{e0000}'..='\u{e0fff}'
            )
    };
    !string.contains(misleading) && !string.chars().all(invisible)
}

#[cfg(test)]
mod tests {
    use super::{is_displayable, is_email_address};

    #[test]
    fn email_addresses_are_validated() {
        for good in ["a@b", "john.smith+x@corp.example", "o'neil@a-b.example", "é@bücher.example"]
        {
            assert!(is_email_address(good), "{good:?}");
        }
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b c",
            " a@b",
            "a@b ",
            "a@b\n",
            "a..b@c",
            ".a@b",
            "a@b..c",
            "a@-b",
            "A <a@b>",
            "a@[127.0.0.1]",
            "\"a b\"@c",
            "a@b,c@d",
            "a;b@c d",
            "a\u{202e}@b",
            "a@b\u{200f}",
            "a\u{0}@b",
        ] {
            assert!(!is_email_address(bad), "{bad:?}");
        }
    }

    #[test]
    fn strings_that_mislead_readers_are_not_displayable() {
        for good in ["Bob", " Bob ", "José \"Pepe\" Núñez", "👩\u{200d}🚀", "محمد", "-", "a\u{ad}b"]
        {
            assert!(is_displayable(good), "{good:?}");
        }
        for bad in [
            "",
            " ",
            "\u{a0}\u{3000}",
            "\u{200b}",
            "\u{feff}",
            "a\nb",
            "a\tb",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200f}",
            "a\u{61c}",
            "a\u{2028}b",
            "\u{3164}",
        ] {
            assert!(!is_displayable(bad), "{bad:?}");
        }
    }
}
