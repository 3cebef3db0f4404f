//! Any text is a policy that can be asked and written again, or is refused with a code.

use super::disturb;
use arbitrary::Unstructured;
use scieve::{Policy, PolicyError, scim};
use serde_json::{Value, json};

pub(crate) fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    look(Policy::from_json(&text));
    look(Policy::from_toml(&text));
    let mut u = Unstructured::new(bytes);
    if let Ok(text) = nearly(&mut u) {
        look(Policy::from_json(&text));
    }
}

fn nearly(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
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
    disturb(u, &mut value, &others)?;
    Ok(value.to_string())
}

fn look(read: Result<Policy<Value>, PolicyError>) {
    let policy = match read {
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
