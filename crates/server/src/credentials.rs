//! The keys and tokens that authenticate callers.

use super::jwt::Jwt;
use scieve_users::User;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// API keys and JSON Web Tokens to accept.
///
/// ```
/// use scieve_server::{Config, Credentials};
/// use tokio::sync::watch;
///
/// // Keys that can be replaced while the server runs.
/// let (sender, receiver) = watch::channel(Credentials::new());
/// let config = Config::new("tenant-1").watch_credentials(receiver);
/// sender.send_replace(Credentials::new().api_key("a long random key", "tenant-1", "u1"));
/// ```
#[derive(Clone, Default)]
pub struct Credentials {
    keys: Vec<ApiKey>,
    jwt: Option<Arc<Jwt>>,
}

/// An API key, stored as its SHA-256 hash. A slow password hash is unnecessary for random keys.
#[derive(Clone)]
pub(super) struct ApiKey {
    hash: [u8; 32],
    pub(super) tenant: String,
    pub(super) user_id: String,
    /// The key acts as an administrator, whatever the store contains.
    pub(super) administrator: bool,
}

impl Credentials {
    /// Returns credentials without keys, which reject every caller.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts an API key, whose requests act as the user `user_id` of `tenant`. Several keys may
    /// be added. Only the hash of the key is stored.
    #[must_use]
    pub fn api_key(self, key: &str, tenant: impl Into<String>, user_id: impl Into<String>) -> Self {
        self.key_hash(Sha256::digest(key).into(), tenant, user_id)
    }

    /// Accepts an API key of which only the SHA-256 hash is known.
    #[must_use]
    pub fn key_hash(
        mut self,
        hash: [u8; 32],
        tenant: impl Into<String>,
        user_id: impl Into<String>,
    ) -> Self {
        let (tenant, user_id) = (tenant.into(), user_id.into());
        self.keys.push(ApiKey { hash, tenant, user_id, administrator: false });
        self
    }

    /// Accepts an API key that acts as an administrator of the tenant of `user`, whatever the store
    /// contains: also if the stored user with that id was deleted, disabled or lost its roles.
    #[must_use]
    pub fn administrator_key(self, key: &str, user: User) -> Self {
        self.administrator_key_hash(Sha256::digest(key).into(), user)
    }

    /// Accepts an API key as [`Credentials::administrator_key`] does, of which only the SHA-256 hash
    /// is known.
    #[must_use]
    pub fn administrator_key_hash(mut self, hash: [u8; 32], user: User) -> Self {
        self.keys.push(ApiKey {
            hash,
            tenant: user.tenant_id,
            user_id: user.id,
            administrator: true,
        });
        self
    }

    /// Accepts JSON Web Tokens, whose requests act as the user of the tenant with the token's
    /// subject.
    #[must_use]
    pub fn jwt(mut self, jwt: Jwt) -> Self {
        self.jwt = Some(Arc::new(jwt));
        self
    }

    /// Returns true if there is neither an API key nor a verifier of tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.jwt.is_none()
    }

    /// Finds the key by its hash in constant time for a given number of keys: all keys are
    /// compared, each without an early exit, so that response times reveal nothing about the stored
    /// hashes (timing side channel).
    pub(super) fn key(&self, token: &str) -> Option<&ApiKey> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.keys.iter().fold(None, |found, key| {
            if bool::from(key.hash.ct_eq(&hash)) { Some(key) } else { found }
        })
    }

    /// Returns the subject of a valid token.
    pub(super) fn subject(&self, token: &str) -> Option<String> {
        self.jwt.as_ref().and_then(|jwt| jwt.subject(token))
    }
}

/// Omits keys and secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("keys", &self.keys.len())
            .field("jwt", &self.jwt.is_some())
            .finish()
    }
}
