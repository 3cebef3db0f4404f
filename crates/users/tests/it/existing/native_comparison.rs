//! Every [`NativeComparison`] over the columns that it is made for: the results of memory for printable
//! ASCII strings, and the index that serves equality.

use crate::connection::DbConnection;
use crate::generators::filters::json;
use crate::generators::random_values::{Cell, Random, STRINGS};
use crate::generators::rows::{Row, Value};
use crate::query_plans::steps;
use scieve::sql::{
    CheckedMapping, Column, Dialect, Direction, Mapping, NativeComparison, Select, Storage,
};
use scieve::{Attribute, AttributeType, Policy, Schema, fold_key};
use serde_json::json as object;
use std::fmt::Write as _;

/// A comparison and the type of its column in PostgreSQL, MariaDB and SQLite. An empty type means that
/// the database has none.
struct Case {
    name: &'static str,
    native: NativeComparison,
    stored: Option<Storage>,
    types: [&'static str; 3],
}

fn cases(dialect: Dialect) -> Vec<Case> {
    let case = |name, native, stored, types| Case { name, native, stored, types };
    let text = ["text", "VARCHAR(300)", "TEXT"];
    let mut cases = vec![
        case("lower", NativeComparison::Lower, None, text),
        case("lower column", NativeComparison::LowerColumn("nick_lower".into()), None, text),
        case(
            "collation of the column",
            NativeComparison::CaseInsensitive,
            None,
            ["citext", "VARCHAR(300) COLLATE utf8mb4_general_ci", "TEXT COLLATE NOCASE"],
        ),
        case(
            "citext",
            NativeComparison::CaseInsensitive,
            Some(Storage::Citext),
            ["citext", "", ""],
        ),
        case(
            "collation of a text column",
            NativeComparison::CaseInsensitive,
            Some(Storage::Text),
            [
                "text COLLATE ignore_case",
                "VARCHAR(300) COLLATE utf8mb4_unicode_ci",
                "TEXT COLLATE NOCASE",
            ],
        ),
    ];
    cases.retain(|case| !column_type(case, dialect).is_empty());
    cases
}

fn column_type(case: &Case, dialect: Dialect) -> &'static str {
    case.types[match dialect {
        Dialect::Postgres => 0,
        Dialect::MySql => 1,
        Dialect::Sqlite => 2,
    }]
}

fn mapping(case: &Case) -> CheckedMapping {
    let mut column = Column::native("nick", case.native.clone());
    column.stored.clone_from(&case.stored);
    Mapping::new("people", "id").attribute("nick", column).check().unwrap()
}

fn policy() -> Policy<serde_json::Value> {
    let nick = Attribute::new("nick", AttributeType::String);
    Policy::new(Schema::new(None, [nick]).unwrap()).unwrap()
}

/// Creates the table of a case, with the index of an ordinary application.
async fn create(connection: &mut DbConnection, case: &Case) {
    let dialect = connection.dialect();
    let (id, lower) = match dialect {
        Dialect::MySql => ("VARCHAR(20)", "VARCHAR(300)"),
        Dialect::Postgres | Dialect::Sqlite => ("TEXT", "TEXT"),
    };
    let nick = column_type(case, dialect);
    let options = if dialect == Dialect::MySql { " CHARACTER SET utf8mb4" } else { "" };
    connection.execute("DROP TABLE IF EXISTS people").await;
    connection
        .execute(&format!(
            "CREATE TABLE people (id {id} PRIMARY KEY, nick {nick}, \
             nick_lower {lower} GENERATED ALWAYS AS (lower(nick)) STORED){options}"
        ))
        .await;
    let indexed = match (&case.native, dialect) {
        (NativeComparison::LowerColumn(_), _) => "nick_lower",
        (NativeComparison::Lower, Dialect::Postgres | Dialect::Sqlite) => "lower(nick)",
        _ => "nick",
    };
    connection.execute(&format!("CREATE INDEX people_nick ON people ({indexed})")).await;
}

async fn connect(dialect: Dialect) -> DbConnection {
    let mut connection = DbConnection::new(dialect).await;
    if dialect == Dialect::Postgres {
        connection.execute("CREATE EXTENSION citext").await;
        connection
            .execute(
                "CREATE COLLATION ignore_case \
                 (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            )
            .await;
    }
    connection
}

fn is_printable(text: &str) -> bool {
    text.len() < 200 && text.chars().all(|at| matches!(at, ' '..='~'))
}

fn nick(random: &mut Random) -> String {
    let own =
        ["Bob", "bob", "BOBBY", "bobb ", "[bob]", "_", "%", "a!b", "", "Z", "a", "^", "\\", "'"];
    loop {
        let text =
            if random.chance(50) { (*random.pick(&own)).to_owned() } else { random.string() };
        let text = if random.chance(30) { random.variant(&text) } else { text };
        if is_printable(&text) {
            return text;
        }
    }
}

fn clause(random: &mut Random) -> String {
    let operator = random.pick(&["eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let mut text = nick(random);
    if random.chance(20) {
        text = (*random.pick(STRINGS)).to_owned();
        text.retain(|at| matches!(at, ' '..='~'));
    }
    format!("nick {operator} {}", json(&text))
}

fn filter(random: &mut Random) -> String {
    let (one, other) = (clause(random), clause(random));
    match random.below(8) {
        0 => format!("not ({one})"),
        1 => format!("nick eq {} or nick eq {}", json(&nick(random)), json(&nick(random))),
        2 => format!("not (nick eq {} or nick eq {})", json(&nick(random)), json(&nick(random))),
        3 => format!("{one} and not ({other})"),
        4 => format!("{one} or {other}"),
        _ => one,
    }
}

async fn agree(dialect: Dialect) {
    let mut connection = connect(dialect).await;
    let policy = policy();
    for case in cases(dialect) {
        create(&mut connection, &case).await;
        let mapping = mapping(&case);
        let mut random = Random(7);
        let people: Vec<serde_json::Value> = (0..150)
            .map(|at| match at % 20 {
                0 => object!({ "id": format!("{at:03}") }),
                _ => object!({ "id": format!("{at:03}"), "nick": nick(&mut random) }),
            })
            .collect();
        for person in &people {
            let value = |column: &str| Value {
                column: column.into(),
                kind: AttributeType::String,
                cell: person[column].as_str().map(|text| Cell::Text(text.to_owned())),
            };
            let columns = vec![value("id"), value("nick")];
            connection.insert(&[Row { table: "people".into(), columns }]).await;
        }
        let mut found = 0;
        for _ in 0..1_000 {
            let filter = filter(&mut random);
            let plan = policy.parse(&filter).unwrap();
            let mut expected: Vec<&serde_json::Value> =
                people.iter().filter(|person| plan.matches(person)).collect();
            let mut select = Select::default();
            if random.chance(40) {
                select = select.sort("nick", Direction::Ascending);
                let key = |person: &&serde_json::Value| {
                    let nick = person["nick"].as_str().map(|nick| fold_key(nick).into_owned());
                    (nick.is_none(), nick)
                };
                expected.sort_by_key(key);
            }
            let expected: Vec<&str> =
                expected.into_iter().map(|person| person["id"].as_str().unwrap()).collect();
            let statement = plan.to_sql(&mapping, dialect, &select).unwrap();
            let got = connection.ids(&statement).await;
            let got = got.unwrap_or_else(|error| panic!("{}: {filter}: {error}", case.name));
            assert_eq!(got, expected, "{dialect}, {}: {filter}: {}", case.name, statement.sql);
            found += got.len();
        }
        assert!(found > 10_000, "{found} rows are too few");
    }
}

/// The query plans over 20,000 people.
async fn plans(dialect: Dialect) {
    let mut connection = connect(dialect).await;
    let policy = policy();
    let mut shown = String::new();
    let sequence = match dialect {
        Dialect::Postgres => "SELECT n::text, 'Nick' || n FROM generate_series(1, 20000) AS n",
        Dialect::MySql => "SELECT seq, CONCAT('Nick', seq) FROM seq_1_to_20000",
        Dialect::Sqlite => {
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE \
             n < 20000) SELECT n, 'Nick' || n FROM numbers"
        }
    };
    for case in cases(dialect) {
        create(&mut connection, &case).await;
        connection.execute(&format!("INSERT INTO people (id, nick) {sequence}")).await;
        let analyze = if dialect == Dialect::MySql { "ANALYZE TABLE people" } else { "ANALYZE" };
        connection.execute(analyze).await;
        for filter in
            ["nick eq \"NICK42\"", "nick eq \"NICK42\" or nick eq \"nick43\"", "nick co \"k42\""]
        {
            let statement = policy.parse(filter).unwrap();
            let statement = statement.to_sql(&mapping(&case), dialect, &Select::default()).unwrap();
            let steps = steps(dialect, connection.explain(&statement).await);
            let _ = writeln!(shown, "{}: {filter}\n    {}", case.name, steps.join("\n    "));
            // MariaDB has no index on an expression.
            let has_index = (&case.native, dialect) != (&NativeComparison::Lower, Dialect::MySql);
            if has_index && filter.contains("eq") {
                assert!(steps.iter().any(|step| step.contains("people_nick")), "{shown}");
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(format!("native_comparison_plans_{dialect}"), shown);
    });
}

#[tokio::test]
async fn native_comparisons_agree_in_sqlite() {
    agree(Dialect::Sqlite).await;
}

#[tokio::test]
async fn native_comparisons_agree_in_postgres() {
    crate::databases::require!(servers);
    agree(Dialect::Postgres).await;
}

#[tokio::test]
async fn native_comparisons_agree_in_mariadb() {
    crate::databases::require!(servers);
    agree(Dialect::MySql).await;
}

#[tokio::test]
async fn native_comparisons_use_indexes_in_sqlite() {
    plans(Dialect::Sqlite).await;
}

#[tokio::test]
async fn native_comparisons_use_indexes_in_postgres() {
    crate::databases::require!(servers);
    plans(Dialect::Postgres).await;
}

#[tokio::test]
async fn native_comparisons_use_indexes_in_mariadb() {
    crate::databases::require!(servers);
    plans(Dialect::MySql).await;
}
