//! The initial data of a server: users, roles, groups and API keys.

use crate::exit::CliError;
use scieve_users::{
    ADMINISTRATOR_ROLE, Fixture, Group, Query, Role, SYSTEM_ROLES, StoreError, SystemRole,
    Timestamp, User, UserStore,
};
use std::collections::HashSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The tenant id if neither a fixture nor an option gives one.
pub(crate) const TENANT: &str = "q3VRZ4YMixRaLKEPhkZWM-XMIDN7cO8f";
/// The id of the user that API keys of the command line authenticate, lower than generated ids.
const ADMINISTRATOR_ID: &str = "000000000000000000000001";

/// The outcome of loading the initial users.
pub(crate) enum Loaded {
    /// The tenant had no users; this number was loaded.
    All(usize),
    /// The tenant already had users, which were not changed.
    Nothing,
}

/// The initial data of one tenant.
pub(crate) struct Seed {
    pub(crate) tenant: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<Group>,
    pub(crate) users: Vec<User>,
    /// API keys, each with the id of the user that it authenticates.
    pub(crate) keys: Vec<(String, String)>,
}

impl Seed {
    /// Reads the fixture, if any, and adds `sample` generated users.
    pub(crate) fn new(
        fixture: Option<&Path>,
        sample: usize,
        tenant: Option<&str>,
    ) -> Result<Self, CliError> {
        let mut seed = match fixture {
            Some(path) => Self::read(path)?,
            None => Self {
                tenant: tenant.unwrap_or(TENANT).to_owned(),
                roles: SYSTEM_ROLES.into_iter().map(Role::from).collect(),
                groups: Vec::new(),
                users: Vec::new(),
                keys: Vec::new(),
            },
        };
        let subjects: HashSet<_> = seed.users.iter().map(|user| user.subject.clone()).collect();
        let ids: HashSet<_> = seed.users.iter().map(|user| user.id.clone()).collect();
        seed.users.reserve(sample);
        for user in scieve_users::sample(sample)
            .filter(|user| !subjects.contains(&user.subject) && !ids.contains(&user.id))
        {
            let user = seed.move_to_tenant(user);
            seed.users.push(user);
        }
        Ok(seed)
    }

    /// Loads the data if the tenant has no users yet; after the first start they exist and may
    /// have been changed. Adds the administrator of the command line's keys if missing.
    pub(crate) async fn load(self, store: &impl UserStore) -> Result<Loaded, StoreError> {
        let Self { tenant, roles, groups, users, .. } = self;
        let administrator = users.iter().find(|user| user.id == ADMINISTRATOR_ID).cloned();
        if !has_users(store, &tenant).await? {
            let number = users.len();
            match store.load(&tenant, roles, groups, users).await {
                Ok(()) => return Ok(Loaded::All(number)),
                // Another server may have been started at the same time and have loaded its data
                // first.
                Err(StoreError::Invalid { .. } | StoreError::SubjectTaken { .. })
                    if has_users(store, &tenant).await? => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(user) = administrator {
            add_missing(store, user).await?;
        }
        Ok(Loaded::Nothing)
    }

    fn read(path: &Path) -> Result<Self, CliError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| CliError::cannot_read(&name, &error))?;
        let fixture = Fixture::from_json(&text).map_err(|error| {
            CliError::Failed(format!("`{name}` is not a valid fixture: {error}"))
        })?;
        let keys = fixture.api_keys.into_iter().map(|key| (key.key, key.user_id)).collect();
        Ok(Self {
            tenant: fixture.tenant,
            roles: fixture.roles,
            groups: fixture.groups,
            users: fixture.users,
            keys,
        })
    }

    /// Moves a user into this tenant, with the tenant's roles and groups of the same names.
    fn move_to_tenant(&mut self, mut user: User) -> User {
        user.tenant_id.clone_from(&self.tenant);
        for role in &mut user.assigned_roles {
            *role = find_or_add(&mut self.roles, role, |role| &role.name);
        }
        for group in &mut user.assigned_groups {
            for role in &mut group.assigned_roles {
                *role = find_or_add(&mut self.roles, role, |role| &role.name);
            }
            *group = find_or_add(&mut self.groups, group, |group| &group.name);
        }
        user
    }

    /// Adds the user that API keys of the operator act as, and returns it.
    pub(crate) fn add_administrator(&mut self) -> User {
        let administrator = self.administrator();
        for role in &administrator.assigned_roles {
            find_or_add(&mut self.roles, role, |role| &role.name);
        }
        self.users.push(administrator.clone());
        administrator
    }

    /// Returns the user that API keys of the operator act as.
    pub(crate) fn administrator(&self) -> User {
        let role = SystemRole::named(ADMINISTRATOR_ROLE).copied().map(Role::from);
        let now = Timestamp::from_millis(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or_default(),
        );
        // The tenant may have the role with another id.
        let known = self.roles.iter().find(|role| role.name == ADMINISTRATOR_ROLE).cloned();
        User {
            name: "Administrator".to_owned(),
            assigned_roles: known.or(role).into_iter().collect(),
            ..User::new(ADMINISTRATOR_ID, self.tenant.as_str(), "scieve|administrator", now)
        }
    }
}

/// Returns whether the tenant has users, including deleted ones.
async fn has_users(store: &impl UserStore, tenant: &str) -> Result<bool, StoreError> {
    let one = Query { limit: 1, ..Query::default() };
    Ok(!store.list(tenant, &one).await?.users.is_empty())
}

/// Adds a user unless the tenant has it. A deleted user stays deleted.
async fn add_missing(store: &impl UserStore, user: User) -> Result<(), StoreError> {
    let tenant = user.tenant_id.clone();
    match store.get(&tenant, &user.id).await {
        Ok(_) => return Ok(()),
        Err(StoreError::NotFound) => {}
        Err(error) => return Err(error),
    }
    match store.load(&tenant, Vec::new(), Vec::new(), vec![user]).await {
        // `get` does not return deleted users, but their ids are still taken.
        Err(StoreError::Invalid { pointer, .. }) if pointer == "/users/0/id" => Ok(()),
        loaded => loaded,
    }
}

/// Returns the element with the same name as `new`, which is added if there is none.
fn find_or_add<T: Clone>(all: &mut Vec<T>, new: &T, name: fn(&T) -> &String) -> T {
    if let Some(found) = all.iter().find(|one| name(one) == name(new)) {
        return found.clone();
    }
    all.push(new.clone());
    new.clone()
}
