//! What is asked of eight bytes at once.

/// The byte eight times.
pub(crate) const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The top bit of each byte that is less than `least`, which is 0x80 at most; above such a byte it can be set for others too.
pub(crate) const fn less(eight: u64, least: u8) -> u64 {
    eight.wrapping_sub(each(least)) & !eight & each(0x80)
}

/// The same of each byte that is this one.
pub(crate) const fn equal(eight: u64, byte: u8) -> u64 {
    less(eight ^ each(byte), 1)
}
