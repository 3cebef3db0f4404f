//! The rule that a tenant keeps an administrator.

use super::connection::Connection;
use super::error::DbError;
use super::memberships::Memberships;
use super::statement::{USERS, select_users, user_column};
use super::tenant::Tenant;
use crate::error::StoreError;
use crate::role::ADMINISTRATOR_ROLE;
use crate::user::Status;
use scieve::fold_key;
use sea_query::{Expr, ExprTrait as _, LockType, Order};

const ROLES: &str = "r";
/// Number of users that are read at once if the first one has a role of another case.
const MORE_USERS: u64 = 100;

/// Fails unless the tenant has an administrator other than the user with this number, whose row the
/// caller has locked.
///
/// The row of the other administrator is locked as well, so that of two transactions that remove
/// the last two administrators, one waits for the other or is aborted as a deadlock and retried.
/// Roles are joined instead of tested by `EXISTS`, because a locking read then sees their current
/// rows instead of a snapshot.
///
/// The tables have only the fold keys of roles, and the document has the names. The first user found
/// has the role in almost every tenant, so that one row is locked and not more.
pub(super) async fn has_other(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    number: i64,
) -> Result<(), DbError> {
    let role = |name: &'static str| Expr::col((ROLES, name));
    for table in ["user_roles", "user_group_roles"] {
        let (mut last, mut limit) = (0, 1);
        loop {
            let mut select = select_users(tenant);
            select
                .columns(["number", "memberships"].map(|column| (USERS, column)))
                .join_as(
                    sea_query::JoinType::InnerJoin,
                    table,
                    ROLES,
                    role("user_number")
                        .equals((USERS, "number"))
                        .and(role("tenant").eq(tenant.number)),
                )
                .and_where(role("name_f").eq(fold_key(ADMINISTRATOR_ROLE).into_owned()))
                .and_where(role("user_number").gt(last))
                .and_where(user_column("number").ne(number))
                .and_where(
                    user_column("status")
                        .is_not_in([Status::Disabled.name(), Status::Deleted.name()]),
                )
                .order_by((ROLES, "user_number"), Order::Asc)
                .limit(limit)
                .lock(LockType::Update);
            let rows = connection.fetch(&select).await?;
            let is_last = (rows.len() as u64) < limit;
            for mut row in rows {
                last = row.integer()?;
                let document = row.optional_string()?;
                let memberships = document.as_deref().map(Memberships::parse).transpose()?;
                if memberships.is_some_and(|memberships| memberships.have_administrator_role()) {
                    return Ok(());
                }
            }
            if is_last {
                break;
            }
            limit = MORE_USERS;
        }
    }
    Err(StoreError::LastAdministrator.into())
}
