//! Search requests, order and projection.

use scieve::scim;
use scieve::search::{SearchRequest, SortOrder, project, sort};
use serde_json::{Value, json};

fn query(text: &str) -> SearchRequest {
    SearchRequest::from_query(text).unwrap()
}

#[test]
fn parameters_of_both_forms_are_equal() {
    let parsed = query(
        "filter=userName%20eq%20%22a+b%22&sortBy=name.familyName&sortOrder=descending\
         &startIndex=0&count=-5&cursor=&attributes=userName,%20emails.value&other=1",
    );
    let message = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName eq \"a b\"",
        "sortBy": "name.familyName",
        "sortOrder": "descending",
        "startIndex": 0,
        "count": -5,
        "cursor": "",
        "attributes": ["userName", "emails.value"],
    });
    assert_eq!(SearchRequest::from_json(message), Ok(parsed.clone()));
    assert_eq!((parsed.start_index, parsed.count), (1, Some(0)));
    assert_eq!(parsed.sort_order, SortOrder::Descending);
    for (text, parameter) in [
        ("count=x", "count"),
        ("startIndex=1.5", "startIndex"),
        ("sortOrder=up", "sortOrder"),
        ("filter=a&filter=b", "filter"),
        ("attributes=a&excludedAttributes=b", "excludedAttributes"),
    ] {
        assert_eq!(SearchRequest::from_query(text).unwrap_err().parameter(), parameter);
    }
    assert!(SearchRequest::from_json(json!({"count": "5"})).is_err());
}

#[test]
fn pages_stay_within_the_results() {
    let results = [1, 2, 3, 4];
    for (text, page) in [
        ("", &results[..3]),
        ("startIndex=2&count=2", &[2, 3]),
        ("count=0", &[]),
        ("startIndex=9", &[]),
        ("startIndex=4&count=9", &[4]),
    ] {
        assert_eq!(query(text).page(&results, 3), page, "{text}");
    }
}

fn order(users: &[Value], path: &str, order: SortOrder) -> String {
    let mut users = users.to_vec();
    sort(&mut users, scim::user_policy().schema(), path, order).unwrap();
    users.iter().map(|user| user["id"].as_str().unwrap()).collect()
}

#[test]
fn records_are_sorted_by_the_rules_of_the_schema() {
    let users = [
        json!({"id": "a", "displayName": "bob", "emails": [{"value": "z@x"}, {"value": "b@x"}]}),
        json!({"id": "b", "displayName": "Anna"}),
        json!({"id": "c", "displayName": "BOB", "active": true}),
        json!({
            "id": "d",
            "active": false,
            "emails": [{"value": "y@x"}, {"value": "a@x", "primary": true}],
        }),
    ];
    use SortOrder::{Ascending, Descending};
    assert_eq!(order(&users, "displayName", Ascending), "bacd");
    assert_eq!(order(&users, "displayName", Descending), "dacb");
    assert_eq!(order(&users, "emails", Ascending), "dabc");
    assert_eq!(order(&users, "emails.value", Ascending), "dabc");
    assert_eq!(order(&users, "active", Ascending), "dcab");
    let schema = scim::user_policy().schema();
    assert!(sort(&mut users.to_vec(), schema, "name", Ascending).is_err());
    assert!(sort(&mut users.to_vec(), schema, "nope", Ascending).is_err());
}

#[test]
fn responses_contain_what_is_returned() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "1",
        "userName": "bob",
        "password": "secret",
        "name": {"givenName": "B", "familyName": "C"},
        "emails": [{"value": "b@x.example", "type": "work"}],
        ENTERPRISE: {"department": "d", "costCenter": "c"},
    });
    let names = |query_text: &str| {
        let projected = project(&user, scim::user_policy().schema(), &query(query_text));
        assert!(projected.get("password").is_none());
        assert_eq!(projected["id"], "1");
        projected
    };
    let all = names("");
    assert_eq!(all.as_object().unwrap().len(), 6);
    let some = names("attributes=NAME.givenName,emails,password");
    assert_eq!(some["name"], json!({"givenName": "B"}));
    assert_eq!(some["emails"], user["emails"]);
    assert!(some.get("userName").is_none() && some.get(ENTERPRISE).is_none());
    let without = names("excludedAttributes=emails.type,name,id");
    assert_eq!(without["emails"], json!([{"value": "b@x.example"}]));
    assert!(without.get("name").is_none());
    let extension = names(&format!("attributes={ENTERPRISE}:department"));
    assert_eq!(extension[ENTERPRISE], json!({"department": "d"}));
    let whole = names(&format!("attributes={ENTERPRISE}"));
    assert_eq!(whole[ENTERPRISE], user[ENTERPRISE]);
}
