//! Attribute types, operands and stored values.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::value::{AttributeType, CaseSensitivity, DateTime, Substring, Value, ValueRef, order};

#[test]
fn type_names_round_trip() {
    for attribute_type in AttributeType::ALL {
        assert_eq!(AttributeType::from_name(&attribute_type.to_string()), Some(attribute_type));
    }
    assert_eq!(AttributeType::from_name("dateTime"), Some(AttributeType::DateTime));
    assert_eq!(AttributeType::from_name("datetime"), None);
    assert_eq!(AttributeType::from_name(""), None);
    assert_eq!(format!("{:>8}", AttributeType::Any), "     any");
}

#[cfg(feature = "serde")]
#[test]
fn types_serialize_as_their_names() {
    for attribute_type in AttributeType::ALL {
        let json = serde_json::to_string(&attribute_type).unwrap();
        assert_eq!(json, format!("\"{attribute_type}\""));
        assert_eq!(serde_json::from_str::<AttributeType>(&json).unwrap(), attribute_type);
    }
}

fn instant(text: &str) -> Value {
    Value::DateTime(DateTime::parse(text).unwrap().into_owned())
}

fn values() -> Vec<Value> {
    vec![
        Value::Text("a".into()),
        Value::Text("b".into()),
        Value::Boolean(false),
        Value::Boolean(true),
        Value::Number("-1e30".into()),
        Value::Number("-9223372036854775809".into()),
        Value::Integer(-1),
        Value::Integer(1),
        Value::Number("9223372036854775808".into()),
        Value::Number("1e20".into()),
        Value::Decimal(-1.5),
        Value::Decimal(0.0),
        Value::Decimal(1.0),
        instant("1969-12-31T23:59:59.999999Z"),
        instant("1969-12-31T23:59:59.9999999Z"),
        instant("1970-01-01T00:00:00.000001Z"),
        Value::Binary([0].into()),
        Value::Binary([0, 1].into()),
    ]
}

#[test]
fn operands_are_totally_ordered() {
    let sorted = values();
    for (i, a) in sorted.iter().enumerate() {
        for (j, b) in sorted.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} {b:?}");
            assert_eq!(a == b, i == j);
        }
    }
    assert_eq!(Value::Decimal(-0.0), Value::Decimal(0.0));
    let twice = || values().into_iter().chain(values()).chain([Value::Decimal(-0.0)]);
    assert_eq!(twice().collect::<HashSet<_>>().len(), sorted.len());
    assert_eq!(twice().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), sorted);
}

#[test]
fn different_operands_have_different_hashes() {
    let hash = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    let operands =
        values().iter().map(|value| hash(&|hasher| value.hash(hasher))).collect::<HashSet<_>>();
    assert_eq!(operands.len(), values().len());
    let substrings = [
        ("a", CaseSensitivity::Exact),
        ("a", CaseSensitivity::Ignore),
        ("b", CaseSensitivity::Exact),
    ]
    .map(|(text, case)| Substring::new(text.into(), case));
    let substrings = substrings
        .iter()
        .map(|substring| hash(&|hasher| substring.hash(hasher)))
        .collect::<HashSet<_>>();
    assert_eq!(substrings.len(), 3);
    assert_eq!(
        format!("{:?}", Substring::new("a".into(), CaseSensitivity::Exact)),
        "Substring { key: \"a\", case: Exact, .. }"
    );
}

#[test]
fn stored_values_compare_with_operands() {
    let text = |text: &str| Value::Text(text.into());
    for (stored, operand, case, expected) in [
        (ValueRef::from("Bob"), text("bob"), CaseSensitivity::Ignore, Some(Ordering::Equal)),
        (ValueRef::from("Bob"), text("bob"), CaseSensitivity::Exact, Some(Ordering::Less)),
        (ValueRef::from("ÉTÉ"), text("été"), CaseSensitivity::Ignore, Some(Ordering::Equal)),
        (
            ValueRef::keyed("Bob", "bob"),
            text("bob"),
            CaseSensitivity::Ignore,
            Some(Ordering::Equal),
        ),
        (ValueRef::keyed("Bob", "bob"), text("Bob"), CaseSensitivity::Exact, Some(Ordering::Equal)),
        (ValueRef::from(true), Value::Boolean(true), CaseSensitivity::Exact, Some(Ordering::Equal)),
        (ValueRef::from(5_i64), Value::Integer(6), CaseSensitivity::Exact, Some(Ordering::Less)),
        (
            ValueRef::from(5_i64),
            Value::Decimal(4.5),
            CaseSensitivity::Exact,
            Some(Ordering::Greater),
        ),
        (ValueRef::from(5.5), Value::Integer(5), CaseSensitivity::Exact, Some(Ordering::Greater)),
        (ValueRef::from(-0.0), Value::Decimal(0.0), CaseSensitivity::Exact, Some(Ordering::Equal)),
        (ValueRef::from(f64::NAN), Value::Decimal(0.0), CaseSensitivity::Exact, None),
        (
            ValueRef::DateTime(DateTime::from_micros(0)),
            instant("1970-01-01T00:00:00Z"),
            CaseSensitivity::Exact,
            Some(Ordering::Equal),
        ),
        (
            ValueRef::DateTime(DateTime::from_micros(0)),
            instant("1970-01-01T00:00:00.0000001Z"),
            CaseSensitivity::Exact,
            Some(Ordering::Less),
        ),
        (
            ValueRef::Number("99999999999999999999.0"),
            Value::Number("99999999999999999999".into()),
            CaseSensitivity::Exact,
            Some(Ordering::Equal),
        ),
        (
            ValueRef::Number("1e20"),
            Value::Integer(5),
            CaseSensitivity::Exact,
            Some(Ordering::Greater),
        ),
        (
            ValueRef::from(5_i64),
            Value::Number("-1e20".into()),
            CaseSensitivity::Exact,
            Some(Ordering::Greater),
        ),
        (
            ValueRef::Number("1e20"),
            Value::Decimal(1e20),
            CaseSensitivity::Exact,
            Some(Ordering::Equal),
        ),
        (
            ValueRef::from(1e21),
            Value::Number("1e20".into()),
            CaseSensitivity::Exact,
            Some(Ordering::Greater),
        ),
        (
            ValueRef::from(&b"ab"[..]),
            Value::Binary((*b"ab").into()),
            CaseSensitivity::Exact,
            Some(Ordering::Equal),
        ),
        (
            ValueRef::DateTime(DateTime::from_micros(5)),
            Value::Integer(5),
            CaseSensitivity::Exact,
            None,
        ),
        (ValueRef::Unreadable, Value::Integer(5), CaseSensitivity::Exact, None),
        (ValueRef::from("5"), Value::Integer(5), CaseSensitivity::Ignore, None),
        (ValueRef::Complex, text(""), CaseSensitivity::Ignore, None),
    ] {
        assert_eq!(order(stored, &operand, case), expected, "{stored:?} {operand:?} {case:?}");
    }
}
