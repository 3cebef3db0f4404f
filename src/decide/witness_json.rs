//! Witnesses as JSON resources.

use super::Witness;
use super::model::{Element, ModelValue};
use crate::schema::{Attribute, json_record};
use crate::value::{AttributeType, Value, base64, datetime};
use serde_json::{Map, Value as Json, json};

impl Witness {
    /// Returns the record as a JSON resource (RFC 7643 section 3).
    ///
    /// ```
    /// use scieve::scim;
    ///
    /// let policy = scim::user_policy();
    /// let one = policy.parse(r#"emails[type eq "work" and value ew "@x.org"]"#)?;
    /// let other = policy.parse(r#"emails.value co "@y.org""#)?;
    /// let decision = one.implies(&other);
    /// assert_eq!(
    ///     decision.witness().map(|witness| witness.to_json().to_string()).as_deref(),
    ///     Some(r#"{"emails":[{"type":"work","value":"@x.org"}]}"#),
    /// );
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut resource = Map::new();
        for (attribute, elements) in self.elements() {
            let mut values: Vec<Json> =
                elements.iter().map(|element| self.element(attribute, element)).collect();
            let is_list = attribute.is_multi_valued()
                && attribute.attribute_type() != AttributeType::Any
                || values.len() > 1;
            let value = match values.pop() {
                Some(only) if !is_list => only,
                last => Json::Array(values.into_iter().chain(last).collect()),
            };
            let name = attribute.name().to_owned();
            match attribute.urn() {
                None => _ = resource.insert(name, value),
                Some(urn) => {
                    let extension = resource.entry(urn).or_insert_with(|| json!({}));
                    if let Some(extension) = extension.as_object_mut() {
                        extension.insert(name, value);
                    }
                }
            }
        }
        Json::Object(resource)
    }

    fn element(&self, attribute: &Attribute, element: &Element) -> Json {
        if let [value] = element.values(attribute.id())
            && *value != ModelValue::Complex
            && element.attributes().count() == 1
        {
            return json(value);
        }
        let mut object = Map::new();
        for (id, values) in element.attributes() {
            let Some(sub) = self.schema().attribute(id) else { continue };
            let name = match sub.sub_attribute() {
                Some(name) => name,
                None if values == [ModelValue::Complex] => continue,
                // Without a schema: the value of an object, of which no plan names the `value`.
                None => "value",
            };
            let mut values: Vec<Json> = values.iter().map(json).collect();
            let is_list = sub.is_multi_valued() && sub.attribute_type() != AttributeType::Any
                || values.len() > 1;
            let value = match values.pop() {
                Some(only) if !is_list => only,
                last => Json::Array(values.into_iter().chain(last).collect()),
            };
            object.insert(name.to_owned(), value);
        }
        if object.is_empty() {
            // Only present: a member that is no attribute of the schema.
            object.insert("$present".to_owned(), true.into());
        }
        Json::Object(object)
    }
}

fn json(value: &ModelValue) -> Json {
    match value {
        ModelValue::Value(Value::Text(text)) => text.to_string().into(),
        ModelValue::Value(Value::Boolean(value)) => (*value).into(),
        ModelValue::Value(Value::Integer(number)) => (*number).into(),
        ModelValue::Value(Value::Decimal(number)) => (*number).into(),
        ModelValue::Value(Value::Number(number)) => json_record(number).unwrap_or_default(),
        ModelValue::Value(Value::DateTime(instant)) => datetime::format(instant.as_ref()).into(),
        ModelValue::Value(Value::Binary(bytes)) => base64::encode(bytes).into(),
        ModelValue::Complex | ModelValue::Foreign => json!({"$present": true}),
    }
}
