//! Who calls, and what the caller may see.

use super::config::{ApiKey, Config};
use super::jwt::Jwt;
use super::problem::{Kind, Problem};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use scieve::Policy;
use scieve_users::{ADMINISTRATOR_ROLE, Status, StoreError, User, UserStore};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, LazyLock};
use subtle::ConstantTimeEq as _;

/// The user whom a request acts as.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user: Arc<User>,
    pub(super) administrator: bool,
}

impl Caller {
    fn new(user: Arc<User>) -> Self {
        // Roles that come with a group count: the user holds them.
        let mut roles = user
            .assigned_roles
            .iter()
            .chain(user.assigned_groups.iter().flat_map(|group| &group.assigned_roles));
        let administrator = roles.any(|role| role.name == ADMINISTRATOR_ROLE);
        Self { user, administrator }
    }

    pub(super) fn tenant(&self) -> &str {
        &self.user.tenant_id
    }

    /// Whether the caller may see which roles that user has.
    pub(super) fn sees_roles_of(&self, user: &User) -> bool {
        self.administrator || self.user.id == user.id
    }

    /// What the caller may ask. Without access to roles they are unknown attributes, so that no answer and no error depends on them.
    pub(super) fn policy(&self) -> &'static Policy<User> {
        if self.administrator { scieve_users::policy() } else { &WITHOUT_ROLES }
    }

    pub(super) fn must_be_administrator(&self) -> Result<(), Problem> {
        if self.administrator { Ok(()) } else { Err(forbidden()) }
    }
}

pub(super) fn forbidden() -> Problem {
    Problem::new(Kind::Forbidden)
}

// The names are attributes of the schema, which a test holds; were one not, nothing could be asked.
static WITHOUT_ROLES: LazyLock<Policy<User>> = LazyLock::new(|| {
    let hidden =
        scieve_users::policy().clone().hiding(["assignedRoles", "assignedGroupsAssignedRoles"]);
    hidden.unwrap_or_else(|_| Policy::empty())
});

/// Tells callers by their keys and tokens.
pub(super) struct Identity {
    keys: Vec<ApiKey>,
    jwt: Option<Arc<Jwt>>,
    tenant: String,
}

impl Identity {
    pub(super) fn new(config: &Config) -> Self {
        Self { keys: config.keys.clone(), jwt: config.jwt.clone(), tenant: config.tenant.clone() }
    }

    /// The caller of a request with these headers.
    pub(super) async fn caller<S: UserStore>(
        &self,
        store: &S,
        headers: &HeaderMap,
    ) -> Result<Caller, Problem> {
        let unauthorized = || {
            Problem::new(Kind::Unauthorized)
                .because("expected the header `authorization: Bearer <key>` with a valid key")
        };
        let token = bearer(headers).ok_or_else(unauthorized)?;
        let user = match self.key(token) {
            Some(key) => known(store.get(&key.tenant, &key.user_id).await)?,
            None => match self.jwt.as_ref().and_then(|jwt| jwt.subject(token)) {
                Some(subject) => known(store.get_by_subject(&self.tenant, &subject).await)?,
                None => None,
            },
        };
        let user = user.filter(|user| !matches!(user.status, Status::Disabled | Status::Deleted));
        user.map(Caller::new).ok_or_else(unauthorized)
    }

    /// Every key is compared with, and each comparison takes the same time whatever was sent.
    fn key(&self, token: &str) -> Option<&ApiKey> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.keys.iter().fold(None, |found, key| {
            if bool::from(key.hash.ct_eq(&hash)) { Some(key) } else { found }
        })
    }
}

/// A user that is gone calls no more; a store that fails is no reason to let anyone in.
fn known(found: Result<Arc<User>, StoreError>) -> Result<Option<Arc<User>>, Problem> {
    match found {
        Ok(user) => Ok(Some(user)),
        Err(StoreError::NotFound) => Ok(None),
        Err(StoreError::Unavailable) => Err(Problem::unavailable()),
        Err(error) => Err(Problem::internal(error)),
    }
}

/// The token of the one `authorization` header, whose scheme is `Bearer` in any case (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none()).map(HeaderValue::to_str)?.ok()?;
    let (scheme, token) = value.trim_start().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::{WITHOUT_ROLES, bearer};
    use axum::http::HeaderMap;

    #[test]
    fn roles_can_be_hidden() {
        assert!(WITHOUT_ROLES.parse("name eq \"a\"").is_ok());
        assert!(WITHOUT_ROLES.parse("assignedRoles.name eq \"a\"").is_err());
    }

    #[test]
    fn tokens_stand_behind_the_scheme() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("authorization", value.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned)
        };
        for good in ["Bearer k", "bearer k", "BEARER   k", " Bearer k "] {
            assert_eq!(of(&[good]).as_deref(), Some("k"), "{good:?}");
        }
        for bad in ["", "Bearer", "Bearer ", "Basic k", "k", "Bearerk"] {
            assert_eq!(of(&[bad]), None, "{bad:?}");
        }
        assert_eq!(of(&["Bearer k", "Bearer k"]), None);
    }
}
