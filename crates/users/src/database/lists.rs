//! The lists of users in their tables, and the roles and groups of tenants.

use super::fault::Fault;
use super::link::{Link, Row};
use super::statement::{Statement, Value};
use crate::role::{Group, ProviderType, Role, RoleKind, RoleLevel};
use crate::user::User;
use scieve::fold_key;
use scieve::sql::Dialect;
use std::collections::HashMap;

/// Rows that one statement writes, at most.
pub(super) const BATCH: usize = 200;
/// Ids that one statement names, at most.
pub(super) const NAMED: usize = 500;

/// Each table of lists with its columns, in the order of [`rows_of`].
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

/// Fills in the lists of the users, with a statement for each table.
pub(super) async fn fill(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
    users: &mut [User],
) -> Result<(), Fault> {
    for users in users.chunks_mut(NAMED) {
        let mut places: HashMap<String, usize> = HashMap::with_capacity(users.len());
        places.extend(users.iter().enumerate().map(|(place, user)| (user.id.clone(), place)));
        let ask = |table: &str, columns: &str| {
            let select = Statement::new(
                dialect,
                &format!("SELECT e.user_id, {columns} FROM {table} AS e WHERE e.tenant_id = "),
            );
            select
                .bind(tenant)
                .push(" AND e.user_id")
                .one_of(users.iter().map(|user| user.id.as_str()))
                .push(" ORDER BY e.user_id, e.idx")
        };
        let roles = ask("user_roles", "e.role_id, e.name, e.kind, e.level");
        let groups = ask("user_groups", "e.group_id, e.name, e.provider_type");
        let group_roles =
            ask("user_group_roles", "e.group_idx, e.role_id, e.name, e.kind, e.level");
        let scopes = ask("user_scopes", "e.scope");
        let owner =
            |row: &mut Row,
             users: &mut [User],
             set: &mut dyn FnMut(&mut User, &mut Row) -> Result<(), Fault>| {
                let id = row.text()?;
                match places.get(&id).and_then(|place| users.get_mut(*place)) {
                    Some(user) => set(user, row),
                    None => Err(Fault::Broken("a list of a user who was not asked for".into())),
                }
            };
        for mut row in link.rows(&roles).await? {
            owner(&mut row, users, &mut |user, row| {
                role(row).map(|role| user.assigned_roles.push(role))
            })?;
        }
        for mut row in link.rows(&groups).await? {
            owner(&mut row, users, &mut |user, row| {
                group(row).map(|group| user.assigned_groups.push(group))
            })?;
        }
        for mut row in link.rows(&group_roles).await? {
            owner(&mut row, users, &mut |user, row| {
                let place = usize::try_from(row.integer()?).unwrap_or(usize::MAX);
                let group = user
                    .assigned_groups
                    .get_mut(place)
                    .ok_or_else(|| Fault::Broken("a role of a group that is not there".into()))?;
                role(row).map(|role| group.assigned_roles.push(role))
            })?;
        }
        for mut row in link.rows(&scopes).await? {
            owner(&mut row, users, &mut |user, row| {
                row.text().map(|scope| user.assigned_scopes.push(scope))
            })?;
        }
    }
    Ok(())
}

/// Stores the lists of the users, who have none yet.
pub(super) async fn insert(
    link: &mut dyn Link,
    dialect: Dialect,
    users: &[&User],
) -> Result<(), Fault> {
    for (place, (table, columns)) in TABLES.iter().enumerate() {
        let rows: Vec<Vec<Value>> = users.iter().flat_map(|user| rows_of(place, user)).collect();
        insert_rows(link, dialect, table, columns, rows).await?;
    }
    Ok(())
}

/// Stores those lists of a user that are others than before.
pub(super) async fn replace(
    link: &mut dyn Link,
    dialect: Dialect,
    old: &User,
    new: &User,
) -> Result<(), Fault> {
    for (place, (table, columns)) in TABLES.iter().enumerate() {
        let rows = rows_of(place, new);
        if rows == rows_of(place, old) {
            continue;
        }
        let delete = Statement::new(dialect, &format!("DELETE FROM {table} WHERE tenant_id = "));
        link.run(
            &delete.bind(new.tenant_id.as_str()).push(" AND user_id = ").bind(new.id.as_str()),
        )
        .await?;
        insert_rows(link, dialect, table, columns, rows).await?;
    }
    Ok(())
}

/// The rows of a user in the table of that place among [`TABLES`].
fn rows_of(place: usize, user: &User) -> Vec<Vec<Value>> {
    let folded = |text: &str| Value::Text(Some(fold_key(text).into_owned()));
    let of_role = |role: &Role, with_id: bool| {
        let mut values = vec![role.id.as_str().into()];
        values.extend(with_id.then(|| folded(&role.id)));
        values.extend([
            role.name.as_str().into(),
            folded(&role.name),
            kind_name(role.kind).into(),
            level_name(role.level).into(),
        ]);
        values
    };
    let elements: Vec<Vec<Value>> = match place {
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
            let roles = groups
                .flat_map(|(at, group)| group.assigned_roles.iter().map(move |role| (at, role)));
            roles.map(|(at, role)| [vec![at.into()], of_role(role, false)].concat()).collect()
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

/// Inserts rows, some at a time.
pub(super) async fn insert_rows(
    link: &mut dyn Link,
    dialect: Dialect,
    table: &str,
    columns: &[&str],
    mut rows: Vec<Vec<Value>>,
) -> Result<(), Fault> {
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        let insert = Statement::new(
            dialect,
            &format!("INSERT INTO {table} ({}) VALUES ", columns.join(", ")),
        );
        link.run(&insert.tuples(std::mem::replace(&mut rows, rest))).await?;
    }
    Ok(())
}

/// The roles of a tenant.
pub(super) async fn roles(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
) -> Result<Vec<Role>, Fault> {
    let select = Statement::new(
        dialect,
        "SELECT e.id, e.name, e.kind, e.level FROM roles AS e WHERE e.tenant_id = ",
    )
    .bind(tenant);
    let rows = link.rows(&select.push(" ORDER BY e.idx, e.id")).await?;
    rows.into_iter().map(|mut row| role(&mut row)).collect()
}

/// The groups of a tenant.
pub(super) async fn groups(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
) -> Result<Vec<Group>, Fault> {
    let select = Statement::new(
        dialect,
        "SELECT e.id, e.name, e.provider_type FROM \"groups\" AS e WHERE e.tenant_id = ",
    )
    .bind(tenant);
    let rows = link.rows(&select.push(" ORDER BY e.idx, e.id")).await?;
    let mut groups: Vec<Group> =
        rows.into_iter().map(|mut row| group(&mut row)).collect::<Result<_, _>>()?;
    let select = "SELECT e.group_id, e.role_id, e.name, e.kind, e.level FROM group_roles AS e WHERE e.tenant_id = ";
    let select = Statement::new(dialect, select).bind(tenant).push(" ORDER BY e.group_id, e.idx");
    let places: HashMap<String, usize> =
        groups.iter().enumerate().map(|(place, group)| (group.id.clone(), place)).collect();
    for mut row in link.rows(&select).await? {
        if let Some(group) = places.get(&row.text()?).and_then(|place| groups.get_mut(*place)) {
            group.assigned_roles.push(role(&mut row)?);
        }
    }
    Ok(groups)
}

/// Stores the roles of a tenant in the place of those it has.
pub(super) async fn set_roles(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
    roles: &[Role],
) -> Result<(), Fault> {
    link.run(&Statement::new(dialect, "DELETE FROM roles WHERE tenant_id = ").bind(tenant)).await?;
    let row = |(idx, role): (i64, &Role)| {
        [vec![tenant.into(), role.id.as_str().into(), idx.into()], plain(role)].concat()
    };
    let rows = (0_i64..).zip(roles).map(row).collect();
    insert_rows(link, dialect, "roles", &["tenant_id", "id", "idx", "name", "kind", "level"], rows)
        .await
}

/// Stores the groups of a tenant in the place of those it has.
pub(super) async fn set_groups(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
    groups: &[Group],
) -> Result<(), Fault> {
    link.run(&Statement::new(dialect, "DELETE FROM group_roles WHERE tenant_id = ").bind(tenant))
        .await?;
    link.run(&Statement::new(dialect, "DELETE FROM \"groups\" WHERE tenant_id = ").bind(tenant))
        .await?;
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
    insert_rows(
        link,
        dialect,
        "\"groups\"",
        &["tenant_id", "id", "idx", "name", "provider_type"],
        rows,
    )
    .await?;
    let roles = groups.iter().flat_map(|group| {
        (0_i64..).zip(&group.assigned_roles).map(move |(idx, role)| (group, idx, role))
    });
    let row = |(group, idx, role): (&Group, i64, &Role)| {
        [
            vec![tenant.into(), group.id.as_str().into(), idx.into(), role.id.as_str().into()],
            plain(role),
        ]
        .concat()
    };
    let columns = ["tenant_id", "group_id", "idx", "role_id", "name", "kind", "level"];
    insert_rows(link, dialect, "group_roles", &columns, roles.map(row).collect()).await
}

fn plain(role: &Role) -> Vec<Value> {
    vec![role.name.as_str().into(), kind_name(role.kind).into(), level_name(role.level).into()]
}

fn role(row: &mut Row) -> Result<Role, Fault> {
    let (id, name, kind, level) = (row.text()?, row.text()?, row.text()?, row.text()?);
    let unknown =
        |what: &str| Fault::Broken(format!("there is no kind or level of roles `{what}`"));
    let kind = [RoleKind::Default, RoleKind::Custom]
        .into_iter()
        .find(|one| kind_name(*one) == kind)
        .ok_or_else(|| unknown(&kind))?;
    let level = [RoleLevel::Admin, RoleLevel::User]
        .into_iter()
        .find(|one| level_name(*one) == level)
        .ok_or_else(|| unknown(&level))?;
    Ok(Role { id, name, kind, level })
}

fn group(row: &mut Row) -> Result<Group, Fault> {
    let (id, name, provider) = (row.text()?, row.text()?, row.maybe_text()?);
    let known = |name: &String| {
        [ProviderType::Idp, ProviderType::Custom]
            .into_iter()
            .find(|one| provider_name(*one) == name)
    };
    let provider_type = match &provider {
        Some(name) => Some(
            known(name)
                .ok_or_else(|| Fault::Broken(format!("nobody called `{name}` keeps groups")))?,
        ),
        None => None,
    };
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
