//! A SCIM list endpoint on actix-web, which responds to an invalid filter with the error body of
//! RFC 7644 section 3.12.
//!
//! `cargo run --manifest-path examples/actix_handler/Cargo.toml`, then
//! `curl 'http://127.0.0.1:3000/Users?filter=active+eq+true'`

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError, get};
use scieve::search::{ListResponse, SearchError, SearchRequest, project, scim_error};
use scieve::{Diagnostics, scim};
use serde_json::{Value, json};
use std::fmt;

/// The body of an error response with status 400.
#[derive(Debug)]
struct BadRequest(Value);

impl From<Diagnostics> for BadRequest {
    fn from(errors: Diagnostics) -> Self {
        Self(errors.to_scim_error())
    }
}

impl From<SearchError> for BadRequest {
    fn from(error: SearchError) -> Self {
        Self(scim_error(400, Some("invalidValue"), &error.to_string()))
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for BadRequest {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::BadRequest().content_type("application/scim+json").body(self.0.to_string())
    }
}

/// The users; an application would fetch them from its database.
fn users() -> Vec<Value> {
    vec![
        json!({"id": "1", "userName": "bob", "active": true}),
        json!({"id": "2", "userName": "Bea", "active": false}),
    ]
}

#[get("/Users")]
async fn list(http: HttpRequest) -> Result<HttpResponse, BadRequest> {
    let policy = scim::user_policy();
    let request = SearchRequest::from_query(http.query_string())?;
    let plan = request.filter.as_deref().map(|filter| policy.parse(filter)).transpose()?;
    let mut users = users();
    users.retain(|user| plan.as_ref().is_none_or(|plan| plan.matches(user)));
    let page = request.page(&users, 100).iter();
    let page = page.map(|user| project(user, policy.schema(), &request)).collect();
    let list = ListResponse::new(page, users.len(), request.start_index);
    Ok(HttpResponse::Ok().content_type("application/scim+json").body(list.to_json().to_string()))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(list)).bind(("127.0.0.1", 3000))?.run().await
}
