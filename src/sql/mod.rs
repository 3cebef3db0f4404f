//! SQL for PostgreSQL, MySQL/MariaDB and SQLite that finds exactly the rows whose records
//! [`crate::Plan::matches`]: a condition ([`crate::Plan::to_condition`]) or a whole query
//! ([`crate::Plan::to_sql`]).
//!
//! Every literal is bound; identifiers come only from a checked [`Mapping`].
//!
//! The results are those of memory under these conditions: MySQL and MariaDB in strict mode
//! (`STRICT_TRANS_TABLES`), PostgreSQL with a UTF-8 database, no U+0000 in strings, no NaN in
//! decimals.

mod checked_mapping;
mod column_range;
mod column_test;
mod condition;
mod ddl;
mod dialect;
mod error;
mod expr;
mod mapping;
mod names;
mod page;
mod statement;
mod values;
mod warnings;

pub use checked_mapping::CheckedMapping;
pub use dialect::Dialect;
pub use error::SqlError;
pub use mapping::ChildTable;
pub use mapping::Column;
pub use mapping::Mapping;
pub use mapping::MappingError;
pub use mapping::NativeComparison;
pub use mapping::StringComparison;
pub use page::Direction;
pub use page::KeysetPosition;
pub use page::Select;
pub use page::sort_text;
pub use statement::Statement;
pub use values::Param;
