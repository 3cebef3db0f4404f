//! What every store of users does.

use super::error::StoreError;
use super::invite::{
    Decision, Invitation, InviteCode, InviteResult, Invitee, Mailer, invite_expiry,
};
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Reference, Role, SYSTEM_ROLES};
use super::texts::{check_groups, check_roles, check_user, is_tenant};
use super::timestamp::Timestamp;
use super::user::{Status, User, is_address};
use std::collections::HashSet;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
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
    /// Returns the errors of subject and e-mail address, each with a JSON pointer and a message.
    ///
    /// [`NewUser::into_user`] reports the first of them; a caller that reports all errors of a
    /// request at once lists them together with its own.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let subject =
            self.subject.is_empty().then_some(("/subject", "expected a string that is not empty"));
        let invalid = self.email.as_ref().is_some_and(|email| !is_address(email));
        let email = invalid.then_some(("/email", "expected an e-mail address"));
        subject.into_iter().chain(email)
    }

    /// The user to store: invited, with an invitation that starts now, and with roles out of the tenant's.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty subject, for an e-mail address that is none, for a role that the tenant lacks, and for a text
    /// that is longer than [`super::KEY_BYTES`] (the picture: [`super::TEXT_BYTES`]) or has U+0000 in it.
    pub fn into_user(
        self,
        tenant: &str,
        id: String,
        roles: &[Role],
        now: Timestamp,
    ) -> Result<User, StoreError> {
        if let Some((pointer, message)) = self.errors().next() {
            return Err(StoreError::invalid(pointer, message));
        }
        let mut assigned_roles: Vec<Role> = Vec::with_capacity(self.assigned_roles.len());
        for (place, reference) in self.assigned_roles.iter().enumerate() {
            let missing = || {
                StoreError::invalid(
                    format!("/assignedRoles/{place}"),
                    format!("there is no {reference}"),
                )
            };
            let role = reference.find(roles).ok_or_else(missing)?;
            if !assigned_roles.iter().any(|other| other.id == role.id) {
                assigned_roles.push(role.clone());
            }
        }
        let name = self.name.filter(|name| !name.is_empty());
        let name = name.or_else(|| self.email.clone()).unwrap_or_else(|| self.subject.clone());
        let user = invited(tenant, id, self.subject, now);
        let user = User { name, email: self.email, picture: self.picture, assigned_roles, ..user };
        check_user(tenant, &user, "")?;
        Ok(user)
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

/// What an invitation comes to, before a mail is sent.
pub(super) enum Begun {
    /// It is answered.
    Answered(InviteResult),
    /// This user, who may have to be stored yet, is to get a mail.
    Mail(Box<User>),
}

/// What an invitation comes to, after the mail was sent.
pub(super) enum Ended {
    /// The user of the mail is to be stored.
    New,
    /// This user was there, and is to be stored as it is now.
    Renewed(Box<User>),
    /// Nothing is to be stored.
    Answered(InviteResult),
}

impl Invitee {
    /// The first half of an invitation, by the user who has the address. `fresh` makes the user to store where nobody has.
    pub(super) fn begin(
        &self,
        found: Option<User>,
        now: Timestamp,
        fresh: impl FnOnce() -> Result<User, StoreError>,
    ) -> Result<Begun, StoreError> {
        let mut user = match (Decision::of(self, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _) => fresh()?,
            (Decision::Renew, Some(user)) => user,
            (Decision::Exists, Some(user)) => {
                return Ok(Begun::Answered(InviteResult::exists(self, &user)));
            }
            (Decision::Refuse(code), _) => {
                return Ok(Begun::Answered(InviteResult::error(self, code, None)));
            }
            (_, None) => return Err(StoreError::Internal("an invitation without a user".into())),
        };
        user.invite_expiry = Some(invite_expiry(now));
        match check_user(&user.tenant_id, &user, "") {
            Ok(()) => Ok(Begun::Mail(Box::new(user))),
            Err(StoreError::Invalid { message, .. }) => {
                Ok(Begun::Answered(InviteResult::error(self, InviteCode::BadText, Some(message))))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the mail; what comes of the invitation where that fails.
    pub(super) fn send(&self, user: &User, mailer: &dyn Mailer) -> Option<InviteResult> {
        let failed = mailer.send(&Invitation::new(self, user)).err()?;
        Some(InviteResult::error(self, InviteCode::Mail, Some(failed.to_string())))
    }

    /// The second half, by the user who has the address by now: things may have changed while the mail was sent.
    pub(super) fn end(
        &self,
        found: Option<User>,
        mailed: &User,
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        match (Decision::of(self, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _) => Ok(Ended::New),
            (Decision::Renew, Some(mut found)) => {
                if found.status == Status::Invited {
                    found.invite_expiry = mailed.invite_expiry;
                }
                found.last_updated_at = now;
                Ok(Ended::Renewed(Box::new(found)))
            }
            (_, Some(found)) => Ok(Ended::Answered(InviteResult::exists(self, &found))),
            (_, None) => Err(StoreError::Internal("an invitation without a user".into())),
        }
    }
}

/// Whether all of it can be loaded, by the ids of users and the subjects of those not deleted that are there already.
pub(super) fn check_load(
    tenant: &str,
    (roles, groups, users): (&[Role], &[Group], &[User]),
    has_id: impl Fn(&str) -> bool,
    has_subject: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    if !is_tenant(tenant) {
        return Err(StoreError::invalid("/tenant", "there can be no such tenant"));
    }
    check_roles(roles, "/roles")?;
    check_groups(groups, "/groups")?;
    let id_again = again(users.iter().map(|user| Some(&*user.id)));
    let subject_again =
        again(users.iter().map(|user| (user.status != Status::Deleted).then_some(&*user.subject)));
    for (place, user) in users.iter().enumerate() {
        check_user(tenant, user, format_args!("/users/{place}"))?;
        if id_again == Some(place) || has_id(&user.id) {
            return Err(StoreError::invalid(
                format!("/users/{place}/id"),
                format!("the id `{}` is there already", user.id),
            ));
        }
        if subject_again == Some(place)
            || user.status != Status::Deleted && has_subject(&user.subject)
        {
            return Err(StoreError::SubjectTaken { subject: user.subject.clone() });
        }
    }
    Ok(())
}

/// The first place of a text that stands before it too.
fn again<'t>(texts: impl Iterator<Item = Option<&'t str>> + Clone) -> Option<usize> {
    // Sorted hashes take a third of the time that a set of so many texts does.
    let state = RandomState::new();
    let hashes =
        texts.clone().enumerate().filter_map(|(place, text)| Some((state.hash_one(text?), place)));
    let mut hashes: Vec<(u64, usize)> = hashes.collect();
    hashes.sort_unstable();
    let alike =
        hashes.chunk_by(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1);
    let mut places: Vec<usize> = alike.flatten().map(|(_, place)| *place).collect();
    places.sort_unstable();
    let mut seen = HashSet::new();
    let mut places = places.into_iter().peekable();
    texts
        .enumerate()
        .filter(|(place, _)| places.next_if_eq(place).is_some())
        .find(|(_, text)| !seen.insert(*text))
        .map(|(place, _)| place)
}

/// Returns a user with status `invited`, whose invitation starts now.
fn invited(tenant: &str, id: String, subject: String, now: Timestamp) -> User {
    User {
        status: Status::Invited,
        invite_expiry: Some(invite_expiry(now)),
        ..User::new(id, tenant, subject, now)
    }
}

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
    /// deleted, and texts that [`NewUser::into_user`] refuses; ids may have [`super::ID_BYTES`].
    fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
