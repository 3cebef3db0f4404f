//! `GET /users/metadata`.

use crate::app::{Access, App, json_response};
use crate::problem::Problem;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use scieve_users::UserStore;
use serde_json::json;
use std::sync::Arc;

/// The header of RFC 9745, with the time at which the endpoint became deprecated.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// 2025-01-01T00:00:00Z, when the mirrored API no longer documented the endpoint.
const DEPRECATED_SINCE: &str = "@1735689600";

/// Returns the names of the system roles.
pub(super) async fn metadata<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Anyone).await?;
    let roles = app.store.metadata(caller.tenant()).await?;
    let mut response = json_response(StatusCode::OK, &json!({ "valid_roles": roles }));
    response.headers_mut().insert(DEPRECATION, HeaderValue::from_static(DEPRECATED_SINCE));
    Ok(response)
}
