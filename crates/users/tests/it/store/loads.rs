//! Large loads, which build the indexes of empty tables last.

use super::block_on;
use super::connect::run;
use crate::databases::{Database, require};
use scieve::sql::Dialect;
use scieve_users::{
    MemoryStore, Query, Sort, SortKey, SqlOptions, SqlStore, StoreError, User, UserStore, policy,
    sample,
};
use sqlx::Connection as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Enough users for the indexes to be built last.
const USERS: usize = 10_000;

/// Returns the definitions of all indexes, foreign keys and triggers.
async fn definitions(url: &str, dialect: Dialect) -> Vec<String> {
    macro_rules! strings {
        ($connection:ty, $sql:literal) => {
            sqlx::query_scalar($sql)
                .fetch_all(&mut <$connection>::connect(url).await.unwrap())
                .await
                .unwrap()
        };
    }
    match dialect {
        Dialect::Postgres => strings!(
            sqlx::PgConnection,
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
             SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint UNION ALL \
             SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        ),
        Dialect::Sqlite => strings!(
            sqlx::SqliteConnection,
            "SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY name"
        ),
        Dialect::MySql => strings!(
            sqlx::MySqlConnection,
            "SELECT CAST(CONCAT(table_name, index_name, column_name) AS CHAR) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1"
        ),
    }
}

/// Checks that a large load, and one that fails, leave indexes, users and progress as they should be.
async fn load(dialect: Dialect) {
    let database = Database::of(dialect).await;
    let done = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&done);
    let options = SqlOptions::default().on_load(move |now, whole| {
        assert!(now <= whole);
        assert!(seen.swap(now, Ordering::Relaxed) < now);
    });
    let store = SqlStore::connect(&database.url, options).await.unwrap();
    let before = definitions(&database.url, dialect).await;
    assert!(before.len() > 15, "{before:?}");
    let mut users: Vec<User> = sample(USERS + 1).collect();
    let last = users.pop().unwrap();
    // Strings with a meaning of their own in a COPY.
    for (user, string) in users.iter_mut().zip(["\\N", "\\.", "a\tb\nc\rd\\te\\\\", "\\", ""]) {
        user.picture = Some(string.to_owned());
        user.name.push_str("\\N");
        user.assigned_scopes.push(format!("scope\\t{string}"));
    }
    let tenant = users[0].tenant_id.clone();

    // The database refuses the last user after the indexes were dropped.
    let refusal = match dialect {
        Dialect::Postgres => "ALTER TABLE users ADD CONSTRAINT refusal CHECK (name <> 'refused')",
        Dialect::Sqlite => {
            "CREATE TRIGGER refusal BEFORE INSERT ON users WHEN NEW.name = 'refused' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Dialect::MySql => "ALTER TABLE users ADD CONSTRAINT refusal CHECK (name <> 'refused')",
    };
    let acceptance = match dialect {
        Dialect::Sqlite => "DROP TRIGGER refusal",
        _ => "ALTER TABLE users DROP CONSTRAINT refusal",
    };
    run(&database, refusal).await;
    let mut refused = users.clone();
    refused[USERS - 1].name = "refused".to_owned();
    let failed = store.load(&tenant, vec![], vec![], refused).await;
    assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
    run(&database, acceptance).await;
    assert_eq!(definitions(&database.url, dialect).await, before);
    assert_eq!(store.count(&tenant).await, Ok(0));
    done.store(0, Ordering::Relaxed);

    store.load(&tenant, vec![], vec![], users.clone()).await.unwrap();
    assert!(done.load(Ordering::Relaxed) >= 2 * USERS as u64);
    assert_eq!(definitions(&database.url, dialect).await, before);
    let memory = MemoryStore::new();
    memory.load(&tenant, vec![], vec![], users).await.unwrap();
    for (filter, key) in [
        (r#"name co "ank""#, SortKey::Id),
        (r#"status eq "active""#, SortKey::Email),
        (r#"assignedRoles.name eq "query""#, SortKey::Name),
        (r#"assignedScopes eq "offline_access""#, SortKey::CreatedAt),
    ] {
        let plan = policy().parse(filter).unwrap();
        let sort = Sort { key, ..Sort::default() };
        let query = Query { sort, limit: 50, total: true, ..Query::matching(Some(&plan)) };
        let page = store.list(&tenant, &query).await.unwrap();
        assert_eq!(page, memory.list(&tenant, &query).await.unwrap(), "{filter}");
        assert!(page.total > Some(0));
    }
    assert_eq!(store.count(&tenant).await, memory.count(&tenant).await);
    let query = Query { limit: 50, total: true, ..Query::matching(None) };
    let page = store.list(&tenant, &query).await.unwrap();
    assert_eq!(page, memory.list(&tenant, &query).await.unwrap());

    // A further user has a number of its own, and is counted.
    done.store(0, Ordering::Relaxed);
    store.load(&tenant, vec![], vec![], vec![last.clone()]).await.unwrap();
    memory.load(&tenant, vec![], vec![], vec![last.clone()]).await.unwrap();
    assert_eq!(store.get(&tenant, &last.id).await, memory.get(&tenant, &last.id).await);
    assert_eq!(store.count(&tenant).await, memory.count(&tenant).await);
}

/// A server that stops after the transaction of a load leaves no trigram index.
#[test]
fn missing_trigram_indexes_are_created_when_a_store_is_opened() {
    require!(servers);
    block_on(async {
        let database = Database::postgres().await;
        let connect =
            async || SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap();
        connect().await;
        let all = definitions(&database.url, Dialect::Postgres).await;
        for missing in ["name", "email", "subject"] {
            run(&database, &format!("DROP INDEX users_{missing}_trigrams")).await;
            connect().await;
            assert_eq!(definitions(&database.url, Dialect::Postgres).await, all, "{missing}");
        }
    });
}

#[test]
fn a_large_load_keeps_indexes_and_users_in_sqlite() {
    block_on(load(Dialect::Sqlite));
}

#[test]
fn a_large_load_keeps_indexes_and_users_in_postgres() {
    require!(servers);
    block_on(load(Dialect::Postgres));
}

#[test]
fn a_large_load_keeps_indexes_and_users_in_mysql() {
    require!(servers);
    block_on(load(Dialect::MySql));
}
