//! The SQL for tables that were not made for scieve, by a mapping file with storages and places.

use crate::fixtures::EmptyRecord;
use scieve::sql::{
    CheckedMapping, Column, Dialect, Direction, GapKind, Mapping, NativeComparison, Select,
    SqlError, Storage,
};
use scieve::{Attribute, AttributeType, Policy, Schema};
use std::fmt::Write as _;

const MAPPING: &str = include_str!("../corpus/employees.toml");

const UUID: &str = "3f2a0000-0000-4000-8000-000000000001";

fn policy() -> Policy<EmptyRecord> {
    let string = |path: &str| Attribute::new(path, AttributeType::String);
    let schema = Schema::new(
        None,
        [
            string("id").case_exact(true),
            string("userName"),
            string("login"),
            string("displayName"),
            Attribute::new("active", AttributeType::Boolean),
            Attribute::new("age", AttributeType::Integer),
            Attribute::new("hiredAt", AttributeType::DateTime),
            Attribute::new("birthday", AttributeType::DateTime),
            string("status"),
            string("department"),
            string("tags").multi_valued(),
            Attribute::new("emails", AttributeType::Complex).multi_valued(),
            string("emails.value"),
            string("emails.type"),
            Attribute::new("emails.primary", AttributeType::Boolean),
            Attribute::new("manager", AttributeType::Complex),
            string("manager.value").case_exact(true),
            string("manager.displayName"),
        ],
    );
    Policy::new(schema.unwrap()).unwrap()
}

fn filters() -> Vec<String> {
    let filters = [
        "id eq \"UUID\" or id eq \"nope\"",
        "id eq \"nope\"",
        "not (id eq \"nope\")",
        "id co \"3f\" or id lt \"4\" or id gt \"UUID\"",
        "userName eq \"Bob\" and login eq \"BOB\" and not (login sw \"b\")",
        "active eq true or active ne false",
        "age ge 5.5 or age eq 5 or age eq 6",
        "hiredAt ge \"2020-01-01T00:00:00+02:00\"",
        "birthday lt \"2020-01-01T12:00:00Z\" or birthday eq \"2020-01-01T12:00:00Z\"",
        "status sw \"A\" or status gt \"b\"",
        "status eq \"nope\"",
        "department eq \"R&D\" or not (department co \"x\") or department pr",
        "tags eq \"x\" or tags[value sw \"y\"]",
        "emails[type eq \"work\" and primary eq true]",
        "manager.displayName eq \"Bob\" or not (manager.value eq \"UUID\") or manager pr",
    ];
    filters.iter().map(|filter| filter.replace("UUID", UUID)).collect()
}

fn rendered(dialect: Dialect) -> String {
    let mapping = CheckedMapping::from_toml(MAPPING).unwrap();
    let mut text = String::new();
    for filter in filters() {
        let plan = policy().parse(&filter).unwrap();
        match plan.to_where(&mapping, dialect) {
            Ok(statement) => {
                let params = serde_json::to_string(&statement.params).unwrap();
                let _ = write!(text, "{filter}\n  {}\n  {params}\n", statement.sql);
            }
            Err(error) => {
                let _ = write!(text, "{filter}\n  error: {error}\n");
            }
        }
    }
    text
}

#[test]
fn existing_tables_in_postgres() {
    insta::assert_snapshot!(rendered(Dialect::Postgres));
}

#[test]
fn existing_tables_in_mysql() {
    insta::assert_snapshot!(rendered(Dialect::MySql));
}

#[test]
fn existing_tables_in_sqlite() {
    insta::assert_snapshot!(rendered(Dialect::Sqlite));
}

#[test]
fn the_mapping_round_trips() {
    let mapping = CheckedMapping::from_toml(MAPPING).unwrap();
    let toml = toml::to_string(&mapping).unwrap();
    assert_eq!(CheckedMapping::from_toml(&toml).unwrap(), mapping);
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(CheckedMapping::from_json(&json).unwrap(), mapping);
    for storage in [
        Storage::UuidBytes,
        Storage::Iso8601(0),
        Storage::Iso8601(3),
        Storage::BooleanText(["Y".into(), "N".into()]),
        Storage::UnixSeconds,
    ] {
        let json = serde_json::to_string(&storage).unwrap();
        assert_eq!(serde_json::from_str::<Storage>(&json).unwrap(), storage, "{json}");
    }
}

#[test]
fn rows_can_be_sorted_by_every_attribute() {
    let mapping = CheckedMapping::from_toml(MAPPING).unwrap();
    let plan = policy().parse("age eq 5").unwrap();
    let mut text = String::new();
    for attribute in ["userName", "age", "status", "department", "manager.displayName"] {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let select = Select::default().sort(attribute, Direction::Ascending);
            let statement = plan.to_sql(&mapping, dialect, &select).unwrap();
            let order = statement.sql.split("ORDER BY").nth(1).unwrap();
            let _ = writeln!(text, "{attribute}:{order}");
        }
    }
    insta::assert_snapshot!(text);
    let select = Select::default().sort("tags", Direction::Ascending);
    let refused = plan.to_sql(&mapping, Dialect::Postgres, &select);
    assert_eq!(refused, Err(SqlError::NotSortable("tags".into())));
}

#[test]
fn storages_fit_their_attributes() {
    let mapping = Mapping::new("employees", "id")
        .attribute("age", Column::new("age").stored(Storage::Uuid))
        .attribute("userName", Column::native("name", NativeComparison::CaseFold))
        .check()
        .unwrap();
    let sql = |filter: &str, dialect| {
        policy().parse(filter).unwrap().to_where(&mapping, dialect).map(|statement| statement.sql)
    };
    assert_eq!(
        sql("age eq 5", Dialect::Postgres).unwrap_err().to_string(),
        "`age` is of type integer, which cannot be stored as `uuid`"
    );
    assert!(matches!(sql("userName eq \"a\"", Dialect::MySql), Err(SqlError::Storage(_))));
    assert_eq!(
        sql("userName eq \"a\"", Dialect::Postgres).unwrap(),
        "(normalize(casefold(normalize(\"u\".\"name\", NFD) COLLATE pg_unicode_fast), NFC)) = $1"
    );
}

#[test]
fn strings_inside_json_give_warnings() {
    let mapping = Mapping::new("employees", "id").document("resource").check().unwrap();
    for (filter, warnings) in [
        ("userName eq \"bob\" and age eq 5", 1),
        ("emails[type eq \"work\"] or tags eq \"x\" or manager.displayName sw \"b\"", 3),
        ("id eq \"x\" or manager.value eq \"x\" or userName pr", 0),
    ] {
        let found = policy().parse(filter).unwrap().sql_warnings(&mapping);
        assert_eq!(found.len(), warnings, "{filter}: {found:?}");
    }
}

#[test]
fn single_values_are_not_in_arrays() {
    let mapping = MAPPING.replace(
        r#"{ column = "age", stored = "integer" }"#,
        r#"{ column = "ages", array = true }"#,
    );
    let mapping = CheckedMapping::from_toml(&mapping).unwrap();
    let plan = policy().parse("age eq 5").unwrap();
    let error = plan.to_where(&mapping, Dialect::Postgres).unwrap_err().to_string();
    assert_eq!(error, "`age` has one value, but its column is an array");
}

/// The list itself is compared, so that a GIN index supports it, and the element if the list is
/// folded.
#[test]
fn elements_of_json_lists_are_compared_with_containment() {
    let mapping = Mapping::new("users", "id").document("resource").check().unwrap();
    let string = |path: &str| Attribute::new(path, AttributeType::String);
    let schema = Schema::new(
        None,
        [
            Attribute::new("emails", AttributeType::Complex).multi_valued(),
            string("emails.value"),
            string("emails.type").case_exact(true),
            string("emails.kind").case_exact(true),
            Attribute::new("emails.primary", AttributeType::Boolean),
        ],
    );
    let policy: Policy<EmptyRecord> = Policy::new(schema.unwrap()).unwrap();
    let mut text = String::new();
    for filter in [
        "emails[type eq \"it's \\\"work\\\"\" and kind eq \"k\"]",
        "emails[type eq \"work\" and value eq \"Bob\"]",
        "emails[type eq \"work\" and type eq \"home\"]",
        "emails[type eq \"work\" and primary eq true]",
        "emails[primary eq true]",
        "emails[type eq \"work\" or value eq \"bob\"]",
        "not (emails[type eq \"work\"])",
        "emails.value eq \"Bob\" or emails.value eq \"ann\"",
    ] {
        let statement =
            policy.parse(filter).unwrap().to_where(&mapping, Dialect::Postgres).unwrap();
        let params = serde_json::to_string(&statement.params).unwrap();
        let _ = write!(text, "{filter}\n  {}\n  {params}\n", statement.sql);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn faulty_mappings_are_rejected() {
    let least = "table = \"t\"\nkey = \"id\"\n";
    for (toml, message) in [
        ("where = \"deleted_at IS NULL\"", "does not name its table"),
        ("key_stored = \"date\"", "expected `text`, `uuid` or `integer`"),
        (
            "tenant_stored = \"integer\"",
            "line 3: tenant_stored: the mapping has no `tenant_column`",
        ),
        ("tenant_column = \"t\"\ntenant_stored = \"text\"", "line 4: tenant_stored: it is `text`"),
        ("[attributes]\na = { column = \"a\", stored = \"guid\" }", "line 4, column 30"),
        ("[attributes]\na = { column = \"a\", stored = \"guid\" }", "unknown variant `guid`"),
        ("[attributes]\na = { column = \"a\", stored = 5 }", "the name of a storage"),
        (
            "[attributes]\na = { column = \"a\", stored = { enum = \"e\" } }",
            "missing field `labels`",
        ),
        (
            "[attributes]\na = { column = \"a\", stored = { labels = [\"e\"] } }",
            "missing field `enum`",
        ),
        (
            "[attributes]\na = { column = \"a\", stored = { enum = \"e\", label = [\"x\"] } }",
            "unknown field `label`",
        ),
        (
            "[attributes]\na = { column = \"a\", stored = { iso8601 = 3, uuid = \"text\" } }",
            "expected one of `uuid`",
        ),
        ("[attributes]\na = { column = \"a\", stored = {} }", "expected one of `uuid`"),
        ("[attributes]\na = { column = \"a\", array = 5 }", "`true` or the name of a type"),
        ("[attributes]\na = \"a\"", "a table such as `{ column"),
        ("[attributes]\na = { column = \"\" }", "line 4: attributes.a.column: `` is not"),
        ("[attributes.a]\njson = []\ncolumn = \"\"", "line 5: attributes.a.column"),
        ("[children.a]\ntable = \"c\"", "line 3: children.a: it has no `owner`"),
        (
            "[children.a]\ntable = \"c\"\nowner = \"o\"\ncolumns.b = {}",
            "line 6: children.a.columns.b",
        ),
        ("[attributes]\na = { column = \"a\", stored = { iso8601 = 10 } }", "more than 9"),
        (
            "[attributes]\na = { column = \"a\", stored = { enum = \"e\", labels = [] } }",
            "no labels",
        ),
        (
            "[attributes]\na = { column = \"a\", stored = { enum = \"e\", labels = [\"x\", \"x\"] } }",
            "occurs twice",
        ),
        ("[attributes]\na = { column = \"a\", json = [\"x\\\"y\"] }", "JSON member"),
        ("[attributes]\na = { column = \"a\", json = [\"x\\ty\"] }", "JSON member"),
        ("[attributes]\na = { column = \"a\", json = [\"-1\"] }", "JSON member"),
        ("[children.a]\ntable = \"c\"\ncolumn = \"d\"", "needs either a `table`"),
        ("[children.a]\nowner = \"c\"", "needs either a `table`"),
        ("[children.a]\ncolumn = \"c\"\nreferences = \"d\"", "refer to no other column"),
        (
            "[children.a]\ntable = \"c\"\nowner = \"o\"\nreferences = \"\"",
            "line 6: children.a.references: `` is not",
        ),
        ("[joins.a]\ntable = \"c\"\non = {}", "line 5: joins.a.on: it names no columns"),
        (
            "[attributes]\na = { column = \"a\" }\n[joins.a]\ntable = \"c\"\non = { x = \"y\" }",
            "twice",
        ),
    ] {
        let error = CheckedMapping::from_toml(&format!("{least}{toml}")).unwrap_err().to_string();
        assert!(error.contains(message), "{toml}: {error}");
    }
}

/// A surrogate key that child tables refer to, and tenants that are numbers.
#[test]
fn numbers_of_tenants_and_rows() {
    let mapping = |stored: &str, child: &str| {
        CheckedMapping::from_toml(&format!(
            "table = \"people\"\nkey = \"id\"\ntenant_column = \"tenant\"\n{stored}\n\
             [attributes]\nid = {{ column = \"id\", text = \"exact\" }}\n\
             userName = {{ column = \"user_name\", text = {{ fold_key = \"user_name_f\" }} }}\n\
             [children.emails]\ntable = \"emails\"\nowner = \"person\"\n{child}\n\
             columns.value = {{ column = \"value\", text = {{ fold_key = \"value_f\" }} }}\n\
             columns.type = {{ column = \"kind\" }}\n"
        ))
        .unwrap()
    };
    let numbers = mapping("tenant_stored = \"integer\"", "references = \"number\"");
    let mut text = String::new();
    for filter in [
        "userName eq \"Bob\"",
        "emails.value eq \"a@b\"",
        "emails.value eq \"a@b\" or emails.type eq \"work\" or userName eq \"bob\"",
        "not (emails[type eq \"work\" and value pr])",
    ] {
        let plan = policy().parse(filter).unwrap();
        for dialect in Dialect::ALL {
            let tenant = numbers.for_tenant("42");
            let statement = plan.to_sql(&tenant, dialect, &Select::default()).unwrap();
            let params = serde_json::to_string(&statement.params).unwrap();
            let _ = write!(text, "{filter}\n  {}\n  {params}\n", statement.sql);
        }
    }
    for dialect in Dialect::ALL {
        let tables = numbers.create(dialect, policy().schema()).unwrap();
        let _ = write!(text, "{dialect}\n{}\n", tables.join(";\n"));
    }
    insta::assert_snapshot!(text);

    let plan = policy().parse("userName eq \"Bob\" or emails.value pr").unwrap();
    let tenants: [(&str, &[&str], &[&str]); 2] = [
        (
            "integer",
            &["0", "-1", "9223372036854775807"],
            &["", "t", "042", " 42", "+42", "4.2", "9223372036854775808"],
        ),
        ("uuid", &[UUID], &["", "42", "3F2A0000-0000-4000-8000-000000000001"]),
    ];
    for (storage, valid, invalid) in tenants {
        let mapping = mapping(&format!("tenant_stored = \"{storage}\""), "");
        for dialect in Dialect::ALL {
            for tenant in valid {
                let statement = plan.to_where(&mapping.for_tenant(tenant), dialect).unwrap();
                assert_eq!(statement.sql.matches("tenant").count(), 2, "{}", statement.sql);
            }
            for tenant in invalid {
                assert_eq!(
                    plan.to_where(&mapping.for_tenant(tenant), dialect),
                    Err(SqlError::InvalidTenant { tenant: (*tenant).into(), storage })
                );
            }
            assert_eq!(plan.to_where(&mapping, dialect), Err(SqlError::NoTenant("tenant".into())));
        }
        let is_error =
            |kind: &GapKind| matches!(kind, GapKind::Error(SqlError::InvalidTenant { .. }));
        let gaps = mapping.covers(&policy());
        assert!(!gaps.is_empty() && !gaps.iter().any(|gap| is_error(&gap.kind)));
    }
}
