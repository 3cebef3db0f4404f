//! Tests of the users resource and its stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod agreement;
mod connection;
mod databases;
mod edge_case_users;
mod existing;
#[path = "../../../../tests/generators/mod.rs"]
mod generators;
mod query_plans;
mod sample;
mod sqlite_conditions;
mod store;
mod user_record;
