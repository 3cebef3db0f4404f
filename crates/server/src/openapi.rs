//! The description of the API, and a page that shows it.

use super::app::App;
use axum::Router;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use scieve_users::UserStore;
use std::sync::Arc;

/// The API as OpenAPI 3.1, as [`router`](super::router) serves it at `/openapi.json`.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The page may load what comes from this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new()
        .route("/openapi.json", file("application/json", OPENAPI))
        .route("/docs", file("text/html; charset=utf-8", include_str!("docs/index.html")))
        .route("/docs/docs.css", file("text/css; charset=utf-8", include_str!("docs/docs.css")))
        .route(
            "/docs/docs.js",
            file("text/javascript; charset=utf-8", include_str!("docs/docs.js")),
        )
}

fn file<T: Clone + Send + Sync + 'static>(
    kind: &'static str,
    text: &'static str,
) -> MethodRouter<T> {
    const SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
    get(move || async move {
        let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY), (SNIFF, "nosniff")];
        let answer: Response = (headers, text).into_response();
        answer
    })
}
