//! The planner: turns the checked plan of a query into conditions on rows, resolved against the
//! indexes of a tenant.
//!
//! A [`Search`] answers these questions, cheapest first:
//!
//! 1. [`Search::candidates`]: does a hash index yield a small superset of the matches?
//! 2. [`Search::names`]: can the matches have only a few names, so that a scan of these parts of
//!    the name order suffices?
//! 3. [`Search::segments`] and [`Search::excludes`]: can a segment be skipped because of its
//!    trigrams or its Bloom filter?
//! 4. [`Search::select`]: which rows of a segment match? [`Search::matches`]: does one user match?
//!
//! The last two questions are answered exactly; the others may only err on the side of more rows.

use super::bloom::BloomHash;
use super::hash_index::IndexedAttribute;
use super::interner::MembershipKind;
use super::memo::Memo;
use super::stored_user::StoredUser;
use super::tenant::Tenant;
use super::text_column::TextColumn;
use super::trigram_index::{Trigram, trigrams};
use crate::attributes;
use crate::page::Query;
use crate::user::{Members, Status, User};
use scieve::{Attribute, CaseSensitivity, Schema, Substring, Value, fold_key};
use scieve::{Node, Plan, Predicate, Test};

/// Maximum number of trigrams of a substring to look up. More would hardly exclude more segments.
const MAX_TRIGRAMS: usize = 16;

/// A condition on rows.
pub(super) enum Search<'q> {
    /// Conjunction in the order of [`Search::cost`]; true if it is empty.
    All(Vec<Self>),
    /// Disjunction in the order of [`Search::cost`]; false if it is empty.
    Any(Vec<Self>),
    Not(Box<Self>),
    /// The status is in the mask, which has one bit per status.
    Status(u8),
    /// The slot is one of these, which are sorted.
    Slots(Vec<u32>),
    /// The fold key of the name is one of these, which are sorted.
    Names(Vec<&'q str>),
    /// The column contains the substring. Segments without one of the trigrams have no match.
    Contains {
        column: TextColumn,
        substring: &'q Substring,
        trigrams: Vec<Trigram>,
    },
    IdAbove(&'q str),
    IdBelow(&'q str),
    /// A test that is evaluated on the stored user.
    User {
        test: &'q Test,
        schema: &'q Schema,
        /// Segments whose Bloom filter contains none of these have no match; `None` if the test
        /// does not compare memberships for equality.
        memberships: Option<Vec<BloomHash>>,
        /// The membership list on which alone the result depends, with the results so far.
        memo: Option<(MembershipKind, Memo)>,
    },
}

impl<'q> Search<'q> {
    /// Plans the conditions of a query: its filter, its bounds on ids and the exclusion of deleted
    /// users, without order and window.
    pub(super) fn new(query: &'q Query<'_>, tenant: &Tenant) -> Self {
        let mut all = Vec::new();
        if query.without_deleted {
            all.push(Self::Status(status_mask(|status| status != Status::Deleted)));
        }
        all.extend(query.id_above.as_deref().map(Self::IdAbove));
        all.extend(query.id_below.as_deref().map(Self::IdBelow));
        if let Some(plan) = query.plan {
            match Self::from_node(plan.root(), plan, tenant) {
                Self::All(parts) => all.extend(parts),
                part => all.push(part),
            }
        }
        all.sort_by_key(Self::cost);
        Self::All(all)
    }

    fn from_node(node: &'q Node, plan: &'q Plan<User>, tenant: &Tenant) -> Self {
        let parts = |children: &'q [Node]| {
            let mut parts: Vec<_> =
                children.iter().map(|child| Self::from_node(child, plan, tenant)).collect();
            parts.sort_by_key(Self::cost);
            parts
        };
        match node {
            Node::All(children) => Self::All(parts(children)),
            Node::Any(children) => Self::Any(parts(children)),
            Node::Not(child) => Self::Not(Box::new(Self::from_node(child, plan, tenant))),
            Node::Test(test) => Self::from_test(test, plan.schema(), tenant),
        }
    }

    fn from_test(test: &'q Test, schema: &'q Schema, tenant: &Tenant) -> Self {
        if matches!(test.predicate(), Predicate::Never) {
            return Self::Any(Vec::new());
        }
        let slot = schema.attribute(test.attribute()).map_or(u32::MAX, Attribute::slot);
        let kind = membership_kind(slot);
        let on_user = |memberships| Self::User {
            test,
            schema,
            memberships,
            memo: kind.map(|kind| (kind, Memo::new())),
        };
        // The indexes and columns hold fold keys.
        if test.case() == CaseSensitivity::Exact {
            return on_user(None);
        }
        if let Predicate::Contains(substring) = test.predicate()
            && let Some(column) = searchable_column(slot)
        {
            return Self::contains(column, substring);
        }
        let Some(keys) = equality_keys(test.predicate()) else { return on_user(None) };
        let by = |attribute| Self::by_keys(attribute, &keys, tenant);
        match slot {
            attributes::ID => by(IndexedAttribute::Id),
            attributes::SUBJECT => by(IndexedAttribute::Subject),
            attributes::EMAIL => by(IndexedAttribute::Email),
            attributes::CLIENT_ID => by(IndexedAttribute::ClientId),
            attributes::NAME => Self::Names(keys),
            attributes::STATUS => Self::Status(status_mask(|status| keys.contains(&status.name()))),
            _ => on_user(Some(keys.into_iter().map(BloomHash::new).collect())),
        }
    }

    fn contains(column: TextColumn, substring: &'q Substring) -> Self {
        let mut trigrams: Vec<_> =
            trigrams(substring.as_str().as_bytes()).take(MAX_TRIGRAMS).collect();
        trigrams.sort_unstable();
        trigrams.dedup();
        Self::Contains { column, substring, trigrams }
    }

    fn by_keys(attribute: IndexedAttribute, keys: &[&str], tenant: &Tenant) -> Self {
        let found = keys.iter().flat_map(|key| tenant.find(attribute, key));
        Self::Slots(sorted_set(found.map(|(slot, _)| slot).collect()))
    }

    /// Rank by cost per row, lowest first.
    fn cost(&self) -> u8 {
        match self {
            Self::Status(_) => 0,
            Self::Slots(_) => 1,
            Self::Names(_) | Self::IdAbove(_) | Self::IdBelow(_) => 2,
            Self::Contains { .. } => 3,
            Self::User { .. } => USER_COST,
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::cost).max().unwrap_or_default()
            }
        }
    }

    /// Returns whether stored users have to be read, which costs cache misses per row.
    pub(super) fn reads_users(&self) -> bool {
        self.cost() == USER_COST
    }

    /// Returns the mask of statuses if nothing else is compared.
    pub(super) fn status_only(&self) -> Option<u8> {
        match self {
            Self::Status(mask) => Some(*mask),
            Self::All(parts) => {
                parts.iter().try_fold(u8::MAX, |mask, part| Some(mask & part.status_only()?))
            }
            _ => None,
        }
    }

    /// Returns a superset of the matching slots, sorted and without duplicates, if the hash indexes
    /// yield one.
    pub(super) fn candidates(&self) -> Option<Vec<u32>> {
        match self {
            Self::Slots(slots) => Some(slots.clone()),
            Self::All(parts) => parts.iter().filter_map(Self::candidates).min_by_key(Vec::len),
            Self::Any(parts) => {
                let slots = parts.iter().map(Self::candidates).collect::<Option<Vec<_>>>()?;
                Some(sorted_set(slots.concat()))
            }
            _ => None,
        }
    }

    /// Returns the fold keys of names, sorted and without duplicates, that include the names of all
    /// matches, if the plan compares names for equality.
    pub(super) fn names(&self) -> Option<Vec<&'q str>> {
        match self {
            Self::Names(names) => Some(names.clone()),
            Self::All(parts) => parts.iter().filter_map(Self::names).min_by_key(Vec::len),
            Self::Any(parts) if !parts.is_empty() => {
                let names = parts.iter().map(Self::names).collect::<Option<Vec<_>>>()?;
                Some(sorted_set(names.concat()))
            }
            _ => None,
        }
    }

    /// Returns whether one user matches.
    pub(super) fn matches(&self, slot: u32, user: &StoredUser) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(slot, user)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(slot, user)),
            Self::Not(inner) => !inner.matches(slot, user),
            Self::Status(mask) => mask >> user.status() as u8 & 1 == 1,
            Self::Slots(slots) => slots.binary_search(&slot).is_ok(),
            Self::Names(names) => names.binary_search(&&*fold_key(user.name())).is_ok(),
            Self::Contains { column, substring, .. } => {
                let value = match column {
                    TextColumn::Id => Some(user.id()),
                    TextColumn::Name => Some(user.name()),
                    TextColumn::Email => user.email(),
                    TextColumn::Subject => Some(user.subject()),
                };
                value.is_some_and(|value| substring.found_in(value))
            }
            Self::IdAbove(id) => user.id() > *id,
            Self::IdBelow(id) => user.id() < *id,
            Self::User { test, schema, .. } => test.matches(schema, user),
        }
    }
}

/// The highest cost: a stored user is read.
const USER_COST: u8 = 4;

/// Returns the membership list that an attribute belongs to, by [`Attribute::slot`].
fn membership_kind(slot: u32) -> Option<MembershipKind> {
    match slot {
        slot if attributes::ROLES.contains(&slot) => Some(MembershipKind::Roles),
        slot if attributes::GROUPS.contains(&slot) => Some(MembershipKind::Groups),
        attributes::SCOPES => Some(MembershipKind::Scopes),
        _ => None,
    }
}

/// Returns the column to search for substrings of an attribute, by [`Attribute::slot`].
fn searchable_column(slot: u32) -> Option<TextColumn> {
    match slot {
        attributes::NAME => Some(TextColumn::Name),
        attributes::EMAIL => Some(TextColumn::Email),
        attributes::SUBJECT => Some(TextColumn::Subject),
        _ => None,
    }
}

/// Returns the fold keys that a predicate compares for equality; `None` for other predicates, and
/// for operands that are not strings.
fn equality_keys(predicate: &Predicate) -> Option<Vec<&str>> {
    let values = match predicate {
        Predicate::Equal(value) => std::slice::from_ref(value),
        Predicate::In(values) => values,
        _ => return None,
    };
    let keys = values.iter().map(|value| match value {
        Value::Text(key) => Some(&**key),
        _ => None,
    });
    keys.collect()
}

fn sorted_set<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Returns a mask with the bit `1 << status` set for each status that satisfies the condition.
pub(super) fn status_mask(condition: impl Fn(Status) -> bool) -> u8 {
    Status::ALL
        .into_iter()
        .filter(|status| condition(*status))
        .fold(0, |mask, status| mask | 1 << status as u8)
}

#[cfg(test)]
mod tests {
    use super::status_mask;
    use crate::user::Status;

    #[test]
    fn status_mask_has_one_bit_per_status() {
        assert_eq!(status_mask(|_| true), 0b11111);
        assert_eq!(status_mask(|status| status == Status::Active).count_ones(), 1);
    }
}
