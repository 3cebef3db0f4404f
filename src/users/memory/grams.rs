//! Which pieces of three bytes texts have.

const WORDS: usize = 128;
/// Bits of a place.
const PLACE: u32 = 13;

/// A set of grams, the pieces of three bytes of texts: one that was added is always found, another now and then.
#[derive(Clone)]
pub(super) struct Grams([u64; WORDS]);

/// A place in [`Grams`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gram(u16);

impl Default for Grams {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Grams {
    /// Adds those of a text.
    pub(super) fn add(&mut self, text: &[u8]) {
        for Gram(place) in grams(text) {
            if let Some(word) = self.0.get_mut(usize::from(place / 64)) {
                *word |= 1 << (place % 64);
            }
        }
    }

    /// Whether a text that has all of the grams may have been added.
    pub(super) fn have(&self, all: &[Gram]) -> bool {
        all.iter().all(|Gram(place)| self.0.get(usize::from(place / 64)).is_some_and(|word| word >> (place % 64) & 1 == 1))
    }
}

/// The grams of a text, in its order.
pub(super) fn grams(text: &[u8]) -> impl Iterator<Item = Gram> {
    text.windows(3).map(|bytes| {
        let gram = bytes.iter().fold(0, |gram, byte| gram << 8 | u32::from(*byte));
        Gram((gram.wrapping_mul(0x9E37_79B1) >> (u32::BITS - PLACE)) as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::{Grams, grams};

    #[test]
    fn what_a_text_holds_is_found_and_most_else_is_not() {
        let mut set = Grams::default();
        for text in ["josé \"pepe\" núñez", "auth0|0123456789abcdef", "ab", ""] {
            set.add(text.as_bytes());
        }
        let has = |text: &str| set.have(&grams(text.as_bytes()).collect::<Vec<_>>());
        assert!(["", "é", "osé", "sé \"p", "auth0|0123456789abcdef", "9ab"].into_iter().all(has));
        assert!(["alice", "query", "zzz", "pepe "].into_iter().filter(|text| has(text)).count() <= 1);
    }
}
