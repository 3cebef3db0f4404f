//! `POST /users`.

use crate::app::{Access, App, JSON, answer};
use crate::identity::forbidden;
use crate::problem::{FAULTS, Fault, Kind, Problem};
use crate::query::Fields;
use crate::rate_limit::Tier;
use crate::view::View;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
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
    let caller = app.admit(&parts, Tier::Two, Access::Administrators).await?;
    let body = app.json(&parts, body, JSON).await?;
    let Some(Value::Object(members)) = body else {
        return Err(Problem::pointer("", "expected an object"));
    };
    let links = app.links(&parts)?;
    let mut reader = Reader { members: &members, faults: Vec::new() };
    let (user, tenant) = reader.user();
    user.errors().for_each(|(pointer, detail)| reader.fault(pointer, detail));
    if !reader.faults.is_empty() {
        return Err(Problem::of(Kind::BadRequest, reader.faults));
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
    let mut response = answer(StatusCode::CREATED, &view.user(&user));
    if let Ok(location) = HeaderValue::from_str(&links.user(&user.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Reads the members and notes every fault.
struct Reader<'a> {
    members: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, pointer: impl Into<String>, detail: &str) {
        if self.faults.len() < FAULTS {
            self.faults.push(Fault::pointer(detail, pointer));
        }
    }

    /// The user, and the tenant that was named.
    fn user(&mut self) -> (NewUser, Option<String>) {
        let subject = self.text("subject").unwrap_or_default();
        let name = self.text("name").filter(|name| !name.is_empty());
        let email = self.text("email");
        match self.text("status").as_deref() {
            None => {}
            Some("invited") if email.is_some() || self.present("email") => {}
            Some("invited") => self.fault("/email", "who is invited needs an e-mail address"),
            Some(_) => self.fault("/status", "expected `invited`"),
        }
        let picture = self.text("picture");
        let tenant = self.text("tenantId");
        let deprecated = self.roles("roles", |reader, role, pointer| match role.as_str() {
            Some(name) if SystemRole::named(name).is_some() => {
                Some(Reference::Name(name.to_owned()))
            }
            _ => {
                reader.fault(pointer, "expected the name of a system role");
                None
            }
        });
        let assigned = self.roles("assignedRoles", Self::reference);
        let assigned_roles = assigned.or(deprecated).unwrap_or_default();
        (NewUser { subject, name, email, picture, assigned_roles }, tenant)
    }

    /// Whether there is a value, a wrong one too. `null` is as good as absent.
    fn present(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.members.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.contains('\0') => {
                self.fault(format!("/{name}"), "U+0000 is not allowed");
                None
            }
            Some(Value::String(text)) => Some(text.clone()),
            // An absent subject is refused all the same: once is enough.
            Some(_) if name == "subject" => None,
            Some(_) => {
                self.fault(format!("/{name}"), "expected a string");
                None
            }
        }
    }

    fn roles(
        &mut self,
        name: &str,
        read: fn(&mut Self, &Value, String) -> Option<Reference>,
    ) -> Option<Vec<Reference>> {
        match self.members.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Array(roles)) => {
                let each = roles.iter().enumerate();
                Some(
                    each.filter_map(|(place, role)| read(self, role, format!("/{name}/{place}")))
                        .collect(),
                )
            }
            Some(_) => {
                self.fault(format!("/{name}"), "expected an array");
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
            self.fault(pointer, "expected an object with the string `id` or `name`");
        }
        found
    }
}
