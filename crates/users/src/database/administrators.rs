//! The rule that a tenant keeps an administrator.

use super::connection::Connection;
use super::error::DbError;
use super::statement::{USERS, select_users, user_column};
use crate::error::StoreError;
use crate::role::ADMINISTRATOR_ROLE;
use crate::user::Status;
use scieve::fold_key;
use sea_query::{Expr, ExprTrait as _, LockType};

const ROLES: &str = "r";

/// Fails unless the tenant has an administrator other than the user with this id, whose row the
/// caller has locked.
///
/// The row of the other administrator is locked as well, so that of two transactions that remove
/// the last two administrators, one waits for the other or is aborted as a deadlock and retried.
/// Roles are joined instead of tested by `EXISTS`, because a locking read then sees their current
/// rows instead of a snapshot.
pub(super) async fn has_other(
    connection: &mut dyn Connection,
    tenant: &str,
    id: &str,
) -> Result<(), DbError> {
    let role = |name: &'static str| Expr::col((ROLES, name));
    for table in ["user_roles", "user_group_roles"] {
        let mut select = select_users(tenant);
        select
            .expr(user_column("id"))
            .join_as(
                sea_query::JoinType::InnerJoin,
                table,
                ROLES,
                role("user_id").equals((USERS, "id")).and(role("tenant_id").eq(tenant)),
            )
            .and_where(role("name_f").eq(fold_key(ADMINISTRATOR_ROLE).into_owned()))
            .and_where(role("name").eq(ADMINISTRATOR_ROLE))
            .and_where(user_column("id").ne(id))
            .and_where(
                user_column("status_f")
                    .is_not_in([Status::Disabled.name(), Status::Deleted.name()]),
            )
            .limit(1)
            .lock(LockType::Update);
        if !connection.fetch(&select).await?.is_empty() {
            return Ok(());
        }
    }
    Err(StoreError::LastAdministrator.into())
}
