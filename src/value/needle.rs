//! A text to look for inside other texts, prepared once.

use std::fmt;
use std::sync::OnceLock;

use memchr::memchr2_iter;
use memchr::memmem::Finder;

use super::compare::Case;
use super::eights::{each, equal};
use super::fold::{gives_ascii, is_given, key};

/// Bytes of a stored text that are folded at a time, on the stack.
const WINDOW: usize = 256;

/// Texts up to this length are looked through as they are: that is done before a window is made ready.
const SHORT: usize = 64;

/// The operand of `co`, prepared once and searched for in time linear in the stored text, whatever the two hold.
///
/// Allocates while searching only under [`Case::Ignore`] in a text that is not ASCII.
#[derive(Clone)]
pub struct Needle {
    key: Box<str>,
    case: Case,
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
    /// Fold the text window by window.
    Windows,
    /// The needle is too long for a window: Knuth, Morris and Pratt. Entry `i` is the length of the longest proper prefix of the needle
    /// that ends at byte `i`.
    Table(Box<[usize]>),
}

impl Needle {
    /// A needle from a key under [`Case::Ignore`], from the literal itself under [`Case::Exact`].
    pub(crate) fn new(key: Box<str>, case: Case) -> Self {
        let rare =
            key.bytes().enumerate().max_by_key(|(_, byte)| RARITY.get(usize::from(*byte)).copied().unwrap_or(0)).map_or(0, |(at, _)| at);
        let ascii = match case {
            Case::Ignore if !key.is_ascii() => Ascii::Never,
            // Half a window at most, so that each window gets at least as far as it steps back.
            Case::Ignore if key.len() > WINDOW / 2 => Ascii::Table(table(key.as_bytes())),
            _ => Ascii::Windows,
        };
        let ascii_gives = key.as_bytes().get(rare).is_some_and(|byte| byte.is_ascii() && !is_given(*byte));
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
    pub fn case(&self) -> Case {
        self.case
    }

    /// Whether the stored text holds the needle. The empty needle is in every text.
    pub fn found_in(&self, text: &str) -> bool {
        match self.case {
            Case::Exact => self.found_in_key(text),
            // Most short texts lack the rarest byte.
            Case::Ignore if text.len() <= SHORT => match self.glance(text.as_bytes()) {
                Some(false) => false,
                Some(true) => self.found_in_ascii(text.as_bytes()),
                None => self.found_in_others(text),
            },
            Case::Ignore if text.is_ascii() => self.found_in_ascii(text.as_bytes()),
            Case::Ignore => self.found_in_others(text),
        }
    }

    /// Whether the needle is in this text as it is: for the key of a stored text, where the record keeps it.
    pub(crate) fn found_in_key(&self, key: &str) -> bool {
        self.finder().find(key.as_bytes()).is_some()
    }

    /// Where the needle begins in these bytes, for the first time: for many keys one after the other.
    #[cfg(feature = "users")]
    pub(crate) fn first_in(&self, keys: &[u8]) -> Option<usize> {
        self.finder().find(keys)
    }

    /// Whether the text holds the rarest byte of the needle, in either case; `None` where the text is not ASCII and that does not tell. Where
    /// the byte is no letter, another one can look like it. Eight bytes at a time.
    #[inline]
    fn glance(&self, text: &[u8]) -> Option<bool> {
        let rare = self.key.as_bytes().get(self.rare).map_or(0, |byte| byte | 0x20);
        let (mut all, mut alike) = (0, if self.key.is_empty() { u64::MAX } else { 0 });
        let mut look = |bytes: [u8; 8]| {
            let bytes = u64::from_ne_bytes(bytes);
            all |= bytes;
            alike |= equal(bytes | each(0x20), rare);
        };
        let (eights, rest) = text.as_chunks::<8>();
        eights.iter().for_each(|bytes| look(*bytes));
        match text.last_chunk::<8>() {
            Some(last) if !rest.is_empty() => look(*last),
            Some(_) => {}
            None => {
                let mut padded = [0; 8];
                padded.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
                look(padded);
            }
        }
        (all & each(0x80) == 0 || (self.ascii_gives && alike == 0)).then_some(alike != 0)
    }

    fn found_in_others(&self, text: &str) -> bool {
        self.found_in_parts(text).unwrap_or_else(|| self.found_in_key(&key(text)))
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
            if gives_ascii(other)
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
        found.any(|at| text.get(at..).and_then(|rest| rest.get(..needle.len())).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
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

/// Higher for what names and addresses have less of.
const RARITY: [u8; 256] = rarity();

#[expect(clippy::indexing_slicing, reason = "runs at compile time only, where a bad index is a compile error")]
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

#[expect(clippy::indexing_slicing, reason = "`matched` never exceeds `at`, and both stay below the length of the needle and its table")]
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

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.case == other.case
    }
}

impl Eq for Needle {}

impl std::hash::Hash for Needle {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.key, self.case).hash(state);
    }
}

impl fmt::Debug for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needle").field("key", &self.key).field("case", &self.case).finish_non_exhaustive()
    }
}
