//! Compares literals with the canonical values of their attribute.

use super::Checker;
use crate::diagnostic::{Arguments, Code, Diagnostic, quoted};
use crate::policy::UnknownValues;
use crate::schema::{Attribute, AttributeId};
use crate::span::Span;
use crate::suggest;

impl<R: ?Sized> Checker<'_, '_, R> {
    /// Reports a literal that is not one of the canonical values, if the policy says so. Returns
    /// `None` if it is refused.
    #[cold]
    pub(super) fn check_value(&mut self, id: AttributeId, value: &str, span: Span) -> Option<()> {
        let unknown = self.policy.rule(id)?.unknown_values;
        let diagnostic = match self.schema.attribute(id) {
            Some(attribute) if unknown != UnknownValues::Accept => {
                unknown_value(attribute, value, span)
            }
            _ => None,
        };
        match diagnostic {
            None => Some(()),
            Some(diagnostic) if unknown == UnknownValues::Refuse => {
                self.report(diagnostic.into_error())
            }
            Some(diagnostic) => {
                self.diagnostics.push(diagnostic);
                Some(())
            }
        }
    }
}

/// Returns the warning for a value that is not one of the canonical values of the attribute.
pub(crate) fn unknown_value(attribute: &Attribute, value: &str, span: Span) -> Option<Diagnostic> {
    let values = attribute.canonical_values();
    let key = |value| attribute.case().key(value);
    if values.is_empty() || values.iter().any(|known| key(known) == key(value)) {
        return None;
    }
    let message = format!("{} is not a value of `{attribute}`", quoted(value));
    let mut arguments = Arguments::of(attribute);
    arguments.allowed = values.to_vec();
    let diagnostic = Diagnostic::new(Code::UnknownValue, span, message).with_arguments(arguments);
    Some(diagnostic.with_help(match suggest::nearest(value, values.iter().map(|known| &**known)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names = values.iter().map(|known| &**known);
            format!("the values are {}", super::resolve::list(names))
        }
    }))
}
