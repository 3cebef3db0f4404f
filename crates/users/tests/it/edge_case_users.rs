//! Random users of the reference resource with edge-case strings, which the sample does not have.

use crate::generators::random_values::{Random, STRINGS};
use crate::generators::{RecordModel, TENANT};
use scieve::sql::CheckedMapping;
use scieve::{MultiNe, Policy};
use scieve_users::{Group, Role, Status, User};
use serde_json::{Value, json};

/// Returns a user with arbitrary strings. Ids and subjects are unique per `number`.
pub(crate) fn user(random: &mut Random, number: usize) -> User {
    let mut user = scieve_users::sample_with_seed(number + 1, random.next()).last().unwrap();
    let unique = |random: &mut Random, text: &str| match random.below(3) {
        0 => text.to_owned(),
        // With leading zeros, so that digits of the string do not make another number.
        1 => format!("{}{number:05}", random.pick(STRINGS)),
        _ => format!("{number:05}{}", random.pick(STRINGS)),
    };
    user.id = unique(random, &format!("{number:05}{}", user.id));
    user.subject = unique(random, &format!("{number:05}{}", user.subject));
    if random.chance(70) {
        user.name = random.string();
    }
    if random.chance(50) {
        user.email = random.chance(80).then(|| random.string());
    }
    if random.chance(30) {
        user.client_id = random.chance(70).then(|| random.string());
    }
    if random.chance(30) {
        user.assigned_scopes = (0..random.below(4)).map(|_| random.string()).collect();
    }
    for role in &mut user.assigned_roles {
        vary_role(random, role);
    }
    for group in &mut user.assigned_groups {
        vary_group(random, group);
    }
    if random.chance(10) {
        user.status = *random.pick(&Status::ALL);
    }
    user
}

fn vary_role(random: &mut Random, role: &mut Role) {
    if random.chance(30) {
        role.name = random.string();
    }
    if random.chance(10) {
        role.id = format!("{}{}", random.pick(STRINGS), random.below(9));
    }
}

fn vary_group(random: &mut Random, group: &mut Group) {
    if random.chance(20) {
        group.id = format!("{}{}", random.pick(STRINGS), random.below(9));
    }
    for role in &mut group.assigned_roles {
        vary_role(random, role);
    }
}

/// Users in tables that also contain users of another tenant.
pub(crate) struct UsersModel {
    name: &'static str,
    policies: Vec<Policy<User>>,
    mapping: CheckedMapping,
    whole_grammar: bool,
}

impl UsersModel {
    /// The policy of the users API without its maximum cost, which random filters exceed.
    pub(crate) fn new() -> Self {
        let policy = scieve_users::policy().clone();
        let mut limits = *policy.limits();
        limits.cost = usize::MAX;
        let policies = vec![policy.with_limits(limits)];
        Self {
            name: "users",
            policies,
            mapping: scieve_users::mapping().for_tenant(TENANT),
            whole_grammar: false,
        }
    }

    /// Policies that allow every operator and the whole grammar.
    pub(crate) fn with_every_operator() -> Self {
        let policy =
            |multi_ne| Policy::new(scieve_users::schema().clone()).unwrap().with_multi_ne(multi_ne);
        let policies = vec![policy(MultiNe::AnyValueDiffers), policy(MultiNe::NoValueEquals)];
        Self { name: "tenants", policies, whole_grammar: true, ..Self::new() }
    }
}

impl RecordModel for UsersModel {
    type Record = User;

    fn name(&self) -> &'static str {
        self.name
    }

    fn policies(&self) -> &[Policy<User>] {
        &self.policies
    }

    fn mapping(&self) -> &CheckedMapping {
        &self.mapping
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
