//! Roles and groups.

use scieve::ValueRef;
use scieve::{Attribute, Record};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Name of the system role whose holders may use every endpoint.
pub const ADMINISTRATOR_ROLE: &str = "TenantAdmin";

/// A role built into the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemRole {
    /// Id in tenants that define no roles of their own.
    pub id: &'static str,
    /// Name, the same in every tenant.
    pub name: &'static str,
    /// Access level.
    pub level: RoleLevel,
}

/// The roles built into the service.
pub const SYSTEM_ROLES: [SystemRole; 7] = {
    use RoleLevel::{Admin, User};
    const fn role(id: &'static str, name: &'static str, level: RoleLevel) -> SystemRole {
        SystemRole { id, name, level }
    }
    [
        role("605a1c2151382ffc836af861", ADMINISTRATOR_ROLE, Admin),
        role("507f191e810c19729de860ea", "Developer", User),
        role("605a1c2151382ffc836af865", "AnalyticsAdmin", Admin),
        role("605a1c2151382ffc836af866", "DataAdmin", Admin),
        role("605a1c2151382ffc836af864", "DataSpaceCreator", User),
        role("605a1c2151382ffc836af863", "ManagedSpaceCreator", User),
        role("605a1c2151382ffc836af862", "SharedSpaceCreator", User),
    ]
};

impl SystemRole {
    /// Returns the system role with this name (case-sensitive).
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        const { &SYSTEM_ROLES }.iter().find(|role| role.name == name)
    }
}

impl From<SystemRole> for Role {
    fn from(role: SystemRole) -> Self {
        Self {
            id: role.id.to_owned(),
            name: role.name.to_owned(),
            kind: RoleKind::Default,
            level: role.level,
        }
    }
}

/// A role of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Role {
    /// Id, unique among the tenant's roles.
    pub id: String,
    /// Name, such as `Developer`.
    pub name: String,
    /// Origin; `type` in JSON.
    #[serde(rename = "type")]
    pub kind: RoleKind,
    /// Access level.
    pub level: RoleLevel,
}

/// Origin of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// Built into the service.
    Default,
    /// Created by an administrator.
    Custom,
}

/// Access level of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleLevel {
    /// Administration.
    Admin,
    /// Use without administration.
    User,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Id, unique among the tenant's groups.
    pub id: String,
    /// Name, such as `Finance`.
    pub name: String,
    /// Owner of the membership, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_type: Option<ProviderType>,
    /// Roles of every member.
    #[serde(default)]
    pub assigned_roles: Vec<Role>,
}

/// Returns whether one of the roles, or of the roles of the groups, is [`ADMINISTRATOR_ROLE`].
pub(super) fn has_administrator_role(roles: &[Role], groups: &[Group]) -> bool {
    let of_groups = groups.iter().flat_map(|group| &group.assigned_roles);
    roles.iter().chain(of_groups).any(|role| role.name == ADMINISTRATOR_ROLE)
}

/// Owner of a group's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// The identity provider; members cannot be changed here.
    Idp,
    /// The service.
    Custom,
}

/// Reference to a role or group in a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

impl Reference {
    /// Returns the first role or group with this id or name (case-sensitive).
    pub fn find<'a, T: Named>(&self, among: &'a [T]) -> Option<&'a T> {
        among.iter().find(|item| match self {
            Self::Id(id) => item.id() == id,
            Self::Name(name) => item.name() == name,
        })
    }
}

/// Formats the id or name in backticks, for messages.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Id(string) | Self::Name(string)) = self;
        write!(f, "`{string}`")
    }
}

/// An item with an id and a name: a role or a group.
pub trait Named {
    /// Returns the id.
    fn id(&self) -> &str;
    /// Returns the name.
    fn name(&self) -> &str;
}

impl Named for Role {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Group {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Returns the old items with each new one in place of the item with its id, or appended.
pub(super) fn merged<T: Named + Clone>(old: &[T], new: Vec<T>) -> Vec<T> {
    let mut merged = old.to_vec();
    for item in new {
        match merged.iter_mut().find(|other| other.id() == item.id()) {
            Some(other) => *other = item,
            None => merged.push(item),
        }
    }
    merged
}

/// A role as an element of `assignedRoles`.
impl Record for Role {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        identified(&self.id, &self.name, attribute, test)
    }
}

/// A group as an element of `assignedGroups`.
impl Record for Group {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        identified(&self.id, &self.name, attribute, test)
    }
}

fn identified(
    id: &str,
    name: &str,
    attribute: &Attribute,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    match attribute.sub_attribute() {
        Some(sub) if sub.eq_ignore_ascii_case("id") => test(ValueRef::text(id)),
        Some(sub) if sub.eq_ignore_ascii_case("name") => test(ValueRef::text(name)),
        _ => false,
    }
}
