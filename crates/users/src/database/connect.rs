//! Opening a store: connects, migrates and checks the database.

use super::account_cache::AccountCache;
use super::connection::Backend;
use super::error::{ConnectError, DbError};
use super::lookups::Lookups;
use super::statement::one;
use super::tenant::TenantCache;
use super::{MAX_TRIES, SqlOptions, SqlStore, migrate, probe, user_counts};
use crate::cursor::CursorKey;
use crate::id::Ids;
use scieve::sql::Dialect;
use sea_query::{Expr, SelectStatement};
use std::sync::Arc;

impl SqlStore {
    /// Connects to a database: `sqlite:FILE`, `postgres://USER:PASSWORD@HOST/DATABASE` or
    /// `mysql://USER:PASSWORD@HOST/DATABASE` (also for MariaDB), each with its cargo feature. The
    /// URL may have the parameters that sqlx supports.
    ///
    /// Tables are created and migrated; servers that start at the same time do so one after the
    /// other. A missing SQLite file is created. In PostgreSQL the extension `pg_trgm` is created if
    /// that is allowed, because no other index supports `co`; otherwise a warning is logged. SQLite has
    /// a trigram index of its own (FTS5). In MySQL and MariaDB, triggers that count the users are created
    /// if that is allowed; otherwise a warning is logged, and each total counts the users.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("scieve_connect_{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let file = folder.join("users.db");
    /// # let file = file.display();
    /// use scieve_users::{NewUser, SqlOptions, SqlStore, UserStore as _};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let store = SqlStore::connect(&format!("sqlite:{file}"), SqlOptions::default()).await?;
    /// let new = NewUser { subject: "auth0|1".into(), ..NewUser::default() };
    /// let user = store.create("tenant-1", new).await?;
    /// assert_eq!(store.get("tenant-1", &user.id).await?, user);
    /// store.close().await;
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # })
    /// # }
    /// # #[cfg(not(feature = "sqlite"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// An unknown scheme, or one whose cargo feature is disabled; an unreachable database;
    /// migrations that are newer than this program, changed or incomplete; keys of another
    /// [`scieve::FOLD_VERSION`]; an encoding other than UTF-8, or columns that do not compare
    /// strings byte by byte.
    pub async fn connect(url: &str, options: SqlOptions) -> Result<Self, ConnectError> {
        let shown = shown(url);
        let named = |error: ConnectError| ConnectError::new(format!("{shown}: {error}"));
        let backend: Arc<dyn Backend> = open(url, &options).await.map_err(named)?.into();
        let cursor_key = prepare(&*backend).await.map_err(named)?;
        let has_counts = has_counts(&*backend).await;
        let is_partitioned =
            is_partitioned(&*backend).await.map_err(|error| named(error.into()))?;
        let is_remote = backend.dialect() != Dialect::Sqlite;
        Ok(Self {
            lookups: is_remote.then(|| Lookups::new(Arc::clone(&backend))),
            backend,
            ids: Ids::new(),
            options,
            cursor_key,
            accounts: AccountCache::default(),
            tenants: TenantCache::default(),
            has_counts,
            is_partitioned,
        })
    }
}

async fn open(url: &str, options: &SqlOptions) -> Result<Box<dyn Backend>, ConnectError> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if scheme == "sqlite" {
        return Ok(Box::new(super::sqlite::open(url, options).await?));
    }
    #[cfg(feature = "postgres")]
    if matches!(scheme, "postgres" | "postgresql") {
        return Ok(Box::new(super::postgres::open(url, options).await?));
    }
    #[cfg(feature = "mysql")]
    if matches!(scheme, "mysql" | "mariadb") {
        return Ok(Box::new(super::mysql::open(url, options).await?));
    }
    let feature = match scheme {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" => "mysql",
        _ => {
            return Err(ConnectError::new(
                "expected `sqlite:FILE`, `postgres://...` or `mysql://...`",
            ));
        }
    };
    Err(ConnectError::new(format!(
        "this build of scieve does not have the cargo feature `{feature}`"
    )))
}

/// Migrates and checks the database, and returns the key of the cursors.
async fn prepare(backend: &dyn Backend) -> Result<CursorKey, ConnectError> {
    probe::encoding(backend).await?;
    let secret = migrate::migrate(backend).await?;
    let mut tries = 1;
    while let Err(error) = probe::columns(backend).await {
        if !error.conflict || tries == MAX_TRIES {
            return Err(error);
        }
        tries += 1;
    }
    if backend.dialect() == Dialect::Sqlite {
        // Fails if another server writes; the store also works without.
        let _ = migrate::analyze(backend).await;
    }
    if backend.dialect() == Dialect::Postgres
        && let Err(error) = migrate::trigrams(backend).await
    {
        let cause = error.to_string();
        tracing::warn!(
            cause,
            "no trigram index: `co` scans every user of a tenant (the extension pg_trgm is not \
             available or not allowed)"
        );
    }
    Ok(CursorKey::new(secret.as_bytes()))
}

/// Returns whether the database has triggers that maintain the number of users. Those of MySQL are
/// created if that is allowed.
async fn has_counts(backend: &dyn Backend) -> bool {
    if backend.dialect() != Dialect::MySql {
        return true;
    }
    let created = user_counts::create_mysql_triggers(backend).await;
    if let Err(error) = &created {
        let cause = error.to_string();
        tracing::warn!(
            cause,
            "the users are counted for each total: grant the privilege TRIGGER, and with a binary \
             log set log_bin_trust_function_creators on the first start"
        );
    }
    created.is_ok()
}

/// Returns whether the table of users is partitioned, as in a cluster of PostgreSQL.
async fn is_partitioned(backend: &dyn Backend) -> Result<bool, DbError> {
    if backend.dialect() != Dialect::Postgres {
        return Ok(false);
    }
    let mut select = SelectStatement::new();
    select
        .expr(one())
        .from("pg_class")
        .and_where(Expr::cust("oid = to_regclass('users')"))
        .and_where(Expr::cust("relkind = 'p'"));
    Ok(!backend.connection().await?.fetch(&select).await?.is_empty())
}

/// The URL without user, password and parameters, for messages.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) if scheme != "sqlite" => {
            // A password may contain an unescaped `/` or `@`.
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn messages_contain_no_password() {
        for (url, expected) in [
            (
                "postgres://ann:se/c@ret@db.example:5432/users?password=secret",
                "postgres://db.example:5432/users",
            ),
            ("mysql://ann@db.example/users", "mysql://db.example/users"),
            ("postgres:///users?host=/run", "postgres:///users"),
            ("sqlite:/var/lib/users.db?mode=rw", "sqlite:/var/lib/users.db"),
            ("sqlite://a@b.db", "sqlite://a@b.db"),
            ("secret", "secret"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
