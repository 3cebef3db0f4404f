//! Properties of the whole of `value`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod datetimes;
mod numbers;
mod texts;
mod types;

/// Digits of a number that no counter of them may mind; Miri would take hours over them.
const MANY: usize = if cfg!(miri) { 100 } else { 1_000_000 };
