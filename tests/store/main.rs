//! What every store of users does, shown on the one in memory.
#![cfg(feature = "users")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod contract;
mod cursors;
mod fixture;
mod pages;
mod patches;
mod random;
mod threads;

use contract::Stage;
use scieve::users::{MemoryStore, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-01-01T00:00:00Z, in milliseconds.
const START: i64 = 1_767_225_600_000;

fn memory() -> Stage<MemoryStore> {
    let clock = Arc::new(AtomicI64::new(START));
    let told = Arc::clone(&clock);
    let store = MemoryStore::with_clock(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
    Stage { store, pass: Box::new(move |millis| _ = clock.fetch_add(millis, Ordering::SeqCst)) }
}

#[test]
fn memory_keeps_the_contract() {
    pollster::block_on(contract::contract(memory));
}

#[test]
fn memory_pages_join_to_the_whole_list() {
    for seed in 0..24 {
        pollster::block_on(pages::joined_pages(&memory().store, seed));
    }
}

#[test]
fn memory_walks_along_the_ids() {
    for plain in [true, false] {
        pollster::block_on(pages::many_by_id(&memory().store, plain));
    }
}

#[test]
fn memory_pages_ignore_writes_elsewhere() {
    for seed in 0..16 {
        pollster::block_on(pages::interleaved_writes(&memory().store, seed));
    }
}

#[test]
fn memory_answers_as_a_scan_does_after_any_writes() {
    for seed in 0..4 {
        pollster::block_on(pages::index_equals_scan(&memory(), seed));
    }
}

#[test]
fn one_subject_is_created_once() {
    threads::one_subject_is_created_once(memory().store);
}

#[test]
fn readers_see_whole_states() {
    threads::readers_see_whole_states(memory().store);
}
