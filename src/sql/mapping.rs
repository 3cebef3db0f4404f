//! Which column holds which attribute, as data.

use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity};
use std::collections::BTreeMap;
use std::fmt;

/// Where the attributes of a resource are stored: plain data, to be written in Rust or read from JSON or TOML (feature `serde`;
/// unknown keys are refused). [`Mapping::check`] makes the [`super::CheckedMapping`] of it that plans take.
///
/// ```
/// use scieve::sql::{ChildTable, Column, Mapping};
///
/// let columns = Mapping::new("users", "id")
///     .attribute("userName", Column::keyed("user_name", "user_name_f").not_null())
///     .attribute("active", Column::new("active"))
///     .child("emails", ChildTable::new("user_emails", "user_id").column("value", Column::keyed("value", "value_f")))
///     .check()?;
/// # Ok::<(), scieve::sql::MappingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Mapping {
    /// The table with one row a resource.
    pub table: String,
    /// The name that statements call it by: `u` unless said otherwise.
    #[cfg_attr(feature = "serde", serde(default = "alias"))]
    pub alias: String,
    /// The column that tells its rows apart, never NULL.
    pub key: String,
    /// The type of the key: `string` unless said otherwise. A string key is ordered by its bytes.
    #[cfg_attr(feature = "serde", serde(default = "string"))]
    pub key_type: AttributeType,
    /// The column that tells tenants apart, in the resource's own table and in those of its children, never NULL: a text, stored as for
    /// [`StringComparison::Exact`]. Where there is one, keys need to be unique within a tenant only, and every statement is about one tenant:
    /// [`super::CheckedMapping::for_tenant`] says which.
    #[cfg_attr(
        feature = "serde",
        serde(default, alias = "scope", skip_serializing_if = "Option::is_none")
    )]
    pub tenant_column: Option<String>,
    /// The column of each attribute with one value, by its path as filters write it: `userName`, `name.familyName`,
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub attributes: BTreeMap<String, Column>,
    /// The table of each attribute with several values, by its path.
    #[cfg_attr(feature = "serde", serde(default))]
    pub children: BTreeMap<String, ChildTable>,
}

/// The column of one attribute. Strings and references are stored as [`StringComparison`] says; Booleans as the database's own (`0` and `1` in
/// MySQL and SQLite), integers as 64-bit integers, decimals as binary64, date-times as 64-bit microseconds since 1970 in UTC, binary
/// values as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Column {
    /// The name of the column that holds the value; NULL where there is none.
    pub column: String,
    /// How its text is compared; says nothing where the value is no text.
    #[cfg_attr(feature = "serde", serde(default))]
    pub text: StringComparison,
    /// Whether the column can be NULL: yes, unless said otherwise. Conditions on others are shorter.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub nullable: bool,
    /// The column that rows are sorted by, which holds [`super::sort_text`] of the value and is never NULL.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub sort: Option<String>,
}

/// How a text is compared in the database.
///
/// No case-insensitive comparison of any database agrees with memory, or with another database, on all texts. A key column does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum StringComparison {
    /// The column itself, byte by byte: for attributes with `caseExact`. The column is `text COLLATE "C"` in PostgreSQL, `VARBINARY` in
    /// MySQL and `TEXT` in SQLite.
    #[default]
    Exact,
    /// This column holds [`crate::fold_key`] of the text, NULL where that is, and is compared byte by byte (types as for [`StringComparison::Exact`]). Agrees with memory on
    /// every text. Where the attribute is `caseExact` after all, its own column is compared.
    #[cfg_attr(feature = "serde", serde(rename = "fold_key", alias = "key"))]
    FoldKey(String),
    /// The database's own way to ignore case. Agrees with memory on ASCII texts at most, so each use is a warning
    /// ([`crate::Plan::sql_warnings`]).
    Native(NativeComparison),
}

/// Comparisons without regard to case that databases offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum NativeComparison {
    /// `lower(column)`; an index on that very expression serves it. Agrees with memory on ASCII in PostgreSQL and SQLite; in MySQL also
    /// trailing blanks vanish under most collations.
    Lower,
    /// This column holds the text in small letters, such as `GENERATED ALWAYS AS (lower(name))`. Agrees as [`NativeComparison::Lower`].
    LowerColumn(String),
    /// The column ignores case by itself: `citext` or a nondeterministic collation in PostgreSQL, a `_ci` collation in MySQL, `NOCASE` in
    /// SQLite. Agrees with memory on equality of ASCII texts without trailing blanks; the order is the collation's. Accents vanish
    /// under many `_ci` collations.
    CaseInsensitive,
}

/// The table of an attribute with several values: a row for each element with an assigned value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ChildTable {
    /// The table's name.
    pub table: String,
    /// The column that holds the key of the resource's row, never NULL.
    pub owner: String,
    /// The column that numbers the elements of one resource, in tables that [`super::CheckedMapping::create`] makes: `idx` unless said otherwise.
    #[cfg_attr(feature = "serde", serde(default = "position"))]
    pub position: String,
    /// The column of the element itself, where it is simple.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub value: Option<Column>,
    /// The column of each sub-attribute, by its name.
    #[cfg_attr(feature = "serde", serde(default))]
    pub columns: BTreeMap<String, Column>,
}

fn alias() -> String {
    "u".to_owned()
}

fn position() -> String {
    "idx".to_owned()
}

#[cfg(feature = "serde")]
fn string() -> AttributeType {
    AttributeType::String
}

#[cfg(feature = "serde")]
fn yes() -> bool {
    true
}

impl Mapping {
    /// A mapping to the table of that name with that key column.
    #[must_use]
    pub fn new(table: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            alias: alias(),
            key: key.into(),
            key_type: AttributeType::String,
            tenant_column: None,
            attributes: BTreeMap::new(),
            children: BTreeMap::new(),
        }
    }

    /// The same mapping with a column for the attribute of that path.
    #[must_use]
    pub fn attribute(mut self, path: impl Into<String>, column: Column) -> Self {
        self.attributes.insert(path.into(), column);
        self
    }

    /// The same mapping with a table for the attribute of that path.
    #[must_use]
    pub fn child(mut self, path: impl Into<String>, child: ChildTable) -> Self {
        self.children.insert(path.into(), child);
        self
    }

    /// The same mapping to tables of many tenants, which that column tells apart.
    #[must_use]
    pub fn tenant_column(mut self, column: impl Into<String>) -> Self {
        self.tenant_column = Some(column.into());
        self
    }
}

impl Column {
    /// A column that can be NULL; texts in it are compared exactly.
    #[must_use]
    pub fn new(column: impl Into<String>) -> Self {
        Self { column: column.into(), text: StringComparison::Exact, nullable: true, sort: None }
    }

    /// A column for texts, with the column that holds their keys.
    #[must_use]
    pub fn keyed(column: impl Into<String>, key: impl Into<String>) -> Self {
        Self { text: StringComparison::FoldKey(key.into()), ..Self::new(column) }
    }

    /// A column for texts that the database compares in its own way.
    #[must_use]
    pub fn native(column: impl Into<String>, native: NativeComparison) -> Self {
        Self { text: StringComparison::Native(native), ..Self::new(column) }
    }

    /// The same column as one that is never NULL.
    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The same column, with one beside it that rows are sorted by.
    #[must_use]
    pub fn sorted_by(mut self, column: impl Into<String>) -> Self {
        self.sort = Some(column.into());
        self
    }
}

impl Column {
    /// The column that tests of the attribute compare.
    pub(super) fn compared(&self, attribute: &Attribute) -> &str {
        match &self.text {
            StringComparison::FoldKey(column)
            | StringComparison::Native(NativeComparison::LowerColumn(column))
                if attribute.case() == CaseSensitivity::Ignore
                    && matches!(
                        attribute.kind(),
                        AttributeType::String | AttributeType::Reference
                    ) =>
            {
                column
            }
            _ => &self.column,
        }
    }
}

impl ChildTable {
    /// The table of that name, whose column `owner` holds the key of the resource's row.
    #[must_use]
    pub fn new(table: impl Into<String>, owner: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            owner: owner.into(),
            position: position(),
            value: None,
            columns: BTreeMap::new(),
        }
    }

    /// The same table with the column of the element itself, for attributes without sub-attributes.
    #[must_use]
    pub fn value(mut self, column: Column) -> Self {
        self.value = Some(column);
        self
    }

    /// The same table with the column of a sub-attribute.
    #[must_use]
    pub fn column(mut self, sub_attribute: impl Into<String>, column: Column) -> Self {
        self.columns.insert(sub_attribute.into(), column);
        self
    }
}

/// A mapping that cannot be: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError(pub(super) String);

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MappingError {}

/// What may stand in SQL text. PostgreSQL cuts longer names off, so that two of them could become one.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.len() <= 63
}
