//! Prometheus metrics. Labels contain no data of users or filters.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// Metrics of one router.
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    limited: IntCounterVec,
    users: IntGauge,
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
            "Number of users of the configured tenant without deleted users",
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(limited.clone()))?;
        registry.register(Box::new(users.clone()))?;
        Ok(Self { registry, requests, seconds, limited, users })
    }

    /// Records a response.
    pub(super) fn record(&self, endpoint: &str, status: u16, time: Duration) {
        self.requests.with_label_values(&[endpoint, &status.to_string()]).inc();
        self.seconds.with_label_values(&[endpoint]).observe(time.as_secs_f64());
        if status == 429 {
            self.limited.with_label_values(&[endpoint]).inc();
        }
    }

    /// Returns the metrics in the Prometheus text format and its media type.
    pub(super) fn encode(
        &self,
        users: Option<u64>,
    ) -> Result<(String, &'static str), prometheus::Error> {
        if let Some(users) = users {
            self.users.set(i64::try_from(users).unwrap_or(i64::MAX));
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok((
            String::from_utf8_lossy(&text).into_owned(),
            "text/plain; version=0.0.4; charset=utf-8",
        ))
    }
}
