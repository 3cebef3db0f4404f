//! OpenAPI description of the API, and the documentation page that is rendered from it.

use super::app::App;
use axum::Router;
use axum::extract::OriginalUri;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, get};
use scieve_users::UserStore;
use std::sync::Arc;

/// OpenAPI 3.1 description of the API, which [`router`](super::router) serves at `/openapi.json`.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Content security policy of the documentation page: scripts, styles and requests of this origin
/// only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes<S: UserStore>() -> Router<Arc<App<S>>> {
    Router::new()
        .route("/openapi.json", file("application/json", OPENAPI))
        .route("/", get(to_docs))
        .route("/docs/", get(to_docs))
        .route("/docs", file("text/html; charset=utf-8", include_str!("docs/index.html")))
        .route("/docs/docs.css", file("text/css; charset=utf-8", include_str!("docs/docs.css")))
        .route(
            "/docs/docs.js",
            file("text/javascript; charset=utf-8", include_str!("docs/docs.js")),
        )
}

/// Redirects to the documentation page. The location is relative, because a proxy may have removed a
/// prefix of the path.
async fn to_docs(OriginalUri(uri): OriginalUri) -> Redirect {
    let path = uri.path();
    match path.strip_suffix('/') {
        Some(parent) if parent.ends_with("/docs") => Redirect::temporary("../docs"),
        Some(_) => Redirect::temporary("docs"),
        None => {
            let last = path.rsplit('/').next().unwrap_or_default();
            Redirect::temporary(&format!("{last}/docs"))
        }
    }
}

/// Serves a static file.
fn file<T: Clone + Send + Sync + 'static>(
    media_type: &'static str,
    content: &'static str,
) -> MethodRouter<T> {
    const SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
    get(move || async move {
        let headers =
            [(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, POLICY), (SNIFF, "nosniff")];
        let response: Response = (headers, content).into_response();
        response
    })
}
