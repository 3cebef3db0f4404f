//! Everyone who does the same thing, measured in turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is measured, once for each who can do it.
pub(crate) struct Contest {
    pub(crate) group: &'static str,
    pub(crate) item: String,
    pub(crate) entrants: Vec<Entrant>,
    pub(crate) goals: Vec<Goal>,
    /// Who was measured before, with nanoseconds: what can be done once only.
    pub(crate) known: Vec<(&'static str, f64)>,
}

/// One who does it.
pub(crate) struct Entrant {
    pub(crate) who: &'static str,
    /// How many of what the figure is for one run does: users, bytes, or 1.
    pub(crate) units: f64,
    run: Box<dyn FnMut()>,
}

/// What was promised.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// So many times faster than that one, at least.
    Faster(f64, &'static str),
    /// So many times what that one takes, at most.
    AtMost(f64, &'static str),
    /// So many nanoseconds, at most.
    Within(f64),
}

pub(crate) const OURS: &str = "scieve";

impl Contest {
    pub(crate) fn new(group: &'static str, item: impl Into<String>) -> Self {
        Self { group, item: item.into(), entrants: Vec::new(), goals: Vec::new(), known: Vec::new() }
    }

    /// One that was measured before.
    pub(crate) fn known(mut self, who: &'static str, taken: Duration) -> Self {
        self.known.push((who, taken.as_nanos() as f64));
        self
    }

    pub(crate) fn entrant<T>(self, who: &'static str, run: impl FnMut() -> T + 'static) -> Self {
        self.entrant_of(who, 1.0, run)
    }

    /// One whose every run does `units` of it.
    pub(crate) fn entrant_of<T>(mut self, who: &'static str, units: f64, mut run: impl FnMut() -> T + 'static) -> Self {
        self.entrants.push(Entrant { who, units, run: Box::new(move || drop(black_box(run()))) });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    /// What each entrant needs for a unit, in nanoseconds: the median of the rounds. They take turns, so that a slow moment of the machine hits all of them.
    pub(crate) fn measure(&mut self) -> Vec<f64> {
        const ROUNDS: usize = 41;
        const ROUND: Duration = Duration::from_millis(2);
        let repeats: Vec<u32> = self.entrants.iter_mut().map(|entrant| entrant.repeats(ROUND)).collect();
        let mut times = vec![Vec::with_capacity(ROUNDS); self.entrants.len()];
        for round in 0..ROUNDS {
            let mut turns: Vec<_> = self.entrants.iter_mut().zip(&repeats).zip(&mut times).collect();
            // Every other round backwards, so that nobody always comes after the same one and finds what that leaves in the caches.
            if round % 2 == 1 {
                turns.reverse();
            }
            for ((entrant, repeats), times) in turns {
                times.push(entrant.time(*repeats).as_nanos() as f64 / f64::from(*repeats) / entrant.units);
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        times.into_iter().map(median).collect()
    }
}

impl Entrant {
    fn time(&mut self, repeats: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..repeats {
            (self.run)();
        }
        start.elapsed()
    }

    /// How many runs fill a round; at least one.
    fn repeats(&mut self, round: Duration) -> u32 {
        let mut repeats = 1;
        loop {
            let taken = self.time(repeats);
            if taken * 2 > round {
                return ((f64::from(repeats) * round.as_secs_f64() / taken.as_secs_f64()) as u32).max(1);
            }
            repeats *= 4;
        }
    }

    /// For callgrind: warm, and then once inside [`counted`].
    pub(crate) fn count(&mut self) {
        for _ in 0..3 {
            (self.run)();
        }
        counted(&mut *self.run);
    }
}

/// What `scripts/instructions` counts: callgrind knows this function by its name.
#[inline(never)]
pub(crate) fn counted(run: &mut dyn FnMut()) {
    black_box(run)();
}
