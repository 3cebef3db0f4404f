//! Changes of one user, each in a transaction of its own.

use super::SqlStore;
use super::fault::Fault;
use super::link::{Link, Purpose};
use super::lists;
use super::record::{self, COLUMNS};
use super::statement::Statement;
use crate::error::StoreError;
use crate::new_user::NewUser;
use crate::patch::{Operation, Patched};
use crate::user::{Status, User};
use std::sync::Arc;

impl SqlStore {
    pub(super) async fn create_once(
        &self,
        tenant: &str,
        new: &NewUser,
    ) -> Result<Arc<User>, Fault> {
        let now = self.now();
        let mut link = self.engine.begin(Purpose::Write).await?;
        let roles = if new.assigned_roles.is_empty() {
            Vec::new()
        } else {
            lists::roles(&mut *link, self.dialect(), tenant).await?
        };
        let user = new.clone().into_user(tenant, self.ids.next(now)?, &roles, now)?;
        match self.insert(&mut *link, &[&user]).await {
            Ok(()) => {}
            // The constraint says so, and not a look beforehand, which another could come behind.
            Err(Fault::Taken(cause)) => {
                drop(link);
                return Err(match self.find_live(tenant, &user.subject).await? {
                    true => StoreError::SubjectTaken { subject: user.subject }.into(),
                    // The other is gone again, or it was the id.
                    false => Fault::Conflict(cause),
                });
            }
            Err(fault) => return Err(fault),
        }
        link.commit().await?;
        Ok(Arc::new(user))
    }

    async fn find_live(&self, tenant: &str, subject: &str) -> Result<bool, Fault> {
        let select =
            Statement::new(self.dialect(), "SELECT 1 FROM users AS u WHERE u.tenant_id = ")
                .bind(tenant);
        let select = select.push(" AND u.live_subject = ").bind(subject);
        Ok(!self.engine.connection().await?.rows(&select).await?.is_empty())
    }

    pub(super) async fn patch_once(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
    ) -> Result<Patched, Fault> {
        let mut link = self.engine.begin(Purpose::Write).await?;
        let user =
            self.one(&mut *link, tenant, "id", id, true).await?.ok_or(StoreError::NotFound)?;
        let roles = lists::roles(&mut *link, self.dialect(), tenant).await?;
        let groups = lists::groups(&mut *link, self.dialect(), tenant).await?;
        let patched = Operation::apply_all(operations, &user, &roles, &groups, self.now())?;
        if patched.changed {
            self.update(&mut *link, &patched.user).await?;
            lists::replace(&mut *link, self.dialect(), &user, &patched.user).await?;
        }
        link.commit().await?;
        Ok(patched)
    }

    pub(super) async fn delete_once(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        let gone = Status::Deleted.name();
        let update =
            Statement::new(self.dialect(), "UPDATE users SET live_subject = NULL, status = ")
                .bind(gone)
                .push(", status_f = ")
                .bind(gone)
                .push(", status_sort = ")
                .bind(format!("1{gone}").as_str())
                .push(", invite_expiry = NULL, invite_expiry_sort = ")
                .bind("2")
                .push(", last_updated_at = ")
                .bind(self.now().millis())
                .push(" WHERE tenant_id = ")
                .bind(tenant)
                .push(" AND id = ")
                .bind(id)
                .push(" AND status_f <> ")
                .bind(gone);
        match self.engine.connection().await?.run(&update).await? {
            0 => Err(StoreError::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// The user, unless deleted, whose text in that column is exactly this one; locked until the transaction ends where `lock`.
    pub(super) async fn one(
        &self,
        link: &mut dyn Link,
        tenant: &str,
        column: &str,
        text: &str,
        lock: bool,
    ) -> Result<Option<User>, Fault> {
        let lock = if lock { self.lock() } else { "" };
        let select = Statement::new(
            self.dialect(),
            &format!("SELECT {} FROM users AS u WHERE u.tenant_id = ", record::READ),
        )
        .bind(tenant);
        let select = select
            .push(&format!(" AND u.{column} = "))
            .bind(text)
            .push(" AND u.status_f <> ")
            .bind(Status::Deleted.name());
        let Some(row) = link.rows(&select.push(lock)).await?.pop() else { return Ok(None) };
        let mut users = [record::user(tenant, row)?];
        lists::fill(link, self.dialect(), tenant, &mut users).await?;
        Ok(users.into_iter().next())
    }

    /// Stores new users.
    pub(super) async fn insert(&self, link: &mut dyn Link, users: &[&User]) -> Result<(), Fault> {
        for users in users.chunks(lists::BATCH) {
            self.insert_own(link, users).await?;
            lists::insert(link, self.dialect(), users).await?;
        }
        Ok(())
    }

    /// Stores new users without their lists: a batch of them.
    pub(super) async fn insert_own(
        &self,
        link: &mut dyn Link,
        users: &[&User],
    ) -> Result<(), Fault> {
        let rows = users.iter().map(|user| record::values(user)).collect();
        lists::insert_rows(link, self.dialect(), "users", &COLUMNS, rows).await
    }

    /// Stores a user in the place of the one with that id, without the lists.
    pub(super) async fn update(&self, link: &mut dyn Link, user: &User) -> Result<(), Fault> {
        let mut update = Statement::new(self.dialect(), "UPDATE users SET ");
        for (place, (column, value)) in
            COLUMNS.into_iter().zip(record::values(user)).skip(2).enumerate()
        {
            update = update
                .push(if place == 0 { "" } else { ", " })
                .push(column)
                .push(" = ")
                .bind(value);
        }
        let update = update
            .push(" WHERE tenant_id = ")
            .bind(user.tenant_id.as_str())
            .push(" AND id = ")
            .bind(user.id.as_str());
        link.run(&update).await.map(drop)
    }
}
