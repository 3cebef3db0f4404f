//! State and functions that all handlers share.

use super::availability::Availability;
use super::body::{self, BodyLimits};
use super::config::{Config, ConfigError, InviteExpiry};
use super::identity::{AuthenticationError, Authenticator, Caller};
use super::links::{Links, PublicUrl};
use super::metrics::Metrics;
use super::problem::{Problem, ProblemKind};
use super::rate_limit::{RateLimiter, Tier};
use super::request_id::CallerSlot;
use super::scan_limit::ScanLimiter;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use scieve_users::{CursorKey, Mailer, StoreError, UserStore};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Maximum time that the first scrape of the metrics waits for the number of users.
const FIRST_COUNT_TIMEOUT: Duration = Duration::from_millis(250);

/// The store and the settings of a router.
pub(super) struct App<S> {
    pub(super) store: Arc<S>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) cursors: CursorKey,
    pub(super) invite_expiry: InviteExpiry,
    /// Tenant whose number of users is in the metrics.
    pub(super) tenant: String,
    pub(super) metrics: Arc<Metrics>,
    pub(super) scan_limiter: ScanLimiter,
    pub(super) availability: Arc<Availability>,
    authenticator: Authenticator,
    rate_limiter: RateLimiter,
    public_url: Option<PublicUrl>,
    body_limits: BodyLimits,
}

/// Callers that are authorised for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// All authenticated callers.
    Anyone,
    Administrators,
}

impl<S: UserStore> App<S> {
    pub(super) fn new(store: Arc<S>, config: &Config) -> Result<Self, ConfigError> {
        let cursors = match &config.cursor_key {
            Some(key) => key.clone(),
            None => CursorKey::random().map_err(|error| ConfigError::new(error.to_string()))?,
        };
        Ok(Self {
            store,
            mailer: Arc::clone(&config.mailer),
            cursors,
            invite_expiry: config.invite_expiry,
            tenant: config.tenant.clone(),
            metrics: Arc::new(Metrics::new().map_err(|error| ConfigError::new(error.to_string()))?),
            scan_limiter: ScanLimiter::new(config.search),
            availability: Arc::default(),
            authenticator: Authenticator::new(config),
            rate_limiter: RateLimiter::new(config.rates),
            public_url: config.public_url.clone(),
            body_limits: BodyLimits { bytes: config.body_bytes, time: config.timeouts.body },
        })
    }

    /// Authenticates the caller, counts the request towards the rate limit of the tier and
    /// authorises the caller, in this order.
    pub(super) async fn authenticate(
        &self,
        request: &Parts,
        tier: Tier,
        access: Access,
    ) -> Result<Caller, Problem> {
        let claimed = self.authenticator.claimed(&request.headers)?;
        let tenant = self.authenticator.tenant(&claimed);
        self.must_be_available(tenant)?;
        let caller = self.authenticator.caller(&*self.store, &claimed).await;
        let caller = caller.map_err(|error| match error {
            AuthenticationError::Rejected(problem) => problem,
            AuthenticationError::Store(error) => {
                // A look-up is cheap: it fails as unavailable only if the store is.
                if error == StoreError::Unavailable {
                    self.availability.lost(&self.store, tenant);
                }
                error.into()
            }
        })?;
        if let Some(slot) = request.extensions.get::<CallerSlot>() {
            slot.set(&caller.id);
        }
        self.rate_limiter.count(caller.tenant(), &caller.id, tier)?;
        match access {
            Access::Anyone => {}
            Access::Administrators => caller.must_be_administrator()?,
        }
        Ok(caller)
    }

    /// Rejects a request at once if the store is known to be unavailable for the tenant.
    pub(super) fn must_be_available(&self, tenant: &str) -> Result<(), Problem> {
        if self.availability.is_available(tenant) { Ok(()) } else { Err(Problem::unavailable()) }
    }

    /// Updates the number of users in the metrics if it is older than a minute: in the background,
    /// except for the first time, so that a scrape never waits for a count.
    pub(super) async fn refresh_user_count(self: &Arc<Self>) {
        let Some(first) = self.metrics.user_count_is_due() else { return };
        let app = Arc::clone(self);
        let counting = tokio::spawn(async move {
            let users = app.store.count(&app.tenant).await.ok();
            app.metrics.set_user_count(users);
        });
        if first {
            let _ = tokio::time::timeout(FIRST_COUNT_TIMEOUT, counting).await;
        }
    }

    pub(super) fn links(&self, request: &Parts) -> Result<Links, Problem> {
        Links::of(request, self.public_url.as_ref())
    }

    /// Reads a JSON body of one of the media types; `None` if it is empty.
    pub(super) async fn json(
        &self,
        request: &Parts,
        body: Body,
        media_types: &[&str],
    ) -> Result<Option<Value>, Problem> {
        let bytes: Bytes = body::read(body, &request.headers, self.body_limits).await?;
        body::json(&bytes, &request.headers, media_types)
    }
}

/// Media types of request bodies.
pub(super) const JSON: &[&str] = &["application/json"];
pub(super) const JSON_PATCH: &[&str] = &["application/json", "application/json-patch+json"];

/// Returns a response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    let json = HeaderValue::from_static("application/json");
    match serde_json::to_string(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, json)], body).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

const TOO_SLOW: &str =
    "the query took too long: use fewer conditions, `eq` instead of `co`, or the order by name";

/// Maps an error of the store to its response. `pointer` is a JSON pointer into the request body.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::new(ProblemKind::NotFound),
            StoreError::SubjectTaken { .. } => {
                Self::new(ProblemKind::Conflict).because("another user has this subject")
            }
            StoreError::Changed => Self::new(ProblemKind::PreconditionFailed)
                .because("the user has changed: get it again and use its new `etag`"),
            StoreError::LastAdministrator => Self::new(ProblemKind::LastAdministrator).because(
                "the user is the last administrator of the tenant: make another user an \
                 administrator first",
            ),
            StoreError::Invalid { pointer, message } => Self::pointer(pointer, message),
            StoreError::TooSlow => Self::bad_request(TOO_SLOW),
            StoreError::Unavailable => Self::unavailable(),
            error => Self::internal(error),
        }
    }
}
