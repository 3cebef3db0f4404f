//! Policies applied to filters: verdicts, all diagnostics at once, and help messages.

use crate::fixtures::EmptyRecord;
use scieve::{
    Attribute, AttributeType, Filter, Limits, MultiNe, Operator, Operators, Policy, Schema, Syntax,
    Text, Value,
};

fn schema() -> Schema {
    let extension = "urn:example:params:scim:schemas:extension:desk:1.0:User";
    let attributes = [
        Attribute::new("id", AttributeType::String),
        Attribute::new("name", AttributeType::String),
        Attribute::new("email", AttributeType::String),
        Attribute::new("status", AttributeType::String),
        Attribute::new("active", AttributeType::Boolean),
        Attribute::new("logins", AttributeType::Integer),
        Attribute::new("score", AttributeType::Decimal),
        Attribute::new("created", AttributeType::DateTime),
        Attribute::new("photo", AttributeType::Binary),
        Attribute::new("profile", AttributeType::Reference),
        Attribute::new("scopes", AttributeType::String).multi_valued(),
        Attribute::new("address", AttributeType::Complex),
        Attribute::new("address.town", AttributeType::String),
        Attribute::new("emails", AttributeType::Complex).multi_valued(),
        Attribute::new("emails.value", AttributeType::String),
        Attribute::new("emails.type", AttributeType::String),
        Attribute::new("password", AttributeType::String).never_returned(),
        Attribute::new("desk", AttributeType::String).in_extension(extension),
    ];
    Schema::new(Some("urn:example:params:scim:schemas:core:1.0:User"), attributes).unwrap()
}

fn everything() -> Policy<EmptyRecord> {
    Policy::new(schema()).unwrap()
}

/// A policy like that of the users API: few attributes, `eq` and `co`, a group rule for the status,
/// and a maximum of three ids.
fn narrow() -> Policy<EmptyRecord> {
    let eq = Operators::of(&[Operator::Eq]);
    let policy = everything().closed().with_group("status").unwrap();
    let policy =
        policy.with_rule("id", |rule| (rule.operators, rule.max_count) = (eq, Some(3))).unwrap();
    let policy = policy
        .with_rule("name", |rule| rule.operators = Operators::of(&[Operator::Eq, Operator::Co]))
        .unwrap();
    let policy = policy.with_rule("status", |rule| rule.operators = eq).unwrap();
    let policy = policy.with_rule("emails.value", |rule| rule.operators = eq).unwrap();
    policy.allow_not(false).allow_value_paths(false).allow_urns(false).allow_null(false)
}

fn refusal(policy: &Policy<EmptyRecord>, text: &str) -> String {
    policy.parse(text).map_or_else(
        |findings| findings.render(),
        |plan| panic!("{text} was accepted:\n{}", plan.explain()),
    )
}

#[test]
fn every_error_is_reported_with_help() {
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
fn rules_apply_to_repeated_attributes() {
    let presence = Operators::of(&[Operator::Pr]);
    let policy = everything().with_rule("email", |rule| rule.operators = presence).unwrap();
    let findings = policy
        .parse(r#"email pr or email eq "a" or name eq "b" or email eq "c" or email eq "d""#)
        .unwrap_err();
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code().name()).collect();
    assert_eq!(codes, ["operator-not-allowed"; 3]);
}

#[test]
fn wrong_types_are_reported_with_help() {
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
fn hidden_and_unknown_attributes_have_identical_errors() {
    let with = everything().hiding(["emails", "logins"]).unwrap();
    let without = {
        let attributes = schema()
            .attributes()
            .filter(|known| !["emails", "logins"].contains(&known.name()))
            .cloned()
            .collect::<Vec<_>>();
        Policy::<EmptyRecord>::new(Schema::new(schema().urn(), attributes).unwrap()).unwrap()
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
fn boolean_strings_are_accepted_by_their_dialect() {
    let policy = everything();
    assert!(policy.parse(r#"active eq "True""#).is_err());
    let plan = policy.with_syntax(Syntax::entra()).parse(r#"active eq "True""#).unwrap();
    assert_eq!(plan.explain(), "active = true");
    assert_eq!(plan.warnings()[0].fixes()[0].edits[0].1, "true");
}

#[test]
fn plans_have_the_expected_outline() {
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
        r#"not (not (name eq "a" or name eq "b")) or name eq "c""#,
        "name pr and NAME pr",
        r#"name eq "a" and name eq "b" and name co "a" and name co "b""#,
        "logins eq 5.5 or logins eq 6.5",
        "logins eq 5.5 or name pr",
    ];
    let outlines = texts.map(|text| {
        format!(
            "{text}\n{}\n",
            policy.parse(text).unwrap_or_else(|findings| panic!("{}", findings.render())).explain()
        )
    });
    insta::assert_snapshot!(outlines.join("\n"));
}

#[test]
fn limits_of_the_policy_apply_to_parsed_filters() {
    let filter = Filter::parse("((name pr)) and (email pr or id pr)").unwrap();
    let mut limits = *everything().limits();
    limits.depth = 1;
    limits.clauses = 2;
    limits.connective_levels = 1;
    limits.bytes = 10;
    let findings = everything().with_limits(limits).check(&filter).unwrap_err();
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code().name()).collect();
    assert_eq!(codes, ["too-long", "too-deep", "too-many-clauses", "too-many-connective-levels"]);
}

/// Returns the code and the source text of each diagnostic of a filter.
fn codes<'t>(policy: &Policy<EmptyRecord>, text: &'t str) -> Vec<(&'static str, &'t str)> {
    let findings = policy
        .parse(text)
        .map_or_else(|findings| findings.iter().cloned().collect(), |_| Vec::new());
    findings
        .iter()
        .map(|finding| (finding.code().name(), finding.span().text(text).unwrap()))
        .collect()
}

fn helps(policy: &Policy<EmptyRecord>, text: &str) -> Vec<String> {
    policy
        .parse(text)
        .unwrap_err()
        .iter()
        .map(|finding| finding.help().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn each_limit_applies_independently_and_is_inclusive() {
    let text = "((name pr)) and emails[type pr] and emails[value pr] and (email pr or id pr)";
    let filter = Filter::parse(text).unwrap();
    let mut reached = Limits::default();
    (reached.bytes, reached.depth, reached.clauses, reached.connective_levels) =
        (text.len(), 2, 5, 2);
    let codes = |change: fn(&mut Limits)| {
        let mut limits = reached;
        change(&mut limits);
        let findings = everything()
            .with_limits(limits)
            .check(&filter)
            .map_or_else(|findings| findings.iter().cloned().collect(), |_| vec![]);
        findings.iter().map(|finding| finding.code().name()).collect::<Vec<_>>()
    };
    assert!(codes(|_| ()).is_empty());
    assert_eq!(codes(|limits| limits.bytes -= 1), ["too-long"]);
    assert_eq!(codes(|limits| limits.depth -= 1), ["too-deep"]);
    assert_eq!(codes(|limits| limits.clauses -= 1), ["too-many-clauses"]);
    assert_eq!(codes(|limits| limits.connective_levels -= 1), ["too-many-connective-levels"]);
}

#[test]
fn cost_is_the_sum_of_the_weights_of_the_tests() {
    // `name` has the weights `eq` 3, `ne` 7 and `co` 20; everything else weighs 1.
    let policy = |cost| {
        let mut limits = Limits::default();
        limits.cost = cost;
        let weights = |rule: &mut scieve::FieldRule| {
            (rule.weights.eq, rule.weights.ne, rule.weights.co) = (3, 7, 20);
        };
        everything().with_rule("name", weights).unwrap().with_limits(limits)
    };
    for (cost, text) in [
        (1, "id pr"),
        (3, r#"name eq "a""#),
        (7, r#"name ne "a""#),
        (20, r#"name co "a""#),
        (41, r#"name co "a" and (name co "b" or id pr)"#),
        // One list of three values, and one of two below `not`.
        (5, r#"name eq "a" or name eq "b" or name eq "c""#),
        (8, r#"not (name eq "a" or name eq "b")"#),
        (6, r#"name eq "a" and name eq "b""#),
        (20, r#"not (name co "a")"#),
        (3, r#"not (not (name eq "a"))"#),
        // The elements of a value path.
        (2, r#"emails[type eq "a" and value eq "b"]"#),
        (20, &(1..=20).map(|n| format!(r#"id eq "{n}""#)).collect::<Vec<_>>().join(" and ")),
    ] {
        assert_eq!(codes(&policy(cost), text), [], "{text}");
        let span = if text.contains("name co \"a\"") { "name co \"a\"" } else { "" };
        let exceeded = codes(&policy(cost - 1), text);
        assert_eq!(exceeded.len(), 1, "{text}");
        assert_eq!(exceeded[0].0, "too-costly", "{text}");
        assert!(exceeded[0].1.starts_with(span), "{text}: {exceeded:?}");
    }
}

#[test]
fn other_errors_precede_the_cost() {
    let mut limits = Limits::default();
    limits.cost = 0;
    let policy = everything().with_limits(limits);
    assert_eq!(codes(&policy, r#"shoeSize eq "a""#), [("unknown-attribute", "shoeSize")]);
}

#[test]
fn comparison_counts_ignore_other_attributes() {
    let policy = everything().with_rule("id", |rule| rule.max_count = Some(2)).unwrap();
    assert!(codes(&policy, r#"id eq "a" or id eq "b" or name pr"#).is_empty());
    assert_eq!(
        codes(&policy, r#"id eq "a" or id eq "b" or id eq "c" or name pr"#),
        [("too-many-comparisons", "id")]
    );
}

#[test]
fn every_group_rule_is_checked() {
    let mut policy = everything();
    for group in ["status", "name", "email"] {
        policy = policy.with_group(group).unwrap();
        let broken = format!(r#"{group} eq "a" or logins pr"#);
        assert_eq!(
            codes(&policy, &broken).first().map(|fault| fault.0),
            Some("group-mixed"),
            "{group}"
        );
    }
}

#[test]
fn group_rules_with_not_and_brackets() {
    let policy = everything().with_group("status").unwrap();
    for (text, fault) in [
        (r#"not (status eq "a") and name pr"#, None),
        (r#"not (status eq "a") and status eq "b" and name pr"#, None),
        (
            r#"not (status eq "a") and name pr and status eq "b""#,
            Some(("group-split", r#"status eq "b""#)),
        ),
        (r#"not (status eq "a") or name pr"#, Some(("group-mixed", r#"not (status eq "a")"#))),
        (r#"not (status eq "a" or name pr)"#, Some(("group-mixed", r#"status eq "a""#))),
        (r#"status eq "a" and emails[type eq "b"]"#, None),
        (r#"status eq "a" or emails[type eq "b"]"#, Some(("group-mixed", r#"status eq "a""#))),
        (r#"emails[type eq "b"] or status eq "a""#, Some(("group-mixed", r#"status eq "a""#))),
    ] {
        assert_eq!(codes(&policy, text), fault.into_iter().collect::<Vec<_>>(), "{text}");
    }
    let both = [("group-mixed", r#"status eq "a""#), ("unknown-attribute", "nmae")];
    assert_eq!(codes(&policy, r#"status eq "a" or nmae eq "b""#), both);
    let split = r#"status eq "a" and name pr and status eq "b" and email pr and status eq "c""#;
    let right =
        r#"write `name pr and email pr and status eq "a" and status eq "b" and status eq "c"`"#;
    assert_eq!(helps(&policy, split), [right]);
    let mixed = r#"name pr or email pr or id pr or status eq "a""#;
    assert_eq!(
        helps(&policy, mixed),
        [
            r#"to apply them to the whole query, write `(name pr or email pr or id pr) and status eq "a"`"#
        ]
    );
}

#[test]
fn the_attribute_cache_does_not_mix_attributes() {
    let policy = everything();
    for (text, fault) in [
        (r#"emails[type eq "a"] and type eq "b""#, ("unknown-attribute", "type")),
        (r#"emails[type eq "a" and type eq "b"] and type eq "c""#, ("unknown-attribute", "type")),
        (r#"town eq "a" or address[town eq "b"]"#, ("unknown-attribute", "town")),
    ] {
        assert_eq!(codes(&policy, text), [fault], "{text}");
    }
    let both = "any of\n  emails is present\n  emails.value = \"a\", any case";
    assert_eq!(policy.parse(r#"emails pr or emails eq "a""#).unwrap().explain(), both);
    let both = "any of\n  emails.value = \"a\", any case\n  emails is present";
    assert_eq!(policy.parse(r#"emails eq "a" or emails pr"#).unwrap().explain(), both);
}

#[test]
fn rules_apply_to_null_comparisons() {
    let contains = Operators::of(&[Operator::Co]);
    let policy = everything().with_rule("name", |rule| rule.operators = contains).unwrap();
    let policy = policy
        .with_rule("address", |rule| rule.operators = Operators::of(&[Operator::Pr]))
        .unwrap();
    assert_eq!(codes(&policy, "name eq null"), [("operator-not-allowed", "eq")]);
    assert_eq!(codes(&policy, "name pr"), [("operator-not-allowed", "pr")]);
    assert!(codes(&policy, "address eq null").is_empty());
}

#[test]
fn integers_compare_with_out_of_range_numbers() {
    for (literal, operator, meaning) in [
        ("-1e30", "gt", "logins > -1e30"),
        ("-100000000000000000000", "ge", "logins >= -1e20"),
        ("9223372036854775808", "lt", "logins < 9223372036854775808"),
        ("1e30", "le", "logins <= 1e30"),
        ("123456789012345678901234567890.50", "eq", "logins = 1234567890123456789012345678905e-1"),
        ("-1e30", "ne", "not\n  logins = -1e30"),
    ] {
        let text = format!("logins {operator} {literal}");
        assert_eq!(everything().parse(&text).unwrap().explain(), meaning, "{text}");
    }
}

#[test]
fn boolean_strings_are_accepted_if_filter_or_policy_allows_them() {
    let text = r#"active eq "False""#;
    for (read, checked, taken) in [
        (Syntax::rfc(), Syntax::rfc(), false),
        (Syntax::entra(), Syntax::rfc(), true),
        (Syntax::rfc(), Syntax::entra(), true),
        (Syntax::entra(), Syntax::entra(), true),
    ] {
        let filter = Filter::parse_with(text, &read, &Limits::default()).unwrap();
        assert_eq!(filter.syntax(), &read);
        let explained = everything().with_syntax(checked).check(&filter).map(|plan| plan.explain());
        assert_eq!(
            explained.ok().as_deref(),
            taken.then_some("active = false"),
            "{read:?} {checked:?}"
        );
    }
    assert_eq!(helps(&everything(), text), ["write it without quotes: `false`"]);
    assert_eq!(helps(&everything(), r#"active eq "yes""#), ["write `true` or `false`"]);
}

#[test]
fn at_most_twelve_names_are_listed() {
    let lists = helps(&everything(), "zzzzzzzzzzzz pr");
    assert!(
        lists[0].starts_with("the attributes are `id`, ") && lists[0].ends_with(" more"),
        "{lists:?}"
    );
    let few = helps(&everything(), "emails[zzzzzzzzzzzz pr]");
    assert_eq!(few, ["the sub-attributes are `value`, `type`"]);
    assert_eq!(
        helps(&everything().closed(), "zzzzzzzzzzzz pr"),
        ["there are no attributes to filter by"]
    );
}

/// The search for similar names takes time, so it is limited.
#[test]
fn suggestions_are_limited_to_the_first_unknown_names() {
    let clauses: Vec<String> = (0..20).map(|number| format!("nmae{} pr", number % 18)).collect();
    let helped: Vec<bool> =
        helps(&everything(), &clauses.join(" or ")).iter().map(|help| !help.is_empty()).collect();
    assert_eq!(helped, (0..20).map(|number| number % 18 < 16).collect::<Vec<_>>());
}

#[test]
fn ne_on_single_values_of_each_type() {
    let schema = Schema::new(
        None,
        [
            Attribute::new("one", AttributeType::Any),
            Attribute::new("many", AttributeType::Any).multi_valued(),
        ],
    )
    .unwrap();
    let policy = Policy::<EmptyRecord>::new(schema).unwrap();
    let explained = |text| policy.parse(text).unwrap().explain();
    assert_eq!(explained("one ne 5"), format!("not\n  {}", explained("one eq 5")));
    assert_ne!(explained("many ne 5"), format!("not\n  {}", explained("many eq 5")));
    let policy = policy.clone().with_multi_ne(MultiNe::NoValueEquals);
    assert_eq!(
        policy.parse("many ne 5").unwrap().explain(),
        format!("not\n  {}", explained("many eq 5"))
    );
}

#[test]
fn plans_with_equal_tests_and_attributes_are_equal() {
    let other = Policy::<EmptyRecord>::new(
        Schema::new(None, [Attribute::new("id", AttributeType::String)]).unwrap(),
    )
    .unwrap();
    let plan = |text| everything().parse(text).unwrap();
    assert_eq!(plan("id pr"), plan("(ID pr)"));
    assert_ne!(plan("id pr"), plan("name pr"));
    assert_ne!(plan("id pr"), other.parse("id pr").unwrap());
    assert_eq!(plan(r#"id eq "aab""#), plan(r#"id eq "AAB""#));
    assert_ne!(plan(r#"id eq "aab""#), plan(r#"id eq "bab""#));
    assert_eq!(format!("{:?}", plan("id pr")), "id is present");
}

#[test]
fn text_is_formatted_like_str() {
    let texts = ["", "a\"b", "a text that is too long to lie where it is held"];
    for text in texts {
        assert_eq!(Text::from(text).to_string(), text);
        assert_eq!(format!("{:?}", Value::Text(text.into())), format!("Text({text:?})"));
    }
    assert_ne!(Text::from(texts[0]), Text::from(texts[1]));
    assert_ne!(Text::from(texts[1]), Text::from(texts[2]));
}

#[test]
fn sub_attributes_with_names_of_any_length_are_found() {
    for length in [1, 30, 61, 62, 63, 200] {
        let (name, sub) = ("n".repeat(length), "s");
        let attributes = [
            Attribute::new(&name, AttributeType::Complex).multi_valued(),
            Attribute::new(&format!("{name}.{sub}"), AttributeType::String),
        ];
        let policy = Policy::<EmptyRecord>::new(Schema::new(None, attributes).unwrap()).unwrap();
        let checked = policy.parse(&format!(r#"{name}[{sub} eq "a"]"#));
        assert!(checked.is_ok(), "{length}: {checked:?}");
    }
}
