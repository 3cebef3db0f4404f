//! PATCH requests on JSON resources (RFC 7644 section 3.5.2).
//!
//! A [`PatchRequest`] contains the operations as written. [`PatchRequest::check`] compares them with
//! the schema of a policy and returns a [`PatchPlan`], or every error of the request with its
//! `scimType`. [`PatchPlan::apply`] changes a resource completely or not at all. [`diff`] returns the
//! request that turns one resource into another.
//!
//! ```
//! use scieve::patch::PatchRequest;
//! use scieve::scim;
//! use serde_json::json;
//!
//! let mut user = json!({
//!     "userName": "bjensen",
//!     "emails": [
//!         {"value": "b@example.com", "type": "work", "primary": true},
//!         {"value": "b@example.org", "type": "home"},
//!     ],
//! });
//! let request = PatchRequest::parse(
//!     r#"{
//!         "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!         "Operations": [
//!             {"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true},
//!             {"op": "add", "value": {"title": "Tour guide"}}
//!         ]
//!     }"#,
//! )?;
//! let changed = request.check(scim::user_policy())?.apply(&mut user)?;
//! assert!(changed);
//! assert_eq!(user["emails"][0]["primary"], false);
//! assert_eq!(user["title"], "Tour guide");
//! # Ok::<(), scieve::patch::PatchErrors>(())
//! ```
//!
//! # Rules that the RFC leaves open
//!
//! - `null` and `[]` as a value unassign the attribute in a `replace`, and are not values in an `add`
//!   (RFC 7643 section 2.5). An object or array that an operation leaves empty is removed.
//! - An added element replaces nothing: if an element with the same `value` (compared by the case rule
//!   of the schema) and no other `type` exists, its sub-attributes are updated, otherwise the element
//!   is appended. Elements without `value` are duplicates if they are equal.
//! - A `replace` of a complex value keeps the sub-attributes that it does not name. This includes the
//!   elements that a filter selects, as in other implementations.
//! - A filter that selects nothing is an error (`noTarget`) in every operation.
//! - `schemas`, if the resource has it, follows the extensions: a URN is added with the first
//!   attribute of an extension and removed with the last. Without a path, `schemas` is only added to.
//! - A path without brackets to a sub-attribute of a multi-valued attribute selects it in every
//!   element.
//! - The sub-attributes of RFC 7643 section 2.4 (`value`, `display`, `type`, `primary`, `$ref`) are
//!   accepted in every multi-valued complex attribute.

mod apply;
mod change;
mod check;
mod diff;
mod elements;
mod error;
mod members;
mod path;
mod request;
mod selection;
mod target;
mod value;

pub use apply::PatchPlan;
pub use diff::diff;
pub use error::{PatchDiagnostic, PatchErrors, ScimType};
pub use request::{PatchLimits, PatchOperation, PatchRequest};
