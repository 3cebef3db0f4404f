//! The users who may fulfil a substring search, by the trigram index of SQLite. The trigram indexes of
//! PostgreSQL find the same users, without a query of their own.
//!
//! The index `users_trigrams` has the trigrams of names, email addresses and subjects, of all columns
//! and tenants together. It therefore returns a superset, of which the conditions on the rows select
//! the users: a needle of three characters or more can only occur in a string that has all its
//! trigrams. Users of other tenants count among the candidates, so that their number is limited; if
//! there are more, the users of the tenant are searched without the index.

use super::statement::{USERS, is_one_of, select_from, select_users};
use super::tenant::Tenant;
use crate::mapping::mapping;
use crate::user::User;
use scieve::sql::{ChildTable, Dialect, Mapping, StringComparison};
use scieve::{Node, Plan, Predicate, Test, Value, fold_key};
use sea_query::{Expr, SelectStatement, UnionType};
use std::collections::BTreeSet;

/// Maximum number of candidates, which takes about 10 ms.
pub(super) const MAX_CANDIDATES: usize = 5_000;
/// Maximum number of trigrams of a needle that are looked up: of a long needle, the first ones.
const MAX_TRIGRAMS: usize = 24;
/// Maximum number of sources: needles, values and lists.
const MAX_SOURCES: usize = 16;
/// The column of candidates.
pub(super) const NUMBER: &str = "number";

const ALIAS: &str = "e";

/// Sources whose union contains every user that fulfils a node.
#[derive(Default)]
struct Sources {
    /// Queries of the trigram index.
    needles: BTreeSet<String>,
    /// Queries of the numbers of users.
    selects: Vec<SelectStatement>,
}

/// Returns a query of numbers of users, among them all who can fulfil the plan. Each source yields
/// [`MAX_CANDIDATES`] and one more at most; numbers may repeat. `None` if the plan does not depend on
/// a substring search that the index supports.
pub(super) fn candidates(plan: &Plan<User>, tenant: Tenant<'_>) -> Option<SelectStatement> {
    let sources = sources(plan, plan.root(), tenant)?;
    if sources.needles.is_empty() || sources.needles.len() + sources.selects.len() > MAX_SOURCES {
        return None;
    }
    let needles = sources.needles.iter().map(|needle| format!("({needle})")).collect::<Vec<_>>();
    let mut index = SelectStatement::new();
    index
        .expr_as(Expr::cust("rowid"), NUMBER)
        .from("users_trigrams")
        .and_where(Expr::cust_with_values("users_trigrams MATCH ?", [needles.join(" OR ")]));
    let mut parts = std::iter::once(index).chain(sources.selects).map(limited);
    let mut first = parts.next()?;
    for part in parts {
        first.union(UnionType::All, part);
    }
    Some(first)
}

/// Returns true if every user that fulfils the plan is found by trigrams, or by values.
pub(super) fn has_trigrams(plan: &Plan<User>, tenant: Tenant<'_>) -> bool {
    sources(plan, plan.root(), tenant).is_some_and(|sources| !sources.needles.is_empty())
}

/// A limit applies to one part of a union only if it is in a subquery.
fn limited(mut select: SelectStatement) -> SelectStatement {
    select.limit(MAX_CANDIDATES as u64 + 1);
    let mut outer = SelectStatement::new();
    outer.column(NUMBER).from_subquery(select, "part");
    outer
}

fn sources(plan: &Plan<User>, node: &Node, tenant: Tenant<'_>) -> Option<Sources> {
    match node {
        Node::Test(test) => of_test(plan, test, tenant),
        // All of them are needed.
        Node::Any(nodes) => nodes.iter().try_fold(Sources::default(), |mut all, node| {
            let Sources { needles, selects } = sources(plan, node, tenant)?;
            all.needles.extend(needles);
            all.selects.extend(selects);
            Some(all)
        }),
        // One is enough.
        Node::All(nodes) => {
            let found = nodes.iter().filter_map(|node| sources(plan, node, tenant));
            found.max_by_key(|sources| !sources.needles.is_empty())
        }
        _ => None,
    }
}

fn of_test(plan: &Plan<User>, test: &Test, tenant: Tenant<'_>) -> Option<Sources> {
    let attribute = plan.schema().attribute(test.attribute())?.to_string();
    let needle = match test.predicate() {
        Predicate::Contains(needle) => needle.as_str(),
        Predicate::EndsWith(needle) => needle,
        Predicate::Equal(value) => return equal(&attribute, std::slice::from_ref(value), tenant),
        Predicate::In(values) => return equal(&attribute, values, tenant),
        _ => return None,
    };
    if !matches!(attribute.as_str(), "name" | "email" | "subject") {
        return None;
    }
    Some(Sources { needles: BTreeSet::from([trigrams(needle)?]), ..Sources::default() })
}

/// The query of the index for the strings that contain a needle; `None` if it is too short.
///
/// Each trigram is a string of the query language of FTS5, in which a quote is doubled.
fn trigrams(needle: &str) -> Option<String> {
    let characters: Vec<char> = needle.chars().collect();
    if characters.contains(&'\0') {
        return None;
    }
    let quoted = |trigram: &[char]| {
        format!("\"{}\"", trigram.iter().collect::<String>().replace('"', "\"\""))
    };
    let trigrams: BTreeSet<String> = characters.windows(3).take(MAX_TRIGRAMS).map(quoted).collect();
    let trigrams: Vec<String> = trigrams.into_iter().collect();
    (!trigrams.is_empty()).then(|| trigrams.join(" AND "))
}

/// The users of the tenant with one of these values.
fn equal(attribute: &str, values: &[Value], tenant: Tenant<'_>) -> Option<Sources> {
    let key = |value: &Value| match value {
        Value::Text(string) if !string.contains('\0') => Some(fold_key(string).into_owned()),
        _ => None,
    };
    let keys: Vec<String> = values.iter().map(key).collect::<Option<_>>()?;
    let (child, column) = key_column(attribute)?;
    let is_one = |alias, column| is_one_of(Dialect::Sqlite, Expr::col((alias, column)), keys);
    let select = match child {
        None => {
            let mut select = select_users(tenant);
            select.column((USERS, NUMBER)).and_where(is_one(USERS, column));
            select
        }
        Some(child) => {
            let mut select = select_from(&child.table, ALIAS, tenant);
            select
                .expr_as(Expr::col((ALIAS, child.owner.as_str())), NUMBER)
                .and_where(is_one(ALIAS, column));
            select
        }
    };
    Some(Sources { selects: vec![select], ..Sources::default() })
}

/// The column with the fold keys of an attribute, and the child table that has it. `None` for the
/// status, whose few values select too many users.
fn key_column(attribute: &str) -> Option<(Option<&'static ChildTable>, &'static str)> {
    if attribute == "status" {
        return None;
    }
    let mapping: &'static Mapping = mapping().mapping();
    let (child, column) = match mapping.attributes.get(attribute) {
        Some(column) => (None, column),
        None => {
            let (parent, sub) = match attribute.split_once('.') {
                Some((parent, sub)) => (parent, Some(sub)),
                None => (attribute, None),
            };
            let child = mapping.children.get(parent)?;
            let column = match sub {
                Some(sub) => child.columns.get(sub)?,
                None => child.value.as_ref()?,
            };
            (Some(child), column)
        }
    };
    match &column.text {
        StringComparison::FoldKey(key) => Some((child, key)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::trigrams;

    #[test]
    fn needles_become_queries_of_trigrams() {
        assert_eq!(trigrams("ab"), None);
        assert_eq!(trigrams("a\0bcd"), None);
        assert_eq!(trigrams("aßc").as_deref(), Some("\"aßc\""));
        assert_eq!(trigrams("aaaa").as_deref(), Some("\"aaa\""));
        assert_eq!(trigrams("a\"b*").as_deref(), Some("\"\"\"b*\" AND \"a\"\"b\""));
        assert!(trigrams(&"abcdefg".repeat(100)).unwrap().len() < 300);
    }
}
