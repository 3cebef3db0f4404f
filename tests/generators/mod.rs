//! Random records and filters, and database rows of the records by a mapping.

pub(crate) mod filters;
pub(crate) mod people;
pub(crate) mod random;
pub(crate) mod random_values;
pub(crate) mod rows;

use self::random::Random;
use scieve::sql::CheckedMapping;
use scieve::{Policy, Record};

/// The tenant of the records, in tables with several tenants.
pub(crate) const TENANT: &str = "1";

/// A type of record with its policies, mapping and generator.
pub(crate) trait RecordModel {
    type Record: Record + 'static;

    fn name(&self) -> &'static str;
    /// The policies, which have the same schema.
    fn policies(&self) -> &[Policy<Self::Record>];
    fn mapping(&self) -> &CheckedMapping;
    /// Returns true if filters may contain `not`, brackets and `null`.
    fn whole_grammar(&self) -> bool;
    fn record(&self, random: &mut Random, number: usize) -> Self::Record;
    /// The value of the key column.
    fn id<'r>(&self, record: &'r Self::Record) -> &'r str;
    fn json(&self, record: &Self::Record) -> serde_json::Value;
}
