//! The fast path: a test on an attribute of which the record has one string or no value.
//!
//! PERF: saves the dynamic calls of [`Record::any_value`](crate::Record::any_value) and the match on
//! the type of a value. With the general path only, `matches` executes 104 % more instructions on
//! F1, 196 % on F4 and 308 % on F7. The functions are out of line so that each saves only the
//! registers that it needs; inlined, 10 % more instructions on F3. `tests/it/record_trait.rs`
//! compares the two paths for every operator.

use super::values::{is_one_of, none_passes, passes};
use crate::plan::{FEW, Predicate, Test};
use crate::value::{self, CaseSensitivity, Value, ValueRef};
use std::cmp::Ordering;

/// Evaluates a test other than [`Predicate::Element`] on the only string of the attribute.
pub(super) fn test_string(test: &Test, string: Option<&str>) -> bool {
    let Some(string) = string else { return none_passes(&test.predicate) };
    match &test.predicate {
        Predicate::Equal(Value::Text(operand)) => value::equals(string, operand, test.case),
        Predicate::In(operands) if operands.len() <= FEW => {
            is_one_of_few(string, operands, test.case)
        }
        Predicate::In(operands) => is_one_of_many(string, operands, test.case),
        Predicate::Contains(substring) => substring.found_in(string),
        _ => test_other(test, string),
    }
}

/// Evaluates the less frequent predicates.
// PERF: without the case of prefixes, `matches` executes 2 % more instructions on F6 (JSON). Out of
// line, because in `test_string` it costs 1 % on F7.
#[inline(never)]
fn test_other(test: &Test, string: &str) -> bool {
    match &test.predicate {
        Predicate::StartsWith(prefix) => value::starts_with(string, prefix, test.case),
        _ => passes(test, ValueRef::text(string)),
    }
}

// PERF: the lists are searched out of line, so that `test_string` saves registers for neither (F4 and
// F7 of `matches`).
#[inline(never)]
fn is_one_of_few(string: &str, operands: &[Value], case: CaseSensitivity) -> bool {
    operands.iter().any(
        |operand| matches!(operand, Value::Text(operand) if value::equals(string, operand, case)),
    )
}

/// Does what [`is_one_of`] does, folding a short ASCII string once, on the stack.
#[inline(never)]
fn is_one_of_many(string: &str, operands: &[Value], case: CaseSensitivity) -> bool {
    let mut buffer = [0; 64];
    let Some(key) = buffer
        .get_mut(..string.len())
        .filter(|_| case != CaseSensitivity::Exact && string.is_ascii())
    else {
        return is_one_of(ValueRef::text(string), operands, case);
    };
    key.copy_from_slice(string.as_bytes());
    key.make_ascii_lowercase();
    let order = |operand: &Value| match operand {
        Value::Text(operand) => operand.as_bytes().cmp(key),
        _ => Ordering::Less,
    };
    // Ids in one list are often generated one after the other, so most other ids lie outside.
    let outside = operands.first().is_some_and(|least| order(least).is_gt())
        || operands.last().is_some_and(|greatest| order(greatest).is_lt());
    !outside && operands.binary_search_by(order).is_ok()
}
