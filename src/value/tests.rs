//! Properties of the whole of `value`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod datetimes;
mod numbers;
mod texts;
mod types;
