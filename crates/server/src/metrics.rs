//! What the server counts, for Prometheus. No label holds anything of a user or a filter.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// The numbers of one router.
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    limited: IntCounterVec,
    users: IntGauge,
}

/// Upper bounds of the times, in seconds.
const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Metrics {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests =
            Opts::new("scieve_http_requests_total", "Requests answered, by endpoint and status");
        let requests = IntCounterVec::new(requests, &["endpoint", "status"])?;
        let seconds =
            HistogramOpts::new("scieve_http_request_seconds", "Time to answer, by endpoint")
                .buckets(SECONDS.to_vec());
        let seconds = HistogramVec::new(seconds, &["endpoint"])?;
        let limited = IntCounterVec::new(
            Opts::new(
                "scieve_http_rate_limited_total",
                "Requests refused for their number, by endpoint",
            ),
            &["endpoint"],
        )?;
        let users = IntGauge::new(
            "scieve_users",
            "Users of the configured tenant, the deleted not counted",
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(limited.clone()))?;
        registry.register(Box::new(users.clone()))?;
        Ok(Self { registry, requests, seconds, limited, users })
    }

    /// Counts an answer.
    pub(super) fn answered(&self, endpoint: &str, status: u16, time: Duration) {
        self.requests.with_label_values(&[endpoint, &status.to_string()]).inc();
        self.seconds.with_label_values(&[endpoint]).observe(time.as_secs_f64());
        if status == 429 {
            self.limited.with_label_values(&[endpoint]).inc();
        }
    }

    /// The numbers as text, and its media type.
    pub(super) fn text(
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
