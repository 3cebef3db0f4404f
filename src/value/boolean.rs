//! Booleans in strings.

/// Parses `true` or `false`, ignoring case.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    [true, false]
        .into_iter()
        .find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}
