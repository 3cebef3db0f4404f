//! The bound values of a statement: inside its expressions, or in a separate list.

use crate::value::Value as Operand;
use sea_query::{ArrayType, Value};

/// A bound value.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[non_exhaustive]
pub enum Param {
    /// `NULL`. Filters never bind it.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A decimal, as binary64.
    Decimal(f64),
    /// A string.
    Text(String),
    /// A string to bind as bytes, because its column is `VARBINARY` (MySQL). Serialised as a
    /// string. Bytes of a binary column that are valid UTF-8 are represented so too.
    TextBytes(String),
    /// Bytes. Serialised as `{"base64": "..."}`.
    Bytes(#[cfg_attr(feature = "serde", serde(serialize_with = "serialize_bytes"))] Vec<u8>),
    /// An array (PostgreSQL).
    List(Vec<Param>),
}

#[cfg(feature = "serde")]
fn serialize_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("base64", crate::value::base64::encode(bytes))])
}

impl Param {
    /// Returns the parameter for an operand. An operand that no column can contain is `NULL`, which
    /// equals nothing; [`super::column_range`] replaces those of plans.
    pub(super) fn of(value: &Operand, text: impl FnOnce(&str) -> Self) -> Self {
        match value {
            Operand::Text(string) => text(string),
            Operand::Boolean(boolean) => Self::Boolean(*boolean),
            Operand::Integer(number) => Self::Integer(*number),
            Operand::DateTime(instant) if instant.finer.is_empty() => Self::Integer(instant.micros),
            Operand::DateTime(_) | Operand::Number(_) => Self::Null,
            Operand::Decimal(number) => Self::Decimal(*number),
            Operand::Binary(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::String(None),
            Self::Boolean(boolean) => boolean.into(),
            Self::Integer(number) => number.into(),
            Self::Decimal(number) => number.into(),
            Self::Text(string) => string.into(),
            Self::TextBytes(string) => string.into_bytes().into(),
            Self::Bytes(bytes) => bytes.into(),
            Self::List(params) => {
                let kind = match params.first() {
                    Some(Self::Boolean(_)) => ArrayType::Bool,
                    Some(Self::Integer(_)) => ArrayType::BigInt,
                    Some(Self::Decimal(_)) => ArrayType::Double,
                    Some(Self::Bytes(_)) => ArrayType::Bytes,
                    _ => ArrayType::String,
                };
                Value::Array(
                    kind,
                    Some(Box::new(params.into_iter().map(Self::into_value).collect())),
                )
            }
        }
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(Some(boolean)) => Self::Boolean(boolean),
            Value::BigInt(Some(number)) => Self::Integer(number),
            // LIMIT
            Value::BigUnsigned(Some(number)) => {
                Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
            }
            Value::Double(Some(number)) => Self::Decimal(number),
            Value::String(Some(string)) => Self::Text(string),
            Value::Bytes(Some(bytes)) => Self::Bytes(bytes),
            Value::Array(_, Some(values)) => {
                Self::List(values.into_iter().map(Self::from).collect())
            }
            _ => Self::Null,
        }
    }
}

/// The values of a statement that is being compiled.
pub(super) struct Values {
    /// The number of bound values, plus one for each test: a test without values costs as much.
    pub(super) count: usize,
    separate: Option<Vec<Param>>,
}

impl Values {
    /// Values inside the expressions.
    pub(super) fn in_place() -> Self {
        Self { count: 0, separate: None }
    }

    /// Values in a separate list; the expressions contain their indexes.
    // PERF: sea-query clones every value that it renders, but an index is cheap to clone. SQL F7,
    // sqlite: 7.0 us, 12.0 us if written with sea-query and values inside (`cargo bench
    // --manifest-path benches/peers/Cargo.toml -- --only sql`).
    pub(super) fn separate() -> Self {
        Self { count: 0, separate: Some(Vec::new()) }
    }

    /// Counts and stores a value. Returns the value to use in an expression.
    pub(super) fn bind(&mut self, param: Param) -> Value {
        self.count += 1;
        self.put(param)
    }

    /// Stores a value without counting it. Returns the value to use in an expression.
    pub(super) fn put(&mut self, param: Param) -> Value {
        match &mut self.separate {
            None => param.into_value(),
            Some(separate) => {
                let number = u32::try_from(separate.len()).ok();
                separate.push(param);
                Value::Unsigned(number)
            }
        }
    }

    /// The values in the order in which they were rendered.
    pub(super) fn in_order_of(self, written: Vec<Value>) -> Vec<Param> {
        let mut separate = self.separate.unwrap_or_default();
        let number =
            |value: &Value| if let Value::Unsigned(number) = value { *number } else { None };
        let mut seen = vec![false; separate.len()];
        let is_first = |number: u32| {
            seen.get_mut(number as usize).is_none_or(|seen| !std::mem::replace(seen, true))
        };
        // Move the values, unless one was rendered twice, which is rare.
        let once = written.iter().filter_map(number).all(is_first);
        let mut take = |param: &mut Param| {
            if once { std::mem::replace(param, Param::Null) } else { param.clone() }
        };
        let param = |value: Value| match number(&value) {
            Some(number) => separate.get_mut(number as usize).map_or(Param::Null, &mut take),
            None => value.into(),
        };
        written.into_iter().map(param).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Param, Values};

    #[test]
    fn values_are_in_the_order_of_their_placeholders() {
        let in_order = |order: &[usize]| {
            let mut values = Values::separate();
            let put: Vec<_> = (0..3).map(|number| values.put(Param::Integer(number))).collect();
            let rendered = order.iter().map(|index| put.get(*index).unwrap().clone());
            values.in_order_of(rendered.chain([true.into()]).collect())
        };
        for order in [&[0, 1, 2][..], &[2, 0, 1], &[0, 0, 1, 2], &[1, 1]] {
            let expected = order
                .iter()
                .map(|index| Param::Integer(i64::try_from(*index).unwrap()))
                .chain([Param::Boolean(true)]);
            assert_eq!(in_order(order), expected.collect::<Vec<_>>());
        }
    }
}
