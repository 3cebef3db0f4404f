//! Base64 (RFC 4648 sections 4 and 5), the encoding of binary values (RFC 7643 section 2.3.6).
//!
//! Decoding is stricter than that of most libraries: for each alphabet and choice of padding, a
//! value has exactly one encoding.

/// Decodes base64 or base64url. Padding is optional.
///
/// Returns `None` for characters outside the alphabet, a mixture of the two alphabets, whitespace,
/// incorrect padding, an impossible length, and non-zero trailing bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if padding != 0 && (padding > 2 || !text.len().is_multiple_of(4)) || digits.len() % 4 == 1 {
        return None;
    }
    let is_standard = digits.contains(['+', '/']);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let mut bits: u32 = 0;
    let mut count = 0;
    for digit in digits.bytes() {
        bits = bits << 6 | u32::from(value(digit, is_standard)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

/// Returns the value of a digit. `is_standard` excludes the digits of base64url; the caller sets it
/// if the encoding contains `+` or `/`.
fn value(digit: u8, is_standard: bool) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        b'-' if !is_standard => Some(62),
        b'_' if !is_standard => Some(63),
        _ => None,
    }
}

/// Encodes bytes as base64 with the standard alphabet and padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            text.push(if place <= group.len() {
                digit((bits >> (18 - 6 * place) & 63) as u8)
            } else {
                '='
            });
        }
    }
    text
}

fn digit(value: u8) -> char {
    char::from(match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + value - 26,
        52..=61 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    #[test]
    fn decodes_both_alphabets_with_and_without_padding() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("QQ==", b"A"),
            ("QQ", b"A"),
            ("QUI=", b"AB"),
            ("QUI", b"AB"),
            ("QUJD", b"ABC"),
            ("+/+/", b"\xfb\xff\xbf"),
            ("-_-_", b"\xfb\xff\xbf"),
            ("_w", b"\xff"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
    }

    #[test]
    fn rejects_invalid_encodings() {
        for text in [
            "Q", "A", "AAAAA", "=", "==", "====", "QQ=", "QQ===", "QUI==", "QUJD=", "QUJD====",
            "QUJDQ", "Q=Q=", "QQ==QQ==", "+/-_", "+_A=", "+-AA", "/-AA", "/_AA", "QR==", "QUJ=",
            "QUJ", "QQ ==", "QQ\n", "Q\u{c4}", "Q*==",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len() % 4, 0);
            prop_assert_eq!(decode(&text), Some(bytes.clone()));
            prop_assert_eq!(decode(text.trim_end_matches('=')), Some(bytes.clone()));
            let url = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
            prop_assert_eq!(decode(&url), Some(bytes.clone()));
        }

        #[test]
        fn accepted_encodings_are_canonical(text in "[A-Za-c+/]{0,9}={0,3}") {
            if let Some(bytes) = decode(&text) {
                let standard = encode(&bytes);
                prop_assert_eq!(standard.trim_end_matches('='), text.trim_end_matches('='));
            }
        }
    }
}
