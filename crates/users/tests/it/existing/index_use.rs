//! Query plans over 100,000 employees: every ordinary index serves the comparison that it is made
//! for, in PostgreSQL also in generic plans of prepared statements.

use crate::connection::DbConnection;
use scieve::sql::{CheckedMapping, Dialect, Param, Select, Statement};
use scieve::{Attribute, AttributeType, Policy, Schema};
use serde_json::Value;

const MAPPING: &str = r#"
table = "staff"
key = "id"
key_stored = "uuid"
[attributes]
id = { column = "id", stored = "uuid", nullable = false }
userName = { column = "user_name", nullable = false }
login = LOGIN
code = { column = "code", stored = "text" }
age = { column = "age", stored = "integer" }
hiredAt = { column = "hired_at", stored = HIRED_AT }
status = { column = "status", stored = { enum = "staff_status", labels = ["active", "on_leave", "terminated"] } }
department = { column = "attrs", json = ["dept", "name"] }
skills = { column = "attrs", json = ["skills"] }
labels = { column = "attrs", json = ["labels"] }
CODES
[children.emails]
table = "staff_emails"
owner = "staff_id"
columns.value = { column = "value" }
[children.phones]
column = "attrs"
json = ["phones"]
columns.value = { json = ["number"] }
[joins.manager]
table = "staff"
on = { manager_id = "id" }
columns.value = { column = "id", stored = "uuid" }
columns.login = LOGIN
"#;

fn mapping(dialect: Dialect) -> CheckedMapping {
    let (login, hired_at, codes) = match dialect {
        Dialect::Postgres => (
            r#"{ column = "login", stored = "citext" }"#,
            r#""timestamp_tz""#,
            r#"codes = { column = "codes", array = true }"#,
        ),
        Dialect::MySql => (
            r#"{ column = "login", text = { native = "case_insensitive" } }"#,
            r#""timestamp_tz""#,
            "",
        ),
        Dialect::Sqlite => (
            r#"{ column = "login", text = { native = "case_insensitive" } }"#,
            "{ iso8601 = 3 }",
            "",
        ),
    };
    let toml =
        MAPPING.replace("LOGIN", login).replace("HIRED_AT", hired_at).replace("CODES", codes);
    CheckedMapping::from_toml(&toml).unwrap()
}

fn policy() -> Policy<Value> {
    let string = |path: &str| Attribute::new(path, AttributeType::String);
    let schema = Schema::new(
        None,
        [
            string("id").case_exact(true),
            string("userName"),
            string("login"),
            string("code").case_exact(true),
            Attribute::new("age", AttributeType::Integer),
            Attribute::new("hiredAt", AttributeType::DateTime),
            string("status"),
            string("department"),
            string("skills").case_exact(true).multi_valued(),
            string("codes").case_exact(true).multi_valued(),
            string("labels").multi_valued(),
            Attribute::new("phones", AttributeType::Complex).multi_valued(),
            string("phones.value"),
            string("phones.type"),
            string("phones.area").case_exact(true),
            string("phones.line").case_exact(true),
            Attribute::new("emails", AttributeType::Complex).multi_valued(),
            string("emails.value"),
            Attribute::new("manager", AttributeType::Complex),
            string("manager.value").case_exact(true),
            string("manager.login"),
        ],
    );
    Policy::new(schema.unwrap()).unwrap()
}

fn tables(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &[
            "CREATE EXTENSION citext",
            "CREATE EXTENSION pg_trgm",
            "CREATE TYPE staff_status AS ENUM ('terminated', 'on_leave', 'active')",
            "CREATE TABLE staff (id uuid PRIMARY KEY, user_name text NOT NULL, login citext UNIQUE, code varchar(40), age integer, hired_at timestamptz, status staff_status, attrs jsonb, codes text[], manager_id uuid)",
            "INSERT INTO staff SELECT lpad(n::text, 32, '0')::uuid, 'User' || n, 'Login' || n, 'code' || n, n % 5000, timestamptz '2000-01-01 00:00:00Z' + n * interval '1 hour', CASE WHEN n % 1000 = 0 THEN 'on_leave' ELSE 'active' END::staff_status, jsonb_build_object('dept', jsonb_build_object('name', 'Dept' || n % 2000), 'skills', jsonb_build_array('skill' || n % 3000), 'labels', jsonb_build_array('Label' || n % 3000), 'phones', jsonb_build_array(jsonb_build_object('number', 'N' || n % 3000, 'type', 'Work', 'area', 'A' || n % 50, 'line', 'L' || n % 2000))), ARRAY['c' || n % 4000], lpad((n / 100 + 1)::text, 32, '0')::uuid FROM generate_series(1, 100000) AS n",
            "CREATE INDEX staff_name ON staff (lower(user_name))",
            "CREATE INDEX staff_name_trigrams ON staff USING gin (lower(user_name) gin_trgm_ops)",
            "CREATE INDEX staff_code ON staff (code)",
            "CREATE INDEX staff_age ON staff (age)",
            "CREATE INDEX staff_hired_at ON staff (hired_at)",
            "CREATE INDEX staff_status_index ON staff (status)",
            "CREATE INDEX staff_department ON staff (lower(attrs #>> '{dept,name}'))",
            "CREATE INDEX staff_attrs ON staff USING gin (attrs)",
            "CREATE INDEX staff_labels ON staff USING gin ((lower((attrs -> 'labels')::text)::jsonb))",
            "CREATE INDEX staff_phones ON staff USING gin ((lower((attrs -> 'phones')::text)::jsonb))",
            "CREATE INDEX staff_codes ON staff USING gin (codes)",
            "CREATE INDEX staff_manager ON staff (manager_id)",
            "CREATE TABLE staff_emails (staff_id uuid, value text)",
            "INSERT INTO staff_emails SELECT id, lower(user_name) || '@example.com' FROM staff",
            "CREATE INDEX staff_emails_value ON staff_emails (lower(value))",
            "ANALYZE",
        ],
        Dialect::MySql => &[
            "CREATE TABLE staff (id CHAR(36) PRIMARY KEY, user_name VARCHAR(40) NOT NULL, login VARCHAR(40) UNIQUE, code VARCHAR(40), age INT, hired_at TIMESTAMP NULL, status ENUM ('terminated', 'on_leave', 'active'), attrs JSON, manager_id CHAR(36), KEY staff_code (code), KEY staff_age (age), KEY staff_hired_at (hired_at), KEY staff_status_index (status), KEY staff_manager (manager_id)) CHARACTER SET utf8mb4",
            "INSERT INTO staff SELECT CONCAT('00000000-0000-4000-8000-', LPAD(seq, 12, '0')), CONCAT('User', seq), CONCAT('Login', seq), CONCAT('code', seq), seq % 5000, FROM_UNIXTIME(946684800 + seq * 3600), IF(seq % 1000 = 0, 'on_leave', 'active'), JSON_OBJECT('dept', JSON_OBJECT('name', CONCAT('Dept', seq))), CONCAT('00000000-0000-4000-8000-', LPAD(seq DIV 100 + 1, 12, '0')) FROM seq_1_to_100000",
            "CREATE TABLE staff_emails (staff_id CHAR(36), value VARCHAR(100), KEY (staff_id)) CHARACTER SET utf8mb4",
            "ANALYZE TABLE staff",
        ],
        Dialect::Sqlite => &[
            "CREATE TABLE staff (id TEXT PRIMARY KEY, user_name TEXT NOT NULL, login TEXT COLLATE NOCASE UNIQUE, code TEXT, age INTEGER, hired_at TEXT, status TEXT, attrs TEXT, manager_id TEXT)",
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) INSERT INTO staff SELECT printf('00000000-0000-4000-8000-%012d', n), 'User' || n, 'Login' || n, 'code' || n, n % 5000, strftime('%Y-%m-%dT%H:%M:%S', 946684800 + n * 3600, 'unixepoch') || '.000Z', CASE WHEN n % 1000 = 0 THEN 'on_leave' ELSE 'active' END, json_object('dept', json_object('name', 'Dept' || n)), printf('00000000-0000-4000-8000-%012d', n / 100 + 1) FROM numbers",
            "CREATE INDEX staff_name ON staff (lower(user_name))",
            "CREATE INDEX staff_code ON staff (code)",
            "CREATE INDEX staff_age ON staff (age)",
            "CREATE INDEX staff_hired_at ON staff (hired_at)",
            "CREATE INDEX staff_status_index ON staff (status)",
            "CREATE INDEX staff_department ON staff (lower(json_extract(attrs, '$.\"dept\".\"name\"')))",
            "CREATE INDEX staff_manager ON staff (manager_id)",
            "CREATE TABLE staff_emails (staff_id TEXT, value TEXT)",
            "ANALYZE",
        ],
    }
}

/// Filters with the index that has to serve them, by its name in the plan, in PostgreSQL,
/// MariaDB and SQLite; an empty name where there is none.
const CASES: &[(&str, [&str; 3])] = &[
    (
        "id eq \"00000000-0000-4000-8000-000000000042\"",
        ["staff_pkey", "const", "autoindex_staff_1"],
    ),
    (
        "id eq \"00000000-0000-4000-8000-000000000042\" or id eq \"00000000-0000-4000-8000-000000000043\"",
        ["staff_pkey", "PRIMARY", "autoindex_staff_1"],
    ),
    ("userName eq \"user42\"", ["staff_name", "", "staff_name"]),
    ("userName co \"ser4242\"", ["staff_name_trigrams", "", ""]),
    ("login eq \"LOGIN42\"", ["staff_login_key", "login", "autoindex_staff_2"]),
    ("code eq \"code42\"", ["staff_code", "staff_code", "staff_code"]),
    ("age eq 42", ["staff_age", "staff_age", "staff_age"]),
    ("hiredAt eq \"2001-01-01T00:00:00Z\"", ["staff_hired_at", "staff_hired_at", "staff_hired_at"]),
    ("hiredAt lt \"2000-01-01T05:00:00Z\"", ["staff_hired_at", "staff_hired_at", "staff_hired_at"]),
    ("status eq \"ON_LEAVE\"", ["staff_status_index", "staff_status_index", "staff_status_index"]),
    ("department eq \"dept42\"", ["staff_department", "", "staff_department"]),
    ("skills eq \"skill42\"", ["staff_attrs", "", ""]),
    ("labels eq \"LABEL42\"", ["staff_labels", "", ""]),
    ("phones[value eq \"n42\" and type eq \"work\"]", ["staff_phones", "", ""]),
    ("phones.value eq \"n42\" or phones.value eq \"n43\"", ["staff_phones", "", ""]),
    ("phones[area eq \"A42\" and line eq \"L42\"]", ["staff_attrs", "", ""]),
    ("codes eq \"c42\" or codes eq \"c43\"", ["staff_codes", "", ""]),
    ("emails.value eq \"user42@example.com\"", ["staff_emails_value", "", ""]),
    (
        "manager.value eq \"00000000-0000-4000-8000-000000000042\"",
        ["staff_manager", "staff_manager", "staff_manager"],
    ),
];

fn statement(filter: &str, dialect: Dialect) -> Statement {
    let plan = policy().parse(filter).unwrap();
    plan.to_sql(&mapping(dialect), dialect, &Select::default()).unwrap()
}

/// Returns a value as a literal of PostgreSQL.
fn literal(param: &Param) -> String {
    match param {
        Param::Integer(number) => number.to_string(),
        Param::Boolean(boolean) => boolean.to_string(),
        Param::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Param::List(list) => {
            let elements: Vec<String> =
                list.iter().map(|param| literal(param).trim_matches('\'').to_owned()).collect();
            format!("'{{{}}}'", elements.join(","))
        }
        other => panic!("{other:?}"),
    }
}

/// Returns whether the plan finds rows by the index, rather than reading it as a whole.
fn is_sought(dialect: Dialect, plan: &str, index: &str) -> bool {
    plan.lines().filter(|line| line.contains(index)).any(|line| match dialect {
        Dialect::Postgres => true,
        Dialect::MySql => !line.contains("| index |"),
        Dialect::Sqlite => line.contains("SEARCH"),
    })
}

async fn indexes_are_used(dialect: Dialect, column: usize) {
    let mut connection = DbConnection::new(dialect).await;
    for statement in tables(dialect) {
        connection.execute(statement).await;
    }
    if dialect == Dialect::Postgres {
        connection.execute("SET plan_cache_mode = force_generic_plan").await;
    }
    for (number, (filter, indexes)) in CASES.iter().enumerate() {
        if indexes[column].is_empty() {
            continue;
        }
        let statement = statement(filter, dialect);
        let mut plans = vec![connection.explain(&statement).await.join("\n")];
        if dialect == Dialect::Postgres {
            // A generic plan does not contain that few employees are on leave.
            let status = filter.starts_with("status");
            connection.execute(&format!("SET enable_seqscan = {}", !status)).await;
            connection.execute(&format!("PREPARE p{number} AS {}", statement.sql)).await;
            let params: Vec<String> = statement.params.iter().map(literal).collect();
            let sql = format!("EXECUTE p{number}({})", params.join(", "));
            plans.push(connection.explain(&Statement::new(sql, Vec::new())).await.join("\n"));
            connection.execute("SET enable_seqscan = on").await;
        }
        for plan in plans {
            assert!(
                is_sought(dialect, &plan, indexes[column]),
                "{filter}\n{}\n{plan}",
                statement.sql
            );
        }
    }
    casts_are_detected(&mut connection, column).await;
}

/// Checks that the comparison of query plans detects a cast on the column.
async fn casts_are_detected(connection: &mut DbConnection, column: usize) {
    let dialect = connection.dialect();
    let casts = match dialect {
        Dialect::Postgres => [
            ("\"u\".\"age\"", "\"u\".\"age\"::text::integer"),
            ("\"u\".\"hired_at\"", "\"u\".\"hired_at\"::text::timestamptz"),
        ],
        Dialect::MySql => [
            ("`u`.`age`", "CAST(`u`.`age` AS CHAR)"),
            ("`u`.`hired_at`", "CAST(`u`.`hired_at` AS CHAR)"),
        ],
        Dialect::Sqlite => [
            ("`u`.`age`", "CAST(`u`.`age` AS INTEGER)"),
            ("`u`.`hired_at`", "CAST(`u`.`hired_at` AS TEXT)"),
        ],
    };
    for (own, cast) in casts {
        for (filter, indexes) in CASES.iter().filter(|(_, indexes)| !indexes[column].is_empty()) {
            let mut statement = statement(filter, dialect);
            if statement.sql.contains(own) {
                statement.sql = statement.sql.replace(own, cast);
                let plan = connection.explain(&statement).await.join("\n");
                let sought = is_sought(dialect, &plan, indexes[column]);
                assert!(!sought, "{}\n{plan}", statement.sql);
            }
        }
    }
}

#[tokio::test]
async fn existing_indexes_are_used_in_sqlite() {
    indexes_are_used(Dialect::Sqlite, 2).await;
}

#[tokio::test]
async fn existing_indexes_are_used_in_postgres() {
    crate::databases::require!(servers);
    indexes_are_used(Dialect::Postgres, 0).await;
}

#[tokio::test]
async fn existing_indexes_are_used_in_mariadb() {
    crate::databases::require!(servers);
    indexes_are_used(Dialect::MySql, 1).await;
}
