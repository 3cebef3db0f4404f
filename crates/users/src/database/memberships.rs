//! Roles, groups and scopes: those assigned to users, and the roles and groups of a tenant.

use super::connection::{Connection, Row};
use super::error::DbError;
use super::statement::{is_one_of, select_from};
use crate::role::{Group, ProviderType, Role, RoleKind, RoleLevel};
use crate::user::User;
use scieve::fold_key;
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, SelectStatement, Value,
};
use std::collections::HashMap;

/// Maximum number of rows of one INSERT.
pub(super) const ROWS_PER_INSERT: usize = 200;
/// Maximum number of strings of one `IN` list.
pub(super) const IN_LIST: usize = 500;

/// The alias of the tables below.
const ALIAS: &str = "e";

const ROLE: [&str; 3] = ["name", "kind", "level"];

/// The tables of assigned roles, groups and scopes, with their columns in the order of [`rows_of`].
pub(super) const TABLES: [(&str, &[&str]); 4] = [
    (
        "user_roles",
        &["tenant_id", "user_id", "idx", "role_id", "role_id_f", "name", "name_f", "kind", "level"],
    ),
    (
        "user_groups",
        &["tenant_id", "user_id", "idx", "group_id", "group_id_f", "name", "provider_type"],
    ),
    (
        "user_group_roles",
        &["tenant_id", "user_id", "idx", "group_idx", "role_id", "name", "name_f", "kind", "level"],
    ),
    ("user_scopes", &["tenant_id", "user_id", "idx", "scope", "scope_f"]),
];

/// Reads the roles, groups and scopes of users, with one statement per table.
pub(super) async fn fill(
    connection: &mut dyn Connection,
    tenant: &str,
    users: &mut [User],
) -> Result<(), DbError> {
    for users in users.chunks_mut(IN_LIST) {
        let mut indexes: HashMap<String, usize> = HashMap::with_capacity(users.len());
        indexes.extend(users.iter().enumerate().map(|(index, user)| (user.id.clone(), index)));
        let dialect = connection.dialect();
        let select = |table, columns: &[&'static str]| {
            let mut select = select_from(table, ALIAS, tenant);
            select
                .column((ALIAS, "user_id"))
                .columns(columns.iter().map(|column| (ALIAS, *column)))
                .and_where(is_one_of(
                    dialect,
                    Expr::col((ALIAS, "user_id")),
                    users.iter().map(|user| user.id.as_str()),
                ))
                .order_by((ALIAS, "user_id"), Order::Asc)
                .order_by((ALIAS, "idx"), Order::Asc);
            select
        };
        let roles = select("user_roles", &["role_id", "name", "kind", "level"]);
        let groups = select("user_groups", &["group_id", "name", "provider_type"]);
        let group_roles =
            select("user_group_roles", &["group_idx", "role_id", "name", "kind", "level"]);
        let scopes = select("user_scopes", &["scope"]);
        for (user, mut row) in owned(connection, &roles, &indexes).await? {
            if let Some(user) = users.get_mut(user) {
                user.assigned_roles.push(role(&mut row)?);
            }
        }
        for (user, mut row) in owned(connection, &groups, &indexes).await? {
            if let Some(user) = users.get_mut(user) {
                user.assigned_groups.push(group(&mut row)?);
            }
        }
        for (user, mut row) in owned(connection, &group_roles, &indexes).await? {
            let index = usize::try_from(row.integer()?).unwrap_or(usize::MAX);
            let group = users.get_mut(user).and_then(|user| user.assigned_groups.get_mut(index));
            let group =
                group.ok_or_else(|| DbError::Internal("a role of an unknown group".into()))?;
            group.assigned_roles.push(role(&mut row)?);
        }
        for (user, mut row) in owned(connection, &scopes, &indexes).await? {
            if let Some(user) = users.get_mut(user) {
                user.assigned_scopes.push(row.string()?);
            }
        }
    }
    Ok(())
}

/// Returns the rows of a query, each with the index of the user whose id is its first column.
async fn owned(
    connection: &mut dyn Connection,
    select: &SelectStatement,
    indexes: &HashMap<String, usize>,
) -> Result<Vec<(usize, Row)>, DbError> {
    let owned = |mut row: Row| {
        let index = indexes.get(&row.string()?).copied();
        Ok((index.ok_or_else(|| DbError::Internal("a row of another user".into()))?, row))
    };
    connection.fetch(select).await?.into_iter().map(owned).collect()
}

/// Inserts the roles, groups and scopes of users who have none yet.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    users: &[&User],
) -> Result<(), DbError> {
    for (table, (name, columns)) in TABLES.iter().enumerate() {
        let rows: Vec<Vec<Value>> = users.iter().flat_map(|user| rows_of(table, user)).collect();
        insert_rows(connection, name, columns, rows).await?;
    }
    Ok(())
}

/// Rewrites the rows of a user in the tables for which `old` and `new` differ.
pub(super) async fn replace(
    connection: &mut dyn Connection,
    old: &User,
    new: &User,
) -> Result<(), DbError> {
    for (table, (name, columns)) in TABLES.iter().enumerate() {
        let rows = rows_of(table, new);
        if rows == rows_of(table, old) {
            continue;
        }
        let mut delete = delete_from(name, &new.tenant_id);
        delete.and_where(Expr::col("user_id").eq(new.id.as_str()));
        connection.execute(&delete).await?;
        insert_rows(connection, name, columns, rows).await?;
    }
    Ok(())
}

fn delete_from(table: &'static str, tenant: &str) -> DeleteStatement {
    let mut delete = DeleteStatement::new();
    delete.from_table(table).and_where(Expr::col("tenant_id").eq(tenant));
    delete
}

/// The rows of a user in the table with that index in [`TABLES`].
fn rows_of(table: usize, user: &User) -> Vec<Vec<Value>> {
    let folded = |string: &str| Value::from(fold_key(string).into_owned());
    let of_role = |role: &Role, with_id_key: bool| {
        let mut values = vec![role.id.as_str().into()];
        values.extend(with_id_key.then(|| folded(&role.id)));
        values.extend([
            role.name.as_str().into(),
            folded(&role.name),
            kind_name(role.kind).into(),
            level_name(role.level).into(),
        ]);
        values
    };
    let elements: Vec<Vec<Value>> = match table {
        0 => user.assigned_roles.iter().map(|role| of_role(role, true)).collect(),
        1 => {
            let of_group = |group: &Group| {
                vec![
                    group.id.as_str().into(),
                    folded(&group.id),
                    group.name.as_str().into(),
                    group.provider_type.map(provider_name).into(),
                ]
            };
            user.assigned_groups.iter().map(of_group).collect()
        }
        2 => {
            let groups = (0_i64..).zip(&user.assigned_groups);
            let roles = groups.flat_map(|(group_idx, group)| {
                group.assigned_roles.iter().map(move |role| (group_idx, role))
            });
            roles
                .map(|(group_idx, role)| [vec![group_idx.into()], of_role(role, false)].concat())
                .collect()
        }
        _ => user
            .assigned_scopes
            .iter()
            .map(|scope| vec![scope.as_str().into(), folded(scope)])
            .collect(),
    };
    let row = |(idx, element): (i64, Vec<Value>)| {
        [vec![user.tenant_id.as_str().into(), user.id.as_str().into(), idx.into()], element]
            .concat()
    };
    (0_i64..).zip(elements).map(row).collect()
}

/// Inserts rows, [`ROWS_PER_INSERT`] per statement.
pub(super) async fn insert_rows(
    connection: &mut dyn Connection,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<(), DbError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut insert = InsertStatement::new();
        insert.into_table(table).columns(columns.iter().copied());
        for row in rows.by_ref().take(ROWS_PER_INSERT) {
            insert
                .values(row.into_iter().map(Expr::from))
                .map_err(|error| DbError::Internal(error.to_string()))?;
        }
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// Reads the roles of a tenant.
pub(super) async fn roles(
    connection: &mut dyn Connection,
    tenant: &str,
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
    tenant: &str,
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
    tenant: &str,
    roles: &[Role],
) -> Result<(), DbError> {
    connection.execute(&delete_from("roles", tenant)).await?;
    let row = |(idx, role): (i64, &Role)| {
        [vec![tenant.into(), role.id.as_str().into(), idx.into()], role_values(role)].concat()
    };
    let rows = (0_i64..).zip(roles).map(row).collect();
    let columns = ["tenant_id", "id", "idx", "name", "kind", "level"];
    insert_rows(connection, "roles", &columns, rows).await
}

/// Replaces the groups of a tenant.
pub(super) async fn set_groups(
    connection: &mut dyn Connection,
    tenant: &str,
    groups: &[Group],
) -> Result<(), DbError> {
    connection.execute(&delete_from("group_roles", tenant)).await?;
    connection.execute(&delete_from("groups", tenant)).await?;
    let row = |(idx, group): (i64, &Group)| {
        let provider = group.provider_type.map(provider_name);
        vec![
            tenant.into(),
            group.id.as_str().into(),
            idx.into(),
            group.name.as_str().into(),
            provider.into(),
        ]
    };
    let rows = (0_i64..).zip(groups).map(row).collect();
    let columns = ["tenant_id", "id", "idx", "name", "provider_type"];
    insert_rows(connection, "groups", &columns, rows).await?;
    let roles = groups.iter().flat_map(|group| {
        (0_i64..).zip(&group.assigned_roles).map(move |(idx, role)| (group, idx, role))
    });
    let row = |(group, idx, role): (&Group, i64, &Role)| {
        [
            vec![tenant.into(), group.id.as_str().into(), idx.into(), role.id.as_str().into()],
            role_values(role),
        ]
        .concat()
    };
    let columns = ["tenant_id", "group_id", "idx", "role_id", "name", "kind", "level"];
    insert_rows(connection, "group_roles", &columns, roles.map(row).collect()).await
}

/// The values of the columns [`ROLE`].
fn role_values(role: &Role) -> Vec<Value> {
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
