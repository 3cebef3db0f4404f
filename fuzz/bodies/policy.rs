//! Property: a policy file is rejected with a code, or results in a policy that evaluates filters
//! and serialises to an equal one.

use super::mutate;
use arbitrary::Unstructured;
use scieve::{Policy, PolicyError, scim};
use serde_json::{Value, json};

pub(crate) fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    inspect(Policy::from_json(&text));
    inspect(Policy::from_toml(&text));
    let mut u = Unstructured::new(bytes);
    if let Ok(text) = mutated(&mut u) {
        inspect(Policy::from_json(&text));
    }
}

fn mutated(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let known = [
        scieve_users::policy().to_json(),
        scim::user_policy().to_json(),
        scim::group_policy().to_json(),
    ];
    let mut value: Value = serde_json::from_str(u.choose(&known)?).unwrap();
    let others = [
        json!("name"),
        json!("id"),
        json!("emails.value"),
        json!("string"),
        json!("complex"),
        json!("integer"),
        json!("eq"),
        json!("co"),
        json!("pr"),
        json!("attributes"),
        json!("groups"),
        json!("limits"),
        json!("operators"),
        json!("type"),
        json!("caseExact"),
        json!("multiValued"),
        json!("a.b.c"),
        json!("urn:a:b"),
        json!(""),
        json!("\u{0}"),
        json!(true),
        json!(false),
        json!(null),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(1_000_000),
        json!([]),
        json!({}),
        json!(["eq", "eq"]),
        json!({ "name": "eq" }),
    ];
    mutate(u, &mut value, &others)?;
    Ok(value.to_string())
}

fn inspect(parsed: Result<Policy<Value>, PolicyError>) {
    let policy = match parsed {
        Ok(policy) => policy,
        Err(error) => {
            assert!(
                error.code().starts_with("policy-") && !error.to_string().is_empty(),
                "{error}"
            );
            return;
        }
    };
    let text = policy.to_json();
    let again: Policy<Value> =
        Policy::from_json(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(again.to_json(), text);
    let resource = json!({ "name": "Bob", "id": 5, "emails": [{ "value": "a@b" }] });
    for filter in [
        "name eq \"Bob\"",
        "id gt 4 or not (emails[value co \"a\"])",
        "userName pr and groups.value ne null",
    ] {
        if let Ok(plan) = policy.parse(filter) {
            let _ = (plan.matches(&resource), plan.explain());
        }
    }
}
