//! Rejection of requests that enable request smuggling (RFC 9112 section 11.2).
//!
//! If a proxy and this server disagree about the end of a request or about its host, an attacker
//! can hide a second request in the body of the first, or address a host that the proxy did not
//! check. Requests with more than one possible reading are therefore rejected, including those that
//! RFC 9112 section 6.3 permits a recipient to repair.

use super::links::is_host;
use super::problem::Problem;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Request, Version};

/// Rejects a request with ambiguous framing (RFC 9112 sections 6.1 and 6.3) or an ambiguous host
/// (section 3.2), and closes the connection after the response.
pub(super) fn reject_ambiguous<B>(request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    let host_required =
        request.version() == Version::HTTP_11 && request.uri().authority().is_none();
    let detail = if !has_one_length(headers) {
        "expected a length, or `transfer-encoding: chunked`"
    } else if !has_one_host(headers, host_required) {
        "expected one valid `host` header"
    } else {
        return Ok(());
    };
    Err(Problem::bad_request(detail).header(CONNECTION, HeaderValue::from_static("close")))
}

/// Returns whether the body is framed by `chunked` alone, by one `content-length`, or is absent.
fn has_one_length(headers: &HeaderMap) -> bool {
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

fn has_one_host(headers: &HeaderMap, required: bool) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => !required,
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        _ => false,
    }
}
