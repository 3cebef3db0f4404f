//! Interprets a literal as a typed predicate on an attribute.

use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal};
use crate::operator::Operator;
use crate::plan::{self, Node, Predicate, Test, Untyped};
use crate::schema::{Attribute, AttributeId, StoredValues};
use crate::value::{
    AttributeType, CaseSensitivity, DateTime, IntegerLiteral, Substring, Text, Value, base64,
    number,
};

pub(super) use crate::value::parse_boolean as boolean;

/// The properties of an attribute that determine the meaning of a comparison.
#[derive(Clone, Copy)]
pub(super) struct ComparedAttribute {
    pub(super) id: AttributeId,
    pub(super) attribute_type: AttributeType,
    pub(super) case: CaseSensitivity,
    /// True if a record can have several values of the attribute.
    pub(super) yields_many: bool,
}

impl ComparedAttribute {
    /// An attribute that has no value in any record.
    pub(super) const ABSENT: Self = Self {
        id: AttributeId::ABSENT,
        attribute_type: AttributeType::Any,
        case: CaseSensitivity::Exact,
        yields_many: false,
    };

    pub(super) fn new(attribute: &Attribute) -> Self {
        Self {
            id: attribute.id(),
            attribute_type: attribute.attribute_type(),
            case: attribute.case(),
            yields_many: attribute.yields_many(),
        }
    }

    /// Returns the node that tests the attribute.
    pub(super) fn test(self, predicate: Predicate) -> Node {
        Node::Test(Test::new(self.id, self.case, predicate))
    }
}

/// The meaning of `ne`.
#[derive(Clone, Copy)]
pub(super) enum NeSemantics {
    /// No value equals the operand.
    NotEqual,
    /// One of several values differs from the operand, or there is none.
    AnyDiffers,
}

/// Returns the node that compares an attribute with a literal.
///
/// If the type is not known, the string `"true"` equals the Boolean too with `boolean_text`, and
/// `stored_values` determines which stored values of other types equal the literal.
///
/// Returns an error if the literal does not have the type of the attribute or is out of range.
#[inline]
pub(super) fn interpret(
    attribute: ComparedAttribute,
    clause: &Clause<'_>,
    literal: Literal<'_>,
    ne: NeSemantics,
    boolean_text: bool,
    stored_values: StoredValues,
) -> Result<Node, Diagnostic> {
    let operator = clause.operator();
    let error = |code, message: String, help| {
        Err(Diagnostic::new(code, clause.literal_span(), message).with_help(help))
    };
    match (attribute.attribute_type, literal) {
        (AttributeType::Any, literal) => {
            Ok(untyped(attribute, operator, literal, ne, boolean_text, stored_values))
        }
        (AttributeType::String | AttributeType::Reference, Literal::String(string)) => {
            Ok(string_comparison(attribute, operator, string, ne))
        }
        (AttributeType::Boolean, Literal::Boolean(value)) => {
            Ok(comparison(attribute, operator, Value::Boolean(value), ne))
        }
        (AttributeType::Integer, Literal::Number(digits)) => {
            Ok(integer_comparison(attribute, operator, digits, ne))
        }
        (AttributeType::Decimal, Literal::Number(digits)) => match number::decimal(digits) {
            Some(number) => Ok(comparison(attribute, operator, Value::Decimal(number), ne)),
            None => error(
                Code::NumberTooLarge,
                "number exceeds the range of a decimal".into(),
                "decimals are IEEE 754 binary64: up to about 1.8e308",
            ),
        },
        (AttributeType::DateTime, Literal::String(string)) => match DateTime::parse(string) {
            Some(instant) => {
                Ok(comparison(attribute, operator, Value::DateTime(instant.into_owned()), ne))
            }
            None => error(
                Code::BadDateTime,
                format!("{} is not a valid date and time", quoted(string)),
                DATE_TIME,
            ),
        },
        (AttributeType::Binary, Literal::String(string)) => match base64::decode(string) {
            Some(bytes) => Ok(comparison(attribute, operator, Value::Binary(bytes.into()), ne)),
            None => error(
                Code::BadBinary,
                format!("{} is not valid base64", quoted(string)),
                "write binary values in base64 or base64url",
            ),
        },
        (attribute_type, _) => Err(wrong_type(attribute_type, clause, literal)),
    }
}

const DATE_TIME: &str = "use the format `\"2011-05-13T04:42:34Z\"`";

/// Returns the node that compares with exactly this value.
pub(super) fn comparison(
    attribute: ComparedAttribute,
    operator: Operator,
    value: Value,
    ne: NeSemantics,
) -> Node {
    attribute.test(match (operator, ne) {
        (Operator::Eq, _) => Predicate::Equal(value),
        (Operator::Ne, NeSemantics::AnyDiffers) => Predicate::Differs(value),
        (Operator::Ne, NeSemantics::NotEqual) => {
            return plan::not(attribute.test(Predicate::Equal(value)));
        }
        (Operator::Gt, _) => Predicate::Greater(value),
        (Operator::Ge, _) => Predicate::GreaterOrEqual(value),
        (Operator::Lt, _) => Predicate::Less(value),
        (Operator::Le, _) => Predicate::LessOrEqual(value),
        // Substring operators on other types than strings were rejected before.
        _ => Predicate::Never,
    })
}

fn string_comparison(
    attribute: ComparedAttribute,
    operator: Operator,
    string: &str,
    ne: NeSemantics,
) -> Node {
    let case = attribute.case;
    if !operator.is_substring() {
        return comparison(attribute, operator, Value::Text(Text::operand(string, case)), ne);
    }
    let part: Box<str> = case.key(string).into();
    attribute.test(match operator {
        // Every string contains, starts with and ends with the empty string.
        _ if part.is_empty() => Predicate::Present,
        Operator::Co => Predicate::Contains(Box::new(Substring::new(part, case))),
        Operator::Sw => Predicate::StartsWith(part),
        _ => Predicate::EndsWith(part),
    })
}

/// Compares an integer with a number of any size and precision, exactly.
fn integer_comparison(
    attribute: ComparedAttribute,
    operator: Operator,
    literal: &str,
    ne: NeSemantics,
) -> Node {
    match number::integer(literal) {
        IntegerLiteral::Exact(number) => {
            comparison(attribute, operator, Value::Integer(number), ne)
        }
        IntegerLiteral::Between(floor) => between(attribute, operator, Value::Integer(floor)),
        IntegerLiteral::Below | IntegerLiteral::Above => {
            comparison(attribute, operator, Value::Number(number::shortest(literal).into()), ne)
        }
    }
}

/// Compares with a literal between the integer `floor` and the next one, which therefore equals no
/// integer and differs from every one.
fn between(attribute: ComparedAttribute, operator: Operator, floor: Value) -> Node {
    match operator {
        Operator::Ne => plan::not(attribute.test(Predicate::Never)),
        Operator::Gt | Operator::Ge => attribute.test(Predicate::Greater(floor)),
        Operator::Lt | Operator::Le => attribute.test(Predicate::LessOrEqual(floor)),
        _ => attribute.test(Predicate::Never),
    }
}

fn untyped(
    attribute: ComparedAttribute,
    operator: Operator,
    literal: Literal<'_>,
    ne: NeSemantics,
    boolean_text: bool,
    stored_values: StoredValues,
) -> Node {
    let case = attribute.case;
    let literal = match literal {
        Literal::String(string) => Untyped::Text {
            substring: Box::new(Substring::new(case.key(string).into(), case)),
            instant: DateTime::parse(string).map(DateTime::into_owned),
            boolean: boolean(string).filter(|_| boolean_text),
        },
        Literal::Number(digits) => Untyped::Number(digits.into()),
        Literal::Boolean(value) => Untyped::Boolean(value),
        Literal::Null => return attribute.test(Predicate::Never),
    };
    let literal = match stored_values {
        StoredValues::Typed => literal,
        StoredValues::Coerced => Untyped::Coerced(Box::new(literal)),
    };
    match (operator, ne) {
        (Operator::Ne, NeSemantics::NotEqual) => {
            plan::not(attribute.test(Predicate::Untyped(Operator::Eq, literal)))
        }
        _ => attribute.test(Predicate::Untyped(operator, literal)),
    }
}

fn wrong_type(
    attribute_type: AttributeType,
    clause: &Clause<'_>,
    literal: Literal<'_>,
) -> Diagnostic {
    let (found, in_quotes) = match literal {
        Literal::String(_) => ("a string", None),
        Literal::Number(text) => ("a number", Some(text.to_owned())),
        Literal::Boolean(value) => ("a Boolean", Some(value.to_string())),
        Literal::Null => ("null", None),
    };
    let message = format!(
        "{} is of type {attribute_type} and cannot be compared with {found}",
        quoted(clause.path().as_str())
    );
    let diagnostic = Diagnostic::new(Code::WrongType, clause.literal_span(), message);
    diagnostic.with_help(match (attribute_type, literal) {
        (AttributeType::String | AttributeType::Reference, _) => match in_quotes {
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
