//! Filters over JSON resources, as the suites of other implementations decide them. Where this crate answers otherwise,
//! `corpus/disagreements.jsonl` says why; that list is held exactly.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]
#![cfg(feature = "serde")]

use scieve::{Case, Filter, Limits, Policy, Syntax};
use serde_json::Value;
use std::collections::BTreeMap;

fn lines(corpus: &str) -> Vec<Value> {
    corpus.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `true`, `false` or `refused`.
fn answer(policy: &Policy<Value>, filter: &str, resource: &Value) -> Value {
    let read = Filter::parse(filter).or_else(|_| Filter::parse_with(filter, &Syntax::lenient(), &Limits::default()));
    match read.and_then(|filter| policy.check(&filter)) {
        Ok(plan) => plan.matches(resource).into(),
        Err(_) => "refused".into(),
    }
}

#[test]
fn answers_as_the_suites_do_but_for_what_is_listed() {
    let policy = Policy::schemaless(Case::Ignore);
    let mut listed: BTreeMap<String, Value> = BTreeMap::new();
    for line in lines(include_str!("corpus/disagreements.jsonl")) {
        assert!(line["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{line}");
        listed.insert(line["line"].to_string(), line["ours"].clone());
    }
    let mut wrong = Vec::new();
    let corpus = lines(include_str!("corpus/match.jsonl"));
    for (at, line) in corpus.iter().enumerate() {
        let ours = answer(&policy, line["filter"].as_str().unwrap(), &line["resource"]);
        let expected = listed.remove(&(at + 1).to_string()).unwrap_or_else(|| line["expect"].clone());
        if ours != expected {
            wrong.push(format!("{}: {} expects {}, ours {ours}; {}", at + 1, line["filter"], line["expect"], line["source"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} lines:\n{}", wrong.len(), corpus.len(), wrong.join("\n"));
    assert!(listed.is_empty(), "listed, but there is no such line: {listed:?}");
}
