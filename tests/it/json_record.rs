//! `serde_json::Value` as a record: the values of an attribute, with and without a schema.

use scieve::{
    Attribute, AttributeType, CaseSensitivity, Policy, Record, Schema, ValueRef, json_record, scim,
};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn values(record: &dyn Record, attribute: &Attribute) -> Vec<String> {
    let mut values = Vec::new();
    record.any_value(attribute, &mut |value| {
        values.push(match value {
            ValueRef::Text { text, key: None } => format!("{text:?}"),
            other => format!("{other:?}"),
        });
        false
    });
    if let Some(text) = record.single_text(attribute) {
        assert_eq!(
            values,
            text.map(|text| format!("{text:?}")).as_slice(),
            "the single text of {attribute}"
        );
    }
    values
}

/// Returns the values of an attribute `a` of this type.
fn read(kind: AttributeType, value: Value) -> Vec<String> {
    values(&json!({ "a": value }), &Attribute::new("a", kind))
}

#[test]
fn values_of_the_attribute_type_are_accepted() {
    for (kind, value, wanted) in [
        (AttributeType::String, json!("x"), r#""x""#),
        (AttributeType::String, json!(""), r#""""#),
        (AttributeType::Reference, json!("/Users/1"), r#""/Users/1""#),
        (AttributeType::Boolean, json!(false), "Boolean(false)"),
        (AttributeType::Integer, json!(-7), "Integer(-7)"),
        (AttributeType::Integer, json!(i64::MIN), "Integer(-9223372036854775808)"),
        (AttributeType::Integer, json!(7.0), "Integer(7)"),
        (AttributeType::Integer, json!(u64::MAX), r#"Number("18446744073709551615")"#),
        (AttributeType::Integer, json!(1e19), "Decimal(1e19)"),
        (AttributeType::Integer, json_record("-1e30").unwrap(), r#"Number("-1e30")"#),
        (
            AttributeType::Integer,
            json_record("9007199254740993.0").unwrap(),
            "Integer(9007199254740993)",
        ),
        (AttributeType::Decimal, json_record("1e30").unwrap(), "Decimal(1e30)"),
        (AttributeType::Decimal, json!(7), "Decimal(7.0)"),
        (AttributeType::Decimal, json!(7.5), "Decimal(7.5)"),
        (
            AttributeType::DateTime,
            json!("1970-01-01T00:00:01.0000019Z"),
            r#"DateTime(DateTime { micros: 1000001, finer: "9" })"#,
        ),
        (
            AttributeType::DateTime,
            json!("1970-01-01T01:00:00+01:00"),
            r#"DateTime(DateTime { micros: 0, finer: "" })"#,
        ),
        (AttributeType::Binary, json!("QUI="), "Binary([65, 66])"),
        (AttributeType::Binary, json!("-_8"), "Binary([251, 255])"),
        (AttributeType::Complex, json!({"b": 0}), "Complex"),
        (AttributeType::Complex, json!({"b": [null, {"c": false}]}), "Complex"),
        (AttributeType::Any, json!("x"), r#""x""#),
        (AttributeType::Any, json!(true), "Boolean(true)"),
        (AttributeType::Any, json!(7), "Integer(7)"),
        (AttributeType::Any, json!(7.5), "Decimal(7.5)"),
        (AttributeType::Any, json!(u64::MAX), r#"Number("18446744073709551615")"#),
        (AttributeType::Any, json!(7.0), "Integer(7)"),
        (AttributeType::Any, json_record("1e400").unwrap(), r#"Number("1e400")"#),
        (AttributeType::Any, json!({"VALUE": "x", "type": "work"}), r#""x""#),
        (AttributeType::Any, json!({"value": null, "type": "work"}), "Complex"),
        (AttributeType::Any, json!({"value": {"b": 1}}), "Complex"),
        (AttributeType::Any, json!({"type": "work"}), "Complex"),
    ] {
        assert_eq!(read(kind, value.clone()), [wanted], "{kind} {value}");
        assert_eq!(read(kind, json!([null, value])), [wanted], "{kind} in a list: {value}");
    }
    assert_eq!(
        read(AttributeType::Any, json!([1, "x", {"value": ["y", "z"]}])),
        ["Integer(1)", r#""x""#, r#""y""#, r#""z""#]
    );
}

#[test]
fn values_of_other_types_are_present_and_cannot_be_read() {
    let unassigned = [
        json!(null),
        json!([]),
        json!({}),
        json!([null, {}]),
        json!({"b": null, "c": [], "d": {"e": null}}),
    ];
    for kind in AttributeType::ALL {
        for value in &unassigned {
            assert_eq!(read(kind, value.clone()), [""; 0], "{kind} {value}");
        }
        assert_eq!(values(&json!({"b": 1}), &Attribute::new("a", kind)), [""; 0], "{kind} absent");
        assert_eq!(values(&json!("x"), &Attribute::new("a", kind)), [""; 0], "{kind} of a text");
    }
    for (kind, value) in [
        (AttributeType::String, json!(5)),
        (AttributeType::String, json!(true)),
        (AttributeType::String, json!({"value": "x"})),
        (AttributeType::String, json!([["x"]])),
        (AttributeType::Boolean, json!("true")),
        (AttributeType::Boolean, json!(1)),
        (AttributeType::Integer, json!("5")),
        (AttributeType::Integer, json!(5.5)),
        (AttributeType::Integer, json_record("100000000000000000000.5").unwrap()),
        (AttributeType::Decimal, json_record("1e400").unwrap()),
        (AttributeType::String, json_record("1e30").unwrap()),
        (AttributeType::Decimal, json!("5.5")),
        (AttributeType::DateTime, json!("yesterday")),
        (AttributeType::DateTime, json!("2011-05-13")),
        (AttributeType::DateTime, json!(0)),
        (AttributeType::Binary, json!("QUI==")),
        (AttributeType::Binary, json!("ä")),
        (AttributeType::Complex, json!("x")),
        (AttributeType::Any, json!([["x"]])),
    ] {
        assert_eq!(read(kind, value.clone()), ["Unreadable"], "{kind} {value}");
    }
}

#[test]
fn member_names_are_case_insensitive() {
    let record = json!({"USERNAME": "x", "userName": "y", "eMails": [{"VALUE": "z"}]});
    assert_eq!(values(&record, &Attribute::new("username", AttributeType::String)).len(), 1);
    assert_eq!(
        values(&record, &Attribute::new("userName", AttributeType::String)),
        [r#""y""#],
        "the exact name goes first"
    );
    assert_eq!(values(&record, scim::user_schema().find_path("emails.value").unwrap()), [r#""z""#]);
    assert_eq!(values(&json!({"É": 1}), &Attribute::new("e", AttributeType::Any)), [""; 0]);
}

#[test]
fn members_are_found_in_objects_of_any_size() {
    for others in 0..40 {
        let mut record = json!({});
        (0..others).for_each(|other| {
            record[format!("{}{other}", if other % 2 == 0 { "a" } else { "z" })] = json!(other)
        });
        for name in ["alpha", "Alpha", "kilo", "lima", "mike", "zulu", "$ref", "value"] {
            let found = |record: &Value, name: &str| {
                values(record, &Attribute::new(name, AttributeType::String))
            };
            assert_eq!(found(&record, name), [""; 0], "{name} beside {others}");
            let mut with = record.clone();
            with[name.to_uppercase()] = json!("capitals");
            assert_eq!(found(&with, name), [r#""capitals""#], "{name} beside {others}");
            with[name] = json!("exact");
            assert_eq!(found(&with, name), [r#""exact""#], "{name} beside {others}");
            let rest = format!("{name}{others}");
            assert_eq!(found(&with, &rest), [""; 0], "{rest} beside {others}");
        }
    }
}

#[test]
fn single_text_equals_the_only_value() {
    let schema = Schema::new(
        None,
        [
            Attribute::new("a", AttributeType::Complex),
            Attribute::new("a.text", AttributeType::String),
            Attribute::new("a.texts", AttributeType::String).multi_valued(),
            Attribute::new("m", AttributeType::Complex).multi_valued(),
            Attribute::new("m.text", AttributeType::String),
            Attribute::new("m.texts", AttributeType::Reference).multi_valued(),
            Attribute::new("s", AttributeType::String),
            Attribute::new("l", AttributeType::String).multi_valued(),
            Attribute::new("o", AttributeType::Any).multi_valued(),
            Attribute::new("o.text", AttributeType::Any).multi_valued(),
            Attribute::new("o.value", AttributeType::Any),
        ],
    )
    .unwrap();
    let odd = [
        json!("x"),
        json!(["x", "y"]),
        json!([["x"]]),
        json!(7),
        json!(null),
        json!({"value": "x"}),
        json!([null, "x"]),
    ];
    let mut single = 0;
    for value in &odd {
        let complex = [
            value.clone(),
            json!({"text": value, "TEXTS": value}),
            json!([{"text": value}, {"Text": "z", "texts": value}]),
        ];
        for complex in complex {
            let record = json!({"a": complex, "m": complex, "s": value, "l": value, "o": complex});
            for attribute in schema.attributes() {
                values(&record, attribute);
                single += usize::from(record.single_text(attribute).is_some());
                let parts =
                    schema.attributes().filter(|part| part.parent() == Some(attribute.id()));
                for part in parts.chain([attribute]) {
                    record.any_element(attribute, &mut |element| {
                        values(element, part);
                        false
                    });
                }
            }
        }
    }
    assert!(single > 0);
}

#[test]
fn extension_attributes_are_members_of_their_urn() {
    let schema = scim::user_schema();
    let record = json!({
        "division": "not this one",
        ENTERPRISE.to_uppercase(): {"Division": "this one", "manager": {"value": "26118915"}},
    });
    assert_eq!(
        values(&record, schema.find(Some(ENTERPRISE), "division", None).unwrap()),
        [r#""this one""#]
    );
    assert_eq!(
        values(&record, schema.find(Some(ENTERPRISE), "manager", Some("value")).unwrap()),
        [r#""26118915""#]
    );
    assert_eq!(
        values(&record, schema.find(Some(ENTERPRISE), "manager", None).unwrap()),
        ["Complex"]
    );
    assert_eq!(
        values(
            &json!({"manager": {"value": "1"}}),
            schema.find(Some(ENTERPRISE), "manager", None).unwrap()
        ),
        [""; 0]
    );
}

#[test]
fn sub_attributes_of_every_element() {
    let schema = scim::user_schema();
    let record = json!({
        "name": {"familyName": "Jensen"},
        "emails": [{"value": "a@x", "primary": true}, {"type": "home"}, null, "stray", {"value": ["b@x", "c@x"]}],
        "phoneNumbers": {"value": "555"},
    });
    assert_eq!(values(&record, schema.find_path("name.familyName").unwrap()), [r#""Jensen""#]);
    assert_eq!(values(&record, schema.find_path("name.givenName").unwrap()), [""; 0]);
    assert_eq!(
        values(&record, schema.find_path("emails.value").unwrap()),
        [r#""a@x""#, r#""b@x""#, r#""c@x""#]
    );
    assert_eq!(
        values(&record, schema.find_path("emails").unwrap()),
        ["Complex", "Complex", "Unreadable", "Complex"]
    );
    assert_eq!(
        values(&record, schema.find_path("phoneNumbers.value").unwrap()),
        [r#""555""#],
        "one value where a list belongs"
    );
}

fn finds(policy: &Policy<Value>, filter: &str, record: &Value) -> bool {
    policy.parse(filter).unwrap_or_else(|findings| panic!("{}", findings.render())).matches(record)
}

fn resource() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": "2819c223",
        "userName": "BJensen@example.com",
        "title": "",
        "active": true,
        "nickName": null,
        "emails": [
            {"value": "bjensen@example.com", "type": "work", "primary": true},
            {"value": "babs@jensen.org", "type": "home"},
            {},
        ],
        "x509Certificates": [{"value": "QUJD"}],
        "meta": {"created": "2010-01-23T04:56:22.1234567Z"},
        "logins": [3, 5.5],
        ENTERPRISE: {"employeeNumber": "701984"},
    })
}

const MATCHING: &[&str] = &[
    r#"userName eq "bjensen@EXAMPLE.com""#,
    r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj""#,
    r#"title pr and title eq """#,
    r#"nickName eq null and not (nickName pr) and nickName ne "x""#,
    r#"emails[type eq "work" and value co "@example.com"]"#,
    r#"emails.type eq "work" and emails.value co "jensen.org""#,
    r#"emails ne "bjensen@example.com""#,
    r#"not (emails[type eq "other"])"#,
    r#"schemas[value eq "urn:ietf:params:scim:schemas:core:2.0:User"]"#,
    r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "701984""#,
    r#"meta.created gt "2010-01-23T04:56:22Z" and meta.created lt "2010-01-23T04:56:23Z""#,
];

const NOT_MATCHING: &[&str] = &[
    r#"emails[type eq "home" and value co "@example.com"]"#,
    r#"emails[type ne "work" and type ne "home"]"#,
    r#"schemas[value eq "urn:other"]"#,
    r#"displayName pr or displayName sw "" or displayName lt "z""#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter pr"#,
];

#[test]
fn filters_with_and_without_a_schema_agree() {
    let record = resource();
    for policy in [scim::user_policy(), &Policy::schemaless(CaseSensitivity::Ignore)] {
        for filter in MATCHING {
            assert!(finds(policy, filter, &record), "{filter}");
        }
        for filter in NOT_MATCHING {
            assert!(!finds(policy, filter, &record), "{filter}");
        }
    }
}

#[test]
fn matches_only_with_a_schema() {
    let record = resource();
    let policy = scim::user_policy();
    assert!(finds(policy, r#"x509Certificates.value eq "QUJD""#, &record));
    assert!(finds(policy, r#"meta.created eq "2010-01-23T05:56:22.1234567+01:00""#, &record));
    assert!(finds(policy, r#"meta.created gt "2010-01-23T05:56:22.123456+01:00""#, &record));
    assert!(
        !finds(policy, r#"schemas eq "URN:ietf:params:scim:schemas:core:2.0:User""#, &record),
        "references are case exact"
    );
    let refused = policy.parse(r#"password sw "a""#).unwrap_err().render();
    let unknown = policy.parse(r#"passwort sw "a""#).unwrap_err().render();
    assert_eq!(refused.replace("password", "passwort"), unknown);
    assert!(
        scim::group_policy()
            .parse(r#"members[value eq "1" and type eq "User"] and displayName sw "T""#)
            .is_ok()
    );
}

#[test]
fn matches_only_without_a_schema() {
    let record = resource();
    let policy = Policy::schemaless(CaseSensitivity::Ignore);
    assert!(finds(&policy, "logins eq 3.0 and logins gt 5 and not (logins gt 6)", &record));
    assert!(finds(&policy, r#"logins[value eq 5.5]"#, &record));
    assert!(
        finds(&policy, r#"userName[value sw "bj" and not (type pr)]"#, &record),
        "one text is its own only element"
    );
    assert!(finds(&policy, r#"schemas.value co "enterprise""#, &record));
    let exact = Policy::schemaless(CaseSensitivity::Exact);
    assert!(!finds(&exact, r#"userName eq "bjensen@EXAMPLE.com""#, &record));
    assert!(
        finds(&exact, r#"USERNAME eq "BJensen@example.com""#, &record),
        "names have no case, whatever values have"
    );
}

#[test]
fn schemas_of_rfc_7643() {
    let user = scim::user_schema();
    assert_eq!(user.urn(), Some("urn:ietf:params:scim:schemas:core:2.0:User"));
    assert_eq!(
        user.urns().collect::<Vec<_>>(),
        ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]
    );
    let known = |path: &str| user.find_path(path).unwrap_or_else(|| panic!("{path}"));
    for (path, kind, case, many) in [
        ("id", AttributeType::String, CaseSensitivity::Exact, false),
        ("userName", AttributeType::String, CaseSensitivity::UsernameCaseMapped, false),
        ("displayName", AttributeType::String, CaseSensitivity::Ignore, false),
        ("groups.value", AttributeType::String, CaseSensitivity::Exact, true),
        ("groups.$ref", AttributeType::Reference, CaseSensitivity::Exact, true),
        ("addresses.primary", AttributeType::Boolean, CaseSensitivity::Ignore, true),
        ("schemas", AttributeType::Reference, CaseSensitivity::Exact, true),
        ("profileUrl", AttributeType::Reference, CaseSensitivity::Exact, false),
        ("emails.primary", AttributeType::Boolean, CaseSensitivity::Ignore, true),
        ("meta.lastModified", AttributeType::DateTime, CaseSensitivity::Ignore, false),
        ("photos", AttributeType::Complex, CaseSensitivity::Ignore, true),
    ] {
        let attribute = known(path);
        assert_eq!(
            (attribute.attribute_type(), attribute.case(), attribute.yields_many()),
            (kind, case, many),
            "{path}"
        );
    }
    assert_eq!(
        *known("addresses.type").canonical_values(),
        ["work", "home", "other"].map(Into::into)
    );
    assert!(known("title").canonical_values().is_empty());
    assert!(known("password").is_never_returned());
    assert_eq!(user.attributes().filter(|attribute| attribute.is_never_returned()).count(), 1);
    assert_eq!(
        scim::group_schema().find_path("members.$ref").unwrap().attribute_type(),
        AttributeType::Reference
    );
}

#[test]
fn custom_schemas() {
    let core = r#"{"id": "urn:a", "attributes": [
        {"name": "plain"},
        {"name": "secret", "type": "complex", "returned": "never", "subAttributes": [{"name": "part", "type": "integer", "multiValued": true}]}]}"#;
    let common =
        r#"{"attributes": [{"name": "id", "caseExact": true, "description": "passed over"}]}"#;
    let extension = r#"{"id": "urn:b", "attributes": [{"name": "plain", "type": "boolean"}]}"#;
    let schema = Schema::from_rfc7643(&[common, core, extension]).unwrap();
    let paths: Vec<_> = schema.attributes().map(ToString::to_string).collect();
    assert_eq!(paths, ["id", "plain", "secret", "secret.part", "urn:b:plain"]);
    assert_eq!(schema.find_path("plain").unwrap().attribute_type(), AttributeType::String);
    assert!(schema.find_path("secret.part").unwrap().is_never_returned());
    assert!(
        schema.find(None, "secret", Some("part")).is_some()
            && schema.find(None, "secret.part", None).is_none()
    );
}

#[test]
fn invalid_schemas_are_rejected() {
    let faults: Vec<_> = [
        r#"{"id": "urn:a"}"#,
        r#"{"attributes": [{"type": "string"}]}"#,
        r#"{"attributes": [{"name": "a", "type": "text"}]}"#,
        r#"{"attributes": [{"name": "a", "returned": "sometimes"}]}"#,
        r#"{"attributes": [{"name": "a"}, {"name": "A"}]}"#,
        r#"{"attributes": [{"name": "a", "subAttributes": [{"name": "b"}]}]}"#,
        r#"{"attributes": [{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex"}]}]}"#,
    ]
    .into_iter()
    .map(|text| format!("{text}\n  {}\n", Schema::from_rfc7643(&[text]).unwrap_err()))
    .collect();
    insta::assert_snapshot!(faults.join("\n"));
}
