//! Empty databases for tests, each its own. Those of PostgreSQL and MariaDB are made on the servers of `scripts/servers`; tests that want
//! them are `#[ignore]`d, so that `cargo test` works without, and `scripts/test` runs them all.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty database. A file of SQLite goes with it; on a server it goes with the server.
pub(crate) struct Database {
    /// As `scieve serve --store` takes it.
    pub(crate) url: String,
    folder: Option<PathBuf>,
}

fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("scieve_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run this test with `scripts/servers exec`"))
}

/// The same server, another database.
fn beside(url: &str, name: &str) -> String {
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

impl Database {
    /// A file of SQLite in a temporary folder.
    pub(crate) fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(name());
        std::fs::create_dir(&folder).unwrap();
        Self { url: format!("sqlite:{}", folder.join("users.db").display()), folder: Some(folder) }
    }

    /// One of that kind.
    pub(crate) async fn of(dialect: scieve::sql::Dialect) -> Self {
        match dialect {
            scieve::sql::Dialect::Sqlite => Self::sqlite(),
            scieve::sql::Dialect::Postgres => Self::postgres().await,
            scieve::sql::Dialect::MySql => Self::mysql().await,
        }
    }

    /// A database of PostgreSQL.
    pub(crate) async fn postgres() -> Self {
        Self::postgres_with("").await
    }

    /// The same with further words for `CREATE DATABASE`.
    pub(crate) async fn postgres_with(options: &str) -> Self {
        let (url, name) = (server("SCIEVE_POSTGRES"), name());
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} {options}"))).await.unwrap();
        Self { url: beside(&url, &name), folder: None }
    }

    /// A database of MariaDB.
    pub(crate) async fn mysql() -> Self {
        let (url, name) = (server("SCIEVE_MYSQL"), name());
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Self { url: beside(&url, &name), folder: None }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
