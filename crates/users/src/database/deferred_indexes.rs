//! Indexes, foreign keys and triggers that a bulk load into empty tables creates last.
//!
//! A load changes each index once per row, which takes most of its time; an index that is built
//! afterwards is sorted once. Instead of triggers that run once per row, one statement fills the
//! tables that they maintain. Keys stay, so that a concurrent insert still fails; other unique
//! indexes are dropped with a lock on the table, for which a concurrent insert waits. MySQL commits
//! the transaction before a change of the schema: its loads keep the indexes.

use super::connection::{Connection, Row};
use super::error::DbError;
use super::migrate::has_users;
use super::statement::Statement;
use scieve::sql::Dialect;

/// An index, a foreign key or a trigger.
struct Definition {
    drop: String,
    create: String,
}

/// The indexes and foreign keys of the tables of users, and the trigger that counts new users, with
/// the statements that do the same for all users: it would keep a copy of every row until the end of
/// the statement. The tables of a cluster have none.
const POSTGRES: &str = "\
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid) \
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 'r' \
WHERE c.oid IN (to_regclass('users'), to_regclass('user_roles'), to_regclass('user_groups'), \
to_regclass('user_group_roles'), to_regclass('user_scopes')) \
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) \
UNION ALL \
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname), \
format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) \
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'r' \
WHERE k.contype = 'f' AND to_regclass('users') IN (k.confrelid, k.conrelid) \
UNION ALL \
SELECT format('ALTER TABLE users DISABLE TRIGGER %I', t.tgname), \
format('DELETE FROM user_counts; SELECT add_user_counts(tenant, COUNT(*), COUNT(*) FILTER (WHERE status <> ''deleted'')) \
FROM users GROUP BY tenant; ALTER TABLE users ENABLE TRIGGER %I', t.tgname) \
FROM pg_trigger t WHERE t.tgrelid = to_regclass('users') AND t.tgname = 'users_count_insert' AND t.tgenabled = 'O'";

/// The indexes, without those of keys, which have no text, and the triggers that run for each new
/// user, with the statements that do the same for all users. Foreign keys are cheap in SQLite.
const SQLITE: &str = r#"
SELECT 'DROP INDEX "' || name || '"', sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
AND tbl_name IN ('users', 'user_roles', 'user_groups', 'user_group_roles', 'user_scopes')
UNION ALL
SELECT 'DROP TRIGGER "users_trigrams_insert"', 'INSERT INTO "users_trigrams" (rowid, "name", "email", "subject")
SELECT "number", "name_f", "email_f", "subject_f" FROM "users" ORDER BY "number";' || sql
FROM sqlite_master WHERE type = 'trigger' AND name = 'users_trigrams_insert'
UNION ALL
SELECT 'DROP TRIGGER "users_count_insert"', 'INSERT INTO "user_counts" ("tenant", "users", "live")
SELECT "tenant", COUNT(*), COUNT(*) FILTER (WHERE "status" <> ''deleted'') FROM "users" GROUP BY "tenant";' || sql
FROM sqlite_master WHERE type = 'trigger' AND name = 'users_count_insert'"#;

/// The memory of SQLite for pages and sorting during a load, and its default
/// (<https://www.sqlite.org/pragma.html#pragma_cache_size>, in KiB). The connection of a load that
/// fails keeps the former.
const SQLITE_LOAD_MEMORY: &str = "PRAGMA cache_size = -65536";
const SQLITE_MEMORY: &str = "PRAGMA cache_size = -2000";

/// Drops the indexes, foreign keys and triggers, unless some tenant has users. Returns the statements
/// that create them again, to be run in the same transaction.
pub(super) async fn defer(connection: &mut dyn Connection) -> Result<Vec<String>, DbError> {
    let definitions = match connection.dialect() {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::MySql => return Ok(Vec::new()),
    };
    let rows = connection.fetch_statement(Statement::constant(definitions)).await?;
    let read = |mut row: Row| Ok(Definition { drop: row.string()?, create: row.string()? });
    let definitions: Vec<Definition> =
        rows.into_iter().map(read).collect::<Result<_, DbError>>()?;
    if definitions.is_empty() || has_users(connection).await? {
        return Ok(Vec::new());
    }
    // An index takes longer than a statement of a request may. The memory is for one sort.
    connection
        .script(match connection.dialect() {
            Dialect::Sqlite => SQLITE_LOAD_MEMORY.into(),
            _ => "SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '256MB'".into(),
        })
        .await?;
    let mut create = Vec::with_capacity(definitions.len() + 1);
    for definition in definitions {
        connection.script(definition.drop.into()).await?;
        create.push(definition.create);
    }
    if connection.dialect() == Dialect::Sqlite {
        create.push(SQLITE_MEMORY.into());
    }
    Ok(create)
}
