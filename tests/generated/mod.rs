//! Records and filters made at random, and databases that hold the records in tables which a mapping made.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod engine;
pub(crate) mod filters;
pub(crate) mod people;
pub(crate) mod random;
pub(crate) mod rows;
#[cfg(feature = "users")]
pub(crate) mod users;

use random::Random;
use scieve::sql::Columns;
use scieve::{Policy, Record};

/// Whose records they are, in tables of many tenants.
pub(crate) const TENANT: &str = "tenant";

/// A kind of record with all that belongs to it.
pub(crate) trait World {
    type Record: Record + 'static;

    fn name(&self) -> &'static str;
    /// What may be asked. Every policy has the same schema.
    fn policies(&self) -> &[Policy<Self::Record>];
    fn columns(&self) -> &Columns;
    /// Whether filters may have `not`, brackets and `null`.
    fn whole_grammar(&self) -> bool;
    fn record(&self, random: &mut Random, number: usize) -> Self::Record;
    /// What the table's key holds.
    fn id<'r>(&self, record: &'r Self::Record) -> &'r str;
    fn json(&self, record: &Self::Record) -> serde_json::Value;
}
