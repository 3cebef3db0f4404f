//! The mapping of the users resource to its reference tables: one line per attribute.

use scieve::sql::{CheckedMapping, ChildTable, Column, Mapping, Storage};
use std::sync::LazyLock;

#[expect(clippy::expect_used)]
static MAPPING: LazyLock<CheckedMapping> =
    LazyLock::new(|| build().check().expect("a constant, checked by a test"));

/// Returns the mapping of the users resource to SQL tables.
///
/// `users` has one row per user. `user_roles`, `user_groups`, `user_group_roles` (the roles of a
/// user's groups) and `user_scopes` have one row per value. Each string has a column with its
/// [`fold_key`](scieve::fold_key), and sortable attributes that may be missing have a sort column.
///
/// The tables are multi-tenant, and ids are unique only within a tenant: select the tenant by
/// [`CheckedMapping::for_tenant`], with its number. The table `tenants` has the numbers of tenants,
/// and `users.number` is the number of a user, to which the other tables refer.
///
/// ```
/// use scieve::sql::{Dialect, Select};
///
/// let plan = scieve_users::policy().parse(r#"name eq "Bob" and status eq "active""#)?;
/// let mapping = scieve_users::mapping().for_tenant("42");
/// let statement = plan.to_sql(&mapping, Dialect::Sqlite, &Select::default())?;
/// assert_eq!(
///     statement.sql,
///     "SELECT `u`.`id` FROM `users` AS `u` WHERE `u`.`tenant` = ? \
///      AND `u`.`name_f` = ? AND `u`.`status` = ? ORDER BY `u`.`id` ASC"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn mapping() -> &'static CheckedMapping {
    &MAPPING
}

fn build() -> Mapping {
    Mapping::new("users", "id")
        .tenant_column("tenant")
        .tenant_stored(Storage::Integer)
        .attribute("id", text("id").not_null())
        .attribute("subject", text("subject").not_null())
        .attribute("name", text("name").not_null())
        .attribute("email", text("email").sorted_by("email_sort"))
        .attribute("status", key("status"))
        .attribute("clientId", text("client_id").sorted_by("client_id_sort"))
        .child(
            "assignedRoles",
            child("user_roles").column("id", key("role_id_f")).column("name", key("name_f")),
        )
        .child("assignedGroups", child("user_groups").column("id", key("group_id_f")))
        .child(
            "assignedGroupsAssignedRoles",
            child("user_group_roles").column("name", key("name_f")),
        )
        .child("assignedScopes", child("user_scopes").value(key("scope_f")))
}

fn text(column: &str) -> Column {
    Column::keyed(column, format!("{column}_f"))
}

/// A column with the fold key alone.
fn key(column: &str) -> Column {
    Column::keyed(column, column).not_null()
}

fn child(table: &str) -> ChildTable {
    ChildTable::new(table, "user_number").references("number")
}

#[cfg(test)]
mod tests {
    use super::build;

    #[test]
    fn the_mapping_is_valid() {
        build().check().unwrap();
    }
}
