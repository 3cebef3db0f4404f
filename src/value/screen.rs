//! What a text must look like to equal an operand: nearly all others are told apart by their length and last byte alone.

use super::Case;

/// Lengths and last bytes of stored texts that are worth comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Screen {
    /// In bytes; from [`Screen::LONG`] on they count as one.
    lengths: u64,
    /// By [`place`].
    ends: u64,
}

impl Screen {
    const LONG: usize = 63;
    /// In longer texts any letter may be one that was shortened: counting takes time, and the last byte tells as much.
    const COUNTED: usize = 16;
    pub(crate) const OPEN: Self = Self { lengths: u64::MAX, ends: u64::MAX };
    pub(crate) const SHUT: Self = Self { lengths: 0, ends: 0 };

    /// For the texts that [`super::equals`] finds equal to the key.
    pub(crate) fn of(key: &str, case: Case) -> Self {
        let shortened = match case {
            Case::Exact => 0,
            Case::Ignore if !key.is_ascii() => return Self::OPEN,
            Case::Ignore if key.len() < Self::COUNTED => key.bytes().filter(|byte| is_shortened(*byte)).count(),
            Case::Ignore => key.len(),
        };
        let (least, most) = (key.len().min(Self::LONG), (key.len() + 2 * shortened).min(Self::LONG));
        let end = key.as_bytes().last().map_or(u64::MAX, |last| 1 << place(*last));
        Self {
            lengths: (u64::MAX << least) & (u64::MAX >> (Self::LONG - most)),
            // Nothing changes an ASCII character that ends a text but its case; of the others some give ASCII.
            ends: if case == Case::Ignore { end | OTHERS } else { end },
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self { lengths: self.lengths | other.lengths, ends: self.ends | other.ends }
    }

    /// Whether the text has one of the lengths and one of the last bytes.
    #[inline]
    pub(crate) fn passes(self, text: &str) -> bool {
        // The text itself is not read where its length tells.
        (self.lengths >> text.len().min(Self::LONG)) & 1 == 1
            && text.as_bytes().last().is_none_or(|last| (self.ends >> place(*last)) & 1 == 1)
    }
}

/// Where [`Screen`] notes a last byte: one of 32 places for ASCII, where a capital is its small letter, and 32 for the rest.
#[inline]
const fn place(last: u8) -> u32 {
    ((last & 0x1f) | ((last & 0x80) >> 2)) as u32
}

/// The places of what is not ASCII.
const OTHERS: u64 = u64::MAX << 32;

/// Whether the ASCII of a key can come of another character, such as `k` of the Kelvin sign: one of at most two bytes more for each.
const fn is_shortened(byte: u8) -> bool {
    matches!(byte, b's' | b'f' | b'k' | b';' | b'`')
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use crate::value::{Case, equals, key};

    #[test]
    fn no_character_is_longer_than_its_key_allows() {
        let mut longer = 0;
        for char in '\0'..=char::MAX {
            let mut room = [0; 4];
            let text: &str = char.encode_utf8(&mut room);
            let screen = Screen::of(&key(text), Case::Ignore);
            assert!(screen.passes(text), "{text:?}");
            longer += usize::from(key(text).is_ascii() && text.len() > key(text).len());
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
            ("0", "1", false),
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
            (&"\u{149}".repeat(25), &key(&"\u{149}".repeat(25)), true),
            (&"\u{17f}".repeat(200), &"s".repeat(200), true),
        ] {
            assert_eq!(Screen::of(operand, Case::Ignore).passes(text), passes, "{text} {operand}");
            assert!(passes || !equals(text, operand, Case::Ignore));
        }
        assert!(!Screen::of("ks", Case::Exact).passes("\u{212a}\u{17f}"));
    }
}
