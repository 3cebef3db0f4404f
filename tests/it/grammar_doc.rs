//! Compares grammar.md with the code: productions, dialects, types, limits, and an example of each
//! code.

use scieve::patch::{PatchDiagnostic, PatchErrors, PatchLimits, PatchRequest};
use scieve::{
    Attribute, AttributeType, Code, Filter, Limits, Operators, Policy, Rewrite, Schema, Severity,
    Syntax, scim,
};
use std::collections::BTreeMap;

const GRAMMAR: &str = include_str!("../../grammar.md");

/// Returns the cells of the table whose first column has this heading.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let lines =
        GRAMMAR.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |"))).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| {
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.strip_prefix(' ').unwrap_or(cell))
            .collect()
    };
    let rows: Vec<Vec<&str>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table {heading}");
    rows
}

/// Returns the content of a cell without its backticks.
fn code(cell: &'static str) -> &'static str {
    let cell = cell.trim();
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
}

#[test]
fn every_production_is_quoted_at_its_function() {
    let abnf = GRAMMAR.split("```abnf\n").nth(1).unwrap().split("```").next().unwrap();
    let source = concat!(
        include_str!("../../src/filter/parse.rs"),
        include_str!("../../src/filter/literal.rs"),
        include_str!("../../src/filter/path.rs")
    );
    for line in abnf.lines() {
        let (name, rule) = line.split_once('=').unwrap();
        let function: String = name
            .trim()
            .chars()
            .flat_map(|char| {
                if char.is_uppercase() { vec!['_', char.to_ascii_lowercase()] } else { vec![char] }
            })
            .collect();
        assert!(
            source.contains(&format!("fn {function}<"))
                || source.contains(&format!("fn {function}(")),
            "no function {function}"
        );
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let quoted = format!("/// {} = {}", name.trim(), squeeze(rule));
        assert!(
            source.lines().any(|line| squeeze(line) == quoted),
            "{quoted} is not quoted above {function}"
        );
    }
}

#[test]
fn every_dialect_switch_accepts_its_example() {
    let rows = table("switch");
    for row in &rows {
        let (switch, preset, example, right) =
            (code(row[0]), code(row[1]), code(row[2]), code(row[3]));
        let policy = scim::user_policy().clone();
        if switch.starts_with("patch") || switch == "comparison_as_path" {
            assert_patch_switch(&policy, switch, preset, example, right);
            continue;
        }
        let check = |text: &str, syntax| policy.clone().with_syntax(syntax).parse(text);
        let mut only = serde_json::to_value(Syntax::rfc()).unwrap();
        *only.get_mut(switch).unwrap_or_else(|| panic!("no switch {switch}")) = true.into();
        let only: Syntax = serde_json::from_value(only).unwrap();
        assert!(check(example, Syntax::rfc()).is_err(), "{example} is no deviation");
        assert_eq!(
            check(example, only).unwrap(),
            check(right, Syntax::rfc()).unwrap(),
            "{example}"
        );
        assert!(check(example, Syntax::from_name(preset).unwrap()).is_ok());
        if preset == "lenient" {
            assert!(check(example, Syntax::entra()).is_err());
        }
    }
    assert_eq!(rows.len(), serde_json::to_value(Syntax::rfc()).unwrap().as_object().unwrap().len());
}

/// Applies a PATCH operation to a user.
fn patched(
    policy: &Policy<serde_json::Value>,
    limits: &PatchLimits,
    operation: &str,
) -> Result<(serde_json::Value, Vec<PatchDiagnostic>), PatchErrors> {
    let mut user = serde_json::json!({
        "id": "1",
        "userName": "bob",
        "emails": [
            {"value": "a@x.example", "type": "work"},
            {"value": "c@x.example", "type": "other"},
        ],
    });
    let plan = PatchRequest::parse_with(operation, limits)?.check(policy)?;
    plan.apply(&mut user)?;
    Ok((user, plan.warnings().to_vec()))
}

fn assert_patch_switch(
    policy: &Policy<serde_json::Value>,
    switch: &str,
    preset: &str,
    example: &str,
    right: &str,
) {
    let with = |syntax, text| {
        patched(&policy.clone().with_syntax(syntax), &PatchLimits::default(), text)
            .map(|(user, _)| user)
    };
    let mut only = serde_json::to_value(Syntax::rfc()).unwrap();
    *only.get_mut(switch).unwrap_or_else(|| panic!("no switch {switch}")) = true.into();
    let only: Syntax = serde_json::from_value(only).unwrap();
    assert!(with(Syntax::rfc(), example).is_err(), "{example} is no deviation");
    assert_eq!(with(only, example).unwrap(), with(Syntax::rfc(), right).unwrap(), "{example}");
    assert!(with(Syntax::from_name(preset).unwrap(), example).is_ok());
}

#[test]
fn types_support_the_listed_operators() {
    let rows = table("type");
    for row in &rows {
        let kind = AttributeType::from_name(row[0].trim()).unwrap();
        let listed: Vec<&str> = row[2].split_whitespace().map(code).collect();
        let taken: Vec<&str> =
            Operators::of_type(kind).iter().map(|operator| operator.name()).collect();
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(listed), sorted(taken), "{kind}");
    }
    assert_eq!(rows.len(), AttributeType::ALL.len() - 1, "every kind but the one without a schema");
}

#[test]
fn limits_have_the_listed_defaults() {
    let listed: BTreeMap<&str, u64> =
        table("limit").iter().map(|row| (code(row[0]), row[1].trim().parse().unwrap())).collect();
    let limits = serde_json::to_value(Limits::default()).unwrap();
    let actual: BTreeMap<&str, u64> = limits
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_u64().unwrap()))
        .collect();
    assert_eq!(listed, actual);
}

#[test]
fn deviations_are_those_of_the_corpus_test() {
    let source = include_str!("grammar.rs");
    for row in table("filter") {
        if row.len() == 4 {
            assert!(source.contains(&format!("\"{}\",", code(row[0]))), "{}", row[0]);
        }
    }
}

#[test]
fn every_code_is_produced_by_its_example() {
    let rows = table("code");
    let listed: Vec<&str> = rows.iter().map(|row| code(row[0])).collect();
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(listed, known);
    for row in &rows {
        let (name, under, example) = (code(row[0]), row[1].trim(), code(row[2]));
        if ["sql", "input"].contains(&under) {
            continue;
        }
        let found = findings(under, example);
        assert!(
            found.iter().any(|(code, _)| code == name),
            "{name}: {example} under {under} gives {found:?}"
        );
        let refused = found.iter().any(|(_, severity)| *severity == Severity::Error);
        let is_error = Code::from_name(name).unwrap().severity() == Severity::Error;
        assert_eq!(refused, is_error, "{example}");
    }
}

fn findings(under: &str, text: &str) -> Vec<(String, Severity)> {
    let (word, number) = under.split_once(' ').unwrap_or((under, ""));
    if word == "patch" {
        let mut limits = PatchLimits::default();
        limits.operations = number.parse().unwrap_or(limits.operations);
        let syntax = Syntax::from_name(number).unwrap_or_default();
        let policy = scim::user_policy().clone().with_syntax(syntax);
        let list = patched(&policy, &limits, text)
            .map_or_else(|errors| errors.iter().cloned().collect(), |(_, warnings)| warnings);
        return list
            .iter()
            .map(|one| (one.code().name().to_owned(), one.diagnostic().severity()))
            .collect();
    }
    let checked = match word {
        "rewrite" => Filter::parse(text).unwrap().rewrite(|_| Rewrite::Drop).map(|_| Vec::new()),
        "diagnosed" => Err(Filter::diagnose(text)),
        "linted" if number == "users" => Err(crate::USERS_POLICY.diagnose(text)),
        "linted" if number == "ports" => {
            let policy = include_str!("../../examples/policy.toml");
            Err(Policy::<serde_json::Value>::from_toml(policy).unwrap().diagnose(text))
        }
        "linted" => Err(match scieve::Provider::from_name(number) {
            Some(provider) => provider.check(&Filter::parse(text).unwrap()),
            None => scim::user_policy().diagnose(text),
        }),
        "users" => crate::USERS_POLICY.parse(text).map(|plan| plan.warnings().to_vec()),
        "scim-user" => scim::user_policy().parse(text).map(|plan| plan.warnings().to_vec()),
        "decimal" => {
            let schema =
                Schema::new(None, [Attribute::new("score", AttributeType::Decimal)]).unwrap();
            Policy::<serde_json::Value>::new(schema)
                .unwrap()
                .parse(text)
                .map(|plan| plan.warnings().to_vec())
        }
        "scope" => {
            let policy = scim::user_policy();
            let scope = policy.parse("active eq true").unwrap();
            let scoped = policy.within(scope).unwrap().refusing_outside(true);
            scoped.parse(text).map(|plan| plan.warnings().to_vec())
        }
        "ids" => {
            let policy = crate::USERS_POLICY
                .clone()
                .with_rule("id", |rule| rule.max_count = Some(1))
                .unwrap();
            policy.parse(text).map(|plan| plan.warnings().to_vec())
        }
        "cost" => {
            let mut limits = Limits::default();
            limits.cost = 30;
            let policy = crate::USERS_POLICY.clone().with_limits(limits);
            let policy = policy.with_rule("name", |rule| rule.weights.co = 20).unwrap();
            policy.parse(text).map(|plan| plan.warnings().to_vec())
        }
        "rfc" | "entra" | "lenient" => {
            let syntax = Syntax::from_name(word).unwrap();
            let policy = scim::user_policy().clone().with_syntax(syntax);
            let read = Filter::parse_with(text, &syntax, &Limits::default())
                .map(|filter| filter.warnings().to_vec());
            // Some deviations are only detected by a schema.
            match read {
                Ok(warnings) if warnings.is_empty() => {
                    policy.parse(text).map(|plan| plan.warnings().to_vec())
                }
                read => read,
            }
        }
        limit => {
            let mut limits = serde_json::to_value(Limits::default()).unwrap();
            limits[limit] = number.parse::<u64>().unwrap().into();
            let limits: Limits = serde_json::from_value(limits).unwrap();
            Filter::parse_with(text, &Syntax::rfc(), &limits)
                .map(|filter| filter.warnings().to_vec())
        }
    };
    let list = checked.unwrap_or_else(|findings| findings.iter().cloned().collect());
    list.iter().map(|finding| (finding.code().name().to_owned(), finding.severity())).collect()
}
