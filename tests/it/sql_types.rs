//! Tables, indexes and parameters of a mapping for each attribute type.

use crate::fixtures::EmptyRecord;
use scieve::sql::{
    CheckedMapping, ChildTable, Column, Dialect, Mapping, NativeComparison, Select, SqlError,
};
use scieve::{Attribute, AttributeType, Policy, Schema};
use sea_query::{ArrayType, PostgresQueryBuilder, Value};

/// One attribute of each type, and multi-valued ones.
fn policy() -> Policy<EmptyRecord> {
    let one = AttributeType::ALL.into_iter().map(|kind| Attribute::new(&format!("a_{kind}"), kind));
    let many = Attribute::new("many", AttributeType::Integer).multi_valued();
    let tags = Attribute::new("tags", AttributeType::String).multi_valued();
    let roles = [
        Attribute::new("roles", AttributeType::Complex).multi_valued(),
        Attribute::new("roles.nick", AttributeType::String),
    ];
    Policy::new(Schema::new(None, one.chain([many, tags]).chain(roles)).unwrap()).unwrap()
}

/// A column for each type, and a fold-key column, which only case-insensitive strings use.
fn columns() -> CheckedMapping {
    let typed = AttributeType::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, AttributeType::Any | AttributeType::Complex));
    let column = |kind: AttributeType| match kind {
        AttributeType::Boolean => {
            Column::native("c_boolean", NativeComparison::LowerColumn("k_boolean".into()))
        }
        kind => Column::keyed(format!("c_{kind}"), format!("k_{kind}")),
    };
    let mapping = typed.fold(Mapping::new("things", "id"), |mapping, kind| {
        mapping.attribute(format!("a_{kind}"), column(kind))
    });
    let many = ChildTable::new("manies", "owner").value(Column::new("many").not_null());
    let tags = ChildTable::new("tags", "owner")
        .value(Column::native("tag", NativeComparison::CaseInsensitive));
    let roles = ChildTable::new("roles", "owner")
        .column("nick", Column::native("nick", NativeComparison::Lower));
    mapping.child("many", many).child("tags", tags).child("roles", roles).check().unwrap()
}

#[test]
fn columns_have_the_type_of_their_attribute() {
    for (dialect, text, types) in [
        (Dialect::Postgres, "text", ["boolean", "bigint", "double precision", "bigint", "bytea"]),
        (
            Dialect::MySql,
            "TEXT CHARACTER SET utf8mb4",
            ["TINYINT", "BIGINT", "DOUBLE", "BIGINT", "VARBINARY(1020)"],
        ),
        (Dialect::Sqlite, "TEXT", ["INTEGER", "INTEGER", "REAL", "INTEGER", "BLOB"]),
    ] {
        let created = columns()
            .create(dialect, policy().schema())
            .unwrap()
            .join("\n")
            .replace(['"', '`'], "");
        for (kind, own) in [
            AttributeType::Boolean,
            AttributeType::Integer,
            AttributeType::Decimal,
            AttributeType::DateTime,
            AttributeType::Binary,
        ]
        .into_iter()
        .zip(types)
        {
            assert!(
                created.to_lowercase().contains(&format!("c_{kind} {own},").to_lowercase()),
                "{kind} {created}"
            );
            assert!(!created.contains(&format!("k_{kind}")), "{kind} {created}");
        }
        assert!(
            created.to_lowercase().contains(&format!("c_string {text},").to_lowercase()),
            "{created}"
        );
        assert!(created.contains("(k_string)") && created.contains("(c_reference)"), "{created}");
    }
    let untyped =
        Mapping::new("things", "id").attribute("a_any", Column::new("a")).check().unwrap();
    let refused = untyped.create(Dialect::Sqlite, policy().schema()).unwrap_err();
    assert_eq!(refused, SqlError::Untyped("a_any".into()));
    assert_eq!(refused.to_string(), "`a_any` has no type, so no column can be compared with it");
}

#[test]
fn index_names_are_unique_and_fit_every_database() {
    for table in [46, 47, 48, 49, 63].map(|length| "t".repeat(length)) {
        let names = ["a_string", "a_integer", "a_decimal", "a_binary"];
        let column = |name: &str| Column::new(format!("column_{name}"));
        let mapping = names.iter().fold(Mapping::new(table, "id"), |mapping, name| {
            mapping.attribute(*name, column(name))
        });
        let created = mapping.check().unwrap().create(Dialect::Sqlite, policy().schema()).unwrap();
        let mut indexes: Vec<&str> = created
            .iter()
            .filter_map(|line| line.strip_prefix("CREATE INDEX `"))
            .map(|line| line.split('`').next().unwrap())
            .collect();
        let count = indexes.len();
        indexes.sort_unstable();
        indexes.dedup();
        assert_eq!((indexes.len(), count), (4, 4), "{created:?}");
        assert!(indexes.iter().all(|name| name.len() <= 63), "{created:?}");
    }
}

#[test]
fn lists_have_the_type_of_their_values() {
    for (filter, kind) in [
        ("a_string eq \"a\" or a_string eq \"b\"", ArrayType::String),
        ("a_boolean eq true or a_boolean eq false", ArrayType::Bool),
        ("a_integer eq 1 or a_integer eq 2", ArrayType::BigInt),
        ("a_decimal eq 1 or a_decimal eq 2", ArrayType::Double),
        (
            "a_dateTime eq \"2022-05-03T17:45:56Z\" or a_dateTime eq \"2023-05-03T17:45:56Z\"",
            ArrayType::BigInt,
        ),
        ("a_binary eq \"QQ==\" or a_binary eq \"QUI=\"", ArrayType::Bytes),
    ] {
        let statement = policy()
            .parse(filter)
            .unwrap()
            .to_select(&columns(), Dialect::Postgres, &Select::default())
            .unwrap();
        let (_, values) = statement.build(PostgresQueryBuilder);
        assert!(
            matches!(&values.0[..], [Value::Array(found, Some(list))] if *found == kind && list.len() == 2),
            "{filter}: {values:?}"
        );
    }
}

#[test]
fn impossible_values_query_no_table() {
    let sql = |filter: &str| {
        policy().parse(filter).unwrap().to_where(&columns(), Dialect::Sqlite).unwrap().sql
    };
    assert_eq!(sql("many eq 0.5"), "(1=0)");
    assert_eq!(sql("not (many eq 0.5)"), "(1=1)");
    assert_eq!(sql("a_integer eq 0.5"), "(1=0)");
}

#[test]
fn native_comparisons_give_warnings_at_any_depth() {
    for filter in [
        "tags eq \"a\"",
        "not (tags co \"a\")",
        "tags[value sw \"a\"]",
        "not (roles[nick eq \"a\"])",
        "tags[value eq \"a\" or value eq \"b\"] and a_integer pr",
    ] {
        assert_eq!(policy().parse(filter).unwrap().sql_warnings(&columns()).len(), 1, "{filter}");
    }
    assert_eq!(
        policy().parse("tags pr and a_string eq \"a\"").unwrap().sql_warnings(&columns()),
        []
    );
}

#[test]
fn dialects_parse_from_their_names() {
    for dialect in Dialect::ALL {
        assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
    }
    assert_eq!(Dialect::from_name("oracle"), None);
}
