//! Diagnostics without the values of the filter.

use super::ast::Filter;
use super::path::PatchPath;
use crate::diagnostic::Diagnostics;
use crate::limits::Limits;
use crate::span::Span;
use crate::syntax::Syntax;

impl Diagnostics {
    /// Returns the diagnostics without any literal of the filter in `Display`, `Debug`, JSON and
    /// rendered text, for logs and metrics.
    ///
    /// Each diagnostic is [redacted](crate::Diagnostic::redacted). In the source, every character of
    /// a literal is replaced; of a source that is not a filter or path of the lenient dialect, every
    /// character. Characters keep their length, so that all spans and columns stay valid.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    ///
    /// let schema = Schema::new(None, [Attribute::new("active", AttributeType::Boolean)])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let errors = policy.parse(r#"active eq "secret""#).unwrap_err();
    /// assert_eq!(
    ///     errors.redacted().render(),
    ///     r#"error[wrong-type]: The JSON type of the comparison value does not fit the attribute's type
    ///  --> 1:11
    /// 1 | active eq ********
    ///   |           ^^^^^^^^
    /// "#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn redacted(&self) -> Self {
        self.redacted_with(redacted_source(self.source_text()))
    }
}

const LIMITS: Limits = Limits::HIGHEST;

fn redacted_source(source: &str) -> String {
    let spans = Filter::parse_with(source, &Syntax::lenient(), &LIMITS)
        .ok()
        .map(|filter| filter.literal_spans())
        // A path without brackets can be a misplaced literal.
        .or_else(|| path_literals(source).filter(|literals| !literals.is_empty()));
    masked(source, spans)
}

/// Returns the path of a PATCH operation with other characters, of the same length, instead of the
/// literals.
#[cfg(feature = "patch")]
pub(crate) fn redacted_path(path: &str) -> String {
    masked(path, path_literals(path))
}

fn path_literals(source: &str) -> Option<Vec<Span>> {
    let path = PatchPath::parse_with(source, &Syntax::lenient(), &LIMITS).ok()?;
    Some(path.filter().map(|_| path.tree().literal_spans()).unwrap_or_default())
}

/// Masks some spans of a source, or all of it.
fn masked(source: &str, spans: Option<Vec<Span>>) -> String {
    let mut masked = String::with_capacity(source.len());
    let mut end = 0;
    for span in spans.unwrap_or_else(|| vec![Span::new(0, source.len())]) {
        masked.push_str(source.get(end..span.start).unwrap_or(""));
        masked.extend(span.text(source).unwrap_or("").chars().map(mask));
        end = span.end;
    }
    masked.push_str(source.get(end..).unwrap_or(""));
    masked
}

/// Returns a character of the same length in UTF-8 and UTF-16.
fn mask(char: char) -> char {
    match (char, char.len_utf8()) {
        ('\n', _) => char,
        (_, 1) => '*',
        (_, 2) => '\u{b7}',
        (_, 3) => '\u{2022}',
        _ => '\u{1f518}',
    }
}
