//! Bodies of requests: within their limits, of the right type, and JSON.

use super::problem::{Kind, Problem};
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

/// Bytes of a refused request that are read and dropped, so that the caller can send all of it and read the answer.
const DROPPED_BYTES: u64 = 64 << 20;

/// How large a body may be, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// The bytes of the body.
pub(super) async fn read(
    body: Body,
    headers: &HeaderMap,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(Kind::TooLarge).because(format!("a body has {} bytes at most", limits.bytes))
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.bytes) {
        return Err(too_large());
    }
    let limited = http_body_util::Limited::new(body, limits.bytes);
    match tokio::time::timeout(limits.time, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request("the body breaks off")),
        Err(_) => Err(Problem::new(Kind::Timeout).because("the body took too long")),
    }
}

/// The body as JSON of one of these types; `None` where it is empty.
pub(super) fn json(
    bytes: &Bytes,
    headers: &HeaderMap,
    types: &[&str],
) -> Result<Option<Value>, Problem> {
    let expecting = |what: &str| Problem::new(Kind::MediaType).because(format!("expected {what}"));
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(expecting("a body without content encoding"));
    }
    if let Some(given) = headers.get(CONTENT_TYPE) {
        let essence = given.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim();
        if !essence.is_empty() && !types.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
            return Err(expecting(&types.join(" or ")));
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(bytes)
        .map(Some)
        .map_err(|error| Problem::pointer("", format!("the body is no JSON: {error}")))
}

/// The request with a body that is read to its end, within bounds, even where the handler leaves it. After `time` it is not: who
/// was too slow for the handler is for this too.
pub(super) fn keep(request: Request<Body>, time: Duration) -> Request<Body> {
    // Who waits for `100 Continue` sends nothing after a refusal.
    if request.headers().contains_key(EXPECT) || request.body().is_end_stream() {
        return request;
    }
    request.map(|body| Body::new(Kept { body: Some(body), until: Instant::now() + time }))
}

struct Kept {
    body: Option<Body>,
    until: Instant,
}

impl http_body::Body for Kept {
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

impl Drop for Kept {
    fn drop(&mut self) {
        if let (Some(body), Ok(runtime)) = (
            self.body.take().filter(|body| !body.is_end_stream()),
            tokio::runtime::Handle::try_current(),
        ) {
            runtime.spawn(tokio::time::timeout_at(self.until, discard(body)));
        }
    }
}

async fn discard(mut body: Body) {
    let mut left = DROPPED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        if left == 0 {
            break;
        }
    }
}
