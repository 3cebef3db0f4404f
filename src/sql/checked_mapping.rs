//! A checked mapping, and the look-up of its columns by attribute.

use super::error::SqlError;
use super::mapping::{
    Column, Mapping, MappingError, NativeComparison, StringComparison, is_identifier,
};
use super::names::{MappedColumn, MappedTable, Names};
use crate::schema::Attribute;
use crate::value::AttributeType;
use sea_query::DynIden;
use std::sync::Arc;

impl Mapping {
    /// Checks the mapping. Statements are compiled with the result.
    ///
    /// ```
    /// use scieve::sql::{Column, Mapping};
    ///
    /// let mapping = Mapping::new("users", "id").attribute("userName", Column::new("user-name"));
    /// assert_eq!(
    ///     mapping.check().unwrap_err().to_string(),
    ///     "`user-name` is not a valid identifier: expected 1 to 63 letters, digits and `_`, not \
    ///      starting with a digit",
    /// );
    /// ```
    ///
    /// # Errors
    /// An identifier with other characters than ASCII letters, digits and `_`, with more than 63 or
    /// with a digit first; an attribute that is mapped twice; a key that is neither a string nor an
    /// integer; a sort column in a child table.
    pub fn check(self) -> Result<CheckedMapping, MappingError> {
        let mut names = vec![&self.table, &self.alias, &self.key];
        names.extend(&self.tenant_column);
        let mut columns: Vec<&Column> = self.attributes.values().collect();
        for child in self.children.values() {
            names.extend([&child.table, &child.owner, &child.position]);
            let parts = child.value.iter().chain(child.columns.values());
            if let Some(sort) = parts.clone().find_map(|column| column.sort.as_ref()) {
                return Err(MappingError(format!(
                    "sort column `{}` is in a child table: rows can only be sorted by columns of \
                     the resource's own table",
                    sort.escape_debug()
                )));
            }
            columns.extend(parts);
            check_distinct(child.columns.keys())?;
        }
        for column in columns {
            names.push(&column.column);
            names.extend(&column.sort);
            if let StringComparison::FoldKey(name)
            | StringComparison::Native(NativeComparison::LowerColumn(name)) = &column.text
            {
                names.push(name);
            }
        }
        if let Some(name) = names.into_iter().find(|name| !is_identifier(name)) {
            return Err(MappingError(format!(
                "`{}` is not a valid identifier: expected 1 to 63 letters, digits and `_`, not \
                 starting with a digit",
                name.escape_debug()
            )));
        }
        if !matches!(self.key_type, AttributeType::String | AttributeType::Integer) {
            return Err(MappingError(format!(
                "the key is of type `{}`: expected `string` or `integer`",
                self.key_type
            )));
        }
        check_distinct(self.attributes.keys().chain(self.children.keys()))?;
        Ok(CheckedMapping::new(self))
    }
}

/// A [`Mapping`] that was checked, optionally for one tenant. Statements take all their identifiers
/// from it. Cloning is cheap: the mapping is shared.
///
/// ```
/// use scieve::sql::{CheckedMapping, Column, Dialect, Mapping, Select};
/// use scieve::{Attribute, AttributeType, Policy, Schema};
///
/// # struct User;
/// # impl scieve::Record for User {
/// #     fn any_value(
/// #         &self,
/// #         _: &Attribute,
/// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
/// #     ) -> bool {
/// #         false
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mapping: CheckedMapping = Mapping::new("users", "id")
///     .tenant_column("tenant_id")
///     .attribute("active", Column::new("active"))
///     .check()?;
/// let schema = Schema::new(None, [Attribute::new("active", AttributeType::Boolean)])?;
/// let policy: Policy<User> = Policy::new(schema)?;
/// let sql = policy.parse("active eq true")?.to_sql(
///     &mapping.for_tenant("t1"),
///     Dialect::Sqlite,
///     &Select::default(),
/// )?;
/// assert_eq!(
///     sql.sql,
///     "SELECT `u`.`id` FROM `users` AS `u` WHERE `u`.`tenant_id` = ? AND `u`.`active` = ? \
///      ORDER BY `u`.`id` ASC"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Mapping", into = "Mapping")
)]
pub struct CheckedMapping {
    mapping: Arc<Mapping>,
    names: Arc<Names>,
    /// Set by [`CheckedMapping::for_tenant`].
    tenant: Option<Arc<str>>,
}

impl CheckedMapping {
    fn new(mapping: Mapping) -> Self {
        Self { names: Arc::new(Names::new(&mapping)), mapping: Arc::new(mapping), tenant: None }
    }

    /// Returns the mapping for one tenant: every table of a statement is restricted to the rows of
    /// that tenant. Serialisation leaves the tenant out.
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self.clone() }
    }

    /// Parses and checks a [`Mapping`] in JSON.
    ///
    /// # Errors
    /// Invalid JSON; members that a mapping does not have; the errors of [`Mapping::check`].
    #[cfg(feature = "serde")]
    pub fn from_json(json: &str) -> Result<Self, MappingError> {
        serde_json::from_str(json).map_err(|error| MappingError(error.to_string()))
    }

    /// Parses and checks a [`Mapping`] in TOML.
    ///
    /// ```
    /// let mapping = scieve::sql::CheckedMapping::from_toml(r#"
    ///     table = "users"
    ///     key = "id"
    ///
    ///     [attributes]
    ///     nickName = { column = "nick", text = { native = "lower" } }
    ///     active = { column = "active" }
    ///
    ///     [attributes.userName]
    ///     column = "user_name"
    ///     text = { fold_key = "user_name_f" }
    ///     nullable = false
    ///     sort = "user_name_sort"
    ///
    ///     [children.emails]
    ///     table = "user_emails"
    ///     owner = "user_id"
    ///     columns.value = { column = "value", text = { fold_key = "value_f" } }
    ///
    ///     [children.tags]
    ///     table = "user_tags"
    ///     owner = "user_id"
    ///     value = { column = "tag", text = { fold_key = "tag_f" }, nullable = false }
    /// "#)?;
    /// assert_eq!(mapping.mapping().alias, "u");
    /// # Ok::<(), scieve::sql::MappingError>(())
    /// ```
    ///
    /// # Errors
    /// Invalid TOML; keys that a mapping does not have; the errors of [`Mapping::check`].
    #[cfg(feature = "serde")]
    pub fn from_toml(toml: &str) -> Result<Self, MappingError> {
        toml::from_str(toml).map_err(|error| MappingError(error.to_string()))
    }

    /// Returns the mapping as data.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The tenant column with the tenant; an error if only one of them is given.
    pub(super) fn tenant(&self) -> Result<Option<(&DynIden, &str)>, SqlError> {
        match (&self.names.tenant_column, &self.tenant) {
            (Some(column), Some(value)) => Ok(Some((column, value))),
            (Some(column), None) => Err(SqlError::NoTenant(column.to_string().into())),
            (None, Some(_)) => Err(SqlError::NoTenantColumn),
            (None, None) => Ok(None),
        }
    }

    /// The identifiers of the mapping.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The column of a single-valued attribute.
    pub(super) fn column(&self, attribute: &Attribute) -> Option<&MappedColumn> {
        find(&self.names.attributes, attribute)
    }

    /// The sort column of the attribute with that path.
    pub(super) fn sort_column(&self, path: &str) -> Option<&DynIden> {
        let (_, column) =
            self.names.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(path))?;
        column.sort.as_ref()
    }

    /// The child table with the values of an attribute, and the column in it: a table of the
    /// attribute itself, or that of its parent.
    pub(super) fn value_table(
        &self,
        attribute: &Attribute,
    ) -> Option<(&MappedTable, &MappedColumn)> {
        let own = find(&self.names.children, attribute)
            .and_then(|table| Some((table, table.value.as_ref()?)));
        own.or_else(|| {
            let sub = attribute.sub_attribute()?;
            let is_parent = |(path, _): &&(Box<str>, MappedTable)| {
                is_path(path, attribute.urn(), attribute.name())
            };
            let (_, table) = self.names.children.iter().find(is_parent)?;
            Some((table, table.sub_attribute(sub)?))
        })
    }

    /// The child table with the elements of an attribute.
    pub(super) fn element_table(&self, attribute: &Attribute) -> Option<&MappedTable> {
        find(&self.names.children, attribute)
    }

    /// The alias of child tables in statements; it differs from that of the resource's table.
    pub(super) fn child_alias(&self) -> DynIden {
        if self.mapping.alias.eq_ignore_ascii_case("e") { "c" } else { "e" }.into()
    }
}

impl PartialEq for CheckedMapping {
    fn eq(&self, other: &Self) -> bool {
        // `names` is derived from `mapping`.
        self.mapping == other.mapping && self.tenant == other.tenant
    }
}

impl Eq for CheckedMapping {}

impl TryFrom<Mapping> for CheckedMapping {
    type Error = MappingError;

    fn try_from(mapping: Mapping) -> Result<Self, MappingError> {
        mapping.check()
    }
}

impl From<CheckedMapping> for Mapping {
    fn from(checked: CheckedMapping) -> Self {
        Arc::unwrap_or_clone(checked.mapping)
    }
}

fn find<'a, T>(entries: &'a [(Box<str>, T)], attribute: &Attribute) -> Option<&'a T> {
    entries
        .iter()
        .find(|(path, _)| is_path(path, attribute.urn(), attribute.path()))
        .map(|(_, entry)| entry)
}

/// Returns whether `path` is `urn:rest`, or `rest` without a URN. Attribute names and schema URNs
/// are compared without regard to case (RFC 7643 section 2.1).
fn is_path(path: &str, urn: Option<&str>, rest: &str) -> bool {
    let (before, own) = match urn {
        Some(urn) => match path.split_at_checked(urn.len()) {
            Some((before, rest)) => (before.eq_ignore_ascii_case(urn), rest.strip_prefix(':')),
            None => (false, None),
        },
        None => (true, Some(path)),
    };
    before && own.is_some_and(|own| own.eq_ignore_ascii_case(rest))
}

fn check_distinct<'a>(paths: impl Iterator<Item = &'a String>) -> Result<(), MappingError> {
    let mut seen = std::collections::HashSet::new();
    for path in paths {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(MappingError(format!(
                "attribute `{}` is mapped twice",
                path.escape_debug()
            )));
        }
    }
    Ok(())
}
