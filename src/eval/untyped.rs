//! Comparisons with a value whose type only the record shows.

use crate::operator::Operator;
use crate::plan::Untyped;
use crate::value::{self, CaseSensitivity, DateTime, Number, ValueRef, number};

/// Returns whether one value makes the comparison true: only a value of the literal's type can,
/// except that every other value makes `ne` true.
pub(super) fn passes(
    operator: Operator,
    literal: &Untyped,
    case: CaseSensitivity,
    stored: ValueRef<'_>,
) -> bool {
    if operator == Operator::Ne {
        return !passes(Operator::Eq, literal, case, stored);
    }
    let ordering = match (literal, stored) {
        (Untyped::Boolean(literal), ValueRef::Boolean(stored)) => {
            return operator == Operator::Eq && *literal == stored;
        }
        (Untyped::Text { boolean: Some(literal), .. }, ValueRef::Boolean(stored)) => {
            return operator == Operator::Eq && *literal == stored;
        }
        (Untyped::Number(literal), ValueRef::Integer(stored)) => {
            Some(Number::new(literal).order_i64(stored))
        }
        (Untyped::Number(literal), ValueRef::Decimal(stored)) => {
            Number::new(literal).order_f64(stored)
        }
        (Untyped::Number(literal), ValueRef::Number(stored)) => {
            Some(number::order(stored, literal))
        }
        (Untyped::Text { substring, .. }, ValueRef::Text { text, key })
            if operator == Operator::Co =>
        {
            return match key {
                Some(key) if case != CaseSensitivity::Exact => substring.found_in_key(key),
                _ => substring.found_in(text),
            };
        }
        (Untyped::Text { substring, instant, .. }, ValueRef::Text { text, key }) => {
            let (literal, (folded, case)) = (substring.as_str(), case.select(text, key));
            match operator {
                Operator::Sw => return value::starts_with(folded, literal, case),
                Operator::Ew => return value::ends_with(folded, literal, case),
                _ => match instant.as_ref().and_then(|to| Some((DateTime::parse(text)?, to))) {
                    Some((stored, instant)) => Some(stored.cmp(&instant.as_ref())),
                    None => Some(value::compare(folded, literal, case)),
                },
            }
        }
        _ => None,
    };
    ordering.is_some_and(|ordering| match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Gt => ordering.is_gt(),
        Operator::Ge => ordering.is_ge(),
        Operator::Lt => ordering.is_lt(),
        Operator::Le => ordering.is_le(),
        _ => false,
    })
}
