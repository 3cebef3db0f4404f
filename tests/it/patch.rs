//! PATCH requests: the cases of `tests/corpus/patch.jsonl`, and properties on random requests.

use proptest::prelude::*;
use scieve::patch::{PatchLimits, PatchRequest, ScimType, diff};
use scieve::{Policy, Syntax, scim};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    rfc: String,
    #[serde(default)]
    policy: Option<String>,
    #[serde(default)]
    syntax: Option<String>,
    record: Value,
    operations: Value,
    #[serde(default)]
    expect: Option<Value>,
    #[serde(default)]
    changed: Option<bool>,
    #[serde(default)]
    error: Option<String>,
}

fn policy(name: Option<&str>, syntax: Option<&str>) -> Policy<Value> {
    let policy = match name {
        None => scim::user_policy(),
        Some("scim-group") => scim::group_policy(),
        Some(other) => panic!("policy {other}"),
    };
    policy
        .clone()
        .with_syntax(syntax.map_or(Syntax::rfc(), |name| Syntax::from_name(name).unwrap()))
}

fn message(operations: &Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

#[test]
fn errors_name_the_attribute_as_data() {
    for (operation, attribute) in [
        (json!({ "op": "add", "path": "nick", "value": 1 }), Some("nick")),
        (json!({ "op": "add", "path": "name.nick", "value": 1 }), Some("name.nick")),
        (json!({ "op": "add", "value": { "nick": 1 } }), Some("nick")),
        (json!({ "op": "add", "path": "name", "value": { "nick": "a" } }), Some("name.nick")),
        (json!({ "op": "add", "path": "userName", "value": 1 }), Some("userName")),
        (json!({ "op": "remove", "path": "userName" }), Some("userName")),
        (json!({ "op": "replace", "path": "id", "value": "2" }), Some("id")),
        (json!({ "op": "remove", "path": "emails[type eq \"x\"]" }), Some("emails[type eq \"x\"]")),
        (json!({ "op": "set", "path": "userName", "value": "a" }), None),
    ] {
        let mut record = json!({ "userName": "ann" });
        let errors = PatchRequest::from_json(message(&json!([operation])))
            .and_then(|request| request.check(&policy(None, None)))
            .and_then(|plan| plan.apply(&mut record))
            .unwrap_err();
        let arguments = errors.iter().next().unwrap().diagnostic().arguments();
        assert_eq!(arguments.attribute.as_deref(), attribute, "{operation}");
        if attribute.is_none() {
            assert_eq!(arguments.literal.as_deref(), Some("set"));
            assert_eq!(arguments.allowed, ["add", "remove", "replace"].map(Into::into));
        }
    }
}

#[test]
fn cases_have_the_expected_result() {
    let mut count = 0;
    for line in include_str!("../corpus/patch.jsonl").lines() {
        let case: Case =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let policy = policy(case.policy.as_deref(), case.syntax.as_deref());
        let mut record = case.record.clone();
        let result = PatchRequest::from_json(message(&case.operations))
            .and_then(|request| request.check(&policy))
            .and_then(|plan| {
                let changed = plan.apply(&mut record)?;
                assert_eq!(plan.warnings().is_empty(), case.syntax.is_none(), "{line}");
                Ok(changed)
            });
        match (result, &case.expect, &case.error) {
            (Ok(changed), Some(expect), None) => {
                assert_eq!(&record, expect, "{}: {}", case.rfc, case.why);
                assert_eq!(changed, case.changed.unwrap_or(true), "{}: {}", case.rfc, case.why);
                assert_eq!(changed, record != case.record, "{}", case.why);
            }
            (Err(errors), None, Some(error)) => {
                assert_eq!(
                    errors.scim_type().name(),
                    error,
                    "{}: {}: {errors}",
                    case.rfc,
                    case.why
                );
                assert_eq!(record, case.record, "{}: changed by a failing request", case.why);
            }
            (result, ..) => panic!("{}: {}: {result:?}", case.rfc, case.why),
        }
        count += 1;
    }
    assert!(count > 100);
}

#[test]
fn requests_over_a_limit_are_refused() {
    let limits = PatchLimits::default();
    let one = json!({"op": "remove", "path": "title"});
    let many = |count: usize| PatchRequest::from_json(message(&vec![one.clone(); count].into()));
    assert!(many(limits.operations).is_ok());
    let errors = many(limits.operations + 1).unwrap_err();
    assert_eq!(errors.scim_type(), ScimType::InvalidSyntax);
    let long = format!("{{\"op\": \"remove\", \"path\": \"{}\"}}", "x".repeat(limits.bytes));
    assert!(PatchRequest::parse(&long).is_err());
}

#[test]
fn every_error_of_a_request_is_reported_with_its_place() {
    let request = PatchRequest::parse(
        r#"[
            {"op": "add", "value": {"emails": [{"value": 5}, {"vlaue": "x"}], "title": 1}},
            {"op": "replace", "path": "name.frist", "value": "x"}
        ]"#,
    )
    .unwrap();
    let errors = request.check(scim::user_policy()).unwrap_err();
    let places: Vec<_> = errors
        .iter()
        .map(|error| (error.operation().unwrap(), error.pointer(), error.diagnostic().help()))
        .collect();
    assert_eq!(
        places,
        [
            (0, "/value/emails/0/value", None),
            (0, "/value/emails/1/vlaue", Some("did you mean `value`?")),
            (0, "/value/title", None),
            (1, "/path", None),
        ]
    );
    insta::assert_snapshot!("patch_errors", serde_json::to_string_pretty(&errors).unwrap());
}

#[test]
fn a_large_group_takes_linear_time() {
    let members = |from: usize, to: usize| -> Vec<Value> {
        (from..to).map(|id| json!({"value": format!("member-{id}")})).collect()
    };
    let mut group = json!({"displayName": "g", "members": members(0, 20_000)});
    let request = PatchRequest::new()
        .add("members", members(10_000, 30_000))
        .replace(r#"members[value eq "member-29999"].display"#, "last");
    assert!(request.check(scim::group_policy()).unwrap().apply(&mut group).unwrap());
    assert_eq!(group["members"].as_array().unwrap().len(), 30_000);
    assert_eq!(group["members"][29_999]["display"], "last");
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A string that filters and JSON have to escape, or that differs in case only.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C]{1,2}", Just("\"\\ ]".to_owned()), Just("é\u{1f600}".to_owned())]
}

fn email() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop_oneof![Just("work"), Just("home"), Just("WORK")]);
    (prop::option::weighted(0.9, text()), kind, prop::option::of(text())).prop_map(
        |(value, kind, display)| {
            let mut members = Map::new();
            members.extend(value.map(|value| ("value".to_owned(), value.into())));
            members.extend(kind.map(|kind| ("type".to_owned(), kind.into())));
            members.extend(display.map(|display| ("display".to_owned(), display.into())));
            if members.is_empty() {
                members.insert("value".to_owned(), "x".into());
            }
            Value::Object(members)
        },
    )
}

/// Emails, of which at most one is primary.
fn emails() -> impl Strategy<Value = Vec<Value>> {
    (prop::collection::vec(email(), 1..5), prop::option::of(0_usize..5)).prop_map(
        |(mut emails, primary)| {
            if let Some(email) = primary.and_then(|at| emails.get_mut(at)) {
                email["primary"] = true.into();
            }
            emails
        },
    )
}

fn name() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(
        prop_oneof![Just("givenName"), Just("familyName"), Just("formatted")],
        text(),
        1..4,
    )
    .prop_map(|members| json!(members))
}

fn user() -> impl Strategy<Value = Value> {
    let extension = prop::collection::btree_map(
        prop_oneof![Just("department"), Just("costCenter")],
        text(),
        1..3,
    );
    (
        text(),
        prop::option::of(text()),
        prop::option::of(any::<bool>()),
        prop::option::of(name()),
        prop::option::of(emails()),
        prop::option::of(extension),
        any::<bool>(),
    )
        .prop_map(|(user_name, title, active, name, emails, extension, lists_extension)| {
            let mut user = Map::new();
            user.insert("userName".to_owned(), user_name.into());
            user.extend(title.map(|title| ("title".to_owned(), title.into())));
            user.extend(active.map(|active| ("active".to_owned(), active.into())));
            user.extend(name.map(|name| ("name".to_owned(), name)));
            user.extend(emails.map(|emails| ("emails".to_owned(), emails.into())));
            user.extend(extension.map(|members| (ENTERPRISE.to_owned(), json!(members))));
            let mut urns = vec!["urn:ietf:params:scim:schemas:core:2.0:User"];
            urns.extend(lists_extension.then_some(ENTERPRISE));
            user.insert("schemas".to_owned(), json!(urns));
            Value::Object(user)
        })
}

/// An operation, which need not be valid.
fn operation() -> impl Strategy<Value = Value> {
    let path = prop_oneof![
        Just("title".to_owned()),
        Just("userName".to_owned()),
        Just("active".to_owned()),
        Just("name".to_owned()),
        Just("name.givenName".to_owned()),
        Just("emails".to_owned()),
        Just("emails.display".to_owned()),
        Just("emails[type eq \"work\"]".to_owned()),
        Just("emails[type eq \"work\"].display".to_owned()),
        Just("emails[not (primary eq true)].primary".to_owned()),
        Just(format!("{ENTERPRISE}:department")),
        Just(ENTERPRISE.to_owned()),
    ];
    let value = prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        name(),
        email(),
        emails().prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
    ];
    let op = prop_oneof![Just("add"), Just("replace"), Just("remove")];
    (op, prop::option::weighted(0.85, path), value, user()).prop_map(|(op, path, value, user)| {
        match (op, path) {
            ("remove", Some(path)) => json!({"op": op, "path": path}),
            (op, Some(path)) => json!({"op": op, "path": path, "value": value}),
            (op, None) => json!({"op": op, "value": user}),
        }
    })
}

/// Applies operations, and returns the result or the `scimType` of the error.
fn apply(operations: &[Value], record: &Value) -> Result<Value, ScimType> {
    let mut record = record.clone();
    PatchRequest::from_json(message(&json!(operations)))
        .and_then(|request| request.check(scim::user_policy()))
        .and_then(|plan| plan.apply(&mut record))
        .map(|_| record)
        .map_err(|errors| errors.scim_type())
}

proptest! {
    #[test]
    fn applying_the_difference_results_in_the_new_resource(old in user(), new in user()) {
        let request = diff(&old, &new);
        let mut patched = old.clone();
        if !request.is_empty() {
            request.check(scim::user_policy()).unwrap().apply(&mut patched).unwrap();
        }
        prop_assert_eq!(patched, new, "{}", request);
        prop_assert!(diff(&old, &old).is_empty());
    }

    #[test]
    fn the_difference_survives_serialisation(old in user(), new in user()) {
        let request = diff(&old, &new);
        if !request.is_empty() {
            prop_assert_eq!(PatchRequest::parse(&request.to_string()).unwrap(), request);
        }
    }

    #[test]
    fn a_replace_or_an_add_is_idempotent(record in user(), operation in operation()) {
        // A filter can select other elements after the operation.
        let selects = operation["path"].as_str().is_some_and(|path| path.contains('['));
        // A record with several elements of one value (RFC 7643 section 2.4 advises against it) has
        // several that an added element can be merged with.
        let mut values: Vec<_> = record["emails"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|email| email["value"].as_str().map(str::to_lowercase))
            .collect();
        let count = values.len();
        values.sort();
        values.dedup();
        prop_assume!(values.len() == count);
        if let Ok(once) = apply(std::slice::from_ref(&operation), &record)
            && !selects
        {
            prop_assert_eq!(apply(&[operation], &once), Ok(once));
        }
    }

    #[test]
    fn a_failing_request_changes_nothing(
        record in user(),
        operations in prop::collection::vec(operation(), 1..5),
    ) {
        let mut patched = record.clone();
        let result = PatchRequest::from_json(message(&json!(operations)))
            .and_then(|request| request.check(scim::user_policy()))
            .and_then(|plan| plan.apply(&mut patched));
        if result != Ok(true) {
            prop_assert_eq!(patched, record);
        }
    }

    #[test]
    fn operations_are_applied_in_turn(
        record in user(),
        operations in prop::collection::vec(operation(), 1..5),
    ) {
        // A request is checked as a whole before the first operation is applied.
        let one_by_one = operations.iter().try_fold(record.clone(), |record, operation| {
            apply(std::slice::from_ref(operation), &record)
        });
        match (apply(&operations, &record), one_by_one) {
            (Err(_), Err(_)) => {}
            (together, one_by_one) => prop_assert_eq!(together, one_by_one),
        }
    }

    #[test]
    fn a_patched_resource_has_one_primary_value_at_most(
        record in user(),
        operations in prop::collection::vec(operation(), 1..5),
    ) {
        if let Ok(patched) = apply(&operations, &record)
            && let Some(emails) = patched["emails"].as_array()
        {
            let primary = emails.iter().filter(|email| email["primary"] == true);
            prop_assert!(primary.count() <= 1);
        }
    }
}

#[test]
fn the_urn_of_an_extension_can_be_among_its_attributes() {
    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let patch = |urns: Value| {
        let value = json!({"schemas": urns, "department": "IT"});
        let request = PatchRequest::new().add(URN, value);
        let mut user = json!({"userName": "bob"});
        request.check(scim::user_policy())?.apply(&mut user).map(|_| user)
    };
    assert_eq!(patch(json!([URN])).unwrap(), json!({"userName": "bob", URN: {"department": "IT"}}));
    assert!(patch(json!(["urn:example:other"])).is_err());
    assert!(patch(json!("x")).is_err());
}

#[test]
fn an_element_that_an_add_gives_a_type_is_found_by_that_type() {
    let element = |kind: &str| json!({"value": "a@x", "type": kind});
    for (added, expected) in [
        (["work", "home"], json!([element("work"), element("home")])),
        (["work", "work"], json!([element("work")])),
    ] {
        let [first, second] = added.map(element);
        let at_once = PatchRequest::new().add("emails", json!([first, second]));
        let in_turn = PatchRequest::new().add("emails", json!([first])).add("emails", second);
        for request in [at_once, in_turn] {
            let mut user = json!({"emails": [{"value": "a@x"}]});
            request.check(scim::user_policy()).unwrap().apply(&mut user).unwrap();
            assert_eq!(user["emails"], expected);
        }
    }
}
