//! Matching users and JSON records against a plan.

use crate::baselines::walk;
use crate::corpus;
use crate::measure::{Comparison, Goal, OURS};
use crate::translate;
use scieve::{CaseSensitivity, Filter, Policy, scim};
use scieve_users::{Status, User};
use serde_json::Value;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::LazyLock;
use wirefilter::ExecutionContext;

/// Users that fit in the second-level cache of a core, users that fit in the last-level cache, and
/// users that do not fit in any cache.
const CACHED: usize = 1_000;
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;

pub(crate) fn users() -> Vec<Comparison> {
    let few: &'static [User] = scieve_users::sample(FEW).collect::<Vec<_>>().leak();
    let cached = &few[..CACHED];
    let over_cached = filters().map(|(name, text)| over_users(name, &text, cached, "1,000 users"));
    let over_few = filters().map(|(name, text)| over_users(name, &text, few, "10,000 users"));
    over_cached.chain(over_few).collect()
}

/// The comparisons of [`users`] with more users than fit in the caches.
pub(crate) fn many_users() -> Vec<Comparison> {
    let many: &'static [User] = scieve_users::sample(MANY).collect::<Vec<_>>().leak();
    filters().map(|(name, text)| over_users(name, &text, many, "1,000,000 users")).collect()
}

pub(crate) fn json() -> Vec<Comparison> {
    let scim = corpus::filters_of_scim()
        .into_iter()
        .map(|(name, text)| over_json(name, &text, scim::user_policy(), corpus::resource()));
    let user = serde_json::to_value(scieve_users::sample(1).next()).unwrap();
    let policy: &'static Policy<Value> =
        Box::leak(Box::new(Policy::schemaless(CaseSensitivity::Ignore)));
    scim.chain(
        [("F3", corpus::F3), ("F4", corpus::F4)]
            .map(|(name, text)| over_json(name, text, policy, user.clone())),
    )
    .collect()
}

fn filters() -> impl Iterator<Item = corpus::Named> {
    corpus::filters_of_users()
        .into_iter()
        .filter(|(name, _)| matches!(*name, "F1" | "F2" | "F3" | "F4" | "F7"))
}

fn over_users(name: &'static str, text: &str, people: &'static [User], size: &str) -> Comparison {
    let plan = scieve_users::policy().parse(text).unwrap();
    let found = people.iter().filter(|user| plan.matches(user)).count();
    assert_eq!(count_by_hand(name, people), found, "{name}: the closure and the plan differ");
    let units = people.len() as f64;
    let mut comparison = Comparison::new("match a user, per user", format!("{name}, {size}"))
        .competitor_of(OURS, units, move || {
            black_box(people).iter().filter(|user| plan.matches(user)).count()
        })
        .competitor_of("closure", units, move || count_by_hand(name, black_box(people)))
        .goal(Goal::AtMost(1.3, "closure"));
    if people.len() == MANY {
        return comparison;
    }
    if let Some(text) = translate::to_wirefilter(name) {
        let scheme = translate::scheme();
        let filter = scheme.parse(&text).unwrap().compile();
        let records: Vec<ExecutionContext<'static>> =
            people.iter().map(|user| wirefilter_record(&wirefilter_fields(user), scheme)).collect();
        comparison = comparison
            .competitor_of("wirefilter, folded", units, move || {
                black_box(&records).iter().filter(|record| filter.execute(record).unwrap()).count();
            })
            .goal(Goal::Faster(1.0, "wirefilter, folded"));
        // A filter and its contexts have one lifetime, so the strings are folded beforehand.
        let filter = scheme.parse(&text).unwrap().compile();
        let folded: Vec<_> = people.iter().map(wirefilter_fields).collect();
        comparison = comparison.competitor_of("wirefilter with its contexts", units, move || {
            let matches = |fields: &&Fields| filter.execute(&wirefilter_record(fields, scheme));
            black_box(&folded).iter().filter(|fields| matches(fields).unwrap()).count();
        });
    }
    if let Some(text) = translate::to_cel(name) {
        let program = cel::Program::compile(&text).unwrap();
        let records: Vec<cel::Context<'static, 'static>> =
            people.iter().take(CACHED).map(cel_context).collect();
        comparison = comparison.competitor_of("cel, folded", CACHED as f64, move || {
            let is_true = |record: &&cel::Context<'_, '_>| {
                program.execute(record).unwrap() == cel::Value::Bool(true)
            };
            black_box(&records).iter().filter(is_true).count();
        });
        let program = cel::Program::compile(&text).unwrap();
        comparison = comparison.competitor_of("cel with its contexts", CACHED as f64, move || {
            let is_true = |user: &&User| {
                program.execute(&cel_context(user)).unwrap() == cel::Value::Bool(true)
            };
            black_box(&people[..CACHED]).iter().filter(is_true).count();
        });
    }
    comparison
}

fn contains(text: &str, wanted: &str) -> bool {
    text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Each filter as a hand-written closure, which folds ASCII letters on the fly. It does less than a
/// plan: it is wrong for other letters.
fn count_by_hand(name: &str, people: &[User]) -> usize {
    let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
    let here = |user: &User| user.status == Status::Active || user.status == Status::Disabled;
    match name {
        "F1" => people.iter().filter(|user| is(&user.name, "bob")).count(),
        "F2" => {
            let test = |user: &&User| {
                (is(&user.id, "62716ab404a7bd8626af9bd6")
                    || is(&user.id, "62716ac4c7e500e13ff5fa22"))
                    && here(user)
            };
            people.iter().filter(test).count()
        }
        "F3" => {
            let test = |user: &&User| {
                contains(&user.name, "query")
                    || user.email.as_ref().is_some_and(|email| contains(email, "query"))
                    || contains(&user.subject, "query")
                    || is(&user.id, "query")
                    || user.assigned_roles.iter().any(|role| is(&role.name, "query"))
            };
            people.iter().filter(test).count()
        }
        "F4" => people
            .iter()
            .filter(|user| (is(&user.name, "bob") || is(&user.name, "alice")) && here(user))
            .count(),
        _ => {
            let ids = &*IDS;
            let test = |user: &&User| {
                <[u8; 24]>::try_from(user.id.as_bytes())
                    .is_ok_and(|id| ids.contains(&id.map(|byte| byte.to_ascii_lowercase())))
                    && here(user)
            };
            people.iter().filter(test).count()
        }
    }
}

static IDS: LazyLock<HashSet<[u8; 24]>> = LazyLock::new(|| {
    (0..100)
        .map(|number| format!("62716ab404a7bd8626af{number:04x}").into_bytes().try_into().unwrap())
        .collect()
});

/// Names and values of fields.
type Fields = [(&'static str, &'static str); 6];

/// The fields of a user for wirefilter, with their strings folded, for the whole run.
fn wirefilter_fields(user: &User) -> Fields {
    let roles: String =
        user.assigned_roles.iter().map(|role| format!("\u{1f}{}\u{1f}", role.name)).collect();
    let fields = [
        ("id", user.id.as_str()),
        ("subject", &user.subject),
        ("name", &user.name),
        ("email", user.email.as_deref().unwrap_or("")),
        ("status", user.status.name()),
        ("roles", &roles),
    ];
    fields.map(|(field, value)| {
        let value: &'static str = scieve::fold_key(value).into_owned().leak();
        (field, value)
    })
}

/// A user as a context of wirefilter.
fn wirefilter_record(
    fields: &Fields,
    scheme: &'static wirefilter::Scheme,
) -> ExecutionContext<'static> {
    let mut record = ExecutionContext::new(scheme);
    for (field, value) in fields {
        record.set_field_value(field, *value).unwrap();
    }
    record
}

/// The functions of CEL, created once.
static LANGUAGE: LazyLock<cel::Context<'static, 'static>> = LazyLock::new(cel::Context::default);

fn cel_context(user: &User) -> cel::Context<'static, 'static> {
    let mut record = LANGUAGE.new_inner_scope();
    let roles: Vec<String> =
        user.assigned_roles.iter().map(|role| scieve::fold_key(&role.name).into_owned()).collect();
    record.add_variable("id", user.id.as_str()).unwrap();
    record.add_variable("subject", scieve::fold_key(&user.subject).into_owned()).unwrap();
    record.add_variable("name", scieve::fold_key(&user.name).into_owned()).unwrap();
    record
        .add_variable("email", scieve::fold_key(user.email.as_deref().unwrap_or("")).into_owned())
        .unwrap();
    record.add_variable("status", user.status.name()).unwrap();
    record.add_variable("roles", roles).unwrap();
    record
}

fn over_json(
    name: &'static str,
    text: &str,
    policy: &'static Policy<Value>,
    resource: Value,
) -> Comparison {
    let plan = policy.parse(text).unwrap();
    let filter = Filter::parse(text).unwrap();
    assert_eq!(plan.matches(&resource), walk::matches(filter.root(), &resource), "{name}");
    let records: &'static [Value] = vec![resource; CACHED].leak();
    let units = records.len() as f64;
    let schema = if policy.schema().attributes().len() > 0 { "" } else { ", no schema" };
    assert_eq!(
        plan.matches(&records[0]),
        json_by_hand(name, &records[0]),
        "{name}: the closure and the plan differ"
    );
    let comparison = Comparison::new("match a JSON record, per record", format!("{name}{schema}"))
        .competitor_of(OURS, units, move || {
            black_box(records).iter().filter(|record| plan.matches(record)).count()
        })
        .competitor_of("closure", units, move || {
            black_box(records).iter().filter(|record| json_by_hand(name, record)).count()
        })
        .competitor_of("naive walk", units, move || {
            black_box(records).iter().filter(|record| walk::matches(filter.root(), record)).count();
        })
        .goal(Goal::Faster(4.0, "naive walk"));
    let text: &'static str = text.to_owned().leak();
    match scim_filter::parser::filter(text) {
        Ok(("", theirs)) if theirs.r#match(&records[0]).is_ok() => comparison
            .competitor_of("scim-filter", units, move || {
                black_box(records).iter().filter(|record| theirs.r#match(record).unwrap()).count();
            })
            .goal(Goal::Faster(10.0, "scim-filter")),
        _ => comparison,
    }
}

/// Each filter as a hand-written closure for this record: it assumes the types, expects no list in
/// place of a value, and compares dates as strings.
fn json_by_hand(name: &str, record: &Value) -> bool {
    let text = |value: &Value, name: &str, test: &dyn Fn(&str) -> bool| {
        walk::member(value, name).and_then(Value::as_str).is_some_and(test)
    };
    let is = |value: &Value, name: &str, wanted: &str| {
        text(value, name, &|text| text.eq_ignore_ascii_case(wanted))
    };
    let contains =
        |value: &Value, name: &str, wanted: &str| text(value, name, &|text| contains(text, wanted));
    let any = |name: &str, test: &dyn Fn(&Value) -> bool| {
        walk::member(record, name)
            .and_then(Value::as_array)
            .is_some_and(|elements| elements.iter().any(test))
    };
    match name {
        "F3" => {
            ["name", "email", "subject"].into_iter().any(|name| contains(record, name, "query"))
                || is(record, "id", "query")
                || any("assignedRoles", &|role| is(role, "name", "query"))
        }
        "F4" => {
            ["bob", "alice"].into_iter().any(|wanted| is(record, "name", wanted))
                && ["active", "disabled"].into_iter().any(|wanted| is(record, "status", wanted))
        }
        "F5" => {
            any("emails", &|email| {
                is(email, "type", "work") && contains(email, "value", "@example.com")
            }) || any("ims", &|account| {
                is(account, "type", "xmpp") && contains(account, "value", "@foo.com")
            })
        }
        _ => {
            text(record, "userName", &|name| name.starts_with(['j', 'J']))
                && walk::member(record, "meta").is_some_and(|meta| {
                    text(meta, "lastModified", &|text| text > "2011-05-13T04:42:34Z")
                })
        }
    }
}
