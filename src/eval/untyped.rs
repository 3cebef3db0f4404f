//! Comparisons with a value whose type only the record shows.

use crate::operator::Operator;
use crate::plan::Untyped;
use crate::value::{
    self, CaseSensitivity, DateTime, Number, ValueRef, number, parse_boolean, with_colon_in_offset,
};
use std::cmp::Ordering;

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
    if let Untyped::Coerced(literal) = literal {
        return passes_coerced(operator, literal, case, stored);
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
    is_true(operator, ordering)
}

/// Returns whether a value, read as the type of the literal if it is in one of the forms that
/// [`StoredValues::Coerced`](crate::StoredValues::Coerced) lists, makes the comparison true.
#[cold]
fn passes_coerced(
    operator: Operator,
    literal: &Untyped,
    case: CaseSensitivity,
    stored: ValueRef<'_>,
) -> bool {
    let as_text = |text: &str| passes(operator, literal, case, ValueRef::text(text));
    match (literal, stored) {
        (Untyped::Number(digits), ValueRef::Text { text, .. }) if number::is_number(text) => {
            is_true(operator, Some(number::order(text, digits)))
        }
        (Untyped::Boolean(_), ValueRef::Text { text, .. }) => parse_boolean(text)
            .is_some_and(|stored| passes(operator, literal, case, ValueRef::Boolean(stored))),
        (Untyped::Text { .. }, ValueRef::Integer(stored)) => as_text(&stored.to_string()),
        (Untyped::Text { .. }, ValueRef::Decimal(stored)) => as_text(&format!("{stored:?}")),
        (Untyped::Text { .. }, ValueRef::Number(stored)) => as_text(stored),
        (Untyped::Text { instant: Some(_), .. }, ValueRef::Text { text, .. }) => {
            match with_colon_in_offset(text) {
                Some(corrected) if DateTime::parse(&corrected).is_some() => as_text(&corrected),
                _ => passes(operator, literal, case, stored),
            }
        }
        _ => passes(operator, literal, case, stored),
    }
}

fn is_true(operator: Operator, ordering: Option<Ordering>) -> bool {
    ordering.is_some_and(|ordering| match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Gt => ordering.is_gt(),
        Operator::Ge => ordering.is_ge(),
        Operator::Lt => ordering.is_lt(),
        Operator::Le => ordering.is_le(),
        _ => false,
    })
}
