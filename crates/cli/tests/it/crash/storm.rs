//! Creates and patches users over several connections, kills the server meanwhile, and checks the
//! state after a restart.

use super::program::{Program, USERS, send};
use crate::databases::Database;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

const ROUNDS: usize = 4;
const THREADS: usize = 4;
/// Number of patches before the server is killed.
const PATCHES: usize = 40;

/// A user, whose version is between the last acknowledged one and the last one sent.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    acknowledged: usize,
    sent: usize,
}

/// The expected state.
#[derive(Default)]
struct Expected {
    /// Users by subject.
    known: BTreeMap<String, Known>,
    /// Subjects of creates without a response.
    open: BTreeSet<String>,
}

/// Returns the roles of a user at a version. Their number changes with each version, so that a
/// partial write shows.
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

/// Returns the version of a user, after checking that all members have the same one.
fn version(user: &Value) -> usize {
    let name = user["name"].as_str().unwrap();
    let version: usize =
        name.strip_prefix("version ").unwrap_or_else(|| panic!("{user}")).parse().unwrap();
    let mut actual: Vec<&str> = user["assignedRoles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    let mut wanted = roles(version);
    actual.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(actual, wanted, "{user}");
    assert!(version == 0 || user["preferredLocale"] == name, "{user}");
    version
}

pub(crate) fn acknowledged_writes_survive(database: &Database) {
    let mut expected = Expected::default();
    for round in 0..ROUNDS {
        let mut program = Program::start(&database.url);
        check(program.address, &mut expected);
        let address = program.address;
        let (before, acknowledged) = (expected.known.len(), AtomicUsize::new(0));
        let patched: usize = std::thread::scope(|scope| {
            let mut known: Vec<(String, Known)> =
                std::mem::take(&mut expected.known).into_iter().collect();
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let own = known.split_off(known.len() - known.len() / (THREADS - thread));
                    let acknowledged = &acknowledged;
                    scope.spawn(move || {
                        write_until_killed(
                            address,
                            round,
                            thread,
                            own.into_iter().collect(),
                            acknowledged,
                        )
                    })
                })
                .collect();
            while acknowledged.load(Ordering::SeqCst) < PATCHES
                && !threads.iter().any(ScopedJoinHandle::is_finished)
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            // Kill at a random point within a write.
            std::thread::sleep(Duration::from_micros(u64::from(random()) * 4));
            program.kill();
            threads
                .into_iter()
                .map(|thread| {
                    let (part, patched) = thread.join().unwrap();
                    expected.known.extend(part.known);
                    expected.open.extend(part.open);
                    patched
                })
                .sum()
        });
        println!(
            "round {round}: {} created and {patched} patched, {} without a response",
            expected.known.len() - before,
            expected.open.len()
        );
    }
    let program = Program::start(&database.url);
    check(program.address, &mut expected);
}

fn random() -> u16 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish() as u16
}

/// Writes until the server is killed.
fn write_until_killed(
    address: SocketAddr,
    round: usize,
    thread: usize,
    known: BTreeMap<String, Known>,
    acknowledged: &AtomicUsize,
) -> (Expected, usize) {
    let mut expected = Expected { known, open: BTreeSet::new() };
    let mut patched = 0;
    for n in 0.. {
        let subject = format!("{round} {thread} {n}");
        let body =
            json!({ "subject": &subject, "name": "version 0", "assignedRoles": named(&roles(0)) });
        let Some(answer) = send(address, "POST", USERS, Some(&body)) else {
            expected.open.insert(subject);
            break;
        };
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        expected.known.insert(subject, Known { id, acknowledged: 0, sent: 0 });
        // The newest user and a random one.
        let chosen = [expected.known.len() - 1, usize::from(random()) % expected.known.len()];
        for place in chosen {
            let user = expected.known.values_mut().nth(place).unwrap();
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
            let Some(answer) = send(address, "PATCH", &format!("{USERS}/{}", user.id), Some(&body))
            else {
                return (expected, patched);
            };
            assert_eq!(answer.status, 204, "{answer:?}");
            user.acknowledged = user.sent;
            patched += 1;
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }
    (expected, patched)
}

/// Checks that every acknowledged write is present and complete, and that nothing is duplicated.
/// Then updates the expected state to the actual one.
fn check(address: SocketAddr, expected: &mut Expected) {
    let get = |target: &str| {
        let answer = send(address, "GET", target, None).unwrap();
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer
    };
    let mut target = Some(format!("{USERS}?limit=100&totalResults=true&sort=id"));
    let (mut found, mut ids) = (BTreeMap::new(), BTreeSet::new());
    let mut total = 0;
    while let Some(page) = target {
        let answer = get(&page);
        let body = answer.json();
        total = body["totalResults"].as_u64().unwrap() as usize;
        for user in body["data"].as_array().unwrap() {
            let subject = user["subject"].as_str().unwrap().to_owned();
            assert!(ids.insert(user["id"].as_str().unwrap().to_owned()), "duplicate id: {user}");
            assert!(found.insert(subject, user.clone()).is_none(), "duplicate subject: {user}");
        }
        target = answer.link("next");
    }
    assert_eq!(found.len(), total);
    found.remove("scieve|administrator").expect("the administrator");
    for (subject, known) in &mut expected.known {
        let user =
            found.remove(subject).unwrap_or_else(|| panic!("`{subject}` is lost: {known:?}"));
        let version = version(&user);
        assert!(
            user["id"] == known.id && (known.acknowledged..=known.sent).contains(&version),
            "{known:?}: {user}"
        );
        (known.acknowledged, known.sent) = (version, version);
    }
    for subject in std::mem::take(&mut expected.open) {
        if let Some(user) = found.remove(&subject) {
            assert_eq!(version(&user), 0);
            expected.known.insert(
                subject,
                Known { id: user["id"].as_str().unwrap().to_owned(), acknowledged: 0, sent: 0 },
            );
        }
    }
    assert!(found.is_empty(), "unexpected users: {found:?}");
}
