//! Property: a PATCH body is rejected, or results in a valid user.

use super::mutate;
use arbitrary::{Result, Unstructured};
use scieve::arbitrary as generate;
use scieve_users::{Fixture, Group, Operation, ProviderType, Status, Timestamp, User};
use serde_json::{Value, json};
use std::sync::LazyLock;

static FIXTURE: LazyLock<Fixture> =
    LazyLock::new(|| Fixture::from_json(include_str!("../../examples/fixture.json")).unwrap());

pub(crate) fn patch(bytes: &[u8]) {
    let index = bytes.first().map_or(0, |first| usize::from(*first) % FIXTURE.users.len());
    if let Ok(body) = serde_json::from_slice(bytes) {
        apply(&FIXTURE.users[index], &body);
    }
    if let Ok(body) = operations(&mut Unstructured::new(bytes)) {
        apply(&FIXTURE.users[index], &body);
    }
}

fn operations(u: &mut Unstructured<'_>) -> Result<Value> {
    let mut operations = Vec::new();
    for _ in 0..u.int_in_range(0..=5)? {
        let op = *u.choose(&[
            "replace",
            "add",
            "set",
            "unset",
            "renew",
            "remove-value",
            "Replace",
            "add (Deprecated)",
            "move",
        ])?;
        let path = *u.choose(&[
            "/name",
            "/email",
            "/preferredZoneinfo",
            "/preferredLocale",
            "/status",
            "/assignedRoles",
            "/assignedRoles/-",
            "/roles",
            "/roles/-",
            "/assignedGroups",
            "/assignedGroups/-",
            "/inviteExpiry",
            "/NAME",
            "/id",
            "/tenantId",
            "/subject",
            "/createdAt",
            "",
            "/",
            "/name/-",
        ])?;
        operations.push(json!({ "op": op, "path": path, "value": value(u)? }));
    }
    let mut body = Value::Array(operations);
    let others = [
        json!(null),
        json!(true),
        json!(1),
        json!("id"),
        json!("name"),
        json!("value"),
        json!("op"),
        json!("path"),
        json!(""),
        json!([]),
        json!({}),
        json!("\u{0}"),
    ];
    mutate(u, &mut body, &others)?;
    Ok(body)
}

fn value(u: &mut Unstructured<'_>) -> Result<Value> {
    let one = |u: &mut Unstructured<'_>| -> Result<Value> {
        let (roles, groups) = (&FIXTURE.roles, &FIXTURE.groups);
        Ok(match u.int_in_range(0..=7)? {
            0 => json!({ "id": u.choose(roles)?.id }),
            1 => json!({ "name": u.choose(roles)?.name }),
            2 => json!({ "id": u.choose(groups)?.id }),
            3 => {
                json!({ "name": u.choose(groups)?.name, "providerType": u.choose(&["idp", "custom", "x"])? })
            }
            4 => json!(u.choose(groups)?.id),
            5 => json!(u.choose(roles)?.name),
            6 => json!({ "name": generate::string(u)? }),
            _ => json!(u.choose(&["active", "invited", "disabled", "deleted", "a@b"])?),
        })
    };
    if u.arbitrary()? {
        return if u.arbitrary()? { Ok(json!(generate::string(u)?)) } else { one(u) };
    }
    let count = u.int_in_range(0..=3)?;
    (0..count).map(|_| one(u)).collect::<Result<Vec<_>>>().map(Value::Array)
}

fn apply(user: &User, body: &Value) {
    let Ok(operations) = Operation::parse_all(body) else { return };
    let now = Timestamp::from_millis(1_700_000_000_000);
    let Ok(patched) = Operation::apply_all(&operations, user, &FIXTURE.roles, &FIXTURE.groups, now)
    else {
        return;
    };
    let after = &*patched.user;
    assert_eq!(
        (&after.id, &after.tenant_id, &after.subject, after.created_at),
        (&user.id, &user.tenant_id, &user.subject, user.created_at)
    );
    assert_eq!(
        (&after.picture, &after.client_id, &after.assigned_scopes),
        (&user.picture, &user.client_id, &user.assigned_scopes)
    );
    assert!(!after.name.is_empty());
    if after.email != user.email {
        assert!(
            after
                .email
                .as_ref()
                .is_none_or(|email| email.contains('@') && !email.contains([' ', '\n'])),
            "{:?}",
            after.email
        );
    }
    if after.status != user.status {
        assert!(matches!(after.status, Status::Active | Status::Invited | Status::Disabled));
        assert_eq!(after.invite_expiry.is_some(), after.status == Status::Invited);
    }
    let mut ids: Vec<_> = after.assigned_roles.iter().map(|role| &role.id).collect();
    ids.sort();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    assert!(
        after
            .assigned_roles
            .iter()
            .all(|role| FIXTURE.roles.contains(role) || user.assigned_roles.contains(role))
    );
    assert!(
        after
            .assigned_groups
            .iter()
            .all(|group| FIXTURE.groups.contains(group) || user.assigned_groups.contains(group))
    );
    let kept = |user: &User| -> Vec<String> {
        let mut ids: Vec<_> = user
            .assigned_groups
            .iter()
            .filter(|group: &&Group| group.provider_type == Some(ProviderType::Idp))
            .map(|group| group.id.clone())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(kept(after), kept(user), "the identity provider's groups changed");
    assert_eq!(after.last_updated_at, if patched.changed { now } else { user.last_updated_at });
    let json = serde_json::to_string(after).unwrap();
    assert!(!json.contains("\\u0000"), "{json}");
    assert_eq!(serde_json::from_str::<User>(&json).unwrap(), *after);
}
