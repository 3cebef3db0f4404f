//! A tenant keeps an administrator, and writes take place only if their precondition is met.

use super::contract::{TENANT, TestStore, body};
use scieve_users::{
    ADMINISTRATOR_ROLE, Group, NewUser, Precondition, Reference, Role, SYSTEM_ROLES, Status,
    StoreError, Timestamp, User, UserStore,
};
use serde_json::{Value, json};

fn administrator(id: &str) -> User {
    let user = User::new(id, TENANT, format!("subject of {id}"), Timestamp::from_millis(0));
    User { assigned_roles: vec![SYSTEM_ROLES[0].into()], ..user }
}

fn roles() -> Vec<Role> {
    let custom = Role { id: "custom".into(), name: "tenantadmin".into(), ..SYSTEM_ROLES[0].into() };
    SYSTEM_ROLES.into_iter().map(Role::from).chain([custom]).collect()
}

fn replace(path: &str, value: &Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

/// The writes that take the role away.
fn demotions() -> [Value; 3] {
    [
        replace("/status", &json!("disabled")),
        replace("/assignedRoles", &json!([{ "name": "Developer" }])),
        json!([{ "op": "remove-value", "path": "/assignedRoles", "value": { "name": ADMINISTRATOR_ROLE } }]),
    ]
}

pub(crate) async fn the_last_administrator_is_kept<S: UserStore>(
    TestStore { store, guard: _guard, .. }: TestStore<S>,
) {
    let group = Group {
        id: "admins".into(),
        name: "Admins".into(),
        provider_type: None,
        assigned_roles: vec![SYSTEM_ROLES[0].into()],
    };
    // None of these is an administrator.
    let deleted = User { status: Status::Deleted, ..administrator("deleted") };
    let disabled = User { status: Status::Disabled, ..administrator("disabled") };
    let custom = User { assigned_roles: vec![roles().pop().unwrap()], ..administrator("custom") };
    let users = vec![administrator("last"), deleted, disabled, custom];
    store.load(TENANT, roles(), vec![group], users).await.unwrap();
    let other = User { tenant_id: "other".into(), ..administrator("elsewhere") };
    store.load("other", roles(), Vec::new(), vec![other]).await.unwrap();

    let before = store.get(TENANT, "last").await.unwrap();
    for operations in demotions() {
        let patched = store.patch(TENANT, "last", &body(operations.clone())).await;
        assert_eq!(patched, Err(StoreError::LastAdministrator), "{operations}");
    }
    assert_eq!(store.delete(TENANT, "last").await, Err(StoreError::LastAdministrator));
    assert_eq!(store.get(TENANT, "last").await.unwrap(), before);
    // Other changes are possible.
    store.patch(TENANT, "last", &body(replace("/name", &json!("Last")))).await.unwrap();
    store.patch(TENANT, "last", &body(replace("/status", &json!("invited")))).await.unwrap();

    // The role of a group counts.
    let member = NewUser { subject: "member".into(), ..NewUser::default() };
    let member = store.create(TENANT, member).await.unwrap().id.clone();
    let join = replace("/assignedGroups", &json!(["admins"]));
    store.patch(TENANT, &member, &body(join)).await.unwrap();
    store.patch(TENANT, "last", &body(demotions()[1].clone())).await.unwrap();
    let leave = replace("/assignedGroups", &json!([]));
    let left = store.patch(TENANT, &member, &body(leave)).await;
    assert_eq!(left, Err(StoreError::LastAdministrator));
    assert_eq!(store.delete(TENANT, &member).await, Err(StoreError::LastAdministrator));

    // A user created with the role counts as well.
    let second = NewUser {
        subject: "second".into(),
        assigned_roles: vec![Reference::Name(ADMINISTRATOR_ROLE.into())],
        ..NewUser::default()
    };
    store.create(TENANT, second).await.unwrap();
    store.delete(TENANT, &member).await.unwrap();
}

/// Two administrators who take the role from each other at the same time: one of them keeps it.
pub(crate) async fn concurrent_demotions_leave_an_administrator<S: UserStore>(
    TestStore { store, guard: _guard, .. }: &TestStore<S>,
) {
    for round in 0..8 {
        let tenant = format!("tenant {round}");
        let user = |id: &str| User { tenant_id: tenant.clone(), ..administrator(id) };
        store.load(&tenant, roles(), Vec::new(), vec![user("a"), user("b")]).await.unwrap();
        let operations = body(demotions()[round % 3].clone());
        let demote = |id: &'static str| {
            let (store, tenant, operations) = (&store, &tenant, &operations);
            async move {
                match round % 2 {
                    0 => store.patch(tenant, id, operations).await.map(drop),
                    _ => store.delete(tenant, id).await,
                }
            }
        };
        let mut results = <[_; 2]>::from(tokio::join!(demote("a"), demote("b")));
        results.sort_by_key(Result::is_err);
        assert_eq!(results, [Ok(()), Err(StoreError::LastAdministrator)], "{round}");
    }
}

pub(crate) async fn preconditions_are_checked<S: UserStore>(
    TestStore { store, advance, guard: _guard }: TestStore<S>,
) {
    let user = NewUser { subject: "bob".into(), ..NewUser::default() };
    let created = store.create(TENANT, user).await.unwrap();
    let id = &created.id;
    let first = created.version();
    assert_eq!(store.get(TENANT, id).await.unwrap().version(), first);
    let is = |versions: &[&str]| {
        Precondition::Version(versions.iter().map(|&version| version.to_owned()).collect())
    };
    advance(1);
    let rename = |name: &str| body(replace("/name", &json!(name)));
    let patched = store.patch_if(TENANT, id, &rename("Bob"), &is(&["x", &first])).await.unwrap();
    let second = patched.user.version();
    assert_ne!(first, second);
    assert_eq!(store.get(TENANT, id).await.unwrap().version(), second);
    for precondition in [is(&[&first]), is(&[])] {
        let patched = store.patch_if(TENANT, id, &rename("Rob"), &precondition).await;
        assert_eq!(patched, Err(StoreError::Changed));
        assert_eq!(store.delete_if(TENANT, id, &precondition).await, Err(StoreError::Changed));
    }
    assert_eq!(store.get(TENANT, id).await.unwrap().name, "Bob");
    assert_eq!(store.delete_if(TENANT, "x", &is(&[])).await, Err(StoreError::NotFound));
    store.delete_if(TENANT, id, &is(&[&second])).await.unwrap();
    assert_eq!(store.get(TENANT, id).await, Err(StoreError::NotFound));
}
