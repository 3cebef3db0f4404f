//! Reads filters one at a time from arguments, files, or standard input.

use crate::exit::CliError;
use scieve::{Diagnostics, Renderer};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::rc::Rc;

/// The filters of a command.
#[derive(clap::Args)]
pub(crate) struct Filters {
    /// Filters to process; `-` is standard input, one filter per line [default: `-`]
    #[arg(value_name = "FILTER", conflicts_with = "file")]
    filters: Vec<String>,
    /// Read filters from a file, one per line; `-` is standard input, empty lines are skipped; can
    /// be repeated
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
}

/// A filter as given by the user.
pub(crate) struct InputFilter {
    /// The file and line, unless the filter is an argument.
    pub(crate) location: Option<Location>,
    /// The filter, or the error of a line that is not UTF-8.
    pub(crate) text: Result<String, Diagnostics>,
}

/// A filter that is UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Item<'i> {
    pub(crate) text: &'i str,
    pub(crate) input: &'i InputFilter,
}

/// A line of a file; displayed as `file:line`.
pub(crate) struct Location {
    file: Rc<str>,
    /// Counted from 1.
    line: usize,
}

/// An iterator over the filters of a command.
pub(crate) struct Input {
    sources: VecDeque<Source>,
    lines: Option<Lines>,
    max_bytes: usize,
}

/// Where filters come from.
enum Source {
    Argument(String),
    Stdin,
    File(PathBuf),
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
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl InputFilter {
    /// Returns the file and line, for positions in JSON.
    pub(crate) fn origin(&self) -> Option<(&str, usize)> {
        self.location.as_ref().map(|location| (&*location.file, location.line))
    }

    /// Returns the settings for rendering diagnostics about this filter.
    pub(crate) fn renderer(&self) -> Renderer<'_> {
        match self.origin() {
            Some((file, line)) => Renderer::new().origin(file, line),
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
        let Self { filters, file: files } = self;
        let mut sources: VecDeque<Source> = filters
            .into_iter()
            .map(|filter| if filter == "-" { Source::Stdin } else { Source::Argument(filter) })
            .chain(files.into_iter().map(|path| match path.as_os_str() == "-" {
                true => Source::Stdin,
                false => Source::File(path),
            }))
            .collect();
        if sources.is_empty() {
            if io::stdin().is_terminal() {
                return CliError::fail(
                    "no filters: pass them as arguments, with `--file`, or on standard input",
                );
            }
            sources.push_back(Source::Stdin);
        }
        Ok(Input { sources, lines: None, max_bytes })
    }
}

impl Input {
    pub(crate) fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        loop {
            if let Some(lines) = &mut self.lines {
                if let Some(filter) = lines.next()? {
                    return Ok(Some(filter));
                }
                self.lines = None;
            }
            match self.sources.pop_front() {
                None => return Ok(None),
                Some(Source::Argument(text)) => {
                    return Ok(Some(InputFilter { location: None, text: Ok(text) }));
                }
                Some(Source::Stdin) => {
                    let reader = Box::new(io::stdin().lock());
                    self.lines = Some(Lines::new("stdin", reader, self.max_bytes));
                }
                Some(Source::File(path)) => {
                    let name = path.display().to_string();
                    let file =
                        File::open(&path).map_err(|error| CliError::cannot_read(&name, &error))?;
                    self.lines = Some(Lines::new(&name, Box::new(file), self.max_bytes));
                }
            }
        }
    }

    /// Returns true if reading the next filter may block.
    pub(crate) fn may_block(&self) -> bool {
        match &self.lines {
            Some(lines) => !lines.reader.buffer().contains(&b'\n'),
            None => matches!(self.sources.front(), Some(Source::Stdin)),
        }
    }
}

impl Lines {
    fn new(name: &str, reader: Box<dyn Read>, max_bytes: usize) -> Self {
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Self { file: name.into(), reader, number: 0, max_bytes, buffer: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        loop {
            let cut = self.read().map_err(|error| CliError::cannot_read(&self.file, &error))?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let location = Location { file: Rc::clone(&self.file), line: self.number };
            // Editors on Windows start files with a byte order mark.
            let start = if self.number == 1 { BYTE_ORDER_MARK } else { b"" };
            let mut line = self.buffer.strip_prefix(start).unwrap_or(&self.buffer);
            if let Some(ended) = line.strip_suffix(b"\n") {
                line = ended.strip_suffix(b"\r").unwrap_or(ended);
            }
            let text = match std::str::from_utf8(line) {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => Ok(line.to_owned()),
                // The line was cut within a character.
                Err(error) if cut && error.error_len().is_none() => {
                    let valid = line.get(..error.valid_up_to()).unwrap_or_default();
                    Ok(String::from_utf8_lossy(valid).into_owned())
                }
                Err(_) => match Diagnostics::of_invalid_utf8(line) {
                    Some(error) => Err(error),
                    None => continue,
                },
            };
            return Ok(Some(InputFilter { location: Some(location), text }));
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
