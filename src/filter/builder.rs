//! Building filters in code.
//!
//! A builder concatenates filter text and [`Builder::build`] parses it, so that built filters obey
//! the same grammar and limits as parsed ones. Strings are escaped and paths are validated, which
//! prevents filter injection.

use super::ast::{Expr, ExprKind, Filter};
use super::error::{ONE_PATH, no_operand, unexpected};
use super::operand::Operand;
use super::parse;
use super::parser::{Parser, check_length};
use super::token::{ParseError, fail, starts_name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::operator::Operator;
use crate::span::Span;
use crate::syntax::Syntax;

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

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $operator:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(self, value: impl Into<Operand>) -> Builder {
            self.compare(Operator::$operator, value)
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
        built.syntax = inner.syntax;
        built.error = built.error.or(inner.error);
        built
    }

    /// Compares with an operator that the program determines.
    ///
    /// [`Operator::Pr`] takes no value: [`Builder::build`] returns an error.
    pub fn compare(self, operator: Operator, value: impl Into<Operand>) -> Builder {
        let text = format!("{} {operator} {}", self.path, value.into());
        self.clause(text)
    }

    /// Some value is equal to one of the operands.
    ///
    /// Without operands, [`Builder::build`] returns an error: no filter matches nothing.
    ///
    /// ```
    /// use scieve::attr;
    ///
    /// let filter = attr("status").is_in(["active", "invited"]).and(attr("id").pr()).build()?;
    /// assert_eq!(
    ///     filter.to_string(),
    ///     r#"(status eq "active" or status eq "invited") and id pr"#
    /// );
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    pub fn is_in<T: Into<Operand>>(self, operands: impl IntoIterator<Item = T>) -> Builder {
        any(operands.into_iter().map(|operand| self.clone().eq(operand)))
    }

    fn clause(self, text: String) -> Builder {
        Builder { error: check_path(&self.path).err(), ..Builder::of(text) }
    }
}

/// All filters match: a conjunction.
///
/// Without filters, [`Builder::build`] returns an error: no filter matches everything.
///
/// ```
/// use scieve::{all, any, attr};
///
/// let columns = ["name", "email"].map(|column| attr(column).co("ann"));
/// let filter = all([any(columns), attr("active").eq(true)]).build()?;
/// assert_eq!(filter.to_string(), r#"(name co "ann" or email co "ann") and active eq true"#);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
pub fn all<B: Into<Builder>>(filters: impl IntoIterator<Item = B>) -> Builder {
    join(filters, " and ")
}

/// At least one of the filters matches: a disjunction.
///
/// Without filters, [`Builder::build`] returns an error: no filter matches nothing.
pub fn any<B: Into<Builder>>(filters: impl IntoIterator<Item = B>) -> Builder {
    join(filters, " or ")
}

/// Takes time linear in the length of the filters.
fn join<B: Into<Builder>>(filters: impl IntoIterator<Item = B>, connective: &str) -> Builder {
    let mut filters = filters.into_iter().map(Into::into);
    let Some(mut joined) = filters.next() else {
        let error = Diagnostic::new(Code::EmptyFilter, Span::default(), "the filter is empty");
        let error = error.with_help("a conjunction or disjunction needs at least one filter");
        let error = Some(Diagnostics::new("", vec![error]));
        return Builder { error, ..Builder::of(String::new()) };
    };
    let is_or = connective == " or ";
    for (position, other) in filters.enumerate() {
        if position == 0 && !is_or {
            joined = joined.grouped();
        }
        joined.text.push_str(connective);
        joined.push(other, is_or);
        joined.is_or = is_or;
    }
    joined
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
    /// The dialects of the filters that it contains, whose text is canonical. Some deviations
    /// depend on the schema and are left to the check.
    syntax: Syntax,
    error: Option<Diagnostics>,
}

impl Builder {
    fn of(text: String) -> Self {
        Self { text, is_or: false, syntax: Syntax::rfc(), error: None }
    }

    /// Both filters match.
    pub fn and(self, other: impl Into<Self>) -> Self {
        all([self, other.into()])
    }

    /// At least one of the filters matches.
    pub fn or(self, other: impl Into<Self>) -> Self {
        any([self, other.into()])
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
            None => Filter::parse_with(&self.text, &self.syntax, limits),
        }
    }

    /// Contains a clause unchanged.
    pub(super) fn clause_of(expr: Expr<'_>) -> Self {
        Self::of(expr.to_string())
    }

    /// Adds the deviations of a dialect.
    pub(super) fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = self.syntax.union(syntax);
        self
    }

    /// Adds parentheses if the top level is an `or`.
    fn grouped(mut self) -> Self {
        if self.is_or {
            self.text = format!("({})", self.text);
            self.is_or = false;
        }
        self
    }

    /// Appends the text of another filter, an operand of an `or` or of an `and`.
    fn push(&mut self, other: Self, is_or: bool) {
        let other = if is_or { other } else { other.grouped() };
        self.text.push_str(&other.text);
        self.syntax = self.syntax.union(other.syntax);
        self.error = self.error.take().or(other.error);
    }
}

/// Contains the filter unchanged: numbers of any size and every string.
impl From<&Filter> for Builder {
    fn from(filter: &Filter) -> Self {
        let is_or = matches!(filter.root().kind(), ExprKind::Or(_));
        Self { is_or, syntax: *filter.syntax(), ..Self::of(filter.to_string()) }
    }
}

impl From<Filter> for Builder {
    fn from(filter: Filter) -> Self {
        Self::from(&filter)
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
