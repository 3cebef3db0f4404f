//! Files of users to start a server with.

use super::role::{Group, Named, Role};
use super::user::{Status, User};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use thiserror::Error;

/// A tenant with its users, roles and groups, and the keys that act as some of the users.
///
/// As JSON: `{"tenant": {"id"}, "roles": [role], "groups": [group], "apiKeys": [{"key", "userId"}], "users": [user]}`. Users are
/// written as the users API sends them, but for `assignedRoles` and `assignedGroups`, which are arrays of names; so is the
/// `assignedRoles` of a group. A user's `tenantId` may be left out. `inviteExpiry` is a Unix time in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixture {
    /// The id of the tenant.
    pub tenant: String,
    /// The tenant's roles.
    pub roles: Vec<Role>,
    /// The tenant's groups.
    pub groups: Vec<Group>,
    /// Keys; none of them twice.
    pub api_keys: Vec<ApiKey>,
    /// The users; ids are unique, and so are the subjects of those who are not deleted.
    pub users: Vec<User>,
}

/// A key that acts as a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// What a caller shows.
    pub key: String,
    /// The id of the user.
    pub user_id: String,
}

/// What is wrong with a fixture.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{pointer}: {message}")]
pub struct FixtureError {
    /// JSON pointer to the place.
    pub pointer: String,
    /// What is wrong there, in one line.
    pub message: String,
}

#[derive(Deserialize)]
struct File {
    tenant: Tenant,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    groups: Vec<Map<String, Value>>,
    #[serde(default, rename = "apiKeys")]
    api_keys: Vec<ApiKey>,
    #[serde(default)]
    users: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Tenant {
    id: String,
}

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Errors
    /// For text that is no JSON, another shape, a role, group or user that is referred to and not there, and what is there twice.
    pub fn from_json(text: &str) -> Result<Self, FixtureError> {
        let file: File =
            serde_json::from_str(text).map_err(|error| fault("", error.to_string()))?;
        let tenant = file.tenant.id;
        let roles = file.roles;
        unique("/roles", roles.iter().map(|role| &role.id), "id")?;
        unique("/roles", roles.iter().map(|role| &role.name), "name")?;
        let mut groups = Vec::with_capacity(file.groups.len());
        for (place, mut group) in file.groups.into_iter().enumerate() {
            let at = format!("/groups/{place}");
            expand(&mut group, "assignedRoles", &roles, &at)?;
            groups.push(read::<Group>(group, &at)?);
        }
        unique("/groups", groups.iter().map(|group| &group.id), "id")?;
        unique("/groups", groups.iter().map(|group| &group.name), "name")?;
        let mut users = Vec::with_capacity(file.users.len());
        for (place, mut user) in file.users.into_iter().enumerate() {
            let at = format!("/users/{place}");
            expand(&mut user, "assignedRoles", &roles, &at)?;
            expand(&mut user, "assignedGroups", &groups, &at)?;
            user.entry("tenantId").or_insert_with(|| tenant.clone().into());
            let user = read::<User>(user, &at)?;
            if user.tenant_id != tenant {
                return Err(fault(&format!("{at}/tenantId"), format!("the tenant is `{tenant}`")));
            }
            users.push(user);
        }
        unique("/users", users.iter().map(|user| &user.id), "id")?;
        unique(
            "/users",
            users.iter().filter(|user| user.status != Status::Deleted).map(|user| &user.subject),
            "subject",
        )?;
        unique("/apiKeys", file.api_keys.iter().map(|key| &key.key), "key")?;
        for (place, key) in file.api_keys.iter().enumerate() {
            if !users.iter().any(|user| user.id == key.user_id) {
                return Err(fault(
                    &format!("/apiKeys/{place}/userId"),
                    format!("there is no user `{}`", key.user_id),
                ));
            }
        }
        Ok(Self { tenant, roles, groups, api_keys: file.api_keys, users })
    }
}

fn fault(pointer: &str, message: String) -> FixtureError {
    FixtureError { pointer: pointer.to_owned(), message }
}

fn read<T: for<'de> Deserialize<'de>>(
    object: Map<String, Value>,
    at: &str,
) -> Result<T, FixtureError> {
    T::deserialize(Value::Object(object)).map_err(|error| fault(at, error.to_string()))
}

/// Puts what is named in the place of the names.
fn expand<T: Named + serde::Serialize>(
    object: &mut Map<String, Value>,
    member: &str,
    known: &[T],
    at: &str,
) -> Result<(), FixtureError> {
    let names = match object.get_mut(member) {
        None => return Ok(()),
        Some(Value::Array(names)) => names,
        Some(_) => {
            return Err(fault(&format!("{at}/{member}"), "expected an array of names".into()));
        }
    };
    for (place, name) in names.iter_mut().enumerate() {
        let at = format!("{at}/{member}/{place}");
        let wanted = name.as_str().ok_or_else(|| fault(&at, "expected a name".into()))?;
        let found = known
            .iter()
            .find(|one| one.name() == wanted)
            .ok_or_else(|| fault(&at, format!("there is no `{wanted}`")))?;
        *name = serde_json::to_value(found).map_err(|error| fault(&at, error.to_string()))?;
    }
    Ok(())
}

fn unique<'a>(
    at: &str,
    values: impl Iterator<Item = &'a String>,
    what: &str,
) -> Result<(), FixtureError> {
    let mut seen = HashSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(fault(at, format!("the {what} `{value}` is there twice")));
        }
    }
    Ok(())
}
