//! The SQL of one filter of each kind: complete for PostgreSQL, the differences for the other
//! dialects.

use crate::fixtures::EmptyRecord;
use scieve::sql::{
    CheckedMapping, ChildTable, Column, Dialect, Direction, KeysetPosition, Mapping,
    NativeComparison, Param, Select, SqlError, sort_text,
};
use scieve::{Attribute, AttributeType, Code, Limits, Policy, Schema, Value};
use std::fmt::Write as _;

fn policy() -> Policy<EmptyRecord> {
    let schema = Schema::new(
        None,
        [
            Attribute::new("id", AttributeType::String).case_exact(true),
            Attribute::new("name", AttributeType::String),
            Attribute::new("email", AttributeType::String),
            Attribute::new("code", AttributeType::String).case_exact(true),
            Attribute::new("active", AttributeType::Boolean),
            Attribute::new("level", AttributeType::Integer),
            Attribute::new("born", AttributeType::DateTime),
            Attribute::new("cert", AttributeType::Binary),
            Attribute::new("place", AttributeType::Complex),
            Attribute::new("place.town", AttributeType::String),
            Attribute::new("place.zip", AttributeType::String),
            Attribute::new("roles", AttributeType::Complex).multi_valued(),
            Attribute::new("roles.id", AttributeType::String),
            Attribute::new("roles.name", AttributeType::String),
            Attribute::new("scopes", AttributeType::String).multi_valued(),
            Attribute::new("nick", AttributeType::String),
            Attribute::new("motto", AttributeType::String),
            Attribute::new("missing", AttributeType::String),
            Attribute::new("plain", AttributeType::String),
            Attribute::new("untold", AttributeType::String).multi_valued(),
            Attribute::new("exact", AttributeType::String).case_exact(true),
        ],
    );
    Policy::new(schema.unwrap()).unwrap()
}

fn columns() -> CheckedMapping {
    Mapping::new("users", "id")
        .attribute("id", Column::exact("id").not_null())
        .attribute("name", Column::keyed("name", "name_f").not_null().sorted_by("name_sort"))
        .attribute("email", Column::keyed("email", "email_f"))
        .attribute("code", Column::exact("code"))
        .attribute("active", Column::new("active"))
        .attribute("level", Column::new("level"))
        .attribute("born", Column::new("born"))
        .attribute("cert", Column::new("cert"))
        .attribute("place.town", Column::keyed("town", "town_f"))
        .attribute("place.zip", Column::keyed("zip", "zip_f"))
        .child(
            "roles",
            ChildTable::new("user_roles", "user_id")
                .column("id", Column::keyed("role_id", "role_id_f").not_null())
                .column("name", Column::keyed("name", "name_f")),
        )
        .child(
            "scopes",
            ChildTable::new("user_scopes", "user_id")
                .value(Column::keyed("scope", "scope_f").not_null()),
        )
        .attribute("nick", Column::native("nick", NativeComparison::Lower))
        .attribute("motto", Column::native("motto", NativeComparison::CaseInsensitive))
        .attribute("plain", Column::exact("plain"))
        .attribute("exact", Column::native("exact", NativeComparison::CaseInsensitive))
        .check()
        .unwrap()
}

const FILTERS: &[&str] = &[
    "email eq \"Straße\"",
    "email ne \"x\"",
    "name ne \"x\"",
    "email eq null",
    "name pr",
    "not (name pr)",
    "email gt \"x\"",
    "not (email gt \"x\")",
    "email sw \"ab\"",
    "not (email sw \"ab\")",
    "email sw \"ab\" and code pr",
    "not (email sw \"ab\") or code pr",
    "name sw \"\u{10FFFF}\"",
    "email co \"100%_!\"",
    "not (email co \"a\")",
    "email ew \"é\"",
    "not (email ew \"é\")",
    "code eq \"A\" and not (code le \"B\")",
    "email eq \"a\" or email eq \"b\" or email eq \"A\"",
    "not (level eq 1 or level eq 2)",
    "level gt 5.5 or level eq 5.5 or not (level lt 1e30)",
    "active eq true and born ge \"2011-05-13T04:42:34Z\" and cert eq \"AA==\"",
    "name eq \"a\" and (email eq \"b\" or (level eq 1 and active eq false)) and code pr",
    "code pr and not (email pr or level eq 1)",
    "place pr",
    "place eq null",
    "place[town eq \"x\" and not (zip eq \"y\")]",
    "roles pr",
    "roles.name eq \"Admin\"",
    "not (roles.name eq \"Admin\")",
    "roles.name ne \"Admin\"",
    "not (roles.name ne \"Admin\")",
    "roles.name pr",
    "roles[id eq \"1\" or name ne \"x\"]",
    "not (roles[id eq \"1\" and name co \"x\"])",
    "scopes eq \"a\" or scopes eq \"b\"",
    "scopes[value sw \"a\"]",
    "scopes ne \"a\"",
    "name co \"query\" or email co \"query\" or id eq \"query\" or roles.name eq \"query\"",
    "nick eq \"Bob\" or nick sw \"Bo\" or nick gt \"Bo\"",
    "motto eq \"Bob\" or motto co \"Bo\" or motto gt \"Bo\"",
    "exact eq \"Bob\" or exact co \"Bo\" or exact ne \"Bo\"",
];

fn rendered(dialect: Dialect, other: Option<Dialect>) -> String {
    let mut text = String::new();
    let select = Select::default();
    for filter in FILTERS {
        let plan = policy().parse(filter).unwrap();
        let sql = |dialect| {
            let statement = plan.to_where(&columns(), dialect).unwrap();
            let whole = plan.to_sql(&columns(), dialect, &select).unwrap();
            assert!(whole.sql.contains(&statement.sql), "{whole:?}");
            statement
        };
        let statement = sql(dialect);
        let _ = write!(text, "{filter}\n  {}\n", statement.sql);
        if other.is_none_or(|other| sql(other).params != statement.params) {
            let _ = writeln!(text, "  {}", serde_json::to_string(&statement.params).unwrap());
        }
    }
    text
}

#[test]
fn conditions_for_postgres() {
    insta::assert_snapshot!(rendered(Dialect::Postgres, None));
}

#[test]
fn conditions_for_mysql() {
    insta::assert_snapshot!(rendered(Dialect::MySql, Some(Dialect::Postgres)));
}

#[test]
fn conditions_for_sqlite() {
    insta::assert_snapshot!(rendered(Dialect::Sqlite, Some(Dialect::Postgres)));
}

#[test]
fn pages() {
    let mut text = String::new();
    let plan = policy().parse("active eq true or email pr").unwrap();
    let place = || KeysetPosition { sort: sort_text(Some("Bob")), key: Value::Text("42".into()) };
    for (title, select) in [
        ("everything", Select::default()),
        (
            "sorted",
            Select::default().columns(["id", "name"]).sort("NAME", Direction::Ascending).limit(21),
        ),
        ("after", Select::default().sort("name", Direction::Ascending).after(place()).limit(21)),
        ("before", Select::default().sort("name", Direction::Ascending).before(place()).limit(21)),
        (
            "down, after",
            Select::default().sort("name", Direction::Descending).after(place()).limit(21),
        ),
        ("by key, after", Select::default().after(place()).limit(21)),
    ] {
        for dialect in Dialect::ALL {
            let statement = plan.to_sql(&columns(), dialect, &select).unwrap();
            let _ = write!(
                text,
                "{title}, {dialect}\n  {}\n  {}\n",
                statement.sql,
                serde_json::to_string(&statement.params).unwrap()
            );
        }
    }
    insta::assert_snapshot!(text);
}

/// The direct rendering with parameters equals what sea-query renders from the statement.
#[test]
fn statements_equal_the_output_of_sea_query() {
    let place = KeysetPosition { sort: "1bob".into(), key: Value::Text("42".into()) };
    let page = Select::default().sort("name", Direction::Ascending).after(place).limit(21);
    for filter in FILTERS {
        let plan = policy().parse(filter).unwrap();
        for (columns, select) in
            [(tenant_columns().for_tenant("t"), &Select::default()), (columns(), &page)]
        {
            for dialect in Dialect::ALL {
                let statement = plan.to_select(&columns, dialect, select).unwrap();
                let (sql, values) = match dialect {
                    Dialect::Postgres => statement.build(sea_query::PostgresQueryBuilder),
                    Dialect::MySql => statement.build(sea_query::MysqlQueryBuilder),
                    Dialect::Sqlite => statement.build(sea_query::SqliteQueryBuilder),
                };
                let written = plan.to_sql(&columns, dialect, select).unwrap();
                let sql = if dialect == Dialect::Sqlite { sql.replace('"', "`") } else { sql };
                assert_eq!(written.sql, sql, "{filter}, {dialect}");
                let text = |param| match param {
                    Param::Bytes(bytes) if dialect == Dialect::MySql => String::from_utf8(bytes)
                        .map_or_else(|error| Param::Bytes(error.into_bytes()), Param::TextBytes),
                    other => other,
                };
                let values: Vec<Param> =
                    values.into_iter().map(|value| text(Param::from(value))).collect();
                assert_eq!(written.params, values, "{filter}, {dialect}");
            }
        }
    }
}

fn tenant_columns() -> CheckedMapping {
    columns().mapping().clone().tenant_column("tenant_id").check().unwrap()
}

/// The condition restricts every table to one tenant.
#[test]
fn conditions_for_a_tenant() {
    let mut text = String::new();
    for filter in [
        "name eq \"x\"",
        "name eq \"x\" or active eq true",
        "name eq \"x\" and (email pr or level gt 5)",
        "email pr or code pr or level gt 5 or active pr or born pr or cert pr or nick pr or motto pr or name gt \"a\"",
        "roles.name eq \"Admin\"",
        "not (roles.name eq \"Admin\")",
        "roles.name ne \"Admin\"",
        "not (roles.name ne \"Admin\")",
        "roles.name pr",
        "roles[id eq \"1\" or name ne \"x\"] or scopes eq \"a\"",
        "not (roles[id eq \"1\" and name co \"x\"])",
    ] {
        let plan = policy().parse(filter).unwrap();
        for dialect in Dialect::ALL {
            assert_eq!(
                plan.to_condition(&tenant_columns(), dialect),
                Err(SqlError::NoTenant("tenant_id".into()))
            );
            assert_eq!(
                plan.to_condition(&columns().for_tenant("t"), dialect),
                Err(SqlError::NoTenantColumn)
            );
            let statement = plan
                .to_sql(&tenant_columns().for_tenant("it's"), dialect, &Select::default().limit(2))
                .unwrap();
            let tables = statement.sql.matches("FROM").count();
            assert_eq!(statement.sql.matches("tenant_id").count(), tables, "{}", statement.sql);
            let _ = write!(
                text,
                "{filter}, {dialect}\n  {}\n  {}\n",
                statement.sql,
                serde_json::to_string(&statement.params).unwrap()
            );
        }
    }
    let place = KeysetPosition { sort: "1bob".into(), key: Value::Text("42".into()) };
    let select = Select::default().sort("name", Direction::Ascending).after(place).limit(21);
    let page = policy()
        .parse("active eq true or email pr")
        .unwrap()
        .to_sql(&tenant_columns().for_tenant("t"), Dialect::Postgres, &select)
        .unwrap();
    let _ = write!(
        text,
        "a page\n  {}\n  {}\n",
        page.sql,
        serde_json::to_string(&page.params).unwrap()
    );
    let tables = tenant_columns().create(Dialect::MySql, policy().schema()).unwrap();
    let _ = write!(
        text,
        "tables\n{}\n\nadded\n{}\n",
        tables.join(";\n"),
        tenant_columns().ddl(Dialect::MySql).join(";\n")
    );
    insta::assert_snapshot!(text.replace(scieve::FOLD_VERSION, "VERSION"));
}

#[test]
fn tables() {
    let schema = policy().schema().clone();
    let mut text = String::new();
    for dialect in Dialect::ALL {
        let created = columns().create(dialect, &schema).unwrap();
        let _ = write!(text, "## {dialect}, from nothing\n{}\n\n", created.join(";\n"));
        let _ = write!(text, "## {dialect}, added\n{}\n\n", columns().ddl(dialect).join(";\n"));
    }
    let text = text.replace(scieve::FOLD_VERSION, "VERSION");
    insta::assert_snapshot!(text);
}

/// PostgreSQL before 17 scans an index once per pair of values if a column must be in two lists. Of
/// conjoined or nested lists only one may therefore use the index; lists in different alternatives
/// form no pair.
#[test]
fn at_most_one_list_uses_an_index() {
    let sql = |filter: &str| {
        policy().parse(filter).unwrap().to_where(&columns(), Dialect::Postgres).unwrap().sql
    };
    let [a, b, c] =
        ["(level eq 1 or level eq 2)", "(level eq 2 or level eq 3)", "(level eq 3 or level eq 4)"];
    for (filter, lists, others) in [
        (format!("{a} and {b}"), 1, 1),
        (format!("{a} and (name pr and {b}) and {c}"), 1, 2),
        (format!("(email pr or {a}) and {b}"), 1, 1),
        (format!("{a} and (email pr or {b} and (code pr or {c}))"), 1, 2),
        (format!("(email pr or {a}) and (code pr or {b})"), 2, 0),
        (format!("{a} and active eq true or {b} and active eq false"), 2, 0),
        (format!("{a} and not (not ({b}) or email pr)"), 1, 1),
        (format!("{a} and not ({b})"), 1, 0),
    ] {
        let sql = sql(&filter);
        let found = (
            sql.matches("= ANY($").count() - sql.matches(") IS TRUE").count(),
            sql.matches(") IS TRUE").count(),
        );
        assert_eq!(found, (lists, others), "{filter}: {sql}");
    }
    let (a, b) = ("roles.name eq \"a\"", "scopes eq \"b\"");
    for (filter, arrays, others) in [
        (format!("email pr or {a}"), 1, 0),
        (format!("email pr or {a} and {b}"), 0, 2),
        (format!("email pr or {a} and (code pr or {b})"), 1, 1),
        (format!("email pr or (code pr or {b}) and {a}"), 1, 1),
        (format!("email pr or scopes ne \"x\" and {a}"), 1, 1),
        (format!("email pr or (code pr or {b}) and (level pr or {a})"), 2, 0),
        (format!("email pr or {a} or {b}"), 2, 0),
        (format!("email pr or {a} and (id eq \"1\" or id eq \"2\")"), 0, 1),
        (format!("{a} and {b}"), 0, 2),
        (format!("(code pr or {b}) and (id eq \"1\" or id eq \"2\")"), 0, 1),
        ("scopes ne \"x\" and (id eq \"1\" or id eq \"2\")".into(), 0, 1),
    ] {
        let sql = sql(&filter);
        assert_eq!(
            (sql.matches("ANY (ARRAY").count(), sql.matches(" IN (SELECT").count()),
            (arrays, others),
            "{filter}: {sql}"
        );
    }
}

#[test]
fn plans_without_sql_are_errors() {
    for (filter, error) in [
        ("missing pr", SqlError::NoColumn("missing".into())),
        ("name eq \"a\" or not (missing eq \"x\")", SqlError::NoColumn("missing".into())),
        ("plain eq \"x\"", SqlError::NoKey("plain".into())),
        ("untold eq \"x\"", SqlError::NoTable("untold".into())),
    ] {
        let plan = policy().parse(filter).unwrap();
        for dialect in Dialect::ALL {
            assert_eq!(plan.to_condition(&columns(), dialect), Err(error.clone()), "{filter}");
        }
    }
    let plan = policy().parse("name pr").unwrap();
    let sorted = plan.to_sql(
        &columns(),
        Dialect::Sqlite,
        &Select::default().sort("roles.name", Direction::Ascending),
    );
    assert_eq!(sorted, Err(SqlError::NotSortable("roles.name".into())));
    let columned = plan.to_sql(
        &columns(),
        Dialect::Sqlite,
        &Select::default().columns(["id`; drop table users; --"]),
    );
    assert!(columned.unwrap().sql.starts_with("SELECT `u`.`id``; drop table users; --` FROM"));
    let columned = plan.to_sql(&columns(), Dialect::Sqlite, &Select::default().columns([""]));
    assert!(matches!(columned, Err(SqlError::BadIdentifier(_))));

    // Each test and each bound value counts.
    let mut limits = Limits::default();
    (limits.clauses, limits.bytes, limits.cost) = (100_000, 1 << 22, usize::MAX);
    let wide = policy().with_limits(limits);
    let condition = |clauses: usize| {
        let clauses: Vec<String> = (0..clauses).map(|at| format!("level gt {at}")).collect();
        wide.parse(&clauses.join(" and ")).unwrap().to_condition(&columns(), Dialect::Postgres)
    };
    assert!(condition(Dialect::MAX_PARAMETERS / 2).is_ok());
    assert_eq!(condition(Dialect::MAX_PARAMETERS / 2 + 1), Err(SqlError::TooManyParameters));
    let clauses: Vec<String> = (0..500).map(|at| format!("email co \"{at}\"")).collect();
    let sql = policy()
        .parse(&clauses.join(" and "))
        .unwrap()
        .to_where(&columns(), Dialect::Sqlite)
        .unwrap();
    assert_eq!(sql.sql.matches("email_f").count(), 500, "{}", sql.sql);
}

#[test]
fn native_comparisons_give_warnings() {
    let warnings = |filter: &str| policy().parse(filter).unwrap().sql_warnings(&columns());
    assert_eq!(warnings("name eq \"a\" and roles.name eq \"b\" and nick pr"), []);
    let found = warnings("nick eq \"a\" or not (motto co \"b\") or nick co \"c\"");
    let codes: Vec<Code> = found.iter().map(scieve::Diagnostic::code).collect();
    assert_eq!(codes, [Code::NativeComparison; 2]);
    assert_eq!(
        found[0].message(),
        "`nick` is compared by `lower()`, which agrees with in-memory evaluation only on ASCII strings"
    );
}

#[test]
fn invalid_mappings_are_rejected() {
    for name in ["", "a\0", &"a".repeat(64), &"é".repeat(32)] {
        assert!(Mapping::new(name, "id").check().is_err(), "{name}");
        assert!(Mapping::new("users", name).check().is_err(), "{name}");
        assert!(
            Mapping::new("users", "id").attribute("a", Column::new(name)).check().is_err(),
            "{name}"
        );
        assert!(
            Mapping::new("users", "id").attribute("a", Column::keyed("a", name)).check().is_err(),
            "{name}"
        );
        assert!(
            Mapping::new("users", "id")
                .attribute("a", Column::new("a").sorted_by(name))
                .check()
                .is_err(),
            "{name}"
        );
        let lower = Column::native("a", NativeComparison::LowerColumn(name.into()));
        assert!(Mapping::new("users", "id").attribute("a", lower).check().is_err(), "{name}");
        assert!(
            Mapping::new("users", "id").child("a", ChildTable::new(name, "b")).check().is_err(),
            "{name}"
        );
        assert!(
            Mapping::new("users", "id").child("a", ChildTable::new("a", name)).check().is_err(),
            "{name}"
        );
        assert!(Mapping::new("users", "id").tenant_column(name).check().is_err(), "{name}");
        let child = ChildTable::new("a", "b").column("c", Column::new(name));
        assert!(Mapping::new("users", "id").child("a", child).check().is_err(), "{name}");
        let child = ChildTable::new("a", "b").value(Column::new(name));
        assert!(Mapping::new("users", "id").child("a", child).check().is_err(), "{name}");
    }
    let twice = Mapping::new("users", "id")
        .attribute("name", Column::new("a"))
        .attribute("NAME", Column::new("b"));
    assert_eq!(
        twice.check().unwrap_err().to_string(),
        "attributes.name: the attribute is mapped twice"
    );
}

#[test]
fn mappings_round_trip_and_compare() {
    let json = serde_json::to_string(&columns()).unwrap();
    assert_eq!(CheckedMapping::from_json(&json).unwrap(), columns());
    let json = serde_json::to_string(&tenant_columns().for_tenant("t")).unwrap();
    assert_eq!(CheckedMapping::from_json(&json).unwrap(), tenant_columns());
    let toml = toml::to_string(&columns()).unwrap();
    assert_eq!(CheckedMapping::from_toml(&toml).unwrap(), columns());
    let least = r#"{"table": "users", "key": "id", "attributes": {"name": {"column": "name"}}}"#;
    assert_eq!(
        CheckedMapping::from_json(least).unwrap(),
        Mapping::new("users", "id").attribute("name", Column::new("name")).check().unwrap()
    );
    let different = [
        columns(),
        tenant_columns(),
        tenant_columns().for_tenant("t"),
        tenant_columns().for_tenant("u"),
        CheckedMapping::from_json(least).unwrap(),
    ];
    for (at, one) in different.iter().enumerate() {
        assert!(
            different
                .iter()
                .enumerate()
                .all(|(other_at, other)| (one == other) == (at == other_at)),
            "{at}"
        );
    }
    for wrong in [
        r#"{"table": "users", "key": "id", "colour": 1}"#,
        r#"{"table": "", "key": "id"}"#,
        r#"{"table": "users", "key": "id", "attributes": {"a": {"column": "a", "nulable": true}}}"#,
        r#"{"table": "users", "key": "id", "key_type": "boolean"}"#,
    ] {
        assert!(CheckedMapping::from_json(wrong).is_err(), "{wrong}");
    }
}

/// MySQL compares bytes, which serialise as strings in JSON.
#[test]
fn values_have_the_type_of_their_column() {
    let params = |filter: &str, dialect| {
        policy().parse(filter).unwrap().to_where(&columns(), dialect).unwrap().params
    };
    assert_eq!(params("name eq \"É\"", Dialect::MySql), [Param::TextBytes("é".into())]);
    assert_eq!(params("nick eq \"É\"", Dialect::MySql), [Param::TextBytes("é".into())]);
    assert_eq!(
        params("nick eq \"A\"", Dialect::MySql),
        [Param::Text("a".into()), Param::TextBytes("a".into())]
    );
    assert_eq!(params("name eq \"É\"", Dialect::Postgres), [Param::Text("é".into())]);
    assert_eq!(params("level eq 5.0", Dialect::Sqlite), [Param::Integer(5)]);
    assert_eq!(
        params("level eq 5.0 or level eq 6", Dialect::Postgres),
        [Param::List(vec![Param::Integer(5), Param::Integer(6)])]
    );
}
