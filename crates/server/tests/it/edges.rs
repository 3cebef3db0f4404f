//! Edges of the API: what is not understood is rejected instead of ignored, and errors name what the
//! caller wrote.

use crate::server::{ADMIN, Answer, Server, USER};
use serde_json::{Value, json};
use std::io::Write as _;

const ALICE: &str = "62716ab404a7bd8626af9bd6";
const BOB: &str = "62716ac4c7e500e13ff5fa22";

fn rejected(answer: &Answer, source: &str, detail: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    let error = &answer.json()["errors"][0];
    let found = error["source"]["parameter"].as_str().or(error["source"]["pointer"].as_str());
    assert_eq!(found, Some(source), "{answer:?}");
    assert!(error["detail"].as_str().unwrap().contains(detail), "{detail:?}: {answer:?}");
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[test]
fn fields_ignore_case() {
    let server = Server::start();
    let whole = server.get(&format!("/api/v1/users/{ALICE}")).json();
    for member in keys(&whole) {
        let user = server.get(&format!("/api/v1/users/{ALICE}?fields={}", member.to_uppercase()));
        assert_eq!(keys(&user.json()), [member], "{user:?}");
    }
    // The fixture has every member in some user.
    let users = server.get("/api/v1/users?limit=100&fields=INVITEexpiry,ClientID").json();
    let found =
        |name: &str| users["data"].as_array().unwrap().iter().any(|user| user.get(name).is_some());
    assert!(found("inviteExpiry"), "{users}");
}

#[test]
fn sort_parameters_ignore_case() {
    let server = Server::start();
    for (one, other) in [
        ("sort=-EMAIL", "sort=-email"),
        ("sort=%2BcreatedAT", "sort=%2BcreatedAt"),
        ("sort=_ID", "sort=_id"),
        ("sortBy=NAME&sortOrder=DESC", "sortBy=name&sortOrder=desc"),
    ] {
        let ids = |query: &str| server.get(&format!("/api/v1/users?{query}")).ids();
        assert_eq!(ids(one), ids(other), "{one}");
    }
    rejected(&server.get("/api/v1/users?sort=shoeSize"), "sort", "`shoeSize`");
    rejected(&server.get("/api/v1/users?sortOrder=up"), "sortOrder", "`up`");
    rejected(&server.get("/api/v1/users?sortBy=size"), "sortBy", "`size`");
    rejected(&server.get("/api/v1/users?limit=many"), "limit", "`many`");
    rejected(&server.get("/api/v1/users?totalResults=1"), "totalResults", "`1`");
}

#[test]
fn empty_deprecated_parameters_are_ignored() {
    let server = Server::start();
    let all = server.get("/api/v1/users?limit=100").ids();
    let empty =
        "email=&subject=&status=&role=&tenantId=&sortBy=&sortOrder=&startingAfter=&endingBefore=";
    assert_eq!(server.get(&format!("/api/v1/users?limit=100&{empty}")).ids(), all);
    let filter = "filter=name%20eq%20%22Bob%22";
    assert_eq!(server.get(&format!("/api/v1/users?{empty}&{filter}")).ids(), [BOB]);
    assert_eq!(server.get("/api/v1/users/actions/count?tenantId=").status, 200);
    // An empty value does not hide the next one.
    assert_eq!(server.get("/api/v1/users?status=&status=deleted").ids().len(), 1);
}

#[test]
fn unknown_statuses_are_rejected_in_every_form() {
    let server = Server::start();
    for (query, source, detail) in [
        ("status=nope", "status", "unknown status `nope`"),
        ("status=active,nope", "status", "unknown status `nope`"),
        ("filter=status%20eq%20%22nope%22", "filter", "`nope` is not a value of `status`"),
        (
            "filter=name%20co%20%22a%22%20and%20(status%20eq%20%22active%22%20or%20STATUS%20eq%20'nope')",
            "filter",
            "`nope` is not a value of `status`",
        ),
    ] {
        rejected(&server.get(&format!("/api/v1/users?{query}")), source, detail);
    }
    let body = json!({ "filter": "status eq \"nope\"" });
    let answer = server.call(ADMIN, "POST", "/api/v1/users/actions/filter", Some(&body));
    rejected(&answer, "/filter", "`active`");
    let meta = &answer.json()["errors"][0]["meta"];
    assert_eq!(meta, &json!({ "filterCode": "unknown-value", "start": 10, "end": 16 }));
    for query in ["status=ACTIVE", "filter=status%20eq%20%22ACTIVE%22"] {
        assert!(!server.get(&format!("/api/v1/users?{query}")).ids().is_empty(), "{query}");
    }
    for query in ["status=active,", "status=,active", "status=active,,disabled", "status=,"] {
        rejected(&server.get(&format!("/api/v1/users?{query}")), "status", "each comma");
    }
}

#[test]
fn quotes_in_single_quoted_values_need_an_escape() {
    let server = Server::start();
    let list = |filter: &str| {
        let body = json!({ "filter": filter });
        server.call(ADMIN, "POST", "/api/v1/users/actions/filter?limit=1", Some(&body))
    };
    let pepe = list(r#"name eq "José \"Pepe\" Núñez""#).ids();
    assert_eq!(pepe.len(), 1);
    assert_eq!(list(r#"name eq 'José "Pepe" Núñez'"#).ids(), pepe);
    assert_eq!(list(r#"name eq 'José \"Pepe\" Núñez'"#).ids(), pepe);
    // The filter in a cursor is parsed again.
    let page = list(r#"name co 'o' or name eq 'José "Pepe" Núñez' or name eq 'it\'s'"#);
    let next = page.link("next").unwrap();
    assert_eq!(server.get(&next).status, 200);
    for filter in ["name eq 'it's'", "name eq 'it''s'"] {
        assert_eq!(list(filter).status, 400, "{filter}");
    }
}

#[test]
fn names_that_resemble_parameters_are_rejected() {
    let server = Server::start();
    for (target, name, meant) in [
        ("?Filter=name%20eq%20%22Bob%22", "Filter", "filter"),
        ("?filters=name%20eq%20%22Bob%22", "filters", "filter"),
        ("?%24filter=name%20eq%20%22Bob%22", "$filter", "filter"),
        ("?FILTER=", "FILTER", "filter"),
        ("?Status=disabled", "Status", "status"),
        ("?statuses=disabled", "statuses", "status"),
        ("?Limit=1", "Limit", "limit"),
        ("?field=id", "field", "fields"),
        ("?total_results=true", "total_results", "totalResults"),
        (&format!("/{ALICE}?Fields=id"), "Fields", "fields"),
        ("/actions/count?tenantid=x", "tenantid", "tenantId"),
        ("/actions/count?filters=x", "filters", "filter"),
    ] {
        let answer = server.get(&format!("/api/v1/users{target}"));
        rejected(&answer, name, &format!("`{name}` is unknown: did you mean `{meant}`?"));
    }
    for target in ["?x=1", "?q=a", "?_=1", &format!("/{ALICE}?Filter=x")] {
        assert_eq!(server.get(&format!("/api/v1/users{target}")).status, 200, "{target}");
    }
    let filter = |target: &str, body: &Value| {
        let target = format!("/api/v1/users/actions/filter{target}");
        server.call(ADMIN, "POST", &target, Some(body))
    };
    rejected(&filter("", &json!({ "Filter": "x" })), "/Filter", "did you mean `filter`?");
    rejected(&filter("", &json!({ "filters": "x" })), "/filters", "did you mean `filter`?");
    rejected(&filter("?filter=x", &json!({})), "filter", "in the body");
    rejected(&server.get("/api/v1/users/actions/count?filter=x"), "filter", "no filter");
}

#[test]
fn a_repeated_filter_is_rejected() {
    let server = Server::start();
    let filter = "filter=name%20co%20%22a%22";
    let list = |query: &str| server.get(&format!("/api/v1/users?{query}"));
    rejected(&list(&format!("{filter}&filter=name%20eq%20%22Bob%22")), "filter", "one `filter`");
    rejected(&list(&format!("{filter}&{filter}")), "filter", "one `filter`");
    // `@qlik/sdk` appends all parameters to the link of the next page.
    let next = list(&format!("limit=1&{filter}")).link("next").unwrap();
    assert_eq!(server.get(&format!("{next}&{filter}")).status, 200);
}

#[test]
fn errors_name_the_deprecated_parameter() {
    let server = Server::start();
    // In a filter, each of these characters becomes an escape of six bytes.
    let long = "%01".repeat(12_000);
    for (key, query, name, detail) in [
        (USER, "role=Developer", "role", "administrators"),
        (ADMIN, &format!("email={long}"), "email", "too long"),
        (ADMIN, &format!("status=active&subject={long}"), "subject", "too long"),
    ] {
        let answer = server.call(key, "GET", &format!("/api/v1/users?{query}"), None);
        rejected(&answer, name, detail);
        assert!(!answer.text.contains("assignedRoles"), "{answer:?}");
    }
}

#[test]
fn metadata_is_marked_as_deprecated() {
    let server = Server::start();
    let answer = server.get("/api/v1/users/metadata");
    let since = answer.header("deprecation").and_then(|date| date.strip_prefix('@')).unwrap();
    assert!(since.parse::<u64>().unwrap() > 1_600_000_000);
    assert_eq!(server.get("/api/v1/users").header("deprecation"), None);
}

#[test]
fn errors_before_the_router_have_a_body() {
    let server = Server::start();
    for (status, head) in [
        (414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(140_000))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(101))),
        (400, "GET / HTTP/1.1\r\nHost : a\r\nX\r\n\r\n".to_owned()),
        (400, "nonsense\r\n\r\n".to_owned()),
    ] {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let answer = Answer::read(&mut stream, "GET");
        assert_eq!(answer.status, status);
        let error = &answer.json()["errors"][0];
        assert_eq!(error["status"], status, "{answer:?}");
        assert!(error["code"].is_string() && error["title"].is_string(), "{answer:?}");
        assert_eq!(answer.json()["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn writes_with_an_outdated_entity_tag_are_rejected() {
    let server = Server::start();
    let target = format!("/api/v1/users/{BOB}");
    let tag = || server.get(&target).header("etag").unwrap().to_owned();
    let write = |method: &str, tag: &str, name: &str| {
        let body = json!([{ "op": "replace", "path": "/name", "value": name }]).to_string();
        let headers = [
            ("Authorization", "Bearer admin-key-0001"),
            ("Content-Type", "application/json"),
            ("If-Match", tag),
        ];
        server.send(method, &target, &headers, (method == "PATCH").then_some(body.as_bytes()))
    };
    let first = tag();
    assert_eq!(tag(), first);
    let patched = write("PATCH", &first, "Robert");
    assert_eq!((patched.status, patched.header("etag")), (204, Some(tag().as_str())));
    assert_ne!(tag(), first);
    for (method, tag) in [("PATCH", &*first), ("DELETE", &*first), ("PATCH", "W/\"x\", \"y\"")] {
        let answer = write(method, tag, "Rob");
        assert_eq!(answer.status, 412, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["status"], 412);
    }
    assert_eq!(server.get(&target).json()["name"], "Robert");
    assert_eq!(write("PATCH", "unquoted", "Rob").status, 400);
    assert_eq!(write("PATCH", "*", "Rob").status, 204);
    assert_eq!(write("DELETE", &format!("\"x\", {}", tag()), "").status, 204);
    assert_eq!(write("DELETE", "*", "").status, 404);
    let new = json!({ "subject": "etag" });
    let created = server.call(ADMIN, "POST", "/api/v1/users", Some(&new));
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let got = server.get(&format!("/api/v1/users/{id}"));
    assert_eq!(got.header("etag"), created.header("etag"));
}

#[test]
fn invitations_are_limited_to_500_in_a_request() {
    let server = Server::start();
    let invite = |count: usize| {
        let invitees: Vec<_> =
            (0..count).map(|n| json!({ "email": format!("new{n}@corp.example") })).collect();
        let body = json!({ "invitees": invitees });
        server.call(ADMIN, "POST", "/api/v1/users/actions/invite", Some(&body))
    };
    let answer = invite(501);
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (400, &json!(400)));
    assert!(answer.text.contains("500"), "{answer:?}");
    assert_eq!(invite(500).json()["data"].as_array().unwrap().len(), 500);
}

#[test]
fn misleading_names_and_addresses_are_rejected() {
    let server = Server::start();
    let patch = |path: &str, value: &str| {
        let body = json!([{ "op": "replace", "path": path, "value": value }]);
        server.call(ADMIN, "PATCH", &format!("/api/v1/users/{BOB}"), Some(&body))
    };
    let create = |member: &str, value: &str| {
        let body = json!({ "subject": "misleading", member: value });
        server.call(ADMIN, "POST", "/api/v1/users", Some(&body))
    };
    let invite = |member: &str, value: &str| {
        let mut invitee = json!({ "email": "misled@corp.example" });
        invitee[member] = value.into();
        let body = json!({ "invitees": [invitee] });
        let answer = server.call(ADMIN, "POST", "/api/v1/users/actions/invite", Some(&body));
        answer.json()["data"][0]["code"].clone()
    };
    for name in ["  ", "\u{200b}", "a\nb", "a\u{7}", "a\u{202e}b", "\u{2067}a", "a\u{85}"] {
        rejected(&patch("/name", name), "/0/value", "control characters");
        rejected(&create("name", name), "/name", "control characters");
        assert_eq!(invite("name", name), "400", "{name:?}");
    }
    rejected(&create("subject", "a\u{202e}b"), "/subject", "control characters");
    for email in
        ["a", "a@", "a@b@c", "a b@c", "a..b@c", "a@b\u{202e}", "A <a@b>", "a@b\u{0}", "a@[::1]"]
    {
        rejected(&patch("/email", email), "/0/value", "");
        rejected(&create("email", email), "/email", "");
        assert_eq!(invite("email", email), "400", "{email:?}");
    }
    assert_eq!(patch("/name", "محمد 👩‍🚀").status, 204);
    assert_eq!(patch("/email", "o'neil+x@bücher.example").status, 204);
}
