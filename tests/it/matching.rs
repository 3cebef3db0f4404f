//! Results of other implementations for the same resources. `disagreements.jsonl` lists the
//! differences with their reasons.

use crate::fixtures::json_lines;
use scieve::{
    Attribute, AttributeType, CaseSensitivity, Filter, Limits, MatchExplanation, Policy, Schema,
    Syntax,
};
use serde_json::{Value, json};

/// Returns `true`, `false` or `"refused"`. Filters that are invalid by RFC 7644 are parsed in the
/// lenient dialect.
fn answer(policy: &Policy<Value>, text: &str, resource: &Value) -> Value {
    let read = |syntax| Filter::parse_with(text, &syntax, &Limits::default());
    let checked = read(Syntax::rfc())
        .or_else(|_| read(Syntax::lenient()))
        .and_then(|filter| policy.check(&filter));
    checked.map_or(json!("refused"), |plan| plan.matches(resource).into())
}

#[test]
fn all_disagreements_are_listed() {
    let policy = Policy::<Value>::schemaless(CaseSensitivity::Ignore);
    let corpus = json_lines(include_str!("../../tests/corpus/match.jsonl"));
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
    let listed = json_lines(include_str!("../../tests/corpus/disagreements.jsonl"));
    for line in &listed {
        assert!(
            line["reason"].as_str().is_some_and(|reason| reason.len() > 20),
            "no reason given: {line}"
        );
    }
    let bare = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("reason");
        line
    };
    let listed: Vec<Value> = listed.iter().map(bare).collect();
    let new: Vec<String> =
        found.iter().filter(|line| !listed.contains(line)).map(ToString::to_string).collect();
    let gone: Vec<String> =
        listed.iter().filter(|line| !found.contains(line)).map(ToString::to_string).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new:\n{}\nno longer differing:\n{}",
        new.join("\n"),
        gone.join("\n")
    );
}

/// Returns the policy for the schema in a line of the corpus.
fn typed(schema: &Value) -> Policy<Value> {
    let attributes = schema.as_object().unwrap().iter().map(|(path, rules)| {
        let kind = AttributeType::from_name(rules["type"].as_str().unwrap()).unwrap();
        let attribute = Attribute::new(path, kind)
            .case_exact(rules["caseExact"].as_bool().unwrap_or(kind == AttributeType::Reference));
        let attribute =
            if rules["multiValued"] == true { attribute.multi_valued() } else { attribute };
        if rules["returned"] == "never" { attribute.never_returned() } else { attribute }
    });
    Policy::new(Schema::new(None, attributes).unwrap()).unwrap()
}

/// If others compare the string forms of numbers and Booleans, or ignore comparisons of an
/// attribute that is never returned, scieve rejects the filter.
#[test]
fn with_schemas_all_agree_or_are_rejected() {
    let mut refused = 0;
    for line in json_lines(include_str!("../../tests/corpus/match.jsonl"))
        .iter()
        .filter(|line| line["schema"].is_object())
    {
        let policy = typed(&line["schema"]);
        let (text, rules) = (line["filter"].as_str().unwrap(), &line["schema"]);
        match answer(&policy, text, &line["resource"]) {
            Value::Bool(ours) => assert_eq!(ours, line["expect"], "{line}"),
            _ => {
                let substring =
                    [" co ", " sw ", " ew "].iter().any(|operator| text.contains(operator));
                let never =
                    rules.as_object().unwrap().values().any(|rules| rules["returned"] == "never");
                assert!(substring || never, "{line}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 31);
}

#[test]
fn explanations_agree_with_the_result_and_with_their_parts() {
    fn check(explanation: &MatchExplanation) {
        let mut parts = explanation.parts().iter().map(MatchExplanation::matched);
        let matched = match explanation.condition() {
            "all of" => parts.all(|part| part),
            "any of" => parts.any(|part| part),
            "not" => parts.all(|part| !part),
            condition if condition.starts_with("element ") => parts.all(|part| part),
            condition if condition.ends_with("has an element with") => parts.any(|part| part),
            _ => explanation.matched(),
        };
        assert_eq!(explanation.matched(), matched, "{explanation}");
        explanation.parts().iter().for_each(check);
    }
    let schemaless = Policy::<Value>::schemaless(CaseSensitivity::Ignore);
    let mut count = 0;
    for line in json_lines(include_str!("../../tests/corpus/match.jsonl")) {
        let typed = line.get("schema").map(typed);
        for policy in [Some(&schemaless), typed.as_ref()].into_iter().flatten() {
            let Ok(plan) = policy.parse(line["filter"].as_str().unwrap()) else { continue };
            let explanation = plan.explain_match(&line["resource"]);
            assert_eq!(explanation.matched(), plan.matches(&line["resource"]), "{line}");
            check(&explanation);
            count += 1;
        }
    }
    assert!(count > 1_000, "only {count}");
}
