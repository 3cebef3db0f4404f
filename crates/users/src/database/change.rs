//! Changes of one user, each in a transaction.

use super::SqlStore;
use super::administrators;
use super::connection::{Connection, Row, TxMode};
use super::error::DbError;
use super::memberships;
use super::statement::{
    Statement, USERS, has_live_subject, is_live, is_one_of, one, select_users, user_column,
};
use super::tenant::Tenant;
use super::user_row::{self, COLUMNS};
use crate::account::AccountKey;
use crate::error::StoreError;
use crate::new_user::NewUser;
use crate::patch::{Operation, Patched, Target};
use crate::precondition::Precondition;
use crate::user::{Status, User};
use scieve::sql::Dialect;
use sea_query::{Condition, Expr, ExprTrait as _, LockType, UpdateStatement, Value};
use std::sync::{Arc, OnceLock};

impl SqlStore {
    pub(super) async fn create_once(
        &self,
        tenant: &str,
        new: &NewUser,
    ) -> Result<Arc<User>, DbError> {
        let now = self.now();
        let tenant = self.tenant(tenant).await?;
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let roles = if new.assigned_roles.is_empty() {
            Vec::new()
        } else {
            memberships::roles(&mut *transaction, tenant).await?
        };
        let user = new.clone().into_user(tenant.id, self.ids.next(now)?, &roles, now)?;
        match insert(&mut *transaction, tenant, &user).await {
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

    async fn has_live_subject(&self, tenant: Tenant<'_>, subject: &str) -> Result<bool, DbError> {
        let mut select = select_users(tenant);
        select.expr(one()).cond_where(has_live_subject(self.dialect(), subject));
        Ok(!self.backend.connection().await?.fetch(&select).await?.is_empty())
    }

    pub(super) async fn patch_once(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
        precondition: &Precondition,
    ) -> Result<Patched, DbError> {
        let tenant = self.known_tenant(tenant).await?.ok_or(StoreError::NotFound)?;
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let found = find_locked(&mut *transaction, tenant, id).await?;
        let (number, user) = found.ok_or(StoreError::NotFound)?;
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
            administrators::has_other(&mut *transaction, tenant, number).await?;
        }
        if patched.changed {
            let connection = &mut *transaction;
            update(connection, tenant, &patched.user).await?;
            memberships::replace(connection, tenant, number, &user, &patched.user).await?;
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
        let tenant = self.known_tenant(tenant).await?.ok_or(StoreError::NotFound)?;
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let found = find_locked(&mut *transaction, tenant, id).await?;
        let (number, user) = found.ok_or(StoreError::NotFound)?;
        precondition.check(&user)?;
        if user.is_administrator() {
            administrators::has_other(&mut *transaction, tenant, number).await?;
        }
        let deleted = Status::Deleted.name();
        let mut update = UpdateStatement::new();
        update
            .table("users")
            .value("status", deleted)
            .value("invite_expiry", Value::BigInt(None))
            .value("invite_expiry_sort", "2")
            .value("last_updated_at", self.now().millis())
            .and_where(Expr::col("tenant").eq(tenant.number))
            .and_where(Expr::col("number").eq(number));
        let connection: &mut dyn Connection = &mut *transaction;
        connection.execute(&update).await?;
        transaction.commit().await
    }
}

/// Finds the row of the user, unless deleted, with exactly this id or subject.
pub(super) async fn find(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    key: AccountKey<'_>,
) -> Result<Option<Row>, DbError> {
    let dialect = connection.dialect();
    let statement = match key {
        AccountKey::Id(id) => find_by_id(dialect, tenant, &[id]),
        AccountKey::Subject(_) => find_statement(dialect, tenant, has_key(dialect, key)),
    };
    Ok(connection.fetch_statement(statement).await?.pop())
}

/// Returns the statement that finds the users, unless deleted, with exactly these ids.
// PERF: for one id, only the values vary. Without rendering it each time, PostgreSQL serves 7 % more
// requests for one user (mean of four runs, 16 connections).
pub(super) fn find_by_id(dialect: Dialect, tenant: Tenant<'_>, ids: &[&str]) -> Statement {
    static ONE: [OnceLock<String>; Dialect::ALL.len()] =
        [const { OnceLock::new() }; Dialect::ALL.len()];
    let render = |condition| find_statement(dialect, tenant, condition);
    match (ids, ONE.get(dialect as usize)) {
        (&[id], Some(sql)) => {
            let render = || render(has_key(dialect, AccountKey::Id(id))).sql;
            let sql = sql.get_or_init(render).clone();
            Statement { sql, values: vec![tenant.number.into(), id.into()] }
        }
        _ => {
            // In MySQL each length is another prepared statement: powers of two are few.
            let length = match dialect {
                Dialect::MySql => ids.len().next_power_of_two(),
                Dialect::Postgres | Dialect::Sqlite => ids.len(),
            };
            let repeated = ids.iter().chain(ids.last().into_iter().cycle()).take(length).copied();
            let has_id = is_one_of(dialect, user_column("id"), repeated);
            render(Condition::all().add(has_id).add(is_live()))
        }
    }
}

fn find_statement(dialect: Dialect, tenant: Tenant<'_>, condition: Condition) -> Statement {
    let mut select = select_users(tenant);
    select.columns(user_row::READ.map(|column| (USERS, column))).cond_where(condition);
    Statement::new(dialect, &select)
}

/// The condition that a user, unless deleted, has exactly this id or subject.
pub(super) fn has_key(dialect: Dialect, key: AccountKey<'_>) -> Condition {
    match key {
        AccountKey::Id(id) => Condition::all().add(user_column("id").eq(id)).add(is_live()),
        AccountKey::Subject(subject) => has_live_subject(dialect, subject),
    }
}

/// Finds the user, unless deleted, with exactly this id, and its number. The row is locked until the
/// transaction ends; SQLite has only one writer at a time and needs no row lock.
async fn find_locked(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Option<(i64, User)>, DbError> {
    let mut select = select_users(tenant);
    select
        .column((USERS, "number"))
        .columns(user_row::READ.map(|column| (USERS, column)))
        .cond_where(has_key(connection.dialect(), AccountKey::Id(id)))
        .lock(LockType::Update);
    let Some(mut row) = connection.fetch(&select).await?.pop() else { return Ok(None) };
    Ok(Some((row.integer()?, user_row::user(tenant, row)?)))
}

/// Inserts a new user.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    user: &User,
) -> Result<(), DbError> {
    let row = user_row::values(tenant, user).into_iter().map(Expr::from).collect();
    memberships::insert_rows(connection, "users", &COLUMNS, vec![row]).await?;
    let mut number = select_users(tenant);
    number.column((USERS, "number")).and_where(user_column("id").eq(user.id.as_str()));
    let number = Expr::SubQuery(None, Box::new(number.into()));
    memberships::insert(connection, tenant, number, user).await
}

/// Updates the row of a user, without roles, groups and scopes.
pub(super) async fn update(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    user: &User,
) -> Result<(), DbError> {
    let values = user_row::values(tenant, user).into_iter().map(Expr::from);
    let mut update = UpdateStatement::new();
    update
        .table("users")
        .values(COLUMNS.into_iter().zip(values).skip(2))
        .and_where(Expr::col("tenant").eq(tenant.number))
        .and_where(Expr::col("id").eq(user.id.as_str()));
    connection.execute(&update).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::{AccountKey, Dialect, Tenant, find_by_id, find_statement, has_key};

    /// The text that is stored belongs to the dialect, and its values to the user.
    #[test]
    fn stored_statements_are_those_that_are_rendered() {
        for dialect in Dialect::ALL {
            for (number, id) in [(1, "a"), (2, "b")] {
                let tenant = Tenant { id: "t", number };
                let condition = has_key(dialect, AccountKey::Id(id));
                let rendered = find_statement(dialect, tenant, condition);
                assert_eq!(find_by_id(dialect, tenant, &[id]), rendered);
            }
        }
    }

    #[test]
    fn statements_of_mysql_have_few_lengths() {
        let ids = ["a", "b", "c", "d", "e"];
        let tenant = Tenant { id: "t", number: 1 };
        let of = |count| find_by_id(Dialect::MySql, tenant, ids.get(..count).unwrap_or_default());
        assert_eq!(of(3).sql, of(4).sql);
        assert_ne!(of(4).sql, of(5).sql);
        let last: Vec<_> = of(5).values.into_iter().skip(5).collect();
        assert_eq!(last, ["e"; 4].map(sea_query::Value::from));
    }
}
