//! Attacks on HTTP: request smuggling (RFC 9112 section 11.2), slowloris, slow readers, path
//! traversal, header injection, parameter pollution, oversized error lists and dropped connections.
//! Each request is rejected or handled correctly, and the server continues to work.

use crate::server::{ADMIN, Answer, Server, TENANT, USER, config, fixture, request};
use scieve_server::Timeouts;
use scieve_users::UserStore as _;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const BEARER: (&str, &str) = ("Authorization", "Bearer admin-key-0001");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Reads until the server closes the connection, or until `timeout` without data. Returns the bytes
/// and whether the connection was closed.
fn read_to_end(stream: &mut TcpStream, timeout: Duration) -> (String, bool) {
    stream.set_read_timeout(Some(timeout)).unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let closed = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break true,
            Ok(count) => bytes.extend(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                break false;
            }
            Err(_) => break true,
        }
    };
    (String::from_utf8_lossy(&bytes).into_owned(), closed)
}

/// Returns the statuses of the responses to these bytes, and whether the connection was closed
/// after them.
fn statuses(server: &Server, bytes: &[u8]) -> (Vec<u16>, bool) {
    let mut stream = server.connect();
    stream.write_all(bytes).unwrap();
    let (text, closed) = read_to_end(&mut stream, Duration::from_millis(400));
    let statuses = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| text[at + 9..at + 12].parse().unwrap())
        .collect();
    (statuses, closed)
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert!(body["errors"][0]["code"].as_str().unwrap().starts_with("USERS-"), "{body}");
    assert_eq!(body["traceId"].as_str().unwrap().len(), 32);
}

fn short_timeouts() -> Timeouts {
    let mut timeouts = Timeouts::default();
    let short = Duration::from_millis(300);
    (timeouts.head, timeouts.body, timeouts.answer) = (short, short, short);
    timeouts
}

#[test]
fn request_smuggling_is_rejected() {
    let server = Server::start();
    // The smuggled request: it would be served if the server mistook the end of the body.
    const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = |headers: &str, body: &str| {
        format!("POST /api/v1/users HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{body}{SMUGGLED}")
    };
    let chunks = "1\r\nx\r\n0\r\n\r\n";
    for (name, text) in [
        ("two lengths", post("Content-Length: 1\r\nContent-Length: 2", "x")),
        ("two equal lengths", post("Content-Length: 1\r\nContent-Length: 1", "x")),
        ("two equal lengths apart", post("content-length: 1\r\nX: y\nContent-Length: 1", "x")),
        ("a list of lengths", post("Content-Length: 1, 1", "x")),
        ("a signed length", post("Content-Length: +1", "x")),
        ("a negative length", post("Content-Length: -1", "x")),
        ("a hexadecimal length", post("Content-Length: 0x1", "x")),
        ("a length with whitespace", post("Content-Length: 1 1", "x")),
        ("an empty length", post("Content-Length:", "x")),
        ("a length beyond all numbers", post("Content-Length: 99999999999999999999999", "x")),
        ("another coding", post("Transfer-Encoding: identity", "x")),
        ("chunked, then another", post("Transfer-Encoding: chunked, gzip", chunks)),
        ("another, then chunked", post("Transfer-Encoding: gzip, chunked", chunks)),
        ("chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", chunks)),
        ("chunked twice in one", post("Transfer-Encoding: chunked, chunked", chunks)),
        (
            "chunked and more in two",
            post("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", chunks),
        ),
        ("nearly chunked", post("Transfer-Encoding: xchunked", chunks)),
        ("whitespace before the colon", post("Transfer-Encoding : chunked", chunks)),
        (
            "a folded header",
            post("X: a\r\n Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n chunked", chunks),
        ),
        ("a line without a colon", post("nonsense", "")),
        ("an empty name", post(": x", "")),
        ("an invalid name", post("X\u{0}: x", "")),
        ("a carriage return alone", post("X: a\rTransfer-Encoding: chunked", chunks)),
        ("U+0000 in a value", post("X: a\u{0}b", "")),
        ("no host", format!("GET /healthz HTTP/1.1\r\n\r\n{SMUGGLED}")),
        ("two hosts", format!("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n{SMUGGLED}")),
        ("an invalid host", format!("GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n{SMUGGLED}")),
        ("an empty host", format!("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n{SMUGGLED}")),
        (
            "a header before the line",
            format!(" GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"),
        ),
        (
            "a target with whitespace",
            format!("GET /healthz x HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"),
        ),
        (
            "a target with a line break",
            format!("GET /health\rz HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"),
        ),
        ("another version", format!("GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n{SMUGGLED}")),
        ("no version", format!("GET /healthz\r\n{SMUGGLED}")),
        (
            "an old version with chunks",
            format!(
                "POST /api/v1/users HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{SMUGGLED}"
            ),
        ),
    ] {
        assert_eq!(statuses(&server, text.as_bytes()), (vec![400], true), "{name}");
    }
    // HTTP/2 with prior knowledge gets no response.
    assert_eq!(statuses(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), (vec![], true));
    // `Transfer-Encoding` overrides `Content-Length`, and the connection is closed (RFC 9112
    // section 6.3): the following bytes are not read.
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ] {
        assert_eq!(
            statuses(&server, post(headers, chunks).as_bytes()),
            (vec![401], true),
            "{headers}"
        );
    }
    // A bare line feed ends a line (RFC 9112 section 2.2): both requests are served.
    assert_eq!(statuses(&server, post("Content-Length: 1\nX: x", "x").as_bytes()).0, [401, 200]);
    assert_eq!(statuses(&server, SMUGGLED.repeat(3).as_bytes()).0, [200, 200, 200]);
}

#[test]
fn responses_of_the_router_have_an_error_body() {
    let server = Server::start();
    for headers in [
        vec![("Host", "a b")],
        vec![("Host", "a"), ("Host", "b")],
        vec![("Host", "a@b")],
        vec![("Transfer-Encoding", "gzip, chunked")],
        vec![("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    ] {
        let answer = server.send("GET", "/healthz", &headers, None);
        refused(&answer, 400);
        assert_eq!(answer.header("connection"), Some("close"), "{headers:?}");
    }
    for encoding in ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"] {
        // A decompression bomb: compressed bodies are not accepted.
        let answer = server.send(
            "POST",
            "/api/v1/users",
            &[BEARER, JSON, ("Content-Encoding", encoding)],
            Some(&[0x1f, 0x8b, 8, 0]),
        );
        refused(&answer, 415);
    }
    assert_eq!(
        server
            .send(
                "POST",
                "/api/v1/users",
                &[BEARER, JSON, ("Content-Encoding", "identity")],
                Some(b"{}")
            )
            .status,
        400
    );
}

#[test]
fn malformed_chunks_close_the_connection() {
    let server = Server::start();
    let head = "POST /api/v1/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer admin-key-0001\r\nTransfer-Encoding: chunked\r\n\r\n";
    let hidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for (name, chunks) in [
        ("no size", "\r\nx\r\n0\r\n\r\n".to_owned()),
        ("no number", "g\r\nx\r\n0\r\n\r\n".to_owned()),
        ("a sign", "+1\r\nx\r\n0\r\n\r\n".to_owned()),
        ("0x", "0x1\r\nx\r\n0\r\n\r\n".to_owned()),
        ("a size beyond all numbers", "fffffffffffffffff\r\nx\r\n0\r\n\r\n".to_owned()),
        ("a longer chunk than its size", "1\r\nxyz\r\n0\r\n\r\n".to_owned()),
        ("a line feed in an extension", "1;a\nb\r\nx\r\n0\r\n\r\n".to_owned()),
        ("an endless extension", format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(20_000))),
        ("endless trailers", format!("0\r\n{}\r\n", "a: b\r\n".repeat(20_000))),
    ] {
        let mut stream = server.connect();
        // The server may close the connection before everything is sent.
        let _ = stream.write_all(format!("{head}{chunks}{hidden}").as_bytes());
        let (text, closed) = read_to_end(&mut stream, Duration::from_secs(5));
        assert!(closed, "{name}: {text}");
        assert!(
            text.is_empty()
                || text.starts_with("HTTP/1.1 400 ") && text.matches("HTTP/1.1 ").count() == 1,
            "{name}: {text}"
        );
    }
}

#[test]
fn slow_clients_are_disconnected() {
    let server = Server::with(config().timeouts(short_timeouts()));
    let whole = request(
        server.address,
        "POST",
        "/api/v1/users",
        &[BEARER, JSON],
        Some(b"{\"subject\":\"slow\"}"),
    );
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    for stop in [0, 1, 10, head - 1, head, head + 1, whole.len() - 1] {
        let mut stream = server.connect();
        stream.write_all(&whole[..stop]).unwrap();
        let (text, closed) = read_to_end(&mut stream, Duration::from_secs(10));
        assert!(closed, "{stop}: {text}");
        assert_eq!(text.starts_with("HTTP/1.1 408 "), stop >= head, "{stop}: {text}");
    }
    // Slowloris: single bytes do not extend the timeout.
    let mut stream = server.connect();
    let slow = whole.iter().take(head - 1).take_while(|byte| {
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(&[**byte]).is_ok()
    });
    assert!(slow.count() < head - 1, "a head of {head} bytes was read to its end");
    // An earlier complete request on the connection does not extend it either.
    let mut stream = server.connect();
    stream.write_all(&request(server.address, "GET", "/healthz", &[], None)).unwrap();
    let (text, closed) = read_to_end(&mut stream, Duration::from_secs(10));
    assert!(closed && text.starts_with("HTTP/1.1 200 "), "{text}");
    // Endless small chunks, whose sum stays below the limit.
    let mut stream = server.connect();
    stream
        .write_all(&request(
            server.address,
            "POST",
            "/api/v1/users",
            &[BEARER, JSON, ("Transfer-Encoding", "chunked")],
            None,
        ))
        .unwrap();
    while stream.write_all(b"1\r\n \r\n").is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.get("/api/v1/users?limit=1").status, 200);
}

#[test]
fn clients_that_do_not_read_are_disconnected() {
    let server = Server::with(config().timeouts(short_timeouts()).max_connections(1));
    let mut stream = server.connect();
    // The responses exceed the socket buffers of the operating system, about 6 MB.
    let ask = request(server.address, "GET", "/openapi.json", &[], None);
    let many = ask.repeat(400);
    let _ = stream.write_all(&many);
    // The only connection slot is free again although the client never closed its connection.
    assert_eq!(server.send("GET", "/healthz", &[], None).status, 200);
    let (text, closed) = read_to_end(&mut stream, Duration::from_secs(10));
    assert!(closed && text.matches("HTTP/1.1 200 ").count() < 400);
}

#[test]
fn paths_are_not_normalised() {
    let server = Server::start();
    let id = "62716ab404a7bd8626af9bd6";
    for path in [
        "//api/v1/users",
        "/api//v1/users",
        "/api/v1/users//",
        "/api/v1/./users",
        "/api/v1/x/../users",
        "/api/v1/%2e%2e/v1/users",
        "/api/v1/users;a=b",
        "/api/v1/users;/me",
        "/api/v1/users%2fme",
        "/api/v1/users%3flimit=1",
        "/api/v1/users/me;x",
        "/api/v1/users/me%00",
        "/api/v1/users/%6de",
        "/api/v1/users/ME",
        "/api/v1/users/me%2f",
        "/api/v1/users/me/..",
        "/api/v1/users/metadata%2f..",
        "/api/v1/users/actions%2fcount",
        "/api/v1/users/actions/../me",
        "/api/v1/users/..",
        "/api/v1/users/%2e",
        "/api/v1/users/%252e%252e",
        "/api/v1/users/x%2f..%2f62716ab404a7bd8626af9bd6",
        "/api/v1/users/62716ab404a7bd8626af9bd6%00",
        "/api/v1/users/62716ab404a7bd8626af9bd6%20",
        "/api/v1/users/62716AB404A7BD8626AF9BD6",
        "/api/v1/users/62716ab404a7bd8626af9bd6/",
        "/api/v1/users/62716ab404a7bd8626af9bd6.json",
        "/api/v1/users/%",
        "/api/v1/users/%c0%ae",
        "/docs/../metrics",
        "/docs%2f..%2fmetrics",
        "/metrics/",
        "/static/../../etc/passwd",
        "/..%5c..%5cetc%5cpasswd",
    ] {
        refused(&server.get(path), 404);
    }
    assert_eq!(server.get(&format!("/api/v1/users/{id}")).json()["id"], id);
    // A percent-encoded id is the same id.
    assert_eq!(server.get(&format!("/api/v1/users/%36{}", &id[1..])).json()["id"], id);
    let absolute = server.get(&format!("http://b.example/api/v1/users/{id}"));
    assert_eq!(
        absolute.json()["links"]["self"]["href"],
        format!("http://b.example/api/v1/users/{id}")
    );
    for target in ["*", "a:80"] {
        for method in ["OPTIONS", "CONNECT", "GET"] {
            let answer = server.call(ADMIN, method, target, None);
            assert!(matches!(answer.status, 400 | 404), "{method} {target}: {answer:?}");
        }
    }
}

#[test]
fn the_first_of_repeated_parameters_counts() {
    let server = Server::start();
    assert_eq!(server.get("/api/v1/users?limit=1&limit=100&limit=x").ids().len(), 1);
    assert_eq!(server.get("/api/v1/users?limit=1&%6cimit=2").ids().len(), 1);
    refused(&server.get("/api/v1/users?limit=x&limit=1"), 400);
    let grace = "filter=name%20eq%20%22grace%20hopper%22";
    refused(&server.get(&format!("/api/v1/users?{grace}&{grace}")), 400);
    // Links contain only the parameters that took effect.
    let link =
        server.get("/api/v1/users?limit=2&limit=50&sort=-name&sort=id").link("next").unwrap();
    assert!(
        link.contains("limit=2&sort=-name&next=") && link.matches("limit").count() == 1,
        "{link}"
    );
    assert_eq!(server.get(&link).ids().len(), 2);
    refused(&server.get(&format!("{link}&prev=x")), 400);
    for target in [
        "?startingAfter=%00",
        "?endingBefore=a%00",
        "?x=%00",
        "?%00=1",
        "?tenantId=%00",
        "?next=%00",
        "?fields=%00",
    ] {
        refused(&server.get(&format!("/api/v1/users{target}")), 400);
    }
    refused(&server.call(ADMIN, "POST", "/api/v1/users/actions/filter?next=%00", None), 400);
}

#[test]
fn many_parameters_are_accepted() {
    let server = Server::start();
    let mut target = "/api/v1/users?limit=1".to_owned();
    for number in 0.. {
        let more = format!("&{number:x}");
        if target.len() + more.len() > 65_000 {
            break;
        }
        target += &more;
    }
    let answer = server.get(&target);
    assert_eq!(answer.ids().len(), 1);
    assert!(answer.link("next").unwrap().contains("&10=&11=&12=&"));
    let mut fields = "/api/v1/users?limit=100&fields=id".to_owned();
    fields += &",x".repeat(32_000 - fields.len() / 2);
    assert_eq!(server.get(&fields).json()["data"][0].as_object().unwrap().len(), 1);
    let (text, closed) = {
        let mut stream = server.connect();
        let _ = stream.write_all(&request(
            server.address,
            "GET",
            &format!("{target}{}", "&x=1".repeat(200)),
            &[BEARER],
            None,
        ));
        read_to_end(&mut stream, Duration::from_secs(10))
    };
    assert!(closed && text.starts_with("HTTP/1.1 414 "), "{text}");
}

#[test]
fn values_are_escaped_and_forwarding_headers_validated() {
    let id = "a/../b?x=1#y\r\nSet-Cookie: z=\"<script>\u{e9}";
    let encoded = "a%2F..%2Fb%3Fx%3D1%23y%0D%0ASet-Cookie%3A%20z%3D%22%3Cscript%3E%C3%A9";
    let server = Server::of(config().api_key("odd", TENANT, id), async move {
        let store = crate::server::store().await;
        let mut user = fixture().users.swap_remove(0);
        (user.id, user.subject, user.name) =
            (id.into(), "odd".into(), "\r\nX: y\u{0}</script>".replace('\0', ""));
        store.load(TENANT, Vec::new(), Vec::new(), vec![user]).await.unwrap();
        store
    });
    let me = server.call("odd", "GET", "/api/v1/users/me?a=b%0d%0aX:%20y", None);
    assert_eq!(
        me.header("location"),
        Some(format!("/api/v1/users/{encoded}?a=b%0d%0aX:%20y").as_str())
    );
    let own = server.get(&format!("/api/v1/users/{encoded}"));
    assert_eq!(own.json()["id"], id);
    let href = own.json()["links"]["self"]["href"].as_str().unwrap().to_owned();
    assert!(href.ends_with(&format!("/api/v1/users/{encoded}")), "{href}");
    for answer in [&me, &own] {
        assert!(
            answer.header("set-cookie").is_none() && answer.header("x").is_none(),
            "{answer:?}"
        );
    }
    let host = |name: &str, value: &str| {
        let answer = server.send(
            "GET",
            "/api/v1/users?limit=1",
            &[BEARER, ("Host", "a"), (name, value)],
            None,
        );
        answer.json()["links"]["self"]["href"].as_str().unwrap().to_owned()
    };
    for bad in ["b/c", "b\"", "b c", "b\u{e9}", "b@c", "b:99999", "[b]", "b#", "b?", "<b>", "", ","]
    {
        assert_eq!(host("X-Forwarded-Host", bad), "http://a/api/v1/users?limit=1", "{bad:?}");
    }
    for bad in ["javascript", "https:", "ftp", "", "http\u{e9}"] {
        assert_eq!(host("X-Forwarded-Proto", bad), "http://a/api/v1/users?limit=1", "{bad:?}");
    }
    for name in [
        "Forwarded",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Prefix",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
    ] {
        assert_eq!(host(name, "DELETE"), "http://a/api/v1/users?limit=1", "{name}");
    }
}

#[test]
fn similar_keys_are_rejected() {
    let server = Server::start();
    let mut keys: Vec<String> =
        (0..ADMIN.len()).map(|cut| ADMIN[..cut].to_owned()).filter(|key| !key.is_empty()).collect();
    keys.extend((1..ADMIN.len()).map(|cut| ADMIN[cut..].to_owned()));
    keys.extend(
        [
            "admin-key-0001x",
            "ADMIN-KEY-0001",
            "admin-key-0002",
            "admin-key-0001,",
            "\"admin-key-0001\"",
            "admin key 0001",
        ]
        .map(str::to_owned),
    );
    keys.extend([format!("{ADMIN} {ADMIN}"), format!("{ADMIN},{USER}"), "x".repeat(60_000)]);
    for key in keys {
        let answer = server.call(&key, "GET", "/api/v1/users?limit=1", None);
        refused(&answer, 401);
        assert_eq!(
            answer.json()["errors"][0]["detail"],
            "expected the header `authorization: Bearer <key>` with a valid key",
            "{key}"
        );
    }
    for target in ["?access_token=admin-key-0001", "?api_key=admin-key-0001"] {
        refused(
            &server.send(
                "GET",
                &format!("/api/v1/users{target}"),
                &[("Cookie", "authorization=admin-key-0001")],
                None,
            ),
            401,
        );
    }
}

#[test]
fn strings_that_a_database_cannot_store_are_rejected() {
    let server = Server::start();
    let post = |path: &str, body: Value| server.call(ADMIN, "POST", path, Some(&body));
    for member in ["subject", "name", "picture"] {
        let mut body = json!({ "subject": "x" });
        body[member] = "a\u{0}b".into();
        refused(&post("/api/v1/users", body), 400);
    }
    for path in ["/name", "/preferredLocale", "/preferredZoneinfo", "/email"] {
        let body = json!([{ "op": "replace", "path": path, "value": "a\u{0}@b" }]);
        refused(
            &server.call(ADMIN, "PATCH", "/api/v1/users/62716ab404a7bd8626af9bd6", Some(&body)),
            400,
        );
    }
    let invited = post(
        "/api/v1/users/actions/invite",
        json!({ "invitees": [{ "email": "a@b", "name": "a\u{0}" }] }),
    );
    let item = &invited.json()["data"][0];
    assert_eq!(
        (invited.status, &item["status"], &item["code"]),
        (207, &json!("error"), &json!("400"))
    );
    refused(
        &post("/api/v1/users/actions/filter", json!({ "filter": "name eq \"a\\u0000b\"" })),
        400,
    );
}

#[test]
fn the_number_of_errors_is_limited() {
    let server = Server::start();
    let roles = vec![0; 200_000];
    let answer = server.call(
        ADMIN,
        "POST",
        "/api/v1/users",
        Some(&json!({ "subject": "x", "assignedRoles": roles })),
    );
    refused(&answer, 400);
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 1000);
    let nobody: Vec<_> = (0..20_000).map(|_| json!({ "id": "x" })).collect();
    let patch = json!([{ "op": "replace", "path": "/name", "value": "y" }, { "op": "replace", "path": "/assignedRoles", "value": nobody }]);
    let answer =
        server.call(ADMIN, "PATCH", "/api/v1/users/62716ab404a7bd8626af9bd6", Some(&patch));
    assert_eq!((answer.status, answer.json()["errors"].as_array().unwrap().len()), (207, 1000));
}

/// Opens and drops connections; `SCIEVE_CONNECTIONS` sets their number (default 3,000).
#[test]
fn dropped_connections_leak_nothing() {
    let count =
        std::env::var("SCIEVE_CONNECTIONS").map_or(3000, |count| count.parse::<usize>().unwrap());
    let server = Server::with(config().max_connections(200));
    let files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = files();
    let whole = request(server.address, "GET", "/healthz", &[], None);
    for number in 0..count {
        // Drains the accept queue of about a hundred connections; a connection beyond it waits for
        // a second.
        if number % 64 == 0 {
            assert_eq!(server.send("GET", "/healthz", &[], None).status, 200, "after {number}");
        }
        let mut stream = loop {
            match TcpStream::connect(server.address) {
                Ok(stream) => break stream,
                // The client's ephemeral ports are exhausted for a moment.
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable, "after {number}");
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        };
        let _ = match number % 4 {
            0 => Ok(()),
            1 => stream.write_all(&whole[..7]),
            2 => stream.write_all(&whole),
            _ => stream.write_all(b"\x16\x03\x01 no HTTP\r\n\r\n"),
        };
    }
    for _ in 0..100 {
        if files() <= before + 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(files() <= before + 2, "{} open files, {before} before", files());
    assert_eq!(server.get("/api/v1/users?limit=1").status, 200);
}
