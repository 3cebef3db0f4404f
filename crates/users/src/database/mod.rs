//! Users in a database: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! Every statement names one tenant, by a constant for every table that it looks into, so that a database which spreads tenants over
//! machines asks one of them. Uniqueness is what the constraints of the tables say.

mod change;
mod connect;
mod driver;
mod fault;
mod link;
mod lists;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
mod page;
#[cfg(feature = "postgres")]
mod postgres;
mod probe;
mod record;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod together;

pub use fault::ConnectError;
pub use options::SqlOptions;

use self::fault::Fault;
use self::link::{Engine, Purpose};
use self::page::List;
use self::statement::Statement;
use super::cursor::CursorKey;
use super::error::StoreError;
use super::id::Ids;
use super::invite::{InviteResult, Invitee, Mailer};
use super::new_user::NewUser;
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Role};
use super::store::UserStore;
use super::string_limits::is_valid_tenant;
use super::timestamp::Timestamp;
use super::user::{Status, User};
use scieve::sql::Dialect;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How often a transaction is tried that the database undoes because of another.
const TRIES: u32 = 10;
/// Users that change the statistics of the tables, at least.
const MANY: usize = 500;

/// Users in a database.
///
/// Answers are those of [`MemoryStore`](super::MemoryStore), to the user. An operation is one transaction; one that the database undoes
/// because another was in its way is tried again. What the database cannot do now, as it is not there or too slow, is
/// [`StoreError::Unavailable`]: of a write it is then unknown whether it took place. Connections that broke are replaced by themselves.
///
/// It has to be used within a tokio runtime.
pub struct SqlStore {
    engine: Box<dyn Engine>,
    ids: Ids,
    options: SqlOptions,
    cursors: CursorKey,
}

impl SqlStore {
    /// The key of the cursors, which is kept in the database: cursors outlive the process, and servers on one database take each other's.
    #[must_use]
    pub fn cursor_key(&self) -> CursorKey {
        self.cursors.clone()
    }

    /// Ends every connection. What is under way ends first.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// The statements that [`UserStore::list`] asks the database, with their values, for `EXPLAIN`: the page, with one user more than it
    /// holds; whether a user stands on the other side of the place where it begins; how many match. What fetches the roles, groups and
    /// scopes of the users found is not among them.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for a filter with more values than databases take.
    pub fn statements(
        &self,
        tenant: &str,
        query: &Query<'_>,
    ) -> Result<Vec<scieve::sql::Statement>, StoreError> {
        let statements = List::new(self.dialect(), tenant, query)?.statements()?;
        Ok(statements.into_iter().map(Into::into).collect())
    }

    fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }

    fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    /// What locks the rows of a SELECT. In SQLite there is one who writes.
    fn lock(&self) -> &'static str {
        if self.dialect() == Dialect::Sqlite { "" } else { " FOR UPDATE" }
    }

    /// Does it, again and again where the database undid it because of another transaction.
    async fn retried<T, F: Future<Output = Result<T, Fault>> + Send>(
        &self,
        mut once: impl FnMut() -> F + Send,
    ) -> Result<T, StoreError> {
        let mut tries = 1;
        loop {
            match once().await {
                Err(Fault::Conflict(_)) if tries < TRIES => {
                    // Not all at the same time again.
                    let mut byte = [0];
                    let _ = getrandom::fill(&mut byte);
                    let millis = (1_u64 << tries) * (1 + u64::from(byte[0])) / 256;
                    tokio::time::sleep(Duration::from_millis(1 + millis)).await;
                    tries += 1;
                }
                Err(fault) => {
                    match &fault {
                        Fault::Away(cause) | Fault::Conflict(cause) => {
                            tracing::warn!(cause, "the database cannot do it now")
                        }
                        _ => {}
                    }
                    return Err(fault.into());
                }
                Ok(done) => return Ok(done),
            }
        }
    }

    async fn list_once(&self, tenant: &str, query: &Query<'_>) -> Result<Page, Fault> {
        let list = List::new(self.dialect(), tenant, query)?;
        let mut link = self.engine.begin(Purpose::Read).await?;
        let page = list.read(&mut *link).await?;
        link.commit().await?;
        Ok(page)
    }

    async fn find_once(&self, tenant: &str, column: &str, text: &str) -> Result<Arc<User>, Fault> {
        let mut link = self.engine.begin(Purpose::Read).await?;
        let found = self.one(&mut *link, tenant, column, text, false).await?;
        link.commit().await?;
        found.map(Arc::new).ok_or_else(|| StoreError::NotFound.into())
    }

    async fn count_once(&self, tenant: &str) -> Result<u64, Fault> {
        let select =
            Statement::new(self.dialect(), "SELECT COUNT(*) FROM users AS u WHERE u.tenant_id = ")
                .bind(tenant);
        let select = select.push(" AND u.status_f <> ").bind(Status::Deleted.name());
        let mut rows = self.engine.connection().await?.rows(&select).await?;
        let count = rows.pop().ok_or_else(|| Fault::Broken("no count".into()))?.integer()?;
        Ok(count.unsigned_abs())
    }

    async fn roles_once(&self, tenant: &str) -> Result<Vec<Role>, Fault> {
        lists::roles(&mut *self.engine.connection().await?, self.dialect(), tenant).await
    }

    async fn groups_once(&self, tenant: &str) -> Result<Vec<Group>, Fault> {
        let mut link = self.engine.begin(Purpose::Read).await?;
        let groups = lists::groups(&mut *link, self.dialect(), tenant).await?;
        link.commit().await?;
        Ok(groups)
    }
}

/// Whether there can be a text in a database, which need not be there.
fn is_text(text: &str) -> bool {
    !text.contains('\0')
}

impl UserStore for SqlStore {
    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        if !is_valid_tenant(tenant) {
            return Ok(Page { total: query.total.then_some(0), ..Page::default() });
        }
        self.retried(|| self.list_once(tenant, query)).await
    }

    async fn get_by_subject(&self, tenant: &str, subject: &str) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) || !is_text(subject) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.find_once(tenant, "live_subject", subject)).await
    }

    async fn create(&self, tenant: &str, user: NewUser) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) {
            // Says what is wrong with it.
            let now = self.now();
            user.into_user(tenant, self.ids.next(now)?, &[], now)?;
            return Err(StoreError::invalid("/tenantId", "there can be no such tenant"));
        }
        self.retried(|| self.create_once(tenant, &user)).await
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) || !is_text(id) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.find_once(tenant, "id", id)).await
    }

    async fn patch(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
    ) -> Result<Patched, StoreError> {
        if !is_valid_tenant(tenant) || !is_text(id) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.patch_once(tenant, id, operations)).await
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), StoreError> {
        if !is_valid_tenant(tenant) || !is_text(id) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.delete_once(tenant, id)).await
    }

    async fn count(&self, tenant: &str) -> Result<u64, StoreError> {
        if !is_valid_tenant(tenant) {
            return Ok(0);
        }
        self.retried(|| self.count_once(tenant)).await
    }

    async fn invite(
        &self,
        tenant: &str,
        invitees: &[Invitee],
        mailer: &dyn Mailer,
    ) -> Result<Vec<InviteResult>, StoreError> {
        if !is_valid_tenant(tenant) {
            return Err(StoreError::invalid("/tenantId", "there can be no such tenant"));
        }
        let mut results = Vec::with_capacity(invitees.len());
        for invitee in invitees {
            results.push(self.invite_one(tenant, invitee, mailer).await?);
        }
        Ok(results)
    }

    async fn roles(&self, tenant: &str) -> Result<Vec<Role>, StoreError> {
        if !is_valid_tenant(tenant) {
            return Ok(Vec::new());
        }
        self.retried(|| self.roles_once(tenant)).await
    }

    async fn groups(&self, tenant: &str) -> Result<Vec<Group>, StoreError> {
        if !is_valid_tenant(tenant) {
            return Ok(Vec::new());
        }
        self.retried(|| self.groups_once(tenant)).await
    }

    async fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> Result<(), StoreError> {
        self.retried(|| self.load_once(tenant, &roles, &groups, &users)).await?;
        if users.len() >= MANY
            && let Err(fault) = migrate::analyze(&*self.engine).await
        {
            let cause = fault.to_string();
            tracing::info!(cause, "the statistics of the tables are not brought up to date");
        }
        Ok(())
    }
}
