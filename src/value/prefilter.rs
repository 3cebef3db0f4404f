//! What a text must look like to equal an operand: nearly all others are told apart by their length and last two bytes alone.

use super::CaseSensitivity;
use super::swar::{self, splat};

/// Lengths and last bytes of stored texts that are worth comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EqualityPrefilter {
    /// In bytes; from [`EqualityPrefilter::MAX_LENGTH`] on they count as one.
    lengths: u64,
    /// By [`place`], of the texts that end in two ASCII characters.
    ends: u64,
}

impl EqualityPrefilter {
    const MAX_LENGTH: usize = 63;
    pub(crate) const ACCEPT_ALL: Self = Self { lengths: u64::MAX, ends: u64::MAX };
    pub(crate) const REJECT_ALL: Self = Self { lengths: 0, ends: 0 };

    /// For the texts that [`super::equals`] finds equal to the key.
    #[inline]
    pub(crate) fn new(key: &str, case: CaseSensitivity) -> Self {
        let most = match case {
            CaseSensitivity::Exact => key.len(),
            CaseSensitivity::Ignore if !key.is_ascii() => return Self::ACCEPT_ALL,
            CaseSensitivity::Ignore
                if key.len() <= 8 && are_unshortened(swar::load_padded(key.as_bytes())) =>
            {
                key.len()
            }
            // In long texts nearly always something can come of another character.
            CaseSensitivity::Ignore => 3 * key.len().min(Self::MAX_LENGTH),
        };
        let (least, most) = (key.len().min(Self::MAX_LENGTH), most.min(Self::MAX_LENGTH));
        Self {
            lengths: (u64::MAX << least) & (u64::MAX >> (Self::MAX_LENGTH - most)),
            // Nothing changes an ASCII character that has nothing but ASCII behind it but its case: a shorter key is none of theirs.
            ends: key.as_bytes().last_chunk().map_or(0, |last| 1 << bucket(*last)),
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self { lengths: self.lengths | other.lengths, ends: self.ends | other.ends }
    }

    /// Whether the text has one of the lengths and one of the ends.
    #[inline]
    pub(crate) fn accepts(self, text: &str) -> bool {
        // The text itself is not read where its length tells.
        (self.lengths >> text.len().min(Self::MAX_LENGTH)) & 1 == 1
            && text
                .as_bytes()
                .last_chunk()
                .is_none_or(|last| !is_ascii(*last) || (self.ends >> bucket(*last)) & 1 == 1)
    }
}

/// Where [`EqualityPrefilter`] notes the last two bytes: one of 64 places, where a capital is its small letter.
#[inline]
const fn bucket(last: [u8; 2]) -> u16 {
    let both = u16::from_le_bytes(last) & 0x1f1f;
    (both ^ (both >> 5)) & 63
}

/// Of other characters some give ASCII.
#[inline]
const fn is_ascii(last: [u8; 2]) -> bool {
    u16::from_le_bytes(last) & 0x8080 == 0
}

/// Whether none of eight ASCII bytes of a key comes of another character, as `k` does of the Kelvin sign: of one of at most two bytes more.
const fn are_unshortened(eight: u64) -> bool {
    // The top bit of each byte that differs.
    const fn differ(eight: u64, byte: u8) -> u64 {
        (eight ^ splat(byte)).wrapping_add(splat(0x7f))
    }
    let others = differ(eight, b's')
        & differ(eight, b'f')
        & differ(eight, b'k')
        & differ(eight, b';')
        & differ(eight, b'`');
    others & splat(0x80) == splat(0x80)
}

#[cfg(test)]
mod tests {
    use super::EqualityPrefilter;
    use crate::value::{CaseSensitivity, equals, fold_key};

    #[test]
    fn no_character_is_longer_than_its_key_allows() {
        let mut longer = 0;
        for char in '\0'..=char::MAX {
            let mut room = [0; 4];
            let text: &str = char.encode_utf8(&mut room);
            let prefilter = EqualityPrefilter::new(&fold_key(text), CaseSensitivity::Ignore);
            assert!(prefilter.accepts(text), "{text:?}");
            longer += usize::from(fold_key(text).is_ascii() && text.len() > fold_key(text).len());
        }
        assert!(longer > 5, "{longer}");
    }

    #[test]
    fn equal_texts_pass_and_few_others_do() {
        let long = "x".repeat(70);
        for (text, operand, passes) in [
            ("Bob", "bob", true),
            ("Bobo", "bob", false),
            ("BOB", "bob", true),
            ("bot", "bob", false),
            ("Bib", "bob", false),
            ("0", "1", true),
            ("10", "11", false),
            ("\u{212a}s", "ks", true),
            ("bo\u{e9}", "bob", false),
            ("bo\u{212a}", "bok", true),
            ("Bo", "bob", false),
            ("", "", true),
            ("x", "", false),
            ("\u{212a}\u{17f}", "ks", true),
            ("\u{212a}\u{212a}\u{212a}", "kkk", true),
            ("\u{fb06}ra\u{1e9e}e", "strasse", true),
            ("STRASSE", "strasse", true),
            ("stra", "strasse", false),
            (&long, &long, true),
            (long.get(..66).unwrap(), &long, true),
            (long.get(..62).unwrap(), &long, false),
            ("e\u{301}", "\u{e9}", true),
            (&"\u{149}".repeat(25), &fold_key(&"\u{149}".repeat(25)), true),
            (&"\u{17f}".repeat(200), &"s".repeat(200), true),
        ] {
            assert_eq!(
                EqualityPrefilter::new(operand, CaseSensitivity::Ignore).accepts(text),
                passes,
                "{text} {operand}"
            );
            assert!(passes || !equals(text, operand, CaseSensitivity::Ignore));
        }
        assert!(!EqualityPrefilter::new("ks", CaseSensitivity::Exact).accepts("\u{212a}\u{17f}"));
    }
}
