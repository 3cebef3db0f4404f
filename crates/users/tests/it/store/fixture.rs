//! Fixture files.

use pollster::block_on;
use scieve_users::{Fixture, MemoryStore, ProviderType, Status, UserStore};

const EXAMPLE: &str = include_str!("../../../../../examples/fixture.json");

#[test]
fn example_fixture_can_be_loaded() {
    let fixture = Fixture::from_json(EXAMPLE).unwrap();
    assert_eq!(
        (fixture.users.len(), fixture.roles.len(), fixture.groups.len(), fixture.api_keys.len()),
        (13, 8, 3, 2)
    );
    let alice = &fixture.users[0];
    assert_eq!((alice.name.as_str(), alice.status), ("Alice", Status::Active));
    assert_eq!(alice.assigned_roles[0].id, "605a1c2151382ffc836af861");
    assert_eq!(alice.assigned_groups[0].provider_type, Some(ProviderType::Idp));
    assert_eq!(alice.assigned_groups[0].assigned_roles[0].name, "DataSpaceCreator");
    let store = MemoryStore::new();
    block_on(store.load(&fixture.tenant, fixture.roles, fixture.groups, fixture.users)).unwrap();
    assert_eq!(block_on(store.count(&fixture.tenant)), Ok(12));
    assert_eq!(block_on(store.roles(&fixture.tenant)).unwrap().len(), 8);
    assert_eq!(block_on(store.groups(&fixture.tenant)).unwrap().len(), 3);
}

#[test]
fn errors_name_the_position_in_the_file() {
    let error = |text: &str| Fixture::from_json(text).unwrap_err().to_string();
    let changed = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from));
        error(&EXAMPLE.replacen(from, to, 1))
    };
    assert!(error("{").contains("EOF"));
    assert!(error("{}").contains("missing field `tenant`"));
    assert_eq!(
        changed(
            r#""SharedSpaceCreator"
   ],"#,
            r#""Nothing"],"#
        ),
        "/users/2/assignedRoles/1: unknown name `Nothing`"
    );
    assert_eq!(
        changed("user-key-0002\",\n   \"userId\": \"6", "k\",\n   \"userId\": \"7"),
        "/apiKeys/1/userId: unknown user `726949b9017b657805080bbd`"
    );
    assert_eq!(
        changed("\"key\": \"user-key-0002", "\"key\": \"admin-key-0001"),
        "/apiKeys: duplicate key `admin-key-0001`"
    );
    assert_eq!(changed("auth0|e5", "auth0|g7"), "/users: duplicate subject `auth0|g7`");
    assert!(changed("\"disabled\"", "\"gone\"").starts_with("/users/1: unknown variant `gone`"));
    assert!(
        changed("2022-05-03T17:46:12.000Z", "yesterday").starts_with("/users/1: expected a date")
    );
}
