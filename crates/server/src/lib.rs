//! The users API over HTTP, on any [`UserStore`].
//!
//! [`router`] is the API as an axum router, to be served by [`serve`] or mounted in another application. Beside the ten endpoints
//! below `/api/v1/users` it has `/openapi.json`, `/docs`, `/healthz` and `/metrics`.

mod app;
mod body;
mod config;
mod finish_response;
mod identity;
mod jwt;
mod links;
mod metrics;
mod openapi;
mod ops;
mod problem;
mod query;
mod rate_limit;
mod request_smuggling;
mod server;
mod users;
mod view;
mod write_timeout;

pub use config::Config;
pub use config::ConfigError;
pub use config::Cors;
pub use config::InviteExpiry;
pub use config::RateLimits;
pub use config::Timeouts;
pub use jwt::Jwt;
pub use jwt::JwtAlgorithm;
pub use jwt::JwtError;
pub use openapi::OPENAPI;
pub use server::serve;

use app::App;
use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn_with_state;
use scieve_users::UserStore;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The users API as a router, for [`serve`] or to be mounted with [`Router::nest`] or [`Router::nest_service`].
///
/// # Errors
/// Where the operating system has no random numbers for the key of the cursors.
pub fn router<S: UserStore>(store: Arc<S>, config: &Config) -> Result<Router, ConfigError> {
    let app = Arc::new(App::new(store, config)?);
    let metrics = Arc::clone(&app.metrics);
    let router = Router::new()
        .merge(users::routes())
        .merge(ops::routes())
        .merge(openapi::routes())
        .fallback(|| async { problem::Problem::new(problem::Kind::NotFound) })
        .with_state(app)
        .layer(CatchPanicLayer::custom(finish_response::panicked))
        .layer(from_fn_with_state((metrics, config.timeouts.body), finish_response::complete));
    Ok(match cors(&config.cors) {
        Some(cors) => router.layer(cors),
        None => router,
    })
}

fn cors(cors: &Cors) -> Option<CorsLayer> {
    let origins = match cors {
        Cors::Off => return None,
        Cors::Any => AllowOrigin::any(),
        Cors::Origins(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    let own = ["qlik-api-version", "qlik-csrf-token", "qlik-web-integration-id"]
        .map(HeaderName::from_static);
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            [header::AUTHORIZATION, header::CONTENT_TYPE]
                .into_iter()
                .chain(own)
                .collect::<Vec<_>>(),
        )
        .expose_headers([
            header::RETRY_AFTER,
            header::LOCATION,
            HeaderName::from_static("qlik-csrf-token"),
        ])
        .max_age(Duration::from_secs(3600));
    Some(layer)
}
