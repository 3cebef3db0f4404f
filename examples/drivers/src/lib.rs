//! Filters of callers in statements of five database libraries, on a table that exists already.
//!
//! Each module has a function with the same task: the names of the employees of a site that satisfy
//! a filter and whose age is at most a maximum. The site is a parameter before those of the filter,
//! the maximum one after them. `tests/drivers.rs` runs them.

#![allow(clippy::result_large_err)]

pub mod employees;
pub mod with_diesel;
pub mod with_rusqlite;
pub mod with_sea_orm;
pub mod with_sqlx;
pub mod with_tokio_postgres;

/// An error of one of the libraries.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
