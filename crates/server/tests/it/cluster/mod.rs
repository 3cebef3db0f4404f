//! The SQL store on a PostgreSQL cluster of one coordinator and three nodes, with tenants on each
//! (`scripts/cluster`).
//!
//! The store contract (`crates/users/tests/it/store`) and the HTTP cases (`cases.rs`) run on it
//! too.

mod filters;
mod nodes;
mod plans;

use self::nodes::{Cluster, Tenant};
use crate::databases::Database;
use crate::server::Server;
use scieve_server::{Config, RateLimits};
use scieve_users::{
    MemoryStore, Query, SqlOptions, SqlStore, StoreError, User, UserStore, sample_with_seed,
};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn connect(database: &Database) -> SqlStore {
    SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap()
}

/// Returns users that differ between tenants only by name, so that tenants share ids.
fn users(tenant: &Tenant, count: usize) -> Vec<User> {
    let own = |user: User| User {
        tenant_id: tenant.id.clone(),
        name: format!("{} {}", user.name, tenant.id),
        ..user
    };
    sample_with_seed(count, 3).map(own).collect()
}

async fn load(store: &impl UserStore, tenant: &Tenant, count: usize) {
    let users = users(tenant, count);
    let roles = users.iter().flat_map(|user| user.assigned_roles.clone()).collect();
    let groups = users.iter().flat_map(|user| user.assigned_groups.clone()).collect();
    store.load(&tenant.id, roles, groups, users).await.unwrap();
}

/// Compares pages of generated filters, in every order and for tenants on every node, with those of
/// the in-memory store.
#[tokio::test]
async fn pages_equal_those_of_the_memory_store() {
    crate::databases::require!(cluster);
    let cluster = Cluster::here();
    let database = Database::cluster().await;
    let (memory, store) = (MemoryStore::new(), connect(&database).await);
    let tenants = cluster.tenants("agreement", 2, &database).await;
    for tenant in &tenants {
        load(&memory, tenant, 90).await;
        load(&store, tenant, 90).await;
    }
    let (mut compared, mut found) = (0, 0);
    for (number, tenant) in tenants.iter().enumerate() {
        let known = users(tenant, 90);
        let mut made = filters::Made::new(&known, number as u64);
        for _ in 0..12 {
            let (filter, plan) = made.filter();
            let mut query = Query { plan: Some(&plan), ..made.query() };
            loop {
                let expected = memory.list(&tenant.id, &query).await.unwrap();
                let page = store.list(&tenant.id, &query).await.unwrap();
                assert_eq!(
                    page, expected,
                    "{filter}, sorted by {:?}, {:?}",
                    query.sort, query.window
                );
                compared += 1;
                found += page.users.len();
                match filters::next(&page, &query) {
                    Some(window) => query.window = window,
                    None => break,
                }
            }
        }
        assert_eq!(store.count(&tenant.id).await, memory.count(&tenant.id).await);
    }
    println!(
        "{compared} pages with {found} users of {} tenants equal those of the in-memory store",
        tenants.len()
    );
    assert!(found > compared, "{found} users on {compared} pages");
}

/// Starts the node again when dropped, also if the test panics.
struct RestartOnDrop<'a>(&'a Cluster, &'static str);

impl Drop for RestartOnDrop<'_> {
    fn drop(&mut self) {
        self.0.control("start", self.1);
    }
}

/// A stopped node makes only its own tenants unavailable, until it starts again.
#[test]
fn a_stopped_node_affects_only_its_own_tenants() {
    crate::databases::require!(cluster);
    let cluster = Cluster::here();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(Database::cluster_alone());
    let store = Arc::new(runtime.block_on(connect(&database)));
    let tenants = runtime.block_on(cluster.tenants("stopped", 2, &database));
    let mut config = Config::new("nobody").rate_limits(RateLimits::OFF);
    for tenant in &tenants {
        runtime.block_on(load(&*store, tenant, 40));
        let admin = users(tenant, 40).into_iter().find(administers).unwrap();
        config = config.api_key(&tenant.id, &tenant.id, admin.id);
    }
    let server = Server::over(runtime.handle(), config, Arc::clone(&store));
    let status = |tenant: &Tenant, method: &str, target: &str| {
        let body = (method == "POST").then(|| json!({ "subject": format!("new {target}") }));
        let answer =
            server.call(&tenant.id, method, &format!("/api/v1/users{target}"), body.as_ref());
        if answer.status == 503 {
            let body = answer.json();
            assert!(
                body["errors"][0]["status"] == 503 && body["traceId"].is_string(),
                "{answer:?}"
            );
            assert!(
                answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()),
                "{answer:?}"
            );
        }
        answer.status
    };
    for node in nodes::NODES {
        let all = |when: &str| -> Vec<(&str, u16, u16, u16)> {
            let ask = |tenant| {
                (
                    status(tenant, "GET", "?limit=5"),
                    status(tenant, "POST", &format!("?{node}{when}")),
                    status(tenant, "GET", "/actions/count"),
                )
            };
            tenants
                .iter()
                .map(|tenant| (tenant.node.as_str(), ask(tenant)))
                .map(|(node, (a, b, c))| (node, a, b, c))
                .collect()
        };
        let assert_all_up = |when: &str| {
            for (of, list, create, count) in all(when) {
                assert_eq!(
                    (list, create, count),
                    (200, 201, 200),
                    "a tenant of {of}, {when} {node}"
                );
            }
        };
        assert_all_up("before");
        cluster.control("stop", node);
        let back = RestartOnDrop(&cluster, node);
        for (of, list, create, count) in all("meanwhile") {
            assert_eq!(
                (list, create, count),
                if of == node { (503, 503, 503) } else { (200, 201, 200) },
                "a tenant of {of} while {node} is stopped"
            );
        }
        let gone = tenants.iter().find(|tenant| tenant.node == node).unwrap();
        assert_eq!(runtime.block_on(store.count(&gone.id)), Err(StoreError::Unavailable));
        drop(back);
        // The server probes each lost tenant on its own.
        let since = Instant::now();
        for tenant in tenants.iter().filter(|tenant| tenant.node == node) {
            while status(tenant, "GET", "?limit=5") != 200 {
                assert!(since.elapsed() < Duration::from_secs(30), "{node} does not come back");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        assert_all_up("after");
    }
}

fn administers(user: &User) -> bool {
    let groups = user.assigned_groups.iter().flat_map(|group| &group.assigned_roles);
    let active = user.status == scieve_users::Status::Active;
    active && user.assigned_roles.iter().chain(groups).any(|role| role.name == "TenantAdmin")
}
