//! Deviations from RFC 7644 that the parser accepts.

/// A dialect of the filter language: each field accepts one deviation from RFC 7644.
///
/// An accepted deviation is reported by [`Filter::warnings`](crate::Filter::warnings) together with
/// the standard spelling. The default accepts none.
///
/// ```
/// use scieve::{Filter, Limits, Syntax};
///
/// let text = r#"emails[type eq "work"].value eq "bob@example.com""#;
/// assert!(Filter::parse(text).is_err());
///
/// let filter = Filter::parse_with(text, &Syntax::entra(), &Limits::default())?;
/// assert_eq!(filter.to_string(), r#"emails[type eq "work" and value eq "bob@example.com"]"#);
/// assert_eq!(filter.warnings().len(), 1);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Syntax {
    /// Parses `emails[type eq "work"].value eq "x"` as `emails[type eq "work" and value eq "x"]`.
    pub sub_attribute_after_brackets: bool,
    /// Parses `emails[type eq "work"] eq "x"` as `emails[type eq "work" and value eq "x"]`.
    pub operator_after_brackets: bool,
    /// Interprets `active eq "True"` on a Boolean attribute as `active eq true`.
    pub boolean_text: bool,
    /// Parses `active eq True` as `active eq true`.
    pub boolean_case: bool,
    /// Parses `title eq NULL` as `title eq null`.
    pub null_case: bool,
    /// Parses `urn:ietf:params:scim:schemas:core:2.0:User.title pr` with a colon instead of the dot
    /// after the URN. A URN of another form is recognised by the schema, or by a second dot.
    pub urn_dot: bool,
    /// Interprets `department pr` as an attribute of an extension if exactly one extension has it
    /// and the core schema does not.
    pub extension_without_urn: bool,
    /// Parses `userName eq 'x'` as `userName eq "x"`.
    pub single_quotes: bool,
    /// Parses `userName eq x` as `userName eq "x"`.
    pub unquoted_words: bool,
    /// Interprets `externalId eq 12345` on a string attribute as `externalId eq "12345"`.
    pub unquoted_literals: bool,
    /// In PATCH paths, parses `schemas eq "x"` as `schemas[value eq "x"]` and `emails.type eq "x"`
    /// as `emails[type eq "x"]` (RFC 7644 erratum 7122).
    pub comparison_as_path: bool,
    /// In PATCH requests, accepts `Add`, `REPLACE` and so on as the operation.
    pub patch_op_case: bool,
    /// In PATCH operations without a path, accepts paths such as `name.givenName` as the names of
    /// members of the value.
    pub patch_path_keys: bool,
    /// In PATCH requests, accepts a `remove` of `members` with the elements to remove as its value.
    pub patch_remove_value: bool,
    /// In PATCH requests, accepts `"x"` for `{"value": "x"}` and `["x"]` for `"x"`.
    pub patch_wrapped_values: bool,
    /// In PATCH requests, lets an `add` to `emails[type eq "work"].value` create the element.
    pub patch_new_elements: bool,
}

impl Syntax {
    /// RFC 7644 with its errata and no deviations.
    #[must_use]
    pub const fn rfc() -> Self {
        Self {
            sub_attribute_after_brackets: false,
            operator_after_brackets: false,
            boolean_text: false,
            boolean_case: false,
            null_case: false,
            urn_dot: false,
            extension_without_urn: false,
            single_quotes: false,
            unquoted_words: false,
            unquoted_literals: false,
            comparison_as_path: false,
            patch_op_case: false,
            patch_path_keys: false,
            patch_remove_value: false,
            patch_wrapped_values: false,
            patch_new_elements: false,
        }
    }

    /// RFC 7644 plus the deviations that Microsoft Entra ID sends.
    #[must_use]
    pub const fn entra() -> Self {
        Self {
            sub_attribute_after_brackets: true,
            operator_after_brackets: true,
            boolean_text: true,
            boolean_case: true,
            null_case: true,
            urn_dot: true,
            extension_without_urn: true,
            patch_op_case: true,
            patch_path_keys: true,
            patch_remove_value: true,
            patch_wrapped_values: true,
            patch_new_elements: true,
            ..Self::rfc()
        }
    }

    /// [`Syntax::entra`] plus strings in single quotes, strings without quotes, and comparisons as
    /// PATCH paths.
    #[must_use]
    pub const fn lenient() -> Self {
        Self {
            single_quotes: true,
            unquoted_words: true,
            unquoted_literals: true,
            comparison_as_path: true,
            ..Self::entra()
        }
    }

    /// Returns the dialect that accepts what either accepts.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self {
            sub_attribute_after_brackets: self.sub_attribute_after_brackets
                | other.sub_attribute_after_brackets,
            operator_after_brackets: self.operator_after_brackets | other.operator_after_brackets,
            boolean_text: self.boolean_text | other.boolean_text,
            boolean_case: self.boolean_case | other.boolean_case,
            null_case: self.null_case | other.null_case,
            urn_dot: self.urn_dot | other.urn_dot,
            extension_without_urn: self.extension_without_urn | other.extension_without_urn,
            single_quotes: self.single_quotes | other.single_quotes,
            unquoted_words: self.unquoted_words | other.unquoted_words,
            unquoted_literals: self.unquoted_literals | other.unquoted_literals,
            comparison_as_path: self.comparison_as_path | other.comparison_as_path,
            patch_op_case: self.patch_op_case | other.patch_op_case,
            patch_path_keys: self.patch_path_keys | other.patch_path_keys,
            patch_remove_value: self.patch_remove_value | other.patch_remove_value,
            patch_wrapped_values: self.patch_wrapped_values | other.patch_wrapped_values,
            patch_new_elements: self.patch_new_elements | other.patch_new_elements,
        }
    }

    /// Returns the preset with this name: `rfc`, `entra` or `lenient`.
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
