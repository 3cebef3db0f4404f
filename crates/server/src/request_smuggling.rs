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

/// Finds a repeated `Content-Length` in the bytes that a client sends.
///
/// hyper accepts several `Content-Length` headers with the same value and hides all but the first,
/// so [`reject_ambiguous`] cannot reject them. This scanner counts lines that start with
/// `Content-Length:` since the last empty line. It does not distinguish heads from bodies: no head
/// escapes it, and a JSON body has no such lines, as strings in JSON contain no line ends.
#[derive(Debug, Default)]
pub(super) struct RepeatedLength {
    /// Number of lengths since the last empty line.
    lengths: usize,
    /// Number of bytes of the current line that were scanned while it could be a length.
    matched: usize,
    state: LineState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum LineState {
    /// All bytes so far match the name.
    #[default]
    Name,
    /// The name is complete; only whitespace followed.
    Whitespace,
    /// The line is not a length, or its colon was found.
    Other,
}

impl RepeatedLength {
    const NAME: &[u8] = b"content-length";

    /// Returns the index of the colon after the second length.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match (self.state, byte) {
                (state, b'\n') => {
                    if state == LineState::Name && self.matched == 0 {
                        self.lengths = 0;
                    }
                    (self.state, self.matched) = (LineState::Name, 0);
                }
                // The line is empty if only a line feed follows.
                (LineState::Name, b'\r') if self.matched == 0 => {}
                (LineState::Name, byte)
                    if Self::NAME.get(self.matched) == Some(&byte.to_ascii_lowercase()) =>
                {
                    self.matched += 1;
                    if self.matched == Self::NAME.len() {
                        self.state = LineState::Whitespace;
                    }
                }
                (LineState::Whitespace, b' ' | b'\t') => {}
                (LineState::Whitespace, b':') => {
                    self.lengths += 1;
                    if self.lengths > 1 {
                        return Some(at);
                    }
                    self.state = LineState::Other;
                }
                _ => {
                    self.state = LineState::Other;
                    // Skip to the end of the line.
                    let rest = bytes.get(at..).unwrap_or_default();
                    at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    continue;
                }
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::RepeatedLength;

    #[test]
    fn repeated_lengths_are_found_however_the_bytes_are_split() {
        let found = |text: &str| {
            let whole = RepeatedLength::default().find(text.as_bytes());
            let mut by_byte = RepeatedLength::default();
            let position = text.bytes().position(|byte| by_byte.find(&[byte]).is_some());
            assert_eq!(whole, position, "{text:?}");
            whole.is_some()
        };
        for bad in [
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\ncontent-length:1\nHost: a\nCONTENT-LENGTH :1\n\n",
            "a\r\n\r\n{}POST / HTTP/1.1\r\nContent-Length: 1\r\nX: y\r\nContent-Length: 1\r\n",
        ] {
            assert!(found(bad), "{bad:?}");
        }
        for good in [
            "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nxPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Content-Length: 1\r\nContent-Length: 1\r\nContent-Lengths: 1\r\n",
            "GET / HTTP/1.1\r\nA: Content-Length: 1\r\nB: Content-Length: 1\r\n content-length: 1\r\n",
        ] {
            assert!(!found(good), "{good:?}");
        }
    }
}
