//! Endpoints for operators: probes and metrics. They require no key.

use super::app::{App, json_response};
use super::problem::Problem;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use scieve_users::{StoreError, UserStore};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Maximum time of a readiness probe.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn probes<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready::<S>))
        .route("/healthz", get(ready::<S>))
}

pub(super) fn metrics<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new().route("/metrics", get(encoded_metrics::<S>))
}

fn ok() -> Response {
    json_response(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Reports that the process serves requests, independently of the store.
async fn live() -> Response {
    ok()
}

/// Reports whether the store can read and write. Requests that only read may succeed although it
/// cannot.
async fn ready<S: UserStore>(State(app): State<Arc<App<S>>>) -> Result<Response, Problem> {
    app.must_be_available(&app.tenant)?;
    let checked = tokio::time::timeout(READY_TIMEOUT, app.store.check_ready()).await;
    checked.unwrap_or(Err(StoreError::Unavailable))?;
    Ok(ok())
}

async fn encoded_metrics<S: UserStore>(
    State(app): State<Arc<App<S>>>,
) -> Result<Response, Problem> {
    app.refresh_user_count().await;
    app.metrics.observe_store(app.availability.is_available(&app.tenant), app.store.connections());
    let (text, media_type) = app.metrics.encode().map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, media_type)], text).into_response())
}
