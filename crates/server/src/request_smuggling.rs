//! Heads of requests: what another server could read otherwise is not looked at.

use super::links::is_host;
use super::problem::Problem;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Request, Version};

/// Refuses a request of which a proxy may think that it ends elsewhere or is for another host (RFC 9112 sections 3.2, 6.1 and 6.3).
/// The connection ends with it.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    let fault = if !framed(headers) {
        "expected a length, or `transfer-encoding: chunked`"
    } else if !addressed(
        headers,
        request.version() == Version::HTTP_11 && request.uri().authority().is_none(),
    ) {
        "expected one valid `host` header"
    } else {
        return Ok(());
    };
    Err(Problem::bad_request(fault).header(CONNECTION, HeaderValue::from_static("close")))
}

fn framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => headers.get_all(CONTENT_LENGTH).iter().count() <= 1,
        (Some(coding), None) => {
            coding.as_bytes().eq_ignore_ascii_case(b"chunked")
                && !headers.contains_key(CONTENT_LENGTH)
        }
        _ => false,
    }
}

fn addressed(headers: &HeaderMap, must: bool) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => !must,
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        _ => false,
    }
}
