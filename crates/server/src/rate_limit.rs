//! How often a user may call.

use super::config::RateLimits;
use super::problem::Problem;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Endpoints that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tier {
    One,
    Two,
    Special,
}

const WINDOW: Duration = Duration::from_secs(60);
/// Users that are forgotten together, once they have made no request for a window.
const SWEEP: usize = 1024;

/// Counts requests in a window of 60 s that ends now: exact, unlike the usual buckets, since callers read the numbers in the
/// documentation. One entry for each request of the last minute, so memory is bounded by the limits.
pub(super) struct Limiter {
    limits: RateLimits,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// By tenant, user and tier.
    requests: HashMap<(String, String, Tier), VecDeque<Instant>>,
    sweep_at: usize,
}

impl Limiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self { limits, log: Mutex::new(Log { requests: HashMap::new(), sweep_at: SWEEP }) }
    }

    fn limit(&self, tier: Tier) -> Option<u32> {
        match tier {
            Tier::One => self.limits.tier1,
            Tier::Two => self.limits.tier2,
            Tier::Special => self.limits.special,
        }
    }

    /// Counts a request, unless there were as many as may be.
    pub(super) fn admit(&self, tenant: &str, user: &str, tier: Tier) -> Result<(), Problem> {
        self.admit_at(tenant, user, tier, Instant::now()).map_err(Problem::rate_limited)
    }

    /// Fails with the whole seconds to wait, at least one.
    fn admit_at(&self, tenant: &str, user: &str, tier: Tier, now: Instant) -> Result<(), u64> {
        let Some(limit) = self.limit(tier) else { return Ok(()) };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.sweep(now);
        let requests = log.requests.entry((tenant.to_owned(), user.to_owned(), tier)).or_default();
        while requests.front().is_some_and(|then| now.duration_since(*then) >= WINDOW) {
            requests.pop_front();
        }
        if requests.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            requests.push_back(now);
            return Ok(());
        }
        let left = requests
            .front()
            .map_or(WINDOW, |then| WINDOW.saturating_sub(now.duration_since(*then)));
        Err(left.as_millis().div_ceil(1000).try_into().unwrap_or(60).max(1))
    }
}

impl Log {
    /// Forgets who made no request for a window, each time that the users have doubled.
    fn sweep(&mut self, now: Instant) {
        if self.requests.len() >= self.sweep_at {
            self.requests.retain(|_, requests| {
                requests.back().is_some_and(|then| now.duration_since(*then) < WINDOW)
            });
            self.sweep_at = SWEEP.max(self.requests.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limiter, SWEEP, Tier};
    use crate::config::RateLimits;
    use std::time::{Duration, Instant};

    #[test]
    fn the_window_slides() {
        let limiter = Limiter::new(RateLimits { tier2: Some(2), ..RateLimits::OFF });
        let start = Instant::now();
        let at =
            |millis| limiter.admit_at("t", "u", Tier::Two, start + Duration::from_millis(millis));
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(30_000), Ok(()));
        assert_eq!(at(30_001), Err(30));
        assert_eq!(at(59_999), Err(1));
        assert_eq!(at(60_000), Ok(()));
        assert_eq!(at(60_001), Err(30));
        assert_eq!(limiter.admit_at("t", "u", Tier::One, start), Ok(()));
        assert_eq!(limiter.admit_at("t", "v", Tier::Two, start), Ok(()));
        assert_eq!(limiter.admit_at("s", "u", Tier::Two, start), Ok(()));
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let limiter = Limiter::new(RateLimits::default());
        let start = Instant::now();
        for user in 0..SWEEP {
            limiter.admit_at("t", &user.to_string(), Tier::One, start).unwrap();
        }
        limiter.admit_at("t", "last", Tier::One, start + Duration::from_secs(61)).unwrap();
        assert_eq!(limiter.log.lock().unwrap().requests.len(), 1);
    }
}
