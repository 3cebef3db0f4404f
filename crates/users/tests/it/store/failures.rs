//! Failures of databases: a full disk, killed connections, a read-only database, cancelled
//! operations. The store recovers without a restart.

use super::block_on;
use crate::databases::{Database, require};
use scieve_users::{NewUser, SqlOptions, SqlStore, StoreError, UserStore as _};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, Row as _,
};
use std::time::Duration;

const TENANT: &str = "tenant-1";
/// More than the connections of a store, so that each of them is used.
const MANY: u32 = 25;

fn new_user(subject: impl Into<String>) -> NewUser {
    NewUser { subject: subject.into(), ..NewUser::default() }
}

async fn store(database: &Database) -> SqlStore {
    SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap()
}

/// Asserts that every connection of the store can read and write.
async fn assert_works(store: &SqlStore, name: &str) {
    store.check_ready().await.unwrap();
    for number in 0..MANY {
        let user = store.create(TENANT, new_user(format!("{name} {number}"))).await.unwrap();
        assert_eq!(store.get(TENANT, &user.id).await.unwrap(), user);
    }
}

/// Asserts that reads succeed and writes report that the database is unavailable.
async fn assert_reads_only(store: &SqlStore, existing: &str) {
    for number in 0..MANY {
        let created = store.create(TENANT, new_user(format!("refused {number}"))).await;
        assert_eq!(created.unwrap_err(), StoreError::Unavailable);
        assert_eq!(store.delete(TENANT, existing).await, Err(StoreError::Unavailable));
        assert_eq!(store.check_ready().await, Err(StoreError::Unavailable));
        assert_eq!(store.get(TENANT, existing).await.unwrap().id, existing);
    }
}

#[test]
fn the_check_of_readiness_leaves_no_user() {
    require!(servers);
    block_on(async {
        for database in [Database::sqlite(), Database::postgres().await, Database::mysql().await] {
            let store = store(&database).await;
            store.check_ready().await.unwrap();
            assert_eq!(count_rows(&database).await, 0, "{}", database.url);
        }
    });
}

/// Returns the number of users of all tenants.
async fn count_rows(database: &Database) -> i64 {
    const COUNT: &str = "SELECT COUNT(*) FROM users";
    match database.url.split_once(':') {
        Some(("sqlite", file)) => rusqlite::Connection::open(file)
            .unwrap()
            .query_row(COUNT, [], |row| row.get(0))
            .unwrap(),
        Some(("postgres", _)) => {
            let mut admin = PgConnection::connect(&database.url).await.unwrap();
            admin.fetch_one(COUNT).await.unwrap().get(0)
        }
        _ => {
            let mut admin = MySqlConnection::connect(&database.url).await.unwrap();
            admin.fetch_one(COUNT).await.unwrap().get(0)
        }
    }
}

/// Runs [`limited_process`] in a process that ignores SIGXFSZ: with a limit of 0 bytes on the size
/// of files, every write then fails, as on a full disk.
#[cfg(unix)]
#[test]
fn sqlite_recovers_from_a_full_disk() {
    let output = std::process::Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::failures::limited_process", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}\n{errors}");
}

#[cfg(unix)]
#[test]
#[ignore = "sqlite_recovers_from_a_full_disk runs it in a process of its own"]
fn limited_process() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    block_on(async {
        let database = Database::sqlite();
        let store = store(&database).await;
        let user = store.create(TENANT, new_user("first")).await.unwrap();
        let limit = getrlimit(Resource::Fsize);
        setrlimit(Resource::Fsize, Rlimit { current: Some(0), ..limit }).unwrap();
        assert_reads_only(&store, &user.id).await;
        setrlimit(Resource::Fsize, limit).unwrap();
        assert_works(&store, "after").await;
    });
}

/// Ends all connections to a database except that of the administrator.
const POSTGRES_KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                             WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn postgres_recovers_from_killed_connections() {
    require!(servers);
    block_on(async {
        let database = Database::postgres().await;
        let store = store(&database).await;
        let mut admin = PgConnection::connect(&database.url).await.unwrap();
        for round in 0..5 {
            let writes = (0..MANY)
                .map(|number| store.create(TENANT, new_user(format!("round {round} {number}"))));
            let kill = async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                admin.execute(POSTGRES_KILL).await.unwrap();
            };
            let (results, ()) = tokio::join!(join_all(writes), kill);
            assert_only_unavailable(results);
            assert_works(&store, &format!("after round {round}")).await;
        }
    });
}

#[test]
fn mariadb_recovers_from_killed_connections() {
    require!(servers);
    block_on(async {
        let database = Database::mysql().await;
        let store = store(&database).await;
        let mut admin = MySqlConnection::connect(&database.url).await.unwrap();
        for round in 0..5 {
            let writes = (0..MANY)
                .map(|number| store.create(TENANT, new_user(format!("round {round} {number}"))));
            let kill = async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let others = "SELECT id FROM information_schema.processlist \
                              WHERE db = DATABASE() AND id <> CONNECTION_ID()";
                for row in admin.fetch_all(others).await.unwrap() {
                    let id: i64 = row.get_unchecked(0);
                    // It may have ended meanwhile.
                    let _ = admin.execute(AssertSqlSafe(format!("KILL {id}"))).await;
                }
            };
            let (results, ()) = tokio::join!(join_all(writes), kill);
            assert_only_unavailable(results);
            assert_works(&store, &format!("after round {round}")).await;
        }
    });
}

#[test]
fn postgres_recovers_from_a_read_only_database() {
    require!(servers);
    block_on(async {
        let database = Database::postgres().await;
        let store = store(&database).await;
        let user = store.create(TENANT, new_user("first")).await.unwrap();
        let mut admin = PgConnection::connect(&database.url).await.unwrap();
        let name = database.url.rsplit('/').next().unwrap();
        for (mode, works) in [("on", false), ("off", true)] {
            let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {mode}");
            admin.execute("SET default_transaction_read_only = off").await.unwrap();
            admin.execute(AssertSqlSafe(set)).await.unwrap();
            admin.execute(POSTGRES_KILL).await.unwrap();
            match works {
                false => assert_reads_only(&store, &user.id).await,
                true => assert_works(&store, "after").await,
            }
        }
    });
}

fn assert_only_unavailable<T: std::fmt::Debug>(results: Vec<Result<T, StoreError>>) {
    for result in results {
        assert!(matches!(result, Ok(_) | Err(StoreError::Unavailable)), "{result:?}");
    }
}

/// Awaits futures concurrently.
async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, result) in &mut pending {
            if result.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        match pending.iter().all(|(_, result)| result.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, result)| result).collect()
}

/// Cancels operations at many points, and asserts that later writes on the same connection are
/// visible on other connections, so that no transaction was left open.
async fn cancel_operations(database: Database) {
    let options = SqlOptions::default().connections(1);
    let (store, other) = tokio::join!(SqlStore::connect(&database.url, options), store(&database));
    let store = store.unwrap();
    for number in 0..40 {
        let user = store.create(TENANT, new_user(format!("kept {number}"))).await.unwrap();
        let limit = Duration::from_micros(50 * number);
        let cancelled = store.create(TENANT, new_user(format!("cancelled {number}")));
        let _ = tokio::time::timeout(limit, cancelled).await;
        store.delete(TENANT, &user.id).await.unwrap();
        assert_eq!(other.get(TENANT, &user.id).await, Err(StoreError::NotFound), "{number}");
    }
}

#[test]
fn cancelled_operations_leave_no_open_transaction() {
    block_on(cancel_operations(Database::sqlite()));
    require!(servers);
    block_on(async {
        cancel_operations(Database::postgres().await).await;
        cancel_operations(Database::mysql().await).await;
    });
}
