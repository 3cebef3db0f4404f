//! The contract of [`scieve_users::UserStore`], tested on every store: in memory, SQLite,
//! PostgreSQL, MariaDB and a PostgreSQL cluster.

mod administrators;
mod concurrency;
mod connect;
mod contract;
mod counts;
mod cursors;
mod deadlines;
mod failures;
mod fixture;
mod loads;
mod lookups;
mod name_searches;
mod pages;
mod patches;
mod random_queries;
mod trigrams;

use self::contract::TestStore;
use scieve_users::{MemoryStore, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// 2026-01-01T00:00:00Z, in milliseconds.
const START: i64 = 1_767_225_600_000;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Runs a future on the runtime that the database stores need.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Returns a clock, and a function that advances it by milliseconds.
fn clock() -> (impl Fn() -> Timestamp + Send + Sync + 'static, Box<dyn Fn(i64)>) {
    let clock = Arc::new(AtomicI64::new(START));
    let reader = Arc::clone(&clock);
    (
        move || Timestamp::from_millis(reader.load(Ordering::SeqCst)),
        Box::new(move |millis| _ = clock.fetch_add(millis, Ordering::SeqCst)),
    )
}

async fn memory() -> TestStore<MemoryStore> {
    let (clock, advance) = clock();
    TestStore { store: MemoryStore::with_clock(clock), advance, guard: None }
}

async fn connect(database: crate::databases::Database) -> TestStore<scieve_users::SqlStore> {
    use scieve_users::{SqlOptions, SqlStore};

    let (clock, advance) = clock();
    let store = SqlStore::connect(&database.url, SqlOptions::default().clock(clock)).await.unwrap();
    TestStore { store, advance, guard: Some(Box::new(database)) }
}

async fn sqlite() -> TestStore<scieve_users::SqlStore> {
    connect(crate::databases::Database::sqlite()).await
}

async fn postgres() -> TestStore<scieve_users::SqlStore> {
    connect(crate::databases::Database::postgres().await).await
}

async fn cluster() -> TestStore<scieve_users::SqlStore> {
    connect(crate::databases::Database::cluster().await).await
}

async fn mysql() -> TestStore<scieve_users::SqlStore> {
    connect(crate::databases::Database::mysql().await).await
}

/// Tests of one store: `$times` scales the number of random runs, `$users` the number of users.
macro_rules! store_tests {
    ($name:ident, $times:expr, $users:expr, $servers:ident) => {
        mod $name {
            use super::{administrators, block_on, concurrency, contract, pages};

            #[test]
            fn store_fulfils_the_contract() {
                crate::databases::require!($servers);
                block_on(contract::check_contract(super::$name));
            }

            #[test]
            fn the_last_administrator_is_kept() {
                crate::databases::require!($servers);
                block_on(async {
                    let test_store = super::$name().await;
                    administrators::the_last_administrator_is_kept(test_store).await;
                    let test_store = super::$name().await;
                    administrators::concurrent_demotions_leave_an_administrator(&test_store).await;
                });
            }

            #[test]
            fn preconditions_are_checked() {
                crate::databases::require!($servers);
                block_on(async {
                    administrators::preconditions_are_checked(super::$name().await).await
                });
            }

            #[test]
            fn pages_concatenate_to_the_whole_list() {
                crate::databases::require!($servers);
                for seed in 0..$times * 6 {
                    let test_store = block_on(super::$name());
                    block_on(pages::concatenated_pages(&test_store.store, seed));
                }
            }

            #[test]
            fn pages_by_id_concatenate_to_the_whole_list() {
                crate::databases::require!($servers);
                for lowercase in [true, false] {
                    let test_store = block_on(super::$name());
                    block_on(pages::pages_by_id(&test_store.store, $users, lowercase));
                }
            }

            #[test]
            fn writes_between_pages_neither_hide_nor_repeat_other_users() {
                crate::databases::require!($servers);
                for seed in 0..$times * 4 {
                    let test_store = block_on(super::$name());
                    block_on(pages::writes_between_pages(&test_store.store, seed));
                }
            }

            #[test]
            fn lists_equal_a_full_scan_after_random_writes() {
                crate::databases::require!($servers);
                for seed in 0..$times {
                    let test_store = block_on(super::$name());
                    block_on(pages::lists_equal_scans(&test_store, $users / 2, seed));
                }
            }

            #[test]
            fn concurrent_creates_of_a_subject_succeed_once() {
                crate::databases::require!($servers);
                let super::TestStore { store, guard: _guard, .. } = block_on(super::$name());
                concurrency::create_subject_concurrently(store);
            }

            #[test]
            fn concurrent_writes_are_not_lost() {
                crate::databases::require!($servers);
                let super::TestStore { store, guard: _guard, .. } = block_on(super::$name());
                concurrency::write_concurrently(store);
            }

            #[test]
            fn readers_see_consistent_snapshots() {
                crate::databases::require!($servers);
                let super::TestStore { store, guard: _guard, .. } = block_on(super::$name());
                concurrency::read_during_writes(store);
            }
        }
    };
}

store_tests!(memory, 4, 6000, nothing);
store_tests!(sqlite, 1, 1200, nothing);
store_tests!(postgres, 1, 1200, servers);
store_tests!(mysql, 1, 1200, servers);

/// The contract alone: `crates/server/tests/it/cluster` compares a cluster with memory in detail.
mod on_a_cluster {
    use super::{TestStore, block_on, cluster, concurrency, contract};

    #[test]
    fn store_fulfils_the_contract() {
        crate::databases::require!(cluster);
        block_on(contract::check_contract(cluster));
    }

    #[test]
    fn concurrent_creates_of_a_subject_succeed_once() {
        crate::databases::require!(cluster);
        let TestStore { store, guard: _guard, .. } = block_on(cluster());
        concurrency::create_subject_concurrently(store);
    }
}
