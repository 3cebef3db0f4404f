//! Tests on one value, with the results that they have to have.

use super::model::ModelValue;
use super::search::{Budget, Verdict};
use crate::plan::Test;
use crate::schema::Attribute;

/// A test and the result that it has to have.
pub(super) type Literal<'a> = (&'a Test, bool);

/// The tests on a value of one attribute.
pub(super) struct ValueTests<'c> {
    pub(super) attribute: &'c Attribute,
    pub(super) literals: &'c [Literal<'c>],
    pub(super) budget: &'c mut Budget,
}

impl ValueTests<'_> {
    /// Returns the first candidate for which each test has the required result.
    pub(super) fn first(
        &mut self,
        candidates: impl Iterator<Item = ModelValue>,
    ) -> Verdict<ModelValue> {
        let steps = u32::try_from(1 + self.literals.len() / 8).unwrap_or(u32::MAX);
        for candidate in candidates {
            if !self.budget.take(steps) {
                return Verdict::Unknown;
            }
            if self.accepts(&candidate) {
                return Verdict::Satisfiable(candidate);
            }
        }
        Verdict::Unsatisfiable
    }

    pub(super) fn accepts(&self, candidate: &ModelValue) -> bool {
        self.literals.iter().all(|(test, positive)| candidate.passes(test) == *positive)
    }
}
