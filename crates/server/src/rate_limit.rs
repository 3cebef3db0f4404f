//! Rate limits per user.

use super::config::RateLimits;
use super::problem::Problem;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A group of endpoints that share one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tier {
    /// Tier 1 of the API: list, get, count, me and metadata.
    Read,
    /// Tier 2 of the API: create, patch, delete and invite.
    Write,
    /// The special tier of the API: the filter action.
    Filter,
}

const WINDOW: Duration = Duration::from_secs(60);
/// Minimum number of entries at which expired entries are removed.
const SWEEP: usize = 1024;

/// Sliding window log: counts the requests of the last 60 s exactly.
///
/// A token bucket or GCRA would need less memory, but permits bursts above the documented numbers.
/// The log has one entry per request of the last minute, so the limits bound its size per user.
pub(super) struct RateLimiter {
    limits: RateLimits,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// Times of the requests by tenant, user id and tier.
    requests: HashMap<(String, String, Tier), VecDeque<Instant>>,
    /// Number of entries at which the next sweep takes place.
    sweep_at: usize,
}

impl RateLimiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self { limits, log: Mutex::new(Log { requests: HashMap::new(), sweep_at: SWEEP }) }
    }

    fn limit(&self, tier: Tier) -> Option<u32> {
        match tier {
            Tier::Read => self.limits.tier1,
            Tier::Write => self.limits.tier2,
            Tier::Filter => self.limits.special,
        }
    }

    /// Counts a request, or rejects it if the user has reached the limit of the tier.
    pub(super) fn count(&self, tenant: &str, user: &str, tier: Tier) -> Result<(), Problem> {
        self.count_at(tenant, user, tier, Instant::now()).map_err(Problem::rate_limited)
    }

    /// Fails with the time until the next permitted request in whole seconds, rounded up.
    fn count_at(&self, tenant: &str, user: &str, tier: Tier, now: Instant) -> Result<(), u64> {
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
    /// Removes the entries of users without a request in the window whenever the number of entries
    /// has doubled since the last sweep, which makes the cost per request constant on average.
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
    use super::{RateLimiter, SWEEP, Tier};
    use crate::config::RateLimits;
    use std::time::{Duration, Instant};

    #[test]
    fn the_window_slides() {
        let limiter = RateLimiter::new(RateLimits { tier2: Some(2), ..RateLimits::OFF });
        let start = Instant::now();
        let at =
            |millis| limiter.count_at("t", "u", Tier::Write, start + Duration::from_millis(millis));
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(30_000), Ok(()));
        assert_eq!(at(30_001), Err(30));
        assert_eq!(at(59_999), Err(1));
        assert_eq!(at(60_000), Ok(()));
        assert_eq!(at(60_001), Err(30));
        assert_eq!(limiter.count_at("t", "u", Tier::Read, start), Ok(()));
        assert_eq!(limiter.count_at("t", "v", Tier::Write, start), Ok(()));
        assert_eq!(limiter.count_at("s", "u", Tier::Write, start), Ok(()));
    }

    #[test]
    fn entries_of_inactive_users_are_removed() {
        let limiter = RateLimiter::new(RateLimits::default());
        let start = Instant::now();
        for user in 0..SWEEP {
            limiter.count_at("t", &user.to_string(), Tier::Read, start).unwrap();
        }
        limiter.count_at("t", "last", Tier::Read, start + Duration::from_secs(61)).unwrap();
        assert_eq!(limiter.log.lock().unwrap().requests.len(), 1);
    }
}
