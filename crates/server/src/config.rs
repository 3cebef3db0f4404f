//! How the server is set up.

use super::jwt::Jwt;
use super::links::PublicUrl;
use axum::http::HeaderValue;
use scieve_users::{CursorKey, Mailer, SilentMailer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How the users API is set up. [`Config::new`] is a server that lets nobody in: add a key or a [`Jwt`].
///
/// ```
/// use scieve_server::Config;
///
/// let config = Config::new("tenant-1").api_key("a long random key", "tenant-1", "62716ab404a7bd8626af9bd6").public_url("https://users.example")?;
/// # Ok::<(), scieve_server::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(super) tenant: String,
    pub(super) keys: Vec<ApiKey>,
    pub(super) jwt: Option<Arc<Jwt>>,
    pub(super) rates: RateLimits,
    pub(super) public_url: Option<PublicUrl>,
    pub(super) cors: Cors,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) cursor_key: Option<CursorKey>,
    pub(super) invite_expiry: InviteExpiry,
    pub(super) body_bytes: usize,
    pub(super) head_bytes: usize,
    pub(super) max_headers: usize,
    pub(super) timeouts: Timeouts,
    pub(super) max_connections: usize,
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// An API key, kept as its SHA-256 hash.
#[derive(Clone)]
pub(super) struct ApiKey {
    pub(super) hash: [u8; 32],
    pub(super) tenant: String,
    pub(super) user_id: String,
}

/// Requests that each user may make in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// List, get, count, me and metadata; 1000 by default.
    pub tier1: Option<u32>,
    /// Create, patch, delete and invite; 100 by default.
    pub tier2: Option<u32>,
    /// The filter action; 200 by default.
    pub special: Option<u32>,
}

impl RateLimits {
    /// No limits.
    pub const OFF: Self = Self { tier1: None, tier2: None, special: None };
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { tier1: Some(1000), tier2: Some(100), special: Some(200) }
    }
}

/// From which other origins browsers may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// None.
    #[default]
    Off,
    /// Any.
    Any,
    /// These.
    Origins(Vec<HeaderValue>),
}

/// What `inviteExpiry` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InviteExpiry {
    /// The seconds that are left.
    #[default]
    SecondsLeft,
    /// When the invitation ends, in seconds since 1970-01-01T00:00:00Z.
    Unix,
}

/// How long the server waits for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the head of a request, from when the connection is free for it; 30 s by default.
    pub head: Duration,
    /// For the whole body of a request; 30 s by default.
    pub body: Duration,
    /// For the caller to take some more of an answer; 30 s by default.
    pub answer: Duration,
    /// For answers under way when the server is to end; 10 s by default.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let (long, shutdown) = (Duration::from_secs(30), Duration::from_secs(10));
        Self { head: long, body: long, answer: long, shutdown }
    }
}

impl Config {
    /// The defaults. `tenant` is the tenant of tokens, and the one whose size `/metrics` shows.
    #[must_use]
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            keys: Vec::new(),
            jwt: None,
            rates: RateLimits::default(),
            public_url: None,
            cors: Cors::Off,
            mailer: Arc::new(SilentMailer),
            cursor_key: None,
            invite_expiry: InviteExpiry::default(),
            body_bytes: 512_000,
            head_bytes: 128 << 10,
            max_headers: 100,
            timeouts: Timeouts::default(),
            max_connections: 10_000,
        }
    }

    /// Lets in who has this key, as that user of that tenant. Only the hash of the key is kept.
    #[must_use]
    pub fn api_key(
        mut self,
        key: &str,
        tenant: impl Into<String>,
        user_id: impl Into<String>,
    ) -> Self {
        self.keys.push(ApiKey {
            hash: Sha256::digest(key).into(),
            tenant: tenant.into(),
            user_id: user_id.into(),
        });
        self
    }

    /// Lets in who has a JSON web token, as the user of the tenant whose subject is the token's.
    #[must_use]
    pub fn jwt(mut self, jwt: Jwt) -> Self {
        self.jwt = Some(Arc::new(jwt));
        self
    }

    /// Other limits on requests.
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rates = limits;
        self
    }

    /// What links begin with, such as `https://users.example` or `https://example.com/directory`, whatever the request says.
    ///
    /// # Errors
    /// Text that is no `http` or `https` URL, or one with a query or a fragment.
    pub fn public_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.public_url = Some(
            PublicUrl::read(url)
                .ok_or_else(|| ConfigError::new(format!("`{url}` is no http or https URL")))?,
        );
        Ok(self)
    }

    /// Lets browsers call from other origins.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// What sends the mails of invitations; by default nothing does.
    #[must_use]
    pub fn mailer(mut self, mailer: impl Mailer + 'static) -> Self {
        self.mailer = Arc::new(mailer);
        self
    }

    /// The key of the cursors; a random one by default, so that cursors do not outlive the server.
    #[must_use]
    pub fn cursor_key(mut self, key: CursorKey) -> Self {
        self.cursor_key = Some(key);
        self
    }

    /// What `inviteExpiry` says.
    #[must_use]
    pub fn invite_expiry(mut self, unit: InviteExpiry) -> Self {
        self.invite_expiry = unit;
        self
    }

    /// Bytes that the body of a request may have; 512,000 by default.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Bytes that the line and the headers of a request may have together where [`serve`](super::serve) reads them; 131,072 by
    /// default, and never less than 8,192. A line of more than 65,534 is refused whatever this is.
    #[must_use]
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// Headers that a request may have where [`serve`](super::serve) reads them; 100 by default.
    #[must_use]
    pub fn max_headers(mut self, headers: usize) -> Self {
        self.max_headers = headers;
        self
    }

    /// How long the server waits for a caller.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Connections that [`serve`](super::serve) holds at a time, more wait; 10,000 by default.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }
}

/// Keys and secrets are left out.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("tenant", &self.tenant)
            .field("keys", &self.keys.len())
            .field("jwt", &self.jwt.is_some())
            .field("rates", &self.rates)
            .field("public_url", &self.public_url)
            .field("cors", &self.cors)
            .field("invite_expiry", &self.invite_expiry)
            .field("body_bytes", &self.body_bytes)
            .field("head_bytes", &self.head_bytes)
            .field("max_headers", &self.max_headers)
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
