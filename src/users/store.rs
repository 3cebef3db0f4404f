//! What every store of users does.

use super::error::StoreError;
use super::invite::{InviteResult, Invitee, Mailer};
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Reference, Role};
use super::user::User;
use std::future::Future;
use std::sync::Arc;

/// A new user, as `create` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// The identifier at the identity provider; unique among the tenant's users that are not deleted.
    pub subject: String,
    /// The name; the e-mail address, else the subject, where there is none.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
    /// The roles, each by id or by name.
    pub assigned_roles: Vec<Reference>,
}

/// The users of many tenants. Every call names the tenant, and sees and changes nothing of another.
///
/// Callers check who may do what; a store checks what can be.
pub trait UserStore: Send + Sync + 'static {
    /// A page of the tenant's users.
    fn list(&self, tenant: &str, query: &Query<'_>) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Creates a user with status `invited`. Unknown roles and a subject that is taken are refused.
    fn create(&self, tenant: &str, user: NewUser) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// The user of that id, unless deleted.
    fn get(&self, tenant: &str, id: &str) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send;

    /// Applies the operations, all or (where a reference does not resolve) all others.
    fn patch(&self, tenant: &str, id: &str, operations: &[Operation]) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Marks the user as deleted; its subject and e-mail address are free again.
    fn delete(&self, tenant: &str, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

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

    /// Puts users, roles and groups in as they are, as a start or an import does.
    fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
