//! Schemas and policies of the resource types of RFC 7643: User, with the enterprise extension, and
//! Group.
//!
//! ```
//! use scieve::scim;
//! use serde_json::json;
//!
//! let plan = scim::user_policy().parse(r#"userName sw "J" and emails.type eq "work""#)?;
//! assert!(plan.matches(&json!({
//!     "userName": "jensen",
//!     "emails": [{"type": "work", "value": "jensen@example.com"}],
//! })));
//! # Ok::<(), scieve::Diagnostics>(())
//! ```

use crate::policy::Policy;
use crate::schema::{Schema, SchemaError};
use serde_json::Value;
use std::sync::LazyLock;

const COMMON: &str = include_str!("schemas/common.json");
const USER: &str = include_str!("schemas/user.json");
const ENTERPRISE_USER: &str = include_str!("schemas/enterprise-user.json");
const GROUP: &str = include_str!("schemas/group.json");
const DISCOVERY: &str = include_str!("schemas/discovery.json");

// A test builds both, so neither can fail at run time. `Policy::empty` would reject every filter.
static USER_POLICY: LazyLock<Policy<Value>> =
    LazyLock::new(|| build(&[USER, COMMON, ENTERPRISE_USER]).unwrap_or_else(|_| Policy::empty()));
static GROUP_POLICY: LazyLock<Policy<Value>> =
    LazyLock::new(|| build(&[GROUP, COMMON]).unwrap_or_else(|_| Policy::empty()));

fn build(documents: &[&str]) -> Result<Policy<Value>, SchemaError> {
    Policy::new(Schema::from_rfc7643(documents)?)
}

/// Returns the schema of User: the core schema and the enterprise extension (RFC 7643 sections 4.1
/// and 4.3), and the attributes of every resource (section 3.1).
#[must_use]
pub fn user_schema() -> &'static Schema {
    user_policy().schema()
}

/// Returns the schema of Group (RFC 7643 section 4.2), with the attributes of every resource
/// (section 3.1).
#[must_use]
pub fn group_schema() -> &'static Schema {
    group_policy().schema()
}

/// Adds the attributes that every resource has (RFC 7643 section 3.1) and schema representations do
/// not list: `schemas`, `id`, `externalId` and `meta`. Those that the core schema declares itself
/// remain as they are.
///
/// # Errors
/// Returns an error if the schema has more than 65,000 attributes.
///
/// ```
/// use scieve::{Schema, scim};
///
/// let desk = r#"{"id": "urn:example:Desk", "attributes": [{"name": "number", "type": "integer"}]}"#;
/// let schema = scim::with_common_attributes(Schema::from_rfc7643(&[desk])?)?;
/// assert!(schema.find_path("meta.lastModified").is_some());
/// # Ok::<(), scieve::SchemaError>(())
/// ```
pub fn with_common_attributes(mut schema: Schema) -> Result<Schema, SchemaError> {
    let common = Schema::from_rfc7643(&[COMMON])?;
    let declared: Vec<bool> =
        common.attributes().map(|it| schema.find(None, it.name(), None).is_some()).collect();
    for (attribute, is_declared) in common.attributes().zip(declared) {
        if !is_declared {
            schema.add(attribute.clone())?;
        }
    }
    Ok(schema)
}

/// Returns the schema representations that a server returns at `/Schemas` (RFC 7643 section 8.7):
/// User, EnterpriseUser, Group, ServiceProviderConfig, ResourceType and Schema.
///
/// Schema does not describe `subAttributes`, which would nest two levels.
///
/// ```
/// let user = &scieve::scim::schema_documents()[0];
/// assert_eq!(user["id"], "urn:ietf:params:scim:schemas:core:2.0:User");
/// ```
#[must_use]
pub fn schema_documents() -> Vec<Value> {
    let resources = format!("[{USER},{ENTERPRISE_USER},{GROUP}]");
    let lists = [resources.as_str(), DISCOVERY].map(serde_json::from_str::<Vec<Value>>);
    // A test parses the documents, so that none is left out.
    let mut documents: Vec<Value> = lists.into_iter().flatten().flatten().collect();
    for document in documents.iter_mut().filter_map(Value::as_object_mut) {
        let urns = ["urn:ietf:params:scim:schemas:core:2.0:Schema"];
        document.insert("schemas".into(), urns.into());
        // Clients can reject members that the RFC does not define.
        let attributes = document.get_mut("attributes").and_then(Value::as_array_mut);
        for attribute in attributes.into_iter().flatten().filter_map(Value::as_object_mut) {
            attribute.remove("comparison");
        }
    }
    documents
}

/// Returns a policy that allows every operator on the attributes of [`user_schema`], except
/// `password`, which is never returned.
#[must_use]
pub fn user_policy() -> &'static Policy<Value> {
    &USER_POLICY
}

/// Returns a policy that allows every operator on the attributes of [`group_schema`].
#[must_use]
pub fn group_policy() -> &'static Policy<Value> {
    &GROUP_POLICY
}

#[cfg(test)]
mod tests {
    use super::{COMMON, ENTERPRISE_USER, GROUP, USER, build, schema_documents};

    #[test]
    fn every_document_is_a_schema() {
        let documents = schema_documents();
        assert_eq!(documents.len(), 6);
        for document in documents {
            crate::Schema::from_rfc7643(&[&document.to_string()]).unwrap();
        }
    }

    #[test]
    fn both_policies_can_be_built() {
        assert_eq!(build(&[USER, COMMON, ENTERPRISE_USER]).unwrap().schema().urns().count(), 2);
        assert_eq!(build(&[GROUP, COMMON]).unwrap().schema().urns().count(), 1);
    }
}
