//! Diagnosing, repairing and linting filters, against `lint.jsonl` and the grammar corpus.

use crate::fixtures::json_lines;
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};
use scieve::{Code, Diagnostics, Filter, Policy, Renderer, Safety, Severity, scim};
use serde_json::Value;
use std::collections::BTreeSet;

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

/// As a user sees them; read the difference if this changes.
#[test]
fn pictures_of_mistakes() {
    let mistakes = json_lines(CASES).into_iter().filter(|line| line.get("span").is_some());
    let pictures: Vec<String> = mistakes
        .take(70)
        .zip(1..)
        .map(|(line, number)| {
            let text = line["filter"].as_str().unwrap();
            let diagnostics = policy(line["policy"].as_str().unwrap()).diagnose(text);
            let renderer = Renderer::new().origin("mistakes.scim", number);
            let picture = diagnostics.render_with(&renderer);
            // The number in the margin is that of the place.
            let margin = format!("\n{number} | ");
            assert!(text.contains('\n') || picture.contains(&margin), "{picture}");
            picture
        })
        .collect();
    insta::assert_snapshot!(pictures.join("\n"));
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

/// Filters of the corpus that are contradictions, which `decide` proves: they test evaluators.
const CONTRADICTIONS: [&str; 5] = [
    r#"(userType eq "Employee") and (userType eq "Intern")"#,
    r#"displayName sw "e" and displayName sw "f" and displayName sw "g" or nickName sw "a""#,
    r#"groups[value eq "A" and value eq "B"]"#,
    r#"userName eq "GradyA" and userName co "e" and userName ew "V""#,
    r#"userType eq "Employee" and not (emails co "example.com" or emails co "example.org") and userType ne "Employee""#,
];

#[test]
fn warnings_about_filters_in_the_wild_are_rare_and_true() {
    let mut filters: BTreeSet<String> = BTreeSet::new();
    for corpus in [
        include_str!("../corpus/grammar.jsonl"),
        include_str!("../corpus/match.jsonl"),
        include_str!("../corpus/providers.jsonl"),
    ] {
        let texts = json_lines(corpus).into_iter().filter(|line| line["kind"] != "path");
        let text = |line: Value| line.get("text").or(line.get("filter")).cloned();
        filters.extend(texts.filter_map(text).filter_map(|text| text.as_str().map(Into::into)));
    }
    filters.retain(|text| Filter::parse(text).is_ok());
    let warned = |policy: &Policy<Value>| -> BTreeSet<&str> {
        let is_warned = |text: &&str| {
            policy.parse(text).is_ok()
                && policy.diagnose(text).iter().any(|one| one.severity() == Severity::Warning)
        };
        filters.iter().map(String::as_str).filter(is_warned).collect()
    };
    assert!(filters.len() > 750, "the corpus shrank to {}", filters.len());
    assert_eq!(warned(scim::user_policy()), BTreeSet::from(CONTRADICTIONS));
    assert_eq!(warned(scim::group_policy()), BTreeSet::new());
}

#[test]
fn every_provider_accepts_one_equality_and_reports_what_it_lacks() {
    let names: Vec<&str> = scieve::Provider::all().map(scieve::Provider::name).collect();
    assert!(names.is_sorted_by(|one, other| one != other) && names.len() >= 9);
    let equality = Filter::parse(r#"userName eq "b""#).unwrap();
    let several = Filter::parse(
        r#"not (emails[type eq "work"]) or userName ne "b" and title pr or meta.created gt "2024-01-01T00:00:00Z""#,
    )
    .unwrap();
    let messages: Vec<String> = scieve::Provider::all()
        .flat_map(|provider| {
            assert!(provider.check(&equality).is_empty(), "{provider:?}");
            assert!(!provider.source().is_empty(), "{provider:?}");
            let found = provider.check(&several);
            assert!(!found.is_empty(), "{provider:?}");
            found.iter().map(|one| one.message().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    insta::assert_snapshot!(messages.join("\n"));
    let nodes = |count| vec![r#"userName eq "b""#; count].join(" or ");
    let databricks = scieve::Provider::from_name("databricks").unwrap();
    for (count, is_fine) in [(100, true), (101, false)] {
        let filter = Filter::parse(&nodes(count)).unwrap();
        assert_eq!(databricks.check(&filter).is_empty(), is_fine, "{count}");
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
