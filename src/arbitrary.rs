//! Generators of filters and records for fuzzing and property tests (feature `arbitrary`).
//!
//! Each function takes its choices from the bytes of [`Unstructured`]. When these are used up, it
//! chooses the first alternative, which is the simplest one and ends every recursion. Results are
//! small: well within the default [`Limits`](crate::Limits).
//!
//! ```
//! use arbitrary::Unstructured;
//! use scieve::{Filter, arbitrary as generate};
//!
//! let filter = generate::tree(&mut Unstructured::new(b"bytes from a fuzzer"))?.build()?;
//! assert_eq!(Filter::parse(&filter.to_string())?, filter);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::filter::{Attr, Builder, Operand, attr};
use crate::operator::{Operator, Operators};
use crate::policy::Policy;
use crate::schema::{Attribute, Schema};
use crate::value::AttributeType;
use ::arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

/// Maximum depth of a tree, without the trees inside brackets.
const DEPTH: usize = 4;
/// Maximum number of operands of a connective, and of elements of an array.
const WIDTH: usize = 4;

/// Strings that look alike but differ, and strings with a meaning in filters, JSON or SQL.
#[rustfmt::skip]
const STRINGS: &[&str] = &[
    "", "bob", "Bob", "BOB", "bob ", " bob", "bo", "ob", "b", "alice", "alice@example.com", "work", "home", "active", "disabled", "query",
    "straße", "STRASSE", "STRAẞE", "ς", "σ", "Σ", "ΟΔΟΣ", "οδός", "\u{212A}", "k", "K", "İ", "i̇", "i", "ı", "I", "é", "e\u{301}", "É", "e", "\u{301}",
    "ﬁ", "fi", "ǰ", "\u{345}", "\u{1d160}", "😀", "🍣", "\u{10ffff}", "\u{ffff}", "\u{d7ff}", "\u{e000}", "a\u{ad}b", "ab", "\u{feff}bob", "ａ", "а",
    "%", "_", "!", "\\", "!%", "a%b", "a_b", "100%", "'", "\"", "''", "'; drop table users; --", "\\\"", "\u{1}", "\u{7f}", "\t", "\n", "\r\n", "\u{2028}", "\u{202e}",
    "true", "True", "null", "5", "5.0", "name eq \"Bob\"", ") or (a pr", "]", "$1", "?", "{}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
];

const INTEGERS: &[i64] =
    &[0, 1, -1, 5, 6, -5, 42, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX, i64::MIN];
const DECIMALS: &[f64] =
    &[0.0, -0.0, 1.0, 5.0, 5.5, -5.5, 0.1, 9_007_199_254_740_992.0, 1e18, 1e30, -1e30, 5e-324];
const INSTANTS: &[&str] = &[
    "2011-05-13T04:42:34Z",
    "2011-05-13T06:42:34+02:00",
    "2011-05-13T04:42:34",
    "2011-05-13T04:42:34.5Z",
    "2011-05-13T04:42:34.123456Z",
    "2011-05-13T04:42:34.1234567Z",
    "2011-05-12T24:00:00Z",
    "2011-05-13T00:00:00Z",
    "1969-12-31T23:59:59.9999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
];
const BINARIES: &[&str] = &["", "AAE=", "AAE", "AAEC", "+/8=", "-_8", "QUI=", "qUI="];

/// Generates a string value: usually one that is easily mishandled, never one with U+0000.
///
/// # Errors
/// Returns only errors of [`Unstructured`].
pub fn string(u: &mut Unstructured<'_>) -> Result<String> {
    match u.int_in_range(0..=9)? {
        0..=6 => u.choose(STRINGS).map(|text| (*text).to_owned()),
        7 | 8 => Ok(format!("{}{}", u.choose(STRINGS)?, u.choose(STRINGS)?)),
        _ => {
            let chars: Vec<char> = some(u, 12, Unstructured::arbitrary)?;
            Ok(chars.into_iter().filter(|char| *char != '\0').collect())
        }
    }
}

/// Generates text that resembles a filter: tokens in a plausible order, some of them invalid,
/// missing or duplicated.
///
/// # Errors
/// Returns only errors of [`Unstructured`].
pub fn text(u: &mut Unstructured<'_>) -> Result<String> {
    #[rustfmt::skip]
    const TOKENS: &[&str] = &[
        "a", "name", "emails", "emails.value", "name.familyName", "userName", "urn:a:b:User:name", "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "$ref", "not", "and", "or",
        "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "EQ", "Not", "AND", "oR", "true", "false", "null", "True", "NULL",
        "\"\"", "\"Bob\"", "\"a\\\"b\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\u0000\"", "\"\\x\"", "\"open", "'Bob'", "'it\\'s'", "“Bob”", "é",
        "5", "-5.5e-3", "01", ".5", "1e999", "2011-05-13T04:42:34Z", "(", ")", "[", "]", ".", ":", "\"", "'", "\\", "\t", "\r\n", "\u{a0}", "\u{1}", "%20", "+", "=", "==", "&&",
    ];
    let mut out = String::new();
    let pieces = u.int_in_range(0..=24)?;
    for _ in 0..pieces {
        match u.int_in_range(0..=7)? {
            0 => out.push_str(u.choose(TOKENS)?),
            1 => out.push_str(&format!(" {} ", u.choose(TOKENS)?)),
            2 => out.push_str(&format!("{} {} {}", name(u)?, word(u)?, u.choose(TOKENS)?)),
            3 => out.push_str(u.choose(&[
                " and ",
                " or ",
                " or not (",
                "(",
                ")",
                " )",
                "[",
                "]",
                "].value eq 'x'",
                "] eq x",
                "and",
                "or",
            ])?),
            4 => out.push_str(&format!("{} {} {}", name(u)?, word(u)?, json!(string(u)?))),
            5 => out.push_str(&format!("{} pr", name(u)?)),
            6 => out.push_str(
                &tree_of(u, 1)?.build().map_or_else(|_| String::new(), |filter| filter.to_string()),
            ),
            _ => out.push_str(&string(u)?),
        }
    }
    Ok(out)
}

/// Generates a valid filter on arbitrary attributes, which a policy can reject.
///
/// # Errors
/// Returns only errors of [`Unstructured`].
pub fn tree(u: &mut Unstructured<'_>) -> Result<Builder> {
    tree_of(u, DEPTH)
}

fn tree_of(u: &mut Unstructured<'_>, depth: usize) -> Result<Builder> {
    joined(u, depth, &mut |u| {
        if !u.ratio(5, 6)? {
            let inside = joined(u, 2, &mut |u| {
                let sub = *u.choose(&["type", "value", "display", "$ref"])?;
                any_clause(u, sub)
            })?;
            return Ok(
                attr(u.choose(&["emails", "scopes", "urn:a:b:User:phones"])?).element(inside)
            );
        }
        let name = name(u)?;
        any_clause(u, name)
    })
}

fn name(u: &mut Unstructured<'_>) -> Result<&'static str> {
    const NAMES: &[&str] = &[
        "name",
        "Name",
        "email",
        "status",
        "id",
        "active",
        "emails.value",
        "emails",
        "scopes",
        "urn:a:b:User:desk",
        "$ref",
        "not",
        "eq",
    ];
    u.choose(NAMES).copied()
}

fn word(u: &mut Unstructured<'_>) -> Result<&'static str> {
    u.choose(&Operator::ALL).map(|operator| operator.name())
}

fn any_clause(u: &mut Unstructured<'_>, path: &str) -> Result<Builder> {
    let operator = *u.choose(&Operator::ALL)?;
    let operand = match u.int_in_range(0..=5)? {
        0..=2 => Operand::String(string(u)?),
        3 => number(u)?,
        4 => Operand::Boolean(u.arbitrary()?),
        _ if matches!(operator, Operator::Eq | Operator::Ne) => Operand::Null,
        _ => Operand::Integer(u.arbitrary()?),
    };
    Ok(clause(attr(path), operator, operand))
}

/// Generates a filter whose clauses the policy accepts. Its rules on the whole filter, such as a
/// [`GroupRule`](crate::GroupRule), can reject it.
///
/// Returns `None` if the policy allows no operator on any attribute.
///
/// # Errors
/// Returns only errors of [`Unstructured`].
pub fn filter<R: ?Sized>(u: &mut Unstructured<'_>, policy: &Policy<R>) -> Result<Option<Builder>> {
    let allowed = |attribute: &Attribute| {
        policy
            .rule(attribute.id())
            .filter(|rule| !rule.hidden)
            .map_or(Operators::NONE, |rule| rule.operators)
    };
    let usable: Vec<(&Attribute, Operators)> = policy
        .schema()
        .attributes()
        .map(|attribute| (attribute, allowed(attribute)))
        .filter(|(_, operators)| !operators.is_empty())
        .collect();
    if usable.is_empty() {
        return Ok(None);
    }
    let clause_or_path = |u: &mut Unstructured<'_>| -> Result<Builder> {
        let (attribute, operators) = *u.choose(&usable)?;
        let subs: Vec<_> = usable
            .iter()
            .filter(|(sub, _)| sub.parent() == Some(attribute.id()))
            .copied()
            .collect();
        let elements = attribute.attribute_type() == AttributeType::Complex && !subs.is_empty()
            || attribute.is_multi_valued() && attribute.attribute_type() != AttributeType::Complex;
        if policy.value_paths && elements && attribute.parent().is_none() && !u.ratio(1, 3)? {
            let inside = joined_if(u, 2, policy.not, &mut |u| match subs.is_empty() {
                true => legal_clause(u, "value", attribute, operators, policy),
                false => {
                    let (sub, operators) = *u.choose(&subs)?;
                    legal_clause(u, sub.sub_attribute().unwrap_or("value"), sub, operators, policy)
                }
            })?;
            return Ok(attr(&attribute.to_string()).element(inside));
        }
        legal_clause(u, &attribute.to_string(), attribute, operators, policy)
    };
    joined_if(u, DEPTH, policy.not, &mut |u| clause_or_path(u)).map(Some)
}

fn legal_clause<R: ?Sized>(
    u: &mut Unstructured<'_>,
    path: &str,
    attribute: &Attribute,
    operators: Operators,
    policy: &Policy<R>,
) -> Result<Builder> {
    let operators: Vec<Operator> =
        Operator::ALL.into_iter().filter(|operator| operators.contains(*operator)).collect();
    let operator = *u.choose(&operators)?;
    let null = policy.null && matches!(operator, Operator::Eq | Operator::Ne);
    let operand = match literal(u, attribute.attribute_type())? {
        Some(operand) if !null || u.ratio(7, 8)? => operand,
        _ => Operand::Null,
    };
    Ok(clause(attr(path), operator, operand))
}

/// Generates a literal for attributes of the type; `None` for complex attributes.
fn literal(u: &mut Unstructured<'_>, kind: AttributeType) -> Result<Option<Operand>> {
    Ok(Some(match kind {
        AttributeType::String | AttributeType::Reference => Operand::String(string(u)?),
        AttributeType::Boolean => Operand::Boolean(u.arbitrary()?),
        AttributeType::Integer | AttributeType::Decimal => number(u)?,
        AttributeType::DateTime => Operand::String((*u.choose(INSTANTS)?).to_owned()),
        AttributeType::Binary => Operand::String((*u.choose(BINARIES)?).to_owned()),
        AttributeType::Any => match u.int_in_range(0..=3)? {
            0 | 1 => Operand::String(string(u)?),
            2 => number(u)?,
            _ => Operand::Boolean(u.arbitrary()?),
        },
        AttributeType::Complex => return Ok(None),
    }))
}

fn number(u: &mut Unstructured<'_>) -> Result<Operand> {
    Ok(match u.int_in_range(0..=3)? {
        0 | 1 => Operand::Integer(*u.choose(INTEGERS)?),
        2 => Operand::Decimal(*u.choose(DECIMALS)?),
        _ => Operand::Integer(i64::from(u.arbitrary::<i8>()?)),
    })
}

fn clause(attr: Attr, operator: Operator, operand: Operand) -> Builder {
    match operator {
        Operator::Eq => attr.eq(operand),
        Operator::Ne => attr.ne(operand),
        Operator::Co => attr.co(operand),
        Operator::Sw => attr.sw(operand),
        Operator::Ew => attr.ew(operand),
        Operator::Gt => attr.gt(operand),
        Operator::Ge => attr.ge(operand),
        Operator::Lt => attr.lt(operand),
        Operator::Le => attr.le(operand),
        Operator::Pr => attr.pr(),
    }
}

type Leaf<'f> = &'f mut dyn FnMut(&mut Unstructured<'_>) -> Result<Builder>;

fn joined(u: &mut Unstructured<'_>, depth: usize, leaf: Leaf<'_>) -> Result<Builder> {
    joined_if(u, depth, true, leaf)
}

/// Generates leaves joined by `and`, `or` and, if allowed, `not`.
fn joined_if(u: &mut Unstructured<'_>, depth: usize, not: bool, leaf: Leaf<'_>) -> Result<Builder> {
    // If no bytes remain, the choice is 0: a leaf.
    let kind = if depth == 0 { 0 } else { u.int_in_range(0..=5)? };
    match kind {
        0 | 1 => leaf(u),
        5 if not => Ok(joined_if(u, depth - 1, not, leaf)?.not()),
        kind => {
            let mut all = joined_if(u, depth - 1, not, leaf)?;
            for _ in 1..u.int_in_range(2..=WIDTH)? {
                let next = joined_if(u, depth - 1, not, leaf)?;
                all = if kind % 2 == 0 { all.and(next) } else { all.or(next) };
            }
            Ok(all)
        }
    }
}

/// Generates a JSON resource with attributes of the schema: some absent, null or empty, a few with
/// values of another type.
///
/// # Errors
/// Returns only errors of [`Unstructured`].
pub fn record(u: &mut Unstructured<'_>, schema: &Schema) -> Result<Value> {
    let mut resource = Map::new();
    for attribute in schema.attributes().filter(|attribute| attribute.parent().is_none()) {
        let value = attribute_value(u, schema, attribute)?;
        let name = if u.ratio(7, 8)? {
            attribute.name().to_owned()
        } else {
            attribute.name().to_uppercase()
        };
        match (value, attribute.urn()) {
            (None, _) => {}
            (Some(value), None) => _ = resource.insert(name, value),
            (Some(value), Some(urn)) => {
                if let Some(extension) =
                    resource.entry(urn).or_insert_with(|| json!({})).as_object_mut()
                {
                    extension.insert(name, value);
                }
            }
        }
    }
    Ok(Value::Object(resource))
}

fn attribute_value(
    u: &mut Unstructured<'_>,
    schema: &Schema,
    attribute: &Attribute,
) -> Result<Option<Value>> {
    Ok(match u.int_in_range(0..=9)? {
        0 => None,
        1 => Some(Value::Null),
        2 if attribute.is_multi_valued() => Some(json!([])),
        3 if attribute.is_multi_valued() => Some(json!([null])),
        _ if attribute.is_multi_valued() => {
            Some(some(u, WIDTH, |u| one_value(u, schema, attribute))?.into())
        }
        _ => Some(one_value(u, schema, attribute)?),
    })
}

fn one_value(u: &mut Unstructured<'_>, schema: &Schema, attribute: &Attribute) -> Result<Value> {
    if !u.ratio(15, 16)? {
        return Ok(u
            .choose(&[json!("5"), json!(5), json!(true), json!(0.5), json!({"x": 1}), Value::Null])?
            .clone());
    }
    Ok(match attribute.attribute_type() {
        AttributeType::String | AttributeType::Reference => json!(string(u)?),
        AttributeType::Boolean => json!(u.arbitrary::<bool>()?),
        AttributeType::Integer => json!(*u.choose(INTEGERS)?),
        AttributeType::Decimal => json!(*u.choose(DECIMALS)?),
        AttributeType::DateTime => json!(*u.choose(INSTANTS)?),
        AttributeType::Binary => json!(*u.choose(BINARIES)?),
        AttributeType::Complex => {
            let mut object = Map::new();
            for sub in schema.attributes().filter(|sub| sub.parent() == Some(attribute.id())) {
                if let (Some(value), Some(name)) =
                    (attribute_value(u, schema, sub)?, sub.sub_attribute())
                {
                    object.insert(name.to_owned(), value);
                }
            }
            Value::Object(object)
        }
        AttributeType::Any => match u.int_in_range(0..=3)? {
            0 | 1 => json!(string(u)?),
            2 => json!(*u.choose(INTEGERS)?),
            _ => json!(u.arbitrary::<bool>()?),
        },
    })
}

fn some<'a, T>(
    u: &mut Unstructured<'a>,
    most: usize,
    mut make: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| make(u)).collect()
}
