//! `scieve compare`: how the records that match two filters relate.

use crate::exit::{CliError, ExitStatus};
use crate::input::{InputFilter, Item};
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::report;
use scieve::{Decision, Plan, Policy, json_text};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Compare the records that two filters match
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve compare --policy scim-user 'userName eq \"bjensen\"' 'userName sw \"b\"'

The relation of A to B is one of `equivalent`, `implies` (each record that matches A matches B), \
`implied-by`, `disjoint`, `overlap` and `unknown`, if the decision exceeds its budget. It is about \
records that conform to the schema: values have the type of their attribute, and single-valued \
attributes have no more than one. Each witness is a record that shows a part of the relation.
With `--json`, the output is an object:
  {relation, empty: [bool, bool], witnesses: {a_not_b?, b_not_a?, both?}}, or \
{filter, ok: false, diagnostics} for each filter with errors, as in `scieve check --json`
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Compare {
    /// The first filter
    #[arg(value_name = "A")]
    a: String,
    /// The second filter
    #[arg(value_name = "B")]
    b: String,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Compare strings case-sensitively; requires `--policy none`
    #[arg(long)]
    case_exact: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Comparison {
    relation: &'static str,
    empty: [bool; 2],
    witnesses: Witnesses,
}

#[derive(Serialize)]
struct Witnesses {
    #[serde(skip_serializing_if = "Option::is_none")]
    a_not_b: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_not_a: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    both: Option<Box<RawValue>>,
}

impl Compare {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let policy = self.policy.policy(self.case_exact)?;
        let a = plan(&policy, self.a, self.json, output)?;
        let b = plan(&policy, self.b, self.json, output)?;
        let (Some(a), Some(b)) = (a, b) else { return Ok(ExitStatus::FilterErrors) };
        let comparison = compare(&a, &b);
        match self.json {
            true => output.json(&comparison)?,
            false => print(output, &comparison)?,
        }
        Ok(ExitStatus::Success)
    }
}

/// Parses a filter. Reports its errors or warnings.
fn plan(
    policy: &Policy<Value>,
    text: String,
    json: bool,
    output: &mut Output,
) -> Result<Option<Plan<Value>>, CliError> {
    let input = InputFilter::new(None, Ok(text.clone()));
    match policy.parse(&text) {
        Ok(plan) => {
            if !json {
                report::warnings(output, Item { text: &text, input: &input }, plan.warnings())?;
            }
            Ok(Some(plan))
        }
        Err(diagnostics) => {
            report::errors(output, json, &input, &diagnostics)?;
            Ok(None)
        }
    }
}

fn compare(a: &Plan<Value>, b: &Plan<Value>) -> Comparison {
    let a_implies_b = Answer::new(a.implies(b), |record| a.matches(record) && !b.matches(record));
    let b_implies_a = Answer::new(b.implies(a), |record| b.matches(record) && !a.matches(record));
    let disjoint = Answer::new(a.is_disjoint(b), |record| a.matches(record) && b.matches(record));
    let is_empty = |plan: &Plan<Value>| plan.is_empty().is_yes();
    Comparison {
        relation: match (&a_implies_b, &b_implies_a, &disjoint) {
            (Answer::Yes, Answer::Yes, _) => "equivalent",
            (Answer::Unknown, _, _) | (_, Answer::Unknown, _) => "unknown",
            (Answer::Yes, _, _) => "implies",
            (_, Answer::Yes, _) => "implied-by",
            (_, _, Answer::Yes) => "disjoint",
            (_, _, Answer::No(_)) => "overlap",
            (_, _, Answer::Unknown) => "unknown",
        },
        empty: [is_empty(a), is_empty(b)],
        witnesses: Witnesses {
            a_not_b: a_implies_b.witness(),
            b_not_a: b_implies_a.witness(),
            both: disjoint.witness(),
        },
    }
}

/// A decision whose witness is confirmed as a JSON record.
enum Answer {
    Yes,
    No(Value),
    Unknown,
}

impl Answer {
    fn new(decision: Decision, confirms: impl Fn(&Value) -> bool) -> Self {
        match decision {
            Decision::Yes => Self::Yes,
            Decision::No(witness) => {
                let record = witness.to_json();
                if confirms(&record) { Self::No(record) } else { Self::Unknown }
            }
            Decision::Unknown => Self::Unknown,
        }
    }

    fn witness(self) -> Option<Box<RawValue>> {
        match self {
            Self::No(record) => RawValue::from_string(json_text(&record)).ok(),
            Self::Yes | Self::Unknown => None,
        }
    }
}

fn print(output: &mut Output, comparison: &Comparison) -> Result<(), CliError> {
    output.line(match comparison.relation {
        "equivalent" => "equivalent: A and B match the same records",
        "implies" => "implies: each record that matches A matches B",
        "implied-by" => "implied-by: each record that matches B matches A",
        "disjoint" => "disjoint: no record matches both",
        "overlap" => "overlap: some records match both, some only one of them",
        _ => "unknown: not decided within the budget",
    })?;
    for (name, is_empty) in ["A", "B"].into_iter().zip(comparison.empty) {
        if is_empty {
            output.line(&format!("{name} matches no record"))?;
        }
    }
    let Witnesses { a_not_b, b_not_a, both } = &comparison.witnesses;
    for (title, witness) in [("A, not B", a_not_b), ("B, not A", b_not_a), ("A and B", both)] {
        if let Some(witness) = witness {
            output.line(&format!("{title}: {witness}"))?;
        }
    }
    Ok(())
}
