//! Property: a filter selects the same users in memory and in SQLite.

use super::check::OPEN;
use super::random_values::Cell;
use super::rows::{Row, Value, rows};
use arbitrary::{Result, Unstructured};
use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use scieve::sql::{Dialect, Param, Select, Statement};
use scieve::{Filter, Limits, Syntax, arbitrary as generate};
use scieve_users::User;

pub(crate) fn agreement(bytes: &[u8]) {
    thread_local!(static DATABASE: Connection = database());
    let mut u = Unstructured::new(bytes);
    let Ok((filters, users)) = input(&mut u) else { return };
    DATABASE.with(|database| compare(database, &filters, &users));
}

fn database() -> Connection {
    let database = Connection::open_in_memory().unwrap();
    for statement in
        scieve_users::mapping().create(Dialect::Sqlite, scieve_users::schema()).unwrap()
    {
        database.execute_batch(&statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    database
}

fn input(u: &mut Unstructured<'_>) -> Result<(Vec<Filter>, Vec<User>)> {
    let mut filters = Vec::new();
    for _ in 0..4 {
        filters.extend(match u.int_in_range(0..=2)? {
            0 => {
                generate::filter(u, scieve_users::policy())?.and_then(|filter| filter.build().ok())
            }
            1 => generate::filter(u, &OPEN)?.and_then(|filter| filter.build().ok()),
            _ => {
                Filter::parse_with(&generate::text(u)?, &Syntax::lenient(), &Limits::default()).ok()
            }
        });
    }
    let users = (0..6).map(|number| {
        let mut user = scieve_users::arbitrary::user(u)?;
        (user.id, user.subject) =
            (format!("{}{number}", user.id), format!("{number}{}", user.subject));
        Ok(user)
    });
    Ok((filters, users.collect::<Result<_>>()?))
}

fn compare(database: &Connection, filters: &[Filter], users: &[User]) {
    let columns = scieve_users::mapping();
    database.execute_batch("BEGIN").unwrap();
    for (place, user) in users.iter().enumerate() {
        for row in rows(columns, scieve_users::schema(), "1", &user.id, user) {
            insert(database, &row);
        }
        // A user of another tenant with the same id.
        for row in
            rows(columns, scieve_users::schema(), "2", &users[(place + 1) % users.len()].id, user)
        {
            insert(database, &row);
        }
    }
    let columns = columns.for_tenant("1");
    for filter in filters {
        for policy in [scieve_users::policy(), &OPEN] {
            let Ok(plan) = policy.check(filter) else { continue };
            let mut expected: Vec<&str> = users
                .iter()
                .filter(|user| plan.matches(user))
                .map(|user| user.id.as_str())
                .collect();
            expected.sort_unstable();
            let statement = plan
                .to_sql(&columns, Dialect::Sqlite, &Select::default())
                .expect("a checked filter compiles to SQL");
            assert_eq!(ids(database, &statement), expected, "{filter}\n{}", statement.sql);
        }
    }
    database.execute_batch("ROLLBACK").unwrap();
}

fn insert(database: &Connection, row: &Row) {
    let names: Vec<_> = row.columns.iter().map(|value| format!("`{}`", value.column)).collect();
    let sql = format!(
        "INSERT INTO `{}` ({}) VALUES ({})",
        row.table,
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut statement = database.prepare_cached(&sql).unwrap();
    statement.execute(rusqlite::params_from_iter(row.columns.iter().map(stored))).unwrap();
}

fn stored(value: &Value) -> Stored {
    match &value.cell {
        None => Stored::Null,
        Some(Cell::Text(text)) => Stored::Text(text.clone()),
        Some(Cell::Boolean(boolean)) => Stored::Integer(i64::from(*boolean)),
        Some(Cell::Integer(number) | Cell::DateTime(number)) => Stored::Integer(*number),
        Some(Cell::Decimal(number)) => Stored::Real(*number),
        Some(Cell::Binary(bytes)) => Stored::Blob(bytes.clone()),
    }
}

fn ids(database: &Connection, statement: &Statement) -> Vec<String> {
    let bound = statement.params.iter().map(|param| match param {
        Param::Boolean(boolean) => Stored::Integer(i64::from(*boolean)),
        Param::Integer(number) => Stored::Integer(*number),
        Param::Decimal(number) => Stored::Real(*number),
        Param::Text(text) => Stored::Text(text.clone()),
        Param::Bytes(bytes) => Stored::Blob(bytes.clone()),
        other => panic!("not a value of SQLite: {other:?}"),
    });
    let mut prepared = database
        .prepare(&statement.sql)
        .unwrap_or_else(|error| panic!("{error}: {}", statement.sql));
    let found = prepared.query_map(rusqlite::params_from_iter(bound), |row| row.get(0)).unwrap();
    found.collect::<rusqlite::Result<_>>().unwrap()
}
