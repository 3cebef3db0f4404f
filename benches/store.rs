//! What the store in memory costs: pages, lookups, counts, writes; `cargo bench --features full --bench store`.
//!
//! Every call has a key of its own, drawn at random from a fixed seed. `SCIEVE_USERS` says how many users there are: a number
//! (1000000), or several with commas between them, to see what grows with it. Times are those that the thread had the processor, so
//! that other work on the machine costs cache misses at most.
#![allow(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![allow(missing_docs, reason = "criterion's macro makes a function without")]

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

/// Users whose keys are asked for, at most.
const ASKED: usize = 4096;
/// Users on a page.
const PAGE: usize = 20;

/// Filters whose pages are asked for: the users who match are from everybody to nobody.
const PAGES: [(&str, Option<&str>); 5] = [
    ("all", None),
    ("F4", Some(corpus::F4)),
    ("co ank", Some(r#"name co "ank""#)),
    ("co ann", Some(r#"name co "ann""#)),
    ("role", Some(r#"assignedRoles.name eq "TenantAdmin""#)),
];

/// Filters that nobody matches.
const NOBODY: [(&str, &str); 3] = [
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
        Stage::of(count.trim().parse().unwrap()).run(c);
    }
}

/// A store with users in it, and some of the users.
struct Stage {
    count: usize,
    store: MemoryStore,
    tenant: String,
    asked: Vec<User>,
}

impl Stage {
    fn of(count: usize) -> Self {
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
        println!("{count} users: loaded in {:.2} s, {bytes:.0} bytes a user", time.as_secs_f64());
        let mut random = Random(count as u64);
        let mut asked: Vec<User> =
            scieve_users::sample(count).filter(|_| random.below(count) < ASKED).collect();
        random.shuffle(&mut asked);
        Self { count, store, tenant, asked }
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

    /// A call for each of the queries in turn.
    fn bench(&self, group: &mut BenchmarkGroup<'_, CpuTime>, name: &str, queries: &[Query<'_>]) {
        let mut queries = queries.iter().cycle();
        group.bench_function(name, |b| b.iter(|| self.list(black_box(queries.next().unwrap()))));
    }

    fn pages(&self, c: &mut Criterion<CpuTime>) {
        for (name, text) in PAGES {
            let plan = text.map(parsed);
            let first = page_of(plan.as_ref());
            let places = self
                .asked
                .iter()
                .filter(|user| plan.as_ref().is_none_or(|plan| plan.matches(user)));
            let cursors: Vec<_> = places.map(|user| after(&first, user)).collect();
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
            .asked
            .iter()
            .zip(self.asked.iter().skip(1))
            .map(|(user, other)| parsed(&text(user, other)))
            .collect();
        self.both(c, "F2", &plans);
        self.both(c, "email", &self.by("email", |user| user.email.as_deref()));
    }

    /// First pages and pages at a user, a plan for each.
    fn both(&self, c: &mut Criterion<CpuTime>, name: &str, plans: &[Plan<User>]) {
        let firsts: Vec<_> = plans.iter().map(|plan| page_of(Some(plan))).collect();
        let cursors: Vec<_> = firsts
            .iter()
            .zip(self.asked.iter().rev())
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
        self.asked
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
        let mut ids = self.asked.iter().map(|user| &user.id).cycle();
        group.bench_function("get", |b| {
            b.iter(|| ready(self.store.get(&self.tenant, black_box(ids.next().unwrap()))))
        });
    }

    fn others(&self, c: &mut Criterion<CpuTime>) {
        let mut group = self.group(c, "nobody");
        for (name, text) in NOBODY {
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
            let cursors: Vec<_> = self.asked.iter().map(|user| after(&first, user)).collect();
            self.bench(&mut group, key.name(), &cursors);
        }
    }

    fn writes(&self, c: &mut Criterion<CpuTime>) {
        let mut group = self.group(c, "write");
        let mut names = self.asked.iter().map(|user| &user.name).cycle();
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
        let live: Vec<&User> =
            self.asked.iter().filter(|user| user.status != scieve_users::Status::Deleted).collect();
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
                // Another value in every round.
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

/// The first page; the deleted are in it only where the filter speaks of the status.
fn page_of(plan: Option<&Plan<User>>) -> Query<'_> {
    Query { plan, without_deleted: true, limit: PAGE, ..Query::default() }
}

fn after<'p>(first: &Query<'p>, user: &User) -> Query<'p> {
    Query { window: Window::After(Position::of(user, first.sort)), ..first.clone() }
}

/// What a future gives that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the store in memory never waits"),
    }
}

/// SplitMix64.
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

/// The time that the thread has the processor.
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
