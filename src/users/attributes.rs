//! What of a user can be filtered: one line an attribute, and what callers may ask of it.

use super::role::{Group, Role};
use super::user::User;
use crate::operator::{Operator, Operators};
use crate::policy::Policy;
use crate::schema::{Attribute, Record, Schema, SchemaError};
use crate::syntax::Syntax;
use crate::value::{Kind, ValueRef};

type Values = fn(&User, &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

/// How one attribute is found, asked about and read.
struct Field {
    path: &'static str,
    multi_valued: bool,
    operators: &'static [Operator],
    values: Values,
}

const EQ: &[Operator] = &[Operator::Eq];
const EQ_CO: &[Operator] = &[Operator::Eq, Operator::Co];
/// A complex attribute: only its sub-attributes are asked about.
const PARENT: &[Operator] = &[];

/// Every attribute; [`Attribute::slot`] is the position here. All texts, none of them case exact.
#[rustfmt::skip]
const FIELDS: &[Field] = &[
    one("id", EQ, |user, test| test(text(&user.id))),
    one("subject", EQ_CO, |user, test| test(text(&user.subject))),
    one("name", EQ_CO, |user, test| test(text(&user.name))),
    one("email", EQ_CO, |user, test| user.email.as_ref().is_some_and(|email| test(text(email)))),
    one("status", EQ, |user, test| test(text(user.status.name()))),
    one("clientId", EQ, |user, test| user.client_id.as_ref().is_some_and(|client| test(text(client)))),
    many("assignedRoles", PARENT, |user, test| user.assigned_roles.iter().any(|_| test(ValueRef::Complex))),
    one("assignedRoles.id", EQ, |user, test| user.assigned_roles.iter().any(|role| test(text(&role.id)))),
    one("assignedRoles.name", EQ, |user, test| user.assigned_roles.iter().any(|role| test(text(&role.name)))),
    many("assignedGroups", PARENT, |user, test| user.assigned_groups.iter().any(|_| test(ValueRef::Complex))),
    one("assignedGroups.id", EQ, |user, test| user.assigned_groups.iter().any(|group| test(text(&group.id)))),
    many("assignedGroupsAssignedRoles", PARENT, |user, test| group_roles(user).any(|_| test(ValueRef::Complex))),
    one("assignedGroupsAssignedRoles.name", EQ, |user, test| group_roles(user).any(|role| test(text(&role.name)))),
    many("assignedScopes", EQ, |user, test| user.assigned_scopes.iter().any(|scope| test(text(scope)))),
];

/// Comparisons of `id` that one filter may hold.
const MAX_IDS: usize = 100;

const fn one(path: &'static str, operators: &'static [Operator], values: Values) -> Field {
    Field { path, multi_valued: false, operators, values }
}

const fn many(path: &'static str, operators: &'static [Operator], values: Values) -> Field {
    Field { path, multi_valued: true, operators, values }
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::text(text)
}

/// The roles that come with the groups.
fn group_roles(user: &User) -> impl Iterator<Item = &Role> {
    user.assigned_groups.iter().flat_map(|group: &Group| &group.assigned_roles)
}

impl Field {
    fn kind(&self) -> Kind {
        if self.operators.is_empty() { Kind::Complex } else { Kind::String }
    }

    fn attribute(&self) -> Attribute {
        let attribute = Attribute::new(self.path, self.kind());
        if self.multi_valued { attribute.multi_valued() } else { attribute }
    }

    /// Whether values of this field are what an attribute with that description stands for.
    fn is(&self, attribute: &Attribute) -> bool {
        let kind = match attribute.kind() {
            Kind::Reference => Kind::String,
            kind => kind,
        };
        attribute.urn().is_none()
            && self.path.eq_ignore_ascii_case(attribute.path())
            && (kind == self.kind() || kind == Kind::Any)
            && self.multi_valued == attribute.is_multi_valued()
    }
}

impl Record for User {
    fn slot(attribute: &Attribute) -> Option<u32> {
        let place = FIELDS.iter().position(|field| field.is(attribute))?;
        u32::try_from(place).ok()
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let field = usize::try_from(attribute.slot()).ok().and_then(|slot| FIELDS.get(slot));
        field.is_some_and(|field| (field.values)(self, test))
    }

    fn any_element(&self, attribute: &Attribute, test: &mut dyn FnMut(&dyn Record) -> bool) -> bool {
        match attribute.path() {
            path if path.eq_ignore_ascii_case("assignedRoles") => self.assigned_roles.iter().any(|role| test(role)),
            path if path.eq_ignore_ascii_case("assignedGroups") => self.assigned_groups.iter().any(|group| test(group)),
            path if path.eq_ignore_ascii_case("assignedGroupsAssignedRoles") => group_roles(self).any(|role| test(role)),
            _ => false,
        }
    }
}

pub(super) fn build() -> Result<Policy<User>, SchemaError> {
    let mut policy = Policy::new(Schema::new(None, FIELDS.iter().map(Field::attribute))?)?
        .closed()
        .with_group("status")?
        .with_rule("id", |rule| rule.max_count = Some(MAX_IDS))?
        .with_syntax(Syntax { single_quotes: true, ..Syntax::rfc() })
        .allow_not(false)
        .allow_value_paths(false)
        .allow_urns(false)
        .allow_null(false);
    for field in FIELDS {
        policy = policy.with_rule(field.path, |rule| rule.operators = Operators::of(field.operators))?;
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, build};

    #[test]
    fn the_policy_can_be_built_and_slots_are_places() {
        let policy = build().unwrap();
        let slots: Vec<_> = policy.schema().attributes().map(|attribute| attribute.slot() as usize).collect();
        assert_eq!(slots, (0..FIELDS.len()).collect::<Vec<_>>());
    }
}
