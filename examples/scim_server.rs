#![allow(clippy::indexing_slicing, reason = "indexing a JSON value by a name does not panic")]
//! A SCIM 2.0 server for Users and Groups (RFC 7644), over a map in memory:
//! `cargo run --example scim_server --features patch,search -- 127.0.0.1:8080`

use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, StatusCode as Status, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, body::Bytes};
use jiff::Timestamp;
use scieve::UnknownAttributes::{Absent, Refuse};
use scieve::patch::{PatchErrors, PatchRequest};
use scieve::search::{ListResponse, SearchError, SearchRequest, project, scim_error, sort};
use scieve::{Diagnostics, Mutability, Policy, Syntax, attr, scim};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic};

const MAX_RESULTS: usize = 200;
static NEXT_ID: atomic::AtomicU64 = atomic::AtomicU64::new(1);

/// A resource type with its resources. A real server adds authentication and a database.
struct Kind {
    name: &'static str,
    /// The attribute of which every resource has a value of its own.
    unique: Option<&'static str>,
    policy: Policy<Value>,
    resources: Mutex<Resources>,
}

struct Server {
    url: String,
    kinds: [Kind; 2],
}

/// The answer to a request that fails: a status and an error body.
struct Failure(Status, Value);

impl From<Diagnostics> for Failure {
    fn from(errors: Diagnostics) -> Self {
        Self(Status::BAD_REQUEST, errors.to_scim_error())
    }
}

impl From<PatchErrors> for Failure {
    fn from(errors: PatchErrors) -> Self {
        Self(Status::BAD_REQUEST, errors.to_scim_error())
    }
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        bad("invalidValue", error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        answer(self.0, &self.1)
    }
}

fn bad(scim_type: &str, detail: impl ToString) -> Failure {
    failure(Status::BAD_REQUEST, Some(scim_type), detail)
}

fn failure(status: Status, scim_type: Option<&str>, detail: impl ToString) -> Failure {
    Failure(status, scim_error(status.as_u16(), scim_type, &detail.to_string()))
}

fn not_found() -> Failure {
    failure(Status::NOT_FOUND, None, "not found")
}

type Answer<T = Response> = Result<T, Failure>;
type Shared = State<Arc<Server>>;
type Resources = BTreeMap<u64, Value>;
type Routes = Router<Arc<Server>>;

fn answer(status: Status, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string()).into_response()
}

fn parsed(body: &[u8]) -> Answer<Value> {
    serde_json::from_slice(body).map_err(|error| bad("invalidSyntax", error))
}

impl Server {
    fn new(url: String) -> Self {
        let kind = |name, unique, policy: &Policy<Value>| {
            let policy = policy.clone().with_syntax(Syntax::entra());
            Kind { name, unique, policy, resources: Mutex::default() }
        };
        let users = kind("User", Some("userName"), scim::user_policy());
        let groups = kind("Group", None, scim::group_policy());
        Self { url, kinds: [users, groups] }
    }

    fn kind(&self, endpoint: &str) -> Answer<&Kind> {
        let name = endpoint.strip_suffix('s');
        self.kinds.iter().find(|kind| name == Some(kind.name)).ok_or_else(not_found)
    }

    /// Returns the resources that match, sorted within each type.
    fn search(&self, kinds: &[&Kind], request: &SearchRequest) -> Answer {
        let mut all = Vec::new();
        let unknown = if kinds.len() > 1 { Absent } else { Refuse };
        for kind in kinds {
            let policy = kind.policy.clone().with_unknown_attributes(unknown);
            let plan = request.filter.as_deref().map(|text| policy.parse(text)).transpose()?;
            let resources = kind.lock();
            let is_found = |one: &&Value| plan.as_ref().is_none_or(|plan| plan.matches(*one));
            let mut found: Vec<Value> = resources.values().filter(is_found).cloned().collect();
            if let Some(path) = &request.sort_by {
                sort(&mut found, policy.schema(), path, request.sort_order)
                    .map_err(|error| bad("invalidPath", error))?;
            }
            all.extend(found.iter().map(|one| project(one, policy.schema(), request)));
        }
        let page = request.page(&all, MAX_RESULTS);
        let list = ListResponse::new(page.to_vec(), all.len(), request.start_index);
        Ok(answer(Status::OK, &list.to_json()))
    }
}

impl Kind {
    fn lock(&self) -> MutexGuard<'_, Resources> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a resource with the attributes that the request selects.
    fn answer(&self, status: Status, found: &Value, query: Option<String>) -> Answer {
        let request = SearchRequest::from_query(&query.unwrap_or_default())?;
        let mut response = answer(status, &project(found, self.policy.schema(), &request));
        let location = found["meta"]["location"].as_str().and_then(|it| it.parse().ok());
        response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
        Ok(response)
    }

    /// Checks the body of a POST or PUT request: it is added to an empty resource.
    fn checked(&self, body: &[u8]) -> Answer<Value> {
        let Value::Object(mut members) = parsed(body)? else {
            return Err(bad("invalidSyntax", "a resource is an object"));
        };
        let schema = self.policy.schema();
        let urns = members.get("schemas").and_then(Value::as_array);
        if !urns.is_some_and(|urns| urns.iter().any(|urn| urn.as_str() == schema.urn())) {
            return Err(bad(
                "invalidSyntax",
                "`schemas` does not contain the URN of the resource type",
            ));
        }
        // Clients return what they were given: read-only attributes are ignored.
        members.retain(|name, value| {
            let found = schema.find(None, name, None);
            !value.is_null() && found.is_none_or(|it| it.mutability() != Mutability::ReadOnly)
        });
        let mut resource = json!({"schemas": members.get("schemas")});
        let operation = json!({"op": "add", "value": members});
        PatchRequest::from_json(operation)?.check(&self.policy)?.apply(&mut resource)?;
        Ok(resource)
    }

    /// Stores a resource, with the attributes that the server defines.
    fn store(&self, url: &str, all: &mut Resources, id: u64, mut new: Value) -> Answer<Value> {
        if let Some(unique) = self.unique {
            let name = new.get(unique).and_then(Value::as_str).filter(|name| !name.is_empty());
            let missing = || bad("invalidValue", format!("`{unique}` is required"));
            let same = attr(unique).eq(name.ok_or_else(missing)?).build()?;
            let same = self.policy.check(&same)?;
            if all.iter().any(|(other, resource)| *other != id && same.matches(resource)) {
                let detail = format!("`{unique}` is taken");
                return Err(failure(Status::CONFLICT, Some("uniqueness"), detail));
            }
        }
        let now = Timestamp::now().to_string();
        let created = all.get(&id).and_then(|old| old["meta"]["created"].as_str());
        let meta = json!({
            "resourceType": self.name, "created": created.unwrap_or(&now), "lastModified": now,
            "location": format!("{url}/{}s/{id}", self.name),
        });
        (new["id"], new["meta"]) = (id.to_string().into(), meta);
        all.insert(id, new.clone());
        Ok(new)
    }
}

/// A search by POST, in one type or in all of them.
async fn search(State(server): Shared, endpoint: Option<Path<String>>, body: Bytes) -> Answer {
    let request = SearchRequest::from_json(parsed(&body)?)?;
    match endpoint {
        Some(Path(endpoint)) => server.search(&[server.kind(&endpoint)?], &request),
        None => server.search(&server.kinds.each_ref(), &request),
    }
}

/// A search by GET, and the creation of a resource by POST.
async fn many(
    State(server): Shared,
    Path(endpoint): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    body: Bytes,
) -> Answer {
    let kind = server.kind(&endpoint)?;
    if method == Method::GET {
        return server.search(&[kind], &SearchRequest::from_query(&query.unwrap_or_default())?);
    }
    let mut resources = kind.lock();
    let id = NEXT_ID.fetch_add(1, atomic::Ordering::Relaxed);
    let new = kind.store(&server.url, &mut resources, id, kind.checked(&body)?)?;
    kind.answer(Status::CREATED, &new, query)
}

/// GET, PUT, PATCH and DELETE of one resource.
async fn one(
    State(server): Shared,
    Path((endpoint, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    body: Bytes,
) -> Answer {
    let kind = server.kind(&endpoint)?;
    let mut resources = kind.lock();
    let id: u64 = id.parse().map_err(|_| not_found())?;
    let mut found = resources.get(&id).ok_or_else(not_found)?.clone();
    match method {
        Method::DELETE if resources.remove(&id).is_some() => {
            return Ok(Status::NO_CONTENT.into_response());
        }
        Method::PUT => found = kind.store(&server.url, &mut resources, id, kind.checked(&body)?)?,
        Method::PATCH => {
            let request = PatchRequest::from_json(parsed(&body)?)?;
            if request.check(&kind.policy)?.apply(&mut found)? {
                found = kind.store(&server.url, &mut resources, id, found)?;
            }
        }
        _ => {}
    }
    kind.answer(Status::OK, &found, query)
}

/// Adds a discovery endpoint and each of its resources (RFC 7644 section 4).
fn discovery(mut routes: Routes, url: &str, name: &str, mut resources: Vec<Value>) -> Routes {
    for resource in &mut resources {
        let path = format!("/{name}s/{}", resource["id"].as_str().unwrap_or_default());
        resource["meta"] = json!({"resourceType": name, "location": format!("{url}{path}")});
        routes = routes.route(&path, document(resource.clone()));
    }
    let list = ListResponse::new(resources.clone(), resources.len(), 1);
    routes.route(&format!("/{name}s"), document(list.to_json()))
}

fn document(document: Value) -> MethodRouter<Arc<Server>> {
    get(async move || answer(Status::OK, &document))
}

fn resource_type(kind: &Kind) -> Value {
    let extensions = kind.policy.schema().urns().skip(1);
    let extensions = extensions.map(|urn| json!({"schema": urn, "required": false}));
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name, "name": kind.name, "endpoint": format!("/{}s", kind.name),
        "schema": kind.policy.schema().urn(),
        "schemaExtensions": extensions.collect::<Vec<_>>(),
    })
}

fn service_provider_config(url: &str) -> Value {
    let url = format!("{url}/ServiceProviderConfig");
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true}, "sort": {"supported": true}, "etag": {"supported": false},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MAX_RESULTS}, "authenticationSchemes": [],
        "changePassword": {"supported": true},
        "meta": {"resourceType": "ServiceProviderConfig", "location": url},
    })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let server = Arc::new(Server::new(format!("http://{}", listener.local_addr()?)));
    println!("listening on {}", server.url);
    let types = server.kinds.iter().map(resource_type).collect();
    let refuse = async || failure(Status::METHOD_NOT_ALLOWED, None, "method not allowed");
    let router = Router::new()
        .route("/ServiceProviderConfig", document(service_provider_config(&server.url)))
        .route("/.search", post(search))
        .route("/{endpoint}", get(many).post(many))
        .route("/{endpoint}/.search", post(search))
        .route("/{endpoint}/{id}", get(one).put(one).patch(one).delete(one))
        .fallback(async || not_found())
        .method_not_allowed_fallback(refuse);
    let router = discovery(router, &server.url, "Schema", scim::schema_documents());
    let router = discovery(router, &server.url, "ResourceType", types).with_state(server);
    axum::serve(listener, router).await
}
