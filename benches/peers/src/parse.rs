//! Parsing filters, and checking them into plans.

use crate::baselines::{self, compact, lexer};
use crate::corpus;
use crate::measure::{Comparison, Goal, OURS};
use crate::translate;
use scieve::{Filter, Policy, scim};
use std::hint::black_box;

pub(crate) fn parsing() -> Vec<Comparison> {
    corpus::filters().into_iter().map(|(name, text)| parse(name, text)).collect()
}

pub(crate) fn checking() -> Vec<Comparison> {
    corpus::filters().into_iter().map(|(name, text)| check(name, text)).collect()
}

pub(crate) fn hostile() -> Vec<Comparison> {
    corpus::hostile(1 << 10)
        .into_iter()
        .zip(corpus::hostile(64 << 10))
        .map(|((name, short), (_, long))| refused(name, short, long))
        .collect()
}

fn parse(name: &'static str, text: String) -> Comparison {
    let leaked: &'static str = Box::leak(text.into_boxed_str());
    assert_eq!(
        compact::parse(leaked).expect(name).len(),
        nodes(Filter::parse(leaked).unwrap().root()),
        "{name}"
    );
    let mut comparison = Comparison::new("parse", name)
        .competitor(OURS, move || Filter::parse(black_box(leaked)))
        .competitor("bare lexer", move || lexer::tokens(black_box(leaked)))
        .competitor("compact parser", move || compact::parse(black_box(leaked)));
    if leaked.parse::<scim_proto::filter::ScimFilter>().is_ok() {
        comparison = comparison.competitor("scim_proto", move || {
            black_box(leaked).parse::<scim_proto::filter::ScimFilter>()
        });
    }
    if leaked.parse::<scim_v2::filter::Filter>().is_ok() {
        comparison = comparison
            .competitor("scim_v2", move || black_box(leaked).parse::<scim_v2::filter::Filter>());
    }
    // scim-filter takes exponential time in the depth of parentheses and would not finish F8.
    if name != "F8" && scim_filter::parser::filter(leaked).is_ok_and(|(rest, _)| rest.is_empty()) {
        comparison = comparison
            .competitor("scim-filter", move || scim_filter::parser::filter(black_box(leaked)));
    }
    if let Some(text) = translate::to_wirefilter(name) {
        let scheme = translate::scheme();
        scheme.parse(&text).expect(name);
        comparison = comparison
            .competitor("wirefilter", move || drop(black_box(scheme.parse(black_box(&text)))));
    }
    if let Some(text) = translate::to_cel(name) {
        cel::Program::compile(&text).expect(name);
        comparison = comparison.competitor("cel", move || cel::Program::compile(black_box(&text)));
    }
    match name {
        "F8" | "F9" => comparison,
        _ => comparison
            .goal(Goal::Faster(6.0, "scim_proto"))
            .goal(Goal::Faster(3.0, "wirefilter"))
            .goal(Goal::AtMost(2.2, "compact parser")),
    }
}

/// Returns the number of nodes of a tree.
fn nodes(expr: scieve::Expr<'_>) -> usize {
    use scieve::ExprKind::{And, Not, Or, ValuePath};
    1 + match expr.kind() {
        And(operands) | Or(operands) => operands.map(nodes).sum(),
        Not(child) | ValuePath(_, child) => nodes(child),
        _ => 0,
    }
}

/// Checking and planning, compared with parsing the same filter.
fn check(name: &'static str, text: String) -> Comparison {
    let filter = Filter::parse(&text).unwrap();
    let comparison = match name {
        "F5" | "F6" => check_by(scim::user_policy(), name, filter.clone()),
        _ => check_by(scieve_users::policy(), name, filter.clone()),
    };
    let comparison = comparison.competitor("parsing it", move || Filter::parse(black_box(&text)));
    let comparison = match baselines::check::check(&filter) {
        Some(_) => comparison
            .competitor("hand-written", move || baselines::check::check(black_box(&filter))),
        None => comparison,
    };
    match name {
        "F2" | "F3" | "F4" => comparison.goal(Goal::AtMost(1.0, "parsing it")),
        "F7" => comparison.goal(Goal::AtMost(1.5, "parsing it")),
        _ => comparison,
    }
}

/// Cloning and dropping the plan is a lower bound: the cost of allocating its parts.
fn check_by<R>(policy: &'static Policy<R>, name: &'static str, filter: Filter) -> Comparison {
    let plan = policy.check(&filter).unwrap();
    Comparison::new("check and plan", name)
        .competitor(OURS, move || policy.check(black_box(&filter)))
        .competitor("copying the plan", move || black_box(&plan).clone())
}

/// Time per byte of rejected input, which must not grow with its length.
fn refused(name: &'static str, short: String, long: String) -> Comparison {
    let (few, many) = (short.len() as f64, long.len() as f64);
    let parse = |text: &str| scim::user_policy().parse(black_box(text));
    Comparison::new("hostile input of 64 KiB, per byte", name)
        .competitor_of(OURS, many, move || parse(&long))
        .competitor_of("1 KiB", few, move || parse(&short))
        .goal(Goal::AtMost(2.0, "1 KiB"))
}
