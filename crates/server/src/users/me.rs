//! `GET /users/me`.

use crate::app::{Access, App};
use crate::problem::Problem;
use crate::rate_limit::Tier;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use scieve_users::UserStore;
use std::sync::Arc;

/// Redirects to the user of the caller.
///
/// `Location` is a path: clients drop the `authorization` header if a redirect leads to another
/// origin.
pub(super) async fn me<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Anyone).await?;
    let mut location = app.links(&parts)?.user_path(&caller.id);
    if let Some(query) = parts.uri.query() {
        location = format!("{location}?{query}");
    }
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (LOCATION, location)];
    Ok((
        StatusCode::MOVED_PERMANENTLY,
        headers,
        "<!doctype html><title>Moved</title><p>See the Location header.",
    )
        .into_response())
}
