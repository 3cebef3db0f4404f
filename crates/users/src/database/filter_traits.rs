//! Properties of filters that decide how a list finds its users.

use super::user_row::SortColumn;
use crate::sort::{SortKey, truncate};
use crate::user::User;
use scieve::fold_key;
use scieve::sql::Dialect;
use scieve::{Node, Plan, Predicate, Test};

/// The value of the sort column of a user whose attribute has that value.
pub(super) fn sort_value(string: &str) -> String {
    format!("1{}", truncate(&fold_key(string)))
}

/// If the filter restricts the sort attribute to given values, the values of the sort column that
/// remain. The planners do not infer this condition, and would walk the index of the sort column
/// from its start. A column of fold keys needs none: it is the column that the filter compares.
pub(super) fn sort_values(plan: &Plan<User>, sort: SortKey) -> Vec<String> {
    if !matches!(SortColumn::of(sort), Some(SortColumn::SortKey(_))) {
        return Vec::new();
    }
    let of_test = |test: &Test| {
        let attribute = plan.schema().attribute(test.attribute())?;
        let values = match test.predicate() {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(values) => values,
            _ => return None,
        };
        let string = |value: &scieve::Value| match value {
            scieve::Value::Text(string) => Some(sort_value(string)),
            _ => None,
        };
        if attribute.path() == sort.name() { values.iter().map(string).collect() } else { None }
    };
    let of_node = |node: &Node| match node {
        Node::Test(test) => of_test(test),
        _ => None,
    };
    let found = match plan.root() {
        Node::All(nodes) => nodes.iter().find_map(of_node),
        node => of_node(node),
    };
    found.unwrap_or_default()
}

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
