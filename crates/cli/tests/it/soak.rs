//! Soak test of `scieve serve` under mixed load: every response is as expected, and memory does not
//! grow. `scripts/soak SECONDS` runs it long enough for the latter; by default it takes two
//! seconds.

use crate::http_client::{Answer, request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Maximum growth of memory after the first quarter, in percent.
const MAX_GROWTH: u64 = 10;
/// Minimum duration in seconds for the check of memory: the first quarter has to cover every
/// request.
const MIN_SECONDS: u64 = 60;
const CLIENTS: usize = 4;
const ALICE: &str = "/api/v1/users/62716ab404a7bd8626af9bd6";

struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the resident memory of a process in KiB.
fn resident_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The connection of a client.
struct Connection(TcpStream, SocketAddr);

impl Connection {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(stream, address)
    }

    fn call(&mut self, key: &str, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers =
            [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let body = body.map(ToString::to_string);
        self.0
            .write_all(&request(
                self.1,
                method,
                target,
                &headers,
                body.as_deref().map(str::as_bytes),
            ))
            .unwrap();
        Answer::read(&mut self.0, method)
    }
}

/// Sends requests that keep the number of users constant, and returns the number of requests.
/// Creating and deleting is excluded: deleted users are kept, so memory would have to grow.
fn round(address: SocketAddr, number: u64) -> u64 {
    let mut connection = Connection::new(address);
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap());
    let filter =
        format!("name co \"{letter}\" and (status eq \"active\" or status eq \"invited\")");
    let encoded: String = filter.replace(' ', "%20").replace('"', "%22");
    let admin = "admin-key-0001";
    let rename =
        json!([{ "op": "replace", "path": "/name", "value": format!("name {}", number % 1000) }]);
    let mut target = format!("/api/v1/users?limit=50&totalResults=true&filter={encoded}");
    for _ in 0..3 {
        let page = connection.call(admin, "GET", &target, None);
        assert_eq!(page.status, 200, "{page:?}");
        match page.link("next") {
            Some(next) => target = next,
            None => break,
        }
    }
    let mut requests = 3;
    for (key, method, target, body, expected) in [
        (
            admin,
            "POST",
            "/api/v1/users/actions/filter?sort=-name",
            Some(json!({ "filter": filter })),
            200,
        ),
        (
            admin,
            "POST",
            "/api/v1/users/actions/filter",
            Some(json!({ "filter": format!("{filter} or") })),
            400,
        ),
        (
            admin,
            "POST",
            "/api/v1/users/actions/filter",
            Some(json!({ "filter": "(".repeat(2000) })),
            400,
        ),
        (admin, "GET", ALICE, None, 200),
        (admin, "PATCH", ALICE, Some(rename.clone()), 204),
        (
            admin,
            "PATCH",
            ALICE,
            Some(json!([{ "op": "replace", "path": "/name", "value": 1 }])),
            400,
        ),
        ("user-key-0002", "PATCH", ALICE, Some(rename), 403),
        (admin, "POST", "/api/v1/users", Some(json!({ "subject": "" })), 400),
        (
            admin,
            "POST",
            "/api/v1/users/actions/invite",
            Some(json!({ "invitees": [{ "email": "nobody" }] })),
            207,
        ),
        (admin, "GET", "/api/v1/users/nobody", None, 404),
        (admin, "GET", "/api/v1/users/me", None, 301),
        (admin, "GET", "/api/v1/users/actions/count", None, 200),
        (admin, "DELETE", "/api/v1/users/nobody", None, 404),
        ("user-key-0002", "GET", "/api/v1/users?limit=100&sort=-createdAt", None, 200),
        ("wrong", "GET", "/api/v1/users", None, 401),
        (admin, "PUT", "/api/v1/users", None, 405),
        (admin, "GET", "/metrics", None, 200),
        (admin, "GET", "/openapi.json", None, 200),
        (admin, "GET", "/nowhere", None, 404),
    ] {
        let answer = connection.call(key, method, target, body.as_ref());
        assert_eq!(answer.status, expected, "{method} {target}: {answer:?}");
        requests += 1;
    }
    // Clients that disconnect within a request, and one that does not send HTTP.
    for bytes in [
        b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{".as_slice(),
        b"GET / HT",
        b"\x16\x03\x01\0\r\n\r\n",
    ] {
        Connection::new(address).0.write_all(bytes).unwrap();
    }
    requests
}

#[test]
fn memory_does_not_grow() {
    let seconds =
        std::env::var("SCIEVE_SOAK_SECONDS").map_or(2, |seconds| seconds.parse::<u64>().unwrap());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_scieve"));
    serve.current_dir(crate::ROOT).args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--fixture",
        "examples/fixture.json",
        "--sample",
        "2000",
        "--rate-limit",
        "off",
    ]);
    let mut child = KillOnDrop(serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr =
        line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    let (start, requests) = (Instant::now(), AtomicU64::new(0));
    let samples = std::thread::scope(|scope| {
        for client in 0..CLIENTS as u64 {
            let requests = &requests;
            scope.spawn(move || {
                let mut number = client * 7;
                while start.elapsed() < Duration::from_secs(seconds) {
                    requests.fetch_add(round(address, number), Ordering::Relaxed);
                    number += 1;
                }
            });
        }
        let mut samples = Vec::new();
        while start.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(500));
            samples.push(resident_memory(child.0.id()));
        }
        samples
    });
    let (first, rest) = samples.split_at(samples.len().div_ceil(4));
    let (before, after) = (first.iter().max().unwrap(), rest.iter().max().unwrap_or(&0));
    eprintln!(
        "{} requests in {seconds} s; maximum {before} KiB in the first quarter, {after} KiB later",
        requests.load(Ordering::Relaxed)
    );
    assert!(requests.load(Ordering::Relaxed) > 0);
    assert!(
        seconds < MIN_SECONDS || *after <= before + before * MAX_GROWTH / 100,
        "memory grew from {before} to {after} KiB: {samples:?}"
    );
}
