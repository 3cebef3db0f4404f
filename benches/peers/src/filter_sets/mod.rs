//! Compares `FilterSet` with the loop over all plans and with other crates that index filters, and
//! writes `FILTER_SETS.md`.
//!
//! All competitors get the same filters and users, as far as they can express them, and are asserted
//! to find the same filters. scieve reads JSON documents and ignores case; the others get events and
//! documents that were built beforehand, and compare exactly.

pub(crate) mod directory;
mod peers;

use crate::report::{date_and_machine, thousands, time, version};
use a_tree::{ATree, Event};
use directory::{Condition, MIXES, Mix, Random, User};
use mokaccino::prelude::{Document, Percolator};
use scieve::{FilterSet, Limits, Plan, Policy, scim};
use serde_json::Value;
use std::fmt::Write as _;
use std::hint::black_box;

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// Maximum number of filters of a-tree: adding 1,000,000 takes it more than ten minutes.
const ATREE_FILTERS: usize = 100_000;

/// Number of users that are matched in turn.
const USERS: usize = 2_000;

/// Number of users for whom all competitors are compared.
const COMPARED: usize = 20;

/// Goals at 100,000 filters.
const MATCHING_WITHIN: f64 = 5_000.0;
const BYTES_WITHIN: f64 = 200.0;

type Set = FilterSet<Value, u32>;

/// Measures all mixes and numbers of filters, or one of them, and returns the report.
pub(crate) fn run(mix: Option<&str>, size: Option<usize>) -> String {
    let mut table = String::new();
    let mut goals = Goals::default();
    for mix in MIXES.iter().filter(|one| mix.is_none_or(|mix| mix == one.name)) {
        for size in SIZES.into_iter().filter(|one| size.is_none_or(|size| size == *one)) {
            eprintln!("{}, {} filters", mix.name, thousands(size));
            let row = Row::measure(mix, size);
            eprintln!("{row:?}");
            row.write(&mut table, mix, size);
            goals.add(mix, size, &row);
        }
    }
    report(&table, &goals.lines)
}

/// The figures of one mix and number of filters. Times are in nanoseconds.
#[derive(Debug, Default)]
struct Row {
    matches: f64,
    ours: f64,
    changed: f64,
    naive: Option<f64>,
    a_tree: Option<f64>,
    mokaccino: Option<f64>,
    insert: f64,
    plan_bytes: f64,
    bytes: f64,
    unindexed: usize,
}

impl Row {
    fn measure(mix: &Mix, size: usize) -> Self {
        let mut random = Random::new(size as u64);
        let filters: Vec<Condition> = (0..size).map(|_| (mix.filter)(&mut random)).collect();
        let users: Vec<User> = (0..USERS).map(|_| User::random(&mut random)).collect();
        let moved: Vec<Value> =
            users.iter().map(|user| user.moved(&mut random).to_json()).collect();
        let records: Vec<Value> = users.iter().map(User::to_json).collect();

        let mut row = Self::default();
        let (set, expected) = row.build(&filters, &records);
        row.unindexed = set.unindexed().count();
        let found: usize = records.iter().map(|record| count(&set, record)).sum();
        row.matches = found as f64 / USERS as f64;
        row.ours = best(&records, |record| count(&set, record));
        let pairs: Vec<(Value, Value)> = records.iter().cloned().zip(moved).collect();
        row.changed = best(&pairs, |(before, after)| set.changed(before, after));
        drop(set);
        row.peers(&filters, &users, &expected);
        row
    }

    /// Builds the set, and measures it and the loop. Returns the set and what it finds.
    fn build(&mut self, filters: &[Condition], records: &[Value]) -> (Set, Vec<Vec<u32>>) {
        let policy = policy();
        let size = filters.len() as f64;
        let texts: Vec<String> = filters.iter().map(Condition::to_scim).collect();
        let before = allocated();
        let plans: Vec<Plan<Value>> =
            texts.iter().map(|text| policy.parse(text).unwrap()).collect();
        let with_plans = allocated();
        self.plan_bytes = (with_plans - before) / size;
        let naive = |record: &Value| {
            let plans = (0..).zip(&plans).filter(|(_, plan)| plan.matches(record));
            plans.map(|(id, _)| id).collect::<Vec<u32>>()
        };
        let expected: Vec<Vec<u32>> = records[..COMPARED].iter().map(naive).collect();
        self.naive = Some(best(records, naive));
        let mut set = Set::new();
        let start = processor_time();
        for (id, plan) in (0..).zip(plans) {
            set.insert(id, plan).unwrap();
        }
        self.insert = (processor_time() - start) / size;
        self.bytes = (allocated() - with_plans) / size;
        for (record, expected) in records.iter().zip(&expected) {
            let mut found = Vec::new();
            set.matching(record, |id| found.push(*id));
            found.sort_unstable();
            assert_eq!(&found, expected, "the set and the loop differ");
        }
        (set, expected)
    }

    fn peers(&mut self, filters: &[Condition], users: &[User], expected: &[Vec<u32>]) {
        let assert_same = |name: &str, mut found: Vec<u32>, expected: &[u32]| {
            found.sort_unstable();
            assert_eq!(found, expected, "{name} finds other filters");
        };
        let texts: Option<Vec<String>> = filters.iter().map(Condition::to_a_tree).collect();
        if let Some(texts) = texts.filter(|texts| texts.len() <= ATREE_FILTERS) {
            let mut tree: ATree<u32> = peers::a_tree();
            for (id, text) in (0..).zip(&texts) {
                tree.insert(&id, text).unwrap();
            }
            let events: Vec<Event> = users.iter().map(|user| user.to_event(&tree)).collect();
            for (event, expected) in events.iter().zip(expected) {
                let found = tree.search(event).unwrap().matches().iter().map(|id| **id).collect();
                assert_same("a-tree", found, expected);
            }
            self.a_tree = Some(best(&events, |event| tree.search(event).unwrap().matches().len()));
        }
        let queries: Option<Vec<_>> = filters.iter().map(Condition::to_mokaccino).collect();
        if let Some(queries) = queries {
            let mut percolator = Percolator::default();
            for query in queries {
                percolator.add_query(query);
            }
            let documents: Vec<Document> = users.iter().map(User::to_document).collect();
            for (document, expected) in documents.iter().zip(expected) {
                assert_same("mokaccino", percolator.percolate(document).collect(), expected);
            }
            self.mokaccino =
                Some(best(&documents, |document| percolator.percolate(document).count()));
        }
    }

    fn write(&self, table: &mut String, mix: &Mix, size: usize) {
        let other = |figure: Option<f64>| {
            figure.map_or("-".into(), |figure| {
                format!("{} ({:.0}x)", time(figure), figure / self.ours)
            })
        };
        let _ = writeln!(
            table,
            "| {} | {} | {:.1} | {} | {} | {} | {} | {} | {:.0} | {:.0} | {} |",
            mix.name,
            thousands(size),
            self.matches,
            time(self.ours),
            time(self.changed),
            other(self.naive),
            other(self.a_tree),
            other(self.mokaccino),
            self.bytes,
            self.plan_bytes,
            time(self.insert),
        );
    }
}

/// The verdicts on the goals.
#[derive(Default)]
struct Goals {
    lines: String,
    /// The time at the last size.
    last: f64,
}

impl Goals {
    fn add(&mut self, mix: &Mix, size: usize, row: &Row) {
        let mut goal = |met: bool, text: String| {
            let verdict = if met { "met" } else { "**missed**" };
            let _ = writeln!(
                self.lines,
                "- {}, {} filters, {text}: {verdict}",
                mix.name,
                thousands(size)
            );
        };
        match size {
            100_000 => {
                goal(
                    row.ours <= MATCHING_WITHIN,
                    format!("{} a record (at most {})", time(row.ours), time(MATCHING_WITHIN)),
                );
                goal(
                    row.changed <= 2.0 * MATCHING_WITHIN,
                    format!(
                        "`changed` in {} (at most {})",
                        time(row.changed),
                        time(2.0 * MATCHING_WITHIN)
                    ),
                );
                goal(
                    row.bytes <= BYTES_WITHIN,
                    format!("{:.0} bytes a filter (at most {BYTES_WITHIN})", row.bytes),
                );
            }
            1_000_000 => goal(
                row.ours <= 10.0 * self.last,
                format!("{:.1} times as long for ten times as many", row.ours / self.last),
            ),
            _ => {}
        }
        for (name, figure) in [("a-tree", row.a_tree), ("mokaccino", row.mokaccino)] {
            if let Some(figure) = figure {
                goal(
                    row.ours < figure,
                    format!("{:.1} times as fast as {name}", figure / row.ours),
                );
            }
        }
        self.last = row.ours;
    }
}

fn report(table: &str, goals: &str) -> String {
    let mixes: String =
        MIXES.iter().map(|mix| format!("| {} | {} |\n", mix.name, mix.description)).collect();
    format!(
        "# Sets of filters\n\n\
        Written by `cargo bench --manifest-path benches/peers/Cargo.toml -- --only filter-sets` on\n\
        {machine}; {a_tree}, {mokaccino}.\n\n\
        `FilterSet` beside the loop over all plans (*naive*) and two crates that index filters. Times are\n\
        per record: processor time, the best of at least three rounds over up to {users} users.\n\n\
        All competitors find the same filters; the run asserts it. scieve reads JSON documents and\n\
        compares without regard to case. a-tree and mokaccino get their own form of the record, built\n\
        beforehand, and compare exactly; building it is not in the figures. `-`: the crate cannot\n\
        express the mix (a-tree has no prefixes; both have no brackets), or adding the filters takes\n\
        minutes (a-tree, 1,000,000).\n\n\
        The directory is that of an identity service with 100 organisations: 40,000 departments, 200,000\n\
        groups, 500 titles and four user types, uniformly distributed. A user has one department and\n\
        eight groups (`benches/peers/src/filter_sets/directory.rs`).\n\n\
        | mix | filters |\n|---|---|\n{mixes}\n\
        *bytes*: memory of the set for each filter except its plan, including the identifier; *plan*:\n\
        memory of the plan (`mallinfo2`). *insert*: time to add one filter.\n\n\
        | mix | filters | matches a record | scieve | `changed` | naive | a-tree | mokaccino | bytes | plan | insert |\n\
        |---|---|---|---|---|---|---|---|---|---|---|\n{table}\n\
        ## Goals\n\n{goals}",
        machine = date_and_machine(),
        a_tree = version("a-tree"),
        mokaccino = version("mokaccino"),
        users = thousands(USERS),
    )
}

/// The policy for users, without a limit that random filters exceed.
fn policy() -> Policy<Value> {
    scim::user_policy().clone().with_limits(Limits::default())
}

fn count(set: &Set, record: &Value) -> usize {
    let mut found = 0;
    set.matching(record, |_| found += 1);
    found
}

/// Returns the processor time per item of the best round. A round ends after all items or 0.2 s;
/// there are at least three, and more within 1 s.
///
/// Items are cloned in batches before the clock starts: a record that changes was just read or
/// written, so it is in the cache of the processor. The filters are not.
fn best<T: Clone, U>(items: &[T], run: impl Fn(&T) -> U) -> f64 {
    const BATCH: usize = 16;
    const ROUND: f64 = 0.2e9;
    const ALL: f64 = 1e9;
    let (mut rounds, mut best, start) = (0, f64::INFINITY, processor_time());
    while rounds < 3 || processor_time() - start < ALL {
        let (mut spent, mut done) = (0.0, 0);
        for batch in items.chunks(BATCH) {
            let batch = batch.to_vec();
            let start = processor_time();
            for item in &batch {
                drop(black_box(run(black_box(item))));
            }
            spent += processor_time() - start;
            done += batch.len();
            if spent > ROUND {
                break;
            }
        }
        best = best.min(spent / done as f64);
        rounds += 1;
    }
    best
}

/// Returns the processor time of this thread in nanoseconds, which other load affects less.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid for the call, which writes to it.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Returns the memory in use in bytes.
fn allocated() -> f64 {
    // SAFETY: the function has no preconditions.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as f64
}
