//! What every handler works with.

use super::body::{self, BodyLimits};
use super::config::{Config, ConfigError, InviteExpiry};
use super::identity::{Caller, Identity};
use super::links::{Links, PublicUrl};
use super::metrics::Metrics;
use super::problem::{Kind, Problem};
use super::rate_limit::{Limiter, Tier};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use scieve_users::{CursorKey, Mailer, StoreError, UserStore};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// The store and the settings of a router.
pub(super) struct App<S> {
    pub(super) store: Arc<S>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) cursors: CursorKey,
    pub(super) invite_expiry: InviteExpiry,
    /// The tenant whose size is shown.
    pub(super) tenant: String,
    pub(super) metrics: Arc<Metrics>,
    identity: Identity,
    limiter: Limiter,
    public: Option<PublicUrl>,
    bodies: BodyLimits,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever has a key.
    Anyone,
    /// Administrators.
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
            identity: Identity::new(config),
            limiter: Limiter::new(config.rates),
            public: config.public_url.clone(),
            bodies: BodyLimits { bytes: config.body_bytes, time: config.timeouts.body },
        })
    }

    /// Who calls: a valid key, then the number of requests, then what the caller may do.
    pub(super) async fn admit(
        &self,
        request: &Parts,
        tier: Tier,
        access: Access,
    ) -> Result<Caller, Problem> {
        let caller = self.identity.caller(&*self.store, &request.headers).await?;
        self.limiter.admit(caller.tenant(), &caller.user.id, tier)?;
        match access {
            Access::Anyone => {}
            Access::Administrators => caller.must_be_administrator()?,
        }
        Ok(caller)
    }

    pub(super) fn links(&self, request: &Parts) -> Result<Links, Problem> {
        Links::of(request, self.public.as_ref())
    }

    /// The JSON of a body; `None` where it is empty.
    pub(super) async fn json(
        &self,
        request: &Parts,
        body: Body,
        types: &[&str],
    ) -> Result<Option<Value>, Problem> {
        let bytes: Bytes = body::read(body, &request.headers, self.bodies).await?;
        body::json(&bytes, &request.headers, types)
    }
}

/// The types of bodies.
pub(super) const JSON: &[&str] = &["application/json"];
pub(super) const JSON_PATCH: &[&str] = &["application/json", "application/json-patch+json"];

/// An answer with a JSON body.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let json = HeaderValue::from_static("application/json");
    match serde_json::to_string(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, json)], body).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// What a store could not do, as the caller reads it. Pointers are into the body.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::new(Kind::NotFound),
            StoreError::SubjectTaken { .. } => {
                Self::new(Kind::Conflict).because("another user has this subject")
            }
            StoreError::Invalid { pointer, message } => Self::pointer(pointer, message),
            StoreError::Unavailable => Self::unavailable(),
            error => Self::internal(error),
        }
    }
}
