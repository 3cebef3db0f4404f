//! `GET /users/metadata`.

use crate::app::{Access, App, json_response};
use crate::problem::Problem;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::UserStore;
use serde_json::json;
use std::sync::Arc;

/// Returns the names of the system roles.
pub(super) async fn metadata<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Anyone).await?;
    let roles = app.store.metadata(caller.tenant()).await?;
    Ok(json_response(StatusCode::OK, &json!({ "valid_roles": roles })))
}
