//! The grammar, held to corpora: verdicts by RFC 7644, trees, and what identity providers send.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use scieve::{ExprKind, Filter, Limits, Literal, PatchPath, Syntax};
use serde_json::{Value, json};

fn lines(corpus: &str) -> Vec<Value> {
    corpus.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn reads(kind: &str, text: &str, syntax: &Syntax) -> bool {
    match kind {
        "path" => PatchPath::parse_with(text, syntax, &Limits::default()).is_ok(),
        _ => Filter::parse_with(text, syntax, &Limits::default()).is_ok(),
    }
}

/// Lines of the corpus that this crate reads otherwise than they say, each with the reason; grammar.md lists them too.
const DISPUTED: &[(&str, &str)] = &[
    ("description sw null", "derivable, but no value starts with null: null goes with eq and ne alone"),
    ("title gt null", "derivable, but null has no place in any order: null goes with eq and ne alone"),
];

#[test]
fn gives_the_verdict_of_the_rfc() {
    let mut wrong = Vec::new();
    let mut disputed = 0;
    let mut judged = 0;
    for line in lines(include_str!("corpus/grammar.jsonl")) {
        let (kind, text, verdict) = (line["kind"].as_str().unwrap(), line["text"].as_str().unwrap(), line["rfc"].as_str().unwrap());
        let tags = line["tags"].as_array().map_or(&[][..], Vec::as_slice);
        if verdict == "unclear" || tags.iter().any(|tag| tag == "ws") {
            continue;
        }
        judged += 1;
        if reads(kind, text, &Syntax::rfc()) != (verdict == "accept") {
            match DISPUTED.iter().any(|(disputed, _)| *disputed == text) {
                true => disputed += 1,
                false => wrong.push(format!("{verdict} {kind} {text:?} {tags:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(disputed, DISPUTED.len(), "a disputed line is disputed no more");
    assert!(judged > 900, "the corpus shrank to {judged}");
}

#[test]
fn takes_what_providers_send_from_the_preset_on_that_they_need() {
    let presets = ["rfc", "entra", "lenient"];
    for line in lines(include_str!("corpus/providers.jsonl")) {
        let (text, from) = (line["filter"].as_str().unwrap(), line["accepted_from"].as_str().unwrap());
        // That a text stands for a Boolean shows only against a schema: tests/providers.rs.
        if text.contains("\"True\"") {
            continue;
        }
        let least = presets.iter().position(|preset| *preset == from).unwrap_or(presets.len());
        for (strictness, preset) in presets.iter().enumerate() {
            let read = Filter::parse_with(text, &Syntax::from_name(preset).unwrap(), &Limits::default());
            assert_eq!(read.is_ok(), strictness >= least, "{text} in {preset}: {read:?}");
            if let Ok(filter) = read
                && preset != &"rfc"
                && least > 0
            {
                assert!(!filter.warnings().is_empty(), "{text} in {preset} was accepted without a warning");
                let mut fixed = text.to_owned();
                for warning in filter.warnings().iter().rev() {
                    let (span, right) = warning.replacement().unwrap();
                    fixed.replace_range(span.start..span.end, right);
                }
                assert_eq!(Filter::parse(&fixed).unwrap(), filter, "{text} does not become right by its replacements: {fixed}");
            }
        }
    }
}

fn tree(expr: scieve::Expr<'_>) -> Value {
    let chain = |name: &str, operands: scieve::Operands<'_>| Value::Array(std::iter::once(json!(name)).chain(operands.map(tree)).collect());
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
        _ => panic!("a kind of expression that this test does not know"),
    }
}

#[test]
fn builds_the_trees_that_the_vectors_say() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("corpus/trees.json")).unwrap();
    for vector in &vectors {
        let text = vector["filter"].as_str().unwrap();
        match (Filter::parse(text), vector.get("ast")) {
            (Ok(filter), Some(expected)) => assert_eq!(&tree(filter.root()), expected, "{text}"),
            (Err(_), None) => {}
            (Ok(filter), None) => panic!("{text:?} was read as {filter}, but: {}", vector["error"]),
            (Err(error), Some(_)) => panic!("{text:?} was refused: {error}"),
        }
    }
    assert!(vectors.len() > 100);
}

#[test]
fn prints_what_reads_the_same_again() {
    let mut printed = 0;
    for line in lines(include_str!("corpus/grammar.jsonl")) {
        let (kind, text) = (line["kind"].as_str().unwrap(), line["text"].as_str().unwrap());
        if kind == "path" {
            if let Ok(path) = PatchPath::parse(text) {
                let canonical = path.to_string();
                let again = PatchPath::parse(&canonical).unwrap_or_else(|error| panic!("{text} -> {canonical}: {error}"));
                assert_eq!((&again, again.to_string()), (&path, canonical), "{text}");
                printed += 1;
            }
        } else if let Ok(filter) = Filter::parse(text) {
            let canonical = filter.to_string();
            let again = Filter::parse(&canonical).unwrap_or_else(|error| panic!("{text} -> {canonical}: {error}"));
            assert_eq!((&again, again.to_string()), (&filter, canonical), "{text}");
            printed += 1;
        }
    }
    assert!(printed > 700);
}

#[test]
fn a_span_holds_the_text_of_its_part() {
    fn visit(expr: scieve::Expr<'_>) {
        let text = expr.span().text(expr.filter().source_text()).unwrap();
        if expr.filter().source_text() != text {
            // Inside brackets and out, every part is a filter of its own.
            let alone = Filter::parse(text).unwrap_or_else(|error| panic!("{text:?} of {:?}: {error}", expr.filter()));
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
    for line in lines(include_str!("corpus/grammar.jsonl")) {
        if let Ok(filter) = Filter::parse(line["text"].as_str().unwrap()) {
            visit(filter.root());
        }
    }
}
