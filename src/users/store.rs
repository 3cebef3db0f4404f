//! What every store of users does.

use super::attributes::policy;
use super::error::{NUL, StoreError};
use super::invite::{InviteResult, Invitee, Mailer, invite_expiry};
use super::page::{Page, Position, Query, Window};
use super::patch::{Operation, Patched};
use super::role::{Group, Reference, Role, SYSTEM_ROLES};
use super::timestamp::Timestamp;
use super::user::{Status, User, is_address};
use crate::filter::attr;
use crate::plan::Plan;
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

impl NewUser {
    /// The user to store: invited, with an invitation that starts now, and with roles out of the tenant's.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty subject, for U+0000 in a text, for an e-mail address that is none, and for a role that
    /// the tenant lacks.
    pub fn into_user(self, tenant: &str, id: String, roles: &[Role], now: Timestamp) -> Result<User, StoreError> {
        if self.subject.is_empty() {
            return Err(StoreError::invalid("/subject", "expected a subject"));
        }
        if self.email.as_ref().is_some_and(|email| !is_address(email)) {
            return Err(StoreError::invalid("/email", "expected an e-mail address"));
        }
        let texts = [("/subject", Some(&self.subject)), ("/name", self.name.as_ref()), ("/picture", self.picture.as_ref())];
        if let Some((pointer, _)) = texts.into_iter().find(|(_, text)| text.is_some_and(|text| text.contains('\0'))) {
            return Err(StoreError::invalid(pointer, NUL));
        }
        let mut assigned_roles: Vec<Role> = Vec::with_capacity(self.assigned_roles.len());
        for (place, reference) in self.assigned_roles.iter().enumerate() {
            let missing = || StoreError::invalid(format!("/assignedRoles/{place}"), format!("there is no {reference}"));
            let role = reference.find(roles).ok_or_else(missing)?;
            if !assigned_roles.iter().any(|other| other.id == role.id) {
                assigned_roles.push(role.clone());
            }
        }
        let name = self.name.filter(|name| !name.is_empty());
        let name = name.or_else(|| self.email.clone()).unwrap_or_else(|| self.subject.clone());
        let user = invited(tenant, id, self.subject, now);
        Ok(User { name, email: self.email, picture: self.picture, assigned_roles, ..user })
    }
}

impl Invitee {
    /// The user to store where the address is nobody's.
    #[must_use]
    pub fn user(&self, tenant: &str, id: String, subject: String, now: Timestamp) -> User {
        let name = self.name.clone().unwrap_or_else(|| self.email.clone());
        User { name, email: Some(self.email.clone()), ..invited(tenant, id, subject, now) }
    }
}

fn invited(tenant: &str, id: String, subject: String, now: Timestamp) -> User {
    User {
        id,
        tenant_id: tenant.to_owned(),
        subject,
        name: String::new(),
        email: None,
        status: Status::Invited,
        assigned_roles: Vec::new(),
        assigned_groups: Vec::new(),
        assigned_scopes: Vec::new(),
        client_id: None,
        picture: None,
        locale: None,
        zoneinfo: None,
        preferred_locale: None,
        preferred_zoneinfo: None,
        created_at: now,
        last_updated_at: now,
        invite_expiry: Some(invite_expiry(now)),
    }
}

/// The users of many tenants. Every call names the tenant, and sees and changes nothing of another.
///
/// Callers check who may do what; a store checks what can be.
pub trait UserStore: Send + Sync + 'static {
    /// A page of the tenant's users.
    fn list(&self, tenant: &str, query: &Query<'_>) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// A page of the users that a filter describes: the page of [`UserStore::list`], with this plan.
    fn filter(&self, tenant: &str, plan: &Plan<User>, query: &Query<'_>) -> impl Future<Output = Result<Page, StoreError>> + Send {
        async move { self.list(tenant, &Query { plan: Some(plan), ..query.clone() }).await }
    }

    /// The user whose subject is exactly this one, unless deleted: for whom a token speaks.
    fn me(&self, tenant: &str, subject: &str) -> impl Future<Output = Result<Arc<User>, StoreError>> + Send {
        async move {
            let filter = attr("subject").eq(subject).build().map_err(|_| StoreError::NotFound)?;
            let plan = policy().check(&filter).map_err(|_| StoreError::NotFound)?;
            // Filters pass over case, so that several users can match.
            let mut query = Query { plan: Some(&plan), without_deleted: true, limit: 100, ..Query::default() };
            loop {
                let page = self.list(tenant, &query).await?;
                if let Some(found) = page.users.iter().find(|user| user.subject == subject) {
                    return Ok(Arc::clone(found));
                }
                match page.users.last() {
                    Some(last) if page.has_next => query.window = Window::After(Position::of(last, query.sort)),
                    _ => return Err(StoreError::NotFound),
                }
            }
        }
    }

    /// The names of the roles that come with the service.
    fn metadata(&self, tenant: &str) -> impl Future<Output = Result<Vec<&'static str>, StoreError>> + Send {
        let _ = tenant;
        async { Ok(SYSTEM_ROLES.to_vec()) }
    }

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

    /// Puts users, roles and groups in as they are, as a start or an import does; all or nothing. A role or group whose id is known
    /// takes the place of the one that was there, but not in the users who have it.
    ///
    /// Refused are a user of another tenant, an id that is there, and a subject that another user has, unless one of the two is
    /// deleted.
    fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
