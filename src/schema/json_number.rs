//! Numbers of JSON resources that [`serde_json::Number`] would round.
//!
//! serde_json represents numbers beyond 64 bits as binary64. [`json_record`] keeps their digits, as
//! an object with one member of a reserved name.

use crate::value::{IntegerLiteral, number};
use serde_json::{Map, Value};
use std::borrow::Cow;

const MEMBER: &str = "$scieve::number";

/// Parses a JSON resource to be matched as a record, with the exact value of each integer.
///
/// `serde_json` rounds integers beyond 64 bits to binary64, so that 99999999999999999999999 and
/// 99999999999999999999998 become equal. This function keeps such a number as an object that only
/// [`Record`](super::Record) of `serde_json::Value` understands. Everything else is parsed as by
/// [`serde_json::from_str`].
///
/// # Errors
/// Returns the error of [`serde_json::from_str`] if `text` is not JSON.
///
/// ```
/// use scieve::{CaseSensitivity, Policy, json_record};
/// use serde_json::Value;
///
/// let policy: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
/// let plan = policy.parse("serial gt 99999999999999999999998")?;
/// assert!(plan.matches(&json_record(r#"{"serial": 99999999999999999999999}"#)?));
/// assert!(!plan.matches(&json_record(r#"{"serial": 99999999999999999999998}"#)?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn json_record(text: &str) -> serde_json::Result<Value> {
    match with_numbers_kept(text) {
        Cow::Borrowed(text) => serde_json::from_str(text),
        // The error of the original has the position in it.
        Cow::Owned(kept) => serde_json::from_str(&kept).or_else(|_| serde_json::from_str(text)),
    }
}

/// Formats a value of [`json_record`] as JSON, with the digits of the numbers that it kept.
///
/// ```
/// use scieve::{json_record, json_text};
///
/// let text = r#"{"serial":99999999999999999999999}"#;
/// assert_eq!(json_text(&json_record(text)?), text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn json_text(value: &Value) -> String {
    // The quotation marks are escaped inside of strings.
    let start = format!(r#"{{"{MEMBER}":""#);
    let json = value.to_string();
    let mut parts = json.split(start.as_str());
    let mut text = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part.split_once("\"}").filter(|(digits, _)| number::is_number(digits)) {
            Some((digits, rest)) => text.extend([digits, rest]),
            None => text.extend([start.as_str(), part]),
        }
    }
    text
}

/// Returns the digits of a value that is a number which [`json_record`] kept.
#[cfg(feature = "patch")]
pub(crate) fn kept_number_of(value: &Value) -> Option<&str> {
    kept_number(value.as_object()?)
}

/// Returns the digits of a number that [`json_record`] kept.
pub(super) fn kept_number(object: &Map<String, Value>) -> Option<&str> {
    if object.len() != 1 {
        return None;
    }
    object.get(MEMBER)?.as_str().filter(|text| number::is_number(text))
}

/// Replaces each number that serde_json would round.
fn with_numbers_kept(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut copied = 0;
    let mut rest = text.bytes().enumerate().peekable();
    while let Some((start, byte)) = rest.next() {
        match byte {
            b'"' => {
                let mut escaped = false;
                for (_, byte) in rest.by_ref() {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'-' | b'0'..=b'9' => {
                let mut end = start + 1;
                while rest.next_if(|(_, byte)| is_in_number(*byte)).is_some() {
                    end += 1;
                }
                let digits = text.get(start..end).unwrap_or("");
                if is_rounded(digits) {
                    kept.push_str(text.get(copied..start).unwrap_or(""));
                    kept.push_str(&format!(r#"{{"{MEMBER}":"{digits}"}}"#));
                    copied = end;
                }
            }
            _ => {}
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(copied..).unwrap_or(""));
    Cow::Owned(kept)
}

fn is_in_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
}

/// Returns whether serde_json rounds an integer, rounds a fraction to an integer, or rejects the
/// number as too large.
fn is_rounded(digits: &str) -> bool {
    /// Integers up to this magnitude are exact in binary64.
    const MAX_EXACT: u64 = 1 << 53;
    let is_plain = !digits.contains(['.', 'e', 'E']);
    if is_plain && (digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok()) {
        return false;
    }
    number::is_number(digits)
        && match number::integer(digits) {
            IntegerLiteral::Exact(integer) => integer.unsigned_abs() > MAX_EXACT,
            // The fraction is lost, which makes it another number and perhaps an integer.
            IntegerLiteral::Between(_) => number::nearest(digits).fract() == 0.0,
            IntegerLiteral::Below | IntegerLiteral::Above => true,
        }
}

#[cfg(test)]
mod tests {
    use super::{json_record, json_text, with_numbers_kept};

    #[test]
    fn only_numbers_that_would_be_rounded_are_kept() {
        for text in [
            "1",
            "-0",
            "[5.5, 1e10, 18446744073709551615, -9223372036854775808]",
            r#"{"n": "1e30", "\"1e30": "\\", "m": [true, null]}"#,
            "9007199254740992.0",
            "[4503599627370495.5, 0.1000000000000000000001]",
        ] {
            assert_eq!(with_numbers_kept(text), text);
        }
        for (text, kept) in [
            ("1e30", r#"{"$scieve::number":"1e30"}"#),
            (
                r#"{"\\": -9223372036854775809, "b": 1e400}"#,
                r#"{"\\": {"$scieve::number":"-9223372036854775809"}, "b": {"$scieve::number":"1e400"}}"#,
            ),
            ("[9007199254740993.0]", r#"[{"$scieve::number":"9007199254740993.0"}]"#),
            ("[5.00000000000000000001]", r#"[{"$scieve::number":"5.00000000000000000001"}]"#),
            ("1e-400", r#"{"$scieve::number":"1e-400"}"#),
        ] {
            assert_eq!(with_numbers_kept(text), kept);
            let value = json_record(text).unwrap();
            assert_eq!(json_text(&value).replace(' ', ""), text.replace(' ', ""));
        }
        let injected = r#"{"a":"{\"$scieve::number\":\"1\"}","b":{"$scieve::number":"x"}}"#;
        assert_eq!(json_text(&json_record(injected).unwrap()), injected);
        assert_eq!(json_record("[1e30, x]").unwrap_err().column(), 8);
    }
}
