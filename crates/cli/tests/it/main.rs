//! The tests of the program, run as a process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod commands;
#[cfg(all(feature = "full", unix))]
mod crash;
#[cfg(feature = "full")]
#[path = "../../../users/tests/it/databases.rs"]
mod databases;
#[cfg(all(feature = "serve", unix))]
mod serve;
#[cfg(feature = "serve")]
#[path = "../../../server/tests/it/server.rs"]
mod server;
