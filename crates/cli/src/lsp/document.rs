//! Documents of the editor: their filters, and positions in them.

use super::{touches, workspace_edit};
use crate::checks::{Checked, Checks};
use crate::input::{InputFilter, filters_in};
use lsp_types::{
    CodeAction, CodeActionKind, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    DiagnosticTag, Location, NumberOrString, Position, Range, TextEdit, Uri,
};
use scieve::{Safety, Severity, Span};

pub(super) struct Document {
    entries: Vec<Entry>,
}

/// A filter of a document.
pub(super) struct Entry {
    pub(super) filter: InputFilter,
    checked: Checked,
    /// Counted from 0.
    line: u32,
    /// The line, or its part without a byte order mark.
    text: String,
}

impl Document {
    pub(super) fn new(name: &str, text: String, checks: &Checks) -> Self {
        let entry = |filter: InputFilter| {
            let line = filter.origin().map_or(1, |(_, line)| line);
            let (checked, text) = (checks.check(&filter), filter.line());
            Entry { filter, checked, line: number(line - 1), text }
        };
        let filters = filters_in(name, text, checks.limits().bytes);
        Self { entries: filters.into_iter().map(entry).collect() }
    }

    pub(super) fn diagnostics(&self, uri: &Uri) -> Vec<Diagnostic> {
        let all = self.entries.iter();
        all.flat_map(|entry| entry.found().map(|found| entry.diagnostic(&found, uri))).collect()
    }

    /// Returns the filter at a position, and the offset in the filter.
    pub(super) fn at(&self, position: Position) -> Option<(&Entry, usize)> {
        self.entries
            .iter()
            .filter(|entry| entry.line == position.line)
            .find_map(|entry| Some((entry, entry.offset(position.character)?)))
    }

    pub(super) fn quick_fixes(&self, uri: &Uri, range: Range) -> Vec<CodeAction> {
        let mut actions = Vec::new();
        for entry in &self.entries {
            for found in entry.found().filter(|found| touches(entry.range(found.span()), range)) {
                let fixes = found.fixes().iter().filter(|fix| fix.safety != Safety::Placeholders);
                actions.extend(fixes.map(|fix| {
                    let edit = |(span, text): &(Span, String)| {
                        TextEdit::new(entry.range(*span), text.clone())
                    };
                    CodeAction {
                        title: fix.message.to_string(),
                        kind: Some(CodeActionKind::QUICKFIX),
                        diagnostics: Some(vec![entry.diagnostic(&found, uri)]),
                        edit: Some(workspace_edit(uri, fix.edits.iter().map(edit).collect())),
                        is_preferred: Some(fix.safety == Safety::Safe),
                        ..CodeAction::default()
                    }
                }));
            }
        }
        actions
    }

    /// Returns the edits of all safe fixes, as one edit per filter.
    pub(super) fn fix_all(&self, checks: &Checks) -> Vec<TextEdit> {
        let fixed = |entry: &Entry| {
            let fixed = checks.converge(&entry.filter, &entry.checked)?;
            Some(entry.replace(&fixed))
        };
        self.entries.iter().filter_map(fixed).collect()
    }

    /// Returns the edits that bring valid filters into canonical form.
    pub(super) fn format(&self) -> Vec<TextEdit> {
        let formatted = |entry: &Entry| {
            let canonical = entry.checked.canonical.as_ref()?;
            (entry.filter.text.as_ref() != Ok(canonical)).then(|| entry.replace(canonical))
        };
        self.entries.iter().filter_map(formatted).collect()
    }
}

impl Entry {
    /// Returns the diagnostics with the spans of the line.
    fn found(&self) -> impl Iterator<Item = scieve::Diagnostic> {
        let source = self.checked.diagnostics.source_text();
        self.checked.diagnostics.iter().map(|one| self.filter.in_line(one, source).0)
    }

    pub(super) fn text(&self) -> &str {
        self.filter.text.as_deref().unwrap_or_default()
    }

    /// Returns the range of a span of the line.
    fn range(&self, span: Span) -> Range {
        let position = |offset: usize| {
            let column = scieve::Position::new(&self.text, offset).utf16_column;
            Position::new(self.line, number(column - 1))
        };
        Range::new(position(span.start), position(span.end))
    }

    /// Returns the range of a span of the filter.
    pub(super) fn range_in_filter(&self, span: Span) -> Range {
        self.range(match &self.filter.excerpt {
            Some(excerpt) => excerpt.place(span),
            None => span,
        })
    }

    /// Returns the offset in the filter of a column in UTF-16 code units.
    fn offset(&self, column: u32) -> Option<usize> {
        let mut left = column;
        let mut chars = self.text.char_indices();
        let in_line = loop {
            match chars.next() {
                Some((at, _)) if left == 0 => break at,
                Some((_, char)) => left = left.saturating_sub(number(char.len_utf16())),
                None => break self.text.len(),
            }
        };
        let end = self.text().len();
        match &self.filter.excerpt {
            None => Some(in_line.min(end)),
            Some(excerpt) => {
                let place = excerpt.place(Span::new(0, end));
                let is_inside = (place.start..=place.end).contains(&in_line);
                let start = |at: &usize| excerpt.place(Span::new(*at, *at)).start;
                is_inside.then(|| (0..end).find(|at| start(at) >= in_line).unwrap_or(end))
            }
        }
    }

    /// Returns the edit that replaces the line by one with another filter.
    fn replace(&self, filter: &str) -> TextEdit {
        let whole = Span::new(0, self.text.len());
        TextEdit::new(self.range(whole), self.filter.line_with(filter))
    }

    fn diagnostic(&self, found: &scieve::Diagnostic, uri: &Uri) -> Diagnostic {
        let severity = match found.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Advice => DiagnosticSeverity::INFORMATION,
        };
        let related = found.related().map(|(span, label)| DiagnosticRelatedInformation {
            location: Location::new(uri.clone(), self.range(span)),
            message: label.to_owned(),
        });
        let related: Vec<_> = related.collect();
        let message = match found.help() {
            Some(help) => format!("{}\n{help}", found.message()),
            None => found.message().to_owned(),
        };
        let is_redundant = found.code().group() == "redundant";
        Diagnostic {
            range: self.range(found.span()),
            severity: Some(severity),
            code: Some(NumberOrString::String(found.code().name().to_owned())),
            source: Some("scieve".to_owned()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            tags: is_redundant.then(|| vec![DiagnosticTag::UNNECESSARY]),
            ..Diagnostic::default()
        }
    }
}

/// Positions of the protocol have 32 bits.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
