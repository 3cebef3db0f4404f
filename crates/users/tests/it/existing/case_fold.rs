//! Fold keys that PostgreSQL 18 computes.

use crate::connection::DbConnection;
use crate::generators::filters::json;
use crate::generators::random_values::{Random, STRINGS};
use scieve::sql::{
    Column, Dialect, Mapping, NativeComparison, Select, Statement, case_fold_agrees,
};
use scieve::{Attribute, AttributeType, Policy, Schema};
use serde_json::{Value, json as object};

/// Compares filters on strings of every kind. Is skipped on older versions.
#[tokio::test]
async fn postgres_18_folds_as_memory_does() {
    crate::databases::require!(servers);
    let mut connection = DbConnection::new(Dialect::Postgres).await;
    let version = Statement::new("SHOW server_version".into(), vec![]);
    let version = connection.ids(&version).await.unwrap().remove(0);
    let major: u32 = version.split(['.', ' ', 'd', 'b']).next().unwrap().parse().unwrap();
    if major < 18 {
        eprintln!("skipped: PostgreSQL {version} has no `casefold`");
        return;
    }
    let unicode = Statement::new("SELECT unicode_version()::text".into(), vec![]);
    assert!(case_fold_agrees(&connection.ids(&unicode).await.unwrap()[0]));
    let fold = "normalize(casefold(normalize(name, NFD) COLLATE pg_unicode_fast), NFC)";
    connection.execute("CREATE TABLE words (id text PRIMARY KEY, name text)").await;
    connection.execute(&format!("CREATE INDEX words_fold ON words (({fold}))")).await;
    let mut random = Random(3);
    let words: Vec<Value> = (0..400)
        .map(|number| object!({ "id": format!("{number:03}"), "name": random.string() }))
        .collect();
    for word in &words {
        let text = word["name"].as_str().unwrap().replace('\'', "''");
        let id = word["id"].as_str().unwrap();
        connection.execute(&format!("INSERT INTO words VALUES ('{id}', '{text}')")).await;
    }
    let schema = Schema::new(None, [Attribute::new("name", AttributeType::String)]).unwrap();
    let policy: Policy<Value> = Policy::new(schema).unwrap();
    let mapping = Mapping::new("words", "id")
        .attribute("name", Column::native("name", NativeComparison::CaseFold))
        .check()
        .unwrap();
    for _ in 0..2_000 {
        let operator = random.pick(&["eq", "ne", "co", "sw", "ew", "gt", "le"]);
        let word = *random.pick(STRINGS);
        let filter = format!("name {operator} {}", json(&random.variant(word)));
        let plan = policy.parse(&filter).unwrap();
        let expected: Vec<&str> = words
            .iter()
            .filter(|word| plan.matches(word))
            .map(|word| word["id"].as_str().unwrap())
            .collect();
        let statement = plan.to_sql(&mapping, Dialect::Postgres, &Select::default()).unwrap();
        assert_eq!(connection.ids(&statement).await.unwrap(), expected, "{filter}");
    }
}
