//! Empty databases for tests.
//!
//! Databases of PostgreSQL and MariaDB are created on the servers of `scripts/servers`, those of a
//! PostgreSQL cluster on the cluster of `scripts/cluster`. Tests that need them begin with
//! [`require!`]: without the servers they report that they are skipped, or fail if
//! `SCIEVE_REQUIRE_DATABASES` is set.
#![allow(dead_code)]

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns from the test if the named servers (`servers`, `cluster` or `nothing`) are not running.
macro_rules! require {
    ($servers:ident) => {
        if !crate::databases::running(stringify!($servers)) {
            return;
        }
    };
}
pub(crate) use require;

/// Returns whether the servers are running, and reports a skipped test otherwise.
pub(crate) fn running(servers: &str) -> bool {
    let variables: &[&str] = match servers {
        "servers" => &["SCIEVE_POSTGRES", "SCIEVE_MYSQL"],
        "cluster" => &["SCIEVE_CLUSTER_DIR"],
        _ => &[],
    };
    if variables.iter().all(|variable| std::env::var_os(variable).is_some()) {
        return true;
    }
    let required = std::env::var_os("SCIEVE_REQUIRE_DATABASES").is_some();
    assert!(!required, "`scripts/{servers} exec` did not start this test");
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    // Not `eprintln!`, which the test harness captures.
    let _ = writeln!(std::io::stderr(), "skipped: {name} needs `scripts/{servers} exec COMMAND`");
    false
}

/// An empty database. A file of SQLite is deleted on drop; other databases are deleted with the
/// server.
pub(crate) struct Database {
    /// The URL, as `scieve serve --store` takes it.
    pub(crate) url: String,
    folder: Option<PathBuf>,
    /// The lock on the cluster, until drop.
    lock: Option<File>,
}

/// Returns a unique name for a database.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("scieve_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns the URL of a server, from an environment variable.
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run this test with `scripts/servers exec`")
    })
}

/// Returns the URL of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

impl Database {
    /// Creates a database of SQLite in a temporary folder.
    pub(crate) fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(name());
        std::fs::create_dir(&folder).unwrap();
        Self {
            url: format!("sqlite:{}", folder.join("users.db").display()),
            folder: Some(folder),
            lock: None,
        }
    }

    /// Creates a database of the dialect.
    pub(crate) async fn of(dialect: scieve::sql::Dialect) -> Self {
        match dialect {
            scieve::sql::Dialect::Sqlite => Self::sqlite(),
            scieve::sql::Dialect::Postgres => Self::postgres().await,
            scieve::sql::Dialect::MySql => Self::mysql().await,
        }
    }

    /// Creates a database of PostgreSQL.
    pub(crate) async fn postgres() -> Self {
        Self::postgres_with("").await
    }

    /// Creates a database of PostgreSQL with options for `CREATE DATABASE`.
    pub(crate) async fn postgres_with(options: &str) -> Self {
        let (url, name) = (server("SCIEVE_POSTGRES"), name());
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name} {options}")))
            .await
            .unwrap();
        Self { url: with_database(&url, &name), folder: None, lock: None }
    }

    /// Creates a database of MariaDB.
    pub(crate) async fn mysql() -> Self {
        let (url, name) = (server("SCIEVE_MYSQL"), name());
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Self { url: with_database(&url, &name), folder: None, lock: None }
    }

    /// Creates a database of a PostgreSQL cluster, with tables on its nodes. All nodes keep running
    /// until it is dropped.
    pub(crate) async fn cluster() -> Self {
        Self::of_cluster(|lock| lock.lock_shared())
    }

    /// Creates a database of a PostgreSQL cluster for a test that stops nodes: no other database of
    /// the cluster is in use until it is dropped.
    pub(crate) async fn cluster_alone() -> Self {
        Self::of_cluster(|lock| lock.lock())
    }

    fn of_cluster(take: fn(&File) -> std::io::Result<()>) -> Self {
        let folder = cluster_folder();
        let lock = File::create(folder.join("lock")).unwrap();
        take(&lock).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/cluster");
        let output = std::process::Command::new(script)
            .arg("database")
            .arg(folder)
            .arg(name())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self {
            url: String::from_utf8(output.stdout).unwrap().trim().to_owned(),
            folder: None,
            lock: Some(lock),
        }
    }
}

/// Returns the folder of the cluster that `scripts/cluster` has started.
pub(crate) fn cluster_folder() -> PathBuf {
    let folder = std::env::var_os("SCIEVE_CLUSTER_DIR");
    folder.expect("SCIEVE_CLUSTER_DIR is not set: run this test with `scripts/cluster exec`").into()
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
