//! The number of plans that a record selects, which determines the time of a search.

#![cfg(feature = "serde")]

use super::probe::Candidates;
use super::read_record::ReadRecord;
use super::shard::{EXACT, FLAGS};
use super::{CHUNK, FilterSet};
use crate::schema::{Attribute, Schema};
use crate::value::{AttributeType, CaseSensitivity};
use crate::{Policy, scim};
use serde_json::{Value, json};

fn set_of(
    policy: &Policy<Value>,
    filters: impl Iterator<Item = String>,
) -> FilterSet<Value, usize> {
    let mut set = FilterSet::new();
    for (id, filter) in filters.enumerate() {
        let is_added = policy.parse(&filter).is_ok_and(|plan| set.insert(id, plan).is_ok());
        assert!(is_added, "{filter}");
    }
    set
}

/// Returns the number of plans that a record is found to match without evaluation, and of those
/// that are evaluated.
fn selected(set: &FilterSet<Value, usize>, record: &Value) -> (usize, usize) {
    let mut read = ReadRecord::new(record);
    let hits = set.hits(&mut read);
    let Candidates { plans, equal } = hits.candidates(None);
    let exact = plans.iter().filter(|plan| **plan & EXACT != 0).count();
    let open = plans
        .iter()
        .filter(|plan| **plan & EXACT == 0)
        .filter_map(|plan| set.head(plan & !FLAGS))
        .filter(|head| head.second == 0 || equal.binary_search(&head.second).is_ok());
    (exact, open.count())
}

/// Asserts the numbers for 100 filters, in which `%` is a number from 100 to 199.
fn assert_selected(policy: &Policy<Value>, filter: &str, record: &Value, expected: (usize, usize)) {
    let filters = (100..200).map(|number| filter.replace('%', &number.to_string()));
    assert_eq!(selected(&set_of(policy, filters), record), expected, "{filter} {record}");
}

#[test]
fn plans_of_texts_are_not_evaluated() {
    let policy = scim::user_policy();
    let record = json!({"title": "x150", "userName": "a long name 150"});
    for filter in [
        r#"title eq "x%""#,
        r#"title eq "x%" or title eq "y%""#,
        r#"title sw "x%""#,
        r#"title ew "%""#,
        r#"title co "%""#,
    ] {
        assert_selected(policy, filter, &record, (1, 0));
    }
    for filter in [
        // No index has prefixes and suffixes of 9 bytes or substrings of 5 bytes.
        r#"userName ew "name % ""#,
        r#"title eq "x%" and active eq true"#,
    ] {
        let record = json!({"title": "x150", "userName": "a long name 150 ", "active": true});
        assert_selected(policy, filter, &record, (0, 1));
    }
}

#[test]
fn plans_are_selected_by_the_place_of_a_value_among_operands() {
    let attributes = [
        Attribute::new("i", AttributeType::Integer),
        Attribute::new("f", AttributeType::Decimal),
        Attribute::new("d", AttributeType::DateTime),
        Attribute::new("s", AttributeType::String),
        Attribute::new("e", AttributeType::String).case_exact(true),
    ];
    let schema = Schema::new(None, attributes).unwrap_or_default();
    let Ok(policy) = Policy::new(schema) else { panic!("no policy") };
    let instant = "2024-01-01T00:00:00.%Z";
    for (attribute, operand, value) in [
        ("i", "%", json!(150)),
        ("f", "%", json!(150)),
        ("f", "%.5", json!(150.5)),
        ("d", instant, json!(instant.replace('%', "150"))),
        ("s", "B%", json!("b150")),
        ("e", "B%", json!("B150")),
    ] {
        let quote = if matches!(attribute, "i" | "f") { "" } else { "\"" };
        let test = |operator: &str| format!("{attribute} {operator} {quote}{operand}{quote}");
        let record = json!({attribute: value});
        // Operands up to the value, including it.
        assert_selected(&policy, &test("gt"), &record, (0, 51));
        assert_selected(&policy, &test("le"), &record, (0, 50));
        let exact = usize::from(quote == "\"" && attribute != "d");
        assert_selected(&policy, &test("eq"), &record, (exact, 1 - exact));
    }
    let large = json!({"i": u64::MAX});
    assert_selected(&policy, "i lt %", &large, (0, 0));
    assert_selected(&policy, "i gt %", &large, (0, 100));
}

#[test]
fn plans_without_a_schema_are_selected_by_keys() {
    let policy = Policy::schemaless(CaseSensitivity::Ignore);
    for filter in [r#"a eq "x%""#, r#"a sw "x%""#, r#"a ew "x%""#, r#"a co "x%""#] {
        assert_selected(&policy, filter, &json!({"a": "x150"}), (0, 1));
        assert_selected(&policy, filter, &json!({"b": "x150"}), (0, 0));
    }
    assert_selected(&policy, "a eq %", &json!({"a": 150}), (0, 1));
    for (operator, kind) in [("sw", "prefix"), ("ew", "suffix"), ("co", "substring")] {
        let filter = format!(r#"a {operator} "x""#);
        let explained = set_of(&policy, std::iter::once(filter)).explain();
        assert_eq!(explained, format!("1 filters\n  1 by {kind} of a"));
    }
    // The order of values of any type is not indexed.
    assert_selected(&policy, "a gt %", &json!({"a": 0}), (0, 100));
    assert_selected(&policy, "a gt %", &json!({"b": 0}), (0, 0));
}

/// Of 100 plans with 10 titles and 10 types, a record selects the one with both.
#[test]
fn plans_are_selected_by_a_second_key() {
    let policy = scim::user_policy();
    let filters = (0..100).map(|number| {
        let (tens, ones) = (number / 10, number % 10);
        format!(r#"title eq "t{tens}" and userType eq "u{ones}" and active eq true"#)
    });
    let set = set_of(policy, filters);
    let record = json!({"title": "t5", "userType": "u5", "active": true});
    assert_eq!(selected(&set, &record), (0, 1));
    assert_eq!(selected(&set, &json!({"title": "t5", "active": true})), (0, 0));
}

/// A disjunction costs the sum of its parts, so that a frequent value inside it is avoided.
#[test]
fn plans_are_selected_by_the_rarest_part() {
    let policy = scim::user_policy();
    let filters = (0..100).map(|number| {
        format!(r#"(title eq "t" or userType eq "u{number}") and nickName eq "n{number}""#)
    });
    let set = set_of(policy, filters);
    assert_eq!(selected(&set, &json!({"title": "t", "nickName": "n50"})), (0, 1));
    assert_eq!(selected(&set, &json!({"title": "t", "nickName": "n500"})), (0, 0));
}

#[test]
fn slots_are_adjacent_and_used_again() {
    let policy: &Policy<Value> = scim::user_policy();
    let insert = |set: &mut FilterSet<Value, usize>, id| {
        policy.parse("title pr").is_ok_and(|plan| set.insert(id, plan).is_ok())
    };
    let mut set = FilterSet::new();
    assert!((0..=2 * CHUNK).all(|id| insert(&mut set, id)));
    assert_eq!(set.chunks.len(), 3);
    // Identifiers are in most of the parts.
    assert!(set.ids.iter().filter(|ids| !ids.is_empty()).count() > 100);
    assert!((0..CHUNK).all(|id| set.remove(&id).is_some() && insert(&mut set, id)));
    assert_eq!((set.len(), set.chunks.len(), set.free.len()), (2 * CHUNK + 1, 3, 0));
}

/// Of keys that are expected equally often, the longer one is rarer.
#[test]
fn the_longest_of_equal_keys_is_chosen() {
    let policy = scim::user_policy();
    let set_of_one = |filter: &str| set_of(policy, std::iter::once(filter.to_owned()));
    let record = |kind: &str, host: &str| {
        json!({"title": "t", "active": true, "userType": kind,
               "emails": [{"type": "work", "value": format!("ann@{host}")}]})
    };
    let brackets = set_of_one(r#"emails[type eq "work" and value ew "@staff.example.org"]"#);
    assert_eq!(selected(&brackets, &record("Employee", "example.org")), (0, 0));
    assert_eq!(selected(&brackets, &record("Employee", "staff.example.org")), (0, 1));
    // The second key.
    let three = set_of_one(r#"active eq true and userType eq "Employee" and title sw "t""#);
    assert_eq!(selected(&three, &record("Contractor", "example.org")), (0, 0));
    assert_eq!(selected(&three, &record("Employee", "example.org")), (0, 1));
}

#[test]
fn attributes_without_keys_are_not_read() {
    let filters = [r#"title eq "a" and userType eq "b""#, r#"nickName sw "c""#];
    let mut set = set_of(scim::user_policy(), filters.map(str::to_owned).into_iter());
    // Of the first plan one key and a second one.
    for (removed, left) in [(None, 3), (Some(0), 1), (Some(1), 0)] {
        removed.map(|id| set.remove(&id));
        assert_eq!(set.index.attributes().count(), left);
    }
}
