//! A SCIM list endpoint with filters, which responds to an invalid filter with the error body of
//! RFC 7644 section 3.12.
//!
//! `cargo run --example axum_handler --features serde`, then
//! `curl -G http://127.0.0.1:3000/Users --data-urlencode 'filter=userName sw "b" and active eq true'`

use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use scieve::{Diagnostics, scim};
use serde_json::{Value, json};

#[derive(serde::Deserialize)]
struct Parameters {
    filter: Option<String>,
}

/// The users; an application would fetch them from its database.
fn users() -> Vec<Value> {
    vec![
        json!({ "id": "1", "userName": "bob", "active": true, "emails": [{ "value": "bob@example.com", "type": "work" }] }),
        json!({ "id": "2", "userName": "Bea", "active": false }),
        json!({ "id": "3", "userName": "carla", "active": true }),
    ]
}

struct BadFilter(Diagnostics);

impl From<Diagnostics> for BadFilter {
    fn from(errors: Diagnostics) -> Self {
        Self(errors)
    }
}

impl IntoResponse for BadFilter {
    fn into_response(self) -> Response {
        let scim = [(header::CONTENT_TYPE, "application/scim+json")];
        (StatusCode::BAD_REQUEST, scim, Json(self.0.to_scim_error())).into_response()
    }
}

async fn list(Query(parameters): Query<Parameters>) -> Result<Json<Value>, BadFilter> {
    let plan = parameters.filter.map(|text| scim::user_policy().parse(&text)).transpose()?;
    let found: Vec<Value> = users()
        .into_iter()
        .filter(|user| plan.as_ref().is_none_or(|plan| plan.matches(user)))
        .collect();
    Ok(Json(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(),
        "Resources": found,
    })))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/Users", get(list))).await
}
