//! The numbers of users in MySQL and MariaDB, which triggers maintain if that is allowed.

use super::block_on;
use super::connect::run;
use crate::databases::{Database, require};
use scieve_users::{NewUser, Query, SqlOptions, SqlStore, UserStore};

const TENANT: &str = "t";

async fn open(url: &str) -> SqlStore {
    SqlStore::connect(url, SqlOptions::default().connections(1)).await.unwrap()
}

async fn create(store: &SqlStore, subject: &str) -> String {
    let new = NewUser { subject: subject.to_owned(), ..NewUser::default() };
    store.create(TENANT, new).await.unwrap().id.clone()
}

/// Checks the number of users with and without those that are deleted.
async fn assert_counts(store: &SqlStore, all: u64, live: u64) {
    assert_eq!(store.count(TENANT).await, Ok(live));
    for (without_deleted, expected) in [(false, all), (true, live)] {
        let query = Query { total: true, limit: 1, without_deleted, ..Query::matching(None) };
        let page = store.list(TENANT, &query).await.unwrap();
        assert_eq!(page.total, Some(expected));
    }
}

/// Users are counted once, whether they are older than the triggers or not.
#[test]
fn mysql_counts_users_from_before_the_triggers() {
    require!(servers);
    block_on(async {
        let database = Database::mysql().await;
        let first = open(&database.url).await;
        create(&first, "a").await;
        let deleted = create(&first, "b").await;
        first.delete(TENANT, &deleted).await.unwrap();
        assert_counts(&first, 2, 1).await;

        // Without one of the triggers, a new user is not counted until the next start.
        run(&database, "DROP TRIGGER users_count_insert").await;
        create(&first, "c").await;
        let second = open(&database.url).await;
        assert_counts(&second, 3, 2).await;
        create(&first, "d").await;
        assert_counts(&second, 4, 3).await;

        // As in a database of an earlier version.
        run(
            &database,
            "DROP TABLE user_counts; DROP TRIGGER users_count_insert; \
             DROP TRIGGER users_count_delete; DROP TRIGGER users_count_update; \
             DELETE FROM scieve_settings WHERE name = 'user_counts'",
        )
        .await;
        let third = open(&database.url).await;
        assert_counts(&third, 4, 3).await;
        run(&database, "DELETE FROM users WHERE subject = 'b'").await;
        assert_counts(&third, 3, 3).await;
    });
}

#[test]
fn mysql_counts_users_without_the_privilege_for_triggers() {
    require!(servers);
    block_on(async {
        let database = Database::mysql().await;
        let name = database.url.rsplit('/').next().unwrap();
        run(
            &database,
            &format!(
                "CREATE USER '{name}'@'%' IDENTIFIED BY 'secret'; \
                 GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES \
                 ON {name}.* TO '{name}'@'%'"
            ),
        )
        .await;
        let (_, host) = database.url.split_once('@').unwrap();
        let limited = format!("mysql://{name}:secret@{host}");
        let store = open(&limited).await;
        create(&store, "a").await;
        assert_counts(&store, 1, 1).await;

        // Another server may create them: they count what this one changes.
        let allowed = open(&database.url).await;
        create(&store, "b").await;
        assert_counts(&allowed, 2, 2).await;
        let reopened = open(&limited).await;
        assert_counts(&reopened, 2, 2).await;
        create(&reopened, "c").await;
        assert_counts(&open(&database.url).await, 3, 3).await;
    });
}
