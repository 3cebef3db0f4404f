//! Mixed load on `scieve serve` for a while: every answer is the expected one, and memory stays flat. `scripts/soak SECONDS` runs it long enough
//! for the second to mean something; on its own it takes two seconds.

use crate::http_client::{Answer, request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What memory may grow by after the first quarter, in percent.
const GROWTH: u64 = 10;
/// Below this the first quarter is too short to have seen everything once.
const LONG: u64 = 60;
const CALLERS: usize = 4;
const ALICE: &str = "/api/v1/users/62716ab404a7bd8626af9bd6";

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// KiB of memory that the process holds.
fn memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One caller's connection, and how many of its requests are answered.
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

/// Everything that leaves the users as many as they were: those that are deleted are kept, so that creating and deleting has to grow.
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
    let mut asked = 3;
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
        asked += 1;
    }
    // Who leaves in the middle, and who speaks no HTTP.
    for bytes in [
        b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{".as_slice(),
        b"GET / HT",
        b"\x16\x03\x01\0\r\n\r\n",
    ] {
        Connection::new(address).0.write_all(bytes).unwrap();
    }
    asked
}

#[test]
fn memory_stays_flat() {
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
    let mut child = Killed(serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr =
        line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    let (start, asked) = (Instant::now(), AtomicU64::new(0));
    let samples = std::thread::scope(|scope| {
        for caller in 0..CALLERS as u64 {
            let asked = &asked;
            scope.spawn(move || {
                let mut number = caller * 7;
                while start.elapsed() < Duration::from_secs(seconds) {
                    asked.fetch_add(round(address, number), Ordering::Relaxed);
                    number += 1;
                }
            });
        }
        let mut samples = Vec::new();
        while start.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(500));
            samples.push(memory(child.0.id()));
        }
        samples
    });
    let (first, rest) = samples.split_at(samples.len().div_ceil(4));
    let (before, after) = (first.iter().max().unwrap(), rest.iter().max().unwrap_or(&0));
    eprintln!(
        "{} requests in {seconds} s; {before} KiB at most in the first quarter, {after} KiB later",
        asked.load(Ordering::Relaxed)
    );
    assert!(asked.load(Ordering::Relaxed) > 0);
    assert!(
        seconds < LONG || *after <= before + before * GROWTH / 100,
        "memory grew from {before} to {after} KiB: {samples:?}"
    );
}
