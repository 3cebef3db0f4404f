//! A text to look for inside other texts, prepared once.

use std::fmt;
use std::sync::OnceLock;

use memchr::memchr2_iter;
use memchr::memmem::Finder;

use super::compare::CaseSensitivity;
use super::fold::{fold_key, folds_to_ascii, is_in_other_folds};
use super::swar::{equal_mask, splat};

/// Bytes of a stored text that are folded at a time, on the stack.
const WINDOW: usize = 256;

/// Texts up to this length are looked through as they are: that is done before a window is made ready.
const SHORT: usize = 64;

/// The operand of `co`, prepared once and searched for in time linear in the stored text, whatever the two hold.
///
/// Allocates while searching only under [`CaseSensitivity::Ignore`] in a text that is not ASCII.
#[derive(Clone)]
pub struct Substring {
    key: Box<str>,
    case: CaseSensitivity,
    /// Where its rarest byte stands, and whether only ASCII characters give that byte.
    rare: usize,
    ascii_gives: bool,
    /// Made when it is asked for: short texts are searched without.
    finder: OnceLock<Box<Finder<'static>>>,
    ascii: Ascii,
}

/// How to look for a needle in an ASCII text whose case does not matter.
#[derive(Clone)]
enum Ascii {
    /// The needle is not ASCII: it cannot be there.
    Never,
    /// FoldClass the text window by window.
    Windows,
    /// The needle is too long for a window: Knuth, Morris and Pratt. Entry `i` is the length of the longest proper prefix of the needle
    /// that ends at byte `i`.
    Table(Box<[usize]>),
}

impl Substring {
    /// A needle from a key under [`CaseSensitivity::Ignore`], from the literal itself under [`CaseSensitivity::Exact`].
    pub(crate) fn new(key: Box<str>, case: CaseSensitivity) -> Self {
        let (mut rare, mut rarest) = (0, 0);
        for (at, byte) in key.bytes().enumerate() {
            let rarity = RARITY.get(usize::from(byte)).copied().unwrap_or(0);
            if rarity >= rarest {
                (rare, rarest) = (at, rarity);
            }
        }
        let ascii = match case {
            CaseSensitivity::Ignore if !key.is_ascii() => Ascii::Never,
            // Half a window at most, so that each window gets at least as far as it steps back.
            CaseSensitivity::Ignore if key.len() > WINDOW / 2 => {
                Ascii::Table(table(key.as_bytes()))
            }
            _ => Ascii::Windows,
        };
        let ascii_gives = key
            .as_bytes()
            .get(rare)
            .is_some_and(|byte| byte.is_ascii() && !is_in_other_folds(*byte));
        Self { key, case, rare, ascii_gives, finder: OnceLock::new(), ascii }
    }

    fn finder(&self) -> &Finder<'static> {
        self.finder.get_or_init(|| Box::new(Finder::new(self.key.as_bytes()).into_owned()))
    }

    /// The key or literal that the needle was made from.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// Whether case matters.
    pub fn case(&self) -> CaseSensitivity {
        self.case
    }

    /// Whether the stored text holds the needle. The empty needle is in every text.
    pub fn found_in(&self, text: &str) -> bool {
        // Most short texts lack the rarest byte.
        let lacked =
            self.case == CaseSensitivity::Ignore && text.len() <= SHORT && self.is_lacked_by(text);
        !lacked && self.found_by_search(text)
    }

    #[inline(never)]
    fn found_by_search(&self, text: &str) -> bool {
        match self.case {
            CaseSensitivity::Exact => self.found_in_key(text),
            CaseSensitivity::Ignore if text.is_ascii() => self.found_in_ascii(text.as_bytes()),
            CaseSensitivity::Ignore => self.found_in_others(text),
        }
    }

    /// Whether the needle is in this text as it is: for the key of a stored text, where the record keeps it.
    #[inline]
    pub fn found_in_key(&self, key: &str) -> bool {
        self.finder().find(key.as_bytes()).is_some()
    }

    /// Where the needle begins in these bytes, for the first time: for many keys one after the other.
    #[inline]
    #[must_use]
    pub fn first_in(&self, keys: &[u8]) -> Option<usize> {
        self.finder().find(keys)
    }

    /// Whether the rarest byte tells that the needle is not in the text: it is not there in either case, and nothing else gives it.
    #[inline]
    fn is_lacked_by(&self, text: &str) -> bool {
        let rare = self.key.as_bytes().get(self.rare);
        rare.is_some_and(|rare| !holds(text.as_bytes(), rare | 0x20))
            && (self.ascii_gives || text.is_ascii())
    }

    fn found_in_others(&self, text: &str) -> bool {
        self.found_in_parts(text).unwrap_or_else(|| self.found_in_key(&fold_key(text)))
    }

    /// Looks through the ASCII parts of a text with other characters between them; `None` where only the key of all can tell: the needle
    /// is not ASCII, one of the others gives ASCII, or one may combine with the end of a needle that stands before it.
    fn found_in_parts(&self, text: &str) -> Option<bool> {
        if !self.key.is_ascii() {
            return None;
        }
        let mut rest = text;
        loop {
            let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (part, others) = rest.split_at_checked(ascii)?;
            let other = others.chars().next();
            // What stands last in front of another character may change with it.
            let sure = if other.is_some() { part.get(..ascii.saturating_sub(1))? } else { part };
            if self.found_in_ascii(sure.as_bytes()) {
                return Some(true);
            }
            let Some(other) = other else { return Some(false) };
            if folds_to_ascii(other)
                || part
                    .len()
                    .checked_sub(self.key.len())
                    .and_then(|at| part.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(&self.key))
            {
                return None;
            }
            rest = others.get(other.len_utf8()..)?;
        }
    }

    fn found_in_ascii(&self, text: &[u8]) -> bool {
        if self.key.len() > text.len() {
            return false;
        }
        match &self.ascii {
            Ascii::Never => false,
            _ if text.len() <= SHORT => self.found_in_short(text),
            Ascii::Windows => self.found_in_windows(text),
            Ascii::Table(table) => found_by_table(self.key.as_bytes(), table, text),
        }
    }

    /// Looks for the rarest letter, and around each for the rest.
    fn found_in_short(&self, text: &[u8]) -> bool {
        let needle = self.key.as_bytes();
        let Some(rare) = needle.get(self.rare) else { return true };
        let places = text.get(self.rare..).unwrap_or(&[]);
        let mut found = memchr2_iter(*rare, rare.to_ascii_uppercase(), places);
        found.any(|at| {
            text.get(at..)
                .and_then(|rest| rest.get(..needle.len()))
                .is_some_and(|part| part.eq_ignore_ascii_case(needle))
        })
    }

    fn found_in_windows(&self, text: &[u8]) -> bool {
        let step = WINDOW - self.key.len().saturating_sub(1);
        let mut buffer = [0; WINDOW];
        let mut rest = text;
        loop {
            let (window, _) = buffer.split_at_mut(rest.len().min(WINDOW));
            for (to, from) in window.iter_mut().zip(rest) {
                *to = from.to_ascii_lowercase();
            }
            if self.finder().find(window).is_some() {
                return true;
            }
            match rest.get(step..) {
                Some(next) if rest.len() > WINDOW => rest = next,
                _ => return false,
            }
        }
    }
}

/// Whether the text holds the small letter or its capital. Where it is no letter, another byte can look like it.
#[inline]
fn holds(text: &[u8], letter: u8) -> bool {
    // Without an early way out the compiler looks at all of them at once.
    let among =
        |bytes: &[u8; 16]| bytes.iter().fold(false, |found, byte| found | (byte | 0x20 == letter));
    let among_eight =
        |bytes: &[u8; 8]| equal_mask(u64::from_ne_bytes(*bytes) | splat(0x20), letter) != 0;
    if let Some(last) = text.last_chunk() {
        return text.as_chunks().0.iter().any(among) || among(last);
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => among_eight(first) || among_eight(last),
        _ => text.iter().any(|byte| byte | 0x20 == letter),
    }
}

/// Higher for what names and addresses have less of.
const RARITY: [u8; 256] = rarity();

#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time only, where a bad index is a compile error"
)]
const fn rarity() -> [u8; 256] {
    const LETTERS: &[u8] = b"eanirotslmcdhuk.@gpbyvfwjzxq";
    let mut rarity = [LETTERS.len() as u8 - 3; 256];
    let mut at = 0;
    while at < LETTERS.len() {
        rarity[LETTERS[at] as usize] = at as u8;
        at += 1;
    }
    rarity
}

#[expect(
    clippy::indexing_slicing,
    reason = "`matched` never exceeds `at`, and both stay below the length of the needle and its table"
)]
fn table(needle: &[u8]) -> Box<[usize]> {
    let mut table = vec![0; needle.len()];
    let mut matched = 0;
    for at in 1..needle.len() {
        while matched > 0 && needle[at] != needle[matched] {
            matched = table[matched - 1];
        }
        if needle[at] == needle[matched] {
            matched += 1;
        }
        table[at] = matched;
    }
    table.into_boxed_slice()
}

#[expect(
    clippy::indexing_slicing,
    reason = "`matched` stays below the length of the needle, which is its table's too: the search ends there"
)]
fn found_by_table(needle: &[u8], table: &[usize], text: &[u8]) -> bool {
    let mut matched = 0;
    for byte in text {
        let byte = byte.to_ascii_lowercase();
        while matched > 0 && needle[matched] != byte {
            matched = table[matched - 1];
        }
        if needle[matched] == byte {
            matched += 1;
        }
        if matched == needle.len() {
            return true;
        }
    }
    false
}

impl PartialEq for Substring {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.case == other.case
    }
}

impl Eq for Substring {}

impl std::hash::Hash for Substring {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.key, self.case).hash(state);
    }
}

impl fmt::Debug for Substring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Substring")
            .field("key", &self.key)
            .field("case", &self.case)
            .finish_non_exhaustive()
    }
}
