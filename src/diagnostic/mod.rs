//! Errors and warnings about filters, with their stable codes.

mod arguments;
mod code;
mod fix;
#[cfg(feature = "serde")]
pub(crate) mod json;
mod reason;
pub(crate) mod render;

pub use arguments::Arguments;
pub use code::{Code, Severity};
pub use fix::{Fix, Safety};
pub(crate) use fix::{apply_all, apply_edits};
#[cfg(feature = "serde")]
pub use json::Located;

use crate::snippet;
use crate::span::Span;
use std::borrow::Cow;
use std::fmt;

/// An error or warning about a filter: its code, place, message, and how to correct it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic(Box<Fields>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    code: Code,
    severity: Severity,
    span: Span,
    message: Cow<'static, str>,
    label: Cow<'static, str>,
    arguments: Arguments,
    expected: &'static [&'static str],
    help: Option<Cow<'static, str>>,
    fixes: Vec<Fix>,
    related: Vec<(Span, Cow<'static, str>)>,
}

impl Diagnostic {
    /// Creates a diagnostic of a rule of the application.
    ///
    /// `code` is its stable name and should differ from those of [`Code::ALL`]; `span` is the place
    /// in the source of the filter.
    ///
    /// ```
    /// use scieve::{Diagnostic, Diagnostics, Filter, Severity};
    ///
    /// let filter = Filter::parse(r#"userName co "a""#)?;
    /// let too_short = Diagnostic::custom(
    ///     "short-substring",
    ///     filter.root().span(),
    ///     Severity::Error,
    ///     "a substring has at least 3 characters",
    /// )
    /// .with_help("write more of the name");
    /// let errors = Diagnostics::of(filter.source_text(), [too_short]).unwrap();
    /// assert_eq!(errors.first().map(|first| first.code().name()), Some("short-substring"));
    /// assert!(errors.render().starts_with("error[short-substring]: a substring has"));
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn custom(
        code: &'static str,
        span: Span,
        severity: Severity,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut diagnostic = Self::new(Code::Custom(code), span, message);
        diagnostic.0.severity = severity;
        diagnostic
    }

    pub(crate) fn new(code: Code, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fields {
            code,
            severity: code.severity(),
            span,
            message: message.into(),
            label: Cow::Borrowed(""),
            arguments: Arguments::default(),
            expected: &[],
            help: None,
            fixes: Vec::new(),
            related: Vec::new(),
        }))
    }

    /// Sets the label of the underlined span.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.0.label = label.into();
        self
    }

    pub(crate) fn expecting(mut self, expected: &'static [&'static str]) -> Self {
        self.0.expected = expected;
        self
    }

    /// Sets the advice on how to correct the problem.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
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

    /// Adds a fix whose message becomes the help.
    pub(crate) fn replace_help(mut self, fix: Fix) -> Self {
        self.0.help = Some(fix.message.clone());
        self.with_fix(fix)
    }

    pub(crate) fn set_fixes(&mut self, fixes: Vec<Fix>) {
        self.0.fixes = fixes;
    }

    /// Returns the diagnostic at another place, without fixes.
    pub(crate) fn moved(&self, place: impl Fn(Span) -> Span) -> Self {
        let mut moved = self.clone();
        moved.0.span = place(moved.0.span);
        moved.0.related.iter_mut().for_each(|(span, _)| *span = place(*span));
        moved.0.fixes.clear();
        moved
    }

    /// Returns the diagnostic for text that contains the filter: with spans at their place in that
    /// text, and with replacements written as there, for example percent-encoded.
    #[must_use]
    pub fn transposed(
        &self,
        place: impl Fn(Span) -> Span,
        encode: impl Fn(&str) -> String,
    ) -> Self {
        let edit = |(span, text): &(Span, String)| (place(*span), encode(text));
        let fix = |fix: &Fix| Fix { edits: fix.edits.iter().map(edit).collect(), ..fix.clone() };
        let fixes = self.0.fixes.iter().map(fix).collect();
        let mut transposed = self.moved(&place);
        transposed.set_fixes(fixes);
        transposed
    }

    /// Reduces safe fixes to unsafe ones.
    pub(crate) fn distrust_fixes(&mut self) {
        for fix in &mut self.0.fixes {
            fix.safety = fix.safety.max(Safety::Unsafe);
        }
    }

    /// Sets the arguments.
    #[must_use]
    pub fn with_arguments(mut self, arguments: Arguments) -> Self {
        self.0.arguments = arguments;
        self
    }

    /// Adds a related span with its label.
    #[must_use]
    pub fn with_related(mut self, span: Span, label: impl Into<Cow<'static, str>>) -> Self {
        self.0.related.push((span, label.into()));
        self
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Makes a warning an error, for a policy that rejects what it warns about.
    pub(crate) fn into_error(mut self) -> Self {
        self.0.severity = Severity::Error;
        self
    }

    /// Makes a warning advice, for what is hardly a mistake here.
    pub(crate) fn into_advice(mut self) -> Self {
        self.0.severity = Severity::Advice;
        self
    }

    /// Returns the severity: mostly that of the code. A policy can make a warning an error.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// Returns the place of the problem in the source, in bytes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Returns what the message is about, as data: for a message in another language, or a user
    /// interface.
    #[must_use]
    pub fn arguments(&self) -> &Arguments {
        &self.0.arguments
    }

    pub(crate) fn arguments_mut(&mut self) -> &mut Arguments {
        &mut self.0.arguments
    }

    /// Returns the diagnostic without any text of the filter, for logs and metrics.
    ///
    /// The message is the description of the code. The span, `expected`, the operator and what the
    /// schema defines remain: the attribute if it has it, the type and the allowed values. The
    /// other arguments, the help, the fixes and all labels are removed. The message of a
    /// [custom](Self::custom) diagnostic is removed too.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let Fields { code, severity, span, arguments, expected, related, .. } = &*self.0;
        let message = code.description().trim_end_matches('.');
        let mut redacted = Self::new(*code, *span, message).expecting(expected);
        redacted.0.severity = *severity;
        redacted.0.arguments = arguments.redacted();
        redacted.0.related = related.iter().map(|(span, _)| (*span, "".into())).collect();
        redacted
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

    /// Returns the diagnostics of the application's own rules about a filter, in the order of the
    /// source, or `None` if the list is empty.
    #[must_use]
    pub fn of(source: &str, list: impl IntoIterator<Item = Diagnostic>) -> Option<Self> {
        let mut diagnostics = Self::new(source, Vec::new());
        diagnostics.extend(list);
        (!diagnostics.is_empty()).then_some(diagnostics)
    }

    /// Returns the same diagnostics about another source with the same spans, each redacted.
    pub(crate) fn redacted_with(&self, source: String) -> Self {
        let list = self.list.iter().map(Diagnostic::redacted).collect();
        Self { source: source.into(), list, scim_type: self.scim_type }
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

    /// Returns the diagnostics that meet a condition.
    #[must_use]
    pub fn filtered(mut self, keep: impl Fn(&Diagnostic) -> bool) -> Self {
        self.list.retain(keep);
        self
    }

    /// Adds other diagnostics of the same source.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.extend(other.list);
        self
    }

    /// Returns whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Returns the source with the first fix of each diagnostic applied, up to the given safety.
    ///
    /// Of two fixes that overlap, the one with the larger extent is applied. Returns `None` if there
    /// is no fix. The result can have other errors.
    #[must_use]
    pub fn fixed(&self, max: Safety) -> Option<String> {
        let fixes = self.list.iter().filter_map(|diagnostic| diagnostic.fixes().first());
        let fixes: Vec<&Fix> = fixes.filter(|fix| fix.safety <= max).collect();
        (!fixes.is_empty()).then(|| apply_all(&self.source, fixes.into_iter()).0)
    }

    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error)
    }
}

/// Adds diagnostics, in the order of the source.
impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.list.extend(more);
        self.list.sort_by_key(|diagnostic| diagnostic.span().start);
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
