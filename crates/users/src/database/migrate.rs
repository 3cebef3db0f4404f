//! The tables, brought up to date when a store is opened, and what is kept beside them.
//!
//! Which migrations a database has had stands in `scieve_migrations`, settings of the data in `scieve_settings`.

use super::fault::{ConnectError, Fault};
use super::link::{Engine, Link, Purpose};
use super::statement::Statement;
use scieve::FOLD_VERSION;
use scieve::sql::Dialect;
use sha2::{Digest as _, Sha256};

/// A step from one shape of the tables to the next. One that was released is never changed.
struct Migration {
    name: &'static str,
    text: &'static str,
}

fn migrations(dialect: Dialect) -> [Migration; 1] {
    let users = match dialect {
        Dialect::Postgres => include_str!("../../migrations/postgres/0001_users.sql"),
        Dialect::MySql => include_str!("../../migrations/mysql/0001_users.sql"),
        Dialect::Sqlite => include_str!("../../migrations/sqlite/0001_users.sql"),
    };
    [Migration { name: "users", text: users }]
}

/// Two servers that start at once come one after the other.
const LOCK: i64 = 7_283_465_021;

/// Applies what is missing. Gives the secret of the cursors, which is made with the tables.
pub(super) async fn migrate(engine: &dyn Engine) -> Result<String, ConnectError> {
    let dialect = engine.dialect();
    if dialect == Dialect::MySql {
        // Its DDL ends every transaction.
        let mut link = engine.connection().await?;
        let name = "CONCAT('scieve ', MD5(DATABASE()))";
        let lock = Statement::new(dialect, &format!("SELECT GET_LOCK({name}, 30)"));
        if number(&mut *link, &lock).await? != Some(1) {
            return Err(ConnectError::new(
                "another server brings the tables up to date, and has done so for 30 s",
            ));
        }
        let done = up_to_date(&mut *link, dialect).await;
        link.rows(&Statement::new(dialect, &format!("SELECT RELEASE_LOCK({name})"))).await?;
        return done;
    }
    let mut link = engine.begin(Purpose::Write).await?;
    if dialect == Dialect::Postgres {
        link.rows(&Statement::new(dialect, "SELECT pg_advisory_xact_lock(").bind(LOCK).push(")"))
            .await?;
    }
    let done = up_to_date(&mut *link, dialect).await?;
    link.commit().await?;
    Ok(done)
}

async fn up_to_date(link: &mut dyn Link, dialect: Dialect) -> Result<String, ConnectError> {
    if !exists(link, dialect, "scieve_migrations").await? {
        link.script(bookkeeping(dialect)).await?;
    }
    let known = migrations(dialect);
    let applied = Statement::new(
        dialect,
        "SELECT m.version, m.name, m.checksum, m.done FROM scieve_migrations AS m ORDER BY m.version",
    );
    let mut count = 0;
    for mut row in link.rows(&applied).await? {
        let (version, name, sum, done) = (row.integer()?, row.text()?, row.text()?, row.integer()?);
        let Some(migration) =
            usize::try_from(version).ok().and_then(|version| known.get(version.checked_sub(1)?))
        else {
            return Err(ConnectError::new(format!(
                "the database has had migration {version} (`{name}`), which this program does not know: use a newer scieve"
            )));
        };
        if sum != checksum(migration.text) {
            return Err(ConnectError::new(format!(
                "the database has had another migration {version} (`{name}`, SHA-256 {sum}) than this program has: its tables may be others"
            )));
        }
        if done != 1 {
            return Err(ConnectError::new(format!(
                "migration {version} (`{name}`) was begun and not ended: restore the database from before, or drop its tables if it was empty"
            )));
        }
        count += 1;
    }
    for (migration, version) in known.iter().zip(1_i64..).skip(count) {
        apply(link, dialect, migration, version).await?;
    }
    settle(link, dialect).await
}

async fn apply(
    link: &mut dyn Link,
    dialect: Dialect,
    migration: &Migration,
    version: i64,
) -> Result<(), ConnectError> {
    let name = migration.name;
    let begun = Statement::new(
        dialect,
        "INSERT INTO scieve_migrations (version, name, checksum, done) VALUES ",
    );
    let sum = checksum(migration.text);
    link.run(&begun.tuples([vec![version.into(), name.into(), sum.as_str().into(), 0.into()]]))
        .await?;
    let failed =
        |fault: Fault| ConnectError::new(format!("migration {version} (`{name}`) failed: {fault}"));
    link.script(migration.text).await.map_err(failed)?;
    link.run(
        &Statement::new(dialect, "UPDATE scieve_migrations SET done = 1 WHERE version = ")
            .bind(version),
    )
    .await?;
    Ok(())
}

/// Compares what the data were made with, or writes it down where there are none.
async fn settle(link: &mut dyn Link, dialect: Dialect) -> Result<String, ConnectError> {
    match setting(link, dialect, "fold_version").await? {
        Some(version) if version == FOLD_VERSION => {}
        Some(version) => {
            return Err(ConnectError::new(format!(
                "the keys of the users were made by `{version}`, and this program makes them by `{FOLD_VERSION}`: filters would miss users; \
                 use the scieve that made them, or load the users into an empty database"
            )));
        }
        None if !link
            .rows(&Statement::new(dialect, "SELECT 1 FROM users AS u LIMIT 1"))
            .await?
            .is_empty() =>
        {
            return Err(ConnectError::new(
                "there are users, and `scieve_settings` does not say by which `fold_version` their keys were made",
            ));
        }
        None => set(link, dialect, "fold_version", FOLD_VERSION).await?,
    }
    match setting(link, dialect, "cursor_key").await? {
        Some(secret) if secret.len() >= 32 => Ok(secret),
        Some(_) => Err(ConnectError::new(
            "`cursor_key` of `scieve_settings` is too short: delete the row, and a new one is made",
        )),
        None => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes)
                .map_err(|_| ConnectError::new("no random numbers for the key of the cursors"))?;
            let secret = hexadecimal(&bytes);
            set(link, dialect, "cursor_key", &secret).await?;
            Ok(secret)
        }
    }
}

/// Indexes for `co`, where PostgreSQL has the extension. Says why there are none.
pub(super) async fn trigrams(engine: &dyn Engine) -> Result<(), Fault> {
    let mut link = engine.begin(Purpose::Write).await?;
    if exists(&mut *link, Dialect::Postgres, "users_subject_trigrams").await? {
        return Ok(());
    }
    link.rows(
        &Statement::new(Dialect::Postgres, "SELECT pg_advisory_xact_lock(").bind(LOCK).push(")"),
    )
    .await?;
    link.script(include_str!("../../migrations/postgres/trigrams.sql")).await?;
    link.commit().await
}

/// Brings the statistics up to date that the database chooses indexes by. It would do so by itself, but for SQLite; here it is soon enough.
pub(super) async fn analyze(engine: &dyn Engine) -> Result<(), Fault> {
    let statements = match engine.dialect() {
        Dialect::Postgres => {
            "ANALYZE users, user_roles, user_groups, user_group_roles, user_scopes"
        }
        Dialect::MySql => {
            "ANALYZE TABLE users, user_roles, user_groups, user_group_roles, user_scopes"
        }
        Dialect::Sqlite => "PRAGMA analysis_limit = 1000; ANALYZE",
    };
    engine.connection().await?.script(statements).await
}

async fn exists(link: &mut dyn Link, dialect: Dialect, name: &str) -> Result<bool, Fault> {
    let select = match dialect {
        Dialect::Postgres => {
            Statement::new(dialect, "SELECT 1 WHERE to_regclass(").bind(name).push(") IS NOT NULL")
        }
        Dialect::MySql => {
            let select = "SELECT 1 FROM information_schema.tables AS t WHERE t.table_schema = DATABASE() AND t.table_name = ";
            // A text and no bytes: names of tables have a collation.
            Statement::new(dialect, &format!("{select}'{name}'"))
        }
        Dialect::Sqlite => {
            Statement::new(dialect, "SELECT 1 FROM sqlite_master AS t WHERE t.name = ").bind(name)
        }
    };
    Ok(!link.rows(&select).await?.is_empty())
}

fn bookkeeping(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "CREATE TABLE scieve_migrations (version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, done bigint NOT NULL);
             CREATE TABLE scieve_settings (name text PRIMARY KEY, value text NOT NULL)"
        }
        Dialect::MySql => {
            "CREATE TABLE scieve_settings (name VARBINARY(64) PRIMARY KEY, value VARBINARY(255) NOT NULL) ENGINE = InnoDB;
             CREATE TABLE scieve_migrations (version BIGINT PRIMARY KEY, name VARBINARY(64) NOT NULL, checksum VARBINARY(64) NOT NULL, \
             done BIGINT NOT NULL) ENGINE = InnoDB"
        }
        Dialect::Sqlite => {
            "CREATE TABLE scieve_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, done INTEGER NOT NULL);
             CREATE TABLE scieve_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
        }
    }
}

async fn setting(
    link: &mut dyn Link,
    dialect: Dialect,
    name: &str,
) -> Result<Option<String>, Fault> {
    let select =
        Statement::new(dialect, "SELECT s.value FROM scieve_settings AS s WHERE s.name = ")
            .bind(name);
    link.rows(&select).await?.pop().map(|mut row| row.text()).transpose()
}

async fn set(link: &mut dyn Link, dialect: Dialect, name: &str, value: &str) -> Result<(), Fault> {
    let insert = Statement::new(dialect, "INSERT INTO scieve_settings (name, value) VALUES ");
    link.run(&insert.tuples([vec![name.into(), value.into()]])).await.map(drop)
}

async fn number(link: &mut dyn Link, statement: &Statement) -> Result<Option<i64>, Fault> {
    link.rows(statement).await?.pop().map_or(Ok(None), |mut row| row.maybe_integer())
}

fn checksum(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
