//! A checked mapping, and the look-up of its columns by attribute.

use super::dialect::Dialect;
use super::error::SqlError;
use super::literal::key_param;
use super::mapping::{Mapping, MappingError};
use super::names::{MappedColumn, MappedJoin, Names, child_alias};
use super::storage::Storage;
use super::values::Param;
use crate::schema::Attribute;
use sea_query::DynIden;
use std::sync::Arc;

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
    /// Set by [`CheckedMapping::for_few_rows`].
    few_rows: bool,
}

/// The tenant of a mapping.
pub(super) struct Tenant<'a> {
    pub(super) column: &'a DynIden,
    pub(super) value: TenantValue<'a>,
}

/// The value of a tenant column.
pub(super) enum TenantValue<'a> {
    /// A string that is compared exactly.
    String(&'a str),
    /// The representation of the tenant in this storage.
    Stored(&'a Storage, Param),
}

impl CheckedMapping {
    pub(super) fn new(mapping: Mapping) -> Self {
        let names = Arc::new(Names::new(&mapping));
        Self { names, mapping: Arc::new(mapping), tenant: None, few_rows: false }
    }

    /// Returns the mapping for one tenant: every table of a statement is restricted to the rows of
    /// that tenant. Serialisation leaves the tenant out.
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self.clone() }
    }

    /// Returns the mapping for conditions that are tested on few rows, such as those of a subquery
    /// with a limit: child tables and joins are searched for each row. By default they are searched
    /// once for all rows, which takes long if very many rows have the value. The results are the
    /// same. Serialisation leaves it out.
    ///
    /// ```
    /// use scieve::sql::{ChildTable, Column, Dialect, Mapping};
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
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
    ///
    /// let devices = ChildTable::new("devices", "user_id").value(Column::new("trusted"));
    /// let mapping = Mapping::new("users", "id").child("trusted", devices).check()?;
    /// let schema =
    ///     Schema::new(None, [Attribute::new("trusted", AttributeType::Boolean).multi_valued()])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let plan = policy.parse("trusted eq true")?;
    /// let condition = |mapping| plan.to_where(mapping, Dialect::Sqlite).map(|written| written.sql);
    /// assert_eq!(
    ///     condition(&mapping)?,
    ///     "`u`.`id` IN (SELECT `e`.`user_id` FROM `devices` AS `e` WHERE `e`.`trusted` = ?)"
    /// );
    /// assert_eq!(
    ///     condition(&mapping.for_few_rows())?,
    ///     "EXISTS(SELECT 1 FROM `devices` AS `e` WHERE `e`.`user_id` = `u`.`id` AND `e`.`trusted` = ?)"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_few_rows(&self) -> Self {
        Self { few_rows: true, ..self.clone() }
    }

    /// True if conditions are tested on few rows.
    pub(super) fn has_few_rows(&self) -> bool {
        self.few_rows
    }

    /// Parses and checks a [`Mapping`] in JSON.
    ///
    /// # Errors
    /// Invalid JSON; members that a mapping does not have; the errors of [`Mapping::check`].
    #[cfg(feature = "serde")]
    pub fn from_json(json: &str) -> Result<Self, MappingError> {
        serde_json::from_str::<Mapping>(json).map_err(MappingError::of_file)?.check()
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
        let mapping: Mapping = toml::from_str(toml).map_err(MappingError::of_file)?;
        mapping.check().map_err(|error| error.with_line(toml))
    }

    /// Returns the mapping as data.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The tenant column with the tenant; an error if only one of them is given, or if the column
    /// cannot represent the tenant.
    pub(super) fn tenant(&self, dialect: Dialect) -> Result<Option<Tenant<'_>>, SqlError> {
        match (&self.names.tenant_column, &self.tenant) {
            (Some(column), Some(tenant)) => {
                let value = match &self.mapping.tenant_stored {
                    None => TenantValue::String(tenant),
                    Some(storage) => match key_param(storage, tenant, dialect) {
                        Some(param) => TenantValue::Stored(storage, param),
                        None => {
                            let (tenant, storage) = (tenant.as_ref().into(), storage.name());
                            return Err(SqlError::InvalidTenant { tenant, storage });
                        }
                    },
                };
                Ok(Some(Tenant { column, value }))
            }
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

    /// The column with the values of an attribute in a child table or a related row.
    pub(super) fn value_column(&self, attribute: &Attribute) -> Option<&MappedColumn> {
        let own = find(&self.names.children, attribute).and_then(|table| table.value.as_ref());
        own.or_else(|| {
            let sub = attribute.sub_attribute()?;
            let is_parent = |path: &str| is_path(path, attribute.urn(), attribute.name());
            let child = self.names.children.iter().find(|(path, _)| is_parent(path));
            let join = self.names.joins.iter().find(|(path, _)| is_parent(path));
            child
                .and_then(|(_, table)| table.sub_attribute(sub))
                .or_else(|| join.and_then(|(_, join)| join.sub_attribute(sub)))
        })
    }

    /// The related row of a complex attribute.
    pub(super) fn join(&self, attribute: &Attribute) -> Option<&MappedJoin> {
        find(&self.names.joins, attribute)
    }

    /// The alias of child tables in statements; it differs from that of the resource's table.
    pub(super) fn child_alias(&self) -> DynIden {
        child_alias(&self.mapping).into()
    }

    /// The alias of related rows in statements.
    pub(super) fn join_alias(&self) -> DynIden {
        if self.mapping.alias.eq_ignore_ascii_case("j") { "r" } else { "j" }.into()
    }
}

impl PartialEq for CheckedMapping {
    fn eq(&self, other: &Self) -> bool {
        // `names` is derived from `mapping`.
        self.mapping == other.mapping
            && self.tenant == other.tenant
            && self.few_rows == other.few_rows
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

pub(super) fn find<'a, T>(entries: &'a [(Box<str>, T)], attribute: &Attribute) -> Option<&'a T> {
    entries
        .iter()
        .find(|(path, _)| is_path(path, attribute.urn(), attribute.path()))
        .map(|(_, entry)| entry)
}

/// Returns whether `path` is `urn:rest`, or `rest` without a URN. Attribute names and schema URNs
/// are compared without regard to case (RFC 7643 section 2.1).
pub(super) fn is_path(path: &str, urn: Option<&str>, rest: &str) -> bool {
    let (before, own) = match urn {
        Some(urn) => match path.split_at_checked(urn.len()) {
            Some((before, rest)) => (before.eq_ignore_ascii_case(urn), rest.strip_prefix(':')),
            None => (false, None),
        },
        None => (true, Some(path)),
    };
    before && own.is_some_and(|own| own.eq_ignore_ascii_case(rest))
}
