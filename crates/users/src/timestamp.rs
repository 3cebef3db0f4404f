//! Instants as the users resource writes them.

use scieve::DateTime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// An instant of the years 0001 to 9999, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Text is RFC 3339 in UTC with three digits of a fraction: `2022-05-03T17:45:56.000Z`. Any offset and any number of digits
/// are read; what is finer than a millisecond is cut off, towards the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z; the nearest there is, outside the years 0001 to 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::FIRST, Self::LAST))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The text, all of it ASCII.
    fn text(self) -> [u8; 24] {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let seconds = self.0.div_euclid(1000);
        // Never the default: the years are those that `from_millis` lets pass.
        let date = time::OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) =
            (i64::from(date.year()), i64::from(u8::from(date.month())), i64::from(date.day()));
        let time = self.0.rem_euclid(DAY);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (mut number, places) in [
            (year, 0..4),
            (month, 5..7),
            (day, 8..10),
            (time / 3_600_000, 11..13),
            (time / 60_000 % 60, 14..16),
            (time / 1000 % 60, 17..19),
            (time % 1000, 20..23),
        ] {
            for digit in text.get_mut(places).into_iter().flatten().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// The text is no date and time.
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

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let instant = DateTime::parse(text).ok_or(TimestampError)?;
        Ok(Self::from_millis(instant.micros.div_euclid(1000)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
