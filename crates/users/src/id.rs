//! Generation of ids and subjects.

use super::error::StoreError;
use super::timestamp::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// Generator of ids: 24 lowercase hexadecimal digits, in increasing order.
///
/// The 96 bits of an id are a Unix time in seconds (32 bits), milliseconds (10), a counter (22) and
/// random bits (32), so that several servers do not generate the same id.
#[derive(Debug, Default)]
pub struct Ids {
    last: AtomicU64,
}

impl Ids {
    /// Creates a generator.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: AtomicU64::new(0) }
    }

    /// Returns a new id, greater than all earlier ones of this generator.
    ///
    /// # Errors
    /// [`StoreError::Internal`] if the operating system's random number generator fails.
    pub fn next(&self, now: Timestamp) -> Result<String, StoreError> {
        let millis = now.millis().max(0);
        let time = ((millis / 1000) as u64) << 32 | ((millis % 1000) as u64) << 22;
        let step = |last: u64| Some(time.max(last.saturating_add(1)));
        let ordered = match self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(last) | Err(last) => time.max(last.saturating_add(1)),
        };
        Ok(format!("{ordered:016x}{:08x}", u32::from_be_bytes(random()?)))
    }
}

/// Generates the subject of an invited user: a version 4 UUID (RFC 9562 section 5.4).
///
/// # Errors
/// [`StoreError::Internal`] if the operating system's random number generator fails.
pub fn new_subject() -> Result<String, StoreError> {
    let bits = u128::from_be_bytes(random()?) & !(0xF000 << 64) & !(0xC000 << 48)
        | 0x4000 << 64
        | 0x8000 << 48;
    let part = |shift: u32, digits: u32| bits >> shift & ((1 << (4 * digits)) - 1);
    Ok(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    ))
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Internal("no random numbers".into()))?;
    Ok(bytes)
}
