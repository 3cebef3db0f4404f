//! Bodies for the responses that hyper sends without the router.
//!
//! If the head of a request is too large or malformed, hyper sends a response without a body and
//! closes the connection; the router never sees the request. The documented body of errors is added
//! when the response is written.

use super::problem::{Problem, TraceId};
use axum::http::{HeaderMap, StatusCode};

/// Returns the response with a body if `response` is one of hyper: a complete
/// response with status 400, 414 or 431, an empty body, and the end of the connection.
pub(super) fn with_body(response: &[u8]) -> Option<Vec<u8>> {
    let rest = response.strip_prefix(b"HTTP/1.1 4")?;
    let head = std::str::from_utf8(rest.strip_suffix(b"\r\n\r\n")?).ok()?;
    let mut lines = head.split("\r\n");
    let (status, detail) = match lines.next()?.split(' ').next()? {
        "00" => (StatusCode::BAD_REQUEST, "the request is malformed"),
        "14" => (StatusCode::URI_TOO_LONG, "the request line is too long"),
        "31" => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too many or too large")
        }
        _ => return None,
    };
    let (mut empty, mut closing) = (false, false);
    for line in lines {
        match line.split_once(": ")? {
            ("content-length", "0") => empty = true,
            ("connection", "close") => closing = true,
            ("date", _) => {}
            _ => return None,
        }
    }
    if !(empty && closing) {
        return None;
    }
    let trace = TraceId::of(&HeaderMap::new());
    let body = Problem::of_status(status).because(detail).body(trace).to_string();
    Some(
        format!(
            "HTTP/1.1 {} {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             cache-control: no-store\r\ncontent-length: {}\r\n\r\n{body}",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            body.len(),
        )
        .into_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::with_body;

    #[test]
    fn only_responses_of_hyper_are_changed() {
        let of = |text: &str| with_body(text.as_bytes());
        let hyper = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
            content-length: 0\r\ndate: Sun, 29 Nov 2026 12:00:00 GMT\r\n\r\n";
        let changed = String::from_utf8(of(hyper).unwrap()).unwrap();
        assert!(changed.starts_with("HTTP/1.1 431 ") && changed.contains("traceId"), "{changed}");
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx: y\r\nconnection: close\r\n\r\n",
            hyper.trim_end(),
            "",
        ] {
            assert_eq!(of(other), None, "{other:?}");
        }
    }
}
