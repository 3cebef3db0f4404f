//! Files with the initial data of a server.

use super::role::{Group, Named, Role};
use super::user::{Status, User};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use thiserror::Error;

/// A tenant with its users, roles and groups, and API keys of some of the users.
///
/// The JSON form is `{"tenant": {"id"}, "roles": [role], "groups": [group], "apiKeys": [{"key",
/// "userId"}], "users": [user]}`. Users have the form of the users API, except that `assignedRoles`
/// and `assignedGroups` are arrays of names, and that `tenantId` is optional. The `assignedRoles`
/// of a group are names too. `inviteExpiry` is a Unix time in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixture {
    /// Id of the tenant.
    pub tenant: String,
    /// Roles of the tenant.
    pub roles: Vec<Role>,
    /// Groups of the tenant.
    pub groups: Vec<Group>,
    /// API keys, all different.
    pub api_keys: Vec<ApiKey>,
    /// Users. Ids are unique, and so are the subjects of users who are not deleted.
    pub users: Vec<User>,
}

/// An API key that authenticates as a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Secret that a client sends.
    pub key: String,
    /// Id of the user.
    pub user_id: String,
}

/// Error of parsing a [`Fixture`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{pointer}: {message}")]
pub struct FixtureError {
    /// JSON pointer (RFC 6901) to the invalid value.
    pub pointer: String,
    /// Message of one line.
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
    /// Parses a fixture.
    ///
    /// # Errors
    /// If the input is not JSON of this form, refers to an unknown role, group or user, or has
    /// duplicate ids, names, subjects or keys.
    pub fn from_json(json: &str) -> Result<Self, FixtureError> {
        let file: File =
            serde_json::from_str(json).map_err(|error| invalid("", error.to_string()))?;
        let tenant = file.tenant.id;
        let roles = file.roles;
        unique("/roles", roles.iter().map(|role| &role.id), "id")?;
        unique("/roles", roles.iter().map(|role| &role.name), "name")?;
        let mut groups = Vec::with_capacity(file.groups.len());
        for (index, mut group) in file.groups.into_iter().enumerate() {
            let at = format!("/groups/{index}");
            expand(&mut group, "assignedRoles", &roles, &at)?;
            groups.push(deserialize::<Group>(group, &at)?);
        }
        unique("/groups", groups.iter().map(|group| &group.id), "id")?;
        unique("/groups", groups.iter().map(|group| &group.name), "name")?;
        let mut users = Vec::with_capacity(file.users.len());
        for (index, mut user) in file.users.into_iter().enumerate() {
            let at = format!("/users/{index}");
            expand(&mut user, "assignedRoles", &roles, &at)?;
            expand(&mut user, "assignedGroups", &groups, &at)?;
            user.entry("tenantId").or_insert_with(|| tenant.clone().into());
            let user = deserialize::<User>(user, &at)?;
            if user.tenant_id != tenant {
                return Err(invalid(
                    &format!("{at}/tenantId"),
                    format!("expected the tenant `{tenant}`"),
                ));
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
        for (index, key) in file.api_keys.iter().enumerate() {
            if !users.iter().any(|user| user.id == key.user_id) {
                return Err(invalid(
                    &format!("/apiKeys/{index}/userId"),
                    format!("unknown user `{}`", key.user_id),
                ));
            }
        }
        Ok(Self { tenant, roles, groups, api_keys: file.api_keys, users })
    }
}

fn invalid(pointer: &str, message: String) -> FixtureError {
    FixtureError { pointer: pointer.to_owned(), message }
}

fn deserialize<T: for<'de> Deserialize<'de>>(
    object: Map<String, Value>,
    at: &str,
) -> Result<T, FixtureError> {
    T::deserialize(Value::Object(object)).map_err(|error| invalid(at, error.to_string()))
}

/// Replaces the names in an array member with the items of these names.
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
            return Err(invalid(&format!("{at}/{member}"), "expected an array of names".into()));
        }
    };
    for (index, name) in names.iter_mut().enumerate() {
        let at = format!("{at}/{member}/{index}");
        let wanted = name.as_str().ok_or_else(|| invalid(&at, "expected a name".into()))?;
        let found = known
            .iter()
            .find(|item| item.name() == wanted)
            .ok_or_else(|| invalid(&at, format!("unknown name `{wanted}`")))?;
        *name = serde_json::to_value(found).map_err(|error| invalid(&at, error.to_string()))?;
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
            return Err(invalid(at, format!("duplicate {what} `{value}`")));
        }
    }
    Ok(())
}
