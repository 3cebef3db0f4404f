//! Reads filters one at a time from arguments, a file, or standard input.

use crate::exit::CliError;
use scieve::Renderer;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::rc::Rc;
use std::vec;

/// The filters of a command.
#[derive(clap::Args)]
pub(crate) struct Filters {
    /// Filters to process [default: read from standard input, one per line]
    #[arg(value_name = "FILTER", conflicts_with = "file")]
    filters: Vec<String>,
    /// Read filters from a file, one per line; `-` is standard input, empty lines are skipped
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A filter as given by the user.
pub(crate) struct InputFilter {
    /// The file and line, unless the filter is an argument.
    pub(crate) location: Option<Location>,
    pub(crate) text: String,
}

/// A line of a file; displayed as `file:line`.
pub(crate) struct Location {
    file: Rc<str>,
    /// Counted from 1.
    line: usize,
}

/// An iterator over the filters of a command.
pub(crate) enum Input {
    Arguments(vec::IntoIter<String>),
    Lines(Lines),
}

/// The lines of a file.
///
/// A line is stored only up to the longest filter that is allowed, so that memory is bounded for a
/// line of any length.
pub(crate) struct Lines {
    file: Rc<str>,
    reader: BufReader<Box<dyn Read>>,
    number: usize,
    max_bytes: usize,
    buffer: Vec<u8>,
}

/// Maximum length of a character and of a line end in UTF-8, in bytes.
const MAX_CHARACTER: usize = 4;

impl InputFilter {
    /// Returns the settings for rendering diagnostics about this filter.
    pub(crate) fn renderer(&self) -> Renderer<'_> {
        match &self.location {
            Some(location) => Renderer::new().origin(&location.file, location.line),
            None => Renderer::new(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Filters {
    /// Opens the input. Filters longer than `max_bytes` are cut, to a length that still exceeds it.
    pub(crate) fn open(self, max_bytes: usize) -> Result<Input, CliError> {
        if !self.filters.is_empty() {
            return Ok(Input::Arguments(self.filters.into_iter()));
        }
        let (name, reader): (String, Box<dyn Read>) = match self.file {
            Some(path) if path.as_os_str() != "-" => {
                let name = path.display().to_string();
                let file =
                    File::open(&path).map_err(|error| CliError::cannot_read(&name, &error))?;
                (name, Box::new(file))
            }
            None if io::stdin().is_terminal() => {
                return CliError::fail(
                    "no filters: pass them as arguments, with `--file`, or on standard input",
                );
            }
            _ => ("stdin".to_owned(), Box::new(io::stdin().lock())),
        };
        let reader = BufReader::with_capacity(64 * 1024, reader);
        let file = name.into();
        Ok(Input::Lines(Lines { file, reader, number: 0, max_bytes, buffer: Vec::new() }))
    }
}

impl Input {
    pub(crate) fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        match self {
            Self::Arguments(filters) => {
                Ok(filters.next().map(|text| InputFilter { location: None, text }))
            }
            Self::Lines(lines) => lines.next(),
        }
    }

    /// Returns true if reading the next filter may block.
    pub(crate) fn may_block(&self) -> bool {
        match self {
            Self::Arguments(_) => false,
            Self::Lines(lines) => !lines.reader.buffer().contains(&b'\n'),
        }
    }
}

impl Lines {
    fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        loop {
            let cut = self.read().map_err(|error| CliError::cannot_read(&self.file, &error))?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let location = Location { file: Rc::clone(&self.file), line: self.number };
            let line = match std::str::from_utf8(&self.buffer) {
                Ok(line) => line,
                // The line was cut within a character.
                Err(error) if cut && error.error_len().is_none() => self
                    .buffer
                    .get(..error.valid_up_to())
                    .and_then(|valid| std::str::from_utf8(valid).ok())
                    .unwrap_or(""),
                Err(error) => {
                    let byte = error.valid_up_to() + 1;
                    return CliError::fail(format!(
                        "{location}: byte {byte} of the line is not UTF-8"
                    ));
                }
            };
            // Editors on Windows start files with a byte order mark.
            let line =
                if self.number == 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
            let line = line
                .strip_suffix('\n')
                .map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
            if !line.trim().is_empty() {
                return Ok(Some(InputFilter { location: Some(location), text: line.to_owned() }));
            }
        }
    }

    /// Reads a line, including its end, into the buffer; the buffer is empty at the end of the
    /// file. Returns true if the line was cut.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let limit = self.max_bytes.saturating_add(2 * MAX_CHARACTER);
        let mut line = (&mut self.reader).take(u64::try_from(limit).unwrap_or(u64::MAX));
        line.read_until(b'\n', &mut self.buffer)?;
        let cut = self.buffer.len() == limit && !self.buffer.ends_with(b"\n");
        if cut {
            self.reader.skip_until(b'\n')?;
        }
        Ok(cut)
    }
}
