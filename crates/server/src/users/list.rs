//! `GET /users` and `POST /users/actions/filter`.

use super::paging::{PageRequest, page};
use crate::app::{Access, App, JSON};
use crate::parameter_names::reject_resembling;
use crate::problem::{Problem, Source};
use crate::query::{CheckedFilter, ListParameters, Parameters};
use crate::rate_limit::Tier;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use scieve_users::UserStore;
use serde_json::Value;
use std::sync::Arc;

/// Lists the users of the tenant, or those that match a filter.
pub(super) async fn list<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Anyone).await?;
    let parameters = &Parameters::parse(parts.uri.query())?;
    let list = ListParameters::of_list(parameters, caller.policy())?;
    let links = &app.links(&parts)?;
    page(&app, PageRequest { caller: &caller, links, parameters, list, ids_are_cursors: false })
        .await
}

/// Lists the users that match the filter in the body.
pub(super) async fn filter<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    filtered(&app, &parts, Some(body)).await
}

/// Returns a further page of the filter action for clients that follow its links with GET. The
/// cursor contains the filter.
pub(super) async fn filter_page<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let paged = Parameters::parse(parts.uri.query())
        .is_ok_and(|parameters| parameters.get("next").or(parameters.get("prev")).is_some());
    if !paged {
        return Err(
            Problem::method("POST").because("expected POST, or a cursor in `next` or `prev`")
        );
    }
    filtered(&app, &parts, None).await
}

/// Returns the JSON pointer to a member of the body (RFC 6901 section 3).
fn pointer(member: &str) -> String {
    format!("/{}", member.replace('~', "~0").replace('/', "~1"))
}

async fn filtered<S: UserStore>(
    app: &App<S>,
    parts: &Parts,
    body: Option<Body>,
) -> Result<Response, Problem> {
    let caller = app.authenticate(parts, Tier::Filter, Access::Administrators).await?;
    let body = match body {
        Some(body) => app.json(parts, body, JSON).await?,
        None => None,
    };
    let parameters = &Parameters::parse(parts.uri.query())?;
    let mut list = ListParameters::of_action(parameters)?;
    list.filter = match body {
        None => None,
        Some(Value::Object(members)) => {
            let names = members.keys().map(String::as_str);
            reject_resembling(names, ["filter"].into_iter(), |name, detail| {
                Problem::pointer(pointer(name), detail)
            })?;
            match members.get("filter") {
                None | Some(Value::Null) => None,
                Some(Value::String(filter)) => Some(CheckedFilter::parse(
                    filter,
                    caller.policy(),
                    Source::Pointer("/filter".into()),
                )?),
                Some(_) => return Err(Problem::pointer("/filter", "expected a string")),
            }
        }
        Some(_) => return Err(Problem::pointer("", "expected an object")),
    };
    let links = &app.links(parts)?;
    page(app, PageRequest { caller: &caller, links, parameters, list, ids_are_cursors: true }).await
}
