//! Roles, groups and scopes: those assigned to users, and the roles and groups of a tenant.
//!
//! Those of a user are read from a JSON document in its row; tables with a row per value lead filters
//! to users.

use super::connection::{Connection, Row};
use super::error::DbError;
use super::statement::select_from;
use super::tenant::Tenant;
use crate::role::{ADMINISTRATOR_ROLE, Group, ProviderType, Role, RoleKind, RoleLevel};
use crate::user::User;
use scieve::fold_key;
use sea_query::{DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, Value};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;

/// Maximum number of rows of one INSERT.
pub(super) const ROWS_PER_INSERT: usize = 200;
/// Maximum number of strings of one `IN` list.
pub(super) const IN_LIST: usize = 500;

/// The alias of the tables below.
const ALIAS: &str = "e";

const ROLE: [&str; 3] = ["name", "kind", "level"];

/// The tables in which filters find users by roles, groups and scopes, with their columns: those of
/// [`rows_of`] and then those of [`elements`].
pub(super) const TABLES: [(&str, &[&str]); 4] = [
    ("user_roles", &["user_number", "tenant", "idx", "role_id_f", "name_f"]),
    ("user_groups", &["user_number", "tenant", "idx", "group_id_f"]),
    ("user_group_roles", &["user_number", "tenant", "idx", "name_f"]),
    ("user_scopes", &["user_number", "tenant", "idx", "scope_f"]),
];

/// The roles, groups and scopes of a user, as the JSON document of the column `memberships`. It has
/// arrays instead of objects, without the names of members.
#[derive(Deserialize)]
pub(super) struct Memberships(Vec<RoleArray>, Vec<GroupArray>, Vec<String>);

/// Id, name, kind and level.
#[derive(Deserialize)]
struct RoleArray(String, String, RoleKind, RoleLevel);

/// Id, name, provider type and roles.
#[derive(Deserialize)]
struct GroupArray(String, String, Option<ProviderType>, Vec<RoleArray>);

impl From<RoleArray> for Role {
    fn from(RoleArray(id, name, kind, level): RoleArray) -> Self {
        Self { id, name, kind, level }
    }
}

impl From<GroupArray> for Group {
    fn from(GroupArray(id, name, provider_type, roles): GroupArray) -> Self {
        Self { id, name, provider_type, assigned_roles: into_all(roles) }
    }
}

fn into_all<T, U: From<T>>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

impl Memberships {
    /// Returns the document; `None` if the user has no roles, groups and scopes.
    pub(super) fn document(user: &User) -> Option<String> {
        let User {
            assigned_roles: roles, assigned_groups: groups, assigned_scopes: scopes, ..
        } = user;
        if roles.is_empty() && groups.is_empty() && scopes.is_empty() {
            return None;
        }
        let arrays = |roles: &[Role]| -> Vec<_> {
            let array = |role: &Role| json!([role.id, role.name, role.kind, role.level]);
            roles.iter().map(array).collect()
        };
        let array = |group: &Group| {
            json!([group.id, group.name, group.provider_type, arrays(&group.assigned_roles)])
        };
        let groups: Vec<_> = groups.iter().map(array).collect();
        Some(json!([arrays(roles), groups, scopes]).to_string())
    }

    pub(super) fn parse(document: &str) -> Result<Self, DbError> {
        serde_json::from_str(document)
            .map_err(|error| DbError::Internal(format!("column `memberships`: {error}")))
    }

    pub(super) fn have_administrator_role(&self) -> bool {
        let Self(roles, groups, _) = self;
        let of_groups = groups.iter().flat_map(|GroupArray(_, _, _, roles)| roles);
        roles.iter().chain(of_groups).any(|RoleArray(_, name, ..)| name == ADMINISTRATOR_ROLE)
    }

    pub(super) fn assign_to(self, user: &mut User) {
        let Self(roles, groups, scopes) = self;
        user.assigned_roles = into_all(roles);
        user.assigned_groups = into_all(groups);
        user.assigned_scopes = scopes;
    }
}

/// Inserts the roles, groups and scopes of a user who has none yet.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    number: Expr,
    user: &User,
) -> Result<(), DbError> {
    for (table, (name, columns)) in TABLES.iter().enumerate() {
        let rows = rows_of(tenant, number.clone(), elements(table, user)).collect();
        insert_rows(connection, name, columns, rows).await?;
    }
    Ok(())
}

/// Rewrites the rows of a user in the tables for which `old` and `new` differ.
pub(super) async fn replace(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    number: i64,
    old: &User,
    new: &User,
) -> Result<(), DbError> {
    for (table, (name, columns)) in TABLES.iter().enumerate() {
        let elements_of_new = elements(table, new);
        if elements_of_new == elements(table, old) {
            continue;
        }
        let mut delete = delete_from(name, tenant);
        delete.and_where(Expr::col("user_number").eq(number));
        connection.execute(&delete).await?;
        let rows = rows_of(tenant, Expr::from(number), elements_of_new).collect();
        insert_rows(connection, name, columns, rows).await?;
    }
    Ok(())
}

fn delete_from(table: &'static str, tenant: Tenant<'_>) -> DeleteStatement {
    let mut delete = DeleteStatement::new();
    delete.from_table(table).and_where(Expr::col("tenant").eq(tenant.number));
    delete
}

/// The fold keys of a user's row for each element in the table with that index in [`TABLES`].
pub(super) fn elements(table: usize, user: &User) -> Vec<Vec<String>> {
    let folded = |string: &str| fold_key(string).into_owned();
    match table {
        0 => {
            let of_role = |role: &Role| vec![folded(&role.id), folded(&role.name)];
            user.assigned_roles.iter().map(of_role).collect()
        }
        1 => user.assigned_groups.iter().map(|group| vec![folded(&group.id)]).collect(),
        2 => {
            let roles = user.assigned_groups.iter().flat_map(|group| &group.assigned_roles);
            roles.map(|role| vec![folded(&role.name)]).collect()
        }
        _ => user.assigned_scopes.iter().map(|scope| vec![folded(scope)]).collect(),
    }
}

/// The rows of a user with these elements.
pub(super) fn rows_of<V: Clone + From<i64> + From<String>>(
    tenant: Tenant<'_>,
    number: V,
    elements: Vec<Vec<String>>,
) -> impl Iterator<Item = Vec<V>> {
    (0_i64..).zip(elements).map(move |(idx, element)| {
        let key = [number.clone(), tenant.number.into(), idx.into()];
        key.into_iter().chain(element.into_iter().map(V::from)).collect()
    })
}

/// Inserts rows, [`ROWS_PER_INSERT`] per statement.
pub(super) async fn insert_rows(
    connection: &mut dyn Connection,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Expr>>,
) -> Result<(), DbError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let insert = insert_statement(table, columns, rows.by_ref().take(ROWS_PER_INSERT))?;
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// An INSERT of rows.
pub(super) fn insert_statement(
    table: &'static str,
    columns: &[&'static str],
    rows: impl Iterator<Item = Vec<Expr>>,
) -> Result<InsertStatement, DbError> {
    let mut insert = InsertStatement::new();
    insert.into_table(table).columns(columns.iter().copied());
    for row in rows {
        insert.values(row).map_err(|error| DbError::Internal(error.to_string()))?;
    }
    Ok(insert)
}

/// Reads the roles of a tenant.
pub(super) async fn roles(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
) -> Result<Vec<Role>, DbError> {
    let mut select = select_from("roles", ALIAS, tenant);
    select
        .column((ALIAS, "id"))
        .columns(ROLE.map(|column| (ALIAS, column)))
        .order_by((ALIAS, "idx"), Order::Asc)
        .order_by((ALIAS, "id"), Order::Asc);
    connection.fetch(&select).await?.into_iter().map(|mut row| role(&mut row)).collect()
}

/// Reads the groups of a tenant, with their roles.
pub(super) async fn groups(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
) -> Result<Vec<Group>, DbError> {
    let mut select = select_from("groups", ALIAS, tenant);
    select
        .columns(["id", "name", "provider_type"].map(|column| (ALIAS, column)))
        .order_by((ALIAS, "idx"), Order::Asc)
        .order_by((ALIAS, "id"), Order::Asc);
    let rows = connection.fetch(&select).await?;
    let mut groups: Vec<Group> =
        rows.into_iter().map(|mut row| group(&mut row)).collect::<Result<_, _>>()?;
    let mut select = select_from("group_roles", ALIAS, tenant);
    select
        .columns(["group_id", "role_id"].map(|column| (ALIAS, column)))
        .columns(ROLE.map(|column| (ALIAS, column)))
        .order_by((ALIAS, "group_id"), Order::Asc)
        .order_by((ALIAS, "idx"), Order::Asc);
    let indexes: HashMap<String, usize> =
        groups.iter().enumerate().map(|(index, group)| (group.id.clone(), index)).collect();
    for mut row in connection.fetch(&select).await? {
        let index = indexes.get(&row.string()?);
        if let Some(group) = index.and_then(|index| groups.get_mut(*index)) {
            group.assigned_roles.push(role(&mut row)?);
        }
    }
    Ok(groups)
}

/// Replaces the roles of a tenant.
pub(super) async fn set_roles(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    roles: &[Role],
) -> Result<(), DbError> {
    connection.execute(&delete_from("roles", tenant)).await?;
    let row = |(idx, role): (i64, &Role)| {
        [vec![tenant.number.into(), role.id.as_str().into(), idx.into()], role_values(role)]
            .concat()
    };
    let rows = (0_i64..).zip(roles).map(row).collect();
    let columns = ["tenant", "id", "idx", "name", "kind", "level"];
    insert_rows(connection, "roles", &columns, rows).await
}

/// Replaces the groups of a tenant.
pub(super) async fn set_groups(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    groups: &[Group],
) -> Result<(), DbError> {
    connection.execute(&delete_from("group_roles", tenant)).await?;
    connection.execute(&delete_from("groups", tenant)).await?;
    let row = |(idx, group): (i64, &Group)| {
        let provider = group.provider_type.map(provider_name);
        vec![
            tenant.number.into(),
            group.id.as_str().into(),
            idx.into(),
            group.name.as_str().into(),
            Value::from(provider).into(),
        ]
    };
    let rows = (0_i64..).zip(groups).map(row).collect();
    let columns = ["tenant", "id", "idx", "name", "provider_type"];
    insert_rows(connection, "groups", &columns, rows).await?;
    let roles = groups.iter().flat_map(|group| {
        (0_i64..).zip(&group.assigned_roles).map(move |(idx, role)| (group, idx, role))
    });
    let row = |(group, idx, role): (&Group, i64, &Role)| {
        [
            vec![
                tenant.number.into(),
                group.id.as_str().into(),
                idx.into(),
                role.id.as_str().into(),
            ],
            role_values(role),
        ]
        .concat()
    };
    let columns = ["tenant", "group_id", "idx", "role_id", "name", "kind", "level"];
    insert_rows(connection, "group_roles", &columns, roles.map(row).collect()).await
}

/// The values of the columns [`ROLE`].
fn role_values(role: &Role) -> Vec<Expr> {
    vec![role.name.as_str().into(), kind_name(role.kind).into(), level_name(role.level).into()]
}

/// Reads a role from its id and the columns [`ROLE`].
fn role(row: &mut Row) -> Result<Role, DbError> {
    let (id, name, kind, level) = (row.string()?, row.string()?, row.string()?, row.string()?);
    let kind = [RoleKind::Default, RoleKind::Custom]
        .into_iter()
        .find(|known| kind_name(*known) == kind)
        .ok_or_else(|| DbError::Internal(format!("`{kind}` is not a valid kind of role")))?;
    let level = [RoleLevel::Admin, RoleLevel::User]
        .into_iter()
        .find(|known| level_name(*known) == level)
        .ok_or_else(|| DbError::Internal(format!("`{level}` is not a valid level of role")))?;
    Ok(Role { id, name, kind, level })
}

/// Reads a group, without roles, from its id, name and provider type.
fn group(row: &mut Row) -> Result<Group, DbError> {
    let (id, name, provider) = (row.string()?, row.string()?, row.optional_string()?);
    let parse = |name: String| {
        [ProviderType::Idp, ProviderType::Custom]
            .into_iter()
            .find(|known| provider_name(*known) == name)
            .ok_or_else(|| DbError::Internal(format!("`{name}` is not a valid provider type")))
    };
    let provider_type = provider.map(parse).transpose()?;
    Ok(Group { id, name, provider_type, assigned_roles: Vec::new() })
}

fn kind_name(kind: RoleKind) -> &'static str {
    match kind {
        RoleKind::Default => "default",
        RoleKind::Custom => "custom",
    }
}

fn level_name(level: RoleLevel) -> &'static str {
    match level {
        RoleLevel::Admin => "admin",
        RoleLevel::User => "user",
    }
}

fn provider_name(provider: ProviderType) -> &'static str {
    match provider {
        ProviderType::Idp => "idp",
        ProviderType::Custom => "custom",
    }
}
