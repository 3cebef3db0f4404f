//! The reference users, with texts that are harder than those of the sample.

use crate::generators::random::{Random, TEXTS};
use crate::generators::{TENANT, World};
use scieve::sql::CheckedMapping;
use scieve::{MultiNe, Policy};
use scieve_users::{Group, Role, Status, User};
use serde_json::{Value, json};

/// A user whose texts may be anything; ids and subjects are unique.
pub(crate) fn user(random: &mut Random, number: usize) -> User {
    let mut user = scieve_users::sample_with_seed(number + 1, random.next()).last().unwrap();
    let unique = |random: &mut Random, text: &str| match random.below(3) {
        0 => text.to_owned(),
        1 => format!("{}{number}", random.pick(TEXTS)),
        _ => format!("{number}{}", random.pick(TEXTS)),
    };
    user.id = unique(random, &format!("{number:05}{}", user.id));
    user.subject = unique(random, &format!("{number:05}{}", user.subject));
    if random.chance(70) {
        user.name = random.text();
    }
    if random.chance(50) {
        user.email = random.chance(80).then(|| random.text());
    }
    if random.chance(30) {
        user.client_id = random.chance(70).then(|| random.text());
    }
    if random.chance(30) {
        user.assigned_scopes = (0..random.below(4)).map(|_| random.text()).collect();
    }
    for role in &mut user.assigned_roles {
        odd(random, role);
    }
    for group in &mut user.assigned_groups {
        odd_group(random, group);
    }
    if random.chance(10) {
        user.status = *random.pick(&Status::ALL);
    }
    user
}

fn odd(random: &mut Random, role: &mut Role) {
    if random.chance(30) {
        role.name = random.text();
    }
    if random.chance(10) {
        role.id = format!("{}{}", random.pick(TEXTS), random.below(9));
    }
}

fn odd_group(random: &mut Random, group: &mut Group) {
    if random.chance(20) {
        group.id = format!("{}{}", random.pick(TEXTS), random.below(9));
    }
    for role in &mut group.assigned_roles {
        odd(random, role);
    }
}

/// Users in their tables, next to another tenant's.
pub(crate) struct Users {
    name: &'static str,
    policies: Vec<Policy<User>>,
    columns: CheckedMapping,
    whole_grammar: bool,
}

impl Users {
    /// As callers of the API ask.
    pub(crate) fn new() -> Self {
        let policies = vec![scieve_users::policy().clone()];
        Self {
            name: "users",
            policies,
            columns: scieve_users::mapping().for_tenant(TENANT),
            whole_grammar: false,
        }
    }

    /// Every operator, and the whole grammar.
    pub(crate) fn asked_anything() -> Self {
        let policy =
            |multi_ne| Policy::new(scieve_users::schema().clone()).unwrap().with_multi_ne(multi_ne);
        let policies = vec![policy(MultiNe::AnyValueDiffers), policy(MultiNe::NoValueEquals)];
        Self { name: "tenants", policies, whole_grammar: true, ..Self::new() }
    }
}

impl World for Users {
    type Record = User;

    fn name(&self) -> &'static str {
        self.name
    }

    fn policies(&self) -> &[Policy<User>] {
        &self.policies
    }

    fn columns(&self) -> &CheckedMapping {
        &self.columns
    }

    fn whole_grammar(&self) -> bool {
        self.whole_grammar
    }

    fn record(&self, random: &mut Random, number: usize) -> User {
        user(random, number)
    }

    fn id<'r>(&self, record: &'r User) -> &'r str {
        &record.id
    }

    fn json(&self, record: &User) -> Value {
        json!(record)
    }
}
