//! The answers to searches, and error bodies.

use serde_json::{Value, json};

/// A list response (RFC 7644 section 3.4.2).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ListResponse {
    /// The resources of the page.
    pub resources: Vec<Value>,
    /// The number of results of all pages.
    pub total_results: usize,
    /// The position of the first resource, counted from 1.
    pub start_index: usize,
    /// The cursor of the next page (RFC 9865).
    pub next_cursor: Option<String>,
}

impl ListResponse {
    /// Creates a response without cursors.
    #[must_use]
    pub fn new(resources: Vec<Value>, total_results: usize, start_index: usize) -> Self {
        Self { resources, total_results, start_index, next_cursor: None }
    }

    /// Returns the message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut message = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": self.total_results,
            "itemsPerPage": self.resources.len(),
            "startIndex": self.start_index,
            "Resources": self.resources,
        });
        if let (Value::Object(members), Some(cursor)) = (&mut message, &self.next_cursor) {
            members.insert("nextCursor".into(), cursor.as_str().into());
        }
        message
    }
}

/// Returns the body of an error response (RFC 7644 section 3.12).
///
/// ```
/// use scieve::search::scim_error;
///
/// let body = scim_error(409, Some("uniqueness"), "the user name is taken");
/// assert_eq!((&body["status"], &body["scimType"]), (&"409".into(), &"uniqueness".into()));
/// ```
#[must_use]
pub fn scim_error(status: u16, scim_type: Option<&str>, detail: &str) -> Value {
    crate::diagnostic::json::scim_error(status, scim_type, detail)
}
