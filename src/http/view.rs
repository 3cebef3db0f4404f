//! A user as the caller sees it.

use super::config::InviteExpiry;
use super::identity::Caller;
use super::links::Links;
use super::query::Fields;
use crate::users::{Group, Role, SYSTEM_ROLES, Status, User};
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// How users are shown in one answer.
pub(super) struct View<'a> {
    pub(super) caller: &'a Caller,
    pub(super) links: &'a Links,
    pub(super) fields: &'a Fields,
    pub(super) invite_expiry: InviteExpiry,
}

impl View<'_> {
    /// The members that were asked for, of those that the user has and the caller may see.
    pub(super) fn user(&self, user: &User) -> Value {
        let with_roles = self.caller.sees_roles_of(user);
        let mut members = Map::new();
        let mut put = |name: &str, value: &dyn Fn() -> Value| {
            if self.fields.has(name) {
                members.insert(name.to_owned(), value());
            }
        };
        put("id", &|| json!(user.id));
        put("name", &|| json!(user.name));
        put("links", &|| json!({ "self": { "href": self.links.user(&user.id) } }));
        put("status", &|| json!(user.status.name()));
        put("subject", &|| json!(user.subject));
        put("tenantId", &|| json!(user.tenant_id));
        for name in ["created", "createdAt"] {
            put(name, &|| json!(user.created_at));
        }
        for name in ["lastUpdated", "lastUpdatedAt"] {
            put(name, &|| json!(user.last_updated_at));
        }
        let optional = [
            ("email", &user.email),
            ("clientId", &user.client_id),
            ("picture", &user.picture),
            ("locale", &user.locale),
            ("zoneinfo", &user.zoneinfo),
            ("preferredLocale", &user.preferred_locale),
            ("preferredZoneinfo", &user.preferred_zoneinfo),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, &|| json!(value));
            }
        }
        if let Some(expiry) = user.invite_expiry.filter(|_| user.status == Status::Invited) {
            put("inviteExpiry", &|| json!(self.expiry(expiry)));
        }
        put("assignedScopes", &|| json!(user.assigned_scopes));
        put("assignedGroups", &|| user.assigned_groups.iter().map(|group| shown(group, with_roles)).collect());
        if with_roles {
            put("assignedRoles", &|| json!(user.assigned_roles));
            put("roles", &|| json!(system_roles(&user.assigned_roles)));
        }
        Value::Object(members)
    }

    fn expiry(&self, unix: i64) -> i64 {
        match self.invite_expiry {
            InviteExpiry::Unix => unix,
            InviteExpiry::SecondsLeft => unix.saturating_sub(now()).max(0),
        }
    }
}

fn shown(group: &Group, with_roles: bool) -> Value {
    let mut shown = json!(group);
    if let (false, Some(members)) = (with_roles, shown.as_object_mut()) {
        members.remove("assignedRoles");
    }
    shown
}

fn system_roles(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(|role| role.name.as_str()).filter(|name| SYSTEM_ROLES.contains(name)).collect()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
