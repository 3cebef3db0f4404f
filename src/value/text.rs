//! The texts of a plan.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arrayvec::ArrayString;

use super::CaseSensitivity;
use super::fold::{FoldClass, fold_non_ascii};

/// Texts of up to so many bytes take no allocation; most names, words and ids do.
const SHORT: usize = 24;

/// A text that a plan compares with.
#[derive(Clone)]
pub struct Text(Held);

#[derive(Clone)]
enum Held {
    Short(ArrayString<SHORT>),
    Long(Box<str>),
}

impl Text {
    pub(crate) const EMPTY: Self = Self(Held::Short(ArrayString::new_const()));

    /// What stored texts are compared with: the key of the text, or under [`CaseSensitivity::Exact`] the text itself.
    pub(crate) fn operand(text: &str, case: CaseSensitivity) -> Self {
        let mut operand = Self::EMPTY;
        operand.set(text, case);
        operand
    }

    /// Makes it that operand, where it lies: a processor waits where it moves what was just written in pieces.
    #[inline]
    pub(crate) fn set(&mut self, text: &str, case: CaseSensitivity) {
        match case {
            CaseSensitivity::Exact => self.copy(text),
            CaseSensitivity::Ignore => match FoldClass::of(text) {
                FoldClass::Folded => self.copy(text),
                FoldClass::Uppercase => {
                    self.copy(text);
                    match &mut self.0 {
                        Held::Short(key) => key.make_ascii_lowercase(),
                        Held::Long(key) => key.make_ascii_lowercase(),
                    }
                }
                FoldClass::NonAscii => *self = fold_non_ascii(text).into(),
            },
        }
    }

    #[inline]
    fn copy(&mut self, text: &str) {
        match &mut self.0 {
            Held::Short(short) if text.len() <= SHORT => {
                short.clear();
                short.push_str(text);
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
            Held::Short(text) => text,
            Held::Long(text) => text,
        }
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(text) => Self(Held::Short(text)),
            Err(_) => Self(Held::Long(text.into())),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.len() <= SHORT { text.as_str().into() } else { Self(Held::Long(text.into())) }
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
    fn an_operand_is_the_key_whatever_its_length() {
        for len in 0..60 {
            for end in ["", "b", "B", "\u{e9}", "\u{df}"] {
                let text = "Aa1".chars().cycle().take(len).collect::<String>() + end;
                for (case, operand) in [
                    (CaseSensitivity::Ignore, fold_key(&text).into_owned()),
                    (CaseSensitivity::Exact, text.clone()),
                ] {
                    for mut held in
                        [Text::EMPTY, Text::from("other"), Text::from("other".repeat(9))]
                    {
                        held.set(&text, case);
                        assert_eq!(*held, *operand);
                        assert_eq!(held, Text::operand(&text, case));
                        assert_eq!(held, Text::from(operand.clone()));
                    }
                }
            }
        }
    }

    #[test]
    fn short_and_long_texts_have_one_order() {
        let texts = [
            "",
            "a",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaaaaaab",
            "b",
            "baaaaaaaaaaaaaaaaaaaaaaaa",
            "c",
        ];
        assert!(texts.map(Text::from).is_sorted_by(|one, next| one < next));
    }
}
