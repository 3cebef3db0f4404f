//! Instants: xsd:dateTime (RFC 7643 section 2.3.5) and RFC 3339.
//!
//! The conversions between civil dates and day numbers are those of Howard Hinnant,
//! "chrono-Compatible Low-Level Date Algorithms" (`days_from_civil` and `civil_from_days`,
//! <https://howardhinnant.github.io/date_algorithms.html>).

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Maximum offset from UTC.
const MAX_OFFSET: i64 = 23 * HOUR + 59 * MINUTE;

/// An instant with all its fraction digits.
///
/// ```
/// use scieve::DateTime;
///
/// let instant = DateTime::parse("2022-05-03T19:45:56.5+02:00");
/// assert_eq!(instant, DateTime::parse("2022-05-03T17:45:56.500Z"));
/// assert_eq!(instant, Some(DateTime::from_micros(1_651_599_956_500_000)));
/// assert!(instant < DateTime::parse("2022-05-03T17:45:56.5000000001Z"));
/// assert_eq!(DateTime::parse("2022-05-03"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime<Digits = Box<str>> {
    /// Microseconds since 1970-01-01T00:00:00Z, rounded towards the past.
    pub micros: i64,
    /// The digits of the fraction of a second after the sixth, without zeros at the end. Without
    /// them, the order of strings is the order of fractions.
    pub finer: Digits,
}

impl DateTime {
    /// Borrows the instant.
    #[must_use]
    #[inline]
    pub fn as_ref(&self) -> DateTime<&str> {
        DateTime { micros: self.micros, finer: &self.finer }
    }
}

impl<'a> DateTime<&'a str> {
    /// Creates an instant from microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros, finer: "" }
    }

    /// Copies the instant.
    // PERF: inlined and without a copy of the empty string: `check` takes 3 % longer on F6 otherwise.
    #[must_use]
    #[inline]
    pub fn into_owned(self) -> DateTime {
        let finer = if self.finer.is_empty() { Box::default() } else { self.finer.into() };
        DateTime { micros: self.micros, finer }
    }

    /// Parses `yyyy-mm-ddThh:mm:ss`, an optional fraction of any length, and an optional offset or
    /// `Z`. The default offset is UTC.
    ///
    /// `T` and `Z` can be lowercase (RFC 3339), the maximum offset is 23:59, and `24:00:00` is the
    /// start of the next day (xsd:dateTime). Returns `None` for anything else, such as a date
    /// without a time, a leap second, a day that the month does not have, or a year outside 0001 to
    /// 9999.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        // PERF: one pattern match over the fixed-length part instead of a loop over fields. Check with
        // `benches/peers -- --only json`, F6, of which parsing the date is a fifth.
        let (start, rest) = text.as_bytes().split_first_chunk::<19>()?;
        let [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T' | b't',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
        ] = start
        else {
            return None;
        };
        let mut digits = DigitPairs::default();
        let year = digits.number(*y1, *y2) * 100 + digits.number(*y3, *y4);
        let (month, day) = (digits.number(*m1, *m2), digits.number(*d1, *d2));
        let (hour, minute) = (digits.number(*h1, *h2), digits.number(*n1, *n2));
        let second = digits.number(*s1, *s2);
        if !digits.are_valid() {
            return None;
        }
        if year == 0
            || !(1..=12).contains(&month)
            || !(1..=days_in_month(year, month)).contains(&day)
        {
            return None;
        }
        if hour > 24 || minute > 59 || second > 59 {
            return None;
        }
        let (fraction, digits, rest) = match rest {
            [b'.', rest @ ..] => parse_fraction(rest)?,
            _ => (0, 0, rest),
        };
        let finer = if digits > 6 { finer_digits(text, digits) } else { "" };
        if hour == 24 && (minute, second, fraction, finer) != (0, 0, 0, "") {
            return None;
        }
        let offset = match rest {
            [] | [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', n1, n2] => {
                let mut digits = DigitPairs::default();
                let (hours, minutes) = (digits.number(*h1, *h2), digits.number(*n1, *n2));
                if !digits.are_valid() || hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * HOUR + minutes * MINUTE;
                if *sign == b'-' { -offset } else { offset }
            }
            _ => return None,
        };
        let local = days_from_civil(year, month, day) * DAY
            + hour * HOUR
            + minute * MINUTE
            + second * SECOND
            + fraction;
        Some(DateTime { micros: local - offset, finer })
    }
}

/// Parses pairs of digits, and checks all of them at once.
#[derive(Default)]
struct DigitPairs {
    /// The highest bits of the two bytes are set if a byte was not a digit.
    // PERF: two bytes at a time and one branch for all pairs; see `parse`.
    errors: u16,
}

impl DigitPairs {
    /// Returns the number of two digits. It has no meaning if they are not digits.
    #[inline]
    fn number(&mut self, ten: u8, one: u8) -> i64 {
        let digits = u16::from_le_bytes([ten, one]).wrapping_sub(u16::from_le_bytes([b'0'; 2]));
        // Adding 0x76 sets the highest bit of a byte from 10 to 0x7f. A carry or borrow comes only
        // from a byte that is an error itself.
        self.errors |= digits | digits.wrapping_add(0x7676);
        i64::from(digits & 0xff) * 10 + i64::from(digits >> 8)
    }

    fn are_valid(&self) -> bool {
        self.errors & 0x8080 == 0
    }
}

/// Parses the digits of a fraction of a second. Returns the microseconds, the number of digits and
/// the text after them.
fn parse_fraction(text: &[u8]) -> Option<(i64, usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let (mut micros, mut unit) = (0, SECOND);
    for digit in digits {
        unit /= 10;
        micros += i64::from(digit - b'0') * unit;
    }
    (!digits.is_empty()).then_some((micros, digits.len(), rest))
}

/// Returns the digits of the fraction after the sixth, of an instant with this number of digits.
#[cold]
fn finer_digits(text: &str, digits: usize) -> &str {
    const START: usize = "yyyy-mm-ddThh:mm:ss.".len();
    text.get(START + 6..START + digits).unwrap_or("").trim_end_matches('0')
}

/// Formats an instant by RFC 3339, in UTC. The fraction has three, six or more digits, and none if
/// it is zero.
///
/// An offset can put a parsed instant outside the years 0001 to 9999 in UTC. Such an instant is
/// formatted with the maximum offset, so that it can be parsed again. Instants farther away are
/// formatted with their year, which [`parse`] rejects.
pub(crate) fn format(instant: DateTime<&str>) -> String {
    let DateTime { micros, finer } = instant;
    let (year, ..) = civil_from_days(micros.div_euclid(DAY));
    match year {
        0 if civil_from_days((micros + MAX_OFFSET).div_euclid(DAY)).0 == 1 => {
            format_local(micros + MAX_OFFSET, finer, "+23:59")
        }
        10_000
            if finer.is_empty() && micros - MAX_OFFSET == days_from_civil(10_000, 1, 1) * DAY =>
        {
            "9999-12-31T24:00:00-23:59".to_owned()
        }
        10_000 if civil_from_days((micros - MAX_OFFSET).div_euclid(DAY)).0 == 9999 => {
            format_local(micros - MAX_OFFSET, finer, "-23:59")
        }
        _ => format_local(micros, finer, "Z"),
    }
}

/// Formats a local time and its offset.
fn format_local(micros: i64, finer: &str, offset: &str) -> String {
    let (year, month, day) = civil_from_days(micros.div_euclid(DAY));
    let time = micros.rem_euclid(DAY);
    let (hour, minute, second) = (time / HOUR, time % HOUR / MINUTE, time % MINUTE / SECOND);
    let fraction = match time % SECOND {
        0 if finer.is_empty() => String::new(),
        fraction if finer.is_empty() && fraction % 1000 == 0 => format!(".{:03}", fraction / 1000),
        fraction => format!(".{fraction:06}{finer}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number of days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant).
///
/// Years start in March, so that the leap day is the last day of a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// Returns the year, month and day of a number of days since 1970-01-01 (Hinnant).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = (march_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * march_month + 2) / 5 + 1)
}

/// An instant in UTC by calendar and clock.
#[cfg(feature = "sql")]
pub(crate) struct CivilTime {
    pub(crate) year: i64,
    month: i64,
    day: i64,
    /// Microseconds since midnight.
    time: i64,
}

#[cfg(feature = "sql")]
impl CivilTime {
    pub(crate) fn of(micros: i64) -> Self {
        let (year, month, day) = civil_from_days(micros.div_euclid(DAY));
        Self { year, month, day, time: micros.rem_euclid(DAY) }
    }

    /// Formats as `2011-05-13`.
    pub(crate) fn date(&self) -> String {
        let mut text = String::with_capacity(32);
        match self.year {
            0..=9999 => push_digits::<4>(&mut text, self.year),
            year => text.push_str(&year.to_string()),
        }
        for number in [self.month, self.day] {
            text.push('-');
            push_digits::<2>(&mut text, number);
        }
        text
    }

    /// Formats as `2011-05-13 04:42:34.000000`.
    pub(crate) fn sql(&self) -> String {
        self.with_time(' ', 6)
    }

    /// Formats as `2011-05-13T04:42:34Z`, with that number of fraction digits.
    pub(crate) fn iso8601(&self, digits: usize) -> String {
        let mut text = self.with_time('T', digits);
        text.push('Z');
        text
    }

    fn with_time(&self, separator: char, digits: usize) -> String {
        let mut text = self.date();
        let clock = [self.time / HOUR, self.time % HOUR / MINUTE, self.time % MINUTE / SECOND];
        for (separator, number) in [separator, ':', ':'].into_iter().zip(clock) {
            text.push(separator);
            push_digits::<2>(&mut text, number);
        }
        if digits > 0 {
            text.push('.');
            let end = text.len() + digits;
            push_digits::<6>(&mut text, self.time % SECOND);
            text.extend(std::iter::repeat_n('0', digits.saturating_sub(6)));
            text.truncate(end);
        }
        text
    }
}

/// Appends a number with leading zeros, which has at most `DIGITS` digits.
// PERF: `format!` takes some 4,000 instructions for an instant. Bench item: text to SQL, own tables,
// scalars.
#[cfg(feature = "sql")]
fn push_digits<const DIGITS: usize>(text: &mut String, number: i64) {
    let mut rest = u32::try_from(number).unwrap_or_default();
    let mut digits = [b'0'; DIGITS];
    for byte in digits.iter_mut().rev() {
        let [digit, ..] = (rest % 10).to_le_bytes();
        *byte += digit;
        rest /= 10;
    }
    text.extend(digits.map(char::from));
}

/// Adds the colon to an offset without one, such as `+0000`.
pub(crate) fn with_colon_in_offset(text: &str) -> Option<String> {
    let (rest, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let sign = rest.as_bytes().get(rest.len().checked_sub(3)?)?;
    matches!(sign, b'+' | b'-').then(|| format!("{rest}:{minutes}"))
}
