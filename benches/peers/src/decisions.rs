//! The time of decisions about random pairs of filters: percentiles, because the worst case counts.

use crate::filter_sets::directory::{Random, random_tree};
use crate::report::time;
use scieve::{Decision, Plan, scim};
use serde_json::Value;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

const PAIRS: usize = 5_000;

/// Measures and returns one line for each number of clauses and question.
pub(crate) fn run() -> String {
    let mut lines = String::new();
    for clauses in [1, 5, 20, 50] {
        let mut random = Random::new(clauses);
        let mut plan = || -> Plan<Value> {
            scim::user_policy().parse(&random_tree(&mut random, clauses)).unwrap()
        };
        let pairs: Vec<_> = (0..PAIRS).map(|_| (plan(), plan())).collect();
        let questions: [(&str, fn(&Plan<Value>, &Plan<Value>) -> Decision); 3] = [
            ("is_empty", |a, _| a.is_empty()),
            ("implies", |a, b| a.implies(b)),
            ("is_disjoint", |a, b| a.is_disjoint(b)),
        ];
        for (name, decide) in questions {
            let mut unknown = 0;
            let mut times: Vec<f64> = pairs
                .iter()
                .map(|(a, b)| {
                    // The better of two runs, as a run that is interrupted says nothing.
                    let runs = [(); 2].map(|()| {
                        let start = Instant::now();
                        let decision = black_box(decide(black_box(a), black_box(b)));
                        (start.elapsed().as_nanos() as f64, decision)
                    });
                    unknown += usize::from(runs[0].1 == Decision::Unknown);
                    runs[0].0.min(runs[1].0)
                })
                .collect();
            times.sort_by(f64::total_cmp);
            let _ = writeln!(
                lines,
                "{clauses} clauses, {name}: p50 {}, p99 {}, max {}, {unknown} of {PAIRS} unknown",
                time(times[PAIRS / 2]),
                time(times[PAIRS * 99 / 100]),
                time(times[PAIRS - 1]),
            );
        }
    }
    lines
}
