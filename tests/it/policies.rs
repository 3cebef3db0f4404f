//! Policy files: serialisation round-trips, and errors are reported with their location.

use insta::assert_snapshot;
use scieve::{
    Attribute, AttributeType, CaseSensitivity, Limits, MultiNe, Operator, Policy, PolicyError,
    Record, Schema, Syntax, scim,
};
use serde_json::Value;

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
