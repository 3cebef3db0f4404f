//! A second reader for text that the parser rejects. It reports every mistake, and ends in one
//! repaired text.
//!
//! The parser stops at the first error, which costs nothing for valid filters. This reader is for
//! diagnostics only: it never produces a plan. What it repairs is parsed by the parser again, and a
//! fix is offered only if that succeeds.
//!
//! 1. [`peel`] removes what surrounds a copied filter: the name of a parameter, encodings, quotes.
//! 2. [`token`] splits any text into tokens; [`foreign`] translates filters of other languages.
//! 3. [`read`] walks the operands of each connective, and [`clause`] the slots of a clause: path,
//!    operator, value. [`words`] lists the operators of other languages.
//!
//! After a mistake that cannot be repaired, the reader goes on at the next connective or closing
//! bracket, and reports nothing before it. Time and memory are linear in the length of the text.

mod brackets;
mod clause;
mod foreign;
mod idiom;
mod peel;
mod read;
mod token;
mod value;
mod words;

use super::Filter;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Fix, Safety, apply_all, apply_edits};
use crate::limits::Limits;
use crate::snippet::escape;
use crate::span::Span;
use crate::syntax::Syntax;
use std::borrow::Cow;
use token::Odd;

/// Maximum number of findings.
const MAX_FINDINGS: usize = 16;

/// A mistake, with the edits that repair it.
pub(super) struct Finding {
    code: Code,
    span: Span,
    message: Cow<'static, str>,
    help: Option<Cow<'static, str>>,
    safety: Safety,
    edits: Vec<(Span, String)>,
    related: Option<(Span, &'static str)>,
}

impl Finding {
    fn new(code: Code, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            help: None,
            safety: Safety::Safe,
            edits: Vec::new(),
            related: None,
        }
    }

    fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn edit(mut self, safety: Safety, span: Span, text: impl Into<String>) -> Self {
        self.safety = self.safety.max(safety);
        self.edits.push((span, text.into()));
        self
    }

    fn diagnostic(mut self, origin: impl Fn(Span) -> Span) -> (Diagnostic, Option<Fix>) {
        let mut diagnostic = Diagnostic::new(self.code, origin(self.span), self.message);
        if let Some((span, label)) = self.related {
            diagnostic = diagnostic.with_related(origin(span), label);
        }
        self.edits.sort_by_key(|(span, _)| *span);
        let edits: Vec<_> =
            self.edits.into_iter().map(|(span, text)| (origin(span), text)).collect();
        let message = match (&self.help, edits.as_slice()) {
            (Some(help), _) => help.clone(),
            (None, [(_, text)]) if !text.trim().is_empty() => {
                format!("write `{}`", escape(text.trim())).into()
            }
            (None, [_]) => "remove it".into(),
            _ => "write it as a filter of RFC 7644".into(),
        };
        if let Some(help) = self.help {
            diagnostic = diagnostic.with_help(help);
        }
        let fix = (!edits.is_empty()).then(|| Fix::new(self.safety, message, edits));
        (diagnostic, fix)
    }
}

/// The mistakes of an input, and the input without them.
pub(crate) struct Recovery {
    /// In the order of the source. Never empty.
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) repaired: Option<Repaired>,
}

/// An input that the parser accepts.
pub(crate) struct Repaired {
    pub(crate) text: String,
    /// The differences from the source.
    pub(crate) edits: Vec<(Span, String)>,
    pub(crate) safety: Safety,
    /// True if the fixes of the diagnostics can be applied together.
    pub(crate) is_apart: bool,
}

impl Repaired {
    /// Returns the span of the source that a span of the repaired text comes from.
    pub(crate) fn origin(&self, span: Span) -> Span {
        Span::new(self.origin_of(span.start, false), self.origin_of(span.end, true))
    }

    /// Returns whether the part is the same in the source.
    pub(crate) fn is_original(&self, span: Span) -> bool {
        let origin = self.origin(span);
        origin.end - origin.start == span.end - span.start
            && !self.edits.iter().any(|(edit, text)| {
                edit.start < origin.end && origin.start < edit.end
                    || (edit.start == edit.end
                        && !text.is_empty()
                        && origin.start < edit.start
                        && edit.start < origin.end)
            })
    }

    fn origin_of(&self, offset: usize, is_end: bool) -> usize {
        // The difference in length before the next edit.
        let (mut source, mut repaired) = (0, 0);
        for (span, text) in &self.edits {
            let start = repaired + (span.start - source);
            if offset < start || (offset == start && (!is_end || span.start < span.end)) {
                break;
            }
            let end = start + text.len();
            if offset < end || (offset == end && is_end) {
                return if is_end { span.end } else { span.start };
            }
            (source, repaired) = (span.end, end);
        }
        source + (offset - repaired)
    }
}

/// Parses an input that the strict parser rejected with `first`.
#[cold]
pub(crate) fn recover(
    source: &str,
    syntax: &Syntax,
    limits: &Limits,
    first: &Diagnostic,
) -> Recovery {
    let only_first = || Recovery { diagnostics: vec![first.clone()], repaired: None };
    if is_about_limits(first.code()) {
        return only_first();
    }
    let peel::Peeled { text, origins, mut findings, is_part } = peel::peel(source);
    let origin = |span: Span| {
        let at = |offset: usize| origins.get(offset).copied().unwrap_or(source.len());
        Span::new(at(span.start), at(span.end))
    };
    let mut inner: Vec<Finding> = match foreign::translate(&text) {
        Some(finding) => vec![finding],
        None => {
            let Some((tokens, odd)) = token::tokens(&text) else { return only_first() };
            let mut inner = odd_characters(&odd);
            inner.extend(read::findings(&text, tokens, syntax));
            inner
        }
    };
    if findings.is_empty() && inner.is_empty() {
        return only_first();
    }
    // Edits of single characters inside another edit are part of it.
    let large: Vec<Span> = inner
        .iter()
        .filter(|finding| !is_about_characters(finding.code))
        .flat_map(|finding| finding.edits.iter().map(|(span, _)| *span))
        .collect();
    for finding in inner.iter_mut().filter(|finding| is_about_characters(finding.code)) {
        finding.edits.retain(|(span, _)| {
            !large.iter().any(|other| other.start <= span.start && span.end <= other.end)
        });
    }
    let safety = findings.iter().chain(&inner).map(|finding| finding.safety).max();
    let mut edits: Vec<_> = inner.iter().flat_map(|finding| finding.edits.clone()).collect();
    edits.sort_by_key(|(span, _)| *span);
    let is_consistent = edits.is_sorted_by(|(one, _), (other, _)| one.end <= other.start);
    let repaired = apply_edits(&text, edits.iter().map(|(span, text)| (*span, text.as_str())));
    let is_valid = is_consistent && Filter::parse_with(&repaired, syntax, limits).is_ok();

    let peels: Vec<(Span, String)> =
        findings.iter().flat_map(|finding| finding.edits.clone()).collect();
    let source_edits = if is_part {
        let inner = edits.into_iter().map(|(span, text)| (origin(span), text));
        let mut all: Vec<_> = peels.into_iter().chain(inner).collect();
        all.sort_by_key(|(span, _)| *span);
        all
    } else {
        vec![(Span::new(0, source.len()), repaired.clone())]
    };
    let mut diagnostics: Vec<(Diagnostic, Option<Fix>)> = Vec::new();
    diagnostics.extend(findings.drain(..).map(|finding| finding.diagnostic(|span| span)));
    diagnostics.extend(inner.into_iter().map(|finding| finding.diagnostic(origin)));
    diagnostics.sort_by_key(|(diagnostic, _)| diagnostic.span().start);
    diagnostics.truncate(MAX_FINDINGS);
    let safety = safety.unwrap_or(Safety::Unsafe);
    // The diagnostic of the strict parser lists the expected tokens.
    for (diagnostic, _) in &mut diagnostics {
        if diagnostic.code() == first.code() && diagnostic.span() == first.span() {
            *diagnostic = first.clone();
        }
    }
    let whole_text =
        apply_edits(source, source_edits.iter().map(|(span, text)| (*span, text.as_str())));
    // Insertions at one place cannot be applied apart, nor edits of decoded text: then the first
    // finding has the fix of the whole.
    let is_apart = is_part && {
        let fixes = diagnostics.iter().filter_map(|(_, fix)| fix.as_ref());
        let (text, skipped) = apply_all(source, fixes);
        skipped.is_empty() && text == whole_text
    };
    let whole = || {
        let message = format!("write `{}`", escape(&whole_text));
        let span = Span::new(0, source.len());
        Fix::new(safety, message, vec![(span, whole_text.clone())])
    };
    let diagnostics = diagnostics
        .into_iter()
        .enumerate()
        .map(|(position, (diagnostic, fix))| match fix {
            _ if !is_valid => diagnostic,
            Some(fix) if is_apart => diagnostic.with_fix(fix),
            _ if !is_apart && position == 0 => diagnostic.with_fix(whole()),
            _ => diagnostic,
        })
        .collect();
    let repaired =
        is_valid.then_some(Repaired { text: repaired, edits: source_edits, safety, is_apart });
    Recovery { diagnostics, repaired }
}

impl Filter {
    /// Returns every mistake of an input that is not a filter by RFC 7644, with fixes.
    ///
    /// [`Filter::parse`] returns the first error only, and is cheaper. Returns no diagnostics if
    /// the text is a filter. [`Policy::diagnose`](crate::Policy::diagnose) also checks names and
    /// types.
    ///
    /// ```
    /// use scieve::{Code, Filter};
    ///
    /// let diagnostics = Filter::diagnose("userName = 'bjensen' && active == True");
    /// let codes: Vec<Code> = diagnostics.iter().map(|one| one.code()).collect();
    /// assert_eq!(
    ///     codes,
    ///     [
    ///         Code::UnknownOperator,
    ///         Code::BadValue,
    ///         Code::ForeignConnective,
    ///         Code::UnknownOperator,
    ///         Code::BadValue,
    ///     ]
    /// );
    /// assert_eq!(
    ///     diagnostics.fixed(scieve::Safety::Safe),
    ///     Some(r#"userName eq "bjensen" and active eq true"#.to_owned())
    /// );
    /// ```
    #[must_use]
    pub fn diagnose(text: &str) -> Diagnostics {
        Self::diagnose_with(text, &Syntax::rfc(), &Limits::DEFAULT)
    }

    /// Like [`Filter::diagnose`], with a dialect and limits.
    #[must_use]
    pub fn diagnose_with(text: &str, syntax: &Syntax, limits: &Limits) -> Diagnostics {
        match Self::parse_with(text, syntax, limits) {
            Ok(filter) => Diagnostics::new(text, filter.warnings().to_vec()),
            Err(errors) => {
                let source = errors.source_text();
                match errors.first() {
                    Some(first) if source.len() == text.len() => {
                        let recovery = recover(text, syntax, limits, first);
                        Diagnostics::new(text, recovery.diagnostics)
                    }
                    _ => errors,
                }
            }
        }
    }
}

fn is_about_limits(code: Code) -> bool {
    matches!(
        code,
        Code::EmptyFilter
            | Code::TooLong
            | Code::TooDeep
            | Code::TooManyClauses
            | Code::TooManyConnectiveLevels
    )
}

fn is_about_characters(code: Code) -> bool {
    matches!(code, Code::StrangeBlank | Code::InvisibleCharacter | Code::LookAlike)
}

/// Returns a finding for each kind of odd characters.
fn odd_characters(odd: &[Odd]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for Odd { code, span, char } in odd {
        let replacement = if *code == Code::StrangeBlank { " " } else { "" };
        if let Some(known) = findings.iter_mut().find(|finding| finding.code == *code) {
            known.edits.push((*span, replacement.to_owned()));
            continue;
        }
        let name = format!("U+{:04X}", u32::from(*char));
        let (message, help) = match code {
            Code::StrangeBlank => {
                (format!("{name} is not whitespace in a filter"), "write a space")
            }
            _ => (format!("the invisible character {name}"), "remove it"),
        };
        let finding = Finding::new(*code, *span, message).help(help);
        findings.push(finding.edit(Safety::Safe, *span, replacement));
    }
    findings
}
