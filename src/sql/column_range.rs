//! Comparisons with operands that no column can contain.
//!
//! A column contains integers of 64 bits, and instants in microseconds. A comparison with a larger
//! integer or a finer instant is replaced by one that is true for the same columns.

use crate::plan::{Predicate, Test};
use crate::value::{DateTime, Value, number};
use std::cmp::Ordering;

/// The position of an operand among the values that a column can contain.
enum Position {
    /// One of them.
    At,
    /// Greater than this value and less than the next one.
    Above(Value),
    /// Less or greater than all.
    Beyond(Ordering),
}

impl Position {
    fn of(operand: &Value) -> Self {
        match operand {
            Value::DateTime(instant) if !instant.finer.is_empty() => {
                Self::Above(Value::DateTime(DateTime::from_micros(instant.micros).into_owned()))
            }
            Value::Number(number) => Self::Beyond(number::order_i64(number, 0)),
            _ => Self::At,
        }
    }
}

/// Returns a test that is true for the same columns, with operands that a column can contain, and
/// whether it is negated. Returns `None` if all operands of the test are such.
pub(super) fn within_range(test: &Test) -> Option<(Test, bool)> {
    use Predicate::{
        Differs, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Never, Present,
    };
    let is_at = |operand: &Value| matches!(Position::of(operand), Position::At);
    let (predicate, negated) = match &test.predicate {
        Equal(operand) if !is_at(operand) => (Never, false),
        Differs(operand) if !is_at(operand) => (Never, true),
        In(operands) if !operands.iter().all(is_at) => {
            let mut operands: Vec<Value> =
                operands.iter().filter(|operand| is_at(operand)).cloned().collect();
            match (operands.pop(), operands.is_empty()) {
                (None, _) => (Never, false),
                (Some(operand), true) => (Equal(operand), false),
                (Some(operand), false) => {
                    operands.push(operand);
                    (In(operands.into()), false)
                }
            }
        }
        Less(operand) | LessOrEqual(operand) => match Position::of(operand) {
            Position::At => return None,
            Position::Above(floor) => (LessOrEqual(floor), false),
            Position::Beyond(Ordering::Greater) => (Present, false),
            Position::Beyond(_) => (Never, false),
        },
        Greater(operand) | GreaterOrEqual(operand) => match Position::of(operand) {
            Position::At => return None,
            Position::Above(floor) => (Greater(floor), false),
            Position::Beyond(Ordering::Greater) => (Never, false),
            Position::Beyond(_) => (Present, false),
        },
        _ => return None,
    };
    Some((Test::new(test.attribute, test.case, predicate), negated))
}
