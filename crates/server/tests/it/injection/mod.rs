//! Injection of hostile strings into every parameter of every endpoint and every literal of a
//! filter, on every store. No request fails internally, results equal those of a plain loop over
//! the users, stored values are read back unchanged, and no data of another tenant with the same
//! ids and strings appear.

mod client;
mod corpus;
mod reads;
mod writes;

use self::client::Client;
use self::corpus::{Hostile, corpus, population};
use self::reads::Known;
use crate::databases::Database;
use crate::server::Server;
use scieve_server::{Config, RateLimits};
use scieve_users::{
    Fixture, Group, MemoryStore, Query, Role, RoleKind, RoleLevel, SqlOptions, SqlStore, User,
    UserStore,
};
use sqlx::{
    AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, Row as _, SqliteConnection,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The tenant id is a hostile string too.
const TENANT: &str = "t' OR tenant_id <> '";
const OTHER: &str = "t' OR tenant_id <> '' --";
/// Marker in every user and every list of the other tenant.
const CANARY: &str = "canary-5b1e";
const ADMIN: &str = "000000000000000000000001";
const KEY: &str = "a-key-of-the-administrator";

/// If this variable is set, every string is tried in every position on every store, which takes a
/// few minutes. Otherwise each string is tried in some positions, in turn, and databases skip
/// strings.
const THOROUGH: &str = "SCIEVE_INJECTION_THOROUGH";

/// Data of a tenant: hostile users, an administrator, and their roles and groups.
struct World {
    /// Tries every string in every position.
    thorough: bool,
    corpus: Vec<Hostile>,
    users: Vec<User>,
    known: Vec<Known>,
    roles: Vec<Role>,
    groups: Vec<Group>,
}

impl World {
    fn of(tenant: &str, shift: usize, thorough: bool) -> Self {
        let corpus = corpus();
        let mut users = population(tenant, &corpus, shift);
        let fixture =
            Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap();
        let admin = fixture.users.iter().find(|user| user.name == "Alice").unwrap().clone();
        users.push(User {
            id: ADMIN.into(),
            tenant_id: tenant.into(),
            assigned_groups: Vec::new(),
            ..admin
        });
        // Only some roles and groups are assignable, because each change of a user reads all of
        // them.
        let some = || users.iter().step_by(10);
        let groups: Vec<Group> = some().flat_map(|user| user.assigned_groups.clone()).collect();
        let roles = some().flat_map(|user| user.assigned_roles.clone()).collect();
        Self { thorough, corpus, known: Known::all(&users), users, roles, groups }
    }

    /// Returns the positions, of `of`, in which to try the string at `place`: all if `thorough`,
    /// else one in turn.
    fn turns(&self, place: usize, of: usize) -> std::ops::Range<usize> {
        if self.thorough { 0..of } else { place % of..place % of + 1 }
    }

    /// Returns the data of the other tenant, with the marker.
    fn canary() -> Self {
        let mut world = Self::of(OTHER, 31, false);
        for user in &mut world.users {
            let role = Role {
                id: CANARY.into(),
                name: CANARY.into(),
                kind: RoleKind::Custom,
                level: RoleLevel::User,
            };
            let roles = vec![role.clone()];
            user.picture = Some(CANARY.into());
            user.assigned_roles.push(role);
            user.assigned_groups.push(Group {
                id: CANARY.into(),
                name: CANARY.into(),
                provider_type: None,
                assigned_roles: roles,
            });
            user.assigned_scopes.push(CANARY.into());
        }
        world
    }

    async fn load<S: UserStore>(&self, store: &S) {
        store
            .load(
                &self.users[0].tenant_id,
                self.roles.clone(),
                self.groups.clone(),
                self.users.clone(),
            )
            .await
            .unwrap();
    }
}

/// Number of concurrent clients, each with a part of the corpus.
const THREADS: usize = 4;

/// Sends the corpus, or one in `one_of` strings each for reads and for writes, and checks that the
/// other tenant is unchanged. Returns the resulting number of users per tenant.
fn attack<S: UserStore>(
    runtime: &Runtime,
    store: &Arc<S>,
    one_of: usize,
) -> [(&'static str, usize); 2] {
    let thorough = std::env::var_os(THOROUGH).is_some();
    let one_of = if thorough { 1 } else { one_of };
    let (world, canary) = (World::of(TENANT, 0, thorough), World::canary());
    runtime.block_on(async {
        world.load(&**store).await;
        canary.load(&**store).await;
    });
    let config = Config::new(TENANT).api_key(KEY, TENANT, ADMIN).rate_limits(RateLimits::OFF);
    let server = Server::over(runtime.handle(), config, Arc::clone(store));
    let each =
        |first: usize, work: fn(&World, &mut Client<'_>, usize, &Hostile) -> usize| -> usize {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..THREADS)
                    .map(|worker| {
                        let (world, server) = (&world, &server);
                        scope.spawn(move || {
                            let mut client = Client::new(server);
                            let part = world
                                .corpus
                                .iter()
                                .skip(first)
                                .step_by(one_of)
                                .enumerate()
                                .skip(worker)
                                .step_by(THREADS);
                            part.map(|(place, hostile)| work(world, &mut client, place, hostile))
                                .sum::<usize>()
                        })
                    })
                    .collect();
                workers.into_iter().map(|worker| worker.join().unwrap()).sum()
            })
        };
    each(0, reads::all);
    let made = each(one_of - 1, writes::all);
    drop(server);
    let all = runtime.block_on(all_users(&**store, OTHER));
    assert_eq!(all.len(), canary.users.len());
    for user in &canary.users {
        assert!(all.iter().any(|one| **one == *user), "{user:?} is missing");
    }
    let count = runtime.block_on(all_users(&**store, TENANT)).len();
    assert_eq!(count, world.users.len() + made);
    [(TENANT, count), (OTHER, all.len())]
}

async fn all_users<S: UserStore>(store: &S, tenant: &str) -> Vec<Arc<User>> {
    let mut query = Query { limit: 100, ..Query::default() };
    let mut all = Vec::new();
    loop {
        let page = store.list(tenant, &query).await.unwrap();
        all.extend(page.users.iter().cloned());
        match page.users.last() {
            Some(last) if page.has_next => {
                query.window =
                    scieve_users::Window::After(scieve_users::Position::of(last, query.sort))
            }
            _ => return all,
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn injection_in_memory() {
    attack(&runtime(), &Arc::new(MemoryStore::new()), 1);
}

/// Attacks a database, and checks the number of rows of its tables afterwards.
fn injection_on(database: impl Future<Output = Database>, one_of: usize) {
    let runtime = runtime();
    let database = runtime.block_on(database);
    let store = Arc::new(
        runtime.block_on(SqlStore::connect(&database.url, SqlOptions::default())).unwrap(),
    );
    for (tenant, count) in attack(&runtime, &store, one_of) {
        assert_eq!(
            runtime.block_on(rows(&database.url, "users", tenant)),
            count,
            "users of {tenant}"
        );
    }
    let World { users, roles, groups, .. } = World::canary();
    let ids = |ids: Vec<&String>| ids.into_iter().collect::<BTreeSet<_>>().len();
    let held = |count: fn(&User) -> usize| users.iter().map(count).sum();
    for (table, count) in [
        ("user_roles", held(|user| user.assigned_roles.len())),
        ("user_groups", held(|user| user.assigned_groups.len())),
        (
            "user_group_roles",
            held(|user| user.assigned_groups.iter().map(|group| group.assigned_roles.len()).sum()),
        ),
        ("user_scopes", held(|user| user.assigned_scopes.len())),
        ("roles", ids(roles.iter().map(|role| &role.id).collect())),
        ("groups", ids(groups.iter().map(|group| &group.id).collect())),
        ("group_roles", ids(groups.iter().map(|group| &group.id).collect())),
        ("tenants", 1),
    ] {
        assert_eq!(runtime.block_on(rows(&database.url, table, OTHER)), count, "rows of {table}");
    }
}

/// Counts the rows of a tenant without the store.
async fn rows(url: &str, table: &str, tenant: &str) -> usize {
    let column = if table == "tenants" { "number" } else { "tenant" };
    macro_rules! count {
        ($connection:ty, $quote:literal, $placeholder:literal) => {{
            let mut connection = <$connection>::connect(url).await.unwrap();
            let select = format!(
                "SELECT COUNT(*) FROM {1}{table}{1} WHERE {column} = (SELECT number FROM tenants WHERE tenant_id = {0})",
                $placeholder, $quote
            );
            let row = sqlx::query(AssertSqlSafe(select))
                .bind(tenant)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            row.get::<i64, _>(0) as usize
        }};
    }
    match url.split(':').next() {
        Some("sqlite") => count!(SqliteConnection, '`', "?"),
        Some("mysql") => count!(MySqlConnection, '`', "CAST(? AS BINARY)"),
        _ => count!(PgConnection, '"', "$1"),
    }
}

#[test]
fn injection_on_sqlite() {
    injection_on(async { Database::sqlite() }, 2);
}

#[test]
fn injection_on_postgres() {
    crate::databases::require!(servers);
    injection_on(Database::postgres(), 2);
}

#[test]
fn injection_on_mariadb() {
    crate::databases::require!(servers);
    injection_on(Database::mysql(), 2);
}

#[test]
fn injection_on_a_cluster() {
    crate::databases::require!(cluster);
    injection_on(Database::cluster(), 8);
}
