//! Absolute links to users and pages, with the origin and path prefix that the client uses.

use super::problem::Problem;
use super::query::Parameters;
use axum::extract::OriginalUri;
use axum::http::header::{FORWARDED, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use scieve_users::Direction;
use std::collections::HashSet;

/// Path of the users relative to the path that the router is mounted at.
pub(super) const USERS: &str = "/api/v1/users";

/// Every character except the unreserved ones (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Configured base URL of links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicUrl {
    /// Scheme and authority.
    origin: String,
    /// Path without a trailing slash.
    prefix: String,
}

impl PublicUrl {
    pub(super) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str().and_then(scheme)?;
        let host = uri.authority().map(Authority::as_str).filter(|host| is_host(host))?;
        let prefix = uri.path().trim_end_matches('/');
        (uri.query().is_none() && !url.contains('#'))
            .then(|| Self { origin: format!("{scheme}://{host}"), prefix: prefix.to_owned() })
    }
}

/// Builds the links of one response.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// Scheme and authority.
    origin: String,
    /// Path before `/api/v1/users`, without a trailing slash.
    prefix: String,
    /// Path of the request from `/api/v1/users` onwards.
    path: String,
}

impl Links {
    /// Derives the links of the response from the request.
    ///
    /// Scheme and host are those of the configured URL, otherwise of `Forwarded`, otherwise of
    /// `X-Forwarded-Proto` and `X-Forwarded-Host`, otherwise `http` and the host of the request.
    /// `X-Forwarded-Prefix` is the path that a proxy has removed. Invalid hosts and prefixes are
    /// never copied into links.
    pub(super) fn of(request: &Parts, public: Option<&PublicUrl>) -> Result<Self, Problem> {
        let uri =
            request.extensions.get::<OriginalUri>().map_or(&request.uri, |original| &original.0);
        let (prefix, path) = match uri.path().rfind(USERS) {
            Some(at) => uri.path().split_at_checked(at).unwrap_or(("", uri.path())),
            None => ("", uri.path()),
        };
        let path = path.to_owned();
        if let Some(PublicUrl { origin, prefix }) = public {
            return Ok(Self { origin: origin.clone(), prefix: prefix.clone(), path });
        }
        let headers = &request.headers;
        let (proto, forwarded_host) = if headers.contains_key(FORWARDED) {
            (forwarded(headers, "proto"), forwarded(headers, "host"))
        } else {
            let first = |name| first_value(headers, name);
            (first("x-forwarded-proto"), first("x-forwarded-host"))
        };
        let scheme = proto.and_then(scheme).or(uri.scheme_str().and_then(scheme)).unwrap_or("http");
        let host = match forwarded_host.filter(|host| is_host(host)) {
            Some(host) => host,
            None => host(uri, headers)?,
        };
        let outer =
            first_value(headers, "x-forwarded-prefix").map(|path| path.trim_end_matches('/'));
        let outer = outer.filter(|path| is_prefix(path)).unwrap_or_default();
        Ok(Self { origin: format!("{scheme}://{host}"), prefix: format!("{outer}{prefix}"), path })
    }

    /// Returns the path of a user, for the `Location` of a redirect.
    pub(super) fn user_path(&self, id: &str) -> String {
        format!("{}{USERS}/{}", self.prefix, encode(id))
    }

    /// Returns the URL of a user.
    pub(super) fn user(&self, id: &str) -> String {
        self.origin.clone() + &self.user_path(id)
    }

    /// Returns the URL of the request itself.
    pub(super) fn current(&self, parameters: &Parameters) -> String {
        self.with(parameters.iter())
    }

    /// Returns the URL of another page: all parameters of the request, including unknown ones, then
    /// the cursor, as some clients take everything after `next=` as the cursor.
    pub(super) fn page(
        &self,
        parameters: &Parameters,
        direction: Direction,
        cursor: &str,
    ) -> String {
        let mut seen = HashSet::from(["next", "prev"]);
        let kept = parameters.iter().filter(|(name, _)| seen.insert(name));
        let name = match direction {
            Direction::Next => "next",
            Direction::Previous => "prev",
        };
        self.with(kept.chain([(name, cursor)]))
    }

    fn with<'a>(&self, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let mut url = format!("{}{}{}", self.origin, self.prefix, self.path);
        for (index, (name, value)) in parameters.enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.extend(utf8_percent_encode(name, ENCODED));
            url.push('=');
            url.extend(utf8_percent_encode(value, ENCODED));
        }
        url
    }
}

fn encode(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

/// Returns the first value of a comma-separated header, which the proxy next to the client added.
fn first_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim)
}

/// Returns a parameter of the first element of `Forwarded` (RFC 7239 section 4).
fn forwarded<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = first_value(headers, FORWARDED.as_str())?.split(';');
    pairs.filter_map(|pair| pair.trim().split_once('=')).find_map(|(key, value)| {
        let value =
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Returns whether the value is an absolute path of plain characters, without `//`, which could
/// begin a host, and without segments of dots.
fn is_prefix(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    path.len() <= 255
        && path.strip_prefix('/').is_some_and(|path| {
            path.split('/').all(|segment| {
                !segment.is_empty()
                    && segment.chars().all(plain)
                    && !segment.chars().all(|c| c == '.')
            })
        })
}

/// Returns whether a string is the serialisation of an origin (RFC 6454 section 6.2) as browsers
/// send it.
pub(super) fn is_origin(value: &str) -> bool {
    let Some((scheme, host)) = value.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    is_host(host)
        && !host.ends_with(default_port)
        && !host.contains(|c: char| c.is_ascii_uppercase())
}

fn scheme(value: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| scheme.eq_ignore_ascii_case(value))
}

/// Returns the host of the request target, otherwise that of the `Host` header (RFC 9112 section
/// 3.2.2).
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
    if let Some(authority) = uri.authority().map(Authority::as_str).filter(|host| is_host(host)) {
        return Ok(authority);
    }
    let mut hosts = headers.get_all(HOST).iter();
    let bad = || Problem::bad_request("expected one valid `host` header");
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok("localhost"),
        (Some(host), None) => host.to_str().ok().filter(|host| is_host(host)).ok_or_else(bad),
        _ => Err(bad()),
    }
}

/// Returns whether the value is a host name, an IPv4 address or an IPv6 address in brackets, with
/// an optional port. User information and characters that could end a host in a URL are rejected.
pub(super) fn is_host(value: &str) -> bool {
    let (host, rest) = match value.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("", rest),
            _ => return false,
        },
        None => match value.find(':') {
            Some(colon) => value.split_at_checked(colon).unwrap_or((value, "")),
            None => (value, ""),
        },
    };
    let named = value.starts_with('[')
        || !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let port = rest.is_empty()
        || rest
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    named && port && value.len() <= 255
}

#[cfg(test)]
mod tests {
    use super::{PublicUrl, is_host, is_origin, is_prefix};

    #[test]
    fn hosts_are_validated() {
        for good in ["a", "A-b.c_d:8080", "127.0.0.1:0", "[::1]", "[2001:db8::1]:443"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "", ":80", "a:", "a:+1", "a:65536", "a b", "a/b", "a@b", "a?b", "a#b", "a\"b", "é",
            "[::1", "[::1]a", "[a]", "a:b:1",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
        assert!(!is_host(&"a".repeat(256)));
    }

    #[test]
    fn origins_and_prefixes_are_validated() {
        for good in ["https://a.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "a.example",
            "https://",
            "https://a/",
            "https://a/x",
            "ftp://a",
            "https://A.example",
            "https://a:443",
            "http://a:80",
            "https://a b",
            "https://u@a",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
        for good in ["/a", "/a/b-c_d.e~f"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in ["", "/", "a", "//a", "/a//b", "/../a", "/a?b", "/a#b", "/a b", "/%2e", "/a/"] {
            assert!(!is_prefix(bad), "{bad}");
        }
    }

    #[test]
    fn public_urls_are_parsed() {
        let parts = |url| PublicUrl::parse(url).map(|url| (url.origin, url.prefix));
        let is = |origin: &str, prefix: &str| Some((origin.to_owned(), prefix.to_owned()));
        assert_eq!(parts("https://a.example"), is("https://a.example", ""));
        assert_eq!(parts("HTTP://a.example:80/x/y/"), is("http://a.example:80", "/x/y"));
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://a.example?x",
            "https://a.example/#x",
            "https://u:p@a.example",
            "/x",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
