//! Migrations and settings of the database, applied when a store is opened.
//!
//! Migrations are applied and recorded by sqlx, in its table `_sqlx_migrations`, so that `sqlx
//! migrate info` works. The loop over them is here and not `sqlx::migrate::Migrator`, for two
//! reasons: `Migrator` waits for its lock without a time-out, and it begins with `CREATE TABLE IF
//! NOT EXISTS`, which in PostgreSQL needs a privilege that a server needs on its first start only.

use super::connection::{Backend, Connection, TxMode};
use super::error::{ConnectError, DbError};
use super::memberships::insert_rows;
use super::statement::{Statement, one};
use scieve::FOLD_VERSION;
use scieve::sql::Dialect;
use sea_query::{Expr, ExprTrait as _, SelectStatement};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType};
use std::time::{Duration, Instant};

/// sqlx's table of applied migrations.
const APPLIED: &str = "_sqlx_migrations";
/// The table of applied migrations before scieve used that of sqlx.
const OLD_APPLIED: &str = "scieve_migrations";
/// The SHA-256 digests of migration 1 in [`OLD_APPLIED`].
const OLD_CHECKSUMS: [&str; 3] = [
    // PostgreSQL, MySQL, SQLite
    "3d99d51902f46afdbd21d671491ea1ea147174311e06dc603d4eadd4b0b54c17",
    "e3919e1e0a13e2e8b54f2015e96b0e718d02d3e230f6f2f090cc1ba329f299cd",
    "16768d9f44367e9bd331d89ee507b9972ebbd3bbd3d9fc7becffa59cacdc7b5f",
];

/// Maximum time to wait for another server that migrates the same database.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// The key is arbitrary.
const POSTGRES_LOCK: &str = "SELECT pg_try_advisory_xact_lock(7283465021)";
/// Locks are named per server, not per database. A name has at most 64 characters.
const MYSQL_LOCK: &str = "SELECT GET_LOCK(CONCAT('scieve ', MD5(DATABASE())), 0)";
const MYSQL_UNLOCK: &str = "SELECT RELEASE_LOCK(CONCAT('scieve ', MD5(DATABASE())))";

/// Selects a row for each of the three trigram indexes that exists.
const POSTGRES_TRIGRAMS: &str = "SELECT 1 FROM pg_class WHERE oid IN (to_regclass('users_name_trigrams'), \
    to_regclass('users_email_trigrams'), to_regclass('users_subject_trigrams'))";
/// The settings of a transaction of PostgreSQL that builds indexes, which takes longer than a
/// statement of a request may. The memory is for one sort.
pub(super) const POSTGRES_BUILD: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '256MB'";

/// The migrations of a database. A released migration must not be changed.
fn migrations(dialect: Dialect) -> Vec<Migration> {
    let (users, documents, numbers) = match dialect {
        Dialect::Postgres => (
            include_str!("../../migrations/postgres/0001_users.sql"),
            include_str!("../../migrations/postgres/0002_documents.sql"),
            include_str!("../../migrations/postgres/0003_numbers.sql"),
        ),
        Dialect::MySql => (
            include_str!("../../migrations/mysql/0001_users.sql"),
            include_str!("../../migrations/mysql/0002_documents.sql"),
            include_str!("../../migrations/mysql/0003_numbers.sql"),
        ),
        Dialect::Sqlite => (
            include_str!("../../migrations/sqlite/0001_users.sql"),
            include_str!("../../migrations/sqlite/0002_documents.sql"),
            include_str!("../../migrations/sqlite/0003_numbers.sql"),
        ),
    };
    let migration = |version, name: &'static str, sql: &'static str| {
        let sql = sql.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    let mut all = vec![
        migration(1, "users", users),
        migration(2, "documents", documents),
        migration(3, "numbers", numbers),
    ];
    match dialect {
        Dialect::Sqlite => {
            let trigrams = include_str!("../../migrations/sqlite/0004_trigrams.sql");
            all.push(migration(4, "trigrams", trigrams));
            let counts = include_str!("../../migrations/sqlite/0005_counts.sql");
            all.push(migration(5, "counts", counts));
        }
        Dialect::Postgres => {
            let counts = include_str!("../../migrations/postgres/0005_counts.sql");
            all.push(migration(5, "counts", counts));
        }
        Dialect::MySql => {}
    }
    all
}

/// Applies missing migrations and returns the secret of the cursors.
///
/// Servers that start at the same time do this one after the other: under an advisory lock in
/// PostgreSQL and MySQL, as the only writer in SQLite.
pub(super) async fn migrate(backend: &dyn Backend) -> Result<String, ConnectError> {
    match backend.dialect() {
        // DDL commits implicitly, so there is no transaction. sqlx records a migration as failed
        // before it runs it, and as successful afterwards.
        Dialect::MySql => {
            let mut connection = backend.connection().await?;
            lock_mysql(&mut *connection).await?;
            let secret = migrate_locked(&mut *connection).await;
            unlock_mysql(&mut *connection).await?;
            secret
        }
        dialect => {
            let mut transaction = backend.begin(TxMode::Write).await?;
            if dialect == Dialect::Postgres {
                lock(&mut *transaction, POSTGRES_LOCK).await?;
            }
            let secret = migrate_locked(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(secret)
        }
    }
}

/// Waits until no other server changes the tables of MySQL.
pub(super) async fn lock_mysql(connection: &mut dyn Connection) -> Result<(), ConnectError> {
    lock(connection, MYSQL_LOCK).await
}

pub(super) async fn unlock_mysql(connection: &mut dyn Connection) -> Result<(), ConnectError> {
    connection.fetch_statement(Statement::constant(MYSQL_UNLOCK)).await?;
    Ok(())
}

/// Retries until the lock is taken. Waiting in the database would be bounded by the time-out of
/// statements or of locks, and not by [`LOCK_TIMEOUT`].
async fn lock(connection: &mut dyn Connection, try_lock: &'static str) -> Result<(), ConnectError> {
    let start = Instant::now();
    loop {
        let row = connection.fetch_statement(Statement::constant(try_lock)).await?.pop();
        if row.map(|mut row| row.integer()).transpose()? == Some(1) {
            return Ok(());
        }
        if start.elapsed() >= LOCK_TIMEOUT {
            return Err(ConnectError::new(format!(
                "another server has been migrating the database for {} s",
                LOCK_TIMEOUT.as_secs()
            )));
        }
        tokio::time::sleep(LOCK_RETRY).await;
    }
}

async fn migrate_locked(connection: &mut dyn Connection) -> Result<String, ConnectError> {
    let migrations = migrations(connection.dialect());
    if !exists(connection, APPLIED).await? {
        connection.migrate().ensure_migrations_table(APPLIED).await.map_err(plain)?;
    }
    if exists(connection, OLD_APPLIED).await? {
        adopt(connection, &migrations).await?;
    }
    apply_missing(connection, &migrations).await?;
    settle(connection).await
}

/// Checks the applied migrations and applies those that are missing.
async fn apply_missing(
    connection: &mut dyn Connection,
    migrations: &[Migration],
) -> Result<(), ConnectError> {
    let connection = connection.migrate();
    if let Some(version) = connection.dirty_version(APPLIED).await.map_err(plain)? {
        return Err(incomplete(version));
    }
    let applied = connection.list_applied_migrations(APPLIED).await.map_err(plain)?;
    let is_known = |version| migrations.iter().any(|known| known.version == version);
    if let Some(newer) = applied.iter().find(|applied| !is_known(applied.version)) {
        return Err(unknown(newer.version));
    }
    for migration in migrations {
        let version = migration.version;
        match applied.iter().find(|applied| applied.version == version) {
            Some(applied) if applied.checksum == migration.checksum => {}
            Some(_) => return Err(changed(migration)),
            None => {
                connection.apply(APPLIED, migration).await.map_err(|error| {
                    ConnectError::new(format!(
                        "migration {version} (`{}`) failed: {}",
                        migration.description,
                        cause(error)
                    ))
                })?;
            }
        }
    }
    Ok(())
}

/// Moves the rows of the former table to sqlx's, and drops the former.
///
/// A row that is in both tables is skipped: MySQL may have stopped between the two steps.
async fn adopt(
    connection: &mut dyn Connection,
    migrations: &[Migration],
) -> Result<(), ConnectError> {
    let applied = connection.migrate().list_applied_migrations(APPLIED).await.map_err(plain)?;
    let mut select = SelectStatement::new();
    select.columns(["version", "checksum", "done"]).from(OLD_APPLIED);
    for mut row in connection.fetch(&select).await? {
        let (version, checksum, done) = (row.integer()?, row.string()?, row.integer()?);
        if applied.iter().any(|applied| applied.version == version) {
            continue;
        }
        let Some(migration) = migrations.iter().find(|known| known.version == version) else {
            return Err(unknown(version));
        };
        if version != 1 || !OLD_CHECKSUMS.contains(&checksum.as_str()) {
            return Err(changed(migration));
        }
        if done != 1 {
            return Err(incomplete(version));
        }
        connection.migrate().skip(APPLIED, migration).await.map_err(plain)?;
    }
    connection.script("DROP TABLE scieve_migrations".into()).await?;
    Ok(())
}

fn unknown(version: i64) -> ConnectError {
    ConnectError::new(format!(
        "migration {version} of the database is unknown to this version of scieve: use a newer one"
    ))
}

fn changed(migration: &Migration) -> ConnectError {
    ConnectError::new(format!(
        "migration {} (`{}`) of the database has another checksum than that of this program: its \
         tables may differ",
        migration.version, migration.description
    ))
}

fn incomplete(version: i64) -> ConnectError {
    ConnectError::new(format!(
        "migration {version} of the database is incomplete: restore a backup, or drop the tables \
         if the database was empty"
    ))
}

fn plain(error: MigrateError) -> ConnectError {
    ConnectError::new(cause(error))
}

fn cause(error: MigrateError) -> String {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            error.to_string()
        }
        error => error.to_string(),
    }
}

/// Compares the settings with this program, or writes them if the database has no users.
async fn settle(connection: &mut dyn Connection) -> Result<String, ConnectError> {
    match setting(connection, "fold_version").await? {
        Some(version) if version == FOLD_VERSION => {}
        Some(version) => {
            return Err(ConnectError::new(format!(
                "the key columns were computed by `{version}`, and this program computes them by \
                 `{FOLD_VERSION}`: filters would miss users; use the former version of scieve, or \
                 load the users into an empty database"
            )));
        }
        None if has_users(connection).await? => {
            return Err(ConnectError::new(
                "there are users, but `scieve_settings` has no `fold_version` of their key columns",
            ));
        }
        None => set(connection, "fold_version", FOLD_VERSION).await?,
    }
    match setting(connection, "cursor_key").await? {
        Some(secret) if secret.len() >= 32 => Ok(secret),
        Some(_) => Err(ConnectError::new(
            "`cursor_key` of `scieve_settings` is too short: delete the row to have a new key \
             generated",
        )),
        None => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| {
                ConnectError::new(format!("no random numbers for the cursor key: {error}"))
            })?;
            let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            set(connection, "cursor_key", &secret).await?;
            Ok(secret)
        }
    }
}

/// Returns whether some tenant has users.
pub(super) async fn has_users(connection: &mut dyn Connection) -> Result<bool, DbError> {
    let mut select = SelectStatement::new();
    select.expr(one()).from("users").limit(1);
    Ok(!connection.fetch(&select).await?.is_empty())
}

pub(super) async fn setting(
    connection: &mut dyn Connection,
    name: &str,
) -> Result<Option<String>, DbError> {
    let mut select = SelectStatement::new();
    select.column("value").from("scieve_settings").and_where(Expr::col("name").eq(name));
    connection.fetch(&select).await?.pop().map(|mut row| row.string()).transpose()
}

async fn set(connection: &mut dyn Connection, name: &str, value: &str) -> Result<(), DbError> {
    let row = vec![name.into(), value.into()];
    insert_rows(connection, "scieve_settings", &["name", "value"], vec![row]).await
}

/// Creates trigram indexes for `co` in PostgreSQL. Fails if the extension `pg_trgm` is not
/// available or not allowed.
pub(super) async fn trigrams(backend: &dyn Backend) -> Result<(), ConnectError> {
    let mut transaction = backend.begin(TxMode::Write).await?;
    let existing = transaction.fetch_statement(Statement::constant(POSTGRES_TRIGRAMS)).await?;
    if existing.len() == 3 {
        return Ok(());
    }
    lock(&mut *transaction, POSTGRES_LOCK).await?;
    transaction.script(POSTGRES_BUILD.into()).await?;
    transaction.script(include_str!("../../migrations/postgres/trigrams.sql").into()).await?;
    transaction.commit().await?;
    Ok(())
}

/// Updates the statistics by which the planner chooses indexes. PostgreSQL and MySQL also update
/// them in the background, but later; SQLite does not.
pub(super) async fn analyze(backend: &dyn Backend) -> Result<(), DbError> {
    let script = match backend.dialect() {
        Dialect::Postgres => {
            "ANALYZE users, user_roles, user_groups, user_group_roles, user_scopes"
        }
        Dialect::MySql => {
            "ANALYZE TABLE users, user_roles, user_groups, user_group_roles, user_scopes"
        }
        Dialect::Sqlite => "PRAGMA analysis_limit = 1000; ANALYZE",
    };
    backend.connection().await?.script(script.into()).await
}

/// Returns whether there is a table of that name, in PostgreSQL or an index.
async fn exists(connection: &mut dyn Connection, name: &str) -> Result<bool, DbError> {
    let mut select = SelectStatement::new();
    select.expr(one());
    match connection.dialect() {
        Dialect::Postgres => {
            select.and_where(Expr::cust_with_values("to_regclass($1)", [name]).is_not_null());
        }
        Dialect::MySql => {
            // `table_name` has a collation, and bytes have none: so they are converted.
            select
                .from(("information_schema", "tables"))
                .and_where(Expr::cust("table_schema = DATABASE()"))
                .and_where(
                    Expr::col("table_name")
                        .eq(Expr::cust_with_values("CONVERT(? USING utf8mb4)", [name])),
                );
        }
        Dialect::Sqlite => {
            select.from("sqlite_master").and_where(Expr::col("name").eq(name));
        }
    }
    Ok(!connection.fetch(&select).await?.is_empty())
}
