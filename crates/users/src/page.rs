//! Queries for pages of a list, by keyset pagination.
//!
//! A page starts after or before a [`Position`], the sort key and the id of a user, rather than at
//! an offset: the cost does not depend on the page number, and concurrent inserts and deletes
//! neither repeat nor skip users (<https://use-the-index-luke.com/no-offset>).

use super::attributes::STATUS;
use super::deadline::Deadline;
use super::sort::Sort;
use super::user::User;
use scieve::{Node, Plan};
use std::sync::Arc;

/// The place of a user in a list. The user need not exist (any more).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Sort key of the user, from [`SortKey::of`](super::SortKey::of).
    pub key: String,
    /// Id of the user.
    pub id: String,
}

impl Position {
    /// Returns the position of a user in a list of this order.
    #[must_use]
    pub fn of(user: &User, sort: Sort) -> Self {
        Self { key: sort.key.of(user), id: user.id.clone() }
    }
}

/// The part of a list that a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The first users.
    #[default]
    First,
    /// The last users, in the order of the list.
    Last,
    /// The users after the position.
    After(Position),
    /// The users directly before the position, in the order of the list.
    Before(Position),
}

/// A query for a page of the users of a tenant.
#[derive(Clone, Default)]
pub struct Query<'p> {
    /// Filter; without one, all users match.
    pub plan: Option<&'p Plan<User>>,
    /// Excludes deleted users. [`Query::matching`] sets it if the filter does not test `status`.
    pub without_deleted: bool,
    /// Order of the list.
    pub sort: Sort,
    /// Part of the list to return.
    pub window: Window,
    /// Includes only users with a greater id.
    pub id_above: Option<String>,
    /// Includes only users with a smaller id.
    pub id_below: Option<String>,
    /// Maximum number of users on the page.
    pub limit: usize,
    /// Counts all matching users, see [`Page::total`].
    pub total: bool,
    /// Ends the query with [`StoreError::TooSlow`](super::StoreError::TooSlow); `None` for no
    /// limit except those of the store.
    pub deadline: Option<&'p Deadline>,
}

impl<'p> Query<'p> {
    /// Returns a query for the users that match the plan, or for all users if it is `None`.
    ///
    /// By the rule of the users resource, deleted users are excluded unless the plan tests
    /// `status`. [`Query::limit`] is 0 and has to be set.
    ///
    /// ```
    /// use scieve_users::{Query, Sort, SortKey};
    ///
    /// let plan = scieve_users::policy().parse(r#"name co "bob""#)?;
    /// let query = Query {
    ///     limit: 20,
    ///     sort: Sort { key: SortKey::Email, descending: false },
    ///     ..Query::matching(Some(&plan))
    /// };
    /// assert!(query.without_deleted);
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn matching(plan: Option<&'p Plan<User>>) -> Self {
        Self { plan, without_deleted: !plan.is_some_and(tests_status), ..Self::default() }
    }
}

/// Returns whether any clause of the plan tests `status`.
fn tests_status(plan: &Plan<User>) -> bool {
    fn any(node: &Node, plan: &Plan<User>) -> bool {
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(|node| any(node, plan)),
            Node::Not(node) => any(node, plan),
            Node::Test(test) => plan
                .schema()
                .attribute(test.attribute())
                .is_some_and(|attribute| attribute.slot() == STATUS),
        }
    }
    any(plan.root(), plan)
}

/// A page of users.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The users, in the order of the list.
    pub users: Vec<Arc<User>>,
    /// The list has users before this page.
    pub has_previous: bool,
    /// The list has users after this page.
    pub has_next: bool,
    /// Number of users on all pages, if [`Query::total`] was set.
    pub total: Option<u64>,
}
