//! Random values, with a preference for those that databases and programs treat differently.

pub(crate) use super::random::Random;
use scieve::{AttributeType, DateTime, ValueRef, fold_key};
use unicode_normalization::UnicodeNormalization as _;

/// Maximum bytes of a fold key that every database can index and sort.
const MAX_KEY_BYTES: usize = 1020;

#[rustfmt::skip]
pub(crate) const STRINGS: &[&str] = &[
    "Bob", "bob", "BOB", "bob ", " bob", "Bobby", "bo", "alice", "alice@example.com", "straße", "STRASSE", "STRAẞE", "strasse", "ΟΔΟΣ", "οδος", "οδοσ", "ΟΔΟΣΑ",
    "ς", "\u{212A}", "k", "K", "é", "e\u{301}", "É", "E\u{301}cole", "école", "e", "\u{301}", "Å", "\u{212B}", "a\u{30a}", "ﬁn", "FIN", "ﬃ", "ŉ", "İ", "i\u{307}", "I", "ı", "i",
    "ǰ", "J\u{30c}", "ΐ", "\u{345}", "\u{3b1}\u{345}\u{301}", "a\u{315}\u{300}", "a\u{300}\u{315}", "\u{1d160}", "ᾳ", "Ǆ", "ǅ", "Ա\u{582}", "և", "Ꭰ", "ꭰ", "\u{10400}", "\u{10428}",
    "각", "\u{1100}\u{1161}\u{11a8}", "ア", "ｱ", "ガ", "か\u{3099}", "😀", "🍣", "😀🍣x", "👩\u{200d}👩", "a%b", "a_b", "axb", "a!b", "a!%b", "a\\b", "a\\%b", "%", "%%", "_", "!", "!!", "!_", "\\", "\\\\",
    "[a-z]", "^b", "*", "?", "it's", "''", "\"quoted\"", "`tick`", "x'; drop table users; --", "' or 1=1 --", "$1", "{}", "a\tb", "a\nb", "a\r\nb", "a", "a ", "a\t", "a\u{1}", "\u{1}", "\u{7f}", "",
    " ", "\u{a0}", "\u{3000}", "\u{10FFFF}", "z\u{10FFFF}", "\u{D7FF}", "\u{D7FF}a", "\u{E000}", "\u{FFFF}", "\u{FFFD}", "\u{10000}", "µ", "μ", "ſ", "s", "ａ", "а", "佐藤 鈴木", "ＢＯＢ", "ｂob", "BＯB", "ﾊﾞ", "バ", "ﾡ", "ㄱ", "NULL", "null", "0", "5", "5abc", "true", "\u{AD}ab", "a\u{AD}b", "ab",
    "\u{202e}abc", "\u{feff}bob", "2011-05-13T04:42:34Z", "AA==",
];
pub(crate) const INTEGERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "5",
    "5.0",
    "5.5",
    "-5.5",
    "6",
    "9007199254740992",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "-1e30",
    "1e2",
    "1e-400",
];
pub(crate) const DECIMALS: &[&str] = &[
    "0",
    "-0.0",
    "1.5",
    "0.1",
    "0.30000000000000004",
    "0.3",
    "1e300",
    "-2.5e-3",
    "5e-324",
    "9007199254740993",
    "100",
    "-1e15",
];
pub(crate) const INSTANTS: &[(&str, i64)] = &[
    ("2011-05-13T04:42:34Z", 1_305_261_754_000_000),
    ("2011-05-13T06:42:34+02:00", 1_305_261_754_000_000),
    ("2011-05-13T04:42:34.5Z", 1_305_261_754_500_000),
    ("2011-05-13T04:42:34.1234567Z", 1_305_261_754_123_456),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("1969-12-31T23:59:59.9999999Z", -1),
    ("1970-01-01T00:00:00", 0),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ("2011-05-13T00:00:00Z", 1_305_244_800_000_000),
    ("2011-05-13T04:42:34.123Z", 1_305_261_754_123_000),
    ("2038-01-19T03:14:07Z", 2_147_483_647_000_000),
    ("9999-12-31T00:00:00Z", 253_402_214_400_000_000),
    ("9999-12-31T23:59:59-23:59", 253_402_387_139_000_000),
    ("0001-01-01T00:00:00+14:00", -62_135_647_200_000_000),
];
pub(crate) const BINARIES: &[(&str, &[u8])] = &[
    ("", b""),
    ("AA==", b"\0"),
    ("/+8=", b"\xff\xef"),
    ("_-8", b"\xff\xef"),
    ("YWJj", b"abc"),
    ("QUJD", b"ABC"),
    ("YWJjIA==", b"abc "),
];

/// A stored value of any type but complex.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Decimal(f64),
    DateTime(i64),
    Binary(Vec<u8>),
}

impl Cell {
    /// Passes the value to a test.
    pub(crate) fn passes(&self, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(match self {
            Self::Text(text) => ValueRef::text(text),
            Self::Boolean(boolean) => ValueRef::Boolean(*boolean),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Decimal(number) => ValueRef::Decimal(*number),
            Self::DateTime(micros) => ValueRef::DateTime(DateTime::from_micros(*micros)),
            Self::Binary(bytes) => ValueRef::Binary(bytes),
        })
    }

    /// Copies a value; `None` for a complex value.
    pub(crate) fn new(value: ValueRef<'_>) -> Option<Self> {
        Some(match value {
            ValueRef::Text { text, .. } => Self::Text(text.to_owned()),
            ValueRef::Boolean(boolean) => Self::Boolean(boolean),
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Decimal(number) => Self::Decimal(number),
            ValueRef::DateTime(instant) => Self::DateTime(instant.micros),
            ValueRef::Binary(bytes) => Self::Binary(bytes.to_vec()),
            _ => return None,
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Boolean(boolean) => (*boolean).into(),
            Self::Integer(number) | Self::DateTime(number) => (*number).into(),
            Self::Decimal(number) => (*number).into(),
            Self::Binary(bytes) => bytes.as_slice().into(),
        }
    }
}

impl Random {
    /// Generates a string that every database can store, including its fold key.
    pub(crate) fn string(&mut self) -> String {
        let text = match self.below(12) {
            0 => format!("{}{}", self.pick(STRINGS), self.pick(STRINGS)),
            1 => {
                let text = *self.pick(STRINGS);
                text.repeat(100.min(MAX_KEY_BYTES / fold_key(text).len().max(text.len()).max(1)))
            }
            _ => (*self.pick(STRINGS)).to_owned(),
        };
        if fold_key(&text).len().max(text.len()) <= MAX_KEY_BYTES { text } else { String::new() }
    }

    /// Generates an operand: a stored string, a part of one, or a similar one.
    pub(crate) fn variant(&mut self, text: &str) -> String {
        match self.below(10) {
            0..=2 => text.to_owned(),
            3 => text.to_uppercase(),
            4 => text.to_lowercase(),
            5 => text.nfd().collect(),
            6 => format!("{text}{}", self.pick(&[" ", "a", "\u{1}", "%", "_", "\u{301}"])),
            _ => {
                let chars: Vec<char> = text.chars().collect();
                let from = self.below(chars.len() + 1);
                let to = from + self.below(chars.len() - from + 1);
                chars[from..to].iter().collect()
            }
        }
    }

    pub(crate) fn cell(&mut self, kind: AttributeType) -> Cell {
        match kind {
            AttributeType::Boolean => Cell::Boolean(self.chance(50)),
            AttributeType::Integer => match self.pick(INTEGERS).parse() {
                Ok(number) => Cell::Integer(number),
                Err(_) => Cell::Integer(*self.pick(&[5, 6, -6, 100, 9_007_199_254_740_992])),
            },
            AttributeType::Decimal => Cell::Decimal(self.pick(DECIMALS).parse().unwrap()),
            AttributeType::DateTime => {
                Cell::DateTime(self.pick(INSTANTS).1 + *self.pick(&[0, 0, 0, 1]))
            }
            AttributeType::Binary => Cell::Binary(self.pick(BINARIES).1.to_vec()),
            _ => Cell::Text(self.string()),
        }
    }
}
