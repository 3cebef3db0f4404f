//! Entity tags of users and the header `If-Match` (RFC 9110 sections 8.8.3 and 13.1.1).

use super::problem::Problem;
use axum::http::header::{HeaderMap, HeaderValue, IF_MATCH};
use scieve_users::{Precondition, User};

/// Returns the entity tag of a user, which changes with every change of the user.
pub(super) fn entity_tag(user: &User) -> HeaderValue {
    // A version consists of hexadecimal digits, which are valid in a header.
    HeaderValue::from_str(&format!("\"{}\"", user.version()))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Parses `If-Match`. Weak entity tags never match.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Precondition, Problem> {
    if !headers.contains_key(IF_MATCH) {
        return Ok(Precondition::None);
    }
    let invalid = || Problem::bad_request("expected entity tags in quotes or `*` in `if-match`");
    let mut versions = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let mut rest = value.to_str().map_err(|_| invalid())?.trim();
        if rest == "*" && headers.get_all(IF_MATCH).iter().count() == 1 {
            return Ok(Precondition::None);
        }
        loop {
            let (weak, tag) = match rest.strip_prefix("W/") {
                Some(tag) => (true, tag),
                None => (false, rest),
            };
            let (tag, after) =
                tag.strip_prefix('"').and_then(|tag| tag.split_once('"')).ok_or_else(invalid)?;
            if !weak {
                versions.push(tag.to_owned());
            }
            rest = match after.trim_start() {
                "" => break,
                after => after.strip_prefix(',').ok_or_else(invalid)?.trim_start(),
            };
        }
    }
    Ok(Precondition::Version(versions))
}

#[cfg(test)]
mod tests {
    use super::if_match;
    use axum::http::{HeaderMap, header::IF_MATCH};
    use scieve_users::Precondition;

    #[test]
    fn entity_tags_are_parsed() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IF_MATCH, value.parse().unwrap());
            }
            if_match(&headers).ok()
        };
        let versions = |versions: &[&str]| {
            Some(Precondition::Version(versions.iter().map(|&version| version.into()).collect()))
        };
        assert_eq!(of(&[]), Some(Precondition::None));
        assert_eq!(of(&["*"]), Some(Precondition::None));
        assert_eq!(of(&["\"a\""]), versions(&["a"]));
        assert_eq!(of(&["\"a\" , W/\"b\",\"c,d\""]), versions(&["a", "c,d"]));
        assert_eq!(of(&["\"a\"", "\"b\""]), versions(&["a", "b"]));
        assert_eq!(of(&["W/\"a\""]), versions(&[]));
        for bad in [&["a"] as &[_], &["\"a"], &["\"a\","], &[""], &["*", "*"], &["\"a\" \"b\""]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
