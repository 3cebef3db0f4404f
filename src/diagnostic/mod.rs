//! Every error and warning there is, with its stable code.

#[cfg(feature = "serde")]
mod json;

use crate::snippet::{self, Mark};
use crate::span::Span;
use std::borrow::Cow;
use std::fmt;

/// Whether a finding refuses the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The filter is accepted all the same; a warning never changes a verdict.
    Warning,
    /// The filter is refused.
    Error,
}

impl Severity {
    /// `warning` or `error`.
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
        /// What a finding is about. The names are stable: they are part of the public format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of grammar.md.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, such as `unknown-attribute`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How severe findings of this code are.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The text holds nothing but blanks.
    EmptyFilter = Error "empty-filter",
    /// An attribute, `(` or `not (` was expected.
    ExpectedAttribute = Error "expected-attribute",
    /// An attribute path breaks the rules for names.
    BadAttributePath = Error "bad-attribute-path",
    /// An operator was expected.
    ExpectedOperator = Error "expected-operator",
    /// The word in the operator's place is none.
    UnknownOperator = Error "unknown-operator",
    /// A comparison value was expected.
    ExpectedValue = Error "expected-value",
    /// The comparison value is not a JSON string, number, `true`, `false` or `null`.
    BadValue = Error "bad-value",
    /// A string has no closing quote.
    UnterminatedString = Error "unterminated-string",
    /// A string holds an escape that JSON does not have.
    BadEscape = Error "bad-escape",
    /// A string holds a control character that JSON wants escaped.
    ControlCharacter = Error "control-character",
    /// A string holds half of a surrogate pair.
    LoneSurrogate = Error "lone-surrogate",
    /// A string holds U+0000, which databases refuse.
    NulCharacter = Error "nul-character",
    /// `null` was used with another operator than `eq` or `ne`.
    NullOperator = Error "null-operator",
    /// A blank is missing between two words.
    MissingBlank = Error "missing-blank",
    /// A `(` or `[` is never closed.
    Unclosed = Error "unclosed",
    /// Text was left over after a complete filter.
    UnexpectedText = Error "unexpected-text",
    /// `not` stands before something else than `(`.
    NotWithoutGroup = Error "not-without-group",
    /// Brackets inside brackets.
    NestedValuePath = Error "nested-value-path",
    /// A sub-attribute or operator after `]`.
    TextAfterBrackets = Error "text-after-brackets",
    /// A dotted name inside brackets.
    DottedNameInBrackets = Error "dotted-name-in-brackets",
    /// The text is longer than the limit.
    TooLong = Error "too-long",
    /// The filter is nested deeper than the limit.
    TooDeep = Error "too-deep",
    /// The filter has more clauses than the limit.
    TooManyClauses = Error "too-many-clauses",
    /// `and` and `or` take turns more often than the limit.
    TooManyAlternations = Error "too-many-connective_levels",
    /// The resource has no such attribute.
    UnknownAttribute = Error "unknown-attribute",
    /// The policy does not allow the operator on this attribute.
    OperatorNotAllowed = Error "operator-not-allowed",
    /// The policy does not allow `not`.
    NotNotAllowed = Error "not-not-allowed",
    /// The policy does not allow brackets.
    ValuePathNotAllowed = Error "value-path-not-allowed",
    /// The policy does not allow schema URN prefixes.
    UrnNotAllowed = Error "urn-not-allowed",
    /// The policy does not allow `null`.
    NullNotAllowed = Error "null-not-allowed",
    /// The comparison value has the wrong JSON type for the attribute.
    WrongType = Error "wrong-type",
    /// Values of the attribute's type do not take the operator.
    OperatorForType = Error "operator-for-type",
    /// The text is no date and time.
    BadDateTime = Error "bad-date-time",
    /// The text is no base64.
    BadBinary = Error "bad-binary",
    /// The number is too large for the attribute's type.
    NumberTooLarge = Error "number-too-large",
    /// A complex attribute was compared without naming a sub-attribute.
    ComplexAttribute = Error "complex-attribute",
    /// Brackets after an attribute that has no sub-attributes.
    SimpleAttribute = Error "simple-attribute",
    /// Clauses that must stand in a group of their own are mixed with others.
    GroupMixed = Error "group-mixed",
    /// Clauses that must stand together are apart.
    GroupSplit = Error "group-split",
    /// More comparisons of one attribute than the policy allows.
    TooManyComparisons = Error "too-many-comparisons",
    /// Accepted: a sub-attribute after `]`.
    AcceptedSubAttribute = Warning "accepted-sub-attribute",
    /// Accepted: an operator after `]`.
    AcceptedOperator = Warning "accepted-operator",
    /// Accepted: a string for a Boolean.
    AcceptedBooleanText = Warning "accepted-boolean-text",
    /// Accepted: `True` or `False` with capitals.
    AcceptedBooleanCase = Warning "accepted-boolean-case",
    /// Accepted: a string in single quotes.
    AcceptedSingleQuotes = Warning "accepted-single-quotes",
    /// Accepted: a string without quotes.
    AcceptedUnquotedWord = Warning "accepted-unquoted-word",
    /// The mapping compares with an expression of the database that agrees with memory only in part.
    NativeComparison = Warning "native-comparison",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One finding: where, what, why, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic(Box<Finding>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
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
        Self(Box::new(Finding {
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

    pub(crate) fn replace(mut self, span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        self.0.help.get_or_insert_with(|| format!("write `{}`", snippet::escape(&text)).into());
        self.0.replacement = Some((span, text));
        self
    }

    pub(crate) fn also(mut self, span: Span, label: impl Into<Cow<'static, str>>) -> Self {
        self.0.related.push((span, label.into()));
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Whether the filter is refused for it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.code.severity()
    }

    /// The place in the source text.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What could have stood there instead; empty where the message says it all.
    #[must_use]
    pub fn expected(&self) -> &[&'static str] {
        self.0.expected
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// A piece of source text and what to put in its place, safe to apply without asking.
    #[must_use]
    pub fn replacement(&self) -> Option<(Span, &str)> {
        self.0.replacement.as_ref().map(|(span, text)| (*span, text.as_str()))
    }

    /// Other places that belong to the finding, each with a remark.
    pub fn related(&self) -> impl Iterator<Item = (Span, &str)> {
        self.0.related.iter().map(|(span, label)| (*span, label.as_ref()))
    }

    /// The finding as text: the message, the source line with carets, and the help.
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        let mut marks = vec![Mark { span: self.0.span, label: &self.0.label, primary: true }];
        marks.extend(self.0.related.iter().map(|(span, label)| Mark {
            span: *span,
            label,
            primary: false,
        }));
        let mut text = format!(
            "{}[{}]: {}\n{}",
            self.severity().name(),
            self.0.code,
            self.0.message,
            snippet::render(source, &marks)
        );
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if !self.0.expected.is_empty() {
            text += &format!("  = expected: {}\n", self.0.expected.join(", "));
        }
        if let Some(help) = &self.0.help {
            text += &format!("  = help: {help}\n");
        }
        text
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.0.message, self.0.span.start)
    }
}

/// All findings on one filter, never empty where it stands for an error, with the text they are about.
///
/// `Display` is one line fit for an HTTP error body: the first error and, where there are more, their number.
/// [`Diagnostics::render`] draws the pictures.
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

    /// The same findings, as ones on the path of a PATCH operation.
    pub(crate) fn about_path(mut self) -> Self {
        self.scim_type = "invalidPath";
        self
    }

    /// The `scimType` of RFC 7644 table 9 for an error response: `invalidFilter`, or `invalidPath` where a PATCH path
    /// is wrong outside its brackets.
    #[must_use]
    pub fn scim_type(&self) -> &'static str {
        self.scim_type
    }

    /// The text that the spans refer to; of a text over the limit on bytes, its beginning.
    #[must_use]
    pub fn source_text(&self) -> &str {
        &self.source
    }

    /// The findings, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first error, or the first warning where there is no error.
    #[must_use]
    pub fn first(&self) -> Option<&Diagnostic> {
        self.list.iter().find(|finding| finding.severity() == Severity::Error).or(self.list.first())
    }

    /// Every finding with its place in the source underlined.
    #[must_use]
    pub fn render(&self) -> String {
        self.list.iter().map(|finding| finding.render(&self.source)).collect::<Vec<_>>().join("\n")
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
        let Some(first) = self.first() else { return f.write_str("no findings") };
        write!(f, "{first}")?;
        match self.list.iter().filter(|finding| finding.severity() == Severity::Error).count() {
            0 | 1 => Ok(()),
            errors => write!(f, ", and {} more", errors - 1),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// A piece of the caller's text for a message: in backticks, cut where it is long, with nothing in it that a screen would obey.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let cut = text.char_indices().nth(SHOWN).and_then(|(end, _)| text.get(..end));
    format!("`{}{}`", snippet::escape(cut.unwrap_or(text)), if cut.is_some() { "..." } else { "" })
}
