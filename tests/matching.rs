//! What other implementations answer, asked of the same resources without a schema; where we differ, a file says why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]
#![cfg(feature = "serde")]

use scieve::{Case, Filter, Limits, Policy, Syntax};
use serde_json::{Value, json};

fn lines(corpus: &str) -> Vec<Value> {
    corpus.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `true`, `false`, or `"refused"`. What RFC 7644 does not read is read in the lenient dialect.
fn answer(policy: &Policy<Value>, text: &str, resource: &Value) -> Value {
    let read = |syntax| Filter::parse_with(text, &syntax, &Limits::default());
    let checked = read(Syntax::rfc()).or_else(|_| read(Syntax::lenient())).and_then(|filter| policy.check(&filter));
    checked.map_or(json!("refused"), |plan| plan.matches(resource).into())
}

#[test]
fn disagreements_are_the_listed_ones() {
    let policy = Policy::<Value>::schemaless(Case::Ignore);
    let corpus = lines(include_str!("corpus/match.jsonl"));
    assert!(corpus.len() > 1_100, "the corpus shrank to {}", corpus.len());
    let mut found = Vec::new();
    for (number, line) in corpus.iter().enumerate() {
        let ours = answer(&policy, line["filter"].as_str().unwrap(), &line["resource"]);
        if ours != line["expect"] {
            found.push(
                json!({"line": number + 1, "filter": line["filter"], "source": line["source"], "expect": line["expect"], "ours": ours}),
            );
        }
    }
    let listed = lines(include_str!("corpus/disagreements.jsonl"));
    for line in &listed {
        assert!(line["reason"].as_str().is_some_and(|reason| reason.len() > 20), "no reason: {line}");
    }
    let bare = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("reason");
        line
    };
    let listed: Vec<Value> = listed.iter().map(bare).collect();
    let new: Vec<String> = found.iter().filter(|line| !listed.contains(line)).map(ToString::to_string).collect();
    let gone: Vec<String> = listed.iter().filter(|line| !found.contains(line)).map(ToString::to_string).collect();
    assert!(new.is_empty() && gone.is_empty(), "new:\n{}\nno more:\n{}", new.join("\n"), gone.join("\n"));
}
