//! `scieve serve` as a process: output, logging, persistence and shutdown.

use crate::ROOT;
use crate::http_client::{Answer, request};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};

pub(crate) fn scieve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scieve"));
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(ROOT)
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn start(arguments: &[&str]) -> (Child, SocketAddr) {
    let mut child = scieve(arguments).spawn().unwrap();
    let address = address(&mut child);
    (child, address)
}

/// Waits until the server listens, and returns its address.
pub(crate) fn address(child: &mut Child) -> SocketAddr {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim()
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{line:?}"))
        .parse()
        .unwrap()
}

pub(crate) fn end(child: Child) -> (Option<i32>, String) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    key: &str,
    body: Option<&str>,
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = format!("Bearer {key}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Connection", "close"),
    ];
    stream.write_all(&request(address, method, target, &headers, body.map(str::as_bytes))).unwrap();
    Answer::read(&mut stream, method)
}

#[test]
fn logs_and_metrics_contain_no_values_and_no_keys() {
    for format in ["text", "json"] {
        let (child, address) = start(&[
            "--fixture",
            "examples/fixture.json",
            "--sample",
            "20",
            "--api-key",
            "markedkey",
            "--log",
            format,
        ]);
        let filter = json!({ "filter": "name eq \"markedvalue\" or subject co \"markedvalue\"" })
            .to_string();
        let bad = json!({ "filter": "markedname eq markedvalue" }).to_string();
        let patch = json!([
            { "op": "replace", "path": "/name", "value": "markedvalue" },
            { "op": "replace", "path": "/email", "value": "markedvalue@c" },
            { "op": "replace", "path": "/assignedRoles", "value": [{ "name": "markedrole" }] },
        ])
        .to_string();
        let answers = [
            send(
                address,
                "GET",
                "/api/v1/users?filter=name%20eq%20%22markedvalue%22&markedname=1",
                "markedkey",
                None,
            )
            .status,
            send(address, "GET", "/api/v1/users?email=markedvalue%40a", "markedkey", None).status,
            send(address, "GET", "/api/v1/users/markedvalue", "markedkey", None).status,
            send(address, "GET", "/markedvalue", "markedkey", None).status,
            send(address, "GET", "/api/v1/users", "markedtoken", None).status,
            send(address, "POST", "/api/v1/users/actions/filter", "markedkey", Some(&filter))
                .status,
            send(address, "POST", "/api/v1/users/actions/filter", "markedkey", Some(&bad)).status,
            send(
                address,
                "POST",
                "/api/v1/users",
                "markedkey",
                Some("{\"subject\":\"markedvalue\",\"email\":\"markedvalue@a\"}"),
            )
            .status,
            send(
                address,
                "POST",
                "/api/v1/users/actions/invite",
                "markedkey",
                Some("{\"invitees\":[{\"email\":\"markedvalue@b\"}]}"),
            )
            .status,
            send(address, "MARKEDMETHOD", "/api/v1/users", "markedkey", None).status,
            send(
                address,
                "GET",
                "/api/v1/users?next=markedcursor&sort=markedsort&markedname=markedvalue",
                "markedkey",
                None,
            )
            .status,
            send(
                address,
                "GET",
                "/api/v1/users?startingAfter=markedvalue&fields=markedname",
                "markedkey",
                None,
            )
            .status,
            send(
                address,
                "GET",
                "/api/v1/users/actions/count?tenantId=markedtenant",
                "markedkey",
                None,
            )
            .status,
            send(
                address,
                "PATCH",
                "/api/v1/users/626949b9017b657805080bbd",
                "markedkey",
                Some(&patch),
            )
            .status,
            send(
                address,
                "PATCH",
                "/api/v1/users/markedid",
                "markedkey",
                Some("[{\"op\":\"markedop\",\"path\":\"/markedpath\"}]"),
            )
            .status,
            send(
                address,
                "POST",
                "/api/v1/users",
                "markedkey",
                Some("{\"subject\":\"markedvalue\"}"),
            )
            .status,
            send(
                address,
                "POST",
                "/api/v1/users",
                "markedkey",
                Some("{\"markedname\": markedvalue"),
            )
            .status,
            send(address, "GET", "/api/v1/users/me?markedname=markedvalue", "markedkey", None)
                .status,
            send(address, "GET", "/api/v1/users", "eyJhbGciOiJub25lIn0.markedtoken.", None).status,
            send(address, "DELETE", "/api/v1/users/markedid", "markedkey", None).status,
        ];
        assert_eq!(
            answers,
            [
                200, 200, 404, 404, 401, 200, 400, 201, 207, 405, 400, 200, 404, 207, 404, 409,
                400, 301, 401, 404
            ]
        );
        // Malformed requests are not logged verbatim either.
        for bytes in [
            "markedline\r\n\r\n",
            "GET /markedpath HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nmarkedheader\r\n\r\n",
        ] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(bytes.as_bytes()).unwrap();
            assert_eq!(Answer::read(&mut stream, "GET").status, 400, "{bytes}");
        }
        let metrics = send(address, "GET", "/metrics", "x", None).text;
        let (code, log) = end(child);
        assert_eq!(code, Some(0), "{log}");
        assert!(!metrics.to_lowercase().contains("marked"), "{metrics}");
        assert!(!log.to_lowercase().contains("marked"), "{log}");
        assert!(
            log.contains("memory only")
                && log.contains("answered")
                && log.contains("invited")
                && log.contains("stopped"),
            "{log}"
        );
        assert!(metrics.contains("scieve_users 33"), "{metrics}");
    }
}

#[test]
fn shutdown_completes_pending_requests() {
    let (child, address) = start(&["--api-key", "k"]);
    let mut stream = TcpStream::connect(address).unwrap();
    let headers = [("Authorization", "Bearer k"), ("Content-Type", "application/json")];
    let whole =
        request(address, "POST", "/api/v1/users", &headers, Some(b"{\"subject\":\"late\"}"));
    let (first, rest) = whole.split_at(whole.len() - 5);
    stream.write_all(first).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let ending = std::thread::spawn(move || end(child));
    std::thread::sleep(std::time::Duration::from_millis(200));
    stream.write_all(rest).unwrap();
    assert_eq!(Answer::read(&mut stream, "POST").status, 201);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(ending.join().unwrap().0, Some(0));
}

#[test]
fn wrong_usage_exits_with_2() {
    for (arguments, message) in [
        (vec![], "no credentials are configured"),
        (vec!["--api-key", "k", "--store", "oracle:x"], "expected `sqlite:FILE`"),
        (vec!["--api-key", "k", "--store", "sqlite::memory:"], "name a file"),
        (vec!["--api-key", "k", "--store", "sqlite:/nowhere/at/all.db"], "cannot be reached"),
        (
            vec!["--api-key", "k", "--store", "postgres://ann:markedsecret@127.0.0.1:1/users"],
            if cfg!(feature = "full") {
                "postgres://127.0.0.1:1/users: cannot be reached"
            } else {
                "requires the feature `full`"
            },
        ),
        (vec!["--api-key", ""], "cannot be empty"),
        (vec!["--fixture", "nowhere.json"], "cannot read `nowhere.json`"),
        (vec!["--fixture", "examples/users.json"], "is not a valid fixture"),
        (vec!["--api-key", "k", "--public-url", "ftp://a"], "`--public-url`"),
        (vec!["--jwt-key", "Cargo.toml", "--jwt-algorithm", "rs256"], "--jwt-issuer"),
        (
            vec![
                "--jwt-key",
                "Cargo.toml",
                "--jwt-algorithm",
                "rs256",
                "--jwt-issuer",
                "i",
                "--jwt-audience",
                "a",
            ],
            "the JWT key is not an RSA public key",
        ),
        (
            vec!["--jwt-key-set", "Cargo.toml", "--jwt-issuer", "i", "--jwt-audience", "a"],
            "invalid JSON web key set",
        ),
        (vec!["--api-key", "k", "--rate-limit", "maybe"], "--rate-limit"),
    ] {
        let Output { status, stdout, stderr } = scieve(&arguments).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.len()), (Some(2), 0), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message) && !stderr.contains("marked"), "{arguments:?}: {stderr}");
    }
}

/// Users and cursors are persisted; API keys are passed at each start.
#[test]
fn users_and_cursors_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("scieve-serve-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("users.db").display());
    let arguments = ["--store", &url, "--fixture", "examples/fixture.json", "--api-key", "k"];
    let (child, address) = start(&arguments);
    let new =
        send(address, "POST", "/api/v1/users", "k", Some("{\"subject\":\"kept\"}")).json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
    assert_eq!(
        send(address, "DELETE", "/api/v1/users/62716ac4c7e500e13ff5fa22", "k", None).status,
        204
    );
    let next = send(address, "GET", "/api/v1/users?limit=3", "k", None).link("next").unwrap();
    let before = send(address, "GET", &next, "k", None).ids();
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("loaded") && !log.contains("memory only"), "{log}");
    let (child, address) = start(&arguments);
    assert_eq!(
        send(address, "GET", &format!("/api/v1/users/{new}"), "admin-key-0001", None).status,
        200
    );
    // A deleted user of the fixture is not loaded again.
    assert_eq!(
        send(address, "GET", "/api/v1/users/62716ac4c7e500e13ff5fa22", "k", None).status,
        404
    );
    assert_eq!(send(address, "GET", &next, "k", None).ids(), before);
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("already has users"), "{log}");
    // Another API key on the command line, for the administrator created at the first start.
    let (child, address) = start(&["--store", &url, "--api-key", "another"]);
    assert_eq!(send(address, "GET", "/healthz", "", None).status, 200);
    assert_eq!(
        send(address, "GET", "/api/v1/users/actions/count", "another", None).json()["total"],
        13
    );
    end(child);
    std::fs::remove_dir_all(folder).unwrap();
}
