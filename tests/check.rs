//! Policies over filters: verdicts, every finding at once, and what the help says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use scieve::{Attribute, Filter, Kind, Operator, Operators, Policy, Record, Schema, Syntax, ValueRef};

struct Nothing;

impl Record for Nothing {
    fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        false
    }
}

fn schema() -> Schema {
    let extension = "urn:example:params:scim:schemas:extension:desk:1.0:User";
    let attributes = [
        Attribute::new("id", Kind::String),
        Attribute::new("name", Kind::String),
        Attribute::new("email", Kind::String),
        Attribute::new("status", Kind::String),
        Attribute::new("active", Kind::Boolean),
        Attribute::new("logins", Kind::Integer),
        Attribute::new("score", Kind::Decimal),
        Attribute::new("created", Kind::DateTime),
        Attribute::new("photo", Kind::Binary),
        Attribute::new("profile", Kind::Reference),
        Attribute::new("scopes", Kind::String).multi_valued(),
        Attribute::new("address", Kind::Complex),
        Attribute::new("address.town", Kind::String),
        Attribute::new("emails", Kind::Complex).multi_valued(),
        Attribute::new("emails.value", Kind::String),
        Attribute::new("emails.type", Kind::String),
        Attribute::new("password", Kind::String).never_returned(),
        Attribute::new("desk", Kind::String).in_extension(extension),
    ];
    Schema::new(Some("urn:example:params:scim:schemas:core:1.0:User"), attributes).unwrap()
}

fn everything() -> Policy<Nothing> {
    Policy::new(schema()).unwrap()
}

/// As the users API has it: a few attributes, `eq` and `co`, status grouped, at most three ids.
fn narrow() -> Policy<Nothing> {
    let eq = Operators::of(&[Operator::Eq]);
    let policy = everything().closed().with_group("status").unwrap();
    let policy = policy.with_rule("id", |rule| (rule.operators, rule.max_count) = (eq, Some(3))).unwrap();
    let policy = policy.with_rule("name", |rule| rule.operators = Operators::of(&[Operator::Eq, Operator::Co])).unwrap();
    let policy = policy.with_rule("status", |rule| rule.operators = eq).unwrap();
    let policy = policy.with_rule("emails.value", |rule| rule.operators = eq).unwrap();
    policy.allow_not(false).allow_value_paths(false).allow_urns(false).allow_null(false)
}

fn refusal(policy: &Policy<Nothing>, text: &str) -> String {
    policy.parse(text).map_or_else(|findings| findings.render(), |plan| panic!("{text} was accepted:\n{}", plan.explain()))
}

#[test]
fn explains_every_refusal() {
    let policy = narrow();
    let long = ["id eq \"1\""; 5].join(" or ");
    let texts = [
        r#"name eq "Bob" or name eq "Alice" and (status eq "active" or status eq "disabled")"#,
        r#"status eq "active" and name eq "Bob" and status eq "invited""#,
        r#"(name eq "Bob" and status eq "active") or (name eq "Al" and status eq "disabled")"#,
        r#"nmae eq "Bob" and not (status pr) and emails[type eq "work"] and name gt 5 and urn:example:params:scim:schemas:core:1.0:User:name eq "x""#,
        r#"name eq null or emails eq 5 or password sw "a" or shoeSize pr or active eq true"#,
        &long,
    ];
    insta::assert_snapshot!(texts.map(|text| refusal(&policy, text)).join("\n"));
}

#[test]
fn an_attribute_named_again_is_held_to_its_rule_again() {
    let presence = Operators::of(&[Operator::Pr]);
    let policy = everything().with_rule("email", |rule| rule.operators = presence).unwrap();
    let findings = policy.parse(r#"email pr or email eq "a" or name eq "b" or email eq "c" or email eq "d""#).unwrap_err();
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code().name()).collect();
    assert_eq!(codes, ["operator-not-allowed"; 3]);
}

#[test]
fn explains_wrong_types() {
    let policy = everything();
    let texts = [
        r#"name eq 5 or name eq true or active eq "true" or active eq 1 or active gt true"#,
        r#"logins eq "5" or logins co 5 or score eq 1e999 or created gt "yesterday" or created eq 5"#,
        r#"photo eq "?" or photo gt "AAAA" or address eq "x" or address.town[x eq 1] or name[value eq "x"]"#,
        r#"emails[desk eq "x"] or desk eq "x" or urn:example:params:scim:schemas:extension:desk:1.0:User pr"#,
    ];
    insta::assert_snapshot!(texts.map(|text| refusal(&policy, text)).join("\n"));
}

#[test]
fn a_hidden_attribute_is_an_unknown_one_byte_for_byte() {
    let with = everything().hiding(["emails", "logins"]).unwrap();
    let without = {
        let attributes = schema().attributes().filter(|known| !["emails", "logins"].contains(&known.name())).cloned().collect::<Vec<_>>();
        Policy::<Nothing>::new(Schema::new(schema().urn(), attributes).unwrap()).unwrap()
    };
    for text in [
        "emails eq \"x\"",
        "emails.value eq \"x\"",
        "not (emails.value pr)",
        "emails[value eq \"x\"]",
        "emails[not (value eq \"x\")] and name pr",
        "logins gt \"x\"",
        "login gt 5",
        "urn:example:params:scim:schemas:core:1.0:User:emails pr",
        "email pr and emials pr",
        "password sw \"a\"",
        "emails eq null",
    ] {
        assert_eq!(refusal(&with, text), refusal(&without, text), "{text}");
    }
}

#[test]
fn accepts_boolean_texts_in_the_dialect_that_has_them() {
    let policy = everything();
    assert!(policy.parse(r#"active eq "True""#).is_err());
    let plan = policy.with_syntax(Syntax::entra()).parse(r#"active eq "True""#).unwrap();
    assert_eq!(plan.explain(), "active = true");
    assert_eq!(plan.warnings()[0].replacement().unwrap().1, "true");
}

#[test]
fn plans_say_what_is_meant() {
    let policy = everything();
    let texts = [
        r#"(name eq "Bob" or NAME eq "ALICE" or name eq "bob") and (status eq "active" or status eq "disabled")"#,
        r#"name ne "x" and name ne "y" and not (name eq "z")"#,
        r#"emails.value ne "x" or not (not (emails[type eq "work" and not (value co "@x")]))"#,
        r#"logins eq 5.0 or logins gt 5.5 or logins le -5.5 or logins eq 5.5 or logins lt 1e30 or logins ne 1e30"#,
        r#"logins ne 5.5"#,
        r#"logins eq 1.5"#,
        r#"logins eq 1.5 and name pr"#,
        r#"created gt "2011-05-13T04:42:34.1234567Z" and created eq "2011-05-13T06:42:34+02:00""#,
        r#"name co "" or name sw "Straße" or profile co "A""#,
        r#"address[town eq "x"] and scopes[value eq "a" or value eq "b"] and emails co "example.com""#,
        r#"emails pr and address eq null and email ne null"#,
        r#"photo eq "AAE" or score eq 1.50 or score eq -0"#,
    ];
    let outlines =
        texts.map(|text| format!("{text}\n{}\n", policy.parse(text).unwrap_or_else(|findings| panic!("{}", findings.render())).explain()));
    insta::assert_snapshot!(outlines.join("\n"));
}

#[test]
fn checks_the_limits_of_the_policy_whatever_the_filter_was_read_with() {
    let filter = Filter::parse("((name pr)) and (email pr or id pr)").unwrap();
    let mut limits = *everything().limits();
    limits.depth = 1;
    limits.clauses = 2;
    limits.alternations = 1;
    limits.bytes = 10;
    let findings = everything().with_limits(limits).check(&filter).unwrap_err();
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code().name()).collect();
    assert_eq!(codes, ["too-long", "too-deep", "too-many-clauses", "too-many-alternations"]);
}
