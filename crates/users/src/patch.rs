//! The operations of a PATCH request: parsing, and application to a user.
//!
//! `scieve::patch` is not used: the Users API has JSON Patch operations with pointers to members of
//! the user, not SCIM paths, and defines its own errors and effects, such as the renewal of an
//! invitation. They change the typed user; `scieve::patch` changes JSON.

use super::error::StoreError;
use super::invite::invite_expiry;
use super::role::{Group, Named, ProviderType, Reference, Role};
use super::string_limits::{key_error, string_error};
use super::timestamp::Timestamp;
use super::user::{NOT_DISPLAYABLE, Status, User, is_displayable, is_email_address};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A parsed operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Index in the request.
    index: usize,
    change: Change,
}

/// Member of a user that an operation changes.
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

impl Target {
    /// Returns whether a change of the member may change what the user may do.
    #[must_use]
    pub const fn changes_access(self) -> bool {
        matches!(self, Self::Status | Self::AssignedRoles | Self::AssignedGroups)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// Sets one of the four string members, or removes it if `None`.
    String(Target, Option<String>),
    Status(Status),
    Roles(Edit),
    Groups(Edit),
    /// Restarts the validity of an invitation.
    RenewInvitation,
}

/// A change of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    kind: EditKind,
    elements: Vec<Element>,
    /// The value was one element instead of an array.
    single: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EditKind {
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

/// Result of a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// The user after the operations.
    pub user: Arc<User>,
    /// At least one operation was applied.
    pub changed: bool,
    /// Unresolved references, whose operations were skipped.
    pub failures: Vec<Failure>,
}

/// A reference to an unknown role or group. Its operation was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// JSON pointer (RFC 6901) into the array of operations.
    pub pointer: String,
    /// Message of one line.
    pub message: String,
}

impl Operation {
    /// Parses the body of a request: an array of `{"op", "path", "value"?}`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the body has another form, and for an unknown operation or path,
    /// an operation that the path does not support, or a value of a wrong type.
    ///
    /// ```
    /// use scieve_users::{Operation, StoreError, Target};
    /// use serde_json::json;
    ///
    /// let body = json!([{"op": "replace", "path": "/name", "value": "Bob"}]);
    /// let operations = Operation::parse_all(&body)?;
    /// assert_eq!(operations[0].target(), Target::Name);
    ///
    /// let body = json!([{"op": "replace", "path": "/id", "value": "1"}]);
    /// let error = Operation::parse_all(&body).unwrap_err();
    /// assert!(matches!(error, StoreError::Invalid { pointer, .. } if pointer == "/0/path"));
    /// # Ok::<(), StoreError>(())
    /// ```
    pub fn parse_all(body: &Value) -> Result<Vec<Self>, StoreError> {
        let items = body
            .as_array()
            .ok_or_else(|| StoreError::invalid("", "expected an array of operations"))?;
        items.iter().enumerate().map(|(index, item)| Self::parse(index, item)).collect()
    }

    fn parse(index: usize, item: &Value) -> Result<Self, StoreError> {
        let invalid =
            |member: &str, message: &str| StoreError::invalid(format!("/{index}{member}"), message);
        let item = item.as_object().ok_or_else(|| invalid("", "expected an object"))?;
        let word = |member: &str| match item.get(member) {
            Some(Value::String(text)) => {
                Ok(text.strip_suffix(" (Deprecated)").unwrap_or(text).to_ascii_lowercase())
            }
            _ => Err(invalid(&format!("/{member}"), "expected a string")),
        };
        let op = match word("op")?.as_str() {
            "replace" => Op::Replace,
            "set" => Op::Set,
            "add" => Op::Add,
            "unset" => Op::Unset,
            "renew" => Op::Renew,
            "remove-value" => Op::RemoveValue,
            _ => {
                return Err(invalid(
                    "/op",
                    "expected one of replace, set, unset, add, renew, remove-value",
                ));
            }
        };
        let unsupported = || invalid("/op", "the path does not support this operation");
        let value = |pointer: &str, message: &str| invalid(&format!("/value{pointer}"), message);
        let given = item.get("value").unwrap_or(&Value::Null);
        let string = |target, removable| match (op, given) {
            (Op::Unset, _) if removable => Ok(Change::String(target, None)),
            (Op::Replace | Op::Set | Op::Add, Value::String(string)) => {
                let error = if matches!(target, Target::Name | Target::Email) {
                    key_error(string)
                } else {
                    string_error(string)
                };
                error.map_or_else(
                    || Ok(Change::String(target, Some(string.clone()))),
                    |message| Err(value("", &message)),
                )
            }
            (Op::Replace | Op::Set | Op::Add, _) => Err(value("", "expected a string")),
            _ => Err(unsupported()),
        };
        let list = |names: bool, ids: bool| {
            Edit::parse(op, given, names, ids)
                .map_err(|(pointer, message)| value(&pointer, message))
        };
        let change = match word("path")?.as_str() {
            "/name" => match string(Target::Name, false)? {
                Change::String(_, Some(name)) if name.is_empty() => {
                    return Err(value("", "expected a name"));
                }
                Change::String(_, Some(name)) if !is_displayable(&name) => {
                    return Err(value("", NOT_DISPLAYABLE));
                }
                change => change,
            },
            "/email" => match string(Target::Email, true)? {
                Change::String(_, Some(email)) if !is_email_address(&email) => {
                    return Err(value("", "expected an e-mail address"));
                }
                change => change,
            },
            "/preferredzoneinfo" => string(Target::PreferredZoneinfo, true)?,
            "/preferredlocale" => string(Target::PreferredLocale, true)?,
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
                _ => return Err(unsupported()),
            },
            "/inviteexpiry" if op == Op::Renew => Change::RenewInvitation,
            "/inviteexpiry" => return Err(unsupported()),
            "/assignedroles" | "/roles" | "/assignedgroups" if op == Op::Renew => {
                return Err(unsupported());
            }
            "/assignedroles" => Change::Roles(list(false, false)?),
            "/roles" => Change::Roles(list(true, false)?),
            "/assignedgroups" => Change::Groups(list(false, true)?),
            "/assignedroles/-" | "/roles/-" | "/assignedgroups/-" if op != Op::Add => {
                return Err(unsupported());
            }
            "/assignedroles/-" | "/roles/-" | "/assignedgroups/-" if given.is_array() => {
                return Err(value("", "expected one element"));
            }
            "/assignedroles/-" => Change::Roles(list(false, false)?),
            "/roles/-" => Change::Roles(list(true, false)?),
            "/assignedgroups/-" => Change::Groups(list(false, true)?),
            _ => return Err(invalid("/path", "unknown path, or one that cannot be changed")),
        };
        Ok(Self { index, change })
    }

    /// Returns the member that the operation changes.
    #[must_use]
    pub fn target(&self) -> Target {
        match &self.change {
            Change::String(target, _) => *target,
            Change::Status(_) => Target::Status,
            Change::Roles(_) => Target::AssignedRoles,
            Change::Groups(_) => Target::AssignedGroups,
            Change::RenewInvitation => Target::InviteExpiry,
        }
    }

    /// Applies operations to a user in their order, as [`patch`](super::UserStore::patch) of every
    /// store does. `roles` and `groups` are those of the tenant.
    ///
    /// An operation with an unknown role or group is skipped as a whole; the others are applied.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a change of the membership of a group that the identity provider
    /// manages, for `renew` of a user who is not invited, and if every operation is skipped. Then
    /// nothing may be stored.
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
        let at = |member: &str| format!("/{}{member}", self.index);
        match &self.change {
            Change::String(Target::Name, name) => user.name = name.clone().unwrap_or_default(),
            Change::String(Target::Email, email) => user.email = email.clone(),
            Change::String(Target::PreferredZoneinfo, zone) => {
                user.preferred_zoneinfo = zone.clone()
            }
            Change::String(_, locale) => user.preferred_locale = locale.clone(),
            Change::Status(status) => {
                match (user.status, status) {
                    (Status::Invited, Status::Invited) => {}
                    (_, Status::Invited) => user.invite_expiry = Some(invite_expiry(now)),
                    _ => user.invite_expiry = None,
                }
                user.status = *status;
            }
            Change::RenewInvitation if user.status == Status::Invited => {
                user.invite_expiry = Some(invite_expiry(now))
            }
            Change::RenewInvitation => {
                return Err(StoreError::invalid(at("/path"), "the user is not invited"));
            }
            Change::Roles(edit) => {
                if let Some(found) = edit.resolve(roles, "role", |_, _| true, self.index, failures)
                {
                    user.assigned_roles = edit.kind.apply(&user.assigned_roles, &found);
                }
            }
            Change::Groups(edit) => {
                let fits = |group: &Group, provider| {
                    group.provider_type.is_none_or(|managed| managed == provider)
                };
                if let Some(found) = edit.resolve(groups, "group", fits, self.index, failures) {
                    let edited = edit.kind.apply(&user.assigned_groups, &found);
                    let managed = |group: &&Group| group.provider_type == Some(ProviderType::Idp);
                    let has = |list: &[Group], id: &str| list.iter().any(|group| group.id == id);
                    let joined = edited
                        .iter()
                        .filter(managed)
                        .find(|group| !has(&user.assigned_groups, &group.id));
                    let left = user
                        .assigned_groups
                        .iter()
                        .filter(managed)
                        .find(|group| !has(&edited, &group.id));
                    if let Some(group) = joined.or(left) {
                        let index = found.iter().position(|found| found.id == group.id);
                        let pointer =
                            index.map_or_else(|| at("/value"), |index| at(&edit.pointer(index)));
                        return Err(StoreError::invalid(
                            pointer,
                            format!(
                                "the identity provider manages the members of the group `{}`",
                                group.name
                            ),
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
    /// Parses the value of an operation. Strings are names if `names`, ids if `ids`, else invalid.
    /// An error consists of a JSON pointer into the value and a message.
    fn parse(
        op: Op,
        value: &Value,
        names: bool,
        ids: bool,
    ) -> Result<Self, (String, &'static str)> {
        let kind = match op {
            Op::Add => EditKind::Add,
            Op::RemoveValue => EditKind::Remove,
            _ => EditKind::Replace,
        };
        let element = |value: &Value| Element::parse(value, names, ids);
        match value {
            _ if op == Op::Unset => Ok(Self { kind, elements: Vec::new(), single: false }),
            Value::Array(items) => {
                let parsed = items.iter().enumerate().map(|(index, item)| {
                    element(item).map_err(|message| (format!("/{index}"), message))
                });
                Ok(Self { kind, elements: parsed.collect::<Result<_, _>>()?, single: false })
            }
            _ if kind == EditKind::Replace => Err((String::new(), "expected an array")),
            item => Ok(Self {
                kind,
                elements: vec![element(item).map_err(|message| (String::new(), message))?],
                single: true,
            }),
        }
    }

    fn pointer(&self, index: usize) -> String {
        if self.single { "/value".to_owned() } else { format!("/value/{index}") }
    }

    /// Returns the items that the elements refer to. If any is unknown, returns `None` and appends
    /// a failure for each unknown one.
    fn resolve<T: Named + Clone>(
        &self,
        among: &[T],
        kind: &str,
        fits: impl Fn(&T, ProviderType) -> bool,
        operation: usize,
        failures: &mut Vec<Failure>,
    ) -> Option<Vec<T>> {
        let before = failures.len();
        let mut found = Vec::with_capacity(self.elements.len());
        for (index, Element { reference, provider }) in self.elements.iter().enumerate() {
            match reference
                .find(among)
                .filter(|item| provider.is_none_or(|provider| fits(item, provider)))
            {
                Some(item) => found.push(item.clone()),
                None => {
                    let pointer = format!("/{operation}{}", self.pointer(index));
                    failures
                        .push(Failure { pointer, message: format!("unknown {kind} {reference}") });
                }
            }
        }
        (failures.len() == before).then_some(found)
    }
}

impl EditKind {
    fn apply<T: Named + Clone>(self, list: &[T], named: &[T]) -> Vec<T> {
        let mut out: Vec<T> = if self == Self::Replace { Vec::new() } else { list.to_vec() };
        let has = |list: &[T], item: &T| list.iter().any(|other| other.id() == item.id());
        match self {
            Self::Remove => out.retain(|item| !has(named, item)),
            Self::Replace | Self::Add => {
                for item in named {
                    if !has(&out, item) {
                        out.push(item.clone());
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
            Some(Value::String(string)) => Ok(Some(string.clone())),
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
