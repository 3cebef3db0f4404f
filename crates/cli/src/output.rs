//! What a run writes: results to standard output, remarks for people to standard error.

use super::exit::Stop;
use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, BufWriter, StderrLock, StdoutLock, Write};

/// When remarks have colours.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// Both streams. What was written to one is out before something goes to the other.
pub(super) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    err: BufWriter<StderrLock<'static>>,
    color: bool,
    /// Whether a picture was the last thing written to standard error.
    drawn: bool,
    /// Whether anything was.
    begun: bool,
}

impl Output {
    pub(super) fn new(color: Color) -> Self {
        let color = match color {
            Color::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let (out, err) = (BufWriter::new(io::stdout().lock()), BufWriter::new(io::stderr().lock()));
        Self { out, err, color, drawn: false, begun: false }
    }

    /// One JSON object, on a line of its own.
    pub(super) fn json(&mut self, object: &impl Serialize) -> Result<(), Stop> {
        self.switch_to_out()?;
        serde_json::to_writer(&mut self.out, object)
            .map_err(|error| Stop::unwritable(&error.into()))?;
        self.out.write_all(b"\n").map_err(|error| Stop::unwritable(&error))
    }

    /// A line, or several, of the result.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Stop> {
        self.switch_to_out()?;
        writeln!(self.out, "{text}").map_err(|error| Stop::unwritable(&error))
    }

    /// A line for people.
    pub(super) fn note(&mut self, place: Option<&str>, text: &str) -> Result<(), Stop> {
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let blank = if self.drawn { "\n" } else { "" };
        (self.drawn, self.begun) = (false, true);
        self.remark(&format!("{blank}{place}{text}\n"))
    }

    /// Findings as drawn by the library, with a blank line before them.
    pub(super) fn picture(&mut self, place: Option<&str>, text: &str) -> Result<(), Stop> {
        let blank = if self.begun { "\n" } else { "" };
        (self.drawn, self.begun) = (true, true);
        let mut drawn = blank.to_owned();
        for line in text.lines() {
            paint(&mut drawn, &placed(line, place), self.color);
        }
        self.remark(&drawn)
    }

    /// Why the run stops. What is left of the results goes out before it, if it can.
    pub(super) fn fault(&mut self, message: &str) {
        let _ = self.out.flush();
        let mut drawn = if self.drawn { "\n".to_owned() } else { String::new() };
        paint(&mut drawn, &format!("error: {message}"), self.color);
        // Where this cannot be written either, the exit status has to do.
        let _ = self.err.write_all(drawn.as_bytes()).and_then(|()| self.err.flush());
    }

    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        self.out.flush().and_then(|()| self.err.flush()).map_err(|error| Stop::unwritable(&error))
    }

    fn remark(&mut self, text: &str) -> Result<(), Stop> {
        self.out
            .flush()
            .and_then(|()| self.err.write_all(text.as_bytes()))
            .map_err(|error| Stop::unwritable(&error))
    }

    fn switch_to_out(&mut self) -> Result<(), Stop> {
        self.err.flush().map_err(|error| Stop::unwritable(&error))
    }
}

/// ` --> 1:5`, with the place of the filter where it is from a file: ` --> file:12:5`.
fn placed(line: &str, place: Option<&str>) -> String {
    match (line.split_once("--> 1:"), place) {
        (Some((blanks, column)), Some(place)) if blanks.trim().is_empty() => {
            format!("{blanks}--> {place}:{column}")
        }
        _ => line.to_owned(),
    }
}

/// One line of a picture, with what kind it is of as its colour.
fn paint(out: &mut String, line: &str, color: bool) {
    let bold = Style::new().bold();
    let dim = AnsiColor::Blue.on_default().bold();
    let head =
        |name: &str| if name.starts_with("error") { AnsiColor::Red } else { AnsiColor::Yellow };
    let is_head = |name: &str| ["error", "warning"].contains(&name.split('[').next().unwrap_or(""));
    let painted = match line.split_once(": ") {
        _ if !color => None,
        Some((name, message)) if is_head(name) => {
            let style = head(name).on_default().bold();
            Some(format!("{style}{name}{style:#}{bold}: {message}{bold:#}"))
        }
        _ => match line.split_once("| ") {
            // The rows below the source line have nothing before their bar.
            Some((before, marks)) if before.trim().is_empty() && !before.is_empty() => {
                let carets = AnsiColor::Red.on_default().bold();
                Some(format!("{dim}{before}|{dim:#} {carets}{marks}{carets:#}"))
            }
            _ if line.trim_start().starts_with("--> ") => Some(format!("{dim}{line}{dim:#}")),
            _ => None,
        },
    };
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{}", painted.as_deref().unwrap_or(line));
}
