//! What concerns more than one user of a tenant: invitations and loading, one after the other in each tenant.

use super::SqlStore;
use super::fault::Fault;
use super::link::{Link, Purpose};
use super::lists::{self, NAMED};
use super::record;
use super::statement::Statement;
use crate::error::StoreError;
use crate::id::new_subject;
use crate::invite::{Decision, InviteResult, Invitee, Mailer};
use crate::invite::{InviteOutcome, InviteStart};
use crate::load::check_load;
use crate::role::{Group, Role, merged};
use crate::string_limits::key_error;
use crate::timestamp::Timestamp;
use crate::user::{Status, User};
use scieve::fold_key;
use scieve::sql::Dialect;
use std::collections::HashSet;

impl SqlStore {
    pub(super) async fn invite_one(
        &self,
        tenant: &str,
        invitee: &Invitee,
        mailer: &dyn Mailer,
    ) -> Result<InviteResult, StoreError> {
        let now = self.now();
        let found = self.retried(|| self.look_for(tenant, invitee)).await?;
        let user = match invitee.prepare(found, now, || self.fresh(tenant, invitee, now))? {
            InviteStart::SendMail(user) => user,
            InviteStart::Done(result) => return Ok(result),
        };
        // Nothing is locked here, so the users may have changed behind it.
        if let Some(failed) = invitee.send(&user, mailer) {
            return Ok(failed);
        }
        self.retried(|| self.invite_once(tenant, invitee, &user, now)).await
    }

    fn fresh(&self, tenant: &str, invitee: &Invitee, now: Timestamp) -> Result<User, StoreError> {
        Ok(invitee.user(tenant, self.ids.next(now)?, new_subject()?, now))
    }

    async fn look_for(&self, tenant: &str, invitee: &Invitee) -> Result<Option<User>, Fault> {
        self.invited(&mut *self.engine.connection().await?, tenant, invitee).await
    }

    async fn invite_once(
        &self,
        tenant: &str,
        invitee: &Invitee,
        mailed: &User,
        now: Timestamp,
    ) -> Result<InviteResult, Fault> {
        let mut link = self.engine.begin(Purpose::Write).await?;
        self.alone(&mut *link, tenant).await?;
        let found = self.invited(&mut *link, tenant, invitee).await?;
        let result = match invitee.commit(found, mailed, now)? {
            InviteOutcome::Create => {
                let mut user = mailed.clone();
                let ids = [user.id.as_str()].into_iter();
                // The user who was to get the mail again was deleted meanwhile.
                if !self.known(&mut *link, tenant, "id", ids).await?.is_empty() {
                    user = self.fresh(tenant, invitee, now)?;
                }
                self.insert(&mut *link, &[&user]).await.map_err(again)?;
                InviteResult::ok(invitee, &user)
            }
            InviteOutcome::Renew(user) => {
                self.update(&mut *link, &user).await?;
                InviteResult::ok(invitee, &user)
            }
            InviteOutcome::Done(result) => result,
        };
        link.commit().await?;
        Ok(result)
    }

    /// Whom an invitation is about, without the lists.
    async fn invited(
        &self,
        link: &mut dyn Link,
        tenant: &str,
        invitee: &Invitee,
    ) -> Result<Option<User>, Fault> {
        if key_error(&invitee.email).is_some() {
            return Ok(None);
        }
        let select = Statement::new(
            self.dialect(),
            &format!("SELECT {} FROM users AS u WHERE u.tenant_id = ", record::READ),
        )
        .bind(tenant);
        let select = select.push(" AND u.email_f = ").bind(fold_key(&invitee.email).as_ref());
        let select = select.push(" AND u.status_f <> ").bind(Status::Deleted.name());
        let rows = link.rows(&select).await?.into_iter().map(|row| record::user(tenant, row));
        let users: Vec<User> = rows.collect::<Result<_, _>>()?;
        Ok(users.into_iter().min_by(|a, b| {
            (Decision::rank(a.status), &a.id).cmp(&(Decision::rank(b.status), &b.id))
        }))
    }

    pub(super) async fn load_once(
        &self,
        tenant: &str,
        roles: &[Role],
        groups: &[Group],
        users: &[User],
    ) -> Result<(), Fault> {
        let dialect = self.dialect();
        // What cannot be kept is refused without asking the database, where some of it would be an error.
        check_load(tenant, (roles, groups, &[]), |_| false, |_| false)?;
        let mut link = self.engine.begin(Purpose::Write).await?;
        self.alone(&mut *link, tenant).await?;
        let live = users
            .iter()
            .filter(|user| user.status != Status::Deleted)
            .map(|user| user.subject.as_str());
        let (ids, subjects) = match self.is_empty(&mut *link, tenant).await? {
            true => (HashSet::new(), HashSet::new()),
            false => (
                self.known(&mut *link, tenant, "id", users.iter().map(|user| user.id.as_str()))
                    .await?,
                self.known(&mut *link, tenant, "live_subject", live).await?,
            ),
        };
        check_load(
            tenant,
            (roles, groups, users),
            |id| ids.contains(id),
            |subject| subjects.contains(subject),
        )?;
        if !roles.is_empty() {
            let merged = merged(&lists::roles(&mut *link, dialect, tenant).await?, roles.to_vec());
            lists::set_roles(&mut *link, dialect, tenant, &merged).await?;
        }
        if !groups.is_empty() {
            let merged =
                merged(&lists::groups(&mut *link, dialect, tenant).await?, groups.to_vec());
            lists::set_groups(&mut *link, dialect, tenant, &merged).await?;
        }
        self.insert_all(&mut *link, users).await.map_err(again)?;
        link.commit().await
    }

    /// Stores new users, however many. PostgreSQL has to know how many there are before it looks for the user of each role: what it made up
    /// its mind to while the table was empty reads all users of the tenant for that.
    async fn insert_all(&self, link: &mut dyn Link, users: &[User]) -> Result<(), Fault> {
        let users: Vec<&User> = users.iter().collect();
        if self.dialect() != Dialect::Postgres || users.len() <= lists::BATCH {
            return self.insert(link, &users).await;
        }
        for users in users.chunks(lists::BATCH) {
            self.insert_own(link, users).await?;
        }
        link.script("ANALYZE users").await?;
        for users in users.chunks(lists::BATCH) {
            lists::insert(link, self.dialect(), users).await?;
        }
        Ok(())
    }

    /// Makes whoever else calls this for the tenant wait until the transaction ends. A row is changed and not only locked, so that those
    /// who wait begin anew where they would see the state from before.
    async fn alone(&self, link: &mut dyn Link, tenant: &str) -> Result<(), Fault> {
        let update = Statement::new(
            self.dialect(),
            "UPDATE tenants SET version = version + 1 WHERE tenant_id = ",
        )
        .bind(tenant);
        if link.run(&update).await? == 0 {
            let insert =
                Statement::new(self.dialect(), "INSERT INTO tenants (tenant_id, version) VALUES ");
            link.run(&insert.tuples([vec![tenant.into(), 1.into()]])).await.map_err(again)?;
        }
        Ok(())
    }

    async fn is_empty(&self, link: &mut dyn Link, tenant: &str) -> Result<bool, Fault> {
        let select =
            Statement::new(self.dialect(), "SELECT 1 FROM users AS u WHERE u.tenant_id = ")
                .bind(tenant)
                .push(" LIMIT 1");
        Ok(link.rows(&select).await?.is_empty())
    }

    /// Which of the texts stand in that column of the tenant's users.
    async fn known(
        &self,
        link: &mut dyn Link,
        tenant: &str,
        column: &str,
        texts: impl Iterator<Item = &str>,
    ) -> Result<HashSet<String>, Fault> {
        let texts: Vec<&str> = texts.filter(|text| !text.contains('\0')).collect();
        let mut known = HashSet::new();
        for texts in texts.chunks(NAMED) {
            let select = Statement::new(
                self.dialect(),
                &format!("SELECT u.{column} FROM users AS u WHERE u.tenant_id = "),
            )
            .bind(tenant);
            let rows = link
                .rows(&select.push(&format!(" AND u.{column}")).one_of(texts.iter().copied()))
                .await?;
            for mut row in rows {
                known.insert(row.text()?);
            }
        }
        Ok(known)
    }
}

/// What was not there a moment ago: another was faster.
fn again(fault: Fault) -> Fault {
    match fault {
        Fault::Taken(cause) => Fault::Conflict(cause),
        fault => fault,
    }
}
