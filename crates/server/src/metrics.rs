//! Prometheus metrics. Labels contain no data of users or filters.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use scieve_users::Connections;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Metrics of one router.
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    limited: IntCounterVec,
    in_flight: IntGauge,
    users: IntGauge,
    store_available: IntGauge,
    connections: IntGaugeVec,
    user_count: Mutex<UserCount>,
}

/// The age of the number of users.
#[derive(Default)]
struct UserCount {
    known: bool,
    requested: Option<Instant>,
}

/// Time after which the number of users is counted again.
const USER_COUNT_AGE: Duration = Duration::from_secs(60);

/// Counts a request as in flight until dropped.
pub(super) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Upper bounds of the histogram buckets in seconds.
const BUCKETS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Metrics {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("scieve_http_requests_total", "Number of requests by endpoint and status"),
            &["endpoint", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new("scieve_http_request_seconds", "Time to a response by endpoint")
                .buckets(BUCKETS.to_vec()),
            &["endpoint"],
        )?;
        let limited = IntCounterVec::new(
            Opts::new(
                "scieve_http_rate_limited_total",
                "Number of requests rejected by a rate limit by endpoint",
            ),
            &["endpoint"],
        )?;
        let users = IntGauge::new(
            "scieve_users",
            "Number of users of the configured tenant without deleted users, at most a minute old",
        )?;
        let in_flight =
            IntGauge::new("scieve_http_requests_in_flight", "Number of requests in progress")?;
        let store_available =
            IntGauge::new("scieve_store_available", "1 if the store is available, otherwise 0")?;
        let connections = IntGaugeVec::new(
            Opts::new("scieve_store_connections", "Connections to the database by state"),
            &["state"],
        )?;
        let build = IntGaugeVec::new(
            Opts::new("scieve_build_info", "1, with the version of the program as a label"),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(limited.clone()))?;
        registry.register(Box::new(users.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        registry.register(Box::new(store_available.clone()))?;
        registry.register(Box::new(connections.clone()))?;
        registry.register(Box::new(build))?;
        Ok(Self {
            registry,
            requests,
            seconds,
            limited,
            in_flight,
            users,
            store_available,
            connections,
            user_count: Mutex::default(),
        })
    }

    /// Records a response.
    pub(super) fn record(&self, endpoint: &str, status: u16, time: Duration) {
        self.requests.with_label_values(&[endpoint, &status.to_string()]).inc();
        self.seconds.with_label_values(&[endpoint]).observe(time.as_secs_f64());
        if status == 429 {
            self.limited.with_label_values(&[endpoint]).inc();
        }
    }

    /// Counts a request as in flight until the result is dropped.
    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Returns `None` if the number of users is up to date or is being counted, otherwise whether it
    /// is still unknown; the caller has to count.
    pub(super) fn user_count_is_due(&self) -> Option<bool> {
        let mut count = self.user_count.lock().unwrap_or_else(PoisonError::into_inner);
        let due = count.requested.is_none_or(|requested| requested.elapsed() >= USER_COUNT_AGE);
        due.then(|| {
            count.requested = Some(Instant::now());
            !count.known
        })
    }

    /// Stores the number of users, unless it is unknown.
    pub(super) fn set_user_count(&self, users: Option<u64>) {
        if let Some(users) = users {
            self.users.set(i64::try_from(users).unwrap_or(i64::MAX));
            self.user_count.lock().unwrap_or_else(PoisonError::into_inner).known = true;
        }
    }

    /// Records the state of the store.
    pub(super) fn observe_store(&self, available: bool, connections: Option<Connections>) {
        self.store_available.set(available.into());
        if let Some(Connections { open, idle, max }) = connections {
            for (state, count) in [("open", open), ("idle", idle), ("max", max)] {
                self.connections.with_label_values(&[state]).set(count.into());
            }
        }
    }

    /// Returns the metrics in the Prometheus text format and its media type.
    pub(super) fn encode(&self) -> Result<(String, &'static str), prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok((
            String::from_utf8_lossy(&text).into_owned(),
            "text/plain; version=0.0.4; charset=utf-8",
        ))
    }
}
