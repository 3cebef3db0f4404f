//! A prefilter for equality tests on strings.
//!
//! Most strings of a data set differ from the operand of an `eq` in their length or in their last
//! two bytes. [`EqualityPrefilter`] stores, for one or a few operands, which lengths and which last
//! two bytes an equal string can have:
//!
//! ```text
//! lengths  64 bits   bit n: an equal string can have n bytes (bit 63: 63 bytes or more)
//! ends     64 bits   bit bucket(last two bytes): an equal string can end with them
//! ```
//!
//! `ends` is a Bloom filter with one hash function. Like any Bloom filter, the prefilter has false
//! positives and no false negatives: a string that it accepts still has to be compared.
//!
//! The last two bytes reject nearly as much as the last eight. Eight were tried: no difference over
//! 10,000 users, and 1.5 times slower over 1,000,000 users (`benches/peers -- --only many`).

use super::case_sensitivity::CaseSensitivity;
use super::swar::{self, splat};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EqualityPrefilter {
    lengths: u64,
    ends: u64,
}

impl EqualityPrefilter {
    const MAX_LENGTH: usize = 63;
    pub(crate) const ACCEPT_ALL: Self = Self { lengths: u64::MAX, ends: u64::MAX };
    pub(crate) const REJECT_ALL: Self = Self { lengths: 0, ends: 0 };

    /// Creates a prefilter for the strings that [`super::equals`] considers equal to `operand`.
    #[inline]
    pub(crate) fn new(operand: &str, case: CaseSensitivity) -> Self {
        let longest = match case {
            CaseSensitivity::Exact => operand.len(),
            _ if !operand.is_ascii() => return Self::ACCEPT_ALL,
            CaseSensitivity::Ignore
                if operand.len() <= 8
                    && folds_from_ascii_only(swar::load_padded(operand.as_bytes())) =>
            {
                operand.len()
            }
            // A string can be up to three times as long as its key (U+212A has three bytes and
            // folds to `k`), and in a long key it is likely that some byte has such a source. Every
            // ASCII character of a user name can have been fullwidth.
            _ => 3 * operand.len().min(Self::MAX_LENGTH),
        };
        let shortest = operand.len().min(Self::MAX_LENGTH);
        let longest = longest.min(Self::MAX_LENGTH);
        Self {
            lengths: (u64::MAX << shortest) & (u64::MAX >> (Self::MAX_LENGTH - longest)),
            // An operand of less than two bytes has no end: a string that ends with two ASCII
            // characters folds to a key that ends with two as well.
            ends: operand.as_bytes().last_chunk().map_or(0, |last| 1 << bucket(*last)),
        }
    }

    /// Returns a prefilter that accepts what either of the two accepts.
    pub(crate) fn union(self, other: Self) -> Self {
        Self { lengths: self.lengths | other.lengths, ends: self.ends | other.ends }
    }

    /// Returns false if `text` cannot be equal to an operand.
    #[inline]
    pub(crate) fn accepts(self, text: &str) -> bool {
        // PERF: the length comes first, because it is stored next to the pointer: most strings are
        // rejected without a load of their bytes, which is a cache miss in a large data set.
        (self.lengths >> text.len().min(Self::MAX_LENGTH)) & 1 == 1
            && text
                .as_bytes()
                .last_chunk()
                .is_none_or(|last| !is_ascii(*last) || (self.ends >> bucket(*last)) & 1 == 1)
    }
}

/// Hashes the last two bytes of a string to a bit of `ends`, ignoring ASCII case.
#[inline]
const fn bucket(last: [u8; 2]) -> u16 {
    let both = u16::from_le_bytes(last) & 0x1f1f;
    (both ^ (both >> 5)) & 63
}

/// Returns whether both bytes are ASCII. The ends of other strings are not filtered, because some
/// characters fold to ASCII.
#[inline]
const fn is_ascii(last: [u8; 2]) -> bool {
    u16::from_le_bytes(last) & 0x8080 == 0
}

/// Returns whether a key of up to eight ASCII bytes is only the key of ASCII strings, which have
/// its length. This holds if it contains none of the bytes below: every non-ASCII character that
/// folds to ASCII alone folds to at least one of them, as U+212A (Kelvin sign) folds to `k`.
const fn folds_from_ascii_only(key: u64) -> bool {
    /// Marks each byte that is not `byte`. Exact, because the bytes are ASCII.
    const fn unequal_mask(key: u64, byte: u8) -> u64 {
        (key ^ splat(byte)).wrapping_add(splat(0x7f))
    }
    let none = unequal_mask(key, b's')
        & unequal_mask(key, b'f')
        & unequal_mask(key, b'k')
        & unequal_mask(key, b';')
        & unequal_mask(key, b'`');
    none & splat(0x80) == splat(0x80)
}

#[cfg(test)]
mod tests {
    use super::EqualityPrefilter;
    use crate::value::{CaseSensitivity, equals, fold_key};

    #[test]
    fn accepts_every_character_for_its_key() {
        let mut longer = 0;
        for char in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text: &str = char.encode_utf8(&mut buffer);
            let prefilter = EqualityPrefilter::new(&fold_key(text), CaseSensitivity::Ignore);
            assert!(prefilter.accepts(text), "{text:?}");
            longer += usize::from(fold_key(text).is_ascii() && text.len() > fold_key(text).len());
        }
        assert!(longer > 5, "{longer}");
    }

    #[test]
    fn accepts_equal_strings_and_few_others() {
        let long = "x".repeat(70);
        for (text, operand, accepts) in [
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
                accepts,
                "{text} {operand}"
            );
            assert!(accepts || !equals(text, operand, CaseSensitivity::Ignore));
        }
        let exact = EqualityPrefilter::new("ks", CaseSensitivity::Exact);
        assert!(!exact.accepts("\u{212a}\u{17f}"));
    }
}
