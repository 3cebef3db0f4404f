//! JSON representation of a user for a caller.

use super::config::InviteExpiry;
use super::identity::Caller;
use super::links::Links;
use super::query::Fields;
use scieve_users::{Group, Role, Status, SystemRole, User};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::time::{SystemTime, UNIX_EPOCH};

/// Representation of the users of one response.
pub(super) struct View<'a> {
    pub(super) caller: &'a Caller,
    pub(super) links: &'a Links,
    pub(super) fields: &'a Fields,
    pub(super) invite_expiry: InviteExpiry,
}

impl<'a> View<'a> {
    /// Returns the requested members of a user that are present and visible to the caller.
    pub(super) fn user(&'a self, user: &'a User) -> UserView<'a> {
        UserView { view: self, user }
    }

    fn expiry(&self, unix: i64) -> i64 {
        match self.invite_expiry {
            InviteExpiry::Unix => unix,
            InviteExpiry::SecondsLeft => unix.saturating_sub(now()).max(0),
        }
    }
}

/// Serialises a user with the members in the order of their names, as in every other response.
///
/// The members are serialised one by one instead of as a `serde_json::Value`, since users are most
/// of what a server writes.
pub(super) struct UserView<'a> {
    view: &'a View<'a>,
    user: &'a User,
}

impl Serialize for UserView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, user } = self;
        let with_access = view.caller.sees_access_of(user);
        let mut members = Members { map: serializer.serialize_map(None)?, fields: view.fields };
        members.put("assignedGroups", || {
            List(
                user.assigned_groups
                    .iter()
                    .map(|group| GroupView { group, with_roles: with_access }),
            )
        })?;
        if with_access {
            members.put("assignedRoles", || List(user.assigned_roles.iter().map(RoleView)))?;
            members.put("assignedScopes", || &user.assigned_scopes)?;
        }
        members.put_some("clientId", user.client_id.as_ref())?;
        members.put("created", || user.created_at)?;
        members.put("createdAt", || user.created_at)?;
        members.put_some("email", user.email.as_ref())?;
        members.put("id", || &user.id)?;
        let expiry = user.invite_expiry.filter(|_| user.status == Status::Invited);
        members.put_some("inviteExpiry", expiry.map(|expiry| view.expiry(expiry)))?;
        members.put("lastUpdated", || user.last_updated_at)?;
        members.put("lastUpdatedAt", || user.last_updated_at)?;
        members.put("links", || SelfLink { this: Href { href: view.links.user(&user.id) } })?;
        members.put_some("locale", user.locale.as_ref())?;
        members.put("name", || &user.name)?;
        members.put_some("picture", user.picture.as_ref())?;
        members.put_some("preferredLocale", user.preferred_locale.as_ref())?;
        members.put_some("preferredZoneinfo", user.preferred_zoneinfo.as_ref())?;
        if with_access {
            members.put("roles", || List(system_roles(&user.assigned_roles)))?;
        }
        members.put("status", || user.status)?;
        members.put("subject", || &user.subject)?;
        members.put("tenantId", || &user.tenant_id)?;
        members.put_some("zoneinfo", user.zoneinfo.as_ref())?;
        members.map.end()
    }
}

/// Writes the requested members of an object.
struct Members<'a, M> {
    map: M,
    fields: &'a Fields,
}

impl<M: SerializeMap> Members<'_, M> {
    fn put<T: Serialize>(
        &mut self,
        name: &'static str,
        value: impl FnOnce() -> T,
    ) -> Result<(), M::Error> {
        match self.fields.contains(name) {
            true => self.map.serialize_entry(name, &value()),
            false => Ok(()),
        }
    }

    fn put_some<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<T>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, || value))
    }
}

/// Serialises the items of an iterator as an array.
struct List<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

#[derive(Serialize)]
struct SelfLink {
    #[serde(rename = "self")]
    this: Href,
}

/// A link.
#[derive(Serialize)]
pub(super) struct Href {
    pub(super) href: String,
}

struct GroupView<'a> {
    group: &'a Group,
    with_roles: bool,
}

impl Serialize for GroupView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { group, with_roles } = self;
        let mut members = Members { map: serializer.serialize_map(None)?, fields: &Fields::All };
        if *with_roles {
            members.put("assignedRoles", || List(group.assigned_roles.iter().map(RoleView)))?;
        }
        members.put("id", || &group.id)?;
        members.put("name", || &group.name)?;
        members.put_some("providerType", group.provider_type)?;
        members.map.end()
    }
}

struct RoleView<'a>(&'a Role);

impl Serialize for RoleView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(role) = self;
        let mut members = Members { map: serializer.serialize_map(None)?, fields: &Fields::All };
        members.put("id", || &role.id)?;
        members.put("level", || role.level)?;
        members.put("name", || &role.name)?;
        members.put("type", || role.kind)?;
        members.map.end()
    }
}

fn system_roles(roles: &[Role]) -> impl Iterator<Item = &str> + Clone {
    roles.iter().map(|role| role.name.as_str()).filter(|name| SystemRole::named(name).is_some())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
