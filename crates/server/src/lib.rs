//! The Users REST API of scieve as an [axum] router over any [`UserStore`].
//!
//! The API has ten endpoints below `/api/v1/users` to list, filter, count, create, invite, get,
//! patch and delete the users of a tenant, with SCIM filters (RFC 7644 section 3.4.2.2) and
//! bidirectional keyset pagination. It mirrors the Users REST API of Qlik Cloud, whose official
//! clients work with it unchanged. The router also serves its OpenAPI description at
//! `/openapi.json`, a documentation page at `/docs`, `/healthz` and Prometheus metrics at
//! `/metrics`.
//!
//! [`router`] creates the router, [`Config`] configures it, and [`serve`] serves it over HTTP/1.1
//! with limits against slow clients:
//!
//! ```no_run
//! use scieve_server::{Config, router, serve};
//! use scieve_users::{Fixture, MemoryStore, UserStore as _};
//! use std::sync::Arc;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let fixture = Fixture::from_json(
//!     r#"{
//!         "tenant": { "id": "tenant-1" },
//!         "roles": [{ "id": "r1", "name": "TenantAdmin", "type": "default", "level": "admin" }],
//!         "users": [{
//!             "id": "u1",
//!             "name": "Alice",
//!             "subject": "alice",
//!             "status": "active",
//!             "createdAt": "2026-01-01T00:00:00Z",
//!             "lastUpdatedAt": "2026-01-01T00:00:00Z",
//!             "assignedRoles": ["TenantAdmin"]
//!         }]
//!     }"#,
//! )?;
//! let store = Arc::new(MemoryStore::new());
//! store.load("tenant-1", fixture.roles, fixture.groups, fixture.users).await?;
//!
//! let config = Config::new("tenant-1").api_key("a long random key", "tenant-1", "u1");
//! let api = router(store, &config)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! serve(listener, api, &config, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! curl -H 'Authorization: Bearer a long random key' \
//!     'http://127.0.0.1:3000/api/v1/users?filter=name%20eq%20%22alice%22'
//! ```
//!
//! The router can also be mounted in another application:
//!
//! ```
//! use axum::Router;
//! use scieve_server::{Config, router};
//! use scieve_users::MemoryStore;
//! use std::sync::Arc;
//!
//! let config = Config::new("tenant-1").public_url("https://example.com/directory")?;
//! let api = router(Arc::new(MemoryStore::new()), &config)?;
//! let app: Router = Router::new().nest("/directory", api);
//! # Ok::<(), scieve_server::ConfigError>(())
//! ```

mod app;
mod availability;
mod body;
mod client_stream;
mod compat;
mod config;
mod credentials;
mod finish_response;
mod head_error;
mod identity;
mod jwt;
mod links;
mod metrics;
mod openapi;
mod ops;
mod parameter_names;
mod precondition;
mod problem;
mod query;
mod rate_limit;
mod request_id;
mod request_smuggling;
mod scan_limit;
mod server;
mod users;
mod view;

pub use config::Config;
pub use config::ConfigError;
pub use config::Cors;
pub use config::InviteExpiry;
pub use config::RateLimits;
pub use config::SearchLimits;
pub use config::Timeouts;
pub use credentials::Credentials;
pub use jwt::Jwt;
pub use jwt::JwtAlgorithm;
pub use jwt::JwtError;
pub use openapi::OPENAPI;
pub use server::serve;

use app::App;
use axum::Router;
use axum::http::{Method, header};
use axum::middleware::from_fn_with_state;
use scieve_users::UserStore;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Creates the API as a router, to be served by [`serve`] or mounted with [`Router::nest`] or
/// [`Router::nest_service`].
///
/// # Errors
/// A lack of random numbers of the operating system for the key of the cursors.
pub fn router<S: UserStore>(store: Arc<S>, config: &Config) -> Result<Router, ConfigError> {
    let app = Arc::new(App::new(store, config)?);
    Ok(finished(api().merge(ops::metrics()), &app, config))
}

/// Creates the API without `/metrics`, and a second router with `/metrics` and the probes, to be
/// served on an address that is not public.
///
/// # Errors
/// Those of [`router`].
pub fn separate_routers<S: UserStore>(
    store: Arc<S>,
    config: &Config,
) -> Result<(Router, Router), ConfigError> {
    let app = Arc::new(App::new(store, config)?);
    let operations = ops::probes().merge(ops::metrics());
    Ok((finished(api(), &app, config), finished(operations, &app, config)))
}

fn api<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new()
        .merge(users::routes())
        .merge(compat::routes())
        .merge(ops::probes())
        .merge(openapi::routes())
}

/// Adds the state, the fallback and the middleware to routes.
fn finished<S: UserStore>(
    routes: Router<Arc<App<S>>>,
    app: &Arc<App<S>>,
    config: &Config,
) -> Router {
    let metrics = Arc::clone(&app.metrics);
    let limits = finish_response::RequestLimits {
        head_bytes: config.head_bytes,
        body_timeout: config.timeouts.body,
    };
    let router = routes
        .fallback(|| async { problem::Problem::new(problem::ProblemKind::NotFound) })
        .with_state(Arc::clone(app))
        .layer(CatchPanicLayer::custom(finish_response::on_panic))
        .layer(from_fn_with_state((metrics, limits), finish_response::finish));
    match cors(&config.cors) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn cors(cors: &Cors) -> Option<CorsLayer> {
    let origins = match cors {
        Cors::Off => return None,
        Cors::Any => AllowOrigin::any(),
        Cors::Origins(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    let request_headers = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH];
    let response_headers = [
        header::RETRY_AFTER,
        header::LOCATION,
        header::ETAG,
        request_id::REQUEST_ID,
        request_id::TRACE_ID,
    ];
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            request_headers.into_iter().chain(compat::REQUEST_HEADERS).collect::<Vec<_>>(),
        )
        .expose_headers(
            response_headers.into_iter().chain(compat::RESPONSE_HEADERS).collect::<Vec<_>>(),
        )
        .max_age(Duration::from_secs(3600));
    Some(layer)
}
