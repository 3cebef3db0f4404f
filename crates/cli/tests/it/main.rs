//! Integration tests that run the program as a process.
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
#[cfg(feature = "doctor")]
mod doctor;
#[cfg(feature = "serve")]
#[path = "../../../server/tests/it/http_client.rs"]
mod http_client;
mod language_server;
mod lint_tool;
#[cfg(all(feature = "serve", unix))]
mod operation;
mod program_cases;
#[cfg(all(feature = "serve", unix))]
mod serve;
#[cfg(all(feature = "serve", target_os = "linux"))]
mod soak;

/// The root of the repository, against which the paths of examples are resolved.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
