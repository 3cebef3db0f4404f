//! Execution of the store's statements on the cluster: the query plans that the coordinator logs,
//! and the statements that reach the nodes.

use super::nodes::{Cluster, NODES, Tenant};
use super::{connect, load};
use crate::databases::Database;
use scieve_users::{
    Invitee, NewUser, Operation, Page, Query, SilentMailer, Sort, SortKey, SqlStore, UserStore,
    policy,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Number of users per tenant: many pages.
const USERS: usize = 600;

async fn set(cluster: &Cluster, server: &str, database: &Database, settings: &[&str]) {
    let url = cluster.url(server, database);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    for setting in settings {
        connection
            .execute(AssertSqlSafe(format!("ALTER DATABASE {name} SET {setting}")))
            .await
            .unwrap();
    }
}

/// Log entries of a period.
struct Logs {
    plans: Vec<String>,
    /// Statements of each node.
    statements: [Vec<String>; 3],
}

/// Splits a log into entries. Continuation lines start with a tab.
fn entries(log: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.starts_with('\t'), entries.last_mut()) {
            (true, Some(entry)) => *entry += &format!("\n{line}"),
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

async fn logged(cluster: &Cluster, work: impl Future<Output = ()>) -> Logs {
    let lengths =
        ["coordinator", "node1", "node2", "node3"].map(|server| cluster.log(server).len());
    work.await;
    let since = |place: usize, server: &str| entries(&cluster.log(server)[lengths[place]..]);
    let plans =
        since(0, "coordinator").into_iter().filter(|entry| entry.contains("plan:\n")).collect();
    Logs { plans, statements: [1, 2, 3].map(|place| since(place, NODES[place - 1])) }
}

impl Logs {
    /// Returns the plans of a tenant, after checking that only its own node was involved.
    fn plans_of(&self, tenant: &Tenant) -> Vec<&str> {
        let number = tenant.number.to_string();
        for (node, statements) in NODES.iter().zip(&self.statements) {
            let received =
                statements.iter().filter(|statement| statement.contains(&number)).count();
            assert_eq!(
                received > 0,
                *node == tenant.node,
                "{node} received {received} statements on {tenant:?}"
            );
        }
        let plans: Vec<&str> =
            self.plans.iter().map(String::as_str).filter(|plan| plan.contains(&number)).collect();
        for plan in &plans {
            for node in NODES {
                assert!(node == tenant.node || !plan.contains(&format!("_{node}")), "{plan}");
            }
        }
        plans
    }

    /// Returns the number of fetches from the node's cursor, each of `fetch_size` rows.
    fn fetches(&self, tenant: &Tenant, of: &str) -> usize {
        let place = NODES.iter().position(|node| *node == tenant.node).unwrap();
        let statements = &self.statements[place];
        let begun = statements
            .iter()
            .position(|entry| entry.contains("DECLARE") && entry.contains(of))
            .expect(of);
        let rest = statements[begun..].iter().take_while(|entry| !entry.contains("CLOSE "));
        rest.filter(|entry| entry.contains("FETCH 101 ")).count()
    }
}

async fn page(store: &SqlStore, tenant: &Tenant, filter: &str, descending: bool) -> Page {
    let plan = policy().parse(filter).unwrap();
    let query = Query {
        plan: Some(&plan),
        sort: Sort { key: SortKey::Name, descending },
        limit: 20,
        ..Query::default()
    };
    let first = store.list(&tenant.id, &query).await.unwrap();
    assert!(first.has_next, "{filter}");
    first
}

#[tokio::test]
async fn statements_run_on_the_node_of_the_tenant() {
    crate::databases::require!(cluster);
    let cluster = Cluster::here();
    let database = Database::cluster().await;
    let explain = [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_verbose = on",
    ];
    let analyze = [
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_parameter_max_length = 0",
    ];
    set(&cluster, "coordinator", &database, &[explain, analyze].concat()).await;
    for node in NODES {
        set(&cluster, node, &database, &["log_statement = 'all'"]).await;
    }
    let store = connect(&database).await;
    // Unique ids, because the logs are searched for them.
    let tenants = cluster.tenants(&format!("plans {}", std::process::id()), 1, &database).await;
    for tenant in &tenants {
        load(&store, tenant, USERS).await;
    }
    for node in NODES {
        PgConnection::connect(&cluster.url(node, &database))
            .await
            .unwrap()
            .execute("ANALYZE")
            .await
            .unwrap();
    }
    for tenant in &tenants {
        filters_and_sorting_are_pushed_down(&cluster, &store, tenant).await;
        every_operation_stays_on_the_node(&cluster, &store, tenant).await;
    }
}

/// Filters on columns and sorting are pushed down to the node, and no more than a page is fetched.
async fn filters_and_sorting_are_pushed_down(cluster: &Cluster, store: &SqlStore, tenant: &Tenant) {
    for (filter, descending, pushed) in [
        (r#"name co "a""#, false, "name_f ~~ '%a%'"),
        (r#"status eq "active" or status eq "invited""#, true, "status = ANY"),
        (r#"(name co "e" or email co "e") and status eq "active""#, false, "email_f ~~ '%e%'"),
        (
            r#"name co "a" or assignedRoles.name eq "Developer""#,
            false,
            "number = ANY ($1::bigint[])",
        ),
    ] {
        let logs =
            logged(cluster, async { drop(page(store, tenant, filter, descending).await) }).await;
        let plans = logs.plans_of(tenant);
        let order = if descending {
            "ORDER BY name_f DESC NULLS FIRST, id DESC NULLS FIRST"
        } else {
            "ORDER BY name_f ASC NULLS LAST, id ASC NULLS LAST"
        };
        let plan = plans
            .iter()
            .find(|plan| plan.contains("name_f") && plan.contains("LIMIT"))
            .unwrap_or_else(|| panic!("{plans:#?}"));
        let remote = plan
            .lines()
            .filter(|line| line.contains("Remote SQL"))
            .find(|line| line.contains("FROM public.users"))
            .unwrap();
        assert!(remote.contains(pushed) && remote.contains(order), "{filter}: {plan}");
        for local_step in ["Sort", "Filter:", "Rows Removed", "Join"] {
            assert!(!plan.contains(local_step), "{filter}: {plan}");
        }
        // The limit is pushed down as one fetch from the cursor: a page and one more row.
        assert!(plan.contains("actual rows=21 loops=1"), "{plan}");
        assert_eq!(logs.fetches(tenant, order), 1, "{filter}");
    }
}

/// Every operation of the store involves only the tenant's node.
async fn every_operation_stays_on_the_node(cluster: &Cluster, store: &SqlStore, tenant: &Tenant) {
    let id = &tenant.id;
    let work = async {
        let new = NewUser { subject: "new".into(), ..NewUser::default() };
        let user = store.create(id, new.clone()).await.unwrap();
        store.create(id, new).await.unwrap_err();
        let operations = serde_json::json!([{"op": "replace", "path": "/name", "value": "x"}, {"op": "replace", "path": "/roles", "value": ["Developer"]}]);
        store.patch(id, &user.id, &Operation::parse_all(&operations).unwrap()).await.unwrap();
        assert_eq!(store.get(id, &user.id).await.unwrap().name, "x");
        assert_eq!(store.get_by_subject(id, "new").await.unwrap().id, user.id);
        store.delete(id, &user.id).await.unwrap();
        let invitee =
            Invitee { email: "a@b".into(), name: None, resend: false, language: "en".into() };
        store.invite(id, &[invitee], &SilentMailer).await.unwrap();
        store.count(id).await.unwrap();
        store.roles(id).await.unwrap();
        store.groups(id).await.unwrap();
        let plan = policy()
            .parse(r#"assignedRoles.name eq "Developer" and assignedScopes eq "user_default""#)
            .unwrap();
        store
            .list(id, &Query { plan: Some(&plan), limit: 5, total: true, ..Query::default() })
            .await
            .unwrap();
    };
    let logs = logged(cluster, work).await;
    let kinds = [
        "Insert on public.users",
        "Update on public.users",
        "Foreign Update",
        "FOR UPDATE",
        "Delete on public.user_roles",
        "Aggregate",
    ];
    let all = logs.plans_of(tenant).join("\n") + &logs.plans.join("\n");
    for kind in kinds {
        assert!(all.contains(kind), "{kind}");
    }
}
