//! Filters made by a program, text and names guarded.

use super::ast::{Filter, Literal};
use super::error::{ONE_PATH, no_operand, unexpected};
use super::parser::{Parser, check_length};
use super::token::{ParseError, fail, starts_name};
use super::{parse, print};
use crate::diagnostic::Diagnostics;
use crate::limits::Limits;
use crate::operator::Operator;
use crate::syntax::Syntax;
use std::fmt::Write as _;

/// Begins a clause on an attribute, such as `name.familyName`, with its schema URN and a colon before it where it needs one.
///
/// ```
/// use scieve::attr;
///
/// let filter = attr("name").eq("O\"Neil").and(attr("status").eq("active").or(attr("status").eq("disabled"))).build()?;
/// assert_eq!(filter.to_string(), r#"name eq "O\"Neil" and (status eq "active" or status eq "disabled")"#);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[must_use]
pub fn attr(path: &str) -> Attr {
    Attr { path: path.into() }
}

/// An attribute, about to be asked something.
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
    /// A whole number.
    Integer(i64),
    /// A number; one that is not finite makes [`Builder::build`] fail.
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

operands! { &str => String, String => String, i64 => Integer, i32 => Integer, u32 => Integer, f64 => Decimal, bool => Boolean, }

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
        /// Some value equals.
        eq = Eq,
        /// Some value differs, or there is none.
        ne = Ne,
        /// Some value contains the text.
        co = Co,
        /// Some value starts with the text.
        sw = Sw,
        /// Some value ends with the text.
        ew = Ew,
        /// Some value is greater.
        gt = Gt,
        /// Some value is greater or equal.
        ge = Ge,
        /// Some value is less.
        lt = Lt,
        /// Some value is less or equal.
        le = Le,
    }

    /// There is a value.
    pub fn pr(self) -> Builder {
        let text = format!("{} {}", self.path, Operator::Pr);
        self.clause(text)
    }

    /// One element of the attribute makes `inner` true: `emails[...]`.
    pub fn element(self, inner: Builder) -> Builder {
        let text = format!("{}[{}]", self.path, inner.text);
        let mut built = self.clause(text);
        built.error = built.error.or(inner.error);
        built
    }

    fn compare(self, operator: Operator, value: &Operand) -> Builder {
        let mut text = format!("{} {operator} ", self.path);
        // Writing to a text cannot fail.
        let _ = match value {
            Operand::String(string) => print::write_string(string, &mut text),
            Operand::Integer(number) => write!(text, "{number}"),
            Operand::Decimal(number) => write!(text, "{number}"),
            Operand::Boolean(value) => write!(text, "{}", Literal::Boolean(*value)),
            Operand::Null => write!(text, "{}", Literal::Null),
        };
        self.clause(text)
    }

    fn clause(self, text: String) -> Builder {
        Builder { text, or: false, error: attribute_only(&self.path).err() }
    }
}

/// A filter in the making. Whatever texts went in, [`Builder::build`] gives the filter that the calls describe, or fails.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    text: String,
    or: bool,
    error: Option<Diagnostics>,
}

impl Builder {
    /// Both are true.
    pub fn and(self, other: Self) -> Self {
        let text = format!("{} and {}", self.grouped(), other.grouped());
        Self { text, or: false, error: self.error.or(other.error) }
    }

    /// At least one is true.
    pub fn or(mut self, other: Self) -> Self {
        self.text.push_str(" or ");
        self.text.push_str(&other.text);
        Self { or: true, error: self.error.or(other.error), ..self }
    }

    /// It is false.
    #[expect(
        clippy::should_implement_trait,
        reason = "the filter's own word, as `and` and `or` are"
    )]
    pub fn not(self) -> Self {
        Self { text: format!("not ({})", self.text), or: false, ..self }
    }

    /// The filter, within the default [`Limits`].
    ///
    /// # Errors
    /// A path that is none, a text with U+0000 in it, `null` with another operator than `eq` or `ne`, a number that is not
    /// finite, more than the limits allow.
    pub fn build(self) -> Result<Filter, Diagnostics> {
        self.build_with(&Limits::default())
    }

    /// The filter, within other limits.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn build_with(self, limits: &Limits) -> Result<Filter, Diagnostics> {
        match self.error {
            Some(error) => Err(error),
            None => Filter::parse_with(&self.text, &Syntax::rfc(), limits),
        }
    }

    fn grouped(&self) -> String {
        if self.or { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// Reads what is to be an attribute and nothing else.
fn attribute_only(text: &str) -> Result<(), Diagnostics> {
    let limits = Limits::default();
    check_length(text, &limits)?;
    let parser = Parser::new(text, &Syntax::rfc(), limits);
    let input = text.as_bytes();
    let read = if starts_name(input) {
        parse::attr_path(&parser, input)
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
