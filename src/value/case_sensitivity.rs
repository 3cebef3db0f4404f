//! The rules of string comparisons.

use super::fold::fold_key;
use super::username::username_key;
use std::borrow::Cow;

/// The rule of string comparisons: `caseExact` (RFC 7643 section 2.2), or a PRECIS profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub enum CaseSensitivity {
    /// Strings are compared as stored, without normalisation.
    Exact,
    /// The fold keys of the strings are compared ([`fold_key`]).
    Ignore,
    /// The strings are compared as user names, by the mappings of the PRECIS profile
    /// UsernameCaseMapped ([`username_key`]; RFC 7644 sections 5 and 7.8).
    UsernameCaseMapped,
}

impl CaseSensitivity {
    /// Returns the key by which a string is compared: the string itself with
    /// [`CaseSensitivity::Exact`].
    #[must_use]
    pub fn key(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::Ignore => fold_key(text),
            Self::UsernameCaseMapped => username_key(text),
        }
    }

    /// Selects the string to compare, and how: a stored key as it is, if there is one.
    pub(crate) fn select<'a>(self, text: &'a str, key: Option<&'a str>) -> (&'a str, Self) {
        match (self, key) {
            (Self::Ignore | Self::UsernameCaseMapped, Some(key)) => (key, Self::Exact),
            _ => (text, self),
        }
    }
}
