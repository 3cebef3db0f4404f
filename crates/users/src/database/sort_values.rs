//! Lists whose filter restricts the attribute that they are sorted by to given values, for example
//! `name eq "Bob" or name eq "Alice"` by name. The planners do not infer the order.

use super::keyset::{order, sort_rows};
use super::statement::{USERS, user_column};
use super::user_row::{SortColumn, sort_value};
use crate::sort::SortKey;
use crate::user::User;
use scieve::sql::Dialect;
use scieve::{Node, Plan, Predicate, Test, Value, fold_key};
use sea_query::{Asterisk, Condition, Expr, ExprTrait as _, Func, JoinType, SelectStatement};
use std::collections::BTreeSet;

/// The alias of the values and of their column.
pub(super) const VALUES: &str = "v";

/// Returns the only values of the sort column that the filter allows; empty if it allows any, or if
/// the database infers them: all but PostgreSQL do so for fold keys, which the filter compares.
pub(super) fn sort_values(dialect: Dialect, plan: &Plan<User>, sort: SortKey) -> BTreeSet<String> {
    let of_string: fn(&str) -> String = match SortColumn::of(sort) {
        Some(SortColumn::SortKey(_)) => sort_value,
        Some(SortColumn::FoldKey(_)) if dialect == Dialect::Postgres => {
            |string| fold_key(string).into_owned()
        }
        _ => return BTreeSet::new(),
    };
    let of_test = |test: &Test| {
        let attribute = plan.schema().attribute(test.attribute())?;
        let values = match test.predicate() {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(values) => values,
            _ => return None,
        };
        let of_value = |value: &Value| match value {
            Value::Text(string) => Some(of_string(string)),
            _ => None,
        };
        if attribute.path() == sort.name() { values.iter().map(of_value).collect() } else { None }
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

/// Selects the first of the rows that fulfil a condition, in the order of a column that has these
/// values in them, of a query of PostgreSQL: it reads the first rows of each value, instead of
/// sorting all.
pub(super) fn select_by_value(
    mut values: SelectStatement,
    mut rows: SelectStatement,
    condition: Condition,
    column: &'static str,
    ascending: bool,
    limit: usize,
) -> SelectStatement {
    rows.column((USERS, Asterisk)).and_where(user_column(column).eq(Expr::col((VALUES, VALUES))));
    sort_rows(&mut rows, None, ascending);
    // Without OFFSET, the condition would be part of the scan of the index, which then has no order.
    rows.offset(0);
    let mut of_value = SelectStatement::new();
    of_value.column((USERS, Asterisk)).from_subquery(rows, USERS).cond_where(condition);
    order(&mut of_value, None, ascending, limit);
    values.join_lateral(JoinType::InnerJoin, of_value, USERS, Expr::Constant(true.into()));
    order(&mut values, Some(user_column(column)), ascending, limit);
    values
}

/// Returns these values as a source of [`select_by_value`].
pub(super) fn given(values: &BTreeSet<String>) -> SelectStatement {
    let values: Vec<String> = values.iter().cloned().collect();
    let values = sea_query::Value::from(values);
    let mut select = SelectStatement::new();
    select.from_function(Func::cust("unnest").arg(values), VALUES);
    select
}
