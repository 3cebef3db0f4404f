//! Plans over records in memory.

use crate::operator::Operator;
use crate::plan::{FEW, Loose, Node, Plan, Predicate, Test};
use crate::schema::{Attribute, Record, Schema};
use crate::value::{self, Case, Number, Value, ValueRef, datetime};
use std::cmp::Ordering;

impl<R: Record> Plan<R> {
    /// Whether the record matches. Never fails; allocates nothing for texts that are ASCII or come with their key.
    #[must_use]
    pub fn matches(&self, record: &R) -> bool {
        matches(self.root(), self.schema(), record)
    }
}

// Tests are asked where they stand; only chains call themselves.
#[inline]
fn matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    match node {
        Node::Test(test) => schema.attribute(test.attribute).is_some_and(|attribute| passes(test, attribute, schema, record)),
        chain => chain_matches(chain, schema, record),
    }
}

// The depth of a plan is that of its filter, which `Limits` bounds.
fn chain_matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    // What decides the chain as soon as one child is it.
    let (children, decides) = match node {
        Node::All(children) => (&**children, false),
        Node::Any(children) => (&**children, true),
        Node::Not(child) => return !matches(child, schema, record),
        Node::Test(_) => return matches(node, schema, record),
    };
    for child in children {
        if child_matches(child, schema, record) == decides {
            return decides;
        }
    }
    !decides
}

// Apart: where it stands in the loop, the compiler reads all fields of the record before the first test.
#[inline(never)]
fn child_matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    matches(node, schema, record)
}

/// Whether the record, whose attributes are those of the schema, passes the test: for stores that answer the rest of a plan from
/// their indexes.
#[cfg(feature = "users")]
pub(crate) fn record_passes(test: &Test, schema: &Schema, record: &dyn Record) -> bool {
    schema.attribute(test.attribute).is_some_and(|attribute| passes(test, attribute, schema, record))
}

#[inline]
fn passes<R: Record + ?Sized>(test: &Test, attribute: &Attribute, schema: &Schema, record: &R) -> bool {
    match record.single_text(attribute) {
        Some(Some(text)) if !test.screen.passes(text) => false,
        Some(stored) => text_passes(test, stored).unwrap_or_else(|| some_value_passes(test, attribute, schema, record)),
        None => some_value_passes(test, attribute, schema, record),
    }
}

/// The tests of texts on the one text that there is; `None` where [`some_value_passes`] has to tell.
fn text_passes(test: &Test, stored: Option<&str>) -> Option<bool> {
    let case = test.case;
    let is = |text: &str, operand: &Value| matches!(operand, Value::Text(operand) if value::equals(text, operand, case));
    match &test.predicate {
        Predicate::Equal(operand) => Some(stored.is_some_and(|text| is(text, operand))),
        Predicate::In(operands) if operands.len() <= FEW => {
            Some(stored.is_some_and(|text| operands.iter().any(|operand| is(text, operand))))
        }
        Predicate::In(operands) => Some(stored.is_some_and(|text| is_one_of_texts(text, operands, case))),
        Predicate::Contains(needle) => Some(stored.is_some_and(|text| needle.found_in(text))),
        _ => other_text_passes(test, stored),
    }
}

// Apart, so that the tests asked most stay short enough to stand where they are asked.
#[inline(never)]
fn other_text_passes(test: &Test, stored: Option<&str>) -> Option<bool> {
    match &test.predicate {
        Predicate::StartsWith(prefix) => Some(stored.is_some_and(|text| value::starts_with(text, prefix, test.case))),
        Predicate::EndsWith(suffix) => Some(stored.is_some_and(|text| value::ends_with(text, suffix, test.case))),
        Predicate::Present => Some(stored.is_some()),
        Predicate::Loose(operator, literal) => Some(match stored {
            Some(text) => loose_one_passes(*operator, literal, test.case, ValueRef::text(text)),
            None => *operator == Operator::Ne,
        }),
        _ => None,
    }
}

fn some_value_passes<R: Record + ?Sized>(test: &Test, attribute: &Attribute, schema: &Schema, record: &R) -> bool {
    let case = test.case;
    let ordered = |operand: &Value, wanted: fn(Ordering) -> bool| {
        record.any_value(attribute, &mut |stored| value::order(stored, operand, case).is_some_and(wanted))
    };
    let text = |found: &dyn Fn(&str, Case) -> bool| {
        record.any_value(attribute, &mut |stored| match stored {
            ValueRef::Text { text, key } => {
                let (text, case) = case.of(text, key);
                found(text, case)
            }
            _ => false,
        })
    };
    match &test.predicate {
        Predicate::Never => false,
        Predicate::Present => record.any_value(attribute, &mut |_| true),
        Predicate::Equal(operand) => record.any_value(attribute, &mut |stored| can_be(test, stored) && equals(stored, operand, case)),
        Predicate::In(operands) => record.any_value(attribute, &mut |stored| can_be(test, stored) && is_one_of(stored, operands, case)),
        Predicate::Differs(operand) => {
            let mut none = true;
            let differs = record.any_value(attribute, &mut |stored| {
                none = false;
                !equals(stored, operand, case)
            });
            differs || none
        }
        Predicate::Less(operand) => ordered(operand, Ordering::is_lt),
        Predicate::LessOrEqual(operand) => ordered(operand, Ordering::is_le),
        Predicate::Greater(operand) => ordered(operand, Ordering::is_gt),
        Predicate::GreaterOrEqual(operand) => ordered(operand, Ordering::is_ge),
        Predicate::Contains(needle) => record.any_value(attribute, &mut |stored| match stored {
            ValueRef::Text { key: Some(key), .. } if case == Case::Ignore => needle.found_in_key(key),
            ValueRef::Text { text, .. } => needle.found_in(text),
            _ => false,
        }),
        Predicate::StartsWith(prefix) => text(&|text, case| value::starts_with(text, prefix, case)),
        Predicate::EndsWith(suffix) => text(&|text, case| value::ends_with(text, suffix, case)),
        Predicate::Element(inner) => record.any_element(attribute, &mut |element| matches(inner, schema, element)),
        Predicate::Loose(operator, literal) => loose(*operator, literal, case, attribute, record),
    }
}

/// Whether the value's looks leave it open that it is an operand.
#[inline]
fn can_be(test: &Test, stored: ValueRef<'_>) -> bool {
    match stored {
        ValueRef::Text { text, key: None } => test.screen.passes(text),
        _ => true,
    }
}

fn equals(stored: ValueRef<'_>, operand: &Value, case: Case) -> bool {
    match (stored, operand) {
        (ValueRef::Text { text, key }, Value::Text(operand)) => {
            let (text, case) = case.of(text, key);
            value::equals(text, operand, case)
        }
        _ => value::order(stored, operand, case) == Some(Ordering::Equal),
    }
}

fn is_one_of(stored: ValueRef<'_>, operands: &[Value], case: Case) -> bool {
    if operands.len() <= FEW {
        return operands.iter().any(|operand| equals(stored, operand, case));
    }
    // One text is folded once, not once an operand.
    let folded;
    let stored = match stored {
        ValueRef::Text { text, key: None } if case == Case::Ignore && !text.is_ascii() => {
            folded = value::key(text);
            ValueRef::keyed(text, &folded)
        }
        other => other,
    };
    let order = |operand: &Value| value::order(stored, operand, case).map_or(Ordering::Less, Ordering::reverse);
    operands.binary_search_by(order).is_ok()
}

/// The same of a text, which is folded once where it is ASCII and not long.
fn is_one_of_texts(text: &str, operands: &[Value], case: Case) -> bool {
    let mut room = [0; 64];
    let Some(key) = room.get_mut(..text.len()).filter(|_| case == Case::Ignore && text.is_ascii()) else {
        return is_one_of(ValueRef::text(text), operands, case);
    };
    key.copy_from_slice(text.as_bytes());
    key.make_ascii_lowercase();
    let order = |operand: &Value| match operand {
        Value::Text(operand) => operand.as_bytes().cmp(key),
        _ => Ordering::Less,
    };
    // Ids that are asked for together were often made one after the other: most others are not among them.
    let outside = operands.first().is_some_and(|least| order(least).is_gt()) || operands.last().is_some_and(|most| order(most).is_lt());
    !outside && operands.binary_search_by(order).is_ok()
}

/// A comparison with values of any type: only those of the literal's own type can match.
fn loose<R: Record + ?Sized>(operator: Operator, literal: &Loose, case: Case, attribute: &Attribute, record: &R) -> bool {
    let mut none = true;
    let found = record.any_value(attribute, &mut |stored| {
        none = false;
        loose_one_passes(operator, literal, case, stored)
    });
    found || (none && operator == Operator::Ne)
}

fn loose_one_passes(operator: Operator, literal: &Loose, case: Case, stored: ValueRef<'_>) -> bool {
    match operator {
        Operator::Ne => !loose_passes(Operator::Eq, literal, case, stored),
        _ => loose_passes(operator, literal, case, stored),
    }
}

fn loose_passes(operator: Operator, literal: &Loose, case: Case, stored: ValueRef<'_>) -> bool {
    let ordering = match (literal, stored) {
        (Loose::Boolean(literal), ValueRef::Boolean(stored)) => return operator == Operator::Eq && *literal == stored,
        (Loose::Number(literal), ValueRef::Integer(stored)) => Some(Number::new(literal).order_i64(stored)),
        (Loose::Number(literal), ValueRef::Decimal(stored)) => Number::new(literal).order_f64(stored),
        (Loose::Text { needle, .. }, ValueRef::Text { text, key }) if operator == Operator::Co => {
            return match key {
                Some(key) if case == Case::Ignore => needle.found_in_key(key),
                _ => needle.found_in(text),
            };
        }
        (Loose::Text { needle, instant }, ValueRef::Text { text, key }) => {
            let (literal, (folded, case)) = (needle.as_str(), case.of(text, key));
            match operator {
                Operator::Sw => return value::starts_with(folded, literal, case),
                Operator::Ew => return value::ends_with(folded, literal, case),
                _ => match instant.and_then(|instant| Some((datetime::parse(text)?, instant))) {
                    Some((stored, literal)) => Some((stored.micros, stored.residue).cmp(&(literal.micros, literal.residue))),
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
