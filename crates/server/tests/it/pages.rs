//! Pagination: pages cover the list, and cursors are authenticated and bound to their list.

use crate::server::{ADMIN, Server, TENANT, config};
use scieve_server::RateLimits;
use scieve_users::{UserStore as _, sample};
use serde_json::json;

/// Starts a server with the fixture and 150 generated users, without rate limits.
fn server_with_many_users() -> Server {
    Server::of(config().rate_limits(RateLimits::OFF), async {
        let store = crate::server::store().await;
        let users = sample(150).map(|mut user| {
            user.tenant_id = TENANT.into();
            user
        });
        let fixture = crate::server::fixture();
        store.load(TENANT, fixture.roles, fixture.groups, users.collect()).await.unwrap();
        store
    })
}

fn pages(server: &Server, first: &str, link: &str) -> Vec<Vec<String>> {
    let mut answer = server.get(first);
    let mut pages = vec![answer.ids()];
    while let Some(next) = answer.link(link) {
        answer = server.get(&next);
        pages.push(answer.ids());
        assert!(pages.len() < 1000);
    }
    pages
}

#[test]
fn concatenated_pages_equal_the_list() {
    let server = server_with_many_users();
    let filters = [
        "",
        "&filter=name%20co%20%22a%22",
        "&filter=status%20eq%20%22deleted%22%20or%20status%20eq%20%22invited%22",
        "&status=active,disabled",
    ];
    for filter in filters {
        for sort in [
            "",
            "&sort=-name",
            "&sort=email",
            "&sort=-inviteExpiry",
            "&sort=-createdAt",
            "&sort=clientId",
            "&sort=id",
            "&sort=-status",
        ] {
            let whole =
                pages(&server, &format!("/api/v1/users?limit=100{filter}{sort}"), "next").concat();
            for limit in [7, 33] {
                let first = format!("/api/v1/users?limit={limit}{filter}{sort}");
                let forwards = pages(&server, &first, "next");
                assert_eq!(forwards.concat(), whole, "{first}");
                let mut last = server.get(&first);
                while let Some(next) = last.link("next") {
                    last = server.get(&next);
                }
                let mut backwards = vec![last.ids()];
                while let Some(previous) = last.link("prev") {
                    last = server.get(&previous);
                    backwards.insert(0, last.ids());
                }
                assert_eq!(backwards.concat(), whole, "{first}");
            }
        }
    }
}

#[test]
fn concurrent_writes_neither_repeat_nor_skip_users() {
    let server = server_with_many_users();
    let before = pages(&server, "/api/v1/users?limit=100", "next").concat();
    let mut answer = server.get("/api/v1/users?limit=20");
    let mut seen = answer.ids();
    let mut made = Vec::new();
    while let Some(next) = answer.link("next") {
        // Delete the user at the cursor's position, and insert users at both ends of the list.
        let last = seen.last().unwrap().clone();
        assert_eq!(
            server.call(ADMIN, "DELETE", &format!("/api/v1/users/{last}"), None).status,
            if last == "62716ab404a7bd8626af9bd6" { 400 } else { 204 }
        );
        for name in [" !", "\u{10ffff}"] {
            let user = json!({ "subject": format!("{}{name}", made.len()), "name": name });
            made.push(
                server.call(ADMIN, "POST", "/api/v1/users", Some(&user)).json()["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        answer = server.get(&next);
        seen.extend(answer.ids());
    }
    seen.retain(|id| !made.contains(id));
    assert_eq!(seen, before);
}

#[test]
fn modified_cursors_are_rejected() {
    let server = server_with_many_users();
    let page = server.get("/api/v1/users?limit=3&filter=name%20co%20%22a%22");
    let (rest, cursor) = page
        .link("next")
        .map(|link| link.split_once("&next=").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap())
        .unwrap();
    assert_eq!(server.get(&format!("{rest}&next={cursor}")).status, 200);
    let refused = |text: &str| {
        for name in ["next", "prev"] {
            let answer = server.get(&format!("{rest}&{name}={text}"));
            assert_eq!(answer.status, 400, "{text}");
            assert_eq!(answer.json()["errors"][0]["source"]["parameter"], name);
        }
    };
    for place in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        refused(std::str::from_utf8(&changed).unwrap());
        refused(&cursor[..place]);
    }
    for bad in [
        format!("{cursor}A"),
        format!("{cursor}%3D"),
        format!("{cursor}%00"),
        "62716ab404a7bd8626af9bd6".into(),
        "%20".into(),
    ] {
        refused(&bad);
    }
    assert_eq!(server.get(&format!("{rest}&next={cursor}&prev={cursor}")).status, 400);
    // A cursor of another server.
    let other = server_with_many_users().get(&page.link("next").unwrap());
    assert_eq!(other.status, 400);
}

#[test]
fn a_cursor_supplies_omitted_parameters_and_rejects_different_ones() {
    let server = server_with_many_users();
    let first =
        server.get("/api/v1/users?limit=5&sort=-email&filter=name%20co%20%22a%22&fields=id&x=1");
    let next = first.link("next").unwrap();
    assert!(
        next.starts_with(
            "/api/v1/users?limit=5&sort=-email&filter=name%20co%20%22a%22&fields=id&x=1&next="
        ),
        "{next}"
    );
    let cursor = next.rsplit_once('=').unwrap().1;
    let second = server.get(&next).ids();
    assert_eq!(server.get(&format!("/api/v1/users?limit=5&next={cursor}")).ids(), second);
    assert_eq!(
        server.get(&format!("/api/v1/users?limit=100&next={cursor}&startingAfter=x")).ids()[..5],
        second
    );
    // Some clients repeat every parameter without encoding it.
    assert_eq!(
        server.get(&format!("{next}&limit=50&sort=+name&next=old&filter=other")).ids(),
        second
    );
    // The same filter in another notation.
    assert_eq!(
        server.get(&format!("/api/v1/users?limit=5&next={cursor}&filter=(name%20co%20'a')")).status,
        200
    );
    for other in [
        "&sort=email",
        "&sort=name",
        "&filter=name%20co%20%22b%22",
        "&status=active",
        "&sortOrder=asc",
    ] {
        assert_eq!(
            server.get(&format!("/api/v1/users?limit=5&next={cursor}{other}")).status,
            400,
            "{other}"
        );
    }
    // Pages of the filter action by GET and by POST.
    let body = json!({ "filter": "name co \"a\"" });
    let action = server.call(ADMIN, "POST", "/api/v1/users/actions/filter?limit=5", Some(&body));
    let next = action.link("next").unwrap();
    let posted = server.call(ADMIN, "POST", &next, Some(&body)).ids();
    assert_eq!(server.get(&next).ids(), posted);
    assert_eq!(server.call(ADMIN, "POST", &next, None).ids(), posted);
    // The id of a user instead of a cursor.
    let after = server
        .call(
            ADMIN,
            "POST",
            &format!("/api/v1/users/actions/filter?limit=5&next={}", action.ids()[4]),
            Some(&body),
        )
        .ids();
    assert_eq!(after, posted);
    // A filter that is too long for a cursor must be repeated.
    let long = json!({ "filter": format!("name co \"a\" or name eq \"{}\"", "x".repeat(3000)) });
    let next = server
        .call(ADMIN, "POST", "/api/v1/users/actions/filter?limit=5", Some(&long))
        .link("next")
        .unwrap();
    assert_eq!(server.call(ADMIN, "POST", &next, Some(&long)).ids(), posted);
    assert_eq!(server.get(&next).status, 400);
}

#[test]
fn id_bounds_select_adjacent_users() {
    let server = Server::start();
    let ids = |query: &str| server.get(&format!("/api/v1/users?{query}")).ids();
    assert_eq!(
        ids("endingBefore=63a1f00c2b6de10011aa0006&limit=2"),
        ["62716ac4c7e500e13ff5fa22", "63a1f00c2b6de10011aa0005"]
    );
    let page = server.get("/api/v1/users?endingBefore=63a1f00c2b6de10011aa0006&limit=2");
    assert_eq!(page.link("next"), None);
    assert_eq!(
        server.get(&page.link("prev").unwrap()).ids(),
        ["626949b9017b657805080bbd", "62716ab404a7bd8626af9bd6"]
    );
    let all =
        pages(&server, "/api/v1/users?startingAfter=62716ac4c7e500e13ff5fa22&limit=4", "next")
            .concat();
    assert_eq!(all, ids("startingAfter=62716ac4c7e500e13ff5fa22&limit=100"));
    assert_eq!(
        ids("startingAfter=63a1f00c2b6de10011aa0008&sort=-name&limit=2"),
        ["63a1f00c2b6de10011aa000c", "63a1f00c2b6de10011aa000d"]
    );
}
