//! Runs the cases of tests/corpus/http_cases.jsonl in their order against one server that starts
//! with examples/fixture.json, once per kind of store.
//!
//! A line is `{n, id, basis, method, path, headers, body | raw | body_pad, expect: {status, also,
//! headers, body}, capture}`. `${x}` is replaced by a captured value. `also` lists other accepted
//! statuses; with one of them, the body is not checked. Assertions on the body are `{pointer,
//! equals
//! | not | in | exists | type | matches | length | contains | keys | each + (list | set | type)}` or
//! `{empty}`.

use crate::databases::Database;
use crate::server::{Answer, Server};
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Captured = BTreeMap<String, String>;

#[test]
fn cases_in_memory() {
    cases(&Server::start());
}

#[test]
fn cases_on_sqlite() {
    cases_on(async { Database::sqlite() });
}

#[test]
fn cases_on_postgres() {
    crate::databases::require!(servers);
    cases_on(Database::postgres());
}

#[test]
fn cases_on_a_cluster() {
    crate::databases::require!(cluster);
    cases_on(Database::cluster());
}

#[test]
fn cases_on_mysql() {
    crate::databases::require!(servers);
    cases_on(Database::mysql());
}

/// Runs the cases on a database. Other tenants, on every node of a cluster, have the same users
/// with the same ids; they must not change.
fn cases_on(database: impl Future<Output = Database>) {
    use scieve_users::{Query, SqlOptions, SqlStore, User, UserStore as _};
    use std::sync::Arc;

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(database);
    let store = Arc::new(
        runtime.block_on(SqlStore::connect(&database.url, SqlOptions::default())).unwrap(),
    );
    let others: Vec<String> = (0..6).map(|number| format!("other {number}")).collect();
    for tenant in [crate::server::TENANT.to_owned()].iter().chain(&others) {
        let fixture = crate::server::fixture();
        let users = fixture
            .users
            .into_iter()
            .map(|user| User { tenant_id: tenant.clone(), ..user })
            .collect();
        runtime.block_on(store.load(tenant, fixture.roles, fixture.groups, users)).unwrap();
    }
    cases(&Server::over(runtime.handle(), crate::server::config(), Arc::clone(&store)));
    for tenant in others {
        let page = runtime
            .block_on(store.list(&tenant, &Query { limit: 100, ..Query::default() }))
            .unwrap();
        assert_eq!(page.users.len(), crate::server::fixture().users.len());
        for user in crate::server::fixture().users {
            let user = User { tenant_id: tenant.clone(), ..user };
            assert!(page.users.iter().any(|kept| **kept == user), "{user:?}");
        }
    }
}

fn cases(server: &Server) {
    let mut captured = Captured::new();
    let mut failures = Vec::new();
    let cases: Vec<Value> = include_str!("../../../../tests/corpus/http_cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(cases.len(), 163);
    for case in &cases {
        failures.extend(
            run(server, case, &mut captured)
                .into_iter()
                .map(|failure| format!("{}: {failure}", case["id"])),
        );
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

fn run(server: &Server, case: &Value, captured: &mut Captured) -> Vec<String> {
    let headers: Vec<(&str, &str)> = case["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let target = substituted(case["path"].as_str().unwrap(), captured);
    let answer = server.send(
        case["method"].as_str().unwrap(),
        &target,
        &headers,
        body(case, captured).as_deref().map(str::as_bytes),
    );
    let expect = &case["expect"];
    let mut failures = Vec::new();
    if u64::from(answer.status) == expect["status"] {
        let json: Option<Value> = serde_json::from_str(&answer.text).ok();
        for (name, pattern) in expect["headers"].as_object().into_iter().flatten() {
            let value = answer.header(name).unwrap_or_default();
            if !regex(&format!("(?i){}", pattern.as_str().unwrap())).is_match(value) {
                failures.push(format!("header {name} is {value:?}, want {pattern}"));
            }
        }
        let assertions = expect["body"].as_array().into_iter().flatten();
        failures.extend(assertions.filter_map(|assertion| {
            unmet(&substitute(assertion, captured), &answer, json.as_ref())
        }));
    } else if !expect["also"].as_array().is_some_and(|also| also.contains(&answer.status.into())) {
        failures
            .push(format!("status {}, want {}: {}", answer.status, expect["status"], answer.text));
    }
    for (name, what) in case["capture"].as_object().into_iter().flatten() {
        match capture(what, &answer) {
            Some(value) => drop(captured.insert(name.clone(), value)),
            None => failures.push(format!("nothing to capture for {name}")),
        }
    }
    failures
}

/// Returns the exact body to send.
fn body(case: &Value, captured: &Captured) -> Option<String> {
    if let Some(body) = case.get("body") {
        return Some(substitute(body, captured).to_string());
    }
    if let Some(raw) = case.get("raw") {
        return Some(raw.as_str().unwrap().to_owned());
    }
    let pad = case.get("body_pad")?;
    let mut body = pad["body"].clone();
    let length = body.to_string().len();
    *body.pointer_mut(pad["pointer"].as_str().unwrap()).unwrap() =
        json!("x".repeat(pad["to_bytes"].as_u64().unwrap() as usize - length));
    Some(body.to_string())
}

fn substituted(text: &str, captured: &Captured) -> String {
    captured
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

fn substitute(value: &Value, captured: &Captured) -> Value {
    match value {
        Value::String(text) => substituted(text, captured).into(),
        Value::Array(items) => items.iter().map(|item| substitute(item, captured)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), substitute(value, captured)))
            .collect(),
        other => other.clone(),
    }
}

fn capture(what: &Value, answer: &Answer) -> Option<String> {
    let json: Value = serde_json::from_str(&answer.text).ok()?;
    let value = match json.pointer(what["pointer"].as_str().unwrap())? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some(name) = what.get("param") {
        let start = format!("{}=", name.as_str().unwrap());
        return value
            .split(['?', '&'])
            .find_map(|part| part.strip_prefix(&start))
            .map(str::to_owned);
    }
    match what.get("as") {
        Some(_) => Some(value[value.find("/api")?..].to_owned()),
        None => Some(value),
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn length(value: &Value) -> Option<usize> {
    value
        .as_array()
        .map(Vec::len)
        .or_else(|| value.as_str().map(|text| text.encode_utf16().count()))
}

/// Returns a message if an assertion does not hold.
fn unmet(assertion: &Value, answer: &Answer, json: Option<&Value>) -> Option<String> {
    if assertion.get("empty").is_some() {
        return (!answer.text.is_empty()).then(|| format!("body is not empty: {}", answer.text));
    }
    let Some(json) = json else { return Some(format!("body is not JSON: {}", answer.text)) };
    let found = json.pointer(assertion["pointer"].as_str().unwrap());
    let wrong = || {
        Some(format!(
            "{assertion} does not hold: {}",
            found.map_or("absent".to_owned(), ToString::to_string)
        ))
    };
    if let Some(inner) = assertion.get("each") {
        let Some(items) = found.and_then(Value::as_array) else { return wrong() };
        let mut got: Vec<Value> = items
            .iter()
            .map(|item| item.pointer(inner.as_str().unwrap()).cloned().unwrap_or(Value::Null))
            .collect();
        if let Some(wanted) = assertion.get("type") {
            return if got.iter().all(|one| kind(one) == wanted) { None } else { wrong() };
        }
        let mut want =
            assertion.get("set").or(assertion.get("list")).unwrap().as_array().unwrap().clone();
        if assertion.get("set").is_some() {
            got.sort_by_key(ToString::to_string);
            want.sort_by_key(ToString::to_string);
        }
        return if got == want { None } else { wrong() };
    }
    if let Some(exists) = assertion.get("exists").and_then(Value::as_bool)
        && found.is_some() != exists
    {
        return wrong();
    }
    let none = Value::Null;
    let value = found.unwrap_or(&none);
    let met = |name: &str, test: &dyn Fn(&Value) -> bool| assertion.get(name).is_none_or(test);
    let fine = met("type", &|wanted| found.is_some() && kind(value) == wanted)
        && met("equals", &|wanted| found == Some(wanted))
        && met("not", &|unwanted| found != Some(unwanted))
        && met("in", &|wanted| wanted.as_array().unwrap().contains(value))
        && met("matches", &|pattern| {
            value.as_str().is_some_and(|text| regex(pattern.as_str().unwrap()).is_match(text))
        })
        && met("length", &|wanted| length(value).is_some_and(|length| wanted == length))
        && met("contains", &|part| match value {
            Value::Array(items) => items.contains(part),
            Value::String(text) => text.contains(part.as_str().unwrap()),
            _ => false,
        })
        && met("keys", &|wanted| {
            value.as_object().is_some_and(|members| {
                members.keys().collect::<Vec<_>>()
                    == wanted
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|key| key.as_str().unwrap())
                        .collect::<Vec<_>>()
            })
        });
    if fine { None } else { wrong() }
}
