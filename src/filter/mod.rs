//! Filters as written: parsing, printing and building.

mod ast;
mod builder;
mod error;
mod literal;
mod parse;
mod parser;
mod path;
mod print;
#[cfg(feature = "serde")]
mod serde;
mod string;
mod token;

pub use ast::{Clause, Expr, ExprKind, Filter, Literal, Operands, Path};
pub use builder::{Attr, Builder, Operand, attr};
pub use path::PatchPath;

use crate::diagnostic::Diagnostics;
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

impl std::str::FromStr for Filter {
    type Err = Diagnostics;

    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Self::parse(text)
    }
}
