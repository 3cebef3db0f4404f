//! Operations on several users of a tenant: invitations and bulk loading. They are serialised per
//! tenant.

use super::SqlStore;
use super::bulk_insert::{AfterCommit, insert_users};
use super::change::{insert, update};
use super::connection::{Connection, TxMode};
use super::error::DbError;
use super::memberships::{self, IN_LIST};
use super::statement::{USERS, is_live, is_one_of, live_subject, one, select_users, user_column};
use super::tenant::Tenant;
use super::user_row;
use crate::error::StoreError;
use crate::id::new_subject;
use crate::invite::{Decision, InviteOutcome, InviteResult, InviteStart, Invitee, Mailer};
use crate::load::check_load;
use crate::role::{Group, Role, merged};
use crate::string_limits::key_error;
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use scieve::fold_key;
use sea_query::{Expr, ExprTrait as _, SelectStatement, UpdateStatement};
use std::collections::HashSet;

impl SqlStore {
    pub(super) async fn invite_one(
        &self,
        tenant: &str,
        invitee: &Invitee,
        mailer: &dyn Mailer,
    ) -> Result<InviteResult, StoreError> {
        let now = self.now();
        let found = self.retried(|| self.find_invitee(tenant, invitee)).await?;
        let user = match invitee.prepare(found, now, || self.new_user(tenant, invitee, now))? {
            InviteStart::SendMail(user) => user,
            InviteStart::Done(result) => return Ok(result),
        };
        // No lock is held while the mail is sent: the decision is repeated in the transaction
        // below.
        if let Some(failed) = invitee.send(&user, mailer) {
            return Ok(failed);
        }
        self.retried(|| self.invite_once(tenant, invitee, &user, now)).await
    }

    fn new_user(
        &self,
        tenant: &str,
        invitee: &Invitee,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        Ok(invitee.user(tenant, self.ids.next(now)?, new_subject()?, now))
    }

    async fn find_invitee(&self, tenant: &str, invitee: &Invitee) -> Result<Option<User>, DbError> {
        let Some(tenant) = self.known_tenant(tenant).await? else { return Ok(None) };
        find_invitee(&mut *self.backend.connection().await?, tenant, invitee).await
    }

    async fn invite_once(
        &self,
        tenant: &str,
        invitee: &Invitee,
        mailed: &User,
        now: Timestamp,
    ) -> Result<InviteResult, DbError> {
        let tenant = self.tenant(tenant).await?;
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        lock_tenant(&mut *transaction, tenant).await?;
        let found = find_invitee(&mut *transaction, tenant, invitee).await?;
        let result = match invitee.commit(found, mailed, now)? {
            InviteOutcome::Create => {
                let mut user = mailed.clone();
                // The user to re-invite may have been deleted meanwhile, and keeps the id.
                if !existing_ids(&mut *transaction, tenant, &[&user.id]).await?.is_empty() {
                    user = self.new_user(tenant.id, invitee, now)?;
                }
                let inserted = insert(&mut *transaction, tenant, &user).await;
                inserted.map_err(DbError::unique_as_conflict)?;
                InviteResult::ok(invitee, &user)
            }
            InviteOutcome::Renew(user) => {
                update(&mut *transaction, tenant, &user).await?;
                InviteResult::ok(invitee, &user)
            }
            InviteOutcome::Done(result) => result,
        };
        transaction.commit().await?;
        Ok(result)
    }

    pub(super) async fn load_once(
        &self,
        tenant: &str,
        roles: &[Role],
        groups: &[Group],
        users: &[User],
    ) -> Result<AfterCommit<'_>, DbError> {
        // Reject roles and groups that the database could not store before any statement is run.
        check_load(tenant, (roles, groups, &[]), |_| false, |_| false)?;
        let tenant = self.tenant(tenant).await?;
        let mut transaction = self.backend.begin(TxMode::Write).await?;
        let connection = &mut *transaction;
        lock_tenant(connection, tenant).await?;
        let (ids, subjects) = match is_empty(connection, tenant).await? {
            true => (HashSet::new(), HashSet::new()),
            false => {
                let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
                let live = users.iter().filter(|user| user.status != Status::Deleted);
                let subjects: Vec<&str> = live.map(|user| user.subject.as_str()).collect();
                (
                    existing_ids(connection, tenant, &ids).await?,
                    existing_subjects(connection, tenant, &subjects).await?,
                )
            }
        };
        check_load(
            tenant.id,
            (roles, groups, users),
            |id| ids.contains(id),
            |subject| subjects.contains(subject),
        )?;
        if !roles.is_empty() {
            let merged = merged(&memberships::roles(connection, tenant).await?, roles.to_vec());
            memberships::set_roles(connection, tenant, &merged).await?;
        }
        if !groups.is_empty() {
            let merged = merged(&memberships::groups(connection, tenant).await?, groups.to_vec());
            memberships::set_groups(connection, tenant, &merged).await?;
        }
        let inserted = insert_users(connection, tenant, users, &*self.options.on_load).await;
        let after_commit = inserted.map_err(DbError::unique_as_conflict)?;
        transaction.commit().await?;
        Ok(after_commit)
    }
}

/// Finds the user whom an invitation concerns, without roles, groups and scopes.
async fn find_invitee(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    invitee: &Invitee,
) -> Result<Option<User>, DbError> {
    if key_error(&invitee.email).is_some() {
        return Ok(None);
    }
    let mut select = select_users(tenant);
    select
        .columns(user_row::READ.map(|column| (USERS, column)))
        .and_where(user_column("email_f").eq(&*fold_key(&invitee.email)))
        .and_where(is_live());
    let rows = connection.fetch(&select).await?;
    let users = rows.into_iter().map(|row| user_row::user(tenant, row));
    let users: Vec<User> = users.collect::<Result<_, _>>()?;
    Ok(users
        .into_iter()
        .min_by(|a, b| (Decision::rank(a.status), &a.id).cmp(&(Decision::rank(b.status), &b.id))))
}

/// Makes concurrent callers for the same tenant wait until the transaction ends.
///
/// The row is updated, not only locked: under snapshot isolation a waiting transaction then fails
/// with a conflict and is retried on the new state, instead of continuing with its old snapshot.
async fn lock_tenant(connection: &mut dyn Connection, tenant: Tenant<'_>) -> Result<(), DbError> {
    let mut update = UpdateStatement::new();
    update
        .table("tenants")
        .value("version", Expr::col("version").add(1_i64))
        .and_where(Expr::col("number").eq(tenant.number));
    match connection.execute(&update).await? {
        0 => Err(DbError::LostTenant(format!("no tenant has the number {}", tenant.number))),
        _ => Ok(()),
    }
}

async fn is_empty(connection: &mut dyn Connection, tenant: Tenant<'_>) -> Result<bool, DbError> {
    let mut select = select_users(tenant);
    select.expr(one()).limit(1);
    Ok(connection.fetch(&select).await?.is_empty())
}

/// Returns those of the strings that are ids of users of the tenant.
async fn existing_ids(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    ids: &[&str],
) -> Result<HashSet<String>, DbError> {
    existing(connection, &select_users(tenant), user_column("id"), ids).await
}

/// Returns those of the strings that are subjects of users of the tenant who are not deleted.
async fn existing_subjects(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    subjects: &[&str],
) -> Result<HashSet<String>, DbError> {
    let column = live_subject(connection.dialect());
    let mut select = select_users(tenant);
    select.and_where(is_live());
    existing(connection, &select, column, subjects).await
}

/// Returns those of the strings that occur in that column of the selected users.
async fn existing(
    connection: &mut dyn Connection,
    select: &SelectStatement,
    column: Expr,
    strings: &[&str],
) -> Result<HashSet<String>, DbError> {
    let strings: Vec<&str> =
        strings.iter().copied().filter(|string| !string.contains('\0')).collect();
    let mut existing = HashSet::new();
    for strings in strings.chunks(IN_LIST) {
        let mut select = select.clone();
        select.expr(column.clone()).and_where(is_one_of(
            connection.dialect(),
            column.clone(),
            strings.iter().copied(),
        ));
        for mut row in connection.fetch(&select).await? {
            existing.insert(row.string()?);
        }
    }
    Ok(existing)
}
