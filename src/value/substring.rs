//! Substring search that can ignore case, for the operator `co`.
//!
//! A [`Substring`] is prepared once per plan and searched for in many stored strings. A search
//! takes time linear in the stored string and the substring. For case-insensitive searches, the
//! method depends on the stored string:
//!
//! 1. **Prefilter**: a string of up to 64 bytes that lacks the rarest byte of the substring, in
//!    either case, is rejected. The bytes are tested 16 or 8 at a time.
//! 2. **ASCII, up to 64 bytes**: memchr finds the occurrences of the rarest byte, and the substring
//!    is compared at each of them.
//! 3. **ASCII, longer**: windows of 256 bytes are lowercased on the stack and searched by
//!    `memchr::memmem`. A substring of more than 128 bytes does not fit into overlapping windows;
//!    the algorithm of Knuth, Morris and Pratt ("Fast Pattern Matching in Strings", SIAM Journal on
//!    Computing 6(2), 1977) searches for it and lowercases each byte as it reads it.
//! 4. **Other strings**: the ASCII runs are searched as above. If they do not decide, because a
//!    character outside ASCII can take part in a match, the string is folded and searched.
//!
//! Rarity is a heuristic of memchr (`memchr::arch::all::packedpair`). The ranks here are those of
//! letters in names and e-mail addresses, without distinction of case.

use std::fmt;
use std::sync::OnceLock;

use memchr::memchr2_iter;
use memchr::memmem::Finder;

use super::case_sensitivity::CaseSensitivity;
use super::fold::{fold_key, folds_to_ascii, is_in_non_ascii_fold};
use super::swar::{equal_mask, splat};

/// Number of bytes of a stored string that are lowercased at a time, on the stack.
const WINDOW: usize = 256;

/// Maximum length of stored strings that are searched without a window. For these, preparing one
/// takes longer than the search.
const SHORT: usize = 64;

/// The operand of the operator `co`, prepared for repeated searches.
///
/// A search takes time linear in the length of the stored string and of the substring, whatever
/// they contain. It allocates only with [`CaseSensitivity::Ignore`] in a string that is not ASCII.
#[derive(Clone)]
pub struct Substring {
    key: Box<str>,
    case: CaseSensitivity,
    /// Offset of the rarest byte of the key.
    rarest: usize,
    /// True if only ASCII characters fold to the rarest byte.
    rarest_is_ascii_only: bool,
    /// Created by the first search that needs it. Searches in short strings do not.
    finder: OnceLock<Box<Finder<'static>>>,
    ascii_search: AsciiSearch,
}

/// The method for a case-insensitive search in an ASCII string of more than [`SHORT`] bytes.
#[derive(Clone)]
enum AsciiSearch {
    /// The substring is not ASCII, so it cannot occur.
    Never,
    /// Lowercases the string in overlapping windows.
    Windows,
    /// Knuth-Morris-Pratt. Entry `i` of the table is the length of the longest proper prefix of the
    /// substring that ends at byte `i`.
    KnuthMorrisPratt(Box<[usize]>),
}

impl Substring {
    /// Prepares a fold key ([`CaseSensitivity::Ignore`]) or a literal ([`CaseSensitivity::Exact`]).
    pub(crate) fn new(key: Box<str>, case: CaseSensitivity) -> Self {
        // PERF: a loop over two locals instead of `max_by_key`, so that both stay in registers.
        let (mut rarest, mut highest) = (0, 0);
        for (at, byte) in key.bytes().enumerate() {
            let rarity = RARITY.get(usize::from(byte)).copied().unwrap_or(0);
            if rarity >= highest {
                (rarest, highest) = (at, rarity);
            }
        }
        let ascii_search = match case {
            _ if case != CaseSensitivity::Exact && !key.is_ascii() => AsciiSearch::Never,
            // With at most half a window, each step advances at least as far as windows overlap,
            // which keeps the search linear.
            _ if case != CaseSensitivity::Exact && key.len() > WINDOW / 2 => {
                AsciiSearch::KnuthMorrisPratt(prefix_table(key.as_bytes()))
            }
            _ => AsciiSearch::Windows,
        };
        let rarest_is_ascii_only = key
            .as_bytes()
            .get(rarest)
            .is_some_and(|byte| byte.is_ascii() && !is_in_non_ascii_fold(*byte))
            && case != CaseSensitivity::UsernameCaseMapped;
        Self { key, case, rarest, rarest_is_ascii_only, finder: OnceLock::new(), ascii_search }
    }

    fn finder(&self) -> &Finder<'static> {
        self.finder.get_or_init(|| Box::new(Finder::new(self.key.as_bytes()).into_owned()))
    }

    /// Returns the fold key or literal that is searched for.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// Returns whether the search ignores case.
    pub fn case(&self) -> CaseSensitivity {
        self.case
    }

    /// Returns whether a stored string contains the substring. Every string contains the empty
    /// substring.
    pub fn found_in(&self, text: &str) -> bool {
        let is_ruled_out =
            self.case != CaseSensitivity::Exact && text.len() <= SHORT && self.is_ruled_out(text);
        !is_ruled_out && self.search(text)
    }

    // PERF: out of line, so that `found_in` is small: the prefilter rejects most short strings.
    // Check with `benches/peers -- --only matches`, F3.
    #[inline(never)]
    fn search(&self, text: &str) -> bool {
        match self.case {
            CaseSensitivity::Exact => self.found_in_key(text),
            _ if text.is_ascii() => self.found_in_ascii(text.as_bytes()),
            CaseSensitivity::Ignore => self.found_in_non_ascii(text),
            case => self.found_in_key(&case.key(text)),
        }
    }

    /// Returns whether a string contains the substring without folding the string, such as the
    /// stored fold key of a value.
    #[inline]
    pub fn found_in_key(&self, key: &str) -> bool {
        self.finder().find(key.as_bytes()).is_some()
    }

    /// Returns the offset of the first occurrence of the substring, without folding the bytes.
    /// Allows searching many concatenated fold keys at once.
    #[inline]
    #[must_use]
    pub fn first_in(&self, keys: &[u8]) -> Option<usize> {
        self.finder().find(keys)
    }

    /// Returns true if the rarest byte rules out that `text` contains the substring: it does not
    /// occur in either case, and no other character of `text` can fold to it.
    #[inline]
    fn is_ruled_out(&self, text: &str) -> bool {
        let rarest = self.key.as_bytes().get(self.rarest);
        rarest.is_some_and(|byte| !contains_letter(text.as_bytes(), byte | 0x20))
            && (self.rarest_is_ascii_only || text.is_ascii())
    }

    fn found_in_non_ascii(&self, text: &str) -> bool {
        self.found_in_ascii_runs(text).unwrap_or_else(|| self.found_in_key(&fold_key(text)))
    }

    /// Searches the ASCII runs of a string. Returns `None` if only the fold key of the whole string
    /// can decide: if the substring is not ASCII, if a character outside ASCII folds to ASCII, or
    /// if such a character follows an occurrence, because it can combine with the last character of
    /// it.
    fn found_in_ascii_runs(&self, text: &str) -> Option<bool> {
        if !self.key.is_ascii() {
            return None;
        }
        let mut rest = text;
        loop {
            let run_len = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (run, after) = rest.split_at_checked(run_len)?;
            let other = after.chars().next();
            // The last character of the run can combine with the other character.
            let unchanged =
                if other.is_some() { run.get(..run_len.saturating_sub(1))? } else { run };
            if self.found_in_ascii(unchanged.as_bytes()) {
                return Some(true);
            }
            let Some(other) = other else { return Some(false) };
            let end = run.len().checked_sub(self.key.len()).and_then(|start| run.get(start..));
            if folds_to_ascii(other) || end.is_some_and(|end| end.eq_ignore_ascii_case(&self.key)) {
                return None;
            }
            rest = after.get(other.len_utf8()..)?;
        }
    }

    fn found_in_ascii(&self, text: &[u8]) -> bool {
        if self.key.len() > text.len() {
            return false;
        }
        match &self.ascii_search {
            AsciiSearch::Never => false,
            _ if text.len() <= SHORT => self.found_in_short(text),
            AsciiSearch::Windows => self.found_in_windows(text),
            AsciiSearch::KnuthMorrisPratt(table) => {
                contains_by_table(self.key.as_bytes(), table, text)
            }
        }
    }

    /// Compares the substring at each occurrence of its rarest byte.
    fn found_in_short(&self, text: &[u8]) -> bool {
        let key = self.key.as_bytes();
        let Some(rarest) = key.get(self.rarest) else { return true };
        let candidates = text.get(self.rarest..).unwrap_or(&[]);
        let mut found = memchr2_iter(*rarest, rarest.to_ascii_uppercase(), candidates);
        found.any(|start| {
            text.get(start..)
                .and_then(|rest| rest.get(..key.len()))
                .is_some_and(|part| part.eq_ignore_ascii_case(key))
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

/// Returns whether `text` contains a lowercase letter or its uppercase form. If `letter` is not a
/// letter, the result can be a false positive.
// PERF: the test of 16 bytes has no early exit, so that the compiler vectorises it; the last chunk
// overlaps the one before it, which avoids a loop over the rest. Check with
// `benches/peers -- --only matches`, F3.
#[inline]
fn contains_letter(text: &[u8], letter: u8) -> bool {
    let in_16 =
        |bytes: &[u8; 16]| bytes.iter().fold(false, |found, byte| found | (byte | 0x20 == letter));
    let in_8 = |bytes: &[u8; 8]| equal_mask(u64::from_ne_bytes(*bytes) | splat(0x20), letter) != 0;
    if let Some(last) = text.last_chunk() {
        return text.as_chunks().0.iter().any(in_16) || in_16(last);
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => in_8(first) || in_8(last),
        _ => text.iter().any(|byte| byte | 0x20 == letter),
    }
}

/// The rarity rank of each byte in names and e-mail addresses; rarer bytes have higher ranks.
const RARITY: [u8; 256] = rarity();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time only, where an invalid index is a compile error"
)]
const fn rarity() -> [u8; 256] {
    // From frequent to rare. All other bytes rank like `z`.
    const LETTERS: &[u8] = b"eanirotslmcdhuk.@gpbyvfwjzxq";
    let mut rarity = [LETTERS.len() as u8 - 3; 256];
    let mut at = 0;
    while at < LETTERS.len() {
        rarity[LETTERS[at] as usize] = at as u8;
        at += 1;
    }
    rarity
}

/// Computes the table of [`AsciiSearch::KnuthMorrisPratt`].
#[expect(
    clippy::indexing_slicing,
    reason = "`matched` never exceeds `at`, and both are less than the length of the key"
)]
fn prefix_table(key: &[u8]) -> Box<[usize]> {
    let mut table = vec![0; key.len()];
    let mut matched = 0;
    for at in 1..key.len() {
        while matched > 0 && key[at] != key[matched] {
            matched = table[matched - 1];
        }
        if key[at] == key[matched] {
            matched += 1;
        }
        table[at] = matched;
    }
    table.into_boxed_slice()
}

/// Returns whether `text` contains `key`, ignoring ASCII case (Knuth-Morris-Pratt).
#[expect(
    clippy::indexing_slicing,
    reason = "`matched` is less than the length of the key and of its table: the loop ends there"
)]
fn contains_by_table(key: &[u8], table: &[usize], text: &[u8]) -> bool {
    let mut matched = 0;
    for byte in text {
        let byte = byte.to_ascii_lowercase();
        while matched > 0 && key[matched] != byte {
            matched = table[matched - 1];
        }
        if key[matched] == byte {
            matched += 1;
        }
        if matched == key.len() {
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
