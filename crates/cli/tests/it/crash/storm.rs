//! Creates and patches from several connections, a server that is killed among them, and what is there after.

use super::program::{Program, USERS, ask};
use crate::databases::Database;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

const ROUNDS: usize = 4;
const THREADS: usize = 4;
/// Patches before the server is killed.
const ENOUGH: usize = 40;

/// A user as it may be: at a version from what was acknowledged to what was sent.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    acknowledged: usize,
    sent: usize,
}

/// By subject.
#[derive(Default)]
struct Book {
    known: BTreeMap<String, Known>,
    /// Creates that were not answered.
    open: BTreeSet<String>,
}

/// The roles that a user has at that version: two more or less each time, so that one half of them would show.
fn roles(version: usize) -> Vec<&'static str> {
    const ALL: [&str; 6] = [
        "Developer",
        "AnalyticsAdmin",
        "DataAdmin",
        "DataSpaceCreator",
        "ManagedSpaceCreator",
        "SharedSpaceCreator",
    ];
    (0..2 + version % 3).map(|place| ALL[(version + place) % ALL.len()]).collect()
}

fn named(roles: &[&str]) -> Value {
    roles.iter().map(|name| json!({ "name": name })).collect()
}

/// The version that a user is at, where all its parts agree.
fn version(user: &Value) -> usize {
    let name = user["name"].as_str().unwrap();
    let version: usize =
        name.strip_prefix("version ").unwrap_or_else(|| panic!("{user}")).parse().unwrap();
    let mut held: Vec<&str> = user["assignedRoles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    let mut wanted = roles(version);
    held.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(held, wanted, "{user}");
    assert!(version == 0 || user["preferredLocale"] == name, "{user}");
    version
}

pub(crate) fn nothing_is_lost(database: &Database) {
    let mut book = Book::default();
    for round in 0..ROUNDS {
        let mut program = Program::start(&database.url);
        check(program.address, &mut book);
        let address = program.address;
        let (before, acknowledged) = (book.known.len(), AtomicUsize::new(0));
        let patched: usize = std::thread::scope(|scope| {
            let mut known: Vec<(String, Known)> =
                std::mem::take(&mut book.known).into_iter().collect();
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let own = known.split_off(known.len() - known.len() / (THREADS - thread));
                    let acknowledged = &acknowledged;
                    scope.spawn(move || {
                        storm(address, round, thread, own.into_iter().collect(), acknowledged)
                    })
                })
                .collect();
            while acknowledged.load(Ordering::SeqCst) < ENOUGH
                && !threads.iter().any(ScopedJoinHandle::is_finished)
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            // At any moment of a write.
            std::thread::sleep(Duration::from_micros(u64::from(random()) * 4));
            program.kill();
            threads
                .into_iter()
                .map(|thread| {
                    let (part, patched) = thread.join().unwrap();
                    book.known.extend(part.known);
                    book.open.extend(part.open);
                    patched
                })
                .sum()
        });
        println!(
            "round {round}: {} created and {patched} patched, {} not answered",
            book.known.len() - before,
            book.open.len()
        );
    }
    let program = Program::start(&database.url);
    check(program.address, &mut book);
}

fn random() -> u16 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish() as u16
}

/// Writes until the server is gone.
fn storm(
    address: SocketAddr,
    round: usize,
    thread: usize,
    known: BTreeMap<String, Known>,
    acknowledged: &AtomicUsize,
) -> (Book, usize) {
    let mut book = Book { known, open: BTreeSet::new() };
    let mut patched = 0;
    for n in 0.. {
        let subject = format!("{round} {thread} {n}");
        let body =
            json!({ "subject": &subject, "name": "version 0", "assignedRoles": named(&roles(0)) });
        let Some(answer) = ask(address, "POST", USERS, Some(&body)) else {
            book.open.insert(subject);
            break;
        };
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        book.known.insert(subject, Known { id, acknowledged: 0, sent: 0 });
        // The newest, and one of old.
        let chosen = [book.known.len() - 1, usize::from(random()) % book.known.len()];
        for place in chosen {
            let user = book.known.values_mut().nth(place).unwrap();
            user.sent += 1;
            let name = format!("version {}", user.sent);
            let replace =
                |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
            let roles = named(&roles(user.sent));
            let body = json!([
                replace("/name", json!(name)),
                replace("/assignedRoles", roles),
                replace("/preferredLocale", json!(name))
            ]);
            let Some(answer) = ask(address, "PATCH", &format!("{USERS}/{}", user.id), Some(&body))
            else {
                return (book, patched);
            };
            assert_eq!(answer.status, 204, "{answer:?}");
            user.acknowledged = user.sent;
            patched += 1;
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }
    (book, patched)
}

/// Everything acknowledged is there and whole, and nothing is there twice. The book then knows how things are.
fn check(address: SocketAddr, book: &mut Book) {
    let get = |target: &str| {
        let answer = ask(address, "GET", target, None).unwrap();
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer
    };
    let mut target = Some(format!("{USERS}?limit=100&totalResults=true&sort=id"));
    let (mut found, mut ids) = (BTreeMap::new(), BTreeSet::new());
    let mut total = 0;
    while let Some(asked) = target {
        let answer = get(&asked);
        let body = answer.json();
        total = body["totalResults"].as_u64().unwrap() as usize;
        for user in body["data"].as_array().unwrap() {
            let subject = user["subject"].as_str().unwrap().to_owned();
            assert!(
                ids.insert(user["id"].as_str().unwrap().to_owned()),
                "the id is there twice: {user}"
            );
            assert!(
                found.insert(subject, user.clone()).is_none(),
                "the subject is there twice: {user}"
            );
        }
        target = answer.link("next");
    }
    assert_eq!(found.len(), total);
    found.remove("scieve|administrator").expect("the administrator");
    for (subject, known) in &mut book.known {
        let user =
            found.remove(subject).unwrap_or_else(|| panic!("`{subject}` is lost: {known:?}"));
        let version = version(&user);
        assert!(
            user["id"] == known.id && (known.acknowledged..=known.sent).contains(&version),
            "{known:?}: {user}"
        );
        (known.acknowledged, known.sent) = (version, version);
    }
    for subject in std::mem::take(&mut book.open) {
        if let Some(user) = found.remove(&subject) {
            assert_eq!(version(&user), 0);
            book.known.insert(
                subject,
                Known { id: user["id"].as_str().unwrap().to_owned(), acknowledged: 0, sent: 0 },
            );
        }
    }
    assert!(found.is_empty(), "nobody made these: {found:?}");
}
