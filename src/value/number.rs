//! Number literals, compared as the exact numbers they are.
//!
//! Every function takes the text of a JSON number (RFC 8259 section 6) of any length and any exponent, and takes time linear in the text.

use std::cmp::Ordering;

/// A number literal among the 64-bit integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerLiteral {
    /// This integer.
    Exact(i64),
    /// Above this integer and below the next one, which need not have 64 bits.
    Between(i64),
    /// Below every 64-bit integer.
    Below,
    /// Above every 64-bit integer.
    Above,
}

/// Where a number literal stands among the 64-bit integers.
pub(crate) fn integer(text: &str) -> IntegerLiteral {
    let (number, between) = match Floor::of(text) {
        Floor::Exact(number) => (number, false),
        Floor::Between(number) => (number, true),
        Floor::Below => return IntegerLiteral::Below,
        Floor::Above => return IntegerLiteral::Above,
    };
    match i64::try_from(number) {
        Ok(number) if between => IntegerLiteral::Between(number),
        Ok(number) => IntegerLiteral::Exact(number),
        Err(_) if number < 0 => IntegerLiteral::Below,
        Err(_) => IntegerLiteral::Above,
    }
}

/// The nearest binary64 number, never the negative zero; `None` where that is infinite.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(without_negative_zero)
}

/// The same number, with the negative zero made the positive one.
pub(crate) fn without_negative_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

/// Where a stored binary64 number stands relative to an integer, exactly; `None` for NaN.
pub(crate) fn order_f64_i64(stored: f64, operand: i64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if stored.is_nan() {
        None
    } else if stored >= LIMIT {
        Some(Ordering::Greater)
    } else if stored < -LIMIT {
        Some(Ordering::Less)
    } else {
        let floor = stored.floor();
        Some((floor as i64).cmp(&operand).then(if stored > floor {
            Ordering::Greater
        } else {
            Ordering::Equal
        }))
    }
}

/// A number literal read once, to be compared with numbers whose type only the record knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    floor: Floor,
    nearest: f64,
}

impl Number {
    /// Reads a literal.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            floor: Floor::of(text),
            nearest: without_negative_zero(text.parse().unwrap_or(f64::NAN)),
        }
    }

    /// Where a stored integer stands relative to the literal, exactly.
    pub(crate) fn order_i64(self, stored: i64) -> Ordering {
        self.floor.order(i128::from(stored))
    }

    /// Where a stored binary64 number stands relative to the literal's nearest one; `None` for NaN.
    pub(crate) fn order_f64(self, stored: f64) -> Option<Ordering> {
        stored.partial_cmp(&self.nearest)
    }
}

/// A number among the integers; far enough out, only its sign is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Floor {
    Exact(i128),
    Between(i128),
    Below,
    Above,
}

impl Floor {
    fn of(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // So many digits stand before the point once the exponent is spent.
        let point =
            i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(saturated(exponent));
        let point = usize::try_from(point.max(0)).unwrap_or(usize::MAX);

        let mut digits =
            whole.bytes().chain(fraction.bytes()).map(|byte| i128::from(byte.wrapping_sub(b'0')));
        let mut number: i128 = 0;
        for _ in 0..point {
            let digit = digits.next();
            if digit.is_none() && number == 0 {
                break;
            }
            number = number * 10 + digit.unwrap_or(0);
            if number > i128::from(u64::MAX) {
                return if negative { Self::Below } else { Self::Above };
            }
        }
        match (negative, digits.any(|digit| digit != 0)) {
            (false, false) => Self::Exact(number),
            (true, false) => Self::Exact(-number),
            (false, true) => Self::Between(number),
            (true, true) => Self::Between(-number - 1),
        }
    }

    /// Where an integer of 64 bits stands relative to the number.
    fn order(self, stored: i128) -> Ordering {
        match self {
            Self::Exact(number) => stored.cmp(&number),
            Self::Between(below) if stored <= below => Ordering::Less,
            Self::Between(_) | Self::Below => Ordering::Greater,
            Self::Above => Ordering::Less,
        }
    }
}

/// The value of an exponent, as near as 64 bits allow.
fn saturated(exponent: &str) -> i64 {
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    sign * digits.bytes().fold(0_i64, |sum, byte| {
        sum.saturating_mul(10).saturating_add(i64::from(byte.wrapping_sub(b'0')))
    })
}
