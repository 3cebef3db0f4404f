//! The table, the attributes that callers may use, and the columns that store them.

use crate::Error;
use scieve::sql::{CheckedMapping, Dialect, Statement};
use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};

/// The table in PostgreSQL.
pub const POSTGRES: &str = "
    CREATE TYPE pg_temp.employee_status AS ENUM ('active', 'on_leave');
    CREATE TEMPORARY TABLE employees (
        id uuid PRIMARY KEY, site integer NOT NULL, user_name varchar(40) NOT NULL, age smallint,
        active boolean, hired_at timestamptz, status pg_temp.employee_status, tags text[]
    );";

/// The table in SQLite.
pub const SQLITE: &str = "
    CREATE TABLE employees (
        id TEXT PRIMARY KEY, site INTEGER NOT NULL, user_name TEXT NOT NULL, age INTEGER,
        active BOOLEAN, hired_at TEXT, status TEXT, tags TEXT
    );";

/// Rows that both databases accept, except for the tags.
const ROWS: &str = "
    INSERT INTO employees VALUES
    ('3f2a0000-0000-4000-8000-000000000001', 7, 'Ann', 30, true, '2020-01-01T00:00:00Z', 'active', TAGS),
    ('3f2a0000-0000-4000-8000-000000000002', 7, 'Bob', 40, false, '2021-06-01T12:00:00Z', 'on_leave', TAGS),
    ('3f2a0000-0000-4000-8000-000000000003', 7, 'Cid', NULL, NULL, NULL, NULL, NULL),
    ('3f2a0000-0000-4000-8000-000000000004', 8, 'Ann', 30, true, '2020-01-01T00:00:00Z', 'active', TAGS),
    ('3f2a0000-0000-4000-8000-000000000005', 7, 'Dan', 70, true, '2020-01-01T00:00:00Z', 'active', TAGS);";

/// Returns the statement that inserts the rows.
pub fn rows(dialect: Dialect) -> String {
    let tags = match dialect {
        Dialect::Postgres => "ARRAY['desk', 'Remote']",
        _ => "'[\"desk\", \"Remote\"]'",
    };
    ROWS.replace("TAGS", tags)
}

const MAPPING: &str = r#"
table = "employees"
alias = "employees"
key = "id"
key_stored = "uuid"
[attributes]
id = { column = "id", stored = "uuid", nullable = false }
userName = { column = "user_name", nullable = false }
age = { column = "age", stored = "integer" }
active = { column = "active", stored = "boolean" }
hiredAt = { column = "hired_at", stored = HIRED_AT }
status = { column = "status", stored = { enum = "pg_temp.employee_status", labels = ["active", "on_leave"] } }
tags = TAGS
"#;

/// Employees are in the database only, so there are no values in memory.
pub struct Employee;

impl Record for Employee {
    fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        false
    }
}

/// Returns the attributes that callers may use.
pub fn policy() -> Result<Policy<Employee>, Error> {
    let schema = Schema::new(
        None,
        [
            Attribute::new("id", AttributeType::String).case_exact(true),
            Attribute::new("userName", AttributeType::String),
            Attribute::new("age", AttributeType::Integer),
            Attribute::new("active", AttributeType::Boolean),
            Attribute::new("hiredAt", AttributeType::DateTime),
            Attribute::new("status", AttributeType::String),
            Attribute::new("tags", AttributeType::String).case_exact(true).multi_valued(),
        ],
    )?;
    Ok(Policy::new(schema)?)
}

/// Returns the columns of the attributes.
pub fn mapping(dialect: Dialect) -> Result<CheckedMapping, Error> {
    let (hired_at, tags) = match dialect {
        Dialect::Postgres => ("\"timestamp_tz\"", "{ column = \"tags\", array = true }"),
        _ => ("\"iso8601\"", "{ column = \"tags\", json = [] }"),
    };
    let toml = MAPPING.replace("HIRED_AT", hired_at).replace("TAGS", tags);
    Ok(CheckedMapping::from_toml(&toml)?)
}

/// Returns the condition of a filter, to insert into a statement.
pub fn condition(filter: &str, dialect: Dialect) -> Result<Statement, Error> {
    let plan = policy()?.parse(filter).map_err(|errors| errors.to_string())?;
    Ok(plan.to_where(&mapping(dialect)?, dialect)?)
}
