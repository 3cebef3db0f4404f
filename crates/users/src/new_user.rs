//! Creation of users.

use super::error::StoreError;
use super::invite::invited;
use super::role::{Reference, Role};
use super::string_limits::check_user;
use super::timestamp::Timestamp;
use super::user::{NOT_DISPLAYABLE, User, is_displayable, is_email_address};

/// Input of [`UserStore::create`](super::UserStore::create).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// Identifier at the identity provider, unique among the tenant's users that are not deleted.
    pub subject: String,
    /// Display name; defaults to the e-mail address, then to the subject.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// URL of a picture.
    pub picture: Option<String>,
    /// Roles to assign.
    pub assigned_roles: Vec<Reference>,
}

impl NewUser {
    /// Returns the errors of subject, e-mail address and name, each with a JSON pointer and a message.
    ///
    /// [`NewUser::into_user`] reports the first of them; a caller that reports all errors of a
    /// request at once lists them together with its own.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let subject =
            self.subject.is_empty().then_some(("/subject", "expected a string that is not empty"));
        let invalid = self.email.as_ref().is_some_and(|email| !is_email_address(email));
        let email = invalid.then_some(("/email", "expected an e-mail address"));
        // Without a name and an e-mail address, the subject is displayed as the name.
        let displayed = match (&self.name, &self.email) {
            (Some(name), _) if !name.is_empty() => Some(("/name", name)),
            (_, Some(_)) => None,
            (_, None) => Some(("/subject", &self.subject)),
        };
        let name = displayed
            .filter(|(_, string)| !string.is_empty() && !is_displayable(string))
            .map(|(pointer, _)| (pointer, NOT_DISPLAYABLE));
        subject.into_iter().chain(email).chain(name)
    }

    /// Returns the user to store, with status `invited` and an invitation that starts at `now`.
    /// `roles` are the roles of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty subject, an invalid e-mail address, a name that is not
    /// [displayable](super::is_displayable), a role that the tenant lacks, and for a string that contains U+0000 or is longer than
    /// [`MAX_KEY_BYTES`](super::MAX_KEY_BYTES) (for the picture:
    /// [`MAX_STRING_BYTES`](super::MAX_STRING_BYTES)).
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
        for (index, reference) in self.assigned_roles.iter().enumerate() {
            let missing = || {
                StoreError::invalid(
                    format!("/assignedRoles/{index}"),
                    format!("unknown role {reference}"),
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
