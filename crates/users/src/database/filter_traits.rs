//! Properties of filters that decide how a list finds its users.

use super::user_row::SortColumn;
use crate::sort::SortKey;
use crate::user::User;
use scieve::sql::Dialect;
use scieve::{Node, Plan, Predicate, Test};

/// Returns true if the number of users that fulfil the filter ranges from none to most, and no index
/// returns them in the order of the list: of substring searches, and of roles, groups and scopes.
pub(super) fn has_unknown_share(plan: &Plan<User>, node: &Node) -> bool {
    match node {
        Node::Test(test) => {
            let of_many = || {
                let attribute = plan.schema().attribute(test.attribute());
                attribute.is_some_and(|attribute| attribute.yields_many())
            };
            matches!(test.predicate(), Predicate::Contains(_) | Predicate::EndsWith(_)) || of_many()
        }
        Node::All(nodes) | Node::Any(nodes) => {
            nodes.iter().any(|node| has_unknown_share(plan, node))
        }
        _ => false,
    }
}

/// Returns true if the filter is likely to match so few users that the index of the sort column is
/// the wrong way to them: MySQL and SQLite would fetch row after row along it until a page is full,
/// which takes ten times as long as one scan of the tenant.
///
/// These are filters with a substring search, for which MySQL and SQLite have no index. SQLite
/// walks the index of the sort column even if another index leads to the rows of an `eq` directly,
/// except for roles, whose selectivity its statistics show.
pub(super) fn avoids_sort_index(dialect: Dialect, plan: &Plan<User>) -> bool {
    let is_selective = |test: &Test| match test.predicate() {
        Predicate::Contains(_) | Predicate::EndsWith(_) => dialect != Dialect::Postgres,
        Predicate::Equal(_) | Predicate::In(_) => {
            let attribute = plan.schema().attribute(test.attribute());
            dialect == Dialect::Sqlite
                && attribute.is_some_and(|attribute| {
                    !attribute.yields_many() && attribute.path() != "status"
                })
        }
        _ => false,
    };
    let is_selective = |node: &Node| matches!(node, Node::Test(test) if is_selective(test));
    match plan.root() {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(is_selective),
        node => is_selective(node),
    }
}

/// Returns the fold key column of a sort key, if the filter only searches for substrings in its
/// attribute and needs no other column.
pub(super) fn searched_column(plan: &Plan<User>, sort: SortKey) -> Option<&'static str> {
    match SortColumn::of(sort)? {
        SortColumn::FoldKey(column) if searches_only(plan, plan.root(), sort) => Some(column),
        _ => None,
    }
}

/// Returns true if a node only searches for substrings in the attribute of a sort key.
fn searches_only(plan: &Plan<User>, node: &Node, sort: SortKey) -> bool {
    match node {
        Node::Test(test) => {
            let attribute = plan.schema().attribute(test.attribute());
            attribute.is_some_and(|attribute| attribute.path() == sort.name())
                && matches!(test.predicate(), Predicate::Contains(_) | Predicate::EndsWith(_))
        }
        Node::All(nodes) | Node::Any(nodes) => {
            nodes.iter().all(|node| searches_only(plan, node, sort))
        }
        Node::Not(_) => false,
    }
}
