//! The case sensitivity of string comparisons.

/// The case sensitivity of string comparisons (`caseExact`, RFC 7643 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseSensitivity {
    /// Strings are compared as stored, without normalisation.
    Exact,
    /// The fold keys of the strings are compared ([`fold_key`](super::fold_key)).
    Ignore,
}

impl CaseSensitivity {
    /// Selects the string to compare, and how: a stored fold key as it is, if case is ignored.
    pub(crate) fn select<'a>(self, text: &'a str, key: Option<&'a str>) -> (&'a str, Self) {
        match (self, key) {
            (Self::Ignore, Some(key)) => (key, Self::Exact),
            _ => (text, self),
        }
    }
}
