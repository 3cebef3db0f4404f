//! A mapping that was checked, and what statements ask of it.

use super::error::SqlError;
use super::mapping::{
    Column, Mapping, MappingError, NativeComparison, StringComparison, is_identifier,
};
use super::names::{Field, Names, Table};
use crate::schema::Attribute;
use crate::value::AttributeType;
use sea_query::DynIden;
use std::sync::Arc;

impl Mapping {
    /// The mapping, ready for use.
    ///
    /// # Errors
    /// A name of a table or column that is not letters (A to Z), digits and `_`, at most 63 of them, no digit first; an attribute twice;
    /// a key that is neither a string nor an integer; a sort column in the table of an attribute with several values.
    pub fn check(self) -> Result<CheckedMapping, MappingError> {
        let mut names = vec![&self.table, &self.alias, &self.key];
        names.extend(&self.tenant_column);
        let mut columns: Vec<&Column> = self.attributes.values().collect();
        for child in self.children.values() {
            names.extend([&child.table, &child.owner, &child.position]);
            let parts = child.value.iter().chain(child.columns.values());
            if let Some(sort) = parts.clone().find_map(|column| column.sort.as_ref()) {
                let why = "rows are sorted by columns of the resource's own table";
                return Err(MappingError(format!("sort column `{}`: {why}", sort.escape_debug())));
            }
            columns.extend(parts);
            one_each(child.columns.keys())?;
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
                "`{}` is not letters, digits and `_`, at most 63, no digit first",
                name.escape_debug()
            )));
        }
        if !matches!(self.key_type, AttributeType::String | AttributeType::Integer) {
            return Err(MappingError(format!(
                "the key is of type `{}`, and neither a string nor an integer",
                self.key_type
            )));
        }
        one_each(self.attributes.keys().chain(self.children.keys()))?;
        Ok(CheckedMapping::of(self))
    }
}

/// A mapping that was checked: what a plan needs to become SQL. Names of tables and columns come from nowhere else.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Mapping", into = "Mapping")
)]
pub struct CheckedMapping {
    mapping: Arc<Mapping>,
    names: Arc<Names>,
    /// The tenant, where it was said.
    tenant: Option<Arc<str>>,
}

impl CheckedMapping {
    fn of(mapping: Mapping) -> Self {
        Self { names: Arc::new(Names::of(&mapping)), mapping: Arc::new(mapping), tenant: None }
    }

    /// The same columns, for statements about that tenant alone: every table that a statement looks into is asked for rows of the tenant.
    /// Cheap; the mapping is shared. As data it is the mapping without the tenant.
    ///
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self.clone() }
    }

    /// Reads a [`Mapping`] from JSON.
    ///
    /// # Errors
    /// The text is no JSON, has other members than a mapping, or [`Mapping::check`] refuses it.
    #[cfg(feature = "serde")]
    pub fn from_json(text: &str) -> Result<Self, MappingError> {
        serde_json::from_str(text).map_err(|error| MappingError(error.to_string()))
    }

    /// Reads a [`Mapping`] from TOML.
    ///
    /// ```
    /// let columns = scieve::sql::CheckedMapping::from_toml(r#"
    ///     table = "users"
    ///     key = "id"
    ///
    ///     [attributes]
    ///     userName = { column = "user_name", text = { key = "user_name_f" }, nullable = false, sort = "user_name_sort" }
    ///     nickName = { column = "nick", text = { native = "lower" } }
    ///     active = { column = "active" }
    ///
    ///     [children.emails]
    ///     table = "user_emails"
    ///     owner = "user_id"
    ///     columns.value = { column = "value", text = { key = "value_f" } }
    ///
    ///     [children.tags]
    ///     table = "user_tags"
    ///     owner = "user_id"
    ///     value = { column = "tag", text = { key = "tag_f" }, nullable = false }
    /// "#)?;
    /// assert_eq!(columns.mapping().alias, "u");
    /// # Ok::<(), scieve::sql::MappingError>(())
    /// ```
    ///
    /// # Errors
    /// The text is no TOML, has other keys than a mapping, or [`Mapping::check`] refuses it.
    #[cfg(feature = "serde")]
    pub fn from_toml(text: &str) -> Result<Self, MappingError> {
        toml::from_str(text).map_err(|error| MappingError(error.to_string()))
    }

    /// The mapping as data.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The scope column with its value; both or neither have to be there.
    pub(super) fn tenant(&self) -> Result<Option<(&DynIden, &str)>, SqlError> {
        match (&self.names.tenant_column, &self.tenant) {
            (Some(column), Some(value)) => Ok(Some((column, value))),
            (Some(column), None) => Err(SqlError::NoTenant(column.to_string().into())),
            (None, Some(_)) => Err(SqlError::NoTenantColumn),
            (None, None) => Ok(None),
        }
    }

    /// The names of the mapping.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The column in the resource's own table.
    pub(super) fn column(&self, attribute: &Attribute) -> Option<&Field> {
        find(&self.names.attributes, attribute)
    }

    /// The sort column of the attribute of that path.
    pub(super) fn sort_column(&self, path: &str) -> Option<&DynIden> {
        let (_, field) =
            self.names.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(path))?;
        field.sort.as_ref()
    }

    /// The table of this attribute's values, with the column of the value: a table of its own, or that of the attribute it belongs to.
    pub(super) fn value_table(&self, attribute: &Attribute) -> Option<(&Table, &Field)> {
        let own = find(&self.names.children, attribute)
            .and_then(|table| Some((table, table.value.as_ref()?)));
        own.or_else(|| {
            let sub = attribute.sub_attribute()?;
            let of_parent =
                |(path, _): &&(Box<str>, Table)| names(path, attribute.urn(), attribute.name());
            let (_, table) = self.names.children.iter().find(of_parent)?;
            Some((table, table.sub_attribute(sub)?))
        })
    }

    /// The table of this attribute's elements.
    pub(super) fn element_table(&self, attribute: &Attribute) -> Option<&Table> {
        find(&self.names.children, attribute)
    }

    /// What a statement calls a child table by.
    pub(super) fn child_alias(&self) -> DynIden {
        if self.mapping.alias.eq_ignore_ascii_case("e") { "c" } else { "e" }.into()
    }
}

impl PartialEq for CheckedMapping {
    fn eq(&self, other: &Self) -> bool {
        // The names are the mapping's.
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
    fn from(columns: CheckedMapping) -> Self {
        Arc::unwrap_or_clone(columns.mapping)
    }
}

fn find<'a, T>(entries: &'a [(Box<str>, T)], attribute: &Attribute) -> Option<&'a T> {
    entries
        .iter()
        .find(|(path, _)| names(path, attribute.urn(), attribute.path()))
        .map(|(_, entry)| entry)
}

/// Whether `path`, with a URN before it or not, is this one; attribute names and schema URNs have no case.
fn names(path: &str, urn: Option<&str>, rest: &str) -> bool {
    let (before, own) = match urn {
        Some(urn) => match path.split_at_checked(urn.len()) {
            Some((before, rest)) => (before.eq_ignore_ascii_case(urn), rest.strip_prefix(':')),
            None => (false, None),
        },
        None => (true, Some(path)),
    };
    before && own.is_some_and(|own| own.eq_ignore_ascii_case(rest))
}

fn one_each<'a>(paths: impl Iterator<Item = &'a String>) -> Result<(), MappingError> {
    let mut seen = std::collections::HashSet::new();
    for path in paths {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(MappingError(format!(
                "attribute `{}` is there twice",
                path.escape_debug()
            )));
        }
    }
    Ok(())
}
