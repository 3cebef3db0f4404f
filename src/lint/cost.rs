//! Advice on comparisons that read many records.

use super::Linter;
use crate::diagnostic::{Code, Diagnostic};
use crate::operator::Operator;

/// Length of the strings that trigram indexes store, in characters.
const TRIGRAM: usize = 3;

pub(super) fn run<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    for at in &linter.clauses {
        let Some(needle) = at.string().filter(|needle| !needle.is_empty()) else { continue };
        let operator = at.clause.operator();
        // A policy gives a higher weight to what no index answers.
        let weighs_more = || {
            let rule = at.attribute.and_then(|attribute| linter.policy.rule(attribute.id()));
            rule.is_some_and(|rule| rule.weights.of(operator) > rule.weights.eq)
        };
        let (code, message, help) = match operator {
            Operator::Co if needle.chars().count() < TRIGRAM => (
                Code::ShortNeedle,
                "a trigram index cannot find fewer than three characters",
                "search for three or more characters",
            ),
            Operator::Co if weighs_more() => (
                Code::CoScan,
                "`co` compares every record unless there is a trigram index",
                "`eq` and `sw` can use an ordinary index",
            ),
            Operator::Ew => (
                Code::EwScan,
                "`ew` compares every record unless there is a trigram index",
                "`eq` and `sw` can use an ordinary index",
            ),
            _ => continue,
        };
        list.push(Diagnostic::new(code, at.test_span(), message).with_help(help));
    }
}
