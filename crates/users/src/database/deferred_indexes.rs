//! Indexes, foreign keys and triggers that a bulk load into empty tables creates last.
//!
//! A load changes each index once per row, which takes most of its time; an index that is built
//! afterwards is sorted once. Instead of triggers that run once per row, one statement fills the
//! tables that they maintain. Keys stay, so that a concurrent insert still fails; other unique
//! indexes are dropped with a lock on the table, for which a concurrent insert waits. MySQL commits
//! the transaction before a change of the schema: its loads keep the indexes.

use super::connection::{Backend, Connection, TxMode};
use super::error::DbError;
use super::migrate::{POSTGRES_BUILD, has_users};
use super::statement::Statement;
use scieve::sql::Dialect;
use std::sync::{Mutex, PoisonError};

/// The statements that create again what was dropped.
#[derive(Default)]
pub(super) struct Deferred {
    /// Those to be run in the same transaction.
    pub(super) last_steps: Vec<String>,
    /// Those of the trigram indexes of PostgreSQL, for [`build`]. If they are not run, the store works,
    /// and creates the indexes when it is opened.
    pub(super) trigrams: Vec<String>,
}

/// The indexes and foreign keys of the tables of users, and the trigger that counts new users, with
/// the statements that do the same for all users: it would keep a copy of every row until the end of
/// the statement. The tables of a cluster have none.
const POSTGRES: &str = "\
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), \
pg_get_indexdef(i.indexrelid) LIKE '%gin_trgm_ops%' \
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 'r' \
WHERE c.oid IN (to_regclass('users'), to_regclass('user_roles'), to_regclass('user_groups'), \
to_regclass('user_group_roles'), to_regclass('user_scopes')) \
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) \
UNION ALL \
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname), \
format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)), \
FALSE \
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'r' \
WHERE k.contype = 'f' AND to_regclass('users') IN (k.confrelid, k.conrelid) \
UNION ALL \
SELECT format('ALTER TABLE users DISABLE TRIGGER %I', t.tgname), \
format('DELETE FROM user_counts; SELECT add_user_counts(tenant, COUNT(*), COUNT(*) FILTER (WHERE status <> ''deleted'')) \
FROM users GROUP BY tenant; ALTER TABLE users ENABLE TRIGGER %I', t.tgname), \
FALSE \
FROM pg_trigger t WHERE t.tgrelid = to_regclass('users') AND t.tgname = 'users_count_insert' AND t.tgenabled = 'O'";

/// The indexes, without those of keys, which have no text, and the triggers that run for each new
/// user, with the statements that do the same for all users. Foreign keys are cheap in SQLite.
const SQLITE: &str = r#"
SELECT 'DROP INDEX "' || name || '"', sql, FALSE FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
AND tbl_name IN ('users', 'user_roles', 'user_groups', 'user_group_roles', 'user_scopes')
UNION ALL
SELECT 'DROP TRIGGER "users_trigrams_insert"', 'INSERT INTO "users_trigrams" (rowid, "name", "email", "subject")
SELECT "number", "name_f", "email_f", "subject_f" FROM "users" ORDER BY "number";' || sql, FALSE
FROM sqlite_master WHERE type = 'trigger' AND name = 'users_trigrams_insert'
UNION ALL
SELECT 'DROP TRIGGER "users_count_insert"', 'INSERT INTO "user_counts" ("tenant", "users", "live")
SELECT "tenant", COUNT(*), COUNT(*) FILTER (WHERE "status" <> ''deleted'') FROM "users" GROUP BY "tenant";' || sql, FALSE
FROM sqlite_master WHERE type = 'trigger' AND name = 'users_count_insert'"#;

/// The memory of SQLite for pages and sorting during a load, and its default
/// (<https://www.sqlite.org/pragma.html#pragma_cache_size>, in KiB). The connection of a load that
/// fails keeps the former.
const SQLITE_LOAD_MEMORY: &str = "PRAGMA cache_size = -65536";
const SQLITE_MEMORY: &str = "PRAGMA cache_size = -2000";

/// Drops the indexes, foreign keys and triggers, unless some tenant has users.
pub(super) async fn defer(connection: &mut dyn Connection) -> Result<Deferred, DbError> {
    let definitions = match connection.dialect() {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::MySql => return Ok(Deferred::default()),
    };
    let definitions = connection.fetch_statement(Statement::constant(definitions)).await?;
    if definitions.is_empty() || has_users(connection).await? {
        return Ok(Deferred::default());
    }
    connection
        .script(match connection.dialect() {
            Dialect::Sqlite => SQLITE_LOAD_MEMORY.into(),
            _ => POSTGRES_BUILD.into(),
        })
        .await?;
    let mut deferred = Deferred::default();
    for mut definition in definitions {
        connection.script(definition.string()?.into()).await?;
        let create = definition.string()?;
        match definition.integer()? {
            0 => deferred.last_steps.push(create),
            _ => deferred.trigrams.push(create),
        }
    }
    if connection.dialect() == Dialect::Sqlite {
        deferred.last_steps.push(SQLITE_MEMORY.into());
    }
    Ok(deferred)
}

/// Builds indexes, two at the same time: PostgreSQL uses one processor for a trigram index.
pub(super) async fn build(backend: &dyn Backend, statements: Vec<String>) -> Result<(), DbError> {
    let statements = Mutex::new(statements);
    let (one, other) = tokio::join!(run(backend, &statements), run(backend, &statements));
    one.and(other)
}

/// Runs statements, each in a transaction, until none is left.
async fn run(backend: &dyn Backend, statements: &Mutex<Vec<String>>) -> Result<(), DbError> {
    loop {
        // Without a connection, the statements are left to the other caller.
        let mut transaction = backend.begin(TxMode::Write).await?;
        let next = statements.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(statement) = next else { return Ok(()) };
        transaction.script(POSTGRES_BUILD.into()).await?;
        transaction.script(statement.into()).await?;
        transaction.commit().await?;
    }
}
