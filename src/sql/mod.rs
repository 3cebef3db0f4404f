//! Plans as SQL: conditions and whole statements for PostgreSQL, MySQL/MariaDB and SQLite that find exactly the rows whose records
//! [`crate::Plan::matches`].
//!
//! Every literal is bound; names of tables and columns come from a checked [`Mapping`] and nowhere else.
//!
//! The session has to be one in which the databases do what was measured: MySQL and MariaDB in strict mode (`STRICT_TRANS_TABLES`),
//! PostgreSQL with a UTF-8 database. Texts hold no U+0000, decimals are no NaN.

mod chain;
mod columns;
mod condition;
mod ddl;
mod dialect;
mod error;
mod leaf;
mod mapping;
mod names;
mod page;
mod statement;
mod values;
mod warnings;

pub use columns::CheckedMapping;
pub use dialect::Dialect;
pub use error::SqlError;
pub use mapping::ChildTable;
pub use mapping::Column;
pub use mapping::Mapping;
pub use mapping::MappingError;
pub use mapping::NativeComparison;
pub use mapping::StringComparison;
pub use page::Direction;
pub use page::Seek;
pub use page::Select;
pub use page::sort_text;
pub use statement::Statement;
pub use values::Param;
