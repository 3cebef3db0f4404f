//! Time limits of lists, and the cancellation of their statements.

use super::block_on;
use crate::databases::{Database, require};
use scieve::{Limits, Plan};
use scieve_users::{
    Deadline, MemoryStore, Query, SqlOptions, SqlStore, StoreError, User, UserStore, policy, sample,
};
use sqlx::{Connection as _, Executor as _, MySqlConnection, PgConnection, Row as _};
use std::time::{Duration, Instant};

const TENANT: &str = "n2vKq0TzXcB7LrYwEo5hJd8sMfGuA1Pi";
const LONG: Duration = Duration::from_secs(60);

/// A filter without cost limit that no index serves.
fn costly_plan() -> Plan<User> {
    let mut limits = Limits::default();
    limits.cost = usize::MAX;
    let clauses: Vec<_> =
        (0..240).map(|n| format!("(name co \"一{n}\" or email co \"@\")")).collect();
    policy().clone().with_limits(limits).parse(&clauses.join(" and ")).unwrap()
}

async fn load(store: &impl UserStore, users: usize) {
    store.load(TENANT, Vec::new(), Vec::new(), sample(users).collect()).await.unwrap();
}

fn patient() -> SqlOptions {
    SqlOptions::default().lock_timeout(LONG).statement_timeout(LONG)
}

/// Asserts that a list ends at its deadline, and that the store works afterwards.
async fn check_deadline(store: &impl UserStore) {
    load(store, 300).await;
    let plan = costly_plan();
    for limit in [0, 20] {
        let deadline = Deadline::after(Duration::ZERO);
        let query = Query { limit, deadline: Some(&deadline), ..Query::matching(Some(&plan)) };
        assert_eq!(store.list(TENANT, &query).await, Err(StoreError::TooSlow));
        let deadline = Deadline::after(LONG);
        let query = Query { deadline: Some(&deadline), total: true, ..query };
        let page = store.list(TENANT, &query).await.unwrap();
        assert_eq!(Some(page), store.list(TENANT, &Query { deadline: None, ..query }).await.ok());
    }
}

#[test]
fn lists_end_at_their_deadline() {
    block_on(async {
        check_deadline(&MemoryStore::new()).await;
        let database = Database::sqlite();
        check_deadline(&SqlStore::connect(&database.url, patient()).await.unwrap()).await;
    });
    require!(servers);
    block_on(async {
        for database in [Database::postgres().await, Database::mysql().await] {
            check_deadline(&SqlStore::connect(&database.url, patient()).await.unwrap()).await;
        }
    });
}

#[test]
fn a_cancelled_scan_in_memory_ends() {
    let store = MemoryStore::new();
    block_on(load(&store, 3000));
    let plan = costly_plan();
    let deadline = Deadline::after(LONG);
    let query = Query { limit: 20, deadline: Some(&deadline), ..Query::matching(Some(&plan)) };
    std::thread::scope(|scope| {
        let lists = scope.spawn(|| while pollster::block_on(store.list(TENANT, &query)).is_ok() {});
        deadline.cancel();
        lists.join().unwrap();
    });
    assert_eq!(pollster::block_on(store.list(TENANT, &query)), Err(StoreError::TooSlow));
}

/// Drops a list while its statement runs, and asserts that the statement ends. `running` returns
/// the number of running statements.
async fn check_cancellation(store: &SqlStore, mut running: impl AsyncFnMut() -> i64) {
    let plan = costly_plan();
    for by_deadline in [true, false] {
        let deadline = Deadline::after(if by_deadline { Duration::from_millis(300) } else { LONG });
        let query = Query { limit: 20, deadline: Some(&deadline), ..Query::matching(Some(&plan)) };
        if by_deadline {
            assert_eq!(store.list(TENANT, &query).await, Err(StoreError::TooSlow));
        } else {
            let mut list = Box::pin(store.list(TENANT, &query));
            while running().await == 0 {
                let some = Duration::from_millis(10);
                assert!(tokio::time::timeout(some, &mut list).await.is_err());
            }
        }
        let mut polls = 0;
        while running().await > 0 {
            polls += 1;
            assert!(polls < 300, "the statement goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[test]
fn postgres_cancels_statements() {
    require!(servers);
    block_on(async {
        let database = Database::postgres().await;
        let store = SqlStore::connect(&database.url, patient()).await.unwrap();
        load(&store, 1).await;
        let mut locking = PgConnection::connect(&database.url).await.unwrap();
        let mut lock = locking.begin().await.unwrap();
        lock.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let mut admin = PgConnection::connect(&database.url).await.unwrap();
        check_cancellation(&store, async || {
            let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            admin.fetch_one(waiting).await.unwrap().get(0)
        })
        .await;
    });
}

#[test]
fn mariadb_cancels_statements() {
    require!(servers);
    block_on(async {
        let database = Database::mysql().await;
        let store = SqlStore::connect(&database.url, patient()).await.unwrap();
        load(&store, 1).await;
        let mut locking = MySqlConnection::connect(&database.url).await.unwrap();
        locking.execute(sqlx::raw_sql("LOCK TABLES users WRITE")).await.unwrap();
        let mut admin = MySqlConnection::connect(&database.url).await.unwrap();
        check_cancellation(&store, async || {
            let waiting = "SELECT COUNT(*) FROM information_schema.processlist \
                           WHERE db = DATABASE() AND state LIKE 'Waiting for%lock'";
            admin.fetch_one(waiting).await.unwrap().get(0)
        })
        .await;
    });
}

#[test]
fn sqlite_cancels_statements() {
    block_on(async {
        let database = Database::sqlite();
        let options = patient().connections(1).acquire_timeout(LONG);
        let store = SqlStore::connect(&database.url, options).await.unwrap();
        load(&store, 5000).await;
        let plan = costly_plan();
        let deadline = Deadline::after(LONG);
        // The number of all users, because the first rows fill a page at once.
        let query = Query {
            limit: 20,
            total: true,
            deadline: Some(&deadline),
            ..Query::matching(Some(&plan))
        };
        let start = Instant::now();
        store.list(TENANT, &query).await.unwrap();
        let whole = start.elapsed();
        let start = Instant::now();
        let _ = tokio::time::timeout(whole / 20, store.list(TENANT, &query)).await;
        // Waits for the only connection.
        assert_eq!(store.get(TENANT, "none").await, Err(StoreError::NotFound));
        assert!(start.elapsed() < whole * 3 / 4, "{:?} of {whole:?}", start.elapsed());
    });
}
