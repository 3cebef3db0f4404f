//! Parses schemas from the JSON representation of RFC 7643 section 7.

use super::{Attribute, Mutability, Returned, Schema, SchemaError};
use crate::value::{AttributeType, CaseSensitivity};
use serde::Deserialize;

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
    /// defaults of RFC 7643 section 2.2. References are case-sensitive, whatever `caseExact` is
    /// (section 2.3.7). The member `comparison`, which the RFC does not define, sets the rule of a
    /// string attribute instead of `caseExact`: `exact`, `ignore` or `usernameCaseMapped`
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
    #[serde(rename = "type", default = "string")]
    attribute_type: AttributeType,
    #[serde(default)]
    multi_valued: bool,
    #[serde(default)]
    case_exact: bool,
    comparison: Option<CaseSensitivity>,
    #[serde(default)]
    canonical_values: Vec<Box<str>>,
    #[serde(default)]
    returned: Returned,
    #[serde(default)]
    mutability: Mutability,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    sub_attributes: Vec<AttributeDescription>,
}

fn string() -> AttributeType {
    AttributeType::String
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
            if let Some(comparison) = self.comparison {
                attribute = attribute.with_case(comparison);
            }
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
