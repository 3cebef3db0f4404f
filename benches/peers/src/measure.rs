//! Measures competitors that do the same work, in interleaved rounds.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One item of work with all competitors for it.
pub(crate) struct Comparison {
    pub(crate) group: &'static str,
    pub(crate) item: String,
    pub(crate) competitors: Vec<Competitor>,
    pub(crate) goals: Vec<Goal>,
    /// Figures in nanoseconds of work that can be done only once and was measured beforehand.
    pub(crate) measured: Vec<(&'static str, f64)>,
}

pub(crate) struct Competitor {
    pub(crate) name: &'static str,
    /// The number of units (users, bytes or 1) that one run processes. Figures are per unit.
    pub(crate) units: f64,
    run: Box<dyn FnMut()>,
}

/// A performance goal of scieve.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// The minimum speed-up over a competitor.
    Faster(f64, &'static str),
    /// The maximum ratio of scieve's time to a competitor's time.
    AtMost(f64, &'static str),
    /// The maximum time in nanoseconds.
    Within(f64),
}

pub(crate) const OURS: &str = "scieve";

impl Comparison {
    pub(crate) fn new(group: &'static str, item: impl Into<String>) -> Self {
        Self {
            group,
            item: item.into(),
            competitors: Vec::new(),
            goals: Vec::new(),
            measured: Vec::new(),
        }
    }

    /// Adds a figure that was measured beforehand.
    pub(crate) fn measured(mut self, name: &'static str, time: Duration) -> Self {
        self.measured.push((name, time.as_nanos() as f64));
        self
    }

    pub(crate) fn competitor<T>(
        self,
        name: &'static str,
        run: impl FnMut() -> T + 'static,
    ) -> Self {
        self.competitor_of(name, 1.0, run)
    }

    /// Adds a competitor that processes `units` units in each run.
    pub(crate) fn competitor_of<T>(
        mut self,
        name: &'static str,
        units: f64,
        mut run: impl FnMut() -> T + 'static,
    ) -> Self {
        self.competitors.push(Competitor {
            name,
            units,
            run: Box::new(move || drop(black_box(run()))),
        });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    /// Returns the median time per unit of each competitor in nanoseconds. Rounds are interleaved,
    /// so that noise of the machine affects all competitors alike.
    pub(crate) fn measure(&mut self) -> Vec<f64> {
        const ROUNDS: usize = 41;
        const ROUND: Duration = Duration::from_millis(2);
        let repeats: Vec<u32> =
            self.competitors.iter_mut().map(|competitor| competitor.repeats(ROUND)).collect();
        let mut times = vec![Vec::with_capacity(ROUNDS); self.competitors.len()];
        for round in 0..ROUNDS {
            let mut turns: Vec<_> =
                self.competitors.iter_mut().zip(&repeats).zip(&mut times).collect();
            // Every other round runs in reverse order, so that no competitor always starts with the
            // cache contents of the same predecessor.
            if round % 2 == 1 {
                turns.reverse();
            }
            for ((competitor, repeats), times) in turns {
                let total = competitor.time(*repeats).as_nanos() as f64;
                times.push(total / f64::from(*repeats) / competitor.units);
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        times.into_iter().map(median).collect()
    }
}

impl Competitor {
    fn time(&mut self, repeats: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..repeats {
            (self.run)();
        }
        start.elapsed()
    }

    /// Returns the number of runs that fill a round; the minimum is 1.
    fn repeats(&mut self, round: Duration) -> u32 {
        let mut repeats = 1;
        loop {
            let time = self.time(repeats);
            if time * 2 > round {
                return ((f64::from(repeats) * round.as_secs_f64() / time.as_secs_f64()) as u32)
                    .max(1);
            }
            repeats *= 4;
        }
    }

    /// Warms up, then runs once inside [`counted`].
    pub(crate) fn count(&mut self) {
        for _ in 0..3 {
            (self.run)();
        }
        counted(&mut *self.run);
    }
}

/// The function whose instructions `scripts/instructions` counts. Callgrind finds it by name, so it
/// must not be inlined.
#[inline(never)]
pub(crate) fn counted(run: &mut dyn FnMut()) {
    black_box(run)();
}
