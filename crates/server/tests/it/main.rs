//! Integration tests of the Users REST API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod access;
mod cases;
mod cluster;
#[path = "../../../users/tests/it/databases.rs"]
mod databases;
mod delegate;
mod edges;
mod fuzz_replay;
mod hardening;
mod http;
mod http_client;
mod injection;
mod openapi;
mod operation;
mod pages;
mod search_limits;
mod security;
mod server;
mod statements;
mod token;
mod visibility;
