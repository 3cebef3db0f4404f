//! Connecting to databases: migration, durability, and rejection of databases that the program
//! cannot use.

use super::block_on;
use crate::databases::Database;
use scieve_users::{
    Cursor, Direction, NewUser, Position, Query, Sort, SortKey, SqlOptions, SqlStore, StoreError,
    User, UserStore,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

const TENANT: &str = "t";

async fn open(database: &Database) -> Result<SqlStore, String> {
    SqlStore::connect(&database.url, SqlOptions::default().connections(4))
        .await
        .map_err(|error| error.to_string())
}

/// Runs statements on a connection of their own.
pub(super) async fn run(database: &Database, sql: &str) {
    let (url, sql) = (&database.url, sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
    let result = match url.split(':').next().unwrap() {
        "sqlite" => sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc"))
            .await
            .unwrap()
            .execute(sql)
            .await
            .map(drop),
        "postgres" => sqlx::PgConnection::connect(url).await.unwrap().execute(sql).await.map(drop),
        _ => sqlx::MySqlConnection::connect(url).await.unwrap().execute(sql).await.map(drop),
    };
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Checks that connecting fails with a message that contains `expected`.
async fn assert_rejected(database: &Database, expected: &str) {
    match open(database).await {
        Ok(_) => panic!("connected, expected: {expected}"),
        Err(message) => assert!(message.contains(expected), "{message}"),
    }
}

/// Checks that stores opened later have the users of the first, and accept its cursors.
pub(crate) async fn durable_users_and_cursors(database: Database) {
    let first = open(&database).await.unwrap();
    let mut created = Vec::new();
    for subject in ["a", "b", "ç"] {
        created.push(
            first
                .create(TENANT, NewUser { subject: subject.into(), ..NewUser::default() })
                .await
                .unwrap(),
        );
    }
    let sort = Sort::default();
    let cursor = Cursor::new(sort, Direction::Next, Position::of(&created[0], sort), None)
        .encode(&first.cursor_key(), TENANT);
    first.close().await;
    let (second, third) = (open(&database).await.unwrap(), open(&database).await.unwrap());
    for store in [&second, &third] {
        for user in &created {
            assert_eq!(store.get(TENANT, &user.id).await.as_ref(), Ok(user));
        }
        let decoded = Cursor::decode(&cursor, &store.cursor_key(), TENANT).unwrap();
        let page = store
            .list(TENANT, &Query { window: decoded.window(), limit: 5, ..Query::default() })
            .await
            .unwrap();
        assert_eq!(page.users, created[1..]);
    }
    let other =
        second.create(TENANT, NewUser { subject: "d".into(), ..NewUser::default() }).await.unwrap();
    assert_eq!(third.get(TENANT, &other.id).await, Ok(other));
}

/// Checks that stores opened concurrently on an empty database share its tables and settings.
pub(crate) async fn concurrent_starts(database: Database) {
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

/// Each change of the recorded migrations and settings, the error that it causes, and its reversal.
const CHANGES: [(&str, &str, &str); 7] = [
    (
        "UPDATE _sqlx_migrations SET version = 9 WHERE version = 2",
        "migration 9 of the database is unknown to this version of scieve: use a newer one",
        "UPDATE _sqlx_migrations SET version = 2 WHERE version = 9",
    ),
    (
        "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1",
        "migration 1 (`users`) of the database has another checksum than that of this program",
        "UPDATE _sqlx_migrations SET checksum = \
         (SELECT checksum FROM copy_of_migrations WHERE version = 1) WHERE version = 1",
    ),
    (
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 2",
        "migration 2 of the database is incomplete",
        "UPDATE _sqlx_migrations SET success = TRUE",
    ),
    (
        "DELETE FROM _sqlx_migrations",
        "migration 1 (`users`) failed",
        "DELETE FROM _sqlx_migrations; \
         INSERT INTO _sqlx_migrations SELECT * FROM copy_of_migrations",
    ),
    (
        "UPDATE scieve_settings SET value = 'older' WHERE name = 'fold_version'",
        "the key columns were computed by `older`",
        // Without users the fold version is that of this program.
        "DELETE FROM scieve_settings WHERE name = 'fold_version'",
    ),
    (
        "UPDATE scieve_settings SET value = 'short' WHERE name = 'cursor_key'",
        "`cursor_key` of `scieve_settings` is too short",
        "DELETE FROM scieve_settings WHERE name = 'cursor_key'",
    ),
    (
        "INSERT INTO _sqlx_migrations SELECT 9, description, installed_on, success, checksum, \
         execution_time FROM copy_of_migrations WHERE version = 1",
        "migration 9 of the database is unknown to this version of scieve: use a newer one",
        "DELETE FROM _sqlx_migrations WHERE version = 9",
    ),
];

/// Checks that inconsistent tables of migrations and settings are rejected.
pub(crate) async fn changed_migrations(database: Database) {
    open(&database).await.unwrap().close().await;
    run(&database, "CREATE TABLE copy_of_migrations AS SELECT * FROM _sqlx_migrations").await;
    for (change, message, reversal) in CHANGES {
        run(&database, change).await;
        assert_rejected(&database, message).await;
        run(&database, reversal).await;
        open(&database).await.unwrap().close().await;
    }
    let store = open(&database).await.unwrap();
    store.create(TENANT, NewUser { subject: "a".into(), ..NewUser::default() }).await.unwrap();
    run(&database, "DELETE FROM scieve_settings WHERE name = 'fold_version'").await;
    assert_rejected(&database, "`scieve_settings` has no `fold_version`").await;
}

/// Migration 1, and the table of applied migrations and the checksum of the first one, as scieve
/// wrote them before it used the table of sqlx.
fn old_migrations(database: &Database) -> (&'static str, &'static str, &'static str) {
    match database.url.split(':').next().unwrap() {
        "sqlite" => (
            include_str!("../../../migrations/sqlite/0001_users.sql"),
            "CREATE TABLE scieve_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, \
             checksum TEXT NOT NULL, done INTEGER NOT NULL)",
            "16768d9f44367e9bd331d89ee507b9972ebbd3bbd3d9fc7becffa59cacdc7b5f",
        ),
        "postgres" => (
            include_str!("../../../migrations/postgres/0001_users.sql"),
            "CREATE TABLE scieve_migrations (version bigint PRIMARY KEY, name text NOT NULL, \
             checksum text NOT NULL, done bigint NOT NULL)",
            "3d99d51902f46afdbd21d671491ea1ea147174311e06dc603d4eadd4b0b54c17",
        ),
        _ => (
            include_str!("../../../migrations/mysql/0001_users.sql"),
            "CREATE TABLE scieve_migrations (version BIGINT PRIMARY KEY, name VARBINARY(64) NOT NULL, \
             checksum VARBINARY(64) NOT NULL, done BIGINT NOT NULL) ENGINE = InnoDB",
            "e3919e1e0a13e2e8b54f2015e96b0e718d02d3e230f6f2f090cc1ba329f299cd",
        ),
    }
}

/// Users in the tables of migration 1: one with roles, groups and scopes, one without, and one of
/// another tenant with the same id. A tenant may have roles and groups alone.
const OLD_USERS: &str = r#"
INSERT INTO users (tenant_id, id, id_f, id_sort, subject, subject_f, subject_sort, live_subject,
    name, name_f, name_sort, email, email_f, email_sort, status, status_f, status_sort, client_id,
    client_id_f, client_id_sort, created_at, created_at_sort, last_updated_at, invite_expiry_sort)
VALUES
    ('t', 'A1', 'a1', '1a1', 'auth|1', 'auth|1', '1auth|1', 'auth|1', 'Ännä', 'ännä', '1ännä',
     'a@x.example', 'a@x.example', '1a@x.example', 'active', 'active', '1active', NULL, NULL, '2',
     1000, '109223372036854776808', 2000, '2'),
    ('t', 'b2', 'b2', '1b2', 'auth|2', 'auth|2', '1auth|2', 'auth|2', 'Bob', 'bob', '1bob',
     NULL, NULL, '2', 'active', 'active', '1active', NULL, NULL, '2',
     3000, '109223372036854778808', 4000, '2'),
    ('other', 'A1', 'a1', '1a1', 'auth|1', 'auth|1', '1auth|1', NULL, 'Cid', 'cid', '1cid',
     NULL, NULL, '2', 'deleted', 'deleted', '1deleted', NULL, NULL, '2',
     5000, '109223372036854780808', 6000, '2');
INSERT INTO user_roles (tenant_id, user_id, idx, role_id, role_id_f, name, name_f, kind, level)
VALUES ('t', 'A1', 1, 'r2', 'r2', 'Qu"ote', 'qu"ote', 'custom', 'user'),
    ('t', 'A1', 0, 'R1', 'r1', 'TenantAdmin', 'tenantadmin', 'default', 'admin');
INSERT INTO user_groups (tenant_id, user_id, idx, group_id, group_id_f, name, provider_type)
VALUES ('t', 'A1', 0, 'g1', 'g1', 'Fi\nance', 'idp'), ('t', 'A1', 1, 'g2', 'g2', 'Ops', NULL);
INSERT INTO user_group_roles (tenant_id, user_id, idx, group_idx, role_id, name, name_f, kind, level)
VALUES ('t', 'A1', 0, 0, 'r3', 'Éditeur', 'éditeur', 'custom', 'user'),
    ('t', 'A1', 1, 1, 'r4', 'x', 'x', 'custom', 'user');
INSERT INTO user_scopes (tenant_id, user_id, idx, scope, scope_f)
VALUES ('t', 'A1', 0, 'Read', 'read'), ('t', 'A1', 1, 'write', 'write'),
    ('other', 'A1', 0, 'read', 'read');
INSERT INTO roles (tenant_id, id, idx, name, kind, level)
VALUES ('t', 'R1', 0, 'TenantAdmin', 'default', 'admin'), ('empty', 'R1', 0, 'x', 'custom', 'user');
INSERT INTO GROUPS (tenant_id, id, idx, name, provider_type)
VALUES ('t', 'g1', 0, 'Fi\nance', 'idp'), ('grouped', 'g1', 0, 'x', NULL);
INSERT INTO group_roles (tenant_id, group_id, idx, role_id, name, kind, level)
VALUES ('t', 'g1', 0, 'r3', 'Éditeur', 'custom', 'user');
INSERT INTO tenants (tenant_id, version) VALUES ('t', 5), ('locked', 1);
"#;

/// [`OLD_USERS`].
fn old_users() -> [User; 2] {
    serde_json::from_value(serde_json::json!([
        {
            "tenantId": "t", "id": "A1", "subject": "auth|1", "name": "Ännä",
            "email": "a@x.example", "status": "active",
            "createdAt": "1970-01-01T00:00:01.000Z", "lastUpdatedAt": "1970-01-01T00:00:02.000Z",
            "assignedRoles": [
                { "id": "R1", "name": "TenantAdmin", "type": "default", "level": "admin" },
                { "id": "r2", "name": "Qu\"ote", "type": "custom", "level": "user" },
            ],
            "assignedGroups": [
                {
                    "id": "g1", "name": "Fi\nance", "providerType": "idp",
                    "assignedRoles":
                        [{ "id": "r3", "name": "Éditeur", "type": "custom", "level": "user" }],
                },
                {
                    "id": "g2", "name": "Ops",
                    "assignedRoles":
                        [{ "id": "r4", "name": "x", "type": "custom", "level": "user" }],
                },
            ],
            "assignedScopes": ["Read", "write"],
        },
        {
            "tenantId": "t", "id": "b2", "subject": "auth|2", "name": "Bob", "status": "active",
            "createdAt": "1970-01-01T00:00:03.000Z", "lastUpdatedAt": "1970-01-01T00:00:04.000Z",
        },
    ]))
    .unwrap()
}

/// A database of the first version opens with all its users, and has the table of sqlx afterwards.
pub(crate) async fn adopted_migrations(database: Database) {
    let (tables, applied, checksum) = old_migrations(&database);
    let insert = format!(
        "INSERT INTO scieve_migrations (version, name, checksum, done) \
         VALUES (1, 'users', '{checksum}', 1)"
    );
    // A real line break, which only MySQL reads from an escape.
    let users = OLD_USERS.replace("\\n", "\n");
    let is_mysql = database.url.starts_with("mysql");
    let users = users.replace("GROUPS", if is_mysql { "`groups`" } else { "\"groups\"" });
    let settings = format!(
        "INSERT INTO scieve_settings (name, value) VALUES ('fold_version', '{}')",
        scieve::FOLD_VERSION
    );
    run(&database, &format!("{tables} {applied}; {insert}; {users} {settings}")).await;
    for (change, message, reversal) in [
        (
            "UPDATE scieve_migrations SET checksum = 'x'",
            "migration 1 (`users`) of the database has another checksum than that of this program",
            &*format!("UPDATE scieve_migrations SET checksum = '{checksum}'"),
        ),
        (
            "UPDATE scieve_migrations SET done = 0",
            "migration 1 of the database is incomplete",
            "UPDATE scieve_migrations SET done = 1",
        ),
        (
            "UPDATE scieve_migrations SET version = 2",
            "migration 2 (`documents`) of the database has another checksum",
            "UPDATE scieve_migrations SET version = 1",
        ),
    ] {
        run(&database, change).await;
        assert_rejected(&database, message).await;
        run(&database, reversal).await;
    }
    // The second round has the row in both tables, as after a crash between insert and drop.
    for _ in 0..2 {
        let store = open(&database).await.unwrap();
        for user in old_users() {
            assert_eq!(store.get("t", &user.id).await.as_deref(), Ok(&user));
        }
        assert_eq!(store.get("other", "A1").await, Err(StoreError::NotFound));
        assert_eq!((store.count("t").await, store.count("other").await), (Ok(2), Ok(0)));
        let group = &old_users()[0].assigned_groups[0];
        assert_eq!(store.groups("t").await.as_deref(), Ok(std::slice::from_ref(group)));
        let role = &old_users()[0].assigned_roles[0];
        assert_eq!(store.roles("t").await.as_deref(), Ok(std::slice::from_ref(role)));
        assert_eq!(store.roles("empty").await.unwrap().len(), 1);
        assert_eq!(store.groups("grouped").await.unwrap().len(), 1);
        let filters = [
            "assignedRoles.name eq \"QU\\\"OTE\"",
            "assignedGroups.id eq \"G2\"",
            "assignedScopes eq \"read\"",
            "name eq \"ÄNNÄ\"",
        ];
        for filter in filters {
            let plan = scieve_users::policy().parse(filter).unwrap();
            let query = Query { limit: 5, ..Query::matching(Some(&plan)) };
            let page = store.list("t", &query).await.unwrap();
            assert_eq!(page.users.len(), 1, "{filter}");
            assert_eq!(page.users[0].id, "A1", "{filter}");
        }
        for key in SortKey::ALL {
            let sort = Sort { key, descending: false };
            let query = Query { limit: 5, sort, ..Query::default() };
            let page = store.list("t", &query).await.unwrap();
            let ids: Vec<&str> = page.users.iter().map(|user| &*user.id).collect();
            let expected = if key == SortKey::Name { ["b2", "A1"] } else { ["A1", "b2"] };
            assert_eq!(ids, expected, "{key:?}");
        }
        store.close().await;
        // Fails if there is a table of that name.
        run(&database, &format!("{applied}; {insert}")).await;
    }
    open(&database).await.unwrap();
}

/// A store whose cached number of a tenant was lost, as by a fail-over, assigns another one.
pub(crate) async fn lost_numbers(database: Database) {
    let store = open(&database).await.unwrap();
    let other = open(&database).await.unwrap();
    assert_eq!(other.count(TENANT).await, Ok(0));
    let new = NewUser { subject: "a".into(), ..NewUser::default() };
    store.create(TENANT, new.clone()).await.unwrap();
    assert_eq!(other.count(TENANT).await, Ok(1));
    run(&database, "DELETE FROM users; DELETE FROM tenants").await;
    for taken in [false, true] {
        // No tenant has the number, or another store has assigned a new one.
        let store = if taken { &other } else { &store };
        let subject = format!("{taken}");
        let user = store.create(TENANT, NewUser { subject, ..NewUser::default() }).await.unwrap();
        let fresh = open(&database).await.unwrap();
        assert_eq!(fresh.get(TENANT, &user.id).await, Ok(user));
        assert_eq!(fresh.count(TENANT).await, Ok(1 + u64::from(taken)));
    }
    let users = vec![User { tenant_id: TENANT.into(), ..old_users()[1].clone() }];
    run(&database, "DELETE FROM users; DELETE FROM tenants").await;
    store.load(TENANT, Vec::new(), Vec::new(), users).await.unwrap();
    assert_eq!(open(&database).await.unwrap().count(TENANT).await, Ok(1));
}

/// Checks that a column with another collation, which the statements create, is rejected.
pub(crate) async fn wrong_collation(database: Database, change: &str, message: &str) {
    let store = open(&database).await.unwrap();
    store.create(TENANT, NewUser { subject: "a".into(), ..NewUser::default() }).await.unwrap();
    store.close().await;
    run(&database, change).await;
    assert_rejected(&database, message).await;
}

mod sqlite {
    use super::{
        Database, adopted_migrations, block_on, changed_migrations, concurrent_starts,
        durable_users_and_cursors, lost_numbers, run, wrong_collation,
    };

    #[test]
    fn users_and_cursors_are_durable() {
        block_on(durable_users_and_cursors(Database::sqlite()));
    }

    #[test]
    fn concurrent_starts_create_the_tables_once() {
        for _ in 0..5 {
            block_on(concurrent_starts(Database::sqlite()));
        }
    }

    #[test]
    fn changed_migrations_are_rejected() {
        block_on(changed_migrations(Database::sqlite()));
    }

    #[test]
    fn lost_numbers_of_tenants_are_replaced() {
        block_on(lost_numbers(Database::sqlite()));
    }

    #[test]
    fn former_migrations_are_adopted() {
        block_on(adopted_migrations(Database::sqlite()));
    }

    #[test]
    fn other_collations_of_columns_are_rejected() {
        for collation in ["NOCASE", "RTRIM"] {
            let recreate = format!(
                "DROP TABLE user_scopes; CREATE TABLE user_scopes (user_number INTEGER NOT NULL, tenant INTEGER NOT NULL, idx INTEGER NOT NULL, \
                 scope_f TEXT COLLATE {collation} NOT NULL, PRIMARY KEY (user_number, idx))"
            );
            block_on(wrong_collation(
                Database::sqlite(),
                &recreate,
                "column `scope_f` of `user_scopes` does not compare strings byte by byte",
            ));
        }
    }

    #[test]
    fn other_encodings_are_rejected() {
        let database = Database::sqlite();
        block_on(run(&database, "PRAGMA encoding = 'UTF-16'; CREATE TABLE other (a)"));
        block_on(super::assert_rejected(&database, "the encoding of the database is UTF-16"));
    }
}

mod postgres {
    use super::{
        Database, adopted_migrations, assert_rejected, block_on, changed_migrations,
        concurrent_starts, durable_users_and_cursors, lost_numbers, open, run, wrong_collation,
    };
    use scieve_users::UserStore as _;

    #[test]
    fn users_and_cursors_are_durable() {
        crate::databases::require!(servers);
        block_on(async { durable_users_and_cursors(Database::postgres().await).await });
    }

    #[test]
    fn concurrent_starts_create_the_tables_once() {
        crate::databases::require!(servers);
        block_on(async { concurrent_starts(Database::postgres().await).await });
    }

    #[test]
    fn changed_migrations_are_rejected() {
        crate::databases::require!(servers);
        block_on(async { changed_migrations(Database::postgres().await).await });
    }

    #[test]
    fn lost_numbers_of_tenants_are_replaced() {
        crate::databases::require!(servers);
        block_on(async { lost_numbers(Database::postgres().await).await });
    }

    #[test]
    fn former_migrations_are_adopted() {
        crate::databases::require!(servers);
        block_on(async { adopted_migrations(Database::postgres().await).await });
    }

    #[test]
    fn a_migrated_database_needs_no_privilege_to_create() {
        crate::databases::require!(servers);
        block_on(async {
            let database = Database::postgres().await;
            open(&database).await.unwrap().close().await;
            let (server, name) = database.url.rsplit_once('/').unwrap();
            let grant = format!(
                "CREATE ROLE {name}_user LOGIN; \
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}_user"
            );
            run(&database, &grant).await;
            let (_, host) = server.rsplit_once('@').unwrap();
            let url = format!("postgres://{name}_user@{host}/{name}");
            let options = scieve_users::SqlOptions::default();
            scieve_users::SqlStore::connect(&url, options).await.unwrap();
        });
    }

    #[test]
    fn other_collations_of_columns_are_rejected() {
        crate::databases::require!(servers);
        for (table, column_name) in
            [("users", "email_sort"), ("users", "id"), ("user_group_roles", "name_f")]
        {
            let change = format!(
                "ALTER TABLE {table} ALTER COLUMN {column_name} TYPE text COLLATE \"und-x-icu\""
            );
            let message = format!(
                "column `{column_name}` of `{table}` does not compare strings byte by byte"
            );
            block_on(async {
                wrong_collation(Database::postgres().await, &change, &message).await
            });
        }
    }

    #[test]
    fn other_encodings_are_rejected() {
        crate::databases::require!(servers);
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let options =
                format!("ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
            block_on(async {
                let database = Database::postgres_with(&options).await;
                assert_rejected(&database, &format!("the encoding of the database is {encoding}"))
                    .await;
            });
        }
        // The default collation of the database does not matter, as each column has its own.
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
    use super::{
        Database, adopted_migrations, block_on, changed_migrations, concurrent_starts,
        durable_users_and_cursors, lost_numbers, wrong_collation,
    };

    #[test]
    fn users_and_cursors_are_durable() {
        crate::databases::require!(servers);
        block_on(async { durable_users_and_cursors(Database::mysql().await).await });
    }

    #[test]
    fn concurrent_starts_create_the_tables_once() {
        crate::databases::require!(servers);
        block_on(async { concurrent_starts(Database::mysql().await).await });
    }

    #[test]
    fn changed_migrations_are_rejected() {
        crate::databases::require!(servers);
        block_on(async { changed_migrations(Database::mysql().await).await });
    }

    #[test]
    fn lost_numbers_of_tenants_are_replaced() {
        crate::databases::require!(servers);
        block_on(async { lost_numbers(Database::mysql().await).await });
    }

    #[test]
    fn former_migrations_are_adopted() {
        crate::databases::require!(servers);
        block_on(async { adopted_migrations(Database::mysql().await).await });
    }

    #[test]
    fn other_collations_of_columns_are_rejected() {
        crate::databases::require!(servers);
        for collation in ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci"] {
            let change = format!(
                "ALTER TABLE users MODIFY name_f VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {collation} NOT NULL"
            );
            let message = "column `name_f` of `users` does not compare strings byte by byte";
            block_on(async { wrong_collation(Database::mysql().await, &change, message).await });
        }
    }
}
