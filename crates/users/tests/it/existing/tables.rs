//! The tables of employees in each database, as a company may have them, and their mapping.

use super::employees::{EXTENSION, GRADES, LABELS};
use scieve::sql::{CheckedMapping, Dialect};
use serde_json::Value;

const MAPPING: &str = r#"
table = "Employees of \"us\" and `them`"
key = "id"
key_stored = "uuid"
where = "{}.deleted_at IS NULL"
document = "resource"

[attributes]
id = { column = "id", stored = "uuid", nullable = false }
userName = { column = "user name", text = { native = "lower" }, nullable = false }
login = LOGIN
displayName = { column = "display_name" }
code = { column = "code", stored = "text" }
motto = { column = "motto", text = { fold_key = "motto_f" } }
badge = BADGE
active = { column = "active", stored = "boolean" }
remote = { column = "remote", stored = { boolean = ["Y", "N"] } }
age = { column = "age", stored = "integer" }
level = { column = "level", stored = "integer" }
score = { column = "score", stored = "real" }
price = { column = "price", stored = "numeric" }
hiredAt = { column = "hired_at", stored = TIMESTAMP_TZ }
createdAt = { column = "created_at", stored = TIMESTAMP }
birthday = { column = "birthday", stored = DATE }
seenAt = { column = "seen_at", stored = { iso8601 = 3 } }
seconds = { column = "seconds", stored = "unix_seconds" }
millis = { column = "millis", stored = "unix_millis" }
device = { column = "device", stored = { uuid = "bytes" } }
token = { column = "token", stored = "uuid" }
number = { column = "number", stored = "integer" }
status = { column = "status", stored = { enum = "Employee Status", labels = LABELS } }
grade = { column = "grade", stored = { enum = "grade", labels = GRADES } }
cert = { column = "cert", stored = "bytes" }
department = { column = "attrs", json = ["dept", "it's a name"] }
floor = { column = "attrs", json = ["floor"] }
ratio = { column = "attrs", json = ["ratio"] }
parking = { column = "attrs", json = ["parking"] }
moved = { column = "attrs", json = ["moved"], stored = { iso8601 = 3 } }
tags = TAGS
codes = CODES
numbers = NUMBERS
skills = { column = "attrs", json = ["skills"] }
marks = { column = "marks", json = [] }

[children.emails]
table = "employee_emails"
owner = "employee_id"
where = "{}.hidden = 0"
columns.value = { column = "value", text = { native = "lower" } }
columns.type = { column = "kind" }
columns.primary = { column = "is_primary", stored = "boolean" }
columns.rank = { column = "rank", stored = "integer" }

[children.phones]
column = "attrs"
json = ["phones"]
columns.value = { json = ["number", "text"] }

[joins.manager]
table = "Employees of \"us\" and `them`"
on = { manager_id = "id" }
where = "{}.deleted_at IS NULL"
columns.value = { column = "id", stored = "uuid" }
columns.displayName = { column = "display_name" }
"#;

pub(crate) fn mapping(dialect: Dialect) -> CheckedMapping {
    let list = |labels: &[&str]| serde_json::to_string(labels).unwrap();
    let [login, badge, timestamp_tz, timestamp, date] = match dialect {
        Dialect::Postgres => [
            r#"{ column = "login", stored = "citext" }"#,
            r#"{ column = "badge", stored = "citext" }"#,
            r#""timestamp_tz""#,
            r#""timestamp""#,
            r#""date""#,
        ],
        Dialect::MySql => [
            r#"{ column = "login", text = { native = "case_insensitive" } }"#,
            r#"{ column = "badge", text = { native = "case_insensitive" } }"#,
            r#""timestamp_tz""#,
            r#""timestamp""#,
            r#""date""#,
        ],
        Dialect::Sqlite => [
            r#"{ column = "login", text = { native = "case_insensitive" } }"#,
            r#"{ column = "badge", text = { native = "case_insensitive" } }"#,
            "{ iso8601 = 6 }",
            r#""unix_micros""#,
            r#""iso8601""#,
        ],
    };
    let lists = match dialect {
        Dialect::Postgres => ["tags", "codes", "numbers"]
            .map(|column| format!(r#"{{ column = "{column}", array = true }}"#)),
        Dialect::MySql | Dialect::Sqlite => ["tags", "codes", "numbers"]
            .map(|column| format!(r#"{{ column = "{column}", json = ["list"] }}"#)),
    };
    let toml = MAPPING
        .replace("LABELS", &list(&LABELS))
        .replace("GRADES", &list(&GRADES))
        .replace("LOGIN", login)
        .replace("BADGE", badge)
        .replace("TIMESTAMP_TZ", timestamp_tz)
        .replace("TIMESTAMP", timestamp)
        .replace("DATE", date)
        .replace("TAGS", &lists[0])
        .replace("CODES", &lists[1])
        .replace("NUMBERS", &lists[2]);
    CheckedMapping::from_toml(&toml).unwrap()
}

/// A column: its name, the attribute that it stores, and its types.
struct Column {
    name: &'static str,
    attribute: &'static str,
    types: [&'static str; 3],
}

const fn column(name: &'static str, attribute: &'static str, types: [&'static str; 3]) -> Column {
    Column { name, attribute, types }
}

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    column("id", "id", ["uuid PRIMARY KEY", "UUID PRIMARY KEY", "TEXT PRIMARY KEY"]),
    column("user name", "userName", ["varchar(300) NOT NULL", "VARCHAR(300) NOT NULL", "TEXT NOT NULL"]),
    column("login", "login", ["citext", "VARCHAR(300)", "TEXT COLLATE NOCASE"]),
    column("display_name", "displayName", ["text", "TEXT CHARACTER SET latin1", "VARCHAR(300)"]),
    column("code", "code", ["text", "VARCHAR(300)", "TEXT"]),
    column("motto", "motto", ["text", "TEXT", "TEXT"]),
    column("motto_f", "motto_f", ["text", "VARBINARY(1020)", "TEXT"]),
    column("badge", "badge", ["citext", "VARCHAR(300)", "TEXT COLLATE NOCASE"]),
    column("active", "active", ["boolean", "TINYINT(1)", "BOOLEAN"]),
    column("remote", "remote", ["char(1)", "CHAR(1)", "TEXT"]),
    column("age", "age", ["bigint", "BIGINT", "INTEGER"]),
    column("level", "level", ["smallint", "SMALLINT", "INTEGER"]),
    column("score", "score", ["double precision", "DOUBLE", "REAL"]),
    column("price", "price", ["numeric(30, 10)", "DECIMAL(30, 10)", "NUMERIC"]),
    column("hired_at", "hiredAt", ["timestamptz", "TIMESTAMP(6) NULL", "TEXT"]),
    column("created_at", "createdAt", ["timestamp", "DATETIME(6)", "INTEGER"]),
    column("birthday", "birthday", ["date", "DATE", "TEXT"]),
    column("seen_at", "seenAt", ["text", "CHAR(24)", "TEXT"]),
    column("seconds", "seconds", ["bigint", "BIGINT", "INTEGER"]),
    column("millis", "millis", ["bigint", "BIGINT", "INTEGER"]),
    column("device", "device", ["bytea", "BINARY(16)", "BLOB"]),
    column("token", "token", ["uuid", "CHAR(36)", "TEXT"]),
    column("number", "number", ["integer", "INT", "INTEGER"]),
    column("status", "status", ["\"Employee Status\"", "ENUM ('terminated', 'on_leave', 'active', 'Zürich')", "TEXT CHECK (status <> '')"]),
    column("grade", "grade", ["grade", "ENUM ('Straße', 'a', 'A', 'b') COLLATE utf8mb4_bin", "TEXT"]),
    column("cert", "cert", ["bytea", "VARBINARY(100)", "BLOB"]),
    column("attrs", "", ["jsonb", "JSON", "TEXT"]),
    column("marks", "marks", ["jsonb", "JSON", "TEXT"]),
    column("tags", "tags", ["text[]", "JSON", "TEXT"]),
    column("codes", "codes", ["text[]", "JSON", "TEXT"]),
    column("numbers", "numbers", ["integer[]", "JSON", "TEXT"]),
    column("resource", "", ["jsonb", "JSON", "TEXT"]),
    column("manager_id", "", ["uuid", "UUID", "TEXT"]),
    column("deleted_at", "", ["timestamptz", "DATETIME", "TEXT"]),
];

fn of_dialect<T: Copy>(dialect: Dialect, [postgres, mysql, sqlite]: [T; 3]) -> T {
    match dialect {
        Dialect::Postgres => postgres,
        Dialect::MySql => mysql,
        Dialect::Sqlite => sqlite,
    }
}

pub(crate) fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Dialect::MySql | Dialect::Sqlite => format!("`{}`", name.replace('`', "``")),
    }
}

const TABLE: &str = "Employees of \"us\" and `them`";

/// Returns the statements that create the tables, with the indexes of an ordinary application.
pub(crate) fn create(dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    if dialect == Dialect::Postgres {
        let literals = |labels: &[&str]| {
            let mut labels: Vec<String> = labels.iter().map(|label| format!("'{label}'")).collect();
            labels.reverse();
            labels.join(", ")
        };
        statements.push("CREATE EXTENSION IF NOT EXISTS citext".to_owned());
        statements.push("CREATE EXTENSION IF NOT EXISTS pg_trgm".to_owned());
        statements.push(format!("CREATE TYPE \"Employee Status\" AS ENUM ({})", literals(&LABELS)));
        statements.push(format!("CREATE TYPE grade AS ENUM ({})", literals(&GRADES)));
    }
    let mut columns: Vec<String> = COLUMNS
        .iter()
        .map(|column| {
            format!("{} {}", quoted(dialect, column.name), of_dialect(dialect, column.types))
        })
        .collect();
    let table = quoted(dialect, TABLE);
    if dialect == Dialect::MySql {
        columns.push("KEY (login), KEY (code), KEY (age), KEY (hired_at), KEY (status)".to_owned());
    }
    let options = if dialect == Dialect::MySql { " CHARACTER SET utf8mb4" } else { "" };
    statements.push(format!("CREATE TABLE {table} ({}){options}", columns.join(", ")));
    let own = of_dialect(dialect, ["uuid", "UUID", "TEXT"]);
    let key = if dialect == Dialect::MySql { ", KEY (employee_id), KEY (value)" } else { "" };
    statements.push(format!(
        "CREATE TABLE employee_emails (employee_id {own} NOT NULL, value varchar(300), \
         kind varchar(40), is_primary {}, {} integer, hidden integer NOT NULL{key}){options}",
        of_dialect(dialect, ["boolean", "BOOLEAN", "INTEGER"]),
        quoted(dialect, "rank"),
    ));
    let indexes: &[&str] = match dialect {
        Dialect::Postgres => &[
            "(lower(\"user name\"))",
            "(login)",
            "(display_name)",
            "(code)",
            "(age)",
            "(level)",
            "(price)",
            "(hired_at)",
            "(created_at)",
            "(birthday)",
            "(seen_at)",
            "(device)",
            "(token)",
            "(number)",
            "(status)",
            "(grade)",
            "USING gin (codes)",
            "USING gin (numbers)",
            "USING gin (marks)",
            "USING gin (attrs)",
            "USING gin (lower(\"user name\") gin_trgm_ops)",
            "(lower(attrs #>> '{\"dept\",\"it''s a name\"}'))",
            "((resource ->> 'alias'))",
        ],
        Dialect::MySql => &[],
        Dialect::Sqlite => &[
            "(login)",
            "(code)",
            "(age)",
            "(hired_at)",
            "(created_at)",
            "(seen_at)",
            "(device)",
            "(token)",
            "(status)",
            "(lower(\"user name\"))",
            "(json_extract(resource, '$.\"alias\"'))",
        ],
    };
    for (at, index) in indexes.iter().enumerate() {
        statements.push(format!("CREATE INDEX employees_{at} ON {table} {index}"));
    }
    statements
}

/// A string literal; MySQL would interpret backslashes.
fn literal(dialect: Dialect, text: &str) -> String {
    if dialect == Dialect::MySql && !text.is_empty() {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return format!("CONVERT(x'{hex}' USING utf8mb4)");
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn bytes(dialect: Dialect, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match dialect {
        Dialect::Postgres => format!("'\\x{hex}'::bytea"),
        Dialect::MySql | Dialect::Sqlite => format!("x'{hex}'"),
    }
}

fn micros(value: &Value) -> i64 {
    scieve::DateTime::parse(value.as_str().unwrap()).unwrap().micros
}

/// Returns the instant of MariaDB in the time zone of the session.
fn session_time(micros: i64) -> String {
    format!("FROM_UNIXTIME({}.{:06})", micros / 1_000_000, micros % 1_000_000)
}

fn instant(dialect: Dialect, column: &str, value: &Value) -> String {
    let (micros, utc) = (micros(value), super::employees::rfc3339(micros(value)));
    let (date, time) = utc.trim_end_matches('Z').split_once('T').unwrap();
    let fraction = |digits: usize| {
        let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
        let point = if digits > 0 { "." } else { "" };
        format!("'{date}T{seconds}{point}{fraction:0<digits$}Z'")
    };
    match (column, dialect) {
        ("hired_at", Dialect::Postgres) => format!("'{utc}'"),
        ("hired_at", Dialect::MySql) => session_time(micros),
        ("hired_at", Dialect::Sqlite) => fraction(6),
        ("created_at", Dialect::Sqlite) => micros.to_string(),
        ("created_at", _) => format!("'{date} {time}'"),
        ("birthday", Dialect::Sqlite) => fraction(0),
        ("birthday", _) => format!("'{date}'"),
        ("seen_at", _) => fraction(3),
        ("seconds", _) => micros.div_euclid(1_000_000).to_string(),
        ("millis", _) => micros.div_euclid(1000).to_string(),
        (other, _) => panic!("{other}"),
    }
}

/// Returns the JSON documents of an employee, without the attributes that have columns.
fn attrs(employee: &Value) -> Value {
    let mut attrs = serde_json::Map::new();
    let mut copy = |name: &str| {
        if let Some(value) = employee.get(name) {
            attrs.insert(name.to_owned(), value.clone());
        }
    };
    ["floor", "ratio", "parking", "skills"].into_iter().for_each(&mut copy);
    if let Some(moved) = employee.get("moved") {
        let text = instant(Dialect::Sqlite, "seen_at", moved);
        attrs.insert("moved".into(), text.trim_matches('\'').into());
    }
    if let Some(department) = employee.get("department") {
        attrs.insert("dept".into(), serde_json::json!({ "it's a name": department }));
    }
    let phones = employee["phones"].as_array().unwrap().iter().map(|phone| {
        let mut phone = phone.clone();
        let object = phone.as_object_mut().unwrap();
        if let Some(value) = object.remove("value") {
            object.insert("number".into(), serde_json::json!({ "text": value }));
        }
        phone
    });
    attrs.insert("phones".into(), phones.collect());
    attrs.into()
}

fn document(employee: &Value) -> Value {
    let names = ["alias", "changed", "nicknames", "roles", "name", EXTENSION];
    let members = names
        .iter()
        .filter_map(|name| employee.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    let mut document: serde_json::Map<String, Value> = members.collect();
    document.insert("unused".into(), Value::Null);
    document.into()
}

fn cell(dialect: Dialect, column: &Column, employee: &Value, manager: Option<&str>) -> String {
    let json = |value: &Value| literal(dialect, &value.to_string());
    match column.name {
        "attrs" => return json(&attrs(employee)),
        "resource" => return json(&document(employee)),
        "manager_id" => return manager.map_or("NULL".into(), |id| format!("'{id}'")),
        "deleted_at" => return "NULL".into(),
        "motto_f" => {
            let motto = employee.get("motto").and_then(Value::as_str);
            let bytes = |key: &str| match dialect {
                Dialect::MySql => bytes(dialect, key.as_bytes()),
                _ => literal(dialect, key),
            };
            return motto.map_or("NULL".into(), |motto| bytes(&scieve::fold_key(motto)));
        }
        _ => {}
    }
    let Some(value) = employee.get(column.attribute) else { return "NULL".into() };
    match (column.name, value) {
        ("hired_at" | "created_at" | "birthday" | "seen_at" | "seconds" | "millis", value) => {
            instant(dialect, column.name, value)
        }
        ("device", Value::String(text)) => {
            let hex = text.replace('-', "");
            let digits: Vec<u8> = (0..16)
                .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            bytes(dialect, &digits)
        }
        ("cert", Value::String(text)) => bytes(dialect, &decoded(text)),
        ("remote", Value::Bool(remote)) => if *remote { "'Y'" } else { "'N'" }.into(),
        // Any other number than 0 is true.
        ("active", Value::Bool(true)) => of_dialect(dialect, ["true", "2", "7"]).into(),
        ("active", Value::Bool(false)) => of_dialect(dialect, ["false", "0", "0"]).into(),
        ("tags" | "codes" | "numbers", Value::Array(list)) if dialect == Dialect::Postgres => {
            let elements = list.iter().map(|value| match value {
                Value::String(text) => literal(dialect, text),
                value => value.to_string(),
            });
            let elements = elements.chain(["NULL".to_owned()]).collect::<Vec<_>>().join(", ");
            let element = if column.name == "numbers" { "integer" } else { "text" };
            format!("ARRAY[{elements}]::{element}[]")
        }
        ("tags" | "codes" | "numbers", list) => json(&serde_json::json!({ "list": list })),
        ("marks", list) => json(list),
        (_, Value::String(text)) => literal(dialect, text),
        // PostgreSQL and MariaDB would parse a decimal with an exponent as such, too.
        (_, value) => value.to_string(),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    use crate::generators::random_values::BINARIES;
    BINARIES.iter().find(|(base64, _)| *base64 == text).unwrap().1.to_vec()
}

/// Returns the statements that replace all rows. Deleted employees and hidden e-mail addresses must
/// not be found.
pub(crate) fn fill(
    dialect: Dialect,
    employees: &[Value],
    managers: &[Option<String>],
) -> Vec<String> {
    let table = quoted(dialect, TABLE);
    let mut statements =
        vec!["DELETE FROM employee_emails".to_owned(), format!("DELETE FROM {table}")];
    let mut rows = Vec::new();
    let mut emails = Vec::new();
    for (employee, manager) in employees.iter().zip(managers) {
        let cells =
            COLUMNS.iter().map(|column| cell(dialect, column, employee, manager.as_deref()));
        let cells: Vec<String> = cells.collect();
        rows.push(format!("({})", cells.join(", ")));
        let id = employee["id"].as_str().unwrap();
        for email in employee["emails"].as_array().unwrap() {
            let text = |name: &str| {
                let text = email.get(name).and_then(Value::as_str);
                text.map_or("NULL".into(), |text| literal(dialect, text))
            };
            let primary = email.get("primary").map_or("NULL".into(), Value::to_string);
            let rank = email.get("rank").map_or("NULL".into(), Value::to_string);
            emails.push(format!(
                "('{id}', {}, {}, {primary}, {rank}, 0)",
                text("value"),
                text("type")
            ));
        }
        emails.push(format!("('{id}', 'bob', 'work', true, 5, 1)"));
    }
    // A deleted employee with the values of another one.
    let mut deleted = employees[0].clone();
    deleted["id"] = "eeeeeeee-0000-4000-8000-000000000000".into();
    let cells = COLUMNS.iter().map(|column| match column.name {
        "deleted_at" => "'2020-01-01'".to_owned(),
        _ => cell(dialect, column, &deleted, None),
    });
    rows.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    statements.push(format!("INSERT INTO {table} VALUES {}", rows.join(", ")));
    statements.push(format!("INSERT INTO employee_emails VALUES {}", emails.join(", ")));
    statements
}
