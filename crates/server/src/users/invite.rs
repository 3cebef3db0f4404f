//! `GET /users/actions/count` and `POST /users/actions/invite`.

use crate::app::{Access, App, JSON, answer};
use crate::problem::{Kind, Problem};
use crate::query::Parameters;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::{Invitee, UserStore};
use serde_json::json;
use std::sync::Arc;

/// How many users the tenant has.
pub(super) async fn count<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.admit(&parts, Tier::One, Access::Administrators).await?;
    let parameters = Parameters::read(parts.uri.query())?;
    if parameters.get("tenantId").is_some_and(|tenant| tenant != caller.tenant()) {
        return Err(Problem::new(Kind::NotFound));
    }
    let total = app.store.count(caller.tenant()).await?;
    Ok(answer(StatusCode::OK, &json!({ "total": total })))
}

/// Invites people by their e-mail addresses.
pub(super) async fn invite<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = app.admit(&parts, Tier::Two, Access::Administrators).await?;
    let body = app
        .json(&parts, body, JSON)
        .await?
        .ok_or_else(|| Problem::pointer("", "expected an object"))?;
    let invitees = Invitee::parse_all(&body)?;
    let data = app.store.invite(caller.tenant(), &invitees, &*app.mailer).await?;
    Ok(answer(StatusCode::MULTI_STATUS, &json!({ "data": data })))
}
