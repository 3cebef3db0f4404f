//! The cost of the in-memory store: pages, look-ups, counts and writes.
//!
//! Run with `cargo bench -p scieve-users --bench store`. Each call uses another random key from a
//! fixed seed. `SCIEVE_USERS` is the number of users (default 1000000), or a comma-separated list
//! of numbers, to observe growth. Times are thread CPU times, so other work on the machine affects
//! them only through cache misses.
#![allow(clippy::unwrap_used, reason = "a panic ends the bench")]
#![allow(missing_docs, reason = "criterion's macro generates an undocumented function")]

mod corpus;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use scieve::Plan;
use scieve_users::{
    self, MemoryStore, NewUser, Operation, Page, Position, Query, Sort, SortKey, User, UserStore,
    Window,
};
use serde_json::json;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Maximum number of users whose keys are queried.
const SAMPLED: usize = 4096;
/// Number of users per page.
const PAGE: usize = 20;

/// Filters whose pages are listed, ordered by decreasing number of matches.
const PAGES: [(&str, Option<&str>); 5] = [
    ("all", None),
    ("F4", Some(corpus::F4)),
    ("co ank", Some(r#"name co "ank""#)),
    ("co ann", Some(r#"name co "ann""#)),
    ("role", Some(r#"assignedRoles.name eq "TenantAdmin""#)),
];

/// Filters without a match.
const NO_MATCH: [(&str, &str); 3] = [
    ("co", r#"name co "nobody at all""#),
    (
        "co three",
        r#"name co "nobody at all" or email co "nobody at all" or subject co "nobody at all""#,
    ),
    ("name", r#"name eq "Nobody At All""#),
];

fn store(c: &mut Criterion<CpuTime>) {
    let counts = std::env::var("SCIEVE_USERS").unwrap_or_else(|_| "1000000".into());
    for count in counts.split(',') {
        Fixture::load(count.trim().parse().unwrap()).run(c);
    }
}

/// A loaded store and a sample of its users.
struct Fixture {
    count: usize,
    store: MemoryStore,
    tenant: String,
    sampled: Vec<User>,
}

impl Fixture {
    fn load(count: usize) -> Self {
        let store = MemoryStore::new();
        let tenant = scieve_users::sample(1).next().unwrap().tenant_id;
        let mut time = Duration::ZERO;
        let kept = allocation_counter::measure(|| {
            let all: Vec<User> = scieve_users::sample(count).collect();
            let start = CpuTime.start();
            ready(store.load(&tenant, Vec::new(), Vec::new(), all)).unwrap();
            time = CpuTime.end(start);
        });
        let bytes = kept.bytes_current as f64 / count as f64;
        println!("{count} users: loaded in {:.2} s, {bytes:.0} bytes per user", time.as_secs_f64());
        let mut random = Random(count as u64);
        let mut sampled: Vec<User> =
            scieve_users::sample(count).filter(|_| random.below(count) < SAMPLED).collect();
        random.shuffle(&mut sampled);
        Self { count, store, tenant, sampled }
    }

    fn run(&self, c: &mut Criterion<CpuTime>) {
        self.pages(c);
        self.lookups(c);
        self.others(c);
        self.writes(c);
    }

    fn group<'c>(&self, c: &'c mut Criterion<CpuTime>, name: &str) -> BenchmarkGroup<'c, CpuTime> {
        c.benchmark_group(format!("{} {name}", self.count))
    }

    fn list(&self, query: &Query<'_>) -> Page {
        ready(self.store.list(&self.tenant, query)).unwrap()
    }

    /// Benchmarks the queries in rotation.
    fn bench(&self, group: &mut BenchmarkGroup<'_, CpuTime>, name: &str, queries: &[Query<'_>]) {
        let mut queries = queries.iter().cycle();
        group.bench_function(name, |b| b.iter(|| self.list(black_box(queries.next().unwrap()))));
    }

    fn pages(&self, c: &mut Criterion<CpuTime>) {
        for (name, text) in PAGES {
            let plan = text.map(parsed);
            let first = page_of(plan.as_ref());
            let users = self
                .sampled
                .iter()
                .filter(|user| plan.as_ref().is_none_or(|plan| plan.matches(user)));
            let cursors: Vec<_> = users.map(|user| after(&first, user)).collect();
            let mut group = self.group(c, "page");
            self.bench(&mut group, &format!("{name}, first"), std::slice::from_ref(&first));
            if !cursors.is_empty() {
                self.bench(&mut group, &format!("{name}, cursor"), &cursors);
            }
        }
        let text = |user: &User, other: &User| {
            format!(
                r#"(id eq "{}" or id eq "{}") and (status eq "active" or status eq "disabled")"#,
                user.id, other.id
            )
        };
        let plans: Vec<_> = self
            .sampled
            .iter()
            .zip(self.sampled.iter().skip(1))
            .map(|(user, other)| parsed(&text(user, other)))
            .collect();
        self.first_and_cursor(c, "F2", &plans);
        self.first_and_cursor(c, "email", &self.by("email", |user| user.email.as_deref()));
    }

    /// Benchmarks the first page and the page after a user of each plan.
    fn first_and_cursor(&self, c: &mut Criterion<CpuTime>, name: &str, plans: &[Plan<User>]) {
        let firsts: Vec<_> = plans.iter().map(|plan| page_of(Some(plan))).collect();
        let cursors: Vec<_> = firsts
            .iter()
            .zip(self.sampled.iter().rev())
            .map(|(first, user)| after(first, user))
            .collect();
        let mut group = self.group(c, "page");
        self.bench(&mut group, &format!("{name}, first"), &firsts);
        self.bench(&mut group, &format!("{name}, cursor"), &cursors);
    }

    fn by<'u>(
        &'u self,
        attribute: &str,
        text: impl Fn(&'u User) -> Option<&'u str>,
    ) -> Vec<Plan<User>> {
        self.sampled
            .iter()
            .filter_map(text)
            .map(|text| parsed(&format!("{attribute} eq {}", json!(text))))
            .collect()
    }

    fn lookups(&self, c: &mut Criterion<CpuTime>) {
        let mut group = self.group(c, "lookup");
        for (name, plans) in [
            ("id", self.by("id", |user| Some(&user.id))),
            ("email", self.by("email", |user| user.email.as_deref())),
            ("subject", self.by("subject", |user| Some(&user.subject))),
        ] {
            let queries: Vec<_> = plans.iter().map(|plan| page_of(Some(plan))).collect();
            self.bench(&mut group, name, &queries);
        }
        let mut ids = self.sampled.iter().map(|user| &user.id).cycle();
        group.bench_function("get", |b| {
            b.iter(|| ready(self.store.get(&self.tenant, black_box(ids.next().unwrap()))))
        });
    }

    fn others(&self, c: &mut Criterion<CpuTime>) {
        let mut group = self.group(c, "no match");
        for (name, text) in NO_MATCH {
            let plan = parsed(text);
            self.bench(&mut group, name, &[page_of(Some(&plan))]);
        }
        drop(group);
        let plan = parsed(corpus::F3);
        let mut group = self.group(c, "total");
        self.bench(&mut group, "F3", &[Query { total: true, ..page_of(Some(&plan)) }]);
        drop(group);
        let mut group = self.group(c, "sort");
        for key in SortKey::ALL {
            let sort = Sort { key, descending: true };
            let first = Query { sort, ..page_of(None) };
            let cursors: Vec<_> = self.sampled.iter().map(|user| after(&first, user)).collect();
            self.bench(&mut group, key.name(), &cursors);
        }
    }

    fn writes(&self, c: &mut Criterion<CpuTime>) {
        let mut group = self.group(c, "write");
        let mut names = self.sampled.iter().map(|user| &user.name).cycle();
        let mut number = 0_u64;
        let mut new = || {
            number += 1;
            let email = Some(format!("bench.{number}@corp.example"));
            NewUser {
                subject: format!("bench-{number}"),
                name: names.next().cloned(),
                email,
                ..NewUser::default()
            }
        };
        let create = |new| ready(self.store.create(&self.tenant, new)).unwrap();
        group.bench_function("create", |b| b.iter_batched(&mut new, create, BatchSize::SmallInput));
        let mut made = || create(new()).id.clone();
        let delete = |id: String| ready(self.store.delete(&self.tenant, &id)).unwrap();
        group
            .bench_function("delete", |b| b.iter_batched(&mut made, delete, BatchSize::SmallInput));
        let live: Vec<&User> = self
            .sampled
            .iter()
            .filter(|user| user.status != scieve_users::Status::Deleted)
            .collect();
        let (mut turns, mut people, mut others) =
            (0_u64.., live.iter().cycle(), live.iter().cycle().skip(1));
        for (name, path) in [
            ("patch name", "/name"),
            ("patch email", "/email"),
            ("patch locale", "/preferredLocale"),
        ] {
            let mut patch = || {
                let (turn, user, other) =
                    (turns.next().unwrap(), people.next().unwrap(), others.next().unwrap());
                // The value differs in every round.
                let value = format!(
                    "{}{turn}@corp.example",
                    other.name.replace(|c: char| !c.is_alphabetic(), "")
                );
                let body = json!([{ "op": "replace", "path": path, "value": value }]);
                (&*user.id, Operation::parse_all(&body).unwrap())
            };
            let apply = |(id, operations): (&str, Vec<Operation>)| {
                ready(self.store.patch(&self.tenant, id, &operations)).unwrap()
            };
            group
                .bench_function(name, |b| b.iter_batched(&mut patch, apply, BatchSize::SmallInput));
        }
    }
}

fn parsed(text: &str) -> Plan<User> {
    scieve_users::policy().parse(text).unwrap()
}

/// The first page without deleted users.
fn page_of(plan: Option<&Plan<User>>) -> Query<'_> {
    Query { plan, without_deleted: true, limit: PAGE, ..Query::default() }
}

fn after<'p>(first: &Query<'p>, user: &User) -> Query<'p> {
    Query { window: Window::After(Position::of(user, first.sort)), ..first.clone() }
}

/// Returns the output of a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the in-memory store never waits"),
    }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// Measures the CPU time of the thread.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, time: &Duration) -> f64 {
        time.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn short() -> Criterion<CpuTime> {
    let (warm_up, time) = (Duration::from_millis(300), Duration::from_secs(1));
    Criterion::default()
        .sample_size(20)
        .warm_up_time(warm_up)
        .measurement_time(time)
        .without_plots()
        .with_measurement(CpuTime)
}

criterion_group! { name = benches; config = short(); targets = store }
criterion_main!(benches);
