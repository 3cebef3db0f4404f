//! Errors of the API.
//!
//! A handler that fails returns a [`Problem`], which becomes a response without a body. The
//! middleware in `finish_response.rs` adds the body, since only it has the trace id and the
//! endpoint, which determines the JSON schema of the body.

use axum::body::Body;
use axum::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::fmt;

/// `retry-after` of a response for an unavailable store, in seconds.
const RETRY_SECONDS: u16 = 2;

/// ProblemKind of an error, with a stable code, a status and a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ProblemKind {
    Internal,
    BadRequest,
    BadFilter,
    Unauthorized,
    Forbidden,
    Conflict,
    NotFound,
    TooLarge,
    RateLimited,
    Unavailable,
    Method,
    MediaType,
    Timeout,
    PreconditionFailed,
    LastAdministrator,
}

impl ProblemKind {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Internal => "USERS-1",
            Self::BadRequest => "USERS-2",
            Self::BadFilter => "USERS-3",
            Self::Unauthorized => "USERS-4",
            Self::Forbidden => "USERS-5",
            Self::Conflict => "USERS-6",
            Self::NotFound => "USERS-7",
            Self::TooLarge => "USERS-8",
            Self::RateLimited => "USERS-9",
            Self::Unavailable => "USERS-10",
            Self::Method => "USERS-11",
            Self::MediaType => "USERS-12",
            Self::Timeout => "USERS-14",
            Self::PreconditionFailed => "USERS-15",
            Self::LastAdministrator => "USERS-16",
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadRequest | Self::BadFilter => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Conflict | Self::LastAdministrator => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Internal => "Internal error",
            Self::BadRequest => "Bad request",
            Self::BadFilter => "Bad filter",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::Conflict => "Conflict",
            Self::NotFound => "Not found",
            Self::TooLarge => "Payload too large",
            Self::RateLimited => "Too many requests",
            Self::Unavailable => "Service unavailable",
            Self::Method => "Method not allowed",
            Self::MediaType => "Unsupported media type",
            Self::Timeout => "Request timeout",
            Self::PreconditionFailed => "Precondition failed",
            Self::LastAdministrator => "Last administrator",
        }
    }

    /// Returns the kind for an error status that axum or a layer produced.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaType,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// Location of the cause in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// Name of a query parameter.
    Parameter(String),
}

/// Maximum number of error objects in a response, so that a short request cannot cause a long one.
pub(super) const MAX_ERRORS: usize = 1000;

/// One error object of a response.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ErrorObject {
    detail: Option<String>,
    source: Option<Source>,
    meta: Option<Value>,
}

impl ErrorObject {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::default() }
    }

    pub(super) fn pointer(detail: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { source: Some(Source::Pointer(pointer.into())), ..Self::new(detail) }
    }

    pub(super) fn meta(mut self, meta: Value) -> Self {
        self.meta = Some(meta);
        self
    }
}

/// The error response to a request: one or more errors of one kind.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    kind: ProblemKind,
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    errors: Vec<ErrorObject>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind) -> Self {
        Self::with_errors(kind, vec![ErrorObject::default()])
    }

    /// Creates a problem with one or more errors. Those beyond [`MAX_ERRORS`] are omitted.
    pub(super) fn with_errors(kind: ProblemKind, mut errors: Vec<ErrorObject>) -> Self {
        errors.truncate(MAX_ERRORS);
        let headers = match kind {
            ProblemKind::Unauthorized => {
                vec![(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))]
            }
            _ => Vec::new(),
        };
        Self {
            kind,
            status: kind.status(),
            code: kind.code(),
            title: kind.title(),
            errors,
            headers,
        }
    }

    /// Creates a problem for an invalid query parameter.
    pub(super) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest).because(detail).at(Source::Parameter(name.into()))
    }

    /// Creates a problem for an invalid value in the body.
    pub(super) fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest).because(detail).at(Source::Pointer(pointer.into()))
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest).because(detail)
    }

    /// Creates a problem for an internal error. The cause is logged and not disclosed to the
    /// caller.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(ProblemKind::Internal)
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        Self::new(ProblemKind::RateLimited)
            .because(format!("try again in {seconds} s"))
            .header(RETRY_AFTER, seconds.into())
    }

    /// Creates a problem for an unavailable store; the client may retry.
    pub(super) fn unavailable() -> Self {
        Self::new(ProblemKind::Unavailable)
            .because("the users cannot be reached now")
            .header(RETRY_AFTER, RETRY_SECONDS.into())
    }

    pub(super) fn method(allow: &'static str) -> Self {
        Self::new(ProblemKind::Method).header(ALLOW, HeaderValue::from_static(allow))
    }

    /// Creates the 207 response to a PATCH of which some operations failed.
    pub(super) fn partial(errors: Vec<ErrorObject>) -> Self {
        let status = StatusCode::MULTI_STATUS;
        Self {
            status,
            code: "USERS-13",
            title: "Operation failed",
            ..Self::with_errors(ProblemKind::BadRequest, errors)
        }
    }

    /// Creates the problem for an error status that axum or a layer produced.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let kind = ProblemKind::of_status(status);
        let title = if kind.status() == status {
            kind.title()
        } else {
            status.canonical_reason().unwrap_or(kind.title())
        };
        Self { status, title, ..Self::new(kind) }
    }

    /// Sets the detail of each error.
    pub(super) fn because(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.errors.iter_mut().for_each(|error| error.detail = Some(detail.clone()));
        self
    }

    /// Sets the source of each error.
    pub(super) fn at(mut self, source: Source) -> Self {
        self.errors.iter_mut().for_each(|error| error.source = Some(source.clone()));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Returns the status of each error: that of the response, or in a 207 that of the operation.
    fn error_status(&self) -> u16 {
        if self.status == StatusCode::MULTI_STATUS {
            self.kind.status().as_u16()
        } else {
            self.status.as_u16()
        }
    }

    /// Returns the body `{errors: [{code, title, detail?, source?, status, meta?}], traceId}`.
    pub(super) fn body(&self, trace: TraceId) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(|error| self.error_json(error)).collect();
        json!({ "errors": errors, "traceId": trace.to_string() })
    }

    fn error_json(&self, error: &ErrorObject) -> Value {
        let mut json = Map::new();
        json.insert("code".into(), self.code.into());
        json.insert("title".into(), self.title.into());
        if let Some(detail) = &error.detail {
            json.insert("detail".into(), detail.as_str().into());
        }
        match &error.source {
            Some(Source::Pointer(pointer)) => {
                drop(json.insert("source".into(), json!({ "pointer": pointer })))
            }
            Some(Source::Parameter(name)) => {
                drop(json.insert("source".into(), json!({ "parameter": name })))
            }
            None => {}
        }
        json.insert("status".into(), self.error_status().into());
        if let Some(meta) = &error.meta {
            json.insert("meta".into(), meta.clone());
        }
        Value::Object(json)
    }

    /// Returns the body of the invite endpoint, in which `code` is the status as a number.
    pub(super) fn invite_body(&self, trace: TraceId) -> Value {
        let error = |error: &ErrorObject| match &error.detail {
            Some(detail) => {
                json!({ "code": self.status.as_u16(), "title": self.title, "detail": detail })
            }
            None => json!({ "code": self.status.as_u16(), "title": self.title }),
        };
        json!({ "errors": self.errors.iter().map(error).collect::<Vec<_>>(), "traceId": trace.to_string() })
    }
}

/// Returns status and headers, with the problem as an extension for `finish_response.rs`.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

/// Maximum number of characters of the caller's input in a message.
const QUOTED_CHARS: usize = 100;

/// Returns a string of the caller in backticks for a message, shortened if it is long.
pub(super) fn quoted(string: &str) -> String {
    match string.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("`{}…`", string.get(..end).unwrap_or_default()),
        None => format!("`{string}`"),
    }
}

/// Identifies a response in the logs; printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceId(u128);

impl TraceId {
    /// Returns the trace id of `traceparent`
    /// ([W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header)), or a random
    /// one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(Self::parse_parent);
        given.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            // If the system has no random numbers, the id is zero; nothing depends on it.
            let _ = getrandom::fill(&mut bytes);
            Self(u128::from_be_bytes(bytes))
        })
    }

    /// Returns the id as the value of a header.
    pub(super) fn header(self) -> HeaderValue {
        // Hexadecimal digits are valid in a header.
        HeaderValue::from_str(&self.to_string()).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }

    fn parse_parent(parent: &str) -> Option<Self> {
        let hexadecimal = |value: &str, length: usize| {
            value.len() == length
                && value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let mut parts = parent.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let well_formed = hexadecimal(version, 2)
            && hexadecimal(trace, 32)
            && hexadecimal(span, 16)
            && hexadecimal(flags, 2);
        // Version `ff` and ids of zeros are invalid; versions after `00` may add parts.
        let valid = version != "ff"
            && (version != "00" || parts.next().is_none())
            && span.bytes().any(|byte| byte != b'0');
        match u128::from_str_radix(trace, 16) {
            Ok(id) if well_formed && valid && id != 0 => Some(Self(id)),
            _ => None,
        }
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::TraceId;

    #[test]
    fn only_valid_parents_give_trace_ids() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |parent: &str| TraceId::parse_parent(parent).map(|id| id.to_string());
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        assert_eq!(of(&format!("01-{id}-00f067aa0ba902b7-01-more")).as_deref(), Some(id));
        for bad in [
            format!("00-{id}-00f067aa0ba902b7-01-more"),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("00-{id}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            format!("00-{id}-00f067aa0ba902b7"),
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            String::new(),
        ] {
            assert_eq!(of(&bad), None, "{bad}");
        }
    }
}
