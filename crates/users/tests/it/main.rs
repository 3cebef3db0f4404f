//! The tests of the users resource and its stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod agreement;
mod databases;
mod engine;
#[path = "../../../../tests/generators/mod.rs"]
mod generators;
mod hard_users;
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod query_plans;
mod record;
mod sample;
mod sqlite;
mod store;
