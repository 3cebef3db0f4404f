//! What a server starts with: users, roles, groups and keys.

use super::exit::Stop;
use scieve_users::{
    ADMINISTRATOR_ROLE, Fixture, Group, Query, Role, SYSTEM_ROLES, StoreError, SystemRole,
    Timestamp, User, UserStore,
};
use std::collections::HashSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The tenant where no file names one.
const TENANT: &str = "q3VRZ4YMixRaLKEPhkZWM-XMIDN7cO8f";
/// Whom the key on the command line acts as; no generated id is as low.
const ADMINISTRATOR_ID: &str = "000000000000000000000001";

/// What became of the users to start with.
pub(super) enum Loaded {
    /// So many were put into the tenant, which had none.
    All(usize),
    /// The tenant had users, and keeps them as they are.
    Nothing,
}

/// One tenant, and the keys that act as its users.
pub(super) struct Seed {
    pub(super) tenant: String,
    pub(super) roles: Vec<Role>,
    pub(super) groups: Vec<Group>,
    pub(super) users: Vec<User>,
    /// The key and the id of the user.
    pub(super) keys: Vec<(String, String)>,
}

impl Seed {
    /// The users of a file, then made-up ones.
    pub(super) fn new(
        fixture: Option<&Path>,
        sample: usize,
        tenant: Option<&str>,
    ) -> Result<Self, Stop> {
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
            let user = seed.adopt(user);
            seed.users.push(user);
        }
        Ok(seed)
    }

    /// Puts the users into the tenant where it has none: at a second start they are there, changed since then perhaps. The administrator
    /// of the command line's keys is added where missing.
    pub(super) async fn load(self, store: &impl UserStore) -> Result<Loaded, StoreError> {
        let tenant = &self.tenant;
        let administrator = || self.users.iter().find(|user| user.id == ADMINISTRATOR_ID).cloned();
        let mut tries = 2;
        loop {
            let loaded = if has_users(store, tenant).await? {
                match administrator() {
                    Some(user) => add_missing(store, user).await.map(|()| Loaded::Nothing),
                    None => Ok(Loaded::Nothing),
                }
            } else {
                let (roles, groups, users) =
                    (self.roles.clone(), self.groups.clone(), self.users.clone());
                store
                    .load(tenant, roles, groups, users)
                    .await
                    .map(|()| Loaded::All(self.users.len()))
            };
            tries -= 1;
            match loaded {
                // Another server that starts at the same time was faster, and what it has loaded is there now.
                Err(StoreError::Invalid { .. } | StoreError::SubjectTaken { .. }) if tries > 0 => {}
                loaded => return loaded,
            }
        }
    }

    fn read(path: &Path) -> Result<Self, Stop> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| Stop::unreadable(&name, &error))?;
        let fixture = Fixture::from_json(&text)
            .map_err(|error| Stop::Unusable(format!("`{name}` is no fixture: {error}")))?;
        let keys = fixture.api_keys.into_iter().map(|key| (key.key, key.user_id)).collect();
        Ok(Self {
            tenant: fixture.tenant,
            roles: fixture.roles,
            groups: fixture.groups,
            users: fixture.users,
            keys,
        })
    }

    /// The user as one of this tenant, with the tenant's own roles and groups where it has those of the same names.
    fn adopt(&mut self, mut user: User) -> User {
        user.tenant_id.clone_from(&self.tenant);
        for role in &mut user.assigned_roles {
            *role = known(&mut self.roles, role, |role| &role.name);
        }
        for group in &mut user.assigned_groups {
            for role in &mut group.assigned_roles {
                *role = known(&mut self.roles, role, |role| &role.name);
            }
            *group = known(&mut self.groups, group, |group| &group.name);
        }
        user
    }

    /// Adds an administrator who has these keys.
    pub(super) fn administrator(&mut self, keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        let role = SystemRole::named(ADMINISTRATOR_ROLE).copied().map(Role::from);
        let now = Timestamp::from_millis(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or_default(),
        );
        let assigned_roles =
            role.iter().map(|role| known(&mut self.roles, role, |role| &role.name)).collect();
        self.users.push(User {
            name: "Administrator".to_owned(),
            assigned_roles,
            ..User::new(ADMINISTRATOR_ID, self.tenant.as_str(), "scieve|administrator", now)
        });
        self.keys.extend(keys.iter().map(|key| (key.clone(), ADMINISTRATOR_ID.to_owned())));
    }
}

/// Whether the tenant has users, the deleted among them.
async fn has_users(store: &impl UserStore, tenant: &str) -> Result<bool, StoreError> {
    let one = Query { limit: 1, ..Query::default() };
    Ok(!store.list(tenant, &one).await?.users.is_empty())
}

/// Adds the user unless the tenant has it. A user who was deleted stays deleted.
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

/// The one of that name, which may be the new one.
fn known<T: Clone>(all: &mut Vec<T>, new: &T, name: fn(&T) -> &String) -> T {
    if let Some(found) = all.iter().find(|one| name(one) == name(new)) {
        return found.clone();
    }
    all.push(new.clone());
    new.clone()
}
