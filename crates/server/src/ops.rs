//! Endpoints for operators: `/healthz` and `/metrics`. They require no key.

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

pub(super) fn routes<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new().route("/healthz", get(health::<S>)).route("/metrics", get(metrics::<S>))
}

/// Reports whether the store is available, by the cheapest query that every store supports: a get
/// of a user that does not exist.
async fn health<S: UserStore>(State(app): State<Arc<App<S>>>) -> Result<Response, Problem> {
    match app.store.get(&app.tenant, "").await {
        Ok(_) | Err(StoreError::NotFound) => {
            Ok(json_response(StatusCode::OK, &json!({ "status": "ok" })))
        }
        Err(error) => Err(error.into()),
    }
}

async fn metrics<S: UserStore>(State(app): State<Arc<App<S>>>) -> Result<Response, Problem> {
    let users = app.store.count(&app.tenant).await.ok();
    let (text, media_type) = app.metrics.encode(users).map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, media_type)], text).into_response())
}
