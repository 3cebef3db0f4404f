//! `POST /users/actions/invite`.

use crate::app::{Access, App, JSON, json_response};
use crate::problem::Problem;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::{Invitee, UserStore};
use serde_json::json;
use std::sync::Arc;

/// Invites people by their e-mail addresses, with a result for each.
pub(super) async fn invite<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Write, Access::Administrators).await?;
    let body = app
        .json(&parts, body, JSON)
        .await?
        .ok_or_else(|| Problem::pointer("", "expected an object"))?;
    let invitees = Invitee::parse_all(&body)?;
    let data = app.store.invite(caller.tenant(), &invitees, &*app.mailer).await?;
    Ok(json_response(StatusCode::MULTI_STATUS, &json!({ "data": data })))
}
