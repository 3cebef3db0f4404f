//! `scieve doctor`, with right and with faulty mappings of each database.

use crate::commands::{Run, file, path, run};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _};
use std::path::PathBuf;

/// Creates a database of SQLite, and returns its file and URL.
async fn sqlite(name: &str, sql: &'static str) -> (PathBuf, String) {
    let database = std::env::temp_dir().join(format!("scieve_{name}_{}.db", std::process::id()));
    let url = format!("sqlite:{}", database.display());
    let mut connection = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    connection.execute(sql).await.unwrap();
    (database, url)
}

/// Runs `scieve doctor` on a policy and a mapping in a file with that name.
fn doctor(name: &str, policy: &str, mapping: &str, url: &str) -> Run {
    let policy = file(&format!("{name}_policy.json"), policy);
    let mapping = file(&format!("{name}_mapping.toml"), mapping);
    let (policy, mapping) = (path(&policy), path(&mapping));
    run(&["doctor", "--json", "--policy", policy, "--mapping", mapping, "--database", url])
}

/// Returns a member of each problem of a column.
fn of_columns<'f>(found: &'f Value, member: &str) -> Vec<&'f str> {
    let columns = found["columns"].as_array().unwrap();
    columns.iter().map(|one| one[member].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mapping_is_compared_with_a_database() {
    let (database, url) = sqlite(
        "doctor",
        "CREATE TABLE staff (id TEXT PRIMARY KEY, name TEXT, age INTEGER, seen TEXT); \
         CREATE INDEX staff_age ON staff (age)",
    )
    .await;
    let policy = r#"{"attributes": [{"name": "name", "operators": ["eq", "co"]},
        {"name": "age", "type": "integer", "operators": ["gt"]},
        {"name": "seen", "type": "dateTime", "operators": ["eq"]}]}"#;
    let doctor = |mapping: &str| doctor("doctor", policy, mapping, &url);
    let right = doctor(
        "table = \"staff\"\nkey = \"id\"\n[attributes]\nname = { column = \"name\" }\n\
         age = { column = \"age\", stored = \"integer\" }\n\
         seen = { column = \"seen\", stored = \"iso8601\" }",
    );
    assert_eq!(right.code, 0, "{}{}", right.out, right.err);
    let found = &right.objects()[0];
    assert_eq!(found["ok"], true);
    let comparisons = found["comparisons"].as_array().unwrap();
    let of = |attribute: &str, operator: &str| {
        comparisons
            .iter()
            .find(|one| one["attribute"] == attribute && one["operator"] == operator)
            .unwrap()
    };
    assert_eq!(
        (&of("age", "gt")["index"], &of("age", "gt")["right"]),
        (&true.into(), &"yes".into())
    );
    assert_eq!(of("name", "eq")["right"], "ascii");
    assert_eq!(
        of("name", "eq")["ddl"],
        "CREATE INDEX staff__lower__name ON `staff` ((LOWER(`name`)))"
    );
    assert_eq!(of("seen", "eq")["ddl"], "CREATE INDEX staff___seen ON `staff` (`seen`)");

    let wrong = doctor(
        "table = \"staff\"\nkey = \"id\"\n[attributes]\nname = { column = \"nmae\" }\n\
         age = { column = \"age\", nullable = false }",
    );
    assert_eq!(wrong.code, 1, "{}{}", wrong.out, wrong.err);
    let problems = wrong.objects()[0]["columns"].to_string();
    assert!(problems.contains("does not exist") && problems.contains("NULL"), "{problems}");
    let _ = std::fs::remove_file(database);
}

#[cfg(feature = "full")]
#[tokio::test]
async fn nondeterministic_collations_are_reported() {
    crate::databases::require!(servers);
    let database = crate::databases::Database::postgres().await;
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    for statement in [
        "CREATE COLLATION ignore_case \
         (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TABLE staff (id text PRIMARY KEY, login text COLLATE ignore_case, \
         nick text COLLATE ignore_case)",
    ] {
        connection.execute(statement).await.unwrap();
    }
    let found = doctor(
        "collation",
        r#"{"attributes": [{"name": "login"}, {"name": "nick"}]}"#,
        "table = \"staff\"\nkey = \"id\"\n[attributes]\nnick = { column = \"nick\" }\n\
         login = { column = \"login\", stored = \"text\", text = { native = \"case_insensitive\" } }",
        &database.url,
    );
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    let object = &found.objects()[0];
    assert_eq!(of_columns(object, "column"), ["nick"]);
    assert!(object["columns"][0]["problem"].as_str().unwrap().contains("nondeterministic"));
}

/// A mapping of one column, with a part of the problem, or nothing if the column fits.
type Fault = (&'static str, &'static str);

const POLICY: &str = r#"{"attributes": [{"name": "id"}, {"name": "text"},
    {"name": "flag", "type": "boolean"}, {"name": "count", "type": "integer"},
    {"name": "size", "type": "decimal"}, {"name": "seen", "type": "dateTime"},
    {"name": "tags", "multi_valued": true, "case_exact": true}]}"#;

/// Maps one attribute at a time, and compares the problems of the columns with the expected ones.
fn assert_faults(name: &str, url: &str, head: &str, faults: &[Fault]) {
    for (entry, expected) in faults {
        let mapping = format!("table = \"staff\"\nkey = \"id\"\n{head}[attributes]\n{entry}\n");
        let found = doctor(&format!("doctor_faults_{name}"), POLICY, &mapping, url);
        assert_eq!(found.code, 1, "the other attributes have no column: {}", found.err);
        let object = found.objects().remove(0);
        let problems = of_columns(&object, "problem");
        match expected.is_empty() {
            true => assert!(problems.is_empty(), "{name}: {entry}: {problems:?}"),
            false => assert!(
                problems.len() == 1 && problems[0].contains(expected),
                "{name}: {entry}: {problems:?}"
            ),
        }
    }
}

#[tokio::test]
async fn each_fault_of_a_mapping_is_reported_in_sqlite() {
    let (database, url) = sqlite(
        "faults",
        "CREATE TABLE staff (id TEXT PRIMARY KEY, name TEXT, login TEXT COLLATE NOCASE, \
         age INTEGER, seen TEXT, dated DATETIME, counted DATETIME, data BLOB, wrong INTEGER); \
         INSERT INTO staff VALUES ('1', 'a', 'a', 1, '2020-01-01T00:00:00Z', \
         '2020-01-01T00:00:00Z', 1577836800000000, x'00', 'x')",
    )
    .await;
    assert_faults(
        "sqlite",
        &url,
        "",
        &[
            (r#"text = { column = "name" }"#, ""),
            (r#"text = { column = "nmae" }"#, "the column does not exist"),
            (r#"text = { column = "name", nullable = false }"#, "it can be"),
            (r#"text = { column = "age" }"#, "it has type `integer`: expected text"),
            (r#"text = { column = "login", text = { native = "case_insensitive" } }"#, ""),
            (r#"text = { column = "name", text = { native = "case_insensitive" } }"#, "NOCASE"),
            (r#"text = { column = "name", text = { fold_key = "login" } }"#, "`nocase`"),
            (r#"text = { column = "age", json = ["a"] }"#, "expected text, blob"),
            (r#"text = { column = "data", json = ["a"] }"#, ""),
            (r#"count = { column = "name" }"#, "it has type `text`: expected integer"),
            (r#"count = { column = "wrong" }"#, "it contains values of type `text`"),
            (r#"flag = { column = "name", stored = "boolean" }"#, "expected integer"),
            (r#"size = { column = "name", stored = "real" }"#, "expected integer, real"),
            (r#"seen = { column = "seen" }"#, "it has type `text`: expected integer"),
            (r#"seen = { column = "dated" }"#, "it contains values of type `text`"),
            (r#"seen = { column = "counted" }"#, ""),
            (r#"seen = { column = "dated", stored = "iso8601" }"#, ""),
            (r#"seen = { column = "age", stored = "iso8601" }"#, "expected text"),
        ],
    );
    let _ = std::fs::remove_file(database);
}

#[cfg(feature = "full")]
#[tokio::test]
async fn each_fault_of_a_mapping_is_reported_in_postgres() {
    crate::databases::require!(servers);
    let database = crate::databases::Database::postgres().await;
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    for statement in [
        "CREATE TYPE state AS ENUM ('on', 'off')",
        "CREATE TYPE other AS ENUM ('on', 'off')",
        "CREATE TABLE staff (id uuid PRIMARY KEY, name text, age integer, seen timestamptz, \
         local timestamp, is_in boolean, state state, data jsonb, plain json, tags text[], \
         names varchar[], size double precision)",
    ] {
        connection.execute(statement).await.unwrap();
    }
    assert_faults(
        "postgres",
        &database.url,
        "key_stored = \"uuid\"\n",
        &[
            (r#"text = { column = "name" }"#, ""),
            (r#"text = { column = "Name" }"#, "the column does not exist"),
            (r#"text = { column = "name", nullable = false }"#, "it can be"),
            (r#"text = { column = "age" }"#, "it has type `int4`: expected text"),
            (r#"text = { column = "name", stored = "uuid" }"#, "expected uuid"),
            (r#"text = { column = "name", stored = "citext" }"#, "expected citext"),
            (
                r#"text = { column = "name", text = { native = "case_insensitive" } }"#,
                "does not ignore case",
            ),
            (
                r#"text = { column = "state", stored = { enum = "state", labels = ["on", "off"] } }"#,
                "",
            ),
            (
                r#"text = { column = "state", stored = { enum = "state", labels = ["on"] } }"#,
                "lacks the label `off`",
            ),
            (
                r#"text = { column = "state", stored = { enum = "state", labels = ["on", "off", "x"] } }"#,
                "has no label `x`",
            ),
            (
                r#"text = { column = "state", stored = { enum = "other", labels = ["on", "off"] } }"#,
                "the mapping declares `other`",
            ),
            (r#"text = { column = "data", json = ["a"] }"#, ""),
            (r#"text = { column = "plain", json = ["a"] }"#, "it has type `json`: expected jsonb"),
            (r#"tags = { column = "tags", array = true }"#, ""),
            (r#"tags = { column = "names", array = true }"#, "expected text[]"),
            (r#"tags = { column = "name", array = true }"#, "expected text[]"),
            (r#"flag = { column = "is_in" }"#, ""),
            (r#"flag = { column = "is_in", stored = { boolean = ["Y", "N"] } }"#, "expected text"),
            (r#"count = { column = "age" }"#, ""),
            (r#"size = { column = "size" }"#, ""),
            (r#"seen = { column = "seen", stored = "timestamp_tz" }"#, ""),
            (r#"seen = { column = "local", stored = "timestamp_tz" }"#, "expected timestamptz"),
            (r#"seen = { column = "seen" }"#, "it has type `timestamptz`: expected int8"),
        ],
    );
    let wrong_key = [(r#"count = { column = "age" }"#, "it has type `uuid`: expected text")];
    assert_faults("postgres", &database.url, "", &wrong_key);
    let no_document = [(r#"count = { column = "age" }"#, "it has type `text`: expected jsonb")];
    let head = "key_stored = \"uuid\"\ndocument = \"name\"\n";
    assert_faults("postgres", &database.url, head, &no_document);
}

#[cfg(feature = "full")]
#[tokio::test]
async fn each_fault_of_a_mapping_is_reported_in_mysql() {
    crate::databases::require!(servers);
    let database = crate::databases::Database::mysql().await;
    let mut connection = sqlx::MySqlConnection::connect(&database.url).await.unwrap();
    connection
        .execute(
            "CREATE TABLE staff (id varchar(36) PRIMARY KEY, \
             name varchar(20) COLLATE utf8mb4_general_ci, exact varchar(20) COLLATE utf8mb4_bin, \
             fold varbinary(20), age int, seen datetime(6), ms bigint, is_in boolean, \
             state enum('on','o''ff'), data json)",
        )
        .await
        .unwrap();
    assert_faults(
        "mysql",
        &database.url,
        "",
        &[
            (r#"text = { column = "name" }"#, ""),
            (r#"text = { column = "nmae" }"#, "the column does not exist"),
            (r#"text = { column = "age" }"#, "it has type `int`"),
            (r#"text = { column = "name", text = { native = "case_insensitive" } }"#, ""),
            (r#"text = { column = "exact", text = { native = "case_insensitive" } }"#, "`_ci`"),
            (r#"text = { column = "name", text = { fold_key = "fold" } }"#, ""),
            (r#"text = { column = "name", text = { fold_key = "exact" } }"#, "varbinary"),
            (
                r#"text = { column = "state", stored = { enum = "state", labels = ["on", "o'ff"] } }"#,
                "",
            ),
            (
                r#"text = { column = "state", stored = { enum = "state", labels = ["on"] } }"#,
                "lacks the label `o'ff`",
            ),
            (r#"text = { column = "data", json = ["a"] }"#, ""),
            (r#"text = { column = "age", json = ["a"] }"#, "it has type `int`"),
            (r#"flag = { column = "is_in" }"#, ""),
            (r#"flag = { column = "name" }"#, "expected tinyint"),
            (r#"seen = { column = "ms" }"#, ""),
            (r#"seen = { column = "seen" }"#, "it has type `datetime`: expected bigint"),
            (r#"seen = { column = "seen", stored = "timestamp_tz" }"#, "expected timestamp"),
        ],
    );
}
