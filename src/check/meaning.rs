//! What a comparison value means for an attribute of a type.

use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal};
use crate::operator::Operator;
use crate::plan::{Predicate, Untyped};
use crate::schema::{Attribute, AttributeId};
use crate::value::{
    AttributeType, CaseSensitivity, IntegerLiteral, Substring, Text, Value, base64, datetime,
    fold_key, number,
};

/// What of an attribute decides the meaning of a clause.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) id: AttributeId,
    pub(super) kind: AttributeType,
    pub(super) case: CaseSensitivity,
    pub(super) many: bool,
}

impl Subject {
    pub(super) fn of(attribute: &Attribute) -> Self {
        Self {
            id: attribute.id(),
            kind: attribute.kind(),
            case: attribute.case(),
            many: attribute.yields_many(),
        }
    }
}

/// A predicate, or its negation.
pub(super) enum Meaning {
    Test(Predicate),
    Not(Predicate),
}

/// What `ne` means: on attributes with several values, that one differs.
#[derive(Clone, Copy)]
pub(super) enum Ne {
    NotEqual,
    Differs,
}

/// What the comparison of `clause` asks of `subject`, or why it cannot be asked.
#[inline]
pub(super) fn of(
    subject: Subject,
    clause: &Clause<'_>,
    literal: Literal<'_>,
    ne: Ne,
) -> Result<Meaning, Diagnostic> {
    let Subject { kind, case, .. } = subject;
    let operator = clause.operator();
    let refuse = |code, message: String, help| {
        Err(Diagnostic::new(code, clause.literal_span(), message).with_help(help))
    };
    match (kind, literal) {
        (AttributeType::Any, literal) => Ok(untyped(operator, literal, case, ne)),
        (AttributeType::String | AttributeType::Reference, Literal::String(text)) => {
            Ok(text_test(operator, text, case, ne))
        }
        (AttributeType::Boolean, Literal::Boolean(value)) => {
            Ok(exact(operator, Value::Boolean(value), ne))
        }
        (AttributeType::Integer, Literal::Number(text)) => {
            Ok(integer_test(operator, number::integer(text), ne))
        }
        (AttributeType::Decimal, Literal::Number(text)) => match number::decimal(text) {
            Some(number) => Ok(exact(operator, Value::Decimal(number), ne)),
            None => refuse(
                Code::NumberTooLarge,
                "the number is beyond what a decimal holds".into(),
                "decimals are IEEE 754 binary64: up to about 1.8e308",
            ),
        },
        (AttributeType::DateTime, Literal::String(text)) => match datetime::parse(text) {
            Some(instant) => Ok(instant_test(operator, instant, ne)),
            None => refuse(
                Code::BadDateTime,
                format!("{} is no date and time", quoted(text)),
                DATE_TIME,
            ),
        },
        (AttributeType::Binary, Literal::String(text)) => match base64::decode(text) {
            Some(bytes) => Ok(exact(operator, Value::Binary(bytes.into()), ne)),
            None => refuse(
                Code::BadBinary,
                format!("{} is no base64", quoted(text)),
                "binary values are written in base64 or base64url",
            ),
        },
        (kind, _) => Err(wrong_type(kind, clause, literal)),
    }
}

const DATE_TIME: &str = "write it as in `\"2011-05-13T04:42:34Z\"`";

#[inline]
pub(super) fn exact(operator: Operator, value: Value, ne: Ne) -> Meaning {
    Meaning::Test(match (operator, ne) {
        (Operator::Eq, _) => Predicate::Equal(value),
        (Operator::Ne, Ne::Differs) => Predicate::Differs(value),
        (Operator::Ne, Ne::NotEqual) => return Meaning::Not(Predicate::Equal(value)),
        (Operator::Gt, _) => Predicate::Greater(value),
        (Operator::Ge, _) => Predicate::GreaterOrEqual(value),
        (Operator::Lt, _) => Predicate::Less(value),
        (Operator::Le, _) => Predicate::LessOrEqual(value),
        // Only texts are looked into; `allowed` has refused the rest.
        _ => Predicate::Never,
    })
}

/// The text as it is looked for.
fn folded(text: &str, case: CaseSensitivity) -> Box<str> {
    match case {
        CaseSensitivity::Exact => text.into(),
        CaseSensitivity::Ignore => fold_key(text).into(),
    }
}

#[inline]
fn text_test(operator: Operator, text: &str, case: CaseSensitivity, ne: Ne) -> Meaning {
    if !operator.is_substring() {
        return exact(operator, Value::Text(Text::operand(text, case)), ne);
    }
    let part = folded(text, case);
    Meaning::Test(match operator {
        // Every text contains the empty one, begins and ends with it.
        _ if part.is_empty() => Predicate::Present,
        Operator::Co => Predicate::Contains(Box::new(Substring::new(part, case))),
        Operator::Sw => Predicate::StartsWith(part),
        _ => Predicate::EndsWith(part),
    })
}

/// An integer against a number of any size and precision, exactly.
fn integer_test(operator: Operator, literal: IntegerLiteral, ne: Ne) -> Meaning {
    let below = match literal {
        IntegerLiteral::Exact(number) => return exact(operator, Value::Integer(number), ne),
        IntegerLiteral::Between(floor) => return between(operator, Value::Integer(floor)),
        IntegerLiteral::Below => true,
        IntegerLiteral::Above => false,
    };
    match operator {
        Operator::Ne => Meaning::Not(Predicate::Never),
        Operator::Gt | Operator::Ge if below => Meaning::Test(Predicate::Present),
        Operator::Lt | Operator::Le if !below => Meaning::Test(Predicate::Present),
        _ => Meaning::Test(Predicate::Never),
    }
}

/// An instant; one between two microseconds equals no stored one.
fn instant_test(operator: Operator, instant: datetime::DateTime, ne: Ne) -> Meaning {
    let floor = Value::DateTime(instant.micros);
    if instant.residue { between(operator, floor) } else { exact(operator, floor, ne) }
}

/// A literal that lies between `floor` and the next value that can be stored: none equals it, all differ from it.
fn between(operator: Operator, floor: Value) -> Meaning {
    match operator {
        Operator::Ne => Meaning::Not(Predicate::Never),
        Operator::Gt | Operator::Ge => Meaning::Test(Predicate::Greater(floor)),
        Operator::Lt | Operator::Le => Meaning::Test(Predicate::LessOrEqual(floor)),
        _ => Meaning::Test(Predicate::Never),
    }
}

fn untyped(operator: Operator, literal: Literal<'_>, case: CaseSensitivity, ne: Ne) -> Meaning {
    let literal = match literal {
        Literal::String(text) => Untyped::Text {
            substring: Box::new(Substring::new(folded(text, case), case)),
            instant: datetime::parse(text),
        },
        Literal::Number(text) => Untyped::Number(text.into()),
        Literal::Boolean(value) => Untyped::Boolean(value),
        Literal::Null => return Meaning::Test(Predicate::Never),
    };
    match (operator, ne) {
        (Operator::Ne, Ne::NotEqual) => Meaning::Not(Predicate::Untyped(Operator::Eq, literal)),
        _ => Meaning::Test(Predicate::Untyped(operator, literal)),
    }
}

fn wrong_type(kind: AttributeType, clause: &Clause<'_>, literal: Literal<'_>) -> Diagnostic {
    let (given, quoted_as) = match literal {
        Literal::String(_) => ("a string", None),
        Literal::Number(text) => ("a number", Some(text.to_owned())),
        Literal::Boolean(value) => ("a Boolean", Some(value.to_string())),
        Literal::Null => ("null", None),
    };
    let message = format!(
        "{} is of type {kind} and cannot be compared with {given}",
        quoted(clause.path().as_str())
    );
    let finding = Diagnostic::new(Code::WrongType, clause.literal_span(), message);
    finding.with_help(match (kind, literal) {
        (AttributeType::String | AttributeType::Reference, _) => match quoted_as {
            Some(text) => format!("write it in double quotes: `\"{text}\"`"),
            None => "write a string in double quotes".into(),
        },
        (AttributeType::Boolean, Literal::String(text)) if boolean(text).is_some() => {
            format!("write it without quotes: `{}`", text.to_ascii_lowercase())
        }
        (AttributeType::Boolean, _) => "write `true` or `false`".into(),
        (AttributeType::Integer | AttributeType::Decimal, _) => {
            "write a number without quotes".into()
        }
        (AttributeType::DateTime, _) => DATE_TIME.into(),
        _ => "write a string in double quotes".into(),
    })
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    [true, false]
        .into_iter()
        .find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}
