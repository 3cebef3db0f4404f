//! The schema and the policy of a derived record.

use super::description::{Description, FieldOptions};
use super::field::Fields;
use crate::policy::Policy;
use crate::schema::{Attribute, Record, Schema, SchemaError};

fn describe<R: Fields>() -> Vec<(Attribute, FieldOptions)> {
    let mut attributes = Vec::new();
    R::describe(&mut Description::new(&mut attributes));
    attributes
}

/// Returns the number of an attribute of the record, or `None` if the record has none of this name
/// and type.
#[must_use]
pub fn slot<R: Fields>(attribute: &Attribute) -> Option<u32> {
    let attributes = describe::<R>();
    let position = attributes.iter().position(|(known, _)| {
        known.is_named(attribute.urn(), attribute.path())
            && known.attribute_type() == attribute.attribute_type()
            && known.is_multi_valued() == attribute.is_multi_valued()
    });
    position.and_then(|position| u32::try_from(position).ok())
}

/// Returns the schema of the record.
///
/// # Errors
/// Returns an error for what [`Schema::new`] rejects, such as two fields of one name or a complex
/// attribute in another.
pub fn schema<R: Fields>(urn: Option<&str>) -> Result<Schema, SchemaError> {
    Schema::new(urn, describe::<R>().into_iter().map(|(attribute, _)| attribute))
}

/// Returns the policy of the record, with the options of its fields.
///
/// # Errors
/// See [`schema`].
pub fn policy<R: Fields + Record>(urn: Option<&str>) -> Result<Policy<R>, SchemaError> {
    let mut policy = Policy::new(schema::<R>(urn)?)?;
    let mut hidden = Vec::new();
    for (attribute, options) in describe::<R>() {
        let path = attribute.to_string();
        policy = policy.with_rule(&path, |rule| {
            rule.operators = options.operators.unwrap_or(rule.operators);
            rule.max_count = options.max_count;
        })?;
        hidden.extend(options.hidden.then_some(path));
    }
    policy.hiding(hidden.iter().map(String::as_str))
}
