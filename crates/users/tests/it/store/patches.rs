//! PATCH operations on a user: every path with every operation.

use scieve_users::{Fixture, Operation, StoreError, Target, Timestamp, User};
use serde_json::{Value, json};

fn fixture() -> Fixture {
    Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap()
}

fn pointer(error: StoreError) -> String {
    match error {
        StoreError::Invalid { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    }
}

/// Returns the user after the operations and the JSON pointers of unresolved references, or the
/// JSON pointer of an error.
fn apply(name: &str, operations: Value) -> Result<(User, Vec<String>), String> {
    let fixture = fixture();
    let user = fixture.users.iter().find(|user| user.name == name).unwrap();
    let operations = Operation::parse_all(&operations).map_err(pointer)?;
    let patched = Operation::apply_all(
        &operations,
        user,
        &fixture.roles,
        &fixture.groups,
        Timestamp::from_millis(1000),
    )
    .map_err(pointer)?;
    let stamped = if patched.changed { Timestamp::from_millis(1000) } else { user.last_updated_at };
    assert_eq!(patched.user.last_updated_at, stamped);
    Ok((
        (*patched.user).clone(),
        patched.failures.into_iter().map(|failure| failure.pointer).collect(),
    ))
}

fn one(name: &str, op: &str, path: &str, value: Value) -> Result<User, String> {
    apply(name, json!([{"op": op, "path": path, "value": value}])).map(|(user, failures)| {
        assert_eq!(failures, [""; 0]);
        user
    })
}

fn roles(user: &User) -> Vec<&str> {
    user.assigned_roles.iter().map(|role| role.name.as_str()).collect()
}

fn groups(user: &User) -> Vec<&str> {
    user.assigned_groups.iter().map(|group| group.name.as_str()).collect()
}

const OPS: [&str; 6] = ["replace", "set", "add", "unset", "renew", "remove-value"];

#[test]
fn string_attributes() {
    type Get = fn(&User) -> Option<&str>;
    let cases: [(&str, Get, bool, &str); 5] = [
        ("/name", |user| Some(&user.name), false, "New"),
        ("/email", |user| user.email.as_deref(), true, "new@corp.example"),
        ("/preferredZoneinfo", |user| user.preferred_zoneinfo.as_deref(), true, "Asia/Tokyo"),
        ("/preferredZoneInfo", |user| user.preferred_zoneinfo.as_deref(), true, "Asia/Tokyo"),
        ("/preferredLocale", |user| user.preferred_locale.as_deref(), true, "en_US_POSIX"),
    ];
    for (path, get, removable, value) in cases {
        for op in ["replace", "set", "add", "SET (Deprecated)"] {
            for path in [path.to_owned(), path.to_uppercase(), format!("{path} (Deprecated)")] {
                assert_eq!(get(&one("Alice", op, &path, json!(value)).unwrap()), Some(value));
            }
            for wrong in [json!(7), json!(null), json!(true), json!(["x"]), json!({"name": "x"})] {
                assert_eq!(one("Alice", op, path, wrong), Err("/0/value".into()));
            }
        }
        match removable {
            true => assert_eq!(get(&one("Alice", "unset", path, json!(null)).unwrap()), None),
            false => assert_eq!(one("Alice", "unset", path, json!(null)), Err("/0/op".into())),
        }
        for op in ["renew", "remove-value"] {
            assert_eq!(one("Alice", op, path, json!(value)), Err("/0/op".into()));
        }
    }
    assert_eq!(one("Alice", "replace", "/name", json!("")), Err("/0/value".into()));
    assert_eq!(one("Alice", "replace", "/email", json!("nowhere")), Err("/0/value".into()));
}

#[test]
fn status_and_invite_expiry() {
    for op in ["replace", "set", "add"] {
        for (value, invited) in [("active", false), ("disabled", false), ("invited", true)] {
            let user = one("Alice", op, "/status", json!(value)).unwrap();
            assert_eq!(
                (user.status.name(), user.invite_expiry),
                (value, invited.then_some(604_801))
            );
        }
        for wrong in [
            json!("deleted"),
            json!("provisioned"),
            json!("sleeping"),
            json!(null),
            json!(1),
            json!("Active"),
        ] {
            assert_eq!(one("Alice", op, "/status", wrong), Err("/0/value".into()));
        }
    }
    for op in ["unset", "renew", "remove-value"] {
        assert_eq!(one("Alice", op, "/status", json!("active")), Err("/0/op".into()));
    }
    assert_eq!(
        one("Grace Query", "replace", "/status", json!("active")).unwrap().invite_expiry,
        None
    );
    // The user is invited already: the invitation keeps its expiry.
    assert_eq!(
        one("Grace Query", "replace", "/status", json!("invited")).unwrap().invite_expiry,
        Some(4_102_444_800)
    );
    assert_eq!(
        one("Grace Query", "renew", "/inviteExpiry", json!(true)).unwrap().invite_expiry,
        Some(604_801)
    );
    assert_eq!(one("Alice", "renew", "/inviteExpiry", json!(null)), Err("/0/path".into()));
    for op in OPS.into_iter().filter(|op| *op != "renew") {
        assert_eq!(one("Grace Query", op, "/inviteExpiry", json!(1)), Err("/0/op".into()));
    }
    // Operations apply in order: an earlier one can create the state that a later one requires.
    let chain = json!([{"op": "set", "path": "/status", "value": "invited"}, {"op": "renew", "path": "/inviteExpiry"}]);
    assert!(apply("Alice", chain).is_ok());
}

#[test]
fn role_lists() {
    let named = |op, value| {
        one("Carla Gómez", op, "/assignedRoles", value).map(|user| roles(&user).join(" "))
    };
    let (developer, admin) =
        (json!({"name": "Developer"}), json!({"id": "605a1c2151382ffc836af861", "name": null}));
    for op in ["replace", "set"] {
        assert_eq!(named(op, json!([admin, developer, admin])).unwrap(), "TenantAdmin Developer");
        assert_eq!(named(op, json!([])).unwrap(), "");
        assert_eq!(named(op, developer.clone()), Err("/0/value".into()));
    }
    assert_eq!(
        named("add", json!([admin, developer])).unwrap(),
        "Developer SharedSpaceCreator TenantAdmin"
    );
    assert_eq!(named("add", admin.clone()).unwrap(), "Developer SharedSpaceCreator TenantAdmin");
    assert_eq!(named("unset", json!(null)).unwrap(), "");
    assert_eq!(named("remove-value", developer.clone()).unwrap(), "SharedSpaceCreator");
    assert_eq!(named("remove-value", json!([developer, admin])).unwrap(), "SharedSpaceCreator");
    assert_eq!(named("renew", json!(null)), Err("/0/op".into()));
    for op in ["replace", "set", "add", "remove-value"] {
        assert_eq!(named(op, json!(5)), Err("/0/value".into()));
        assert_eq!(named(op, json!(null)), Err("/0/value".into()));
        for wrong in [json!({}), json!(7), json!("Developer"), json!({"id": 7}), json!(null)] {
            assert_eq!(named(op, json!([developer, wrong])), Err("/0/value/1".into()));
        }
    }
    let old =
        |op, value| one("Carla Gómez", op, "/roles", value).map(|user| roles(&user).join(" "));
    assert_eq!(
        old("set", json!(["TenantAdmin", {"name": "Developer"}])).unwrap(),
        "TenantAdmin Developer"
    );
    assert_eq!(
        old("add", json!(["TenantAdmin"])).unwrap(),
        "Developer SharedSpaceCreator TenantAdmin"
    );
    assert_eq!(old("unset", json!(null)).unwrap(), "");
    let end = |op, value| {
        one("Carla Gómez", op, "/assignedRoles/-", value).map(|user| roles(&user).join(" "))
    };
    assert_eq!(end("add", admin).unwrap(), "Developer SharedSpaceCreator TenantAdmin");
    assert_eq!(end("add", json!([developer])), Err("/0/value".into()));
    for op in OPS.into_iter().filter(|op| *op != "add") {
        assert_eq!(end(op, developer.clone()), Err("/0/op".into()));
    }
}

#[test]
fn group_lists() {
    let named = |user: &str, op, value| {
        one(user, op, "/assignedGroups", value).map(|user| groups(&user).join(" "))
    };
    let (finance, sales) =
        (json!("6425d62641d2b80a9a0f92c3"), json!({"name": "CG-Sales", "providerType": "custom"}));
    assert_eq!(named("Hiroshi 山田", "replace", json!([sales])).unwrap(), "CG-Sales");
    assert_eq!(
        named("Hiroshi 山田", "set", json!([finance, sales])).unwrap(),
        "CG-Finance CG-Sales"
    );
    assert_eq!(named("Hiroshi 山田", "add", json!([sales])).unwrap(), "CG-Finance CG-Sales");
    assert_eq!(named("Hiroshi 山田", "remove-value", finance.clone()).unwrap(), "");
    assert_eq!(named("Hiroshi 山田", "unset", json!(null)).unwrap(), "");
    assert_eq!(
        one("Bob", "add", "/assignedGroups/-", finance.clone())
            .map(|user| groups(&user).join(" "))
            .unwrap(),
        "CG-Finance"
    );
    // The identity provider manages this group: its members cannot be changed here.
    let kept = json!({"id": "507f191e810c19729de860eb"});
    assert_eq!(named("Bob", "add", json!([finance, kept])), Err("/0/value/1".into()));
    assert_eq!(named("Bob", "add", kept.clone()), Err("/0/value".into()));
    assert_eq!(named("Alice", "add", kept.clone()).unwrap(), "Finance");
    assert_eq!(named("Alice", "replace", json!([kept, sales])).unwrap(), "Finance CG-Sales");
    assert_eq!(named("Alice", "replace", json!([sales])), Err("/0/value".into()));
    assert_eq!(named("Alice", "unset", json!(null)), Err("/0/value".into()));
    assert_eq!(named("Alice", "remove-value", kept), Err("/0/value".into()));
    assert_eq!(
        named("Bob", "add", json!([{"name": "CG-Sales", "providerType": "other"}])),
        Err("/0/value/0".into())
    );
    // A group of another provider with the same name does not match.
    assert_eq!(
        named("Bob", "add", json!([{"name": "CG-Sales", "providerType": "idp"}])),
        Err("/0/value/0".into())
    );
}

#[test]
fn unresolved_references() {
    let nothing = json!({"op": "add", "path": "/assignedRoles", "value": [{"name": "A"}, {"name": "Developer"}, {"id": "B"}]});
    assert_eq!(apply("Alice", json!([nothing])), Err("/0/value/0".into()));
    let name = json!({"op": "replace", "path": "/name", "value": "New"});
    let (user, failures) = apply(
        "Alice",
        json!([nothing, name, {"op": "remove-value", "path": "/assignedGroups", "value": "C"}]),
    )
    .unwrap();
    assert_eq!((user.name.as_str(), roles(&user)), ("New", vec!["TenantAdmin"]));
    assert_eq!(failures, ["/0/value/0", "/0/value/2", "/2/value"]);
    // A malformed operation takes precedence, wherever it occurs.
    assert_eq!(
        apply("Alice", json!([name, nothing, {"op": "explode", "path": "/name"}])),
        Err("/2/op".into())
    );
    // So does a group that the identity provider manages.
    let kept = json!({"op": "unset", "path": "/assignedGroups"});
    assert_eq!(apply("Alice", json!([nothing, name, kept])), Err("/2/value".into()));
}

#[test]
fn malformed_operations_are_rejected_with_a_pointer() {
    let parse = |body: Value| Operation::parse_all(&body).map_err(pointer);
    for (body, at) in [
        (json!({}), ""),
        (json!("x"), ""),
        (json!(null), ""),
        (json!([1]), "/0"),
        (json!([{}]), "/0/op"),
        (json!([{"op": 1, "path": "/name", "value": "x"}]), "/0/op"),
        (json!([{"op": "move", "from": "/name", "path": "/email"}]), "/0/op"),
        (json!([{"op": "replace", "value": "x"}]), "/0/path"),
        (json!([{"op": "replace", "path": "name", "value": "x"}]), "/0/path"),
        (json!([{"op": "replace", "path": "/id", "value": "x"}]), "/0/path"),
        (json!([{"op": "replace", "path": "/subject", "value": "x"}]), "/0/path"),
        (json!([{"op": "replace", "path": "/assignedRoles/0", "value": {"name": "x"}}]), "/0/path"),
        (json!([{"op": "replace", "path": "/name"}]), "/0/value"),
    ] {
        assert_eq!(parse(body.clone()), Err(at.into()), "{body}");
    }
    assert_eq!(parse(json!([])), Ok(vec![]));
    let targets = [
        ("/name", Target::Name),
        ("/email", Target::Email),
        ("/preferredzoneinfo", Target::PreferredZoneinfo),
        ("/preferredLocale", Target::PreferredLocale),
        ("/status", Target::Status),
    ];
    for (path, target) in targets {
        let value = if target == Target::Status { "active" } else { "a@b" };
        assert_eq!(
            parse(json!([{"op": "add", "path": path, "value": value}])).unwrap()[0].target(),
            target
        );
    }
    for (path, target) in [
        ("/roles", Target::AssignedRoles),
        ("/assignedroles", Target::AssignedRoles),
        ("/assignedGroups", Target::AssignedGroups),
    ] {
        assert_eq!(parse(json!([{"op": "unset", "path": path}])).unwrap()[0].target(), target);
    }
    assert_eq!(
        parse(json!([{"op": "renew", "path": "/inviteExpiry"}])).unwrap()[0].target(),
        Target::InviteExpiry
    );
}

#[test]
fn messages_describe_valid_elements() {
    let message = |path: &str, value: Value| match Operation::parse_all(
        &json!([{"op": "add", "path": path, "value": value}]),
    ) {
        Err(StoreError::Invalid { message, .. }) => message.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message("/roles", json!([1])), "expected a name");
    assert_eq!(
        message("/assignedGroups", json!([1])),
        "expected an id, or an object with id or name"
    );
    assert_eq!(message("/assignedRoles", json!([1])), "expected an object with id or name");
    assert_eq!(message("/assignedRoles", json!(["a"])), "expected an object with id or name");
    assert!(
        Operation::parse_all(&json!([{"op": "add", "path": "/roles/-", "value": "Admin"}])).is_ok()
    );
}
