//! The parser and printer against the corpora: verdicts by RFC 7644, trees, filters of identity
//! providers.

use crate::fixtures::json_lines;
use scieve::{ExprKind, Filter, Limits, Literal, Operand, PatchPath, Span, Syntax, attr};
use serde_json::{Value, json};

fn parses(kind: &str, text: &str, syntax: &Syntax) -> bool {
    match kind {
        "path" => PatchPath::parse_with(text, syntax, &Limits::default()).is_ok(),
        _ => Filter::parse_with(text, syntax, &Limits::default()).is_ok(),
    }
}

/// Filters of the corpus for which scieve deliberately deviates from the verdict, with the reason.
/// grammar.md lists them too.
const DISPUTED: &[(&str, &str)] = &[
    (
        "description sw null",
        "derivable, but no value starts with null: null is allowed only with eq and ne",
    ),
    ("title gt null", "derivable, but null is not ordered: null is allowed only with eq and ne"),
];

#[test]
fn verdicts_match_the_rfc() {
    let mut wrong = Vec::new();
    let mut disputed = 0;
    let mut judged = 0;
    for line in json_lines(include_str!("../../tests/corpus/grammar.jsonl")) {
        let (kind, text, verdict) = (
            line["kind"].as_str().unwrap(),
            line["text"].as_str().unwrap(),
            line["rfc"].as_str().unwrap(),
        );
        let tags = line["tags"].as_array().map_or(&[][..], Vec::as_slice);
        if verdict == "unclear" || tags.iter().any(|tag| tag == "ws") {
            continue;
        }
        judged += 1;
        if parses(kind, text, &Syntax::rfc()) != (verdict == "accept") {
            match DISPUTED.iter().any(|(disputed, _)| *disputed == text) {
                true => disputed += 1,
                false => wrong.push(format!("{verdict} {kind} {text:?} {tags:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(disputed, DISPUTED.len(), "a listed deviation no longer exists");
    assert!(judged > 900, "the corpus shrank to {judged}");
}

#[test]
fn provider_filters_are_accepted_from_their_preset_on() {
    let presets = ["rfc", "entra", "lenient"];
    for line in json_lines(include_str!("../../tests/corpus/providers.jsonl")) {
        let (text, from) =
            (line["filter"].as_str().unwrap(), line["accepted_from"].as_str().unwrap());
        // A string in place of a Boolean is detected only by a schema (see the tests of the
        // program).
        if text.contains("\"True\"") {
            continue;
        }
        let least = presets.iter().position(|preset| *preset == from).unwrap_or(presets.len());
        for (strictness, preset) in presets.iter().enumerate() {
            let read =
                Filter::parse_with(text, &Syntax::from_name(preset).unwrap(), &Limits::default());
            assert_eq!(read.is_ok(), strictness >= least, "{text} in {preset}: {read:?}");
            if let Ok(filter) = read
                && preset != &"rfc"
                && least > 0
            {
                assert!(
                    !filter.warnings().is_empty(),
                    "{text} in {preset} was accepted without a warning"
                );
                let fixed = filter.corrected(filter.warnings());
                assert_eq!(fixed, filter, "{text}: its fixes do not correct it");
                assert_eq!(fixed.syntax(), &Syntax::rfc(), "{text}: fixed to {fixed}");
            }
        }
    }
}

/// Snapshot of the first error of each rejected filter. The last filters exceed a limit.
#[test]
fn rejected_filters_and_paths_are_reported() {
    let mut limits = Limits::default();
    (limits.bytes, limits.depth, limits.clauses, limits.connective_levels) = (100, 2, 5, 2);
    let mut report = String::new();
    for line in json_lines(include_str!("../../tests/corpus/refused.jsonl")) {
        let text = line["text"].as_str().unwrap();
        let rejected = match line["kind"].as_str().unwrap() {
            "path" => PatchPath::parse_with(text, &Syntax::rfc(), &limits).expect_err(text),
            _ => Filter::parse_with(text, &Syntax::rfc(), &limits).expect_err(text),
        };
        let error = rejected.first().unwrap();
        let (span, message) = (error.span(), error.message());
        let place = format!(
            "{}..{} {:?}",
            span.start,
            span.end,
            span.text(rejected.source_text()).unwrap()
        );
        report += &format!(
            "{text:?}\n  {}, {} at {place}: {message}\n",
            rejected.scim_type(),
            error.code()
        );
        for more in [error.expected().join(", ").as_str(), error.help().unwrap_or_default()]
            .into_iter()
            .filter(|more| !more.is_empty())
        {
            report += &format!("  {more}\n");
        }
    }
    insta::assert_snapshot!(report);
}

fn tree(expr: scieve::Expr<'_>) -> Value {
    let chain = |name: &str, operands: scieve::Operands<'_>| {
        Value::Array(std::iter::once(json!(name)).chain(operands.map(tree)).collect())
    };
    match expr.kind() {
        ExprKind::And(operands) => chain("and", operands),
        ExprKind::Or(operands) => chain("or", operands),
        ExprKind::Not(child) => json!(["not", tree(child)]),
        ExprKind::ValuePath(path, child) => json!(["vp", path.as_str(), tree(child)]),
        ExprKind::Clause(clause) => {
            let (operator, path) = (clause.operator().name(), clause.path().as_str());
            match clause.literal() {
                None => json!([operator, path]),
                Some(Literal::String(text)) => json!([operator, path, text]),
                Some(Literal::Number(text)) => json!([operator, path, ["num", text]]),
                Some(Literal::Boolean(value)) => json!([operator, path, value]),
                Some(Literal::Null) => json!([operator, path, null]),
            }
        }
        _ => panic!("unknown kind of expression"),
    }
}

#[test]
fn trees_match_the_vectors() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../tests/corpus/trees.json")).unwrap();
    for vector in &vectors {
        let text = vector["filter"].as_str().unwrap();
        match (Filter::parse(text), vector.get("ast")) {
            (Ok(filter), Some(expected)) => assert_eq!(&tree(filter.root()), expected, "{text}"),
            (Err(_), None) => {}
            (Ok(filter), None) => {
                panic!("{text:?} was parsed as {filter}, but: {}", vector["error"])
            }
            (Err(error), Some(_)) => panic!("{text:?} was rejected: {error}"),
        }
    }
    assert!(vectors.len() > 100);
}

#[test]
fn canonical_form_round_trips() {
    let mut printed = 0;
    for line in json_lines(include_str!("../../tests/corpus/grammar.jsonl")) {
        let (kind, text) = (line["kind"].as_str().unwrap(), line["text"].as_str().unwrap());
        if kind == "path" {
            if let Ok(path) = PatchPath::parse(text) {
                let canonical = path.to_string();
                let again = PatchPath::parse(&canonical)
                    .unwrap_or_else(|error| panic!("{text} -> {canonical}: {error}"));
                assert_eq!((&again, again.to_string()), (&path, canonical), "{text}");
                printed += 1;
            }
        } else if let Ok(filter) = Filter::parse(text) {
            let canonical = filter.to_string();
            let again = Filter::parse(&canonical)
                .unwrap_or_else(|error| panic!("{text} -> {canonical}: {error}"));
            assert_eq!((&again, again.to_string()), (&filter, canonical), "{text}");
            printed += 1;
        }
    }
    assert!(printed > 700);
}

#[test]
fn spans_cover_their_nodes() {
    fn visit(expr: scieve::Expr<'_>) {
        let text = expr.span().text(expr.filter().source_text()).unwrap();
        if expr.filter().source_text() != text {
            // The source text of every node is itself a valid filter.
            let alone = Filter::parse(text)
                .unwrap_or_else(|error| panic!("{text:?} of {:?}: {error}", expr.filter()));
            assert_eq!(alone.to_string(), expr.to_string());
        }
        match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => operands.for_each(visit),
            ExprKind::Not(child) | ExprKind::ValuePath(_, child) => visit(child),
            ExprKind::Clause(clause) => {
                let source = expr.filter().source_text();
                let operator = clause.operator_span().text(source).unwrap();
                assert!(operator.eq_ignore_ascii_case(clause.operator().name()), "{source}");
                assert_eq!(clause.path().span().text(source), Some(clause.path().as_str()));
                let literal = clause.literal_span().text(source).unwrap();
                assert_eq!(literal.is_empty(), clause.literal().is_none(), "{source}");
            }
            _ => {}
        }
    }
    for line in json_lines(include_str!("../../tests/corpus/grammar.jsonl")) {
        if let Ok(filter) = Filter::parse(line["text"].as_str().unwrap()) {
            visit(filter.root());
        }
    }
}

#[test]
fn paths_split_into_parts() {
    for (text, attribute, filter, sub_attribute) in [
        ("members", "members", None, None),
        ("name.familyName", "name.familyName", None, Some("familyName")),
        ("emails[type eq \"work\"]", "emails", Some("type eq \"work\""), None),
        ("emails[not (type pr)].value", "emails", Some("not (type pr)"), Some("value")),
        (
            "urn:example:a:emails[type pr].type",
            "urn:example:a:emails",
            Some("type pr"),
            Some("type"),
        ),
    ] {
        let path = PatchPath::parse(text).unwrap();
        let parts = (
            path.attribute().as_str(),
            path.filter().map(|filter| filter.to_string()),
            path.sub_attribute(),
        );
        assert_eq!(parts, (attribute, filter.map(str::to_owned), sub_attribute));
        assert_eq!(format!("{path:?}"), format!("PatchPath({text})"));
    }
    assert_eq!(Span::from(7..14).text("emails[type pr]"), Some("type pr"));
    let path =
        PatchPath::parse_with("emails[type eq TRUE]", &Syntax::lenient(), &Limits::default())
            .unwrap();
    assert_eq!(path.warnings().len(), 1);
}

#[test]
fn equality_ignores_keyword_case_and_whitespace() {
    let filters = [
        "a pr",
        "b pr",
        "a.b pr",
        "a eq 1",
        "a ne 1",
        "a eq 2",
        "a eq \"1\"",
        "a eq true",
        "a eq false",
        "a eq null",
        "b eq 1",
        "not (a pr)",
        "not (b pr)",
        "a[b pr]",
        "b[b pr]",
        "a[a pr]",
        "a pr and b pr",
        "a pr or b pr",
        "b pr and a pr",
        "a pr and b pr and c pr",
        "a pr and (b pr or c pr)",
        "(a pr and b pr) or c pr",
    ];
    let paths = ["a", "b", "a.b", "a.c", "a[b pr]", "a[c pr]", "b[b pr]", "a[b pr].b", "a[b pr].c"];
    let spaced = |text: &str| Filter::parse(&format!("(  {} )", text.replace("pr", "PR"))).unwrap();
    for (at, one) in filters.iter().enumerate() {
        for (other_at, other) in filters.iter().enumerate() {
            assert_eq!(
                Filter::parse(one).unwrap() == spaced(other),
                at == other_at,
                "{one} {other}"
            );
        }
    }
    for (at, one) in paths.iter().enumerate() {
        for (other_at, other) in paths.iter().enumerate() {
            assert_eq!(
                PatchPath::parse(one) == PatchPath::parse(&other.replace("pr", "PR")),
                at == other_at,
                "{one} {other}"
            );
        }
    }
}

#[test]
fn literals_have_their_values() {
    for (text, syntax, value) in [
        (
            r#"a eq "\b\f\n\r\t\/\"\\\u00e9\ud83d\ude00""#,
            Syntax::rfc(),
            Some(Literal::String("\u{8}\u{c}\n\r\t/\"\\\u{e9}\u{1f600}")),
        ),
        ("a eq -0.50e+1", Syntax::rfc(), Some(Literal::Number("-0.50e+1"))),
        ("a eq TRUE", Syntax::entra(), Some(Literal::Boolean(true))),
        ("a eq False", Syntax::entra(), Some(Literal::Boolean(false))),
        ("a eq NULL", Syntax::entra(), Some(Literal::Null)),
        ("a eq NULL", Syntax::rfc(), None),
        (r"a eq 'it\'s'", Syntax::lenient(), Some(Literal::String("it's"))),
        ("a eq it-is", Syntax::lenient(), Some(Literal::String("it-is"))),
        ("a eq it\\is", Syntax::lenient(), None),
        ("a eq it`s", Syntax::lenient(), None),
        ("a eq it\u{1}s", Syntax::lenient(), None),
        ("a eq it\u{a0}s", Syntax::lenient(), None),
    ] {
        let filter = Filter::parse_with(text, &syntax, &Limits::default()).ok();
        let read = filter.as_ref().map(|filter| match filter.root().kind() {
            ExprKind::Clause(clause) => clause.literal().unwrap(),
            other => panic!("{other:?}"),
        });
        assert_eq!(read, value, "{text}");
    }
}

#[test]
fn nodes_implement_display() {
    let filter = Filter::parse_with(
        "name pr and emails[type eq \"work\"]",
        &Syntax::entra(),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(format!("{filter:?}"), "Filter(name pr and emails[type eq \"work\"])");
    assert_eq!(format!("{:?}", filter.root().kind()), "And([Expr(0..7), Expr(12..34)])");
    let ExprKind::And(operands) = filter.root().kind() else { panic!("{filter}") };
    let kinds: Vec<ExprKind<'_>> = operands.map(scieve::Expr::kind).collect();
    assert_eq!(format!("{:?}", kinds[1]), "ValuePath(Path(emails), Expr(19..33))");
    assert_eq!(format!("{:?}", kinds[0]), "Clause(Clause(Path(name) pr None))");
    assert_eq!(filter.syntax(), &Syntax::entra());
}

#[test]
fn all_whitespace_characters_separate_tokens() {
    let all = Filter::parse("not (a eq 1) and b pr").unwrap();
    for first in [" ", "\t", "\r", "\n"] {
        for next in ["", " ", "\t", "\r", "\n", "  \t"] {
            let blanks = format!("{first}{next}");
            let text = "~not~(~a~eq~1~)~and~b~pr~".replace('~', &blanks);
            assert_eq!(Filter::parse(&text).as_ref(), Ok(&all), "{text:?}");
        }
    }
}

#[test]
fn builders_produce_the_called_structure() {
    let pr = |path| attr(path).pr();
    for (built, text) in [
        (pr("a").or(pr("b")).and(pr("c")), "(a pr or b pr) and c pr"),
        (pr("a").or(pr("b")).not().and(pr("c")), "not (a pr or b pr) and c pr"),
        (pr("a").or(pr("b").and(pr("c"))), "a pr or b pr and c pr"),
        (
            attr("emails").element(attr("type").eq("wo\"rk").or(pr("a"))).not(),
            "not (emails[type eq \"wo\\\"rk\" or a pr])",
        ),
        (
            attr("a").gt(5).and(attr("b").le(0.5)).and(attr("c").ne(Operand::Null)),
            "a gt 5 and b le 0.5 and c ne null",
        ),
    ] {
        assert_eq!(built.build().unwrap().source_text(), text);
    }
    for path in ["", "5", "(a", "a ", " a", "a b", "a pr or b", "a[b", "a eq 1 or a", "a.b.c"] {
        for built in [
            pr(path),
            pr("a").and(pr(path)),
            pr("a").or(pr(path)),
            pr(path).or(pr("a")),
            pr(path).not(),
            attr("a").element(pr(path)),
        ] {
            let rejected = built.build().unwrap_err();
            assert_eq!(rejected.source_text(), path);
        }
    }
}

#[test]
fn comparisons_as_patch_paths() {
    for (text, canonical) in [
        (r#"schemas eq "urn:x""#, r#"schemas[value eq "urn:x"]"#),
        (r#" emails.type  EQ 'work' "#, r#"emails[type eq "work"]"#),
        ("members pr", "members[value pr]"),
        (r#"urn:example:Desk:desks.size ge 5"#, "urn:example:Desk:desks[size ge 5]"),
    ] {
        let path = PatchPath::parse_with(text, &Syntax::lenient(), &Limits::default()).unwrap();
        assert_eq!(path.to_string(), canonical);
        assert_eq!(path, PatchPath::parse(canonical).unwrap());
        let mut edits: Vec<_> = path
            .warnings()
            .iter()
            .flat_map(|warning| warning.fixes())
            .flat_map(|fix| &fix.edits)
            .collect();
        edits.sort_by_key(|edit| std::cmp::Reverse((edit.0.start, edit.0.end)));
        let mut fixed = text.to_owned();
        for (span, replacement) in edits {
            fixed.replace_range(span.start..span.end, replacement);
        }
        assert_eq!(PatchPath::parse(&fixed).unwrap(), path, "{fixed}");
        assert_eq!(PatchPath::parse(text).unwrap_err().scim_type(), "invalidPath");
    }
    for (text, scim_type) in [
        (r#"a eq "x" and b pr"#, "invalidFilter"),
        ("a eq", "invalidFilter"),
        ("a is 5", "invalidPath"),
    ] {
        let error = PatchPath::parse_with(text, &Syntax::lenient(), &Limits::default());
        assert_eq!(error.unwrap_err().scim_type(), scim_type, "{text}");
    }
}
