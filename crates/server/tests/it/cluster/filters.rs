//! Random filters of the users policy, generated from values of users so that they match some.

use scieve::{Plan, Policy};
use scieve_users::{Page, Position, Query, Sort, SortKey, User, Window};
use std::sync::LazyLock;

/// The policy of the users API without its maximum cost, which random filters exceed.
static POLICY: LazyLock<Policy<User>> = LazyLock::new(|| {
    let policy = scieve_users::policy().clone();
    let mut limits = *policy.limits();
    limits.cost = usize::MAX;
    policy.with_limits(limits)
});

pub(crate) struct Made<'a> {
    users: &'a [User],
    state: u64,
}

impl<'a> Made<'a> {
    pub(crate) fn new(users: &'a [User], seed: u64) -> Self {
        Self { users, state: seed }
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn test(&mut self) -> String {
        let user = &self.users[self.below(self.users.len())];
        let part = |text: &str, made: &mut Self| {
            let chars: Vec<char> = text.chars().collect();
            let start = made.below(chars.len());
            chars[start..(start + 3).min(chars.len())].iter().collect::<String>()
        };
        let role = user.assigned_roles.first().or(user
            .assigned_groups
            .iter()
            .flat_map(|group| &group.assigned_roles)
            .next());
        let group = user.assigned_groups.first();
        let email = user.email.clone().unwrap_or_default();
        let (test, text) = match self.below(13) {
            0 => ("id eq", user.id.clone()),
            1 => ("subject eq", user.subject.to_uppercase()),
            2 => ("subject co", part(&user.subject, self)),
            3 => ("name eq", user.name.to_lowercase()),
            4 => ("name co", part(&user.name, self)),
            5 => ("email eq", email),
            6 => ("email co", "%".to_owned()),
            7 => ("clientId eq", user.client_id.clone().unwrap_or_default()),
            8 => ("assignedRoles.id eq", role.map(|role| role.id.clone()).unwrap_or_default()),
            9 => (
                "assignedRoles.name eq",
                role.map(|role| role.name.to_uppercase()).unwrap_or_default(),
            ),
            10 => ("assignedGroups.id eq", group.map(|group| group.id.clone()).unwrap_or_default()),
            11 => (
                "assignedGroupsAssignedRoles.name eq",
                role.map(|role| role.name.clone()).unwrap_or_default(),
            ),
            _ => ("assignedScopes eq", user.assigned_scopes.first().cloned().unwrap_or_default()),
        };
        format!("{test} {}", serde_json::Value::from(text))
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) == 0 {
            return self.test();
        }
        let word = if self.below(3) == 0 { " and " } else { " or " };
        let parts: Vec<String> =
            (0..2 + self.below(3)).map(|_| format!("({})", self.condition(depth - 1))).collect();
        parts.join(word)
    }

    pub(crate) fn filter(&mut self) -> (String, Plan<User>) {
        let mut filter = self.condition(2);
        if self.below(4) == 0 {
            let status = ["active", "invited", "DELETED", "disabled"][self.below(4)];
            filter =
                format!("({filter}) and (status eq \"{status}\" or status eq \"provisioned\")");
        }
        let plan = POLICY.parse(&filter).unwrap_or_else(|error| panic!("{error}: {filter}"));
        (filter, plan)
    }

    pub(crate) fn query(&mut self) -> Query<'static> {
        let sort = Sort {
            key: SortKey::ALL[self.below(SortKey::ALL.len())],
            descending: self.below(2) == 0,
        };
        let id = self.users[self.below(self.users.len())].id.clone();
        Query {
            sort,
            without_deleted: self.below(2) == 0,
            window: if self.below(4) == 0 { Window::Last } else { Window::First },
            id_above: (self.below(6) == 0).then_some(id),
            limit: [1, 3, 20, 100][self.below(4)],
            total: self.below(2) == 0,
            ..Query::default()
        }
    }
}

/// Returns the window of the adjacent page in the direction of the walk, if any. Walks with pages
/// of one user stop after two pages.
pub(crate) fn next(page: &Page, query: &Query<'_>) -> Option<Window> {
    let back = matches!(query.window, Window::Last | Window::Before(_));
    let many = query.limit == 1 && matches!(query.window, Window::After(_) | Window::Before(_));
    match back {
        _ if many => None,
        true if page.has_previous => {
            page.users.first().map(|user| Window::Before(Position::of(user, query.sort)))
        }
        false if page.has_next => {
            page.users.last().map(|user| Window::After(Position::of(user, query.sort)))
        }
        _ => None,
    }
}
