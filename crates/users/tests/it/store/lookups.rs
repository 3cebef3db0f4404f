//! Look-ups by id that share a statement.

use crate::databases::{Database, require};
use scieve_users::{NewUser, SqlOptions, SqlStore, StoreError, User, UserStore};
use std::sync::Arc;

const TENANTS: [&str; 2] = ["t", "u"];
const USERS: usize = 20;

/// A tenant, an id, and the result of the look-up.
type Expected = (&'static str, String, Result<Arc<User>, StoreError>);

/// Checks users that are looked up at the same time: those of two tenants, twice, and deleted and
/// unknown ones.
async fn look_up_at_once(database: Database) {
    let store = Arc::new(SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap());
    let mut expected: Vec<Expected> = Vec::new();
    for tenant in TENANTS {
        for number in 0..USERS {
            let new = NewUser { subject: number.to_string(), ..NewUser::default() };
            let user = store.create(tenant, new).await.unwrap();
            if number % 5 == 0 {
                store.delete(tenant, &user.id).await.unwrap();
                expected.push((tenant, user.id.clone(), Err(StoreError::NotFound)));
            } else {
                expected.push((tenant, user.id.clone(), Ok(user)));
            }
        }
    }
    // Of the other tenant, in another case, and with a character that PostgreSQL does not accept.
    let (tenant, id, _) = expected[1].clone();
    assert_eq!(tenant, TENANTS[0]);
    for (tenant, id) in
        [(TENANTS[1], id.clone()), (tenant, id.to_uppercase() + "x"), (tenant, "a\0".into())]
    {
        expected.push((tenant, id, Err(StoreError::NotFound)));
    }
    for round in 1..=3 {
        let before = store.statements_run();
        let lookups: Vec<_> = expected
            .iter()
            .cycle()
            .take(round * expected.len())
            .map(|(tenant, id, user)| {
                let (store, tenant, id, user) = (store.clone(), *tenant, id.clone(), user.clone());
                tokio::spawn(async move { assert_eq!(store.get(tenant, &id).await, user) })
            })
            .collect();
        for lookup in lookups {
            lookup.await.unwrap();
        }
        // 64 look-ups of a tenant share a statement.
        let statements = store.statements_run() - before;
        assert!(statements <= 2 * round as u64, "{statements} in round {round}");
    }
    store.close().await;
    let closed = store.get(TENANTS[0], &id).await;
    assert!(matches!(closed, Err(StoreError::Unavailable)), "{closed:?}");
}

/// On one thread, every look-up waits before the first statement runs.
fn on_one_thread(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn lookups_share_statements_in_postgres() {
    require!(servers);
    on_one_thread(async { look_up_at_once(Database::postgres().await).await });
}

#[test]
fn lookups_share_statements_in_mysql() {
    require!(servers);
    on_one_thread(async { look_up_at_once(Database::mysql().await).await });
}
