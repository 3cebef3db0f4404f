//! Probes, metrics, request ids, forwarded addresses, and requests while the store is unavailable.

use crate::server::{Server, config, fixture, store};
use scieve_server::Cors;
use scieve_users::{MemoryStore, Page, Query, StoreError, Timestamp, User, UserStore};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time that an operation of an unreachable store takes, as that of a database does.
const SLOW: Duration = Duration::from_millis(1500);

/// The state of a [`Remote`] store.
#[derive(Default)]
struct Link {
    broken: AtomicBool,
    counts: AtomicUsize,
}

/// A store that can become unreachable.
struct Remote {
    store: MemoryStore,
    link: Arc<Link>,
}

impl Remote {
    async fn reach(&self) -> Result<(), StoreError> {
        if !self.link.broken.load(Ordering::SeqCst) {
            return Ok(());
        }
        tokio::time::sleep(SLOW).await;
        Err(StoreError::Unavailable)
    }
}

impl UserStore for Remote {
    crate::delegate::delegate!(store: create patch_if delete_if invite roles groups load);

    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        self.reach().await?;
        self.store.list(tenant, query).await
    }

    async fn get_by_subject(&self, tenant: &str, subject: &str) -> Result<Arc<User>, StoreError> {
        self.reach().await?;
        self.store.get_by_subject(tenant, subject).await
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        self.reach().await?;
        self.store.get(tenant, id).await
    }

    async fn count(&self, tenant: &str) -> Result<u64, StoreError> {
        self.link.counts.fetch_add(1, Ordering::SeqCst);
        self.reach().await?;
        self.store.count(tenant).await
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        self.reach().await
    }
}

fn remote() -> (Server, Arc<Link>) {
    let link = Arc::new(Link::default());
    let shared = Arc::clone(&link);
    let server = Server::of(config(), async move { Remote { store: store().await, link: shared } });
    (server, link)
}

#[test]
fn requests_fail_at_once_while_the_store_is_unavailable() {
    let (server, link) = remote();
    assert_eq!(server.get("/readyz").status, 200);
    link.broken.store(true, Ordering::SeqCst);
    // The first request finds out.
    assert_eq!(server.get("/api/v1/users").status, 503);
    for target in ["/api/v1/users", "/api/v1/users/me", "/readyz", "/healthz"] {
        let start = Instant::now();
        let answer = server.get(target);
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{target}");
        assert!(start.elapsed() < Duration::from_millis(250), "{target}: {:?}", start.elapsed());
    }
    assert_eq!(server.get("/livez").status, 200);
    let metrics = server.get("/metrics");
    assert!(metrics.text.contains("scieve_store_available 0"), "{metrics:?}");
    // It recovers by itself.
    link.broken.store(false, Ordering::SeqCst);
    let start = Instant::now();
    while server.get("/readyz").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.get("/api/v1/users").status, 200);
    assert!(server.get("/metrics").text.contains("scieve_store_available 1"));
}

#[test]
fn a_readiness_probe_does_not_wait_for_the_store() {
    let (server, link) = remote();
    link.broken.store(true, Ordering::SeqCst);
    let start = Instant::now();
    assert_eq!(server.get("/readyz").status, 503);
    assert!(start.elapsed() < SLOW, "{:?}", start.elapsed());
}

#[test]
fn scrapes_do_not_count_users() {
    let (server, link) = remote();
    for _ in 0..20 {
        assert!(server.get("/metrics").text.contains("scieve_users 12"));
    }
    assert_eq!(link.counts.load(Ordering::SeqCst), 1);
}

#[test]
fn metrics_describe_the_process() {
    let server = Server::start();
    let metrics = server.get("/metrics").text;
    let build = format!("scieve_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    for line in [&build, "scieve_http_requests_in_flight 1", "scieve_store_available 1"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let database = crate::databases::Database::sqlite();
    let url = database.url.clone();
    let sqlite = Server::of(config(), async move {
        scieve_users::SqlStore::connect(&url, scieve_users::SqlOptions::default().connections(7))
            .await
            .unwrap()
    });
    let metrics = sqlite.get("/metrics").text;
    assert!(metrics.contains("scieve_store_connections{state=\"max\"} 7"), "{metrics}");
    drop(sqlite);
}

#[test]
fn request_ids_are_repeated_and_trace_ids_are_sent() {
    let server = Server::start();
    let send = |id: &str| {
        let headers = [("Authorization", "Bearer admin-key-0001"), ("X-Request-Id", id)];
        server.send("GET", "/api/v1/users?limit=0", &headers, None)
    };
    let answer = send("a-Z_0.9:/+=");
    assert_eq!(answer.header("x-request-id"), Some("a-Z_0.9:/+="));
    let trace = answer.json()["traceId"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-trace-id"), Some(&*trace));
    for invalid in ["", "a b", "a\"b", "é", "a{}", &"a".repeat(129)] {
        let answer = send(invalid);
        assert_eq!(answer.header("x-request-id"), answer.header("x-trace-id"), "{invalid:?}");
    }
    for target in ["/livez", "/nowhere", "/docs"] {
        let answer = server.get(target);
        assert_eq!(answer.header("x-trace-id").unwrap().len(), 32, "{target}");
        assert!(answer.header("x-request-id").is_some(), "{target}");
    }
}

#[test]
fn links_follow_forwarded_headers() {
    let server = Server::start();
    let link = |headers: &[(&str, &str)]| {
        let mut all = vec![("Authorization", "Bearer admin-key-0001"), ("Host", "inner:1")];
        all.extend(headers);
        let answer = server.send("GET", "/api/v1/users?limit=1", &all, None);
        answer.json()["links"]["self"]["href"]
            .as_str()
            .unwrap()
            .replace("/api/v1/users?limit=1", "")
    };
    for (headers, expected) in [
        (vec![("Forwarded", "proto=https;host=a.example")], "https://a.example"),
        (
            vec![("Forwarded", "for=\"[::1]:80\" ; Host=\"a.example:8443\";PROTO=https, host=b")],
            "https://a.example:8443",
        ),
        (vec![("Forwarded", "for=1.2.3.4;proto=https")], "https://inner:1"),
        (vec![("Forwarded", "host=a/b;proto=ftp")], "http://inner:1"),
        // `Forwarded` takes precedence as a whole.
        (
            vec![
                ("Forwarded", "host=a.example"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "b"),
            ],
            "http://a.example",
        ),
        (vec![("X-Forwarded-Prefix", "/directory/")], "http://inner:1/directory"),
        (
            vec![
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "a"),
                ("X-Forwarded-Prefix", "/x/y"),
            ],
            "https://a/x/y",
        ),
        (vec![("X-Forwarded-Prefix", "//evil.example")], "http://inner:1"),
        (vec![("X-Forwarded-Prefix", "/..")], "http://inner:1"),
    ] {
        assert_eq!(link(&headers), expected, "{headers:?}");
    }
    let headers =
        [("Authorization", "Bearer admin-key-0001"), ("X-Forwarded-Prefix", "/directory")];
    let me = server.send("GET", "/api/v1/users/me", &headers, None);
    let location = me.header("location").unwrap();
    assert!(location.starts_with("/directory/api/v1/users/"), "{location}");
}

#[test]
fn an_administrator_key_does_not_depend_on_the_store() {
    let fixture = fixture();
    let user = User::new("operator", &*fixture.tenant, "operator", Timestamp::from_millis(0));
    // Bob is disabled in the store.
    let bob = fixture.users.iter().find(|user| user.name == "Bob").unwrap().clone();
    let config = config().administrator_key("operator", user).administrator_key("bob", bob);
    let server = Server::with(config);
    for key in ["operator", "bob"] {
        let count = server.call(key, "GET", "/api/v1/users/actions/count", None);
        assert_eq!(count.json()["total"], 12, "{key}");
        let roles =
            server.call(key, "GET", "/api/v1/users?filter=assignedRoles.name%20eq%20%22x%22", None);
        assert_eq!(roles.status, 200, "{key}");
    }
    let created =
        server.call("operator", "POST", "/api/v1/users", Some(&json!({ "subject": "new" })));
    assert_eq!(created.status, 201);
}

#[test]
fn origins_are_validated() {
    assert_eq!(Cors::origins([""; 0]), Ok(Cors::Off));
    assert_eq!(Cors::origins(["https://a.example", "*"]), Ok(Cors::Any));
    assert!(matches!(Cors::origins(["https://a.example"]), Ok(Cors::Origins(_))));
    for bad in ["", "a.example", "https://a.example/", "https://a.example/x", "https://a:443"] {
        assert!(Cors::origins([bad]).is_err(), "{bad}");
    }
}
