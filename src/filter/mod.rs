//! The filter as written: reading, printing, building.

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
    /// Reads a filter by RFC 7644 within the default [`Limits`].
    ///
    /// # Errors
    /// Text that is no filter, or one beyond a limit: one diagnostic, at the first place where it goes wrong.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_with(text, const { &Syntax::rfc() }, &Limits::DEFAULT)
    }

    /// Reads a filter in a dialect within limits.
    ///
    /// # Errors
    /// As [`Filter::parse`].
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
