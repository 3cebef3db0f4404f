//! From what was written to what it means, by a policy.

use crate::diagnostic::Diagnostics;
use crate::filter::Filter;
use crate::plan::Plan;
use crate::policy::Policy;

impl<R: ?Sized> Policy<R> {
    /// Proves a filter legal, or says everything that is wrong with it.
    ///
    /// # Errors
    /// All that the policy refuses in the filter, in the order of the text.
    pub fn check(&self, filter: &Filter) -> Result<Plan<R>, Diagnostics> {
        let _ = filter;
        Err(Diagnostics::new("", Vec::new()))
    }
}
