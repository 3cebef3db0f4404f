//! Editing of filters: examples, and laws on generated filters.

use arbitrary::Unstructured;
use proptest::prelude::*;
use scieve::{
    Builder, CaseSensitivity, Code, Filter, Limits, Literal, Operand, Operator, Policy, Rewrite,
    Syntax, all, arbitrary as made_up, attr, quote,
};
use serde_json::{Value, json};
use std::borrow::Cow;

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

#[test]
fn operands_have_the_written_value() {
    let built = |operand: Operand| attr("a").eq(operand).build().unwrap().to_string();
    for (operand, text) in [
        (Operand::from(&"x".to_owned()), r#""x""#),
        (Cow::from("x\"y").into(), r#""x\"y""#),
        (Box::<str>::from("x").into(), r#""x""#),
        (u64::MAX.into(), "18446744073709551615"),
        (i128::MIN.into(), "-170141183460469231731687303715884105728"),
        (7_usize.into(), "7"),
        (i8::MIN.into(), "-128"),
        (0.1_f32.into(), "0.1"),
        (0.1_f64.into(), "0.1"),
        (Some("x").into(), r#""x""#),
        (None::<i64>.into(), "null"),
        (Literal::Number("1e400").into(), "1e400"),
        (Literal::Boolean(true).into(), "true"),
    ] {
        assert_eq!(built(operand), format!("a eq {text}"));
    }
    for number in [f32::NAN, f32::INFINITY] {
        assert!(attr("a").eq(number).build().is_err());
    }
    assert!(attr("a").compare(Operator::Pr, 1).build().is_err());
    assert_eq!(quote("a\"\\\u{7}"), r#""a\"\\\u0007""#);
}

#[test]
fn empty_lists_are_errors() {
    let none: [Builder; 0] = [];
    for built in [all(none.clone()), scieve::any(none), attr("a").is_in([0_i64; 0])] {
        let errors = built.or(attr("a").pr()).build().unwrap_err();
        assert_eq!(errors.first().unwrap().code(), Code::EmptyFilter);
    }
}

#[test]
fn filters_keep_their_dialect() {
    let entra = Filter::parse_with(r#"active eq "True""#, &Syntax::entra(), &Limits::default());
    let scoped = entra.unwrap().and(attr("id").pr()).unwrap();
    let plan = scieve::scim::user_policy().check(&scoped).unwrap();
    assert!(plan.matches(&json!({"id": "1", "active": true})));
}

#[test]
fn filters_that_exceed_the_default_limits_can_be_edited() {
    let mut limits = Limits::default();
    limits.clauses = 600;
    let text = vec!["a pr"; 600].join(" or ");
    let filter = Filter::parse_with(&text, &Syntax::rfc(), &limits).unwrap();
    let scoped = filter.and(attr("b").pr()).unwrap();
    assert_eq!(scoped.to_string(), format!("({text}) and b pr"));
    let deep = format!("{}a pr{}", "not (".repeat(64), ")".repeat(64));
    limits.depth = Limits::MAX_DEPTH;
    let deep = Filter::parse_with(&deep, &Syntax::rfc(), &limits).unwrap();
    assert_eq!(deep.not().unwrap_err().first().unwrap().code(), Code::TooDeep);
}

#[test]
fn conditions_are_dropped_from_conjunctions_only() {
    let drop = |text: &str, how: Rewrite| {
        parse(text).rewrite(|clause| match clause.path().name() {
            "x" => how.clone(),
            _ => Rewrite::Keep,
        })
    };
    for (text, expected) in [
        ("x pr", None),
        ("a pr and x pr", Some("a pr")),
        ("a pr and x pr and (b pr or c pr)", Some("a pr and (b pr or c pr)")),
        ("e[x pr] and a pr", Some("a pr")),
        ("e[x pr and a pr]", Some("e[a pr]")),
        ("x pr and x eq 1", None),
    ] {
        let dropped = drop(text, Rewrite::Drop).unwrap();
        assert_eq!(dropped.map(|filter| filter.to_string()).as_deref(), expected, "{text}");
    }
    for (text, expected) in [
        ("a pr or x pr", Some("a pr")),
        ("not (x pr)", None),
        ("not (a pr and x pr)", Some("not (a pr)")),
        ("a pr and (b pr or x pr and c pr)", Some("a pr and (b pr or c pr)")),
        ("e[x pr or a pr]", Some("e[a pr]")),
    ] {
        let errors = drop(text, Rewrite::Drop).unwrap_err();
        let first = errors.first().unwrap();
        assert_eq!((first.code(), first.span().text(text)), (Code::CannotDrop, Some("x pr")));
        let dropped = drop(text, Rewrite::DropAnywhere).unwrap();
        assert_eq!(dropped.map(|filter| filter.to_string()).as_deref(), expected, "{text}");
    }
}

#[test]
fn replaced_conditions_are_grouped() {
    let either = || attr("b").pr().or(attr("c").pr());
    let replaced = |text: &str| {
        let filter = parse(text).rewrite(|clause| match clause.path().name() {
            "a" => Rewrite::Replace(either()),
            _ => Rewrite::Keep,
        });
        filter.unwrap().unwrap().to_string()
    };
    assert_eq!(replaced("a pr and d pr"), "(b pr or c pr) and d pr");
    assert_eq!(replaced("d pr and a pr"), "d pr and (b pr or c pr)");
    assert_eq!(replaced("not (a pr)"), "not (b pr or c pr)");
    assert_eq!(replaced("e[a pr and d pr]"), "e[(b pr or c pr) and d pr]");
}

fn filter(bytes: &[u8]) -> Filter {
    let mut limits = Limits::default();
    (limits.clauses, limits.bytes) = (5_000, 1 << 20);
    made_up::tree(&mut Unstructured::new(bytes)).unwrap().build_with(&limits).unwrap()
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn a_builder_contains_a_filter_without_loss(bytes in bytes()) {
        let filter = filter(&bytes);
        let mut limits = Limits::default();
        (limits.clauses, limits.bytes) = (5_000, 1 << 20);
        prop_assert_eq!(&Builder::from(&filter).build_with(&limits).unwrap(), &filter);
        let kept = filter.rewrite(|_| Rewrite::Keep).unwrap();
        prop_assert_eq!(kept.as_ref(), Some(&filter));
        let same = filter.rewrite(|clause| {
            Rewrite::Replace(match clause.literal() {
                None => attr(clause.path().as_str()).pr(),
                Some(literal) => attr(clause.path().as_str()).compare(clause.operator(), literal),
            })
        });
        prop_assert_eq!(same.unwrap(), Some(filter));
    }

    #[test]
    fn combinations_have_the_meaning_of_the_connectives(one in bytes(), other in bytes()) {
        let policy: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
        let mut limits = Limits::default();
        (limits.clauses, limits.bytes, limits.depth) = (20_000, 1 << 22, Limits::MAX_DEPTH);
        limits.connective_levels = 100;
        let policy = policy.with_limits(limits);
        let (one, other) = (filter(&one), filter(&other));
        let record = json!({"a": 1, "name": "x", "emails": [{"type": "work", "value": "x"}]});
        let matches = |filter: &Filter| policy.check(filter).ok().map(|plan| plan.matches(&record));
        if let (Some(first), Some(second)) = (matches(&one), matches(&other)) {
            if let Ok(both) = one.and(&other) {
                prop_assert_eq!(matches(&both), Some(first && second));
            }
            if let Ok(either) = one.or(&other) {
                prop_assert_eq!(matches(&either), Some(first || second));
            }
            if let Ok(not) = one.not() {
                prop_assert_eq!(matches(&not), Some(!first));
            }
        }
    }

    #[test]
    fn a_shape_contains_no_value(bytes in bytes(), secret in "[0-9]{9}") {
        let filter = filter(&bytes);
        let marked = filter.rewrite(|clause| match clause.literal() {
            Some(Literal::String(_)) => Rewrite::Replace(
                attr(clause.path().as_str()).compare(clause.operator(), secret.as_str()),
            ),
            _ => Rewrite::Keep,
        });
        let marked = marked.unwrap().unwrap();
        prop_assert_eq!(marked.shape(), filter.shape());
        prop_assert!(!marked.shape().contains(&secret));
    }
}
