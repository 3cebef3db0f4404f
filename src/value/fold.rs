//! Fold keys: the form of a string that is stored and compared if case is ignored.
//!
//! The fold key of a string is its canonical caseless form (The Unicode Standard, section 3.13,
//! definition D145), composed by NFC. ASCII strings, the common case, only need their letters
//! lowercased; one SWAR pass finds out which of the three cases of [`FoldClass`] applies.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use super::swar;

/// Identifies the algorithm of [`fold_key`] and the Unicode versions of its two tables.
///
/// Store it with the keys, reject stored keys of another version, and recompute them when the
/// version changes. Two versions differ only in the keys of strings with newly assigned characters.
pub const FOLD_VERSION: &str = match std::str::from_utf8(VERSION_BYTES) {
    Ok(version) => version,
    Err(_) => "",
};

const VERSION_BYTES: &[u8] = VERSION.bytes.split_at(VERSION.len).0;
const VERSION: &Version = &{
    let (fold, norm) = (caseless::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION);
    Version { bytes: [0; 64], len: 0 }
        .text(b"nfc-casefold-nfd/1 casefold=")
        .triple([fold.0, fold.1, fold.2])
        .text(b" normalization=")
        .triple([norm.0 as u64, norm.1 as u64, norm.2 as u64])
};

/// Builder of [`FOLD_VERSION`], used at compile time only.
struct Version {
    bytes: [u8; 64],
    len: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time only, where an invalid index is a compile error"
)]
impl Version {
    const fn text(mut self, text: &[u8]) -> Self {
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn triple(self, [major, minor, patch]: [u64; 3]) -> Self {
        self.number(major).text(b".").number(minor).text(b".").number(patch)
    }

    const fn number(self, number: u64) -> Self {
        let high = if number >= 10 { self.number(number / 10) } else { self };
        high.text(&[b'0' + (number % 10) as u8])
    }
}

/// Returns the fold key of a string. Two strings have the same key exactly if they are a canonical
/// caseless match (The Unicode Standard, section 3.13, definition D145).
///
/// The key is `NFC(toCasefold(NFD(text)))` with full case folding and without language-specific
/// rules: `STRASSE` matches `straße` and `σ` matches `ς`, but `I` does not match `ı`, `é` does not
/// match `e`, and spaces are significant. The key of a key is the key itself.
///
/// To search a database column, store the key in a column and compare it byte by byte; see
/// [`FOLD_VERSION`].
///
/// Borrows `text` if it is ASCII without uppercase letters. A key can be up to three times as long
/// as its string.
///
/// ```
/// use scieve::fold_key;
///
/// assert_eq!(fold_key("STRASSE"), fold_key("straße"));
/// assert_eq!(fold_key("E\u{301}cole"), "école");
/// assert_ne!(fold_key("bob "), fold_key("bob"));
/// ```
#[must_use]
pub fn fold_key(text: &str) -> Cow<'_, str> {
    match FoldClass::of(text) {
        FoldClass::Folded => Cow::Borrowed(text),
        FoldClass::Uppercase => Cow::Owned(text.to_ascii_lowercase()),
        FoldClass::NonAscii => Cow::Owned(fold_non_ascii(text)),
    }
}

/// The amount of folding that a string needs.
pub(super) enum FoldClass {
    /// Nothing: the string is its own key.
    Folded,
    /// Uppercase letters only: the string is ASCII.
    Uppercase,
    /// Characters outside ASCII.
    NonAscii,
}

impl FoldClass {
    /// Classifies a string, eight bytes per step.
    // PERF: inlined with `swar::for_each_word`, so that the two accumulators stay in registers.
    // Check with `benches/peers -- --only check`.
    #[inline(always)]
    pub(super) fn of(text: &str) -> Self {
        let (mut all, mut uppercase) = (0, 0);
        swar::for_each_word(text.as_bytes(), |word| {
            all |= word;
            uppercase |= swar::uppercase_mask(word);
        });
        match all & swar::splat(0x80) {
            0 if uppercase == 0 => Self::Folded,
            0 => Self::Uppercase,
            _ => Self::NonAscii,
        }
    }
}

/// Returns the fold key of a string that is not ASCII.
fn fold_non_ascii(text: &str) -> String {
    let first = text.bytes().position(|byte| !byte.is_ascii()).unwrap_or(0);
    // A combining mark follows its base, so only the last ASCII character before the first other
    // character can be changed by it.
    let (ascii, rest) = text.split_at_checked(first.saturating_sub(1)).unwrap_or(("", text));
    let mut key = String::with_capacity(text.len());
    key.push_str(ascii);
    key.make_ascii_lowercase();
    key.extend(folded(rest));
    key
}

/// Returns whether the fold key of a character contains ASCII. The context of the character adds
/// none, because composition never results in an ASCII character.
pub(super) fn folds_to_ascii(char: char) -> bool {
    let others = ['ß', 'İ', 'ŉ', 'ſ', '\u{37e}', 'ẚ', 'ẞ', '\u{1fef}', '\u{212a}'];
    char.is_ascii() || matches!(char, '\u{fb00}'..='\u{fb06}') || others.contains(&char)
}

/// Returns whether an ASCII byte occurs in the fold key of a character that is not ASCII.
pub(super) const fn is_in_non_ascii_fold(byte: u8) -> bool {
    matches!(byte, b'a' | b'f' | b'i' | b'k' | b'l' | b'n' | b's' | b't' | b';' | b'`')
}

/// Iterates over the characters of the fold key of a string.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd().default_case_fold().nfc()
}
