//! Authentication of callers and their access rights.

use super::config::Config;
use super::credentials::{ApiKey, Credentials};
use super::problem::{Problem, ProblemKind};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use scieve::{Policy, UnknownValues};
use scieve_users::{Account, AccountKey, StoreError, User, UserStore};
use std::sync::LazyLock;
use tokio::sync::watch;

/// The user that a request acts as.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    tenant: String,
    pub(super) id: String,
    pub(super) administrator: bool,
}

impl Caller {
    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Returns whether the roles and scopes of `user` are visible to the caller. A scope grants
    /// access as a role does, and `admin_classic` reveals administrators.
    pub(super) fn sees_access_of(&self, user: &User) -> bool {
        self.administrator || self.id == user.id
    }

    /// Returns whether lists can contain deleted users, whose personal data only administrators may
    /// see.
    pub(super) fn sees_deleted(&self) -> bool {
        self.administrator
    }

    /// Returns the policy for the caller's filters.
    ///
    /// For callers without access to roles, the attributes of roles and scopes are not in the
    /// policy. A filter with one is rejected as a filter with an unknown attribute is, so that
    /// neither results nor errors reveal the roles of other users.
    pub(super) fn policy(&self) -> &'static Policy<User> {
        if self.administrator { &POLICY } else { &WITHOUT_ACCESS }
    }

    pub(super) fn must_be_administrator(&self) -> Result<(), Problem> {
        if self.administrator { Ok(()) } else { Err(forbidden()) }
    }
}

pub(super) fn forbidden() -> Problem {
    Problem::new(ProblemKind::Forbidden)
}

/// The policy of the users API, without statuses that no user can have: a misspelt one would select
/// no user, without an error. The functions of this and of the next policy fail only if a path is
/// not in the schema, which a test excludes; the fallback permits no filter.
static POLICY: LazyLock<Policy<User>> = LazyLock::new(|| {
    let policy = scieve_users::policy().clone();
    policy.with_unknown_values("status", UnknownValues::Refuse).unwrap_or_else(|_| Policy::empty())
});

/// The policy without the attributes of roles and scopes.
static WITHOUT_ACCESS: LazyLock<Policy<User>> = LazyLock::new(|| {
    let hidden = ["assignedRoles", "assignedGroupsAssignedRoles", "assignedScopes"];
    POLICY.clone().hiding(hidden).unwrap_or_else(|_| Policy::empty())
});

/// Authenticates callers by API key or JSON Web Token.
pub(super) struct Authenticator {
    credentials: Credentials,
    watched: Option<watch::Receiver<Credentials>>,
    /// Tenant of the users that tokens refer to.
    tenant: String,
}

/// The owner that a valid token names.
pub(super) enum Claimed {
    Key(ApiKey),
    Subject(String),
}

impl Authenticator {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            credentials: config.credentials.clone(),
            watched: config.watched_credentials.clone(),
            tenant: config.tenant.clone(),
        }
    }

    /// Returns whom the credentials of a request with these headers name.
    pub(super) fn claimed(&self, headers: &HeaderMap) -> Result<Claimed, Problem> {
        let token = bearer(headers).ok_or_else(unauthorized)?;
        let of = |credentials: &Credentials| match credentials.key(token) {
            Some(key) => Some(Claimed::Key(key.clone())),
            None => credentials.subject(token).map(Claimed::Subject),
        };
        let watched = || self.watched.as_ref().and_then(|watched| of(&watched.borrow()));
        of(&self.credentials).or_else(watched).ok_or_else(unauthorized)
    }

    pub(super) fn tenant<'a>(&'a self, claimed: &'a Claimed) -> &'a str {
        match claimed {
            Claimed::Key(key) => &key.tenant,
            Claimed::Subject(_) => &self.tenant,
        }
    }

    /// Looks up the caller. Disabled and deleted users are rejected, unless the key acts as an
    /// administrator whatever is stored.
    ///
    /// The look-up is not constant-time, so response times may reveal that a key exists, even if its
    /// user is disabled.
    pub(super) async fn caller<S: UserStore>(
        &self,
        store: &S,
        claimed: &Claimed,
    ) -> Result<Caller, AuthenticationError> {
        let tenant = self.tenant(claimed).to_owned();
        let account = match claimed {
            Claimed::Key(key) => store.account(&tenant, AccountKey::Id(&key.user_id)).await,
            Claimed::Subject(subject) => store.account(&tenant, AccountKey::Subject(subject)).await,
        };
        let account = found(account)?;
        if let Claimed::Key(ApiKey { user_id, administrator: true, .. }) = claimed {
            return Ok(Caller { tenant, id: user_id.clone(), administrator: true });
        }
        let active = account.filter(|account| account.status.can_act());
        let Account { id, is_administrator, .. } = active.ok_or_else(unauthorized)?;
        Ok(Caller { tenant, id, administrator: is_administrator })
    }
}

fn unauthorized() -> Problem {
    Problem::new(ProblemKind::Unauthorized)
        .because("expected the header `authorization: Bearer <key>` with a valid key")
}

/// The reason why a caller is not authenticated.
pub(super) enum AuthenticationError {
    /// The token is invalid.
    Rejected(Problem),
    /// The user could not be looked up.
    Store(StoreError),
}

impl From<Problem> for AuthenticationError {
    fn from(problem: Problem) -> Self {
        Self::Rejected(problem)
    }
}

/// Returns `None` if the user does not exist, which makes its key invalid. Other errors of the
/// store fail the request.
fn found(account: Result<Account, StoreError>) -> Result<Option<Account>, AuthenticationError> {
    match account {
        Ok(account) => Ok(Some(account)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(AuthenticationError::Store(error)),
    }
}

/// Returns the token of the `authorization` header if there is exactly one such header and its
/// scheme is `Bearer`, which is case-insensitive (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none()).map(HeaderValue::to_str)?.ok()?;
    let (scheme, token) = value.trim_start().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::{POLICY, WITHOUT_ACCESS, bearer};
    use axum::http::HeaderMap;

    #[test]
    fn roles_and_scopes_can_be_hidden() {
        assert!(POLICY.parse("assignedRoles.name eq \"a\"").is_ok());
        assert!(WITHOUT_ACCESS.parse("name eq \"a\"").is_ok());
        assert!(WITHOUT_ACCESS.parse("assignedRoles.name eq \"a\"").is_err());
        assert!(WITHOUT_ACCESS.parse("assignedScopes eq \"a\"").is_err());
    }

    #[test]
    fn bearer_tokens_are_parsed() {
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
