//! The mapping of attributes to columns, as data.

use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity};
use std::collections::BTreeMap;
use std::fmt;

/// The mapping of a resource's attributes to tables and columns.
///
/// It is plain data: build it in Rust, or parse it from JSON or TOML with feature `serde`
/// ([`super::CheckedMapping::from_toml`]), which rejects unknown keys. [`Mapping::check`] returns
/// the [`super::CheckedMapping`] that plans are compiled with.
///
/// ```
/// use scieve::sql::{ChildTable, Column, Mapping};
///
/// let emails = ChildTable::new("user_emails", "user_id")
///     .column("value", Column::keyed("value", "value_f"));
/// let mapping = Mapping::new("users", "id")
///     .attribute("userName", Column::keyed("user_name", "user_name_f").not_null())
///     .attribute("active", Column::new("active"))
///     .child("emails", emails)
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
    /// The table with one row per resource.
    pub table: String,
    /// The alias of the table in statements; the default is `u`.
    #[cfg_attr(feature = "serde", serde(default = "alias"))]
    pub alias: String,
    /// The key column, never NULL.
    pub key: String,
    /// The type of the key, `string` (the default) or `integer`. A string key is ordered by its
    /// bytes.
    #[cfg_attr(feature = "serde", serde(default = "string"))]
    pub key_type: AttributeType,
    /// The tenant column, if the tables contain several tenants: in the resource's own table and in
    /// all child tables, never NULL, a string column as for [`StringComparison::Exact`]. Keys then
    /// have to be unique within a tenant only, and every statement is about the tenant given to
    /// [`super::CheckedMapping::for_tenant`].
    #[cfg_attr(
        feature = "serde",
        serde(default, alias = "scope", skip_serializing_if = "Option::is_none")
    )]
    pub tenant_column: Option<String>,
    /// The columns of single-valued attributes, by path as in filters: `userName`,
    /// `name.familyName`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub attributes: BTreeMap<String, Column>,
    /// The child tables of multi-valued attributes, by path.
    #[cfg_attr(feature = "serde", serde(default))]
    pub children: BTreeMap<String, ChildTable>,
}

/// The column of an attribute.
///
/// Strings and references are stored as [`StringComparison`] describes; Booleans as the database's
/// own (`0` and `1` in MySQL and SQLite), integers as 64-bit integers, decimals as binary64,
/// date-times as 64-bit microseconds since 1970 in UTC, binary values as bytes.
///
/// ```
/// use scieve::sql::{Column, NativeComparison, StringComparison};
///
/// // An integer, a Boolean or a `caseExact` string.
/// let age = Column::new("age");
/// assert!(age.nullable);
///
/// // A string with a column for its `fold_key`, and one to sort by.
/// let name = Column::keyed("user_name", "user_name_f").not_null().sorted_by("user_name_sort");
/// assert_eq!(name.text, StringComparison::FoldKey("user_name_f".into()));
///
/// // A string that the database compares by `lower(nick_name)`.
/// let nick_name = Column::native("nick_name", NativeComparison::Lower);
/// # let _ = nick_name;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Column {
    /// The column of the value, NULL if there is none.
    pub column: String,
    /// The comparison of strings; ignored for other types.
    #[cfg_attr(feature = "serde", serde(default))]
    pub text: StringComparison,
    /// False if the column is never NULL, which makes conditions shorter; the default is true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub nullable: bool,
    /// The column to sort rows by, never NULL. It contains [`super::sort_text`] of the value.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub sort: Option<String>,
}

/// The comparison of strings in the database.
///
/// No case-insensitive comparison of a database agrees with memory, or with another database, on
/// all strings. A column with [`crate::fold_key`] does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum StringComparison {
    /// Compares the column itself, byte by byte: for `caseExact` attributes. The column has the
    /// type `text COLLATE "C"` in PostgreSQL, `VARBINARY` in MySQL, `TEXT` in SQLite.
    #[default]
    Exact,
    /// Compares this column byte by byte. It contains [`crate::fold_key`] of the value
    /// ([`crate::username_key`] if the attribute is compared as a user name), or NULL if there is
    /// none, and has a type as for [`StringComparison::Exact`]. Agrees with memory on all
    /// strings. For a `caseExact` attribute the column of the value is compared instead.
    #[cfg_attr(feature = "serde", serde(rename = "fold_key", alias = "key"))]
    FoldKey(String),
    /// Compares by a case-insensitive comparison of the database. Agrees with memory on ASCII
    /// strings only, so [`crate::Plan::sql_warnings`] reports each use.
    Native(NativeComparison),
}

/// Case-insensitive comparisons of databases.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum NativeComparison {
    /// `lower(column)`, which an index on this expression supports. Agrees with memory on ASCII
    /// strings in PostgreSQL and SQLite; in MySQL only without trailing spaces, which most
    /// collations ignore.
    Lower,
    /// This column, which contains the value in lowercase, such as `GENERATED ALWAYS AS
    /// (lower(name))`. Agrees with memory as [`NativeComparison::Lower`] does.
    LowerColumn(String),
    /// The collation of the column: `citext` or a nondeterministic collation in PostgreSQL, a `_ci`
    /// collation in MySQL, `NOCASE` in SQLite. Agrees with memory on equality of ASCII strings
    /// without trailing spaces; the order is that of the collation. Many `_ci` collations ignore
    /// accents.
    CaseInsensitive,
}

/// The table of a multi-valued attribute, with one row for each element that has an assigned value.
///
/// ```
/// use scieve::sql::{ChildTable, Column};
///
/// // A complex attribute, such as `emails`.
/// let emails = ChildTable::new("user_emails", "user_id")
///     .column("value", Column::keyed("value", "value_f"))
///     .column("primary", Column::new("is_primary"));
/// // A simple one, such as a list of strings.
/// let tags = ChildTable::new("user_tags", "user_id")
///     .value(Column::keyed("tag", "tag_f").not_null());
/// # let _ = (emails, tags);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ChildTable {
    /// The name of the table.
    pub table: String,
    /// The column with the key of the resource, never NULL.
    pub owner: String,
    /// The column with the index of the element, in tables that [`super::CheckedMapping::create`]
    /// creates; the default is `idx`.
    #[cfg_attr(feature = "serde", serde(default = "position"))]
    pub position: String,
    /// The column of the element itself, if it is not complex.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub value: Option<Column>,
    /// The columns of sub-attributes, by name.
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
    /// Creates a mapping to a table with that key column.
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

    /// Maps the single-valued attribute with that path to a column.
    #[must_use]
    pub fn attribute(mut self, path: impl Into<String>, column: Column) -> Self {
        self.attributes.insert(path.into(), column);
        self
    }

    /// Maps the multi-valued attribute with that path to a child table.
    #[must_use]
    pub fn child(mut self, path: impl Into<String>, child: ChildTable) -> Self {
        self.children.insert(path.into(), child);
        self
    }

    /// Sets the tenant column ([`Mapping::tenant_column`](field@Mapping::tenant_column)).
    #[must_use]
    pub fn tenant_column(mut self, column: impl Into<String>) -> Self {
        self.tenant_column = Some(column.into());
        self
    }
}

impl Column {
    /// A nullable column; strings in it are compared byte by byte.
    #[must_use]
    pub fn new(column: impl Into<String>) -> Self {
        Self { column: column.into(), text: StringComparison::Exact, nullable: true, sort: None }
    }

    /// A nullable string column, with the column of its [`crate::fold_key`].
    #[must_use]
    pub fn keyed(column: impl Into<String>, key: impl Into<String>) -> Self {
        Self { text: StringComparison::FoldKey(key.into()), ..Self::new(column) }
    }

    /// A nullable string column with a case-insensitive comparison of the database.
    #[must_use]
    pub fn native(column: impl Into<String>, native: NativeComparison) -> Self {
        Self { text: StringComparison::Native(native), ..Self::new(column) }
    }

    /// Declares that the column is never NULL.
    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// Sets the column to sort rows by ([`Column::sort`]).
    #[must_use]
    pub fn sorted_by(mut self, column: impl Into<String>) -> Self {
        self.sort = Some(column.into());
        self
    }
}

impl Column {
    /// The column that tests on the attribute compare.
    pub(super) fn compared(&self, attribute: &Attribute) -> &str {
        match &self.text {
            StringComparison::FoldKey(column)
            | StringComparison::Native(NativeComparison::LowerColumn(column))
                if attribute.case() != CaseSensitivity::Exact
                    && matches!(
                        attribute.attribute_type(),
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
    /// Creates a child table whose column `owner` contains the key of the resource.
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

    /// Sets the column of the element itself, for attributes without sub-attributes.
    #[must_use]
    pub fn value(mut self, column: Column) -> Self {
        self.value = Some(column);
        self
    }

    /// Maps a sub-attribute to a column.
    #[must_use]
    pub fn column(mut self, sub_attribute: impl Into<String>, column: Column) -> Self {
        self.columns.insert(sub_attribute.into(), column);
        self
    }
}

/// An invalid mapping; the message states the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError(pub(super) String);

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MappingError {}

/// Returns whether a name is an identifier that needs no escaping. PostgreSQL truncates names to 63
/// bytes, so that longer ones could collide.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.len() <= 63
}
