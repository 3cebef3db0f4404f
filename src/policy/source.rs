//! The text of a policy file: its parts with their positions, and all errors of its structure.

use super::error::{PolicyError, PolicyFault, PolicyFaultKind};
use crate::snippet::Position;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

#[derive(Clone, Copy)]
pub(super) enum Format {
    Json,
    Toml,
}

/// A part of a policy that an error is about.
pub(super) enum Part {
    /// A member of the file.
    Key(&'static str),
    /// A member of a member of the file.
    Member(&'static str, &'static str),
    /// An element of a list of the file.
    Element(&'static str, usize),
    /// A member of an attribute.
    OfAttribute(usize, &'static str),
}

/// An error in a policy whose structure is valid.
pub(super) struct Fault {
    pub(super) part: Part,
    pub(super) kind: PolicyFaultKind,
    pub(super) message: String,
}

/// Returns the error for a limit that rejects every filter.
pub(super) fn zero_limit(name: &'static str, limit: usize) -> Option<Fault> {
    (limit == 0).then(|| Fault {
        part: Part::Member("limits", name),
        kind: PolicyFaultKind::Value,
        message: format!("limits: `{name}` is 0, which rejects every filter"),
    })
}

/// Returns the error for a maximum count that no comparison can meet.
pub(super) fn zero_count(index: usize, max_count: Option<usize>) -> Option<Fault> {
    (max_count == Some(0)).then(|| Fault {
        part: Part::OfAttribute(index, "max_count"),
        kind: PolicyFaultKind::Value,
        message: "`max_count` is 0; to forbid comparisons, list the `operators` that remain".into(),
    })
}

pub(super) fn unknown_group(index: usize, path: &str) -> Fault {
    Fault {
        part: Part::Element("groups", index),
        kind: PolicyFaultKind::UnknownGroup,
        message: format!("groups: `{path}` is not an attribute of the policy"),
    }
}

/// Parses a file of the structure `F`, whose member `attributes` is a list of `E`, and interprets it.
///
/// Returns all errors of the structure or, if it is valid, all those of the interpretation.
pub(super) fn parse<F: DeserializeOwned, E: DeserializeOwned, T>(
    text: &str,
    format: Format,
    interpret: impl FnOnce(F) -> Result<T, Vec<Fault>>,
) -> Result<T, PolicyError> {
    let read = match format {
        Format::Json => serde_json::from_str::<F>(text).map_err(|error| json_fault(&error)),
        Format::Toml => toml::from_str::<F>(text).map_err(|error| toml_fault(text, &error)),
    };
    let read = match read.map(interpret) {
        Ok(Ok(interpreted)) => return Ok(interpreted),
        Ok(Err(faults)) => Ok(faults),
        Err(first) => Err(first),
    };
    // Only errors need the positions of the parts.
    let table;
    let root = match format {
        Format::Json => serde_json::from_str(text).ok().map(Raw::Json),
        Format::Toml => {
            table = DeTable::parse(text).ok();
            table.as_ref().map(|table| Raw::Table(table.get_ref()))
        }
    };
    match read {
        Ok(faults) => Err(located(text, root, faults)),
        Err(first) => {
            let mut faults = Vec::new();
            if let Some(root) = root {
                structure::<F, E>(text, root, &mut faults);
            }
            if faults.is_empty() {
                faults.push(first);
            }
            faults.sort_by_key(|fault| fault.position);
            Err(PolicyError(faults))
        }
    }
}

fn json_fault(error: &serde_json::Error) -> PolicyFault {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let place = format!(" at line {line} column {column}");
    let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    let position = Some((line.max(1), column.max(1)));
    PolicyFault { kind: PolicyFaultKind::Format, position, message }
}

fn toml_fault(text: &str, error: &toml::de::Error) -> PolicyFault {
    let position = position(text, error.span().map_or(0, |span| span.start));
    let message = error.message().to_owned();
    PolicyFault { kind: PolicyFaultKind::Format, position, message }
}

/// Returns the line and the column in bytes of an offset.
fn position(text: &str, offset: usize) -> Option<(usize, usize)> {
    let Position { line, byte_column, .. } = Position::new(text, offset);
    Some((line, byte_column))
}

fn located(text: &str, root: Option<Raw<'_>>, faults: Vec<Fault>) -> PolicyError {
    let entries = root.and_then(|root| root.entries(text)).unwrap_or_default();
    let entry = |name: &str| entries.iter().find(|entry| entry.name == name);
    let element = |name: &str, index: usize| entry(name)?.value.elements()?.into_iter().nth(index);
    let member = |raw: Raw<'_>, name: &str| {
        let found = raw.entries(text)?.into_iter().find(|entry| entry.name == name)?;
        Some(found.value.offset(text))
    };
    let mut faults: Vec<PolicyFault> = faults
        .into_iter()
        .map(|Fault { part, kind, message }| {
            let offset = match part {
                Part::Key(name) => entry(name).map(|entry| entry.value.offset(text)),
                Part::Member(name, inner) => entry(name).and_then(|it| member(it.value, inner)),
                Part::Element(name, index) => element(name, index).map(|raw| raw.offset(text)),
                Part::OfAttribute(index, name) => {
                    element("attributes", index).and_then(|raw| member(raw, name))
                }
            };
            PolicyFault { kind, position: position(text, offset.unwrap_or(0)), message }
        })
        .collect();
    faults.sort_by_key(|fault| fault.position);
    PolicyError(faults)
}

/// Reports every error of the structure: each member is deserialised alone.
fn structure<F: DeserializeOwned, E: DeserializeOwned>(
    text: &str,
    root: Raw<'_>,
    faults: &mut Vec<PolicyFault>,
) {
    let mut report = |offset: usize, message: Option<String>| {
        let kind = PolicyFaultKind::Format;
        let position = position(text, offset);
        faults.extend(message.map(|message| PolicyFault { kind, position, message }));
    };
    let Some(entries) = root.entries(text) else {
        return report(root.offset(text), error::<F>(root.value()));
    };
    if !entries.iter().any(|entry| entry.name == "attributes") {
        report(root.offset(text), error::<F>(Value::Object(Map::new())));
    }
    for entry in entries {
        let with_attributes = |value: Value| {
            object([("attributes", Value::Array(Vec::new())), (entry.name.as_str(), value)])
        };
        match (entry.name.as_str(), entry.value.elements()) {
            ("attributes", Some(elements)) => {
                for element in elements {
                    attribute::<E>(text, element, &mut report);
                }
            }
            _ => entry.check(text, &|value| error::<F>(with_attributes(value)), &mut report),
        }
    }
}

fn attribute<E: DeserializeOwned>(
    text: &str,
    element: Raw<'_>,
    report: &mut dyn FnMut(usize, Option<String>),
) {
    let Some(entries) = element.entries(text) else {
        return report(element.offset(text), error::<E>(element.value()));
    };
    if !entries.iter().any(|entry| entry.name == "name") {
        report(element.offset(text), error::<E>(Value::Object(Map::new())));
    }
    for entry in entries {
        let with_name = |value| object([("name", "a".into()), (entry.name.as_str(), value)]);
        entry.check(text, &|value| error::<E>(with_name(value)), report);
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn error<T: DeserializeOwned>(value: Value) -> Option<String> {
    T::deserialize(value).err().map(|error| error.to_string())
}

/// A member of an object or table.
struct Entry<'t> {
    name: String,
    /// The offset of the name.
    offset: usize,
    value: Raw<'t>,
}

impl Entry<'_> {
    /// Reports the error that `test` finds in the value, in each of its elements or in each of its
    /// members.
    fn check(
        &self,
        text: &str,
        test: &dyn Fn(Value) -> Option<String>,
        report: &mut dyn FnMut(usize, Option<String>),
    ) {
        let Some(whole) = test(self.value.value()) else { return };
        let mut parts: Vec<(usize, String)> = Vec::new();
        for element in self.value.elements().into_iter().flatten() {
            let message = test(Value::Array(vec![element.value()]));
            parts.extend(message.map(|message| (element.offset(text), message)));
        }
        for entry in self.value.entries(text).into_iter().flatten() {
            let alone = object([(entry.name.as_str(), entry.value.value())]);
            let message = test(alone);
            parts.extend(message.map(|message| (entry.place(text, &message), message)));
        }
        // An unknown name is an error with any value.
        if parts.is_empty()
            || parts.iter().all(|(_, message)| *message == whole && self.is_unknown(message))
        {
            return report(self.place(text, &whole), Some(whole));
        }
        for (offset, message) in parts {
            report(offset, Some(message));
        }
    }

    fn is_unknown(&self, message: &str) -> bool {
        message.starts_with(&format!("unknown field `{}`", self.name))
    }

    fn place(&self, text: &str, message: &str) -> usize {
        if self.is_unknown(message) { self.offset } else { self.value.offset(text) }
    }
}

/// A part of the text.
#[derive(Clone, Copy)]
enum Raw<'t> {
    Json(&'t RawValue),
    Table(&'t DeTable<'t>),
    Toml(&'t Spanned<DeValue<'t>>),
}

impl<'t> Raw<'t> {
    fn offset(self, text: &str) -> usize {
        match self {
            // A raw value borrows from the text.
            Self::Json(raw) => (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize),
            Self::Table(_) => 0,
            Self::Toml(value) => value.span().start,
        }
    }

    fn value(self) -> Value {
        let value = match self {
            Self::Json(raw) => return serde_json::from_str(raw.get()).unwrap_or_default(),
            Self::Table(table) => DeValue::Table(table.clone()),
            Self::Toml(value) => value.get_ref().clone(),
        };
        let value = ValueDeserializer::from(Spanned::new(0..0, value));
        Value::deserialize(value).unwrap_or_default()
    }

    fn entries(self, text: &str) -> Option<Vec<Entry<'t>>> {
        let table = match self {
            Self::Json(raw) => {
                let Members(members) = serde_json::from_str(raw.get()).ok()?;
                let entries = members.into_iter().map(|(name, raw)| {
                    let value = Raw::Json(raw);
                    let before = text.get(..value.offset(text)).unwrap_or("");
                    let end = before.trim_end().trim_end_matches(':').trim_end().len();
                    // Names of policies have no escapes.
                    Entry { offset: end.saturating_sub(name.len() + 2), name, value }
                });
                return Some(entries.collect());
            }
            Self::Table(table) => table,
            Self::Toml(value) => value.get_ref().as_table()?,
        };
        let entries = table.iter().map(|(name, value)| Entry {
            name: name.get_ref().clone().into_owned(),
            offset: name.span().start,
            value: Raw::Toml(value),
        });
        Some(entries.collect())
    }

    fn elements(self) -> Option<Vec<Self>> {
        match self {
            Self::Json(raw) => {
                let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                Some(elements.into_iter().map(Raw::Json).collect())
            }
            Self::Table(_) => None,
            Self::Toml(value) => Some(value.get_ref().as_array()?.iter().map(Raw::Toml).collect()),
        }
    }
}

/// The members of a JSON object in their order, with duplicates.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
