//! The numbers of users of each tenant, which triggers maintain.
//!
//! In PostgreSQL and SQLite migrations create them. In MySQL with a binary log, creating a trigger
//! needs a privilege that applications seldom have: without them the users are counted.

use super::connection::{Backend, Connection};
use super::error::ConnectError;
use super::migrate::{lock_mysql, setting, unlock_mysql};
use super::statement::{Statement, is_live, select_from, select_users};
use super::tenant::Tenant;
use scieve::sql::Dialect;
use sea_query::{Expr, SelectStatement};

/// Selects the number of users of a tenant, without those that are deleted if `live`. It is read if
/// the database has triggers that maintain it, otherwise the users are counted.
pub(super) fn select_count(
    dialect: Dialect,
    tenant: Tenant<'_>,
    live: bool,
    has_triggers: bool,
) -> SelectStatement {
    if !has_triggers {
        let mut select = select_users(tenant);
        select.expr(Expr::cust("COUNT(*)"));
        if live {
            select.and_where(is_live());
        }
        return select;
    }
    let column = if live { "live" } else { "users" };
    // A sum of PostgreSQL and MySQL is a decimal.
    let integer = if dialect == Dialect::MySql { "SIGNED" } else { "bigint" };
    let mut select = select_from("user_counts", "c", tenant);
    select.expr(Expr::cust(format!("CAST(COALESCE(SUM({column}), 0) AS {integer})")));
    select
}

/// Creates the triggers of MySQL, unless they exist. Fails if that is not allowed.
pub(super) async fn create_mysql_triggers(backend: &dyn Backend) -> Result<(), ConnectError> {
    let mut connection = backend.connection().await?;
    if are_complete(&mut *connection).await? {
        return Ok(());
    }
    lock_mysql(&mut *connection).await?;
    let created = create_locked(&mut *connection).await;
    unlock_mysql(&mut *connection).await?;
    created
}

async fn create_locked(connection: &mut dyn Connection) -> Result<(), ConnectError> {
    // Another server may have created them meanwhile.
    if !are_complete(connection).await? {
        connection.script(include_str!("../../migrations/mysql/counts.sql").into()).await?;
    }
    Ok(())
}

/// Returns whether MySQL has the triggers, and they have counted all users.
async fn are_complete(connection: &mut dyn Connection) -> Result<bool, ConnectError> {
    const TRIGGERS: &str = "SELECT COUNT(*) FROM information_schema.triggers \
        WHERE event_object_schema = DATABASE() AND event_object_table = 'users' \
        AND trigger_name IN ('users_count_insert', 'users_count_delete', 'users_count_update')";
    let row = connection.fetch_statement(Statement::constant(TRIGGERS)).await?.pop();
    let triggers = row.map(|mut row| row.integer()).transpose()?;
    Ok(triggers == Some(3) && setting(connection, "user_counts").await?.is_some())
}
