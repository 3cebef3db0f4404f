//! Errors and warnings about filters, with their stable codes.

mod fix;
#[cfg(feature = "serde")]
mod json;
pub(crate) mod render;

pub(crate) use fix::apply_all;
pub use fix::{Fix, Safety};
#[cfg(feature = "serde")]
pub use json::Located;

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
    /// The source is not UTF-8.
    NotUtf8 = Error "not-utf8",
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
    /// A `(` is closed by `]`, or a `[` by `)`.
    WrongBracket = Error "wrong-bracket",
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
    /// The filter can match records outside the scope of the caller.
    OutsideScope = Error "outside-scope",
    /// A rewrite drops a condition inside an `or` or a `not`.
    CannotDrop = Error "cannot-drop",
    /// A PATCH request has another structure than RFC 7644 section 3.5.2 describes.
    BadPatch = Error "bad-patch",
    /// A PATCH request exceeds the limit on operations.
    TooManyOperations = Error "too-many-operations",
    /// The operation of a PATCH request is not `add`, `remove` or `replace`.
    UnknownOperation = Error "unknown-operation",
    /// A `remove` operation has no path.
    MissingPath = Error "missing-path",
    /// An operation, or a required sub-attribute in its value, has no value.
    MissingValue = Error "missing-value",
    /// A `remove` operation has a value.
    RemoveWithValue = Error "remove-with-value",
    /// The path of an operation selects nothing.
    NoTarget = Error "no-target",
    /// The attribute is read-only, or immutable and has a value.
    NotMutable = Error "not-mutable",
    /// An operation would remove a required attribute.
    RequiredAttribute = Error "required-attribute",
    /// An operation marks several values as primary.
    SeveralPrimaries = Error "several-primaries",
    /// The filter exceeds the limit on its cost.
    TooCostly = Error "too-costly",
    /// Accepted extension: a sub-attribute after `]`.
    AcceptedSubAttribute = Warning "accepted-sub-attribute",
    /// Accepted extension: an operator after `]`.
    AcceptedOperator = Warning "accepted-operator",
    /// Accepted extension: a string instead of a Boolean.
    AcceptedBooleanText = Warning "accepted-boolean-text",
    /// Accepted extension: `true` or `false` with uppercase letters.
    AcceptedBooleanCase = Warning "accepted-boolean-case",
    /// Accepted extension: `null` with uppercase letters.
    AcceptedNullCase = Warning "accepted-null-case",
    /// Accepted extension: a dot instead of the colon after a schema URN.
    AcceptedUrnDot = Warning "accepted-urn-dot",
    /// Accepted extension: an attribute of an extension without its URN.
    AcceptedMissingUrn = Warning "accepted-missing-urn",
    /// Accepted extension: a string in single quotes.
    AcceptedSingleQuotes = Warning "accepted-single-quotes",
    /// Accepted extension: a string without quotes.
    AcceptedUnquotedWord = Warning "accepted-unquoted-word",
    /// Accepted extension: a number, `true` or `false` instead of a string.
    AcceptedUnquotedLiteral = Warning "accepted-unquoted-literal",
    /// Accepted extension: the operation of a PATCH request in uppercase letters.
    AcceptedOperationCase = Warning "accepted-operation-case",
    /// Accepted extension: a path as the name of a member of a value.
    AcceptedPathKey = Warning "accepted-path-key",
    /// Accepted extension: a `remove` operation with the elements to remove as its value.
    AcceptedRemoveValue = Warning "accepted-remove-value",
    /// Accepted extension: an array or a simple value instead of a single or complex value.
    AcceptedWrappedValue = Warning "accepted-wrapped-value",
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
    fixes: Vec<Fix>,
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
            fixes: Vec::new(),
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

    /// Adds a safe fix that replaces one span, and derives the help from it unless there is one.
    pub(crate) fn replace(self, span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        let message = format!("write `{}`", snippet::escape(&replacement));
        self.with_fix(Fix::new(Safety::Safe, message, vec![(span, replacement)]))
    }

    /// Adds a fix, and derives the help from it unless there is one.
    pub(crate) fn with_fix(mut self, fix: Fix) -> Self {
        self.0.help.get_or_insert_with(|| fix.message.clone());
        self.0.fixes.push(fix);
        self
    }

    /// Reduces safe fixes to unsafe ones.
    pub(crate) fn distrust_fixes(&mut self) {
        for fix in &mut self.0.fixes {
            fix.safety = fix.safety.max(Safety::Unsafe);
        }
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

    /// Returns corrections that a program can apply, the best one first. They exclude one another.
    #[must_use]
    pub fn fixes(&self) -> &[Fix] {
        &self.0.fixes
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
/// `Display` prints one line for an HTTP error response: the first three errors and the number of
/// the others. [`render`](Self::render) prints each with its place in the source underlined.
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

    /// Returns the error for a filter that is not UTF-8, or `None` if it is.
    ///
    /// In [`source_text`](Self::source_text), each invalid sequence of bytes is U+FFFD.
    ///
    /// ```
    /// use scieve::{Code, Diagnostics};
    ///
    /// let error = Diagnostics::of_invalid_utf8(b"name eq \"\xff\"").unwrap();
    /// assert_eq!(error.first().map(|error| error.code()), Some(Code::NotUtf8));
    /// assert!(Diagnostics::of_invalid_utf8(b"name pr").is_none());
    /// ```
    #[must_use]
    pub fn of_invalid_utf8(bytes: &[u8]) -> Option<Self> {
        let error = std::str::from_utf8(bytes).err()?;
        let source = String::from_utf8_lossy(bytes);
        let start = error.valid_up_to();
        let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
        let byte = bytes.get(start).copied().unwrap_or_default();
        let message = format!("byte 0x{byte:02x} is not UTF-8");
        let error = Diagnostic::new(Code::NotUtf8, span, message)
            .with_help("save the file in UTF-8, or convert it with `iconv`");
        Some(Self::new(source, vec![error]))
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

/// Number of errors that `Display` of [`Diagnostics`] prints.
const MAX_PRINTED: usize = 3;

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first() else { return f.write_str("no diagnostics") };
        write!(f, "{first}")?;
        for error in self.errors().skip(1).take(MAX_PRINTED - 1) {
            write!(f, "; {error}")?;
        }
        match self.errors().count() {
            errors if errors > MAX_PRINTED => write!(f, "; and {} more", errors - MAX_PRINTED),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Quotes user input for a message: in backticks and escaped for terminals. Of more than 200
/// characters, the middle is omitted: names with the same URN differ at the end.
pub(crate) fn quoted(input: &str) -> String {
    const MAX_CHARS: usize = 200;
    const KEPT: usize = 90;
    let offset = |char: usize| input.char_indices().nth(char).map(|(offset, _)| offset);
    if offset(MAX_CHARS).is_none() {
        return format!("`{}`", snippet::escape(input));
    }
    let start = offset(KEPT).and_then(|end| input.get(..end)).unwrap_or("");
    let end = input.char_indices().nth_back(KEPT - 1).and_then(|(at, _)| input.get(at..));
    format!("`{}...{}`", snippet::escape(start), snippet::escape(end.unwrap_or("")))
}
