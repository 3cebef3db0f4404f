//! The operations of PATCH: read, then applied to a user.

use super::error::StoreError;
use super::invite::invite_expiry;
use super::role::{Group, Named, ProviderType, Reference, Role};
use super::string_limits::{key_error, string_error};
use super::timestamp::Timestamp;
use super::user::{Status, User, is_email_address};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One operation, its shape checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    place: usize,
    change: Change,
}

/// What an operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `/name`
    Name,
    /// `/email`
    Email,
    /// `/preferredZoneinfo`
    PreferredZoneinfo,
    /// `/preferredLocale`
    PreferredLocale,
    /// `/status`
    Status,
    /// `/assignedRoles`
    AssignedRoles,
    /// `/assignedGroups`
    AssignedGroups,
    /// `/inviteExpiry`
    InviteExpiry,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// A text; `None` takes it away. The target is one of the four texts.
    Text(Target, Option<String>),
    Status(Status),
    Roles(Edit),
    Groups(Edit),
    Renew,
}

/// A change of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    how: How,
    elements: Vec<Element>,
    /// Whether the value was one element and not an array of them.
    single: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Replace,
    Add,
    Remove,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Element {
    reference: Reference,
    provider: Option<ProviderType>,
}

#[derive(Clone, Copy, PartialEq)]
enum Op {
    Replace,
    Set,
    Add,
    Unset,
    Renew,
    RemoveValue,
}

/// What came of a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// The user as it is now.
    pub user: Arc<User>,
    /// Whether an operation was applied.
    pub changed: bool,
    /// What was left out.
    pub failures: Vec<Failure>,
}

/// A reference that leads nowhere; its operation was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// JSON pointer into the operations, as they were sent.
    pub pointer: String,
    /// What is wrong, in one line.
    pub message: String,
}

impl Operation {
    /// The operations of a request's body: an array of `{"op", "path", "value"?}`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another shape, an unknown operation or path, an operation that its path does not take, or a
    /// value of another type.
    pub fn parse_all(body: &Value) -> Result<Vec<Self>, StoreError> {
        let items = body
            .as_array()
            .ok_or_else(|| StoreError::invalid("", "expected an array of operations"))?;
        items.iter().enumerate().map(|(place, item)| Self::parse(place, item)).collect()
    }

    fn parse(place: usize, item: &Value) -> Result<Self, StoreError> {
        let fault =
            |member: &str, message: &str| StoreError::invalid(format!("/{place}{member}"), message);
        let item = item.as_object().ok_or_else(|| fault("", "expected an object"))?;
        let word = |member: &str| match item.get(member) {
            Some(Value::String(text)) => {
                Ok(text.strip_suffix(" (Deprecated)").unwrap_or(text).to_ascii_lowercase())
            }
            _ => Err(fault(&format!("/{member}"), "expected a string")),
        };
        let op = match word("op")?.as_str() {
            "replace" => Op::Replace,
            "set" => Op::Set,
            "add" => Op::Add,
            "unset" => Op::Unset,
            "renew" => Op::Renew,
            "remove-value" => Op::RemoveValue,
            _ => {
                return Err(fault(
                    "/op",
                    "expected one of replace, set, unset, add, renew, remove-value",
                ));
            }
        };
        let unfit = || fault("/op", "the path does not take this operation");
        let value = |place: &str, message: &str| fault(&format!("/value{place}"), message);
        let given = item.get("value").unwrap_or(&Value::Null);
        let text = |target, removable| match (op, given) {
            (Op::Unset, _) if removable => Ok(Change::Text(target, None)),
            (Op::Replace | Op::Set | Op::Add, Value::String(text)) => {
                let fault = if matches!(target, Target::Name | Target::Email) {
                    key_error(text)
                } else {
                    string_error(text)
                };
                fault.map_or_else(
                    || Ok(Change::Text(target, Some(text.clone()))),
                    |message| Err(value("", &message)),
                )
            }
            (Op::Replace | Op::Set | Op::Add, _) => Err(value("", "expected a string")),
            _ => Err(unfit()),
        };
        let list = |names: bool, ids: bool| {
            Edit::parse(op, given, names, ids).map_err(|(place, message)| value(&place, message))
        };
        let change = match word("path")?.as_str() {
            "/name" => match text(Target::Name, false)? {
                Change::Text(_, Some(name)) if name.is_empty() => {
                    return Err(value("", "expected a name"));
                }
                change => change,
            },
            "/email" => match text(Target::Email, true)? {
                Change::Text(_, Some(email)) if !is_email_address(&email) => {
                    return Err(value("", "expected an e-mail address"));
                }
                change => change,
            },
            "/preferredzoneinfo" => text(Target::PreferredZoneinfo, true)?,
            "/preferredlocale" => text(Target::PreferredLocale, true)?,
            "/status" => match (op, given.as_str()) {
                (Op::Replace | Op::Set | Op::Add, Some("active")) => Change::Status(Status::Active),
                (Op::Replace | Op::Set | Op::Add, Some("invited")) => {
                    Change::Status(Status::Invited)
                }
                (Op::Replace | Op::Set | Op::Add, Some("disabled")) => {
                    Change::Status(Status::Disabled)
                }
                (Op::Replace | Op::Set | Op::Add, _) => {
                    return Err(value("", "expected active, invited or disabled"));
                }
                _ => return Err(unfit()),
            },
            "/inviteexpiry" if op == Op::Renew => Change::Renew,
            "/inviteexpiry" => return Err(unfit()),
            "/assignedroles" | "/roles" | "/assignedgroups" if op == Op::Renew => {
                return Err(unfit());
            }
            "/assignedroles" => Change::Roles(list(false, false)?),
            "/roles" => Change::Roles(list(true, false)?),
            "/assignedgroups" => Change::Groups(list(false, true)?),
            "/assignedroles/-" | "/roles/-" | "/assignedgroups/-" if op != Op::Add => {
                return Err(unfit());
            }
            "/assignedroles/-" | "/roles/-" | "/assignedgroups/-" if given.is_array() => {
                return Err(value("", "expected one element"));
            }
            "/assignedroles/-" => Change::Roles(list(false, false)?),
            "/roles/-" => Change::Roles(list(true, false)?),
            "/assignedgroups/-" => Change::Groups(list(false, true)?),
            _ => return Err(fault("/path", "there is no such path, or it cannot be changed")),
        };
        Ok(Self { place, change })
    }

    /// What the operation changes.
    #[must_use]
    pub fn target(&self) -> Target {
        match &self.change {
            Change::Text(target, _) => *target,
            Change::Status(_) => Target::Status,
            Change::Roles(_) => Target::AssignedRoles,
            Change::Groups(_) => Target::AssignedGroups,
            Change::Renew => Target::InviteExpiry,
        }
    }

    /// Applies the operations one after the other: what every store's [`patch`](super::UserStore::patch) does. `roles` and `groups`
    /// are the tenant's.
    ///
    /// An operation with a reference that leads nowhere is left out as a whole; the others are applied.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], and then nothing is to be changed, for a change of who is in a group that the identity provider
    /// keeps, for `renew` of a user who is not invited, and where no operation could be applied.
    pub fn apply_all(
        operations: &[Self],
        user: &User,
        roles: &[Role],
        groups: &[Group],
        now: Timestamp,
    ) -> Result<Patched, StoreError> {
        let mut patched = user.clone();
        let mut failures = Vec::new();
        let mut changed = false;
        for operation in operations {
            let before = failures.len();
            operation.apply(&mut patched, roles, groups, now, &mut failures)?;
            changed |= failures.len() == before;
        }
        if let (false, Some(first)) = (changed, failures.first()) {
            return Err(StoreError::invalid(first.pointer.clone(), first.message.clone()));
        }
        if changed {
            patched.last_updated_at = now;
        }
        Ok(Patched { user: Arc::new(patched), changed, failures })
    }

    fn apply(
        &self,
        user: &mut User,
        roles: &[Role],
        groups: &[Group],
        now: Timestamp,
        failures: &mut Vec<Failure>,
    ) -> Result<(), StoreError> {
        let at = |member: &str| format!("/{}{member}", self.place);
        match &self.change {
            Change::Text(Target::Name, name) => user.name = name.clone().unwrap_or_default(),
            Change::Text(Target::Email, email) => user.email = email.clone(),
            Change::Text(Target::PreferredZoneinfo, zone) => user.preferred_zoneinfo = zone.clone(),
            Change::Text(_, locale) => user.preferred_locale = locale.clone(),
            Change::Status(status) => {
                match (user.status, status) {
                    (Status::Invited, Status::Invited) => {}
                    (_, Status::Invited) => user.invite_expiry = Some(invite_expiry(now)),
                    _ => user.invite_expiry = None,
                }
                user.status = *status;
            }
            Change::Renew if user.status == Status::Invited => {
                user.invite_expiry = Some(invite_expiry(now))
            }
            Change::Renew => {
                return Err(StoreError::invalid(at("/path"), "the user is not invited"));
            }
            Change::Roles(edit) => {
                if let Some(found) = edit.resolve(roles, |_, _| true, self.place, failures) {
                    user.assigned_roles = edit.how.apply(&user.assigned_roles, &found);
                }
            }
            Change::Groups(edit) => {
                let fits = |group: &Group, provider| {
                    group.provider_type.is_none_or(|kept| kept == provider)
                };
                if let Some(found) = edit.resolve(groups, fits, self.place, failures) {
                    let edited = edit.how.apply(&user.assigned_groups, &found);
                    let kept = |group: &&Group| group.provider_type == Some(ProviderType::Idp);
                    let has = |list: &[Group], id: &str| list.iter().any(|group| group.id == id);
                    let joined = edited
                        .iter()
                        .filter(kept)
                        .find(|group| !has(&user.assigned_groups, &group.id));
                    let left = user
                        .assigned_groups
                        .iter()
                        .filter(kept)
                        .find(|group| !has(&edited, &group.id));
                    if let Some(group) = joined.or(left) {
                        let place = found.iter().position(|found| found.id == group.id);
                        let pointer =
                            place.map_or_else(|| at("/value"), |place| at(&edit.pointer(place)));
                        return Err(StoreError::invalid(
                            pointer,
                            format!("the identity provider keeps the group `{}`", group.name),
                        ));
                    }
                    user.assigned_groups = edited;
                }
            }
        }
        Ok(())
    }
}

impl Edit {
    /// `names`: texts are names; `ids`: texts are ids. A fault comes with its place in the value.
    fn parse(
        op: Op,
        value: &Value,
        names: bool,
        ids: bool,
    ) -> Result<Self, (String, &'static str)> {
        let how = match op {
            Op::Add => How::Add,
            Op::RemoveValue => How::Remove,
            _ => How::Replace,
        };
        let element = |value: &Value| Element::parse(value, names, ids);
        match value {
            _ if op == Op::Unset => Ok(Self { how, elements: Vec::new(), single: false }),
            Value::Array(items) => {
                let parsed = items.iter().enumerate().map(|(place, item)| {
                    element(item).map_err(|message| (format!("/{place}"), message))
                });
                Ok(Self { how, elements: parsed.collect::<Result<_, _>>()?, single: false })
            }
            _ if how == How::Replace => Err((String::new(), "expected an array")),
            one => Ok(Self {
                how,
                elements: vec![element(one).map_err(|message| (String::new(), message))?],
                single: true,
            }),
        }
    }

    fn pointer(&self, place: usize) -> String {
        if self.single { "/value".to_owned() } else { format!("/value/{place}") }
    }

    /// What the elements refer to; `None`, and a failure for each that leads nowhere, where one does.
    fn resolve<T: Named + Clone>(
        &self,
        among: &[T],
        fits: impl Fn(&T, ProviderType) -> bool,
        operation: usize,
        failures: &mut Vec<Failure>,
    ) -> Option<Vec<T>> {
        let before = failures.len();
        let mut found = Vec::with_capacity(self.elements.len());
        for (place, Element { reference, provider }) in self.elements.iter().enumerate() {
            match reference
                .find(among)
                .filter(|one| provider.is_none_or(|provider| fits(one, provider)))
            {
                Some(one) => found.push(one.clone()),
                None => {
                    let pointer = format!("/{operation}{}", self.pointer(place));
                    failures.push(Failure { pointer, message: format!("there is no {reference}") });
                }
            }
        }
        (failures.len() == before).then_some(found)
    }
}

impl How {
    fn apply<T: Named + Clone>(self, list: &[T], named: &[T]) -> Vec<T> {
        let mut out: Vec<T> = if self == Self::Replace { Vec::new() } else { list.to_vec() };
        let has = |list: &[T], one: &T| list.iter().any(|other| other.id() == one.id());
        match self {
            Self::Remove => out.retain(|one| !has(named, one)),
            Self::Replace | Self::Add => {
                for one in named {
                    if !has(&out, one) {
                        out.push(one.clone());
                    }
                }
            }
        }
        out
    }
}

impl Element {
    fn parse(value: &Value, names: bool, ids: bool) -> Result<Self, &'static str> {
        let member = |object: &Map<String, Value>, member: &str| match object.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err("expected strings as id, name and providerType"),
        };
        match value {
            Value::String(name) if names => {
                Ok(Self { reference: Reference::Name(name.clone()), provider: None })
            }
            Value::String(id) if ids => {
                Ok(Self { reference: Reference::Id(id.clone()), provider: None })
            }
            Value::Object(object) => {
                let provider = match member(object, "providerType")?.as_deref() {
                    None => None,
                    Some("idp") => Some(ProviderType::Idp),
                    Some("custom") => Some(ProviderType::Custom),
                    Some(_) => return Err("expected `idp` or `custom` as providerType"),
                };
                let (id, name) = (member(object, "id")?, member(object, "name")?);
                let reference = id
                    .map(Reference::Id)
                    .or(name.map(Reference::Name))
                    .ok_or("expected an object with id or name")?;
                Ok(Self { reference, provider })
            }
            _ if names => Err("expected a name"),
            _ if ids => Err("expected an id, or an object with id or name"),
            _ => Err("expected an object with id or name"),
        }
    }
}
