//! The attributes that a response contains.

use super::request::SearchRequest;
use crate::schema::{Attribute, Returned, Schema};
use serde_json::{Map, Value};

/// Returns the resource with the attributes that the request and the schema select (RFC 7644 section
/// 3.9, `returned` of RFC 7643 section 2.2).
///
/// Attributes that the schema does not have are returned by default.
#[must_use]
pub fn project(resource: &Value, schema: &Schema, request: &SearchRequest) -> Value {
    let Value::Object(members) = resource else { return resource.clone() };
    let selection = Selection {
        schema,
        listed: resolve(schema, &request.attributes),
        excluded: resolve(schema, &request.excluded_attributes),
        lists_some: !request.attributes.is_empty(),
    };
    let mut projected = Map::new();
    for (name, value) in members {
        let urn = schema.urns().find(|urn| name.eq_ignore_ascii_case(urn));
        let kept = match (urn, value) {
            (Some(urn), Value::Object(extension)) => {
                let extension: Map<String, Value> = extension
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.clone(), selection.member(Some(urn), name, value)?))
                    })
                    .collect();
                (!extension.is_empty()).then_some(Value::Object(extension))
            }
            _ => selection.member(None, name, value),
        };
        projected.extend(kept.map(|kept| (name.clone(), kept)));
    }
    Value::Object(projected)
}

/// An attribute, or the URN of a schema for all its attributes.
enum Named<'s> {
    Attribute(&'s Attribute),
    Schema(&'s str),
}

fn resolve<'s>(schema: &'s Schema, paths: &[String]) -> Vec<Named<'s>> {
    let resolve = |path: &String| {
        let urn = schema.urns().find(|urn| urn.eq_ignore_ascii_case(path));
        urn.map(Named::Schema).or_else(|| schema.find_path(path).map(Named::Attribute))
    };
    paths.iter().filter_map(resolve).collect()
}

struct Selection<'s> {
    schema: &'s Schema,
    listed: Vec<Named<'s>>,
    excluded: Vec<Named<'s>>,
    lists_some: bool,
}

impl Selection<'_> {
    fn member(&self, urn: Option<&str>, name: &str, value: &Value) -> Option<Value> {
        let urn = self.schema.extension(urn);
        let Some(attribute) = self.schema.find(urn, name, None) else {
            return (!self.lists_some).then(|| value.clone());
        };
        let has_listed_sub = self.listed.iter().any(
            |named| matches!(named, Named::Attribute(sub) if sub.parent() == Some(attribute.id())),
        );
        let is_listed = self.names(&self.listed, attribute);
        let is_kept = match attribute.returned() {
            Returned::Never => false,
            Returned::Always => true,
            Returned::Request => is_listed || has_listed_sub,
            Returned::Default if self.lists_some => is_listed || has_listed_sub,
            Returned::Default => !self.names(&self.excluded, attribute),
        };
        if !is_kept {
            return None;
        }
        let only_listed = has_listed_sub && !is_listed;
        match value {
            Value::Array(elements) => {
                let elements = elements
                    .iter()
                    .map(|element| self.sub_attributes(attribute, element, only_listed));
                Some(Value::Array(elements.collect()))
            }
            single => Some(self.sub_attributes(attribute, single, only_listed)),
        }
    }

    fn sub_attributes(&self, attribute: &Attribute, value: &Value, only_listed: bool) -> Value {
        let Value::Object(members) = value else { return value.clone() };
        let is_kept = |name: &str| {
            let sub = self.schema.find(attribute.urn(), attribute.name(), Some(name));
            let Some(sub) = sub else { return !only_listed };
            match sub.returned() {
                Returned::Never => false,
                Returned::Always => true,
                Returned::Request => self.names(&self.listed, sub),
                Returned::Default if only_listed => self.names(&self.listed, sub),
                Returned::Default => !self.names(&self.excluded, sub),
            }
        };
        let kept = members.iter().filter(|(name, _)| is_kept(name));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn names(&self, list: &[Named<'_>], attribute: &Attribute) -> bool {
        list.iter().any(|named| match named {
            Named::Attribute(known) => known.id() == attribute.id(),
            Named::Schema(urn) => {
                self.schema.extension(Some(urn)) == attribute.urn() && attribute.parent().is_none()
            }
        })
    }
}
