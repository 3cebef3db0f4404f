//! Configuration of the router and the server.

use super::credentials::Credentials;
use super::jwt::Jwt;
use super::links::{PublicUrl, is_origin};
use axum::http::HeaderValue;
use scieve_users::{CursorKey, Mailer, SilentMailer, User};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Configuration of [`router`](super::router) and [`serve`](super::serve).
///
/// [`Config::new`] has a default for every setting but accepts no caller: add an
/// [API key](Config::api_key) or a [`Jwt`].
///
/// ```
/// use scieve_server::Config;
///
/// let config = Config::new("tenant-1")
///     .api_key("a long random key", "tenant-1", "62716ab404a7bd8626af9bd6")
///     .public_url("https://users.example")?;
/// # Ok::<(), scieve_server::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(super) tenant: String,
    pub(super) credentials: Credentials,
    pub(super) watched_credentials: Option<watch::Receiver<Credentials>>,
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
    pub(super) search: SearchLimits,
}

/// An invalid setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Maximum number of requests per user within 60 s, by tier; `None` for no limit.
///
/// A request above the limit has the response 429 with `retry-after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Tier 1: list, get, count, me and metadata; the default is 1,000.
    pub tier1: Option<u32>,
    /// Tier 2: create, patch, delete and invite; the default is 100.
    pub tier2: Option<u32>,
    /// Special tier: the filter action; the default is 200.
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

/// Origins whose scripts may call the API from a browser (cross-origin resource sharing, see the
/// [Fetch standard](https://fetch.spec.whatwg.org/#http-cors-protocol)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// Only the origin of the server.
    #[default]
    Off,
    /// Every origin.
    Any,
    /// The listed origins, such as `https://app.example`.
    Origins(Vec<HeaderValue>),
}

impl Cors {
    /// Parses origins such as `https://app.example`; `*` means every origin, no string for
    /// [`Cors::Off`].
    ///
    /// # Errors
    /// A string that is not the serialisation of an `http` or `https` origin, because no browser
    /// would send it: with a path, a trailing slash, uppercase letters or a default port.
    pub fn origins<S: AsRef<str>>(
        origins: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let mut parsed = Vec::new();
        let mut any = false;
        for origin in origins {
            let origin = origin.as_ref();
            any |= origin == "*";
            if origin != "*" {
                let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin));
                parsed.push(value.ok_or_else(|| {
                    ConfigError::new(format!(
                        "`{origin}` is not an origin such as `https://a.example`"
                    ))
                })?);
            }
        }
        Ok(match (any, parsed.is_empty()) {
            (true, _) => Self::Any,
            (false, true) => Self::Off,
            (false, false) => Self::Origins(parsed),
        })
    }
}

/// Unit of the member `inviteExpiry`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InviteExpiry {
    /// Seconds until the invitation expires.
    #[default]
    SecondsLeft,
    /// Unix time at which the invitation expires, in seconds since 1970-01-01T00:00:00Z.
    Unix,
}

/// Time limits for clients. They bound the resources that slow clients can occupy (slowloris, slow
/// read).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Maximum time to receive the head of a request, including the idle time of a kept-alive
    /// connection before it; the default is 30 s.
    pub head: Duration,
    /// Maximum time to receive the whole body of a request; the default is 30 s.
    pub body: Duration,
    /// Maximum time without progress while a response is sent; the default is 30 s.
    pub answer: Duration,
    /// Maximum time to finish the requests in progress at shutdown; the default is 10 s.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let (long, shutdown) = (Duration::from_secs(30), Duration::from_secs(10));
        Self { head: long, body: long, answer: long, shutdown }
    }
}

/// Limits on lists that an index does not answer: those with a costly filter, a total, or an
/// unusual order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchLimits {
    /// Maximum time of a list, page and total together; the default is 2 s. A list that takes longer
    /// is cancelled and has the response 400. Requests above the following limits wait as long, and
    /// then have the response 429.
    pub time: Duration,
    /// Maximum number of concurrent scans of one user; the default is 2, and 0 counts as 1.
    pub per_user: usize,
    /// Maximum number of concurrent scans; the default is 4, and 0 counts as 1. Set it below the
    /// number of connections of a database.
    pub total: usize,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(2), per_user: 2, total: 4 }
    }
}

impl Config {
    /// Returns the default configuration. `tenant` is the tenant of the users that a [`Jwt`] refers
    /// to, and the one whose number of users is in `/metrics`.
    #[must_use]
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            credentials: Credentials::new(),
            watched_credentials: None,
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
            search: SearchLimits::default(),
        }
    }

    /// Accepts an API key, whose requests act as the user `user_id` of `tenant`. Several keys may
    /// be added. Only the hash of the key is stored.
    #[must_use]
    pub fn api_key(
        mut self,
        key: &str,
        tenant: impl Into<String>,
        user_id: impl Into<String>,
    ) -> Self {
        self.credentials = self.credentials.api_key(key, tenant, user_id);
        self
    }

    /// Accepts an API key that acts as an administrator whatever the store contains, see
    /// [`Credentials::administrator_key`].
    #[must_use]
    pub fn administrator_key(mut self, key: &str, user: User) -> Self {
        self.credentials = self.credentials.administrator_key(key, user);
        self
    }

    /// Accepts also the credentials that the channel contains at the time of a request, so that
    /// keys can be replaced while the server runs.
    #[must_use]
    pub fn watch_credentials(mut self, credentials: watch::Receiver<Credentials>) -> Self {
        self.watched_credentials = Some(credentials);
        self
    }

    /// Accepts JSON Web Tokens, whose requests act as the user of the tenant with the token's
    /// subject.
    #[must_use]
    pub fn jwt(mut self, jwt: Jwt) -> Self {
        self.credentials = self.credentials.jwt(jwt);
        self
    }

    /// Sets the rate limits.
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rates = limits;
        self
    }

    /// Sets the base URL of links, such as `https://users.example` or
    /// `https://example.com/directory`. By default, links are derived from the request: from
    /// `Forwarded` (RFC 7239), otherwise from `X-Forwarded-Proto` and `X-Forwarded-Host`, otherwise
    /// from `Host`; `X-Forwarded-Prefix` precedes the path. Set it unless a trusted proxy sets
    /// these headers.
    ///
    /// # Errors
    /// A string that is not an `http` or `https` URL; a URL with a user, a query or a fragment.
    pub fn public_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.public_url = Some(PublicUrl::parse(url).ok_or_else(|| {
            ConfigError::new(format!("`{url}` is not a valid http or https URL"))
        })?);
        Ok(self)
    }

    /// Sets the origins whose scripts may call the API from a browser. [`Cors::origins`] parses
    /// them.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// Sets the mailer for invitations. By default, no mail is sent.
    #[must_use]
    pub fn mailer(mut self, mailer: impl Mailer + 'static) -> Self {
        self.mailer = Arc::new(mailer);
        self
    }

    /// Sets the key that authenticates pagination cursors. The default is random, which invalidates
    /// cursors when the server restarts or another instance behind a load balancer receives them.
    #[must_use]
    pub fn cursor_key(mut self, key: CursorKey) -> Self {
        self.cursor_key = Some(key);
        self
    }

    /// Sets the unit of `inviteExpiry`.
    #[must_use]
    pub fn invite_expiry(mut self, unit: InviteExpiry) -> Self {
        self.invite_expiry = unit;
        self
    }

    /// Sets the maximum size of a request body in bytes; the default is 512,000. A larger one has
    /// the response 413.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Sets the maximum size of the request line and the headers together in bytes, if the router
    /// is served by [`serve`](super::serve); the default is 131,072, the minimum 8,192.
    /// Independently of this, a request target of more than 65,534 bytes has the response 414.
    #[must_use]
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// Sets the maximum number of request headers, if the router is served by
    /// [`serve`](super::serve); the default is 100.
    #[must_use]
    pub fn max_headers(mut self, headers: usize) -> Self {
        self.max_headers = headers;
        self
    }

    /// Sets the time limits for clients.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the maximum number of concurrent connections of [`serve`](super::serve); the default is
    /// 10,000. Further ones wait to be accepted.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets the limits on lists that an index does not answer.
    #[must_use]
    pub fn search_limits(mut self, limits: SearchLimits) -> Self {
        self.search = limits;
        self
    }
}

/// Omits keys and secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("tenant", &self.tenant)
            .field("credentials", &self.credentials)
            .field("rates", &self.rates)
            .field("public_url", &self.public_url)
            .field("cors", &self.cors)
            .field("invite_expiry", &self.invite_expiry)
            .field("body_bytes", &self.body_bytes)
            .field("head_bytes", &self.head_bytes)
            .field("max_headers", &self.max_headers)
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .field("search", &self.search)
            .finish_non_exhaustive()
    }
}
