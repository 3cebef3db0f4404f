//! The types of columns in the DDL of each database.

use super::column::NativeComparison;
use super::dialect::{Dialect, literal};
use super::storage::Storage;
use crate::value::AttributeType;

/// The type of strings that are not compared. The default character set of a MySQL database may not
/// contain all characters.
pub(super) fn text_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "TEXT CHARACTER SET utf8mb4",
        Dialect::Postgres | Dialect::Sqlite => "TEXT",
    }
}

/// The type of strings that are compared and sorted byte by byte, without padding. MySQL and
/// MariaDB have no such collation in common. The length is the maximum that fits into an index
/// together with a key and a tenant.
pub(super) fn key_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "text COLLATE \"C\"",
        Dialect::MySql => "VARBINARY(1020)",
        Dialect::Sqlite => "TEXT",
    }
}

/// The type of keys and tenants.
pub(super) fn id_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "VARBINARY(255)",
        Dialect::Postgres | Dialect::Sqlite => key_type(dialect),
    }
}

/// MariaDB sorts by the first 1024 bytes only (`max_sort_length`).
pub(super) fn sort_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "VARBINARY(1021)",
        Dialect::Postgres | Dialect::Sqlite => key_type(dialect),
    }
}

pub(super) fn native_type(dialect: Dialect, native: &NativeComparison) -> &'static str {
    match (native, dialect) {
        (_, Dialect::MySql) => "VARCHAR(255) CHARACTER SET utf8mb4",
        (NativeComparison::CaseInsensitive, Dialect::Postgres) => "citext",
        (NativeComparison::CaseInsensitive, Dialect::Sqlite) => "TEXT COLLATE NOCASE",
        _ => "TEXT",
    }
}

pub(super) fn value_type(dialect: Dialect, kind: AttributeType) -> &'static str {
    match (kind, dialect) {
        (AttributeType::Boolean, Dialect::Postgres) => "boolean",
        (AttributeType::Boolean, Dialect::MySql) => "TINYINT",
        (AttributeType::Decimal, Dialect::Postgres) => "double precision",
        (AttributeType::Decimal, Dialect::MySql) => "DOUBLE",
        (AttributeType::Decimal, Dialect::Sqlite) => "REAL",
        (AttributeType::Binary, Dialect::Postgres) => "bytea",
        (AttributeType::Binary, Dialect::MySql) => "VARBINARY(1020)",
        (AttributeType::Binary, Dialect::Sqlite) => "BLOB",
        (_, Dialect::Sqlite) => "INTEGER",
        _ => "BIGINT",
    }
}

/// The type of a column with a storage.
pub(super) fn storage_type(dialect: Dialect, storage: &Storage) -> String {
    let [postgres, mysql, sqlite] = match storage {
        Storage::Text => ["text", "VARCHAR(255) CHARACTER SET utf8mb4", "TEXT"],
        Storage::Citext => ["citext", "VARCHAR(255) CHARACTER SET utf8mb4", "TEXT COLLATE NOCASE"],
        Storage::Integer | Storage::UnixSeconds | Storage::UnixMillis | Storage::UnixMicros => {
            ["bigint", "BIGINT", "INTEGER"]
        }
        Storage::Real => ["double precision", "DOUBLE", "REAL"],
        Storage::Numeric => ["numeric", "DECIMAL(65, 15)", "NUMERIC"],
        Storage::Boolean => ["boolean", "BOOLEAN", "INTEGER"],
        Storage::BooleanText(_) => ["text", "VARCHAR(16)", "TEXT"],
        Storage::Bytes => ["bytea", "VARBINARY(1020)", "BLOB"],
        Storage::Uuid => ["uuid", "CHAR(36) CHARACTER SET ascii", "TEXT"],
        Storage::UuidBytes => ["bytea", "BINARY(16)", "BLOB"],
        Storage::TimestampTz => ["timestamp with time zone", "TIMESTAMP(6) NULL", "TEXT"],
        Storage::Timestamp => ["timestamp", "DATETIME(6)", "TEXT"],
        Storage::Date => ["date", "DATE", "TEXT"],
        Storage::Iso8601(_) => ["text", "VARCHAR(40)", "TEXT"],
        Storage::Enum { type_name, labels } => {
            let labels: Vec<String> = labels.iter().map(|label| literal(label)).collect();
            let type_name: Vec<String> =
                type_name.split('.').map(|name| dialect.quoted(name)).collect();
            return match dialect {
                Dialect::Postgres => type_name.join("."),
                Dialect::MySql => format!("ENUM ({})", labels.join(", ")),
                Dialect::Sqlite => "TEXT".to_owned(),
            };
        }
    };
    match dialect {
        Dialect::Postgres => postgres,
        Dialect::MySql => mysql,
        Dialect::Sqlite => sqlite,
    }
    .to_owned()
}
