//! Instants of the date and time types of other crates, in nanoseconds.

use super::datetime::DateTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns an instant in nanoseconds since 1970-01-01T00:00:00Z. `None` if it is hundreds of
/// millennia away.
pub(crate) fn from_nanoseconds(nanoseconds: i128) -> Option<DateTime> {
    let micros = i64::try_from(nanoseconds.div_euclid(1000)).ok()?;
    // Three digits, without zeros at the end.
    let digits = format!("{:03}", nanoseconds.rem_euclid(1000));
    Some(DateTime { micros, finer: digits.trim_end_matches('0').into() })
}

/// Returns the nanoseconds since 1970-01-01T00:00:00Z.
pub(crate) fn of_system_time(time: SystemTime) -> i128 {
    let nanoseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()),
        Err(before) => i128::try_from(before.duration().as_nanos()).map(|nanos| -nanos),
    };
    nanoseconds.unwrap_or(i128::MAX)
}

/// Returns the nanoseconds since 1970-01-01T00:00:00Z.
#[cfg(feature = "chrono")]
pub(crate) fn of_chrono<Z: chrono::TimeZone>(time: &chrono::DateTime<Z>) -> i128 {
    i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos())
}
