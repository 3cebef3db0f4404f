//! The number of SQL statements of each endpoint, on each database.

use crate::databases::Database;
use crate::server::{ADMIN, TENANT, config, fixture};
use axum::body::Body;
use axum::http::Request;
use scieve_users::{SqlOptions, SqlStore, UserStore as _};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

/// The largest number of statements, `BEGIN` and `COMMIT` included, of each request.
const LIMITS: [(&str, &str, &str, u64); 10] = [
    ("GET", "/api/v1/users/{id}", "", 2),
    ("GET", "/api/v1/users/me", "", 2),
    ("GET", "/api/v1/users?limit=2", "", 2),
    // A search is in a transaction, whose time is limited.
    ("GET", "/api/v1/users?limit=2&totalResults=true", "", 4),
    ("GET", "/api/v1/users?limit=2&filter=name%20co%20%22a%22&totalResults=true", "", 4),
    ("GET", "/api/v1/users/actions/count", "", 3),
    ("PATCH", "/api/v1/users/{id}", r#"[{"op":"replace","path":"/name","value":"Zoe"}]"#, 5),
    ("POST", "/api/v1/users", r#"{"subject":"auth0|new","name":"New"}"#, 5),
    ("DELETE", "/api/v1/users/{id}", "", 5),
    // The next rows are tested before all.
    ("POST", "/api/v1/users/actions/filter", r#"{"filter":"name co \"a\""}"#, 5),
];

#[test]
fn statements_on_sqlite() {
    statements_on(async { Database::sqlite() });
}

#[test]
fn statements_on_postgres() {
    crate::databases::require!(servers);
    statements_on(Database::postgres());
}

#[test]
fn statements_on_mysql() {
    crate::databases::require!(servers);
    statements_on(Database::mysql());
}

fn statements_on(database: impl Future<Output = Database>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = database.await;
        // Without the cache, so that each request reads its caller.
        let options = SqlOptions::default().account_cache(Duration::ZERO);
        let store = Arc::new(SqlStore::connect(&database.url, options).await.unwrap());
        let fixture = fixture();
        let id = fixture.users.last().unwrap().id.clone();
        store.load(TENANT, fixture.roles, fixture.groups, fixture.users).await.unwrap();
        let router = scieve_server::router(Arc::clone(&store), &config()).unwrap();
        let mut failures = Vec::new();
        for (method, path, body, limit) in LIMITS {
            let before = store.statements_run();
            let request = Request::builder()
                .method(method)
                .uri(path.replace("{id}", &id))
                .header("host", "localhost")
                .header("authorization", format!("Bearer {ADMIN}"))
                .header("content-type", "application/json")
                .body(Body::from(body))
                .unwrap();
            let status = router.clone().oneshot(request).await.unwrap().status();
            let run = store.statements_run() - before;
            let fine = status.is_success() || status.is_redirection();
            if !fine || run == 0 || run > limit {
                failures.push(format!("{method} {path}: {status}, {run} statements"));
            }
        }
        store.close().await;
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    });
}
