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
    use super::{COMMON, ENTERPRISE_USER, GROUP, USER, build};

    #[test]
    fn both_policies_can_be_built() {
        assert_eq!(build(&[USER, COMMON, ENTERPRISE_USER]).unwrap().schema().urns().count(), 2);
        assert_eq!(build(&[GROUP, COMMON]).unwrap().schema().urns().count(), 1);
    }
}
