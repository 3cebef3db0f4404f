//! Limits on costly lists: their filter, their time, and how many run at once.

use crate::http_client::request;
use crate::server::{ADMIN, Server, USER, config};
use scieve_server::{Config, SearchLimits};
use scieve_users::{MemoryStore, Page, Query, StoreError, UserStore};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A store in memory whose lists with a total block their thread until the deadline is over.
struct Endless {
    store: MemoryStore,
    running: Arc<AtomicUsize>,
}

impl UserStore for Endless {
    crate::delegate::delegate!(store: get_by_subject create get patch_if delete_if count invite roles groups check_ready load);

    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        if !query.total {
            return self.store.list(tenant, query).await;
        }
        self.running.fetch_add(1, Ordering::SeqCst);
        while !query.deadline.unwrap().is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        Err(StoreError::TooSlow)
    }
}

const COSTLY: &str = "/api/v1/users?totalResults=true";

fn limited(time: Duration) -> Config {
    let mut limits = SearchLimits::default();
    limits.time = time;
    config().search_limits(limits)
}

/// Returns a server with an endless store, and the number of running lists.
fn endless(time: Duration) -> (Server, Arc<AtomicUsize>) {
    let running = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&running);
    let store = async move { Endless { store: crate::server::store().await, running: counter } };
    (Server::of(limited(time), store), running)
}

fn wait_for(running: &AtomicUsize, expected: usize) {
    for _ in 0..1000 {
        if running.load(Ordering::SeqCst) == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} lists run, expected {expected}", running.load(Ordering::SeqCst));
}

fn send(server: &Server, key: &str) -> TcpStream {
    let mut stream = server.connect();
    let authorization = format!("Bearer {key}");
    let headers = [("Authorization", authorization.as_str())];
    stream.write_all(&request(server.address, "GET", COSTLY, &headers, None)).unwrap();
    stream
}

#[test]
fn lists_of_one_user_neither_delay_others_nor_outlive_their_connections() {
    let (server, running) = endless(Duration::from_secs(60));
    let streams: Vec<_> = (0..16).map(|_| send(&server, ADMIN)).collect();
    wait_for(&running, 2);
    // The server has two threads for requests.
    for _ in 0..20 {
        assert_eq!(server.call(USER, "GET", "/api/v1/users", None).status, 200);
    }
    let other = send(&server, USER);
    wait_for(&running, 3);
    drop(other);
    wait_for(&running, 2);
    drop(streams);
    wait_for(&running, 0);
}

#[test]
fn a_list_that_is_too_slow_is_the_fault_of_the_client() {
    let (server, _) = endless(Duration::from_millis(50));
    let answer = server.get(COSTLY);
    assert_eq!((answer.status, answer.header("retry-after")), (400, None), "{answer:?}");
    let detail = answer.json()["errors"][0]["detail"].to_string();
    assert!(detail.contains("took too long"), "{detail}");
}

#[test]
fn lists_beyond_those_of_a_user_wait_and_are_refused() {
    let (server, running) = endless(Duration::from_secs(1));
    let streams: Vec<_> = (0..2).map(|_| send(&server, ADMIN)).collect();
    wait_for(&running, 2);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..8).map(|_| scope.spawn(|| server.get(COSTLY).status)).collect();
        waiting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.contains(&429), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 400 | 429)), "{statuses:?}");
    drop(streams);
}

#[test]
fn costly_filters_are_refused_with_their_heaviest_clause() {
    let server = Server::start();
    let status = |filter: &str| {
        let filter =
            percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        server.get(&format!("/api/v1/users?filter={filter}"))
    };
    let joined = |count: usize, clause: &dyn Fn(usize) -> String, word: &str| {
        (0..count).map(clause).collect::<Vec<_>>().join(word)
    };
    // The vendor's examples, and as many values as its clients send.
    for filter in [
        r#"name co "query" or email co "query" or subject co "query" or id eq "query" or clientId eq "query""#.to_owned(),
        r#"(id eq "626949b9017b657805080bbd" or id eq "626949bf017b657805080bbe") and (status eq "active" or status eq "deleted")"#.to_owned(),
        joined(100, &|n| format!("id eq \"{n:024x}\""), " or "),
        joined(480, &|n| format!("email eq \"user{n}@corp.example\""), " or "),
        joined(10, &|n| format!("name co \"word {n}\""), " and "),
    ] {
        assert_eq!(status(&filter).status, 200, "{filter}");
    }
    let costly = joined(240, &|n| format!("(name co \"{n}\" or email co \"@\")"), " and ");
    let answer = status(&costly);
    assert_eq!(answer.status, 400);
    let error = &answer.json()["errors"][0];
    assert_eq!(error["meta"]["filterCode"], "too-costly");
    let clause = &costly[error["meta"]["start"].as_u64().unwrap() as usize
        ..error["meta"]["end"].as_u64().unwrap() as usize];
    assert_eq!(clause, "name co \"0\"");
}
