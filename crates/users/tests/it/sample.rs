//! Generated sample users: reproducible, varied, and equal to `examples/users.json`.

use scieve_users::{Status, User, sample, sample_with_seed};
use std::collections::HashSet;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/users.json");

/// Formats users as JSON with one line per user, so that a diff shows which users differ.
fn json_lines(users: impl Iterator<Item = User>) -> String {
    let lines: Vec<_> = users.map(|user| serde_json::to_string(&user).unwrap()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// `UPDATE_EXAMPLES=1` rewrites the file.
#[test]
fn example_file_equals_the_sample() {
    let wanted = json_lines(sample(200));
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(PATH, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(PATH).unwrap();
    assert!(
        found == wanted,
        "examples/users.json differs from scieve_users::sample(200); UPDATE_EXAMPLES=1 rewrites it"
    );
    let read: Vec<User> = serde_json::from_str(&found).unwrap();
    assert_eq!(read, sample(200).collect::<Vec<_>>());
}

#[test]
fn filters_of_the_readme_match_some_sample_users() {
    for filter in [
        r#"(name eq "Bob" or name eq "Alice") and (status eq "active" or status eq "disabled")"#,
        r#"name co "query" or email co "query" or subject co "query" or id eq "query" or assignedRoles.name eq "query""#,
        r#"assignedGroupsAssignedRoles.name eq "developer" and assignedScopes eq "apps:read""#,
        r#"subject co "corp\\\\" and clientId eq "no such""#,
    ] {
        let plan = scieve_users::policy().parse(filter).unwrap();
        let found = sample(200).filter(|user| plan.matches(user)).count();
        assert_eq!(found > 0, !filter.contains("no such"), "{filter}: {found}");
        assert!(found < 100, "{filter}: {found}");
    }
}

#[test]
fn sample_has_users_of_every_kind() {
    let users: Vec<_> = sample(200).collect();
    for status in Status::ALL {
        assert!(users.iter().filter(|user| user.status == status).count() > 2, "{status}");
    }
    for name in ["Bob", "Alice"] {
        assert!(users.iter().any(|user| user.name == name), "{name}");
    }
    let share = |test: fn(&User) -> bool| users.iter().filter(|user| test(user)).count();
    assert!((10..=35).contains(&share(|user| user.email.is_none())));
    assert!((10..=35).contains(&share(|user| !user.name.is_ascii())));
    for test in [
        |user: &User| user.assigned_roles.is_empty(),
        |user: &User| user.assigned_roles.len() > 1,
        |user: &User| user.assigned_groups.is_empty(),
        |user: &User| user.assigned_groups.iter().any(|group| group.assigned_roles.is_empty()),
        |user: &User| user.assigned_groups.iter().any(|group| group.assigned_roles.len() > 1),
        |user: &User| user.assigned_scopes.len() > 1,
        |user: &User| user.client_id.is_some(),
        |user: &User| user.preferred_locale.is_some(),
        |user: &User| user.subject.contains('\\'),
        |user: &User| user.subject.starts_with("auth0|"),
        |user: &User| user.name.contains(['%', '_', '"', '\\', '\'']),
    ] {
        assert!(share(test) > 0);
    }
    assert!(
        users.iter().all(|user| user.invite_expiry.is_some() == (user.status == Status::Invited))
    );
}

#[test]
fn ids_are_ascending_and_subjects_unique() {
    let users: Vec<_> = sample(20_000).collect();
    assert!(users.is_sorted_by(
        |earlier, later| earlier.id < later.id && earlier.created_at < later.created_at
    ));
    assert!(users.iter().all(|user| user.id.len() == 24
        && user.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))));
    let subjects: HashSet<_> = users.iter().map(|user| user.subject.to_lowercase()).collect();
    assert_eq!(subjects.len(), users.len());
}

#[test]
fn sample_is_reproducible() {
    assert!(sample(50).eq(sample(200).take(50)));
    assert_eq!(sample(7).len(), 7);
    assert!(sample_with_seed(50, 1).eq(sample_with_seed(200, 1).take(50)));
    assert!(!sample_with_seed(50, 1).eq(sample_with_seed(50, 2)));
}

#[test]
fn json_has_the_form_of_the_users_api() {
    let text = r#"{"id":"62716ac4c7e500e13ff5fa22","tenantId":"t","subject":"s","name":"Bob","status":"invited","assignedRoles":[{"id":"1","name":"Developer","type":"default","level":"user"}],"assignedGroups":[{"id":"2","name":"Finance","providerType":"idp","assignedRoles":[]}],"assignedScopes":[],"createdAt":"2022-05-03T17:46:12.000Z","lastUpdatedAt":"2022-05-03T17:46:12.005Z","inviteExpiry":1652204772}"#;
    let user: User = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&user).unwrap(), text);
    assert_eq!(user.created_at.millis(), 1_651_599_972_000);

    let short = r#"{"id":"1","tenantId":"t","subject":"s","name":"n","status":"active","email":null,"links":{},"createdAt":"2022-05-03T19:46:12+02:00","lastUpdatedAt":"2022-05-03T17:46:12.0059Z"}"#;
    let user: User = serde_json::from_str(short).unwrap();
    assert_eq!(user.created_at.to_string(), "2022-05-03T17:46:12.000Z");
    assert_eq!(user.last_updated_at.to_string(), "2022-05-03T17:46:12.005Z");
    assert!(user.email.is_none() && user.assigned_roles.is_empty());
    assert!(
        serde_json::from_str::<User>(&short.replace("2022-05-03T19:46:12+02:00", "yesterday"))
            .is_err()
    );
}
