//! What went wrong, as the users API says it.
//!
//! A handler that fails answers with a [`Problem`]. Its body is written last of all, by `answer.rs`, which knows the trace id and
//! which of the two shapes the endpoint has.

use axum::body::Body;
use axum::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::fmt;

/// Seconds after which to try again what the store could not do.
const RETRY_SECONDS: u16 = 2;

/// What kind of failure it is: a stable code, a status and a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
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
}

impl Kind {
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
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadRequest | Self::BadFilter => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Conflict => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
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
        }
    }

    /// What stands for a status that axum or a layer answered with by itself.
    pub(super) fn of(status: StatusCode) -> Self {
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

/// Where the cause stands in what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A JSON pointer into the body.
    Pointer(String),
    /// A query parameter.
    Parameter(String),
}

/// Errors of one answer, at most.
pub(super) const FAULTS: usize = 1000;

/// One error of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fault {
    detail: Option<String>,
    source: Option<Source>,
    meta: Option<Value>,
}

impl Fault {
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

/// Why a request is not answered as it wished: one error or several of one kind.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    kind: Kind,
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(kind: Kind) -> Self {
        Self::of(kind, vec![Fault::default()])
    }

    /// Several errors, at least one. Those beyond the first thousand are not told, lest a short request have a long answer.
    pub(super) fn of(kind: Kind, mut faults: Vec<Fault>) -> Self {
        faults.truncate(FAULTS);
        let headers = match kind {
            Kind::Unauthorized => vec![(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))],
            _ => Vec::new(),
        };
        Self {
            kind,
            status: kind.status(),
            code: kind.code(),
            title: kind.title(),
            faults,
            headers,
        }
    }

    /// A bad value of a query parameter.
    pub(super) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest).because(detail).at(Source::Parameter(name.into()))
    }

    /// A bad value in the body.
    pub(super) fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest).because(detail).at(Source::Pointer(pointer.into()))
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest).because(detail)
    }

    /// A failure that is no fault of the caller. What happened goes to the log, not to the caller.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(Kind::Internal)
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        Self::new(Kind::RateLimited)
            .because(format!("try again in {seconds} s"))
            .header(RETRY_AFTER, seconds.into())
    }

    /// The store cannot be reached now. A server of its own asks again by itself; so may the caller.
    pub(super) fn unavailable() -> Self {
        Self::new(Kind::Unavailable)
            .because("the users cannot be reached now")
            .header(RETRY_AFTER, RETRY_SECONDS.into())
    }

    pub(super) fn method(allow: &'static str) -> Self {
        Self::new(Kind::Method).header(ALLOW, HeaderValue::from_static(allow))
    }

    /// Operations of a PATCH that could not be applied, beside others that were.
    pub(super) fn partial(faults: Vec<Fault>) -> Self {
        let status = StatusCode::MULTI_STATUS;
        Self {
            status,
            code: "USERS-13",
            title: "Operation failed",
            ..Self::of(Kind::BadRequest, faults)
        }
    }

    /// A failure that a layer or axum answered with: the status and the headers stay.
    pub(super) fn foreign(status: StatusCode) -> Self {
        let kind = Kind::of(status);
        let title = if kind.status() == status {
            kind.title()
        } else {
            status.canonical_reason().unwrap_or(kind.title())
        };
        Self { status, title, ..Self::new(kind) }
    }

    pub(super) fn because(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.faults.iter_mut().for_each(|fault| fault.detail = Some(detail.clone()));
        self
    }

    pub(super) fn at(mut self, source: Source) -> Self {
        self.faults.iter_mut().for_each(|fault| fault.source = Some(source.clone()));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What the status of each error is: that of the answer, but for what failed beside others that did not.
    fn fault_status(&self) -> u16 {
        if self.status == StatusCode::MULTI_STATUS {
            self.kind.status().as_u16()
        } else {
            self.status.as_u16()
        }
    }

    /// `{errors: [{code, title, detail?, source?, status, meta?}], traceId}`.
    pub(super) fn body(&self, trace: TraceId) -> Value {
        let errors: Vec<Value> = self.faults.iter().map(|fault| self.error(fault)).collect();
        json!({ "errors": errors, "traceId": trace.to_string() })
    }

    fn error(&self, fault: &Fault) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.code.into());
        error.insert("title".into(), self.title.into());
        if let Some(detail) = &fault.detail {
            error.insert("detail".into(), detail.as_str().into());
        }
        match &fault.source {
            Some(Source::Pointer(pointer)) => {
                drop(error.insert("source".into(), json!({ "pointer": pointer })))
            }
            Some(Source::Parameter(name)) => {
                drop(error.insert("source".into(), json!({ "parameter": name })))
            }
            None => {}
        }
        error.insert("status".into(), self.fault_status().into());
        if let Some(meta) = &fault.meta {
            error.insert("meta".into(), meta.clone());
        }
        Value::Object(error)
    }

    /// The shape of the invite endpoint: `code` is a number, the status.
    pub(super) fn invite_body(&self, trace: TraceId) -> Value {
        let error = |fault: &Fault| match &fault.detail {
            Some(detail) => {
                json!({ "code": self.status.as_u16(), "title": self.title, "detail": detail })
            }
            None => json!({ "code": self.status.as_u16(), "title": self.title }),
        };
        json!({ "errors": self.faults.iter().map(error).collect::<Vec<_>>(), "traceId": trace.to_string() })
    }
}

/// Status and headers, with the problem as an extension; the body comes later.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

/// By what an answer can be found in the logs: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceId(u128);

impl TraceId {
    /// That of the caller's `traceparent` (W3C Trace Context), or a fresh one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(Self::of_parent);
        given.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            // Without random numbers the id is all zeros, and the answer none the worse.
            let _ = getrandom::fill(&mut bytes);
            Self(u128::from_be_bytes(bytes))
        })
    }

    fn of_parent(parent: &str) -> Option<Self> {
        let hexadecimal = |text: &str, length: usize| {
            text.len() == length
                && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let mut parts = parent.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let shaped = hexadecimal(version, 2)
            && hexadecimal(trace, 32)
            && hexadecimal(span, 16)
            && hexadecimal(flags, 2);
        // Later versions may add parts; `ff` is no version, and ids of zeros are none.
        let known = version != "ff"
            && (version != "00" || parts.next().is_none())
            && span.bytes().any(|byte| byte != b'0');
        match u128::from_str_radix(trace, 16) {
            Ok(id) if shaped && known && id != 0 => Some(Self(id)),
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
    fn trace_ids_come_from_valid_parents_only() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |parent: &str| TraceId::of_parent(parent).map(|id| id.to_string());
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
