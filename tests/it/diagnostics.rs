//! Diagnostics as data: arguments, positions, redaction and diagnostics of the application.

use crate::fixtures::json_lines;
use scieve::{
    AttributeType, Code, Diagnostic, Diagnostics, Filter, Limits, Policy, Renderer, Severity, Span,
    Syntax, scim,
};
use serde_json::{Value, json};

fn located(diagnostics: &Diagnostics) -> Vec<Value> {
    let Value::Array(list) = serde_json::to_value(diagnostics).unwrap() else { panic!() };
    list
}

#[test]
fn arguments_are_data() {
    let cases = [
        (
            r#"active eq "yes""#,
            json!({"attribute": "active", "operator": "eq", "literal": "\"yes\"", "type": "boolean"}),
        ),
        ("nope.x gt 5", json!({"attribute": "nope.x", "operator": "gt", "literal": "5"})),
        (
            "active co true",
            json!({"attribute": "active", "operator": "co", "literal": "true", "type": "boolean", "allowed": ["eq", "ne", "pr"]}),
        ),
        (
            r#"emails[typ eq "work"]"#,
            json!({"attribute": "emails.typ", "operator": "eq", "literal": "\"work\""}),
        ),
        (
            r#"ACTIVE pr and not (emails[value co 5])"#,
            json!({"attribute": "emails.value", "operator": "co", "literal": "5", "type": "string"}),
        ),
        ("userName[x pr]", json!({"attribute": "userName", "type": "string"})),
        ("shoes[x pr]", json!({"attribute": "shoes"})),
        ("userName lik \"x\"", json!({"attribute": "userName", "operator": "lik"})),
        ("userName eq bob", json!({"literal": "bob"})),
    ];
    for (filter, expected) in cases {
        let errors = scim::user_policy().parse(filter).unwrap_err();
        let first = &located(&errors)[0];
        assert_eq!(first["arguments"], expected, "{filter}");
    }
    let policy = "[[attributes]]\nname = \"status\"\nvalues = [\"active\", \"on leave\"]";
    let policy = Policy::<Value>::from_toml(policy).unwrap();
    let errors = policy.parse(r#"status ne "actve""#).unwrap_err();
    let arguments = errors.first().unwrap().arguments();
    assert_eq!(arguments.allowed, ["active".into(), "on leave".into()]);
    assert_eq!(arguments.operator.as_deref(), Some("ne"));
}

#[test]
fn a_hidden_attribute_is_an_unknown_one() {
    let policy = scim::user_policy();
    for filter in [r#"PASSWORD eq 5"#, r#"password co "a""#, "password pr"] {
        let errors = policy.parse(filter).unwrap_err();
        let arguments = errors.first().unwrap().arguments();
        let written = filter.split(' ').next();
        assert_eq!((arguments.attribute.as_deref(), arguments.attribute_type), (written, None));
        assert!(arguments.allowed.is_empty(), "{filter}");
    }
}

#[test]
fn lint_findings_have_arguments() {
    let filter = Filter::parse(r#"active pr and userName eq "b*""#).unwrap();
    let findings = scim::user_policy().lint(&filter);
    let arguments = findings.first().unwrap().arguments();
    assert_eq!(arguments.attribute.as_deref(), Some("userName"));
    assert_eq!(arguments.literal.as_deref(), Some(r#""b*""#));
    assert_eq!(arguments.attribute_type, Some(AttributeType::String));
}

#[test]
fn columns_are_in_characters_bytes_and_utf16() {
    let errors =
        scim::user_policy().parse("userName eq \"ü😀\"\n and active eq \"ü😀\"").unwrap_err();
    let first = &located(&errors)[0];
    let columns = ["line", "column", "endColumn", "byteColumn", "byteEndColumn", "utf16Column"];
    let found: Vec<_> = columns.iter().map(|name| first[name].as_u64().unwrap()).collect();
    assert_eq!(found, [2, 16, 20, 16, 24, 16]);
    assert_eq!((&first["utf16EndColumn"], &first["start"]), (&21.into(), &36.into()));
}

#[test]
fn codes_severities_and_spans_serialise() {
    let data = json!([Code::BadValue, Code::Custom("own"), Severity::Advice, Span::new(1, 2)]);
    assert_eq!(data, json!(["bad-value", "own", "advice", {"start": 1, "end": 2}]));
}

#[test]
fn rules_of_the_application_join_the_others() {
    let mut errors = scim::user_policy().parse("userName pr and active eq 5").unwrap_err();
    let own = Diagnostic::custom("own-rule", Span::new(0, 8), Severity::Error, "not today")
        .with_label("this one")
        .with_related(Span::new(16, 22), "and this one");
    errors.extend([own]);
    let codes: Vec<_> = errors.iter().map(|one| one.code().name()).collect();
    assert_eq!(codes, ["own-rule", "wrong-type"]);
    assert_eq!(errors.first().unwrap().code().group(), "custom");
    assert_eq!(errors.to_scim_error()["detail"].as_str().unwrap().split(' ').next(), Some("not"));
    assert_eq!(located(&errors)[0]["related"][0]["message"], "and this one");
    assert!(Diagnostics::of("a pr", []).is_none());
    assert_eq!(Code::from_name("own-rule"), None);
}

/// Occurs in no name, message or schema.
const SECRET: &str = "Zq7xSecret";
const SECRET_NUMBER: &str = "918273645";

/// Replaces the content of what looks like a string or number of the filter.
fn with_secrets(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        if matches!(char, '"' | '\'') {
            out.push(char);
            out.push_str(SECRET);
            while let Some(inside) = chars.next_if(|inside| *inside != char) {
                if inside == '\\' {
                    chars.next();
                }
            }
        } else if char.is_ascii_digit() && !before.is_alphanumeric() && !".:-_".contains(before) {
            out.push_str(SECRET_NUMBER);
            while chars.next_if(|digit| digit.is_ascii_digit()).is_some() {}
        } else {
            out.push(char);
        }
        before = char;
    }
    out
}

fn assert_hidden(diagnostics: &Diagnostics, text: &str) {
    let redacted = diagnostics.redacted();
    let columns = |one: &Value| -> Vec<Value> {
        ["code", "line", "column", "byteColumn", "utf16EndColumn", "start", "end", "expected"]
            .map(|name| one[name].clone())
            .into()
    };
    let (before, after) = (located(diagnostics), located(&redacted));
    assert_eq!(
        before.iter().map(columns).collect::<Vec<_>>(),
        after.iter().map(columns).collect::<Vec<_>>(),
        "{text}"
    );
    let mut shown = vec![
        redacted.to_string(),
        format!("{redacted:?}"),
        redacted.render(),
        redacted.render_with(&Renderer::new().without_source()),
        redacted.to_scim_error().to_string(),
        serde_json::to_string(&redacted).unwrap(),
    ];
    shown.extend(redacted.iter().map(|one| format!("{one} {one:?}")));
    for shown in shown {
        for secret in [SECRET, SECRET_NUMBER, &SECRET.to_lowercase(), &SECRET.to_uppercase()] {
            assert!(!shown.contains(secret), "{text}\n{shown}");
        }
    }
}

#[test]
fn no_literal_is_in_redacted_diagnostics() {
    let corpora = [
        include_str!("../corpus/grammar.jsonl"),
        include_str!("../corpus/lint.jsonl"),
        include_str!("../corpus/refused.jsonl"),
        include_str!("../corpus/match.jsonl"),
        include_str!("../corpus/providers.jsonl"),
    ];
    let policies: [Policy<Value>; 3] = [
        crate::USERS_POLICY.clone(),
        scim::user_policy().clone().with_syntax(Syntax::lenient()),
        scim::group_policy().clone().closed().allow_not(false).allow_null(false),
    ];
    let mut seen = 0;
    for line in corpora.into_iter().flat_map(json_lines) {
        let text = line["filter"].as_str().or(line["text"].as_str()).unwrap_or_default();
        let text = with_secrets(text);
        for policy in &policies {
            let diagnosed = policy.diagnose(&text);
            let parsed = policy.parse(&text);
            for diagnostics in parsed.as_ref().err().into_iter().chain([&diagnosed]) {
                let shown = format!("{diagnostics:?}");
                seen += usize::from(shown.contains(SECRET) || shown.contains(SECRET_NUMBER));
                assert_hidden(diagnostics, &text);
            }
        }
        if let Err(errors) = scieve::PatchPath::parse(&text) {
            assert_hidden(&errors, &text);
        }
    }
    assert!(seen > 1000, "only {seen} diagnostics with a literal");
}

#[test]
fn literals_without_quotes_are_redacted() {
    for text in [
        "userName eq Zq7xSecret",
        "Zq7xSecret",
        "userName Zq7xSecret",
        "userName = Zq7xSecret",
        "userName eq Zq7xSecret and active eq Zq7xSecret",
        "userName eq \"Zq7xSecret",
        "\"Zq7xSecret\" eq userName",
        "userName in (Zq7xSecret)",
        "(userName=Zq7xSecret)",
        "startsWith(userName, 'Zq7xSecret')",
    ] {
        for diagnostics in [
            scim::user_policy().diagnose(text),
            Filter::parse_with(text, &Syntax::rfc(), &Limits::default()).unwrap_err(),
        ] {
            assert_hidden(&diagnostics, text);
        }
    }
}

#[cfg(feature = "patch")]
#[test]
fn no_value_is_in_redacted_patch_errors() {
    use scieve::patch::PatchRequest;
    let mut seen = 0;
    for operation in [
        json!({"op": "replace", "path": "emails[typ eq \"Zq7xSecret\"].value", "value": "x"}),
        json!({"op": "replace", "path": "active", "value": "Zq7xSecret"}),
        json!({"op": "Zq7xSecret", "path": "active", "value": true}),
        json!({"op": "add", "value": {"Zq7xSecret": 1, "meta": {"created": "Zq7xSecret"}}}),
        json!({"op": "add", "path": "emails[type eq \"Zq7xSecret\"", "value": {}}),
    ] {
        let request = PatchRequest::parse(&operation.to_string()).unwrap();
        let errors = request.check(scim::user_policy()).unwrap_err();
        let shown = |errors: &scieve::patch::PatchErrors| {
            let json = serde_json::to_string(errors).unwrap();
            format!("{errors} {errors:?} {json} {}", errors.to_scim_error())
        };
        seen += usize::from(shown(&errors).contains(SECRET));
        assert!(!shown(&errors.redacted()).contains(SECRET), "{}", shown(&errors.redacted()));
    }
    assert_eq!(seen, 4);
}
