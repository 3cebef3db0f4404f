//! What every store of users does.

use super::error::StoreError;
use super::invite::{InviteResult, Invitee, Mailer};
use super::new_user::NewUser;
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Role, SYSTEM_ROLES};
use super::user::User;
use std::future::Future;
use std::sync::Arc;

/// The users of many tenants. Every call names the tenant, and sees and changes nothing of another.
///
/// Callers check who may do what; a store checks what can be.
pub trait UserStore: Send + Sync + 'static {
    /// A page of the tenant's users.
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

    /// The names of the roles that come with the service.
    fn metadata(
        &self,
        tenant: &str,
    ) -> impl Future<Output = Result<Vec<&'static str>, StoreError>> + Send {
        let _ = tenant;
        async { Ok(SYSTEM_ROLES.iter().map(|role| role.name).collect()) }
    }

    /// Creates a user with status `invited`. Unknown roles and a subject that is taken are refused.
    fn create(
        &self,
        tenant: &str,
        user: NewUser,
    ) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// The user of that id, unless deleted.
    fn get(
        &self,
        tenant: &str,
        id: &str,
    ) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// Applies the operations, all or (where a reference does not resolve) all others.
    fn patch(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Marks the user as deleted; its subject and e-mail address are free again.
    fn delete(&self, tenant: &str, id: &str)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How many users the tenant has, the deleted not counted.
    fn count(&self, tenant: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Invites, one result for each invitee in their order.
    fn invite(
        &self,
        tenant: &str,
        invitees: &[Invitee],
        mailer: &dyn Mailer,
    ) -> impl Future<Output = Result<Vec<InviteResult>, StoreError>> + Send;

    /// The tenant's roles.
    fn roles(&self, tenant: &str) -> impl Future<Output = Result<Vec<Role>, StoreError>> + Send;

    /// The tenant's groups.
    fn groups(&self, tenant: &str) -> impl Future<Output = Result<Vec<Group>, StoreError>> + Send;

    /// Puts users, roles and groups in as they are, as a start or an import does; all or nothing. A role or group whose id is known
    /// takes the place of the one that was there, but not in the users who have it.
    ///
    /// Refused are a user of another tenant, an id that is there, a subject that another user has, unless one of the two is
    /// deleted, and texts that [`NewUser::into_user`] refuses; ids may have [`super::MAX_ID_BYTES`].
    fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
