//! The key of a text: what is stored and compared where case does not matter.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use super::swar;

/// Names the algorithm of [`key`] and the Unicode versions of its two tables.
///
/// Store it beside stored keys, refuse to work with keys of another version, and compute them anew when it changes. Between two versions
/// only keys of texts with newly assigned characters differ.
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

/// The text of [`FOLD_VERSION`] in the making; exists only while compiling.
struct Version {
    bytes: [u8; 64],
    len: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time only, where a bad index is a compile error"
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

/// The key of a text: equal for two texts exactly when they are a canonical caseless match (Unicode section 3.13, D145).
///
/// NFC(toCasefold(NFD(text))) with full case folding and no language's own rules, so `STRASSE` = `straße` and `σ` = `ς`, but `I` is not `ı`,
/// `é` is not `e`, and spaces count. The key of a key is itself. Store it in the column that filters search, and compare it byte by byte.
///
/// Borrows where the text is its own key for being ASCII without capitals. A key can be up to three times as long as its text.
#[must_use]
pub fn fold_key(text: &str) -> Cow<'_, str> {
    match FoldClass::of(text) {
        FoldClass::Folded => Cow::Borrowed(text),
        FoldClass::Uppercase => Cow::Owned(text.to_ascii_lowercase()),
        FoldClass::NonAscii => Cow::Owned(fold_non_ascii(text)),
    }
}

/// What there is to fold in a text.
pub(super) enum FoldClass {
    /// Nothing: it is its own key.
    Folded,
    /// Capitals: it is ASCII.
    Uppercase,
    /// Characters that are not ASCII.
    NonAscii,
}

impl FoldClass {
    #[inline(always)]
    pub(super) fn of(text: &str) -> Self {
        let (mut all, mut capitals) = (0, 0);
        swar::for_each_word(text.as_bytes(), |eight| {
            all |= eight;
            capitals |= swar::uppercase_mask(eight);
        });
        match all & swar::splat(0x80) {
            0 if capitals == 0 => Self::Folded,
            0 => Self::Uppercase,
            _ => Self::NonAscii,
        }
    }
}

/// [`key`] of a text that is not ASCII.
pub(super) fn fold_non_ascii(text: &str) -> String {
    let first = text.bytes().position(|byte| !byte.is_ascii()).unwrap_or(0);
    // Nothing combines with an ASCII character from the left, so only the last one before other characters can change.
    let (ascii, rest) = text.split_at_checked(first.saturating_sub(1)).unwrap_or(("", text));
    let mut key = String::with_capacity(text.len());
    key.push_str(ascii);
    key.make_ascii_lowercase();
    key.extend(folded(rest));
    key
}

/// Whether there is ASCII in the character's key. Beside others there is no more of it: none comes of composing.
pub(super) fn folds_to_ascii(char: char) -> bool {
    let others = ['ß', 'İ', 'ŉ', 'ſ', '\u{37e}', 'ẚ', 'ẞ', '\u{1fef}', '\u{212a}'];
    char.is_ascii() || matches!(char, '\u{fb00}'..='\u{fb06}') || others.contains(&char)
}

/// Whether that ASCII byte is in the key of a character that is not ASCII.
pub(super) const fn is_in_other_folds(byte: u8) -> bool {
    matches!(byte, b'a' | b'f' | b'i' | b'k' | b'l' | b'n' | b's' | b't' | b';' | b'`')
}

/// The characters of the key, one at a time.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd().default_case_fold().nfc()
}
