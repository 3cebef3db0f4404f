//! Identification of a request in logs and responses.

use super::problem::TraceId;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::{Arc, OnceLock};

/// Request id of the client or a proxy, which the response repeats.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Trace id of the response, which its error body and the log contain.
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Maximum length of a request id.
const MAX_BYTES: usize = 128;

/// Returns the request id of the client if it consists of letters, digits, `-`, `_`, `.`, `:`, `/`,
/// `+` and `=` only, which keep a line of the log intact; otherwise the trace id.
pub(super) fn request_id(headers: &HeaderMap, trace: TraceId) -> HeaderValue {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    headers
        .get(REQUEST_ID)
        .filter(|id| (1..=MAX_BYTES).contains(&id.len()) && id.as_bytes().iter().all(allowed))
        .cloned()
        .unwrap_or_else(|| trace.header())
}

/// The id of the authenticated user of a request, for the log. It is an extension of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerSlot(Arc<OnceLock<String>>);

impl CallerSlot {
    pub(super) fn set(&self, user_id: &str) {
        // A request has one caller.
        let _ = self.0.set(user_id.to_owned());
    }

    /// Returns the id of the user, or `-` without an authenticated user.
    pub(super) fn user_id(&self) -> &str {
        self.0.get().map_or("-", String::as_str)
    }
}
