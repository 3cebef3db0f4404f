//! Durability and availability: acknowledged writes survive a SIGKILL at any time, and the server
//! survives an outage of its database.

mod program;
mod storm;

use self::program::{Program, USERS, send};
use crate::databases::Database;
use crate::http_client::Answer;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn create(database: impl Future<Output = Database>) -> Database {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(database)
}

#[test]
fn acknowledged_writes_survive_on_sqlite() {
    storm::acknowledged_writes_survive(&Database::sqlite());
}

#[test]
fn acknowledged_writes_survive_on_postgres() {
    crate::databases::require!(servers);
    storm::acknowledged_writes_survive(&create(Database::postgres()));
}

#[test]
fn acknowledged_writes_survive_on_mariadb() {
    crate::databases::require!(servers);
    storm::acknowledged_writes_survive(&create(Database::mysql()));
}

#[test]
fn subjects_are_unique_under_concurrency() {
    create_concurrently("memory");
    create_concurrently(&Database::sqlite().url);
}

#[test]
fn subjects_are_unique_under_concurrency_on_servers() {
    crate::databases::require!(servers);
    create_concurrently(&create(Database::postgres()).url);
    create_concurrently(&create(Database::mysql()).url);
}

/// Creates users with the same subject concurrently: one response is 201, the others are 409.
fn create_concurrently(store: &str) {
    const THREADS: usize = 8;
    let program = Program::start(store);
    for round in 0..12 {
        let body = json!({ "subject": format!("wanted {round}"), "assignedRoles": [{ "name": "Developer" }] });
        let start = Barrier::new(THREADS);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let create = || {
                start.wait();
                send(program.address, "POST", USERS, Some(&body)).unwrap().status
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let with = |status: u16| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((with(201), with(409)), (1, THREADS - 1), "{store}: {statuses:?}");
        let filter =
            format!("{USERS}?totalResults=true&filter=subject%20eq%20%22wanted%20{round}%22");
        assert_eq!(send(program.address, "GET", &filter, None).unwrap().json()["totalResults"], 1);
    }
}

/// A PostgreSQL server for this test alone, which can be stopped.
struct Server(PathBuf);

impl Server {
    fn run(arguments: &[&str]) -> String {
        let output =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/servers"))
                .args(arguments)
                .output()
                .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn up() -> (Self, String) {
        let folder = std::env::temp_dir().join(format!("scieve_crash_{}", std::process::id()));
        let output = Self::run(&["up", folder.to_str().unwrap(), "postgres"]);
        let url = output
            .lines()
            .find_map(|line| line.strip_prefix("export SCIEVE_POSTGRES="))
            .unwrap()
            .to_owned();
        (Self(folder), url)
    }

    fn control(&self, action: &str) {
        Self::run(&[action, self.0.to_str().unwrap(), "postgres"]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        Self::run(&["down", self.0.to_str().unwrap()]);
    }
}

#[test]
fn the_server_survives_an_outage_of_the_database() {
    crate::databases::require!(servers);
    let (server, url) = Server::up();
    let program = Program::start(&url);
    let (stop, away, refused) =
        (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    let address = program.address;
    let seen = std::thread::scope(|scope| {
        let load = |thread: usize| {
            let mut seen: BTreeMap<(bool, u16), usize> = BTreeMap::new();
            for n in 0.. {
                if stop.load(Ordering::SeqCst) {
                    return seen;
                }
                let body = json!({ "subject": format!("{thread} {n}") });
                let (method, target, body) = match n % 4 {
                    0 => ("POST", USERS.to_owned(), Some(body)),
                    1 => ("GET", format!("{USERS}?filter=name%20co%20%22a%22"), None),
                    2 => ("GET", format!("{USERS}/actions/count"), None),
                    _ => ("POST", format!("{USERS}/actions/filter"), Some(json!({}))),
                };
                let before = away.load(Ordering::SeqCst);
                let answer = send(address, method, &target, body.as_ref()).expect("an answer");
                check_response(&answer, &target);
                // Count only requests that lie entirely within the outage.
                let during_outage = before && away.load(Ordering::SeqCst);
                refused.fetch_add(
                    usize::from(during_outage && answer.status == 503),
                    Ordering::SeqCst,
                );
                *seen.entry((during_outage, answer.status)).or_default() += 1;
            }
            unreachable!()
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || load(thread))).collect();
        std::thread::sleep(Duration::from_millis(700));
        server.control("stop");
        away.store(true, Ordering::SeqCst);
        // Two per thread.
        let since = Instant::now();
        while refused.load(Ordering::SeqCst) < 8 {
            assert!(since.elapsed() < Duration::from_secs(60), "no responses during the outage");
            std::thread::sleep(Duration::from_millis(50));
        }
        away.store(false, Ordering::SeqCst);
        server.control("start");
        wait_for_recovery(address);
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::SeqCst);
        let mut all = BTreeMap::new();
        for thread in threads {
            for (key, count) in thread.join().unwrap() {
                *all.entry(key).or_insert(0) += count;
            }
        }
        all
    });
    println!("(during the outage, status): responses: {seen:?}");
    assert!(seen.keys().all(|(away, status)| !away || *status == 503), "{seen:?}");
    assert!(
        [(false, 200), (false, 201), (true, 503)].iter().all(|wanted| seen.contains_key(wanted)),
        "{seen:?}"
    );
}

/// Checks that the response is a success, or a 503 with an error body.
fn check_response(answer: &Answer, target: &str) {
    if matches!(answer.status, 200 | 201) {
        return;
    }
    assert_eq!(answer.status, 503, "{target}: {answer:?}");
    let body = answer.json();
    assert_eq!(
        (&body["errors"][0]["status"], body["errors"][0]["code"].is_string()),
        (&json!(503), true),
        "{answer:?}"
    );
    assert!(body["traceId"].is_string() && body["errors"][0]["title"].is_string(), "{answer:?}");
    assert!(
        answer
            .header("retry-after")
            .is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0)),
        "{answer:?}"
    );
}

/// Waits until the server works again.
fn wait_for_recovery(address: std::net::SocketAddr) {
    let since = Instant::now();
    loop {
        let answer = send(address, "GET", USERS, None).unwrap();
        if answer.status == 200 {
            return;
        }
        check_response(&answer, USERS);
        assert!(since.elapsed() < Duration::from_secs(30), "the server does not recover");
        std::thread::sleep(Duration::from_millis(100));
    }
}
