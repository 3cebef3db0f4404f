//! Limits on the filter as a whole.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::filter::{Filter, Path};
use crate::limits::Limits;
use crate::schema::AttributeId;
use crate::span::Span;

/// Number of comparisons of each attribute with a maximum, and the path that first exceeded it.
pub(super) type Comparisons = Vec<(AttributeId, usize, Span)>;

const HELP: &str = "split the filter into several queries";

/// Returns an error for each limit that the filter exceeds.
///
/// The parser enforces limits too, but those of the policy can be lower.
#[inline]
pub(super) fn check(filter: &Filter, limits: &Limits) -> Result<(), Diagnostics> {
    let usage = filter.usage();
    let is_within = filter.source_text().len() <= limits.bytes
        && usage.depth <= limits.depth
        && usage.clauses <= limits.clauses
        && usage.connective_levels <= limits.connective_levels;
    if is_within { Ok(()) } else { Err(exceeded(filter, limits)) }
}

#[cold]
fn exceeded(filter: &Filter, limits: &Limits) -> Diagnostics {
    let usage = filter.usage();
    let bytes = filter.source_text().len();
    let rows = [
        (Code::TooLong, bytes, limits.bytes, "bytes"),
        (Code::TooDeep, usage.depth, limits.depth, "levels of nesting"),
        (Code::TooManyClauses, usage.clauses, limits.clauses, "clauses"),
        (
            Code::TooManyConnectiveLevels,
            usage.connective_levels,
            limits.connective_levels,
            "levels on which `and` and `or` alternate",
        ),
    ];
    let exceeded = rows.into_iter().filter(|(_, found, limit, _)| found > limit);
    let diagnostics = exceeded
        .map(|(code, found, limit, unit)| {
            let message = format!("{found} {unit}, more than the {limit} allowed");
            Diagnostic::new(code, Span::new(0, bytes.min(1)), message).with_help(HELP)
        })
        .collect();
    Diagnostics::new(filter.source_text(), diagnostics)
}

impl<R: ?Sized> Checker<'_, '_, R> {
    /// Counts one comparison of an attribute with a maximum.
    pub(super) fn count_comparison(&mut self, id: AttributeId, max: usize, path: Path<'_>) {
        match self.comparisons.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, count, first_excess)) => {
                *count += 1;
                if *count == max + 1 {
                    *first_excess = path.span();
                }
            }
            None => self.comparisons.push((id, 1, path.span())),
        }
    }

    /// Reports each attribute that the filter compares more often than its rule allows.
    pub(super) fn check_comparison_counts(&mut self) {
        for &(id, count, first_excess) in &self.comparisons {
            let max = self.policy.rule(id).and_then(|rule| rule.max_count);
            let (Some(max), Some(attribute)) = (max, self.schema.attribute(id)) else { continue };
            if count > max {
                let message =
                    format!("{count} comparisons of `{attribute}`, more than the {max} allowed");
                let diagnostic = Diagnostic::new(Code::TooManyComparisons, first_excess, message)
                    .with_label("first comparison above the maximum");
                self.diagnostics.push(diagnostic.with_help(HELP));
            }
        }
    }
}
