//! The tests of the users resource and its stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod agreement;
mod databases;
mod engine;
#[path = "../../../../tests/generators/mod.rs"]
mod generators;
mod hard_users;
mod query_plans;
mod record;
mod sample;
mod sqlite;
mod store;
