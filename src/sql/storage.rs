//! The type in which a column stores the values of its attribute.

use super::dialect::Dialect;
use super::error::SqlError;
use crate::schema::Attribute;
use crate::value::AttributeType;

/// The storage of a column: how the values of an attribute are represented in an existing table.
///
/// A condition converts the literal to the type of the column, never the column, so that ordinary
/// indexes serve. A literal that the storage cannot represent equals nothing, and orders compare
/// with its position among the values that it can represent.
///
/// ```
/// use scieve::sql::{Column, Storage};
///
/// let id = Column::new("id").stored(Storage::Uuid).not_null();
/// let hired = Column::new("hired_at").stored(Storage::TimestampTz);
/// let labels = ["active", "on_leave"].map(str::to_owned).into();
/// let status = Column::new("status")
///     .stored(Storage::Enum { type_name: "hr.employee_status".into(), labels });
/// # let _ = (id, hired, status);
/// ```
///
/// In mapping files it is a name in lower case, such as `"timestamp_tz"`, or a table:
/// `{ uuid = "bytes" }`, `{ iso8601 = 3 }`, `{ enum = "type", labels = ["a", "b"] }` or
/// `{ boolean = ["Y", "N"] }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "StorageEntry", into = "StorageEntry")
)]
#[non_exhaustive]
pub enum Storage {
    /// Strings as text of any type and length.
    Text,
    /// Strings as `citext` (PostgreSQL).
    Citext,
    /// Integers of every width; also integers as decimal digits for strings, such as an `id`.
    Integer,
    /// Floating-point numbers of every width.
    Real,
    /// `numeric`, `DECIMAL`. Agrees with memory, which compares decimals as binary64, on up to 15
    /// significant digits.
    Numeric,
    /// Booleans. In MySQL and SQLite every number other than 0 is true.
    Boolean,
    /// Booleans as two strings, for true and false.
    BooleanText([String; 2]),
    /// Byte strings.
    Bytes,
    /// UUIDs as `uuid` (PostgreSQL, MariaDB), `CHAR(36)` or text. The value is the text in lower
    /// case with hyphens.
    Uuid,
    /// UUIDs as 16 bytes. The value is the same as for [`Storage::Uuid`].
    UuidBytes,
    /// Instants: `timestamptz`, or `TIMESTAMP` in MySQL; not in SQLite.
    TimestampTz,
    /// Dates and times in UTC: `timestamp`, or `DATETIME` in MySQL; not in SQLite.
    Timestamp,
    /// Dates, which are instants at midnight in UTC, or strings such as `2011-05-13`; not in
    /// SQLite.
    Date,
    /// Instants as text in UTC with this number of fraction digits, 0 to 9:
    /// `2011-05-13T04:42:34Z`, `2011-05-13T04:42:34.123Z`.
    Iso8601(u8),
    /// Instants as seconds since 1970 in UTC.
    UnixSeconds,
    /// Instants as milliseconds since 1970 in UTC.
    UnixMillis,
    /// Instants as microseconds since 1970 in UTC: the storage without this setting.
    UnixMicros,
    /// One of these labels, as an enumerated type or as text. Its order and substrings are settled
    /// over the labels, whatever their order in the database.
    Enum {
        /// The name of the type, in PostgreSQL; a schema precedes it with a dot.
        type_name: String,
        /// The labels of the type.
        labels: Vec<String>,
    },
}

/// [`Storage`] as in mapping files.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a storage, such as `uuid`, or a table with `uuid`, \
                 `iso8601`, `enum` and `labels`, or `boolean`"
)]
enum StorageEntry {
    Name(StorageName),
    Uuid(UuidEntry),
    Iso8601(Iso8601Entry),
    Enum(EnumEntry),
    Boolean(BooleanEntry),
}

#[cfg(feature = "serde")]
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum StorageName {
    Text,
    Citext,
    Integer,
    Real,
    Numeric,
    Boolean,
    Bytes,
    Uuid,
    TimestampTz,
    Timestamp,
    Date,
    Iso8601,
    UnixSeconds,
    UnixMillis,
    UnixMicros,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct UuidEntry {
    uuid: UuidForm,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum UuidForm {
    Text,
    Bytes,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Iso8601Entry {
    iso8601: u8,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EnumEntry {
    #[serde(rename = "enum")]
    type_name: String,
    labels: Vec<String>,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BooleanEntry {
    boolean: [String; 2],
}

#[cfg(feature = "serde")]
impl From<StorageEntry> for Storage {
    fn from(entry: StorageEntry) -> Self {
        let name = match entry {
            StorageEntry::Name(name) => name,
            StorageEntry::Uuid(UuidEntry { uuid: UuidForm::Text }) => return Self::Uuid,
            StorageEntry::Uuid(UuidEntry { uuid: UuidForm::Bytes }) => return Self::UuidBytes,
            StorageEntry::Iso8601(Iso8601Entry { iso8601 }) => return Self::Iso8601(iso8601),
            StorageEntry::Enum(EnumEntry { type_name, labels }) => {
                return Self::Enum { type_name, labels };
            }
            StorageEntry::Boolean(BooleanEntry { boolean }) => return Self::BooleanText(boolean),
        };
        match name {
            StorageName::Text => Self::Text,
            StorageName::Citext => Self::Citext,
            StorageName::Integer => Self::Integer,
            StorageName::Real => Self::Real,
            StorageName::Numeric => Self::Numeric,
            StorageName::Boolean => Self::Boolean,
            StorageName::Bytes => Self::Bytes,
            StorageName::Uuid => Self::Uuid,
            StorageName::TimestampTz => Self::TimestampTz,
            StorageName::Timestamp => Self::Timestamp,
            StorageName::Date => Self::Date,
            StorageName::Iso8601 => Self::Iso8601(0),
            StorageName::UnixSeconds => Self::UnixSeconds,
            StorageName::UnixMillis => Self::UnixMillis,
            StorageName::UnixMicros => Self::UnixMicros,
        }
    }
}

#[cfg(feature = "serde")]
impl From<Storage> for StorageEntry {
    fn from(storage: Storage) -> Self {
        Self::Name(match storage {
            Storage::UuidBytes => return Self::Uuid(UuidEntry { uuid: UuidForm::Bytes }),
            Storage::Iso8601(0) => StorageName::Iso8601,
            Storage::Iso8601(iso8601) => return Self::Iso8601(Iso8601Entry { iso8601 }),
            Storage::Enum { type_name, labels } => {
                return Self::Enum(EnumEntry { type_name, labels });
            }
            Storage::BooleanText(boolean) => return Self::Boolean(BooleanEntry { boolean }),
            Storage::Text => StorageName::Text,
            Storage::Citext => StorageName::Citext,
            Storage::Integer => StorageName::Integer,
            Storage::Real => StorageName::Real,
            Storage::Numeric => StorageName::Numeric,
            Storage::Boolean => StorageName::Boolean,
            Storage::Bytes => StorageName::Bytes,
            Storage::Uuid => StorageName::Uuid,
            Storage::TimestampTz => StorageName::TimestampTz,
            Storage::Timestamp => StorageName::Timestamp,
            Storage::Date => StorageName::Date,
            Storage::UnixSeconds => StorageName::UnixSeconds,
            Storage::UnixMillis => StorageName::UnixMillis,
            Storage::UnixMicros => StorageName::UnixMicros,
        })
    }
}

impl Storage {
    /// The name for messages, as in mapping files.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Citext => "citext",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Numeric => "numeric",
            Self::Boolean | Self::BooleanText(_) => "boolean",
            Self::Bytes => "bytes",
            Self::Uuid | Self::UuidBytes => "uuid",
            Self::TimestampTz => "timestamp_tz",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Iso8601(_) => "iso8601",
            Self::UnixSeconds => "unix_seconds",
            Self::UnixMillis => "unix_millis",
            Self::UnixMicros => "unix_micros",
            Self::Enum { .. } => "enum",
        }
    }

    /// Returns true if strings are compared as strings, as without a storage.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Citext)
    }

    /// Returns an error if the storage cannot hold values of the attribute in that database.
    pub(super) fn check(&self, attribute: &Attribute, dialect: Dialect) -> Result<(), SqlError> {
        let holds = match attribute.attribute_type() {
            AttributeType::String | AttributeType::Reference => matches!(
                self,
                Self::Text
                    | Self::Citext
                    | Self::Uuid
                    | Self::UuidBytes
                    | Self::Integer
                    | Self::Date
                    | Self::Enum { .. }
            ),
            AttributeType::Boolean => matches!(self, Self::Boolean | Self::BooleanText(_)),
            AttributeType::Integer | AttributeType::Decimal => {
                matches!(self, Self::Integer | Self::Real | Self::Numeric)
            }
            AttributeType::DateTime => matches!(
                self,
                Self::TimestampTz
                    | Self::Timestamp
                    | Self::Date
                    | Self::Iso8601(_)
                    | Self::UnixSeconds
                    | Self::UnixMillis
                    | Self::UnixMicros
            ),
            AttributeType::Binary => matches!(self, Self::Bytes),
            AttributeType::Complex | AttributeType::Any => false,
        };
        let exists = match (self, dialect) {
            (Self::Citext, dialect) => dialect == Dialect::Postgres,
            (Self::TimestampTz | Self::Timestamp | Self::Date, dialect) => {
                dialect != Dialect::Sqlite
            }
            _ => true,
        };
        let error = |message: String| Err(SqlError::Storage(message.into()));
        match (holds, exists) {
            (false, _) => error(format!(
                "`{attribute}` is of type {}, which cannot be stored as `{}`",
                attribute.attribute_type(),
                self.name()
            )),
            (true, false) => error(format!(
                "`{attribute}` is stored as `{}`, which {dialect} does not have",
                self.name()
            )),
            (true, true) => Ok(()),
        }
    }
}
