//! Property: no request leads to a status 5xx or to data of another tenant, and every error
//! response has the documented body.

use arbitrary::{Result, Unstructured};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scieve::arbitrary as generate;
use scieve_server::{self, Config, RateLimits};
use scieve_users::{CursorKey, Fixture, MemoryStore, UserStore as _};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

static FIXTURE: LazyLock<Fixture> =
    LazyLock::new(|| Fixture::from_json(include_str!("../../examples/fixture.json")).unwrap());

/// Part of every string of the other tenant, and of no request.
const SECRET: &str = "zqxjkv";

pub(crate) fn http(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut u = Unstructured::new(bytes);
    let sent = match u.ratio(1, 8) {
        Ok(true) => u.bytes(u.len()).unwrap_or_default().to_vec(),
        _ => requests(&mut u).unwrap_or_default(),
    };
    if sent.to_ascii_lowercase().windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
        return;
    }
    let responses = runtime.block_on(responses(&sent));
    inspect(&responses, &String::from_utf8_lossy(&sent));
}

async fn responses(sent: &[u8]) -> Vec<u8> {
    let store = MemoryStore::new();
    let mut others = FIXTURE.users.clone();
    for user in &mut others {
        (user.tenant_id, user.id) = (SECRET.into(), format!("{SECRET}{}", user.id));
        (user.name, user.email) =
            (format!("{SECRET} {}", user.name), Some(format!("{SECRET}@example.com")));
    }
    store
        .load(&FIXTURE.tenant, FIXTURE.roles.clone(), FIXTURE.groups.clone(), FIXTURE.users.clone())
        .await
        .unwrap();
    store.load(SECRET, FIXTURE.roles.clone(), FIXTURE.groups.clone(), others).await.unwrap();
    let config = Config::new(&FIXTURE.tenant)
        .rate_limits(RateLimits::OFF)
        .cursor_key(CursorKey::new(b"the key of the fuzz target"));
    let config = FIXTURE
        .api_keys
        .iter()
        .fold(config, |config, key| config.api_key(&key.key, &FIXTURE.tenant, &key.user_id));
    let config = config.api_key(SECRET, SECRET, format!("{SECRET}{}", FIXTURE.users[0].id));
    let router = scieve_server::router(Arc::new(store), &config).unwrap();
    let (mut near, far) = tokio::io::duplex(1 << 20);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).max_buf_size(128 << 10).max_headers(100);
    let served = builder.serve_connection(TokioIo::new(far), TowerToHyperService::new(router));
    let client = async {
        let _ = near.write_all(sent).await;
        let _ = near.shutdown().await;
        let mut responses = Vec::new();
        let _ = near.read_to_end(&mut responses).await;
        responses
    };
    tokio::join!(async { drop(served.await) }, client).1
}

fn requests(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut sent = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        request(u, &mut sent)?;
    }
    Ok(sent)
}

fn request(u: &mut Unstructured<'_>, sent: &mut Vec<u8>) -> Result<()> {
    let user = &u.choose(&FIXTURE.users)?.id;
    let path = match u.int_in_range(0..=11)? {
        0..=2 => "/api/v1/users".to_owned(),
        3 | 4 => format!("/api/v1/users/{user}"),
        5 => format!("/api/v1/users/{}", escaped(&generate::string(u)?)),
        6 => "/api/v1/users/me".to_owned(),
        7 => (*u.choose(&[
            "/api/v1/users/metadata",
            "/metrics",
            "/openapi.json",
            "/docs",
            "/healthz",
            "/api/v1/csrf-token",
        ])?)
        .to_owned(),
        8 => "/api/v1/users/actions/count".to_owned(),
        9 => "/api/v1/users/actions/filter".to_owned(),
        10 => "/api/v1/users/actions/invite".to_owned(),
        _ => (*u.choose(&[
            "*",
            "/",
            "//api/v1/users",
            "/api/v1/users/%2e%2e",
            "/api/v1/users/%ff",
            "http://a/api/v1/users",
            "/%",
            "a:80",
        ])?)
        .to_owned(),
    };
    let method = *u
        .choose(&["GET", "POST", "PATCH", "DELETE", "HEAD", "PUT", "OPTIONS", "CONNECT", "BREW"])?;
    sent.extend(format!("{method} {path}").bytes());
    for number in 0..u.int_in_range(0..=4)? {
        let name = u.choose(&[
            "filter",
            "limit",
            "sort",
            "next",
            "prev",
            "totalResults",
            "fields",
            "startingAfter",
            "endingBefore",
            "tenantId",
            "status",
            "role",
            "email",
            "subject",
            "sortBy",
            "sortOrder",
            "x",
            "",
        ])?;
        let value = match u.int_in_range(0..=6)? {
            0 => generate::filter(u, scieve_users::policy())?
                .and_then(|filter| filter.build().ok())
                .map_or_else(String::new, |filter| filter.to_string()),
            1 => generate::text(u)?,
            2 => generate::string(u)?,
            3 => (*u.choose(&[
                "1",
                "100",
                "0",
                "-1",
                "true",
                "name",
                "-name",
                "+id",
                "asc",
                "deleted",
                "active,invited",
                "id,name,roles",
            ])?)
            .to_owned(),
            4 => user.clone(),
            5 => "\u{0}".to_owned(),
            _ => u.int_in_range(0..=120)?.to_string(),
        };
        let value = if u.ratio(1, 16)? { "%zz".to_owned() } else { escaped(&value) };
        sent.extend(format!("{}{name}={value}", if number == 0 { '?' } else { '&' }).bytes());
    }
    sent.extend(
        u.choose(&[
            " HTTP/1.1\r\n",
            " HTTP/1.1\r\n",
            " HTTP/1.1\r\n",
            " HTTP/1.0\r\n",
            " HTTP/9\r\n",
            "\r\n",
        ])?
        .bytes(),
    );
    if u.ratio(15, 16)? {
        sent.extend(b"Host: a\r\n");
    }
    let key = *u.choose(&[
        "admin-key-0001",
        "admin-key-0001",
        "admin-key-0001",
        "user-key-0002",
        "x",
        "",
    ])?;
    sent.extend(format!("Authorization: Bearer {key}\r\n").bytes());
    for _ in 0..u.int_in_range(0..=2)? {
        sent.extend(
            u.choose(&[
                "Content-Type: application/json\r\n",
                "Content-Type: text/plain\r\n",
                "Content-Type: \r\n",
                "Content-Encoding: gzip\r\n",
                "Expect: 100-continue\r\n",
                "X-Forwarded-Host: b\r\n",
                "X-Forwarded-Host: b/\r\n",
                "X-Forwarded-Proto: https\r\n",
                "Host: b\r\n",
                "Content-Length: 3\r\n",
                "Transfer-Encoding: chunked\r\n",
                "Connection: close\r\n",
                "Connection: upgrade\r\nUpgrade: h2c\r\n",
                "X: \u{e9}\r\n",
                " folded\r\n",
                "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n",
                "Range: bytes=0-1\r\n",
                "If-None-Match: *\r\n",
                "Origin: null\r\n",
            ])?
            .bytes(),
        );
    }
    let body = body(u)?;
    if u.ratio(15, 16)? {
        sent.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    sent.extend(b"\r\n");
    sent.extend(body.bytes());
    Ok(())
}

fn body(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=6)? {
        0 => String::new(),
        1 => {
            let filter = generate::filter(u, scieve_users::policy())?.and_then(|filter| filter.build().ok());
            serde_json::json!({ "filter": filter.map(|filter| filter.to_string()) }).to_string()
        }
        2 => serde_json::json!({ "subject": generate::string(u)?, "name": generate::string(u)?, "email": "a@b", "status": "invited" }).to_string(),
        3 => serde_json::json!([{ "op": u.choose(&["replace", "add", "unset"])?, "path": u.choose(&["/name", "/email", "/status"])?, "value": generate::string(u)? }]).to_string(),
        4 => serde_json::json!({ "invitees": [{ "email": u.choose(&["a@b", "grace@corp.example", "x"])?, "name": generate::string(u)? }] }).to_string(),
        5 => (*u.choose(&["{", "[]", "{}", "null", "[[[[", "\"", "1e999", "{\"filter\":1}", "[{}]", "{\"invitees\":{}}"])?).to_owned(),
        _ => generate::text(u)?,
    })
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Checks each response, delimited by its length. Responses to HEAD have no body, so the next one
/// follows immediately.
fn inspect(responses: &[u8], sent: &str) {
    let text = String::from_utf8_lossy(responses);
    assert!(!text.contains(SECRET), "data of another tenant: {text}\n{sent}");
    for (at, _) in text.match_indices("HTTP/1.1 5").chain(text.match_indices("HTTP/1.0 5")) {
        assert!(at > 0 && !text[..at].ends_with('\n'), "{}\n{sent}", &text[at..]);
    }
    assert!(!text.starts_with("HTTP/1.1 5") && !text.starts_with("HTTP/1.0 5"), "{text}\n{sent}");
    let mut rest = &*text;
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        let status = head.get(9..12).unwrap_or("");
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .and_then(|length| length.parse().ok())
        });
        let body = after.get(..length.unwrap_or(0)).unwrap_or("");
        let bodiless = after.is_empty() || after.starts_with("HTTP/1.");
        if status.starts_with('4') && !bodiless {
            let body: Value = serde_json::from_str(body)
                .unwrap_or_else(|error| panic!("{error}: {text}\n{sent}"));
            assert!(
                body["errors"][0]["title"].is_string()
                    && body["traceId"].as_str().is_some_and(|id| id.len() == 32),
                "{body}"
            );
        }
        rest = if bodiless { after } else { &after[body.len()..] };
    }
}
