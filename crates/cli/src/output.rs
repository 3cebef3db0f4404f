//! Writes results to standard output and diagnostics to standard error.

use crate::exit::CliError;
use crate::progress_bar::ProgressBar;
use anstream::{AutoStream, ColorChoice};
use scieve::{Diagnostic, Renderer, Styles};
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};

/// When to use colours.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Both output streams. Each is flushed before anything is written to the other, so that their
/// order is kept on a terminal.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    err: BufWriter<StderrLock<'static>>,
    styles: Styles,
    /// True if the last output on standard error was a rendered diagnostic.
    after_diagnostic: bool,
    /// True if there was any output on standard error.
    begun: bool,
    shows_progress: bool,
    progress: ProgressBar,
}

impl Output {
    pub(crate) fn new(color: Color) -> Self {
        let color = match color {
            Color::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let styles = if color { Styles::ANSI } else { Styles::PLAIN };
        let (out, err) = (BufWriter::new(io::stdout().lock()), BufWriter::new(io::stderr().lock()));
        let shows_progress = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self {
            out,
            err,
            styles,
            after_diagnostic: false,
            begun: false,
            shows_progress,
            progress: ProgressBar::default(),
        }
    }

    /// Writes a JSON object on one line of standard output.
    pub(crate) fn json(&mut self, object: &impl Serialize) -> Result<(), CliError> {
        self.flush_err()?;
        serde_json::to_writer(&mut self.out, object)
            .map_err(|error| CliError::cannot_write(&error.into()))?;
        self.out.write_all(b"\n").map_err(|error| CliError::cannot_write(&error))
    }

    /// Writes one or more lines to standard output.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), CliError> {
        self.flush_err()?;
        writeln!(self.out, "{text}").map_err(|error| CliError::cannot_write(&error))
    }

    /// Writes a line to standard error.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), CliError> {
        let separator = if self.after_diagnostic { "\n" } else { "" };
        (self.after_diagnostic, self.begun) = (false, true);
        self.write_err(&format!("{separator}{text}\n"))
    }

    /// Renders a diagnostic to standard error, with an empty line before it. `renderer` needs no
    /// styles.
    pub(crate) fn diagnostic(
        &mut self,
        diagnostic: &Diagnostic,
        source: &str,
        renderer: &Renderer<'_>,
    ) -> Result<(), CliError> {
        let separator = if self.begun { "\n" } else { "" };
        (self.after_diagnostic, self.begun) = (true, true);
        let rendered = diagnostic.render_with(source, &renderer.styles(self.styles));
        self.write_err(&format!("{separator}{rendered}"))
    }

    /// Allows progress if standard output is a terminal, for a command that prints little.
    pub(crate) fn allow_progress(&mut self) {
        self.shows_progress = io::stderr().is_terminal();
    }

    /// Shows on a terminal the part of a file that was read. Updates it every 0.2 s.
    ///
    /// Shows nothing if results are printed on a terminal too.
    pub(crate) fn progress(&mut self, done: u64, size: u64) {
        if self.shows_progress {
            self.progress.show(&mut self.err, done, size);
        }
    }

    /// Removes the progress from the terminal.
    pub(crate) fn end_progress(&mut self) {
        self.progress.end(&mut self.err);
    }

    /// Writes the error that ends the run, after the results so far.
    pub(crate) fn error(&mut self, message: &str) {
        let _ = self.out.flush();
        let separator = if self.after_diagnostic { "\n" } else { "" };
        let Styles { error, message: bold, reset, .. } = self.styles;
        let rendered = format!("{separator}{error}error{reset}{bold}: {message}{reset}\n");
        // If standard error cannot be written either, only the exit status is left.
        let _ = self.err.write_all(rendered.as_bytes()).and_then(|()| self.err.flush());
    }

    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        let flushed = self.out.flush().and_then(|()| self.err.flush());
        flushed.map_err(|error| CliError::cannot_write(&error))
    }

    fn write_err(&mut self, text: &str) -> Result<(), CliError> {
        let written = self.out.flush().and_then(|()| self.err.write_all(text.as_bytes()));
        written.map_err(|error| CliError::cannot_write(&error))
    }

    fn flush_err(&mut self) -> Result<(), CliError> {
        self.err.flush().map_err(|error| CliError::cannot_write(&error))
    }
}
