//! The string operands of a plan, stored inline if they are short.
//!
//! `smol_str` does not replace this type: it stores 23 bytes inline, one less than a 24-digit id,
//! and takes 16 % (F2) to 139 % (F7) more instructions in `check` (callgrind).
//! `compact_str` stores 24 bytes inline, but brings the default build to 13 crates (maximum 10).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arrayvec::ArrayString;

use super::case_sensitivity::CaseSensitivity;
use super::fold::FoldClass;

/// Maximum length of inline strings in bytes. Includes most names and words, and 24-digit ids.
const INLINE: usize = 24;

/// A string operand of a plan. Dereferences to `str`.
///
/// Strings of up to 24 bytes are stored inline, longer ones on the heap.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Inline(ArrayString<INLINE>),
    Heap(Box<str>),
}

impl Text {
    pub(crate) const EMPTY: Self = Self(Repr::Inline(ArrayString::new_const()));

    /// Returns the string that stored strings are compared with: the fold key of `text`, or with
    /// [`CaseSensitivity::Exact`] `text` itself.
    pub(crate) fn operand(text: &str, case: CaseSensitivity) -> Self {
        let mut operand = Self::EMPTY;
        operand.set(text, case);
        operand
    }

    /// Sets this string to [`Text::operand`], in place.
    // PERF: in place, because moving a string that was just written in pieces stalls store
    // forwarding. Part of the change that reduced the time of `check` by a quarter; check with
    // `benches/peers -- --only check`, F7.
    #[inline]
    pub(crate) fn set(&mut self, text: &str, case: CaseSensitivity) {
        match case {
            CaseSensitivity::Exact => self.copy_from(text),
            case => match FoldClass::of(text) {
                FoldClass::Folded => self.copy_from(text),
                FoldClass::Uppercase => {
                    self.copy_from(text);
                    match &mut self.0 {
                        Repr::Inline(key) => key.make_ascii_lowercase(),
                        Repr::Heap(key) => key.make_ascii_lowercase(),
                    }
                }
                FoldClass::NonAscii => *self = case.key(text).into_owned().into(),
            },
        }
    }

    #[inline]
    fn copy_from(&mut self, text: &str) {
        match &mut self.0 {
            Repr::Inline(inline) if text.len() <= INLINE => {
                inline.clear();
                inline.push_str(text);
            }
            _ => *self = text.into(),
        }
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.0 {
            Repr::Inline(text) => text,
            Repr::Heap(text) => text,
        }
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(text) => Self(Repr::Inline(text)),
            Err(_) => Self(Repr::Heap(text.into())),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.len() <= INLINE { text.as_str().into() } else { Self(Repr::Heap(text.into())) }
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;
    use crate::value::{CaseSensitivity, fold_key};

    #[test]
    fn operands_of_any_length_are_fold_keys() {
        for len in 0..60 {
            for end in ["", "b", "B", "\u{e9}", "\u{df}"] {
                let text = "Aa1".chars().cycle().take(len).collect::<String>() + end;
                for (case, operand) in [
                    (CaseSensitivity::Ignore, fold_key(&text).into_owned()),
                    (CaseSensitivity::Exact, text.clone()),
                ] {
                    for mut text_operand in
                        [Text::EMPTY, Text::from("other"), Text::from("other".repeat(9))]
                    {
                        text_operand.set(&text, case);
                        assert_eq!(*text_operand, *operand);
                        assert_eq!(text_operand, Text::operand(&text, case));
                        assert_eq!(text_operand, Text::from(operand.clone()));
                    }
                }
            }
        }
    }

    #[test]
    fn inline_and_heap_strings_have_one_order() {
        let strings = [
            "",
            "a",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaaaaaab",
            "b",
            "baaaaaaaaaaaaaaaaaaaaaaaa",
            "c",
        ];
        assert!(strings.map(Text::from).is_sorted_by(|one, next| one < next));
    }
}
