//! Keys of user names: the mappings of the PRECIS profile UsernameCaseMapped (RFC 8265 section 3.3).
//!
//! The profile maps fullwidth and halfwidth characters to their decompositions, then uppercase to
//! lowercase, and normalises by NFC. It also disallows characters, such as spaces; here they are
//! compared as they are, so that every string has a key. The width mappings are those of the Unicode
//! Character Database with the tag `<wide>` or `<narrow>`.

use super::fold::FoldClass;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Identifies the Unicode version of the lowercase mappings of [`username_key`], which is that of
/// the Rust compiler: major, minor and update version.
///
/// Store it with the keys, together with [`FOLD_VERSION`](super::FOLD_VERSION), which has the
/// version of the normalisation.
pub const USERNAME_KEY_VERSION: (u8, u8, u8) = char::UNICODE_VERSION;

/// Returns the key of a user name. Two user names are equal by the PRECIS profile
/// UsernameCaseMapped (RFC 8265 section 3.3) exactly if they have the same key.
///
/// The key is `NFC(toLowercase(width-mapped(text)))`. Characters that the profile disallows are
/// compared as they are. The key of a key is the key itself, and the key of an ASCII string is its
/// [`fold_key`](super::fold_key). Unlike it, `straße` does not match `STRASSE`.
///
/// ```
/// use scieve::username_key;
///
/// assert_eq!(username_key("\u{ff22}\u{ff4f}\u{ff42}"), "bob");
/// assert_eq!(username_key("Zo\u{0308}E"), "z\u{f6}e");
/// assert_ne!(username_key("stra\u{df}e"), username_key("STRASSE"));
/// ```
#[must_use]
pub fn username_key(text: &str) -> Cow<'_, str> {
    match FoldClass::of(text) {
        FoldClass::Folded => Cow::Borrowed(text),
        FoldClass::Uppercase => Cow::Owned(text.to_ascii_lowercase()),
        FoldClass::NonAscii => {
            let mapped: String = text.chars().map(without_width).collect();
            Cow::Owned(mapped.to_lowercase().nfc().collect())
        }
    }
}

/// Maps a fullwidth or halfwidth character to its decomposition.
fn without_width(char: char) -> char {
    /// U+FF61 to U+FF9F: punctuation and katakana.
    const KATAKANA: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u{3099}\u{309a}";
    /// U+FFE0 to U+FFEE without U+FFE7: signs.
    const SIGNS: [char; 15] = [
        '\u{a2}', '\u{a3}', '\u{ac}', '\u{af}', '\u{a6}', '\u{a5}', '\u{20a9}', '\u{ffe7}',
        '\u{2502}', '\u{2190}', '\u{2191}', '\u{2192}', '\u{2193}', '\u{25a0}', '\u{25cb}',
    ];
    let code = u32::from(char);
    let shifted = |by: u32| char::from_u32(code - by).unwrap_or(char);
    let index = |first: u32| usize::try_from(code - first).unwrap_or(usize::MAX);
    match code {
        0x3000 => ' ',
        0xff01..=0xff5e => shifted(0xff01 - 0x21),
        0xff5f..=0xff60 => shifted(0xff5f - 0x2985),
        0xff61..=0xff9f => KATAKANA.chars().nth(index(0xff61)).unwrap_or(char),
        0xffa0 => '\u{3164}',
        // Hangul jamo.
        0xffa1..=0xffbe => shifted(0xffa1 - 0x3131),
        0xffc2..=0xffc7 => shifted(0xffc2 - 0x314f),
        0xffca..=0xffcf => shifted(0xffca - 0x3155),
        0xffd2..=0xffd7 => shifted(0xffd2 - 0x315b),
        0xffda..=0xffdc => shifted(0xffda - 0x3161),
        0xffe0..=0xffee => SIGNS.get(index(0xffe0)).copied().unwrap_or(char),
        _ => char,
    }
}

#[cfg(test)]
mod tests {
    use super::{username_key, without_width};
    use crate::value::fold_key;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn keys_are_their_own_keys() {
        for char in '\0'..=char::MAX {
            for text in [format!("{char}"), format!("A{char}\u{308}"), format!("{char}\u{345}b")] {
                let key = username_key(&text).into_owned();
                assert_eq!(username_key(&key), key, "{text:?}");
                assert!(!text.is_ascii() || key == fold_key(&text));
            }
        }
    }

    #[test]
    fn width_is_mapped_to_the_decomposition() {
        let mut mapped = 0;
        for char in '\u{ff00}'..='\u{ffef}' {
            let plain = without_width(char);
            mapped += usize::from(plain != char);
            // The decomposition of the decomposition differs for some.
            assert_eq!(
                plain.to_string().nfkd().collect::<String>(),
                char.to_string().nfkd().collect::<String>(),
                "{char:?}"
            );
        }
        // UnicodeData.txt has 225 characters with `<wide>` or `<narrow>` in this block.
        assert_eq!(mapped, 225);
    }

    #[test]
    fn user_names_are_mapped() {
        for (text, key) in [
            ("BOB", "bob"),
            ("\u{ff22}\u{ff2f}\u{ff22}", "bob"),
            ("Bob Smith", "bob smith"),
            ("bob\u{3000}smith", "bob smith"),
            ("JU\u{308}RGEN", "j\u{fc}rgen"),
            ("\u{212b}", "\u{e5}"),
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),
            ("\u{39f}\u{394}\u{39f}\u{3a3}", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}"),
            ("\u{fb01}", "\u{fb01}"),
            ("stra\u{df}e", "stra\u{df}e"),
            ("\u{ffe3}", "\u{af}"),
            ("\u{ffa1}", "\u{3131}"),
        ] {
            assert_eq!(username_key(text), key);
        }
    }
}
