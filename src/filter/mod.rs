//! Filters as written: parsing, printing and building.

mod ast;
mod builder;
mod deviation;
mod edit;
mod error;
mod foreign_operand;
mod literal;
mod operand;
mod parse;
mod parser;
mod path;
mod print;
mod recover;
mod redact;
#[cfg(feature = "serde")]
mod serde;
mod string;
mod token;

pub use ast::{Clause, Expr, ExprKind, Filter, Literal, Operands, Path};
pub use builder::{Attr, Builder, all, any, attr};
pub use edit::Rewrite;
pub use operand::{Operand, quote};
pub use path::PatchPath;
pub(crate) use recover::{Repaired, recover};
#[cfg(feature = "patch")]
pub(crate) use redact::redacted_path;

use crate::diagnostic::{Diagnostic, Diagnostics, Safety, apply_all};
use crate::limits::Limits;
use crate::syntax::Syntax;

impl Filter {
    /// Parses a filter by RFC 7644 (section 3.4.2.2, with errata) with the default [`Limits`].
    ///
    /// Takes time and memory linear in the length of `text`.
    ///
    /// ```
    /// use scieve::{Code, Filter};
    ///
    /// let filter = Filter::parse(r#"name co "ann" and not (status eq "deleted")"#)?;
    /// assert_eq!(filter.source_text(), r#"name co "ann" and not (status eq "deleted")"#);
    ///
    /// let error = Filter::parse(r#"name like "ann""#).unwrap_err();
    /// assert_eq!(error.first().map(|error| error.code()), Some(Code::UnknownOperator));
    /// assert_eq!(error.to_string(), "unknown operator `like` (at byte 5)");
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns one diagnostic, at the position of the first error, if `text` is not a valid filter
    /// or exceeds a limit.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_with(text, const { &Syntax::rfc() }, &Limits::DEFAULT)
    }

    /// Parses a filter with a dialect and limits.
    ///
    /// ```
    /// use scieve::{Filter, Limits, Syntax};
    ///
    /// let mut limits = Limits::default();
    /// limits.clauses = 10;
    /// let filter = Filter::parse_with("userName eq 'bob'", &Syntax::lenient(), &limits)?;
    /// assert_eq!(filter.to_string(), r#"userName eq "bob""#);
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Filter::parse`].
    pub fn parse_with(text: &str, syntax: &Syntax, limits: &Limits) -> Result<Self, Diagnostics> {
        let limits = limits.clamped();
        parser::check_length(text, &limits)?;
        let mut parser = parser::Parser::new(text, syntax, limits);
        match parse::filter(&mut parser, text.as_bytes()) {
            Ok(_) => Ok(parser.filter),
            Err(error) => Err(parser.into_diagnostics(error)),
        }
    }
}

impl Filter {
    /// Returns the filter with the safe fixes of warnings applied, by RFC 7644.
    ///
    /// `warnings` are those of the filter ([`Filter::warnings`]) or of its plan
    /// ([`Plan::warnings`](crate::Plan::warnings)), which also contain the deviations that depend on
    /// the schema. The returned filter has the same meaning.
    ///
    /// ```
    /// use scieve::{Filter, Limits, Syntax};
    ///
    /// let text = r#"emails[type eq 'work'].value eq "x""#;
    /// let filter = Filter::parse_with(text, &Syntax::lenient(), &Limits::default())?;
    /// let portable = filter.corrected(filter.warnings());
    /// assert_eq!(portable.source_text(), r#"emails[type eq "work" and value eq "x"]"#);
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn corrected(&self, warnings: &[Diagnostic]) -> Self {
        let fixes = warnings.iter().filter_map(|warning| warning.fixes().first());
        let safe = fixes.filter(|fix| fix.safety == Safety::Safe);
        let (text, _) = apply_all(self.source_text(), safe);
        // The fixes change neither the depth nor the number of clauses beyond what was parsed
        // before, but the text can be longer than a limit on its length.
        Self::parse_with(&text, &Syntax::rfc(), &Limits::HIGHEST).unwrap_or_else(|_| self.clone())
    }
}

impl std::str::FromStr for Filter {
    type Err = Diagnostics;

    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Self::parse(text)
    }
}
