//! The OpenAPI description has no dangling references and matches the routes of the server.

use crate::server::Server;
use serde_json::Value;

fn api() -> Value {
    serde_json::from_str(scieve_server::OPENAPI).unwrap()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn components_are_defined_and_used() {
    let api = api();
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut found = Vec::new();
    references(&api, &mut found);
    for reference in &found {
        assert!(api.pointer(&reference[1..]).is_some(), "{reference}");
    }
    for kind in ["parameters", "responses", "schemas", "headers"] {
        for name in api["components"][kind].as_object().unwrap().keys() {
            assert!(
                found.contains(&format!("#/components/{kind}/{name}")),
                "{kind}/{name} is not used"
            );
        }
    }
}

#[test]
fn paths_and_methods_match_the_server() {
    let server = Server::start();
    let api = api();
    let paths = api["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 13);
    for (path, item) in paths {
        let answer = server.send("PUT", &path.replace("{userId}", "x"), &[], None);
        let mut allowed: Vec<_> = answer
            .header("allow")
            .unwrap()
            .split(',')
            .filter(|method| *method != "HEAD")
            .map(str::to_lowercase)
            .collect();
        let mut described: Vec<_> = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "parameters")
            .cloned()
            .collect();
        allowed.sort();
        described.sort();
        assert_eq!(allowed, described, "{path}");
        for method in &described {
            let what = &item[method];
            let open = what["security"].as_array().is_some_and(Vec::is_empty);
            let status = server
                .send(&method.to_uppercase(), &path.replace("{userId}", "x"), &[], None)
                .status;
            assert!(
                open || status == 401
                    || (status, path.as_str()) == (405, "/api/v1/users/actions/filter"),
                "{method} {path}: {status}"
            );
            assert!(
                what["responses"].get(status.to_string()).is_some(),
                "{method} {path}: {status}"
            );
        }
    }
}

#[test]
fn readme_shows_the_actual_response() {
    let server = Server::start();
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let answer = server.send(
        "GET",
        "/api/v1/users?filter=%28name+eq+%22Bob%22+or+name+eq+%22Alice%22%29+and+%28status+eq+%22active%22+or+status+eq+%22disabled%22%29",
        &[("Authorization", "Bearer admin-key-0001"), ("Host", "127.0.0.1:8080")],
        None,
    );
    let body: Value = serde_json::from_str(&answer.text).unwrap();
    // As `jq -c '.data[] | {name, email, status}'` prints it.
    let shown: String = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            let (name, email, status) = (&user["name"], &user["email"], &user["status"]);
            format!("{{\"name\":{name},\"email\":{email},\"status\":{status}}}\n")
        })
        .collect();
    assert!(shown.lines().count() > 1 && readme.contains(&shown), "{shown}");
}

#[test]
fn the_root_leads_to_the_documentation() {
    let server = Server::start();
    for (target, location) in [("/", "docs"), ("/docs/", "../docs")] {
        let answer = server.send("GET", target, &[], None);
        assert_eq!((answer.status, answer.header("location")), (307, Some(location)), "{target}");
    }
    let page = server.send("GET", "/docs", &[], None).text;
    // A newcomer finds out how to get a key and sees a command before anything else.
    let positions =
        ["--api-key", "curl -H", "Limits and defaults", "id=\"index\""].map(|text| page.find(text));
    assert!(positions.iter().all(Option::is_some) && positions.is_sorted(), "{positions:?}");
    for limit in ["at most 100", "65,536 bytes", "500 comparisons", "512,000 bytes"] {
        assert!(page.contains(limit), "{limit}");
    }
}

#[test]
fn every_endpoint_is_in_a_described_group() {
    let api = api();
    let groups: Vec<_> = api["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in
            item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let tags = operation["tags"].as_array().unwrap();
            assert!(tags.len() == 1 && groups.contains(&&tags[0]), "{method} {path}: {tags:?}");
        }
    }
}
