//! What is asked of eight bytes at once.

/// The byte eight times.
pub(crate) const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The top bit of each byte that is less than `least`, which is 0x80 at most; above such a byte it can be set for others too.
pub(crate) const fn less_mask(eight: u64, least: u8) -> u64 {
    eight.wrapping_sub(splat(least)) & !eight & splat(0x80)
}

/// The top bit of each byte that is an ASCII capital, where all are ASCII.
pub(crate) const fn uppercase_mask(eight: u64) -> u64 {
    eight.wrapping_add(splat(0x80 - b'A')) & !eight.wrapping_add(splat(0x7f - b'Z')) & splat(0x80)
}

/// The same of each byte that is this one.
pub(crate) const fn equal_mask(eight: u64, byte: u8) -> u64 {
    less_mask(eight ^ splat(byte), 1)
}

/// Hands over all bytes in their order, eight at a time; the last ones come with zeros for what is missing to eight.
#[inline(always)]
pub(crate) fn for_each_word(bytes: &[u8], mut take: impl FnMut(u64)) {
    let (swar, rest) = bytes.as_chunks::<8>();
    for eight in swar {
        take(u64::from_le_bytes(*eight));
    }
    match (bytes.last_chunk::<8>(), rest.len()) {
        (_, 0) => {}
        (Some(last), left) => take(u64::from_le_bytes(*last) >> (8 * (8 - left % 8))),
        (None, _) => take(load_padded(rest)),
    }
}

/// Up to eight bytes, with zeros for what is missing to eight.
#[inline]
pub(crate) fn load_padded(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(eight), ..) => u64::from_le_bytes(*eight),
        (None, Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) >> (8 * (8 - bytes.len() % 8)) << 32
        }
        _ => bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::for_each_word;

    #[test]
    fn every_byte_comes_once() {
        let bytes: Vec<u8> = (1..40).collect();
        for len in 0..bytes.len() {
            let mut found = Vec::new();
            for_each_word(&bytes[..len], |eight| found.extend(eight.to_le_bytes()));
            assert_eq!(found.len(), len.next_multiple_of(8));
            let (all, zeros) = found.split_at(len);
            assert_eq!((all, zeros.iter().all(|byte| *byte == 0)), (&bytes[..len], true), "{len}");
        }
    }
}
