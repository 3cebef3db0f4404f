//! Diagnosing, repairing and linting filters, against `lint.jsonl` and the grammar corpus.

use crate::fixtures::json_lines;
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};
use scieve::{Code, Diagnostics, Filter, Policy, Safety, Severity, scim};
use serde_json::Value;

const CASES: &str = include_str!("../corpus/lint.jsonl");

fn policy(name: &str) -> Policy<Value> {
    match name {
        "users" => crate::USERS_POLICY.clone(),
        "ports" => Policy::from_toml(include_str!("../../examples/policy.toml")).unwrap(),
        "none" => Policy::schemaless(scieve::CaseSensitivity::Ignore),
        _ => scim::user_policy().clone(),
    }
}

/// The text with all fixes up to a safety, if the policy accepts it.
fn fixed(policy: &Policy<Value>, diagnostics: &Diagnostics, max: Safety) -> Option<String> {
    diagnostics.fixed(max).filter(|text| policy.parse(text).is_ok())
}

#[test]
fn mistakes_are_named_at_their_place_and_repaired() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in json_lines(CASES) {
        if line.get("silent").is_some() {
            continue;
        }
        count += 1;
        let (text, policy) =
            (line["filter"].as_str().unwrap(), policy(line["policy"].as_str().unwrap()));
        let diagnostics = policy.diagnose(text);
        let expected = line["fixed"].as_str();
        let found = fixed(&policy, &diagnostics, Safety::Unsafe);
        if found.as_deref() != expected {
            wrong.push(format!("{text}\n  gives {found:?}\n  not {expected:?}"));
        }
        if let Some(span) = line["span"].as_array() {
            let span: Vec<u64> = span.iter().filter_map(Value::as_u64).collect();
            let has = diagnostics
                .iter()
                .any(|one| span == [one.span().start as u64, one.span().end as u64]);
            if !has {
                let spans: Vec<_> =
                    diagnostics.iter().map(|one| (one.code(), one.span())).collect();
                wrong.push(format!("{text}\n  is marked at {spans:?}, not {span:?}"));
            }
        }
        if let Some(safe) = line["safe"].as_bool().filter(|_| expected.is_some()) {
            let is_safe = fixed(&policy, &diagnostics, Safety::Safe).as_deref() == expected;
            if is_safe != safe {
                wrong.push(format!("{text}: safe is {is_safe}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 250, "the corpus shrank to {count}");
}

#[test]
fn good_filters_are_silent() {
    for line in json_lines(CASES) {
        let Some(expected) = line.get("silent").and_then(Value::as_array) else { continue };
        let (text, policy) =
            (line["filter"].as_str().unwrap(), policy(line["policy"].as_str().unwrap()));
        let diagnostics = policy.diagnose(text).filtered(|one| one.severity() > Severity::Advice);
        let codes: Vec<&str> = diagnostics.iter().map(|one| one.code().name()).collect();
        let expected: Vec<&str> = expected.iter().filter_map(Value::as_str).collect();
        assert_eq!(codes, expected, "{text}");
    }
}

#[test]
fn text_is_diagnosed_if_and_only_if_it_is_no_filter() {
    let mut repaired = 0;
    for line in json_lines(include_str!("../corpus/grammar.jsonl")) {
        if line["kind"] != "filter" {
            continue;
        }
        let text = line["text"].as_str().unwrap();
        let diagnostics = Filter::diagnose(text);
        assert_eq!(diagnostics.has_errors(), Filter::parse(text).is_err(), "{text:?}");
        assert!(diagnostics.len() <= 16, "{text:?}");
        if let Some(fixed) = diagnostics.fixed(Safety::Unsafe) {
            assert!(Filter::parse(&fixed).is_ok(), "{text:?} is repaired to {fixed:?}");
            repaired += 1;
        }
    }
    assert!(repaired > 60, "only {repaired} repaired");
}

/// Removing what is implied gives another plan with the same result, which `decide` compares.
#[test]
fn safe_fixes_of_valid_filters_keep_the_plan() {
    let policy = scim::user_policy();
    let mut count = 0;
    for line in json_lines(include_str!("../corpus/grammar.jsonl")) {
        let text = line["text"].as_str().unwrap();
        let Ok(plan) = policy.parse(text) else { continue };
        for diagnostic in &policy.lint(&Filter::parse(text).unwrap()) {
            for fix in diagnostic.fixes() {
                let after = policy.parse(&fix.apply(text));
                let after = after.unwrap_or_else(|errors| panic!("{text}: {}", errors.render()));
                if fix.safety == Safety::Safe && diagnostic.code() != Code::ImpliedCondition {
                    assert_eq!(after, plan, "{text}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 40, "only {count} safe fixes");
}

/// Pieces of filters and of what is pasted around them.
const PIECES: &[&str] = &[
    "userName",
    "emails",
    "active",
    "eq",
    "co",
    "pr",
    "and",
    "or",
    "not",
    "\"b\"",
    "'b'",
    "\"",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "&&",
    "||",
    "!",
    "=",
    "==",
    "in",
    "between",
    "like",
    "is null",
    ",",
    ";",
    "--",
    "\\",
    "\\\"",
    "%20",
    "“",
    "”",
    "é",
    "\u{200b}",
    "\u{a0}",
    "а",
    ".",
    ":",
    "$filter=",
    "&count=1",
    "null",
    "True",
    "5",
    "(&(",
    "contains(",
    "*",
    "?",
    "#",
    "urn:a:b:",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_diagnosed_and_repaired_text_is_valid(
        pieces in prop::collection::vec((prop::sample::select(PIECES), " ?"), 0..24)
    ) {
        let text: String = pieces.iter().flat_map(|(piece, blank)| [*piece, blank.as_str()]).collect();
        let diagnostics = Filter::diagnose(&text);
        prop_assert_eq!(diagnostics.has_errors(), Filter::parse(&text).is_err());
        for diagnostic in &diagnostics {
            prop_assert!(diagnostic.span().text(&text).is_some(), "{:?} {:?}", text, diagnostic);
            for (span, _) in diagnostic.fixes().iter().flat_map(|fix| &fix.edits) {
                prop_assert!(span.text(&text).is_some(), "{:?} {:?}", text, diagnostic);
            }
        }
        prop_assert!(!diagnostics.has_errors() || !diagnostics.render().is_empty());
        let _ = scim::user_policy().diagnose(&text);
    }
}
