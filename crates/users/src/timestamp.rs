//! Timestamps of the users resource.

use scieve::DateTime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use time::{Duration, UtcDateTime};

/// An instant of the years 0001 to 9999 with a precision of one millisecond.
///
/// The string form is RFC 3339 in UTC with three fractional digits: `2022-05-03T17:45:56.000Z`.
/// Parsing accepts any offset and any number of fractional digits, and rounds down to a
/// millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z
    const MIN: i64 = -62_135_596_800_000;
    /// 9999-12-31T23:59:59.999Z
    const MAX: i64 = 253_402_300_799_999;

    /// Creates a timestamp from the milliseconds since 1970-01-01T00:00:00Z. An instant outside the
    /// years 0001 to 9999 is clamped.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN, Self::MAX))
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Formats the instant. The result is ASCII.
    fn format(self) -> [u8; 24] {
        let instant = UtcDateTime::UNIX_EPOCH.saturating_add(Duration::milliseconds(self.0));
        let (hour, minute, second, milli) = instant.as_hms_milli();
        let mut string = *b"0000-00-00T00:00:00.000Z";
        for (mut number, range) in [
            (instant.year().unsigned_abs(), 0..4),
            (u32::from(u8::from(instant.month())), 5..7),
            (u32::from(instant.day()), 8..10),
            (u32::from(hour), 11..13),
            (u32::from(minute), 14..16),
            (u32::from(second), 17..19),
            (u32::from(milli), 20..23),
        ] {
            for digit in string.get_mut(range).into_iter().flatten().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        string
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.format()).unwrap_or_default())
    }
}

/// Error of parsing a [`Timestamp`]: the string is not a valid date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a date and time such as 2022-05-03T17:45:56.000Z")
    }
}

impl std::error::Error for TimestampError {}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(string: &str) -> Result<Self, TimestampError> {
        let instant = DateTime::parse(string).ok_or(TimestampError)?;
        Ok(Self::from_millis(instant.micros.div_euclid(1000)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.format()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
