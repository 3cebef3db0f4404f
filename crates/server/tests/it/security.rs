//! Guarantees of SECURITY.md about the users store and the server, a test for each sentence that
//! `hardening.rs`, `access.rs`, `pages.rs` and `http.rs` do not test by its wording.

use crate::server::{ADMIN, Answer, Server, TENANT, config, fixture};
use crate::token::encode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use scieve_server::{Config, Jwt, JwtAlgorithm};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

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
