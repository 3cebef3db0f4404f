//! Search requests and their answers (RFC 7644 sections 3.4.2 and 3.9): parameters, order, projection
//! and list responses. Each part can be used alone.
//!
//! ```
//! use scieve::scim;
//! use scieve::search::{ListResponse, SearchRequest, project, sort};
//! use serde_json::json;
//!
//! let request = SearchRequest::from_query(
//!     "filter=active+eq+true&sortBy=userName&startIndex=1&count=1&attributes=userName",
//! )?;
//! let mut users = vec![
//!     json!({"id": "1", "userName": "carol", "active": true, "title": "x"}),
//!     json!({"id": "2", "userName": "Bob", "active": true, "title": "y"}),
//!     json!({"id": "3", "userName": "ann", "active": false}),
//! ];
//! let policy = scim::user_policy();
//! let plan = request.filter.as_deref().map(|filter| policy.parse(filter)).transpose()?;
//! users.retain(|user| plan.as_ref().is_none_or(|plan| plan.matches(user)));
//! if let Some(path) = &request.sort_by {
//!     sort(&mut users, policy.schema(), path, request.sort_order)?;
//! }
//! let total = users.len();
//! let page = request.page(&users, 100);
//! let page = page.iter().map(|user| project(user, policy.schema(), &request));
//! let answer = ListResponse::new(page.collect(), total, request.start_index);
//! assert_eq!(answer.to_json()["Resources"], json!([{"id": "2", "userName": "Bob"}]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod order;
mod projection;
mod request;
mod response;

pub use order::sort;
pub use projection::project;
pub use request::{SearchError, SearchRequest, SortOrder};
pub use response::{ListResponse, scim_error};
