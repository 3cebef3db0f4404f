//! `GET`, `PATCH` and `DELETE /users/{userId}`.

use crate::app::{Access, App, JSON_PATCH, json_response};
use crate::identity::forbidden;
use crate::precondition::{entity_tag, if_match};
use crate::problem::{ErrorObject, Problem, ProblemKind};
use crate::query::{Fields, Parameters};
use crate::rate_limit::Tier;
use crate::view::View;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use scieve_users::{Operation, UserStore};
use serde_json::Value;
use std::sync::Arc;

/// Paths that callers other than administrators may patch, of their own user only.
const OWN_PATHS: &[&str] = &["/preferredzoneinfo", "/preferredlocale"];

/// Returns a user.
pub(super) async fn get<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Read, Access::Anyone).await?;
    let parameters = Parameters::parse(parts.uri.query())?;
    parameters.reject_resembling(["fields"])?;
    let user = app.store.get(caller.tenant(), &user_id(&parts)?).await?;
    let (links, fields) = (&app.links(&parts)?, &Fields::parse(&parameters));
    let view = View { caller: &caller, links, fields, invite_expiry: app.invite_expiry };
    let mut response = json_response(StatusCode::OK, &view.user(&user));
    // The entity tag is a hash of the whole user: with it, hidden roles could be guessed.
    if caller.sees_access_of(&user) {
        response.headers_mut().insert(ETAG, entity_tag(&user));
    }
    Ok(response)
}

/// Changes a user.
pub(super) async fn patch<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Write, Access::Anyone).await?;
    let id = user_id(&parts);
    if !caller.administrator && !id.as_ref().is_ok_and(|id| *id == caller.id) {
        return Err(forbidden());
    }
    let precondition = if_match(&parts.headers)?;
    let body = app.json(&parts, body, JSON_PATCH).await?;
    let Some(body @ Value::Array(_)) = body else {
        return Err(Problem::pointer("", "expected an array of operations"));
    };
    let id = id?;
    if !caller.administrator && !only_own(&body) {
        return Err(forbidden());
    }
    let patched = match Operation::parse_all(&body) {
        Ok(operations) => {
            app.store.patch_if(caller.tenant(), &id, &operations, &precondition).await?
        }
        // A missing user takes precedence over invalid operations.
        Err(error) => {
            return Err(app.store.get(caller.tenant(), &id).await.err().unwrap_or(error).into());
        }
    };
    let mut response = if patched.failures.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let errors = patched
            .failures
            .into_iter()
            .map(|failure| ErrorObject::pointer(failure.message, failure.pointer));
        Problem::partial(errors.collect()).into_response()
    };
    response.headers_mut().insert(ETAG, entity_tag(&patched.user));
    Ok(response)
}

/// Deletes a user.
pub(super) async fn delete<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Write, Access::Administrators).await?;
    let id = user_id(&parts)?;
    if id == caller.id {
        return Err(Problem::bad_request("a key cannot delete the user that it acts as"));
    }
    app.store.delete_if(caller.tenant(), &id, &if_match(&parts.headers)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Returns the last segment of the path, decoded. A segment that is not UTF-8 or contains U+0000 is
/// not the id of any user.
fn user_id(request: &Parts) -> Result<String, Problem> {
    let segment = request.uri.path().rsplit('/').next().unwrap_or_default();
    let id = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| Problem::new(ProblemKind::NotFound))?;
    if id.contains('\0') { Err(Problem::new(ProblemKind::NotFound)) } else { Ok(id.into_owned()) }
}

/// Returns whether all operations have a path of [`OWN_PATHS`]. Operations without a path are
/// rejected later.
fn only_own(operations: &Value) -> bool {
    let paths = operations
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|operation| operation.get("path")?.as_str());
    paths.into_iter().all(|path| {
        OWN_PATHS.iter().any(|own| own.eq_ignore_ascii_case(path.trim_end_matches(" (Deprecated)")))
    })
}
