//! The group rule on `status`: the verdicts of `tests/corpus/status.json`.

use scieve::{Code, Policy};
use serde_json::Value;

/// A policy whose only restriction is the group rule on `status`.
fn policy() -> Policy<Value> {
    let text = r#"{
        "schema": "urn:x:y:User",
        "attributes": [
            {"name": "id"}, {"name": "name"}, {"name": "email"}, {"name": "status"},
            {"name": "assignedRoles", "type": "complex", "multi_valued": true}, {"name": "assignedRoles.status"}
        ],
        "groups": ["status"]
    }"#;
    Policy::from_json(text).unwrap()
}

#[test]
fn verdicts_match_the_corpus() {
    let policy = policy();
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../tests/corpus/status.json")).unwrap();
    assert!(cases.len() >= 27, "{}", cases.len());
    for case in cases {
        let filter = case["filter"].as_str().unwrap();
        match policy.parse(filter) {
            Ok(_) => {
                assert!(case["valid"].as_bool().unwrap(), "accepted: {filter}\n{}", case["why"])
            }
            Err(findings) => {
                assert!(
                    !case["valid"].as_bool().unwrap(),
                    "refused: {filter}\n{}\n{}",
                    case["why"],
                    findings.render()
                );
                let group = |code| matches!(code, Code::GroupMixed | Code::GroupSplit);
                assert!(
                    findings.iter().all(|finding| group(finding.code())),
                    "{filter}\n{}",
                    findings.render()
                );
            }
        }
    }
}
