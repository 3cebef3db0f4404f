//! SQL for PostgreSQL, MySQL/MariaDB and SQLite that finds exactly the rows whose records
//! [`crate::Plan::matches`]: a condition ([`crate::Plan::to_condition`]) or a whole query
//! ([`crate::Plan::to_sql`]).
//!
//! Every literal is bound; identifiers come only from a checked [`Mapping`].
//!
//! The results are those of memory under these conditions: MySQL and MariaDB in strict mode
//! (`STRICT_TRANS_TABLES`), PostgreSQL with a UTF-8 database, no U+0000 in strings, no NaN in
//! decimals.

#[cfg(feature = "sqlx")]
mod arguments;
mod check_mapping;
mod checked_mapping;
mod column;
mod column_range;
mod column_test;
mod column_type;
mod condition;
mod coverage;
mod ddl;
mod dialect;
mod error;
mod expr;
mod json_test;
mod json_value;
mod literal;
mod mapping;
mod multi_valued;
mod names;
mod order;
mod page;
mod place;
mod rows;
mod sort;
mod statement;
mod storage;
mod stored_value;
mod values;
mod warnings;

#[cfg(feature = "sqlx")]
pub use arguments::BindDatabase;
pub use checked_mapping::CheckedMapping;
pub use column::ArrayElements;
pub use column::Column;
pub use column::NativeComparison;
pub use column::StringComparison;
pub use column::case_fold_agrees;
pub use coverage::Gap;
pub use coverage::GapKind;
pub use dialect::Dialect;
pub use error::SqlError;
pub use mapping::ChildTable;
pub use mapping::Join;
pub use mapping::Mapping;
pub use mapping::MappingError;
pub use page::Direction;
pub use page::KeysetPosition;
pub use page::Select;
pub use page::sort_text;
/// The query builder whose conditions and statements are returned, in the version of this crate.
pub use sea_query;
pub use statement::Statement;
pub use storage::Storage;
pub use values::Param;
