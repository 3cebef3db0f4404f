//! Sets of filters: the same plans as the loop over all of them.

use crate::decide::{schemaless_world, small_policy, small_worlds};
use arbitrary::Unstructured;
use proptest::prelude::{ProptestConfig, any};
use proptest::strategy::Strategy;
use proptest::test_runner::TestRunner;
use scieve::{
    Attribute, AttributeType, CaseSensitivity, FilterSet, Limits, Plan, Policy, Record, Schema,
    StoredValues, ValueRef, arbitrary as generate, fold_key, scim,
};
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

/// Returns the plans of filters, and a set with each of them under its position.
fn set_of(
    policy: &Policy<Value>,
    filters: &[impl AsRef<str>],
) -> (Vec<Option<Plan<Value>>>, FilterSet<Value, usize>) {
    let plans: Vec<_> =
        filters.iter().map(|filter| Some(policy.parse(filter.as_ref()).unwrap())).collect();
    let mut set = FilterSet::new();
    for (id, plan) in plans.iter().flatten().enumerate() {
        set.insert(id, plan.clone()).unwrap();
    }
    (plans, set)
}

/// Returns what the loop over all plans finds.
fn naive(plans: &[Option<Plan<Value>>], record: &Value) -> Vec<usize> {
    let matches =
        |plan: &Option<Plan<Value>>| plan.as_ref().is_some_and(|plan| plan.matches(record));
    (0..plans.len()).filter(|id| matches(&plans[*id])).collect()
}

/// Asserts what [`FilterSet::changed`] returns for two records with the plans that they match.
fn assert_changed(
    set: &FilterSet<Value, usize>,
    (before, old): (&Value, &[usize]),
    (after, new): (&Value, &[usize]),
) {
    let (mut entered, mut left) = set.changed(before, after);
    entered.sort();
    left.sort();
    let only = |one: &[usize], other: &[usize]| -> Vec<usize> {
        one.iter().copied().filter(|id| !other.contains(id)).collect()
    };
    assert_eq!(entered, only(new, old).iter().collect::<Vec<_>>(), "{before} {after}");
    assert_eq!(left, only(old, new).iter().collect::<Vec<_>>(), "{before} {after}");
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
            assert_changed(set, (&pair[0], &before), (&pair[1], &after));
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

/// The atoms of the decisions, their negations, and pairs of them, on records that distinguish them.
#[test]
fn sets_of_small_formulas_agree_with_the_loop() {
    let small = small_policy();
    let worlds = small_worlds().into_iter().map(|world| (&small, world));
    for (policy, (atoms, records)) in worlds.chain([(&*OPEN, schemaless_world())]) {
        let negated: Vec<String> = atoms.iter().map(|atom| format!("not ({atom})")).collect();
        let literals: Vec<&str> =
            atoms.into_iter().chain(negated.iter().map(String::as_str)).collect();
        let mut filters: Vec<String> = literals.iter().map(ToString::to_string).collect();
        for (at, a) in literals.iter().enumerate() {
            for b in &literals[..at] {
                filters.extend([format!("({a}) and ({b})"), format!("({a}) or ({b})")]);
            }
        }
        let (mut plans, mut set) = set_of(policy, &filters);
        let records: Vec<&Value> = records.iter().step_by(records.len() / 50 + 1).collect();
        for removed in [0, filters.len() / 2] {
            for (id, plan) in plans.iter_mut().enumerate().take(removed) {
                assert_eq!(set.remove(&id).is_some(), plan.take().is_some());
            }
            let found: Vec<_> = records.iter().map(|record| naive(&plans, record)).collect();
            for (record, found) in records.iter().zip(&found) {
                assert_eq!(&matching(&set, record), found, "{record}");
            }
            let next = records.iter().zip(&found).cycle().skip(1);
            for ((before, old), (after, new)) in records.iter().zip(&found).zip(next) {
                assert_changed(&set, (before, old), (after, new));
            }
        }
        // All that remain are found without the removed ones too.
        for (id, plan) in plans.iter().enumerate() {
            assert_eq!(set.remove(&id).is_some(), plan.is_some());
        }
        assert!(set.is_empty() && matching(&set, records[0]).is_empty());
    }
}

/// A plan with several keys neither enters nor leaves if both records match it, whether by the same
/// value or by different ones.
#[test]
fn plans_that_both_records_match_have_not_changed() {
    let policy = scim::user_policy();
    let mut filters = Vec::new();
    for one in 'a'..='d' {
        filters.push(format!(r#"groups.value eq "{one}""#));
        filters.push(format!(r#"groups.value sw "{one}" and title pr"#));
        filters.push(format!(r#"active eq true and groups.value eq "{one}" and title pr"#));
        for other in 'a'..='d' {
            filters.push(format!(r#"groups.value eq "{one}" or groups.value eq "{other}""#));
            filters.push(format!(r#"groups.value eq "{one}" and groups.value ne "{other}""#));
            filters.push(format!(r#"groups.value eq "{one}" or groups.value sw "{other}""#));
        }
    }
    let (plans, set) = set_of(policy, &filters);
    let subset = |mask: u32| {
        let values = ('a'..='d').enumerate().filter(|(at, _)| mask >> at & 1 == 1);
        let groups: Vec<Value> = values.map(|(_, value)| json!({"value": value})).collect();
        json!({"title": "x", "active": mask < 16, "groups": groups})
    };
    let records: Vec<(Value, Vec<usize>)> =
        (0..32).map(subset).map(|record| (record.clone(), naive(&plans, &record))).collect();
    for (before, old) in &records {
        for (after, new) in &records {
            assert_changed(&set, (before, old), (after, new));
        }
    }
}

/// A long string has a key for each of its bytes, which are not all in memory at once.
#[test]
fn long_strings_take_little_memory() {
    const LENGTH: usize = 1 << 20;
    let policy = scim::user_policy();
    let filters = ["title co \"abcd\"", "title co \"abcdefgh\"", "title ew \"x\""];
    let (plans, set) = set_of(policy, &filters);
    let title: String = ('b'..='y').cycle().take(LENGTH).chain("abcdex".chars()).collect();
    let record = json!({"title": title});
    let mut found = Vec::new();
    let used = allocation_counter::measure(|| found = matching(&set, &record));
    assert_eq!(found, naive(&plans, &record));
    assert!(used.bytes_max < 4 * LENGTH as u64, "{} bytes", used.bytes_max);
}

#[test]
fn plans_that_always_or_never_match_are_found_accordingly() {
    let policy = scim::user_policy();
    let always = policy.parse("title pr or title eq null").unwrap().simplify();
    let never = policy.parse("title pr and title eq null").unwrap().simplify();
    assert_eq!((always.constant(), never.constant()), (Some(true), Some(false)));
    let mut set = FilterSet::new();
    set.insert(0, always).unwrap();
    set.insert(1, never).unwrap();
    assert_eq!(matching(&set, &json!({})), [0]);
    assert_eq!(set.unindexed().collect::<Vec<_>>(), [&0]);
}

#[test]
fn values_in_wrong_forms_are_found() {
    let open = OPEN.clone().with_stored_values(StoredValues::Coerced);
    let filters = ["a eq true", "a eq 1", r#"a eq "1""#, "a gt 0", r#"a sw "t""#, r#"a co "1""#];
    let (plans, set) = set_of(&open, &filters);
    for value in [json!("True"), json!(true), json!("1"), json!(1), json!("01"), json!(["2", "t"])]
    {
        let record = json!({"a": value});
        assert_eq!(matching(&set, &record), naive(&plans, &record), "{record}");
    }
    assert_eq!(matching(&set, &json!({"a": "True"})), [0, 4]);
}

/// A record that counts how often it is read.
struct Counted {
    texts: Vec<&'static str>,
    is_single: bool,
    reads: Cell<usize>,
}

impl Record for Counted {
    fn single_text(&self, _: &Attribute) -> Option<Option<&str>> {
        self.is_single.then(|| {
            self.reads.set(self.reads.get() + 1);
            self.texts.first().copied()
        })
    }

    fn any_value(&self, _: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        self.reads.set(self.reads.get() + 1);
        self.texts.iter().any(|text| test(ValueRef::text(text)))
    }
}

#[test]
fn attributes_with_strings_are_read_once_for_all_plans() {
    let attributes =
        ["r", "s"].map(|name| Attribute::new(name, AttributeType::String).multi_valued());
    let policy: Policy<Counted> = Policy::new(Schema::new(None, attributes).unwrap()).unwrap();
    for attribute in ["r", "s"] {
        let mut set = FilterSet::new();
        for id in 0..10 {
            let filter = format!(r#"{attribute} co "abcde" and {attribute} ne "{id}""#);
            set.insert(id, policy.parse(&filter).unwrap()).unwrap();
        }
        for (texts, is_single) in [(vec!["abcde"], true), (vec!["abcde", "1"], false)] {
            let record = Counted { texts, is_single, reads: Cell::new(0) };
            let mut found = 0;
            set.matching(&record, |_| found += 1);
            assert_eq!((found, record.reads.get()), (10, 1), "{attribute}");
        }
    }
}

/// Strings that do not fit into those that are read once are read again.
#[test]
fn records_with_many_strings_agree_with_the_loop() {
    let names: Vec<String> = (0..20).map(|number| format!("a{number}")).collect();
    let attributes =
        names.iter().map(|name| Attribute::new(name, AttributeType::String).multi_valued());
    let policy: Policy<Value> = Policy::new(Schema::new(None, attributes).unwrap()).unwrap();
    let mut filters = Vec::new();
    for name in &names {
        for number in [0, 2, 69] {
            filters.push(format!(r#"{name} sw "v{number}-" and {name} ew "Y" and {name} co "XX""#));
            filters.push(format!(r#"{name} co "-xx" and not ({name} sw "v{number}-")"#));
            filters.push(format!(r#"{name} co "-xx" and {name} ne "v{number}-xxy""#));
        }
    }
    let (plans, set) = set_of(&policy, &filters);
    let mut matches = 0;
    for count in [1, 3, 30, 70] {
        for length in [2, 30, 600] {
            let values: Vec<String> =
                (0..count).map(|number| format!("v{number}-{}y", "x".repeat(length))).collect();
            let record = names.iter().map(|name| (name.clone(), json!(values))).collect();
            let found = matching(&set, &record);
            assert_eq!(found, naive(&plans, &record), "{count} strings of {length} bytes");
            matches += found.len();
        }
    }
    assert!(matches > 1_000, "{matches}");
}

/// A record that stores the fold key of its only value.
struct Keyed(&'static str, String);

impl Record for Keyed {
    fn any_value(&self, _: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::keyed(self.0, &self.1))
    }
}

#[test]
fn stored_fold_keys_are_used_if_the_attribute_ignores_case() {
    for exact in [true, false] {
        let attribute = Attribute::new("s", AttributeType::String).case_exact(exact);
        let policy: Policy<Keyed> = Policy::new(Schema::new(None, [attribute]).unwrap()).unwrap();
        let mut plans = Vec::new();
        for operator in ["eq", "sw", "ew", "co", "lt", "le", "gt", "ge"] {
            for operand in ["a", "A", "b", "B", "c", "Ab"] {
                plans.push(policy.parse(&format!(r#"s {operator} "{operand}""#)).unwrap());
            }
        }
        let mut set = FilterSet::new();
        for (id, plan) in plans.iter().enumerate() {
            set.insert(id, plan.clone()).unwrap();
        }
        for text in ["a", "A", "B", "ab", "AB", "C"] {
            let record = Keyed(text, fold_key(text).into_owned());
            let mut found = Vec::new();
            set.matching(&record, |id| found.push(*id));
            found.sort_unstable();
            let expected: Vec<usize> =
                (0..plans.len()).filter(|id| plans[*id].matches(&record)).collect();
            assert_eq!(found, expected, "{text}, exact: {exact}");
        }
    }
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
    let (_, set) = set_of(policy, &filters);
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
    let (plans, set) = set_of(scim::user_policy(), &filters);
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
    assert_eq!(set.explain(), "300 filters\n  300 by equality of displayName");
    let record = json!({"userType": "Employee", "active": true, "displayName": "N8"});
    assert_eq!(matching(&set, &record), [8]);
    // The second key is required.
    assert!(matching(&set, &json!({"userType": "Intern", "displayName": "n8"})).is_empty());
    assert_eq!(matching(&set, &json!({"active": true, "displayName": "n9"})), [9]);
    assert!(matching(&set, &json!({"active": false, "displayName": "n9"})).is_empty());
}

#[test]
fn plans_without_a_schema_are_found_by_values_of_every_type() {
    let filters = [
        r#"a eq "X""#,
        "a eq 1",
        "a eq true",
        r#"a eq "2024-01-01T00:00:00Z""#,
        r#"a sw "x""#,
        r#"a ew "yz""#,
        r#"a co "y""#,
        r#"a gt "w""#,
        "a ge 1.5",
        "a pr",
        r#"a eq "x" and b eq 2"#,
        r#"c[d eq "x" and e eq 3]"#,
        r#"a ne "x""#,
    ];
    let (plans, set) = set_of(&OPEN, &filters);
    let records = [
        (json!({"a": "x"}), vec![0, 4, 7, 9]),
        (json!({"a": "x", "b": 2.0}), vec![0, 4, 7, 9, 10]),
        (json!({"a": "XYZ"}), vec![4, 5, 6, 7, 9, 12]),
        (json!({"a": 1}), vec![1, 9, 12]),
        (json!({"a": [true, 2]}), vec![2, 8, 9, 12]),
        (json!({"a": "2024-01-01T01:00:00+01:00"}), vec![3, 9, 12]),
        (json!({"c": [{"d": "X", "e": 3}]}), vec![11, 12]),
        (json!({"c": [{"d": "x"}, {"e": 3}]}), vec![12]),
        (json!({}), vec![12]),
    ];
    for (record, expected) in &records {
        assert_eq!(naive(&plans, record), *expected, "{record}");
        assert_eq!(matching(&set, record), *expected, "{record}");
    }
    assert_eq!(set.unindexed().collect::<Vec<_>>(), [&12]);
}

#[test]
fn plans_are_found_by_the_order_of_numbers_and_instants() {
    let schema = Schema::new(
        None,
        [
            Attribute::new("i", AttributeType::Integer),
            Attribute::new("f", AttributeType::Decimal),
            Attribute::new("at", AttributeType::DateTime),
        ],
    );
    let policy: Policy<Value> = Policy::new(schema.unwrap()).unwrap();
    let mut filters = Vec::new();
    for operator in ["lt", "le", "gt", "ge", "eq"] {
        for operand in ["-1", "0", "1.5", "2", "99999999999999999999"] {
            filters.extend([format!("i {operator} {operand}"), format!("f {operator} {operand}")]);
        }
        filters.push(format!(r#"at {operator} "2024-01-01T00:00:00Z""#));
    }
    // No integer equals 1.5, so every record matches.
    filters.push("not (i eq 1.5)".to_owned());
    let (plans, mut set) = set_of(&policy, &filters);
    let numbers = ["-2", "-1", "0", "1", "1.5", "2", "3.5", "99999999999999999999", "1e30"];
    let instants = ["2023-12-31T23:59:59Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:01Z"];
    let mut matches = 0;
    for (number, instant) in numbers.iter().zip(instants.iter().cycle()) {
        let record = format!(r#"{{"i": {number}, "f": {number}, "at": "{instant}"}}"#);
        let record: Value = serde_json::from_str(&record).unwrap();
        let expected = naive(&plans, &record);
        matches += expected.len();
        assert_eq!(matching(&set, &record), expected, "{record}");
    }
    assert!(matches > 100, "{matches}");
    let record = json!({"i": 1, "f": 1, "at": "2024-01-01T00:00:00Z"});
    let mut expected = naive(&plans, &record);
    for (id, plan) in plans.iter().enumerate() {
        assert_eq!(set.remove(&id).as_ref(), plan.as_ref());
        expected.retain(|other| *other != id);
        assert_eq!(matching(&set, &record), expected);
    }
    assert!(set.is_empty());
}

#[test]
fn sets_list_and_describe_their_plans() {
    let policy = scim::user_policy();
    let texts = [
        r#"userName eq "a""#,
        r#"userName eq "b" or userName sw "bc""#,
        r#"title ew "x""#,
        r#"title co "long""#,
        "nickName pr",
        r#"meta.created gt "2024-01-01T00:00:00Z""#,
        r#"not (title eq "x")"#,
    ];
    let mut set: FilterSet<Value, usize> = FilterSet::default();
    assert!(set.is_empty() && set.get(&0).is_none());
    for (id, text) in texts.iter().enumerate() {
        assert!(set.insert(id, policy.parse(text).unwrap()).unwrap().is_none());
        assert!(!set.is_empty() && set.len() == id + 1);
    }
    assert_eq!(set.get(&2), Some(&policy.parse(texts[2]).unwrap()));
    let mut ids: Vec<usize> = set.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..texts.len()).collect::<Vec<_>>());
    assert_eq!(
        set.explain(),
        "7 filters
  1 by order of meta.created
  1 by presence of nickName
  1 by substring of title
  1 by suffix of title
  2 by equality of userName
  1 by prefix of userName
  1 without a key: the filter can match records without a value"
    );
    assert_eq!(format!("{set:?}"), "FilterSet { len: 7, .. }");
    let replaced = set.insert(0, policy.parse("title pr").unwrap()).unwrap();
    assert_eq!(replaced, Some(policy.parse(texts[0]).unwrap()));
    assert_eq!(set.len(), texts.len());
    assert_eq!(set.remove(&6), Some(policy.parse(texts[6]).unwrap()));
    assert_eq!(set.unindexed().count(), 0);
}

#[test]
fn plans_with_too_many_alternatives_have_no_key() {
    let mut limits = Limits::default();
    (limits.clauses, limits.bytes, limits.cost) = (5_000, 1 << 20, usize::MAX);
    let policy = scim::user_policy().clone().with_limits(limits);
    let mut set = FilterSet::new();
    for (id, count) in [1_024, 1_025].into_iter().enumerate() {
        let clauses: Vec<String> =
            (0..count).map(|number| format!(r#"userName eq "n{number}""#)).collect();
        set.insert(id, policy.parse(&clauses.join(" or ")).unwrap()).unwrap();
        let clauses: Vec<String> =
            (0..count).map(|number| format!(r#"userName sw "n{number}""#)).collect();
        set.insert(id + 2, policy.parse(&clauses.join(" or ")).unwrap()).unwrap();
    }
    let mut unindexed: Vec<usize> = set.unindexed().copied().collect();
    unindexed.sort_unstable();
    assert_eq!(unindexed, [1, 3]);
    assert!(set.explain().contains("2 without a key: the filter has too many alternatives"));
    assert_eq!(matching(&set, &json!({"userName": "N1023"})), [0, 1, 2, 3]);
    assert_eq!(matching(&set, &json!({"userName": "N1024"})), [1, 2, 3]);
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
