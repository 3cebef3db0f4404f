//! Hostile strings in requests that read.

use super::client::{Client, FILTER, USERS};
use super::corpus::{Hostile, encoded};
use super::{ADMIN, TENANT, World};
use scieve::{Node, fold_key};
use scieve_users::{SortKey, Status, User};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The position of a literal in a filter: attribute, operator, and the user's values it is compared
/// with.
type Position = (&'static str, &'static str, fn(&User) -> Vec<&str>);

/// Index of the last position, which the policy does not allow to combine with others by `or`.
const STATUS: usize = 13;
/// Maximum length of a filter in bytes.
const MAX_FILTER_BYTES: usize = 65_536;

const POSITIONS: [Position; 14] = [
    ("id", "eq", |user| vec![&user.id]),
    ("subject", "eq", |user| vec![&user.subject]),
    ("subject", "co", |user| vec![&user.subject]),
    ("name", "eq", |user| vec![&user.name]),
    ("name", "co", |user| vec![&user.name]),
    ("email", "eq", |user| user.email.as_deref().into_iter().collect()),
    ("email", "co", |user| user.email.as_deref().into_iter().collect()),
    ("clientId", "eq", |user| user.client_id.as_deref().into_iter().collect()),
    ("assignedRoles.id", "eq", |user| {
        user.assigned_roles.iter().map(|role| role.id.as_str()).collect()
    }),
    ("assignedRoles.name", "eq", |user| {
        user.assigned_roles.iter().map(|role| role.name.as_str()).collect()
    }),
    ("assignedGroups.id", "eq", |user| {
        user.assigned_groups.iter().map(|group| group.id.as_str()).collect()
    }),
    ("assignedGroupsAssignedRoles.name", "eq", |user| {
        user.assigned_groups
            .iter()
            .flat_map(|group| &group.assigned_roles)
            .map(|role| role.name.as_str())
            .collect()
    }),
    ("assignedScopes", "eq", |user| user.assigned_scopes.iter().map(String::as_str).collect()),
    ("status", "eq", |user| vec![user.status.name()]),
];

/// A user with the fold keys of its values for each position.
pub(crate) struct Known {
    user: User,
    keys: Vec<Vec<String>>,
}

impl Known {
    /// Returns the users in the default order.
    pub(crate) fn all(users: &[User]) -> Vec<Self> {
        let keys = |user: &User| {
            POSITIONS
                .iter()
                .map(|(_, _, values)| {
                    values(user).into_iter().map(|value| fold_key(value).into_owned()).collect()
                })
                .collect()
        };
        let mut all: Vec<Self> =
            users.iter().map(|user| Self { user: user.clone(), keys: keys(user) }).collect();
        all.sort_by_cached_key(|known| (SortKey::Name.of(&known.user), known.user.id.clone()));
        all
    }

    fn live(&self) -> bool {
        self.user.status != Status::Deleted
    }

    /// Returns whether the comparison in a position matches, given the fold key of its literal.
    fn matches(&self, position: usize, wanted: &str) -> bool {
        let within = POSITIONS[position].1 == "co";
        self.keys[position]
            .iter()
            .any(|value| if within { value.contains(wanted) } else { value == wanted })
    }
}

pub(crate) fn all(
    world: &World,
    client: &mut Client<'_>,
    place: usize,
    hostile: &Hostile,
) -> usize {
    literals(world, client, place, hostile);
    filters(world, client, place, hostile);
    lists(world, client, place, hostile);
    paths(world, client, place, hostile);
    // These do not reach the store.
    if world.thorough || place.is_multiple_of(16) {
        orders(client, hostile);
        headers(client, hostile);
    }
    0
}

/// Returns the ids of the matching users by a plain loop, in the default order.
fn found(world: &World, wanted: impl Fn(&Known) -> bool) -> Vec<&str> {
    world.known.iter().filter(|known| wanted(known)).map(|known| known.user.id.as_str()).collect()
}

/// Number of positions of a literal in one filter.
const AT_ONCE: usize = 4;

const PAGE: &str = "limit=10&totalResults=true&fields=id";

/// Checks that the response is a page of the expected users, or 400 if they are `None`.
fn is_page(answer: &crate::server::Answer, expected: Option<Vec<&str>>, request: &str) {
    match expected {
        None => assert_eq!(answer.status, 400, "{request}: {answer:?}"),
        Some(expected) => {
            assert_eq!(answer.status, 200, "{request}: {answer:?}");
            assert_eq!(answer.json()["totalResults"], expected.len(), "{request}");
            assert_eq!(answer.ids(), expected[..expected.len().min(10)], "{request}");
        }
    }
}

/// Tries the string as a literal: in each position of a filter of the list, and in all positions of
/// a filter of the action.
fn literals(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) {
    let literal = hostile.in_json();
    // U+0000 is not allowed in filters.
    let wanted = hostile
        .of_json()
        .filter(|text| !text.contains('\0'))
        .map(|text| fold_key(&text).into_owned());
    for position in world.turns(place, POSITIONS.len()) {
        let (path, operator, _) = POSITIONS[position];
        let filter = format!("{path} {operator} {literal}");
        let is_valid = |wanted: &&String| {
            path != "status" || Status::ALL.iter().any(|status| *wanted == status.name())
        };
        let expected = wanted.as_ref().filter(is_valid).map(|wanted| {
            found(world, |known| {
                known.matches(position, wanted) && (known.live() || path == "status")
            })
        });
        is_page(
            &client.get(&format!("{USERS}?{PAGE}&filter={}", encoded(&filter))),
            expected,
            &filter,
        );
    }
    // Several filters, because of the limit on the cost of each.
    for positions in (0..STATUS).collect::<Vec<_>>().chunks(AT_ONCE) {
        let tests: Vec<String> = positions
            .iter()
            .map(|position| {
                let (path, operator, _) = POSITIONS[*position];
                format!("{path} {operator} {literal}")
            })
            .collect();
        let filter = tests.join(" or ");
        let expected = wanted.as_ref().filter(|_| filter.len() <= MAX_FILTER_BYTES);
        let expected = expected.map(|wanted| {
            found(world, |known| {
                known.live() && positions.iter().any(|position| known.matches(*position, wanted))
            })
        });
        let body = json!({ "filter": filter }).to_string();
        let answer = client.json("POST", &format!("{FILTER}?{PAGE}"), &body);
        is_page(&answer, expected, &filter);
    }
}

/// Returns whether a filter tests `status`: then deleted users match too.
fn tests_status(node: &Node) -> bool {
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(tests_status),
        Node::Not(node) => tests_status(node),
        Node::Test(test) => scieve_users::schema()
            .attribute(test.attribute())
            .is_some_and(|attribute| attribute.path() == "status"),
    }
}

/// Tries the string as a filter, and unescaped between quotes. If the result is a valid filter, the
/// engine determines the expected users.
fn filters(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) {
    let expected = |filter: &str| {
        let plan = scieve_users::policy().parse(filter).ok()?;
        let all = tests_status(plan.root());
        Some(found(world, |known| plan.matches(&known.user) && (all || known.live())))
    };
    let query = hostile.in_query();
    let quoted =
        [("", ""), ("name eq \"", "\""), ("name eq '", "'"), ("id eq \"", "\" or name eq \"\"")];
    for (open, close) in &quoted[world.turns(place, quoted.len())] {
        let target = format!("{USERS}?{PAGE}&filter={}{query}{}", encoded(open), encoded(close));
        let filter = hostile.of_query().map(|text| format!("{open}{text}{close}"));
        is_page(&client.get(&target), filter.as_deref().and_then(expected), &target);
    }
    let body = format!("{{\"filter\": {}, {0}: 1}}", hostile.in_json());
    let answer = client.json("POST", &format!("{FILTER}?{PAGE}"), &body);
    is_page(&answer, hostile.of_json().as_deref().and_then(expected), &body);
}

/// Tries the string as each of the other parameters that select users.
fn lists(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) {
    let (query, text) = (hostile.in_query(), hostile.of_query());
    let wanted = text.as_deref().map(fold_key);
    let equal = |position: usize| {
        wanted
            .as_ref()
            .map(|wanted| found(world, |known| known.live() && known.matches(position, wanted)))
    };
    let beyond = |beyond: fn(&str, &str) -> bool| {
        text.as_deref()
            .map(|text| found(world, |known| known.live() && beyond(&known.user.id, text)))
    };
    let statuses = || {
        let of = |name: &str| {
            Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name.trim()))
        };
        let wanted: Vec<Status> = text.as_deref()?.split(',').map(of).collect::<Option<_>>()?;
        Some(found(world, |known| wanted.contains(&known.user.status)))
    };
    let own = || text.as_deref().map(|text| found(world, |known| text == TENANT && known.live()));
    for turn in world.turns(place, 7) {
        let (parameter, expected) = match turn {
            0 => ("subject", equal(1)),
            1 => ("email", equal(5)),
            2 => ("role", equal(9)),
            3 => ("sort=name&startingAfter", beyond(|id, text| id > text)),
            4 => ("sort=name&endingBefore", beyond(|id, text| id < text)),
            5 => ("status", statuses()),
            _ => ("tenantId", own()),
        };
        // Empty parameters are ignored.
        let expected = match text.as_deref() {
            Some("") => Some(found(world, Known::live)),
            _ => expected,
        };
        let target = format!("{USERS}?{PAGE}&{parameter}={query}");
        is_page(&client.get(&target), expected, &target);
    }
    if world.thorough || place.is_multiple_of(7) {
        let count = client.get(&format!("{USERS}/actions/count?tenantId={query}"));
        assert_eq!(
            count.status,
            text.as_deref().map_or(400, |text| if matches!(text, TENANT | "") { 200 } else { 404 })
        );
    }
}

/// A parameter with a predicate for its valid values.
type Valid = (&'static str, fn(&str) -> bool);

/// Tries the string as each parameter for the presentation of a list, and as an unknown parameter.
fn orders(client: &mut Client<'_>, hostile: &Hostile) {
    let (query, text) = (hostile.in_query(), hostile.of_query());
    let fine = |test: fn(&str) -> bool| if text.as_deref().is_some_and(test) { 200 } else { 400 };
    let sort = |text: &str| {
        let name = text.strip_prefix(['+', '-', ' ']).unwrap_or(text);
        SortKey::ALL.iter().any(|key| key.name().eq_ignore_ascii_case(name))
    };
    let by_name = |text: &str| {
        text.strip_prefix(['+', '-', ' ']).unwrap_or(text).eq_ignore_ascii_case("name")
    };
    let limit = |text: &str| {
        let (whole, zeros) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole)
            && digits(zeros)
            && zeros.bytes().all(|byte| byte == b'0')
            && whole.parse().is_ok_and(|limit: u64| (1..=100).contains(&limit))
    };
    let total =
        |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    let both: [Valid; 4] =
        [("limit", limit), ("totalResults", total), ("next", |_| false), ("prev", |_| false)];
    for (name, valid) in both {
        assert_eq!(
            client.get(&format!("{USERS}?{name}={query}")).status,
            fine(valid),
            "{name} {hostile:?}"
        );
        if !matches!(name, "next" | "prev") {
            assert_eq!(
                client.json("POST", &format!("{FILTER}?{name}={query}"), "{}").status,
                fine(valid),
                "{name} {hostile:?}"
            );
        }
    }
    assert_eq!(
        client.get(&format!("{USERS}?limit=1&sort={query}")).status,
        fine(sort),
        "{hostile:?}"
    );
    assert_eq!(
        client.json("POST", &format!("{FILTER}?limit=1&sort={query}"), "{}").status,
        fine(by_name),
        "{hostile:?}"
    );
    assert_eq!(
        client.get(&format!("{USERS}?limit=1&sortBy={query}")).status,
        fine(|text| text.is_empty() || text.eq_ignore_ascii_case("name")),
        "{hostile:?}"
    );
    assert_eq!(
        client.get(&format!("{USERS}?limit=1&sortOrder={query}")).status,
        fine(|text| matches!(text.to_ascii_lowercase().as_str(), "" | "asc" | "desc")),
        "{hostile:?}"
    );
    let any = fine(|_| true);
    let named: BTreeSet<&str> = text
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    for (method, target) in [
        ("GET", USERS.to_owned()),
        ("GET", format!("{USERS}/{ADMIN}")),
        ("POST", FILTER.to_owned()),
    ] {
        let answer = client.send(
            method,
            &format!("{target}?fields={query}&unknown{query}=1"),
            &[],
            (method == "POST").then_some(b"{}"),
        );
        assert_eq!(answer.status, any, "{hostile:?}");
        if answer.status == 200 && !named.is_empty() {
            let body = answer.json();
            let users: Vec<&Value> =
                body["data"].as_array().map_or(vec![&body], |users| users.iter().collect());
            assert!(
                users.iter().all(|user| user
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|name| named.contains(name.as_str()))),
                "{hostile:?}"
            );
        }
    }
}

/// Tries the string as the id in a path, and as a cursor of the action, which also accepts ids.
fn paths(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) {
    let (segment, id) = hostile.in_path();
    let with_id = |id: Option<&String>| {
        world
            .known
            .iter()
            .find(|known| known.live() && Some(&known.user.id) == id)
            .map(|known| &known.user)
    };
    let user = with_id(id.as_ref());
    let target = format!("{USERS}/{segment}");
    let answer = client.get(&target);
    match user {
        Some(user) => {
            assert_eq!(
                (answer.status, &answer.json()["id"], &answer.json()["subject"]),
                (200, &json!(user.id), &json!(user.subject))
            )
        }
        None => assert!(matches!(answer.status, 400 | 404 | 405), "{target}: {answer:?}"),
    }
    let writes = [("DELETE", None), ("PATCH", Some(b"[]".as_slice()))];
    if user.is_none() {
        for (method, body) in writes[world.turns(place, 2)].iter().copied() {
            let answer = client.send(method, &target, &[], body);
            assert!(matches!(answer.status, 400 | 404 | 405), "{method} {target}: {answer:?}");
        }
    } else {
        assert_eq!(client.send("PATCH", &target, &[], Some(b"[]")).status, 204, "{target}");
    }
    for name in &["next", "prev"][world.turns(place, 2)] {
        let known = with_id(hostile.of_query().as_ref()).is_some();
        let answer =
            client.json("POST", &format!("{FILTER}?{PAGE}&{name}={}", hostile.in_query()), "{}");
        assert_eq!(answer.status, if known { 200 } else { 400 }, "{hostile:?}: {answer:?}");
    }
    if !world.thorough && !place.is_multiple_of(16) {
        return;
    }
    // The redirect contains the query unchanged.
    let answer = client.get(&format!("{USERS}/me?{place}={}", hostile.in_query()));
    assert_eq!(answer.status, 301, "{hostile:?}");
    assert!(
        answer.header("location").unwrap().starts_with(&format!("{USERS}/{ADMIN}?{place}=")),
        "{answer:?}"
    );
    assert_eq!(
        client.get(&format!("{USERS}/metadata?{}", hostile.in_query())).status,
        200,
        "{hostile:?}"
    );
}

/// Tries the string as each header that the server uses. Strings that cannot be header values are
/// covered by the tests of HTTP.
fn headers(client: &mut Client<'_>, hostile: &Hostile) {
    let value = hostile.plain();
    if value.chars().any(|c| c.is_control() && c != '\t') || value.len() > 4096 {
        return;
    }
    assert_eq!(
        client.send("GET", USERS, &[("Authorization", &format!("Bearer {value}"))], None).status,
        401,
        "{hostile:?}"
    );
    assert_eq!(
        client.send("GET", USERS, &[("Authorization", value)], None).status,
        401,
        "{hostile:?}"
    );
    let ignored = ["X-Forwarded-Host", "X-Forwarded-Proto", "traceparent", "Accept"]
        .map(|name| (name, value));
    assert_eq!(
        client.send("GET", &format!("{USERS}?limit=1"), &ignored, None).status,
        200,
        "{hostile:?}"
    );
    let answer = client.send("POST", FILTER, &[("Content-Type", value)], Some(b"{}"));
    assert!(matches!(answer.status, 200 | 415), "{hostile:?}: {answer:?}");
    let answer = client.send("POST", FILTER, &[("Content-Encoding", value)], Some(b"{}"));
    assert_eq!(answer.status, 415, "{hostile:?}");
    let answer = client.send("GET", &format!("{USERS}?limit=1"), &[("Host", value)], None);
    assert!(matches!(answer.status, 200 | 400), "{hostile:?}: {answer:?}");
}
