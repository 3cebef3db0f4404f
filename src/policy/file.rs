//! Policies in JSON and TOML.

use super::error::{PolicyError, PolicyFaultKind};
use super::keyed::Keyed;
use super::lines::Lines;
use super::rule::{FieldRule, GroupRule};
use super::source::{self, Fault, Format, Part, unknown_group, zero_count, zero_limit};
use super::{MultiNe, Policy, UnknownAttributes, UnknownValues, Weights, syntax_file};
use crate::limits::Limits;
use crate::operator::Operators;
use crate::schema::{Attribute, Mutability, Record, Returned, Schema, StoredValues};
use crate::syntax::Syntax;
use crate::value::{AttributeType, CaseSensitivity};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashSet;
use std::sync::Arc;

impl<R: Record> Policy<R> {
    /// Parses a policy from JSON. Only the keys `attributes` and, in an attribute, `name` are
    /// required.
    ///
    /// | key | value | default |
    /// |---|---|---|
    /// | `schema` | URN of the core schema | none |
    /// | `syntax` | `"rfc"`, `"entra"`, `"lenient"`, or an object of the enabled fields of [`Syntax`], such as `{"single_quotes": true}` | `"rfc"` |
    /// | `limits` | an object of fields of [`Limits`], such as `{"clauses": 50}` | [`Limits::default`] |
    /// | `not`, `value_paths`, `urn_prefixes`, `null` | whether filters can use `not (...)`, `a[...]`, URNs, `null` | `true` |
    /// | `multi_ne` | `"any_value_differs"` or `"no_value_equals"`; see [`MultiNe`] | `"any_value_differs"` |
    /// | `unknown_attributes` | `"refuse"` or `"absent"`; see [`UnknownAttributes`] | `"refuse"` |
    /// | `stored_values` | `"typed"` or `"coerced"`; see [`StoredValues`] | `"typed"` |
    /// | `attributes` | a list of attributes; a complex one precedes its sub-attributes | |
    /// | `schemaless` | `"case_exact"`, `"case_ignored"` or `"username_case_mapped"`, with an empty list of attributes; see [`Policy::schemaless`] | the policy has a schema |
    /// | `groups` | a list of paths, each with a [`GroupRule`](super::GroupRule) | `[]` |
    ///
    /// | key of an attribute | value | default |
    /// |---|---|---|
    /// | `name` | `"name"`, or `"name.familyName"` for a sub-attribute | |
    /// | `urn` | URN of the extension schema | the core schema |
    /// | `type` | a type of RFC 7643 section 2.3, or `"any"` | `"string"` |
    /// | `case_exact` | whether comparisons are case-sensitive | `true` for references and binary values, otherwise `false` |
    /// | `comparison` | `"exact"`, `"ignore"` or `"usernameCaseMapped"`, instead of `case_exact`; see [`CaseSensitivity`] | by `case_exact` |
    /// | `canonical_values` | suggested values (`canonicalValues`, RFC 7643 section 7) | `[]` |
    /// | `values` | all values: canonical values, of which filters must use one | `[]` |
    /// | `unknown_values` | `"accept"`, `"warn"` or `"refuse"`; see [`UnknownValues`] | `"refuse"` with `values`, otherwise `"accept"` |
    /// | `multi_valued` | whether there can be several values | `false` |
    /// | `operators` | a list of operators; if empty, filters cannot use the attribute | all operators of the type |
    /// | `max_count` | maximum number of comparisons in one filter | no maximum |
    /// | `weights` | an object of operators with their [`Weights`], such as `{"co": 20}` | 1 for each operator |
    /// | `never_returned` | whether `returned` is `never` (RFC 7643 section 2.2) | `false` |
    /// | `returned` | `"always"`, `"default"`, `"request"` or `"never"`; only projections depend on it | `"default"` |
    /// | `mutability` | `"readOnly"`, `"readWrite"`, `"immutable"` or `"writeOnly"`; only PATCH requests depend on it | `"readWrite"` |
    /// | `required` | whether a resource always has a value; only PATCH requests depend on it | `false` |
    /// | `hidden` | whether filters get the diagnostic of an unknown name | `true` if never returned or if its complex attribute is hidden |
    ///
    /// # Errors
    /// Returns every error of the input, with its line. It is an error if the input
    ///
    /// - is not JSON of this structure, or has an unknown or duplicate key
    /// - has attributes that [`Schema::new`] or the record type `R` rejects
    /// - allows an operator that does not apply to the type of its attribute
    /// - has a group rule on an attribute that is not in the list
    /// - has a limit of 0 bytes, clauses or cost, or a `max_count` of 0
    ///
    /// ```
    /// use scieve::Policy;
    /// use serde_json::{Value, json};
    ///
    /// let policy: Policy<Value> = Policy::from_json(
    ///     r#"{
    ///         "not": false,
    ///         "attributes": [
    ///             {"name": "name", "operators": ["eq", "sw"]},
    ///             {"name": "desks", "type": "integer", "multi_valued": true}
    ///         ]
    ///     }"#,
    /// )?;
    /// let plan = policy.parse(r#"name sw "a" and desks gt 9"#)?;
    /// assert!(plan.matches(&json!({"name": "Ada", "desks": [7, 12]})));
    ///
    /// let error = Policy::<Value>::from_json(r#"{"attributes": [{"nmae": "id"}]}"#).unwrap_err();
    /// assert!(error.to_string().contains("line 1, column 18: unknown field `nmae`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        source::parse::<Keyed<File>, Keyed<Entry>, _>(json, Format::Json, |Keyed(file)| {
            file.policy()
        })
    }

    /// Parses a policy from TOML, with the keys of [`Policy::from_json`].
    ///
    /// # Errors
    /// Returns an error for the same problems as [`Policy::from_json`].
    ///
    /// ```
    /// use scieve::{Code, Policy};
    /// use serde_json::{Value, json};
    ///
    /// let policy: Policy<Value> = Policy::from_toml(
    ///     r#"
    ///         null = false
    ///         limits = { clauses = 10 }
    ///
    ///         [[attributes]]
    ///         name = "status"
    ///         operators = ["eq"]
    ///
    ///         [[attributes]]
    ///         name = "password"
    ///         never_returned = true
    ///     "#,
    /// )?;
    /// assert!(policy.parse(r#"status eq "ACTIVE""#)?.matches(&json!({"status": "active"})));
    /// let error = policy.parse(r#"password sw "a""#).unwrap_err();
    /// assert_eq!(error.first().map(|first| first.code()), Some(Code::UnknownAttribute));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_toml(toml: &str) -> Result<Self, PolicyError> {
        source::parse::<Keyed<File>, Keyed<Entry>, _>(toml, Format::Toml, |Keyed(file)| {
            file.policy()
        })
    }
}

impl<R: ?Sized> Policy<R> {
    /// Returns JSON that [`Policy::from_json`] parses to an equal policy, with one attribute per
    /// line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, Lines::default());
        // Serialising strings, numbers and Booleans into memory cannot fail.
        let result = self.serialize(&mut serializer);
        result.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_default()
    }
}

/// Serialises to the structure of [`Policy::to_json`].
impl<R: ?Sized> Serialize for Policy<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        File::of(self).serialize(serializer)
    }
}

/// Deserialises from the structure of [`Policy::from_json`].
impl<'de, R: Record> Deserialize<'de> for Policy<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keyed::<File>::deserialize(deserializer)?.0.policy().map_err(|faults| {
            let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            D::Error::custom(messages.join("; "))
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a policy")]
struct File {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(default, with = "syntax_file", skip_serializing_if = "is_default")]
    syntax: Syntax,
    #[serde(default, skip_serializing_if = "is_default")]
    limits: Keyed<Limits>,
    #[serde(default = "enabled", skip_serializing_if = "is_enabled")]
    not: bool,
    #[serde(default = "enabled", skip_serializing_if = "is_enabled")]
    value_paths: bool,
    #[serde(default = "enabled", skip_serializing_if = "is_enabled")]
    urn_prefixes: bool,
    #[serde(default = "enabled", skip_serializing_if = "is_enabled")]
    null: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    multi_ne: MultiNe,
    #[serde(default, skip_serializing_if = "is_default")]
    unknown_attributes: UnknownAttributes,
    #[serde(default, skip_serializing_if = "is_default")]
    stored_values: StoredValues,
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
    UsernameCaseMapped,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an attribute")]
struct Entry {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urn: Option<String>,
    #[serde(rename = "type", default = "string", skip_serializing_if = "is_string")]
    attribute_type: AttributeType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    case_exact: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comparison: Option<CaseSensitivity>,
    #[serde(default, skip_serializing_if = "is_default")]
    canonical_values: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "is_default")]
    values: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown_values: Option<UnknownValues>,
    #[serde(default, skip_serializing_if = "is_default")]
    multi_valued: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operators: Option<Operators>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_count: Option<usize>,
    #[serde(default, skip_serializing_if = "is_default")]
    weights: Keyed<Weights>,
    #[serde(default, skip_serializing_if = "is_default")]
    never_returned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<Returned>,
    #[serde(default, skip_serializing_if = "is_default")]
    mutability: Mutability,
    #[serde(default, skip_serializing_if = "is_default")]
    required: bool,
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
            unknown_attributes: policy.unknown_attributes,
            stored_values: policy.stored_values,
            schemaless: policy.schemaless.map(|case| match case {
                CaseSensitivity::Exact => Schemaless::CaseExact,
                CaseSensitivity::Ignore => Schemaless::CaseIgnored,
                CaseSensitivity::UsernameCaseMapped => Schemaless::UsernameCaseMapped,
            }),
            attributes: policy
                .schema()
                .attributes()
                .map(|attribute| Keyed(Entry::of(attribute, policy)))
                .collect(),
            groups: groups.map(path).collect(),
        }
    }

    fn policy<R: Record>(self) -> Result<Policy<R>, Vec<Fault>> {
        let schema = self.schema::<R>()?;
        let policy = match self.schemaless {
            None => Policy {
                rules: schema.attributes().map(FieldRule::of).collect(),
                ..Policy::empty()
            },
            Some(Schemaless::CaseExact) => Policy::schemaless(CaseSensitivity::Exact),
            Some(Schemaless::CaseIgnored) => Policy::schemaless(CaseSensitivity::Ignore),
            Some(Schemaless::UsernameCaseMapped) => {
                Policy::schemaless(CaseSensitivity::UsernameCaseMapped)
            }
        };
        let policy = Policy { schema: Arc::new(schema), ..policy };
        let mut policy =
            policy.with_limits(self.limits.0).with_syntax(self.syntax).with_multi_ne(self.multi_ne);
        policy = policy
            .with_unknown_attributes(self.unknown_attributes)
            .with_stored_values(self.stored_values)
            .allow_not(self.not)
            .allow_value_paths(self.value_paths)
            .allow_urns(self.urn_prefixes)
            .allow_null(self.null);
        for (position, Keyed(entry)) in self.attributes.iter().enumerate() {
            let attribute = policy.schema.attributes().nth(position);
            let parent =
                attribute.and_then(Attribute::parent).and_then(|id| policy.rules.get(id.index()));
            let hidden =
                entry.attribute().is_never_returned() || parent.is_some_and(|parent| parent.hidden);
            let Some(rule) = policy.rules.get_mut(position) else { break };
            rule.hidden = entry.hidden.unwrap_or(hidden);
            rule.max_count = entry.max_count;
            rule.unknown_values = entry.unknown_values();
            rule.weights = entry.weights.0;
            rule.operators = entry.operators();
        }
        policy.update_max_weight();
        for path in &self.groups {
            if let Ok(attribute) = policy.attribute_id(path) {
                policy.groups.push(GroupRule { attribute });
            }
        }
        Ok(policy)
    }

    /// Returns the schema, with the slots of `R`, or every error of the file.
    fn schema<R: Record>(&self) -> Result<Schema, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut report = |part, kind, message| faults.push(Fault { part, kind, message });
        let mut schema = Schema::with_urn(self.schema.as_deref());
        let mut failed = HashSet::new();
        for (index, Keyed(entry)) in self.attributes.iter().enumerate() {
            let attribute = entry.attribute();
            let family = (entry.urn.as_deref(), attribute.name().to_ascii_lowercase());
            // A sub-attribute of an attribute with an error has none of its own.
            let is_orphan = attribute.sub_attribute().is_some() && failed.contains(&family);
            if !is_orphan && let Err(error) = schema.add_for::<R>(attribute) {
                let part = Part::OfAttribute(index, "name");
                report(part, PolicyFaultKind::Schema, error.to_string());
                failed.insert(family);
            }
            if let Some(message) = entry.impossible_operator() {
                let part = Part::OfAttribute(index, "operators");
                report(part, PolicyFaultKind::OperatorForType, message);
            }
        }
        if self.schemaless.is_some() && !self.attributes.is_empty() {
            let message = "a `schemaless` policy cannot have attributes";
            report(Part::Key("schemaless"), PolicyFaultKind::Schema, message.into());
        }
        for (index, path) in self.groups.iter().enumerate() {
            if schema.find_path(path).is_none() {
                faults.push(unknown_group(index, path));
            }
        }
        let limits = self.limits.0;
        for (name, limit) in
            [("bytes", limits.bytes), ("clauses", limits.clauses), ("cost", limits.cost)]
        {
            faults.extend(zero_limit(name, limit));
        }
        for (index, Keyed(entry)) in self.attributes.iter().enumerate() {
            faults.extend(zero_count(index, entry.max_count));
        }
        if faults.is_empty() { Ok(schema) } else { Err(faults) }
    }
}

impl Entry {
    fn of<R: ?Sized>(attribute: &Attribute, policy: &Policy<R>) -> Self {
        let attribute_type = attribute.attribute_type();
        let case = attribute.case();
        let is_default = Attribute::new(attribute.path(), attribute_type).case() == case;
        let case_exact = match case {
            CaseSensitivity::Exact => Some(true),
            CaseSensitivity::Ignore => Some(false),
            CaseSensitivity::UsernameCaseMapped => None,
        };
        let parent = attribute.parent().and_then(|id| policy.rule(id));
        let hidden = attribute.is_never_returned() || parent.is_some_and(|parent| parent.hidden);
        let rule = policy.rule(attribute.id());
        Self {
            name: attribute.path().to_owned(),
            urn: attribute.urn().map(Into::into),
            attribute_type,
            case_exact: case_exact.filter(|_| !is_default),
            comparison: case_exact.is_none().then_some(case),
            canonical_values: attribute.canonical_values().to_vec(),
            values: Vec::new(),
            unknown_values: rule
                .map(|rule| rule.unknown_values)
                .filter(|unknown| *unknown != UnknownValues::Accept),
            multi_valued: attribute.is_multi_valued(),
            operators: rule
                .map(|rule| rule.operators)
                .filter(|operators| *operators != Operators::of_type(attribute_type)),
            max_count: rule.and_then(|rule| rule.max_count),
            weights: Keyed(rule.map(|rule| rule.weights).unwrap_or_default()),
            never_returned: attribute.is_never_returned(),
            returned: Some(attribute.returned())
                .filter(|returned| !matches!(returned, Returned::Default | Returned::Never)),
            mutability: attribute.mutability(),
            required: attribute.is_required(),
            hidden: rule.map(|rule| rule.hidden).filter(|own| *own != hidden),
        }
    }

    fn attribute(&self) -> Attribute {
        let mut attribute =
            Attribute::new(&self.name, self.attribute_type).with_mutability(self.mutability);
        if self.required {
            attribute = attribute.required();
        }
        if let Some(exact) = self.case_exact {
            attribute = attribute.case_exact(exact);
        }
        if let Some(comparison) = self.comparison {
            attribute = attribute.with_case(comparison);
        }
        let values = self.canonical_values.iter().chain(&self.values);
        attribute = attribute.with_canonical_values(values.cloned());
        if self.multi_valued {
            attribute = attribute.multi_valued();
        }
        if let Some(returned) = self.returned {
            attribute = attribute.with_returned(returned);
        }
        if self.never_returned {
            attribute = attribute.never_returned();
        }
        match &self.urn {
            Some(urn) => attribute.in_extension(urn),
            None => attribute,
        }
    }

    fn unknown_values(&self) -> UnknownValues {
        let default =
            if self.values.is_empty() { UnknownValues::Accept } else { UnknownValues::Refuse };
        self.unknown_values.unwrap_or(default)
    }

    fn operators(&self) -> Operators {
        self.operators.unwrap_or(Operators::of_type(self.attribute_type))
    }

    /// Returns the error for an operator that the type of the attribute does not have.
    fn impossible_operator(&self) -> Option<String> {
        let possible = Operators::of_type(self.attribute_type);
        let wrong = self.operators().iter().find(|operator| !possible.contains(*operator))?;
        let (attribute, of_type) = (self.attribute(), self.attribute_type);
        Some(format!(
            "attribute `{attribute}`: `{wrong}` cannot compare values of type `{of_type}`, which \
             take {possible}"
        ))
    }
}

fn enabled() -> bool {
    true
}

fn string() -> AttributeType {
    AttributeType::String
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_enabled(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_string(attribute_type: &AttributeType) -> bool {
    *attribute_type == AttributeType::String
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
