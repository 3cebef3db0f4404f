//! Where filters come from: arguments, a file, or standard input, one at a time.

use super::exit::Stop;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::vec;

/// The filters of a command.
#[derive(clap::Args)]
pub(super) struct Filters {
    /// Filters; without any, they are read from standard input, one a line
    #[arg(value_name = "FILTER", conflicts_with = "file")]
    filters: Vec<String>,
    /// Reads filters from a file, one a line, blank lines apart; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// One filter, with the line that it stands on where it is from a file.
pub(super) struct Given {
    pub(super) place: Option<String>,
    pub(super) text: String,
}

/// The filters still to come.
pub(super) enum Input {
    Arguments(vec::IntoIter<String>),
    Lines(Lines),
}

/// A line of any length takes no more memory than the longest filter that is allowed.
pub(super) struct Lines {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    number: u64,
    limit: usize,
    buffer: Vec<u8>,
}

/// A character is no longer, and neither is `\r\n`.
const CHARACTER: usize = 4;

impl Filters {
    /// The filters, of which those longer than `limit` bytes come cut, though still too long.
    pub(super) fn open(self, limit: usize) -> Result<Input, Stop> {
        if !self.filters.is_empty() {
            return Ok(Input::Arguments(self.filters.into_iter()));
        }
        let (name, reader): (String, Box<dyn Read>) = match self.file {
            Some(path) if path.as_os_str() != "-" => {
                let name = path.display().to_string();
                let file = File::open(&path).map_err(|error| Stop::unreadable(&name, &error))?;
                (name, Box::new(file))
            }
            None if io::stdin().is_terminal() => {
                return Stop::unusable(
                    "no filter: give one as an argument, a file of them with `--file`, or lines on standard input",
                );
            }
            _ => ("stdin".to_owned(), Box::new(io::stdin().lock())),
        };
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Ok(Input::Lines(Lines { name, reader, number: 0, limit, buffer: Vec::new() }))
    }
}

impl Input {
    pub(super) fn next(&mut self) -> Result<Option<Given>, Stop> {
        match self {
            Self::Arguments(filters) => Ok(filters.next().map(|text| Given { place: None, text })),
            Self::Lines(lines) => lines.next(),
        }
    }

    /// Whether the next filter may have to be waited for.
    pub(super) fn waits(&self) -> bool {
        match self {
            Self::Arguments(_) => false,
            Self::Lines(lines) => !lines.reader.buffer().contains(&b'\n'),
        }
    }
}

impl Lines {
    fn next(&mut self) -> Result<Option<Given>, Stop> {
        loop {
            let cut = self.read().map_err(|error| Stop::unreadable(&self.name, &error))?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let place = format!("{}:{}", self.name, self.number);
            let text = match std::str::from_utf8(&self.buffer) {
                Ok(text) => text,
                // The cut went through a character.
                Err(error) if cut && error.error_len().is_none() => self
                    .buffer
                    .get(..error.valid_up_to())
                    .and_then(|whole| std::str::from_utf8(whole).ok())
                    .unwrap_or(""),
                Err(error) => {
                    return Stop::unusable(format!(
                        "{place}: byte {} of the line is not UTF-8",
                        error.valid_up_to() + 1
                    ));
                }
            };
            // Editors on Windows start files with a byte order mark.
            let text =
                if self.number == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
            let text = text
                .strip_suffix('\n')
                .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
            if !text.trim().is_empty() {
                return Ok(Some(Given { place: Some(place), text: text.to_owned() }));
            }
        }
    }

    /// Reads a line with its end into the buffer, which stays empty at the end of the file; `true` where the line was cut.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let most = self.limit.saturating_add(2 * CHARACTER);
        let mut line = (&mut self.reader).take(u64::try_from(most).unwrap_or(u64::MAX));
        line.read_until(b'\n', &mut self.buffer)?;
        let cut = self.buffer.len() == most && !self.buffer.ends_with(b"\n");
        if cut {
            self.reader.skip_until(b'\n')?;
        }
        Ok(cut)
    }
}
