//! Comparison values of filters that are built in code.

use super::ast::Literal;
use crate::snippet::write_json_string;
use std::borrow::Cow;
use std::fmt;

/// A comparison value for the methods of [`Attr`](super::Attr).
///
/// [`Display`](fmt::Display) prints it as a filter contains it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// A number. If it is not finite, [`Builder::build`](super::Builder::build) returns an error.
    Decimal(f64),
    /// A number of any size and precision, as in JSON.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(string) => write_json_string(string, f),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Number(number) => f.write_str(number),
            Self::Boolean(value) => write!(f, "{}", Literal::Boolean(*value)),
            Self::Null => write!(f, "{}", Literal::Null),
        }
    }
}

/// Returns a string as a literal of the filter language, with quotes and escapes.
///
/// ```
/// use scieve::{Filter, quote};
///
/// let text = format!("userName eq {}", quote("O\"Neil\" or id pr or title eq \""));
/// assert_eq!(Filter::parse(&text)?.root().to_string(), text);
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[must_use]
pub fn quote(value: &str) -> String {
    Literal::String(value).to_string()
}

macro_rules! operands {
    ($($type:ty => $variant:ident,)*) => {
        $(impl From<$type> for Operand {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

operands! {
    &str => String,
    String => String,
    &String => String,
    Cow<'_, str> => String,
    Box<str> => String,
    i8 => Integer,
    i16 => Integer,
    i32 => Integer,
    i64 => Integer,
    u8 => Integer,
    u16 => Integer,
    u32 => Integer,
    f64 => Decimal,
    bool => Boolean,
}

macro_rules! printed {
    ($($type:ty),*) => {
        $(impl From<$type> for Operand {
            fn from(value: $type) -> Self {
                Self::Number(value.to_string())
            }
        })*
    };
}

// A 32-bit float prints as the shortest number that reads back as it, which its conversion to 64
// bits does not.
printed!(u64, i128, u128, isize, usize, f32);

/// The literal unchanged, with the digits of a number.
impl From<Literal<'_>> for Operand {
    fn from(literal: Literal<'_>) -> Self {
        match literal {
            Literal::String(string) => Self::String(string.to_owned()),
            Literal::Number(number) => Self::Number(number.to_owned()),
            Literal::Boolean(value) => Self::Boolean(value),
            Literal::Null => Self::Null,
        }
    }
}

/// `None` is `null`.
impl<T: Into<Self>> From<Option<T>> for Operand {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
