//! Number literals, compared with a slow reference implementation.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::MANY;
use crate::value::{IntegerLiteral, Number, number};

/// Returns the floor of a literal with a small exponent, and whether the literal is greater than
/// its floor. Shifts the decimal point in the string.
fn reference(text: &str) -> (i128, bool) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let left = format!("{}{whole}", "0".repeat(200));
    let right = format!("{fraction}{}", "0".repeat(200));
    let all = format!("{left}{right}");
    let (whole, fraction) = all.split_at((left.len() as i32 + exponent) as usize);
    let whole = whole.trim_start_matches('0');
    let between = fraction.bytes().any(|digit| digit != b'0');
    let magnitude =
        if whole.len() > 30 { i128::MAX / 2 } else { format!("0{whole}").parse().unwrap() };
    match negative {
        true => (-magnitude - i128::from(between), between),
        false => (magnitude, between),
    }
}

fn expected(text: &str) -> IntegerLiteral {
    let (floor, between) = reference(text);
    match i64::try_from(floor) {
        Ok(floor) if between => IntegerLiteral::Between(floor),
        Ok(floor) => IntegerLiteral::Exact(floor),
        Err(_) if floor < 0 => IntegerLiteral::Below,
        Err(_) => IntegerLiteral::Above,
    }
}

fn reference_order(stored: i128, text: &str) -> Ordering {
    let (floor, between) = reference(text);
    if between && stored == floor { Ordering::Less } else { stored.cmp(&floor) }
}

#[test]
fn integer_literals_are_positioned_exactly() {
    use IntegerLiteral::{Above, Below, Between, Exact};
    for (text, value) in [
        ("0", Exact(0)),
        ("-0", Exact(0)),
        ("-0.0e5", Exact(0)),
        ("5", Exact(5)),
        ("5.0", Exact(5)),
        ("50e-1", Exact(5)),
        ("5e0", Exact(5)),
        ("0.5E+1", Exact(5)),
        ("0.00005e5", Exact(5)),
        ("5.5", Between(5)),
        ("-5.5", Between(-6)),
        ("0.1", Between(0)),
        ("-0.1", Between(-1)),
        ("9007199254740993", Exact(9_007_199_254_740_993)),
        ("9223372036854775807", Exact(i64::MAX)),
        ("9223372036854775806.5", Between(i64::MAX - 1)),
        ("9223372036854775807.5", Between(i64::MAX)),
        ("9223372036854775808", Above),
        ("9223372036854775808.5", Above),
        ("-9223372036854775807.5", Between(i64::MIN)),
        ("-9223372036854775808", Exact(i64::MIN)),
        ("-9223372036854775808.0000000000000000000000001", Below),
        ("-9223372036854775809", Below),
        ("1e-999999", Between(0)),
        ("-1e-999999", Between(-1)),
        ("0e999999999", Exact(0)),
        ("0.000e99999999999999999999999999999999", Exact(0)),
        ("0e-99999999999999999999999999999999", Exact(0)),
        ("1e999999999999999999999999999999", Above),
        ("-1e999999999999999999999999999999", Below),
        ("1e-99999999999999999999999999999999", Between(0)),
        ("1e18", Exact(1_000_000_000_000_000_000)),
        ("1e19", Above),
    ] {
        assert_eq!(number::integer(text), value, "{text}");
    }
    let long = format!("0.{}7e{MANY}", "0".repeat(MANY - 1));
    assert_eq!(number::integer(&long), Exact(7));
    assert_eq!(number::integer(&"9".repeat(MANY)), Above);
    assert_eq!(number::integer(&format!("3.{}1", "0".repeat(MANY))), Between(3));
}

#[test]
fn decimal_literals_are_finite_and_never_negative_zero() {
    assert_eq!(number::decimal("0.1"), Some(0.1));
    assert_eq!(number::decimal("-0").map(f64::to_bits), Some(0));
    assert_eq!(number::decimal("-1e-400").map(f64::to_bits), Some(0));
    assert_eq!(number::decimal("1.7976931348623157e308"), Some(f64::MAX));
    for infinite in ["1e309", "-1e309", "1e999999999999999999999"] {
        assert_eq!(number::decimal(infinite), None, "{infinite}");
    }
}

#[test]
fn literals_compare_with_integers_and_decimals() {
    let literal = Number::new("9007199254740992.0");
    assert_eq!(literal.order_i64(9_007_199_254_740_993), Ordering::Greater);
    assert_eq!(literal.order_f64(9_007_199_254_740_992.0), Some(Ordering::Equal));
    assert_eq!(Number::new("-0").order_f64(-0.0), Some(Ordering::Equal));
    assert_eq!(Number::new("1e400").order_f64(f64::MAX), Some(Ordering::Less));
    assert_eq!(Number::new("-1e400").order_f64(f64::MIN), Some(Ordering::Greater));
    assert_eq!(Number::new("0.1").order_f64(f64::NAN), None);
    assert_eq!(Number::new("1").order_f64(0.5), Some(Ordering::Less));
}

#[test]
fn decimals_compare_exactly_with_integers() {
    for (stored, operand, expected) in [
        (5.0, 5, Some(Ordering::Equal)),
        (5.5, 5, Some(Ordering::Greater)),
        (-5.5, -5, Some(Ordering::Less)),
        (-5.5, -6, Some(Ordering::Greater)),
        (9_007_199_254_740_992.0, 9_007_199_254_740_993, Some(Ordering::Less)),
        (9_223_372_036_854_775_808.0, i64::MAX, Some(Ordering::Greater)),
        (-9_223_372_036_854_775_808.0, i64::MIN, Some(Ordering::Equal)),
        (f64::NEG_INFINITY, i64::MIN, Some(Ordering::Less)),
        (f64::NAN, 0, None),
    ] {
        assert_eq!(number::order_f64_i64(stored, operand), expected, "{stored} {operand}");
    }
}

#[test]
fn numbers_of_any_size_are_ordered_exactly() {
    let numbers = [
        "-1e400",
        "-100000000000000000000000000000.5",
        "-1e29",
        "-99999999999999999999999",
        "-5",
        "-0.05",
        "0e5",
        "5e-400",
        "0.0500",
        "0.051",
        "0.5",
        "1.05",
        "9.99",
        "10",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999998",
        "99999999999999999999999",
        "1e30",
        "1000000000000000000000000000001",
        "1e99999999999999999999",
    ];
    for (at, one) in numbers.iter().enumerate() {
        for (other_at, other) in numbers.iter().enumerate() {
            assert_eq!(number::order(one, other), at.cmp(&other_at), "{one} {other}");
        }
        assert!(number::is_number(one) && number::is_number(&number::shortest(one)));
        assert_eq!(number::order(one, &number::shortest(one)), Ordering::Equal, "{one}");
    }
    for (text, shortest, whole) in [
        ("0.000e9", "0", true),
        ("-0", "0", true),
        ("100.00", "1e2", true),
        ("12.50", "125e-1", false),
        ("0.00125", "125e-5", false),
        ("-1.5E+1", "-15", true),
        ("1000000000000000000000000000000", "1e30", true),
    ] {
        assert_eq!(number::shortest(text), shortest);
        assert_eq!(number::is_whole(text), whole, "{text}");
    }
    for (text, below, above) in [
        ("1e20", "99999999999999999999", "100000000000000000001"),
        ("99999999999999999999", "99999999999999999998", "100000000000000000000"),
        ("-99999999999999999999.5", "-100000000000000000000", "-99999999999999999999"),
        ("9223372036854775808", "9223372036854775807", "9223372036854775809"),
    ] {
        assert_eq!(number::neighbours(text), Some([below.to_owned(), above.to_owned()]));
    }
    assert_eq!(number::neighbours("1e1001"), None);
    for text in ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1e5.5", "0x1", " 1", "1_0", "NaN"] {
        assert!(!number::is_number(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn literals_agree_with_the_reference(
        text in "-?(0|[1-9][0-9]{0,22})(\\.[0-9]{1,12}0{0,3})?([eE][+-]?[0-9]{1,2})?",
        stored: i64,
        small in -50..50_i64,
    ) {
        prop_assert_eq!(number::integer(&text), expected(&text));
        let literal = Number::new(&text);
        let (floor, _) = reference(&text);
        let near = i64::try_from(floor.clamp(i64::MIN.into(), i64::MAX.into())).unwrap();
        for stored in [stored, small, near, near.saturating_add(1), near.saturating_sub(1)] {
            prop_assert_eq!(literal.order_i64(stored), reference_order(stored.into(), &text));
        }
    }

    #[test]
    fn integer_literals_are_exact(number: i64) {
        prop_assert_eq!(number::integer(&number.to_string()), IntegerLiteral::Exact(number));
        prop_assert_eq!(number::integer(&format!("{number}000e-3")), IntegerLiteral::Exact(number));
        prop_assert_eq!(number::integer(&format!("{number}.00")), IntegerLiteral::Exact(number));
    }
}
