//! The sentences of SECURITY.md. `tests/corpus/security.jsonl` lists the tests of each sentence; those
//! that are not in another file are here.

use crate::server::{ADMIN, Answer, Server, TENANT, USER, config, fixture, request};
use crate::token::encode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use regex::Regex;
use scieve_server::{Config, Jwt, JwtAlgorithm, RateLimits};
use scieve_users::{Timestamp, User};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SECURITY: &str = include_str!("../../../../SECURITY.md");
const TESTS: &str = include_str!("../../../../tests/corpus/security.jsonl");

/// Returns the sentences of SECURITY.md from the guarantees on, and of each table row the limit.
/// Titles in bold are sentences too.
fn sentences() -> Vec<String> {
    let (_, text) = SECURITY.split_once("## Guarantees").unwrap();
    let end = Regex::new("[.:] (?P<next>[A-Z])").unwrap();
    let mut sentences = Vec::new();
    let mut add = |paragraph: &mut String| {
        let paragraph = std::mem::take(paragraph).replace("**", "");
        let mut start = 0;
        for found in end.find_iter(&paragraph) {
            sentences.push(paragraph[start..=found.start()].to_owned());
            start = found.end() - 1;
        }
        sentences.extend(Some(paragraph[start..].to_owned()).filter(|rest| !rest.is_empty()));
    };
    let mut paragraph = String::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with(['#', '-', '|']) {
            add(&mut paragraph);
        }
        if let Some(row) = line.strip_prefix("| ") {
            let limit = row.split(" | ").next().unwrap();
            add(&mut Some(limit.to_owned()).filter(|limit| limit != "limit").unwrap_or_default());
        } else if !line.starts_with(['#', '|']) {
            let line = line.trim_start_matches("- ").trim_start();
            paragraph += if paragraph.is_empty() { "" } else { " " };
            paragraph += line;
        }
    }
    add(&mut paragraph);
    sentences
}

#[test]
fn every_sentence_has_the_listed_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed: Vec<Value> =
        TESTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wording: Vec<&str> = listed.iter().map(|row| row["sentence"].as_str().unwrap()).collect();
    assert_eq!(sentences(), wording, "update `tests/corpus/security.jsonl` and the tests");
    for row in &listed {
        for test in row["tests"].as_array().unwrap() {
            let (file, name) = test.as_str().unwrap().split_once("::").unwrap();
            let source = std::fs::read_to_string(root.join(file)).unwrap();
            let defined = [format!("fn {name}("), format!("fn {name}<")];
            assert!(defined.iter().any(|text| source.contains(text)), "{test} does not exist");
        }
    }
}

/// Returns the status for a token whose header has this `kid`, with a verifier of one key.
fn status_with_kid(jwt: Jwt, kid: Option<&str>) -> u16 {
    let server = Server::with(config().jwt(jwt));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "sub": "auth0|a08d6d9137f3b2a7", "iss": "https://idp.example", "aud": "users", "exp": now + 300
    });
    let mut header = Header::new(Algorithm::HS256);
    header.kid = kid.map(str::to_owned);
    let token = encode(&header, &claims, &EncodingKey::from_secret(SECRET)).unwrap();
    server.call(&token, "GET", "/api/v1/users/me", None).status
}

fn one_key() -> Jwt {
    Jwt::with_key(JwtAlgorithm::Hs256, SECRET, "https://idp.example", "users").unwrap()
}

#[test]
fn tokens_with_an_unknown_kid_are_rejected() {
    assert_eq!(status_with_kid(one_key(), None), 301);
    assert_eq!(status_with_kid(one_key(), Some("a")), 401);
    assert_eq!(status_with_kid(one_key(), Some("")), 401);
    assert_eq!(status_with_kid(one_key().key_id("a"), Some("a")), 301);
    assert_eq!(status_with_kid(one_key().key_id("a"), Some("b")), 401);
    assert_eq!(status_with_kid(one_key().key_id("a"), None), 301);
    let set =
        json!({ "keys": [{ "kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" }] });
    let set = || Jwt::with_key_set(&set.to_string(), "https://idp.example", "users").unwrap();
    assert_eq!([None, Some("a")].map(|kid| status_with_kid(set(), kid)), [301, 401]);
}

#[test]
fn api_keys_are_stored_as_sha_256_hashes() {
    let config = Config::new(TENANT).api_key("markedkey", TENANT, "u1");
    assert!(!format!("{config:?}").contains("markedkey"));
    // A hash alone authenticates its key.
    let key = &fixture().api_keys[0];
    let hash = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&key.key));
    let credentials =
        scieve_server::Credentials::new().key_hash(hash, TENANT, key.user_id.as_str());
    let (_sender, receiver) = tokio::sync::watch::channel(credentials);
    let server = Server::with(Config::new(TENANT).watch_credentials(receiver));
    assert_eq!(server.call(&key.key, "GET", "/api/v1/users/me", None).status, 301);
    assert_eq!(server.call("another", "GET", "/api/v1/users/me", None).status, 401);
}

/// Sends bytes and reads until the server closes the connection.
fn exchange(server: &Server, bytes: &str) -> String {
    let mut stream = server.connect();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn several_content_length_headers_are_rejected_and_the_connection_is_closed() {
    let server = Server::start();
    for lengths in
        ["Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2\r\nContent-Length: 3"]
    {
        let head = format!("POST /api/v1/users HTTP/1.1\r\nHost: a\r\n{lengths}\r\n\r\n{{}}");
        let text = exchange(&server, &format!("{head}GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(text.starts_with("HTTP/1.1 400 "), "{lengths}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{lengths}: {text}");
    }
}

#[test]
fn input_that_is_not_valid_http_1_1_never_reaches_the_api() {
    let server = Server::start();
    for bytes in
        ["nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"]
    {
        let text = exchange(&server, bytes);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "{bytes:?}: {text}");
    }
    // No request was counted but this one.
    let metrics = server.send("GET", "/metrics", &[], None).text;
    assert!(!metrics.contains("status=\"400\""), "{metrics}");
}

#[test]
fn compressed_request_bodies_are_rejected_with_status_415() {
    let server = Server::start();
    for encoding in ["gzip", "deflate", "br", "zstd", "identity, gzip"] {
        let headers = [
            ("Authorization", "Bearer admin-key-0001"),
            ("Content-Type", "application/json"),
            ("Content-Encoding", encoding),
        ];
        let answer: Answer = server.send("POST", "/api/v1/users", &headers, Some(b"{}"));
        assert_eq!(answer.status, 415, "{encoding}");
    }
}

#[test]
fn every_api_response_with_an_error_status_has_the_documented_json_body() {
    let server = Server::start();
    let long = format!("/api/v1/users?filter={}", "a".repeat(66_000));
    for (method, target, key, status) in [
        ("GET", "/nowhere", ADMIN, 404),
        ("PUT", "/api/v1/users", ADMIN, 405),
        ("GET", "/api/v1/users", "unknown", 401),
        ("GET", "/api/v1/users?limit=0", ADMIN, 400),
        ("DELETE", "/api/v1/users/x", "user-key-0002", 403),
        ("GET", &long, ADMIN, 414),
    ] {
        let answer = server.call(key, method, target, None);
        assert_eq!(answer.status, status);
        let body = answer.json();
        assert!(body["errors"][0]["code"].is_string(), "{body}");
        assert_eq!(body["errors"][0]["status"], status);
        assert_eq!(body["traceId"].as_str().unwrap().len(), 32, "{body}");
    }
}

fn encoded(filter: &str) -> String {
    percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn a_filter_searches_the_strings_of_all_users_for_a_maximum_of_10_substrings() {
    for joiner in [" and ", " or "] {
        for attributes in [&["name"][..], &["name", "email", "subject"][..]] {
            let clause = |n: usize| format!("{} co \"word {n}\"", attributes[n % attributes.len()]);
            let filter = |count| (0..count).map(clause).collect::<Vec<_>>().join(joiner);
            scieve_users::policy().parse(&filter(10)).unwrap();
            let errors = scieve_users::policy().parse(&filter(11)).unwrap_err();
            assert!(errors.iter().any(|error| error.code() == scieve::Code::TooCostly));
        }
    }
}

#[test]
fn a_filter_that_the_policy_does_not_allow_is_never_evaluated() {
    let server = Server::start();
    for filter in [
        "name ne \"Bob\"",
        "name sw \"B\"",
        "name pr",
        "not (name eq \"Bob\")",
        "picture eq \"x\"",
        "picture eq \"x\" or name eq \"Bob\"",
        "name eq \"Bob\" or",
        "name eq \"Bob\" || name eq \"Alice\"",
        "name like \"%\"",
        "name eq null",
        "assignedRoles[name eq \"Developer\"]",
        "urn:ietf:params:scim:schemas:core:2.0:User:name eq \"Bob\"",
        "1 eq 1",
        "true",
        " ",
    ] {
        let body = json!({ "filter": filter });
        let list = server.get(&format!("/api/v1/users?filter={}", encoded(filter)));
        let action = server.call(ADMIN, "POST", "/api/v1/users/actions/filter", Some(&body));
        for answer in [list, action] {
            assert_eq!(answer.status, 400, "{filter}");
            assert_eq!(answer.json().get("data"), None, "{filter}");
        }
    }
}

#[test]
fn names_addresses_subjects_and_groups_are_visible_to_every_caller_of_the_tenant() {
    let server = Server::start();
    let alice = fixture().users.into_iter().find(|user| user.name == "Alice").unwrap();
    let shown = server.call(USER, "GET", &format!("/api/v1/users/{}", alice.id), None).json();
    assert_eq!(shown["name"], alice.name);
    assert_eq!(shown["email"], alice.email.unwrap());
    assert_eq!(shown["subject"], alice.subject);
    assert_eq!(shown["assignedGroups"][0]["name"], alice.assigned_groups[0].name);
    for attribute in ["name", "email", "subject"] {
        let filter = encoded(&format!("{attribute} eq {}", shown[attribute]));
        let target = format!("/api/v1/users?filter={filter}");
        assert!(server.call(USER, "GET", &target, None).ids().contains(&alice.id));
    }
}

#[test]
fn no_request_leaves_a_tenant_without_an_administrator() {
    let operator = User::new("operator", TENANT, "operator", Timestamp::from_millis(0));
    let server = Server::with(config().administrator_key("operator", operator));
    let filter = encoded("assignedRoles.name eq \"TenantAdmin\" and status eq \"active\"");
    let administrators = server.get(&format!("/api/v1/users?filter={filter}")).ids();
    let (last, others) = administrators.split_last().unwrap();
    for id in others {
        let target = format!("/api/v1/users/{id}");
        assert_eq!(server.call("operator", "DELETE", &target, None).status, 204);
    }
    let target = format!("/api/v1/users/{last}");
    let patch = |path: &str, value: Value| {
        let body = json!([{ "op": "replace", "path": path, "value": value }]);
        server.call("operator", "PATCH", &target, Some(&body))
    };
    for answer in [
        patch("/status", json!("disabled")),
        patch("/assignedRoles", json!([])),
        patch("/assignedRoles", json!([{ "name": "Developer" }])),
        server.call("operator", "DELETE", &target, None),
    ] {
        assert_eq!(answer.status, 409, "{answer:?}");
    }
    assert_eq!(server.call("operator", "GET", &target, None).json()["status"], "active");
}

#[test]
fn each_presented_key_is_compared_with_all_stored_hashes() {
    let user = fixture().users[0].id.clone();
    let keys = ["key-1", "key-2", "key-3"];
    let config = keys.iter().fold(Config::new(TENANT), |all, key| all.api_key(key, TENANT, &user));
    let server = Server::with(config);
    let status = |key: &str| server.call(key, "GET", "/api/v1/users/me", None).status;
    assert_eq!(keys.map(status), [301; 3]);
    assert_eq!(status("key-4"), 401);
    // Times cannot be tested reliably.
    let source = include_str!("../../src/credentials.rs");
    assert!(source.contains(".ct_eq(&hash)") && source.contains(".fold("), "not in constant time");
}

#[test]
fn failed_attempts_are_not_counted() {
    let mut limits = RateLimits::default();
    limits.tier1 = Some(1);
    let server = Server::with(config().rate_limits(limits));
    for _ in 0..20 {
        assert_eq!(server.call("wrong", "GET", "/api/v1/users", None).status, 401);
    }
    assert_eq!(server.get("/api/v1/users?limit=1").status, 200);
}

#[test]
fn tokens_are_verified_with_a_tolerance_of_30_s() {
    let server = Server::with(config().jwt(one_key()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let status = |exp: u64, nbf: u64| {
        let claims = json!({
            "sub": "auth0|a08d6d9137f3b2a7", "iss": "https://idp.example", "aud": "users",
            "exp": exp, "nbf": nbf
        });
        let header = Header::new(Algorithm::HS256);
        let token = encode(&header, &claims, &EncodingKey::from_secret(SECRET)).unwrap();
        server.call(&token, "GET", "/api/v1/users/me", None).status
    };
    assert_eq!(status(now + 300, now), 301);
    // Half of the tolerance, so that the test may take some seconds.
    assert_eq!([status(now - 15, now - 60), status(now + 300, now + 15)], [301, 301]);
    // More than the tolerance by more than the test takes.
    assert_eq!([status(now - 31, now - 60), status(now + 300, now + 300)], [401, 401]);
}

#[test]
fn the_limits_have_the_listed_defaults() {
    let config = format!("{:?}", Config::new(TENANT));
    for (listed, default) in [
        ("128 KiB, 100 headers", "head_bytes: 131072, max_headers: 100,"),
        ("512,000 bytes", "body_bytes: 512000,"),
        ("a body | 30 s", "head: 30s, body: 30s, answer: 30s,"),
        ("further ones wait | 10,000", "max_connections: 10000,"),
        ("total together | 2 s", "search: SearchLimits { time: 2s, per_user: 2, total: 4 }"),
        ("1000, 100, 200", "tier1: Some(1000), tier2: Some(100), special: Some(200)"),
    ] {
        assert!(SECURITY.contains(listed), "{listed}");
        assert!(config.contains(default), "{default} is not in {config}");
    }
    assert!(SECURITY.contains("comparisons | 1,000 | 400"));
    assert_eq!(scieve_users::policy().limits().cost, 1_000);
}

#[test]
fn a_request_line_over_65_534_bytes_is_rejected_with_status_414() {
    let server = Server::start();
    let status = |bytes: usize| {
        let rest = "GET /?a= HTTP/1.1".len();
        let target = format!("/?a={}", "a".repeat(bytes - rest));
        server.send("GET", &target, &[], None).status
    };
    assert_ne!(status(65_534), 414);
    assert_eq!(status(65_534 + "GET  HTTP/1.1".len() + 1), 414);
}

#[test]
fn a_body_over_512_000_bytes_is_rejected_with_status_413() {
    let server = Server::start();
    let status = |bytes: usize| {
        let headers =
            [("Authorization", "Bearer admin-key-0001"), ("Content-Type", "application/json")];
        server.send("POST", "/api/v1/users", &headers, Some(&vec![b' '; bytes])).status
    };
    assert_eq!([status(512_000), status(512_001)], [400, 413]);
}

#[test]
fn links_from_request_headers_are_not_cacheable() {
    let server = Server::start();
    let bearer = ("Authorization", "Bearer admin-key-0001");
    let host = ("X-Forwarded-Host", "attacker.example");
    let answer = server.send("GET", "/api/v1/users?limit=1", &[bearer, host], None);
    assert!(answer.text.contains("attacker.example"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!server.get("/api/v1/users?limit=1").text.contains("attacker.example"));
}

#[test]
fn unauthenticated_endpoints_require_no_key_and_the_others_do() {
    let server = Server::start();
    let open = [
        "/livez",
        "/readyz",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/api/v1/csrf-token",
        "/resources/autogenerated/product-info.json",
    ];
    for path in open {
        assert!(SECURITY.contains(&format!("`{path}`")), "{path}");
        let status = server.send("GET", path, &[], None).status;
        assert!(matches!(status, 200 | 204), "{path}: {status}");
    }
    assert!(server.send("GET", "/metrics", &[], None).text.contains("\nscieve_users"));
    let api: Value = server.send("GET", "/openapi.json", &[], None).json();
    let mut closed = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in ["get", "post", "patch", "delete"] {
            if methods.get(method).is_none() || open.contains(&path.as_str()) || path == "/" {
                continue;
            }
            let path = path.replace("{userId}", "x");
            let answer = server.send(&method.to_uppercase(), &path, &[], None);
            // A path may document the status of methods that it does not have.
            assert!(matches!(answer.status, 401 | 405), "{method} {path}");
            closed += usize::from(answer.status == 401);
        }
    }
    assert!(closed >= 9, "{closed}");
}

#[test]
fn a_body_without_a_valid_key_is_not_buffered() {
    let server = Server::start();
    let mut stream = server.connect();
    let headers = [("Content-Length", "400000"), ("Expect", "100-continue")];
    let head = request(server.address, "POST", "/api/v1/users", &headers, None);
    stream.write_all(&head).unwrap();
    // The final response comes before the body is sent.
    assert_eq!(Answer::read(&mut stream, "POST").status, 401);
}
