//! Schemas from their own JSON representation.

use super::{Attribute, Schema, SchemaError};
use crate::value::AttributeType;
use serde::Deserialize;

impl Schema {
    /// Reads schema representations (RFC 7643 section 7), one JSON text each: the core schema of a resource type, then its
    /// extensions.
    ///
    /// The first with an `id` is the core schema; attributes of one with another `id` belong to an extension of that URN. One
    /// without `id` adds attributes to the core schema, such as those that every resource has (RFC 7643 section 3.1).
    ///
    /// Of each attribute `name`, `type`, `multiValued`, `caseExact`, `returned` and `subAttributes` are read, with the defaults of
    /// RFC 7643 section 2.2. References are case exact whatever `caseExact` says (section 2.3.7).
    ///
    /// # Errors
    /// A text that is not such JSON, with its place; a type that RFC 7643 section 2.3 does not have; what [`Schema::new`] refuses.
    pub fn from_rfc7643(documents: &[&str]) -> Result<Self, SchemaError> {
        let mut schema = Self::default();
        for (position, text) in documents.iter().enumerate() {
            let document: Document = serde_json::from_str(text).map_err(|error| {
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
            for described in &document.attributes {
                described.add_to(&mut schema, extension.as_deref())?;
            }
        }
        Ok(schema)
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a schema representation")]
struct Document {
    id: Option<String>,
    attributes: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "the description of an attribute")]
struct Described {
    name: String,
    #[serde(rename = "type", default = "string")]
    kind: AttributeType,
    #[serde(default)]
    multi_valued: bool,
    #[serde(default)]
    case_exact: bool,
    #[serde(default)]
    returned: Returned,
    #[serde(default)]
    sub_attributes: Vec<Described>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Returned {
    Always,
    Never,
    #[default]
    Default,
    Request,
}

fn string() -> AttributeType {
    AttributeType::String
}

impl Described {
    fn add_to(&self, schema: &mut Schema, extension: Option<&str>) -> Result<(), SchemaError> {
        schema.add(self.attribute(&self.name, self.returned, extension))?;
        for sub in &self.sub_attributes {
            // What is hidden as a whole is hidden in its parts.
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
        let mut attribute = Attribute::new(path, self.kind);
        if self.kind == AttributeType::String {
            attribute = attribute.case_exact(self.case_exact);
        }
        if self.multi_valued {
            attribute = attribute.multi_valued();
        }
        if returned == Returned::Never {
            attribute = attribute.never_returned();
        }
        match extension {
            Some(urn) => attribute.in_extension(urn),
            None => attribute,
        }
    }
}
