//! Fold keys that PostgreSQL 18 computes.

use crate::connection::DbConnection;
use crate::generators::filters::json;
use crate::generators::random_values::{Random, STRINGS};
use scieve::sql::{
    Column, Dialect, Mapping, NativeComparison, Select, Statement, case_fold_agrees,
};
use scieve::{Attribute, AttributeType, Policy, Schema};
use serde_json::{Value, json as object};

/// Returns whether PostgreSQL can compute fold keys, and checks its version of Unicode.
async fn folds(connection: &mut DbConnection) -> bool {
    let version = Statement::new("SHOW server_version".into(), vec![]);
    let version = connection.ids(&version).await.unwrap().remove(0);
    let major: u32 = version.split(['.', ' ', 'd', 'b']).next().unwrap().parse().unwrap();
    if major < 18 {
        eprintln!("skipped: PostgreSQL {version} has no `casefold`");
        return false;
    }
    let unicode = Statement::new("SELECT unicode_version()::text".into(), vec![]);
    assert!(case_fold_agrees(&connection.ids(&unicode).await.unwrap()[0]));
    true
}

/// Inserts random strings of every kind.
async fn insert(connection: &mut DbConnection, random: &mut Random) -> Vec<Value> {
    let words: Vec<Value> = (0..400)
        .map(|number| object!({ "id": format!("{number:03}"), "name": random.string() }))
        .collect();
    for word in &words {
        let text = word["name"].as_str().unwrap().replace('\'', "''");
        let id = word["id"].as_str().unwrap();
        connection
            .execute(&format!("INSERT INTO words (id, name) VALUES ('{id}', '{text}')"))
            .await;
    }
    words
}

/// Checks that random filters select the same words in memory and in the database.
async fn agrees(
    connection: &mut DbConnection,
    random: &mut Random,
    words: &[Value],
    column: Column,
) {
    let schema = Schema::new(None, [Attribute::new("name", AttributeType::String)]).unwrap();
    let policy: Policy<Value> = Policy::new(schema).unwrap();
    let mapping = Mapping::new("words", "id").attribute("name", column).check().unwrap();
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

/// Compares filters on strings of every kind. Is skipped on older versions.
#[tokio::test]
async fn postgres_18_folds_as_memory_does() {
    crate::databases::require!(servers);
    let (mut connection, mut random) = (DbConnection::new(Dialect::Postgres).await, Random(3));
    if !folds(&mut connection).await {
        return;
    }
    let fold = "normalize(casefold(normalize(name, NFD) COLLATE pg_unicode_fast), NFC)";
    connection.execute("CREATE TABLE words (id text PRIMARY KEY, name text)").await;
    connection.execute(&format!("CREATE INDEX words_fold ON words (({fold}))")).await;
    let words = insert(&mut connection, &mut random).await;
    let column = Column::native("name", NativeComparison::CaseFold);
    agrees(&mut connection, &mut random, &words, column).await;
}

/// Compares filters on generated key columns. Is skipped on older versions.
#[tokio::test]
async fn postgres_18_generates_fold_keys() {
    crate::databases::require!(servers);
    let (mut connection, mut random) = (DbConnection::new(Dialect::Postgres).await, Random(4));
    if !folds(&mut connection).await {
        return;
    }
    connection.execute("CREATE TABLE words (id text PRIMARY KEY, name text)").await;
    let column = Column::keyed("name", "name_f");
    let mapping = Mapping::new("words", "id").attribute("name", column.clone()).check().unwrap();
    for statement in mapping.ddl_with_generated_keys() {
        if !statement.starts_with("--") {
            connection.execute(&statement).await;
        }
    }
    let words = insert(&mut connection, &mut random).await;
    let keys = Statement::new("SELECT name_f FROM words ORDER BY id".into(), vec![]);
    let keys = connection.ids(&keys).await.unwrap();
    for (word, key) in words.iter().zip(keys) {
        assert_eq!(scieve::fold_key(word["name"].as_str().unwrap()), key);
    }
    agrees(&mut connection, &mut random, &words, column).await;
}
