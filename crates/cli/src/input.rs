//! Reads filters one at a time from arguments, files, folders, or standard input.

use crate::excerpt::{Excerpt, excerpts};
use crate::exit::CliError;
use scieve::{Diagnostic, Diagnostics, Renderer, Span};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use walkdir::WalkDir;

/// The filters of a command.
#[derive(clap::Args)]
pub(crate) struct Filters {
    /// Filters to process; `-` is standard input, one filter per line [default: `-`]. A word
    /// without spaces that names a file or folder is read like `--file`
    #[arg(value_name = "FILTER", conflicts_with = "file")]
    filters: Vec<String>,
    /// Read filters from a file, one per line, or from the .scim, .filter and .filters files of a
    /// folder; `-` is standard input. Empty lines are skipped, in files also lines that start with
    /// `#`; can be repeated
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
}

/// A filter as given by the user.
pub(crate) struct InputFilter {
    /// The file and line, unless the filter is an argument.
    pub(crate) location: Option<Location>,
    /// The filter, or the error of a line that is not UTF-8.
    pub(crate) text: Result<String, Diagnostics>,
    /// The line that contains the filter, if that is not the whole line.
    pub(crate) excerpt: Option<Rc<Excerpt>>,
    /// Codes and groups that the comments of the file suppress.
    pub(crate) allowed: Vec<String>,
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
    extracts: bool,
    /// Sizes of the files in bytes.
    size: u64,
    read: u64,
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
    read: u64,
    kind: LinesKind,
    /// Filters of the current line that were not returned yet.
    pending: VecDeque<InputFilter>,
    /// The rules that comments suppress, in the rest of the file and for the next filter.
    allowed: Vec<String>,
    allowed_next: Vec<String>,
}

/// The content of lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinesKind {
    /// A filter.
    Filters,
    /// A filter, or a comment after `#`.
    FiltersWithComments,
    /// Text that contains filters.
    Text,
}

/// File name extensions of filters, and of other text that can contain some.
const EXTENSIONS: &[&str] = &["scim", "filter", "filters"];
const TEXT_EXTENSIONS: &[&str] =
    &["har", "http", "json", "jsonl", "log", "md", "rest", "toml", "txt", "yaml", "yml"];

/// Maximum length of a character and of a line end in UTF-8, in bytes.
const MAX_CHARACTER: usize = 4;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Returns the text of a file without the byte order mark with which editors on Windows start it.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

impl InputFilter {
    /// Returns the file and line, for positions in JSON.
    pub(crate) fn origin(&self) -> Option<(&str, usize)> {
        self.location.as_ref().map(|location| (&*location.file, location.line))
    }

    /// Returns a diagnostic about the filter as one about its line, and the line.
    pub(crate) fn in_line(&self, diagnostic: &Diagnostic, source: &str) -> (Diagnostic, String) {
        match &self.excerpt {
            Some(excerpt) => (excerpt.transpose(diagnostic), excerpt.line.clone()),
            None => (diagnostic.clone(), source.to_owned()),
        }
    }

    /// Returns the line of the file, or the filter if that is the whole line.
    pub(crate) fn line(&self) -> String {
        match &self.excerpt {
            Some(excerpt) => excerpt.line.clone(),
            None => self.text.clone().unwrap_or_default(),
        }
    }

    /// Returns another filter at the same place.
    pub(crate) fn replaced(self, filter: String) -> Self {
        let line = self.line_with(&filter);
        let excerpt = self.excerpt.as_ref().and_then(|old| {
            let start = old.place(Span::new(0, 0)).start;
            excerpts(&line).into_iter().find(|new| new.place(Span::new(0, 0)).start == start)
        });
        Self { text: Ok(filter), excerpt: excerpt.map(Rc::new), ..self }
    }

    /// Returns the line of the file with another filter in it.
    pub(crate) fn line_with(&self, filter: &str) -> String {
        match &self.excerpt {
            Some(excerpt) => excerpt.with_filter(filter),
            None => filter.to_owned(),
        }
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
        self.open_with(max_bytes, false)
    }

    /// Like [`Filters::open`]; `extracts` reads lines of other text that contain filters.
    pub(crate) fn open_with(self, max_bytes: usize, extracts: bool) -> Result<Input, CliError> {
        let Self { filters, file: files } = self;
        let mut sources: VecDeque<Source> = VecDeque::new();
        for filter in filters {
            // Every filter contains whitespace.
            let is_path = !filter.contains(char::is_whitespace) && Path::new(&filter).exists();
            match filter {
                filter if filter == "-" => sources.push_back(Source::Stdin),
                filter if is_path => push_files(Path::new(&filter), extracts, &mut sources)?,
                filter => sources.push_back(Source::Argument(filter)),
            }
        }
        for path in files {
            match path.as_os_str() == "-" {
                true => sources.push_back(Source::Stdin),
                false => push_files(&path, extracts, &mut sources)?,
            }
        }
        if sources.is_empty() {
            if io::stdin().is_terminal() {
                return CliError::fail(
                    "no filters: pass them as arguments, with `--file`, or on standard input",
                );
            }
            sources.push_back(Source::Stdin);
        }
        let size = |source: &Source| match source {
            Source::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            _ => 0,
        };
        let size = sources.iter().map(size).sum();
        Ok(Input { sources, lines: None, max_bytes, extracts, size, read: 0 })
    }
}

/// Adds a file, or the files of a folder that contain filters, in the order of their names.
fn push_files(path: &Path, extracts: bool, sources: &mut VecDeque<Source>) -> Result<(), CliError> {
    if !path.is_dir() {
        sources.push_back(Source::File(path.to_owned()));
        return Ok(());
    }
    let before = sources.len();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            CliError::cannot_read(&path.display().to_string(), &io::Error::from(error))
        })?;
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        let is_filters = extension.is_some_and(|extension| {
            EXTENSIONS.contains(&extension) || extracts && TEXT_EXTENSIONS.contains(&extension)
        });
        if entry.file_type().is_file() && is_filters {
            let path = entry.path();
            sources.push_back(Source::File(path.strip_prefix("./").unwrap_or(path).to_owned()));
        }
    }
    match sources.len() == before {
        true => CliError::fail(format!("the folder `{}` has no files of filters", path.display())),
        false => Ok(()),
    }
}

impl Input {
    pub(crate) fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        loop {
            if let Some(lines) = &mut self.lines {
                if let Some(filter) = lines.next()? {
                    return Ok(Some(filter));
                }
                self.read += lines.read;
                self.lines = None;
            }
            match self.sources.pop_front() {
                None => return Ok(None),
                Some(Source::Argument(text)) => {
                    return Ok(Some(InputFilter::new(None, Ok(text))));
                }
                Some(Source::Stdin) => {
                    let reader = Box::new(io::stdin().lock());
                    let kind = if self.extracts { LinesKind::Text } else { LinesKind::Filters };
                    self.lines = Some(Lines::new("stdin", reader, self.max_bytes, kind));
                }
                Some(Source::File(path)) => {
                    let name = path.display().to_string();
                    let file =
                        File::open(&path).map_err(|error| CliError::cannot_read(&name, &error))?;
                    // A file of filters has filters only.
                    let kind = match self.extracts && !is_file_of_filters(&path) {
                        true => LinesKind::Text,
                        false => LinesKind::FiltersWithComments,
                    };
                    self.lines = Some(Lines::new(&name, Box::new(file), self.max_bytes, kind));
                }
            }
        }
    }

    /// Returns the number of bytes of the files that were read, and that of all.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.read + self.lines.as_ref().map_or(0, |lines| lines.read), self.size)
    }

    /// Returns true if reading the next filter may block.
    pub(crate) fn may_block(&self) -> bool {
        match &self.lines {
            Some(lines) => lines.pending.is_empty() && !lines.reader.buffer().contains(&b'\n'),
            None => matches!(self.sources.front(), Some(Source::Stdin)),
        }
    }
}

impl InputFilter {
    pub(crate) fn new(location: Option<Location>, text: Result<String, Diagnostics>) -> Self {
        Self { location, text, excerpt: None, allowed: Vec::new() }
    }
}

impl Lines {
    fn new(name: &str, reader: Box<dyn Read>, max_bytes: usize, kind: LinesKind) -> Self {
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Self {
            file: name.into(),
            reader,
            number: 0,
            max_bytes,
            buffer: Vec::new(),
            read: 0,
            kind,
            pending: VecDeque::new(),
            allowed: Vec::new(),
            allowed_next: Vec::new(),
        }
    }

    fn next(&mut self) -> Result<Option<InputFilter>, CliError> {
        loop {
            if let Some(filter) = self.pending.pop_front() {
                return Ok(Some(filter));
            }
            let cut = self.read().map_err(|error| CliError::cannot_read(&self.file, &error))?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let location = Location { file: Rc::clone(&self.file), line: self.number };
            // Editors on Windows start files with a byte order mark.
            let start = if self.number == 1 { BYTE_ORDER_MARK.as_bytes() } else { b"" };
            let mut line = self.buffer.strip_prefix(start).unwrap_or(&self.buffer);
            if let Some(ended) = line.strip_suffix(b"\n") {
                line = ended.strip_suffix(b"\r").unwrap_or(ended);
            }
            let text = match std::str::from_utf8(line) {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) if self.kind == LinesKind::Text => {
                    self.pending = extract(line, &location);
                    continue;
                }
                Ok(line) if self.kind == LinesKind::FiltersWithComments && is_comment(line) => {
                    let suppression = suppressed(line);
                    if let Some((for_file, rules)) = suppression {
                        let list =
                            if for_file { &mut self.allowed } else { &mut self.allowed_next };
                        list.extend(rules);
                    }
                    continue;
                }
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
            let mut filter = InputFilter::new(Some(location), text);
            filter.allowed = self.allowed.clone();
            filter.allowed.append(&mut self.allowed_next);
            return Ok(Some(filter));
        }
    }

    /// Reads a line, including its end, into the buffer; the buffer is empty at the end of the
    /// file. Returns true if the line was cut.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let limit = self.max_bytes.saturating_add(2 * MAX_CHARACTER);
        let mut line = (&mut self.reader).take(u64::try_from(limit).unwrap_or(u64::MAX));
        let mut length = line.read_until(b'\n', &mut self.buffer)?;
        let cut = self.buffer.len() == limit && !self.buffer.ends_with(b"\n");
        if cut {
            length += self.reader.skip_until(b'\n')?;
        }
        self.read += u64::try_from(length).unwrap_or_default();
        Ok(cut)
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Returns the rules that a comment suppresses: `# scieve: allow(RULES)` for the next filter, or
/// `# scieve: allow-file(RULES)`, which returns true, for the filters below.
fn suppressed(comment: &str) -> Option<(bool, Vec<String>)> {
    let rest = comment.trim_start().trim_start_matches('#').trim_start().strip_prefix("scieve:")?;
    let (word, rules) = rest.trim().strip_suffix(')')?.split_once('(')?;
    let for_file = match word.trim() {
        "allow" => false,
        "allow-file" => true,
        _ => return None,
    };
    Some((for_file, rules.split(',').map(|rule| rule.trim().to_owned()).collect()))
}

/// Returns the filters in the text of a file of this name.
pub(crate) fn filters_in(name: &str, text: String, max_bytes: usize) -> Vec<InputFilter> {
    let kind = match is_file_of_filters(Path::new(name)) {
        true => LinesKind::FiltersWithComments,
        false => LinesKind::Text,
    };
    let mut lines = Lines::new(name, Box::new(io::Cursor::new(text)), max_bytes, kind);
    // Reading from memory cannot fail.
    std::iter::from_fn(|| lines.next().ok().flatten()).collect()
}

fn is_file_of_filters(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// Returns the filters in a line of other text.
fn extract(line: &str, location: &Location) -> VecDeque<InputFilter> {
    let filter = |excerpt: Excerpt| {
        let location = Location { file: Rc::clone(&location.file), line: location.line };
        let mut filter = InputFilter::new(Some(location), Ok(excerpt.filter.clone()));
        filter.excerpt = Some(Rc::new(excerpt));
        filter
    };
    excerpts(line).into_iter().map(filter).collect()
}
