//! Reads dates and times that are not those of XML Schema, to suggest the right form.

/// Returns an xsd:dateTime for a date in another form, or `None` if it is none or ambiguous.
pub(super) fn date_time(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(seconds) = epoch(text) {
        return Some(seconds);
    }
    iso(text).or_else(|| local(text)).or_else(|| named(text))
}

/// Returns the instant of a number of seconds or milliseconds since 1970.
pub(super) fn epoch(text: &str) -> Option<String> {
    let number: i64 = text.parse().ok()?;
    let (seconds, millis) = match text.len() {
        9..=10 => (number, 0),
        12..=13 => (number.div_euclid(1000), number.rem_euclid(1000)),
        _ => return None,
    };
    let days = seconds.div_euclid(86_400);
    let time = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Returns the Gregorian date of a number of days since 1970-01-01 (Howard Hinnant, "chrono-
/// Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Returns the number of days of a month, or `None` if there is no such month.
pub(super) fn days_in(year: u32, month: u32) -> Option<u32> {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Describes why a date in the right form does not exist.
pub(super) fn impossible(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, day) = ymd(text.get(..10)?, '-')?;
    let Some(days) = days_in(year, month) else {
        return Some(format!("there is no month {month}"));
    };
    let name = MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    (day == 0 || day > days).then(|| format!("{name} {year} has {days} days"))
}

fn ymd(text: &str, separator: char) -> Option<(u32, u32, u32)> {
    let mut parts = text.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = parts.next().is_none() && year.len() == 4 && (1..=2).contains(&month.len());
    is_date.then_some(())?;
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

fn rendered(year: u32, month: u32, day: u32, time: &str) -> Option<String> {
    let is_day = (1..=days_in(year, month)?).contains(&day);
    let time = if time.is_empty() { "00:00:00Z".to_owned() } else { clock(time)? };
    is_day.then(|| format!("{year:04}-{month:02}-{day:02}T{time}"))
}

/// Returns a time of day with its zone; UTC if there is none.
fn clock(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let half = ["am", "pm"].into_iter().find(|half| lower.ends_with(half));
    let without_half =
        half.map_or(text, |half| text.get(..text.len() - half.len()).unwrap_or(text));
    let text = without_half.trim();
    // `080506Z`
    let basic = text.get(..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let extended = basic.and_then(|time| {
        Some(format!("{}:{}:{}{}", time.get(..2)?, time.get(2..4)?, time.get(4..)?, text.get(6..)?))
    });
    let text = extended.as_deref().unwrap_or(text);
    let zone_at = text
        .find(|char: char| char.is_ascii_alphabetic() || matches!(char, '+' | '-'))
        .unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(zone_at)?;
    let mut parts = time.trim().split(':');
    let mut hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next()?.parse().ok()?;
    let (second, fraction) = match parts.next().unwrap_or("00").split_once(['.', ',']) {
        Some((second, fraction)) => (second.to_owned(), format!(".{fraction}")),
        None => (time.trim().split(':').nth(2).unwrap_or("00").to_owned(), String::new()),
    };
    let second: u32 = second.parse().ok()?;
    match half {
        Some("pm") if hour < 12 => hour += 12,
        Some("am") if hour == 12 => hour = 0,
        _ => {}
    }
    let is_time = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    let zone = zone.trim();
    let zone = match zone.to_ascii_uppercase().as_str() {
        "" | "Z" | "UTC" | "GMT" => "Z".to_owned(),
        offset => {
            let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
            let sign = offset.chars().next().filter(|sign| matches!(sign, '+' | '-'))?;
            match digits.len() {
                4 => format!("{sign}{}:{}", digits.get(..2)?, digits.get(2..)?),
                2 => format!("{sign}{digits}:00"),
                _ => return None,
            }
        }
    };
    is_time.then(|| format!("{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// Splits a string into a date and a time of day, which may be empty.
fn date_and_time(text: &str) -> (&str, &str) {
    let at = text.find(['T', 't', ' ', ',']).unwrap_or(text.len());
    let (date, time) = text.split_at_checked(at).unwrap_or((text, ""));
    (date, time.trim_start_matches(['T', 't', ' ', ',']))
}

/// Year first: `2024-01-31`, `2024/01/31 08:00`, `20240131`.
fn iso(text: &str) -> Option<String> {
    let (date, time) = date_and_time(text);
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = |range: std::ops::Range<usize>| date.get(range)?.parse().ok();
        return rendered(number(0..4)?, number(4..6)?, number(6..8)?, time);
    }
    let (year, month, day) =
        ymd(date, '-').or_else(|| ymd(date, '/')).or_else(|| ymd(date, '.'))?;
    rendered(year, month, day, time)
}

/// Year last. A dot means that the day comes first; with a slash one part has to be above 12.
fn local(text: &str) -> Option<String> {
    let (date, time) = date_and_time(text);
    let separator = date.chars().find(|char| !char.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    (matches!(separator, '/' | '.' | '-') && year.len() == 4 && parts.next().is_none())
        .then_some(())?;
    let (first, second, year): (u32, u32, u32) =
        (first.parse().ok()?, second.parse().ok()?, year.parse().ok()?);
    match separator {
        '.' => rendered(year, second, first, time),
        _ if first > 12 => rendered(year, second, first, time),
        _ if second > 12 => rendered(year, first, second, time),
        _ if first == second => rendered(year, first, second, time),
        _ => None,
    }
}

/// With the name of the month: `31 Jan 2024`, `January 31, 2024`, `Wed, 31 Jan 2024 08:00:00 GMT`.
fn named(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let month_at = words.iter().position(|word| {
        let lower = word.to_ascii_lowercase();
        MONTHS.iter().any(|month| lower.starts_with(month))
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
    })?;
    let name = words.get(month_at)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|month| name.starts_with(month))?;
    let month = u32::try_from(month).ok()? + 1;
    let number = |at: usize| -> Option<u32> {
        words.get(at)?.trim_end_matches(|char: char| char.is_ascii_alphabetic()).parse().ok()
    };
    let before = month_at.checked_sub(1).and_then(number);
    let (day, rest) = match before {
        Some(day) => (day, month_at + 1),
        None => (number(month_at + 1)?, month_at + 2),
    };
    let year = number(rest).filter(|year| *year > 31)?;
    let time = words.get(rest + 1..)?.join(" ");
    rendered(year, month, day, &time)
}

#[cfg(test)]
mod tests {
    use super::{date_time, impossible};

    #[test]
    fn dates_of_other_forms_are_read_unless_ambiguous() {
        for (text, expected) in [
            ("2024-01-31", Some("2024-01-31T00:00:00Z")),
            ("2024-01-31 08:05", Some("2024-01-31T08:05:00Z")),
            ("2024-01-31T08:05:06", Some("2024-01-31T08:05:06Z")),
            ("2024-01-31T08:05:06.5+0100", Some("2024-01-31T08:05:06.5+01:00")),
            ("2024/01/31", Some("2024-01-31T00:00:00Z")),
            ("20240131", Some("2024-01-31T00:00:00Z")),
            ("20240131T080506Z", Some("2024-01-31T08:05:06Z")),
            ("20240131T080506.5+0100", Some("2024-01-31T08:05:06.5+01:00")),
            ("01/31/2024", Some("2024-01-31T00:00:00Z")),
            ("31/01/2024", Some("2024-01-31T00:00:00Z")),
            ("03/04/2024", None),
            ("31.01.2024 08:00", Some("2024-01-31T08:00:00Z")),
            ("01/31/2024 8:00 PM", Some("2024-01-31T20:00:00Z")),
            ("31 Jan 2024", Some("2024-01-31T00:00:00Z")),
            ("January 31, 2024", Some("2024-01-31T00:00:00Z")),
            ("Wed, 31 Jan 2024 08:00:00 GMT", Some("2024-01-31T08:00:00Z")),
            ("1704067200", Some("2024-01-01T00:00:00Z")),
            ("1704067200123", Some("2024-01-01T00:00:00.123Z")),
            ("2024-02-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(date_time(text).as_deref(), expected, "{text}");
        }
        let feb = impossible("2024-02-30T00:00:00Z");
        assert_eq!(feb.as_deref(), Some("February 2024 has 29 days"));
    }
}
