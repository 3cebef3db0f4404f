//! Sets of filters: the same plans as the loop over all of them.

use arbitrary::Unstructured;
use proptest::prelude::{ProptestConfig, any};
use proptest::strategy::Strategy;
use proptest::test_runner::TestRunner;
use scieve::{CaseSensitivity, FilterSet, Limits, Plan, Policy, arbitrary as generate, scim};
use serde_json::{Value, json};
use std::cell::Cell;
use std::sync::LazyLock;

static OPEN: LazyLock<Policy<Value>> =
    LazyLock::new(|| Policy::schemaless(CaseSensitivity::Ignore));

fn matching(set: &FilterSet<Value, usize>, record: &Value) -> Vec<usize> {
    let mut found = Vec::new();
    set.matching(record, |id| found.push(*id));
    found.sort_unstable();
    found
}

/// Returns what the loop over all plans finds.
fn naive(plans: &[Option<Plan<Value>>], record: &Value) -> Vec<usize> {
    let matches =
        |plan: &Option<Plan<Value>>| plan.as_ref().is_some_and(|plan| plan.matches(record));
    (0..plans.len()).filter(|id| matches(&plans[*id])).collect()
}

fn plan(policy: &Policy<Value>, u: &mut Unstructured<'_>) -> Option<Plan<Value>> {
    let mut limits = Limits::default();
    limits.clauses = 5_000;
    let builder = match policy.schema().attributes().len() {
        0 => generate::tree(u).unwrap(),
        _ => generate::filter(u, policy).unwrap()?,
    };
    let filter = builder.build_with(&limits).ok()?;
    Some(policy.clone().with_limits(limits).check(&filter).unwrap())
}

/// Inserts, replaces and removes random plans, and compares the set, a snapshot and the changes of
/// records with the loop. Returns the number of pairs of a plan and a record.
fn check_set(policy: &Policy<Value>, filters: &[Vec<u8>], records: &[u8]) -> usize {
    let u = &mut Unstructured::new(records);
    let records: Vec<Value> =
        (0..6).map(|_| generate::record(u, scim::user_policy().schema()).unwrap()).collect();
    let mut set = FilterSet::new();
    let mut plans: Vec<Option<Plan<Value>>> = Vec::new();
    let mut snapshot = (set.clone(), plans.clone());
    for (step, bytes) in filters.iter().enumerate() {
        let Some(plan) = plan(policy, &mut Unstructured::new(bytes)) else { continue };
        match step % 5 {
            3 if !plans.is_empty() => {
                let id = bytes.len() % plans.len();
                assert_eq!(set.remove(&id).is_some(), plans[id].is_some());
                plans[id] = None;
            }
            4 if !plans.is_empty() => {
                let id = bytes.len() % plans.len();
                set.insert(id, plan.clone()).unwrap();
                plans[id] = Some(plan);
            }
            _ => {
                assert!(set.insert(plans.len(), plan.clone()).unwrap().is_none());
                plans.push(Some(plan));
            }
        }
        if step == filters.len() / 2 {
            snapshot = (set.clone(), plans.clone());
        }
    }
    let mut pairs = 0;
    for (set, plans) in [(&set, &plans), (&snapshot.0, &snapshot.1)] {
        pairs += set.len() * records.len();
        assert_eq!(set.len(), plans.iter().flatten().count());
        for pair in records.windows(2) {
            let (before, after) = (naive(plans, &pair[0]), naive(plans, &pair[1]));
            assert_eq!(matching(set, &pair[0]), before, "{}\n{}", pair[0], set.explain());
            let (mut entered, mut left) = set.changed(&pair[0], &pair[1]);
            entered.sort();
            left.sort();
            let only = |one: &[usize], other: &[usize]| -> Vec<usize> {
                one.iter().copied().filter(|id| !other.contains(id)).collect()
            };
            assert_eq!(entered, only(&after, &before).iter().collect::<Vec<_>>());
            assert_eq!(left, only(&before, &after).iter().collect::<Vec<_>>());
        }
    }
    pairs
}

fn filters() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 1..40)
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig { source_file: Some(file!()), ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

/// Compares some 10,000 pairs of a filter and a record with 64 cases, the default, and more than
/// 1,000,000 with `PROPTEST_CASES=6000` (`scripts/proofs`).
#[test]
fn sets_agree_with_the_loop() {
    let pairs = Cell::new(0);
    let records = proptest::collection::vec(any::<u8>(), 800);
    let check = |(filters, records): (Vec<Vec<u8>>, Vec<u8>)| {
        for policy in [scim::user_policy(), &OPEN] {
            pairs.set(pairs.get() + check_set(policy, &filters, &records));
        }
        Ok(())
    };
    TestRunner::new(config()).run(&(filters(), records), check).unwrap();
    println!("{} pairs of a filter and a record", pairs.get());
}

#[test]
fn every_kind_of_key_finds_its_plans() {
    let policy = scim::user_policy();
    let filters = [
        r#"userName eq "BJENSEN""#,
        r#"userName eq "x" or userName eq "bjensen""#,
        r#"userName sw "bj""#,
        r#"userName sw "bjensen""#,
        r#"userName ew "N""#,
        r#"userName co "jens""#,
        r#"userName co "e""#,
        r#"userName co "ens" and userName co "nse""#,
        r#"userName gt "bj""#,
        r#"userName le "bjensen""#,
        "userName pr",
        r#"not (userName eq "x")"#,
        r#"emails.value ne "x""#,
        r#"not (emails.value ne "a@x.org")"#,
        r#"emails[type eq "work" and value ew "x.org"]"#,
        r#"active eq true and userName eq "bjensen""#,
        r#"displayName eq "STRASSE""#,
        r#"displayName sw "stra""#,
        r#"meta.created ge "2024-01-01T00:00:00Z""#,
        r#"meta.created eq "2024-01-01T01:00:00+01:00""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales""#,
    ];
    let record = json!({
        "userName": "bjensen", "active": true, "displayName": "straße",
        "emails": [{"type": "work", "value": "a@x.org"}, {"value": "a@x.org"}],
        "meta": {"created": "2024-01-01T00:00:00Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "sales"},
    });
    let mut set = FilterSet::new();
    for (id, filter) in filters.iter().enumerate() {
        set.insert(id, policy.parse(filter).unwrap()).unwrap();
    }
    assert_eq!(matching(&set, &record), (0..filters.len()).collect::<Vec<_>>());
    assert_eq!(set.unindexed().count(), 2);
    let explained = set.explain();
    assert!(explained.starts_with("21 filters\n"), "{explained}");
    assert!(
        explained.contains("2 without a key: the filter can match records without a value"),
        "{explained}"
    );
    // Another record selects few plans.
    assert_eq!(matching(&set, &json!({})), [11, 12]);
}

/// Indexed lengths are exact, others are evaluated; both must reject strings that differ in one byte.
#[test]
fn prefixes_suffixes_and_substrings_of_every_length_agree_with_the_loop() {
    let text = "abcdefghijklmnopqrstuvwxyz0123456789";
    let parts = |operator: &'static str| {
        (1..=text.len()).map(move |length| match operator {
            "ew" => format!(r#"userName ew "{}""#, &text[text.len() - length..]),
            _ => format!(r#"userName {operator} "{}""#, &text[..length]),
        })
    };
    let lists = (2..9).map(|count| {
        let clauses = (0..count).map(|number| format!(r#"emails.value eq "{number}{count}""#));
        clauses.collect::<Vec<_>>().join(" or ")
    });
    let filters: Vec<String> =
        ["eq", "sw", "ew", "co"].into_iter().flat_map(parts).chain(lists).collect();
    let plans: Vec<Option<Plan<Value>>> =
        filters.iter().map(|filter| Some(scim::user_policy().parse(filter).unwrap())).collect();
    let mut set = FilterSet::new();
    for (id, plan) in plans.iter().flatten().enumerate() {
        set.insert(id, plan.clone()).unwrap();
    }
    let mut records = vec![json!({"userName": text.to_uppercase(), "emails": []})];
    for position in 0..text.len() {
        let mut other = text.to_owned();
        other.replace_range(position..=position, "\u{e9}");
        let mails: Vec<Value> = (0..position % 4)
            .map(|number| json!({"value": format!("{number}{position}")}))
            .collect();
        records.push(json!({"userName": other, "emails": mails}));
        records.push(json!({"userName": text[position..], "emails": mails}));
        records.push(json!({"userName": text[..position]}));
    }
    let mut matches = 0;
    for record in &records {
        let expected = naive(&plans, record);
        matches += expected.len();
        assert_eq!(matching(&set, record), expected, "{record}");
    }
    assert!(matches > 1_000, "{matches}");
}

/// The attribute that few records share is chosen, whatever the order of the clauses.
#[test]
fn common_values_are_not_chosen_as_keys() {
    let mut set = FilterSet::new();
    for id in 0..300 {
        let filter = match id % 2 {
            0 => format!(r#"userType eq "Employee" and displayName eq "n{id}""#),
            _ => format!(r#"displayName eq "n{id}" and active eq true"#),
        };
        set.insert(id, scim::user_policy().parse(&filter).unwrap()).unwrap();
    }
    let explained = set.explain();
    let by_name = explained.lines().find(|line| line.ends_with(" by equality of displayName"));
    let count: usize =
        by_name.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    assert!(count >= 290, "{explained}");
    let record = json!({"userType": "Employee", "active": true, "displayName": "N8"});
    assert_eq!(matching(&set, &record), [8]);
    // The second key is required.
    assert!(matching(&set, &json!({"userType": "Intern", "displayName": "n8"})).is_empty());
}

#[test]
fn many_plans_under_one_key_are_found_by_a_second_one() {
    let policy = scim::user_policy();
    let mut set = FilterSet::new();
    for id in 0..200 {
        let filter = format!(r#"userType eq "Employee" and title eq "t{}""#, id / 2);
        set.insert(id, policy.parse(&filter).unwrap()).unwrap();
    }
    let record = json!({"userType": "employee", "title": "T50"});
    assert_eq!(matching(&set, &record), [100, 101]);
    let snapshot = set.clone();
    assert!(set.remove(&100).is_some() && set.remove(&100).is_none());
    assert_eq!(matching(&set, &record), [101]);
    assert_eq!(matching(&snapshot, &record), [100, 101]);
    for id in 0..200 {
        set.remove(&id);
    }
    assert!(set.is_empty() && matching(&set, &record).is_empty());
    assert_eq!(set.explain(), "0 filters");
}

#[test]
fn plans_of_another_schema_are_errors() {
    let mut set: FilterSet<Value, usize> = FilterSet::new();
    set.insert(0, scim::user_policy().parse("title pr").unwrap()).unwrap();
    assert!(set.insert(1, scim::group_policy().parse("displayName pr").unwrap()).is_err());
    assert_eq!(set.len(), 1);
}
