//! `#[derive(Record)]`: the schema, the policy and the values of a derived record.

use scieve::{Attribute, AttributeType, Code, Operator, Policy, Record, ValueRef};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

const DESK: &str = "urn:example:Desk";

#[derive(Record)]
#[scieve(schema = "urn:example:Employee")]
struct Employee<'a, T> {
    #[scieve(case_exact, operators(eq, pr), max_count = 2)]
    id: String,
    user_name: &'a str,
    nick: Option<Box<str>>,
    shared: Arc<str>,
    either: Cow<'a, str>,
    r#type: Kind,
    level: u8,
    large: u64,
    small: Option<i16>,
    score: f32,
    ratio: f64,
    active: bool,
    photo: Vec<u8>,
    tags: Vec<String>,
    numbers: BTreeSet<i64>,
    flags: [bool; 2],
    name: Name,
    manager: Option<Box<Name>>,
    phones: Vec<Phone>,
    more_phones: Option<Vec<Phone>>,
    #[scieve(hidden)]
    secret: String,
    seen: std::time::SystemTime,
    created: time::OffsetDateTime,
    updated: chrono::DateTime<chrono::Utc>,
    deleted: Option<jiff::Timestamp>,
    key: uuid::Uuid,
    extra: serde_json::Value,
    generic: T,
    #[scieve(rename = "$ref")]
    reference: String,
    #[scieve(flatten)]
    address: Address,
    #[scieve(extension = "urn:example:Desk")]
    desk: Option<Desk>,
    #[scieve(skip)]
    _cache: Vec<Arc<()>>,
}

#[derive(Record)]
#[scieve(rename_all = "lowercase")]
enum Kind {
    Permanent,
    #[scieve(rename = "temp")]
    Temporary,
}

#[derive(Record)]
struct Name {
    family_name: String,
    #[scieve(canonical("Dr", "Prof"))]
    prefixes: Vec<String>,
}

#[derive(Record)]
struct Phone {
    #[scieve(rename = "type", canonical("work", "home"))]
    kind: Option<String>,
    value: String,
}

#[derive(Record)]
struct Address {
    town: String,
    lines: Vec<Line>,
}

#[derive(Record)]
struct Line {
    text: String,
}

#[derive(Record)]
struct Desk {
    number: i64,
    owner: Name,
}

type Staff<'a> = Employee<'a, Option<i32>>;

fn name(family_name: &str) -> Name {
    Name { family_name: family_name.into(), prefixes: vec!["Dr".into()] }
}

fn phone(kind: Option<&str>, value: &str) -> Phone {
    Phone { kind: kind.map(Into::into), value: value.into() }
}

fn ada() -> Staff<'static> {
    let nanos = 1_700_000_000_123_456_789_i64;
    Employee {
        id: "A".into(),
        user_name: "ada",
        nick: Some("Countess".into()),
        shared: "shared".into(),
        either: "either".into(),
        r#type: Kind::Temporary,
        level: 7,
        large: u64::MAX,
        small: Some(-3),
        score: 0.1,
        ratio: 0.5,
        active: true,
        photo: vec![1, 2, 3],
        tags: vec!["x".into(), "y".into()],
        numbers: [1, 5].into(),
        flags: [true, false],
        name: name("Lovelace"),
        manager: Some(Box::new(name("Babbage"))),
        phones: vec![phone(Some("work"), "1"), phone(None, "2")],
        more_phones: Some(vec![phone(Some("home"), "3")]),
        secret: "s".into(),
        seen: UNIX_EPOCH + Duration::from_nanos(nanos.unsigned_abs()),
        created: time::OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap(),
        updated: chrono::DateTime::from_timestamp_nanos(nanos),
        deleted: Some(jiff::Timestamp::from_nanosecond(nanos.into()).unwrap()),
        key: uuid::Uuid::from_u128(0xABCD),
        extra: json!(["x", 5, {"a": 1}]),
        generic: Some(9),
        reference: "r".into(),
        address: Address { town: "London".into(), lines: vec![Line { text: "St".into() }] },
        desk: Some(Desk { number: 12, owner: name("Byron") }),
        _cache: Vec::new(),
    }
}

#[test]
fn a_derived_record_passes_its_self_test() {
    let mismatches = Staff::policy().unwrap().self_test(&ada());
    assert!(mismatches.is_empty(), "{mismatches:?}");
}

#[test]
fn fields_become_attributes() {
    let schema = Staff::schema().unwrap();
    assert_eq!(schema.urn(), Some("urn:example:Employee"));
    let types = |path: &str| {
        let found = schema.find_path(path).unwrap_or_else(|| panic!("{path}"));
        (found.attribute_type(), found.is_multi_valued())
    };
    for (path, attribute_type, multi_valued) in [
        ("userName", AttributeType::String, false),
        ("nick", AttributeType::String, false),
        ("type", AttributeType::String, false),
        ("level", AttributeType::Integer, false),
        ("large", AttributeType::Integer, false),
        ("score", AttributeType::Decimal, false),
        ("active", AttributeType::Boolean, false),
        ("photo", AttributeType::Binary, false),
        ("tags", AttributeType::String, true),
        ("numbers", AttributeType::Integer, true),
        ("flags", AttributeType::Boolean, true),
        ("name", AttributeType::Complex, false),
        ("name.familyName", AttributeType::String, false),
        ("name.prefixes", AttributeType::String, true),
        ("manager.familyName", AttributeType::String, false),
        ("phones", AttributeType::Complex, true),
        ("phones.type", AttributeType::String, false),
        ("morePhones.value", AttributeType::String, false),
        ("created", AttributeType::DateTime, false),
        ("deleted", AttributeType::DateTime, false),
        ("key", AttributeType::String, false),
        ("extra", AttributeType::Any, true),
        ("generic", AttributeType::Integer, false),
        ("$ref", AttributeType::String, false),
        ("town", AttributeType::String, false),
        ("lines.text", AttributeType::String, false),
        ("urn:example:Desk:number", AttributeType::Integer, false),
        ("urn:example:Desk:owner.familyName", AttributeType::String, false),
    ] {
        assert_eq!(types(path), (attribute_type, multi_valued), "{path}");
    }
    let canonical = |path: &str| schema.find_path(path).unwrap().canonical_values().join(" ");
    assert_eq!(canonical("type"), "permanent temp");
    assert_eq!(canonical("phones.type"), "work home");
    assert_eq!(canonical("name.prefixes"), "Dr Prof");
    assert!(schema.find_path("_cache").is_none() && schema.find_path("cache").is_none());
}

#[test]
fn filters_match_the_values_of_fields() {
    let (policy, ada) = (Staff::policy().unwrap(), ada());
    for (text, expected) in [
        (r#"id eq "A""#, true),
        (r#"id eq "a""#, false),
        (r#"userName eq "ADA" and nick sw "c" and shared pr and either co "ith""#, true),
        (r#"type eq "temp""#, true),
        ("level eq 7 and small lt 0", true),
        ("large eq 18446744073709551615", true),
        ("score eq 0.1 and ratio eq 0.5", true),
        (r#"photo eq "AQID""#, true),
        (r#"tags eq "y" and not (tags eq "z")"#, true),
        ("numbers gt 4 and flags eq false", true),
        (r#"name.familyName eq "lovelace" and name.prefixes eq "dr""#, true),
        (r#"name[familyName eq "Lovelace" and prefixes co "d"]"#, true),
        (r#"manager.familyName eq "Babbage" and manager pr"#, true),
        (r#"phones[type eq "work" and value eq "1"]"#, true),
        (r#"phones[type eq "work" and value eq "2"]"#, false),
        (r#"phones[not (type pr)]"#, true),
        (r#"morePhones[type eq "home"]"#, true),
        (r#"seen eq "2023-11-14T22:13:20.123456789Z""#, true),
        (r#"created eq "2023-11-14T22:13:20.123456789Z""#, true),
        (r#"updated gt "2023-11-14T22:13:20.123456788Z""#, true),
        (r#"deleted eq "2023-11-14T22:13:20.123456789Z""#, true),
        (r#"key eq "00000000-0000-0000-0000-00000000ABCD""#, true),
        (r#"extra eq "x" and extra eq 5"#, true),
        ("generic eq 9", true),
        (r#"$ref eq "r" and town eq "london""#, true),
        (r#"lines[text eq "st"]"#, true),
        ("urn:example:Desk:number eq 12", true),
        (r#"urn:example:Desk:owner.familyName eq "byron""#, true),
    ] {
        let plan = policy.parse(text).unwrap_or_else(|errors| panic!("{}", errors.render()));
        assert_eq!(plan.matches(&ada), expected, "{text}");
    }
    let gone = Employee {
        r#type: Kind::Permanent,
        nick: None,
        manager: None,
        more_phones: None,
        desk: None,
        ..ada
    };
    for text in ["nick pr", "manager pr", "manager.familyName pr", "morePhones pr"] {
        assert!(!policy.parse(text).unwrap().matches(&gone), "{text}");
    }
    assert!(policy.parse(r#"type eq "permanent""#).unwrap().matches(&gone));
    assert!(!policy.parse(&format!("{DESK}:number pr")).unwrap().matches(&gone));
}

#[test]
fn operands_of_the_types_of_fields_equal_the_fields() {
    let (policy, ada) = (Staff::policy().unwrap(), ada());
    let attr = scieve::attr;
    for built in [
        attr("seen").eq(ada.seen),
        attr("created").eq(ada.created),
        attr("updated").eq(ada.updated),
        attr("deleted").eq(ada.deleted),
        attr("key").eq(ada.key),
        attr("large").eq(ada.large),
        attr("score").eq(ada.score),
    ] {
        let filter = built.build().unwrap();
        assert!(policy.check(&filter).unwrap().matches(&ada), "{filter}");
    }
}

#[test]
fn options_limit_what_filters_can_use() {
    let policy = Staff::policy().unwrap();
    let code = |text: &str| policy.parse(text).unwrap_err().first().unwrap().code();
    assert_eq!(code(r#"id sw "a""#), Code::OperatorNotAllowed);
    assert_eq!(code("secret pr"), Code::UnknownAttribute);
    let three = r#"id eq "1" or id eq "2" or id eq "3""#;
    assert_eq!(code(three), Code::TooManyComparisons);
    let id = policy.schema().find_path("id").unwrap().id();
    let rule = policy.rule(id).unwrap();
    assert!(rule.operators.contains(Operator::Pr) && !rule.operators.contains(Operator::Co));
}

#[test]
fn a_policy_file_can_restrict_a_derived_record() {
    let policy: Policy<Staff<'_>> = Policy::from_toml(
        r#"
        [[attributes]]
        name = "username"
        operators = ["eq"]
        [[attributes]]
        name = "phones"
        type = "complex"
        multi_valued = true
        [[attributes]]
        name = "phones.value"
        "#,
    )
    .unwrap();
    assert!(policy.parse(r#"userName eq "ada" and phones[value eq "2"]"#).unwrap().matches(&ada()));
    let other = Policy::<Staff<'_>>::from_toml("[[attributes]]\nname = \"level\"");
    assert!(other.is_err(), "the type differs");
}

/// A record with every kind of mistake.
struct Wrong;

impl Record for Wrong {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.path() {
            "string" => test(ValueRef::Integer(5)),
            "ignored" => {
                test(ValueRef::text("x"));
                false
            }
            "single" => test(ValueRef::text("x")),
            "twice" => test(ValueRef::text("x")) || test(ValueRef::text("y")),
            "list" | "elements" => test(ValueRef::Complex),
            "elements.a" => test(ValueRef::text("x")),
            _ => false,
        }
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        (attribute.path() == "single").then_some(Some("y"))
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        attribute.path() == "elements" && test(&Wrong::empty())
    }
}

impl Wrong {
    fn empty() -> impl Record {
        json!({})
    }
}

#[test]
fn the_self_test_finds_each_mistake() {
    let attribute = |path: &str| Attribute::new(path, AttributeType::String);
    let complex = |path: &str| Attribute::new(path, AttributeType::Complex).multi_valued();
    let schema = scieve::Schema::new(
        None,
        [
            attribute("unknown"),
            attribute("string"),
            attribute("ignored"),
            attribute("single"),
            attribute("twice"),
            complex("list"),
            complex("elements"),
            attribute("elements.a"),
        ],
    );
    let policy: Policy<Wrong> = Policy::new(schema.unwrap()).unwrap();
    let found: Vec<String> = policy.self_test(&Wrong).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "attribute `unknown`: the record has no value",
            "attribute `string`: a value has another type than the schema",
            "attribute `ignored`: `any_value` ignores the result of the test",
            "attribute `single`: `single_text` and `any_value` differ",
            "attribute `twice`: there are several values of a single-valued attribute",
            "attribute `list`: `any_element` passes no element",
            "attribute `elements.a`: no element has a value",
        ]
    );
}
