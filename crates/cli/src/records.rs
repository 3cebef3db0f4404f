//! Reads records, which are JSON objects, from a file, and selects those that plans match.

use crate::exit::CliError;
use crate::projection::Projection;
use crate::scan::{Line, scan};
use scieve::{FilterSet, Plan};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{BufReader, Read};
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
    /// A file with one JSON object per line.
    Lines { path: PathBuf, name: String, derive_group_roles: bool },
}

/// The number of records of a file, and of those that match.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) matched: u64,
    pub(crate) total: u64,
}

/// The place of a record: the offset of a line and its length in bytes, or the position in an array.
#[derive(Clone, Copy)]
struct Place {
    start: u64,
    length: u32,
}

/// The records that one of several plans matches.
#[derive(Default)]
pub(crate) struct Selection {
    pub(crate) counts: Counts,
    /// `None` if the places were not kept.
    places: Option<Vec<Place>>,
}

/// Maximum number of places that are kept for several plans, 16 bytes each.
const MAX_PLACES: usize = 4_000_000;

/// Reports the number of bytes of the file that were read, and its length.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(u64, u64);

impl InputRecord {
    fn new(value: Value, text: &str) -> Self {
        let mut json = String::with_capacity(text.len());
        push_compact(&mut json, text);
        Self { value, json }
    }
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
                    let value = record.ok_or_else(|| not_an_object(&location))?;
                    Ok(InputRecord::new(value, raw.get()))
                });
                Ok(Self::Array(records.collect::<Result<_, _>>()?))
            }
            _ => CliError::fail(format!("`{name}` is not a .json or .jsonl file")),
        }
    }

    /// Passes each record to `process`, with all its members.
    pub(crate) fn for_each(
        &self,
        mut process: impl FnMut(&InputRecord) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        match self {
            Self::Array(records) => records.iter().try_for_each(process),
            Self::Lines { .. } => self.scan(
                |line, result: &mut Vec<InputRecord>| {
                    result.push(InputRecord::new(self.whole_record(line)?, line.text));
                    Ok(())
                },
                |records, _| records.iter().try_for_each(&mut process),
            ),
        }
    }

    /// Passes the records that a plan matches to `found`, many at a time: one per line of the
    /// string, without whitespace between tokens. Numbers, escapes and the order of members are
    /// kept. With `count`, only counts them.
    pub(crate) fn matching(
        &self,
        plan: &Plan<Value>,
        count: bool,
        mut found: impl FnMut(&str) -> Result<(), CliError>,
        progress: Progress<'_>,
    ) -> Result<Counts, CliError> {
        let mut counts = Counts::default();
        match self {
            Self::Array(records) => {
                for record in records {
                    counts.total += 1;
                    if plan.matches(&record.value) {
                        counts.matched += 1;
                        if !count {
                            found(&format!("{}\n", record.json))?;
                        }
                    }
                }
            }
            Self::Lines { path, .. } => {
                let projection = self.projection([plan]);
                let size = path.metadata().map_or(0, |file| file.len());
                self.scan(
                    |line, result: &mut (String, Counts)| {
                        let record = self.record(&projection, line)?;
                        result.1.total += 1;
                        if plan.matches(&record) {
                            result.1.matched += 1;
                            if !count {
                                push_compact(&mut result.0, line.text);
                                result.0.push('\n');
                            }
                        }
                        Ok(())
                    },
                    |(lines, of_block), end| {
                        counts.matched += of_block.matched;
                        counts.total += of_block.total;
                        progress(end, size);
                        if lines.is_empty() { Ok(()) } else { found(&lines) }
                    },
                )?;
            }
        }
        Ok(counts)
    }

    /// Selects the records of each of several plans. Reads the file once.
    pub(crate) fn select(
        &self,
        plans: &[&Plan<Value>],
        count: bool,
        progress: Progress<'_>,
    ) -> Result<Vec<Selection>, CliError> {
        let mut set = FilterSet::new();
        for (position, plan) in plans.iter().enumerate() {
            let inserted = set.insert(position, Plan::clone(plan));
            inserted.map_err(|error| CliError::Failed(error.to_string()))?;
        }
        let places = || (!count).then(Vec::new);
        let mut selections = Selections {
            list: plans
                .iter()
                .map(|_| Selection { places: places(), ..Selection::default() })
                .collect(),
            kept: 0,
        };
        let mut total = 0;
        match self {
            Self::Array(records) => {
                for (start, record) in (0..).zip(records) {
                    total += 1;
                    set.matching(&record.value, |plan| {
                        selections.add(*plan, Place { start, length: 0 })
                    });
                }
            }
            Self::Lines { path, .. } => {
                let projection = self.projection(plans.iter().copied());
                let size = path.metadata().map_or(0, |file| file.len());
                self.scan(
                    |line, result: &mut (Vec<(usize, Place)>, u64)| {
                        let record = self.record(&projection, line)?;
                        result.1 += 1;
                        let length = u32::try_from(line.text.len()).unwrap_or(u32::MAX);
                        let place = Place { start: line.offset, length };
                        set.matching(&record, |plan| result.0.push((*plan, place)));
                        Ok(())
                    },
                    |(found, of_block), end| {
                        total += of_block;
                        found.into_iter().for_each(|(plan, place)| selections.add(plan, place));
                        progress(end, size);
                        Ok(())
                    },
                )?;
            }
        }
        for selection in &mut selections.list {
            selection.counts.total = total;
        }
        Ok(selections.list)
    }

    /// Passes the records of a selection to `found`, as [`Records::matching`] does.
    pub(crate) fn selected(
        &self,
        selection: &Selection,
        plan: &Plan<Value>,
        mut found: impl FnMut(&str) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let Some(places) = &selection.places else {
            self.matching(plan, false, found, &mut |_, _| {})?;
            return Ok(());
        };
        match self {
            Self::Array(records) => {
                let json = places.iter().filter_map(|place| {
                    records.get(usize::try_from(place.start).ok()?).map(|record| &record.json)
                });
                json.map(|json| format!("{json}\n")).try_for_each(|line| found(&line))
            }
            Self::Lines { path, name, .. } => {
                let cannot_read = |error| CliError::cannot_read(name, &error);
                let mut reader = BufReader::new(File::open(path).map_err(cannot_read)?);
                let (mut line, mut offset) = (Vec::new(), 0_i64);
                let mut out = String::new();
                for place in places {
                    let start = i64::try_from(place.start).unwrap_or(i64::MAX);
                    reader.seek_relative(start - offset).map_err(cannot_read)?;
                    line.resize(place.length as usize, 0);
                    reader.read_exact(&mut line).map_err(cannot_read)?;
                    offset = start + i64::from(place.length);
                    out.clear();
                    push_compact(&mut out, &String::from_utf8_lossy(&line));
                    out.push('\n');
                    found(&out)?;
                }
                Ok(())
            }
        }
    }

    fn projection<'p>(&self, plans: impl IntoIterator<Item = &'p Plan<Value>>) -> Projection {
        let mut projection = Projection::default();
        plans.into_iter().for_each(|plan| projection.add(plan));
        if let Self::Lines { derive_group_roles: true, .. } = self {
            projection.add_source("assignedGroupsAssignedRoles", "assignedGroups");
        }
        projection
    }

    /// Parses the members of a line that plans need.
    fn record(&self, projection: &Projection, line: &Line<'_>) -> Result<Value, CliError> {
        let Self::Lines { derive_group_roles, .. } = self else { return Ok(Value::Null) };
        match projection.parse(line.text) {
            Some(mut record) => {
                if *derive_group_roles {
                    scieve_users::add_group_roles(&mut record);
                }
                Ok(record)
            }
            // Gives the error and its place.
            None => self.whole_record(line),
        }
    }

    /// Parses all members of a line.
    fn whole_record(&self, line: &Line<'_>) -> Result<Value, CliError> {
        let Self::Lines { name, derive_group_roles, .. } = self else { return Ok(Value::Null) };
        parse(line.text, *derive_group_roles)
            .map_err(|error| invalid(name, line.number, &error))?
            .ok_or_else(|| not_an_object(&format!("{name}:{}", line.number)))
    }

    /// Processes the lines of a file on all cores, and consumes the results of blocks in order.
    fn scan<T: Default + Send>(
        &self,
        line: impl Fn(&Line<'_>, &mut T) -> Result<(), CliError> + Sync,
        mut consume: impl FnMut(T, u64) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let Self::Lines { path, name, .. } = self else { return Ok(()) };
        scan(
            path,
            name,
            |block| {
                let mut result = T::default();
                let outcome = block.lines().try_for_each(|text| line(&text, &mut result));
                (result, outcome)
            },
            |(result, outcome), end| {
                consume(result, end)?;
                outcome
            },
        )
    }
}

struct Selections {
    list: Vec<Selection>,
    /// The number of all places.
    kept: usize,
}

impl Selections {
    fn add(&mut self, plan: usize, place: Place) {
        let Some(selection) = self.list.get_mut(plan) else { return };
        selection.counts.matched += 1;
        if let Some(places) = &mut selection.places {
            places.push(place);
            self.kept += 1;
        }
        if self.kept > MAX_PLACES {
            let size = |selection: &Selection| selection.places.as_ref().map_or(0, Vec::len);
            if let Some(largest) = self.list.iter_mut().max_by_key(|selection| size(selection)) {
                self.kept -= size(largest);
                largest.places = None;
            }
        }
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
fn parse(json: &str, derive_group_roles: bool) -> serde_json::Result<Option<Value>> {
    let mut value = scieve::json_record(json)?;
    if derive_group_roles {
        scieve_users::add_group_roles(&mut value);
    }
    Ok(value.is_object().then_some(value))
}

/// Appends a JSON text without the whitespace between its tokens.
fn push_compact(out: &mut String, json: &str) {
    let (mut in_string, mut escaped) = (false, false);
    let mut copied = 0;
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            byte if !in_string && byte.is_ascii_whitespace() => {
                out.push_str(json.get(copied..at).unwrap_or(""));
                copied = at + 1;
            }
            _ => {}
        }
    }
    out.push_str(json.get(copied..).unwrap_or(""));
}
