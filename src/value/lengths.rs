//! How long a text can be that equals an operand: most texts are told apart by that alone, without being read.

use super::Case;

/// Lengths of stored texts, in bytes; from [`Lengths::LAST`] on they count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lengths(u64);

impl Lengths {
    const LAST: usize = 63;
    pub(crate) const ANY: Self = Self(u64::MAX);
    pub(crate) const NONE: Self = Self(0);

    /// Those of the texts that [`super::equals`] finds equal to the key.
    pub(crate) fn of(key: &str, case: Case) -> Self {
        let longer = match case {
            Case::Ignore if !key.is_ascii() => return Self::ANY,
            Case::Ignore if key.len() < Self::LAST => {
                // Few enough for a byte.
                2 * key.bytes().fold(0_u8, |count, byte| count.wrapping_add(u8::from(is_shortened(byte))))
            }
            _ => 0,
        };
        let (least, most) = (key.len().min(Self::LAST), (key.len() + usize::from(longer)).min(Self::LAST));
        Self((u64::MAX << least) & (u64::MAX >> (Self::LAST - most)))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the text has one of the lengths.
    #[inline]
    pub(crate) fn have(self, text: &str) -> bool {
        (self.0 >> text.len().min(Self::LAST)) & 1 == 1
    }
}

/// Whether the ASCII of a key can come of another character, such as `k` of the Kelvin sign: one of at most two bytes more for each.
const fn is_shortened(byte: u8) -> bool {
    matches!(byte, b's' | b'f' | b'k' | b';' | b'`')
}

#[cfg(test)]
mod tests {
    use super::Lengths;
    use crate::value::{Case, equals, key};

    #[test]
    fn no_character_is_longer_than_its_key_allows() {
        let mut longer = 0;
        for char in '\0'..=char::MAX {
            let mut room = [0; 4];
            let text: &str = char.encode_utf8(&mut room);
            let lengths = Lengths::of(&key(text), Case::Ignore);
            assert!(lengths.have(text), "{text:?}");
            longer += usize::from(key(text).is_ascii() && text.len() > key(text).len());
        }
        assert!(longer > 5, "{longer}");
    }

    #[test]
    fn equal_texts_have_the_lengths_and_few_others_do() {
        let long = "x".repeat(70);
        for (text, operand, have) in [
            ("Bob", "bob", true),
            ("Bobo", "bob", false),
            ("Bo", "bob", false),
            ("", "", true),
            ("x", "", false),
            ("\u{212a}\u{17f}", "ks", true),
            ("\u{fb06}ra\u{1e9e}e", "strasse", true),
            ("STRASSE", "strasse", true),
            ("stra", "strasse", false),
            (&long, &long, true),
            (long.get(..66).unwrap(), &long, true),
            (long.get(..62).unwrap(), &long, false),
            ("e\u{301}", "\u{e9}", true),
            (&"\u{149}".repeat(25), &key(&"\u{149}".repeat(25)), true),
            (&"\u{17f}".repeat(200), &"s".repeat(200), true),
        ] {
            assert_eq!(Lengths::of(operand, Case::Ignore).have(text), have, "{text} {operand}");
            assert!(have || !equals(text, operand, Case::Ignore));
        }
        assert!(!Lengths::of("ks", Case::Exact).have("\u{212a}\u{17f}"));
    }
}
