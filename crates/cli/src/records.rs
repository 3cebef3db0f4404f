//! Reads records, which are JSON objects, from a file.

use crate::exit::CliError;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// A record of the file.
pub(crate) struct InputRecord {
    pub(crate) value: Value,
    /// The JSON text of the file, without whitespace between tokens. Numbers, escapes and the
    /// order of members are kept.
    pub(crate) json: String,
}

/// The records of a file.
pub(crate) enum Records {
    /// A JSON array, kept in memory.
    Array(Vec<InputRecord>),
    /// A file with one JSON object per line, read again for each filter.
    Lines { path: PathBuf, name: String, derive_group_roles: bool },
}

impl Records {
    /// Opens a file. `derive_group_roles` adds to each user the attribute that the users policy
    /// derives from groups.
    pub(crate) fn open(path: &Path, derive_group_roles: bool) -> Result<Self, CliError> {
        let name = path.display().to_string();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => match File::open(path) {
                Ok(_) => Ok(Self::Lines { path: path.to_owned(), name, derive_group_roles }),
                Err(error) => Err(CliError::cannot_read(&name, &error)),
            },
            Some("json") => {
                let json = std::fs::read_to_string(path)
                    .map_err(|error| CliError::cannot_read(&name, &error))?;
                let list: Vec<&RawValue> =
                    serde_json::from_str(&json).map_err(|error| invalid(&name, 1, &error))?;
                let records = list.into_iter().zip(1..).map(|(raw, number): (_, u64)| {
                    let location = format!("{name}: element {number}");
                    let record = parse(raw.get(), derive_group_roles)
                        .map_err(|error| CliError::Failed(format!("{location}: {error}")))?;
                    record.ok_or_else(|| not_an_object(&location))
                });
                Ok(Self::Array(records.collect::<Result<_, _>>()?))
            }
            _ => CliError::fail(format!("`{name}` is not a .json or .jsonl file")),
        }
    }

    /// Passes each record to `process`; returns the number of records.
    pub(crate) fn for_each(
        &self,
        mut process: impl FnMut(&InputRecord) -> Result<(), CliError>,
    ) -> Result<u64, CliError> {
        let mut total = 0;
        match self {
            Self::Array(records) => {
                for record in records {
                    total += 1;
                    process(record)?;
                }
            }
            Self::Lines { path, name, derive_group_roles } => {
                let cannot_read = |error| CliError::cannot_read(name, &error);
                let mut reader = BufReader::new(File::open(path).map_err(cannot_read)?);
                let (mut line, mut number) = (String::new(), 0_u64);
                loop {
                    line.clear();
                    if reader.read_line(&mut line).map_err(cannot_read)? == 0 {
                        break;
                    }
                    number += 1;
                    let json = match number {
                        // Editors on Windows start files with a byte order mark.
                        1 => line.strip_prefix('\u{feff}').unwrap_or(&line),
                        _ => &line,
                    };
                    if json.trim().is_empty() {
                        continue;
                    }
                    let record = parse(json.trim(), *derive_group_roles)
                        .map_err(|error| invalid(name, number, &error))?;
                    total += 1;
                    process(&record.ok_or_else(|| not_an_object(&format!("{name}:{number}")))?)?;
                }
            }
        }
        Ok(total)
    }
}

/// Returns the error for invalid JSON that starts on `first_line` of the file.
fn invalid(name: &str, first_line: u64, error: &serde_json::Error) -> CliError {
    if error.is_data() {
        return CliError::Failed(format!("`{name}` is not a JSON array of objects"));
    }
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message =
        message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
    let line = first_line.saturating_add(u64::try_from(line).unwrap_or(u64::MAX)).saturating_sub(1);
    CliError::Failed(format!("{name}:{line}:{column}: {message}"))
}

fn not_an_object(location: &str) -> CliError {
    CliError::Failed(format!("{location}: not a JSON object"))
}

/// Parses a record; returns `None` if it is not a JSON object.
fn parse(json: &str, derive_group_roles: bool) -> serde_json::Result<Option<InputRecord>> {
    let mut value = scieve::json_record(json)?;
    if derive_group_roles {
        scieve_users::add_group_roles(&mut value);
    }
    Ok(value.is_object().then(|| InputRecord { value, json: compact(json) }))
}

/// Removes the whitespace between the tokens of a JSON text.
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
