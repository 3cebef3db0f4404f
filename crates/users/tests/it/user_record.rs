//! Users as records of the engine, and the policy of the users API.

use arbitrary::Unstructured;
use insta::assert_snapshot;
use proptest::prelude::*;
use scieve::{Attribute, CaseSensitivity, Code, Policy, PolicyError};
use scieve_users::User;
use serde_json::{Value, json};

fn user() -> User {
    let text = r#"{
        "id": "62716AC4", "tenantId": "t", "subject": "CORP\\zoe", "name": "Zoë Groß", "status": "active", "clientId": "c1",
        "assignedRoles": [
            {"id": "r1", "name": "Developer", "type": "default", "level": "user"},
            {"id": "r2", "name": "DataAdmin", "type": "default", "level": "admin"}
        ],
        "assignedGroups": [
            {"id": "g1", "name": "Finance", "providerType": "idp", "assignedRoles": []},
            {"id": "g2", "name": "Sales", "assignedRoles": [{"id": "r3", "name": "Seller", "type": "custom", "level": "user"}]}
        ],
        "assignedScopes": ["apps:read", "apps:export"],
        "createdAt": "2022-05-03T17:46:12.000Z", "lastUpdatedAt": "2022-05-03T17:46:12.000Z"
    }"#;
    serde_json::from_str(text).unwrap()
}

/// Returns a policy that allows every operator on every attribute of a user.
fn open_policy() -> Policy<User> {
    let mut json: serde_json::Value =
        serde_json::from_str(&scieve_users::policy().to_json()).unwrap();
    for attribute in json["attributes"].as_array_mut().unwrap() {
        attribute.as_object_mut().unwrap().remove("operators");
    }
    for switch in ["not", "value_paths", "null", "groups"] {
        json.as_object_mut().unwrap().remove(switch);
    }
    Policy::from_json(&json.to_string()).unwrap()
}

fn matches(policy: &Policy<User>, filter: &str) -> bool {
    policy.parse(filter).unwrap_or_else(|findings| panic!("{}", findings.render())).matches(&user())
}

#[test]
fn filters_compare_every_attribute() {
    for filter in [
        r#"id eq "62716ac4""#,
        r#"subject co "corp\\z""#,
        r#"name eq "ZOE\u0308 GROSS""#,
        r#"STATUS eq "Active""#,
        r#"clientId eq "C1""#,
        r#"assignedRoles.id eq "r2""#,
        r#"assignedRoles.name eq "dataadmin""#,
        r#"assignedGroups.id eq "g2""#,
        r#"assignedGroupsAssignedRoles.name eq "seller""#,
        r#"assignedScopes eq "apps:export""#,
        "subject co 'ZOE' and name co 'groß'",
    ] {
        assert!(matches(scieve_users::policy(), filter), "{filter}");
    }
    for filter in [
        r#"email eq """#,
        r#"email co """#,
        r#"assignedRoles.name eq "Seller""#,
        r#"assignedGroupsAssignedRoles.name eq "Developer""#,
        r#"assignedRoles.id eq "g1""#,
        r#"assignedScopes eq "apps""#,
    ] {
        assert!(!matches(scieve_users::policy(), filter), "{filter}");
    }
}

#[test]
fn value_paths_compare_the_same_element() {
    let policy = open_policy();
    for filter in [
        r#"assignedRoles[id eq "r1" and name eq "developer"]"#,
        r#"assignedRoles.id eq "r1" and assignedRoles.name eq "DataAdmin""#,
        r#"assignedGroups[id eq "g2"]"#,
        r#"assignedScopes[value eq "APPS:export" and value sw "apps"]"#,
        r#"assignedGroupsAssignedRoles[name sw "sell"]"#,
        "assignedRoles pr and assignedGroups pr and assignedGroupsAssignedRoles pr and assignedScopes pr and not (email pr)",
        r#"assignedScopes ne "apps:read" and email ne "x" and email eq null"#,
    ] {
        assert!(matches(&policy, filter), "{filter}");
    }
    assert!(!matches(&policy, r#"assignedRoles[id eq "r1" and name eq "DataAdmin"]"#));
    assert!(!matches(&policy, r#"assignedGroups[id eq "r1"]"#));
    assert!(!matches(&policy, r#"assignedScopes[value ew "read" and value ew "export"]"#));
}

#[test]
fn policy_rejects_everything_else() {
    for (filter, code) in [
        (r#"id co "x""#, Code::OperatorNotAllowed),
        (r#"name sw "x""#, Code::OperatorNotAllowed),
        (r#"status ne "active""#, Code::OperatorNotAllowed),
        ("email pr", Code::OperatorNotAllowed),
        (r#"assignedGroups.name eq "x""#, Code::UnknownAttribute),
        (r#"tenantId eq "t""#, Code::UnknownAttribute),
        ("name eq null", Code::NullNotAllowed),
        ("name eq 5", Code::WrongType),
        (r#"not (name eq "x")"#, Code::NotNotAllowed),
        (r#"assignedRoles[name eq "x"]"#, Code::ValuePathNotAllowed),
        (
            r#"name eq "Bob" or name eq "Alice" and (status eq "active" or status eq "disabled")"#,
            Code::GroupMixed,
        ),
    ] {
        let findings = scieve_users::policy().parse(filter).expect_err(filter);
        assert!(
            findings.iter().any(|finding| finding.code() == code),
            "{filter}\n{}",
            findings.render()
        );
    }
    for complex in ["assignedRoles", "assignedGroups", "assignedGroupsAssignedRoles"] {
        assert!(
            scieve_users::policy().parse(&format!(r#"{complex} eq "x""#)).is_err(),
            "{complex}"
        );
        assert!(scieve_users::policy().parse(&format!("{complex} pr")).is_err(), "{complex}");
    }
}

#[test]
fn filters_may_compare_one_hundred_ids() {
    let ids = |count: usize| {
        (0..count).map(|id| format!(r#"id eq "{id}""#)).collect::<Vec<_>>().join(" or ")
    };
    assert!(scieve_users::policy().parse(&ids(100)).is_ok());
    let findings = scieve_users::policy().parse(&ids(101)).unwrap_err();
    assert!(
        findings.iter().any(|finding| finding.code() == Code::TooManyComparisons),
        "{}",
        findings.render()
    );
}

#[test]
fn users_policy_equals_the_file_of_the_corpus() {
    let expected = include_str!("../../../../tests/corpus/users_policy.json");
    assert_eq!(scieve_users::policy().to_json().trim(), expected.trim());
}

#[test]
fn policies_from_json_resolve_the_slots_of_users() {
    let policy =
        Policy::<User>::from_json(r#"{"attributes": [{"name": "EMAIL"}, {"name": "id"}]}"#)
            .unwrap();
    let slots: Vec<_> = policy.schema().attributes().map(Attribute::slot).collect();
    let known = |path| scieve_users::schema().find_path(path).unwrap().slot();
    assert_eq!(slots, [known("email"), known("id")]);
}

fn describe(text: &str, error: &PolicyError) -> String {
    format!("{text}\n  {}: {error}\n", error.code())
}

#[test]
fn attributes_that_users_do_not_have_are_rejected() {
    let errors: Vec<_> = [
        r#"{"attributes": [{"name": "title"}]}"#,
        r#"{"attributes": [{"name": "id", "type": "integer"}]}"#,
        r#"{"attributes": [{"name": "id", "multi_valued": true}]}"#,
        r#"{"attributes": [{"name": "id", "urn": "urn:example"}]}"#,
    ]
    .into_iter()
    .map(|text| describe(text, &Policy::<User>::from_json(text).unwrap_err()))
    .collect();
    assert_snapshot!(errors.join("\n"));
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..512)
}

proptest! {
    #[test]
    fn users_match_like_their_json_form(filter in bytes(), user in bytes()) {
        let user = scieve_users::arbitrary::user(&mut Unstructured::new(&user)).unwrap();
        let built = scieve::arbitrary::filter(&mut Unstructured::new(&filter), scieve_users::policy()).unwrap().unwrap();
        let Ok(filter) = built.build() else { return Ok(()) };
        match scieve_users::policy().check(&filter) {
            Ok(plan) => {
                let open = Policy::<Value>::schemaless(CaseSensitivity::Ignore).check(&filter).unwrap();
                let roles: Vec<_> = user.assigned_groups.iter().flat_map(|group| &group.assigned_roles).collect();
                let mut resource = serde_json::to_value(&user).unwrap();
                resource["assignedGroupsAssignedRoles"] = json!(roles);
                prop_assert_eq!(plan.matches(&user), open.matches(&resource), "{} {}", filter, resource);
            }
            Err(findings) => prop_assert!(!findings.to_string().is_empty()),
        }
    }
}
