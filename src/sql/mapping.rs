//! The mapping of attributes to columns, as data.

use super::column::{Column, NativeComparison, StringComparison};
use super::storage::Storage;
use crate::value::AttributeType;
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
    /// The schema of the tables (a database in MySQL), if it is not that of the connection.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub database_schema: Option<String>,
    /// The alias of the table in statements; the default is `u`.
    #[cfg_attr(feature = "serde", serde(default = "alias"))]
    pub alias: String,
    /// The key column, never NULL.
    pub key: String,
    /// The type of the key, `string` (the default) or `integer`. A string key is ordered by its
    /// bytes.
    #[cfg_attr(feature = "serde", serde(default = "string"))]
    pub key_type: AttributeType,
    /// The storage of the key: text, `uuid` or `integer`, if it is not as `key_type` describes.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub key_stored: Option<Storage>,
    /// A condition that every row has to satisfy, such as `{}.deleted_at IS NULL`. It is inserted
    /// into statements as it is, with the alias of the table for `{}`: never build it from a filter
    /// or other input.
    #[cfg_attr(
        feature = "serde",
        serde(default, rename = "where", skip_serializing_if = "Option::is_none")
    )]
    pub condition: Option<String>,
    /// The comparison of strings that ignore case, of columns with [`StringComparison::Default`];
    /// the default is [`NativeComparison::Lower`].
    #[cfg_attr(feature = "serde", serde(default = "lower"))]
    pub text: StringComparison,
    /// The tenant column, if the tables contain several tenants: in the resource's own table and in
    /// all child tables, never NULL, a string column as for [`StringComparison::Exact`]. Keys then
    /// have to be unique within a tenant only, and every statement is about the tenant given to
    /// [`super::CheckedMapping::for_tenant`].
    #[cfg_attr(
        feature = "serde",
        serde(default, alias = "scope", skip_serializing_if = "Option::is_none")
    )]
    pub tenant_column: Option<String>,
    /// The storage of the tenant column: `integer` or `uuid`, if it is not a string. A tenant that it
    /// cannot represent is an error ([`super::SqlError::InvalidTenant`]).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub tenant_stored: Option<Storage>,
    /// The columns of single-valued attributes, by path as in filters: `userName`,
    /// `name.familyName`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub attributes: BTreeMap<String, Column>,
    /// The child tables of multi-valued attributes, by path.
    #[cfg_attr(feature = "serde", serde(default))]
    pub children: BTreeMap<String, ChildTable>,
    /// The related rows with the values of complex single-valued attributes, by path.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub joins: BTreeMap<String, Join>,
    /// A JSON column with the whole resource. It has the values of attributes that are not mapped
    /// otherwise, by their names in SCIM; those of an extension are inside a member with its URN.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub document: Option<String>,
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
    serde(
        deny_unknown_fields,
        expecting = "a table with `table` and `owner`, or `column` and `json`"
    )
)]
#[non_exhaustive]
pub struct ChildTable {
    /// The name of the table; empty if the elements are in a column of the resource's own table.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub table: String,
    /// The JSON column with the elements, instead of a table.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub column: Option<String>,
    /// The path of members to the array in the JSON column; the default is the column itself.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub json: Option<Vec<String>>,
    /// The schema of the table, if it is not that of the mapping.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub database_schema: Option<String>,
    /// A condition that every row has to satisfy, as [`Mapping::condition`](field@Mapping::condition).
    #[cfg_attr(
        feature = "serde",
        serde(default, rename = "where", skip_serializing_if = "Option::is_none")
    )]
    pub condition: Option<String>,
    /// The column that refers to the resource, by its key or by
    /// [`references`](field@ChildTable::references); never NULL.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub owner: String,
    /// The column of the resource's own table that `owner` refers to, unique and never NULL, such as
    /// a surrogate key; the default is the key.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub references: Option<String>,
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

/// A related row with the values of a complex single-valued attribute, such as the manager of an
/// employee. A reference to a row that does not exist is no value.
///
/// ```
/// use scieve::sql::{Column, Join, Mapping, Storage};
///
/// let manager = Join::new("employees")
///     .on("manager_id", "id")
///     .column("value", Column::new("id").stored(Storage::Uuid))
///     .column("displayName", Column::new("display_name"));
/// let mapping = Mapping::new("employees", "id").join("manager", manager);
/// # let _ = mapping;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a table with `table`, `on` and `columns`")
)]
#[non_exhaustive]
pub struct Join {
    /// The name of the related table, which can be the resource's own.
    pub table: String,
    /// The schema of the table, if it is not that of the mapping.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub database_schema: Option<String>,
    /// The columns of the resource's table with the columns of the related table that equal them.
    pub on: BTreeMap<String, String>,
    /// A condition that related rows have to satisfy, as
    /// [`Mapping::condition`](field@Mapping::condition).
    #[cfg_attr(
        feature = "serde",
        serde(default, rename = "where", skip_serializing_if = "Option::is_none")
    )]
    pub condition: Option<String>,
    /// The columns of sub-attributes in the related table, by name.
    #[cfg_attr(feature = "serde", serde(default))]
    pub columns: BTreeMap<String, Column>,
}

fn alias() -> String {
    "u".to_owned()
}

fn lower() -> StringComparison {
    StringComparison::Native(NativeComparison::Lower)
}

fn position() -> String {
    "idx".to_owned()
}

#[cfg(feature = "serde")]
fn string() -> AttributeType {
    AttributeType::String
}

impl Mapping {
    /// Creates a mapping to a table with that key column.
    #[must_use]
    pub fn new(table: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            alias: alias(),
            key: key.into(),
            database_schema: None,
            key_type: AttributeType::String,
            key_stored: None,
            condition: None,
            text: lower(),
            tenant_column: None,
            tenant_stored: None,
            attributes: BTreeMap::new(),
            children: BTreeMap::new(),
            joins: BTreeMap::new(),
            document: None,
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

    /// Maps the complex single-valued attribute with that path to a related row.
    #[must_use]
    pub fn join(mut self, path: impl Into<String>, join: Join) -> Self {
        self.joins.insert(path.into(), join);
        self
    }

    /// Sets the JSON column with the whole resource ([`Mapping::document`](field@Mapping::document)).
    #[must_use]
    pub fn document(mut self, column: impl Into<String>) -> Self {
        self.document = Some(column.into());
        self
    }

    /// Sets the schema of the tables.
    #[must_use]
    pub fn database_schema(mut self, schema: impl Into<String>) -> Self {
        self.database_schema = Some(schema.into());
        self
    }

    /// Sets the storage of the key.
    #[must_use]
    pub fn key_stored(mut self, storage: Storage) -> Self {
        self.key_stored = Some(storage);
        self
    }

    /// Adds a condition that every row has to satisfy
    /// ([`Mapping::condition`](field@Mapping::condition)).
    #[must_use]
    pub fn condition(mut self, sql: impl Into<String>) -> Self {
        self.condition = Some(sql.into());
        self
    }

    /// Sets the tenant column ([`Mapping::tenant_column`](field@Mapping::tenant_column)).
    #[must_use]
    pub fn tenant_column(mut self, column: impl Into<String>) -> Self {
        self.tenant_column = Some(column.into());
        self
    }

    /// Sets the storage of the tenant column.
    ///
    /// ```
    /// use scieve::sql::{Mapping, Storage};
    ///
    /// let mapping = Mapping::new("users", "id")
    ///     .tenant_column("tenant")
    ///     .tenant_stored(Storage::Integer)
    ///     .check()?
    ///     .for_tenant("42");
    /// # Ok::<(), scieve::sql::MappingError>(())
    /// ```
    #[must_use]
    pub fn tenant_stored(mut self, storage: Storage) -> Self {
        self.tenant_stored = Some(storage);
        self
    }
}

impl ChildTable {
    /// Creates a child table whose column `owner` contains the key of the resource.
    #[must_use]
    pub fn new(table: impl Into<String>, owner: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            column: None,
            json: None,
            database_schema: None,
            condition: None,
            owner: owner.into(),
            references: None,
            position: position(),
            value: None,
            columns: BTreeMap::new(),
        }
    }

    /// Creates the elements of an array in a JSON column of the resource's own table.
    #[must_use]
    pub fn in_json(
        column: impl Into<String>,
        path: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            column: Some(column.into()),
            json: Some(path.into_iter().map(Into::into).collect()),
            ..Self::new("", "")
        }
    }

    /// The column of the resource's own table that `owner` refers to.
    pub(super) fn referenced<'a>(&'a self, mapping: &'a Mapping) -> &'a str {
        self.references.as_deref().unwrap_or(&mapping.key)
    }

    /// Sets the column of the resource's own table that `owner` refers to
    /// ([`ChildTable::references`](field@ChildTable::references)).
    ///
    /// ```
    /// use scieve::sql::{ChildTable, Column};
    ///
    /// let tags = ChildTable::new("user_tags", "user_number")
    ///     .references("number")
    ///     .value(Column::keyed("tag", "tag_f").not_null());
    /// # let _ = tags;
    /// ```
    #[must_use]
    pub fn references(mut self, column: impl Into<String>) -> Self {
        self.references = Some(column.into());
        self
    }

    /// Adds a condition that every row has to satisfy.
    #[must_use]
    pub fn condition(mut self, sql: impl Into<String>) -> Self {
        self.condition = Some(sql.into());
        self
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

impl Join {
    /// Creates a join with rows of that table.
    #[must_use]
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            database_schema: None,
            on: BTreeMap::new(),
            condition: None,
            columns: BTreeMap::new(),
        }
    }

    /// Adds a column of the resource's table and the column of the related table that equals it.
    #[must_use]
    pub fn on(mut self, own: impl Into<String>, related: impl Into<String>) -> Self {
        self.on.insert(own.into(), related.into());
        self
    }

    /// Adds a condition that related rows have to satisfy.
    #[must_use]
    pub fn condition(mut self, sql: impl Into<String>) -> Self {
        self.condition = Some(sql.into());
        self
    }

    /// Maps a sub-attribute to a column of the related table.
    #[must_use]
    pub fn column(mut self, sub_attribute: impl Into<String>, column: Column) -> Self {
        self.columns.insert(sub_attribute.into(), column);
        self
    }
}

/// An invalid mapping; the message states the reason and the keys that lead to it, for a file in
/// TOML with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError {
    /// The keys of the mapping that lead to the mistake.
    keys: Vec<String>,
    /// The line of a file, starting at 1.
    line: Option<usize>,
    message: String,
}

impl MappingError {
    /// An error at these keys.
    pub(super) fn at(keys: &[&str], message: impl Into<String>) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self { keys, line: None, message: message.into() }
    }

    /// An error of a parser, whose message contains the position.
    #[cfg(feature = "serde")]
    pub(super) fn of_file(message: impl fmt::Display) -> Self {
        Self { keys: Vec::new(), line: None, message: message.to_string() }
    }

    /// Adds the line of the last key that occurs in the file.
    #[cfg(feature = "serde")]
    pub(super) fn with_line(mut self, toml: &str) -> Self {
        let Ok(document) = toml::de::DeTable::parse(toml) else { return self };
        let mut table = document.get_ref();
        for key in &self.keys {
            let found = table.iter().find(|(name, _)| name.get_ref().as_ref() == key.as_str());
            let Some((name, value)) = found else { break };
            self.line = Some(crate::snippet::Position::new(toml, name.span().start).line);
            let Some(inner) = value.get_ref().as_table() else { break };
            table = inner;
        }
        self
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.keys.is_empty() {
            write!(f, "{}: ", self.keys.join(".").escape_debug())?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for MappingError {}

/// Returns whether a name can be an identifier, which is always quoted. PostgreSQL truncates names
/// to 63 bytes, so that longer ones could collide.
pub(super) fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.len() <= 63 && !name.contains('\0')
}
