//! Heap use of filters, measured by a counting allocator: two allocations to parse, none to match,
//! and a bound on the memory in use at a time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic on failure")]

use allocation_counter::{AllocationInfo, measure};
use scieve::{CaseSensitivity, Filter, Limits, Policy, Syntax, scim};
use std::hint::black_box;

#[path = "../../../benches/corpus/mod.rs"]
mod corpus;

/// Measures a second run, after lazily initialised statics exist.
fn measure_warm<T>(mut job: impl FnMut() -> T) -> AllocationInfo {
    black_box(job());
    measure(|| drop(black_box(job())))
}

#[test]
fn parsing_allocates_twice() {
    for (name, text) in corpus::filters() {
        let info = measure_warm(|| Filter::parse(&text).unwrap());
        assert!(info.count_total <= 2, "{name}: {info:?}");
    }
}

/// Joining of clauses, the group rule and the cap on comparisons of an attribute need no allocation
/// of their own.
#[test]
fn checking_allocates_little_more_than_a_clone_of_the_plan() {
    let ids: Vec<String> = (0..100).map(|id| format!("id eq \"{id}\"")).collect();
    let short = [
        ("name eq \"a\" and email eq \"b\"", 0),
        ("(name eq \"a\" or email co \"b\") and status eq \"active\"", 1),
        (
            "name co \"b\" and (status eq \"active\" or status eq \"disabled\") and email co \"c\"",
            0,
        ),
        ("status eq \"active\" and status eq \"disabled\" and name co \"b\"", 0),
        ("name eq \"a\" or email eq \"b\" or subject eq \"c\"", 1),
        ("name co \"a\" and name co \"b\" and email eq \"c\"", 0),
        (&ids.join(" or "), 0),
    ];
    let long = corpus::filters_of_users().into_iter().map(|(_, text)| (text, 1));
    for (text, more) in short.map(|(text, more)| (text.to_owned(), more)).into_iter().chain(long) {
        let filter = Filter::parse(&text).unwrap();
        let plan = scieve_users::policy().check(&filter).unwrap();
        let (copy, check) = (
            measure_warm(|| plan.clone()),
            measure_warm(|| scieve_users::policy().check(&filter).unwrap()),
        );
        assert!(check.count_total <= copy.count_total + more, "{text}: {check:?} {copy:?}");
    }
}

#[test]
fn matching_ascii_users_does_not_allocate() {
    let people: Vec<scieve_users::User> = scieve_users::sample(2_000).filter(ascii).collect();
    assert!(
        people.len() > 1_000 && people.iter().any(|user| scieve::fold_key(&user.name) != user.name)
    );
    for (name, text) in corpus::filters_of_users() {
        let plan = scieve_users::policy().parse(&text).unwrap();
        let mut matched = 0;
        let info = measure(|| matched = people.iter().filter(|user| plan.matches(user)).count());
        assert_eq!(info.count_total, 0, "{name}: {info:?}");
        assert!(matched < people.len(), "{name}");
    }
}

fn ascii(user: &scieve_users::User) -> bool {
    serde_json::to_string(user).unwrap().is_ascii()
}

#[test]
fn matching_ascii_json_does_not_allocate() {
    let resource = corpus::resource();
    let schemaless = Policy::<serde_json::Value>::schemaless(CaseSensitivity::Ignore);
    let ends = ["userName", "displayName", "emails.value", "name.familyName"]
        .map(|path| ("ends", format!("{path} ew \"sEn\"")));
    for (name, text) in corpus::filters_of_scim().into_iter().chain(ends) {
        for (how, policy) in [("by schema", scim::user_policy()), ("without schema", &schemaless)] {
            let plan = policy.parse(&text).unwrap();
            let info = measure(|| _ = black_box(plan.matches(&resource)));
            assert_eq!(info.count_total, 0, "{name} {how}: {info:?}");
        }
    }
}

#[test]
fn hostile_filters_use_less_than_two_mebibytes() {
    const LIMIT: u64 = 2 << 20;
    let full = Limits::default().bytes;
    let texts = [
        "(".repeat(full),
        "a[".repeat(full / 2),
        "a pr or ".repeat(full / 8),
        "a eq 'x' or ".repeat(full / 12),
        " ".repeat(full),
        "\"".repeat(full),
        ":".repeat(full),
        "a".repeat(full),
        format!("userName eq \"{}\"", "x".repeat(full - 14)),
        format!("userName eq '{}'", "x".repeat(full - 14)),
        format!("userName eq {}", "x".repeat(full - 12)),
        format!("userName co \"{}\"", "\\u1d160".repeat((full - 14) / 7)),
        format!("userName co \"{}\"", "\u{1d160}".repeat((full - 14) / 4)),
        format!("userName co \"{}\"", "\u{fb03}".repeat((full - 14) / 3)),
        format!("userName ew \"a{}\"", "\u{301}".repeat((full - 15) / 2)),
        format!("emails[value eq '{}'] eq 'x'", "y".repeat(full - 30)),
        vec![format!("userName eq '{}'", "z".repeat(113)); 500].join(" or "),
        vec![format!("emails[type eq {0}].value eq '{0}'", "z".repeat(100)); 250].join(" or "),
        vec![format!("{} pr", "z".repeat(100)); 500].join(" or "),
        vec![
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCentre pr".to_owned();
            500
        ]
        .join(" or "),
        (0..500).map(|number| format!("nick{number} eq 5")).collect::<Vec<_>>().join(" or "),
        vec!["meta eq 5".to_owned(); 500].join(" or "),
        vec!["emails[typ eq 5]".to_owned(); 500].join(" and "),
        vec!["name eq \"x\" and status eq \"y\"".to_owned(); 250].join(" or "),
    ];
    let lenient = Policy::<serde_json::Value>::schemaless(CaseSensitivity::Ignore)
        .with_syntax(Syntax::lenient());
    for text in texts {
        let shown: String = text.chars().take(30).collect();
        assert!(text.len() <= full, "{shown} has {} bytes", text.len());
        for policy in [&scim::user_policy().clone().with_syntax(Syntax::lenient()), &lenient] {
            let info = measure_warm(|| policy.parse(&text));
            assert!(info.bytes_max < LIMIT, "{shown}: {info:?}");
        }
        let info = measure_warm(|| scieve_users::policy().parse(&text));
        assert!(info.bytes_max < LIMIT, "{shown}: {info:?}");
    }
}
