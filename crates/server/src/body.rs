//! Request bodies: size and time limits, media types, JSON.

use super::problem::{Problem, ProblemKind};
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, Request};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of bytes to drain from the body of a rejected request.
const DRAIN_BYTES: u64 = 64 << 20;

/// Limits on the size and the transfer time of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// Reads the body.
pub(super) async fn read(
    body: Body,
    headers: &HeaderMap,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(ProblemKind::TooLarge)
            .because(format!("expected a body of no more than {} bytes", limits.bytes))
    };
    // Reject by the declared length first, so that no byte of a body that is too large is buffered.
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limits.bytes) {
        return Err(too_large());
    }
    let limited = http_body_util::Limited::new(body, limits.bytes);
    match tokio::time::timeout(limits.time, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request("the body is incomplete")),
        Err(_) => Err(Problem::new(ProblemKind::Timeout).because("the body took too long")),
    }
}

/// Parses the body as JSON of one of the media types; `None` if it is empty. A missing
/// `content-type` is accepted.
pub(super) fn json(
    bytes: &Bytes,
    headers: &HeaderMap,
    media_types: &[&str],
) -> Result<Option<Value>, Problem> {
    let unsupported = |expected: &str| {
        Problem::new(ProblemKind::MediaType).because(format!("expected {expected}"))
    };
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(unsupported("a body without content encoding"));
    }
    if let Some(value) = headers.get(CONTENT_TYPE) {
        let essence = value.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim();
        if !essence.is_empty()
            && !media_types.iter().any(|known| known.eq_ignore_ascii_case(essence))
        {
            return Err(unsupported(&media_types.join(" or ")));
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(bytes)
        .map(Some)
        .map_err(|error| Problem::pointer("", format!("the body is not valid JSON: {error}")))
}

/// Wraps the body so that what the handler leaves unread is drained in the background, until
/// `timeout` after the request.
///
/// If the server closed the connection with unread data in its receive buffer, TCP would send a
/// reset, and a client that is still sending could lose the response (RFC 9112 section 9.6).
pub(super) fn drain_on_drop(request: Request<Body>, timeout: Duration) -> Request<Body> {
    // A client that waits for `100 Continue` sends no body after an error response.
    if request.headers().contains_key(EXPECT) || request.body().is_end_stream() {
        return request;
    }
    let deadline = Instant::now() + timeout;
    request.map(|body| Body::new(DrainOnDrop { body: Some(body), deadline }))
}

struct DrainOnDrop {
    body: Option<Body>,
    deadline: Instant,
}

impl http_body::Body for DrainOnDrop {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        if let (Some(body), Ok(runtime)) = (
            self.body.take().filter(|body| !body.is_end_stream()),
            tokio::runtime::Handle::try_current(),
        ) {
            runtime.spawn(tokio::time::timeout_at(self.deadline, drain(body)));
        }
    }
}

async fn drain(mut body: Body) {
    let mut left = DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        if left == 0 {
            break;
        }
    }
}
