//! The cost of each stage: parsing, checking, matching, printing and SQL generation.
//!
//! Run with `cargo bench -p scieve-users --bench pipeline`.
#![allow(clippy::unwrap_used, reason = "a panic ends the bench")]
#![allow(missing_docs, reason = "criterion's macro generates an undocumented function")]

mod corpus;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use scieve::sql::{Dialect, Select};
use scieve::{CaseSensitivity, Filter, Policy, Record, scim};
use scieve_users::{Status, User};
use serde_json::Value;
use std::hint::black_box;

/// Number of users to match, and of copies of the JSON resource.
const RECORDS: usize = 10_000;

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, text) in corpus::filters() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| Filter::parse(black_box(&text))));
    }
}

/// The time per byte must not grow from 1 KiB to 64 KiB.
fn hostile(c: &mut Criterion) {
    let policy = scim::user_policy();
    let mut group = c.benchmark_group("hostile");
    for bytes in [1 << 10, 64 << 10] {
        for (name, text) in corpus::hostile(bytes) {
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_with_input(BenchmarkId::new(name, bytes), &text, |b, text| {
                b.iter(|| policy.parse(black_box(text)))
            });
        }
    }
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    let mut check = |name: &str, text: &str, run: &dyn Fn(&Filter)| {
        let filter = Filter::parse(text).unwrap();
        group.bench_function(name, |b| b.iter(|| run(black_box(&filter))));
    };
    for (name, text) in corpus::filters_of_users() {
        check(name, &text, &|filter| drop(black_box(scieve_users::policy().check(filter))));
    }
    for (name, text) in corpus::filters_of_scim() {
        check(name, &text, &|filter| drop(black_box(scim::user_policy().check(filter))));
    }
}

fn matches(c: &mut Criterion) {
    let people: Vec<User> = scieve_users::sample(RECORDS).collect();
    let mut group = c.benchmark_group("matches");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, text) in corpus::filters_of_users().into_iter().take(4) {
        let plan = scieve_users::policy().parse(&text).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| black_box(&people).iter().filter(|user| plan.matches(user)).count())
        });
    }
    let plan = scieve_users::policy().parse(corpus::F4).unwrap();
    let found = people.iter().filter(|user| plan.matches(user)).count();
    assert_eq!(people.iter().filter(|user| f4_closure(user)).count(), found);
    group.bench_function("F4 closure", |b| {
        b.iter(|| black_box(&people).iter().filter(|user| f4_closure(user)).count())
    });

    let resources = vec![corpus::resource(); RECORDS];
    for (name, text) in corpus::filters_of_scim() {
        json(&mut group, &format!("{name} JSON"), scim::user_policy(), &text, &resources);
        json(
            &mut group,
            &format!("{name} JSON, no schema"),
            &Policy::schemaless(CaseSensitivity::Ignore),
            &text,
            &resources,
        );
    }
}

fn json<T: criterion::measurement::Measurement>(
    group: &mut criterion::BenchmarkGroup<'_, T>,
    name: &str,
    policy: &Policy<Value>,
    text: &str,
    resources: &[Value],
) where
    Value: Record,
{
    let plan = policy.parse(text).unwrap();
    group.bench_function(name, |b| {
        b.iter(|| black_box(resources).iter().filter(|resource| plan.matches(resource)).count())
    });
}

/// The baseline: F4 as a hand-written closure, which folds ASCII letters on the fly.
fn f4_closure(user: &User) -> bool {
    (user.name.eq_ignore_ascii_case("bob") || user.name.eq_ignore_ascii_case("alice"))
        && (user.status == Status::Active || user.status == Status::Disabled)
}

fn explain(c: &mut Criterion) {
    let mut group = c.benchmark_group("explain");
    for (name, text) in corpus::filters_of_users() {
        let plan = scieve_users::policy().parse(&text).unwrap();
        group.bench_function(name, |b| b.iter(|| black_box(&plan).explain()));
    }
}

fn print(c: &mut Criterion) {
    let mut group = c.benchmark_group("print");
    for (name, text) in corpus::filters() {
        let filter = Filter::parse(&text).unwrap();
        group.bench_function(name, |b| b.iter(|| black_box(&filter).to_string()));
    }
}

fn sql(c: &mut Criterion) {
    let columns = &scieve_users::mapping().for_tenant("42");
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        let mut group = c.benchmark_group(format!("sql {dialect:?}"));
        for (name, text) in corpus::filters_of_users() {
            let plan = scieve_users::policy().parse(&text).unwrap();
            group.bench_function(BenchmarkId::new("condition", name), |b| {
                b.iter(|| black_box(&plan).to_condition(columns, dialect))
            });
            group.bench_function(BenchmarkId::new("statement", name), |b| {
                b.iter(|| black_box(&plan).to_sql(columns, dialect, &Select::default()).unwrap());
            });
        }
    }
}

criterion_group!(benches, parse, hostile, check, matches, explain, print, sql);
criterion_main!(benches);
