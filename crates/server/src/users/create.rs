//! `POST /users`.

use crate::app::{Access, App, JSON, json_response};
use crate::identity::forbidden;
use crate::precondition::entity_tag;
use crate::problem::{ErrorObject, MAX_ERRORS, Problem, ProblemKind, quoted};
use crate::query::Fields;
use crate::rate_limit::Tier;
use crate::view::View;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ETAG, HeaderValue, LOCATION};
use axum::response::Response;
use scieve_users::{NewUser, Reference, SystemRole, UserStore};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Creates an invited user.
pub(super) async fn create<S: UserStore>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = app.authenticate(&parts, Tier::Write, Access::Administrators).await?;
    let body = app.json(&parts, body, JSON).await?;
    let Some(Value::Object(members)) = body else {
        return Err(Problem::pointer("", "expected an object"));
    };
    let links = app.links(&parts)?;
    let mut parser = Parser { members: &members, errors: Vec::new() };
    let (user, tenant) = parser.user();
    user.errors().for_each(|(pointer, detail)| parser.error(pointer, detail));
    if !parser.errors.is_empty() {
        return Err(Problem::with_errors(ProblemKind::BadRequest, parser.errors));
    }
    if tenant.is_some_and(|tenant| tenant != caller.tenant()) {
        return Err(forbidden().because("users of another tenant cannot be created with this key"));
    }
    let user = app.store.create(caller.tenant(), user).await?;
    let view = View {
        caller: &caller,
        links: &links,
        fields: &Fields::All,
        invite_expiry: app.invite_expiry,
    };
    let mut response = json_response(StatusCode::CREATED, &view.user(&user));
    response.headers_mut().insert(ETAG, entity_tag(&user));
    if let Ok(location) = HeaderValue::from_str(&links.user(&user.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Parses the members and collects all errors.
struct Parser<'a> {
    members: &'a Map<String, Value>,
    errors: Vec<ErrorObject>,
}

impl Parser<'_> {
    fn error(&mut self, pointer: impl Into<String>, detail: &str) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ErrorObject::pointer(detail, pointer));
        }
    }

    /// Parses the new user and the member `tenantId`.
    fn user(&mut self) -> (NewUser, Option<String>) {
        let subject = self.string("subject").unwrap_or_default();
        let name = self.string("name").filter(|name| !name.is_empty());
        let email = self.string("email");
        match self.string("status").as_deref() {
            None => {}
            Some("invited") if email.is_some() || self.present("email") => {}
            Some("invited") => self.error("/email", "email is required for status `invited`"),
            Some(status) => {
                self.error("/status", &format!("expected `invited`, got {}", quoted(status)))
            }
        }
        let picture = self.string("picture");
        let tenant = self.string("tenantId");
        let deprecated = self.roles("roles", |parser, role, pointer| match role.as_str() {
            Some(name) if SystemRole::named(name).is_some() => {
                Some(Reference::Name(name.to_owned()))
            }
            _ => {
                parser.error(pointer, "expected the name of a system role");
                None
            }
        });
        let assigned = self.roles("assignedRoles", Self::reference);
        let assigned_roles = assigned.or(deprecated).unwrap_or_default();
        (NewUser { subject, name, email, picture, assigned_roles }, tenant)
    }

    /// Returns whether the member is present, even with an invalid value; `null` counts as absent.
    fn present(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    fn string(&mut self, name: &str) -> Option<String> {
        match self.members.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(value)) if value.contains('\0') => {
                self.error(format!("/{name}"), "U+0000 is not allowed");
                None
            }
            Some(Value::String(value)) => Some(value.clone()),
            // An absent subject is rejected by `NewUser::errors`; do not report it twice.
            Some(_) if name == "subject" => None,
            Some(_) => {
                self.error(format!("/{name}"), "expected a string");
                None
            }
        }
    }

    fn roles(
        &mut self,
        name: &str,
        parse: fn(&mut Self, &Value, String) -> Option<Reference>,
    ) -> Option<Vec<Reference>> {
        match self.members.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Array(roles)) => {
                let each = roles.iter().enumerate();
                Some(
                    each.filter_map(|(index, role)| parse(self, role, format!("/{name}/{index}")))
                        .collect(),
                )
            }
            Some(_) => {
                self.error(format!("/{name}"), "expected an array");
                None
            }
        }
    }

    fn reference(&mut self, role: &Value, pointer: String) -> Option<Reference> {
        let member = |name: &str| role.get(name).filter(|value| !value.is_null());
        let found = match (member("id"), member("name")) {
            (Some(Value::String(id)), None | Some(Value::String(_))) => {
                Some(Reference::Id(id.clone()))
            }
            (None, Some(Value::String(name))) => Some(Reference::Name(name.clone())),
            _ => None,
        };
        if found.is_none() {
            self.error(pointer, "expected an object with the string `id` or `name`");
        }
        found
    }
}
