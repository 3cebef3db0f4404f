//! Base64, the text of binary values (RFC 4648 sections 4 and 5, RFC 7643 section 2.3.6).

/// The bytes of a base64 or base64url text.
///
/// Padding may be left out, but not be wrong. `None` for a character of neither alphabet, a mixture of the two, white space, an impossible
/// length, and a last character with bits that mean nothing: each value has one text per alphabet and padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if padding != 0 && (padding > 2 || !text.len().is_multiple_of(4)) || digits.len() % 4 == 1 {
        return None;
    }
    let standard = digits.contains(['+', '/']);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let mut bits: u32 = 0;
    let mut count = 0;
    for digit in digits.bytes() {
        bits = bits << 6 | u32::from(value(digit, standard)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

/// What a digit stands for; in the standard alphabet not those of the other one. Whoever asks has found `+` or `/` to tell.
fn value(digit: u8, standard: bool) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        b'-' if !standard => Some(62),
        b'_' if !standard => Some(63),
        _ => None,
    }
}

/// The base64 text of bytes, in the standard alphabet and padded.
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
    fn both_alphabets_and_both_paddings_read() {
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
    fn anything_else_is_refused() {
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
        fn accepted_texts_are_canonical(text in "[A-Za-c+/]{0,9}={0,3}") {
            if let Some(bytes) = decode(&text) {
                let standard = encode(&bytes);
                prop_assert_eq!(standard.trim_end_matches('='), text.trim_end_matches('='));
            }
        }
    }
}
