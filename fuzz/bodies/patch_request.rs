//! Property: a PATCH request is rejected and changes nothing, or results in a resource that the
//! request of the difference reproduces.

use super::mutate;
use arbitrary::{Result, Unstructured};
use scieve::patch::{PatchRequest, diff};
use scieve::{Syntax, scim};
use serde_json::{Value, json};

pub(crate) fn patch_request(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(request) = PatchRequest::parse(text)
    {
        apply(&request, &user());
    }
    let mut u = Unstructured::new(bytes);
    if let Ok((body, user)) = request(&mut u)
        && let Ok(request) = PatchRequest::from_json(body)
    {
        apply(&request, &user);
    }
}

fn user() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "1",
        "userName": "bob",
        "name": {"givenName": "Bob"},
        "active": true,
        "emails": [
            {"value": "b@x.example", "type": "work", "primary": true},
            {"value": "b@y.example", "type": "home"},
        ],
    })
}

/// Returns a request, and a user of any shape.
fn request(u: &mut Unstructured<'_>) -> Result<(Value, Value)> {
    let others = [
        json!(null),
        json!([]),
        json!({}),
        json!(true),
        json!("True"),
        json!(5),
        json!("emails"),
        json!({"value": "b@x.example", "primary": true}),
        json!([{"value": "b@x.example"}, {"type": "home", "display": "x"}]),
        json!({"emails": [{"value": "n@x.example", "primary": true}], "name.givenName": "x"}),
    ];
    let mut operations = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let op = *u.choose(&["add", "replace", "remove", "Add", "move"])?;
        let path = *u.choose(&[
            "emails",
            "emails.display",
            "emails[type eq \"work\"]",
            "emails[not (type eq \"work\")].primary",
            "name",
            "name[givenName pr].familyName",
            "NAME.givenName",
            "active",
            "userName",
            "schemas",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "emails[",
        ])?;
        let mut operation = json!({"op": op, "path": path, "value": u.choose(&others)?});
        if u.ratio(1, 6)? {
            operation.as_object_mut().unwrap().remove("path");
        }
        if op == "remove" && u.ratio(3, 4)? {
            operation.as_object_mut().unwrap().remove("value");
        }
        operations.push(operation);
    }
    let mut body = json!(operations);
    mutate(u, &mut body, &others)?;
    let mut user = user();
    mutate(u, &mut user, &others)?;
    Ok((body, user))
}

fn apply(request: &PatchRequest, user: &Value) {
    for syntax in [Syntax::rfc(), Syntax::entra()] {
        let policy = scim::user_policy().clone().with_syntax(syntax);
        let mut patched = user.clone();
        let result = request.check(&policy).and_then(|plan| plan.apply(&mut patched));
        match result {
            Ok(changed) => assert_eq!(changed, patched != *user),
            Err(errors) => {
                assert!(errors.first().is_some());
                assert_eq!(patched, *user, "changed by a failing request");
            }
        }
        // The difference is a valid request of RFC 7644, unless a resource has values that the schema
        // does not allow. A dialect would convert some of them.
        let difference = diff(user, &patched);
        if !difference.is_empty()
            && let Ok(plan) = difference.check(scim::user_policy())
        {
            let mut reproduced = user.clone();
            if plan.apply(&mut reproduced).is_ok() {
                let again = diff(&reproduced, &patched);
                assert!(again.is_empty(), "{user} {patched} {difference} leaves {again}");
            }
        }
    }
}
