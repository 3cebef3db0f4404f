//! Policy files: serialisation round-trips, and errors are reported with their location.

use insta::assert_snapshot;
use scieve::{
    Attribute, AttributeType, CaseSensitivity, Code, Limits, MultiNe, Operator, Policy,
    PolicyError, Record, Schema, Severity, StoredValues, Syntax, UnknownAttributes, scim,
};
use serde_json::{Value, json};

fn assert_round_trip<R: Record>(policy: &Policy<R>) {
    let json = policy.to_json();
    assert_eq!(&Policy::<R>::from_json(&json).unwrap(), policy, "{json}");
    let toml = toml::to_string(policy).unwrap();
    assert_eq!(&Policy::<R>::from_toml(&toml).unwrap(), policy, "{toml}");
}

#[test]
fn bundled_policies_round_trip() {
    assert_round_trip(&*crate::USERS_POLICY);
    assert_round_trip(scim::user_policy());
    assert_round_trip(scim::group_policy());
}

#[test]
fn every_setting_round_trips() {
    assert_round_trip(&Policy::<Value>::schemaless(CaseSensitivity::Exact));
    assert_round_trip(&Policy::<Value>::schemaless(CaseSensitivity::Ignore));
    let attributes = || {
        [
            Attribute::new("exact", AttributeType::String).case_exact(true),
            Attribute::new("link", AttributeType::Reference).case_exact(false),
            Attribute::new("many", AttributeType::Decimal).multi_valued(),
            Attribute::new("secret", AttributeType::Complex).never_returned(),
            Attribute::new("secret.part", AttributeType::Binary).multi_valued(),
            Attribute::new("more", AttributeType::Any).in_extension("urn:example:more"),
        ]
    };
    let schema = Schema::new(Some("urn:example:core"), attributes()).unwrap();
    let plain = Policy::<Value>::new(schema).unwrap();
    let variants = [
        plain.clone(),
        plain.clone().closed(),
        plain.clone().hiding(["exact", "secret"]).unwrap(),
        plain.clone().with_rule("secret", |rule| rule.hidden = false).unwrap(),
        plain.clone().with_rule("many", |rule| rule.max_count = Some(3)).unwrap(),
        plain
            .clone()
            .with_rule("exact", |rule| (rule.weights.co, rule.weights.eq) = (9, 0))
            .unwrap(),
        plain
            .clone()
            .with_rule("many", |rule| {
                rule.operators = [Operator::Eq, Operator::Gt].into_iter().collect()
            })
            .unwrap(),
        plain.clone().with_group("urn:example:more:more").unwrap().with_group("exact").unwrap(),
        plain.clone().with_limits({
            let mut limits = Limits::default();
            limits.clauses = 7;
            limits
        }),
        plain.clone().with_syntax(Syntax::entra()),
        plain.clone().with_syntax({
            let mut syntax = Syntax::rfc();
            syntax.unquoted_words = true;
            syntax
        }),
        plain.clone().with_multi_ne(MultiNe::NoValueEquals),
        plain.clone().allow_not(false),
        plain.clone().allow_value_paths(false),
        plain.clone().allow_urns(false),
        plain.clone().allow_null(false),
    ];
    for (position, variant) in variants.iter().enumerate() {
        assert_round_trip(variant);
        for other in variants.iter().take(position) {
            assert_ne!(variant, other, "variant {position}");
        }
    }
}

#[test]
fn example_policy() {
    let policy = Policy::<Value>::from_toml(include_str!("../../examples/policy.toml")).unwrap();
    assert_round_trip(&policy);
    assert_snapshot!(policy.to_json());
}

#[test]
fn omitted_restrictions_allow_everything() {
    let read = Policy::<Value>::from_json(r#"{"attributes": [{"name": "a"}]}"#).unwrap();
    let built = Policy::<Value>::new(
        Schema::new(None, [Attribute::new("a", AttributeType::String)]).unwrap(),
    )
    .unwrap();
    assert_eq!(read, built);
}

#[test]
fn hidden_applies_to_sub_attributes() {
    let text = r#"{"attributes": [{"name": "a", "type": "complex", "hidden": true}, {"name": "a.b"}, {"name": "c", "never_returned": true}]}"#;
    let policy = Policy::<Value>::from_json(text).unwrap();
    assert!(
        policy.schema().attributes().all(|attribute| policy.rule(attribute.id()).unwrap().hidden)
    );
}

#[test]
fn limits_are_clamped() {
    let policy =
        Policy::<Value>::from_json(r#"{"limits": {"depth": 100000}, "attributes": []}"#).unwrap();
    assert_eq!(policy.limits().depth, Limits::MAX_DEPTH);
}

fn fault(text: &str, error: &PolicyError) -> String {
    format!("{text}\n  {}: {error}\n", error.code())
}

#[test]
fn every_error_of_a_file_is_reported_with_its_line() {
    let toml = r#"
not = "no"
nul = false
syntax = "strict"
limits = { clauses = "many", depht = 5 }

[[attributes]]
name = "a"
operators = ["eq", "like", "is"]
weights = { co = -1 }

[[attributes]]
nmae = "b"
type = "text"
"#;
    let lines = |error: PolicyError| -> Vec<usize> {
        error.faults().iter().map(|fault| fault.position().unwrap().0).collect()
    };
    let error = Policy::<Value>::from_toml(toml).unwrap_err();
    assert_eq!(lines(error.clone()), [2, 3, 4, 5, 5, 9, 9, 10, 12, 13, 14], "{error:#?}");
    assert_eq!(error.faults()[5].position(), Some((9, 20)));
    assert_eq!(error.faults()[1].position(), Some((3, 1)));

    let value: toml::Table = toml.parse().unwrap();
    let json = serde_json::to_string_pretty(&value).unwrap();
    let in_json = Policy::<Value>::from_json(&json).unwrap_err();
    let messages = |error: &PolicyError| {
        let mut messages: Vec<_> =
            error.faults().iter().map(|fault| fault.message().to_owned()).collect();
        messages.sort();
        messages
    };
    assert_eq!(messages(&in_json), messages(&error));
    for fault in in_json.faults() {
        let (line, column) = fault.position().unwrap();
        let rest = &json.lines().nth(line - 1).unwrap()[column - 1..];
        if let Some(name) = fault.message().strip_prefix("unknown field `") {
            let name = name.split('`').next().unwrap();
            assert!(rest.starts_with(&format!("\"{name}\":")), "{rest}");
        }
    }
}

#[test]
fn every_error_of_the_meaning_is_reported_with_its_line() {
    let toml = r#"
groups = ["a", "x"]

[limits]
clauses = 0
cost = 0
bytes = 0

[[attributes]]
name = "a"
type = "boolean"
operators = ["eq", "co"]
max_count = 0

[[attributes]]
name = "b c"

[[attributes]]
name = "b c.d"

[[attributes]]
name = "e.f"

[[attributes]]
name = "A"
"#;
    let error = Policy::<Value>::from_toml(toml).unwrap_err();
    let found: Vec<_> =
        error.faults().iter().map(|fault| (fault.position().unwrap(), fault.code())).collect();
    assert_eq!(
        found,
        [
            ((2, 16), "policy-unknown-group"),
            ((5, 11), "policy-value"),
            ((6, 8), "policy-value"),
            ((7, 9), "policy-value"),
            ((12, 13), "policy-operator-for-type"),
            ((13, 13), "policy-value"),
            ((16, 8), "policy-schema"),
            ((22, 8), "policy-schema"),
            ((25, 8), "policy-schema"),
        ],
        "{error}"
    );
}

#[test]
fn a_file_can_restrict_a_policy_from_code() {
    let policy = || {
        scim::user_policy()
            .clone()
            .allow_null(false)
            .with_rule("userName", |rule| {
                rule.operators = [Operator::Eq, Operator::Sw].into_iter().collect();
                rule.max_count = Some(5);
                rule.weights.eq = 3;
            })
            .unwrap()
    };
    assert_eq!(policy().restricted_by_toml("").unwrap(), policy());
    let toml = r#"
        value_paths = false
        groups = ["userName"]
        limits = { clauses = 7, cost = 1000000 }

        [[attributes]]
        name = "userName"
        operators = ["eq"]
        max_count = 9
        weights = { eq = 2, co = 4 }

        [[attributes]]
        name = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
        hidden = true
    "#;
    let restricted = policy().restricted_by_toml(toml).unwrap();
    let mut limits = *policy().limits();
    limits.clauses = 7;
    let expected = policy()
        .with_limits(limits)
        .allow_value_paths(false)
        .with_group("userName")
        .unwrap()
        .with_rule("userName", |rule| {
            rule.operators = [Operator::Eq].into_iter().collect();
            rule.weights.co = 4;
        })
        .unwrap()
        .hiding(["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"])
        .unwrap();
    assert_eq!(restricted, expected);
    let json = serde_json::to_string(&toml.parse::<toml::Table>().unwrap()).unwrap();
    assert_eq!(policy().restricted_by_json(&json).unwrap(), expected);

    let wrong = "null = true\ntype = 1\n[[attributes]]\nname = \"shoe\"\ntype = \"string\"\n";
    let error = policy().restricted_by_toml(wrong).unwrap_err();
    let lines: Vec<_> = error.faults().iter().map(|fault| fault.position().unwrap().0).collect();
    assert_eq!(lines, [2, 5], "{error}");
    let wrong = "limits = { cost = 0 }\ngroups = [\"x\"]\n[[attributes]]\nname = \"shoe\"\n\
                 [[attributes]]\nname = \"userName\"\noperators = [\"co\", \"eq\", \"gt\"]\n";
    let error = policy().restricted_by_toml(wrong).unwrap_err();
    let found: Vec<_> =
        error.faults().iter().map(|fault| (fault.position().unwrap().0, fault.code())).collect();
    let codes = ["policy-value", "policy-unknown-group", "policy-schema", "policy-wider"];
    assert_eq!(found, [1, 2, 4, 7].into_iter().zip(codes).collect::<Vec<_>>(), "{error}");
    assert!(error.to_string().ends_with("does not allow `co`, `gt`"), "{error}");
}

#[test]
fn errors_in_json() {
    let faults: Vec<_> = [
        "",
        "[]",
        r#"{"attributes": [["a"]]}"#,
        r#"{"attributes": [], "limits": [1, 2, 3, 4]}"#,
        "{",
        "{}",
        "{\"attributes\": []} {}",
        "{\n  \"attributes\": [],\n  \"operators\": []\n}",
        r#"{"attributes": [{"name": "a", "kind": "string"}]}"#,
        r#"{"attributes": [{"type": "string"}]}"#,
        r#"{"attributes": [{"name": "a", "type": "text"}]}"#,
        r#"{"attributes": [{"name": "a", "operators": ["eq", "like"]}]}"#,
        r#"{"attributes": [{"name": "a", "operators": "eq"}]}"#,
        r#"{"attributes": [{"name": "a", "max_count": -1}]}"#,
        r#"{"attributes": [{"name": "a", "weights": {"co": -1}}]}"#,
        r#"{"attributes": [{"name": "a", "weights": {"like": 1}}]}"#,
        r#"{"attributes": [{"name": "a"}], "not": "yes"}"#,
        r#"{"attributes": [], "syntax": "strict"}"#,
        r#"{"attributes": [], "syntax": {"double_quotes": true}}"#,
        r#"{"attributes": [], "syntax": 1}"#,
        r#"{"attributes": [], "limits": {"size": 1}}"#,
        r#"{"attributes": [], "multi_ne": "some"}"#,
        r#"{"attributes": [], "not": true, "not": false}"#,
        r#"{"attributes": [{"name": "a"}, {"name": "A"}]}"#,
        r#"{"attributes": [{"name": "a b"}]}"#,
        r#"{"attributes": [{"name": "a.b"}]}"#,
        r#"{"attributes": [{"name": "a", "type": "boolean", "operators": ["eq", "gt"]}]}"#,
        r#"{"attributes": [{"name": "a", "type": "complex", "operators": ["eq"]}]}"#,
        r#"{"attributes": [{"name": "a"}], "groups": ["b"]}"#,
        r#"{"attributes": [{"name": "a"}], "schemaless": "case_exact"}"#,
    ]
    .into_iter()
    .map(|text| fault(text, &Policy::<Value>::from_json(text).unwrap_err()))
    .collect();
    assert_snapshot!(faults.join("\n"));
}

#[test]
fn errors_in_toml() {
    let faults: Vec<_> = [
        "",
        "attributes = ",
        "attributes = []\noperators = []",
        "[[attributes]]\nname = \"a\"\n  kind = \"string\"",
        "[[attributes]]\nname = \"a\"\ntype = \"text\"",
        "syntax = \"strict\"\nattributes = []",
        "syntax = { double_quotes = true }\nattributes = []",
        "[[attributes]]\nname = \"a\"\noperators = [\"eq\", \"like\"]",
        "[[attributes]]\nname = \"a\"\ntype = \"integer\"\noperators = [\"co\"]",
    ]
    .into_iter()
    .map(|text| fault(text, &Policy::<Value>::from_toml(text).unwrap_err()))
    .collect();
    assert_snapshot!(faults.join("\n"));
}

#[test]
fn unknown_attributes_can_be_absent() {
    let policy = scim::user_policy()
        .clone()
        .with_unknown_attributes(UnknownAttributes::Absent)
        .hiding(["nickName"])
        .unwrap();
    let user = json!({
        "userName": "bob", "nickName": "Bob", "shoe": 9, "emails": [{"value": "b@x", "kind": "x"}]
    });
    for (filter, expected) in [
        ("shoe pr", false),
        ("shoe eq 9", false),
        ("shoe ne 9", true),
        ("shoe eq null", true),
        ("shoe ne null", false),
        (r#"shoe.size sw "9" or shoe lt true"#, false),
        ("not (shoe gt 8)", true),
        ("urn:example:Shop:User:shoe pr", false),
        (r#"shoe[size eq 9 or not (colour eq "red")]"#, false),
        ("not (shoe[size eq 9])", true),
        ("emails.kind pr", false),
        (r#"emails[kind eq "x"]"#, false),
        (r#"emails[not (kind eq "x") and value eq "b@x"]"#, true),
        (r#"nickName eq "Bob""#, false),
        (r#"shoe eq 9 or userName eq "bob""#, true),
        (r#"shoe pr and userName eq "bob""#, false),
    ] {
        let plan = policy.parse(filter).unwrap_or_else(|errors| panic!("{}", errors.render()));
        assert_eq!(plan.matches(&user), expected, "{filter}\n{}", plan.explain());
        assert!(scim::user_policy().clone().hiding(["nickName"]).unwrap().parse(filter).is_err());
    }
    assert!(policy.clone().allow_null(false).parse("shoe eq null").is_err());
    assert!(policy.clone().allow_value_paths(false).parse("shoe[size eq 9]").is_err());
    assert_eq!(Policy::from_json(&policy.to_json()).as_ref(), Ok(&policy));
}

#[test]
fn common_wrong_forms_can_be_coerced() {
    let policy = Policy::<Value>::from_json(
        r#"{
            "stored_values": "coerced",
            "attributes": [
                {"name": "flag", "type": "boolean"},
                {"name": "count", "type": "integer"},
                {"name": "size", "type": "decimal"},
                {"name": "code"},
                {"name": "since", "type": "dateTime"},
                {"name": "emails", "type": "complex", "multi_valued": true},
                {"name": "emails.value"},
                {"name": "emails.type"}
            ]
        }"#,
    )
    .unwrap();
    assert_eq!(Policy::from_json(&policy.to_json()).as_ref(), Ok(&policy));
    let typed = policy.clone().with_stored_values(StoredValues::Typed);
    for (name, value, filter) in [
        ("flag", json!("True"), "flag eq true"),
        ("flag", json!("FALSE"), "flag eq false and flag ne true"),
        ("count", json!("5"), "count ge 5 and count lt 6"),
        ("count", json!(["7", 5]), "count eq 7 and count eq 5"),
        ("size", json!("2.50"), "size eq 2.5"),
        ("code", json!(12345), r#"code eq "12345" and code sw "12""#),
        ("since", json!("2020-01-01T02:00:00.000+0200"), r#"since eq "2020-01-01T00:00:00Z""#),
        ("emails", json!(["a@x"]), r#"emails eq "a@x" and emails pr"#),
        ("emails", json!("a@x"), r#"emails[value eq "a@x" and not (type pr)]"#),
        ("emails", json!([5]), r#"emails.value eq "5""#),
    ] {
        let record = json!({ name: value });
        let matches =
            |policy: &Policy<Value>, filter: &str| policy.parse(filter).unwrap().matches(&record);
        assert!(matches(&policy, filter), "{filter} of {record}");
        assert!(!matches(&typed, filter), "{filter} of {record}");
        for policy in [&policy, &typed] {
            assert!(matches(policy, &format!("{name} pr and not ({name} eq null)")), "{record}");
        }
        // Without a schema, the literals have the types.
        let untyped = Policy::<Value>::schemaless(CaseSensitivity::Ignore);
        let coerced = untyped.clone().with_stored_values(StoredValues::Coerced);
        assert!(matches(&coerced, filter), "{filter} of {record} without a schema");
        if name != "emails" {
            assert!(!matches(&untyped, filter), "{filter} of {record} without a schema");
        }
        let mut set = scieve::FilterSet::new();
        set.insert(1, coerced.parse(filter).unwrap()).unwrap();
        let mut found = 0;
        set.matching(&record, |_| found += 1);
        assert_eq!(found, 1, "{filter} of {record}");
    }
    let untyped = Policy::<Value>::schemaless(CaseSensitivity::Ignore)
        .with_stored_values(StoredValues::Coerced);
    let plan = untyped.parse(r#"n gt 5 and n sw "4""#).unwrap();
    assert!(plan.matches(&json!({ "n": 40 })) && plan.matches(&json!({ "n": "40" })));
    assert!(!plan.is_empty().is_yes());
    assert!(!untyped.parse("n ne 5").unwrap().matches(&json!({ "n": "5" })));
    for (name, value) in [
        ("flag", json!("yes")),
        ("flag", json!(1)),
        ("count", json!("5 ")),
        ("count", json!("5.5")),
        ("size", json!("five")),
        ("since", json!("2020-01-01+0000")),
        ("since", json!(0)),
        ("code", json!(true)),
    ] {
        let record = json!({ name: value });
        assert!(policy.parse(&format!("{name} pr")).unwrap().matches(&record), "{record}");
        let operand = match name {
            "flag" => "true",
            "code" => r#""true""#,
            "since" => r#""1970-01-01T00:00:00Z""#,
            _ => "5",
        };
        let plan = policy.parse(&format!("{name} ne {operand}")).unwrap();
        assert!(plan.matches(&record), "{record}");
    }
}

#[test]
fn a_policy_can_refuse_other_than_canonical_values() {
    let policy = |attribute: &str| -> Policy<serde_json::Value> {
        Policy::from_toml(&format!("[[attributes]]\nname = \"status\"\n{attribute}")).unwrap()
    };
    let values = r#"values = ["active", "on leave"]"#;
    let closed = policy(values);
    for text in
        [r#"status eq "ACTIVE""#, r#"status ne "on leave""#, r#"status co "x""#, "status pr"]
    {
        assert!(closed.parse(text).unwrap().warnings().is_empty(), "{text}");
    }
    let errors = closed.parse(r#"status eq "actve" or status ne "x""#).unwrap_err();
    let found: Vec<_> = errors.iter().map(|one| (one.code(), one.severity(), one.help())).collect();
    let error = |help| (Code::UnknownValue, Severity::Error, Some(help));
    let help = "the values are `active`, `on leave`";
    assert_eq!(found, [error("did you mean `active`?"), error(help)]);

    let warning = policy(&format!("{values}\nunknown_values = \"warn\""));
    let plan = warning.parse(r#"status eq "actve""#).unwrap();
    assert_eq!(plan.warnings().len(), 1);
    assert_eq!(plan.warnings()[0].severity(), Severity::Warning);
    let open = policy(r#"canonical_values = ["active"]"#);
    assert!(open.parse(r#"status eq "actve""#).unwrap().warnings().is_empty());
    for policy in [closed, warning, open] {
        assert_eq!(Policy::from_json(&policy.to_json()).unwrap(), policy);
    }
}
