//! Parses schemas from the JSON representation of RFC 7643 section 7.

use super::{Attribute, Mutability, Returned, Schema, SchemaError};
use crate::value::{AttributeType, CaseSensitivity};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

impl Schema {
    /// Parses schema representations (RFC 7643 section 7): JSON documents of the core schema of a
    /// resource type and of its extensions.
    ///
    /// The first document with an `id` is the core schema. A document with another `id` is an
    /// extension of that URN. A document without `id` adds attributes to the core schema, such as
    /// those of every resource (RFC 7643 section 3.1).
    ///
    /// The members `name`, `type`, `multiValued`, `caseExact`, `canonicalValues`, `returned`,
    /// `mutability`, `required` and `subAttributes` of an attribute are considered, with the
    /// defaults of RFC 7643 section 2.2, also for `null`. References are case-sensitive, whatever
    /// `caseExact` is (section 2.3.7). The member `comparison`, which the RFC does not define, sets
    /// the rule instead of `caseExact`: `exact`, `ignore` or `usernameCaseMapped`
    /// ([`CaseSensitivity`]).
    ///
    /// # Errors
    /// Returns an error if a document is not JSON of this structure, with the position in it; if a
    /// type is not one of RFC 7643 section 2.3; and for the attributes that [`Schema::new`]
    /// rejects.
    ///
    /// ```
    /// use scieve::{AttributeType, Schema};
    ///
    /// let schema = Schema::from_rfc7643(&[r#"{
    ///     "id": "urn:example:Desk",
    ///     "attributes": [{"name": "number", "type": "integer", "multiValued": true}]
    /// }"#])?;
    /// let number = schema.find_path("number").unwrap();
    /// assert_eq!((number.attribute_type(), number.is_multi_valued()), (AttributeType::Integer, true));
    /// # Ok::<(), scieve::SchemaError>(())
    /// ```
    pub fn from_rfc7643(documents: &[&str]) -> Result<Self, SchemaError> {
        let mut schema = Self::default();
        for (position, document) in documents.iter().enumerate() {
            let document: Document = serde_json::from_str(document).map_err(|error| {
                SchemaError::new(format!("schema representation {}: {error}", position + 1))
            })?;
            let extension = match (document.id, &schema.urn) {
                (Some(id), None) => {
                    schema.urn = Some(id.into());
                    None
                }
                (Some(id), Some(core)) if !id.eq_ignore_ascii_case(core) => Some(id),
                _ => None,
            };
            for description in &document.attributes {
                description.add_to(&mut schema, extension.as_deref())?;
            }
        }
        Ok(schema)
    }
}

impl Schema {
    /// Returns the schema representations (RFC 7643 section 7): that of the core schema, then those
    /// of the extensions.
    ///
    /// [`Schema::from_rfc7643`] parses them to an equal schema if the attributes of each are
    /// together. Without a core URN, the first representation has no `id`. The `name` is the last
    /// part of the URN. `comparison` and the type `any`, which the RFC does not define, occur if the
    /// schema has attributes that need them.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Schema};
    ///
    /// let desk = Attribute::new("number", AttributeType::Integer).multi_valued();
    /// let schema = Schema::new(Some("urn:example:Desk"), [desk])?;
    /// let documents = schema.to_rfc7643();
    /// assert_eq!(documents[0]["attributes"][0]["type"], "integer");
    /// assert_eq!(Schema::from_rfc7643(&[&documents[0].to_string()])?, schema);
    /// # Ok::<(), scieve::SchemaError>(())
    /// ```
    #[must_use]
    pub fn to_rfc7643(&self) -> Vec<Value> {
        let extensions = self.urns().filter(|urn| self.extension(Some(urn)).is_some());
        let has_core = self.urn.is_some() || self.attributes().any(|it| it.urn().is_none());
        let core = has_core.then_some(None);
        core.into_iter().chain(extensions.map(Some)).map(|urn| self.document(urn)).collect()
    }

    fn document(&self, extension: Option<&str>) -> Value {
        let attributes = self.attributes().filter(|it| it.urn() == extension);
        let attributes = attributes.filter(|it| it.parent().is_none());
        let attributes: Vec<Value> = attributes.map(|it| self.description(it)).collect();
        let mut document = Map::from_iter([
            ("schemas".into(), json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"])),
            ("attributes".into(), attributes.into()),
        ]);
        if let Some(urn) = extension.or(self.urn()) {
            document.insert("id".into(), urn.into());
            document.insert("name".into(), urn.rsplit(':').next().into());
        }
        document.into()
    }

    fn description(&self, attribute: &Attribute) -> Value {
        let subs = self.attributes().filter(|sub| sub.parent() == Some(attribute.id()));
        let subs: Vec<Value> = subs.map(|sub| self.description(sub)).collect();
        let attribute_type = attribute.attribute_type();
        let mut description = Map::new();
        let mut add = |name: &str, value: Value| description.insert(name.into(), value);
        add("name", attribute.sub_attribute().unwrap_or(attribute.name()).into());
        add("type", json!(attribute_type));
        add("multiValued", attribute.is_multi_valued().into());
        add("required", attribute.is_required().into());
        add("mutability", json!(attribute.mutability()));
        add("returned", json!(attribute.returned()));
        add("uniqueness", "none".into());
        let is_string = attribute_type == AttributeType::String;
        let plain = match attribute.case() {
            CaseSensitivity::Exact if is_string => CaseSensitivity::Exact,
            _ => Attribute::new("a", attribute_type).case(),
        };
        if is_string || attribute_type == AttributeType::Reference {
            add("caseExact", (plain == CaseSensitivity::Exact).into());
        }
        if attribute.case() != plain {
            add("comparison", json!(attribute.case()));
        }
        if !attribute.canonical_values().is_empty() {
            add("canonicalValues", json!(attribute.canonical_values()));
        }
        if !subs.is_empty() {
            add("subAttributes", subs.into());
        }
        description.into()
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a schema representation")]
struct Document {
    id: Option<String>,
    attributes: Vec<AttributeDescription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an attribute description")]
struct AttributeDescription {
    name: String,
    #[serde(rename = "type", default = "string", deserialize_with = "in_any_case")]
    attribute_type: AttributeType,
    #[serde(default, deserialize_with = "null_as_default")]
    multi_valued: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    case_exact: bool,
    comparison: Option<CaseSensitivity>,
    #[serde(default, deserialize_with = "null_as_default")]
    canonical_values: Vec<Box<str>>,
    #[serde(default, deserialize_with = "null_as_default")]
    returned: Returned,
    #[serde(default, deserialize_with = "null_as_default")]
    mutability: Mutability,
    #[serde(default, deserialize_with = "null_as_default")]
    required: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    sub_attributes: Vec<AttributeDescription>,
}

fn string() -> AttributeType {
    AttributeType::String
}

/// Reads the name of a type, which ignores case (RFC 7643 section 8.7.2). `null` is no value.
fn in_any_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AttributeType, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(string()) };
    let known = AttributeType::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(&name));
    known.map_or_else(|| AttributeType::deserialize(name.into_deserializer()), Ok)
}

/// Reads a value, of which `null` is the default (RFC 7643 section 2.5).
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl AttributeDescription {
    fn add_to(&self, schema: &mut Schema, extension: Option<&str>) -> Result<(), SchemaError> {
        schema.add(self.attribute(&self.name, self.returned, extension))?;
        for sub in &self.sub_attributes {
            // If a complex attribute is never returned, neither are its sub-attributes.
            let returned =
                if self.returned == Returned::Never { Returned::Never } else { sub.returned };
            schema.add(sub.attribute(
                &format!("{}.{}", self.name, sub.name),
                returned,
                extension,
            ))?;
        }
        Ok(())
    }

    fn attribute(&self, path: &str, returned: Returned, extension: Option<&str>) -> Attribute {
        let mut attribute =
            Attribute::new(path, self.attribute_type).with_mutability(self.mutability);
        if self.required {
            attribute = attribute.required();
        }
        if self.attribute_type == AttributeType::String {
            attribute = attribute.case_exact(self.case_exact);
        }
        if let Some(comparison) = self.comparison {
            attribute = attribute.with_case(comparison);
        }
        attribute = attribute.with_canonical_values(self.canonical_values.iter().cloned());
        if self.multi_valued {
            attribute = attribute.multi_valued();
        }
        attribute = attribute.with_returned(returned);
        match extension {
            Some(urn) => attribute.in_extension(urn),
            None => attribute,
        }
    }
}
