//! New ids and subjects.

use super::error::StoreError;
use super::timestamp::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes ids: 24 lower-case hexadecimal digits, each greater than those made before it.
///
/// The first eight digits are seconds, ten bits milliseconds, 22 bits a counter, and the last eight digits are random, so that
/// servers side by side do not make the same.
#[derive(Debug, Default)]
pub struct Ids {
    last: AtomicU64,
}

impl Ids {
    /// A maker of ids.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: AtomicU64::new(0) }
    }

    /// A new id.
    ///
    /// # Errors
    /// [`StoreError::Internal`] where the operating system has no random numbers.
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

/// The subject of a user who is invited: a random UUID (RFC 9562 section 5.4).
///
/// # Errors
/// [`StoreError::Internal`] where the operating system has no random numbers.
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
