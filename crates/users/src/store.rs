//! The interface of user stores.

use super::account::{Account, AccountKey};
use super::error::StoreError;
use super::invite::{InviteResult, Invitee, Mailer};
use super::new_user::NewUser;
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::precondition::Precondition;
use super::role::{Group, Role, SYSTEM_ROLES};
use super::user::User;
use std::future::Future;
use std::sync::Arc;

/// Numbers of connections to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Open connections.
    pub open: u32,
    /// Open connections that no operation uses.
    pub idle: u32,
    /// Maximum number of connections.
    pub max: u32,
}

/// A store of the users of many tenants.
///
/// Each call names a tenant and neither reads nor changes anything of another one; a tenant that
/// does not exist is empty. Stores validate data but do not authorise: that is left to the caller.
/// All implementations return the same results, to the user.
///
/// Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`]. If a write
/// fails with `Unavailable`, it is unknown whether it took place.
///
/// ```
/// use scieve_users::{MemoryStore, NewUser, Query, StoreError, UserStore};
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let new = NewUser { subject: "auth0|1".into(), name: Some("Bob".into()), ..NewUser::default() };
/// let bob = store.create("tenant-1", new.clone()).await?;
/// assert_eq!(store.get("tenant-1", &bob.id).await?, bob);
/// assert_eq!(store.get_by_subject("tenant-1", "auth0|1").await?, bob);
/// assert!(matches!(
///     store.create("tenant-1", new).await,
///     Err(StoreError::SubjectTaken { .. })
/// ));
///
/// let plan = scieve_users::policy().parse(r#"name co "BO""#).unwrap();
/// let query = Query { limit: 20, total: true, ..Query::matching(Some(&plan)) };
/// assert_eq!(store.list("tenant-1", &query).await?.users, [bob]);
/// assert_eq!(store.list("tenant-2", &query).await?.total, Some(0));
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
pub trait UserStore: Send + Sync + 'static {
    /// Returns a page of users.
    ///
    /// If the future is dropped, databases cancel their statement.
    ///
    /// # Errors
    /// [`StoreError::TooSlow`] if the query takes longer than [`Query::deadline`].
    fn list(
        &self,
        tenant: &str,
        query: &Query<'_>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Returns the user with exactly this subject (case-sensitive), unless deleted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the tenant has no such user.
    fn get_by_subject(
        &self,
        tenant: &str,
        subject: &str,
    ) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// Returns the account of the user with this id or subject, unless deleted.
    ///
    /// A store may return an account that was read a short time ago, see
    /// [`SqlOptions::account_cache`](crate::SqlOptions::account_cache).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the tenant has no such user.
    fn account(
        &self,
        tenant: &str,
        key: AccountKey<'_>,
    ) -> impl Future<Output = Result<Account, StoreError>> + Send {
        async move {
            let user = match key {
                AccountKey::Id(id) => self.get(tenant, id).await?,
                AccountKey::Subject(subject) => self.get_by_subject(tenant, subject).await?,
            };
            Ok(Account::of(&user))
        }
    }

    /// Returns the names of the roles built into the service.
    fn metadata(
        &self,
        tenant: &str,
    ) -> impl Future<Output = Result<Vec<&'static str>, StoreError>> + Send {
        let _ = tenant;
        async { Ok(SYSTEM_ROLES.iter().map(|role| role.name).collect()) }
    }

    /// Creates a user with status `invited`, without sending a mail.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for input that [`NewUser::into_user`] rejects,
    /// [`StoreError::SubjectTaken`] if a user who is not deleted has the subject.
    fn create(
        &self,
        tenant: &str,
        user: NewUser,
    ) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// Returns the user with exactly this id (case-sensitive), unless deleted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the tenant has no such user.
    fn get(
        &self,
        tenant: &str,
        id: &str,
    ) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// Applies operations to a user, as [`Operation::apply_all`] does: operations with an
    /// unresolved reference are skipped and reported.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the tenant has no such user, [`StoreError::Changed`] if the
    /// precondition is not met, [`StoreError::Invalid`] as for [`Operation::apply_all`], and
    /// [`StoreError::LastAdministrator`] if no user would be an
    /// [administrator](User::is_administrator) afterwards. Then nothing is changed.
    fn patch_if(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
        precondition: &Precondition,
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Applies operations to a user without a precondition, see [`UserStore::patch_if`].
    ///
    /// # Errors
    /// Those of [`UserStore::patch_if`] except [`StoreError::Changed`].
    fn patch(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send {
        self.patch_if(tenant, id, operations, &Precondition::None)
    }

    /// Marks a user as deleted. The subject and the e-mail address become free.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the tenant has no such user, [`StoreError::Changed`] if the
    /// precondition is not met, and [`StoreError::LastAdministrator`] if the user is the only
    /// [administrator](User::is_administrator).
    fn delete_if(
        &self,
        tenant: &str,
        id: &str,
        precondition: &Precondition,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Marks a user as deleted without a precondition, see [`UserStore::delete_if`].
    ///
    /// # Errors
    /// Those of [`UserStore::delete_if`] except [`StoreError::Changed`].
    fn delete(
        &self,
        tenant: &str,
        id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.delete_if(tenant, id, &Precondition::None)
    }

    /// Returns the number of users, excluding deleted ones.
    fn count(&self, tenant: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Invites people by e-mail. Returns one result per invitee, in the same order.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an invalid tenant id; errors of an invitee are results.
    fn invite(
        &self,
        tenant: &str,
        invitees: &[Invitee],
        mailer: &dyn Mailer,
    ) -> impl Future<Output = Result<Vec<InviteResult>, StoreError>> + Send;

    /// Returns the roles of the tenant.
    fn roles(&self, tenant: &str) -> impl Future<Output = Result<Vec<Role>, StoreError>> + Send;

    /// Returns the groups of the tenant.
    fn groups(&self, tenant: &str) -> impl Future<Output = Result<Vec<Group>, StoreError>> + Send;

    /// Checks that the store can read and write, for a readiness probe: reads and writes a user
    /// that no request can see.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] for a database that is unreachable, read-only or full.
    fn check_ready(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns the connections to the database of the store, if it has one.
    fn connections(&self) -> Option<Connections> {
        None
    }

    /// Ends the operations in progress and closes the store. An SQLite database is then one file.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Stores users, roles and groups as they are, for an initial load or an import. Either all of
    /// them are stored or none.
    ///
    /// A role or group with a known id replaces the existing one, but not the copies of it in
    /// users.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a user of another tenant, an id that exists, an id longer than
    /// [`MAX_ID_BYTES`](super::MAX_ID_BYTES), and strings that [`NewUser::into_user`] rejects;
    /// [`StoreError::SubjectTaken`] if two users who are not deleted have the same subject.
    fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
