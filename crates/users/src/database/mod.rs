//! Users in a database: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! [`SqlStore`] contains the operations ([`change`], [`bulk`], [`list`]), which are written once
//! and rendered by sea-query ([`statement`]). [`connection`] has the few operations that they need
//! of a database; [`driver`] implements these for sqlx, and one file per database has what differs.
//!
//! Keys and indexes contain the numbers of tenants and users ([`tenant_number`]) instead of their
//! ids. Every table of a statement is restricted to the tenant by a constant, so that a database
//! that distributes tenants over nodes contacts only one. Unique constraints, not prior checks, keep
//! values unique.

mod account_cache;
mod administrators;
#[cfg(feature = "sqlite")]
mod backup;
mod bulk;
mod bulk_insert;
mod candidates;
mod change;
mod connect;
mod connection;
mod covering_index;
mod deferred_indexes;
mod distinct_values;
mod driver;
mod error;
mod filter_traits;
mod keyset;
mod list;
mod lookups;
mod memberships;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod probe;
mod recent;
mod sort_values;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod tenant;
mod tenant_number;
mod user_counts;
mod user_row;
mod whole_page;

pub use error::ConnectError;
pub use options::SqlOptions;

use self::account_cache::AccountCache;
use self::connection::{Backend, TxMode};
use self::error::DbError;
use self::list::ListQuery;
use self::lookups::Lookups;
use self::statement::{USERS, select_users};
use self::tenant::TenantCache;
use self::user_counts::select_count;
use super::account::{Account, AccountKey};
use super::cursor::CursorKey;
use super::error::StoreError;
use super::id::Ids;
use super::invite::{InviteResult, Invitee, Mailer};
use super::new_user::NewUser;
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::precondition::Precondition;
use super::role::{Group, Role};
use super::store::{Connections, UserStore};
use super::string_limits::is_valid_tenant;
use super::timestamp::Timestamp;
use super::user::User;
use scieve::sql::Dialect;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Maximum number of attempts at a transaction that fails because of a concurrent one.
const MAX_TRIES: u32 = 10;
/// Time by which a database may exceed a deadline, if the server did not cancel the statement.
const SERVER_GRACE: Duration = Duration::from_millis(100);
/// Minimum number of loaded users after which the statistics of the tables are updated.
const ANALYZE_USERS: usize = 500;

/// Users in a database.
///
/// It behaves as [`MemoryStore`](super::MemoryStore) does. Each operation is one transaction, which
/// is retried if the database rolls it back because of a concurrent one. If the database is
/// unreachable or too slow, operations fail with [`StoreError::Unavailable`]; the outcome of a
/// write is then unknown. Broken connections are replaced.
///
/// Requires a tokio runtime. See [`SqlStore::connect`] for an example.
pub struct SqlStore {
    backend: Arc<dyn Backend>,
    /// Shared look-ups by id, if the database is on a network.
    lookups: Option<Arc<Lookups>>,
    ids: Ids,
    options: SqlOptions,
    cursor_key: CursorKey,
    accounts: AccountCache,
    tenants: TenantCache,
    /// True if triggers maintain the number of users.
    has_counts: bool,
    /// True if the rows are on other servers, which filter them.
    is_partitioned: bool,
}

impl SqlStore {
    /// Returns the key of the cursors. It is stored in the database: cursors survive a restart, and
    /// all servers of a database accept them.
    #[must_use]
    pub fn cursor_key(&self) -> CursorKey {
        self.cursor_key.clone()
    }

    /// Returns the number of statements run since the store was opened, `BEGIN` and `COMMIT` included:
    /// most are a round trip to the database.
    #[must_use]
    pub fn statements_run(&self) -> u64 {
        self.backend.statements_run()
    }

    /// Returns the statements that [`UserStore::list`] runs, for `EXPLAIN`: the page with one row
    /// more than its limit; the test for a row on the other side of its start; the count of all
    /// pages. `list` combines them in one. There are none for a tenant without users.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for a filter with more values than
    /// [`Dialect::MAX_PARAMETERS`]; [`StoreError::Unavailable`].
    pub async fn statements(
        &self,
        tenant: &str,
        query: &Query<'_>,
    ) -> Result<Vec<scieve::sql::Statement>, StoreError> {
        let Some(tenant) = self.retried(|| self.known_tenant(tenant)).await? else {
            return Ok(Vec::new());
        };
        let list = ListQuery::new(self.dialect(), self.has_counts, tenant, query)?;
        let statements = list.statements(&mut *self.backend.connection().await?).await?;
        let statements = statements.into_iter();
        Ok(statements.map(|statement| statement.into_engine(self.dialect())).collect())
    }

    fn dialect(&self) -> Dialect {
        self.backend.dialect()
    }

    fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    /// Runs an operation, and retries it if it failed because of a concurrent transaction.
    async fn retried<T, F: Future<Output = Result<T, DbError>> + Send>(
        &self,
        mut once: impl FnMut() -> F + Send,
    ) -> Result<T, StoreError> {
        let mut tries = 1;
        loop {
            match once().await {
                Err(error @ (DbError::Conflict(_) | DbError::LostTenant(_)))
                    if tries < MAX_TRIES =>
                {
                    if matches!(error, DbError::LostTenant(_)) {
                        self.tenants.clear();
                    }
                    // Exponential back-off with random jitter.
                    let mut byte = [0];
                    let _ = getrandom::fill(&mut byte);
                    let millis = (1_u64 << tries) * (1 + u64::from(byte[0])) / 256;
                    tokio::time::sleep(Duration::from_millis(1 + millis)).await;
                    tries += 1;
                }
                Err(error) => {
                    match &error {
                        DbError::Unavailable(cause)
                        | DbError::Broken(cause)
                        | DbError::Conflict(cause) => {
                            tracing::warn!(cause, "the database is unavailable")
                        }
                        _ => {}
                    }
                    return Err(error.into());
                }
                Ok(value) => return Ok(value),
            }
        }
    }

    /// Reads a page. `has_connection` is true while it waits for the database and not for a
    /// connection.
    async fn list_once(
        &self,
        tenant: &str,
        query: &Query<'_>,
        has_connection: &AtomicBool,
    ) -> Result<Page, DbError> {
        has_connection.store(false, Ordering::Relaxed);
        let Some(tenant) = self.known_tenant(tenant).await? else { return Ok(no_users(query)) };
        let list = ListQuery::new(self.dialect(), self.has_counts, tenant, query)?;
        let mode = match query.deadline {
            // The deadline itself is enforced in `list`.
            Some(deadline) => TxMode::Search(deadline.remaining() + SERVER_GRACE),
            None => TxMode::Read,
        };
        // A page without a filter is a walk along an index, which needs no deadline of its own.
        if query.plan.is_none() && !query.total || mode == TxMode::Read {
            let mut connection = self.backend.connection().await?;
            has_connection.store(true, Ordering::Relaxed);
            return list.read(&mut *connection, !self.is_partitioned).await;
        }
        let mut transaction = self.backend.begin(mode).await?;
        has_connection.store(true, Ordering::Relaxed);
        let page = list.read(&mut *transaction, !self.is_partitioned).await?;
        transaction.commit().await?;
        Ok(page)
    }

    async fn find_once(&self, tenant: &str, key: AccountKey<'_>) -> Result<Arc<User>, DbError> {
        let tenant = self.known_tenant(tenant).await?.ok_or(StoreError::NotFound)?;
        let row = match (key, &self.lookups) {
            (AccountKey::Id(id), Some(lookups)) => lookups.find(tenant, id).await?,
            _ => change::find(&mut *self.backend.connection().await?, tenant, key).await?,
        };
        let user = user_row::user(tenant, row.ok_or(StoreError::NotFound)?)?;
        Ok(Arc::new(user))
    }

    async fn account_once(&self, tenant: &str, key: AccountKey<'_>) -> Result<Account, DbError> {
        let tenant = self.known_tenant(tenant).await?.ok_or(StoreError::NotFound)?;
        let mut select = select_users(tenant);
        select
            .columns(["id", "status", "memberships"].map(|column| (USERS, column)))
            .cond_where(change::has_key(self.dialect(), key));
        let row = self.backend.connection().await?.fetch(&select).await?.pop();
        user_row::account(row.ok_or(StoreError::NotFound)?)
    }

    async fn count_once(&self, tenant: &str) -> Result<u64, DbError> {
        let Some(tenant) = self.known_tenant(tenant).await? else { return Ok(0) };
        let select = select_count(self.dialect(), tenant, true, self.has_counts);
        let row = self.backend.connection().await?.fetch(&select).await?.pop();
        let row = row.ok_or_else(|| DbError::Internal("COUNT returned no row".into()));
        Ok(row?.integer()?.unsigned_abs())
    }

    async fn roles_once(&self, tenant: &str) -> Result<Vec<Role>, DbError> {
        let Some(tenant) = self.known_tenant(tenant).await? else { return Ok(Vec::new()) };
        memberships::roles(&mut *self.backend.connection().await?, tenant).await
    }

    async fn groups_once(&self, tenant: &str) -> Result<Vec<Group>, DbError> {
        let Some(tenant) = self.known_tenant(tenant).await? else { return Ok(Vec::new()) };
        let mut transaction = self.backend.begin(TxMode::Read).await?;
        let groups = memberships::groups(&mut *transaction, tenant).await?;
        transaction.commit().await?;
        Ok(groups)
    }
}

/// The page of a list of a tenant without users.
fn no_users(query: &Query<'_>) -> Page {
    Page { total: query.total.then_some(0), ..Page::default() }
}

/// Returns whether a string can occur in a database. PostgreSQL does not accept U+0000.
fn is_storable(string: &str) -> bool {
    !string.contains('\0')
}

impl UserStore for SqlStore {
    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        if !is_valid_tenant(tenant) {
            return Ok(no_users(query));
        }
        let has_connection = AtomicBool::new(false);
        let list = self.retried(|| self.list_once(tenant, query, &has_connection));
        let Some(deadline) = query.deadline else { return list.await };
        if deadline.is_over() {
            return Err(StoreError::TooSlow);
        }
        // One deadline for all attempts and statements. The future that is dropped cancels its
        // statement.
        match tokio::time::timeout(deadline.remaining(), list).await {
            Ok(Err(StoreError::Unavailable))
                if deadline.is_over() && has_connection.load(Ordering::Relaxed) =>
            {
                Err(StoreError::TooSlow)
            }
            Ok(result) => result,
            Err(_) if has_connection.load(Ordering::Relaxed) => Err(StoreError::TooSlow),
            Err(_) => Err(StoreError::Unavailable),
        }
    }

    async fn get_by_subject(&self, tenant: &str, subject: &str) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) || !is_storable(subject) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.find_once(tenant, AccountKey::Subject(subject))).await
    }

    async fn create(&self, tenant: &str, user: NewUser) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) {
            // Returns a more precise error.
            let now = self.now();
            user.into_user(tenant, self.ids.next(now)?, &[], now)?;
            return Err(StoreError::invalid("/tenantId", "there can be no such tenant"));
        }
        self.retried(|| self.create_once(tenant, &user)).await
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        if !is_valid_tenant(tenant) || !is_storable(id) {
            return Err(StoreError::NotFound);
        }
        self.retried(|| self.find_once(tenant, AccountKey::Id(id))).await
    }

    async fn account(&self, tenant: &str, key: AccountKey<'_>) -> Result<Account, StoreError> {
        let (AccountKey::Id(string) | AccountKey::Subject(string)) = key;
        if !is_valid_tenant(tenant) || !is_storable(string) {
            return Err(StoreError::NotFound);
        }
        let ttl = self.options.account_cache;
        if let Some(account) = self.accounts.get(tenant, key, ttl) {
            return Ok(account);
        }
        let reading = self.accounts.begin_reading();
        let account = self.retried(|| self.account_once(tenant, key)).await?;
        self.accounts.insert(reading, tenant, key, &account, ttl);
        Ok(account)
    }

    async fn patch_if(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
        precondition: &Precondition,
    ) -> Result<Patched, StoreError> {
        if !is_valid_tenant(tenant) || !is_storable(id) {
            return Err(StoreError::NotFound);
        }
        let patched = self.retried(|| self.patch_once(tenant, id, operations, precondition)).await;
        if operations.iter().any(|operation| operation.target().changes_access()) {
            self.accounts.clear();
        }
        patched
    }

    async fn delete_if(
        &self,
        tenant: &str,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        if !is_valid_tenant(tenant) || !is_storable(id) {
            return Err(StoreError::NotFound);
        }
        let deleted = self.retried(|| self.delete_once(tenant, id, precondition)).await;
        self.accounts.clear();
        deleted
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
            let result = self.invite_one(tenant, invitee, mailer).await;
            self.accounts.clear();
            results.push(result?);
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

    async fn check_ready(&self) -> Result<(), StoreError> {
        self.retried(|| probe::readiness(&*self.backend)).await
    }

    fn connections(&self) -> Option<Connections> {
        let (open, idle) = self.backend.connections();
        Some(Connections { open, idle, max: self.options.connections })
    }

    async fn close(&self) {
        self.backend.close().await;
    }

    async fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> Result<(), StoreError> {
        let loaded = self.retried(|| self.load_once(tenant, &roles, &groups, &users)).await?;
        if let Err(error) = loaded.run(&*self.backend).await {
            let cause = error.to_string();
            tracing::warn!(cause, "a trigram index may be missing until the store is opened again");
        }
        if users.len() >= ANALYZE_USERS
            && let Err(error) = migrate::analyze(&*self.backend).await
        {
            let cause = error.to_string();
            tracing::info!(cause, "the statistics of the tables were not updated");
        }
        Ok(())
    }
}
