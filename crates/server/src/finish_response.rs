//! The last touch on every answer: error bodies, trace ids, headers, the log and the numbers.

use super::metrics::Metrics;
use super::problem::{Problem, TraceId};
use super::{body, request_smuggling};
use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Errors of this endpoint have a shape of their own.
const INVITE: &str = "/api/v1/users/actions/invite";

/// Runs the handler and completes what it answers. A body may take so long.
pub(super) async fn complete(
    State((metrics, patience)): State<(Arc<Metrics>, Duration)>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let trace = TraceId::of(request.headers());
    let (head, invite) = (request.method() == Method::HEAD, request.uri().path() == INVITE);
    let endpoint = endpoint(&request);
    let expects = request.headers().contains_key(EXPECT);
    let mut response = match request_smuggling::check(&request) {
        Ok(()) => next.run(body::keep(request, patience)).await,
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        None if status.is_client_error() || status.is_server_error() => {
            Some(Problem::foreign(status))
        }
        problem => problem,
    };
    if let Some(problem) = problem {
        let body = if invite { problem.invite_body(trace) } else { problem.body(trace) };
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body.to_string());
        if expects {
            // The body may never come, and what comes instead would be taken for it.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if head {
        if let Some(length) = response.body().size_hint().exact().filter(|length| *length > 0) {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Body::empty();
    }
    let time = start.elapsed();
    metrics.answered(endpoint.as_ref().map_or("none", |endpoint| endpoint), status.as_u16(), time);
    let endpoint = endpoint.as_deref().unwrap_or("none");
    tracing::info!(endpoint, status = status.as_u16(), micros = time.as_micros(), %trace, "answered");
    response
}

/// The method and the route, `GET /api/v1/users/{userId}`: what was asked for, without anything of whom. Methods that nobody knows are
/// one.
fn endpoint(request: &Request) -> Option<String> {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PATCH,
        Method::DELETE,
        Method::PUT,
        Method::OPTIONS,
    ];
    let method =
        known.iter().find(|known| *known == request.method()).map_or("other", Method::as_str);
    request.extensions().get::<MatchedPath>().map(|path| format!("{method} {}", path.as_str()))
}

/// What stands for a handler that panicked.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal("a handler panicked").into_response()
}
