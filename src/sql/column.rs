//! The column of an attribute and the comparison of its values, as data.

use super::storage::Storage;
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, FOLD_VERSION};

/// The column of an attribute.
///
/// [`Column::stored`] describes the type of an existing column. Without it, strings and references
/// are stored as [`StringComparison`] describes; Booleans as the database's own (`0` and `1` in
/// MySQL and SQLite), integers as 64-bit integers, decimals as binary64, date-times as 64-bit
/// microseconds since 1970 in UTC, binary values as bytes.
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
    serde(deny_unknown_fields, expecting = "a table such as `{ column = \"name\" }`")
)]
#[non_exhaustive]
pub struct Column {
    /// The column of the value, NULL if there is none. Empty for a member of the elements of a
    /// JSON array ([`Column::json`](field@Column::json)).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub column: String,
    /// The comparison of strings; ignored for other types.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "StringComparison::is_default")
    )]
    pub text: StringComparison,
    /// The type of the column, if it is not that of columns made for scieve.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stored: Option<Storage>,
    /// The path of members to the value, if the column is JSON (`jsonb` in PostgreSQL); empty for
    /// the column itself. The schema decides whether the value is an array. In a child with
    /// [`super::ChildTable::json`](field@super::ChildTable::json) it is the path within the element.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub json: Option<Vec<String>>,
    /// The elements of a multi-valued attribute, if the column is an array (PostgreSQL).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub array: Option<ArrayElements>,
    /// False if the column is never NULL, which makes conditions shorter; the default is true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub nullable: bool,
    /// The column to sort rows by, never NULL. It contains [`super::sort_text`] of the value.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub sort: Option<String>,
}

/// The type of the elements of an array. In mapping files it is `true`, or the name of a type of
/// PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged, expecting = "expected `true` or the name of a type")
)]
#[non_exhaustive]
pub enum ArrayElements {
    /// With `true`, the type of the storage: `text`, `integer`, `uuid`, etc.
    OfStorage(bool),
    /// This type, such as `varchar` or `bigint`.
    OfType(String),
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
    /// [`StringComparison::Exact`] for `caseExact` attributes; for others the comparison of
    /// [`super::Mapping::text`], by default [`NativeComparison::Lower`].
    #[default]
    Default,
    /// Compares the column itself, byte by byte: for `caseExact` attributes. The column has the
    /// type `text COLLATE "C"` in PostgreSQL, `VARBINARY` in MySQL, `TEXT` in SQLite. With
    /// [`Storage::Text`] it is text of any type and collation.
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
    /// strings.
    Lower,
    /// This column, which contains the value in lowercase, such as `GENERATED ALWAYS AS
    /// (lower(name))`. Agrees with memory as [`NativeComparison::Lower`] does.
    LowerColumn(String),
    /// The fold key, computed by PostgreSQL 18 or later:
    /// `normalize(casefold(normalize(column, NFD) COLLATE pg_unicode_fast), NFC)`, which an index on
    /// this expression supports. Agrees with memory on all strings if the server has the Unicode
    /// version of [`crate::FOLD_VERSION`] ([`super::case_fold_agrees`]).
    CaseFold,
    /// The collation of the column, whose index serves equality: `citext` in PostgreSQL, or with
    /// [`Storage::Text`] a nondeterministic collation; a `_ci` collation in MySQL; `NOCASE` in
    /// SQLite. Orders and substrings are those of `lower(column)`, in PostgreSQL by the default
    /// collation of the database, because `LIKE` accepts nondeterministic collations only from
    /// PostgreSQL 18 on. Agrees with memory on printable ASCII strings; a nondeterministic
    /// collation may equate more. [`NativeComparison::Lower`] and
    /// [`NativeComparison::LowerColumn`] need a deterministic collation.
    CaseInsensitive,
}

impl Column {
    /// A nullable column; strings in it are compared by [`StringComparison::Default`].
    #[must_use]
    pub fn new(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            text: StringComparison::Default,
            stored: None,
            json: None,
            array: None,
            nullable: true,
            sort: None,
        }
    }

    /// A nullable string column that is compared byte by byte, of a type as for
    /// [`StringComparison::Exact`].
    #[must_use]
    pub fn exact(column: impl Into<String>) -> Self {
        Self { text: StringComparison::Exact, ..Self::new(column) }
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

    /// Sets the type of an existing column ([`Column::stored`](field@Column::stored)).
    #[must_use]
    pub fn stored(mut self, storage: Storage) -> Self {
        self.stored = Some(storage);
        self
    }

    /// Declares the column to be JSON with the value at that path.
    #[must_use]
    pub fn json(mut self, path: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.json = Some(path.into_iter().map(Into::into).collect());
        self
    }

    /// Declares the column to be an array.
    #[must_use]
    pub fn array(mut self, elements: ArrayElements) -> Self {
        self.array = Some(elements);
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

/// Returns true if PostgreSQL with that version of Unicode (`SELECT unicode_version()`) computes the
/// same fold keys as [`crate::fold_key`]: [`NativeComparison::CaseFold`] then agrees with memory on
/// all strings. Check it when the application starts.
///
/// ```
/// use scieve::sql::case_fold_agrees;
///
/// assert!(case_fold_agrees("16.0"));
/// assert!(!case_fold_agrees("6.0"));
/// ```
#[must_use]
pub fn case_fold_agrees(unicode_version: &str) -> bool {
    // That of the case folding, which is the older table. Normalisation is stable.
    let known =
        FOLD_VERSION.split_once("casefold=").and_then(|(_, versions)| versions.split(' ').next());
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    known.is_some_and(|known| major(known) == major(unicode_version))
}

impl StringComparison {
    #[cfg(feature = "serde")]
    fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

#[cfg(feature = "serde")]
fn yes() -> bool {
    true
}
