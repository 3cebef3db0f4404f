//! Roles, and the groups through which users get more of them.

use scieve::ValueRef;
use scieve::{Attribute, Record};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Name of the system role whose holders may do everything.
pub const ADMINISTRATOR_ROLE: &str = "TenantAdmin";

/// A role that comes with the service.
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

/// The roles that come with the service.
pub const SYSTEM_ROLES: [SystemRole; 7] = {
    use RoleLevel::{Admin, User};
    const fn role(id: &'static str, name: &'static str, level: RoleLevel) -> SystemRole {
        SystemRole { id, name, level }
    }
    [
        role("507f191e810c19729de860ea", "Developer", User),
        role("605a1c2151382ffc836af861", ADMINISTRATOR_ROLE, Admin),
        role("605a1c2151382ffc836af862", "SharedSpaceCreator", User),
        role("605a1c2151382ffc836af863", "ManagedSpaceCreator", User),
        role("605a1c2151382ffc836af864", "DataSpaceCreator", User),
        role("605a1c2151382ffc836af865", "AnalyticsAdmin", Admin),
        role("605a1c2151382ffc836af866", "DataAdmin", Admin),
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

/// A role that a user or a group has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Role {
    /// Unique among roles.
    pub id: String,
    /// Such as `Developer`.
    pub name: String,
    /// Where the role comes from.
    #[serde(rename = "type")]
    pub kind: RoleKind,
    /// What it gives access to.
    pub level: RoleLevel,
}

/// Where a role comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// It comes with the service.
    Default,
    /// It was made by an administrator.
    Custom,
}

/// What a role gives access to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleLevel {
    /// Administration.
    Admin,
    /// Use.
    User,
}

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Unique among groups.
    pub id: String,
    /// Such as `Finance`.
    pub name: String,
    /// Who keeps the group, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_type: Option<ProviderType>,
    /// The roles that every member has.
    #[serde(default)]
    pub assigned_roles: Vec<Role>,
}

/// Who keeps a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// The identity provider.
    Idp,
    /// The service itself.
    Custom,
}

/// A role or group as a caller names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

impl Reference {
    /// The first of the roles or groups that is meant. Ids and names compare exactly.
    pub fn find<'a, T: Named>(&self, among: &'a [T]) -> Option<&'a T> {
        among.iter().find(|one| match self {
            Self::Id(id) => one.id() == id,
            Self::Name(name) => one.name() == name,
        })
    }
}

/// The id or name, quoted, as messages show it.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Id(text) | Self::Name(text)) = self;
        write!(f, "`{text}`")
    }
}

/// What has an id and a name: roles and groups.
pub trait Named {
    /// Unique.
    fn id(&self) -> &str;
    /// For people.
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

/// The old ones, and the new ones in the place of those with their ids or behind.
pub(super) fn merged<T: Named + Clone>(old: &[T], new: Vec<T>) -> Vec<T> {
    let mut merged = old.to_vec();
    for one in new {
        match merged.iter_mut().find(|other| other.id() == one.id()) {
            Some(other) => *other = one,
            None => merged.push(one),
        }
    }
    merged
}

/// As an element of `assignedRoles`.
impl Record for Role {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        identified(&self.id, &self.name, attribute, test)
    }
}

/// As an element of `assignedGroups`.
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
