//! Parsing and formatting of instants.

use proptest::prelude::*;

use super::MANY;
use crate::value::datetime::{self, DateTime};

const DAY: i64 = 86_400_000_000;

fn format(micros: i64) -> String {
    datetime::format(DateTime::from_micros(micros))
}

fn micros(text: &str) -> i64 {
    let instant = DateTime::parse(text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(instant.finer, "", "{text}");
    instant.micros
}

#[test]
fn parses_known_instants() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1969-12-31T24:00:00Z", 0),
        ("1969-12-31T24:00:00.0000000000Z", 0),
        ("2022-05-03T17:45:56Z", 1_651_599_956_000_000),
        ("2022-05-03T19:45:56.5+02:00", 1_651_599_956_500_000),
        ("2022-05-03T17:45:56.123456000Z", 1_651_599_956_123_456),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T24:00:00Z", 253_402_300_800_000_000),
    ] {
        assert_eq!(micros(text), expected, "{text}");
    }
    assert_eq!(micros("2024-01-01T00:00:00+14:00"), micros("2023-12-31T10:00:00Z"));
    assert_eq!(micros("2024-02-28T24:00:00Z"), micros("2024-02-29T00:00:00Z"));
    assert_eq!(micros("2023-12-31T00:01:00-23:59"), micros("2024-01-01T00:00:00Z"));
}

#[test]
fn digits_beyond_microseconds_are_kept() {
    for (text, expected, finer) in [
        ("1970-01-01T00:00:00.0000001Z", 0, "1"),
        ("1970-01-01T00:00:00.0000000Z", 0, ""),
        ("1970-01-01T00:00:00.000000100+00:00", 0, "1"),
        ("1970-01-01T00:00:00.99999990001", 999_999, "90001"),
        ("1969-12-31T23:59:59.9999999Z", -1, "9"),
        ("1969-12-31T23:59:59.00000000000000000001Z", -1_000_000, "00000000000001"),
    ] {
        let instant = DateTime::parse(text).unwrap();
        assert_eq!((instant.micros, instant.finer), (expected, finer), "{text}");
        assert_eq!(DateTime::parse(&datetime::format(instant)), Some(instant), "{text}");
    }
    let long = format!("1970-01-01T00:00:00.{}1Z", "0".repeat(MANY));
    assert_eq!(DateTime::parse(&long).unwrap().finer.len(), MANY - 5);
}

#[test]
fn instants_are_ordered_by_all_digits() {
    let instants = [
        "1969-12-31T23:59:59.9999999Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.00000001Z",
        "1970-01-01T00:00:00.0000001Z",
        "1970-01-01T02:00:00.00000010001+02:00",
        "1970-01-01T00:00:00.0000002Z",
        "1970-01-01T00:00:00.000001Z",
        "1970-01-01T00:00:00.0000011Z",
    ];
    let instants = instants.map(|text| DateTime::parse(text).unwrap());
    assert!(instants.is_sorted_by(|one, next| one < next));
    let owned = instants.map(DateTime::into_owned);
    assert!(owned.is_sorted_by(|one, next| one < next && one.as_ref() < next.as_ref()));
}

#[test]
fn every_byte_of_a_number_must_be_a_digit() {
    let valid = "2011-11-11T11:11:11+11:11";
    let digits = (0..valid.len()).filter(|i| valid.as_bytes()[*i].is_ascii_digit());
    for position in digits {
        for char in (0..=0x7f_u8).map(char::from).filter(|char| !char.is_ascii_digit()) {
            let mut text = valid.to_owned();
            text.replace_range(position..=position, char.encode_utf8(&mut [0; 4]));
            assert_eq!(DateTime::parse(&text), None, "{text:?}");
        }
        if valid.as_bytes().get(position + 1).is_some_and(u8::is_ascii_digit) {
            for char in (0x80..0x800).filter_map(char::from_u32) {
                let mut text = valid.to_owned();
                text.replace_range(position..position + 2, char.encode_utf8(&mut [0; 4]));
                assert_eq!(DateTime::parse(&text), None, "{text:?}");
            }
        }
    }
}

#[test]
fn rejects_invalid_instants() {
    for text in [
        "",
        "2022-05-03",
        "2022-05-03Z",
        "2022-05-03T17:45Z",
        "2022-05-03 17:45:56Z",
        "2022-05-03T17:45:60Z",
        "2022-05-03T17:60:00Z",
        "2022-05-03T25:00:00Z",
        "2022-05-03T24:00:01Z",
        "2022-05-03T24:01:00Z",
        "2022-05-03T24:00:00.1Z",
        "2022-05-03T24:00:00.0000001Z",
        "2022-05-03T17:45:56.Z",
        "2022-05-03T17:45:56.",
        "2022-05-03T17:45:56,5Z",
        "2022-05-03T17:45:56+24:00",
        "2022-05-03T17:45:56+02:60",
        "2022-05-03T17:45:56+0200",
        "2022-05-03T17:45:56+02",
        "2022-05-03T17:45:56Z ",
        " 2022-05-03T17:45:56Z",
        "2022-05-03T17:45:56ZZ",
        "2022-5-03T17:45:56Z",
        "2022-0:-03T17:45:56Z",
        "2022-:5-03T17:45:56Z",
        "2022-00-03T17:45:56Z",
        "2022-13-03T17:45:56Z",
        "2022-05-00T17:45:56Z",
        "2022-04-31T17:45:56Z",
        "2022-02-29T17:45:56Z",
        "1900-02-29T17:45:56Z",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "+2022-05-03T17:45:56Z",
        "12022-05-03T17:45:56Z",
        "2022-05-03T17:45:5６Z",
    ] {
        assert_eq!(DateTime::parse(text), None, "{text}");
    }
}

#[test]
fn formats_known_instants() {
    for (micros, text) in [
        (1_651_599_956_000_000, "2022-05-03T17:45:56Z"),
        (1_651_599_956_005_000, "2022-05-03T17:45:56.005Z"),
        (1_651_599_956_000_005, "2022-05-03T17:45:56.000005Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        // Just outside the years that can be parsed, and farther away.
        (-62_135_596_800_000_000 - 1, "0001-01-01T23:58:59.999999+23:59"),
        (-62_135_596_800_000_000 - 2 * DAY, "0000-12-30T00:00:00Z"),
        (253_402_300_800_000_000, "9999-12-31T00:01:00-23:59"),
        (253_402_300_800_000_000 + 2 * DAY, "10000-01-03T00:00:00Z"),
    ] {
        assert_eq!(format(micros), text);
    }
    assert!(format(i64::MAX).starts_with("294247-01-10T"));
    assert!(format(i64::MIN).starts_with("-290308-12-21T"));
}

#[test]
fn every_month_starts_after_the_previous_one() {
    let mut expected = micros("0001-01-01T00:00:00Z");
    for year in 1..=9999 {
        for month in 1..=12 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days =
                [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
            for day in [1, 2, 28, 29, 30, 31] {
                let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                let instant = (day <= days).then_some(expected + (day - 1) * DAY);
                assert_eq!(DateTime::parse(&text).map(|instant| instant.micros), instant, "{text}");
                assert!(instant.is_none_or(|micros| format(micros) == text), "{text}");
            }
            expected += days * DAY;
        }
    }
    assert_eq!(expected, micros("9999-12-31T24:00:00Z"));
}

#[test]
fn instants_just_outside_the_valid_years_round_trip() {
    for text in [
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00.000001+00:01",
        "9999-12-31T24:00:00Z",
        "9999-12-31T24:00:00-23:59",
        "9999-12-31T23:59:59.999999-23:59",
    ] {
        assert_eq!(micros(&format(micros(text))), micros(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn round_trip(micros in -62_135_683_140_000_000..=253_402_387_140_000_000_i64) {
        let text = format(micros);
        prop_assert_eq!(DateTime::parse(&text), Some(DateTime::from_micros(micros)));
    }

    #[test]
    fn offsets_are_converted_to_utc(
        seconds in -62_135_596_800..253_402_300_800_i64,
        hours in 0..24_i64,
        minutes in 0..60_i64,
        minus: bool,
    ) {
        let text = format(seconds * 1_000_000);
        let offset = (hours * 60 + minutes) * 60_000_000;
        let (sign, moved) = if minus { ('-', offset) } else { ('+', -offset) };
        let text = text.replace('Z', &format!("{sign}{hours:02}:{minutes:02}"));
        let instant = DateTime::parse(&text).unwrap();
        prop_assert_eq!(instant.micros, seconds * 1_000_000 + moved);
        let formatted = format(instant.micros);
        prop_assert_eq!(DateTime::parse(&formatted), Some(instant));
    }

    #[test]
    fn different_instants_format_differently(a: i64, b in 1..DAY) {
        prop_assert_ne!(format(a), format(a.wrapping_add(b)));
    }

    #[test]
    fn accepted_instants_round_trip(
        date in "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        time in "[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,9})?",
        offset in "([zZ]|[+-][0-9]{2}:[0-9]{2})?",
    ) {
        let text = format!("{date}T{time}{offset}");
        if let Some(instant) = DateTime::parse(&text) {
            let formatted = datetime::format(instant);
            prop_assert_eq!(DateTime::parse(&formatted), Some(instant));
        }
    }
}
