//! The cost of filters: every limit at its value and one above, hostile inputs, and stack use of
//! the engine.
//!
//! The tests run on threads with the documented minimum of stack; a stack overflow aborts the test
//! process. Run them in release mode too, in which the documented stack is smaller.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use scieve::{
    Attribute, AttributeType, CaseSensitivity, Code, Diagnostics, Filter, Limits, PatchPath, Plan,
    Policy, Record, Schema, Syntax, ValueRef,
};

/// The stack size in bytes that suffices for every filter.
const STACK: usize = if cfg!(debug_assertions) { 256 << 10 } else { 128 << 10 };

fn on_a_small_stack<T: Send>(job: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, job).unwrap();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A record with a name and two e-mail elements.
struct Row;
struct Element(&'static str);

impl Record for Row {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.path() {
            "a" | "name" => test(ValueRef::text("Bob")),
            "emails" => test(ValueRef::Complex),
            "emails.value" => {
                test(ValueRef::text("bob@example.com")) || test(ValueRef::text("b@example.org"))
            }
            _ => false,
        }
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        attribute.path() == "emails"
            && (test(&Element("bob@example.com")) || test(&Element("b@example.org")))
    }
}

impl Record for Element {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        attribute.path() == "emails.value" && test(ValueRef::text(self.0))
    }
}

fn policy() -> Policy<Row> {
    let attributes = [
        Attribute::new("a", AttributeType::String),
        Attribute::new("name", AttributeType::String),
        Attribute::new("logins", AttributeType::Integer),
        Attribute::new("emails", AttributeType::Complex).multi_valued(),
        Attribute::new("emails.value", AttributeType::String),
        Attribute::new("emails.type", AttributeType::String),
    ];
    let schema =
        Schema::new(Some("urn:example:params:scim:schemas:core:1.0:User"), attributes).unwrap();
    // The group rule adds another traversal of the tree.
    Policy::new(schema).unwrap().with_group("name").unwrap()
}

/// Runs every stage on a filter. The policy may accept or reject it.
fn exercise(text: &str, limits: &Limits) -> Result<Filter, Diagnostics> {
    let filter = Filter::parse_with(text, &Syntax::lenient(), limits)?;
    let canonical = filter.to_string();
    let copy = filter.clone();
    assert_eq!(copy, filter);
    assert_eq!(format!("{filter:?}"), format!("Filter({canonical})"));
    assert_eq!(
        format!("{:?}", filter.root()).is_empty(),
        format!("{:?}", filter.root().kind()).is_empty()
    );
    // The canonical form can be longer than the source, because of quotes, escapes and spaces.
    let mut room = *limits;
    room.bytes = Limits::MAX_BYTES;
    assert_eq!(Filter::parse_with(&canonical, &Syntax::rfc(), &room).unwrap(), filter);
    for policy in [policy(), Policy::schemaless(CaseSensitivity::Ignore)] {
        match policy.with_limits(*limits).check(&filter) {
            Ok(plan) => run_stages(&plan),
            Err(findings) => drop((findings.render(), findings.to_string(), findings.clone())),
        }
    }
    #[cfg(feature = "serde")]
    assert_eq!(serde_json::to_value(&filter).unwrap(), serde_json::Value::String(canonical));
    Ok(filter)
}

fn run_stages(plan: &Plan<Row>) {
    let copy = plan.clone();
    assert_eq!(copy, *plan);
    assert_eq!(copy.matches(&Row), plan.matches(&Row));
    assert!(!plan.explain().is_empty());
    assert!(!format!("{plan:?} {:?}", plan.root()).is_empty());
}

/// The opening and closing of a nesting level.
type Wrap = (&'static str, &'static str);
const GROUP: Wrap = ("(", ")");
const NOT: Wrap = ("not (", ")");
const NOT_TIGHT: Wrap = ("NOT(", ")");
const BRACKETS: Wrap = ("emails[", "]");

/// Returns `levels` nested levels that cycle through `wraps` from the outside, around a clause.
fn nested(levels: usize, wraps: &[Wrap], clause: &str) -> String {
    let cycle = || (0..levels).map(|level| wraps.get(level % wraps.len()).unwrap());
    let open: String = cycle().map(|wrap| wrap.0).collect();
    let close: String = cycle().map(|wrap| wrap.1).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{open}{clause}{close}")
}

/// Returns `levels` nested levels, of which the one at `place` is a pair of brackets.
fn nested_with_brackets(levels: usize, place: usize, wraps: &[Wrap]) -> String {
    let inside = nested(levels - place - 1, wraps, "value pr");
    nested(place, wraps, &format!("{}{inside}{}", BRACKETS.0, BRACKETS.1))
}

fn chain(operands: usize, operand: &str, connective: &str) -> String {
    vec![operand; operands].join(connective)
}

fn code(refused: Result<Filter, Diagnostics>) -> Code {
    match refused {
        Ok(filter) => panic!("{} bytes were accepted", filter.source_text().len()),
        Err(findings) => {
            assert_eq!(findings.len(), 1, "{findings}");
            assert!(!findings.render().is_empty());
            findings.first().unwrap().code()
        }
    }
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[test]
fn each_limit_is_inclusive() {
    const OR: Wrap = ("a pr or (", ")");
    const AND: Wrap = ("a pr and (", ")");
    const OR_NOT: Wrap = ("a pr or not (", ")");
    // Builds a filter that uses `n` of a limit, and sets this limit.
    type CaseSensitivity =
        (&'static str, Code, Box<dyn Fn(usize) -> String + Sync>, fn(&mut Limits, usize));
    let mut cases: Vec<CaseSensitivity> = vec![
        (
            "a long string",
            Code::TooLong,
            Box::new(|n| format!("a eq \"{}\"", "x".repeat(n - 7))),
            |limits, n| limits.bytes = n,
        ),
        (
            "blanks",
            Code::TooLong,
            Box::new(|n| format!("a pr{}", " ".repeat(n - 4))),
            |limits, n| limits.bytes = n,
        ),
        ("or", Code::TooManyClauses, Box::new(|n| chain(n, "a pr", " or ")), |limits, n| {
            limits.clauses = n
        }),
        (
            "and",
            Code::TooManyClauses,
            Box::new(|n| chain(n, "a eq \"x\"", " and ")),
            |limits, n| limits.clauses = n,
        ),
        (
            "in brackets",
            Code::TooManyClauses,
            Box::new(|n| format!("emails[{}]", chain(n, "value pr", " or "))),
            |limits, n| limits.clauses = n,
        ),
        (
            "in groups",
            Code::TooManyClauses,
            Box::new(|n| chain(n, "(a pr)", " or ")),
            |limits, n| limits.clauses = n,
        ),
    ];
    for (name, wraps) in [
        ("(", vec![GROUP]),
        ("not (", vec![NOT]),
        ("not(", vec![NOT_TIGHT]),
        ("all", vec![NOT, GROUP, NOT_TIGHT]),
    ] {
        let same = wraps.clone();
        cases.push((
            name,
            Code::TooDeep,
            Box::new(move |n| nested(n, &same, "a pr")),
            |limits, n| limits.depth = n,
        ));
        cases.push((
            name,
            Code::TooDeep,
            Box::new(move |n| nested_with_brackets(n, n / 2, &wraps)),
            |limits, n| limits.depth = n,
        ));
    }
    for (name, wraps) in
        [("or first", [OR, AND]), ("and first", [AND, OR]), ("not between", [OR_NOT, OR_NOT])]
    {
        // The innermost chain is a level of its own.
        let text = move |n: usize| match wraps.get(n % 2) {
            Some(&AND) => nested(n - 1, &wraps, "a pr or a pr"),
            Some(&OR) => nested(n - 1, &wraps, "a pr and a pr"),
            _ => nested(n - 1, &wraps, "a pr or a pr"),
        };
        cases.push((name, Code::TooManyConnectiveLevels, Box::new(text), |limits, n| {
            limits.connective_levels = n
        }));
    }
    on_a_small_stack(|| {
        let default = Limits::default();
        for (name, expected, text, set) in &cases {
            let at = match expected {
                Code::TooLong => default.bytes,
                Code::TooDeep => default.depth,
                Code::TooManyClauses => default.clauses,
                _ => default.connective_levels,
            };
            for at in [at, 9] {
                let limits = limits(|limits| set(limits, at));
                if let Err(findings) = exercise(&text(at), &limits) {
                    panic!("{name}, {at}: {findings}");
                }
                assert_eq!(
                    code(exercise(&text(at + 1), &limits)),
                    *expected,
                    "{name}, {at} plus one"
                );
            }
        }
    });
}

#[test]
fn limits_are_clamped_to_the_stack() {
    let beyond = limits(|limits| {
        (limits.depth, limits.bytes, limits.connective_levels) = (1_000_000, usize::MAX, 1_000_000)
    });
    assert_eq!(
        code(exercise(&nested(Limits::MAX_DEPTH + 1, &[GROUP], "a pr"), &beyond)),
        Code::TooDeep
    );
    let long = " ".repeat(Limits::MAX_BYTES + 1);
    assert_eq!(code(exercise(&long, &beyond)), Code::TooLong);
}

/// Inputs that exhaust the stack, memory or time of a careless parser.
fn hostile() -> Vec<(String, Limits, Option<Code>)> {
    let default = Limits::default();
    let wide = limits(|limits| limits.bytes = 16 << 20);
    let full = default.bytes;
    let fill = |part: &str| part.repeat(full / part.len());
    vec![
        ("(".repeat(10_000), default, Some(Code::TooDeep)),
        ("(".repeat(full), default, Some(Code::TooDeep)),
        (nested(10_000, &[GROUP], "a pr"), default, Some(Code::TooDeep)),
        ("not(".repeat(10_000), default, Some(Code::TooDeep)),
        ("not (".repeat(10_000), default, Some(Code::TooDeep)),
        ("a[".repeat(full / 2), default, Some(Code::NestedValuePath)),
        (fill("(a[not("), default, Some(Code::NestedValuePath)),
        (chain(100_000, "a pr", " or "), default, Some(Code::TooLong)),
        (chain(100_000, "a pr", " or "), wide, Some(Code::TooManyClauses)),
        (chain(100_000, "a pr", " and "), wide, Some(Code::TooManyClauses)),
        (chain(100_000, "a pr", ") or ("), wide, None),
        (format!("a eq \"{}\"", "x".repeat(full - 7)), default, None),
        (format!("a eq \"{}", "x".repeat(full - 6)), default, Some(Code::UnterminatedString)),
        (format!("a co \"{}\"", "\\\"".repeat((full - 7) / 2)), default, None),
        (format!("a co \"{}\"", "\\u00e9".repeat((full - 7) / 6)), default, None),
        (format!("a co \"{}\"", "\\ud83d\\ude00".repeat((full - 7) / 12)), default, None),
        (format!("a co \"{}", "\\".repeat(full - 6)), default, Some(Code::UnterminatedString)),
        (format!("a sw \"{}\"", "é".repeat((full - 7) / 2)), default, None),
        (format!("a sw \"{}\"", "e\u{301}\u{327}".repeat((full - 7) / 5)), default, None),
        (format!("a ew \"a{}\"", "\u{301}".repeat((full - 8) / 2)), default, None),
        (" ".repeat(full), default, Some(Code::EmptyFilter)),
        (format!("{}a pr", " ".repeat(full - 4)), default, None),
        ("\"".repeat(full), default, None),
        ("'".repeat(full), default, None),
        ("a".repeat(full), default, None),
        (format!("{} pr", "a".repeat(full - 3)), default, None),
        (":".repeat(full), default, None),
        (format!("urn{} pr", ":a".repeat((full - 6) / 2)), default, None),
        (".".repeat(full), default, None),
        (format!("a{} pr", ".a".repeat((full - 4) / 2)), default, None),
        (format!("a eq {}", "9".repeat(full - 5)), default, None),
        (format!("logins gt 0.{}1", "0".repeat(full - 13)), default, None),
        (format!("logins eq 1e{}", "9".repeat(full - 12)), default, None),
        (format!("a eq {}", "x".repeat(full - 5)), default, None),
        (fill("a or "), default, None),
        (fill("not "), default, None),
        (fill("eq "), default, None),
        (fill("é"), default, None),
        (fill("a eq 'x' or "), default, Some(Code::TooManyClauses)),
        (chain(500, "a eq x", " or "), default, None),
        (chain(500, "a eq True", " or "), default, None),
        (chain(500, "emails[value pr] eq \"x\"", " or "), default, Some(Code::TooManyClauses)),
        (chain(250, "emails[value pr].value eq 'x'", " or "), default, None),
        (chain(500, "unknown pr", " or "), default, None),
        (chain(500, "a eq 5", " or "), default, None),
        (chain(250, "name pr or a pr", " and "), default, None),
        (
            (0..500).map(|number| format!("a eq \"{number}\"")).collect::<Vec<_>>().join(" or "),
            default,
            None,
        ),
        (
            (0..500)
                .map(|number| format!("a{number} co \"{number}\""))
                .collect::<Vec<_>>()
                .join(" and "),
            default,
            None,
        ),
    ]
}

#[test]
fn hostile_inputs_fit_on_a_small_stack() {
    on_a_small_stack(|| {
        for (text, limits, expected) in hostile() {
            let shown = text.chars().take(20).collect::<String>();
            let answer = exercise(&text, &limits);
            if let Some(expected) = expected {
                assert_eq!(code(answer), expected, "{shown}");
            }
            let _ = PatchPath::parse_with(&text, &Syntax::lenient(), &limits);
            let _ = PatchPath::parse(&text).map(|path| (path.to_string(), path.clone() == path));
        }
    });
}

/// Returns the number and the total bytes of the allocations of a rejection.
fn refusal(text: &str, limits: &Limits, expected: Code) -> (u64, u64) {
    let mut refused = None;
    let taken = allocation_counter::measure(|| {
        refused = Some(Filter::parse_with(text, &Syntax::lenient(), limits))
    });
    assert_eq!(code(refused.unwrap()), expected);
    (taken.count_total, taken.bytes_total)
}

/// A filter is rejected at the point that exceeds the limit; the text after it costs nothing.
#[test]
fn rejection_cost_does_not_grow_with_length() {
    on_a_small_stack(|| {
        let Limits { bytes, depth, clauses, connective_levels, .. } = Limits::default();
        let wide = limits(|limits| limits.bytes = Limits::MAX_BYTES);
        let alternating =
            |levels| nested(levels, &[("a pr or (", ")"), ("a pr and (", ")")], "a pr or a pr");
        for (name, short, more, expected) in [
            ("too long", " ".repeat(bytes + 1), " ", Code::TooLong),
            ("too deep", "(".repeat(depth + 1), "(", Code::TooDeep),
            (
                "too deep, then closed",
                nested(depth + 1, &[GROUP], "a pr"),
                " and a pr",
                Code::TooDeep,
            ),
            ("too deep with not", "not (".repeat(depth + 1), "not (", Code::TooDeep),
            (
                "too many clauses",
                chain(clauses + 1, "a pr", " or "),
                " or a pr",
                Code::TooManyClauses,
            ),
            (
                "too many in brackets",
                format!("emails[{}", chain(clauses + 1, "value pr", " or ")),
                " or value pr",
                Code::TooManyClauses,
            ),
            (
                "too many connective levels",
                alternating(connective_levels),
                " ",
                Code::TooManyConnectiveLevels,
            ),
            ("brackets in brackets", "a[b[".to_owned(), "c[", Code::NestedValuePath),
            ("no such operator", "a is b".to_owned(), " or a is b", Code::UnknownOperator),
            ("an open string", "a eq \"".to_owned(), "x", Code::UnterminatedString),
        ] {
            let limits = if expected == Code::TooLong { Limits::default() } else { wide };
            let long = format!("{short}{}", more.repeat((4 << 20) / more.len()));
            let ((count, taken), (long_count, long_taken)) =
                (refusal(&short, &limits, expected), refusal(&long, &limits, expected));
            // Diagnostics own a copy of the source, unless it is too long to parse. Capacity for
            // entries is reserved within the limits.
            let held = |text: &str| if expected == Code::TooLong { 0 } else { text.len() as u64 };
            let (own, long_own) = (taken - held(&short), long_taken - held(&long));
            assert!(
                long_count <= count + 4 && long_own <= own + (64 << 10),
                "{name}: {count}, {own}; {long_count}, {long_own} bytes"
            );
            assert!(own <= 128 << 10, "{name}: {own} bytes");
        }
    });
}

/// Maximum memory in bytes from parsing to the plan for an input of the maximum length, without the
/// input.
const MEMORY: u64 = 2 << 20;

#[test]
fn longest_inputs_use_little_memory() {
    let default = Limits::default();
    let full = |text: String| format!("{}{text}", " ".repeat(default.bytes - text.len()));
    let clause = |number: usize| format!("emails[value eq \"{number:0100}\"]");
    let literals = |clause: &dyn Fn(usize) -> String, most: usize, between: &str| {
        let mut text = clause(0);
        for number in 1..most {
            let more = format!("{between}{}", clause(number));
            if text.len() + more.len() > default.bytes {
                break;
            }
            text += &more;
        }
        text
    };
    on_a_small_stack(|| {
        let texts = [
            full(chain(default.clauses, "a pr", " or ")),
            full(chain(default.clauses, "name eq 'x'", " and ")),
            literals(&|number| format!("a co \"{number:0115}\""), default.clauses, " or "),
            literals(
                &|number| format!("a sw \"{}{number}\"", "é".repeat(55)),
                default.clauses,
                " and ",
            ),
            literals(
                &|number| format!("a eq \"{}{number}\"", "ΐ".repeat(55)),
                default.clauses,
                " or ",
            ),
            literals(&clause, default.clauses, " or "),
            literals(&clause, default.clauses, " and "),
            literals(&|number| format!("unknown{number:0110} pr"), default.clauses, " or "),
            literals(
                &|number| format!("logins gt {number}{}", "0".repeat(100)),
                default.clauses,
                " and ",
            ),
            format!("a co \"{}\"", "x".repeat(default.bytes - 7)),
            format!("a ew \"{}\"", "\u{390}".repeat((default.bytes - 7) / 2)),
            format!("a eq \"{}\"", "\\u0390".repeat((default.bytes - 7) / 6)),
            "a or ".repeat(default.bytes / 5),
            "\"".repeat(default.bytes),
        ];
        for text in &texts {
            let shown: String = text.trim_start().chars().take(30).collect();
            let (all, group) = (Policy::<Row>::schemaless(CaseSensitivity::Ignore), policy());
            let taken = allocation_counter::measure(|| {
                let Ok(filter) = Filter::parse_with(text, &Syntax::lenient(), &default) else {
                    return;
                };
                let plans = [all.check(&filter), group.check(&filter)];
                assert!(
                    plans
                        .iter()
                        .any(|plan| plan.as_ref().is_ok_and(|plan| !plan.explain().is_empty()))
                        || plans.iter().all(Result::is_err)
                );
            });
            assert!(
                text.len() <= default.bytes && taken.bytes_max <= MEMORY,
                "{shown}: {} bytes at a time",
                taken.bytes_max
            );
        }
    });
}

#[test]
fn worst_accepted_filters_fit_on_a_small_stack() {
    let Limits { depth, connective_levels, clauses, .. } = Limits::default();
    let alternating = [("a pr or (", ")"), ("a pr and (", ")")];
    let alternating_inside = [("value pr or (", ")"), ("value pr and (", ")")];
    let mut worst = vec![
        nested(connective_levels - 1, &alternating, "a pr or not (a pr)"),
        chain(clauses, "a sw \"x\"", " or "),
    ];
    for wraps in [vec![GROUP], vec![NOT], vec![NOT, GROUP], vec![GROUP, NOT_TIGHT]] {
        worst.push(nested(depth, &wraps, "a co \"x\""));
        worst.push(nested(depth, &wraps, "name eq \"Bob\" and a co \"x\""));
    }
    for place in [0, 1, depth / 2, depth - 1] {
        for wraps in [vec![GROUP], vec![NOT], vec![NOT, GROUP]] {
            worst.push(nested_with_brackets(depth, place, &wraps));
        }
    }
    // Both limits at once: alternating levels inside brackets, and the rest of the depth in
    // `not (`, which adds no connective level.
    let nested_brackets = format!(
        "emails[{}]",
        nested(connective_levels - 2, &alternating_inside, "value pr or value co \"x\"")
    );
    worst.push(nested(depth - connective_levels + 1, &[NOT], &nested_brackets));
    worst.push(nested(
        connective_levels - 2,
        &alternating,
        &format!("a pr and not (not ({}))", nested(depth - connective_levels, &[NOT], "a pr")),
    ));
    let wide = chain(clauses - 40, "a pr", " or ");
    worst.push(nested(depth - 1, &[("not (", ")")], &format!("({wide})")));
    for text in &worst {
        on_a_small_stack(|| {
            if let Err(findings) = exercise(text, &Limits::default()) {
                panic!("{}", findings.render());
            }
        });
    }
}
