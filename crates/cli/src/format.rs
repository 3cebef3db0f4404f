//! Formats of findings for other programs: one line each, GitHub annotations, SARIF, RDFormat and
//! JUnit.

use crate::exit::CliError;
use crate::output::Output;
use scieve::{Code, Diagnostic, Position, Safety, Severity, Span};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How findings are printed.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// With the source underlined, on standard error
    #[default]
    Full,
    /// One line per finding
    Concise,
    /// One JSON object per filter
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0 (OASIS)
    Sarif,
    /// Reviewdog Diagnostic Format
    Rdjson,
    /// JUnit XML: a test case per filter
    Junit,
}

/// A finding in a file.
struct Finding {
    file: String,
    from: Position,
    to: Position,
    diagnostic: Diagnostic,
    /// The text that the diagnostic is about.
    source: String,
    first_line: usize,
}

/// A filter with its findings, for JUnit.
struct Case {
    name: String,
    findings: usize,
}

/// The findings of a run.
pub(crate) struct Findings {
    format: Format,
    list: Vec<Finding>,
    cases: Vec<Case>,
}

/// Returns the position in the file of an offset in a source that starts on a line of it.
fn place(source: &str, offset: usize, first_line: usize) -> Position {
    let mut position = Position::new(source, offset);
    position.line += first_line - 1;
    position
}

impl Finding {
    fn place(&self, offset: usize) -> Position {
        place(&self.source, offset, self.first_line)
    }

    /// Returns the message with the help.
    fn text(&self) -> String {
        match self.diagnostic.help() {
            Some(help) => format!("{}; {help}", self.diagnostic.message()),
            None => self.diagnostic.message().to_owned(),
        }
    }

    fn concise(&self) -> String {
        let Self { file, from, diagnostic, .. } = self;
        let mark = match diagnostic.fixes().first().map(|fix| fix.safety) {
            Some(Safety::Safe) => " [*]",
            _ => "",
        };
        format!(
            "{file}:{}:{}: {}[{}]{mark}: {}",
            from.line,
            from.column,
            diagnostic.severity().name(),
            diagnostic.code(),
            self.text()
        )
    }

    /// Workflow commands of GitHub Actions escape `%`, line ends, and in properties `:` and `,`.
    fn github(&self) -> String {
        let escape =
            |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
        let command = match self.diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        format!(
            "::{command} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            property(&self.file),
            self.from.line,
            self.from.column,
            self.to.line,
            self.to.column,
            property(&format!("scieve ({})", self.diagnostic.code())),
            escape(&self.text())
        )
    }

    fn sarif(&self) -> Value {
        let code = self.diagnostic.code();
        let region = |from: &Position, to: &Position| {
            json!({
                "startLine": from.line,
                "startColumn": from.utf16_column,
                "endLine": to.line,
                "endColumn": to.utf16_column,
            })
        };
        let uri = json!({ "uri": uri(&self.file) });
        let fixes: Vec<Value> = self
            .diagnostic
            .fixes()
            .iter()
            .map(|fix| {
                let replacement = |(span, text): &(Span, String)| {
                    json!({
                        "deletedRegion": region(&self.place(span.start), &self.place(span.end)),
                        "insertedContent": { "text": text },
                    })
                };
                let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
                json!({
                    "description": { "text": fix.message },
                    "artifactChanges": [
                        { "artifactLocation": uri, "replacements": replacements }
                    ],
                })
            })
            .collect();
        let mut result = json!({
            "ruleId": code.name(),
            "ruleIndex": Code::ALL.iter().position(|one| *one == code),
            "level": level(self.diagnostic.severity()),
            "message": { "text": self.text() },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": uri,
                    "region": region(&self.from, &self.to),
                },
            }],
            "partialFingerprints": {
                "primaryLocationLineHash": format!("{:016x}:1", hash(&self.source)),
            },
        });
        if let (false, Some(object)) = (fixes.is_empty(), result.as_object_mut()) {
            object.insert("fixes".to_owned(), fixes.into());
        }
        result
    }

    fn rdjson(&self) -> Value {
        let range = |from: &Position, to: &Position| {
            json!({
                "start": { "line": from.line, "column": from.byte_column },
                "end": { "line": to.line, "column": to.byte_column },
            })
        };
        let severity = match self.diagnostic.severity() {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Advice => "INFO",
        };
        // A suggestion replaces one range.
        let suggestions: Vec<Value> = self
            .diagnostic
            .fixes()
            .iter()
            .filter_map(|fix| {
                let spans = fix.edits.iter().map(|(span, _)| *span);
                let whole = spans.reduce(Span::to)?;
                let fixed = fix.apply(&self.source);
                let end = fixed.len() - (self.source.len() - whole.end);
                Some(json!({
                    "range": range(&self.place(whole.start), &self.place(whole.end)),
                    "text": fixed.get(whole.start..end)?,
                }))
            })
            .collect();
        json!({
            "message": self.text(),
            "location": { "path": self.file, "range": range(&self.from, &self.to) },
            "severity": severity,
            "source": { "name": "scieve" },
            "code": { "value": self.diagnostic.code().name() },
            "suggestions": suggestions,
        })
    }
}

impl Findings {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, list: Vec::new(), cases: Vec::new() }
    }

    /// Adds the diagnostics of a filter, which starts on a line of a file.
    pub(crate) fn add(
        &mut self,
        file: &str,
        first_line: usize,
        found: impl Iterator<Item = (Diagnostic, String)>,
        output: &mut Output,
    ) -> Result<(), CliError> {
        let before = self.list.len();
        for (diagnostic, source) in found {
            let Span { start, end } = diagnostic.span();
            let (from, to) = (place(&source, start, first_line), place(&source, end, first_line));
            let file = file.to_owned();
            let finding = Finding { file, from, to, diagnostic, source, first_line };
            match self.format {
                Format::Concise => output.line(&finding.concise())?,
                Format::Github => output.line(&finding.github())?,
                Format::Sarif | Format::Rdjson | Format::Junit => self.list.push(finding),
                Format::Full | Format::Json => {}
            }
        }
        if self.format == Format::Junit {
            let name = format!("{file}:{first_line}");
            self.cases.push(Case { name, findings: self.list.len() - before });
        }
        Ok(())
    }

    /// Prints the formats that are one document.
    pub(crate) fn finish(&self, output: &mut Output) -> Result<(), CliError> {
        match self.format {
            Format::Sarif => output.json(&self.sarif()),
            Format::Rdjson => {
                let diagnostics: Vec<Value> = self.list.iter().map(Finding::rdjson).collect();
                output.json(&json!({ "source": { "name": "scieve" }, "diagnostics": diagnostics }))
            }
            Format::Junit => output.line(&self.junit()),
            _ => Ok(()),
        }
    }

    fn sarif(&self) -> Value {
        let rule = |code: &Code| {
            json!({
                "id": code.name(),
                "shortDescription": { "text": code.description() },
                "help": { "text": format!("`scieve rule {code}` describes this rule.") },
                "defaultConfiguration": { "level": level(code.severity()) },
                "properties": { "tags": [code.group()] },
            })
        };
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": {
                        "name": "scieve",
                        "version": env!("CARGO_PKG_VERSION"),
                        "rules": Code::ALL.iter().map(rule).collect::<Vec<_>>(),
                    },
                },
                "columnKind": "utf16CodeUnits",
                "results": self.list.iter().map(Finding::sarif).collect::<Vec<_>>(),
            }],
        })
    }

    fn junit(&self) -> String {
        let failures = self.cases.iter().filter(|case| case.findings > 0).count();
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"scieve\" tests=\"{0}\" \
             failures=\"{failures}\">\n<testsuite name=\"scieve\" tests=\"{0}\" \
             failures=\"{failures}\">",
            self.cases.len()
        );
        let mut rest = self.list.iter();
        for case in &self.cases {
            let name = xml(&case.name);
            let _ = write!(out, "\n<testcase classname=\"scieve\" name=\"{name}\">");
            // A test case has one failure.
            let found: Vec<&Finding> = rest.by_ref().take(case.findings).collect();
            if let Some(first) = found.first() {
                let lines: Vec<String> = found.iter().map(|one| one.concise()).collect();
                let _ = write!(
                    out,
                    "<failure type=\"{}\" message=\"{}\">{}</failure>",
                    first.diagnostic.code(),
                    xml(&first.text()),
                    xml(&lines.join("\n"))
                );
            }
            out.push_str("</testcase>");
        }
        out + "\n</testsuite>\n</testsuites>"
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// Returns a relative reference for a path.
fn uri(file: &str) -> String {
    const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(&file.replace('\\', "/"), PATH).to_string()
}

/// FNV-1a, which is the same on every platform and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Escapes text for XML 1.0, which has no control characters.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            char => out.push(char),
        }
    }
    out
}
