//! A description of the index for people.

use super::FilterSet;
use super::cover::Reason;
use super::key::{Key, Kind};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::Hash;

impl<R: ?Sized, Id: Clone + Eq + Hash> FilterSet<R, Id> {
    /// Describes the index: the number of plans by the attribute and kind of their keys, and the
    /// number of plans without a key by the reason.
    ///
    /// The text is for people; its format can change between versions.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut by_key: BTreeMap<(String, &str), usize> = BTreeMap::new();
        let mut by_reason: BTreeMap<Reason, usize> = BTreeMap::new();
        for (_, entry) in self.entries() {
            match &entry.place {
                Ok(place) => {
                    let mut kinds: Vec<_> =
                        place.keys.iter().map(|key| (self.name(key), kind(key))).collect();
                    kinds.sort();
                    kinds.dedup();
                    for kind in kinds {
                        *by_key.entry(kind).or_default() += 1;
                    }
                }
                Err(reason) => *by_reason.entry(*reason).or_default() += 1,
            }
        }
        // Writing to a string cannot fail.
        let mut out = format!("{} filters", self.len);
        for ((attribute, kind), count) in by_key {
            let _ = write!(out, "\n  {count} by {kind} of {attribute}");
        }
        for (reason, count) in by_reason {
            let _ = write!(out, "\n  {count} without a key: the filter {}", reason.text());
        }
        out
    }

    fn name(&self, key: &Key) -> String {
        self.schema.attribute(key.attribute).map_or_else(String::new, ToString::to_string)
    }
}

fn kind(key: &Key) -> &'static str {
    match key.kind {
        Kind::Equal => "equality",
        Kind::Prefix(_) => "prefix",
        Kind::Suffix(_) => "suffix",
        Kind::Gram(_) => "substring",
        Kind::Present => "presence",
        Kind::Above | Kind::Below => "order",
    }
}
