//! Plans over records in memory.

use crate::operator::Operator;
use crate::plan::{FEW, Node, Plan, Predicate, Test, Untyped};
use crate::schema::{Attribute, Record, Schema};
use crate::value::{self, CaseSensitivity, Number, Value, ValueRef, datetime};
use std::cmp::Ordering;

impl<R: Record> Plan<R> {
    /// Whether the record matches. Never fails; allocates nothing for texts that are ASCII or come with their key.
    // The first of several conditions refuses most records: it is asked in the caller's own loop, with nothing saved for the rest.
    #[must_use]
    #[inline(always)]
    pub fn matches(&self, record: &R) -> bool {
        match self.root() {
            Node::Test(test) => passes(test, self.schema(), record),
            Node::All(children) => match &**children {
                [Node::Test(first), others @ ..] => {
                    passes(first, self.schema(), record) && all_match(others, self.schema(), record)
                }
                children => all_match(children, self.schema(), record),
            },
            chain => chain_matches(chain, self.schema(), record),
        }
    }
}

// The depth of a plan is that of its filter, which `Limits` bounds.
#[inline]
fn matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    match node {
        Node::Test(test) => test_passes(test, schema, record),
        chain => chain_matches(chain, schema, record),
    }
}

fn chain_matches<R: Record + ?Sized>(node: &Node, schema: &Schema, record: &R) -> bool {
    match node {
        Node::All(children) => all_match(children, schema, record),
        Node::Any(children) => match &**children {
            [Node::Test(first), Node::Test(next), ..] if first.attribute == next.attribute => {
                one_of_same_matches(first, children, schema, record)
            }
            children => one_matches(children, schema, record),
        },
        Node::Not(child) => !matches(child, schema, record),
        Node::Test(test) => test_passes(test, schema, record),
    }
}

#[inline(never)]
fn all_match<R: Record + ?Sized>(children: &[Node], schema: &Schema, record: &R) -> bool {
    children.iter().all(|child| matches(child, schema, record))
}

#[inline(never)]
fn one_matches<R: Record + ?Sized>(children: &[Node], schema: &Schema, record: &R) -> bool {
    children.iter().any(|child| matches(child, schema, record))
}

/// The same where the first children ask of one attribute, which is looked up once.
#[inline(never)]
fn one_of_same_matches<R: Record + ?Sized>(
    first: &Test,
    children: &[Node],
    schema: &Schema,
    record: &R,
) -> bool {
    let Some(attribute) = schema.attribute(first.attribute) else { return false };
    let single = record.single_text(attribute);
    let mut rest = children;
    while let [Node::Test(test), others @ ..] = rest
        && test.attribute == first.attribute
    {
        if passes_on(test, single, attribute, schema, record) {
            return true;
        }
        rest = others;
    }
    one_matches(rest, schema, record)
}

// Apart: where it stands in the loop over a chain, the compiler reads all fields of the record before the first test.
#[inline(never)]
fn test_passes<R: Record + ?Sized>(test: &Test, schema: &Schema, record: &R) -> bool {
    passes(test, schema, record)
}

impl Test {
    /// Returns whether the record passes this test alone: for stores that evaluate the rest of a plan from their own indexes.
    ///
    /// `schema` is the schema of the plan's policy; a test of another schema matches no record that it was not written for.
    #[must_use]
    pub fn matches<R: Record + ?Sized>(&self, schema: &Schema, record: &R) -> bool {
        passes(self, schema, record)
    }
}

#[inline(always)]
fn passes<R: Record + ?Sized>(test: &Test, schema: &Schema, record: &R) -> bool {
    let Some(attribute) = schema.attribute(test.attribute) else { return false };
    passes_on(test, record.single_text(attribute), attribute, schema, record)
}

/// The same with what the record says of its one text.
#[inline(always)]
fn passes_on<R: Record + ?Sized>(
    test: &Test,
    single: Option<Option<&str>>,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> bool {
    match single {
        Some(Some(text)) if !test.prefilter.accepts(text) => false,
        Some(stored) => one_text_passes(test, stored, attribute, schema, record),
        None => some_value_passes(test, attribute, schema, record),
    }
}

#[inline(never)]
fn one_text_passes<R: Record + ?Sized>(
    test: &Test,
    stored: Option<&str>,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> bool {
    match test.predicate {
        Predicate::Element(_) => some_value_passes(test, attribute, schema, record),
        _ => text_passes(test, stored),
    }
}

/// What a test but [`Predicate::Element`] says of the one text that there is.
#[inline]
fn text_passes(test: &Test, stored: Option<&str>) -> bool {
    let case = test.case;
    match (&test.predicate, stored) {
        (Predicate::Equal(operand), Some(text)) => text_equals(text, operand, case),
        (Predicate::In(operands), Some(text)) if operands.len() <= FEW => {
            is_one_of_few_texts(text, operands, case)
        }
        (Predicate::In(operands), Some(text)) => is_one_of_texts(text, operands, case),
        (Predicate::Contains(needle), Some(text)) => needle.found_in(text),
        _ => other_text_passes(test, stored),
    }
}

// Apart, so that the tests asked most stay short.
#[inline(never)]
fn other_text_passes(test: &Test, stored: Option<&str>) -> bool {
    let case = test.case;
    let Some(text) = stored else {
        return matches!(
            test.predicate,
            Predicate::Differs(_) | Predicate::Untyped(Operator::Ne, _)
        );
    };
    let ordered = |operand: &Value, wanted: fn(Ordering) -> bool| {
        value::order(ValueRef::text(text), operand, case).is_some_and(wanted)
    };
    match &test.predicate {
        Predicate::Present => true,
        Predicate::Differs(operand) => !equals(ValueRef::text(text), operand, case),
        Predicate::Less(operand) => ordered(operand, Ordering::is_lt),
        Predicate::LessOrEqual(operand) => ordered(operand, Ordering::is_le),
        Predicate::Greater(operand) => ordered(operand, Ordering::is_gt),
        Predicate::GreaterOrEqual(operand) => ordered(operand, Ordering::is_ge),
        Predicate::StartsWith(prefix) => value::starts_with(text, prefix, case),
        Predicate::EndsWith(suffix) => value::ends_with(text, suffix, case),
        Predicate::Untyped(operator, literal) => {
            untyped_one_passes(*operator, literal, case, ValueRef::text(text))
        }
        _ => false,
    }
}

fn some_value_passes<R: Record + ?Sized>(
    test: &Test,
    attribute: &Attribute,
    schema: &Schema,
    record: &R,
) -> bool {
    let case = test.case;
    let ordered = |operand: &Value, wanted: fn(Ordering) -> bool| {
        record.any_value(attribute, &mut |stored| {
            value::order(stored, operand, case).is_some_and(wanted)
        })
    };
    let text = |found: &dyn Fn(&str, CaseSensitivity) -> bool| {
        record.any_value(attribute, &mut |stored| match stored {
            ValueRef::Text { text, key } => {
                let (text, case) = case.select(text, key);
                found(text, case)
            }
            _ => false,
        })
    };
    match &test.predicate {
        Predicate::Never => false,
        Predicate::Present => record.any_value(attribute, &mut |_| true),
        Predicate::Equal(operand) => record.any_value(attribute, &mut |stored| {
            can_be(test, stored) && equals(stored, operand, case)
        }),
        Predicate::In(operands) => record.any_value(attribute, &mut |stored| {
            can_be(test, stored) && is_one_of(stored, operands, case)
        }),
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
            ValueRef::Text { key: Some(key), .. } if case == CaseSensitivity::Ignore => {
                needle.found_in_key(key)
            }
            ValueRef::Text { text, .. } => needle.found_in(text),
            _ => false,
        }),
        Predicate::StartsWith(prefix) => text(&|text, case| value::starts_with(text, prefix, case)),
        Predicate::EndsWith(suffix) => text(&|text, case| value::ends_with(text, suffix, case)),
        Predicate::Element(inner) => {
            record.any_element(attribute, &mut |element| matches(inner, schema, element))
        }
        Predicate::Untyped(operator, literal) => {
            untyped(*operator, literal, case, attribute, record)
        }
    }
}

/// Whether the value's looks leave it open that it is an operand.
#[inline]
fn can_be(test: &Test, stored: ValueRef<'_>) -> bool {
    match stored {
        ValueRef::Text { text, key: None } => test.prefilter.accepts(text),
        _ => true,
    }
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

fn is_one_of(stored: ValueRef<'_>, operands: &[Value], case: CaseSensitivity) -> bool {
    if operands.len() <= FEW {
        return operands.iter().any(|operand| equals(stored, operand, case));
    }
    // One text is folded once, not once an operand.
    let folded;
    let stored = match stored {
        ValueRef::Text { text, key: None }
            if case == CaseSensitivity::Ignore && !text.is_ascii() =>
        {
            folded = value::fold_key(text);
            ValueRef::keyed(text, &folded)
        }
        other => other,
    };
    let order = |operand: &Value| {
        value::order(stored, operand, case).map_or(Ordering::Less, Ordering::reverse)
    };
    operands.binary_search_by(order).is_ok()
}

#[inline]
fn text_equals(text: &str, operand: &Value, case: CaseSensitivity) -> bool {
    matches!(operand, Value::Text(operand) if value::equals(text, operand, case))
}

#[inline(never)]
fn is_one_of_few_texts(text: &str, operands: &[Value], case: CaseSensitivity) -> bool {
    operands.iter().any(|operand| text_equals(text, operand, case))
}

/// The same of a text, which is folded once where it is ASCII and not long.
#[inline(never)]
fn is_one_of_texts(text: &str, operands: &[Value], case: CaseSensitivity) -> bool {
    let mut room = [0; 64];
    let Some(key) =
        room.get_mut(..text.len()).filter(|_| case == CaseSensitivity::Ignore && text.is_ascii())
    else {
        return is_one_of(ValueRef::text(text), operands, case);
    };
    key.copy_from_slice(text.as_bytes());
    key.make_ascii_lowercase();
    let order = |operand: &Value| match operand {
        Value::Text(operand) => operand.as_bytes().cmp(key),
        _ => Ordering::Less,
    };
    // Ids that are asked for together were often made one after the other: most others are not among them.
    let outside = operands.first().is_some_and(|least| order(least).is_gt())
        || operands.last().is_some_and(|most| order(most).is_lt());
    !outside && operands.binary_search_by(order).is_ok()
}

/// A comparison with values of any type: only those of the literal's own type can match.
fn untyped<R: Record + ?Sized>(
    operator: Operator,
    literal: &Untyped,
    case: CaseSensitivity,
    attribute: &Attribute,
    record: &R,
) -> bool {
    let mut none = true;
    let found = record.any_value(attribute, &mut |stored| {
        none = false;
        untyped_one_passes(operator, literal, case, stored)
    });
    found || (none && operator == Operator::Ne)
}

fn untyped_one_passes(
    operator: Operator,
    literal: &Untyped,
    case: CaseSensitivity,
    stored: ValueRef<'_>,
) -> bool {
    match operator {
        Operator::Ne => !untyped_passes(Operator::Eq, literal, case, stored),
        _ => untyped_passes(operator, literal, case, stored),
    }
}

fn untyped_passes(
    operator: Operator,
    literal: &Untyped,
    case: CaseSensitivity,
    stored: ValueRef<'_>,
) -> bool {
    let ordering = match (literal, stored) {
        (Untyped::Boolean(literal), ValueRef::Boolean(stored)) => {
            return operator == Operator::Eq && *literal == stored;
        }
        (Untyped::Number(literal), ValueRef::Integer(stored)) => {
            Some(Number::new(literal).order_i64(stored))
        }
        (Untyped::Number(literal), ValueRef::Decimal(stored)) => {
            Number::new(literal).order_f64(stored)
        }
        (Untyped::Text { needle, .. }, ValueRef::Text { text, key })
            if operator == Operator::Co =>
        {
            return match key {
                Some(key) if case == CaseSensitivity::Ignore => needle.found_in_key(key),
                _ => needle.found_in(text),
            };
        }
        (Untyped::Text { needle, instant }, ValueRef::Text { text, key }) => {
            let (literal, (folded, case)) = (needle.as_str(), case.select(text, key));
            match operator {
                Operator::Sw => return value::starts_with(folded, literal, case),
                Operator::Ew => return value::ends_with(folded, literal, case),
                _ => match instant.and_then(|instant| Some((datetime::parse(text)?, instant))) {
                    Some((stored, literal)) => Some(
                        (stored.micros, stored.residue).cmp(&(literal.micros, literal.residue)),
                    ),
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
