//! Records and filters made at random, and databases that hold the records in tables which a mapping made.

pub(crate) mod filters;
pub(crate) mod people;
pub(crate) mod random;
pub(crate) mod rows;

use self::random::Random;
use scieve::sql::CheckedMapping;
use scieve::{Policy, Record};

/// Whose records they are, in tables of many tenants.
pub(crate) const TENANT: &str = "tenant";

/// A kind of record with all that belongs to it.
pub(crate) trait World {
    type Record: Record + 'static;

    fn name(&self) -> &'static str;
    /// What may be asked. Every policy has the same schema.
    fn policies(&self) -> &[Policy<Self::Record>];
    fn columns(&self) -> &CheckedMapping;
    /// Whether filters may have `not`, brackets and `null`.
    fn whole_grammar(&self) -> bool;
    fn record(&self, random: &mut Random, number: usize) -> Self::Record;
    /// What the table's key holds.
    fn id<'r>(&self, record: &'r Self::Record) -> &'r str;
    fn json(&self, record: &Self::Record) -> serde_json::Value;
}
