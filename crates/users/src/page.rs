//! Order, and the pages of a list.

use super::attributes::STATUS;
use super::sort::Sort;
use super::user::User;
use scieve::{Node, Plan};
use std::sync::Arc;

/// A place between users: behind the user that has this key and id, or before it, whether or not there still is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// What [`SortKey::of`] gave.
    pub key: String,
    /// The user's id.
    pub id: String,
}

impl Position {
    /// The place of a user.
    #[must_use]
    pub fn of(user: &User, sort: Sort) -> Self {
        Self { key: sort.key.of(user), id: user.id.clone() }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The first users.
    #[default]
    First,
    /// The last users, in the order of the list.
    Last,
    /// The users that follow the place.
    After(Position),
    /// The users just before the place, in the order of the list.
    Before(Position),
}

/// What a list is asked for.
#[derive(Clone, Default)]
pub struct Query<'p> {
    /// The filter; all users where there is none.
    pub plan: Option<&'p Plan<User>>,
    /// Whether deleted users are left out: where the caller said nothing of the status.
    pub without_deleted: bool,
    /// The order.
    pub sort: Sort,
    /// Which part.
    pub window: Window,
    /// Only users with a greater id than this.
    pub id_above: Option<String>,
    /// Only users with a smaller id than this.
    pub id_below: Option<String>,
    /// Users on the page, at most.
    pub limit: usize,
    /// Whether to count all users that match.
    pub total: bool,
}

impl<'p> Query<'p> {
    /// Returns a query for the users that match the plan, or for all users without one.
    ///
    /// Deleted users are left out unless the plan tests `status`, the rule of the users resource.
    /// [`Query::limit`] is 0 and has to be set.
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

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The users, in the order of the list.
    pub users: Vec<Arc<User>>,
    /// Whether others stand before them.
    pub has_previous: bool,
    /// Whether others follow.
    pub has_next: bool,
    /// How many users match in all, where that was asked.
    pub total: Option<u64>,
}
