//! Dates, times and UUIDs as comparison values.

use super::operand::Operand;
use crate::value::{DateTime, datetime, instant};
use std::time::SystemTime;

impl From<&DateTime> for Operand {
    fn from(instant: &DateTime) -> Self {
        Self::String(datetime::format(instant.as_ref()))
    }
}

/// Creates the string of an instant in nanoseconds since 1970-01-01T00:00:00Z. One that no date and
/// time of RFC 3339 can express is a string that the check rejects.
fn nanoseconds(nanoseconds: i128) -> Operand {
    match instant::from_nanoseconds(nanoseconds) {
        Some(instant) => Operand::from(&instant),
        None => Operand::String(format!("{nanoseconds} ns")),
    }
}

impl From<SystemTime> for Operand {
    fn from(time: SystemTime) -> Self {
        nanoseconds(instant::of_system_time(time))
    }
}

#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for Operand {
    fn from(time: time::OffsetDateTime) -> Self {
        nanoseconds(time.unix_timestamp_nanos())
    }
}

#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for Operand {
    fn from(time: chrono::DateTime<Z>) -> Self {
        nanoseconds(instant::of_chrono(&time))
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Timestamp> for Operand {
    fn from(time: jiff::Timestamp) -> Self {
        nanoseconds(time.as_nanosecond())
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Zoned> for Operand {
    fn from(time: jiff::Zoned) -> Self {
        time.timestamp().into()
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Operand {
    fn from(uuid: uuid::Uuid) -> Self {
        Self::String(uuid.hyphenated().to_string())
    }
}
