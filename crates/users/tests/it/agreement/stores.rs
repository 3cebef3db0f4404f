//! Compares a database store with the in-memory store: the same random writes succeed or fail in
//! the same way, and random lists return the same pages.

use crate::edge_case_users::{UsersModel, user};
use crate::generators::filters::Filters;
use crate::generators::random_values::{Random, STRINGS};
use crate::generators::{RecordModel as _, TENANT};
use scieve::Plan;
use scieve_users::{
    Group, InviteResult, Invitee, MemoryStore, NewUser, Operation, Page, Position, Query,
    Reference, Role, SilentMailer, Sort, SortKey, StoreError, Timestamp, User, UserStore, Window,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The clock of both stores.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_767_225_600_000)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The ids of one user in both stores. Ids of new users differ, but are in the same order.
#[derive(Clone)]
struct Pair {
    memory: String,
    database: String,
}

struct Both<'s, S> {
    memory: MemoryStore,
    database: &'s S,
    clock: Clock,
    random: Random,
    pairs: Vec<Pair>,
}

/// Applies rounds of random writes, and compares random lists after each round.
pub(crate) async fn compare_stores<S: UserStore>(
    database: &S,
    clock: Clock,
    seed: u64,
    rounds: usize,
) {
    let reader = clock.clone();
    let memory = MemoryStore::with_clock(move || reader.now());
    let mut both = Both { memory, database, clock, random: Random(seed), pairs: Vec::new() };
    both.load(100).await;
    for _ in 0..rounds {
        both.lists(40).await;
        for _ in 0..15 {
            both.change().await;
        }
    }
    both.lists(40).await;
    both.invite_new().await;
}

impl<S: UserStore> Both<'_, S> {
    /// Loads users into the tenant, and users with the same ids into another tenant.
    async fn load(&mut self, count: usize) {
        let mut users: Vec<User> =
            (0..count).map(|number| user(&mut self.random, number)).collect();
        let mut roles: BTreeMap<String, Role> = BTreeMap::new();
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for user in &mut users {
            TENANT.clone_into(&mut user.tenant_id);
            roles.extend(user.assigned_roles.iter().map(|role| (role.id.clone(), role.clone())));
            groups
                .extend(user.assigned_groups.iter().map(|group| (group.id.clone(), group.clone())));
        }
        let mut others = users.clone();
        others.rotate_left(1);
        for (other, user) in others.iter_mut().zip(&users) {
            other.id.clone_from(&user.id);
            "other".clone_into(&mut other.tenant_id);
        }
        self.pairs = users
            .iter()
            .map(|user| Pair { memory: user.id.clone(), database: user.id.clone() })
            .collect();
        let (roles, groups): (Vec<Role>, Vec<Group>) =
            (roles.into_values().collect(), groups.into_values().collect());
        for (tenant, users) in [(TENANT, users), ("other", others)] {
            self.memory.load(tenant, roles.clone(), groups.clone(), users.clone()).await.unwrap();
            self.database.load(tenant, roles.clone(), groups.clone(), users).await.unwrap();
        }
    }

    /// Returns a user of the database store with its id in the in-memory store.
    fn in_memory(&self, user: &User) -> User {
        let pair = self.pairs.iter().find(|pair| pair.database == user.id);
        User {
            id: pair.map_or_else(|| user.id.clone(), |pair| pair.memory.clone()),
            ..user.clone()
        }
    }

    async fn lists(&mut self, count: usize) {
        let all = Query { limit: usize::MAX / 2, ..Query::default() };
        let page = self.memory.list(TENANT, &all).await.unwrap();
        let users: Vec<User> = page.users.iter().map(|user| (**user).clone()).collect();
        self.compare(&all, &all, "").await;
        // A filter cannot compare an id that differs between the stores.
        let comparable: Vec<User> = users
            .iter()
            .filter(|user| {
                self.pairs.iter().any(|pair| pair.memory == user.id && pair.database == user.id)
            })
            .cloned()
            .collect();
        let model = UsersModel::new();
        let filters = Filters::new(&model, &comparable);
        for _ in 0..count {
            let filter = (!self.random.chance(15)).then(|| filters.filter(&mut self.random));
            let plan: Option<Plan<User>> =
                filter.as_ref().map(|filter| model.policies()[0].parse(filter).unwrap());
            let (memory, database) = self.query(plan.as_ref(), &users).await;
            self.compare(&memory, &database, filter.as_deref().unwrap_or_default()).await;
        }
    }

    async fn compare(&self, memory: &Query<'_>, database: &Query<'_>, filter: &str) {
        let expected = self.memory.list(TENANT, memory).await.unwrap();
        let got = self
            .database
            .list(TENANT, database)
            .await
            .unwrap_or_else(|error| panic!("{error}: {filter}"));
        let users = got.users.iter().map(|user| Arc::new(self.in_memory(user))).collect();
        let got = Page { users, ..got };
        let Query { sort, window, id_above, id_below, limit, total, without_deleted, .. } = memory;
        let description = format!(
            "{filter}\n{sort:?} {window:?} {id_above:?} {id_below:?} {limit} {total} {without_deleted}"
        );
        let ids = |page: &Page| page.users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&got), ids(&expected), "{description}");
        assert_eq!(got, expected, "{description}");
    }

    /// Returns a random query for each of the stores: the same except for ids of new users.
    async fn query<'p>(
        &mut self,
        plan: Option<&'p Plan<User>>,
        users: &[User],
    ) -> (Query<'p>, Query<'p>) {
        let key =
            if self.random.chance(40) { SortKey::Name } else { *self.random.pick(&SortKey::ALL) };
        let sort = Sort { key, descending: self.random.chance(50) };
        let mut memory = Query {
            plan,
            sort,
            limit: 1 + self.random.below(30),
            total: self.random.chance(30),
            ..Query::default()
        };
        memory.without_deleted = self.random.chance(50);
        let mut database = memory.clone();
        let user = self.random.pick(users).clone();
        let other = User { id: self.database_id(&user.id), ..user.clone() };
        let odd = Position {
            key: format!("{}{}", self.random.pick(&["", "1", "2", "3"]), self.random.string()),
            id: self.random.string(),
        };
        (memory.window, database.window) = match self.random.below(8) {
            0 => (Window::Last, Window::Last),
            1 | 2 => (
                Window::After(Position::of(&user, sort)),
                Window::After(Position::of(&other, sort)),
            ),
            3 | 4 => (
                Window::Before(Position::of(&user, sort)),
                Window::Before(Position::of(&other, sort)),
            ),
            5 => (Window::After(odd.clone()), Window::After(odd)),
            _ => (Window::First, Window::First),
        };
        for above in [true, false] {
            if self.random.chance(12) {
                let user = self.random.pick(users);
                let mut bounds = (user.id.clone(), self.database_id(&user.id));
                if self.random.chance(50) {
                    let text =
                        format!("{}{}", self.random.string(), self.random.pick(&["", "\0", "\0a"]));
                    bounds = (text.clone(), text);
                }
                let (one, other) = (Some(bounds.0), Some(bounds.1));
                if above {
                    (memory.id_above, database.id_above) = (one, other)
                } else {
                    (memory.id_below, database.id_below) = (one, other)
                }
            }
        }
        (memory, database)
    }

    fn database_id(&self, memory: &str) -> String {
        self.pairs
            .iter()
            .find(|pair| pair.memory == memory)
            .map_or(memory, |pair| &pair.database)
            .to_owned()
    }

    async fn change(&mut self) {
        self.clock.0.fetch_add(self.random.below(1_500) as i64, Ordering::SeqCst);
        let pair = self.random.pick(&self.pairs).clone();
        match self.random.below(10) {
            0..=2 => self.create().await,
            3 => {
                let results = (
                    self.memory.delete(TENANT, &pair.memory).await,
                    self.database.delete(TENANT, &pair.database).await,
                );
                assert_eq!(results.0, results.1, "delete {}", pair.memory);
            }
            4 => {
                let found = (
                    self.memory.get(TENANT, &pair.memory).await,
                    self.database.get(TENANT, &pair.database).await,
                );
                assert_eq!(found.0, found.1.map(|user| Arc::new(self.in_memory(&user))));
                assert_eq!(self.memory.count(TENANT).await, self.database.count(TENANT).await);
            }
            5 => self.invite(&pair).await,
            _ => self.patch(&pair).await,
        }
    }

    async fn create(&mut self) {
        let taken = self.memory.get(TENANT, &self.random.pick(&self.pairs).memory.clone()).await;
        let subject = match taken {
            Ok(user) if self.random.chance(25) => user.subject.clone(),
            _ => format!("{}{}", self.random.pick(STRINGS), self.random.below(1_000)),
        };
        let roles = self.memory.roles(TENANT).await.unwrap();
        let reference = |random: &mut Random| match random.below(6) {
            0 => Reference::Name((*random.pick(STRINGS)).to_owned()),
            1 | 2 => Reference::Id(random.pick(&roles).id.clone()),
            _ => Reference::Name(random.pick(&roles).name.clone()),
        };
        let new = NewUser {
            subject,
            name: self.random.chance(70).then(|| self.random.string()),
            email: self
                .random
                .chance(60)
                .then(|| format!("{}@{}.example", self.random.pick(STRINGS), self.random.below(5))),
            picture: self.random.chance(20).then(|| self.random.string()),
            assigned_roles: (0..self.random.below(3))
                .map(|_| reference(&mut self.random))
                .collect(),
        };
        let created = (
            self.memory.create(TENANT, new.clone()).await,
            self.database.create(TENANT, new.clone()).await,
        );
        if let (Ok(one), Ok(other)) = &created {
            self.pairs.push(Pair { memory: one.id.clone(), database: other.id.clone() });
        }
        assert_eq!(created.0, created.1.map(|user| Arc::new(self.in_memory(&user))), "{new:?}");
    }

    async fn patch(&mut self, pair: &Pair) {
        let (roles, groups) =
            (self.memory.roles(TENANT).await.unwrap(), self.memory.groups(TENANT).await.unwrap());
        let random = &mut self.random;
        let operations: Vec<Value> = (0..1 + random.below(3))
            .map(|_| match random.below(8) {
                0 | 1 => json!({"op": "replace", "path": "/name", "value": random.string()}),
                2 => json!({"op": "replace", "path": "/email", "value": format!("{}@x.example", random.pick(STRINGS))}),
                3 => json!({"op": "unset", "path": random.pick(&["/email", "/preferredLocale", "/assignedRoles", "/assignedGroups"])}),
                4 => json!({"op": "replace", "path": "/status", "value": random.pick(&["active", "invited", "disabled"])}),
                5 => {
                    let list: Vec<Value> = (0..random.below(4)).map(|_| json!({"name": random.pick(&roles).name})).collect();
                    json!({"op": random.pick(&["replace", "add", "remove-value"]), "path": "/assignedRoles", "value": list})
                }
                6 => {
                    let list: Vec<Value> = (0..random.below(3)).map(|_| json!({"id": random.pick(&groups).id})).collect();
                    json!({"op": random.pick(&["replace", "add"]), "path": "/assignedGroups", "value": list})
                }
                _ => json!({"op": "renew", "path": "/inviteExpiry"}),
            })
            .collect();
        let body = json!(operations);
        let Ok(operations) = Operation::parse_all(&body) else { return };
        let memory = self.memory.patch(TENANT, &pair.memory, &operations).await;
        let database = self.database.patch(TENANT, &pair.database, &operations).await;
        let database = database.map(|mut patched| {
            patched.user = Arc::new(self.in_memory(&patched.user));
            patched
        });
        assert_eq!(memory, database, "{body} on {}", pair.memory);
    }

    /// Invites an existing user, or an invalid address.
    async fn invite(&mut self, pair: &Pair) {
        let known =
            self.memory.get(TENANT, &pair.memory).await.ok().and_then(|user| user.email.clone());
        let email =
            known.filter(|email| email.contains('@')).unwrap_or_else(|| "invalid".to_owned());
        let invitee =
            Invitee { email, name: None, resend: self.random.chance(50), language: "en".into() };
        let memory =
            self.memory.invite(TENANT, std::slice::from_ref(&invitee), &SilentMailer).await;
        let database =
            self.database.invite(TENANT, std::slice::from_ref(&invitee), &SilentMailer).await;
        let as_json =
            |results: Result<Vec<InviteResult>, StoreError>| results.map(|results| json!(results));
        let database = database.map(|results| {
            results.into_iter().map(|result| self.result_in_memory(result)).collect()
        });
        assert_eq!(as_json(memory), as_json(database), "{invitee:?}");
    }

    fn result_in_memory(&self, mut result: InviteResult) -> InviteResult {
        if let InviteResult::Ok { user_id, .. } | InviteResult::Exists { user_id, .. } = &mut result
            && let Some(pair) = self.pairs.iter().find(|pair| pair.database == *user_id)
        {
            user_id.clone_from(&pair.memory);
        }
        result
    }

    /// Invites new users. Their subjects are random, so complete lists cannot be compared
    /// afterwards.
    async fn invite_new(&mut self) {
        let invitee = |number: usize| Invitee {
            email: format!("É{number}@new.example"),
            name: None,
            resend: false,
            language: "en".into(),
        };
        let invitees: Vec<Invitee> = [1, 2, 1].map(invitee).into();
        let statuses = |results: Vec<InviteResult>| {
            results.iter().map(|result| json!(result)["status"].clone()).collect::<Vec<_>>()
        };
        let memory = self.memory.invite(TENANT, &invitees, &SilentMailer).await.map(statuses);
        let database = self.database.invite(TENANT, &invitees, &SilentMailer).await.map(statuses);
        assert_eq!(memory, database);
        let query = Query {
            sort: Sort { key: SortKey::CreatedAt, descending: true },
            limit: 2,
            total: true,
            ..Query::default()
        };
        let memory = self.memory.list(TENANT, &query).await.unwrap();
        let database = self.database.list(TENANT, &query).await.unwrap();
        let emails =
            |page: &Page| page.users.iter().map(|user| user.email.clone()).collect::<Vec<_>>();
        assert_eq!((emails(&memory), memory.total), (emails(&database), database.total));
    }
}
