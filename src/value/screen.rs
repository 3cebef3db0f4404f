//! What a text must look like to equal an operand: nearly all others are told apart by their length and last bytes alone.

use super::Case;
use super::eights::{self, each};

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
    pub(crate) const OPEN: Self = Self { lengths: u64::MAX, end: 0, agreed: 0 };

    /// For the texts that [`super::equals`] finds equal to the key.
    #[inline]
    pub(crate) fn of(key: &str, case: Case) -> Self {
        let len = key.len();
        let missing = 8 * (8 - len.min(8)) as u32;
        let end = match key.as_bytes().last_chunk() {
            Some(end) => u64::from_le_bytes(*end),
            None => eights::padded(key.as_bytes()).checked_shl(missing).unwrap_or(0),
        };
        let most = match case {
            Case::Exact => len,
            Case::Ignore if end & each(0x80) != 0 || (len > 8 && !key.is_ascii()) => return Self::OPEN,
            Case::Ignore if len <= 8 && are_unshortened(end) => len,
            // In long texts nearly always something can come of another character.
            Case::Ignore => 3 * len.min(Self::LONG),
        };
        let (least, most) = (len.min(Self::LONG), most.min(Self::LONG));
        let bytes = u64::MAX.checked_shl(missing).unwrap_or(0);
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

/// Whether none of eight ASCII bytes of a key comes of another character, as `k` does of the Kelvin sign: of one of at most two bytes more.
const fn are_unshortened(eight: u64) -> bool {
    // The top bit of each byte that differs.
    const fn differ(eight: u64, byte: u8) -> u64 {
        (eight ^ each(byte)).wrapping_add(each(0x7f))
    }
    let others = differ(eight, b's') & differ(eight, b'f') & differ(eight, b'k') & differ(eight, b';') & differ(eight, b'`');
    others & each(0x80) == each(0x80)
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
