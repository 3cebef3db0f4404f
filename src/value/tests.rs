//! Tests that concern more than one file of `value`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod datetimes;
mod numbers;
mod strings;
mod types;

/// Number of digits in literals that must not overflow a counter of digits. Smaller for Miri, which
/// would take hours.
const MANY: usize = if cfg!(miri) { 100 } else { 1_000_000 };
