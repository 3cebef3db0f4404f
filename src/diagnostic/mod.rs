//! Errors and warnings about filters, with their stable codes.

#[cfg(feature = "serde")]
mod json;
pub(crate) mod render;

use crate::snippet;
use crate::span::Span;
use std::borrow::Cow;
use std::fmt;

/// The effect of a diagnostic on the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The filter is accepted.
    Warning,
    /// The filter is rejected.
    Error,
}

impl Severity {
    /// Returns `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $severity:ident $name:literal,)*) => {
        /// The kind of problem that a diagnostic reports.
        ///
        /// The names are part of the public interface and do not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of `grammar.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name, such as `unknown-attribute`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the severity of every diagnostic with this code.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The filter is empty or contains only whitespace.
    EmptyFilter = Error "empty-filter",
    /// An attribute, `(` or `not (` was expected.
    ExpectedAttribute = Error "expected-attribute",
    /// An attribute path is not well-formed.
    BadAttributePath = Error "bad-attribute-path",
    /// An operator was expected.
    ExpectedOperator = Error "expected-operator",
    /// The word after an attribute is not an operator.
    UnknownOperator = Error "unknown-operator",
    /// A comparison value was expected.
    ExpectedValue = Error "expected-value",
    /// The comparison value is not a JSON string, number, `true`, `false` or `null`.
    BadValue = Error "bad-value",
    /// A string has no closing quote.
    UnterminatedString = Error "unterminated-string",
    /// A string contains an escape sequence that JSON does not define.
    BadEscape = Error "bad-escape",
    /// A string contains an unescaped control character.
    ControlCharacter = Error "control-character",
    /// A string contains an unpaired surrogate (`\ud800` to `\udfff`).
    LoneSurrogate = Error "lone-surrogate",
    /// A string contains U+0000, which databases reject.
    NulCharacter = Error "nul-character",
    /// `null` was compared with an operator other than `eq` or `ne`.
    NullOperator = Error "null-operator",
    /// Whitespace is missing between two words.
    MissingBlank = Error "missing-blank",
    /// A `(` or `[` is not closed.
    Unclosed = Error "unclosed",
    /// A complete filter is followed by something else.
    UnexpectedText = Error "unexpected-text",
    /// `not` is not followed by `(`.
    NotWithoutGroup = Error "not-without-group",
    /// A value path contains another value path.
    NestedValuePath = Error "nested-value-path",
    /// `]` is followed by a sub-attribute or an operator.
    TextAfterBrackets = Error "text-after-brackets",
    /// A value path contains a dotted attribute name.
    DottedNameInBrackets = Error "dotted-name-in-brackets",
    /// The filter exceeds the limit on its length in bytes.
    TooLong = Error "too-long",
    /// The filter exceeds the limit on nesting.
    TooDeep = Error "too-deep",
    /// The filter exceeds the limit on clauses.
    TooManyClauses = Error "too-many-clauses",
    /// The filter exceeds the limit on levels at which `and` and `or` alternate.
    TooManyConnectiveLevels = Error "too-many-connective-levels",
    /// The schema has no such attribute.
    UnknownAttribute = Error "unknown-attribute",
    /// The policy does not allow the operator on the attribute.
    OperatorNotAllowed = Error "operator-not-allowed",
    /// The policy does not allow `not`.
    NotNotAllowed = Error "not-not-allowed",
    /// The policy does not allow value paths.
    ValuePathNotAllowed = Error "value-path-not-allowed",
    /// The policy does not allow schema URN prefixes.
    UrnNotAllowed = Error "urn-not-allowed",
    /// The policy does not allow `null`.
    NullNotAllowed = Error "null-not-allowed",
    /// The JSON type of the comparison value does not fit the attribute's type.
    WrongType = Error "wrong-type",
    /// The operator does not apply to the attribute's type.
    OperatorForType = Error "operator-for-type",
    /// The comparison value is not a valid date and time.
    BadDateTime = Error "bad-date-time",
    /// The comparison value is not valid base64.
    BadBinary = Error "bad-binary",
    /// The number is outside the range of the attribute's type.
    NumberTooLarge = Error "number-too-large",
    /// A complex attribute was compared without naming a sub-attribute.
    ComplexAttribute = Error "complex-attribute",
    /// A value path was applied to an attribute without sub-attributes.
    SimpleAttribute = Error "simple-attribute",
    /// Clauses that a group rule separates from all others are mixed with others.
    GroupMixed = Error "group-mixed",
    /// Clauses that a group rule keeps together are in different groups.
    GroupSplit = Error "group-split",
    /// The filter compares an attribute more often than the policy allows.
    TooManyComparisons = Error "too-many-comparisons",
    /// Accepted extension: a sub-attribute after `]`.
    AcceptedSubAttribute = Warning "accepted-sub-attribute",
    /// Accepted extension: an operator after `]`.
    AcceptedOperator = Warning "accepted-operator",
    /// Accepted extension: a string instead of a Boolean.
    AcceptedBooleanText = Warning "accepted-boolean-text",
    /// Accepted extension: `true` or `false` with uppercase letters.
    AcceptedBooleanCase = Warning "accepted-boolean-case",
    /// Accepted extension: a string in single quotes.
    AcceptedSingleQuotes = Warning "accepted-single-quotes",
    /// Accepted extension: a string without quotes.
    AcceptedUnquotedWord = Warning "accepted-unquoted-word",
    /// The mapping compares with a database expression that does not always agree with memory.
    NativeComparison = Warning "native-comparison",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error or warning about a filter: its code, place, message, and how to correct it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic(Box<Fields>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    code: Code,
    span: Span,
    message: Cow<'static, str>,
    label: Cow<'static, str>,
    expected: &'static [&'static str],
    help: Option<Cow<'static, str>>,
    replacement: Option<(Span, String)>,
    related: Vec<(Span, Cow<'static, str>)>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fields {
            code,
            span,
            message: message.into(),
            label: Cow::Borrowed(""),
            expected: &[],
            help: None,
            replacement: None,
            related: Vec::new(),
        }))
    }

    /// Sets the label of the underlined span.
    pub(crate) fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.0.label = label.into();
        self
    }

    pub(crate) fn expecting(mut self, expected: &'static [&'static str]) -> Self {
        self.0.expected = expected;
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Sets the replacement, and derives the help from it unless there is one.
    pub(crate) fn replace(mut self, span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        self.0
            .help
            .get_or_insert_with(|| format!("write `{}`", snippet::escape(&replacement)).into());
        self.0.replacement = Some((span, replacement));
        self
    }

    /// Adds a related span with its label.
    pub(crate) fn also(mut self, span: Span, label: impl Into<Cow<'static, str>>) -> Self {
        self.0.related.push((span, label.into()));
        self
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the severity of the code.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.code.severity()
    }

    /// Returns the place of the problem in the source, in bytes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Returns a description of the problem, of one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the alternatives that would have been valid at this place; empty if the message
    /// already names them.
    #[must_use]
    pub fn expected(&self) -> &[&'static str] {
        self.0.expected
    }

    /// Returns advice on how to correct the problem.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns a span of the source and its correction, which can be applied automatically.
    #[must_use]
    pub fn replacement(&self) -> Option<(Span, &str)> {
        self.0.replacement.as_ref().map(|(span, text)| (*span, text.as_str()))
    }

    /// Returns the other spans that the problem involves, each with a label.
    pub fn related(&self) -> impl Iterator<Item = (Span, &str)> {
        self.0.related.iter().map(|(span, label)| (*span, label.as_ref()))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.0.message, self.0.span.start)
    }
}

/// The diagnostics of one filter, with its source. An error of this type is never empty.
///
/// `Display` prints one line for an HTTP error response: the first error and the number of the
/// others. [`render`](Self::render) prints each with its place in the source underlined.
///
/// ```
/// use scieve::{Code, Filter};
///
/// let diagnostics = Filter::parse("name eq Bob").unwrap_err();
/// eprint!("{}", diagnostics.render());
/// let first = diagnostics.first().unwrap();
/// assert_eq!(first.code(), Code::BadValue);
/// assert_eq!(first.span().text(diagnostics.source_text()), Some("Bob"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    source: Box<str>,
    list: Vec<Diagnostic>,
    scim_type: &'static str,
}

impl Diagnostics {
    pub(crate) fn new(source: impl Into<Box<str>>, list: Vec<Diagnostic>) -> Self {
        Self { source: source.into(), list, scim_type: "invalidFilter" }
    }

    /// Marks the diagnostics as those of the path of a PATCH operation.
    pub(crate) fn about_path(mut self) -> Self {
        self.scim_type = "invalidPath";
        self
    }

    /// Returns the `scimType` for an error response (RFC 7644 table 9): `invalidPath` if the path
    /// of a PATCH operation is wrong outside its brackets, otherwise `invalidFilter`.
    #[must_use]
    pub fn scim_type(&self) -> &'static str {
        self.scim_type
    }

    /// Returns the source that the spans refer to. A filter that exceeds the limit on its length
    /// is cut.
    #[must_use]
    pub fn source_text(&self) -> &str {
        &self.source
    }

    /// Returns the diagnostics in the order of the source.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Returns the number of diagnostics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns true if there are no diagnostics.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the first error, or the first warning if there are no errors.
    #[must_use]
    pub fn first(&self) -> Option<&Diagnostic> {
        self.errors().next().or(self.list.first())
    }

    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error)
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first() else { return f.write_str("no diagnostics") };
        write!(f, "{first}")?;
        match self.errors().count() {
            0 | 1 => Ok(()),
            errors => write!(f, ", and {} more", errors - 1),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Quotes user input for a message: in backticks, escaped for terminals, and cut after 40
/// characters.
pub(crate) fn quoted(input: &str) -> String {
    const MAX_CHARS: usize = 40;
    let cut = input.char_indices().nth(MAX_CHARS).and_then(|(end, _)| input.get(..end));
    let ellipsis = if cut.is_some() { "..." } else { "" };
    format!("`{}{ellipsis}`", snippet::escape(cut.unwrap_or(input)))
}
