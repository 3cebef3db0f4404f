//! Decisions about plans: the corpus, every small formula, and random pairs.

use crate::fixtures::json_lines;
use crate::random::Random;
use scieve::{
    Attribute, AttributeType, CaseSensitivity, Decision, Domain, Plan, Policy, Schema,
    StoredValues, scim,
};
use serde_json::{Value, json};

/// Returns the relation of two plans by the names that `scieve compare` prints.
fn relation(a: &Plan<Value>, b: &Plan<Value>) -> &'static str {
    use Decision::{No, Unknown, Yes};
    match (a.implies(b), b.implies(a), a.is_disjoint(b)) {
        (Unknown, ..) | (_, Unknown, _) | (.., Unknown) => "unknown",
        (Yes, Yes, _) => "equivalent",
        (Yes, ..) => "implies",
        (_, Yes, _) => "implied-by",
        (.., Yes) => "disjoint",
        (No(_), No(_), No(_)) => "overlap",
    }
}

/// Asserts that the witness of a decision matches `a`, but not `b`, also as JSON.
fn assert_shows(decision: &Decision, a: &Plan<Value>, b: &Plan<Value>, text: &str) {
    assert_eq!(decision.witness().is_some(), decision.is_no(), "{text}");
    if let Some(witness) = decision.witness() {
        let record = witness.to_json();
        assert!(a.matches(&record) && !b.matches(&record), "{text}: {record}");
        assert!(a.matches_witness(witness) && !b.matches_witness(witness), "{text}: {record}");
    }
}

#[test]
fn witnesses_are_printed_by_attribute() {
    let policy = scim::user_policy();
    let shown = |a: &str, b: &str| {
        let (a, b) = (policy.parse(a).unwrap(), policy.parse(b).unwrap());
        a.implies(&b).witness().unwrap().to_string()
    };
    assert_eq!(shown("not (userName pr)", "title pr"), "a record without values");
    assert_eq!(
        shown(r#"userName eq "b" and title eq "x""#, "nickName pr"),
        "userName = \"b\"\ntitle = \"x\""
    );
    assert_eq!(
        shown(r#"emails[type eq "work" and primary eq true]"#, "title pr"),
        "emails.type = \"work\" and emails.primary = true"
    );
    let debug = |plan: &Plan<Value>| format!("{:?}", plan.is_empty().witness().unwrap());
    assert_eq!(debug(&policy.parse("active eq true").unwrap()), "Witness(active = true)");
}

/// Without a schema, an element is an object only if a simple value does not suffice.
#[test]
fn witnesses_without_a_schema_are_simple_values_or_objects() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    for (filter, expected) in [
        (r#"a[value eq "x"]"#, r#"a = "x""#),
        (r#"a[value eq "x" and b eq "y"]"#, r#"a.value = "x" and a.b = "y""#),
        (r#"a[value eq "x" and value eq "y"]"#, r#"a.value = "x", "y""#),
    ] {
        let decision = open.parse(filter).unwrap().is_empty();
        assert_eq!(decision.witness().unwrap().to_string(), expected, "{filter}");
    }
    // A simple value has no sub-attribute but `value`.
    let simple = open.parse(r#"a eq "x" and not (a.b pr)"#).unwrap().is_empty();
    let matches =
        |filter: &str| open.parse(filter).unwrap().matches_witness(simple.witness().unwrap());
    assert!(matches(r#"a.value eq "x""#) && !matches("a.b pr") && !matches("a[b pr]"));
}

/// An attribute has no elements that other elements make unnecessary, and values are close to the
/// operands: round numbers first.
#[test]
fn witnesses_are_small() {
    let policy = small_policy();
    for (filter, expected) in [
        (r#"t sw "a" and t co "b" and t eq "ab""#, json!({"t": ["ab"]})),
        (r#"t eq "ab" and t sw "a" and t eq "c""#, json!({"t": ["ab", "c"]})),
        (r#"t sw "a" and t eq "ab" or not (s pr)"#, json!({"t": ["ab"]})),
        ("f gt 2", json!({"f": 3.0})),
        ("f lt -2", json!({"f": -3.0})),
        ("f gt 2 and f lt 3", json!({"f": 2.5})),
        ("f ge 2 and f le 2", json!({"f": 2.0})),
        ("i gt 2", json!({"i": 3})),
        (r#"n pr and n ne "AQ==""#, json!({"n": "AAA="})),
        (r#"d lt "2024-01-02T00:00:00Z""#, json!({"d": "2024-01-01T00:00:00Z"})),
        (r#"d gt "2024-01-02T00:00:00Z""#, json!({"d": "2024-01-03T00:00:00Z"})),
        ("s pr", json!({"s": "x"})),
        (r#"s sw "a" and s co "b" and s ew "c""#, json!({"s": "abc"})),
        (r#"s sw "ab" and s co "b" and s ew "c" and s co "d""#, json!({"s": "abdc"})),
        (r#"s gt "b""#, json!({"s": "x"})),
        (r#"s sw "abc" and s co "b""#, json!({"s": "abc"})),
        (r#"s ew "abc" and s co "b""#, json!({"s": "abc"})),
        ("s gt \"\" and s lt \"\\u0001\"", json!({"s": "\0"})),
        ("s gt \"\u{10fffe}\" and not (s sw \"\u{10fffe}\")", json!({"s": "\u{10ffff}"})),
        // An accent after the letter composes, so that it is no fold key.
        ("k co \"e\" and k co \"\u{301}\"", json!({"k": "\u{301}e"})),
        (r#"s lt "b" and not (s eq "")"#, json!({"s": "a"})),
        (r#"s gt "b" and s lt "d" and not (s sw "b")"#, json!({"s": "c"})),
        (r#"s gt "é" and s lt "ë" and not (s sw "é")"#, json!({"s": "ê"})),
        // The first characters of the gap are no fold keys.
        (r#"k gt "¿" and k lt "à" and not (k sw "¿")"#, json!({"k": "×"})),
    ] {
        let decision = policy.parse(filter).unwrap().is_empty();
        assert_eq!(decision.witness().unwrap().to_json(), expected, "{filter}");
    }
}

#[test]
fn many_tests_on_one_value_are_decided() {
    let policy = small_policy();
    let bounds: Vec<String> = (0..40).map(|number| format!("i gt {number}")).collect();
    let above = policy.parse(&bounds.join(" and ")).unwrap();
    assert!(above.is_empty().is_no());
    assert!(above.is_disjoint(&policy.parse("i lt 40").unwrap()).is_yes());
}

/// Without a schema, an attribute has a list only if it has several values.
#[test]
fn witnesses_are_lists_as_in_the_schema() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    for (policy, filter, expected) in [
        (scim::user_policy(), r#"emails.type eq "x""#, json!({"emails": [{"type": "x"}]})),
        (scim::user_policy(), r#"title eq "x""#, json!({"title": "x"})),
        (&open, r#"title eq "x""#, json!({"title": "x"})),
        (&open, r#"a eq "x" and a eq "y""#, json!({"a": ["x", "y"]})),
        (&open, r#"a.b eq "x""#, json!({"a": {"b": "x"}})),
        (&open, r#"a.b eq "x" and not (a ne 1)"#, json!({"a": {"b": "x", "value": 1}})),
        (&open, r#"a[b eq "x" and not (value pr)]"#, json!({"a": {"b": "x"}})),
        (&open, r#"a pr and not (a.b eq "y")"#, json!({"a": "x"})),
    ] {
        let decision = policy.parse(filter).unwrap().is_empty();
        assert_eq!(decision.witness().unwrap().to_json(), expected, "{filter}");
    }
}

/// An integer of more than 1,000 digits would match, but no such value is tried.
#[test]
fn what_exceeds_the_budget_is_never_proved() {
    let policy = small_policy();
    let (large, present) = (policy.parse("i gt 1e100000").unwrap(), policy.parse("i pr").unwrap());
    assert_eq!(large.is_empty(), Decision::Unknown);
    assert_eq!(present.is_disjoint(&large), Decision::Unknown);
    assert!(large.implies(&present).is_yes());
    // Strings between these bounds are no fold keys.
    let folded = policy.parse(r#"k gt "@" and k lt "[" and not (k sw "@")"#).unwrap();
    assert_eq!(folded.is_empty(), Decision::Unknown);
    // More values than holes, and no two in the same one (pigeonhole principle).
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let (values, holes) = (7, 6);
    let mut parts: Vec<String> = Vec::new();
    for value in 0..values {
        let places: Vec<String> = (0..holes).map(|hole| format!("p{value}h{hole} pr")).collect();
        parts.push(format!("({})", places.join(" or ")));
        for other in 0..value {
            parts.extend(
                (0..holes).map(|hole| format!("not (p{value}h{hole} pr and p{other}h{hole} pr)")),
            );
        }
    }
    assert_eq!(open.parse(&parts.join(" and ")).unwrap().is_empty(), Decision::Unknown);
    // The first direction is unknown, the second is refuted.
    assert!(large.is_equivalent(&policy.parse("i lt 3").unwrap()).is_no());
}

/// Every string contains the empty string, so only other values and none do not.
#[test]
fn empty_substrings_are_in_every_string() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    for operator in ["sw", "ew", "co"] {
        let part = open.parse(&format!(r#"a {operator} """#)).unwrap();
        let x = open.parse(r#"a eq "x""#).unwrap();
        assert!(part.is_empty().is_no() && part.is_universal().is_no(), "{operator}");
        assert!(x.implies(&part).is_yes() && part.implies(&x).is_no(), "{operator}");
        let string = open.parse(r#"a ge """#).unwrap();
        assert!(string.implies(&part).is_yes(), "{operator}");
    }
}

/// Without a schema, strings that are date-times are compared as instants, also if their order as
/// strings is another one.
#[test]
fn instants_are_not_decided_by_the_order_of_strings() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let (from, to) = ("2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z");
    let at = |zone: &str| {
        let text = format!(r#"a co "{zone}" and not (a lt "{from}" or a gt "{to}")"#);
        open.parse(&text).unwrap()
    };
    assert!(at("+01:00").is_empty().is_no());
    assert!(at("+02:00").matches(&json!({"a": "2024-01-01T02:00:00+02:00"})));
    assert_eq!(at("+02:00").is_empty(), Decision::Unknown);
    // The first and the last instants.
    let typed = small_policy();
    for (filter, is_possible) in [
        (r#"d lt "0001-01-01T00:00:00.000002+23:59""#, true),
        (r#"d lt "0001-01-01T00:00:00.0000005+23:59""#, true),
        (r#"d lt "0001-01-01T00:00:00+23:59""#, false),
        (r#"d gt "9999-12-31T23:59:59.9999999-23:59""#, true),
        (r#"d gt "9999-12-31T23:59:59.999998-23:59""#, true),
    ] {
        let decision = typed.parse(filter).unwrap().is_empty();
        assert_eq!((decision.is_no(), decision.is_yes()), (is_possible, !is_possible), "{filter}");
    }
    // Other strings are compared as strings.
    let other = open.parse(&format!(r#"a sw "z" and not (a lt "{to}" or a eq "z")"#)).unwrap();
    assert!(other.is_empty().is_no());
}

/// Operands that exceed the automaton leave open whether a string passes, but not other values.
#[test]
fn values_of_other_types_are_found_if_strings_are_not_decided() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let [one, other] = ["b", "c"].map(|char| char.repeat(2_100));
    let plan = |first: &str| {
        let text =
            format!(r#"{first} and not (a eq "" or a eq "x" or a co "{one}" or a co "{other}")"#);
        open.parse(&text).unwrap()
    };
    assert!(plan("a pr").is_empty().is_no());
    assert_eq!(plan(r#"a ge """#).is_empty(), Decision::Unknown);
}

#[test]
fn values_in_wrong_forms_are_never_excluded() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let plan = open
        .with_stored_values(StoredValues::Coerced)
        .parse(r#"a eq true and not (a ne "True")"#)
        .unwrap();
    assert!(plan.matches(&json!({"a": "True"})));
    assert_eq!(plan.is_empty(), Decision::Unknown);
}

#[test]
fn relations_are_those_of_the_corpus() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let mut errors = Vec::new();
    for line in json_lines(include_str!("../corpus/compare.jsonl")) {
        let policy = if line["policy"] == "none" { &open } else { scim::user_policy() };
        let plan = |key: &str| {
            let text = line[key].as_str().unwrap();
            policy.parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let (a, b) = (plan("a"), plan("b"));
        assert_shows(&a.implies(&b), &a, &b, &line.to_string());
        assert_shows(&b.implies(&a), &b, &a, &line.to_string());
        let empty = json!([a.is_empty().is_yes(), b.is_empty().is_yes()]);
        let expected = line.get("empty").cloned().unwrap_or(json!([false, false]));
        if relation(&a, &b) != line["relation"] || empty != expected {
            errors.push(format!("{line}: {} {empty}", relation(&a, &b)));
        }
        // Plans are equivalent exactly if each implies the other.
        assert_eq!(a.is_equivalent(&b).is_yes(), line["relation"] == "equivalent", "{line}");
    }
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
}

/// The numbers of decisions by their answer.
#[derive(Default)]
struct Tally {
    yes: usize,
    no: usize,
    unknown: usize,
}

impl Tally {
    /// Decides the relations of a pair. Each `No` has a witness that the evaluator confirms.
    fn add(&mut self, a: &Plan<Value>, b: &Plan<Value>) {
        let text = || format!("{}\n--\n{}", a.explain(), b.explain());
        let decisions = [a.implies(b), b.implies(a), a.is_disjoint(b)];
        for (decision, expected) in decisions.iter().zip([[true, false], [false, true], [true; 2]])
        {
            match decision {
                Decision::Yes => self.yes += 1,
                Decision::Unknown => self.unknown += 1,
                Decision::No(witness) => {
                    self.no += 1;
                    let record = witness.to_json();
                    assert_eq!([a.matches(&record), b.matches(&record)], expected, "{}", text());
                }
            }
        }
    }

    fn print(&self, name: &str) {
        let Self { yes, no, unknown } = self;
        let share = 100.0 * *unknown as f64 / (yes + no + unknown) as f64;
        println!("{name}: {yes} yes, {no} no with a witness, {unknown} unknown ({share:.3} %)");
    }
}

/// Pairs of the filters of the corpora. Decides one pair of 500, or all of them if
/// `SCIEVE_EXHAUSTIVE` is set (`scripts/proofs`).
#[test]
fn pairs_of_the_corpora_are_decided() {
    let mut filters: Vec<String> = [
        include_str!("../corpus/match.jsonl"),
        include_str!("../corpus/providers.jsonl"),
        include_str!("../corpus/provisioning.jsonl"),
    ]
    .into_iter()
    .flat_map(json_lines)
    .filter_map(|line| Some(line["filter"].as_str()?.to_owned()))
    .collect();
    filters.sort();
    filters.dedup();
    let step = if std::env::var_os("SCIEVE_EXHAUSTIVE").is_some() { 1 } else { 500 };
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    for (name, policy) in [("with the schema", scim::user_policy()), ("without a schema", &open)] {
        let plans: Vec<Plan<Value>> =
            filters.iter().filter_map(|filter| policy.parse(filter).ok()).collect();
        assert!(plans.len() > 100, "{}", plans.len());
        let mut tally = Tally::default();
        let pairs =
            plans.iter().enumerate().flat_map(|(at, a)| plans[..at].iter().map(move |b| (a, b)));
        pairs.step_by(step).for_each(|(a, b)| tally.add(a, b));
        tally.print(&format!("pairs of {} filters of the corpora, {name}", plans.len()));
        // Filters that people write are decided.
        assert!(tally.unknown * 100 <= tally.yes + tally.no, "{}", tally.unknown);
    }
}

/// A schema with an attribute of each kind.
pub(crate) fn small_policy() -> Policy<Value> {
    let attributes = [
        Attribute::new("s", AttributeType::String).case_exact(true),
        Attribute::new("k", AttributeType::String),
        Attribute::new("b", AttributeType::Boolean),
        Attribute::new("i", AttributeType::Integer),
        Attribute::new("d", AttributeType::DateTime),
        Attribute::new("t", AttributeType::String).multi_valued(),
        Attribute::new("c", AttributeType::Complex),
        Attribute::new("c.x", AttributeType::String),
        Attribute::new("c.y", AttributeType::Boolean),
        Attribute::new("e", AttributeType::Complex).multi_valued(),
        Attribute::new("e.x", AttributeType::String),
        Attribute::new("e.y", AttributeType::Boolean),
        Attribute::new("e.z", AttributeType::Integer).multi_valued(),
        Attribute::new("f", AttributeType::Decimal),
        Attribute::new("n", AttributeType::Binary),
    ];
    Policy::new(Schema::new(None, attributes).unwrap()).unwrap()
}

/// Groups of atoms and the records that distinguish them: all values of one attribute.
pub(crate) fn small_worlds() -> Vec<(Vec<&'static str>, Vec<Value>)> {
    let mut words = vec![String::new()];
    let mut last = words.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|word| ["a", "b", "c"].map(|char| format!("{word}{char}")))
            .collect();
        words.extend(last.clone());
    }
    let single = |name: &str, values: &[Value]| -> Vec<Value> {
        values.iter().map(|value| json!({name: value})).chain([json!({})]).collect()
    };
    let strings: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    let optional =
        |values: &[Value]| -> Vec<Value> { values.iter().cloned().chain([Value::Null]).collect() };
    let few: Vec<Value> = ["", "a", "b", "ab"].map(|word| json!(word)).into();
    let mut elements = Vec::new();
    for x in optional(&few) {
        for y in optional(&[json!(true), json!(false)]) {
            for z in [json!([]), json!([1]), json!([1, 2])] {
                elements.push(json!({"x": x, "y": y, "z": z}));
            }
        }
    }
    let lists = |elements: &[Value]| -> Vec<Value> {
        let mut lists = vec![json!([])];
        for (at, one) in elements.iter().enumerate() {
            lists.push(json!([one]));
            lists.extend(elements[..at].iter().map(|other| json!([one, other])));
        }
        lists
    };
    let integers: Vec<Value> = (-1..=23).map(|number| json!(number)).collect();
    let instants: Vec<Value> = [
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00.000001Z",
        "2024-01-01T00:00:01Z",
        "2023-01-01T00:00:00Z",
    ]
    .map(|at| json!(at))
    .into();
    let complex: Vec<Value> =
        elements.iter().map(|element| json!({"x": element["x"], "y": element["y"]})).collect();
    vec![
        (
            vec![
                "s pr",
                "s eq \"a\"",
                "s eq \"ab\"",
                "s ne \"\"",
                "s sw \"a\"",
                "s sw \"ab\"",
                "s ew \"b\"",
                "s ew \"ab\"",
                "s co \"b\"",
                "s co \"ba\"",
                "s lt \"a\"",
                "s ge \"ab\"",
                "s gt \"b\"",
                "s le \"ba\"",
                "s eq \"A\"",
                "s gt \"ab\"",
                "s le \"a\"",
            ],
            single("s", &strings),
        ),
        (
            vec![
                "k eq \"A\"",
                "k sw \"AB\"",
                "k co \"B\"",
                "k gt \"Ab\"",
                "k le \"B\"",
                "k ne \"a\"",
                "k pr",
                "s eq \"a\"",
                "b eq true",
            ],
            single("k", &strings),
        ),
        (
            vec!["b eq true", "b eq false", "b ne true", "b pr", "b eq null"],
            single("b", &[json!(true), json!(false)]),
        ),
        (
            vec![
                "i eq 1",
                "i ne 2",
                "i gt 1",
                "i lt 2",
                "i ge 1.5",
                "i le 0",
                "i eq 1.5",
                "i pr",
                "i gt 1e30",
                "i eq 10 or i eq 12",
                "i gt 9",
                "i lt 13",
                "i gt 20",
                "i lt 22",
            ],
            single("i", &integers),
        ),
        (
            vec![
                "f eq 1.5",
                "f ne 2",
                "f gt 1.5",
                "f lt 2",
                "f ge 2",
                "f le -0.5",
                "f pr",
                "f eq 0 or f eq 1.5",
            ],
            single("f", &[-1.0, -0.5, 0.0, 1.0, 1.5, 1.75, 2.0, 3.0].map(|number| json!(number))),
        ),
        (
            vec![
                "n eq \"AQ==\"",
                "n ne \"AQ==\"",
                "n eq \"AQI=\"",
                "n ne \"\"",
                "n eq \"\" or n eq \"AQ==\"",
                "n pr",
            ],
            single("n", &["AQ==", "AQI=", "", "AAAA"].map(|bytes| json!(bytes))),
        ),
        (
            vec![
                "d eq \"2024-01-01T00:00:00Z\"",
                "d gt \"2024-01-01T00:00:00Z\"",
                "d lt \"2024-01-01T01:00:01+01:00\"",
                "d ne \"2024-01-01T00:00:00Z\"",
                "d le \"2024-01-01T00:00:00.0000005Z\"",
                "d pr",
            ],
            single("d", &instants),
        ),
        (
            vec![
                "t pr",
                "t eq \"a\"",
                "t ne \"a\"",
                "t eq \"b\"",
                "t sw \"a\"",
                "t ge \"b\"",
                "t[value eq \"a\"]",
                "t[value ne \"a\"]",
                "t[value sw \"a\" and value ew \"b\"]",
                "t[not (value eq \"b\")]",
            ],
            lists(&strings[..14]).into_iter().map(|list| json!({"t": list})).collect(),
        ),
        (
            vec![
                "c pr",
                "c.x pr",
                "c.y pr",
                "c.x eq \"a\"",
                "c.x ne \"a\"",
                "c.y eq true",
                "c[x eq \"a\" and y eq true]",
                "c[y ne true]",
            ],
            complex.iter().map(|element| json!({"c": element})).collect(),
        ),
        (
            vec![
                "e pr",
                "e.x pr",
                "e.x eq \"a\"",
                "e.x ne \"a\"",
                "e.y eq true",
                "e.z eq 1",
                "e.z ne 1",
                "e[x eq \"a\" and y eq true]",
                "e[x ne \"a\"]",
                "e[not (y eq true)]",
                "e[x sw \"a\" or z eq 2]",
                "e[z pr]",
            ],
            lists(&elements).into_iter().map(|list| json!({"e": list})).collect(),
        ),
    ]
}

/// Atoms without a schema and records that distinguish them.
pub(crate) fn schemaless_world() -> (Vec<&'static str>, Vec<Value>) {
    let atoms = vec![
        "a pr",
        "a eq \"x\"",
        "a ne \"x\"",
        "a eq 1",
        "a gt \"w\"",
        "a.value eq \"x\"",
        "a.value pr",
        "a.type eq \"y\"",
        "a.type pr",
        "a[value eq \"x\" and type eq \"y\"]",
        "a[type eq \"y\" and not (value pr)]",
        "a[not (type pr)]",
        "a[not (value eq \"x\")]",
        "a[value ne \"x\" or type eq \"y\"]",
    ];
    let mut elements = ["x", "w", "y"].map(|text| json!(text)).to_vec();
    elements.extend([json!(1), json!(true), json!({"other": true})]);
    for kind in ["y", "z"] {
        elements.push(json!({"type": kind}));
        elements.extend(["x", "w"].map(|value| json!({"value": value, "type": kind})));
    }
    elements.extend([json!({"value": "x"}), json!({"value": 1}), json!({"value": "w"})]);
    let mut lists = vec![json!({})];
    for (at, one) in elements.iter().enumerate() {
        lists.push(json!({"a": one}));
        lists.extend(elements[..at].iter().map(|other| json!({"a": [one, other]})));
    }
    (atoms, lists)
}

/// Every formula of up to four atoms and connectives: a decision agrees with an enumeration of all
/// records of a small domain, and none is unknown.
#[test]
fn every_small_formula_agrees_with_enumeration() {
    let policy = small_policy();
    let worlds = small_worlds();
    let counts =
        worlds.iter().map(|(atoms, records)| check_small_formulas(&policy, atoms, records));
    let count: usize = counts.sum();
    assert!(count > 13_000, "{count}");
}

/// The same without a schema: a value is an element itself or its `value`.
#[test]
fn every_small_formula_without_a_schema_agrees_with_enumeration() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let (atoms, records) = schemaless_world();
    let count = check_small_formulas(&open, &atoms, &records);
    assert!(count > 4_000, "{count}");
}

/// Compares the decisions about an atom, its negation, and two or three of them with the results on
/// all records. Returns the number of decisions.
fn check_small_formulas(policy: &Policy<Value>, atoms: &[&str], records: &[Value]) -> usize {
    let mut count = 0;
    let negated: Vec<String> = atoms.iter().map(|atom| format!("not ({atom})")).collect();
    let literals: Vec<&str> =
        atoms.iter().copied().chain(negated.iter().map(String::as_str)).collect();
    let results = |text: &str| -> (Plan<Value>, Vec<bool>) {
        let plan = policy.parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let results = records.iter().map(|record| plan.matches(record)).collect();
        (plan, results)
    };
    let plans: Vec<_> = literals.iter().map(|text| results(text)).collect();
    for (text, (plan, matches)) in literals.iter().zip(&plans) {
        count += 2;
        assert_sound(plan.is_empty(), !matches.contains(&true), text);
        assert_sound(plan.is_universal(), !matches.contains(&false), text);
    }
    for (at, (a, in_a)) in plans.iter().enumerate() {
        for (other, (b, in_b)) in plans[..at].iter().enumerate() {
            count += 4;
            let text = || format!("{}\n{}", a.explain(), b.explain());
            let pairs = || in_a.iter().zip(in_b);
            assert_sound(a.is_disjoint(b), !pairs().any(|(a, b)| *a && *b), &text());
            assert_sound(a.implies(b), !pairs().any(|(a, b)| *a && !*b), &text());
            assert_sound(b.implies(a), !pairs().any(|(a, b)| *b && !*a), &text());
            // `a or b` is universal if no record is in neither.
            let neither = format!("not ({}) and not ({})", literals[at], literals[other]);
            let neither = policy.parse(&neither).unwrap();
            assert_sound(neither.is_empty(), !pairs().any(|(a, b)| !*a && !*b), &text());
        }
    }
    // Three atoms: `a and b` implies `c`.
    for (at, (a, in_a)) in plans[..atoms.len()].iter().enumerate() {
        for (b, in_b) in &plans[..at] {
            let both = a.and(b).unwrap();
            for (c, in_c) in &plans {
                count += 1;
                let mut triples = in_a.iter().zip(in_b).zip(in_c);
                let refuted = triples.any(|((a, b), c)| *a && *b && !*c);
                let text = || format!("{}\n{}", both.explain(), c.explain());
                assert_sound(both.implies(c), !refuted, &text());
            }
        }
    }
    count
}

/// Random conjunctions of tests on one string: a decision agrees with the enumeration of all short
/// strings, and none is unknown.
#[test]
fn conjunctions_of_string_tests_agree_with_enumeration() {
    let policy = small_policy();
    let mut words = vec![String::new()];
    for length in 0..5 {
        let longest: Vec<String> =
            words.iter().filter(|word| word.len() == length).cloned().collect();
        words.extend(
            longest.iter().flat_map(|word| ["a", "b", "c"].map(|char| format!("{word}{char}"))),
        );
    }
    let mut random = Random(1);
    for attribute in ["s", "k"] {
        let records: Vec<Value> = words.iter().map(|word| json!({attribute: word})).collect();
        let mut literals = Vec::new();
        for operator in ["ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
            for operand in ["", "a", "b", "c", "aa", "ab", "ba", "aab", "aba", "aaab", "abab"] {
                let atom = format!("{attribute} {operator} \"{operand}\"");
                let negated = format!("{attribute} pr and not ({atom})");
                literals.push(Literal::new(&policy, atom, &records));
                literals.push(Literal::new(&policy, negated, &records));
            }
        }
        let mut empty = 0;
        for _ in 0..4_000 {
            let count = 2 + random.below(5);
            let chosen: Vec<&Literal> = (0..count).map(|_| random.pick(&literals)).collect();
            let texts: Vec<&str> = chosen.iter().map(|literal| literal.text.as_str()).collect();
            let text = texts.join(" and ");
            let words = 0..literals[0].matches.len();
            let is_found = words
                .into_iter()
                .any(|at| chosen.iter().fold(u64::MAX, |all, one| all & one.matches[at]) != 0);
            let decision = policy.parse(&text).unwrap().is_empty();
            empty += usize::from(decision.is_yes());
            assert_sound(decision, !is_found, &text);
        }
        assert!((500..3_500).contains(&empty), "{empty}");
    }
}

/// Bounds that admit one string only: the decision is the result on that string.
#[test]
fn tests_on_one_string_are_decided_by_it() {
    let policy = small_policy();
    let mut words = vec![String::new()];
    for at in 0..31 {
        words.extend(["a", "b"].map(|char| format!("{}{char}", words[at])));
    }
    for word in &words {
        let record = json!({"s": word});
        let only = policy.parse(&format!(r#"s ge "{word}" and s le "{word}""#)).unwrap();
        for operand in ["", "a", "ab", "ba", "aa", "aab", "aba", "bab"] {
            for operator in ["ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
                let test = policy.parse(&format!(r#"s {operator} "{operand}""#)).unwrap();
                let expected = test.matches(&record);
                let text = || format!("{word} {operator} {operand}");
                assert_eq!(only.is_disjoint(&test).is_yes(), !expected, "{}", text());
                assert_eq!(only.implies(&test).is_yes(), expected, "{}", text());
                assert_eq!(only.is_disjoint(&test).is_no(), expected, "{}", text());
            }
        }
    }
}

/// Random conjunctions of disjunctions (3-SAT) take many choices that depend on each other: a
/// decision agrees with the enumeration of all records, and none is unknown.
#[test]
fn random_disjunctions_agree_with_enumeration() {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let attributes = NAMES.map(|name| Attribute::new(name, AttributeType::Boolean));
    let policy: Policy<Value> = Policy::new(Schema::new(None, attributes).unwrap()).unwrap();
    let mut random = Random(1);
    let mut empty = 0;
    for _ in 0..500 {
        let mut clauses = Vec::new();
        // The records with bit `n` of their number set have the value `true` of attribute `n`.
        let mut found = u64::MAX;
        for _ in 0..20 + random.below(15) {
            let (mut parts, mut matches) = (Vec::new(), 0);
            for _ in 0..3 {
                let attribute = random.below(NAMES.len());
                let value = random.chance(50);
                parts.push(format!("{} eq {value}", NAMES[attribute]));
                matches |= (0..64).fold(0, |all, record: u64| {
                    all | u64::from((record >> attribute & 1 == 1) == value) << record
                });
            }
            clauses.push(format!("({})", parts.join(" or ")));
            found &= matches;
        }
        let text = clauses.join(" and ");
        let decision = policy.parse(&text).unwrap().is_empty();
        empty += usize::from(decision.is_yes());
        assert_sound(decision, found == 0, &text);
    }
    assert!((100..400).contains(&empty), "{empty}");
}

/// Every formula of four atoms, `not` at the atoms only: a decision agrees with the enumeration, and
/// none is unknown. Formulas whose outermost connective is `or` are empty if both parts are.
///
/// Runs one formula of 997, or all of them if `SCIEVE_EXHAUSTIVE` is set (`scripts/proofs`).
#[test]
fn formulas_of_four_atoms_agree_with_enumeration() {
    let policy = small_policy();
    let step = if std::env::var_os("SCIEVE_EXHAUSTIVE").is_some() { 1 } else { 997 };
    let (mut seen, mut decided, mut empty) = (0_usize, 0_usize, 0_usize);
    for (atoms, records) in small_worlds() {
        let literals: Vec<Literal> = atoms
            .iter()
            .flat_map(|atom| [(*atom).to_owned(), format!("not ({atom})")])
            .map(|text| Literal::new(&policy, text, &records))
            .collect();
        for_each_formula(&literals, &mut |formula| {
            seen += 1;
            if seen % step == 0 {
                let text = formula.text();
                let decision = policy.parse(&text).unwrap().is_empty();
                decided += 1;
                empty += usize::from(decision.is_yes());
                assert_sound(decision, !formula.matches_any(), &text);
            }
        });
    }
    println!("{decided} of {seen} formulas of four atoms, {empty} of them empty");
    assert!(empty > 0 && empty < decided);
}

/// An atom or its negation, with the records that it matches, one bit each.
struct Literal {
    text: String,
    matches: Vec<u64>,
}

impl Literal {
    fn new(policy: &Policy<Value>, text: String, records: &[Value]) -> Self {
        let plan = policy.parse(&text).unwrap();
        let word = |records: &[Value]| {
            let bits = records.iter().enumerate();
            bits.fold(0, |word, (at, record)| word | u64::from(plan.matches(record)) << at)
        };
        Self { matches: records.chunks(64).map(word).collect(), text }
    }
}

/// A formula of four literals.
struct FourAtoms<'a> {
    /// The formula with the names `A0` to `D0`.
    pattern: &'a str,
    literals: [&'a Literal; 4],
    holds: fn([u64; 4]) -> u64,
}

impl FourAtoms<'_> {
    fn text(&self) -> String {
        let names = ["A0", "B0", "C0", "D0"].into_iter().zip(self.literals);
        names.fold(self.pattern.to_owned(), |text, (name, one)| text.replace(name, &one.text))
    }

    /// Returns whether the formula matches one of the records.
    fn matches_any(&self) -> bool {
        let words = 0..self.literals[0].matches.len();
        words.into_iter().any(|at| (self.holds)(self.literals.map(|one| one.matches[at])) != 0)
    }
}

/// Passes each formula of four literals to `check`.
fn for_each_formula(literals: &[Literal], check: &mut dyn FnMut(&FourAtoms<'_>)) {
    let mut pass = |four: [usize; 4], pattern, holds| {
        check(&FourAtoms { pattern, literals: four.map(|at| &literals[at]), holds });
    };
    let count = literals.len();
    for a in 0..count {
        for b in 0..a {
            for c in 0..count {
                for d in 0..c {
                    if b < d || (b == d && a <= c) {
                        continue;
                    }
                    if b > c {
                        pass([a, b, c, d], "A0 and B0 and C0 and D0", |[a, b, c, d]| a & b & c & d);
                    }
                    pass([a, b, c, d], "(A0 or B0) and (C0 or D0)", |[a, b, c, d]| {
                        (a | b) & (c | d)
                    });
                }
            }
            for c in 0..count {
                for d in 0..count {
                    pass([a, b, c, d], "(A0 and B0 or C0) and D0", |[a, b, c, d]| (a & b | c) & d);
                    if d < c {
                        pass([a, b, c, d], "(A0 or B0) and C0 and D0", |[a, b, c, d]| {
                            (a | b) & c & d
                        });
                    }
                    if c < b {
                        pass([a, b, c, d], "(A0 or B0 or C0) and D0", |[a, b, c, d]| {
                            (a | b | c) & d
                        });
                    }
                }
            }
        }
    }
}

/// A `Yes` has to be true of the enumerated records. A `No` is confirmed by its witness.
fn assert_sound(decision: Decision, no_counterexample: bool, text: &str) {
    match decision {
        Decision::Yes => assert!(no_counterexample, "wrong yes: {text}"),
        Decision::No(_) => {}
        Decision::Unknown => panic!("unknown: {text}"),
    }
}

#[test]
fn a_scope_narrows_every_filter() {
    let all = scim::user_policy();
    let caller = all.clone().hiding(["userType"]).unwrap();
    let scope = all.parse(r#"userType eq "Employee" and active eq true"#).unwrap();
    let scoped = caller.within(scope.clone()).unwrap();
    let records = [
        json!({"userName": "ann", "userType": "Employee", "active": true}),
        json!({"userName": "ann", "userType": "Employee", "active": false}),
        json!({"userName": "ann", "userType": "Contractor", "active": true}),
        json!({"userName": "ann", "userType": "Employee", "active": "True"}),
        json!({"userName": "bob", "userType": "Employee", "active": true}),
        json!({}),
    ];
    for text in [
        "userName pr",
        "not (userName pr)",
        r#"userName eq "ann""#,
        "active pr",
        "active eq true or active eq false",
        "active eq false",
        r#"not (userName eq "ann" and active eq true)"#,
        r#"emails[type eq "work"] or userName pr"#,
    ] {
        let plan = caller.parse(text).unwrap();
        let narrowed = scoped.parse(text).unwrap();
        for record in &records {
            let expected = plan.matches(record) && scope.matches(record);
            assert_eq!(narrowed.matches(record), expected, "{text} {record}");
        }
        // What a caller can see is the only reason to refuse a filter.
        let refused = scoped.policy().within(scope.clone()).unwrap().refusing_outside(true);
        let visible = all.parse("active eq true").unwrap();
        let is_inside = plan.implies_in(&visible, Domain::AnyRecord).is_yes();
        assert_eq!(refused.parse(text).is_ok(), is_inside, "{text}");
    }
    // Attributes of the scope that are hidden have the diagnostic of unknown ones.
    let unknown = |policy: &dyn Fn(&str) -> Option<String>| policy(r#"not (userType sw "E")"#);
    assert_eq!(
        unknown(&|text| caller.parse(text).err().map(|error| error.render())),
        unknown(&|text| scoped.parse(text).err().map(|error| error.render())),
    );
}

#[test]
fn attributes_with_and_without_the_core_urn_never_differ_in_a_witness() {
    let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User:nickName";
    let with_urn = open.parse(&format!(r#"{urn} sw "j""#)).unwrap();
    let without = open.parse(r#"NICKNAME sw "j""#).unwrap();
    let record = json!({"nickName": "jim"});
    assert!(with_urn.matches(&record) && without.matches(&record));
    assert_eq!(with_urn.implies(&without), Decision::Unknown);
    assert_eq!(without.implies(&with_urn), Decision::Unknown);
    assert!(with_urn.implies(&with_urn).is_yes() && with_urn.is_empty().is_no());
}

#[test]
fn a_hidden_part_of_a_scope_never_decides_a_refusal() {
    let all = scim::user_policy();
    for scope in [r#"emails.type eq "work""#, r#"emails[type eq "work"]"#] {
        let scope = all.parse(&format!("{scope} and active eq true")).unwrap();
        for hidden in ["emails.type", "emails"] {
            let caller = all.clone().hiding([hidden]).unwrap();
            let strict = caller.within(scope.clone()).unwrap().refusing_outside(true);
            assert!(strict.parse("active eq true").is_ok(), "{hidden}");
            assert!(strict.parse("userName pr").is_err(), "{hidden}");
        }
        // The condition of the scope that the caller can query decides.
        let strict = all.clone().within(scope).unwrap().refusing_outside(true);
        assert!(strict.parse("active eq true").is_err());
    }
}

#[test]
fn simplified_plans_lose_what_has_no_effect() {
    let policy = scim::user_policy();
    for (text, expected) in [
        (r#"userName sw "b" and userName eq "bjensen""#, r#"userName eq "bjensen""#),
        (r#"userName sw "b" or userName eq "bjensen""#, r#"userName sw "b""#),
        (
            r#"title pr and (title eq "x" or userName pr)"#,
            r#"title pr and (title eq "x" or userName pr)"#,
        ),
        (r#"title eq "x" and (title pr or userName pr)"#, r#"title eq "x""#),
        (r#"title eq null and (title eq "x" or userName pr)"#, "title eq null and userName pr"),
        (r#"not (title eq "x" or title co "x")"#, r#"not (title co "x")"#),
        (r#"emails[type eq "work"] and emails pr"#, r#"emails[type eq "work"]"#),
    ] {
        assert_eq!(
            policy.parse(text).unwrap().simplify(),
            policy.parse(expected).unwrap(),
            "{text}"
        );
    }
    // Of parts that imply each other, the largest is removed.
    let part = policy.parse(r#"emails.type eq "work""#).unwrap();
    for text in [
        r#"emails.type eq "work" and emails[type eq "work"]"#,
        r#"emails[type eq "work"] and emails.type eq "work""#,
    ] {
        assert_eq!(policy.parse(text).unwrap().simplify(), part, "{text}");
    }
    // A JSON document can have another value than a Boolean.
    let any_boolean = policy.parse("active eq true or active eq false").unwrap();
    assert_eq!(any_boolean.simplify(), any_boolean);
    assert_eq!(any_boolean.constant(), None);
    assert_eq!(
        policy.parse("active pr and active eq null").unwrap().simplify().constant(),
        Some(false)
    );
    assert_eq!(
        policy.parse("active pr or active eq null").unwrap().simplify().constant(),
        Some(true)
    );
}

#[test]
fn known_attributes_are_replaced_by_their_results() {
    let policy = scim::user_policy();
    let plan = |filter: &str| policy.parse(filter).unwrap();
    let record = json!({"active": true, "emails": [{"type": "work"}]});
    let filter = plan(r#"active eq true and emails.type eq "work" and userName sw "b""#);
    for (known, expected) in [
        (vec!["active"], r#"emails.type eq "work" and userName sw "b""#),
        (vec!["emails"], r#"active eq true and userName sw "b""#),
        (vec!["emails.type"], r#"active eq true and userName sw "b""#),
        (vec!["active", "emails"], r#"userName sw "b""#),
    ] {
        assert_eq!(filter.given(&record, known).unwrap(), plan(expected));
    }
    assert!(filter.given(&record, ["no"]).is_err());
}

#[cfg(feature = "arbitrary")]
mod random {
    use super::{Decision, Domain, Plan, Policy, Random, Tally, Value, assert_shows};
    use arbitrary::Unstructured;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use proptest::strategy::Strategy;
    use scieve::{Attribute, CaseSensitivity, Limits, arbitrary as generate, scim};
    use std::sync::LazyLock;

    static SMALL: LazyLock<Policy<Value>> = LazyLock::new(super::small_policy);
    static OPEN: LazyLock<Policy<Value>> =
        LazyLock::new(|| Policy::schemaless(CaseSensitivity::Ignore));

    /// Runs 8 cases per property, unless `PROPTEST_CASES` is set.
    fn config() -> ProptestConfig {
        let mut config = ProptestConfig::default();
        if std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = 8;
        }
        config
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..120)
    }

    fn plan(policy: &Policy<Value>, u: &mut Unstructured<'_>) -> Option<Plan<Value>> {
        let mut limits = Limits::default();
        limits.clauses = 5_000;
        let builder = if policy.schema().attributes().len() == 0 {
            generate::tree(u).unwrap()
        } else {
            generate::filter(u, policy).unwrap()?
        };
        let filter = builder.build_with(&limits).ok()?;
        Some(policy.clone().with_limits(limits).check(&filter).unwrap())
    }

    /// Decides random pairs: 100 for each policy, or `SCIEVE_PAIRS` (`scripts/proofs`).
    #[test]
    fn witnesses_of_random_pairs_are_confirmed() {
        let pairs = std::env::var("SCIEVE_PAIRS").map_or(100, |pairs| pairs.parse().unwrap());
        let mut random = Random(1);
        let policies: [(&str, &Policy<Value>); 3] =
            [("small", &SMALL), ("scim-user", scim::user_policy()), ("without a schema", &OPEN)];
        for (name, policy) in policies {
            let (mut tally, mut decided) = (Tally::default(), 0);
            while decided < pairs {
                let bytes: Vec<u8> = (0..120).map(|_| random.next() as u8).collect();
                let u = &mut Unstructured::new(&bytes);
                if let (Some(a), Some(b)) = (plan(policy, u), plan(policy, u)) {
                    tally.add(&a, &b);
                    decided += 1;
                }
            }
            tally.print(&format!("{decided} random pairs, {name}"));
            assert!(tally.yes > 0 && tally.no > 0);
        }
    }

    fn check_laws(policy: &Policy<Value>, bytes: &[u8], records: &[Value]) {
        let u = &mut Unstructured::new(bytes);
        let (Some(a), Some(b)) = (plan(policy, u), plan(policy, u)) else { return };
        let text = format!("{}\n--\n{}", a.explain(), b.explain());
        assert_shows(&a.implies(&b), &a, &b, &text);
        let both = a.and(&b).unwrap();
        assert!(!both.implies(&a).is_no() && !both.implies(&b).is_no(), "{text}");
        assert!(!a.implies(&a).is_no(), "{text}");
        for domain in [Domain::Conforming, Domain::AnyRecord] {
            // Whatever is empty implies everything and is disjoint from everything.
            if both.is_empty_in(domain).is_yes() {
                assert!(!a.is_disjoint_in(&b, domain).is_no(), "{text}");
            }
            // A witness of a narrower domain exists in the wider one.
            if let (Decision::No(_), Domain::AnyRecord) = (a.implies(&b), domain) {
                assert!(!a.implies_in(&b, domain).is_yes(), "{text}");
            }
        }
        check_rewriting(&a, &b, records, &text);
        // `Yes` about every record holds for every record.
        let always = |decision: Decision, holds: &dyn Fn(&Value) -> bool| {
            if decision == Decision::Yes {
                for record in records {
                    assert!(holds(record), "{text}\n{record}");
                }
            }
        };
        let any = Domain::AnyRecord;
        always(a.implies_in(&b, any), &|record| !a.matches(record) || b.matches(record));
        always(a.is_disjoint_in(&b, any), &|record| !a.matches(record) || !b.matches(record));
        always(a.is_empty_in(any), &|record| !a.matches(record));
        always(a.is_universal_in(any), &|record| a.matches(record));
    }

    /// Rewritten plans have the same results.
    fn check_rewriting(a: &Plan<Value>, b: &Plan<Value>, records: &[Value], text: &str) {
        let simple = a.simplify();
        let known: Vec<&str> = a
            .schema()
            .attributes()
            .map(Attribute::path)
            .take(2)
            .filter(|path| a.schema().find_path(path).is_some())
            .collect();
        for record in records {
            let expected = a.matches(record);
            assert_eq!(simple.matches(record), expected, "{text}\n{record}");
            let given = a.given(record, known.iter().copied()).unwrap();
            assert_eq!(given.matches(record), expected, "{text}\n{record}");
            let all = a.schema().attributes().filter(|attribute| attribute.urn().is_none());
            let given = a.given(record, all.map(Attribute::path)).unwrap();
            assert_eq!(given.matches(record), expected, "{text}\n{record}");
            let narrowed = a.and(b).unwrap().simplify();
            assert_eq!(narrowed.matches(record), expected && b.matches(record), "{text}\n{record}");
        }
    }

    fn records(policy: &Policy<Value>, bytes: &[u8]) -> Vec<Value> {
        let u = &mut Unstructured::new(bytes);
        (0..8).map(|_| generate::record(u, policy.schema()).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn decisions_hold_for_random_records(pair in bytes(), seeds in proptest::collection::vec(any::<u8>(), 600)) {
            check_laws(&SMALL, &pair, &records(&SMALL, &seeds));
            check_laws(scim::user_policy(), &pair, &records(scim::user_policy(), &seeds));
        }

        #[test]
        fn decisions_without_a_schema_hold_for_random_records(pair in bytes(), seeds in proptest::collection::vec(any::<u8>(), 600)) {
            check_laws(&OPEN, &pair, &records(scim::user_policy(), &seeds));
        }
    }
}
