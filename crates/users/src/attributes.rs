//! The attributes of a user that can be filtered by, one line each, and the filter policy.

use super::role::{Group, Role};
use super::user::{Members, Status, User};
use scieve::Syntax;
use scieve::{Attribute, Record, Schema, SchemaError};
use scieve::{AttributeType, ValueRef};
use scieve::{Limits, Policy};
use scieve::{Operator, Operators};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// An attribute: its path, its operators and its values.
struct Field<U> {
    path: &'static str,
    multi_valued: bool,
    operators: &'static [Operator],
    values: Values<U>,
}

type Values<U> = fn(&U, &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

const EQ: &[Operator] = &[Operator::Eq];
const EQ_CO: &[Operator] = &[Operator::Eq, Operator::Co];
/// A complex attribute: only its sub-attributes can be filtered by.
const PARENT: &[Operator] = &[];

// The `Attribute::slot` of each attribute that stores have an index of.
pub(super) const ID: u32 = 0;
pub(super) const SUBJECT: u32 = 1;
pub(super) const NAME: u32 = 2;
pub(super) const EMAIL: u32 = 3;
pub(super) const STATUS: u32 = 4;
pub(super) const CLIENT_ID: u32 = 5;
/// The slots of a list and its sub-attributes.
pub(super) const ROLES: RangeInclusive<u32> = 6..=8;
pub(super) const GROUPS: RangeInclusive<u32> = 9..=12;
pub(super) const SCOPES: u32 = 13;

impl<U: Members + 'static> Field<U> {
    /// All attributes, case-insensitive; the index is the [`Attribute::slot`].
    #[rustfmt::skip]
    const ALL: &'static [Self] = &[
        one("id", EQ, |user, test| test(text(user.id()))),
        one("subject", EQ_CO, |user, test| test(text(user.subject()))),
        one("name", EQ_CO, |user, test| test(text(user.name()))),
        one("email", EQ_CO, |user, test| user.email().is_some_and(|email| test(text(email)))),
        one("status", EQ, |user, test| test(text(user.status().name()))),
        one("clientId", EQ, |user, test| user.client_id().is_some_and(|client| test(text(client)))),
        many("assignedRoles", PARENT, |user, test| elements(user.assigned_roles(), test)),
        one("assignedRoles.id", EQ, |user, test| any(user.assigned_roles(), |role| &role.id, test)),
        one("assignedRoles.name", EQ, |user, test| any(user.assigned_roles(), |role| &role.name, test)),
        many("assignedGroups", PARENT, |user, test| elements(user.assigned_groups(), test)),
        one("assignedGroups.id", EQ, |user, test| any(user.assigned_groups(), |group| &group.id, test)),
        many("assignedGroupsAssignedRoles", PARENT, |user, test| elements(group_roles(user), test)),
        one("assignedGroupsAssignedRoles.name", EQ, |user, test| any(group_roles(user), |role| &role.name, test)),
        many("assignedScopes", EQ, |user, test| any(user.assigned_scopes(), |scope| scope, test)),
    ];
}

const FIELDS: &[Field<User>] = Field::ALL;

/// Maximum number of comparisons of `id` in a filter.
const MAX_IDS: usize = 100;

/// Maximum cost of a filter. The aim for 100,000 users is 250 ms in memory and 1 s in each database,
/// page and total together; `scripts/cost-bench` measures it.
const MAX_COST: usize = 1000;
/// The weight of an equality that an index answers. Where an `or` prevents that, it is a comparison
/// per user.
const INDEXED: u32 = 6;
/// The weight of `co`, which searches the strings of all users unless the substring is rare and has
/// three letters or more.
const SUBSTRING: u32 = 100;
/// The weight of an equality on roles, groups and scopes: a lookup in another table per user.
const MEMBERSHIP: u32 = 200;

const fn one<U>(path: &'static str, operators: &'static [Operator], values: Values<U>) -> Field<U> {
    Field { path, multi_valued: false, operators, values }
}

const fn many<U>(
    path: &'static str,
    operators: &'static [Operator],
    values: Values<U>,
) -> Field<U> {
    Field { path, multi_valued: true, operators, values }
}

fn text(string: &str) -> ValueRef<'_> {
    ValueRef::text(string)
}

/// Tests a string of each element of a list.
fn any<'u, T: 'u>(
    list: impl IntoIterator<Item = &'u T>,
    string: impl Fn(&'u T) -> &'u String,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    list.into_iter().any(|element| test(text(string(element))))
}

/// Tests each element of a complex list.
fn elements<T>(
    list: impl IntoIterator<Item = T>,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    list.into_iter().any(|_| test(ValueRef::Complex))
}

/// Returns the values of `assignedGroupsAssignedRoles`: the roles of the user's groups.
fn group_roles(user: &impl Members) -> impl Iterator<Item = &Role> {
    user.assigned_groups().iter().flat_map(|group: &Group| &group.assigned_roles)
}

/// Adds the derived member `assignedGroupsAssignedRoles`, the roles of the user's groups, to a user
/// in JSON form unless it is there.
///
/// Filters can test this member, but the users API does not send it. [`User`] derives it itself;
/// this function is for plans that are evaluated on JSON values.
pub fn add_group_roles(user: &mut Value) {
    const MEMBER: &str = "assignedGroupsAssignedRoles";
    let Some(user) = user.as_object_mut().filter(|user| !user.contains_key(MEMBER)) else { return };
    let Some(Value::Array(groups)) = user.get("assignedGroups") else { return };
    let lists = groups.iter().filter_map(|group| group.get("assignedRoles")?.as_array());
    let roles: Vec<Value> = lists.flatten().cloned().collect();
    user.insert(MEMBER.to_owned(), Value::Array(roles));
}

impl<U> Field<U> {
    fn attribute_type(&self) -> AttributeType {
        if self.operators.is_empty() { AttributeType::Complex } else { AttributeType::String }
    }

    /// Weighs an equality: roles, groups and scopes are in tables of their own.
    fn equality_weight(&self) -> u32 {
        if self.path.starts_with("assigned") { MEMBERSHIP } else { INDEXED }
    }

    fn attribute(&self) -> Attribute {
        let mut attribute = Attribute::new(self.path, self.attribute_type());
        if self.path == "status" {
            attribute = attribute.with_canonical_values(Status::ALL.map(Status::name));
        }
        if self.multi_valued { attribute.multi_valued() } else { attribute }
    }

    /// Returns whether an attribute, which may be of another schema, denotes the values of this
    /// field.
    fn is(&self, attribute: &Attribute) -> bool {
        let attribute_type = match attribute.attribute_type() {
            AttributeType::Reference => AttributeType::String,
            attribute_type => attribute_type,
        };
        attribute.urn().is_none()
            && self.path.eq_ignore_ascii_case(attribute.path())
            && (attribute_type == self.attribute_type() || attribute_type == AttributeType::Any)
            && self.multi_valued == attribute.is_multi_valued()
    }
}

impl Record for User {
    fn slot(attribute: &Attribute) -> Option<u32> {
        let index = FIELDS.iter().position(|field| field.is(attribute))?;
        u32::try_from(index).ok()
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        any_value(self, attribute, test)
    }

    #[inline]
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        match attribute.slot() {
            ID => Some(Some(&self.id)),
            SUBJECT => Some(Some(&self.subject)),
            NAME => Some(Some(&self.name)),
            EMAIL => Some(self.email.as_deref()),
            STATUS => Some(Some(self.status.name())),
            CLIENT_ID => Some(self.client_id.as_deref()),
            _ => None,
        }
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        any_element(self, attribute, test)
    }
}

/// Implements [`Record::any_value`] for each representation of a user.
pub(super) fn any_value<U: Members + 'static>(
    user: &U,
    attribute: &Attribute,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    let field = usize::try_from(attribute.slot()).ok().and_then(|slot| Field::<U>::ALL.get(slot));
    field.is_some_and(|field| (field.values)(user, test))
}

/// Implements [`Record::any_element`] for each representation of a user.
pub(super) fn any_element(
    user: &impl Members,
    attribute: &Attribute,
    test: &mut dyn FnMut(&dyn Record) -> bool,
) -> bool {
    match attribute.path() {
        path if path.eq_ignore_ascii_case("assignedRoles") => {
            user.assigned_roles().iter().any(|role| test(role))
        }
        path if path.eq_ignore_ascii_case("assignedGroups") => {
            user.assigned_groups().iter().any(|group| test(group))
        }
        path if path.eq_ignore_ascii_case("assignedGroupsAssignedRoles") => {
            group_roles(user).any(|role| test(role))
        }
        _ => false,
    }
}

fn build() -> Result<Policy<User>, SchemaError> {
    let mut syntax = Syntax::rfc();
    syntax.single_quotes = true;
    let mut limits = Limits::default();
    limits.cost = MAX_COST;
    let mut policy = Policy::new(Schema::new(None, FIELDS.iter().map(Field::attribute))?)?
        .closed()
        .with_group("status")?
        .with_rule("id", |rule| rule.max_count = Some(MAX_IDS))?
        .with_syntax(syntax)
        .with_limits(limits)
        .allow_not(false)
        .allow_value_paths(false)
        .allow_urns(false)
        .allow_null(false);
    for field in FIELDS {
        policy = policy.with_rule(field.path, |rule| {
            rule.operators = Operators::of(field.operators);
            for operator in field.operators {
                match operator {
                    Operator::Co => rule.weights.co = SUBSTRING,
                    _ => rule.weights.eq = field.equality_weight(),
                }
            }
        })?;
    }
    Ok(policy)
}

// A test ensures that it can be built; the fallback rejects every filter.
static POLICY: LazyLock<Policy<User>> =
    LazyLock::new(|| build().unwrap_or_else(|_| Policy::empty()));

/// Returns the filter policy of the users API.
///
/// Allowed are `eq` on `id`, `subject`, `name`, `email`, `status`, `clientId`, `assignedRoles.id`,
/// `assignedRoles.name`, `assignedGroups.id`, `assignedGroupsAssignedRoles.name` and
/// `assignedScopes`, and `co` on `name`, `email` and `subject`, both case-insensitive. Not allowed
/// are other operators, `not`, value paths, URNs and `null`. A filter has a maximum of 100
/// comparisons of `id`, and its comparisons of `status` must form one group that applies to the
/// whole filter. Strings may be enclosed in single quotes. The cost of a filter is limited
/// ([`Limits::cost`](scieve::Limits::cost)): it can have 10 comparisons with `co`, or 5 on roles,
/// groups and scopes, or 166 others; an `or` of equalities on one attribute counts as one.
///
/// ```
/// use scieve::Code;
///
/// let policy = scieve_users::policy();
/// let plan = policy.parse("email co '@corp.example' and status eq 'active'")?;
/// let found = scieve_users::sample(200).filter(|user| plan.matches(user)).count();
/// assert_eq!(found, 26);
///
/// let errors = policy.parse("email ew '@corp.example'").unwrap_err();
/// assert_eq!(errors.iter().next().map(|error| error.code()), Some(Code::OperatorNotAllowed));
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[must_use]
pub fn policy() -> &'static Policy<User> {
    &POLICY
}

/// Returns the schema of [`policy`].
#[must_use]
pub fn schema() -> &'static Schema {
    policy().schema()
}

#[cfg(test)]
mod tests {
    use super::{
        CLIENT_ID, EMAIL, FIELDS, GROUPS, ID, NAME, ROLES, SCOPES, STATUS, SUBJECT, build,
    };

    #[test]
    fn the_policy_is_valid_and_slots_are_indexes() {
        let policy = build().unwrap();
        let slots: Vec<_> =
            policy.schema().attributes().map(|attribute| attribute.slot() as usize).collect();
        assert_eq!(slots, (0..FIELDS.len()).collect::<Vec<_>>());
    }

    #[test]
    fn slot_constants_match_the_attributes() {
        let path = |slot: u32| FIELDS[slot as usize].path;
        assert_eq!(
            [ID, SUBJECT, NAME, EMAIL, STATUS, CLIENT_ID].map(path),
            ["id", "subject", "name", "email", "status", "clientId"]
        );
        assert!(ROLES.map(path).all(|path| path.starts_with("assignedRoles")));
        assert!(GROUPS.map(path).all(|path| path.starts_with("assignedGroups")));
        assert_eq!((path(SCOPES), FIELDS.len()), ("assignedScopes", 14));
    }
}
