//! What every store of users does, shown on each: in memory, and in databases.

mod contract;
mod cursors;
mod fixture;
mod opening;
mod pages;
mod patches;
mod random;
mod threads;

use self::contract::Stage;
use scieve_users::{MemoryStore, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// 2026-01-01T00:00:00Z, in milliseconds.
const START: i64 = 1_767_225_600_000;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Databases need a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A clock, and what moves it.
fn clock() -> (impl Fn() -> Timestamp + Send + Sync + 'static, Box<dyn Fn(i64)>) {
    let clock = Arc::new(AtomicI64::new(START));
    let told = Arc::clone(&clock);
    (
        move || Timestamp::from_millis(told.load(Ordering::SeqCst)),
        Box::new(move |millis| _ = clock.fetch_add(millis, Ordering::SeqCst)),
    )
}

async fn memory() -> Stage<MemoryStore> {
    let (clock, pass) = clock();
    Stage { store: MemoryStore::with_clock(clock), pass, keep: None }
}

async fn opened(database: crate::databases::Database) -> Stage<scieve_users::SqlStore> {
    use scieve_users::{SqlOptions, SqlStore};

    let (clock, pass) = clock();
    let store = SqlStore::connect(&database.url, SqlOptions::default().clock(clock)).await.unwrap();
    Stage { store, pass, keep: Some(Box::new(database)) }
}

async fn sqlite() -> Stage<scieve_users::SqlStore> {
    opened(crate::databases::Database::sqlite()).await
}

async fn postgres() -> Stage<scieve_users::SqlStore> {
    opened(crate::databases::Database::postgres().await).await
}

async fn cluster() -> Stage<scieve_users::SqlStore> {
    opened(crate::databases::Database::cluster().await).await
}

async fn mysql() -> Stage<scieve_users::SqlStore> {
    opened(crate::databases::Database::mysql().await).await
}

/// The same tests on one store, the random ones as many times, and one with as many users.
macro_rules! on {
    ($name:ident, $times:expr, $users:expr, $servers:ident) => {
        mod $name {
            use super::{block_on, contract, pages, threads};

            #[test]
            fn keeps_the_contract() {
                crate::databases::require!($servers);
                block_on(contract::contract(super::$name));
            }

            #[test]
            fn pages_join_to_the_whole_list() {
                crate::databases::require!($servers);
                for seed in 0..$times * 6 {
                    let stage = block_on(super::$name());
                    block_on(pages::joined_pages(&stage.store, seed));
                }
            }

            #[test]
            fn walks_along_the_ids() {
                crate::databases::require!($servers);
                for plain in [true, false] {
                    let stage = block_on(super::$name());
                    block_on(pages::many_by_id(&stage.store, $users, plain));
                }
            }

            #[test]
            fn pages_ignore_writes_elsewhere() {
                crate::databases::require!($servers);
                for seed in 0..$times * 4 {
                    let stage = block_on(super::$name());
                    block_on(pages::interleaved_writes(&stage.store, seed));
                }
            }

            #[test]
            fn answers_as_a_scan_does_after_any_writes() {
                crate::databases::require!($servers);
                for seed in 0..$times {
                    let stage = block_on(super::$name());
                    block_on(pages::index_equals_scan(&stage, $users / 2, seed));
                }
            }

            #[test]
            fn one_subject_is_created_once() {
                crate::databases::require!($servers);
                let super::Stage { store, keep: _keep, .. } = block_on(super::$name());
                threads::one_subject_is_created_once(store);
            }

            #[test]
            fn no_change_is_lost() {
                crate::databases::require!($servers);
                let super::Stage { store, keep: _keep, .. } = block_on(super::$name());
                threads::no_change_is_lost(store);
            }

            #[test]
            fn readers_see_whole_states() {
                crate::databases::require!($servers);
                let super::Stage { store, keep: _keep, .. } = block_on(super::$name());
                threads::readers_see_whole_states(store);
            }
        }
    };
}

on!(memory, 4, 6000, nothing);
on!(sqlite, 1, 1200, nothing);
on!(postgres, 1, 1200, servers);
on!(mysql, 1, 1200, servers);

/// The contract alone: tests/cluster compares much more of a cluster with memory.
mod on_a_cluster {
    use super::{Stage, block_on, cluster, contract, threads};

    #[test]
    fn keeps_the_contract() {
        crate::databases::require!(cluster);
        block_on(contract::contract(cluster));
    }

    #[test]
    fn one_subject_is_created_once() {
        crate::databases::require!(cluster);
        let Stage { store, keep: _keep, .. } = block_on(cluster());
        threads::one_subject_is_created_once(store);
    }
}
