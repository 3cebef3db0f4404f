//! Property: a checked filter never fails in a later stage, and a rejected one has diagnostics.

use arbitrary::Unstructured;
use scieve::sql::{Dialect, Direction, Select};
use scieve::{
    CaseSensitivity, Filter, Limits, Plan, Policy, Record, Syntax, arbitrary as generate, scim,
};
use scieve_users::User;
use serde_json::Value;
use std::sync::LazyLock;

/// A policy for users that allows every comparison.
pub(super) static OPEN: LazyLock<Policy<User>> =
    LazyLock::new(|| Policy::new(scieve_users::schema().clone()).unwrap());

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let Ok(Some(filter)) = filter(&mut u) else { return };
    let (Ok(user), Ok(record)) = (
        scieve_users::arbitrary::user(&mut u),
        generate::record(&mut u, scim::user_policy().schema()),
    ) else {
        return;
    };
    evaluate(scim::user_policy(), &filter, &record);
    evaluate(&Policy::<Value>::schemaless(CaseSensitivity::Ignore), &filter, &record);
    for policy in [scieve_users::policy(), &OPEN] {
        let Some(plan) = evaluate(policy, &filter, &user) else { continue };
        for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
            compile(&plan, dialect);
        }
    }
}

fn filter(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Filter>> {
    Ok(match u.int_in_range(0..=4)? {
        0 => generate::filter(u, scim::user_policy())?.and_then(|filter| filter.build().ok()),
        1 => generate::filter(u, scieve_users::policy())?.and_then(|filter| filter.build().ok()),
        2 => generate::filter(u, &OPEN)?.and_then(|filter| filter.build().ok()),
        3 => generate::tree(u)?.build().ok(),
        _ => Filter::parse_with(&generate::text(u)?, &Syntax::lenient(), &Limits::default()).ok(),
    })
}

fn evaluate<R: Record>(policy: &Policy<R>, filter: &Filter, record: &R) -> Option<Plan<R>> {
    match policy.check(filter) {
        Ok(plan) => {
            assert!(!plan.explain().is_empty());
            let found = plan.matches(record);
            assert_eq!(plan.matches(record), found);
            // The canonical form has the same plan.
            let again = policy.parse(&filter.to_string());
            assert!(again.is_ok_and(|again| again == plan), "{filter}");
            Some(plan)
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty() && !diagnostics.render().is_empty());
            None
        }
    }
}

/// Asserts that each statement has as many placeholders as parameters and no literal.
fn compile(plan: &Plan<User>, dialect: Dialect) {
    let columns = scieve_users::mapping().for_tenant("1");
    let page = Select::default().sort("name", Direction::Descending).limit(21);
    let statements = [
        plan.to_sql(&columns, dialect, &Select::default()),
        plan.to_sql(&columns, dialect, &page),
        plan.to_where(&columns, dialect),
    ];
    for statement in statements {
        let statement = statement.expect("a checked filter compiles to SQL");
        let placeholders = match dialect {
            Dialect::Postgres => {
                (1..).take_while(|number| statement.sql.contains(&format!("${number}"))).count()
            }
            _ => statement.sql.matches('?').count(),
        };
        assert_eq!(placeholders, statement.params.len(), "{}", statement.sql);
        assert!(!statement.sql.replace("ESCAPE '!'", "").contains('\''), "{}", statement.sql);
    }
}
