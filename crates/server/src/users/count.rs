//! `GET /users/actions/count`.

use crate::app::{Access, App, json_response};
use crate::problem::{Problem, ProblemKind};
use crate::query::Parameters;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::UserStore;
use serde_json::json;
use std::sync::Arc;

/// Counts the users of the tenant. Deleted users are not included.
pub(super) async fn count<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Administrators).await?;
    let parameters = Parameters::parse(parts.uri.query())?;
    parameters.reject_resembling(["tenantId"])?;
    parameters.reject_filter("the count has no filter: list users with `totalResults=true`")?;
    let tenant = parameters.get("tenantId").filter(|tenant| !tenant.is_empty());
    if tenant.is_some_and(|tenant| tenant != caller.tenant()) {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let total = app.store.count(caller.tenant()).await?;
    Ok(json_response(StatusCode::OK, &json!({ "total": total })))
}
