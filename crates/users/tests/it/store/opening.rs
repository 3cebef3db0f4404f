//! Databases that are opened: tables that are made once, what outlives a process, and what is refused.

use super::block_on;
use crate::databases::Database;
use scieve_users::{
    Cursor, Direction, NewUser, Position, Query, Sort, SqlOptions, SqlStore, UserStore,
};
use sha2::Digest as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

const TENANT: &str = "t";

async fn open(database: &Database) -> Result<SqlStore, String> {
    SqlStore::connect(&database.url, SqlOptions::default().connections(4))
        .await
        .map_err(|error| error.to_string())
}

/// Runs statements behind the store's back.
async fn run(database: &Database, text: &str) {
    let (url, text) = (&database.url, sqlx::raw_sql(AssertSqlSafe(text.to_owned())));
    let done = match url.split(':').next().unwrap() {
        "sqlite" => sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc"))
            .await
            .unwrap()
            .execute(text)
            .await
            .map(drop),
        "postgres" => sqlx::PgConnection::connect(url).await.unwrap().execute(text).await.map(drop),
        _ => sqlx::MySqlConnection::connect(url).await.unwrap().execute(text).await.map(drop),
    };
    done.unwrap_or_else(|error| panic!("{error}"));
}

async fn refused(database: &Database, expected: &str) {
    match open(database).await {
        Ok(_) => panic!("opened, in place of: {expected}"),
        Err(message) => assert!(message.contains(expected), "{message}"),
    }
}

/// A second start finds what the first has left; cursors of the one are good for the other.
pub(crate) async fn outlives(database: Database) {
    let first = open(&database).await.unwrap();
    let mut made = Vec::new();
    for subject in ["a", "b", "ç"] {
        made.push(
            first
                .create(TENANT, NewUser { subject: subject.into(), ..NewUser::default() })
                .await
                .unwrap(),
        );
    }
    let sort = Sort::default();
    let cursor = Cursor::new(sort, Direction::Next, Position::of(&made[0], sort), None)
        .encode(&first.cursor_key(), TENANT);
    first.close().await;
    let (second, third) = (open(&database).await.unwrap(), open(&database).await.unwrap());
    for store in [&second, &third] {
        for user in &made {
            assert_eq!(store.get(TENANT, &user.id).await.as_ref(), Ok(user));
        }
        let read = Cursor::decode(&cursor, &store.cursor_key(), TENANT).unwrap();
        let page = store
            .list(TENANT, &Query { window: read.window(), limit: 5, ..Query::default() })
            .await
            .unwrap();
        assert_eq!(page.users, made[1..]);
    }
    let other =
        second.create(TENANT, NewUser { subject: "d".into(), ..NewUser::default() }).await.unwrap();
    assert_eq!(third.get(TENANT, &other.id).await, Ok(other));
}

/// Servers that start at once make the tables once.
pub(crate) async fn together(database: Database) {
    let (a, b, c, d) =
        tokio::join!(open(&database), open(&database), open(&database), open(&database));
    let stores = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()];
    let position = Position { key: "1a".into(), id: "7".into() };
    let cursor = Cursor::new(Sort::default(), Direction::Next, position, None);
    let text = cursor.encode(&stores[0].cursor_key(), TENANT);
    for store in &stores {
        assert_eq!(Cursor::decode(&text, &store.cursor_key(), TENANT), Ok(cursor.clone()));
        store.count(TENANT).await.unwrap();
    }
}

/// Books that do not say what they should.
pub(crate) async fn books(database: Database) {
    open(&database).await.unwrap().close().await;
    for (wrong, right, message) in [
        (
            "UPDATE scieve_migrations SET name = 'users', checksum = 'x' WHERE version = 1",
            "",
            "has had another migration 1 (`users`, SHA-256 x)",
        ),
        ("", "", ""),
        (
            "INSERT INTO scieve_migrations (version, name, checksum, done) VALUES (2, 'later', 'x', 1)",
            "DELETE FROM scieve_migrations WHERE version = 2",
            "has had migration 2 (`later`), which this program does not know: use a newer scieve",
        ),
        (
            "UPDATE scieve_migrations SET done = 0",
            "UPDATE scieve_migrations SET done = 1",
            "migration 1 (`users`) was begun and not ended",
        ),
        (
            "UPDATE scieve_settings SET value = 'older' WHERE name = 'fold_version'",
            "",
            "the keys of the users were made by `older`",
        ),
        // Where there are no users, they are made by this one.
        ("DELETE FROM scieve_settings WHERE name = 'fold_version'", "", ""),
        (
            "UPDATE scieve_settings SET value = 'short' WHERE name = 'cursor_key'",
            "DELETE FROM scieve_settings WHERE name = 'cursor_key'",
            "`cursor_key` of `scieve_settings` is too short",
        ),
    ] {
        if wrong.is_empty() {
            // The checksum as it was.
            run(&database, "DELETE FROM scieve_migrations; DELETE FROM scieve_settings").await;
            refused(&database, "migration 1 (`users`) failed").await;
            let text = match database.url.split(':').next().unwrap() {
                "sqlite" => {
                    include_bytes!("../../../../../crates/users/migrations/sqlite/0001_users.sql")
                        .as_slice()
                }
                "postgres" => {
                    include_bytes!("../../../../../crates/users/migrations/postgres/0001_users.sql")
                        .as_slice()
                }
                _ => include_bytes!("../../../../../crates/users/migrations/mysql/0001_users.sql")
                    .as_slice(),
            };
            let sum: String =
                sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
            run(&database, "DELETE FROM scieve_migrations").await;
            run(&database, &format!("INSERT INTO scieve_migrations (version, name, checksum, done) VALUES (1, 'users', '{sum}', 1)")).await;
            open(&database).await.unwrap().close().await;
            continue;
        }
        run(&database, wrong).await;
        match message.is_empty() {
            true => open(&database).await.unwrap().close().await,
            false => refused(&database, message).await,
        }
        if !right.is_empty() {
            run(&database, right).await;
            open(&database).await.unwrap().close().await;
        }
    }
    let store = open(&database).await.unwrap();
    store.create(TENANT, NewUser { subject: "a".into(), ..NewUser::default() }).await.unwrap();
    run(&database, "DELETE FROM scieve_settings WHERE name = 'fold_version'").await;
    refused(&database, "`scieve_settings` does not say by which `fold_version`").await;
}

/// A column that compares in another way, put there by these statements.
pub(crate) async fn column(database: Database, change: &str, message: &str) {
    let store = open(&database).await.unwrap();
    store.create(TENANT, NewUser { subject: "a".into(), ..NewUser::default() }).await.unwrap();
    store.close().await;
    run(&database, change).await;
    refused(&database, message).await;
}

mod sqlite {
    use super::{Database, block_on, books, column, outlives, run, together};

    #[test]
    fn users_and_cursors_outlive_the_process() {
        block_on(outlives(Database::sqlite()));
    }

    #[test]
    fn servers_that_start_at_once_make_the_tables_once() {
        for _ in 0..5 {
            block_on(together(Database::sqlite()));
        }
    }

    #[test]
    fn wrong_books_are_refused() {
        block_on(books(Database::sqlite()));
    }

    #[test]
    fn wrong_columns_are_refused() {
        for collation in ["NOCASE", "RTRIM"] {
            let again = format!(
                "DROP TABLE user_scopes; CREATE TABLE user_scopes (tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, idx INTEGER NOT NULL, \
                 scope TEXT NOT NULL, scope_f TEXT COLLATE {collation} NOT NULL, PRIMARY KEY (tenant_id, user_id, idx))"
            );
            block_on(column(
                Database::sqlite(),
                &again,
                "the column `scope_f` of `user_scopes` does not compare texts by their bytes",
            ));
        }
    }

    #[test]
    fn wrong_encodings_are_refused() {
        let database = Database::sqlite();
        block_on(run(&database, "PRAGMA encoding = 'UTF-16'; CREATE TABLE other (a)"));
        block_on(super::refused(&database, "the encoding of the database is UTF-16"));
    }
}

mod postgres {
    use super::{Database, block_on, books, column, open, outlives, refused, together};

    #[test]
    fn users_and_cursors_outlive_the_process() {
        crate::databases::require!(servers);
        block_on(async { outlives(Database::postgres().await).await });
    }

    #[test]
    fn servers_that_start_at_once_make_the_tables_once() {
        crate::databases::require!(servers);
        block_on(async { together(Database::postgres().await).await });
    }

    #[test]
    fn wrong_books_are_refused() {
        crate::databases::require!(servers);
        block_on(async { books(Database::postgres().await).await });
    }

    #[test]
    fn wrong_columns_are_refused() {
        crate::databases::require!(servers);
        for (table, column_name) in
            [("users", "name_sort"), ("users", "id"), ("user_group_roles", "name_f")]
        {
            let change = format!(
                "ALTER TABLE {table} ALTER COLUMN {column_name} TYPE text COLLATE \"und-x-icu\""
            );
            let message = format!(
                "the column `{column_name}` of `{table}` does not compare texts by their bytes"
            );
            let change = if column_name == "id" {
                // What refers to it goes along.
                let children = ["user_roles", "user_groups", "user_group_roles", "user_scopes"];
                let free: String = children
                    .iter()
                    .map(|child| {
                        format!(
                            "ALTER TABLE {child} DROP CONSTRAINT {child}_tenant_id_user_id_fkey;"
                        )
                    })
                    .collect();
                free + &change
            } else {
                change
            };
            block_on(async { column(Database::postgres().await, &change, &message).await });
        }
    }

    #[test]
    fn wrong_encodings_are_refused() {
        crate::databases::require!(servers);
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let options =
                format!("ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
            block_on(async {
                let database = Database::postgres_with(&options).await;
                refused(&database, &format!("the encoding of the database is {encoding}")).await;
            });
        }
        // Any order of texts will do for the database: the columns have their own.
        block_on(async {
            open(
                &Database::postgres_with("LOCALE_PROVIDER icu ICU_LOCALE 'de' TEMPLATE template0")
                    .await,
            )
            .await
            .unwrap()
        });
    }
}

mod mysql {
    use super::{Database, block_on, books, column, outlives, together};

    #[test]
    fn users_and_cursors_outlive_the_process() {
        crate::databases::require!(servers);
        block_on(async { outlives(Database::mysql().await).await });
    }

    #[test]
    fn servers_that_start_at_once_make_the_tables_once() {
        crate::databases::require!(servers);
        block_on(async { together(Database::mysql().await).await });
    }

    #[test]
    fn wrong_books_are_refused() {
        crate::databases::require!(servers);
        block_on(async { books(Database::mysql().await).await });
    }

    #[test]
    fn wrong_columns_are_refused() {
        crate::databases::require!(servers);
        for collation in ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci"] {
            let change = format!(
                "ALTER TABLE users MODIFY name_f VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {collation} NOT NULL"
            );
            let message = "the column `name_f` of `users` does not compare texts by their bytes";
            block_on(async { column(Database::mysql().await, &change, message).await });
        }
    }
}
