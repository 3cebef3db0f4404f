//! The outermost middleware: error bodies, trace ids, headers, access log and metrics of every
//! response, including those that axum or another layer produced.

use super::body;
use super::metrics::Metrics;
use super::problem::{Problem, TraceId};
use super::request_id::{CallerSlot, REQUEST_ID, TRACE_ID, request_id};
use super::request_smuggling::reject_ambiguous;
use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The endpoint whose errors have another JSON schema (see [`Problem::invite_body`]).
const INVITE: &str = "/api/v1/users/actions/invite";

/// Limits of a request that apply before its handler runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLimits {
    /// Maximum size of the request line and the headers in bytes.
    pub(super) head_bytes: usize,
    /// Maximum time that an unread request body is drained for.
    pub(super) body_timeout: Duration,
}

impl RequestLimits {
    /// Rejects a head that is too large. hyper has the same limit, but compares only incomplete
    /// heads with it: one that arrives in a few large packets may be larger.
    fn check(self, request: &Request) -> Result<(), Problem> {
        // The separators: two spaces and `HTTP/1.1` in the first line, `: `, and line ends.
        let line = request.method().as_str().len()
            + request.uri().path().len()
            + request.uri().query().map_or(0, |query| query.len() + 1)
            + 12;
        let header =
            |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
        let headers: usize = request.headers().iter().map(header).sum();
        match line + headers + 2 > self.head_bytes {
            true => Err(Problem::of_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
                .because(format!("expected a head of no more than {} bytes", self.head_bytes))
                .header(CONNECTION, HeaderValue::from_static("close"))),
            false => Ok(()),
        }
    }
}

/// Runs the handler and finishes its response.
pub(super) async fn finish(
    State((metrics, limits)): State<(Arc<Metrics>, RequestLimits)>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let _in_flight = metrics.in_flight();
    let caller = CallerSlot::default();
    request.extensions_mut().insert(caller.clone());
    let trace = TraceId::of(request.headers());
    let request_id = request_id(request.headers(), trace);
    let (is_head, is_invite) = (request.method() == Method::HEAD, request.uri().path() == INVITE);
    let endpoint = endpoint(&request);
    let expects_continue = request.headers().contains_key(EXPECT);
    let accepted = limits.check(&request).and_then(|()| reject_ambiguous(&request));
    let mut response = match accepted {
        Ok(()) => next.run(body::drain_on_drop(request, limits.body_timeout)).await,
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        None if status.is_client_error() || status.is_server_error() => {
            Some(Problem::of_status(status))
        }
        problem => problem,
    };
    if let Some(problem) = problem {
        let body = if is_invite { problem.invite_body(trace) } else { problem.body(trace) };
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body.to_string());
        if expects_continue {
            // A client that waited for `100 Continue` may omit the body after an error. The next
            // bytes on the connection are then the next request and must not be read as the body.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(TRACE_ID, trace.header());
    response.headers_mut().insert(REQUEST_ID, request_id.clone());
    if is_head {
        if let Some(length) = response.body().size_hint().exact().filter(|length| *length > 0) {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Body::empty();
    }
    let time = start.elapsed();
    let endpoint = endpoint.as_deref().unwrap_or("none");
    metrics.record(endpoint, status.as_u16(), time);
    tracing::info!(
        endpoint,
        status = status.as_u16(),
        micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        caller = caller.user_id(),
        request_id = request_id.to_str().unwrap_or("-"),
        %trace,
        "answered"
    );
    response
}

/// Returns the method and the route, such as `GET /api/v1/users/{userId}`, as a label for the log
/// and the metrics. The label contains no personal data, and as unknown methods become `other`, the
/// number of labels is bounded.
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

/// Returns the response for a handler that panicked.
pub(super) fn on_panic(_: Box<dyn Any + Send>) -> Response {
    Problem::internal("a handler panicked").into_response()
}
