//! An oracle test of the visibility for callers who are not administrators.
//!
//! Two servers differ only in facts that such a caller must not learn: the roles and scopes of other
//! users, and the data of deleted users. Their responses to the caller must be the same, whatever
//! it filters by, sorts by, selects and counts.

use crate::server::{ADMIN, Server, TENANT, USER, config, fixture};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scieve_server::{InviteExpiry, RateLimits};
use scieve_users::{CursorKey, MemoryStore, Status, User, UserStore as _};
use serde_json::Value;

/// The user of [`USER`].
const CARLA: &str = "626949b9017b657805080bbd";

/// Returns a server whose users are changed by a function.
fn server(change: impl Fn(&mut User) + Send + 'static) -> Server {
    let config = config()
        .rate_limits(RateLimits::OFF)
        .invite_expiry(InviteExpiry::Unix)
        .cursor_key(CursorKey::new(&[7; 32]));
    Server::of(config, async move {
        let store = MemoryStore::new();
        let mut fixture = fixture();
        // A deleted user between others in every order.
        let mut deleted = fixture.users[0].clone();
        deleted.id = "626949b9017b657805080bbf".into();
        deleted.status = Status::Deleted;
        fixture.users.push(deleted);
        fixture.users.iter_mut().for_each(change);
        store.load(TENANT, fixture.roles, fixture.groups, fixture.users).await.unwrap();
        store
    })
}

/// Swaps what is hidden from Carla.
fn with_other_secrets() -> Server {
    let roles = fixture().roles;
    server(move |user| {
        if user.id != CARLA {
            user.assigned_scopes = match user.assigned_scopes.is_empty() {
                true => vec!["admin_classic".into(), "user_default".into()],
                false => Vec::new(),
            };
            let holds = |role: &scieve_users::Role| {
                user.assigned_roles.iter().any(|held| held.id == role.id)
            };
            let swapped = roles.iter().filter(|role| !holds(role)).cloned().collect();
            // The key of the administrator keeps working.
            if !user.assigned_roles.iter().any(|role| role.name == "TenantAdmin") {
                user.assigned_roles = swapped;
            }
            for group in &mut user.assigned_groups {
                group.assigned_roles = roles.iter().take(2).cloned().collect();
            }
        }
        if user.status == Status::Deleted {
            user.name = format!("Secret {}", user.id);
            user.email = Some("secret@corp.example".into());
            user.subject = format!("secret {}", user.id);
            user.client_id = Some("secret".into());
        }
    })
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Queries of every kind that could be an oracle.
fn queries() -> Vec<String> {
    let values = [
        "TenantAdmin",
        "Developer",
        "605a1c2151382ffc836af861",
        "admin_classic",
        "user_default",
        "6425d62641d2b80a9a0f92c4",
        "deleted",
        "active",
        "secret",
        "Secret",
        "Dmitri",
        "secret@corp.example",
        "alice@corp.example",
        "626949b9017b657805080bbf",
        "626949bf017b657805080bbe",
        "f0e92f326ac77427df155940fec39e6a",
    ];
    let mut filters = Vec::new();
    for attribute in scieve_users::schema().attributes().map(|attribute| attribute.path()) {
        for operator in ["eq", "co", "pr"] {
            for value in values {
                let literal =
                    if operator == "pr" { String::new() } else { format!(" \"{value}\"") };
                let clause = format!("{attribute} {operator}{literal}");
                filters.extend([
                    clause.clone(),
                    format!("{clause} and status eq \"deleted\""),
                    format!("(status eq \"deleted\" or status eq \"active\") and {clause}"),
                    format!("name co \"e\" or {clause}"),
                ]);
                if operator == "pr" {
                    break;
                }
            }
        }
    }
    let mut queries: Vec<String> = filters
        .iter()
        .map(|filter| format!("totalResults=true&limit=100&filter={}", encoded(filter)))
        .collect();
    for key in [
        "name",
        "id",
        "_id",
        "tenantId",
        "clientId",
        "status",
        "subject",
        "email",
        "inviteExpiry",
        "createdAt",
        "lastUpdatedAt",
        "assignedRoles",
        "assignedRoles.name",
        "roles",
        "assignedScopes",
        "assignedGroups",
    ] {
        for order in ["", "%2B", "-"] {
            for filter in ["", "&filter=status%20eq%20%22deleted%22"] {
                queries.push(format!("sort={order}{key}&limit=3&totalResults=true{filter}"));
            }
        }
    }
    queries.extend(
        [
            "fields=assignedScopes,assignedRoles,roles,assignedGroups,id&limit=100",
            "status=deleted&totalResults=true",
            "status=deleted,active&totalResults=true&fields=name,email",
            "role=TenantAdmin",
            "role=Nobody",
            "email=secret%40corp.example&status=deleted",
            "subject=secret&status=deleted",
            "startingAfter=626949b9017b657805080bbe&limit=1&status=deleted,active",
            "endingBefore=62716ac4c7e500e13ff5fa22&limit=1&status=deleted,active",
        ]
        .map(str::to_owned),
    );
    queries
}

/// Returns the status, the body without what differs from request to request, the path of the next
/// page and the entity tag.
fn comparable(server: &Server, target: &str) -> (u16, String, Option<String>, Option<String>) {
    let response = server.call(USER, "GET", target, None);
    let mut body = response.json();
    body["traceId"].take();
    let next = body["links"]["next"]["href"].as_str().map(str::to_owned);
    let text = body.to_string().replace(&server.address.to_string(), "host");
    let next =
        next.and_then(|href| href.split_once("/api/").map(|(_, path)| format!("/api/{path}")));
    (response.status, text, next, response.header("etag").map(str::to_owned))
}

#[test]
fn responses_to_others_do_not_depend_on_what_is_hidden() {
    let (one, other) = (server(|_| ()), with_other_secrets());
    let mut pages = 0;
    for query in queries() {
        let mut target = Some(format!("/api/v1/users?{query}"));
        while let Some(page) = target {
            let (left, right) = (comparable(&one, &page), comparable(&other, &page));
            assert_eq!(left, right, "{page}");
            let body: Value = serde_json::from_str(&left.1).unwrap();
            assert!(!body["data"].to_string().to_lowercase().contains("secret"), "{page}");
            pages += 1;
            target = left.2;
        }
    }
    assert!(pages > 700, "{pages}");
    for user in fixture().users {
        let target = format!("/api/v1/users/{}", user.id);
        assert_eq!(comparable(&one, &target), comparable(&other, &target));
    }
}

#[test]
fn the_oracle_test_can_fail() {
    let (one, other) = (server(|_| ()), with_other_secrets());
    for query in [
        "filter=assignedScopes%20eq%20%22admin_classic%22",
        "filter=status%20eq%20%22deleted%22",
        "fields=assignedScopes&limit=100",
    ] {
        let body = |server: &Server| -> Value {
            server.call(ADMIN, "GET", &format!("/api/v1/users?{query}"), None).json()["data"].take()
        };
        let text =
            |server: &Server| body(server).to_string().replace(&server.address.to_string(), "host");
        assert_ne!(text(&one), text(&other), "{query}");
    }
}
