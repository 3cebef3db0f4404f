//! HTTP semantics: methods, headers, bodies, limits, errors, links and CORS.

use crate::server::{ADMIN, Answer, Server, TENANT, USER, config, request, store};
use scieve_server::{Cors, RateLimits, Timeouts};
use scieve_users::{
    MemoryStore, NewUser, Operation, Patched, Precondition, StoreError, User, UserStore,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

const BEARER: (&str, &str) = ("Authorization", "Bearer admin-key-0001");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Checks the body of an error response; results of invitations have another form.
fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let error = &body["errors"][0];
    assert!(error["code"].as_str().unwrap().starts_with("USERS-"), "{body}");
    assert!(!error["title"].as_str().unwrap().is_empty());
    assert_eq!(error["status"], status);
    let trace = body["traceId"].as_str().unwrap();
    assert!(
        trace.len() == 32
            && trace.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{trace}"
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn errors_have_a_uniform_body() {
    let server = Server::start();
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        let headers: Vec<_> = [BEARER].into_iter().chain(headers.iter().copied()).collect();
        server.send("POST", "/api/v1/users", &headers, Some(body))
    };
    for path in [
        "/api",
        "/api/v1/users/",
        "/api/v1//users",
        "/api/v1/users/a/b",
        "/api/v1/users/%2e%2e/x",
        "/API/v1/users",
        "/api/v1/users/me/",
    ] {
        is_problem(&server.get(path), 404);
        is_problem(&server.send("GET", path, &[], None), 404);
    }
    for path in [
        "/api/v1/users/%FF",
        "/api/v1/users/%2e%2e",
        "/api/v1/users/..%2fusers",
        "/api/v1/users/actions",
        "/api/v1/users/%6de",
    ] {
        is_problem(&server.get(path), 404);
        is_problem(&server.send("GET", path, &[], None), 401);
    }
    for target in [
        "?filter=%",
        "?filter=%4",
        "?x=%zz",
        "?%=1",
        "?filter=%FF",
        "?limit",
        "?limit=",
        "?limit=+5",
        "?limit=5.",
        "?limit=1e1",
        "?limit=101",
        "?limit=0",
    ] {
        is_problem(&server.get(&format!("/api/v1/users{target}")), 400);
    }
    is_problem(&post(&[JSON], b"{\"subject\":\"\xff\"}"), 400);
    is_problem(&post(&[JSON], b"{} {}"), 400);
    is_problem(&post(&[JSON], "[".repeat(100_000).as_bytes()), 400);
    is_problem(&post(&[("Content-Type", "text/plain")], b"{}"), 415);
    is_problem(&post(&[("Content-Type", "application/json-patch+json")], b"{}"), 415);
    is_problem(&post(&[JSON, ("Content-Encoding", "gzip")], b"{}"), 415);
    is_problem(&post(&[JSON], &vec![b' '; 512_001]), 413);
    is_problem(&post(&[JSON], &vec![b' '; 512_000]), 400);
    is_problem(&server.send("GET", "/api/v1/users", &[BEARER, BEARER], None), 401);
    is_problem(&server.send("GET", "/api/v1/users", &[("Authorization", "Basic YTpi")], None), 401);
    is_problem(&server.call(USER, "DELETE", "/api/v1/users/62716ab404a7bd8626af9bd6", None), 403);
    assert_eq!(
        server.send("GET", "/api/v1/users", &[], None).header("www-authenticate"),
        Some("Bearer")
    );
    for type_ in ["application/json; charset=utf-8", "APPLICATION/JSON", ""] {
        let subject = json!({ "subject": format!("type {type_}") }).to_string();
        assert_eq!(post(&[("Content-Type", type_)], subject.as_bytes()).status, 201, "{type_}");
    }
}

#[test]
fn errors_of_invitations_have_numeric_codes() {
    let server = Server::start();
    let path = "/api/v1/users/actions/invite";
    let answers = [
        (server.send("POST", path, &[], None), 401),
        (server.call(USER, "POST", path, Some(&json!({ "invitees": [] }))), 403),
        (server.call(ADMIN, "POST", path, Some(&json!({ "invitees": 1 }))), 400),
        (server.call(ADMIN, "PUT", path, None), 405),
        (server.send("POST", path, &[BEARER, ("Content-Type", "text/plain")], Some(b"{}")), 415),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["errors"][0]["code"], status);
        assert!(answer.json()["errors"][0]["title"].is_string());
    }
}

#[test]
fn unsupported_methods_are_rejected() {
    let server = Server::start();
    for (method, path, allow) in [
        ("PUT", "/api/v1/users", "GET,HEAD,POST"),
        ("POST", "/api/v1/users/62716ab404a7bd8626af9bd6", "GET,HEAD,PATCH,DELETE"),
        ("DELETE", "/api/v1/users/me", "GET,HEAD"),
        ("PATCH", "/api/v1/users/actions/filter", "POST,GET,HEAD"),
        ("GET", "/api/v1/users/actions/filter", "POST"),
        ("HEAD", "/api/v1/users/actions/invite", "POST"),
        ("OPTIONS", "/api/v1/users", "GET,HEAD,POST"),
        ("BREW", "/healthz", "GET,HEAD"),
    ] {
        let answer = server.send(method, path, &[], None);
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
        if method != "HEAD" {
            is_problem(&answer, 405);
        }
    }
    for path in [
        "/api/v1/users?limit=3",
        "/api/v1/users/62716ab404a7bd8626af9bd6",
        "/api/v1/users/me",
        "/api/v1/users/nobody",
        "/nowhere",
        "/docs",
    ] {
        let (get, head) = (server.get(path), server.call(ADMIN, "HEAD", path, None));
        assert_eq!(
            (head.status, head.header("content-type")),
            (get.status, get.header("content-type")),
            "{path}"
        );
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
}

#[test]
fn a_rejected_body_is_drained() {
    let server = Server::start();
    let body = vec![b'x'; 30_000_000];
    for (headers, status) in [(vec![BEARER, JSON], 413), (vec![JSON], 401)] {
        let mut stream = server.connect();
        stream
            .write_all(&request(server.address, "POST", "/api/v1/users", &headers, Some(&body)))
            .unwrap();
        is_problem(&Answer::read(&mut stream, "POST"), status);
        stream
            .write_all(&request(server.address, "GET", "/api/v1/users?limit=1", &[BEARER], None))
            .unwrap();
        assert_eq!(Answer::read(&mut stream, "GET").status, 200);
    }
    // A chunked body beyond the limit.
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
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    for _ in 0..10 {
        stream.write_all(&chunk).unwrap();
    }
    is_problem(&Answer::read(&mut stream, "POST"), 413);
    // A client that waits for `100 Continue` does not send a body that is too large.
    let mut stream = server.connect();
    let head = request(
        server.address,
        "POST",
        "/api/v1/users",
        &[BEARER, JSON, ("Expect", "100-continue"), ("Content-Length", "600000")],
        None,
    );
    stream.write_all(&head).unwrap();
    let answer = Answer::read(&mut stream, "POST");
    is_problem(&answer, 413);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn slow_requests_time_out() {
    let timeouts = {
        let mut timeouts = Timeouts::default();
        (timeouts.head, timeouts.body) = (Duration::from_millis(300), Duration::from_millis(300));
        timeouts
    };
    let server = Server::with(config().timeouts(timeouts));
    let mut stream = server.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n").unwrap();
    let start = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(start.elapsed() < Duration::from_secs(5));
    let mut stream = server.connect();
    let mut head = request(
        server.address,
        "POST",
        "/api/v1/users",
        &[BEARER, JSON, ("Content-Length", "100")],
        None,
    );
    head.push(b'{');
    stream.write_all(&head).unwrap();
    is_problem(&Answer::read(&mut stream, "POST"), 408);
}

#[test]
fn request_heads_are_limited() {
    let server = Server::start();
    let mut stream = server.connect();
    let _ = stream.write_all(&request(
        server.address,
        "GET",
        "/healthz",
        &[("X", &"x".repeat(200_000))],
        None,
    ));
    assert_eq!(Answer::read(&mut stream, "GET").status, 431);
    let many: Vec<String> = (0..200).map(|number| format!("X-{number}")).collect();
    let headers: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert_eq!(server.send("GET", "/healthz", &headers, None).status, 431);
    for head in [
        "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream, "GET").status, 400, "{head}");
    }
}

#[test]
fn links_use_the_public_address() {
    let server = Server::start();
    let current = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = [BEARER].into_iter().chain(headers.iter().copied()).collect();
        let answer = server.send("GET", "/api/v1/users?limit=1", &headers, None);
        if answer.status == 200 {
            answer.json()["links"]["self"]["href"].as_str().unwrap().to_owned()
        } else {
            answer.status.to_string()
        }
    };
    let is = |origin: &str| format!("{origin}/api/v1/users?limit=1");
    assert_eq!(current(&[]), is(&format!("http://{}", server.address)));
    assert_eq!(
        current(&[("Host", "a.example:81"), ("X-Forwarded-Proto", "https")]),
        is("https://a.example:81")
    );
    assert_eq!(
        current(&[
            ("X-Forwarded-Host", "b.example, c.example"),
            ("X-Forwarded-Proto", "HTTPS, http")
        ]),
        is("https://b.example")
    );
    assert_eq!(
        current(&[
            ("Host", "a"),
            ("X-Forwarded-Host", "b/\"><script>"),
            ("X-Forwarded-Proto", "javascript")
        ]),
        is("http://a")
    );
    for bad in ["a b", "a/b", "a\"b", "a@b", "", "a:99999"] {
        assert_eq!(current(&[("Host", bad)]), "400", "{bad:?}");
    }
    assert_eq!(current(&[("Host", "a"), ("Host", "b")]), "400");
    let public = Server::with(config().public_url("https://x.example/base/").unwrap());
    let answer = public.get("/api/v1/users?limit=1");
    assert_eq!(
        answer.json()["links"]["self"]["href"],
        "https://x.example/base/api/v1/users?limit=1"
    );
    assert_eq!(
        public.get("/api/v1/users/me").header("location"),
        Some("/base/api/v1/users/62716ab404a7bd8626af9bd6")
    );
    let me = server.get("/api/v1/users/me?fields=id&x=%0d%0aSet-Cookie:a");
    assert_eq!(
        me.header("location"),
        Some("/api/v1/users/62716ab404a7bd8626af9bd6?fields=id&x=%0d%0aSet-Cookie:a")
    );
    assert_eq!(me.header("set-cookie"), None);
}

#[test]
fn rate_limited_requests_get_retry_after() {
    let limits = {
        let mut limits = RateLimits::default();
        (limits.tier1, limits.special) = (Some(2), Some(1));
        limits
    };
    let server = Server::with(config().rate_limits(limits));
    let list = || server.get("/api/v1/users?limit=1");
    assert_eq!((list().status, list().status), (200, 200));
    let refused = list();
    is_problem(&refused, 429);
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((55..=60).contains(&seconds), "{seconds}");
    assert_eq!(server.call(USER, "GET", "/api/v1/users?limit=1", None).status, 200);
    assert_eq!(server.call(ADMIN, "POST", "/api/v1/users/actions/filter", None).status, 200);
    is_problem(
        &server.call(ADMIN, "POST", "/api/v1/users/actions/filter", Some(&json!("no object"))),
        429,
    );
    is_problem(&server.call("wrong", "GET", "/api/v1/users", None), 401);
    is_problem(&server.send("PUT", "/api/v1/users", &[BEARER], None), 405);
    let metrics = server.send("GET", "/metrics", &[], None).text;
    assert!(
        metrics.contains("scieve_http_rate_limited_total{endpoint=\"GET /api/v1/users\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("scieve_users 12"), "{metrics}");
}

#[test]
fn cors_is_configurable() {
    let preflight = [
        ("Origin", "https://a.example"),
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let closed = Server::start().send("OPTIONS", "/api/v1/users", &preflight, None);
    assert_eq!((closed.status, closed.header("access-control-allow-origin")), (405, None));
    let server =
        Server::with(config().cors(Cors::Origins(vec!["https://a.example".parse().unwrap()])));
    let open = server.send("OPTIONS", "/api/v1/users", &preflight, None);
    assert_eq!(
        (open.status, open.header("access-control-allow-origin")),
        (200, Some("https://a.example"))
    );
    assert!(open.header("access-control-allow-headers").unwrap().contains("authorization"));
    let refused = server.send("GET", "/api/v1/users", &[("Origin", "https://a.example")], None);
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("https://a.example"))
    );
    assert_eq!(
        server
            .send("GET", "/healthz", &[("Origin", "https://b.example")], None)
            .header("access-control-allow-origin"),
        None
    );
}

#[test]
fn endpoints_without_authentication() {
    let server = Server::start();
    for (path, kind) in [
        ("/healthz", "application/json"),
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
        ("/resources/autogenerated/product-info.json", "application/json"),
    ] {
        let answer = server.send("GET", path, &[], None);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
    }
    let token = server.send("GET", "/api/v1/csrf-token", &[], None);
    assert_eq!(token.status, 204);
    assert_eq!(token.header("qlik-csrf-token").unwrap().len(), 32);
}

#[test]
fn trace_ids_are_propagated() {
    let server = Server::start();
    let parent = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_eq!(
        server.send("GET", "/nowhere", &[parent], None).json()["traceId"],
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    assert_ne!(server.get("/nowhere").json()["traceId"], server.get("/nowhere").json()["traceId"]);
}

#[tokio::test]
async fn the_router_can_be_mounted() {
    let api = scieve_server::router(Arc::new(store().await), &config()).unwrap();
    let app = axum::Router::new().nest("/directory", api);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let answers = tokio::task::spawn_blocking(move || {
        ["/directory/api/v1/users?limit=1", "/directory/api/v1/users/me", "/directory/nowhere"].map(
            |path| {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.write_all(&request(address, "GET", path, &[BEARER], None)).unwrap();
                Answer::read(&mut stream, "GET")
            },
        )
    });
    let [list, me, nowhere] = answers.await.unwrap();
    let next = list.json()["links"]["next"]["href"].as_str().unwrap().to_owned();
    assert!(
        next.starts_with(&format!("http://{address}/directory/api/v1/users?limit=1&next=")),
        "{next}"
    );
    assert_eq!(me.header("location"), Some("/directory/api/v1/users/62716ab404a7bd8626af9bd6"));
    is_problem(&nowhere, 404);
}

/// A store that fails in `create`, `patch` and `count`.
struct Broken(MemoryStore);

impl UserStore for Broken {
    crate::delegate::delegate!(0: list get_by_subject get delete_if invite roles groups load);

    async fn create(&self, _: &str, _: NewUser) -> Result<Arc<User>, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn patch_if(
        &self,
        _: &str,
        _: &str,
        _: &[Operation],
        _: &Precondition,
    ) -> Result<Patched, StoreError> {
        Err(StoreError::Internal("secret".into()))
    }

    async fn count(&self, _: &str) -> Result<u64, StoreError> {
        panic!("broken")
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        Err(StoreError::Unavailable)
    }
}

#[test]
fn store_errors_are_500_or_503_without_details() {
    let server = Server::of(config(), async { Broken(store().await) });
    let patch: Value = json!([{ "op": "replace", "path": "/name", "value": "x" }]);
    for answer in [
        server.get("/api/v1/users/actions/count"),
        server.call(ADMIN, "PATCH", "/api/v1/users/62716ab404a7bd8626af9bd6", Some(&patch)),
    ] {
        is_problem(&answer, 500);
        assert!(
            !answer.text.contains("secret") && !answer.text.contains("broken"),
            "{}",
            answer.text
        );
    }
    let away = server.call(ADMIN, "POST", "/api/v1/users", Some(&json!({ "subject": "x" })));
    is_problem(&away, 503);
    assert!(
        away.header("retry-after").is_some_and(|seconds| seconds.parse::<u8>().is_ok()),
        "{away:?}"
    );
    assert_eq!(server.get("/api/v1/users?limit=1").status, 200);
    // The store cannot write, which does not prevent reading.
    assert_eq!(
        ["/readyz", "/healthz", "/livez"].map(|path| server.get(path).status),
        [503, 503, 200]
    );
    assert_eq!(TENANT, crate::server::fixture().tenant);
}
