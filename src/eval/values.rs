//! The general path: a test on any number of values of any type.

use super::{matches, untyped};
use crate::operator::Operator;
use crate::plan::{FEW, Predicate, Test};
use crate::schema::{Attribute, Record, Schema, SimpleElement};
use crate::value::{self, AttributeType, CaseSensitivity, Value, ValueRef};
use std::cmp::Ordering;

/// Evaluates a test on the values that the record has of the attribute.
// PERF: out of line, as the functions in `string`.
#[inline(never)]
pub(super) fn test_values<R: Record + ?Sized>(
    test: &Test,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> bool {
    if let Predicate::Element(inner) = &test.predicate {
        return match attribute.attribute_type() {
            AttributeType::Complex | AttributeType::Any => {
                record.any_element(attribute, &mut |element| matches(inner, schema, element))
            }
            _ => record
                .any_value(attribute, &mut |value| matches(inner, schema, &SimpleElement(value))),
        };
    }
    // PERF: the most frequent predicate has a closure of its own, which needs no `match` per value.
    // Without it, `matches` executes 7 % more instructions on F3.
    if let Predicate::Equal(operand) = &test.predicate {
        return record.any_value(attribute, &mut |stored| {
            can_equal(test, stored) && equals(stored, operand, test.case)
        });
    }
    let mut none = true;
    let found = record.any_value(attribute, &mut |stored| {
        none = false;
        passes(test, stored)
    });
    found || (none && none_passes(&test.predicate))
}

/// Returns whether the test is true of an attribute without a value.
pub(super) fn none_passes(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Differs(_) | Predicate::Untyped(Operator::Ne, _))
}

/// Returns whether one value makes a test other than [`Predicate::Element`] true.
pub(crate) fn passes(test: &Test, stored: ValueRef<'_>) -> bool {
    let case = test.case;
    match &test.predicate {
        Predicate::Present => true,
        Predicate::Never | Predicate::Element(_) => false,
        Predicate::Equal(operand) => can_equal(test, stored) && equals(stored, operand, case),
        Predicate::In(operands) => can_equal(test, stored) && is_one_of(stored, operands, case),
        Predicate::Differs(operand) => !equals(stored, operand, case),
        Predicate::Less(operand) => order(stored, operand, case, Ordering::is_lt),
        Predicate::LessOrEqual(operand) => order(stored, operand, case, Ordering::is_le),
        Predicate::Greater(operand) => order(stored, operand, case, Ordering::is_gt),
        Predicate::GreaterOrEqual(operand) => order(stored, operand, case, Ordering::is_ge),
        Predicate::Contains(substring) => match stored {
            ValueRef::Text { key: Some(key), .. } if case != CaseSensitivity::Exact => {
                substring.found_in_key(key)
            }
            ValueRef::Text { text, .. } => substring.found_in(text),
            _ => false,
        },
        Predicate::StartsWith(prefix) => string(stored, case)
            .is_some_and(|(string, case)| value::starts_with(string, prefix, case)),
        Predicate::EndsWith(suffix) => string(stored, case)
            .is_some_and(|(string, case)| value::ends_with(string, suffix, case)),
        Predicate::Untyped(operator, literal) => untyped::passes(*operator, literal, case, stored),
    }
}

/// Returns false if the prefilter excludes that the value equals an operand.
#[inline]
fn can_equal(test: &Test, stored: ValueRef<'_>) -> bool {
    match stored {
        ValueRef::Text { text, key: None } => test.prefilter.accepts(text),
        _ => true,
    }
}

/// Returns the string to compare, and how.
fn string(stored: ValueRef<'_>, case: CaseSensitivity) -> Option<(&str, CaseSensitivity)> {
    match stored {
        ValueRef::Text { text, key } => Some(case.select(text, key)),
        _ => None,
    }
}

fn order(
    stored: ValueRef<'_>,
    operand: &Value,
    case: CaseSensitivity,
    wanted: fn(Ordering) -> bool,
) -> bool {
    value::order(stored, operand, case).is_some_and(wanted)
}

fn equals(stored: ValueRef<'_>, operand: &Value, case: CaseSensitivity) -> bool {
    match (stored, operand) {
        (ValueRef::Text { text, key }, Value::Text(operand)) => {
            let (text, case) = case.select(text, key);
            value::equals(text, operand, case)
        }
        _ => value::order(stored, operand, case) == Some(Ordering::Equal),
    }
}

/// Returns whether the value equals one of the operands, which are sorted.
pub(super) fn is_one_of(stored: ValueRef<'_>, operands: &[Value], case: CaseSensitivity) -> bool {
    if operands.len() <= FEW {
        return operands.iter().any(|operand| equals(stored, operand, case));
    }
    // Fold the string once instead of once per comparison.
    let folded;
    let stored = match stored {
        ValueRef::Text { text, key: None }
            if case != CaseSensitivity::Exact && !text.is_ascii() =>
        {
            folded = case.key(text);
            ValueRef::keyed(text, &folded)
        }
        other => other,
    };
    let order = |operand: &Value| {
        value::order(stored, operand, case).map_or(Ordering::Less, Ordering::reverse)
    };
    operands.binary_search_by(order).is_ok()
}
