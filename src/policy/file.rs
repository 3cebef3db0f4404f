//! Policies as files: JSON or TOML.

use super::lines::Lines;
use super::{MultiNe, Policy};
use crate::limits::Limits;
use crate::operator::{Operator, Operators};
use crate::schema::{Attribute, Record, Schema, SchemaError};
use crate::syntax::Syntax;
use crate::value::{AttributeType, CaseSensitivity};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// A text that is no policy: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON or TOML, a key that policies do not have, a value of the wrong type.
    #[error("line {line}, column {column}: {message}")]
    Format {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// The attributes make no schema, or not one that the records have.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// An operator that values of the attribute's type do not take.
    #[error("attribute `{attribute}`: `{operator}` cannot compare values of type `{kind}`, which take {}", Operators::of_kind(*kind))]
    OperatorForType {
        /// The attribute's path.
        attribute: String,
        /// The operator.
        operator: Operator,
        /// The attribute's type.
        kind: AttributeType,
    },
    /// A group on something that is not among the attributes.
    #[error("groups: `{attribute}` is not among the attributes")]
    UnknownGroup {
        /// As the text names it.
        attribute: String,
    },
}

impl PolicyError {
    /// A code that stays the same while messages may change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format { .. } => "policy-format",
            Self::Schema(_) => "policy-schema",
            Self::OperatorForType { .. } => "policy-operator-for-type",
            Self::UnknownGroup { .. } => "policy-unknown-group",
        }
    }
}

impl<R: Record> Policy<R> {
    /// Reads a policy from JSON. Every key but `attributes`, and in an attribute every key but `name`, may be left out:
    ///
    /// | key | value | left out |
    /// |---|---|---|
    /// | `schema` | the URN of the core schema | none |
    /// | `syntax` | `"rfc"`, `"entra"`, `"lenient"`, or the fields of [`Syntax`] that are on: `{"single_quotes": true}` | `"rfc"` |
    /// | `limits` | the fields of [`Limits`] that differ from the default: `{"clauses": 50}` | the default |
    /// | `not`, `value_paths`, `urn_prefixes`, `null` | whether filters may hold `not (...)`, `a[...]`, URNs, `null` | `true` |
    /// | `multi_ne` | `"any_value_differs"` or `"no_value_equals"`, see [`MultiNe`] | `"any_value_differs"` |
    /// | `attributes` | a list of attributes, a complex one before its sub-attributes | |
    /// | `schemaless` | `"case_exact"` or `"case_ignored"`, with no attributes: see [`Policy::schemaless`] | the attributes are all |
    /// | `groups` | a list of attributes, each with a [group](super::GroupRule) of its own | `[]` |
    ///
    /// | key of an attribute | value | left out |
    /// |---|---|---|
    /// | `name` | `"name"`, or `"name.familyName"` for a sub-attribute | |
    /// | `urn` | the URN of the extension schema | the core schema |
    /// | `type` | as in RFC 7643 section 2.3, or `"any"` | `"string"` |
    /// | `case_exact` | whether case matters | `true` for references and binary values, else `false` |
    /// | `multi_valued` | whether there can be several values | `false` |
    /// | `operators` | a list of names; `[]` for an attribute that exists but cannot be filtered by | all that the type takes |
    /// | `max_count` | how many comparisons of it one filter may hold | no bound of its own |
    /// | `never_returned` | RFC 7643 section 2.2, `returned` is `never` | `false` |
    /// | `hidden` | whether filters get the answer for an unknown name | as its complex attribute; `true` where never returned |
    ///
    /// # Errors
    /// A text that is not this, an unknown key included, with its place; attributes that make no schema or that records of type
    /// `R` do not have; an operator that the attribute's type does not take.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let Keyed(file) = serde_json::from_str::<Keyed<File>>(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            let message = message
                .strip_suffix(&format!(" at line {line} column {column}"))
                .unwrap_or(&message)
                .to_owned();
            PolicyError::Format { line: line.max(1), column: column.max(1), message }
        })?;
        file.policy()
    }

    /// Reads a policy from TOML, with the keys of [`Policy::from_json`].
    ///
    /// # Errors
    /// Those of [`Policy::from_json`].
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let Keyed(file) = toml::from_str::<Keyed<File>>(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let (line, column) = (before.matches('\n').count() + 1, before.len() - line_start + 1);
            PolicyError::Format { line, column, message: error.message().to_owned() }
        })?;
        file.policy()
    }
}

impl<R: ?Sized> Policy<R> {
    /// The policy as JSON that [`Policy::from_json`] reads as an equal policy, one attribute a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, Lines::default());
        // Names, numbers and switches into memory: there is nothing in it that could fail.
        let written = self.serialize(&mut serializer);
        written.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_default()
    }
}

/// As in [`Policy::to_json`].
impl<R: ?Sized> Serialize for Policy<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        File::of(self).serialize(serializer)
    }
}

/// As in [`Policy::from_json`].
impl<'de, R: Record> Deserialize<'de> for Policy<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keyed::<File>::deserialize(deserializer)?.0.policy().map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a policy")]
struct File {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(default, with = "syntax", skip_serializing_if = "is_default")]
    syntax: Syntax,
    #[serde(default, skip_serializing_if = "is_default")]
    limits: Keyed<Limits>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    not: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    value_paths: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    urn_prefixes: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    null: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    multi_ne: MultiNe,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schemaless: Option<Schemaless>,
    attributes: Vec<Keyed<Entry>>,
    #[serde(default, skip_serializing_if = "is_default")]
    groups: Vec<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Schemaless {
    CaseExact,
    CaseIgnored,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an attribute")]
struct Entry {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urn: Option<String>,
    #[serde(rename = "type", default = "string", skip_serializing_if = "is_string")]
    kind: AttributeType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    case_exact: Option<bool>,
    #[serde(default, skip_serializing_if = "is_default")]
    multi_valued: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operators: Option<Operators>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_count: Option<usize>,
    #[serde(default, skip_serializing_if = "is_default")]
    never_returned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
}

impl File {
    fn of<R: ?Sized>(policy: &Policy<R>) -> Self {
        let path = |attribute: &Attribute| attribute.to_string();
        let groups =
            policy.groups().filter_map(|group| policy.schema().attribute(group.attribute()));
        Self {
            schema: policy.schema().urn().map(Into::into),
            syntax: policy.syntax,
            limits: Keyed(policy.limits),
            not: policy.not,
            value_paths: policy.value_paths,
            urn_prefixes: policy.urns,
            null: policy.null,
            multi_ne: policy.multi_ne,
            schemaless: policy.open.map(|case| match case {
                CaseSensitivity::Exact => Schemaless::CaseExact,
                CaseSensitivity::Ignore => Schemaless::CaseIgnored,
            }),
            attributes: policy
                .schema()
                .attributes()
                .map(|attribute| Keyed(Entry::of(attribute, policy)))
                .collect(),
            groups: groups.map(path).collect(),
        }
    }

    fn policy<R: Record>(self) -> Result<Policy<R>, PolicyError> {
        let schema = Schema::new(
            self.schema.as_deref(),
            self.attributes.iter().map(|entry| entry.0.attribute()),
        )?;
        let policy = match self.schemaless {
            None => Policy::new(schema)?,
            Some(_) if !self.attributes.is_empty() => {
                return Err(SchemaError::new("a `schemaless` policy has no attributes").into());
            }
            Some(Schemaless::CaseExact) => Policy::schemaless(CaseSensitivity::Exact),
            Some(Schemaless::CaseIgnored) => Policy::schemaless(CaseSensitivity::Ignore),
        };
        let mut policy =
            policy.with_limits(self.limits.0).with_syntax(self.syntax).with_multi_ne(self.multi_ne);
        policy = policy
            .allow_not(self.not)
            .allow_value_paths(self.value_paths)
            .allow_urns(self.urn_prefixes)
            .allow_null(self.null);
        for (position, Keyed(entry)) in self.attributes.iter().enumerate() {
            let attribute = policy.schema.attributes().nth(position);
            let parent =
                attribute.and_then(Attribute::parent).and_then(|id| policy.rules.get(id.index()));
            let hidden = entry.never_returned || parent.is_some_and(|parent| parent.hidden);
            let Some(rule) = policy.rules.get_mut(position) else { break };
            rule.hidden = entry.hidden.unwrap_or(hidden);
            rule.max_count = entry.max_count;
            rule.operators = entry.operators()?;
        }
        for attribute in &self.groups {
            policy = policy
                .with_group(attribute)
                .map_err(|_| PolicyError::UnknownGroup { attribute: attribute.clone() })?;
        }
        Ok(policy)
    }
}

impl Entry {
    fn of<R: ?Sized>(attribute: &Attribute, policy: &Policy<R>) -> Self {
        let kind = attribute.kind();
        let exact = attribute.case() == CaseSensitivity::Exact;
        let parent = attribute.parent().and_then(|id| policy.rule(id));
        let hidden = attribute.is_never_returned() || parent.is_some_and(|parent| parent.hidden);
        let rule = policy.rule(attribute.id());
        Self {
            name: attribute.path().to_owned(),
            urn: attribute.urn().map(Into::into),
            kind,
            case_exact: (Attribute::new(attribute.path(), kind).case() != attribute.case())
                .then_some(exact),
            multi_valued: attribute.is_multi_valued(),
            operators: rule
                .map(|rule| rule.operators)
                .filter(|operators| *operators != Operators::of_kind(kind)),
            max_count: rule.and_then(|rule| rule.max_count),
            never_returned: attribute.is_never_returned(),
            hidden: rule.map(|rule| rule.hidden).filter(|own| *own != hidden),
        }
    }

    fn attribute(&self) -> Attribute {
        let mut attribute = Attribute::new(&self.name, self.kind);
        if let Some(exact) = self.case_exact {
            attribute = attribute.case_exact(exact);
        }
        if self.multi_valued {
            attribute = attribute.multi_valued();
        }
        if self.never_returned {
            attribute = attribute.never_returned();
        }
        match &self.urn {
            Some(urn) => attribute.in_extension(urn),
            None => attribute,
        }
    }

    fn operators(&self) -> Result<Operators, PolicyError> {
        let possible = Operators::of_kind(self.kind);
        let Some(wanted) = self.operators else { return Ok(possible) };
        match wanted.iter().find(|operator| !possible.contains(*operator)) {
            Some(operator) => {
                let attribute = self.attribute().to_string();
                Err(PolicyError::OperatorForType { attribute, operator, kind: self.kind })
            }
            None => Ok(wanted),
        }
    }
}

fn yes() -> bool {
    true
}

fn string() -> AttributeType {
    AttributeType::String
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_yes(switch: &bool) -> bool {
    *switch
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_string(kind: &AttributeType) -> bool {
    *kind == AttributeType::String
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is written as keys and values, and never as a list of the values alone.
#[derive(Default, PartialEq, Serialize)]
#[serde(transparent)]
struct Keyed<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
            type Value = Keyed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys with values")
            }

            fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<Keyed<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(keys)).map(Keyed)
            }
        }

        deserializer.deserialize_map(Keys(PhantomData))
    }
}

/// The name of a preset, or the switches that are on.
mod syntax {
    use super::{
        Deserialize as _, Deserializer, MapAccess, MapAccessDeserializer, Serialize as _,
        Serializer, Syntax, Visitor, fmt,
    };
    use serde::ser::Error as _;
    use serde_json::Value;

    const PRESETS: [&str; 3] = ["rfc", "entra", "lenient"];

    pub(super) fn serialize<S: Serializer>(
        syntax: &Syntax,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match PRESETS.into_iter().find(|name| Syntax::from_name(name) == Some(*syntax)) {
            Some(name) => serializer.serialize_str(name),
            None => {
                let mut switches = serde_json::to_value(syntax).map_err(S::Error::custom)?;
                if let Value::Object(switches) = &mut switches {
                    switches.retain(|_, on| *on == Value::Bool(true));
                }
                switches.serialize(serializer)
            }
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Syntax, D::Error> {
        deserializer.deserialize_any(PresetOrSwitches)
    }

    struct PresetOrSwitches;

    impl<'de> Visitor<'de> for PresetOrSwitches {
        type Value = Syntax;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a preset or a map of switches")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Syntax, E> {
            Syntax::from_name(name).ok_or_else(|| E::unknown_variant(name, &PRESETS))
        }

        fn visit_map<A: MapAccess<'de>>(self, switches: A) -> Result<Syntax, A::Error> {
            Syntax::deserialize(MapAccessDeserializer::new(switches))
        }
    }
}
