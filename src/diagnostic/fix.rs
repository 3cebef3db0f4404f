//! Corrections of the source that a diagnostic offers.

use crate::span::Span;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The confidence that a fix is what the author meant, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// The meaning is the same, or no other meaning is possible.
    Safe,
    /// A guess, or a filter with another meaning. A person has to confirm it.
    Unsafe,
    /// The text contains placeholders, which a person has to fill in.
    Placeholders,
}

impl Safety {
    /// Returns `safe`, `unsafe` or `placeholders`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Placeholders => "placeholders",
        }
    }
}

/// A correction of the source, which a program can apply.
///
/// ```
/// use scieve::{Filter, Limits, Safety, Syntax};
///
/// let filter = Filter::parse_with("userName eq 'bob'", &Syntax::lenient(), &Limits::default())?;
/// let fix = &filter.warnings()[0].fixes()[0];
/// assert_eq!((fix.safety, fix.message.as_ref()), (Safety::Safe, "write `\"bob\"`"));
/// assert_eq!(fix.apply(filter.source_text()), r#"userName eq "bob""#);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// An instruction in the imperative, on one line.
    pub message: Cow<'static, str>,
    /// The confidence in the fix.
    pub safety: Safety,
    /// The spans to replace, in the order of the source and without overlaps, each with its text.
    pub edits: Vec<(Span, String)>,
}

impl Fix {
    pub(crate) fn new(
        safety: Safety,
        message: impl Into<Cow<'static, str>>,
        edits: Vec<(Span, String)>,
    ) -> Self {
        Self { message: message.into(), safety, edits }
    }

    /// Returns the source with this fix applied.
    #[must_use]
    pub fn apply(&self, source: &str) -> String {
        apply_edits(source, self.edits.iter().map(|(span, text)| (*span, text.as_str())))
    }

    /// Returns the smallest span that contains all edits.
    pub(crate) fn span(&self) -> Span {
        let spans = self.edits.iter().map(|(span, _)| *span);
        spans.reduce(Span::to).unwrap_or_default()
    }
}

/// Replaces the spans of sorted edits that do not overlap.
pub(crate) fn apply_edits<'e>(
    source: &str,
    edits: impl IntoIterator<Item = (Span, &'e str)>,
) -> String {
    let mut out = String::with_capacity(source.len());
    let mut end = 0;
    for (span, text) in edits {
        out.push_str(source.get(end..span.start).unwrap_or(""));
        out.push_str(text);
        end = span.end;
    }
    out.push_str(source.get(end..).unwrap_or(""));
    out
}

/// Applies fixes together. Returns the text, and the fixes that were left out because they overlap
/// another one. Of two such fixes, the one with the larger extent is applied.
pub(crate) fn apply_all<'f>(
    source: &str,
    fixes: impl Iterator<Item = &'f Fix>,
) -> (String, Vec<&'f Fix>) {
    let mut fixes: Vec<&Fix> = fixes.collect();
    fixes.sort_by_key(|fix| {
        let Span { start, end } = fix.span();
        (std::cmp::Reverse(end - start), start)
    });
    // Disjoint, so that a span can overlap only the last one that starts before its end.
    let mut edits: BTreeMap<Span, &str> = BTreeMap::new();
    let mut skipped = Vec::new();
    for fix in fixes {
        let is_done = |(span, text): &(Span, String)| edits.get(span) == Some(&text.as_str());
        let overlaps = |(span, _): &(Span, String)| {
            let before = edits.range(..Span::new(span.end, 0)).next_back();
            edits.contains_key(span) || before.is_some_and(|(other, _)| other.end > span.start)
        };
        if fix.edits.iter().all(is_done) {
            continue;
        }
        if fix.edits.iter().any(overlaps) {
            skipped.push(fix);
        } else {
            edits.extend(fix.edits.iter().map(|(span, text)| (*span, text.as_str())));
        }
    }
    (apply_edits(source, edits), skipped)
}

#[cfg(test)]
mod tests {
    use super::{Fix, Safety, apply_all};
    use crate::span::Span;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edits =
            edits.iter().map(|(start, end, text)| (Span::new(*start, *end), (*text).into()));
        Fix::new(Safety::Safe, "", edits.collect())
    }

    #[test]
    fn fixes_inside_others_are_applied_and_overlapping_ones_left_out() {
        let around = fix(&[(0, 0, "<"), (6, 6, ">")]);
        let inside = fix(&[(2, 4, "__")]);
        let crossing = fix(&[(3, 5, "!")]);
        let adjacent = fix(&[(4, 5, "e")]);
        let fixes = [&inside, &around, &crossing, &adjacent, &inside];
        let (text, skipped) = apply_all("abcdEf", fixes.into_iter());
        assert_eq!((text.as_str(), skipped), ("<ab__ef>", vec![&crossing]));
    }

    #[test]
    fn the_larger_fix_wins() {
        let (small, large) = (fix(&[(1, 2, "x")]), fix(&[(0, 3, "y")]));
        let (text, skipped) = apply_all("abc", [&small, &large].into_iter());
        assert_eq!((text.as_str(), skipped), ("y", vec![&small]));
    }
}
