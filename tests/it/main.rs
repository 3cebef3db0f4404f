//! The tests of the engine: one module per subject, most of them over the files of `tests/corpus`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod architecture;
mod check;
#[cfg(feature = "serde")]
mod decide;
mod dependencies;
#[cfg(all(
    feature = "derive",
    feature = "serde",
    feature = "uuid",
    feature = "time",
    feature = "chrono",
    feature = "jiff"
))]
mod derive;
#[cfg(feature = "serde")]
mod diagnostics;
#[cfg(feature = "arbitrary")]
mod editing;
#[cfg(feature = "arbitrary")]
mod filter_set;
mod fixtures;
mod grammar;
#[cfg(feature = "patch")]
mod grammar_doc;
#[cfg(feature = "serde")]
mod json_record;
#[cfg(feature = "serde")]
mod lint;
#[cfg(feature = "serde")]
mod matching;
#[cfg(all(feature = "serde", feature = "sql"))]
mod own_tables;
#[cfg(feature = "patch")]
mod patch;
#[cfg(feature = "serde")]
mod policies;
#[cfg(feature = "arbitrary")]
mod properties;
#[cfg(feature = "serde")]
#[path = "../generators/random.rs"]
mod random;
mod record_trait;
#[cfg(feature = "serde")]
mod schema_documents;
#[cfg(feature = "search")]
mod search;
#[cfg(all(feature = "serde", feature = "sql"))]
mod sql;
#[cfg(feature = "sql")]
mod sql_types;
#[cfg(feature = "serde")]
mod status_rule;

/// The policy of the users resource; a test of `scieve-users` compares the file with that policy.
#[cfg(feature = "serde")]
static USERS_POLICY: std::sync::LazyLock<scieve::Policy<serde_json::Value>> =
    std::sync::LazyLock::new(|| {
        scieve::Policy::from_json(include_str!("../corpus/users_policy.json")).unwrap()
    });
