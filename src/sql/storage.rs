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
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "StorageEntry"))]
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
#[derive(serde::Serialize)]
#[serde(untagged)]
enum StorageEntry {
    Name(StorageName),
    Table(StorageTable),
}

/// A storage with parameters. It is one type, so that an error is at the wrong key and not about the
/// whole table.
#[cfg(feature = "serde")]
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StorageTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<UuidForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iso8601: Option<u8>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    type_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boolean: Option<[String; 2]>,
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
#[serde(rename_all = "snake_case")]
enum UuidForm {
    Text,
    Bytes,
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Storage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StorageVisitor)
    }
}

#[cfg(feature = "serde")]
struct StorageVisitor;

#[cfg(feature = "serde")]
impl<'de> serde::de::Visitor<'de> for StorageVisitor {
    type Value = Storage;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a storage, such as `uuid`, or a table such as `{ iso8601 = 3 }`")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Storage, E> {
        use serde::Deserialize as _;
        if name == "enum" {
            return Err(E::custom("`enum` needs `{ enum = \"type\", labels = [...] }`"));
        }
        let name = serde::de::value::StrDeserializer::new(name);
        StorageName::deserialize(name).map(Storage::from)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Storage, A::Error> {
        use serde::Deserialize as _;
        use serde::de::{Error as _, value::MapAccessDeserializer};
        let StorageTable { uuid, iso8601, type_name, labels, boolean } =
            StorageTable::deserialize(MapAccessDeserializer::new(map))?;
        match (uuid, iso8601, (type_name, labels), boolean) {
            (_, _, (Some(_), None), _) => {
                Err(A::Error::custom("missing field `labels`: the labels of the type"))
            }
            (_, _, (None, Some(_)), _) => {
                Err(A::Error::custom("missing field `enum`: the name of the type"))
            }
            (Some(UuidForm::Text), None, (None, None), None) => Ok(Storage::Uuid),
            (Some(UuidForm::Bytes), None, (None, None), None) => Ok(Storage::UuidBytes),
            (None, Some(digits), (None, None), None) => Ok(Storage::Iso8601(digits)),
            (None, None, (Some(type_name), Some(labels)), None) => {
                Ok(Storage::Enum { type_name, labels })
            }
            (None, None, (None, None), Some(strings)) => Ok(Storage::BooleanText(strings)),
            _ => Err(A::Error::custom(
                "expected one of `uuid`, `iso8601`, `enum` with `labels`, and `boolean`",
            )),
        }
    }
}

#[cfg(feature = "serde")]
impl From<StorageName> for Storage {
    fn from(name: StorageName) -> Self {
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
        let table = match storage {
            Storage::UuidBytes => {
                StorageTable { uuid: Some(UuidForm::Bytes), ..StorageTable::default() }
            }
            Storage::Iso8601(digits @ 1..) => {
                StorageTable { iso8601: Some(digits), ..StorageTable::default() }
            }
            Storage::Enum { type_name, labels } => StorageTable {
                type_name: Some(type_name),
                labels: Some(labels),
                ..StorageTable::default()
            },
            Storage::BooleanText(strings) => {
                StorageTable { boolean: Some(strings), ..StorageTable::default() }
            }
            Storage::Iso8601(0) => return Self::Name(StorageName::Iso8601),
            Storage::Text => return Self::Name(StorageName::Text),
            Storage::Citext => return Self::Name(StorageName::Citext),
            Storage::Integer => return Self::Name(StorageName::Integer),
            Storage::Real => return Self::Name(StorageName::Real),
            Storage::Numeric => return Self::Name(StorageName::Numeric),
            Storage::Boolean => return Self::Name(StorageName::Boolean),
            Storage::Bytes => return Self::Name(StorageName::Bytes),
            Storage::Uuid => return Self::Name(StorageName::Uuid),
            Storage::TimestampTz => return Self::Name(StorageName::TimestampTz),
            Storage::Timestamp => return Self::Name(StorageName::Timestamp),
            Storage::Date => return Self::Name(StorageName::Date),
            Storage::UnixSeconds => return Self::Name(StorageName::UnixSeconds),
            Storage::UnixMillis => return Self::Name(StorageName::UnixMillis),
            Storage::UnixMicros => return Self::Name(StorageName::UnixMicros),
        };
        Self::Table(table)
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
