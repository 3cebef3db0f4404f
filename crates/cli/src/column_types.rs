//! The types of columns that fit a storage.

use scieve::sql::{Dialect, Storage};
use std::fmt;

/// The types that fit. Without types, every type does.
pub(crate) struct Expectation {
    types: Vec<&'static str>,
    /// The affinities of columns of SQLite that fit, and the types of their values.
    affinities: &'static [Affinity],
    stored: &'static [&'static str],
}

/// The affinity of a column of SQLite ("Datatypes In SQLite", section 3.1).
#[derive(Clone, Copy, PartialEq)]
enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    None,
}

impl Affinity {
    fn of(type_name: &str) -> Self {
        let name = type_name.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&["int"]) {
            Self::Integer
        } else if has(&["char", "clob", "text"]) {
            Self::Text
        } else if name.is_empty() || has(&["blob"]) {
            Self::None
        } else if has(&["real", "floa", "doub"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

const TEXT: &[Affinity] = &[Affinity::Text, Affinity::Numeric, Affinity::None];
const NUMBER: &[Affinity] = &[Affinity::Integer, Affinity::Numeric, Affinity::Real, Affinity::None];
const INTEGER: &[Affinity] = &[Affinity::Integer, Affinity::Numeric, Affinity::None];
const BYTES: &[Affinity] = &[Affinity::None, Affinity::Text, Affinity::Numeric];

const MYSQL_INTEGERS: &[&str] = &["tinyint", "smallint", "mediumint", "int", "bigint", "bit"];
const MYSQL_TEXT: &[&str] = &["char", "varchar", "tinytext", "text", "mediumtext", "longtext"];
const MYSQL_BYTES: &[&str] = &["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"];
const POSTGRES_TEXT: &[&str] = &["text", "varchar", "bpchar", "name"];

impl Expectation {
    fn new(
        types: &[&'static str],
        affinities: &'static [Affinity],
        stored: &'static [&'static str],
    ) -> Self {
        Self { types: types.to_vec(), affinities, stored }
    }

    pub(crate) fn any() -> Self {
        Self::new(&[], &[], &[])
    }

    /// Decimals without `stored`, which are binary64.
    pub(crate) fn decimal(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => {
                Self::new(&["float8", "float4", "numeric", "int2", "int4", "int8"], &[], &[])
            }
            Dialect::MySql => Self::new(&["double", "float", "decimal", "int", "bigint"], &[], &[]),
            Dialect::Sqlite => Self::new(&[], NUMBER, &["integer", "real"]),
        }
    }

    pub(crate) fn json(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => Self::new(&["jsonb"], &[], &[]),
            Dialect::MySql => Self::new(&[&["json"], MYSQL_TEXT].concat(), &[], &[]),
            Dialect::Sqlite => Self::new(&[], TEXT, &["text", "blob"]),
        }
    }

    pub(crate) fn array(storage: Option<&Storage>, dialect: Dialect) -> Self {
        let types: &[&str] = match (dialect, storage) {
            (Dialect::Postgres, None | Some(Storage::Text)) => &["_text"],
            (Dialect::Postgres, Some(Storage::Uuid)) => &["_uuid"],
            (Dialect::Postgres, Some(Storage::Integer)) => &["_int2", "_int4", "_int8"],
            _ => &[],
        };
        Self::new(types, &[], &[])
    }

    /// Returns whether a column of this type fits.
    pub(crate) fn accepts(&self, type_name: &str) -> bool {
        let is_type = self.types.is_empty() || self.types.contains(&type_name);
        is_type
            && (self.affinities.is_empty() || self.affinities.contains(&Affinity::of(type_name)))
    }

    /// Returns whether a value of this type of SQLite fits.
    pub(crate) fn stores(&self, type_name: &str) -> bool {
        self.stored.is_empty() || self.stored.contains(&type_name)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = if self.types.is_empty() { self.stored } else { &self.types };
        let shown: Vec<String> = names
            .iter()
            .map(|name| name.strip_prefix('_').map_or((*name).into(), |it| format!("{it}[]")))
            .collect();
        f.write_str(&shown.join(", "))
    }
}

/// The types of strings without `stored`.
pub(crate) fn string_types(dialect: Dialect) -> Expectation {
    match dialect {
        Dialect::Postgres => Expectation::new(&[POSTGRES_TEXT, &["citext"]].concat(), &[], &[]),
        Dialect::MySql => {
            Expectation::new(&[MYSQL_TEXT, MYSQL_BYTES, &["enum", "uuid"]].concat(), &[], &[])
        }
        Dialect::Sqlite => Expectation::new(&[], TEXT, &["text"]),
    }
}

/// The types of columns with a storage.
pub(crate) fn types(storage: &Storage, dialect: Dialect) -> Expectation {
    let of = |types: &[&'static str]| Expectation::new(types, &[], &[]);
    match (dialect, storage) {
        (Dialect::Postgres, Storage::Citext) => of(&["citext"]),
        (Dialect::Postgres, Storage::Uuid) => of(&["uuid"]),
        (Dialect::Postgres, Storage::UuidBytes | Storage::Bytes) => of(&["bytea"]),
        (Dialect::Postgres, Storage::TimestampTz) => of(&["timestamptz"]),
        (Dialect::Postgres, Storage::Timestamp) => of(&["timestamp"]),
        (Dialect::Postgres | Dialect::MySql, Storage::Date) => of(&["date"]),
        (Dialect::Postgres, Storage::Boolean) => of(&["bool"]),
        (Dialect::Postgres, Storage::Integer) => of(&["int2", "int4", "int8", "numeric"]),
        (Dialect::Postgres, Storage::UnixSeconds) => of(&["int4", "int8", "numeric"]),
        (Dialect::Postgres, Storage::UnixMillis | Storage::UnixMicros) => of(&["int8", "numeric"]),
        (Dialect::Postgres, Storage::Real) => of(&["float4", "float8"]),
        (Dialect::Postgres, Storage::Numeric) => of(&["numeric", "int2", "int4", "int8"]),
        (Dialect::Postgres, Storage::Text | Storage::Iso8601(_) | Storage::BooleanText(_)) => {
            of(POSTGRES_TEXT)
        }
        (Dialect::MySql, Storage::Uuid) => of(&["char", "varchar", "uuid"]),
        (Dialect::MySql, Storage::UuidBytes) => of(&["binary", "varbinary"]),
        (Dialect::MySql, Storage::Bytes) => of(MYSQL_BYTES),
        (Dialect::MySql, Storage::TimestampTz) => of(&["timestamp"]),
        (Dialect::MySql, Storage::Timestamp) => of(&["datetime"]),
        (Dialect::MySql, Storage::Boolean | Storage::Integer) => of(MYSQL_INTEGERS),
        (Dialect::MySql, Storage::UnixSeconds) => of(&["int", "bigint"]),
        (Dialect::MySql, Storage::UnixMillis | Storage::UnixMicros) => of(&["bigint"]),
        (Dialect::MySql, Storage::Real) => of(&["float", "double"]),
        (Dialect::MySql, Storage::Numeric) => of(&["decimal", "int", "bigint"]),
        (Dialect::MySql, Storage::Enum { .. }) => of(&["enum", "varchar", "char"]),
        (Dialect::MySql, Storage::Text) => of(&[MYSQL_TEXT, MYSQL_BYTES].concat()),
        (Dialect::MySql, Storage::Iso8601(_) | Storage::BooleanText(_)) => of(MYSQL_TEXT),
        (
            Dialect::Sqlite,
            Storage::Text
            | Storage::Citext
            | Storage::Uuid
            | Storage::Iso8601(_)
            | Storage::BooleanText(_)
            | Storage::Enum { .. },
        ) => Expectation::new(&[], TEXT, &["text"]),
        (Dialect::Sqlite, Storage::Real | Storage::Numeric) => {
            Expectation::new(&[], NUMBER, &["integer", "real"])
        }
        (Dialect::Sqlite, Storage::Bytes | Storage::UuidBytes) => {
            Expectation::new(&[], BYTES, &["blob"])
        }
        (
            Dialect::Sqlite,
            Storage::Integer
            | Storage::Boolean
            | Storage::UnixSeconds
            | Storage::UnixMillis
            | Storage::UnixMicros,
        ) => Expectation::new(&[], INTEGER, &["integer"]),
        _ => Expectation::any(),
    }
}
