//! What a text must look like to equal an operand: nearly all others are told apart by their length and last bytes alone.

use super::Case;
use super::eights::each;

/// Lengths and ends of stored texts that are worth comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Screen {
    /// In bytes; from [`Screen::LONG`] on they count as one.
    lengths: u64,
    /// The last eight bytes of an operand, the very last one on top.
    end: u64,
    /// The bits in which the ends of all operands agree, and those of the texts that equal them, where they are ASCII.
    agreed: u64,
}

impl Screen {
    const LONG: usize = 63;
    /// In longer texts any letter may be one that was shortened: counting takes time, and the end tells as much.
    const COUNTED: usize = 16;
    pub(crate) const OPEN: Self = Self { lengths: u64::MAX, end: 0, agreed: 0 };

    /// For the texts that [`super::equals`] finds equal to the key.
    pub(crate) fn of(key: &str, case: Case) -> Self {
        let shortened = match case {
            Case::Exact => 0,
            Case::Ignore if !key.is_ascii() => return Self::OPEN,
            Case::Ignore if key.len() < Self::COUNTED => key.bytes().filter(|byte| is_shortened(*byte)).count(),
            Case::Ignore => key.len(),
        };
        let (least, most) = (key.len().min(Self::LONG), (key.len() + 2 * shortened).min(Self::LONG));
        let end = match key.as_bytes().last_chunk() {
            Some(end) => u64::from_le_bytes(*end),
            None => key.bytes().fold(0, |end, byte| (end >> 8) | (u64::from(byte) << 56)),
        };
        let bytes = u64::MAX.checked_shl(64 - 8 * key.len().min(8) as u32).unwrap_or(0);
        Self {
            lengths: (u64::MAX << least) & (u64::MAX >> (Self::LONG - most)),
            end,
            agreed: if case == Case::Ignore { bytes & !each(0x20) } else { bytes },
        }
    }

    /// For what one of the two is for.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { lengths: self.lengths | other.lengths, end: self.end, agreed: self.agreed & other.agreed & !(self.end ^ other.end) }
    }

    /// Whether the text has one of the lengths, and an end as the operands have.
    #[inline]
    pub(crate) fn passes(self, text: &str) -> bool {
        // The text itself is not read where its length tells.
        (self.lengths >> text.len().min(Self::LONG)) & 1 == 1
            && match (text.as_bytes().last_chunk(), text.as_bytes().last_chunk()) {
                (Some(end), _) => self.ends(u64::from_le_bytes(*end), u64::MAX),
                (None, Some(end)) => self.ends(u64::from(u16::from_le_bytes(*end)) << 48, u64::MAX << 48),
                (None, None) => true,
            }
    }

    #[inline]
    fn ends(self, end: u64, among: u64) -> bool {
        // Nothing changes an ASCII character but its case, where ASCII follows or nothing.
        (end ^ self.end) & self.agreed & among == 0 || end & each(0x80) != 0
    }
}

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
            ("bobbobot", "bobbobob", false),
            ("xobbobob", "bobbobob", false),
            ("BobBobBob", "bobbobbob", true),
            ("\u{212a}bobbobo", "kbobbobo", true),
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
            (&"\u{149}".repeat(25), &key(&"\u{149}".repeat(25)), true),
            (&"\u{17f}".repeat(200), &"s".repeat(200), true),
        ] {
            assert_eq!(Screen::of(operand, Case::Ignore).passes(text), passes, "{text} {operand}");
            assert!(passes || !equals(text, operand, Case::Ignore));
        }
        let either = Screen::of("bob", Case::Ignore).or(Screen::of("alice", Case::Ignore));
        assert!(["Bob", "aLICE"].into_iter().all(|text| either.passes(text)));
        assert!(["Bo", "Alic", "Bot", "Alist", "alicia"].into_iter().all(|text| !either.passes(text)));
        assert!(!Screen::of("ks", Case::Exact).passes("\u{212a}\u{17f}"));
    }
}
