//! Creation of users.

use super::error::StoreError;
use super::invite::invited;
use super::role::{Reference, Role};
use super::string_limits::check_user;
use super::timestamp::Timestamp;
use super::user::{User, is_email_address};

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
        let invalid = self.email.as_ref().is_some_and(|email| !is_email_address(email));
        let email = invalid.then_some(("/email", "expected an e-mail address"));
        subject.into_iter().chain(email)
    }

    /// The user to store: invited, with an invitation that starts now, and with roles out of the tenant's.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty subject, for an e-mail address that is none, for a role that the tenant lacks, and for a text
    /// that is longer than [`super::MAX_KEY_BYTES`] (the picture: [`super::MAX_STRING_BYTES`]) or has U+0000 in it.
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
