//! Which deviations from RFC 7644 a reader accepts.

/// The dialect: each field is one deviation from the grammar of RFC 7644 that is accepted, with a warning that holds the
/// RFC's way of writing the same. All are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Syntax {
    /// `emails[type eq "work"].value eq "x"`, read as `emails[type eq "work" and value eq "x"]`.
    pub sub_attribute_after_brackets: bool,
    /// `emails[type eq "work"] eq "x"`, read as `emails[type eq "work" and value eq "x"]`.
    pub operator_after_brackets: bool,
    /// `active eq "True"` for a Boolean attribute, read as `active eq true`.
    pub boolean_text: bool,
    /// `active eq True`, read as `active eq true`.
    pub boolean_case: bool,
    /// `userName eq 'x'`, read as `userName eq "x"`.
    pub single_quotes: bool,
    /// `userName eq x`, read as `userName eq "x"`.
    pub unquoted_words: bool,
}

impl Syntax {
    /// RFC 7644 with its errata, nothing else.
    #[must_use]
    pub const fn rfc() -> Self {
        Self {
            sub_attribute_after_brackets: false,
            operator_after_brackets: false,
            boolean_text: false,
            boolean_case: false,
            single_quotes: false,
            unquoted_words: false,
        }
    }

    /// What Microsoft Entra ID sends besides.
    #[must_use]
    pub const fn entra() -> Self {
        Self {
            sub_attribute_after_brackets: true,
            operator_after_brackets: true,
            boolean_text: true,
            boolean_case: true,
            ..Self::rfc()
        }
    }

    /// [`Syntax::entra`], and strings in single quotes or without any.
    #[must_use]
    pub const fn lenient() -> Self {
        Self { single_quotes: true, unquoted_words: true, ..Self::entra() }
    }

    /// The preset of that name: `rfc`, `entra` or `lenient`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "rfc" => Some(Self::rfc()),
            "entra" => Some(Self::entra()),
            "lenient" => Some(Self::lenient()),
            _ => None,
        }
    }
}
