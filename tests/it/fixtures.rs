//! The record and the reader of corpora that several tests share.

use scieve::{Attribute, Record, ValueRef};

/// A record without values, for tests that only check or compile filters.
pub(crate) struct EmptyRecord;

impl Record for EmptyRecord {
    fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        false
    }
}

/// Parses the lines of a `.jsonl` file of `tests/corpus`.
pub(crate) fn json_lines(corpus: &str) -> Vec<serde_json::Value> {
    corpus
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
