//! Where the reference tables of users hold what can be filtered by: one line an attribute.

use scieve::sql::{CheckedMapping, ChildTable, Column, Mapping};
use std::sync::LazyLock;

#[expect(clippy::expect_used)]
static COLUMNS: LazyLock<CheckedMapping> =
    LazyLock::new(|| mapping().check().expect("a constant, which a test checks"));

/// The tables of users: `users`, with a row a user, and `user_roles`, `user_groups`, `user_group_roles` (the roles that come with groups,
/// a row for each) and `user_scopes`. Every text has a column with its key; what lists are sorted by has a sort column.
///
/// The tables hold many tenants, and ids are unique within one only: name it by [`CheckedMapping::for_tenant`].
///
/// ```
/// use scieve::sql::{Dialect, Select};
///
/// let plan = scieve_users::policy().parse(r#"name eq "Bob" and status eq "active""#)?;
/// let statement = plan.to_sql(&scieve_users::columns().for_tenant("tenant-1"), Dialect::Sqlite, &Select::default())?;
/// assert_eq!(
///     statement.sql,
///     "SELECT `u`.`id` FROM `users` AS `u` WHERE `u`.`tenant_id` = ? AND `u`.`name_f` = ? AND `u`.`status_f` = ? ORDER BY `u`.`id` ASC"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn columns() -> &'static CheckedMapping {
    &COLUMNS
}

fn mapping() -> Mapping {
    Mapping::new("users", "id")
        .tenant_column("tenant_id")
        .attribute("id", text("id").sorted_by("id_sort").not_null())
        .attribute("subject", text("subject").sorted_by("subject_sort").not_null())
        .attribute("name", text("name").sorted_by("name_sort").not_null())
        .attribute("email", text("email").sorted_by("email_sort"))
        .attribute("status", text("status").sorted_by("status_sort").not_null())
        .attribute("clientId", text("client_id").sorted_by("client_id_sort"))
        .child(
            "assignedRoles",
            child("user_roles")
                .column("id", text("role_id").not_null())
                .column("name", text("name").not_null()),
        )
        .child("assignedGroups", child("user_groups").column("id", text("group_id").not_null()))
        .child(
            "assignedGroupsAssignedRoles",
            child("user_group_roles").column("name", text("name").not_null()),
        )
        .child("assignedScopes", child("user_scopes").value(text("scope").not_null()))
}

fn text(column: &str) -> Column {
    Column::keyed(column, format!("{column}_f"))
}

fn child(table: &str) -> ChildTable {
    ChildTable::new(table, "user_id")
}

#[cfg(test)]
mod tests {
    use super::mapping;

    #[test]
    fn the_mapping_can_be_checked() {
        mapping().check().unwrap();
    }
}
