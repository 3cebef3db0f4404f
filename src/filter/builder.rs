//! Building filters in code.
//!
//! A builder concatenates filter text and [`Builder::build`] parses it, so that built filters obey
//! the same grammar and limits as parsed ones. Strings are escaped and paths are validated, which
//! prevents filter injection.

use super::ast::{Filter, Literal};
use super::error::{ONE_PATH, no_operand, unexpected};
use super::parse;
use super::parser::{Parser, check_length};
use super::token::{ParseError, fail, starts_name};
use crate::diagnostic::Diagnostics;
use crate::limits::Limits;
use crate::operator::Operator;
use crate::snippet::write_json_string;
use crate::syntax::Syntax;
use std::fmt::Write as _;

/// Starts a clause on the attribute with this path, such as `name.familyName`. The path may be
/// preceded by a schema URN and a colon.
///
/// An invalid path is reported by [`Builder::build`].
///
/// ```
/// use scieve::attr;
///
/// let status = attr("status").eq("active").or(attr("status").eq("disabled"));
/// let filter = attr("name").eq("O\"Neil").and(status).build()?;
/// assert_eq!(
///     filter.to_string(),
///     r#"name eq "O\"Neil" and (status eq "active" or status eq "disabled")"#
/// );
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[must_use]
pub fn attr(path: &str) -> Attr {
    Attr { path: path.into() }
}

/// An attribute that a clause is built for. Created by [`attr`].
#[derive(Clone, Debug)]
pub struct Attr {
    path: String,
}

/// A comparison value for the methods of [`Attr`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// A number. If it is not finite, [`Builder::build`] returns an error.
    Decimal(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

macro_rules! operands {
    ($($type:ty => $variant:ident,)*) => {
        $(impl From<$type> for Operand {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

operands! {
    &str => String,
    String => String,
    i64 => Integer,
    i32 => Integer,
    u32 => Integer,
    f64 => Decimal,
    bool => Boolean,
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $operator:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(self, value: impl Into<Operand>) -> Builder {
            self.compare(Operator::$operator, &value.into())
        })*
    };
}

impl Attr {
    comparisons! {
        /// Some value is equal.
        eq = Eq,
        /// Some value is different, or the attribute has no value.
        ne = Ne,
        /// Some value contains the string.
        co = Co,
        /// Some value starts with the string.
        sw = Sw,
        /// Some value ends with the string.
        ew = Ew,
        /// Some value is greater or later.
        gt = Gt,
        /// Some value is greater, later or equal.
        ge = Ge,
        /// Some value is less or earlier.
        lt = Lt,
        /// Some value is less, earlier or equal.
        le = Le,
    }

    /// The attribute has a value.
    pub fn pr(self) -> Builder {
        let text = format!("{} {}", self.path, Operator::Pr);
        self.clause(text)
    }

    /// One element of the attribute matches `inner`: `emails[...]`.
    pub fn element(self, inner: Builder) -> Builder {
        let text = format!("{}[{}]", self.path, inner.text);
        let mut built = self.clause(text);
        built.error = built.error.or(inner.error);
        built
    }

    fn compare(self, operator: Operator, value: &Operand) -> Builder {
        let mut text = format!("{} {operator} ", self.path);
        // Writing to a `String` never fails.
        let _ = match value {
            Operand::String(string) => write_json_string(string, &mut text),
            Operand::Integer(number) => write!(text, "{number}"),
            Operand::Decimal(number) => write!(text, "{number}"),
            Operand::Boolean(value) => write!(text, "{}", Literal::Boolean(*value)),
            Operand::Null => write!(text, "{}", Literal::Null),
        };
        self.clause(text)
    }

    fn clause(self, text: String) -> Builder {
        Builder { text, is_or: false, error: check_path(&self.path).err() }
    }
}

/// A filter under construction.
///
/// [`Builder::build`] returns exactly the filter that the calls describe, whatever strings they
/// contain, or an error.
///
/// ```
/// use scieve::attr;
///
/// let work = attr("type").eq("work").and(attr("value").ew("@example.com"));
/// let filter = attr("emails").element(work).or(attr("active").eq(false)).not().build()?;
/// assert_eq!(
///     filter.to_string(),
///     r#"not (emails[type eq "work" and value ew "@example.com"] or active eq false)"#
/// );
/// assert!(attr("name\" or \"1").pr().build().is_err());
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    text: String,
    /// True if the top level of `text` is an `or`, which `and` has to parenthesise.
    is_or: bool,
    error: Option<Diagnostics>,
}

impl Builder {
    /// Both filters match.
    pub fn and(self, other: Self) -> Self {
        let text = format!("{} and {}", self.grouped(), other.grouped());
        Self { text, is_or: false, error: self.error.or(other.error) }
    }

    /// At least one of the filters matches.
    pub fn or(mut self, other: Self) -> Self {
        self.text.push_str(" or ");
        self.text.push_str(&other.text);
        Self { is_or: true, error: self.error.or(other.error), ..self }
    }

    /// The filter does not match.
    #[expect(
        clippy::should_implement_trait,
        reason = "the name of the operator in the filter language, like `and` and `or`"
    )]
    pub fn not(self) -> Self {
        Self { text: format!("not ({})", self.text), is_or: false, ..self }
    }

    /// Builds the filter with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// Returns an error for an invalid attribute path, a string that contains U+0000, `null` with
    /// an operator other than `eq` and `ne`, a number that is not finite, and a filter that exceeds
    /// a limit.
    pub fn build(self) -> Result<Filter, Diagnostics> {
        self.build_with(&Limits::default())
    }

    /// Builds the filter with other limits.
    ///
    /// # Errors
    ///
    /// See [`Builder::build`].
    pub fn build_with(self, limits: &Limits) -> Result<Filter, Diagnostics> {
        match self.error {
            Some(error) => Err(error),
            None => Filter::parse_with(&self.text, &Syntax::rfc(), limits),
        }
    }

    fn grouped(&self) -> String {
        if self.is_or { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// Returns an error unless `text` is an attribute path and nothing else.
fn check_path(text: &str) -> Result<(), Diagnostics> {
    let limits = Limits::default();
    check_length(text, &limits)?;
    let mut parser = Parser::new(text, &Syntax::rfc(), limits);
    let input = text.as_bytes();
    let read = if starts_name(input) {
        parse::attr_path(&mut parser, input)
    } else {
        fail(no_operand(&parser, input))
    };
    match read {
        Ok(([], _)) => Ok(()),
        Ok((rest, _)) => {
            let error = unexpected(&parser, rest).expecting(&["the end"]).with_help(ONE_PATH);
            Err(parser.into_diagnostics(nom::Err::Failure(ParseError(Some(error)))))
        }
        Err(error) => Err(parser.into_diagnostics(error)),
    }
}
