//! SWAR (SIMD within a register): tests on the eight bytes of a `u64` at once.
//!
//! A test returns a mask in which the top bit of each byte is the result for that byte. The
//! formulas are those of Sean Eron Anderson, "Bit Twiddling Hacks" (`hasless`, `hasvalue`), and
//! Henry S. Warren, "Hacker's Delight", 2nd edition, section 6-1.

/// Returns a word whose bytes are all `byte`.
pub(crate) const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks each byte of `word` that is less than `limit`, which must not exceed 0x80.
///
/// The lowest mark is exact. The subtraction borrows from the byte above a marked one, so marks
/// above the lowest can be false positives.
pub(crate) const fn less_mask(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(splat(limit)) & !word & splat(0x80)
}

/// Marks each byte of `word` that equals `byte`. As in [`less_mask`], only the lowest mark is
/// exact.
pub(crate) const fn equal_mask(word: u64, byte: u8) -> u64 {
    less_mask(word ^ splat(byte), 1)
}

/// Marks each uppercase ASCII letter of `word`. All bytes must be ASCII, so that no sum carries
/// into the next byte and every mark is exact.
pub(crate) const fn uppercase_mask(word: u64) -> u64 {
    word.wrapping_add(splat(0x80 - b'A')) & !word.wrapping_add(splat(0x7f - b'Z')) & splat(0x80)
}

/// Calls `f` with each word of eight bytes, in order. The last word is padded with zeros.
// PERF: inlined, so that `f` is as well and keeps its state in registers. The last word is an
// overlapping load and a shift instead of a loop over up to seven bytes. Check with
// `benches/peers -- --only check`.
#[inline(always)]
pub(crate) fn for_each_word(bytes: &[u8], mut f: impl FnMut(u64)) {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        f(u64::from_le_bytes(*word));
    }
    match (bytes.last_chunk::<8>(), rest.len()) {
        (_, 0) => {}
        (Some(last), left) => f(u64::from_le_bytes(*last) >> (8 * (8 - left % 8))),
        (None, _) => f(load_padded(rest)),
    }
}

/// Loads the first eight bytes as a little-endian word. Missing bytes are zeros.
#[inline]
pub(crate) fn load_padded(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(word), ..) => u64::from_le_bytes(*word),
        // PERF: two overlapping loads for four to seven bytes, instead of a loop.
        (None, Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) >> (8 * (8 - bytes.len() % 8)) << 32
        }
        _ => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Returns whether two strings are equal; short strings are compared without a call.
// PERF: two overlapping loads for 4 to 16 bytes; `==` calls a function. With `==`, `check` takes 6 %
// longer on F2, and `matches` 15 % longer on F6 (JSON).
#[inline]
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        ..4 => one.iter().eq(other),
        4..8 => {
            one.first_chunk::<4>() == other.first_chunk()
                && one.last_chunk::<4>() == other.last_chunk()
        }
        8..=16 => {
            one.first_chunk::<8>() == other.first_chunk()
                && one.last_chunk::<8>() == other.last_chunk()
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::{equal, for_each_word};

    #[test]
    fn every_byte_is_visited_once() {
        let bytes: Vec<u8> = (1..40).collect();
        for len in 0..bytes.len() {
            let mut found = Vec::new();
            for_each_word(&bytes[..len], |word| found.extend(word.to_le_bytes()));
            assert_eq!(found.len(), len.next_multiple_of(8));
            let (all, zeros) = found.split_at(len);
            assert_eq!((all, zeros.iter().all(|byte| *byte == 0)), (&bytes[..len], true), "{len}");
        }
    }

    #[test]
    fn strings_are_equal_if_lengths_and_all_bytes_are() {
        let bytes: Vec<u8> = (1..40).collect();
        let copy = bytes.clone();
        for len in 0..bytes.len() {
            assert!(equal(&bytes[..len], &copy[..len]), "{len}");
            assert!(!equal(&bytes[..len], &bytes[..=len]), "{len}");
            for changed in 0..len {
                let mut other = bytes[..len].to_vec();
                other[changed] ^= 1;
                assert!(!equal(&bytes[..len], &other), "byte {changed} of {len}");
            }
        }
    }
}
