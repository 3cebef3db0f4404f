//! Finds a value that makes tests true or false as required.
//!
//! The operands divide a totally ordered type into points and the gaps between them; within a gap,
//! every test has the same result. A value from each point and each gap therefore represents the
//! whole type, and the evaluator's own comparisons decide. Strings, which have substring tests too,
//! are searched by an automaton ([`strings`](super::strings)).

use super::Domain;
use super::model::ModelValue;
use super::search::{Budget, Verdict};
use super::strings;
use super::value_tests::{Literal, ValueTests};
use crate::operator::Operator;
use crate::plan::{Predicate, Untyped};
use crate::schema::Attribute;
use crate::value::{AttributeType, DateTime, IntegerLiteral, Text, Value, datetime, number};

/// Finds a value for which each test has the required result.
pub(super) fn find(
    attribute: &Attribute,
    domain: Domain,
    literals: &[Literal<'_>],
    budget: &mut Budget,
) -> Verdict<ModelValue> {
    let mut tests = ValueTests { attribute, literals, budget };
    let mut verdict = tests.find_typed();
    if let (Verdict::Unsatisfiable, Domain::AnyRecord) = (&verdict, domain) {
        verdict = tests.first(std::iter::once(ModelValue::Foreign));
    }
    verdict
}

impl ValueTests<'_> {
    fn find_typed(&mut self) -> Verdict<ModelValue> {
        if let Some(equal) = self.equal_values() {
            return self.first(equal.into_iter());
        }
        match self.attribute.attribute_type() {
            AttributeType::Boolean => self.first([true, false].map(boolean).into_iter()),
            AttributeType::Integer => {
                let (candidates, complete) = self.integers();
                self.first_of(candidates, complete)
            }
            AttributeType::Decimal => self.first(self.decimals().into_iter()),
            AttributeType::DateTime => self.first(self.instants().into_iter()),
            AttributeType::Binary => self.first(std::iter::once(self.binary())),
            AttributeType::String | AttributeType::Reference => strings::find(self),
            AttributeType::Complex => self.first(std::iter::once(ModelValue::Complex)),
            AttributeType::Any => self.find_untyped(),
        }
    }

    /// Returns the values that an equality admits: the fewest of those of all equalities.
    fn equal_values(&self) -> Option<Vec<ModelValue>> {
        let operands = self.literals.iter().filter_map(|(test, positive)| {
            match (test.predicate(), positive) {
                (Predicate::Equal(operand), true) | (Predicate::Differs(operand), false) => {
                    Some(std::slice::from_ref(operand))
                }
                (Predicate::In(operands), true) => Some(&**operands),
                _ => None,
            }
        });
        let fewest = operands.min_by_key(|operands| operands.len())?;
        Some(fewest.iter().cloned().map(ModelValue::Value).collect())
    }

    /// Returns the typed operands of all tests.
    fn operands(&self) -> impl Iterator<Item = &Value> {
        self.literals.iter().flat_map(|(test, _)| match test.predicate() {
            Predicate::Equal(operand)
            | Predicate::Differs(operand)
            | Predicate::Less(operand)
            | Predicate::LessOrEqual(operand)
            | Predicate::Greater(operand)
            | Predicate::GreaterOrEqual(operand) => std::slice::from_ref(operand),
            Predicate::In(operands) => operands,
            _ => &[],
        })
    }

    /// Tests candidates, which represent every value of the type only if `complete`.
    fn first_of(&mut self, candidates: Vec<ModelValue>, complete: bool) -> Verdict<ModelValue> {
        match self.first(candidates.into_iter()) {
            Verdict::Unsatisfiable if !complete => Verdict::Unknown,
            verdict => verdict,
        }
    }

    fn integers(&self) -> (Vec<ModelValue>, bool) {
        let operands = self.operands().filter_map(|operand| match operand {
            Value::Integer(number) => Some(*number),
            _ => None,
        });
        let large = self.operands().filter_map(|operand| match operand {
            Value::Number(number) => Some(&**number),
            _ => None,
        });
        integers(operands.collect(), large)
    }

    fn decimals(&self) -> Vec<ModelValue> {
        let operands = self.operands().filter_map(|operand| match operand {
            Value::Decimal(number) => Some(*number),
            _ => None,
        });
        decimals(operands.collect())
    }

    fn instants(&self) -> Vec<ModelValue> {
        let operands = self.operands().filter_map(|operand| match operand {
            Value::DateTime(instant) => Some(instant.clone()),
            _ => None,
        });
        instants(operands.collect())
            .into_iter()
            .map(|instant| ModelValue::Value(Value::DateTime(instant)))
            .collect()
    }

    /// Returns a value that is longer than each operand. Without an equality, tests only exclude
    /// operands.
    fn binary(&self) -> ModelValue {
        let lengths = self.operands().map(|operand| match operand {
            Value::Binary(bytes) => bytes.len(),
            _ => 0,
        });
        let longest = lengths.max().unwrap_or(0);
        ModelValue::Value(Value::Binary(vec![0; longest + 1].into()))
    }

    /// Finds a value of any type, for attributes without a schema.
    fn find_untyped(&mut self) -> Verdict<ModelValue> {
        match self.find_typed_literals() {
            // Values in wrong forms are no candidates.
            Verdict::Unsatisfiable if self.is_coerced() => Verdict::Unknown,
            verdict => verdict,
        }
    }

    fn is_coerced(&self) -> bool {
        self.literals
            .iter()
            .any(|(test, _)| matches!(test.predicate(), Predicate::Untyped(_, Untyped::Coerced(_))))
    }

    /// Finds a value of the type of one of the literals.
    fn find_typed_literals(&mut self) -> Verdict<ModelValue> {
        let simple = [ModelValue::Complex, boolean(true), boolean(false)];
        let (numbers, complete) = self.untyped_numbers();
        let instants = self.untyped_instants();
        let has_instants = !instants.is_empty();
        // Strings are the most common values.
        let strings = match has_instants {
            false => strings::find(self),
            true => self.first(instants.into_iter()),
        };
        if matches!(strings, Verdict::Satisfiable(_)) {
            return strings;
        }
        let others = self.first_of(numbers.into_iter().chain(simple).collect(), complete);
        if matches!(others, Verdict::Satisfiable(_)) || !has_instants {
            return match strings {
                Verdict::Unknown if matches!(others, Verdict::Unsatisfiable) => Verdict::Unknown,
                _ => others,
            };
        }
        self.without_instants()
    }

    /// Decides tests on strings, some of which are compared as instants, if no instant passes.
    ///
    /// Strings that are no date-times are compared as strings. The automaton does not distinguish
    /// them, so it can only prove that there is none.
    fn without_instants(&mut self) -> Verdict<ModelValue> {
        let is_only_instants = self.literals.iter().all(|(test, _)| {
            matches!(
                test.predicate(),
                Predicate::Untyped(
                    Operator::Eq
                        | Operator::Ne
                        | Operator::Gt
                        | Operator::Ge
                        | Operator::Lt
                        | Operator::Le,
                    Untyped::Text { instant: Some(_), .. },
                )
            )
        });
        match strings::find(self) {
            Verdict::Unsatisfiable if is_only_instants => Verdict::Unsatisfiable,
            Verdict::Satisfiable(value) => Verdict::Satisfiable(value),
            _ => Verdict::Unknown,
        }
    }

    fn untyped_numbers(&self) -> (Vec<ModelValue>, bool) {
        let literals: Vec<&str> = self
            .untyped()
            .filter_map(|literal| match literal {
                Untyped::Number(digits) => Some(&**digits),
                _ => None,
            })
            .collect();
        let nearest: Vec<f64> = literals.iter().filter_map(|digits| digits.parse().ok()).collect();
        // The integer part of a literal is compared exactly, so its neighbours are candidates too.
        let (mut whole, mut large) = (Vec::new(), Vec::new());
        for digits in literals {
            match number::integer(digits) {
                IntegerLiteral::Exact(number) | IntegerLiteral::Between(number) => {
                    whole.push(number);
                }
                IntegerLiteral::Below | IntegerLiteral::Above => large.push(digits),
            }
        }
        let (mut found, complete) = integers(whole, large.into_iter());
        found.extend(decimals(nearest));
        (found, complete)
    }

    /// Returns date-times around those of the literals, or nothing if no literal is one.
    fn untyped_instants(&self) -> Vec<ModelValue> {
        let operands = self.untyped().filter_map(|literal| match literal {
            Untyped::Text { instant, .. } => instant.clone(),
            _ => None,
        });
        let operands: Vec<DateTime> = operands.collect();
        if operands.is_empty() {
            return Vec::new();
        }
        let mut texts: Vec<String> = self
            .untyped()
            .filter_map(|literal| match literal {
                Untyped::Text { substring, .. } => Some(substring.as_str().to_owned()),
                _ => None,
            })
            .collect();
        texts.extend(instants(operands).iter().map(|instant| datetime::format(instant.as_ref())));
        texts.into_iter().map(|text| ModelValue::Value(Value::Text(Text::from(text)))).collect()
    }

    fn untyped(&self) -> impl Iterator<Item = &Untyped> {
        self.literals.iter().filter_map(|(test, _)| match test.predicate() {
            Predicate::Untyped(_, literal) => Some(literal.literal()),
            _ => None,
        })
    }
}

fn boolean(value: bool) -> ModelValue {
    ModelValue::Value(Value::Boolean(value))
}

/// Returns an integer for each point and gap of operands within 64 bits and of `large` ones, and
/// whether there is one for each.
fn integers<'a>(
    mut operands: Vec<i64>,
    large: impl Iterator<Item = &'a str>,
) -> (Vec<ModelValue>, bool) {
    operands.push(0);
    let mut found = Vec::with_capacity(3 * operands.len() + 2);
    for number in operands {
        for near in [Some(number), number.checked_add(1), number.checked_sub(1)] {
            found.extend(near.map(|near| ModelValue::Value(Value::Integer(near))));
        }
    }
    let number = |digits: String| ModelValue::Value(Value::Number(digits.into()));
    found.extend(["1e19", "-1e19"].map(|digits| number(digits.to_owned())));
    let mut complete = true;
    for digits in large {
        if number::is_whole(digits) {
            found.push(number(digits.to_owned()));
        }
        match number::neighbours(digits) {
            Some(neighbours) => found.extend(neighbours.map(number)),
            None => complete = false,
        }
    }
    (found, complete)
}

/// Returns a decimal for each point and gap.
fn decimals(mut operands: Vec<f64>) -> Vec<ModelValue> {
    operands.push(0.0);
    let near = operands.iter().flat_map(|number| {
        // Round numbers first.
        [number + 1.0, number - 1.0, number + 0.5, *number, number.next_up(), number.next_down()]
    });
    near.filter(|near| near.is_finite())
        .map(|near| ModelValue::Value(Value::Decimal(near)))
        .collect()
}

/// Returns an instant for each point and gap.
fn instants(mut operands: Vec<DateTime>) -> Vec<DateTime> {
    const DAY: i64 = 86_400_000_000;
    // 2025-01-01T00:00:00Z
    operands.push(DateTime::from_micros(1_735_689_600_000_000).into_owned());
    // With one digit more than every operand has, an instant lies before the next operand.
    let digits = operands.iter().map(|instant| instant.finer.len()).max().unwrap_or(0);
    let near = operands.iter().flat_map(|instant| {
        // Without finer digits, the first instant of all is before an operand that has some.
        let moved = [DAY, -DAY, 1, -1, 0].into_iter().filter_map(|distance| {
            let micros = instant.micros.checked_add(distance)?;
            Some(DateTime::from_micros(micros).into_owned())
        });
        let after = format!("{:0<digits$}1", instant.finer);
        let after = DateTime { micros: instant.micros, finer: after.into() };
        std::iter::once(instant.clone()).chain(moved).chain([after])
    });
    near.filter(|instant| DateTime::parse(&datetime::format(instant.as_ref())).is_some()).collect()
}
