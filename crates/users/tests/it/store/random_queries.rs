//! Random filters and queries, from a seed, and the expected results by a full scan.

use scieve::{Filter, Plan, Policy};
use scieve_users::{Query, Sort, SortKey, User, Window};
use std::sync::LazyLock;

/// The policy of the users API without its maximum cost, which random filters exceed.
static POLICY: LazyLock<Policy<User>> = LazyLock::new(|| {
    let policy = scieve_users::policy().clone();
    let mut limits = *policy.limits();
    limits.cost = usize::MAX;
    policy.with_limits(limits)
});

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub(crate) fn sort(&mut self) -> Sort {
        // Half of them by name, which has an index in every store.
        let key = if self.chance(2) { SortKey::Name } else { *self.pick(&SortKey::ALL) };
        Sort { key, descending: self.chance(2) }
    }

    /// Returns a filter that the policy accepts apart from its cost, mostly with values of some user.
    pub(crate) fn filter(&mut self, users: &[User]) -> Option<String> {
        if self.chance(8) {
            return None;
        }
        let test = self.tree(users, 2);
        Some(match self.below(4) {
            0 => self.status(),
            1 => format!("({test}) and {}", self.status()),
            _ => test,
        })
    }

    /// Returns the plan of a random filter, the filter, and whether to leave out deleted users.
    pub(crate) fn plan(&mut self, users: &[User]) -> (Option<Plan<User>>, String, bool) {
        let Some(text) = self.filter(users) else { return (None, String::new(), true) };
        let plan = POLICY
            .check(&Filter::parse(&text).unwrap())
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        (Some(plan), text.clone(), !text.contains("status eq"))
    }

    /// Returns the plan of a substring search for a part of at least three characters, which the
    /// trigram indexes can look up, of a string of the user.
    pub(crate) fn substring_plan(&mut self, user: &User) -> (Option<Plan<User>>, String, bool) {
        let attributes = [
            ("name", Some(&user.name)),
            ("email", user.email.as_ref()),
            ("subject", Some(&user.subject)),
        ];
        let (attribute, value) = attributes[self.below(3)];
        let whole: Vec<char> = value.unwrap_or(&user.name).chars().collect();
        let from = self.below(whole.len().saturating_sub(2).max(1));
        let part: String =
            whole[from..(from + 3 + self.below(6)).min(whole.len())].iter().collect();
        let text = format!("{attribute} co {}", quoted(&part));
        (Some(scieve_users::policy().parse(&text).unwrap()), text, false)
    }

    fn status(&mut self) -> String {
        let list: Vec<_> = ["active", "Invited", "disabled", "deleted", "provisioned"]
            .into_iter()
            .filter(|_| self.chance(2))
            .collect();
        match list.is_empty() {
            true => r#"status eq "active""#.to_owned(),
            false => format!(
                "({})",
                list.iter()
                    .map(|status| format!("status eq {status:?}"))
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
        }
    }

    fn tree(&mut self, users: &[User], depth: usize) -> String {
        if depth == 0 || self.chance(3) {
            return self.test(users);
        }
        let parts: Vec<_> = (0..2 + self.below(3)).map(|_| self.tree(users, depth - 1)).collect();
        format!("({})", parts.join([" and ", " or "][self.below(2)]))
    }

    fn test(&mut self, users: &[User]) -> String {
        let user = self.pick(users).clone();
        let (attribute, value) = match self.below(13) {
            0 => ("id", user.id),
            1 => ("subject", user.subject),
            2 | 3 => ("name", user.name),
            4 => ("email", user.email.unwrap_or_default()),
            5 => ("clientId", user.client_id.unwrap_or_default()),
            6 => (
                "assignedRoles.id",
                user.assigned_roles.first().map_or("none".into(), |role| role.id.clone()),
            ),
            7 => (
                "assignedRoles.name",
                user.assigned_roles.first().map_or("Developer".into(), |role| role.name.clone()),
            ),
            8 => (
                "assignedGroups.id",
                user.assigned_groups.first().map_or("none".into(), |group| group.id.clone()),
            ),
            9 => {
                let role =
                    user.assigned_groups.first().and_then(|group| group.assigned_roles.first());
                (
                    "assignedGroupsAssignedRoles.name",
                    role.map_or("Developer".into(), |role| role.name.clone()),
                )
            }
            10 => {
                ("assignedScopes", user.assigned_scopes.first().cloned().unwrap_or("none".into()))
            }
            choice => {
                let attribute = ["name", "email", "subject"][self.below(3)];
                let text = match self.below(3) {
                    0 => user.email.unwrap_or(user.name),
                    _ if choice == 11 => user.name,
                    _ => user.subject,
                };
                let whole: Vec<char> = text.chars().collect();
                let from = self.below(whole.len());
                let part: String =
                    whole[from..(from + 1 + self.below(8)).min(whole.len())].iter().collect();
                return format!("{attribute} co {}", quoted(&part));
            }
        };
        let value = match self.below(6) {
            0 => value.to_uppercase(),
            1 => value.to_lowercase(),
            2 => format!("{value}x"),
            _ => value,
        };
        format!("{attribute} eq {}", quoted(&value))
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Returns all matching users in the order of the list, without indexes or pages.
pub(crate) fn scan(
    users: &[User],
    plan: Option<&Plan<User>>,
    without_deleted: bool,
    sort: Sort,
) -> Vec<User> {
    let matches = |user: &&User| {
        plan.is_none_or(|plan| plan.matches(user))
            && (!without_deleted || user.status != scieve_users::Status::Deleted)
    };
    let mut found: Vec<User> = users.iter().filter(matches).cloned().collect();
    found.sort_by_cached_key(|user| (sort.key.of(user), user.id.clone()));
    if sort.descending {
        found.reverse();
    }
    found
}

pub(crate) fn query(
    plan: Option<&Plan<User>>,
    without_deleted: bool,
    sort: Sort,
    limit: usize,
) -> Query<'_> {
    Query {
        plan,
        without_deleted,
        sort,
        window: Window::First,
        id_above: None,
        id_below: None,
        limit,
        total: false,
        deadline: None,
    }
}
