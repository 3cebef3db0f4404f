//! Reading: text to tree, and text to plan.

use crate::corpus;
use crate::floors::{self, compact, lexer};
use crate::measure::{Contest, Goal, OURS};
use crate::translate;
use scieve::{Filter, Policy, scim, users};
use std::hint::black_box;

pub(crate) fn reading() -> Vec<Contest> {
    corpus::filters().into_iter().map(|(name, text)| parse(name, text)).collect()
}

pub(crate) fn checking() -> Vec<Contest> {
    corpus::filters().into_iter().map(|(name, text)| check(name, text)).collect()
}

pub(crate) fn hostile() -> Vec<Contest> {
    corpus::hostile(1 << 10)
        .into_iter()
        .zip(corpus::hostile(64 << 10))
        .map(|((name, short), (_, long))| refused(name, short, long))
        .collect()
}

fn parse(name: &'static str, text: String) -> Contest {
    let leaked: &'static str = Box::leak(text.into_boxed_str());
    assert_eq!(compact::parse(leaked).expect(name).len(), nodes(Filter::parse(leaked).unwrap().root()), "{name}");
    let mut contest = Contest::new("parse", name)
        .entrant(OURS, move || Filter::parse(black_box(leaked)))
        .entrant("bare lexer", move || lexer::tokens(black_box(leaked)))
        .entrant("compact parser", move || compact::parse(black_box(leaked)));
    if leaked.parse::<scim_proto::filter::ScimFilter>().is_ok() {
        contest = contest.entrant("scim_proto", move || black_box(leaked).parse::<scim_proto::filter::ScimFilter>());
    }
    if leaked.parse::<scim_v2::filter::Filter>().is_ok() {
        contest = contest.entrant("scim_v2", move || black_box(leaked).parse::<scim_v2::filter::Filter>());
    }
    // Each parenthesis doubles what it takes: of F8 nobody would see the end.
    if name != "F8" && scim_filter::parser::filter(leaked).is_ok_and(|(rest, _)| rest.is_empty()) {
        contest = contest.entrant("scim-filter", move || scim_filter::parser::filter(black_box(leaked)));
    }
    if let Some(text) = translate::to_wirefilter(name) {
        let scheme = translate::scheme();
        scheme.parse(&text).expect(name);
        contest = contest.entrant("wirefilter", move || drop(black_box(scheme.parse(black_box(&text)))));
    }
    if let Some(text) = translate::to_cel(name) {
        cel::Program::compile(&text).expect(name);
        contest = contest.entrant("cel", move || cel::Program::compile(black_box(&text)));
    }
    match name {
        "F8" | "F9" => contest,
        _ => contest.goal(Goal::Faster(6.0, "scim_proto")).goal(Goal::Faster(3.0, "wirefilter")).goal(Goal::AtMost(2.2, "compact parser")),
    }
}

/// How many parts a tree has.
fn nodes(expr: scieve::Expr<'_>) -> usize {
    use scieve::ExprKind::{And, Not, Or, ValuePath};
    1 + match expr.kind() {
        And(operands) | Or(operands) => operands.map(nodes).sum(),
        Not(child) | ValuePath(_, child) => nodes(child),
        _ => 0,
    }
}

/// Check and plan beside what reading the same text takes.
fn check(name: &'static str, text: String) -> Contest {
    let filter = Filter::parse(&text).unwrap();
    let contest = match name {
        "F5" | "F6" => check_by(scim::user_policy(), name, filter.clone()),
        _ => check_by(scieve_users::policy(), name, filter.clone()),
    };
    let contest = contest.entrant("reading it", move || Filter::parse(black_box(&text)));
    let contest = match floors::check::check(&filter) {
        Some(_) => contest.entrant("by hand", move || floors::check::check(black_box(&filter))),
        None => contest,
    };
    match name {
        "F2" | "F3" | "F4" => contest.goal(Goal::AtMost(1.0, "reading it")),
        "F7" => contest.goal(Goal::AtMost(1.5, "reading it")),
        _ => contest,
    }
}

/// Copying a plan and dropping the copy is what its parts cost alone, whoever finds out what they are.
fn check_by<R>(policy: &'static Policy<R>, name: &'static str, filter: Filter) -> Contest {
    let plan = policy.check(&filter).unwrap();
    Contest::new("check and plan", name)
        .entrant(OURS, move || policy.check(black_box(&filter)))
        .entrant("copying the plan", move || black_box(&plan).clone())
}

/// Time a byte, whatever the text does.
fn refused(name: &'static str, short: String, long: String) -> Contest {
    let (few, many) = (short.len() as f64, long.len() as f64);
    let read = |text: &str| scim::user_policy().parse(black_box(text));
    Contest::new("hostile text of 64 KiB, a byte", name)
        .entrant_of(OURS, many, move || read(&long))
        .entrant_of("1 KiB", few, move || read(&short))
        .goal(Goal::AtMost(2.0, "1 KiB"))
}
