//! Matching records in memory.

use crate::corpus;
use crate::floors::walk;
use crate::measure::{Contest, Goal, OURS};
use crate::translate;
use scieve_users::{Status, User};
use scieve::{CaseSensitivity, Filter, Policy, scim};
use serde_json::Value;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::LazyLock;
use wirefilter::ExecutionContext;

/// Users whose texts stay in the caches, users that do not fit there, and as many as the slow ones get.
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
const SLOW: usize = 1_000;

pub(crate) fn users() -> Vec<Contest> {
    let few: &'static [User] = scieve_users::sample(FEW).collect::<Vec<_>>().leak();
    filters().map(|(name, text)| over_users(name, &text, few, "10,000 users")).collect()
}

/// The same with more users than the caches hold.
pub(crate) fn many_users() -> Vec<Contest> {
    let many: &'static [User] = scieve_users::sample(MANY).collect::<Vec<_>>().leak();
    filters().map(|(name, text)| over_users(name, &text, many, "1,000,000 users")).collect()
}

pub(crate) fn json() -> Vec<Contest> {
    let scim = corpus::filters_of_scim().into_iter().map(|(name, text)| over_json(name, &text, scim::user_policy(), corpus::resource()));
    let user = serde_json::to_value(scieve_users::sample(1).next()).unwrap();
    let policy: &'static Policy<Value> = Box::leak(Box::new(Policy::schemaless(CaseSensitivity::Ignore)));
    scim.chain([("F3", corpus::F3), ("F4", corpus::F4)].map(|(name, text)| over_json(name, text, policy, user.clone()))).collect()
}

fn filters() -> impl Iterator<Item = corpus::Named> {
    corpus::filters_of_users().into_iter().filter(|(name, _)| matches!(*name, "F1" | "F2" | "F3" | "F4" | "F7"))
}

fn over_users(name: &'static str, text: &str, people: &'static [User], size: &str) -> Contest {
    let plan = scieve_users::policy().parse(text).unwrap();
    let found = people.iter().filter(|user| plan.matches(user)).count();
    assert_eq!(count_by_hand(name, people), found, "{name}: the closure and the plan differ");
    let units = people.len() as f64;
    let mut contest = Contest::new("matches, a user", format!("{name}, {size}"))
        .entrant_of(OURS, units, move || black_box(people).iter().filter(|user| plan.matches(user)).count())
        .entrant_of("closure", units, move || count_by_hand(name, black_box(people)))
        .goal(Goal::AtMost(1.3, "closure"));
    if people.len() != FEW {
        return contest;
    }
    if let Some(text) = translate::to_wirefilter(name) {
        let scheme = translate::scheme();
        let filter = scheme.parse(&text).unwrap().compile();
        let records: Vec<ExecutionContext<'static>> = people.iter().map(|user| folded(user, scheme)).collect();
        contest = contest
            .entrant_of("wirefilter, folded", units, move || {
                black_box(&records).iter().filter(|record| filter.execute(record).unwrap()).count();
            })
            .goal(Goal::Faster(1.0, "wirefilter, folded"));
    }
    if let Some(text) = translate::to_cel(name) {
        let program = cel::Program::compile(&text).unwrap();
        let records: Vec<cel::Context<'static, 'static>> = people.iter().take(SLOW).map(cel_context).collect();
        contest = contest.entrant_of("cel, folded", SLOW as f64, move || {
            let is_true = |record: &&cel::Context<'_, '_>| program.execute(record).unwrap() == cel::Value::Bool(true);
            black_box(&records).iter().filter(is_true).count();
        });
    }
    contest
}

fn holds(text: &str, wanted: &str) -> bool {
    text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Each filter as one would write it, ASCII letters folded on the fly. That is less than the plan does: on other letters it is wrong.
fn count_by_hand(name: &str, people: &[User]) -> usize {
    let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
    let here = |user: &User| user.status == Status::Active || user.status == Status::Disabled;
    match name {
        "F1" => people.iter().filter(|user| is(&user.name, "bob")).count(),
        "F2" => {
            let test = |user: &&User| (is(&user.id, "62716ab404a7bd8626af9bd6") || is(&user.id, "62716ac4c7e500e13ff5fa22")) && here(user);
            people.iter().filter(test).count()
        }
        "F3" => {
            let test = |user: &&User| {
                holds(&user.name, "query")
                    || user.email.as_ref().is_some_and(|email| holds(email, "query"))
                    || holds(&user.subject, "query")
                    || is(&user.id, "query")
                    || user.assigned_roles.iter().any(|role| is(&role.name, "query"))
            };
            people.iter().filter(test).count()
        }
        "F4" => people.iter().filter(|user| (is(&user.name, "bob") || is(&user.name, "alice")) && here(user)).count(),
        _ => {
            let ids = &*IDS;
            let test = |user: &&User| {
                <[u8; 24]>::try_from(user.id.as_bytes()).is_ok_and(|id| ids.contains(&id.map(|byte| byte.to_ascii_lowercase())))
                    && here(user)
            };
            people.iter().filter(test).count()
        }
    }
}

static IDS: LazyLock<HashSet<[u8; 24]>> =
    LazyLock::new(|| (0..100).map(|number| format!("62716ab404a7bd8626af{number:04x}").into_bytes().try_into().unwrap()).collect());

/// A user as wirefilter takes one, its texts folded before.
fn folded(user: &User, scheme: &'static wirefilter::Scheme) -> ExecutionContext<'static> {
    let mut record = ExecutionContext::new(scheme);
    let roles: String = user.assigned_roles.iter().map(|role| format!("\u{1f}{}\u{1f}", role.name)).collect();
    let texts = [
        ("id", user.id.as_str()),
        ("subject", &user.subject),
        ("name", &user.name),
        ("email", user.email.as_deref().unwrap_or("")),
        ("status", user.status.name()),
        ("roles", &roles),
    ];
    for (field, text) in texts {
        let key: &'static str = scieve::fold_key(text).into_owned().leak();
        record.set_field_value(field, key).unwrap();
    }
    record
}

/// The functions of the language, made once.
static LANGUAGE: LazyLock<cel::Context<'static, 'static>> = LazyLock::new(cel::Context::default);

fn cel_context(user: &User) -> cel::Context<'static, 'static> {
    let mut record = LANGUAGE.new_inner_scope();
    let roles: Vec<String> = user.assigned_roles.iter().map(|role| scieve::fold_key(&role.name).into_owned()).collect();
    record.add_variable("id", user.id.as_str()).unwrap();
    record.add_variable("subject", scieve::fold_key(&user.subject).into_owned()).unwrap();
    record.add_variable("name", scieve::fold_key(&user.name).into_owned()).unwrap();
    record.add_variable("email", scieve::fold_key(user.email.as_deref().unwrap_or("")).into_owned()).unwrap();
    record.add_variable("status", user.status.name()).unwrap();
    record.add_variable("roles", roles).unwrap();
    record
}

fn over_json(name: &'static str, text: &str, policy: &'static Policy<Value>, resource: Value) -> Contest {
    let plan = policy.parse(text).unwrap();
    let filter = Filter::parse(text).unwrap();
    assert_eq!(plan.matches(&resource), walk::matches(filter.root(), &resource), "{name}");
    let records: &'static [Value] = vec![resource; SLOW].leak();
    let units = records.len() as f64;
    let schema = if policy.schema().attributes().len() > 0 { "" } else { ", no schema" };
    assert_eq!(plan.matches(&records[0]), json_by_hand(name, &records[0]), "{name}: the closure and the plan differ");
    let contest = Contest::new("matches, a JSON record", format!("{name}{schema}"))
        .entrant_of(OURS, units, move || black_box(records).iter().filter(|record| plan.matches(record)).count())
        .entrant_of("closure", units, move || black_box(records).iter().filter(|record| json_by_hand(name, record)).count())
        .entrant_of("naive walk", units, move || {
            black_box(records).iter().filter(|record| walk::matches(filter.root(), record)).count();
        })
        .goal(Goal::Faster(4.0, "naive walk"));
    let text: &'static str = text.to_owned().leak();
    match scim_filter::parser::filter(text) {
        Ok(("", theirs)) if theirs.r#match(&records[0]).is_ok() => contest
            .entrant_of("scim-filter", units, move || {
                black_box(records).iter().filter(|record| theirs.r#match(record).unwrap()).count();
            })
            .goal(Goal::Faster(10.0, "scim-filter")),
        _ => contest,
    }
}

/// The same by hand, for that record alone: no types, no lists where a value is expected, and dates as texts.
fn json_by_hand(name: &str, record: &Value) -> bool {
    let text = |value: &Value, name: &str, test: &dyn Fn(&str) -> bool| walk::member(value, name).and_then(Value::as_str).is_some_and(test);
    let is = |value: &Value, name: &str, wanted: &str| text(value, name, &|text| text.eq_ignore_ascii_case(wanted));
    let holds = |value: &Value, name: &str, wanted: &str| text(value, name, &|text| holds(text, wanted));
    let any = |name: &str, test: &dyn Fn(&Value) -> bool| {
        walk::member(record, name).and_then(Value::as_array).is_some_and(|elements| elements.iter().any(test))
    };
    match name {
        "F3" => {
            ["name", "email", "subject"].into_iter().any(|name| holds(record, name, "query"))
                || is(record, "id", "query")
                || any("assignedRoles", &|role| is(role, "name", "query"))
        }
        "F4" => {
            ["bob", "alice"].into_iter().any(|wanted| is(record, "name", wanted))
                && ["active", "disabled"].into_iter().any(|wanted| is(record, "status", wanted))
        }
        "F5" => {
            any("emails", &|email| is(email, "type", "work") && holds(email, "value", "@example.com"))
                || any("ims", &|account| is(account, "type", "xmpp") && holds(account, "value", "@foo.com"))
        }
        _ => {
            text(record, "userName", &|name| name.starts_with(['j', 'J']))
                && walk::member(record, "meta").is_some_and(|meta| text(meta, "lastModified", &|text| text > "2011-05-13T04:42:34Z"))
        }
    }
}
