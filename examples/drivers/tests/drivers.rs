//! Runs each example with the same filters on the same rows.

use diesel::connection::SimpleConnection as _;
use scieve::sql::Dialect;
use scieve_drivers::employees::{POSTGRES, SQLITE, rows};
use scieve_drivers::{with_diesel, with_rusqlite, with_sea_orm, with_sqlx, with_tokio_postgres};
use sea_orm::ConnectionTrait as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

const SITE: i32 = 7;
const OLDEST: i32 = 65;

/// Filters with the employees of site 7, up to 65 years old, that satisfy them.
const CASES: &[(&str, &[&str])] = &[
    ("userName pr", &["Ann", "Bob", "Cid"]),
    ("id eq \"3f2a0000-0000-4000-8000-000000000002\"", &["Bob"]),
    ("id eq \"nope\" or userName eq \"ANN\"", &["Ann"]),
    ("not (userName sw \"a\")", &["Bob", "Cid"]),
    ("age ge 30 and age lt 39.5", &["Ann"]),
    ("age eq 30 or age eq 40", &["Ann", "Bob"]),
    ("active eq true", &["Ann"]),
    ("active ne true", &["Bob", "Cid"]),
    ("hiredAt gt \"2020-12-31T23:00:00-02:00\"", &["Bob"]),
    ("status eq \"ACTIVE\" or status co \"leave\"", &["Ann", "Bob"]),
    ("tags eq \"desk\" and not (tags eq \"nope\")", &["Ann", "Bob"]),
    ("tags eq \"desk\" or tags eq \"Remote\"", &["Ann", "Bob"]),
    ("not (tags pr)", &["Cid"]),
    ("userName eq \"x' OR 1=1 --\"", &[]),
];

/// Returns the URL of PostgreSQL, or reports that the test is skipped.
fn postgres() -> Option<String> {
    let url = std::env::var("SCIEVE_POSTGRES").ok();
    let required = std::env::var_os("SCIEVE_REQUIRE_DATABASES").is_some();
    assert!(url.is_some() || !required, "`scripts/servers exec` did not start this test");
    if url.is_none() {
        eprintln!("skipped: it needs `scripts/servers exec COMMAND`");
    }
    url
}

#[test]
fn rusqlite() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{SQLITE}{}", rows(Dialect::Sqlite))).unwrap();
    for (filter, expected) in CASES {
        let names = with_rusqlite::names(&connection, SITE.into(), filter, OLDEST.into());
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
}

#[test]
fn diesel() {
    use diesel::Connection as _;
    let mut connection = diesel::SqliteConnection::establish(":memory:").unwrap();
    connection.batch_execute(&format!("{SQLITE}{}", rows(Dialect::Sqlite))).unwrap();
    for (filter, expected) in CASES {
        let names = with_diesel::names(&mut connection, SITE.into(), filter, OLDEST.into());
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
}

#[tokio::test]
async fn sea_orm() {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    // Each connection would have a database of its own.
    options.max_connections(1);
    let database = sea_orm::Database::connect(options).await.unwrap();
    database.execute_unprepared(&format!("{SQLITE}{}", rows(Dialect::Sqlite))).await.unwrap();
    for (filter, expected) in CASES {
        let names = with_sea_orm::names(&database, SITE.into(), filter, OLDEST.into()).await;
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
}

#[tokio::test]
async fn sqlx_sqlite() {
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let sql = format!("{SQLITE}{}", rows(Dialect::Sqlite));
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    for (filter, expected) in CASES {
        let names =
            with_sqlx::names_in_sqlite(&mut connection, SITE.into(), filter, OLDEST.into()).await;
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
}

#[tokio::test]
async fn sqlx_postgres() {
    let Some(url) = postgres() else { return };
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let sql = format!("{POSTGRES}{}", rows(Dialect::Postgres));
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    for (filter, expected) in CASES {
        let names = with_sqlx::names_in_postgres(&mut connection, SITE, filter, OLDEST).await;
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
}

#[tokio::test]
async fn tokio_postgres() {
    let Some(url) = postgres() else { return };
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("{POSTGRES}{}", rows(Dialect::Postgres))).await.unwrap();
    for (filter, expected) in CASES {
        let names = with_tokio_postgres::names(&client, SITE, filter, OLDEST).await;
        assert_eq!(names.unwrap(), *expected, "{filter}");
    }
    drop(client);
    connection.await.unwrap().unwrap();
}
