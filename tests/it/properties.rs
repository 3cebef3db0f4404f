//! Property tests over generated strings, filters, plans and records.

use arbitrary::Unstructured;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::Strategy;
use scieve::{
    Attribute, AttributeType, Builder, CaseSensitivity, Clause, Code, Diagnostics, Expr, ExprKind,
    Filter, Limits, Literal, MultiNe, Node, Operator, Path, Plan, Policy, Predicate, Safety,
    Schema, Syntax, arbitrary as made_up, fold_key,
};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::sync::LazyLock;

const EXTENSION: &str = "urn:example:params:scim:schemas:extension:desk:1.0:User";
const CORE: &str = "urn:example:params:scim:schemas:core:1.0:User";

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("name", AttributeType::String),
        Attribute::new("code", AttributeType::String).case_exact(true),
        Attribute::new("profile", AttributeType::Reference),
        Attribute::new("active", AttributeType::Boolean),
        Attribute::new("logins", AttributeType::Integer),
        Attribute::new("score", AttributeType::Decimal),
        Attribute::new("created", AttributeType::DateTime),
        Attribute::new("photo", AttributeType::Binary),
        Attribute::new("scopes", AttributeType::String).multi_valued(),
        Attribute::new("numbers", AttributeType::Integer).multi_valued(),
        Attribute::new("address", AttributeType::Complex),
        Attribute::new("address.town", AttributeType::String),
        Attribute::new("address.lines", AttributeType::String).multi_valued(),
        Attribute::new("emails", AttributeType::Complex).multi_valued(),
        Attribute::new("emails.value", AttributeType::String),
        Attribute::new("emails.type", AttributeType::String),
        Attribute::new("emails.primary", AttributeType::Boolean),
        Attribute::new("desk", AttributeType::String).in_extension(EXTENSION),
        Attribute::new("secret", AttributeType::String).never_returned(),
    ]
}

static POLICY: LazyLock<Policy<Value>> =
    LazyLock::new(|| Policy::new(Schema::new(Some(CORE), attributes()).unwrap()).unwrap());
static OPEN: LazyLock<Policy<Value>> =
    LazyLock::new(|| Policy::schemaless(CaseSensitivity::Ignore));

/// Runs a minimum of 1,000 cases per property; `PROPTEST_CASES` can increase it.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.max(1_024), ..asked }
}

/// Input bytes for the generators.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..600)
}

fn text(bytes: &[u8]) -> String {
    made_up::text(&mut Unstructured::new(bytes)).unwrap()
}

fn tree(bytes: &[u8]) -> Filter {
    made_up::tree(&mut Unstructured::new(bytes))
        .unwrap()
        .build_with(&roomy())
        .unwrap_or_else(|findings| panic!("{}", findings.render()))
}

/// Generates a filter that `policy` accepts.
fn accepted(policy: &Policy<Value>, bytes: &[u8]) -> Builder {
    made_up::filter(&mut Unstructured::new(bytes), policy).unwrap().unwrap()
}

fn record(bytes: &[u8]) -> Value {
    made_up::record(&mut Unstructured::new(bytes), POLICY.schema()).unwrap()
}

fn roomy() -> Limits {
    let mut limits = Limits::default();
    (limits.clauses, limits.bytes) = (5_000, 1 << 20);
    limits
}

fn check(policy: &Policy<Value>, filter: Builder) -> Plan<Value> {
    let filter =
        filter.build_with(&roomy()).unwrap_or_else(|findings| panic!("{}", findings.render()));
    plan(policy, &filter)
}

fn plan(policy: &Policy<Value>, filter: &Filter) -> Plan<Value> {
    policy
        .clone()
        .with_limits(roomy())
        .check(filter)
        .unwrap_or_else(|findings| panic!("{}", findings.render()))
}

/// Asserts that every diagnostic has a span within the source and renders.
fn assert_well_formed(findings: &Diagnostics, text: &str) {
    assert!(!findings.is_empty());
    let source = findings.source_text();
    assert!(text.starts_with(source), "{source:?} of {text:?}");
    for finding in findings {
        let edited = finding.fixes().iter().flat_map(|fix| &fix.edits).map(|(span, _)| *span);
        let related = finding.related().map(|(span, _)| span);
        for span in edited.chain(related).chain([finding.span()]) {
            assert!(span.text(source).is_some(), "{finding:?} of {source:?}");
        }
        assert!(
            !finding.message().contains('\n')
                && !finding.help().is_some_and(|help| help.contains('\n')),
            "{finding:?}"
        );
        assert!(finding.render(source).starts_with(finding.severity().name()));
    }
    assert!(!findings.render().is_empty() && !findings.to_string().is_empty());
    assert!(["invalidFilter", "invalidPath"].contains(&findings.scim_type()));
}

/// Asserts the invariants of the nodes of a plan.
fn assert_invariants(node: &Node) {
    match node {
        Node::All(children) | Node::Any(children) => {
            assert!(children.len() >= 2, "{node:?}");
            for child in children {
                assert!(std::mem::discriminant(child) != std::mem::discriminant(node), "{node:?}");
                assert!(!is_constant(child), "{node:?}");
                assert_invariants(child);
            }
            assert!(
                children.iter().enumerate().all(|(at, child)| !children[..at].contains(child)),
                "{node:?}"
            );
        }
        Node::Not(child) => {
            assert!(!matches!(**child, Node::Not(_)), "{node:?}");
            assert_invariants(child);
        }
        Node::Test(test) => match test.predicate() {
            Predicate::In(values) => assert!(
                values.len() >= 2 && values.is_sorted_by(|one, next| one < next),
                "{node:?}"
            ),
            Predicate::Contains(needle) => assert!(!needle.as_str().is_empty(), "{node:?}"),
            Predicate::StartsWith(text) | Predicate::EndsWith(text) => {
                assert!(!text.is_empty(), "{node:?}")
            }
            Predicate::Element(inner) => assert_invariants(inner),
            _ => {}
        },
    }
}

fn is_constant(node: &Node) -> bool {
    let never =
        |node: &Node| matches!(node, Node::Test(test) if *test.predicate() == Predicate::Never);
    never(node) || matches!(node, Node::Not(inner) if never(inner))
}

fn visit<'f>(expr: Expr<'f>, see: &mut impl FnMut(Expr<'f>)) {
    see(expr);
    match expr.kind() {
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            operands.for_each(|operand| visit(operand, see))
        }
        ExprKind::Not(child) | ExprKind::ValuePath(_, child) => visit(child, see),
        _ => {}
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn parse_never_panics_on_any_string(text in any::<String>(), tail in ".{0,40}") {
        for text in [&text, &tail, &format!("name eq {tail}"), &format!("a[{tail}] and {text}")] {
            for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
                match Filter::parse_with(text, &syntax, &Limits::default()) {
                    Ok(filter) => drop((POLICY.check(&filter), OPEN.check(&filter))),
                    Err(findings) => assert_well_formed(&findings, text),
                }
                _ = scieve::PatchPath::parse_with(text, &syntax, &Limits::default()).map_err(|findings| assert_well_formed(&findings, text));
            }
        }
    }

    #[test]
    fn parse_never_panics_on_near_filters(bytes in bytes()) {
        let text = text(&bytes);
        for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
            match Filter::parse_with(&text, &syntax, &Limits::default()) {
                Ok(filter) => for answer in [POLICY.check(&filter), OPEN.check(&filter)] {
                    match answer {
                        Ok(plan) => assert_invariants(plan.root()),
                        Err(findings) => assert_well_formed(&findings, &text),
                    }
                },
                Err(findings) => assert_well_formed(&findings, &text),
            }
            match scieve::PatchPath::parse_with(&text, &syntax, &Limits::default()) {
                Ok(path) => prop_assert_eq!(&scieve::PatchPath::parse(&path.to_string()).unwrap(), &path),
                Err(findings) => assert_well_formed(&findings, &text),
            }
        }
        _ = crate::USERS_POLICY.parse(&text).map_err(|findings| assert_well_formed(&findings, &text));
    }

    #[test]
    fn printing_round_trips(bytes in bytes()) {
        let filter = tree(&bytes);
        let canonical = filter.to_string();
        let again = Filter::parse_with(&canonical, &Syntax::rfc(), &roomy()).unwrap();
        prop_assert_eq!(&again, &filter);
        prop_assert_eq!(again.to_string(), canonical.as_str());
        prop_assert_eq!(&serde_json::from_value::<Filter>(json!(canonical)).ok().unwrap_or(again), &filter);
    }

    #[test]
    fn built_clauses_contain_the_given_string(value in "[^\0]{0,30}", bytes in bytes()) {
        let nasty = made_up::string(&mut Unstructured::new(&bytes)).unwrap();
        for value in [value, nasty] {
            let filter = scieve::attr("name").eq(value.as_str()).or(scieve::attr("code").co(value.as_str())).build().unwrap();
            let again = Filter::parse(&filter.to_string()).unwrap();
            let mut clauses = 0;
            visit(again.root(), &mut |expr| if let ExprKind::Clause(clause) = expr.kind() {
                assert_eq!(clause.literal(), Some(Literal::String(&value)));
                clauses += 1;
            });
            prop_assert_eq!(clauses, 2);
        }
    }

    #[test]
    fn canonical_form_is_valid_by_the_rfc(bytes in bytes()) {
        let text = text(&bytes);
        for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
            let Ok(filter) = Filter::parse_with(&text, &syntax, &Limits::default()) else { continue };
            let canonical = filter.to_string();
            let again = Filter::parse_with(&canonical, &Syntax::rfc(), &roomy()).unwrap_or_else(|error| panic!("{text:?} {canonical:?} {error}"));
            prop_assert_eq!(&again, &filter);
            prop_assert_eq!(again.to_string(), canonical);
            prop_assert!(again.warnings().is_empty());
            if syntax == Syntax::rfc() {
                prop_assert!(filter.warnings().is_empty());
            } else {
                prop_assert_eq!(filter.warnings().is_empty(), Filter::parse(&text).is_ok(), "{:?}", text);
            }
        }
    }

    #[test]
    fn applied_fixes_give_an_equal_filter(bytes in bytes()) {
        let text = text(&bytes);
        let Ok(filter) = Filter::parse_with(&text, &Syntax::lenient(), &Limits::default()) else { return Ok(()) };
        let right = filter.corrected(filter.warnings());
        prop_assert_eq!(right.syntax(), &Syntax::rfc(), "{:?}", text);
        prop_assert_eq!(right, filter);
    }

    #[test]
    fn spans_cover_their_nodes(bytes in bytes()) {
        let text = text(&bytes);
        let Ok(filter) = Filter::parse(&text) else { return Ok(()) };
        let mut alone = true;
        visit(filter.root(), &mut |expr| {
            let part = expr.span().text(filter.source_text()).unwrap();
            alone &= Filter::parse(part).unwrap_or_else(|findings| panic!("{part:?} of {text:?}: {findings}")).to_string() == expr.to_string();
        });
        prop_assert!(alone, "{:?}", text);
    }

    #[test]
    fn checked_filters_never_fail_later(filter in bytes(), resource in bytes()) {
        let resource = record(&resource);
        let built = tree(&filter);
        let open = plan(&OPEN, &built);
        let typed = check(&POLICY, accepted(&POLICY, &filter));
        for plan in [open, typed] {
            assert_invariants(plan.root());
            prop_assert_eq!(plan.matches(&resource), plan.clone().matches(&resource));
            prop_assert!(!plan.explain().is_empty());
        }
    }

    #[test]
    fn plans_obey_boolean_logic(one in bytes(), two in bytes(), resource in bytes()) {
        let resource = record(&resource);
        for policy in [&*POLICY, &*OPEN] {
            let (a, b) = (accepted(&POLICY, &one), accepted(&POLICY, &two));
            let yes = |filter: Builder| check(policy, filter).matches(&resource);
            let (is_a, is_b) = (yes(a.clone()), yes(b.clone()));
            let (both, either) = (yes(a.clone().and(b.clone())), yes(a.clone().or(b.clone())));
            prop_assert_eq!((both, either), (is_a && is_b, is_a || is_b));
            prop_assert_eq!((yes(b.clone().and(a.clone())), yes(b.clone().or(a.clone()))), (both, either));
            prop_assert_eq!(yes(a.clone().not()), !is_a);
            prop_assert_eq!(yes(a.clone().not().not()), is_a);
            prop_assert_eq!(yes(a.clone().and(b.clone()).not()), yes(a.clone().not().or(b.clone().not())));
            prop_assert_eq!(yes(a.clone().or(b.clone()).not()), yes(a.clone().not().and(b.clone().not())));
            prop_assert_eq!((yes(a.clone().and(a.clone())), yes(a.clone().or(a.clone()))), (is_a, is_a));
            prop_assert!(!yes(a.clone().and(a.clone().not())) && yes(a.clone().or(a.clone().not())));
            prop_assert_eq!(yes(a.clone().or(a.clone().and(b.clone()))), is_a);
        }
    }

    #[test]
    fn ne_is_not_eq_on_single_values(bytes in bytes(), resource in bytes()) {
        let resource = record(&resource);
        let strict = POLICY.clone().with_multi_ne(MultiNe::NoValueEquals);
        let filter = check_filter(&bytes);
        visit(filter.root(), &mut |expr| {
            let ExprKind::Clause(clause) = expr.kind() else { return };
            let Some(literal) = clause.literal() else { return };
            let (ne, eq) = (format!("{} ne {literal}", clause.path().as_str()), format!("not ({} eq {literal})", clause.path().as_str()));
            let (Ok(ne), Ok(eq)) = (Filter::parse(&ne), Filter::parse(&eq)) else { panic!("{ne} {eq}") };
            let (Ok(one), Ok(other)) = (POLICY.check(&ne), POLICY.check(&eq)) else { return };
            let many = POLICY.schema().find_path(clause.path().as_str()).unwrap().yields_many() || clause.path().as_str() == "emails";
            if !many {
                assert_eq!(one.matches(&resource), other.matches(&resource), "{ne}");
            }
            assert_eq!(strict.check(&ne).unwrap().matches(&resource), other.matches(&resource), "{ne}");
        });
    }

    #[test]
    fn hidden_and_unknown_attributes_are_indistinguishable(bytes in bytes(), resource in bytes(), hidden in proptest::sample::subsequence(HIDABLE, 1..4)) {
        let record = record(&resource);
        let seen = |attribute: &Attribute| !hidden.contains(&attribute.path()) && !hidden.contains(&attribute.name());
        let without = Schema::new(Some(CORE), attributes().into_iter().filter(seen)).unwrap();
        let without = Policy::<Value>::new(without).unwrap();
        let with = POLICY.clone().hiding(hidden.iter().copied()).unwrap();
        for filter in [Ok(check_filter(&bytes)), Filter::parse(&text(&bytes)), Ok(tree(&bytes))].into_iter().flatten() {
            match (with.check(&filter), without.check(&filter)) {
                (Ok(one), Ok(other)) => {
                    prop_assert_eq!(one.explain(), other.explain());
                    prop_assert_eq!(one.matches(&record), other.matches(&record));
                }
                (Err(one), Err(other)) => prop_assert_eq!(one.render(), other.render()),
                (one, other) => panic!("{filter}: {one:?} {other:?}"),
            }
        }
    }

    #[test]
    fn plans_agree_with_the_reference_evaluator(filter in bytes(), resources in proptest::collection::vec(bytes(), 4)) {
        let filter = check_filter(&filter);
        let plan = plan(&POLICY, &filter);
        for resource in resources {
            let resource = record(&resource);
            let expected = Reference { schema: POLICY.schema(), element: None }.matches(filter.root(), &resource);
            prop_assert_eq!(plan.matches(&resource), expected, "{}\n{}\n{}", filter, plan.explain(), resource);
        }
    }
}

const HIDABLE: &[&str] = &[
    "name",
    "logins",
    "scopes",
    "address",
    "address.town",
    "emails",
    "emails.value",
    "emails.type",
    "created",
];

fn check_filter(bytes: &[u8]) -> Filter {
    accepted(&POLICY, bytes).build_with(&roomy()).unwrap()
}

/// The reference evaluator: the semantics of filters on JSON resources in the simplest form, a list
/// of values for each path and one comparison for each operator.
struct Reference<'s> {
    schema: &'s Schema,
    /// Inside brackets, the attribute before them.
    element: Option<&'s Attribute>,
}

impl<'s> Reference<'s> {
    fn matches(&self, expr: Expr<'_>, root: &Value) -> bool {
        match expr.kind() {
            ExprKind::And(mut operands) => operands.all(|operand| self.matches(operand, root)),
            ExprKind::Or(mut operands) => operands.any(|operand| self.matches(operand, root)),
            ExprKind::Not(child) => !self.matches(child, root),
            ExprKind::ValuePath(path, child) => {
                let attribute = self.attribute(path);
                let inside = Reference { schema: self.schema, element: Some(attribute) };
                let elements = self.values(attribute, root);
                elements.into_iter().any(|element| inside.matches(child, element))
            }
            ExprKind::Clause(clause) => self.clause(&clause, root),
            _ => panic!("unknown kind of expression"),
        }
    }

    fn attribute(&self, path: Path<'_>) -> &'s Attribute {
        let urn = path.urn().filter(|urn| !urn.eq_ignore_ascii_case(CORE));
        match self.element {
            None => self.schema.find(urn, path.name(), path.sub_attribute()).unwrap(),
            Some(outer) if outer.attribute_type() == AttributeType::Complex => {
                self.schema.find(outer.urn(), outer.name(), Some(path.name())).unwrap()
            }
            Some(outer) => outer,
        }
    }

    /// Returns the assigned values of the attribute, of any type.
    fn values<'v>(&self, attribute: &Attribute, root: &'v Value) -> Vec<&'v Value> {
        let mut holders = vec![root];
        let names: Vec<&str> = match self.element {
            Some(outer) if outer.attribute_type() != AttributeType::Complex => vec![],
            Some(_) => attribute.sub_attribute().into_iter().collect(),
            None => attribute
                .urn()
                .into_iter()
                .chain([attribute.name()])
                .chain(attribute.sub_attribute())
                .collect(),
        };
        for name in names {
            let members =
                |holder: &&'v Value| holder.as_object().and_then(|object| member(object, name));
            holders = holders.iter().filter_map(members).flat_map(list).collect();
        }
        holders.retain(|value| assigned(value));
        holders
    }

    fn clause(&self, clause: &Clause<'_>, root: &Value) -> bool {
        let named = self.attribute(clause.path());
        let (operator, literal) = (clause.operator(), clause.literal());
        let present = !self.values(named, root).is_empty();
        let literal = match (operator, literal) {
            (Operator::Pr, _) | (Operator::Ne, Some(Literal::Null)) => return present,
            (Operator::Eq, Some(Literal::Null)) => return !present,
            (_, literal) => literal.unwrap(),
        };
        let compared = match named.attribute_type() {
            AttributeType::Complex => {
                self.schema.find(named.urn(), named.name(), Some("value")).unwrap()
            }
            _ => named,
        };
        let values = self.values(compared, root);
        if operator.is_substring() && literal == Literal::String("") {
            return !values.is_empty();
        }
        // A value of another type equals nothing.
        let makes_true = |operator, value: &Value| {
            is_a(value, compared.attribute_type()) && compare(operator, value, literal, compared)
        };
        match operator {
            Operator::Ne => {
                values.is_empty() || values.iter().any(|value| !makes_true(Operator::Eq, value))
            }
            _ => values.iter().any(|value| makes_true(operator, value)),
        }
    }
}

fn member<'v>(object: &'v serde_json::Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => values.iter().any(assigned),
        Value::Object(members) => members.values().any(assigned),
        _ => true,
    }
}

fn is_a(value: &Value, kind: AttributeType) -> bool {
    match kind {
        AttributeType::String | AttributeType::Reference => value.is_string(),
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        AttributeType::Decimal => value.is_number(),
        AttributeType::DateTime => value.as_str().is_some_and(|text| text.len() > 5),
        AttributeType::Binary => value.as_str().is_some_and(|text| base64(text).is_some()),
        AttributeType::Complex => value.is_object() && assigned(value),
        _ => panic!("unknown type"),
    }
}

/// Normalises base64: without padding, in one alphabet. Of the generated strings, only those with a
/// 5 or `true` are not base64.
fn base64(text: &str) -> Option<String> {
    let plain = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    (plain.len() % 4 != 1).then_some(plain)
}

fn compare(
    operator: Operator,
    stored: &Value,
    literal: Literal<'_>,
    attribute: &Attribute,
) -> bool {
    let ordering = match (attribute.attribute_type(), literal) {
        (AttributeType::String | AttributeType::Reference, Literal::String(literal)) => {
            let folded = |text: &str| {
                if attribute.case() == CaseSensitivity::Exact {
                    text.to_owned()
                } else {
                    fold_key(text).into_owned()
                }
            };
            let (stored, literal) = (folded(stored.as_str().unwrap()), folded(literal));
            match operator {
                Operator::Co => return stored.contains(&literal),
                Operator::Sw => return stored.starts_with(&literal),
                Operator::Ew => return stored.ends_with(&literal),
                _ => stored.chars().cmp(literal.chars()),
            }
        }
        (AttributeType::Boolean, Literal::Boolean(literal)) => {
            stored.as_bool().unwrap().cmp(&literal)
        }
        (AttributeType::Integer, Literal::Number(literal)) => match stored.as_i64() {
            Some(stored) => thousandths(&stored.to_string(), literal),
            None => thousandths(&format!("{}", stored.as_f64().unwrap()), literal),
        },
        (AttributeType::Decimal, Literal::Number(literal)) => {
            stored.as_f64().unwrap().partial_cmp(&literal.parse().unwrap()).unwrap()
        }
        (AttributeType::DateTime, Literal::String(literal)) => {
            instant(stored.as_str().unwrap()).cmp(&instant(literal))
        }
        (AttributeType::Binary, Literal::String(literal)) => {
            base64(stored.as_str().unwrap()).cmp(&base64(literal))
        }
        (kind, literal) => panic!("{kind} and {literal}"),
    };
    match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Gt => ordering.is_gt(),
        Operator::Ge => ordering.is_ge(),
        Operator::Lt => ordering.is_lt(),
        Operator::Le => ordering.is_le(),
        _ => panic!("{operator} on {}", attribute.attribute_type()),
    }
}

/// Compares numbers with up to 31 integer digits exactly. Generated numbers differ in one
/// fractional digit.
fn thousandths(one: &str, other: &str) -> Ordering {
    let exact = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction: i128 = i128::from(fraction.bytes().any(|digit| digit != b'0'));
        let whole: i128 = whole.trim_start_matches('-').parse().unwrap();
        let size = whole * 2 + fraction;
        if text.starts_with('-') { -size } else { size }
    };
    exact(one).cmp(&exact(other))
}

/// Returns the seconds since the year 0 and the digits of the fraction, for the generated forms.
fn instant(text: &str) -> (i64, String) {
    let number = |range: std::ops::Range<usize>| text.get(range).unwrap().parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut days: i64 = (0..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    days += lengths.iter().take(usize::try_from(month).unwrap() - 1).sum::<i64>() + day;
    let seconds = days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19);
    let rest = &text[19..];
    let digits: String =
        rest.strip_prefix('.').unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    let offset = rest.find(['+', '-']).map_or(0, |at| {
        let size = rest[at + 1..at + 3].parse::<i64>().unwrap() * 3_600
            + rest[at + 4..].parse::<i64>().unwrap() * 60;
        if rest[at..].starts_with('-') { -size } else { size }
    });
    (seconds - offset, digits.trim_end_matches('0').to_owned())
}

#[test]
fn reference_evaluator_handles_simple_cases() {
    let resource = json!({"name": "x", "scopes": ["x", "y"], "emails": [{"type": "work", "value": "a"}, {"type": "home"}], "logins": 5});
    for (text, expected) in [
        ("name eq \"X\"", true),
        ("code ne \"x\"", true),
        ("scopes ne \"x\"", true),
        ("not (scopes eq \"x\")", false),
        ("emails[type eq \"home\" and value pr]", false),
        ("emails.type eq \"home\" and emails.value pr", true),
        ("emails[value ne \"a\"]", true),
        ("emails ne \"a\"", false),
        ("code eq null and address eq null", true),
        ("logins gt 4.5 and logins lt 5.5 and logins ne 5.5", true),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(
            Reference { schema: POLICY.schema(), element: None }.matches(filter.root(), &resource),
            expected,
            "{text}"
        );
        assert_eq!(plan(&POLICY, &filter).matches(&resource), expected, "{text}");
    }
}

proptest! {
    // Each case checks and evaluates many filters.
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn safe_fixes_keep_what_matches_and_come_to_an_end(
        one in bytes(),
        other in bytes(),
        shape in 0_usize..8,
        people in proptest::collection::vec(bytes(), 4)
    ) {
        let policy = POLICY.clone().with_limits(roomy());
        let part = |bytes| accepted(&POLICY, bytes).build_with(&roomy()).unwrap().to_string();
        let (a, b) = (part(&one), part(&other));
        let text = match shape {
            0 => a,
            1 => format!("({a}) and ({a})"),
            2 => format!("({a}) or ({b}) or ({a})"),
            3 => format!("not (not ({a}))"),
            4 => format!("({a}) and ({b})"),
            5 => format!("not ({a})"),
            6 => format!("name eq \"b\" and name sw \"b\" and ({a})"),
            _ => format!("(name pr or name co \"b\") and NOT (name EQ \"b\") or ({a})"),
        };
        let Ok(plan) = policy.parse(&text) else { return Ok(()) };
        let records: Vec<Value> = people.iter().map(|bytes| record(bytes)).collect();
        let matches = |plan: &Plan<Value>| -> Vec<bool> {
            records.iter().map(|record| plan.matches(record)).collect()
        };
        let lint = |text: &str| policy.lint(&Filter::parse_with(text, policy.syntax(), policy.limits()).unwrap());
        for found in &lint(&text) {
            for fix in found.fixes() {
                let after = policy.parse(&fix.apply(&text));
                prop_assert!(after.is_ok(), "{text}: {fix:?}");
                if fix.safety == Safety::Safe {
                    prop_assert_eq!(matches(&after.unwrap()), matches(&plan), "{}: {:?}", text, fix);
                }
            }
            let is_whole = found.span().text(&text) == Some(text.as_str());
            if is_whole && found.code() == Code::NeverMatches {
                prop_assert!(!matches(&plan).contains(&true), "{text}");
            }
            if is_whole && found.code() == Code::AlwaysMatches {
                prop_assert!(!matches(&plan).contains(&false), "{text}");
            }
        }
        let mut fixed = text.clone();
        for _ in 0..20 {
            let Some(next) = lint(&fixed).fixed(Safety::Safe).filter(|next| *next != fixed) else { break };
            let after = policy.parse(&next);
            prop_assert!(after.is_ok(), "{fixed} becomes {next}");
            prop_assert_eq!(matches(&after.unwrap()), matches(&plan), "{} becomes {}", fixed, next);
            prop_assert!(next.len() <= 2 * text.len(), "{text} becomes {next}");
            fixed = next;
        }
        let last = lint(&fixed).fixed(Safety::Safe);
        prop_assert!(last.is_none_or(|last| last == fixed), "{text} does not come to an end");
    }
}
