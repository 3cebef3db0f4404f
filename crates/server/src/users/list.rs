//! `GET /users` and `POST /users/actions/filter`.

use super::paging::{Ask, page};
use crate::app::{Access, App, JSON};
use crate::problem::{Problem, Source};
use crate::query::{CheckedFilter, Listing, Parameters};
use crate::rate_limit::Tier;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use scieve_users::UserStore;
use serde_json::Value;
use std::sync::Arc;

/// The users, or those that a filter describes.
pub(super) async fn list<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.admit(&parts, Tier::One, Access::Anyone).await?;
    let parameters = &Parameters::read(parts.uri.query())?;
    let listing = Listing::of_list(parameters, caller.policy())?;
    let links = &app.links(&parts)?;
    page(&app, Ask { caller: &caller, links, parameters, listing, ids_are_cursors: false }).await
}

/// The users that the filter in the body describes.
pub(super) async fn filter<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    filtered(&app, &parts, Some(body)).await
}

/// A page behind a link of the filter action; the cursor holds the filter.
pub(super) async fn filter_page<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let paged = Parameters::read(parts.uri.query())
        .is_ok_and(|parameters| parameters.get("next").or(parameters.get("prev")).is_some());
    if !paged {
        return Err(Problem::method("POST").because("without a cursor this is asked for with POST"));
    }
    filtered(&app, &parts, None).await
}

async fn filtered<S: UserStore>(
    app: &App<S>,
    parts: &Parts,
    body: Option<Body>,
) -> Result<Response, Problem> {
    let caller = app.admit(parts, Tier::Special, Access::Administrators).await?;
    let body = match body {
        Some(body) => app.json(parts, body, JSON).await?,
        None => None,
    };
    let parameters = &Parameters::read(parts.uri.query())?;
    let mut listing = Listing::of_action(parameters)?;
    listing.filter = match body {
        None => None,
        Some(Value::Object(members)) => match members.get("filter") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(CheckedFilter::parse(
                text,
                caller.policy(),
                Source::Pointer("/filter".into()),
            )?),
            Some(_) => return Err(Problem::pointer("/filter", "expected a string")),
        },
        Some(_) => return Err(Problem::pointer("", "expected an object")),
    };
    let links = &app.links(parts)?;
    page(app, Ask { caller: &caller, links, parameters, listing, ids_are_cursors: true }).await
}
