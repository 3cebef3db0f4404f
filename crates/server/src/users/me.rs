//! `GET /users/me` and `GET /users/metadata`.

use crate::app::{Access, App, answer};
use crate::problem::Problem;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use scieve_users::UserStore;
use serde_json::json;
use std::sync::Arc;

/// Where the caller's own user is. The path alone, so that clients stay on the host that they send their key to.
pub(super) async fn me<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.admit(&parts, Tier::One, Access::Anyone).await?;
    let mut location = app.links(&parts)?.user_path(&caller.user.id);
    if let Some(query) = parts.uri.query() {
        location = format!("{location}?{query}");
    }
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (LOCATION, location)];
    Ok((
        StatusCode::MOVED_PERMANENTLY,
        headers,
        "<!doctype html><title>Moved</title><p>Your user is elsewhere.",
    )
        .into_response())
}

/// The names of the system roles.
pub(super) async fn metadata<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.admit(&parts, Tier::One, Access::Anyone).await?;
    Ok(answer(
        StatusCode::OK,
        &json!({ "valid_roles": app.store.metadata(caller.tenant()).await? }),
    ))
}
