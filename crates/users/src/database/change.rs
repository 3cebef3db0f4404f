//! Changes of one user, each in a transaction.

use super::SqlStore;
use super::administrators;
use super::connection::{Connection, TxMode};
use super::error::DbError;
use super::memberships;
use super::statement::{USERS, one, select_users, user_column};
use super::user_row::{self, COLUMNS};
use crate::error::StoreError;
use crate::new_user::NewUser;
use crate::patch::{Operation, Patched, Target};
use crate::precondition::Precondition;
use crate::user::{Status, User};
use sea_query::{Expr, ExprTrait as _, LockType, UpdateStatement, Value};
use std::sync::Arc;

impl SqlStore {
    pub(super) async fn create_once(
        &self,
        tenant: &str,
        new: &NewUser,
    ) -> Result<Arc<User>, DbError> {
        let now = self.now();
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let roles = if new.assigned_roles.is_empty() {
            Vec::new()
        } else {
            memberships::roles(&mut *transaction, tenant).await?
        };
        let user = new.clone().into_user(tenant, self.ids.next(now)?, &roles, now)?;
        match insert(&mut *transaction, &[&user]).await {
            Ok(()) => {}
            // The unique constraint decides; a check before the insert would be a race.
            Err(DbError::UniqueViolation(cause)) => {
                drop(transaction);
                return Err(match self.has_live_subject(tenant, &user.subject).await? {
                    true => StoreError::SubjectTaken { subject: user.subject }.into(),
                    // The id was taken, or the other user has been deleted meanwhile.
                    false => DbError::Conflict(cause),
                });
            }
            Err(error) => return Err(error),
        }
        transaction.commit().await?;
        Ok(Arc::new(user))
    }

    async fn has_live_subject(&self, tenant: &str, subject: &str) -> Result<bool, DbError> {
        let mut select = select_users(tenant);
        select.expr(one()).and_where(user_column("live_subject").eq(subject));
        Ok(!self.backend.connection().await?.fetch(&select).await?.is_empty())
    }

    pub(super) async fn patch_once(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
        precondition: &Precondition,
    ) -> Result<Patched, DbError> {
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let user = find(&mut *transaction, tenant, "id", id, true).await?;
        let user = user.ok_or(StoreError::NotFound)?;
        precondition.check(&user)?;
        let touches = |target| operations.iter().any(|operation| operation.target() == target);
        let roles = match touches(Target::AssignedRoles) {
            true => memberships::roles(&mut *transaction, tenant).await?,
            false => Vec::new(),
        };
        let groups = match touches(Target::AssignedGroups) {
            true => memberships::groups(&mut *transaction, tenant).await?,
            false => Vec::new(),
        };
        let patched = Operation::apply_all(operations, &user, &roles, &groups, self.now())?;
        if user.is_administrator() && !patched.user.is_administrator() {
            administrators::has_other(&mut *transaction, tenant, id).await?;
        }
        if patched.changed {
            update(&mut *transaction, &patched.user).await?;
            memberships::replace(&mut *transaction, &user, &patched.user).await?;
        }
        transaction.commit().await?;
        Ok(patched)
    }

    pub(super) async fn delete_once(
        &self,
        tenant: &str,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), DbError> {
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let user = find(&mut *transaction, tenant, "id", id, true).await?;
        let user = user.ok_or(StoreError::NotFound)?;
        precondition.check(&user)?;
        if user.is_administrator() {
            administrators::has_other(&mut *transaction, tenant, id).await?;
        }
        let deleted = Status::Deleted.name();
        let mut update = UpdateStatement::new();
        update
            .table("users")
            .value("live_subject", Value::String(None))
            .value("status", deleted)
            .value("status_f", deleted)
            .value("invite_expiry", Value::BigInt(None))
            .value("invite_expiry_sort", "2")
            .value("last_updated_at", self.now().millis())
            .and_where(Expr::col("tenant_id").eq(tenant))
            .and_where(Expr::col("id").eq(id));
        let connection: &mut dyn Connection = &mut *transaction;
        connection.execute(&update).await?;
        transaction.commit().await
    }
}

/// Finds the user, unless deleted, with exactly this string in that column. With `lock` the row is
/// locked until the transaction ends; SQLite has only one writer at a time and needs no row lock.
pub(super) async fn find(
    connection: &mut dyn Connection,
    tenant: &str,
    column: &'static str,
    string: &str,
    lock: bool,
) -> Result<Option<User>, DbError> {
    let mut select = select_users(tenant);
    select
        .columns(user_row::READ.map(|column| (USERS, column)))
        .and_where(user_column(column).eq(string))
        .and_where(user_column("status_f").ne(Status::Deleted.name()));
    if lock {
        select.lock(LockType::Update);
    }
    let Some(row) = connection.fetch(&select).await?.pop() else { return Ok(None) };
    user_row::user(tenant, row).map(Some)
}

/// Inserts new users.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    users: &[&User],
) -> Result<(), DbError> {
    for users in users.chunks(memberships::ROWS_PER_INSERT) {
        insert_rows(connection, users).await?;
        memberships::insert(connection, users).await?;
    }
    Ok(())
}

/// Inserts the rows of new users, without roles, groups and scopes.
pub(super) async fn insert_rows(
    connection: &mut dyn Connection,
    users: &[&User],
) -> Result<(), DbError> {
    let rows = users.iter().map(|user| user_row::values(user)).collect();
    memberships::insert_rows(connection, "users", &COLUMNS, rows).await
}

/// Updates the row of a user, without roles, groups and scopes.
pub(super) async fn update(connection: &mut dyn Connection, user: &User) -> Result<(), DbError> {
    let values = user_row::values(user).into_iter().map(Expr::from);
    let mut update = UpdateStatement::new();
    update
        .table("users")
        .values(COLUMNS.into_iter().zip(values).skip(2))
        .and_where(Expr::col("tenant_id").eq(user.tenant_id.as_str()))
        .and_where(Expr::col("id").eq(user.id.as_str()));
    connection.execute(&update).await.map(drop)
}
