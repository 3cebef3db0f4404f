//! Records from a file: JSON resources, with their text as it was.

use super::exit::Stop;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// One resource.
pub(super) struct Record {
    pub(super) value: Value,
    /// As it stands in the file, without blanks between its parts.
    pub(super) text: String,
}

/// The resources of a file.
pub(super) enum Records {
    /// A JSON array, read whole.
    Array(Vec<Record>),
    /// A file with one JSON object a line, read anew for each filter.
    Lines { path: PathBuf, name: String, complete: bool },
}

impl Records {
    /// `complete` adds to users what follows from their groups.
    pub(super) fn open(path: &Path, complete: bool) -> Result<Self, Stop> {
        let name = path.display().to_string();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => match File::open(path) {
                Ok(_) => Ok(Self::Lines { path: path.to_owned(), name, complete }),
                Err(error) => Err(Stop::unreadable(&name, &error)),
            },
            Some("json") => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Stop::unreadable(&name, &error))?;
                let list: Vec<&RawValue> =
                    serde_json::from_str(&text).map_err(|error| fault(&name, 1, &error))?;
                let records = list.into_iter().zip(1..).map(|(raw, number): (_, u64)| {
                    let place = format!("{name}: element {number}");
                    let found = record(raw.get(), complete)
                        .map_err(|error| Stop::Unusable(format!("{place}: {error}")))?;
                    found.ok_or_else(|| no_object(&place))
                });
                Ok(Self::Array(records.collect::<Result<_, _>>()?))
            }
            _ => Stop::unusable(format!(
                "`{name}` is neither a .json file, an array of objects, nor a .jsonl file, an object a line"
            )),
        }
    }

    /// Hands over every record; answers how many there were.
    pub(super) fn each(
        &self,
        mut take: impl FnMut(&Record) -> Result<(), Stop>,
    ) -> Result<u64, Stop> {
        let mut total = 0;
        match self {
            Self::Array(records) => {
                for record in records {
                    total += 1;
                    take(record)?;
                }
            }
            Self::Lines { path, name, complete } => {
                let mut reader = BufReader::new(
                    File::open(path).map_err(|error| Stop::unreadable(name, &error))?,
                );
                let (mut line, mut number) = (String::new(), 0_u64);
                loop {
                    line.clear();
                    if reader
                        .read_line(&mut line)
                        .map_err(|error| Stop::unreadable(name, &error))?
                        == 0
                    {
                        break;
                    }
                    number += 1;
                    let text = if number == 1 {
                        line.strip_prefix('\u{feff}').unwrap_or(&line)
                    } else {
                        &line
                    };
                    if text.trim().is_empty() {
                        continue;
                    }
                    let found = record(text.trim(), *complete)
                        .map_err(|error| fault(name, number, &error))?;
                    total += 1;
                    take(&found.ok_or_else(|| no_object(&format!("{name}:{number}")))?)?;
                }
            }
        }
        Ok(total)
    }
}

/// Why a text that begins on that line of the file is not what it should be.
fn fault(name: &str, first_line: u64, error: &serde_json::Error) -> Stop {
    if error.is_data() {
        return Stop::Unusable(format!("`{name}` is no JSON array of objects"));
    }
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message =
        message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
    let line = first_line.saturating_add(u64::try_from(line).unwrap_or(u64::MAX)).saturating_sub(1);
    Stop::Unusable(format!("{name}:{line}:{column}: {message}"))
}

fn no_object(place: &str) -> Stop {
    Stop::Unusable(format!("{place}: not a JSON object"))
}

/// The object in the text, or `None` where the text is other JSON.
fn record(text: &str, complete: bool) -> serde_json::Result<Option<Record>> {
    let mut value: Value = serde_json::from_str(text)?;
    if complete {
        scieve_users::add_group_roles(&mut value);
    }
    Ok(value.is_object().then(|| Record { value, text: compact(text) }))
}

/// The JSON text without blanks and line ends between its parts.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let kept = json.chars().filter(|character| {
        let keep = in_string || !character.is_ascii_whitespace();
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        keep
    });
    kept.collect()
}
